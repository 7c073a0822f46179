"""From a sound to its place in the model in the package; around it, and from one place to another."""

from __future__ import annotations

import re

import numpy as np
import pytest

import kickitout
from kickitout.audio import read_comment, read_sound, write_sound
from kickitout.cli import main
from kickitout.descriptors import card
from kickitout.errors import UserError
from kickitout.generation.curves import Curves
from kickitout.generation.invert import (
    FLOOR_DB,
    EncoderSession,
    Inversion,
    _distance,
    _spectra,
    find_encoder,
    invert_wave,
    nearness,
)
from kickitout.generation.load import load_model
from kickitout.generation.noise import normal
from kickitout.generation.recipe import find_latent
from kickitout.generation.vary import blend, interpolate, variations
from kickitout.identity import is_identity
from kickitout.sound import SAMPLE_RATE
from kickitout.synthesis.procedural import synthesise

pytestmark = pytest.mark.decides


@pytest.fixture(scope="module")
def encoder():
    return EncoderSession(find_encoder("default"))


@pytest.fixture(scope="module")
def kicks():
    return synthesise(range(6))[0]


def place(model, seed):
    return model.render(normal([seed], model.info.noise_size)).latent


def test_inversion_comes_nearer_and_is_the_same_each_time(model, encoder, kicks):
    first, second = (invert_wave(model, encoder, kicks[0], rounds=1) for _ in range(2))
    assert np.array_equal(first.latent, second.latent)
    assert first.after <= first.before
    assert invert_wave(model, encoder, kicks[0], rounds=0).after >= first.after


def test_the_last_bit_of_a_kick_moves_its_latent_by_a_hair_and_its_noise_code_not_at_all(model, encoder, kicks):
    """The grain is drawn by the identity of the file: what another processor decodes or prepares is the same kick."""
    grain, nudged = model.info.noise_codes, np.nextafter(kicks[0], np.float32(2))
    assert grain > 0
    first, other = (
        invert_wave(model, encoder, kick, rounds=1, identity="a kick").latent for kick in (kicks[0], nudged)
    )
    assert np.array_equal(first[-grain:], other[-grain:])
    np.testing.assert_allclose(other, first, atol=0.02)  # deviations; 0.006 of six kicks, and 4 where it drew the grain
    renamed = invert_wave(model, encoder, kicks[0], rounds=0, identity="another").latent
    assert np.abs(renamed[-grain:] - first[-grain:]).max() > 0.5


def test_a_new_tag_or_another_lossless_container_is_heard_as_the_same_kick(model, kicks, tmp_path, monkeypatch):
    asked = []

    def noted(_, __, wave, identity=""):
        asked.append((wave.tobytes(), identity))
        return Inversion(np.zeros(model.info.latent_size, np.float32), 1.0, 1.0)

    monkeypatch.setattr("kickitout.generation.recipe.invert_wave", noted)
    for name, bits, comment in (("a.wav", "16", None), ("b.wav", "16", "boom"), ("c.flac", "24", None)):
        write_sound(tmp_path / name, np.round(kicks[1] * 32767) / 32768, SAMPLE_RATE, bits=bits, comment=comment)
        find_latent(model, tmp_path / name)
    assert len(asked) == 3
    assert len(set(asked)) == 1
    assert is_identity(asked[0][1])


def test_a_kick_is_reconstructed_more_like_itself_than_like_others(model, encoder, kicks):
    def distance(a, b):
        spectra = [np.log10(np.abs(np.fft.rfft(x.reshape(-1, 1050), axis=1)) + 1e-2) for x in (a, b)]
        return np.abs(spectra[0] - spectra[1]).mean()

    again = [model.render(latent=invert_wave(model, encoder, kick, rounds=1).latent).wave[0] for kick in kicks]
    table = np.array([[distance(kick, made) for made in again] for kick in kicks])
    assert (table.argmin(axis=1) == np.arange(len(kicks))).mean() >= 0.8


def test_how_far_apart_two_kicks_are_is_said_of_what_sounds():
    a, b = np.full((8, 10), FLOOR_DB), np.full((8, 10), FLOOR_DB)
    a[:2], b[1:3] = -20.0, -23.0  # sounds in a alone, in both, in b alone; silent in both
    assert _distance([a], [b]) == pytest.approx((40 + 3 + 37) / 3)
    assert _distance([a], [a]) == 0
    assert _distance([np.full((8, 10), FLOOR_DB)] * 2, [np.full((8, 10), FLOOR_DB)] * 2) == 0


def test_silence_around_two_kicks_does_not_make_them_more_alike(kicks):
    def apart(x, y, after=0):
        return _distance(*(_spectra(np.pad(wave, (0, after))) for wave in (x, y)))

    assert apart(kicks[0], kicks[1], after=44_100) == pytest.approx(apart(kicks[0], kicks[1]), rel=0.02)
    assert apart(kicks[0], kicks[1]) > 5  # of two different kicks
    assert apart(kicks[0], 0.5 * kicks[0]) < 0.01  # the level alone is no difference
    assert "5.2 dB apart on average where either sounds" in nearness(5.24)


def test_no_amount_is_no_change_and_more_is_more(model):
    start = place(model, 5)
    base = model.render(latent=start).wave

    def moved(amount):
        return np.mean([np.abs(v.wave - base).mean() for v in variations(model, start, range(6), amount)])

    assert moved(0.0) == 0
    assert 0 < moved(0.05) < moved(0.3) < moved(1.0)


def test_variations_are_each_of_their_own_seed(model):
    start = place(model, 5)
    together, alone = variations(model, start, range(4), 0.4), variations(model, start, [2], 0.4)
    assert np.array_equal(together[2].wave, alone[0].wave)
    assert not np.array_equal(together[0].wave, together[1].wave)


def test_a_morph_begins_and_ends_with_its_kicks_and_cancels_nothing(model):
    for a, b in ((1, 2), (3, 4), (5, 6)):
        way = interpolate(model, place(model, a), place(model, b), 7)
        assert np.array_equal(way[0].wave, model.render(latent=place(model, a)).wave)
        assert np.array_equal(way[-1].wave, model.render(latent=place(model, b)).wave)
        loud = np.array([card(step.wave[0])["loudness_lufs"] for step in way])
        assert loud.min() > min(loud[0], loud[-1]) - 6  # two bodies in opposite phase would lose far more


def test_the_noise_code_of_the_heaviest_is_kept_and_of_equally_heavy_ones_that_of_the_first(model):
    grain = model.info.noise_codes
    places = [model.render(normal([seed], model.info.noise_size)).latent for seed in (1, 2, 3)]
    for weights, kept in (((1, 2, 2), 1), ((2, 2, 1), 0), ((1, 1, 1), 0), ((0.5, 0.25, 1), 2)):
        found, _ = blend(model, places, weights, [np.zeros(len(model.info.controls))] * 3)
        np.testing.assert_array_equal(found.latent[-grain:], places[kept][-grain:])


def test_amounts_and_counts_that_make_no_sense_are_refused(model):
    start = place(model, 0)
    with pytest.raises(UserError, match="from 0"):
        variations(model, start, [0], 3.0)
    with pytest.raises(UserError, match="two ends"):
        interpolate(model, start, start, 1)


@pytest.mark.once
def test_the_commands_write_kicks_that_can_be_rendered_again(tmp_path, capsys, kicks):
    for i in (0, 1):
        write_sound(tmp_path / f"mine{i}.wav", kicks[i], SAMPLE_RATE, bits="24")
    mine, other = str(tmp_path / "mine0.wav"), str(tmp_path / "mine1.wav")
    assert main(["vary", mine, "-n", "2", "-o", str(tmp_path / "v")]) == 0
    assert main(["morph", mine, other, "-n", "3", "-o", str(tmp_path / "m")]) == 0
    assert sorted(p.name for p in (tmp_path / "m").iterdir()) == [f"mine0_to_mine1_{i:02d}.wav" for i in range(3)]
    made = tmp_path / "v" / "mine0_vary_000001.wav"
    capsys.readouterr()
    assert main(["recipe", str(made), "--render", str(tmp_path / "again.wav")]) == 0
    assert np.array_equal(read_sound(made).samples, read_sound(tmp_path / "again.wav").samples)
    assert main(["vary", str(made), "-n", "1", "-o", str(tmp_path / "vv")]) == 0
    assert "its latent is known" in capsys.readouterr().err


@pytest.mark.once
def test_a_file_with_several_hits_is_varied_and_that_is_said(tmp_path, capsys, kicks):
    one, loop = tmp_path / "one.wav", tmp_path / "loop.wav"
    write_sound(one, kicks[0], SAMPLE_RATE, bits="24")
    write_sound(loop, np.concatenate([kicks[0]] * 4), SAMPLE_RATE, bits="24")
    for path, says in ((one, False), (loop, True)):
        assert main(["vary", str(path), "-n", "1", "-o", str(tmp_path / path.stem)]) == 0
        assert (f"{path}: loop? 4 hits in the file, and a kick is one" in capsys.readouterr().err) == says
    bare = one.rename(tmp_path / "without ending")  # which `kick check` does not read, and a model does
    assert main(["vary", str(bare), "-n", "1", "-o", str(tmp_path / "bare")]) == 0
    assert "?" not in capsys.readouterr().err


@pytest.mark.once
def test_a_morph_says_the_pitch_of_each_kick_and_which_leave_that_of_the_ends(tmp_path, capsys):
    first, last = kickitout.write_kicks(kickitout.generate_kicks([16, 17]), tmp_path / "ends")
    assert main(["morph", str(first), str(last), "-n", "5", "-o", str(tmp_path / "m")]) == 0
    out, err = capsys.readouterr()
    read = [kickitout.card(path)["pitch_end_hz"] for path in sorted((tmp_path / "m").iterdir())]
    assert [float(re.search(r"  ([\d.]+) Hz, [A-G]#?\d$", line)[1]) for line in out.splitlines()] == [
        pytest.approx(hz, abs=0.1) for hz in read
    ]
    room = 2 ** (1 / 12)
    low, high = min(read[0], read[-1]) / room, max(read[0], read[-1]) * room
    far = [f"{i:02d}" for i, hz in enumerate(read) if not low < hz < high]
    assert far  # as these two ends have it
    assert f"the pitch of kicks {', '.join(far)} lies outside that of both ends" in err


@pytest.mark.parametrize(
    "made",
    [
        {"targets": {"pitch": 44.0, "decay": 250.0, "drive": 12.0}},
        {"curves": Curves(pitch=((0, 200), (60, 50), (400, 45)), level=((0, 0), (300, -25)))},
        {"length_s": 2.0},
        {"style": "808", "length_s": 1.0},
    ],
    ids=str,
)
@pytest.mark.once
def test_what_is_varied_and_morphed_from_a_file_of_the_model_begins_as_the_file_is(tmp_path, made):
    """With the targets that it met, the curves that it follows, and as long as it rings."""
    model = load_model()
    first, last = kickitout.write_kicks(kickitout.generate_kicks([4, 38], model, **made), tmp_path)
    for path, found in (
        (first, *kickitout.vary(first, [0], 0, model)),
        (first, kickitout.morph(first, last, 3, model)[0]),
        (last, kickitout.morph(first, last, 3, model)[-1]),
    ):
        assert found.said.startswith("made by this model, so its latent is known")
        if "curves" in made and "morphed" in found.recipe:
            continue  # on the way the curves of none are drawn, for both have their own
        whole, there = read_sound(path).samples[:, 0], found.channels[0]
        assert np.abs(there[: len(whole)] - whole).max() < 1e-5
        assert np.abs(there[len(whole) :]).max(initial=0) < 1e-3
    (other,) = kickitout.vary(first, [1], 0.2, model)
    assert other.recipe.get("length_s", 0.5) == made.get("length_s", 0.5)
    assert np.abs(other.wave[:22050] - read_sound(first).samples[:22050, 0]).max() > 0.01
    assert kickitout.vary(first, [1], 0.2, model, length_s=0.5)[0].wave.shape == (22050,)


def test_a_sound_that_begins_downwards_or_rings_on_is_said_to(tmp_path):
    time = np.arange(44100) / 44100
    wave = np.float32(-0.8 * np.sin(2 * np.pi * 50 * time) * np.exp(-time / 0.4))
    write_sound(tmp_path / "down.wav", wave, SAMPLE_RATE, bits="24")
    said = kickitout.vary(tmp_path / "down.wav", [0])[0].said
    assert said.endswith(
        "; it begins downwards, and was turned over; it rings on after the 500 ms that are heard of it, "
        "as its variations do with a length above that"
    )
    write_sound(tmp_path / "up.wav", -wave[:20000] * np.linspace(1, 0, 20000) ** 3, SAMPLE_RATE, bits="24")
    assert "turned over" not in (up := kickitout.vary(tmp_path / "up.wav", [0], 0.1)[0].said)
    assert "rings on" not in up


@pytest.mark.parametrize(("side", "said"), [(0.3, True), (0.01, False)])
def test_that_a_stereo_sound_becomes_mono_is_said(tmp_path, kicks, side, said):
    mid, noise = kicks[0], normal([1], len(kicks[0]))[0]
    both = mid + side * np.std(mid) / np.std(noise) * np.stack([noise, -noise])
    write_sound(tmp_path / "wide.wav", (0.5 * both).T.astype(np.float32), SAMPLE_RATE, bits="24")
    found = kickitout.vary(tmp_path / "wide.wav", [0], 0.1)[0]
    assert ("it is stereo, and is taken as mono" in found.said) == said
    assert found.wave.shape == (22050,)


@pytest.mark.once
def test_a_kick_that_was_edited_since_is_no_longer_that_of_its_recipe(tmp_path, capsys):
    """An editor keeps the comment: the file says one kick and holds another."""
    assert main(["generate", "--seeds", "2", "-q", "-o", str(tmp_path)]) == 0
    made, edited = tmp_path / "kick_000002.wav", tmp_path / "octave.wav"
    sound = read_sound(made)
    write_sound(edited, sound.samples[::2], SAMPLE_RATE, bits="24", comment=read_comment(made))
    assert main(["vary", str(edited), "-n", "1", "--amount", "0", "-o", str(tmp_path / "v")]) == 0
    assert "changed since this model made it" in capsys.readouterr().err
    (found,) = (tmp_path / "v").iterdir()
    hz = [card(read_sound(path).samples[:, 0])["pitch_end_hz"] for path in (made, found)]
    assert hz[1] / hz[0] == pytest.approx(2, rel=0.01)
    assert main(["recipe", str(edited), "--render", str(tmp_path / "again.wav")]) == 0
    assert "its samples are not those of its recipe" in capsys.readouterr().err
    assert np.array_equal(read_sound(tmp_path / "again.wav").samples, sound.samples)
    assert main(["recipe", str(made), "--render", str(tmp_path / "again.flac")]) == 0
    assert capsys.readouterr().err == ""
    cut = tmp_path / "cut.flac"
    cut.write_bytes((tmp_path / "again.flac").read_bytes()[:-4000])
    assert main(["recipe", str(cut), "--render", str(tmp_path / "whole.wav")]) == 0  # what is damaged is made again
    assert np.array_equal(read_sound(tmp_path / "whole.wav").samples, sound.samples)


@pytest.mark.once
def test_what_is_no_kick_and_a_model_without_an_encoder_are_refused(tmp_path, capsys, kicks):
    silent = tmp_path / "silent.wav"
    write_sound(silent, np.zeros(22050, np.float32), SAMPLE_RATE, bits="24")
    assert main(["vary", str(silent), "-o", str(tmp_path / "v")]) == 2
    assert "silent" in capsys.readouterr().err
    assert not (tmp_path / "v").exists()
    lone = tmp_path / "lone.onnx"
    lone.write_bytes(find_encoder("default").with_name("default.onnx").read_bytes())
    sound = tmp_path / "mine.wav"
    write_sound(sound, kicks[0], SAMPLE_RATE, bits="24")
    assert main(["vary", str(sound), "--model", str(lone), "-o", str(tmp_path / "v")]) == 2
    assert "no encoder beside it" in capsys.readouterr().err
