"""The kick card as a whole: what moves no field, what has no value, batches, threads, curves and print."""

import math

import numpy as np
import pytest
from known_kicks import RATE, TIME, cents, decaying, kick

from kickitout.descriptors import FIELD_NAMES, FIELDS, Cards, card, cards, format_card, level_curve, pitch_curve
from kickitout.descriptors.limits import NOT_LIMITED
from kickitout.errors import UserError
from kickitout.sound import LENGTH, ONSET, PEAK

pytestmark = [pytest.mark.light, pytest.mark.decides]


def test_a_card_has_every_field_once_and_in_order():
    found = card(kick())
    assert list(found) == [field.name for field in FIELDS] == list(FIELD_NAMES)
    assert len(set(FIELD_NAMES)) == len(FIELD_NAMES)
    assert isinstance(found["note"], str)
    assert all(isinstance(found[name], float) for name in FIELD_NAMES if name != "note")


def test_a_card_without_loudness_is_the_same_in_all_that_limits_know():
    waves = np.array([kick(), kick(click=0.2, noise=1e-3)])
    whole, part = cards(waves), cards(waves, loudness=False)
    left_out = {"loudness_lufs", "true_peak_dbtp"}
    assert left_out < set(NOT_LIMITED)
    assert {
        name for name in FIELD_NAMES if not np.array_equal(whole[name].astype(str), part[name].astype(str))
    } == left_out
    assert all(np.array_equal(whole.whys[name], part.whys[name]) for name in FIELD_NAMES)


# Tolerances of the three changes that must not matter, absolute, in the field's unit. Left out, with the reason:
# noise moves what measures a noise floor (pre_echo, tail_noise, comb), hides flat tops (clipped), and is above -60 dB.
STABLE = {
    "pitch_start_hz": 0.2, "pitch_end_hz": 0.05, "cents": 2, "sweep_ms": 0.7, "attack_ms": 0.1, "click_ms": 0.2,
    "click_level_db": 0.1, "click_centroid_hz": 30, "click_flatness": 0.02, "decay_t20_ms": 0.5, "decay_t40_ms": 3,
    "monotony": 0.01, "sub_share": 1e-3, "body_share": 1e-3, "air_share": 1e-3, "loudness_lufs": 0.02,
    "true_peak_dbtp": 0.05, "crest_db": 0.05, "dc": 5e-4, "infra_share": 1e-3,
}  # fmt: skip
QUIET_ONLY = {
    "decay_t60_ms": 0.5, "stop_db": 0.5, "tail_db": 0.3, "pre_echo_db": math.inf, "tail_noise_db": math.inf,
    "comb_db": 0.1, "clipped": 0,
}  # fmt: skip
SOUNDS = [
    {"click": 0.2},
    {"click": 0.1, "start_hz": 300, "end_hz": 45, "sweep_s": 0.02, "decay_s": 0.07},
    {"click": 0.3, "start_hz": 120, "end_hz": 62, "drive": 4},
]


@pytest.mark.parametrize("sound", SOUNDS)
@pytest.mark.parametrize("change", ["noise at -60 dB", "1 dB less", "44.1 to 48 kHz and back", "48 kHz", "polarity"])
def test_what_does_not_matter_moves_no_field(sound, change):
    wave, rate, shift = kick(**sound), RATE, 0.0
    before = card(wave)
    tolerance = STABLE | QUIET_ONLY
    if change == "noise at -60 dB":
        wave, tolerance = wave + 1e-3 * PEAK * np.random.default_rng(7).standard_normal(LENGTH), STABLE
    elif change == "1 dB less":
        wave, shift = wave * 10 ** (-1 / 20), -1.0
    elif change == "polarity":
        wave = -wave
    else:
        soxr = pytest.importorskip("soxr")
        wave, rate = soxr.resample(wave, RATE, 48000, "VHQ"), 48000
        if change == "48 kHz":
            tolerance |= {"comb_db": math.inf}  # other rate, other lines
            tolerance |= {
                "sub_share": 0.005,
                "body_share": 0.005,
                "pitch_start_hz": 0.5,
                "attack_ms": 0.15,
            }  # other bins, other samples
        else:
            wave, rate = soxr.resample(wave, 48000, RATE, "VHQ"), RATE
    after = card(wave, rate)
    assert after["note"] == before["note"]
    for name, tol in tolerance.items():
        moved = after[name] - before[name] - (shift if name in ("loudness_lufs", "true_peak_dbtp") else 0)
        assert math.isnan(before[name]) == math.isnan(after[name]), name
        assert math.isnan(moved) or abs(moved) <= tol, (name, before[name], after[name])


BROKEN = {
    "silence": (np.zeros(LENGTH), "silent"),
    "no samples": (np.zeros(0), "no samples"),
    "a NaN": (np.where(np.arange(LENGTH) == 5, np.nan, 0.1), "NaN"),
    "infinity": (np.where(np.arange(LENGTH) == 5, np.inf, 0.1), "NaN"),
    "almost nothing": (np.full(LENGTH, 1e-42), "silent"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_wave_that_cannot_be_measured_gets_no_value_and_one_reason(name):
    wave, word = BROKEN[name]
    found = cards(wave[None])
    for field in FIELD_NAMES:
        assert word in found.reason(0, field)
        assert found[field][0] == "" or np.isnan(found[field][0])
    assert pitch_curve(wave)[0].size == level_curve(wave)[0].size == 0


ODD = {
    "constant": np.ones(LENGTH),
    "impulse": np.eye(1, LENGTH, 64)[0],
    "impulse at the end": np.eye(1, LENGTH, LENGTH - 1)[0],
    "impulse at the beginning": np.eye(1, LENGTH, 0)[0],
    "one sample": np.ones(1),
    "two samples": np.array([1.0, -1.0]),
    "100 samples": np.sin(np.arange(100.0)),
    "10 ms": decaying(50, 0.1)[:441],
    "noise": np.random.default_rng(0).standard_normal(LENGTH),
    "full scale square": np.sign(np.sin(2 * np.pi * 50.5 * TIME)),
    "nyquist": np.cos(np.pi * np.arange(LENGTH)),
    "very quiet": 1e-9 * decaying(50, 0.1),
    "very loud": 1e9 * decaying(50, 0.1),
    "reversed": decaying(50, 0.1)[::-1].copy(),
    "3 s": np.concatenate([decaying(50, 0.1), np.zeros(5 * LENGTH)]),
}


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_odd_sounds_have_values_or_reasons(name, kind):
    found = cards(ODD[name].astype(kind)[None])
    for field in FIELD_NAMES:
        value = found[field][0]
        absent = value == "" if field == "note" else np.isnan(value)
        assert absent == (found.reason(0, field) is not None), field
        assert absent or field == "note" or np.isfinite(value), field
    pitch_curve(ODD[name])
    level_curve(ODD[name])


def assert_same_bits(found, expected):
    for name in FIELD_NAMES:
        np.testing.assert_array_equal(found[name], expected[name], err_msg=name)
        np.testing.assert_array_equal(found.whys[name], expected.whys[name], err_msg=name)


def test_a_sound_has_the_same_card_alone_and_in_any_batch():
    waves = np.array([kick(100 + 5 * k, 40 + k, 0.02, 0.05 + k / 400, click=0.1, noise=1e-4) for k in range(40)])
    waves[7], waves[20, 3] = 0, np.nan
    waves[11] = kick(3000, 50, 0.01)  # a high sweep, which takes another way
    waves[12], waves[13] = waves[12, ::-1], np.random.default_rng(4).standard_normal(LENGTH)
    waves = waves.astype(np.float32)
    together = cards(waves, threads=1)
    assert_same_bits(Cards.join([cards(wave[None]) for wave in waves]), together)
    assert_same_bits(Cards.join([cards(waves[k : k + 3]) for k in range(0, 40, 3)]), together)
    order = np.random.default_rng(0).permutation(40)
    shuffled = cards(waves[order])
    back = np.argsort(order)
    for name in FIELD_NAMES:
        np.testing.assert_array_equal(shuffled[name][back], together[name], err_msg=name)


def test_the_number_of_threads_changes_no_bit():
    waves = np.array([kick(100 + k, 40 + k / 2, 0.02, 0.06, click=0.1) for k in range(100)], np.float32)
    one = cards(waves, threads=1)
    for threads in (2, 5):
        assert_same_bits(cards(waves, threads=threads), one)


def test_no_waves_no_cards():
    found = cards(np.zeros((0, LENGTH)))
    assert len(found) == 0
    assert list(found) == []


def test_the_curves_are_what_the_card_reads():
    wave = kick(200, 50, 0.03, 0.08)
    seconds, hz = pitch_curve(wave)
    true = 50 + 150 * np.exp(-(seconds - ONSET / RATE) / 0.03)
    sweep = seconds > 0.015
    assert np.abs(cents(hz[sweep], true[sweep])).max() < 60  # a period averages over the curve of the sweep
    assert np.abs(cents(hz, true)[seconds > 0.12]).max() < 5
    seconds, level = level_curve(decaying(50, 0.08))
    true = -20 / math.log(10) * (seconds - ONSET / RATE) / 0.08
    steady = (seconds > 0.03) & (seconds < 0.45)
    assert np.abs(level - true)[steady].max() < 0.3


def test_the_print_names_value_unit_and_reason():
    found = cards(np.stack([kick(click=0.2), np.zeros(LENGTH)]))
    text = format_card(found.row(0), found.reasons(0))
    assert [line.split()[0] for line in text.splitlines()] == list(FIELD_NAMES)
    assert "G1" in text
    assert " Hz" in text
    assert "the wave is silent" in format_card(found.row(1), found.reasons(1))


@pytest.mark.parametrize("rate", [16_000, 40_000, 64_000, 76_800, 96_000, 128_000, 192_000])
def test_any_rate_from_16_khz_on_says_the_same(rate):
    """A step of 17 or 11 samples had no transform of a quick length: the search for one never ended."""
    soxr = pytest.importorskip("soxr")
    there = card(soxr.resample(kick(), RATE, rate, "VHQ"), rate)
    here = card(kick())
    assert there["pitch_end_hz"] == pytest.approx(here["pitch_end_hz"], rel=0.003)
    assert there["decay_t20_ms"] == pytest.approx(here["decay_t20_ms"], rel=0.03)


def test_what_is_slower_than_18_hz_is_no_pitch():
    t = np.arange(RATE) / RATE
    for hz in np.arange(6.0, 24.0, 0.5):
        found = card((np.sin(2 * np.pi * hz * t) * np.exp(-t / 0.2)).astype(np.float32))
        for name in ("pitch_start_hz", "pitch_end_hz"):
            assert not found[name] < 17.8, (hz, name)  # NaN is neither


def test_bad_arguments_are_named():
    with pytest.raises(UserError, match=r"\[n, T\]"):
        cards(kick())
    with pytest.raises(UserError, match="int16"):
        card(np.zeros(100, np.int16))
    with pytest.raises(UserError, match="16000"):
        card(kick(), rate=8000)
