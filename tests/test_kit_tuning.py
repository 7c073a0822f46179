"""Layers, round robins, shapes and tuning of a kit, on kicks whose answers are known."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from synthetic import swept_kick

import kickitout
from kickitout.audio import write_sound
from kickitout.descriptors import cards
from kickitout.errors import UserError
from kickitout.export.kits.pitching import tune
from kickitout.export.kits.tuning import find_note, parse_note
from kickitout.export.kits.velocity import (
    MOST_LAYERS,
    MOST_ROUND_ROBINS,
    VARY_CENTS,
    VARY_CLICK_DB,
    VARY_DB,
    variation,
    zones,
)
from kickitout.generation.shaping import Shape, colour, gain_db, shape, varispeed
from kickitout.notes import note_name, to_midi
from kickitout.sound import ONSET, SAMPLE_RATE

pytestmark = pytest.mark.light


# layers and round robins


@pytest.mark.parametrize("layers", range(1, MOST_LAYERS + 1))
def test_the_layers_cover_every_velocity_once(layers):
    found = [v for zone in zones(layers) for v in range(zone.low, zone.high + 1)]
    assert found == list(range(1, 128))
    assert [zone.layer for zone in zones(layers)] == list(range(1, layers + 1))
    assert zones(layers)[-1].level_db == zones(layers)[-1].tilt_db == 0


def test_no_two_round_robins_can_turn_the_order_of_two_layers():
    steps = np.diff([zone.level_db for zone in zones(MOST_LAYERS)])
    levels = [variation(k).level_db for k in range(MOST_ROUND_ROBINS)]
    assert steps.min() > max(levels) - min(levels)


def test_round_robins_stay_within_their_bounds_and_apart():
    points = []
    for k in range(MOST_ROUND_ROBINS):
        v = variation(k)
        assert abs(v.cents) <= VARY_CENTS
        assert abs(v.level_db) <= VARY_DB
        assert abs(v.click_db) <= VARY_CLICK_DB
        points.append(np.array([v.cents / VARY_CENTS, v.level_db / VARY_DB, v.click_db / VARY_CLICK_DB]))
    assert not points[0].any()
    apart = min(np.linalg.norm(a - b) for a, b in itertools.combinations(points, 2))
    assert apart > 0.5  # a quarter of a side of the cube; eight points in its corners would be 2 apart


# shaping


def test_a_shape_that_changes_nothing_changes_no_sample():
    wave = swept_kick()[None]
    assert shape(wave, Shape()) is not wave
    np.testing.assert_array_equal(shape(wave, Shape()), wave)


@pytest.mark.parametrize("cents", [-1200.0, -37.0, 4.0, 50.0, 700.0])
def test_resampling_moves_the_pitch_by_the_cents_and_not_the_onset(cents):
    wave = swept_kick(start_hz=80, end_hz=80, click=0, decay_ms=60)[None]  # a click would hide where the body starts
    moved = varispeed(wave, cents)
    before, after = (float(cards(x)["pitch_end_hz"][0]) for x in (wave, moved))
    assert 1200 * math.log2(after / before) == pytest.approx(cents, abs=1)
    for x in (wave, moved):
        onset = int(np.argmax(np.abs(x[0]) > 0.01))
        assert onset == pytest.approx(ONSET, abs=2)  # a hundredth of a sine of 40 to 120 Hz is there in two samples


def test_the_filter_has_the_gain_that_is_written_and_sounds_at_no_time_before_its_input():
    impulse = np.zeros((1, 20_000), np.float32)
    impulse[0, 1000] = 1
    out = colour(impulse, -3.0, 1.5)[0].astype(np.float64)
    assert np.abs(out[:1000]).max() < 1e-6  # a zero-phase filter of that gain would have 1e-2 here
    response = np.fft.rfft(out[1000:])
    hz = np.fft.rfftfreq(19_000, 1 / SAMPLE_RATE)
    band = (hz > 20) & (hz < 20_000)
    gain = 20 * np.log10(np.abs(response[band]))
    assert np.abs(gain - gain_db(hz[band], -3.0, 1.5)).max() < 0.05


def test_the_phase_of_a_round_robin_stays_with_the_kick():
    wave = swept_kick()[None]
    for k in range(1, MOST_ROUND_ROBINS):
        v = variation(k)
        other = shape(wave, Shape(cents=v.cents, click_db=v.click_db, gain_db=v.level_db))[0]
        n = 4410  # 100 ms, in which 4 cents are a degree or two
        a, b = wave[0, :n].astype(np.float64), other[:n].astype(np.float64)
        likeness = a @ b / np.sqrt((a @ a) * (b @ b))
        assert likeness > 0.995, k
        assert np.abs(wave[0] - other[: wave.shape[1]] if len(other) >= wave.shape[1] else 1).max() > 1e-3


# notes


@pytest.mark.parametrize(
    ("text", "midi"),
    [
        ("F1", 29),
        ("f#1", 30),
        ("Gb1", 30),
        ("Bb0", 22),
        ("C2", 36),
        ("A3", 57),
        ("B♭0", 22),
        ("Cb1", 23),
        ("e#1", 29),
        ("F♯1", 30),
    ],
)
def test_notes_are_read_as_people_write_them(text, midi):
    assert parse_note(text).midi_near(0) == midi


def test_a_note_without_octave_is_the_nearest():
    target = parse_note("F")
    assert note_name(target.midi_near(to_midi(44.0))) == "F1"
    assert note_name(target.midi_near(to_midi(80.0))) == "F2"
    assert all(abs(target.midi_near(m) - m) <= 6 for m in range(12, 70))
    assert note_name(parse_note("C").midi_near(to_midi(19.0))) == "C1"  # C0 is no pitch that a card could read


@pytest.mark.parametrize("text", ["", "H1", "F1.5", "F1+20", "F9", "C-1", "C0", "C#0", "60", "F##1"])
def test_what_is_no_note_of_a_kick_is_refused(text):
    with pytest.raises(UserError, match="note "):
        parse_note(text)


def test_a_note_too_far_away_names_the_kick_and_the_way_out():
    with pytest.raises(UserError, match=r"seed 7: its pitch of 50 Hz .* note B takes the nearest"):
        find_note(50.0, parse_note("B4"), "seed 7")


@pytest.mark.parametrize("end_hz", [41.0, 47.3, 52.9, 66.0, 90.0])
@pytest.mark.parametrize("note", [None, "F", "G1"])
def test_a_kick_is_tuned_to_within_a_cent_by_the_card_and_by_its_formula(end_hz, note):
    wave = swept_kick(end_hz=end_hz, sweep_ms=15, decay_ms=120)[None]
    got = tune(wave, parse_note(note) if note else None, "kick")
    assert got.before == pytest.approx(100 * (to_midi(end_hz) - got.note), abs=3)
    assert abs(got.after) <= 1
    true = end_hz * 2 ** (got.cents / 1200)
    assert 100 * (to_midi(true) - got.note) == pytest.approx(0, abs=5)  # the sweep's last rest is in what the card says
    if note == "G1":
        assert got.name == "G1"
    if note is None:
        assert abs(got.before) <= 50


def test_a_short_sound_is_tuned_by_what_the_card_reads_of_its_file(tmp_path):
    """A file is read with silence behind it, which moves the pitch of what ends after a few periods."""
    short = swept_kick(end_hz=52.0)[: round(0.14 * SAMPLE_RATE)]
    short[-200:] *= np.linspace(1, 0, 200, dtype=np.float32)
    found = tune(short[None], None, "short")
    write_sound(tmp_path / "tuned.wav", varispeed(short[None], found.cents)[0], SAMPLE_RATE, bits="24")
    cents = 100 * (to_midi(kickitout.card(tmp_path / "tuned.wav")["pitch_end_hz"]) - found.note)
    assert cents == pytest.approx(found.after, abs=1)


def test_a_sound_without_pitch_stays_as_it_is_and_says_why():
    thud = np.exp(-np.arange(22_050) / 300)[None].astype(np.float32)  # never crosses zero
    got = tune(thud, parse_note("F1"), "thud")
    assert got.note is None
    assert got.cents == 0
    assert "pitch" in got.why
