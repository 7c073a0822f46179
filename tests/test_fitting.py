"""Kicks for a loop: what is heard in loops whose tempo, key and bass are known because they are rendered here."""

from __future__ import annotations

import json
import math
from types import SimpleNamespace

import numpy as np
import pytest
from commands import code_of
from fit_loops import OFFBEATS, spec

import kickitout
from kickitout.audio import read_sound, write_sound
from kickitout.errors import UserError
from kickitout.fitting import search
from kickitout.fitting.bass import find_bass
from kickitout.fitting.given import Given
from kickitout.fitting.level import loudness_of
from kickitout.fitting.loop import read_loop
from kickitout.fitting.masking import LEAST_DB, erb_number, low_cells, masking_db, placed
from kickitout.fitting.mix import DUCK_DB, equally_loud, mixed
from kickitout.fitting.room import find_room
from kickitout.fitting.search import Fitter, pool_of, shortened, tuned_notes
from kickitout.fitting.tempo import find_tempo
from kickitout.generation.noise import LARGEST_SEED
from kickitout.notes import to_hz
from kickitout.sound import ONSET, SAMPLE_RATE
from kicklab.loop_books import DEVELOPMENT
from kicklab.loops import bass_notes, beatless, render_loop

pytestmark = pytest.mark.light

LONG = DEVELOPMENT.basses["long"]


@pytest.fixture(scope="module")
def offbeat_fit():
    """Two kicks for a loop whose bass plays between the beats."""
    return kickitout.fit(render_loop(spec()), 2)


# -- what is heard ----------------------------------------------------------------------------------------------------


@pytest.mark.decides
@pytest.mark.parametrize("tonic", range(28, 40))
def test_the_tonic_is_heard_in_all_twelve_keys_with_drums_and_without(tonic):
    mode, drums = ("major", "minor")[tonic % 2], tonic % 3 == 0
    heard = {"hats": (), "snare": (), "kick": ()} if not drums else {"kick": (0, 8)}
    loop = read_loop(
        render_loop(spec(tonic=tonic, mode=mode, roots=(0, 5), bass=DEVELOPMENT.basses["eighths"], **heard))
    )
    assert loop.key.known
    assert (loop.key.tonic, loop.key.mode) == (tonic % 12, mode)
    assert loop.tonic == tonic % 12


@pytest.mark.decides
@pytest.mark.parametrize("bpm", [60, 75, 90, 105.5, 120, 135, 150, 165.3, 180])
def test_the_tempo_is_within_two_per_cent_or_its_double(bpm):
    found = find_tempo(render_loop(spec(bpm=float(bpm), kick=(0, 8))), SAMPLE_RATE)
    assert found.known
    assert min(abs(found.bpm / bpm - 1), abs(found.bpm / bpm - 2)) < 0.02


def test_the_notes_of_a_bass_are_found_when_they_sound():
    made = spec(bass=((0, 8, 0), (8, 8, 7)), roots=(0, 0), hats=(), snare=(), chords="none")
    found = find_bass(render_loop(made), SAMPLE_RATE)
    assert found.known
    true = bass_notes(made)
    loud = [note for note in found.notes if note.weight > 0.05]
    assert [note.midi for note in loud] == [note.midi for note in true]
    for note, known in zip(loud, true, strict=True):
        assert note.start == pytest.approx(known.start, abs=0.08)  # half of a frame
        assert note.seconds == pytest.approx(known.seconds, abs=0.16)
    assert found.classes().argmax() in (5, 0)
    assert found.lowest in (29, 36)


@pytest.mark.decides
@pytest.mark.parametrize(
    "sound",
    [{"bass_harmonics": (0.1, 0.7, 1.0, 0.6)}, {"glide": 5.0}, {"sub": 0.8}, {"kick": (0, 4, 8, 12), "drum_db": 4.0}],
)
def test_a_bass_is_heard_with_a_weak_fundamental_a_glide_a_sub_or_loud_drums(sound):
    made = spec(bass=((0, 8, 0), (8, 8, 5)), roots=(0, 0, 0), **sound)
    shares = find_bass(render_loop(made), SAMPLE_RATE).classes()
    assert set(np.argsort(-shares)[:2]) == {5, 10}
    assert shares[[5, 10]].sum() > 0.75


@pytest.mark.decides
def test_the_chord_above_a_bass_decides_where_the_bass_begins_on_the_fifth():
    made = spec(mode="major", bass=((0, 4, 7), (4, 4, 0), (8, 4, 7), (12, 4, 0)), chords="stabs")
    assert read_loop(render_loop(made)).key.name == "F major"


@pytest.mark.decides
@pytest.mark.parametrize("kind", ["noise", "pad", "drone", "scattered"])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_loop_without_a_beat_is_said_to_have_none(kind, seed):
    assert not find_tempo(beatless(kind, seed), SAMPLE_RATE).known


@pytest.mark.decides
@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_noise_has_no_key_and_no_bass(seed):
    loop = read_loop(beatless("noise", seed))
    assert not loop.key.known
    assert not loop.bass.known
    assert loop.tonic is None


def test_what_is_not_heard_is_said_and_the_kicks_keep_their_pitch():
    found = kickitout.fit(beatless("noise", 0), 1)
    said = "\n".join(found.heard)
    for part in ("no beat is heard", "key: none is heard", "no steady notes", "the kicks keep their own pitch"):
        assert part in said
    assert found.kicks[0].midi is None


def test_the_low_end_between_the_beats_is_free_and_under_a_held_bass_is_not():
    free, held = (find_room(read_loop(render_loop(spec(bass=bass)))) for bass in (OFFBEATS, LONG))
    eighth = 30_000 / 124
    assert free.free_ms == pytest.approx(eighth, abs=50)  # the frames are 93 ms wide
    assert free.decay_ms == pytest.approx(free.free_ms / 2, abs=2.5)
    assert held.taken


def test_what_is_free_does_not_depend_on_how_long_the_loop_is():
    once, beat = render_loop(spec(bass=OFFBEATS)), 60 / 124
    free = []
    for times in (1, 30):
        wave = np.tile(once, times)
        beats = np.arange(0, len(wave) / SAMPLE_RATE - beat / 2, beat)
        loop = SimpleNamespace(beats=beats, mid=wave, low=low_cells(wave, SAMPLE_RATE), seconds=len(wave) / SAMPLE_RATE)
        free.append(find_room(loop).free_ms)
    assert free[1] == pytest.approx(free[0], abs=15)


def test_a_loop_is_taken_as_the_library_has_stereo():
    mono = render_loop(spec())
    found = [read_loop(both).tempo for both in (np.stack([mono, mono]), np.stack([mono, mono], axis=1))]
    assert found[0] == found[1]


@pytest.mark.parametrize("seed", [LARGEST_SEED, LARGEST_SEED - 62])
def test_seeds_that_would_run_out_are_refused_by_the_one_that_was_given(seed):
    with pytest.raises(UserError, match=f"seed {seed}: 64 seeds from it on are looked at; up to {LARGEST_SEED - 63}"):
        kickitout.fit(render_loop(spec()), 1, seed=seed)


def test_hats_on_the_beat_cover_a_click_and_hats_between_them_do_not():
    on, off = (
        find_room(read_loop(render_loop(spec(hats=hats, snare=(), chords="none")))) for hats in ((0, 4, 8, 12), (2, 6))
    )
    assert on.click_hz is not None
    assert off.click_hz is None


# -- masking ----------------------------------------------------------------------------------------------------------


def test_masking_has_its_closed_form():
    bass = np.ones((100, 5))
    half = np.where(np.arange(100)[:, None] < 50, 1.0, 0.0) * bass
    assert masking_db(bass, bass) == pytest.approx(10 * math.log10(1 / 2))
    assert masking_db(bass, half) == pytest.approx(10 * math.log10(1 / 4))
    assert masking_db(bass, 0.1 * bass) == pytest.approx(10 * math.log10(0.1 / 1.1))
    assert masking_db(bass, 1e6 * bass) == pytest.approx(0, abs=1e-4)
    assert masking_db(bass, 0 * bass) == LEAST_DB
    assert math.isnan(masking_db(0 * bass, bass))


def test_masking_is_the_same_at_any_common_level_and_counts_the_bass_where_it_is_loud():
    rng = np.random.default_rng(0)
    bass, kick = rng.random((40, 5)), rng.random((40, 5))
    assert masking_db(7 * bass, 7 * kick) == pytest.approx(masking_db(bass, kick))
    loud = bass.copy()
    loud[:4] *= 1000  # where the kick is silent
    quiet_there = kick.copy()
    quiet_there[:4] = 0
    assert masking_db(loud, quiet_there) < masking_db(bass, quiet_there) - 10


def test_cells_keep_tones_apart_that_are_more_than_a_critical_band_apart():
    time = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    low, high = (low_cells(np.sin(2 * np.pi * hz * time), SAMPLE_RATE) for hz in (40.0, 120.0))
    assert erb_number(120) - erb_number(40) > 2
    assert masking_db(low, low) == pytest.approx(-3.01, abs=0.01)
    assert masking_db(low, high) < -25


def test_kicks_are_placed_where_they_are_asked_for_and_their_energies_add():
    cells = np.array([[1.0], [0.5]])
    found = placed(cells, np.array([0.0, 0.02, 0.049]), 6)[:, 0]
    assert found.tolist() == [1.0, 0.5, 1.0, 0.5, 0.0, 1.0]


def test_loudness_is_that_of_another_meter():
    pyloudnorm = pytest.importorskip("pyloudnorm")
    wave = np.stack([render_loop(spec()), 0.5 * render_loop(spec(tonic=31))], axis=1)
    assert loudness_of(wave, SAMPLE_RATE) == pytest.approx(
        pyloudnorm.Meter(SAMPLE_RATE).integrated_loudness(wave), abs=0.05
    )
    assert loudness_of(np.zeros((SAMPLE_RATE, 1)), SAMPLE_RATE) == -math.inf


# -- what is made -----------------------------------------------------------------------------------------------------


def test_a_fitted_kick_is_tuned_shorter_than_its_room_and_masks_less_than_its_seed(offbeat_fit):
    for one in offbeat_fit.kicks:
        assert one.midi in {midi for midi, _ in tuned_notes(5)}
        card = one.kick.card
        assert abs(1200 * math.log2(card["pitch_end_hz"] / to_hz(one.midi))) < 10
        assert card["decay_t20_ms"] < offbeat_fit.room.free_ms
        assert not one.masks_more
    first, second = offbeat_fit.kicks
    assert first.after_db <= max(second.after_db, -30) + 0.1


@pytest.mark.parametrize("tonic", range(12))
def test_every_tonic_has_a_root_and_a_fifth_in_the_range_of_kicks(tonic):
    notes = tuned_notes(tonic)
    assert {name for _, name in notes} == {"root", "fifth"}
    assert all(midi % 12 == (tonic if name == "root" else (tonic + 7) % 12) for midi, name in notes)


def test_the_same_loop_and_seed_give_the_same_kicks(offbeat_fit):
    again = kickitout.fit(render_loop(spec()), 2)
    for one, other in zip(offbeat_fit.kicks, again.kicks, strict=True):
        assert one.kick.recipe == other.kick.recipe
        np.testing.assert_array_equal(one.kick.wave, other.kick.wave)


def test_its_recipe_renders_a_fitted_kick_again(offbeat_fit):
    one = offbeat_fit.kicks[0]
    np.testing.assert_array_equal(kickitout.render(one.kick.recipe), one.kick.wave)


def test_a_mix_is_the_loop_plus_kicks_and_ducking_lowers_the_loop_alone(offbeat_fit):
    loop, wave = offbeat_fit.loop, np.zeros(1000, np.float32)
    np.testing.assert_array_equal(mixed(loop, wave, 0.0), loop.samples)
    down = mixed(loop, wave, 0.0, 0.1)
    at = round(float(loop.beats[1]) * SAMPLE_RATE)
    ratio = down[at : at + 50] / np.where(loop.samples[at : at + 50] == 0, np.nan, loop.samples[at : at + 50])
    assert np.nanmedian(20 * np.log10(ratio)) == pytest.approx(-DUCK_DB, abs=0.1)
    assert np.abs(down).max() <= np.abs(loop.samples).max()


def test_a_kick_is_as_loud_as_its_loop_in_one_channel_and_in_two(offbeat_fit):
    both = np.repeat(offbeat_fit.loop.samples, 2, axis=1)
    stereo = kickitout.fit(both, 1)
    for fit in (offbeat_fit, stereo):
        loop, one = fit.loop, fit.kicks[0]
        hit = 10 ** (one.gain_db / 20) * one.kick.wave[ONSET : ONSET + 17640, None]  # 400 ms
        in_all = np.repeat(hit, loop.samples.shape[1], axis=1)
        assert loudness_of(in_all, SAMPLE_RATE) == pytest.approx(loop.lufs, abs=0.05)
    assert stereo.kicks[0].after_db == pytest.approx(offbeat_fit.kicks[0].after_db, abs=0.01)


def test_mixes_are_equally_loud_and_none_clips():
    rng = np.random.default_rng(0)
    mixes = [0.1 * rng.standard_normal((SAMPLE_RATE, 1)), 3 * rng.standard_normal((SAMPLE_RATE, 2))]
    made = equally_loud([mix.astype(np.float32) for mix in mixes])
    levels = [loudness_of(mix, SAMPLE_RATE) for mix in made]
    assert levels[0] == pytest.approx(levels[1], abs=0.01)
    assert max(np.abs(mix).max() for mix in made) == pytest.approx(0.97, abs=0.001)


def test_the_command_writes_kicks_mixes_and_a_report(tmp_path, capsys):
    loop = write_sound(tmp_path / "loop.wav", render_loop(spec()), SAMPLE_RATE)
    out = tmp_path / "fitted"
    assert code_of(["fit", loop, "-n", "2", "-o", out]) == 0
    said = capsys.readouterr()
    assert len(said.out.splitlines()) == 2
    assert "masking of the bass below 150 Hz" in said.out
    assert "F minor" in said.err
    data = json.loads((out / "fit.json").read_text("utf-8"))
    assert data["key"]["tonic"] == "F"
    names = [one["file"] for one in data["kicks"]]
    assert {path.stem for path in out.glob("*.wav")} == set(names)
    mixes = {path.stem: read_sound(path) for path in (out / "mix").iterdir()}
    assert set(mixes) == {"loop", "unfitted", *names, *(f"{name}_ducked" for name in names)}
    levels = [loudness_of(one.samples, one.rate) for one in mixes.values()]
    assert max(levels) - min(levels) < 0.05
    assert (out / "fit.txt").read_text("utf-8").count("seed") >= 2
    assert code_of(["fit", loop, "-n", "2", "-o", out]) == 2
    assert "exists; force replaces it" in capsys.readouterr().err
    mine = out / "kept.wav"
    mine.write_bytes(b"of somebody else")
    assert code_of(["fit", loop, "-n", "1", "-o", out, "--force"]) == 0
    (one,) = json.loads((out / "fit.json").read_text("utf-8"))["kicks"]
    assert {path.stem for path in out.glob("*.wav")} == {one["file"], "kept"}  # none of a larger earlier fit
    assert {path.stem for path in (out / "mix").iterdir()} == {"loop", "unfitted", one["file"], f"{one['file']}_ducked"}


def test_a_planted_report_of_an_earlier_fit_removes_nothing_of_others(offbeat_fit, tmp_path):
    out = tmp_path / "fitted"
    out.mkdir()
    others = [tmp_path / "01_seed1.wav", out / "mine.wav"]
    for path in others:
        path.write_bytes(b"x")
    for planted in ('{"kicks": [{"file": "../01_seed1"}, {"file": "mine"}]}', "[" * 5000, '{"kicks": 3}'):
        (out / "fit.json").write_text(planted)
        kickitout.write_fit(offbeat_fit, out, force=True)
        assert all(path.read_bytes() == b"x" for path in others)


@pytest.mark.parametrize(("rings", "until"), [(300.0, 80.0), (math.nan, 80.0), (50.0, 80.0)])
def test_a_long_kick_is_compared_as_it_will_ring(rings, until):
    t = np.arange(22_050) / SAMPLE_RATE
    wave = np.sin(2 * np.pi * 50 * t) * (1.0 if math.isnan(rings) else 10 ** (-1000 * t / rings))
    made = shortened(wave, rings, until)
    if rings < until:
        assert np.array_equal(made, wave)
        return
    at = ONSET + round(until / 1000 * SAMPLE_RATE)
    period = SAMPLE_RATE // 50
    fall = 20 * np.log10(np.abs(made[ONSET : ONSET + period]).max() / np.abs(made[at : at + period]).max())
    assert fall == pytest.approx(20, abs=0.5)


@pytest.mark.parametrize("share", [0.25, 0.5, 0.75])
def test_the_low_end_is_free_until_the_bass_begins(share):
    """At most a frame of 10 ms too short, and never longer."""
    beat, t = 0.5, np.arange(8 * 22_050) / SAMPLE_RATE
    since = t % beat - share * beat
    bass = 0.5 * np.sin(2 * np.pi * 55 * t) * np.clip(since / 0.004, 0, 1) * (since < 0.1)
    room = find_room(read_loop(bass.astype(np.float32), SAMPLE_RATE, Given.of("A", 120)))
    assert 1000 * share * beat - 10 < room.free_ms <= 1000 * share * beat


def test_of_a_model_whose_kicks_have_no_pitch_as_many_are_given(offbeat_fit, monkeypatch):
    model, seeds = kickitout.load_model(), range(64)
    without = SimpleNamespace(values={"pitch_end_hz": np.full(16, np.nan), "decay_t20_ms": np.full(16, np.nan)})
    monkeypatch.setattr(search, "cards", lambda *_, **__: without)
    fitter = Fitter(offbeat_fit.loop, offbeat_fit.room, model)
    assert offbeat_fit.loop.tonic is not None
    assert fitter._pairs(seeds, pool_of(model, seeds), np.arange(64), 3, 3)[:3] == [(0, None), (1, None), (2, None)]


# -- what cannot be fitted --------------------------------------------------------------------------------------------

BAD = {
    "silent": (np.zeros(2 * SAMPLE_RATE), "silent"),
    "quiet": (0.0011 * np.sin(np.arange(2 * SAMPLE_RATE) / 300), "too quiet to fit a kick to: below -70 LUFS"),
    "short": (0.5 * np.sin(np.arange(8820) / 20), "0.2 s long; a loop of 1 s or more works"),
    "long": (0.1 * np.sin(np.arange(121 * 8000) / 20), "min long; at most 120 s are read: cut it first"),
    "NaN": (np.full(2 * SAMPLE_RATE, np.nan), "NaN or infinite"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_loop_that_cannot_be_fitted_is_one_sentence(kind, tmp_path, capsys):
    wave, said = BAD[kind]
    rate = 8000 if kind == "long" else SAMPLE_RATE
    with pytest.raises(UserError, match=said.split(";")[0]):
        kickitout.fit(wave, 1, rate=rate)
    if kind != "NaN":
        path = write_sound(tmp_path / "loop.wav", wave, rate)
        assert code_of(["fit", path, "-o", tmp_path / "out"]) == 2
        assert f"{path}: " in (err := capsys.readouterr().err)
        assert said.split("min long")[-1] in err
        assert len(err.splitlines()) == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("head", "said"), [
    (b"\x1a\x45\xdf\xa3", "a video"), (b"RIFF\x00\x10\x00\x00AVI LIST", "a video"), (b"\0\0\0\x20ftypisom", "AAC"),
])  # fmt: skip
def test_a_video_is_refused_in_a_sentence(head, said, tmp_path, capsys):
    path = tmp_path / "clip.mkv"
    path.write_bytes(head + bytes(4000))
    assert code_of(["fit", path]) == 2
    assert said in (err := capsys.readouterr().err)
    assert len(err.splitlines()) == 1


def test_a_number_of_kicks_and_samples_that_make_no_sense_are_refused():
    with pytest.raises(UserError, match="n=0: 1 to 64"):
        kickitout.fit(np.ones(SAMPLE_RATE), 0)
    with pytest.raises(UserError, match=r"a loop is float samples"):
        kickitout.fit(np.ones(SAMPLE_RATE, int))
