"""Kicks that ring past 500 ms: what goes on, where it ends, and that a length is a recipe's like all else."""

from __future__ import annotations

import itertools
import json
import tarfile
import time
import zipfile

import numpy as np
import pytest
from commands import code_of

import kickitout
from kickitout.audio import read_comment, read_sound, write_sound
from kickitout.cli import main
from kickitout.export.kits.formats import KIT_FORMATS
from kickitout.generation.generate import generate_kicks
from kickitout.generation.noise import normal
from kickitout.generation.recipe import find_latent
from kickitout.generation.tail import INAUDIBLE_DB, SLOWEST_DB_S, damped_sinusoids, first_half_second, ring_on
from kickitout.sound import FADE_OUT, LENGTH, PEAK, SAMPLE_RATE

pytestmark = pytest.mark.light
SEEDS = range(48)
BEFORE_FADE = LENGTH - FADE_OUT


@pytest.fixture(scope="module")
def rings(model):
    """A seed whose kick rings for more than a second, and the next one's does not ring on."""
    lengths = [kick.channels.shape[1] for kick in generate_kicks(range(512), model, length_s=2)]
    return next(i for i, (a, b) in enumerate(itertools.pairwise(lengths)) if a > SAMPLE_RATE and b == LENGTH)


def sine(hz: float, db_s: float, seconds: float = 4.0, phase: float = 0.3) -> np.ndarray:
    """A decaying sine [T]."""
    t = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return PEAK * np.sin(2 * np.pi * hz * t + phase) * 10 ** (-db_s * t / 20)


def of_a_model(wave: np.ndarray) -> np.ndarray:
    """The first half second [1, LENGTH], faded as models fade it."""
    return first_half_second(wave[None]).astype(np.float32)


def level_db(x: np.ndarray) -> float:
    return float(20 * np.log10(max(np.abs(x).max(), 1e-9)))


@pytest.mark.parametrize(("hz", "db_s"), [(24.0, 20.0), (41.3, 30.0), (55.0, 60.0), (48.0, 16.0), (110.0, 70.0)])
def test_a_decaying_sine_goes_on_as_its_closed_form(hz, db_s):
    """In level and phase, through the seam and behind it: 100 dB below the sine, float32's rounding."""
    whole = sine(hz, db_s)
    made = ring_on(of_a_model(whole), 2.0)[0]
    inside = slice(0, min(len(made), 2 * SAMPLE_RATE) - SAMPLE_RATE // 10)  # the fade at the end
    error = made[inside] - whole[inside]
    for at in range(BEFORE_FADE - 1000, len(error), 1000):
        assert level_db(error[at : at + 1000]) < level_db(whole[at : at + 2000]) - 80


def test_two_partials_go_on_with_a_decay_each():
    whole = 0.5 * sine(40, 20) + 0.4 * sine(90, 60, phase=1.0)
    made = ring_on(of_a_model(whole), 1.0)[0]
    assert level_db((made - whole[: len(made)])[: SAMPLE_RATE * 9 // 10]) < -90
    exponents, _ = damped_sinusoids(whole[None, :BEFORE_FADE])
    assert sorted(np.round(np.abs(exponents.imag) * SAMPLE_RATE / 2 / np.pi, 2)) == [40, 40, 90, 90]


def test_left_and_right_keep_their_levels_and_phases():
    both = np.stack([sine(50, 40), 0.3 * sine(50, 40, phase=1.2)])
    made = ring_on(first_half_second(both).astype(np.float32), 1.0)
    assert level_db((made - both[:, : made.shape[1]])[:, : SAMPLE_RATE * 9 // 10]) < -90


@pytest.mark.parametrize("db_s", [60.0, 90.0])
def test_a_kick_ends_where_it_is_no_longer_heard(db_s):
    made = ring_on(of_a_model(sine(50, db_s)), 4.0)
    assert made.shape[1] / SAMPLE_RATE == pytest.approx(-INAUDIBLE_DB / db_s, abs=0.04)  # a cycle, and the fade
    assert abs(made[0, -1]) < 1e-6


def test_a_kick_that_would_not_end_falls_at_the_slowest_rate():
    made = ring_on(of_a_model(sine(50, 0)), 4.0)[0]
    fall = level_db(made[SAMPLE_RATE : SAMPLE_RATE + 900]) - level_db(made[3 * SAMPLE_RATE : 3 * SAMPLE_RATE + 900])
    assert fall == pytest.approx(2 * SLOWEST_DB_S, abs=0.1)


@pytest.mark.parametrize(
    "over",
    [
        np.zeros(LENGTH),
        sine(50, 200)[:LENGTH],
        sine(50, 10)[:LENGTH] * (np.arange(LENGTH) < 0.47 * SAMPLE_RATE),
        np.full(LENGTH, np.nan),
    ],
    ids=["silent", "decayed", "stopped", "not finite"],
)
def test_a_kick_that_is_over_gets_no_tail(over):
    wave = of_a_model(over)
    assert ring_on(wave, 2.0) is wave


@pytest.mark.parametrize(
    "odd",
    [
        sine(5000, 0)[:LENGTH],
        np.random.default_rng(0).normal(0, 0.2, LENGTH),
        np.full(LENGTH, 0.3),
        np.flip(sine(50, 60)[:LENGTH]),
        sine(40, 20)[:LENGTH] * np.linspace(0, 1, LENGTH),
    ],
    ids=["too high", "noise", "constant", "growing", "rising"],
)
def test_no_tail_is_louder_than_the_end_it_comes_from(odd):
    made = ring_on(of_a_model(odd), 4.0)[0]
    last = np.abs(odd[BEFORE_FADE - SAMPLE_RATE // 20 : BEFORE_FADE]).max()
    assert np.isfinite(made).all()
    assert np.abs(made[LENGTH:]).max(initial=0.0) <= last
    assert level_db(made[-SAMPLE_RATE // 100 :]) < level_db(odd) - 40


def test_all_before_the_fade_is_what_half_a_second_has(model):
    usual, long = kickitout.generate(SEEDS, model), kickitout.generate(SEEDS, model, length_s=2)
    assert long.shape == (len(SEEDS), 2 * SAMPLE_RATE)
    np.testing.assert_array_equal(long[:, :BEFORE_FADE], usual[:, :BEFORE_FADE])
    goes_on = np.abs(long[:, LENGTH:]).max(axis=1) > 0
    assert 0 < goes_on.sum() < len(SEEDS)
    np.testing.assert_array_equal(long[~goes_on, :LENGTH], usual[~goes_on])


def test_a_kick_is_the_same_alone_and_among_others(model):
    together = kickitout.generate(SEEDS, model, length_s=1.5)
    for seed in (0, 4, 41):
        np.testing.assert_array_equal(kickitout.generate([seed], model, length_s=1.5)[0], together[seed])


def test_a_file_is_as_long_as_its_kick_and_renders_again_bit_for_bit(rings, tmp_path, capsys):
    assert (
        main(
            [
                "generate",
                "--seeds",
                f"{rings},{rings + 1}",
                "--length",
                "2s",
                "--bits",
                "32f",
                "-q",
                "-o",
                str(tmp_path),
            ]
        )
        == 0
    )
    kicks = list(generate_kicks([rings, rings + 1], length_s=2))
    assert kicks[1].channels.shape[1] == LENGTH < kicks[0].channels.shape[1] <= 2 * SAMPLE_RATE
    for kick in kicks:
        path = tmp_path / f"{kick.name}.wav"
        np.testing.assert_array_equal(read_sound(path).samples[:, 0], kick.wave)
        assert json.loads(read_comment(path))["length_s"] == 2
        np.testing.assert_array_equal(kickitout.render(path), kick.wave)
        again = tmp_path / f"again_{path.name}"
        assert main(["recipe", str(path), "--render", str(again)]) == 0
        assert again.read_bytes() == path.read_bytes()
    assert "not those of its recipe" not in capsys.readouterr().err


def test_a_long_kick_is_known_as_the_one_it_is(model, rings, tmp_path):
    (kick,) = generate_kicks([rings], model, length_s=2)
    (path,) = kickitout.write_kicks([kick], tmp_path)
    played = model.render(normal([rings], model.info.noise_size))
    found = find_latent(model, path)
    assert "made by this model" in found.said
    np.testing.assert_array_equal(found.latent, played.latent)


@pytest.mark.parametrize(("style", "seeds"), [("808", (0, 113, 149)), (None, (103, 144))])
def test_no_kick_swells_after_it_has_sunk(style, seeds):
    """Of those two partials in the last 150 ms beat for a second: they rose by 5 to 17 dB."""
    span = SAMPLE_RATE // 20
    for kick in generate_kicks(seeds, style=style, length_s=2):
        wave = kick.channels.mean(axis=0)[round(0.42 * SAMPLE_RATE) :]
        blocks = np.abs(wave[: len(wave) // span * span]).reshape(-1, span).max(axis=1)
        levels = 20 * np.log10(np.maximum(blocks, 1e-4))
        assert (levels - np.minimum.accumulate(levels)).max() < 3.0


def test_all_that_makes_kicks_lets_them_ring(model, rings, tmp_path):
    (kick,) = kickitout.match([rings], {"pitch": 50.0}, model, length_s=1)
    usual = kickitout.render(kick.recipe | {"length_s": 0.5})
    np.testing.assert_array_equal(kick.wave[:BEFORE_FADE], usual[:BEFORE_FADE])
    made = [
        kick,
        *kickitout.match([{"seed": rings}], {"pitch": 50.0}, model, length_s=1),
        *kickitout.vary({"seed": rings}, [0], 0.1, model, length_s=1),
        *kickitout.morph({"seed": rings}, {"seed": 33}, 2, model, length_s=1),
        kickitout.blend([{"seed": rings}], [1], model, length_s=1),
        *kickitout.vary(kick, [0], 0.1, model),
        *kickitout.match([kick], {"pitch": 40.0}, model),
    ]
    for one in made:
        assert one.recipe["length_s"] == 1
        assert LENGTH <= one.channels.shape[1] <= SAMPLE_RATE
        np.testing.assert_array_equal(kickitout.render(one.recipe, model), one.wave)
    assert made[-3].channels.shape[1] == SAMPLE_RATE  # the blend of one kick: itself


@pytest.mark.parametrize("formats", [[name] for name in KIT_FORMATS])
def test_a_kit_of_any_format_holds_kicks_that_ring(formats, rings, tmp_path):
    kit = kickitout.write_kit(tmp_path / "kit", [rings], length_s=2, layers=1, round_robins=1, formats=formats)
    for path in list(kit.folder.rglob("*")):
        if zipfile.is_zipfile(path):
            zipfile.ZipFile(path).extractall(tmp_path / "kit" / f"{path.stem} {formats[0]}")
        elif path.is_file() and tarfile.is_tarfile(path):
            with tarfile.open(path) as archive:
                archive.extractall(tmp_path / "kit" / f"{path.stem} {formats[0]}", filter="data")
    sounds = [path for path in kit.folder.rglob("*") if path.suffix in (".wav", ".flac")]
    assert sounds
    assert all(read_sound(path).seconds > 1 for path in sounds)


def test_a_file_of_any_format_holds_a_kick_that_rings(model, rings, tmp_path):
    (kick,) = generate_kicks([rings], model, length_s=2)
    for form in ("wav", "flac"):
        (path,) = kickitout.write_kicks([kick], tmp_path / form, format=form)
        assert len(read_sound(path).samples) == kick.channels.shape[1]
        assert len(kickitout.render(path)) == kick.channels.shape[1]


def test_targets_are_what_the_card_reads_of_the_whole_kick(model, tmp_path):
    """A decay of 400 ms ends after half a second where a kick begins late, and a low pitch goes on falling there."""
    targets = {"pitch": 32.7, "decay": 400.0}
    made = list(generate_kicks([0, 3, 4, 6], model, targets, length_s=2))
    made += kickitout.match([{"seed": 0}], targets, model, length_s=2)
    made += generate_kicks([3], model, targets, length_s=2, reject_outliers=True)
    assert sum(kick.channels.shape[1] > LENGTH for kick in made) > 3
    for i, kick in enumerate(made):
        (path,) = kickitout.write_kicks([kick], tmp_path / str(i))
        achieved = {line.target.name: line.achieved for line in kick.match.lines}
        for card, within in ((kick.card, 1e-6), (kickitout.card(path), 5e-3)):
            assert achieved == pytest.approx({"pitch": card["pitch_end_hz"], "decay": card["decay_t20_ms"]}, rel=within)
    assert sum(kick.match.reached for kick in made[:4]) == 4
    alone = next(generate_kicks([4], model, targets, length_s=2))
    np.testing.assert_array_equal(alone.wave, made[2].wave)


def test_a_card_knows_a_decay_that_half_a_second_hides(model):
    both = zip(generate_kicks(range(256), model), generate_kicks(range(256), model, length_s=4), strict=True)
    known = [
        (usual.card, long.card)
        for usual, long in itertools.islice((pair for pair in both if pair[1].channels.shape[1] > LENGTH), 8)
    ]
    assert sum(np.isfinite(long["decay_t60_ms"]) for _, long in known) > sum(
        np.isfinite(usual["decay_t60_ms"]) for usual, _ in known
    )
    for usual, long in known:
        if usual["decay_t20_ms"] < 400:  # the end of the half second does not touch it
            assert long["decay_t20_ms"] == pytest.approx(usual["decay_t20_ms"], rel=1e-3)


def test_shards_hold_kicks_of_their_own_lengths(model, rings, tmp_path):
    import tarfile

    seeds = range(rings, rings + 4)
    paths = kickitout.write_shards(tmp_path / "a", seeds, 4, model=model, length_s=2)
    with tarfile.open(paths[0]) as tar:
        told = {name: json.load(tar.extractfile(name)) for name in tar.getnames() if name.endswith(".json")}
        sizes = {tar.getmember(name).size for name in tar.getnames() if name.endswith(".wav")}
    assert len(sizes) > 1
    for kick in generate_kicks(seeds, model, length_s=2):
        mine = {key: None if value != value else value for key, value in kick.card.items()}
        assert told[f"{kick.name}.json"]["card"] == mine
        assert told[f"{kick.name}.json"]["recipe"]["length_s"] == 2
    with pytest.raises(kickitout.UserError, match="was begun with"):
        kickitout.write_shards(tmp_path / "a", seeds, 4, model=model)


@pytest.mark.parametrize("text", ["10ms", "20m", "abc", "9s", "-1s", "nan", ""])
@pytest.mark.parametrize("command", ["generate", "kit"])
def test_a_length_that_no_kick_has_is_one_sentence(command, text, tmp_path, capsys):
    assert code_of([command, "-n", "1", f"--length={text}", "-o", tmp_path / "out"]) == 2
    said = capsys.readouterr().err
    assert "4s work" in said
    assert len(said.splitlines()) == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("stated", [0.1, 5, "2", True, None])
def test_a_recipe_with_a_length_that_is_none_is_damaged(stated, model):
    with pytest.raises(kickitout.UserError, match="recipe is damaged"):
        kickitout.render({"seed": 4, "model_sha256": model.digest, "length_s": stated}, model)


def test_two_seconds_cost_at_most_twice_what_half_a_second_costs(model):
    """Processor time of the kicks of one seed after another, the least of several turns that take turns."""

    def used(length_s: float) -> float:
        began = time.thread_time()
        for _ in generate_kicks(range(64), model, length_s=length_s, threads=1):
            pass
        return time.thread_time() - began

    turns = [(used(0.5), used(2.0)) for _ in range(5)]
    usual, long = (min(turn[i] for turn in turns) for i in (0, 1))
    assert long < 2 * usual


def test_the_card_of_a_file_is_of_all_of_its_sound(tmp_path):
    """A sine that falls by 40 dB a second takes 1.5 s for 60 dB; the silence behind it is no sound."""
    for fall, seconds, length in ((40, 2, 2.0), (10, 6, 4.0), (40, 0.4, 0.5)):
        path = tmp_path / f"{fall}-{length}.wav"
        wave = np.pad(sine(50, fall, seconds), (0, SAMPLE_RATE))
        write_sound(path, wave[:, None].astype(np.float32), SAMPLE_RATE)
        found = next(kickitout.read_cards([path]))
        assert len(found.wave) / SAMPLE_RATE == pytest.approx(length, abs=0.01)
        if seconds > 1:
            assert found.card["decay_t20_ms"] == pytest.approx(20_000 / fall, rel=0.02)
        assert kickitout.card(path)["pitch_end_hz"] == found.card["pitch_end_hz"]
