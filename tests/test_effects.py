"""The effects: what is asked for is what the kick card then reads, and nothing else breaks."""

import numpy as np
import pytest

from kickitout.augmentation.effects import (
    EFFECT_LIMITS,
    add_layer,
    balance,
    clip,
    cut,
    equalise,
    floor_noise,
    hiss,
    room,
    soften,
    sweep,
    trim,
)
from kickitout.augmentation.shape import aligned
from kickitout.descriptors import card
from kickitout.errors import UserError
from kickitout.sound import LENGTH, ONSET, PEAK, SAMPLE_RATE
from kickitout.synthesis.parameters import OFF_DB, KickParameters
from kickitout.synthesis.procedural import render_kick, synthesise

pytestmark = pytest.mark.light

STEADY = KickParameters(pitch_start_hz=60, pitch_end_hz=60, decay_ms=400)
CLICKY = KickParameters(
    pitch_start_hz=160, pitch_end_hz=52, sweep_ms=30, decay_ms=300, click_level_db=-22, click_ms=8, seed=1
)

EVERY = {
    "swept": lambda x: sweep(x, 12, 80),
    "flattened": lambda x: sweep(x, -4, 60),
    "softened": lambda x: soften(x, 8),
    "thin": lambda x: equalise(x, low_db=-12),
    "scooped": lambda x: equalise(x, mid_db=-9),
    "bright": lambda x: equalise(x, high_db=6),
    "dull": lambda x: equalise(x, high_db=-40),
    "balanced": lambda x: balance(x, 0.2),
    "hissing": lambda x: add_layer(x, hiss(1, 300, -3, 500, 9000), -20, 1.0),
    "in a room": lambda x: room(x, -10, 400, -4, 1),
    "on tape": lambda x: floor_noise(x, -70, -3, 1),
    "cut": lambda x: cut(x, 200, 20),
    "clipped": lambda x: clip(x, 2),
    "trimmed": lambda x: trim(x, -40, 5),
}
NEUTRAL = {
    "sweep": lambda x: sweep(x, 0, 80),
    "soften": lambda x: soften(x, 0),
    "equalise": lambda x: equalise(x),
    "add_layer": lambda x: add_layer(x, hiss(1, 300, -3), OFF_DB),
    "room": lambda x: room(x, OFF_DB, 400, -4, 1),
    "cut": lambda x: cut(x, 500, 20),
    "clip": lambda x: clip(x, 0),
    "trim": lambda x: trim(x, OFF_DB, 5),
}


@pytest.fixture(scope="module")
def kicks():
    return synthesise(range(12))[0]


def power(wave: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.fft.rfftfreq(LENGTH, 1 / SAMPLE_RATE), np.abs(np.fft.rfft(wave.astype(np.float64))) ** 2


def gain_db(before: np.ndarray, after: np.ndarray, hz: float) -> float:
    """Of the third octave around hz."""
    freqs, a = power(before)
    band = (freqs >= hz * 2 ** (-1 / 6)) & (freqs < hz * 2 ** (1 / 6))
    return 10 * np.log10(power(after)[1][band].sum() / a[band].sum())


# ------------------------------------------------------------------------------------------------- what all must keep


@pytest.mark.parametrize("change", EVERY)
def test_a_change_keeps_onset_peak_length_and_silent_ends(kicks, change):
    for wave in kicks:
        out = EVERY[change](wave)
        assert out.dtype == np.float32
        assert out.shape == (LENGTH,)
        assert np.abs(out).max() == pytest.approx(PEAK, abs=1e-6)
        assert abs(int(np.argmax(np.abs(out) >= 0.01 * PEAK)) - ONSET) <= 32  # 0.7 ms; a fade-in hides more
        assert np.abs(out[-3:]).max() < 1e-3
        assert np.square(out[: ONSET - 32]).sum() < 1e-6 * np.square(out).sum()


@pytest.mark.parametrize("change", NEUTRAL)
def test_a_neutral_setting_gives_the_wave_back(kicks, change):
    for wave in kicks[:4]:
        np.testing.assert_allclose(NEUTRAL[change](wave), wave, atol=2e-6)


@pytest.mark.parametrize("change", EVERY)
def test_a_change_is_the_same_every_time_and_leaves_its_input(change):
    kick = render_kick(CLICKY)
    before = kick.copy()
    first, second = EVERY[change](kick), EVERY[change](kick)
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(kick, before)
    assert np.abs(first - before).max() > 1e-4


# ------------------------------------------------------------------------------------------------------ closed forms


@pytest.mark.parametrize(("semitones", "ms"), [(7, 80), (12, 120), (12, 200)])
def test_a_sweep_on_a_steady_tone_is_the_exponential_that_was_asked_for(semitones, ms):
    swept = card(sweep(render_kick(STEADY), semitones, ms))
    a = 2 ** (semitones / 12) - 1
    # The card reads the pitch 10 ms after the onset from crossings that lie up to two periods apart: 5 %.
    assert swept["pitch_start_hz"] == pytest.approx(60 * (1 + a * 10 ** (-10 / ms)), rel=0.05)
    if ms <= 80:  # a slower one is not yet at rest in the second half of 270 ms
        assert swept["pitch_end_hz"] == pytest.approx(60, rel=0.02)


def test_a_sweep_leaves_the_top_where_it_is():
    kick = render_kick(CLICKY)
    swept = sweep(kick, 12, 80)
    top = [np.fft.irfft(np.where(power(x)[0] > 3000, np.fft.rfft(x), 0), LENGTH) for x in (kick, swept)]
    early = slice(ONSET, ONSET + 441)
    assert np.corrcoef(top[0][early], top[1][early])[0, 1] > 0.99


def test_an_equaliser_has_its_gain_inside_its_bands_half_of_it_at_the_corners_and_none_outside():
    rng = np.random.default_rng(0)
    kick = render_kick(CLICKY)
    noise = kick + (rng.standard_normal(LENGTH) * np.exp(-np.arange(LENGTH) / 3000) * 0.3).astype(np.float32)
    noise[:ONSET] = 0
    out = equalise(noise, low_db=-12, low_hz=200)
    settled = gain_db(noise, out, 4000)  # the peak was normalised
    assert gain_db(noise, out, 50) - settled == pytest.approx(-12, abs=0.6)
    assert gain_db(noise, out, 200) - settled == pytest.approx(-6, abs=0.6)
    out = equalise(noise, mid_db=-9, mid_hz=1000)
    settled = gain_db(noise, out, 16_000)
    assert gain_db(noise, out, 1000) - settled == pytest.approx(-9, abs=0.6)  # the bell is a third of an octave wide
    assert gain_db(noise, out, 60) - settled == pytest.approx(0, abs=0.3)
    out = equalise(noise, high_db=6, high_hz=2000)
    settled = gain_db(noise, out, 100)
    assert gain_db(noise, out, 12_000) - settled == pytest.approx(6, abs=0.6)
    assert gain_db(noise, out, 2000) - settled == pytest.approx(3, abs=0.6)


@pytest.mark.parametrize("share", [0.1, 0.25, 0.4])
def test_a_balance_gives_the_share_of_sub_that_was_asked_for(share):
    kick = render_kick(KickParameters(pitch_start_hz=120, pitch_end_hz=48, sweep_ms=60, decay_ms=350))
    assert card(balance(kick, share, most_db=24))["sub_share"] == pytest.approx(share, abs=0.02)


def test_a_balance_goes_no_further_than_it_may():
    kick = render_kick(KickParameters(pitch_start_hz=45, pitch_end_hz=45, decay_ms=400))
    assert card(balance(kick, 0.0, most_db=3.0))["sub_share"] > 0.9


def test_a_balance_that_lifts_the_sub_lifts_no_offset():
    time = np.arange(LENGTH - ONSET) / SAMPLE_RATE
    kick = render_kick(KickParameters(pitch_start_hz=120, pitch_end_hz=62, sweep_ms=60, decay_ms=350))
    kick[ONSET:] += (0.02 * np.exp(-time / 0.1)).astype(np.float32)  # a thump that is no oscillation
    assert abs(card(balance(kick, 0.5))["dc"]) < abs(card(kick)["dc"])


def test_a_softened_attack_rises_later_and_the_body_stays():
    kick = render_kick(CLICKY)
    assert card(soften(kick, 12))["attack_ms"] > card(kick)["attack_ms"] + 2
    assert card(soften(kick, 12))["pitch_end_hz"] == pytest.approx(card(kick)["pitch_end_hz"], rel=0.01)
    assert card(soften(kick, 12))["click_level_db"] < card(kick)["click_level_db"] - 3


@pytest.mark.parametrize("level_db", [-30.0, -20.0])
def test_a_layer_is_as_loud_as_asked(level_db):
    kick = render_kick(STEADY)
    found = card(add_layer(kick, hiss(3, 40, 0, 4000), level_db))
    assert found["click_level_db"] == pytest.approx(level_db, abs=0.7)  # a tenth of it is below 2 kHz or behind 20 ms
    assert found["click_flatness"] == pytest.approx(0.56, abs=0.12)  # noise
    assert found["click_ms"] == pytest.approx(40 / 6, abs=2)  # 90 % of the energy of 10^(-6 t / 40 ms)


def test_a_room_adds_its_energy_late_and_makes_a_decay_less_straight():
    kick = render_kick(CLICKY)
    wet = room(kick, -6, 500, -3, 2)
    scale = np.dot(wet[ONSET : ONSET + 110], kick[ONSET : ONSET + 110]) / np.square(kick[ONSET : ONSET + 110]).sum()
    added = wet / scale - kick  # dry before the first echo at 2.5 ms
    assert 10 * np.log10(np.square(added).sum() / np.square(kick).sum()) == pytest.approx(-6, abs=0.7)
    assert card(wet)["monotony"] < card(kick)["monotony"]
    assert not np.array_equal(wet, room(kick, -6, 500, -3, 3))


@pytest.mark.parametrize("level_db", [-60.0, -72.0])
def test_a_noise_floor_is_what_the_card_finds_in_the_tail(level_db):
    found = card(floor_noise(render_kick(STEADY), level_db, -3, 4))
    assert found["tail_noise_db"] == pytest.approx(level_db, abs=1.0)  # 46 ms of noise scatter by some tenths


def test_a_noise_floor_ends_with_the_sound():
    short = cut(render_kick(STEADY), 200, 10)
    assert not floor_noise(short, -60, -3, 4)[ONSET + round(0.2 * SAMPLE_RATE) :].any()


def test_a_file_trimmed_to_the_hit_has_no_noise_before_it():
    trimmed, whole = (floor_noise(render_kick(STEADY), -60, -3, 4, trimmed) for trimmed in (True, False))
    assert card(trimmed)["pre_echo_db"] < card(whole)["pre_echo_db"] - 10
    np.testing.assert_allclose(trimmed[ONSET:], whole[ONSET:], atol=1e-6)


def test_a_cut_ends_the_sound_without_a_step():
    out = cut(render_kick(STEADY), 200, 20)
    end = ONSET + round(0.2 * SAMPLE_RATE)
    assert not out[end:].any()
    assert np.abs(out[end - 441 : end]).max() > 0
    assert np.abs(np.diff(out)).max() <= 1.05 * np.abs(np.diff(render_kick(STEADY))).max()


def test_a_clip_is_counted_and_lowers_the_crest_by_what_was_cut_off():
    kick = render_kick(STEADY)
    assert card(clip(kick, 3))["clipped"] > 0
    assert card(kick)["clipped"] == 0
    lost = card(kick)["crest_db"] - card(clip(kick, 3))["crest_db"]
    assert 1.5 < lost <= 3.0  # 3 dB of the peak, less what the mean square loses


def test_alignment_brings_the_onset_back():
    kick = render_kick(CLICKY)
    first = int(np.argmax(np.abs(kick) >= 0.01 * PEAK))
    for shift in (-20, 0, 37):
        moved = np.roll(kick, shift)
        np.testing.assert_allclose(aligned(moved)[ONSET:-100], kick[first : LENGTH - 100 + first - ONSET], atol=1e-6)


# ------------------------------------------------------------------------------------------------------- bad settings


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda x: sweep(x, 60, 80), "sweep_semitones=60.*-12 to 36 semitones"),
        (lambda x: soften(x, -1), "soften_ms=-1"),
        (lambda x: equalise(x, low_db=99), "low_db=99"),
        (lambda x: balance(x, 1.5), "sub_share=1.5"),
        (lambda x: add_layer(x, x[:100], 40), "layer_db=40"),
        (lambda x: room(x, -10, 1, -3, 0), "room_ms=1"),
        (lambda x: floor_noise(x, -70, -3, -1), "seed=-1"),
        (lambda x: floor_noise(x, True, -3, 1), "floor_db=True"),
        (lambda x: cut(x, 100, 200), "fade_ms=200"),
        (lambda x: clip(x[:9], 1), "one prepared kick"),
        (lambda x: hiss(1, 100, -3, 1), "noise_low_hz=1"),
    ],
)
def test_a_wrong_setting_is_named_with_what_works(kicks, call, says):
    with pytest.raises(UserError, match=says):
        call(kicks[0])


def test_every_limit_is_a_range():
    assert all(low < high for low, high, _ in EFFECT_LIMITS.values())


def test_a_trim_ends_the_sound_where_it_has_sunk_to_the_level():
    kick = render_kick(STEADY)
    out = trim(kick, -40, 4)
    last = LENGTH - int(np.argmax(np.abs(kick[::-1]) >= 0.01 * PEAK))
    np.testing.assert_allclose(out[: last - 300], kick[: last - 300], atol=2e-3)  # the mean that the tail had
    assert not out[last + round(0.004 * SAMPLE_RATE) :].any()
    before, after = card(kick), card(out)
    assert after["decay_t20_ms"] == pytest.approx(before["decay_t20_ms"], abs=1)
    assert np.isnan(after["decay_t60_ms"])  # it ends first
    assert after["stop_db"] < 30 < card(trim(kick, -15, 4))["stop_db"]
