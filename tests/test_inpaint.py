"""Kicks that keep the click or the body of another, and kicks between kicks: what a band-pass says of them."""

from __future__ import annotations

import json

import numpy as np
import pytest

import kickitout
from kickitout.audio import read_comment, read_sound, write_sound
from kickitout.cli import main
from kickitout.descriptors import cards
from kickitout.errors import UserError
from kickitout.generation.inpaint import click_of, joined
from kickitout.generation.invert import EncoderSession, find_encoder, invert_wave
from kickitout.generation.model import Played
from kickitout.generation.noise import normal
from kickitout.generation.recipe import latent_of
from kickitout.generation.vary import interpolate, variations
from kickitout.sound import ONSET, SAMPLE_RATE
from kickitout.synthesis.procedural import synthesise

pytestmark = pytest.mark.decides

CLICK = slice(ONSET - 44, ONSET + 661)  # 1 ms before the onset to 15 ms after it
BODY = slice(ONSET + 882, None)  # from 20 ms on


def band(x, low, high, size=32_768):
    """x [..., T] between two frequencies, with slopes of a fifth."""
    hz = np.fft.rfftfreq(size, 1 / SAMPLE_RATE)
    rise = np.clip((hz / max(low, 1e-3) - 0.8) / 0.2, 0, 1) if low else 1.0
    return np.fft.irfft(np.fft.rfft(x, size) * rise * np.clip((1.2 - hz / high) / 0.2, 0, 1), size)[..., : x.shape[-1]]


def db(x):
    return 10 * np.log10(np.mean(np.square(x), axis=-1) + 1e-12)


@pytest.fixture(scope="module")
def mine():
    """A rendered kick with a click that can be heard."""
    waves, _ = synthesise(range(24))
    return waves[int(np.argmax(cards(waves)["click_level_db"]))]


@pytest.fixture(scope="module")
def place(model, mine):
    return invert_wave(model, EncoderSession(find_encoder("default")), mine, rounds=0).latent


def inpaint(model, latent, wave, seeds, keep):
    return [joined(wave, made, keep) for made in variations(model, latent, seeds, 1.0)]


def test_click_and_body_of_a_kick_are_the_kick(mine):
    click = click_of(mine[None])
    body = mine - click
    assert np.abs(click + body - mine).max() < 1e-6
    assert db(band(click[0], 0, 100)) < db(band(body[0], 0, 100)) - 40


def test_a_kick_joined_with_itself_is_itself(mine):
    for keep in ("click", "body"):
        found = joined(mine, Played(mine[None].astype(np.float32), np.zeros(3, np.float32)), keep)
        assert found.shift == 0
        assert np.abs(found.wave[0] / found.gain - mine).max() < 1e-6


def test_a_kept_click_is_the_files_and_the_body_is_new_and_whole(model, mine, place):
    found = inpaint(model, place, mine, range(8), "click")
    click = band(mine, 2500, 16_000)[CLICK]
    for one in found:
        there = band(one.wave[0] / one.gain, 2500, 16_000)[CLICK]
        assert db(there - click) < db(click) - 25
        new, body = (band(x, 0, 250)[BODY] for x in (one.made.wave[0], one.wave[0] / one.gain))
        assert abs(db(body) - db(new)) < 0.5  # nothing of the old body is left to cancel it
    pitch = cards(np.stack([mine, *(one.wave[0] for one in found)]))["pitch_end_hz"]
    cents = 1200 * np.log2(pitch[1:] / pitch[0])
    assert np.nanmedian(np.abs(cents)) > 50
    assert np.nanstd(cents) > 50


def test_a_kept_body_is_the_files_and_the_click_is_new(model, mine, place):
    found = inpaint(model, place, mine, range(8), "body")
    body, click = band(mine, 0, 250)[BODY], band(mine, 2500, 16_000)[CLICK]
    for one in found:
        assert db(band(one.wave[0] / one.gain, 0, 250)[BODY] - body) < db(body) - 30
    clicks = [band(one.wave[0] / one.gain, 2500, 16_000)[CLICK] for one in found]
    assert np.median([db(x - click) - db(click) for x in clicks]) > -10


def test_parts_are_moved_to_run_together_where_one_hands_over_to_the_other(mine):
    late = Played(np.pad(mine, (12, 0))[None, : len(mine)].astype(np.float32), np.zeros(3, np.float32))
    found = joined(mine, late, "click")
    assert found.shift == -12
    assert np.abs(found.wave[0] / found.gain - mine)[:-200].max() < 1e-5


def test_the_same_seed_gives_the_same_sound_alone(model, mine, place):
    together, alone = inpaint(model, place, mine, range(4), "click"), inpaint(model, place, mine, [2], "click")
    assert np.array_equal(together[2].wave, alone[0].wave)


def test_the_command_keeps_a_part_and_its_files_can_be_rendered_again(model, mine, tmp_path, capsys):
    sound = tmp_path / "mine.wav"
    write_sound(sound, mine, SAMPLE_RATE, bits="24")
    assert main(["vary", str(sound), "--keep", "click", "-n", "2", "-o", str(tmp_path / "v")]) == 0
    made = tmp_path / "v" / "mine_keep_click_000001.wav"
    recipe = json.loads(read_comment(made))
    assert recipe["keep"] == "click"
    assert recipe["source"]["file"] == "mine.wav"
    assert latent_of(read_comment(made), model) is None
    again = ["recipe", str(made), "--render", str(tmp_path / "again.wav")]
    capsys.readouterr()
    assert main(again) == 2
    assert "keeps the click of mine.wav; give that file as the source" in capsys.readouterr().err
    assert main([*again, "--source", str(made)]) == 2
    assert "another mine.wav" in capsys.readouterr().err
    assert main([*again, "--source", str(sound)]) == 0
    assert np.array_equal(read_sound(made).samples, read_sound(tmp_path / "again.wav").samples)
    with pytest.raises(UserError, match="from 0"):
        kickitout.inpaint(mine, [0], "body", amount=9)


def test_half_way_between_two_kicks_no_body_cancels_and_nothing_clicks(model):
    places = [model.render(normal([seed], model.info.noise_size)).latent for seed in range(200, 280)]
    ways = [
        [step.wave[0] for step in interpolate(model, a, b, 3)] for a, b in zip(places[::2], places[1::2], strict=True)
    ]
    waves = np.array(ways)  # [40, 3, T]
    body = db(band(waves, 0, 250))
    lost = (body[:, 0] + body[:, 2]) / 2 - body[:, 1]
    assert np.mean(lost <= 1.5) >= 0.9
    assert lost.max() <= 4.5  # two sines in opposite phase would lose everything
    assert np.median(np.abs(lost)) <= 1.5
    later = db(band(waves, 2500, 16_000)[:, :, ONSET + 2205 :])  # from 50 ms on: where no click belongs
    assert np.mean(later[:, 1] <= later[:, [0, 2]].max(axis=1) + 3) >= 0.95


def test_a_part_of_a_kick_that_rings_on_is_kept_as_long_as_it_rings(tmp_path):
    kicks = kickitout.generate_kicks(range(64), length_s=3.0)
    (long,) = kickitout.write_kicks([max(kicks, key=lambda kick: kick.channels.shape[1])], tmp_path)
    rings = len(read_sound(long).samples)
    assert rings > SAMPLE_RATE
    for keep in ("body", "click"):
        (kick,) = kickitout.inpaint(long, [0], keep=keep)
        assert kick.recipe["length_s"] == 3.0
        assert kick.wave.shape[-1] > SAMPLE_RATE
        assert kickitout.inpaint(kickitout.invert(long), [0], keep=keep)[0].recipe["length_s"] == 3.0
        (short,) = kickitout.inpaint(long, [0], keep=keep, length_s=0.5)
        assert short.wave.shape[-1] == SAMPLE_RATE // 2


def test_a_part_that_is_none_is_refused_before_anything_is_made():
    with pytest.raises(UserError, match="keep='foo': click or body"):
        kickitout.inpaint(kickitout.generate([7])[0], [0], keep="foo")


def test_samples_are_taken_in_the_forms_that_the_library_gives_and_others_are_refused_in_a_sentence():
    (kick,) = kickitout.generate_kicks([7])
    whole = kickitout.vary(kick.wave, [0], 0.1)[0].wave
    assert np.abs(kickitout.inpaint(kick, [0])[0].wave - kickitout.inpaint(kick.wave, [0])[0].wave).max() == 0
    assert kickitout.invert(kick).after == kickitout.invert(kick.wave).after
    short = kickitout.vary(kick.wave[:20_000], [0], 0.1)[0].wave  # with silence behind it
    assert np.corrcoef(short, whole)[0, 1] > 0.9
    samples = {
        "a kick is": [kick.wave[:0], np.stack([kick.wave, kick.wave], axis=1), np.zeros((3, 22_050), np.float32)],
        "floating-point": [(32_767 * kick.wave).astype(np.int16), np.full(22_050, np.nan, np.float32)],
    }
    for said, waves in samples.items():
        for wave in waves:
            with pytest.raises(UserError, match=said):
                kickitout.vary(wave, [0])


def test_what_is_no_number_is_refused_in_a_sentence():
    for wrong in (lambda: kickitout.generate(7), lambda: kickitout.generate([7], length_s="2s"),
                  lambda: kickitout.match([0], {"pitch": "F1"})):  # fmt: skip
        with pytest.raises(UserError, match=r"give a list|length '2s'|'F1': from"):
            wrong()
