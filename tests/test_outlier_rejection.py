"""Outlier rejection: what passes stays as it is, what does not is resampled, the same for the same seed everywhere."""

from __future__ import annotations

import functools
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from kits import FormulaModel

import kickitout
from kickitout.audio import read_comment
from kickitout.cli import main
from kickitout.datasets.build import read_dataset
from kickitout.descriptors import cards
from kickitout.descriptors.limits import Limits, artefact_limits, limits_of
from kickitout.errors import UserError
from kickitout.generation.generate import generate_kicks
from kickitout.generation.load import load_model
from kickitout.generation.match import STARTS, start_noise
from kickitout.generation.reject import ATTEMPTS, OutlierRejection, RejectionTally, Sampled, limits_of_model
from kickitout.models.files import find_model_file
from kickitout.sound import LENGTH

pytestmark = [pytest.mark.light, pytest.mark.decides]

SEEDS = range(100, 140)
NOTHING = Limits({"pitch_end_hz": (1.0, 2.0)}, ("pitch_end_hz",), 100)


@functools.cache
def narrow_limits() -> Limits:
    """Which a good half of the kicks of the model in the package pass, whatever model that is."""
    low, high = np.nanquantile(cards(kickitout.generate(range(128)))["pitch_end_hz"], [0.2, 0.8])
    return Limits({"pitch_end_hz": (float(low), float(high))}, ("pitch_end_hz",), 100)


@pytest.fixture(scope="module")
def narrow(model):
    """The kicks of SEEDS through narrow limits, and what rejected the others."""
    rejection = OutlierRejection(model, narrow_limits())
    return rejection, rejection.sample(SEEDS)


def with_limits(path, limits):
    """A copy of the model in the package with other limits inside, as JSON."""
    data, key = find_model_file(Path("default")).read_bytes(), b'"limits": '
    first = data.index(key) + len(key)
    _, size = json.JSONDecoder().raw_decode(data[first : first + 10_000].decode("latin-1"))
    path.write_bytes(data[:first] + json.dumps(limits).encode().ljust(size) + data[first + size :])  # as long as before
    return path


@pytest.fixture(scope="module")
def model_file(tmp_path_factory):
    """A copy of the model in the package with narrow limits."""
    return with_limits(tmp_path_factory.mktemp("rejection") / "model.onnx", narrow_limits().to_data())


def hz(waves):
    return cards(np.stack([wave.mean(axis=0) for wave in waves]))["pitch_end_hz"]


# -- what is drawn ----------------------------------------------------------------------------------------------------


def test_a_kick_that_passes_is_the_seeds_own_and_another_is_the_first_attempt_that_passes(model, narrow):
    _, drawn = narrow
    low, high = narrow_limits().spans["pitch_end_hz"]
    assert {one.attempt for one in drawn} >= {0, 1, 2}
    for seed, one in zip(SEEDS, drawn, strict=True):
        tries = [model.play(start_noise(model, seed, STARTS * k))[0] for k in range(one.attempt + 1)]
        inside = [bool(low <= x <= high) for x in hz(tries)]
        assert inside == [False] * one.attempt + [True]
        np.testing.assert_array_equal(one.wave, tries[-1])
        assert not one.outside
        assert one.first == (("pitch_end_hz",) if one.attempt else ())
    np.testing.assert_array_equal(
        np.stack([one.wave[0] for one in drawn if not one.attempt]),
        kickitout.generate([s for s, one in zip(SEEDS, drawn, strict=True) if not one.attempt]),
    )


def test_a_seed_gives_the_same_kick_alone_in_a_batch_and_on_any_number_of_threads(model, narrow):
    _, drawn = narrow
    for threads in (1, 3):
        rejection = OutlierRejection(model, narrow_limits())
        found = list(generate_kicks(SEEDS, model, reject_outliers=rejection, threads=threads))
        assert [one.recipe.get("attempt", 0) for one in found] == [one.attempt for one in drawn]
        assert all(np.array_equal(a.channels, b.wave) for a, b in zip(found, drawn, strict=True))
    hardest = max(range(len(SEEDS)), key=lambda i: drawn[i].attempt)
    np.testing.assert_array_equal(
        OutlierRejection(model, narrow_limits()).sample([SEEDS[hardest]])[0].wave, drawn[hardest].wave
    )


def test_the_least_far_outside_is_kept_where_none_passes_and_is_said_to_be(model):
    rejection = OutlierRejection(model, NOTHING)
    seeds = range(7, 40)
    each = ([model.play(start_noise(model, seed, STARTS * k))[0] for k in range(ATTEMPTS)] for seed in seeds)
    seed, tries = next((s, t) for s, t in zip(seeds, each, strict=True) if np.isfinite(hz(t)).all())
    (drawn,) = rejection.sample([seed])
    assert drawn.attempt == int(np.argmin(hz(tries)))  # the lowest is nearest to 2 Hz
    np.testing.assert_array_equal(drawn.wave, tries[drawn.attempt])
    assert drawn.recipe["outside"] == ["pitch_end_hz"]
    assert rejection.tally.text() == "0 of 1 at once, 1 still outside after 8 attempts: pitch_end_hz 1"
    assert "pitch_end_hz" in rejection.tally.told[seed]
    assert "at most 2" in rejection.tally.told[seed]


def test_the_tally_is_of_the_kicks_and_their_reasons(narrow):
    rejection, drawn = narrow
    again = sum(one.attempt > 0 for one in drawn)
    text = f"{len(SEEDS) - again} of {len(SEEDS)} at once, {again} resampled: pitch_end_hz {again}"
    assert rejection.tally.text() == text


def test_the_kicks_that_are_told_are_the_first_seeds_whoever_came_first():
    outside = Sampled(np.zeros((1, 4)), 7, {"comb_db": 1.0}, ("comb_db",), None, "comb_db 7 dB, at most 2")
    late, early = RejectionTally(), RejectionTally()
    for tally, seeds in ((late, range(40, 10, -1)), (early, range(15))):
        for seed in seeds:
            tally.add(seed, outside)
    assert list(late.told) == list(range(11, 31))
    late.join(early)
    assert list(late.told) == list(range(20))


class Broken(FormulaModel):
    """What is not a sound at first, and one at another start."""

    path = None

    def __init__(self, wave, attempts):
        self.wave, self.left = wave, attempts

    def play(self, eps, controls=None):
        self.left -= 1
        return super().play(eps, controls) if self.left < 0 else self.wave[None]


@pytest.mark.parametrize("wave", [np.zeros((1, LENGTH)), np.full((1, LENGTH), np.nan)])
def test_silence_and_what_is_not_finite_is_drawn_again(wave):
    rejection = OutlierRejection(Broken(wave, 2), artefact_limits())
    assert rejection.sample([5])[0].attempt == 2
    with pytest.raises(UserError, match="seed 5 is not a finite sound"):
        OutlierRejection(Broken(np.full((1, LENGTH), np.nan), ATTEMPTS), artefact_limits()).sample([5])
    (silent,) = OutlierRejection(Broken(np.zeros((1, LENGTH)), ATTEMPTS), artefact_limits()).sample([5])
    assert (silent.attempt, list(silent.outside)) == (0, ["silent"])


def test_what_was_asked_for_is_no_fault_and_traces_still_are(model):
    limits = Limits({"pitch_end_hz": (1.0, 2.0), "comb_db": (0.0, 0.2)}, ("pitch_end_hz",), 100)
    plain, asked = (OutlierRejection(model, limits).sample([3], request)[0] for request in (None, {"pitch": 50.0}))
    assert "pitch_end_hz" in plain.outside
    assert "pitch_end_hz" not in (*asked.outside, *asked.first)
    assert hz([asked.wave])[0] == pytest.approx(50, rel=1e-3)
    found = OutlierRejection(model, replace(limits, spans={"comb_db": (0.0, -9.0)})).sample([3], {"drive": 3.0})[0]
    assert list(found.outside) == ["comb_db"]
    assert found.match is not None
    assert found.recipe["outside"] == ["comb_db"]


# -- where limits come from -------------------------------------------------------------------------------------------


def test_the_model_in_the_package_has_its_limits(model):
    limits = limits_of_model(model)
    assert limits is not None
    assert limits.sounds > 1000
    tally = OutlierRejection.of(model).tally
    assert tally.kicks == 0


@pytest.mark.long
def test_the_limits_in_the_package_come_again_from_what_its_model_learned_from(model, real_data):
    pytest.importorskip("torch", reason="needs the training extra")
    from kickitout.training.config import read_config
    from kickitout.training.training_set import make_training_set

    dataset = read_dataset(real_data / "kicks-open")
    learned = make_training_set(dataset, read_config(model.info.config, "model"))
    assert limits_of(learned.waves[:, 0]) == limits_of_model(model)


def test_they_travel_in_the_model_file_and_damaged_ones_are_one_sentence(model_file, tmp_path, capsys):
    assert limits_of_model(load_model(model_file)) == narrow_limits()
    for damaged in ({"spans": 1}, {"sounds": 0}):
        path = with_limits(tmp_path / "model.onnx", damaged)
        command = ["generate", "-n", "1", "--reject-outliers", "--model", str(path), "-o", str(tmp_path / "out")]
        assert main(command) == 2
        assert "its limits are damaged or of another version" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


# -- the commands -----------------------------------------------------------------------------------------------------


def test_the_command_writes_the_attempt_and_its_recipe_makes_the_same_file_again(model_file, narrow, tmp_path, capsys):
    _, drawn = narrow
    seeds = f"{SEEDS[0]}-{SEEDS[-1]}"
    command = ["generate", "--seeds", seeds, "-q", "--model", str(model_file)]
    assert main([*command, "-o", str(tmp_path / "plain")]) == 0
    capsys.readouterr()
    assert main([*command, "-o", str(tmp_path / "gated"), "--reject-outliers"]) == 0
    again = sum(one.attempt > 0 for one in drawn)
    said = capsys.readouterr().err
    assert (
        f"outlier rejection: {len(SEEDS) - again} of {len(SEEDS)} at once, {again} resampled: pitch_end_hz {again}"
        in said
    )
    assert "artefacts alone" not in said
    for seed, one in zip(SEEDS, drawn, strict=True):
        path, plain = (tmp_path / folder / f"kick_{seed:06d}.wav" for folder in ("gated", "plain"))
        recipe = json.loads(read_comment(path))
        assert (recipe.get("attempt", 0), recipe.get("start", 0)) == (one.attempt, STARTS * one.attempt)
        assert (path.read_bytes() == plain.read_bytes()) == (one.attempt == 0)
        if one.attempt == 2:
            main(["recipe", str(path), "--render", str(tmp_path / "again.wav"), "--force", "--model", str(model_file)])
            assert (tmp_path / "again.wav").read_bytes() == path.read_bytes()


def test_a_model_without_limits_is_held_against_traces_and_that_is_said(tmp_path, capsys):
    path = with_limits(tmp_path / "model.onnx", {})
    assert not OutlierRejection.of(load_model(path)).knows_dataset
    assert (
        main(["generate", "-n", "2", "-q", "--reject-outliers", "--model", str(path), "-o", str(tmp_path / "out")]) == 0
    )
    assert "artefacts alone" in capsys.readouterr().err


def test_a_kit_has_no_outliers_and_each_of_its_sounds_is_rendered_again(model_file, narrow, tmp_path, capsys):
    seed = next(seed for seed, one in zip(SEEDS, narrow[1], strict=True) if one.attempt)
    out = tmp_path / "kit"
    command = [
        "kit",
        "-n",
        "1",
        "--seed",
        str(seed),
        "--reject-outliers",
        "--model",
        str(model_file),
        "--velocity-layers",
        "1",
    ]
    assert main([*command, "--round-robin", "1", "--formats", "sfz", "--no-zip", "-o", str(out)]) == 0
    assert "outlier rejection: 0 of 1 at once, 1 resampled: pitch_end_hz 1" in capsys.readouterr().err
    (sound,) = (out / "samples").glob("*.wav")
    assert json.loads(read_comment(sound))["attempt"] >= 1
    again = tmp_path / "again.wav"
    assert main(["recipe", str(sound), "--render", str(again), "--model", str(model_file)]) == 0
    assert again.read_bytes() == sound.read_bytes()
    assert main(["kit", str(sound), "--reject-outliers", "-o", str(tmp_path / "other")]) == 2


def test_the_library_draws_again_what_the_command_draws_again(model_file, narrow):
    waves = kickitout.generate(SEEDS, model_file, reject_outliers=True)
    np.testing.assert_array_equal(waves, np.stack([one.wave[0] for one in narrow[1]]))
