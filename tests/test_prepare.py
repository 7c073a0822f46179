"""A recorded sound -> the aligned kick: onsets that are known, offsets that are known, signs that do not matter."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from kickitout.audio import Sound, decode_sound
from kickitout.audio.prepare import find_onset, polarity, prepare, resting_offset
from kickitout.errors import UserError
from kickitout.sound import LENGTH, ONSET, PEAK, SAMPLE_RATE

pytestmark = [pytest.mark.light, pytest.mark.decides]

HALF_MS = 0.0005


def sound_of(*channels: np.ndarray, rate: int = SAMPLE_RATE) -> Sound:
    return Sound(np.stack(channels, axis=1).astype(np.float32), rate)


def pre_noise(kind: str, n: int, rate: int, peak: float, db: float) -> np.ndarray:
    """Hiss (RMS) or 50 Hz hum (peak) at db below the kick's peak, all through the file."""
    level = peak * 10 ** (db / 20)
    if kind == "hum":
        return level * np.sin(2 * np.pi * 50 * np.arange(n) / rate + 1.1)
    return level * np.random.default_rng(1).standard_normal(n)


@pytest.mark.parametrize("rate", [8_000, 44_100, 192_000])
@pytest.mark.parametrize("before", [0.0, 0.0005, 0.002, 0.005, 0.02, 0.1, 1.0])
@pytest.mark.parametrize(("kind", "db"), [("hiss", -120), ("hiss", -50), ("hiss", -40), ("hum", -40)])
def test_the_onset_is_found_within_half_a_millisecond(make_kick, rate, before, kind, db):
    x = make_kick(rate, before)
    x = x + pre_noise(kind, len(x), rate, np.abs(x).max(), db)
    assert find_onset(x, rate) / rate == pytest.approx(before, abs=HALF_MS)


@pytest.mark.parametrize("kind", ["hiss", "hum"])
@pytest.mark.parametrize("before", [0.005, 0.02, 0.1, 1.0])
def test_noise_at_minus_30_db_moves_the_onset_by_less_than_half_a_millisecond(make_kick, kind, before):
    x = make_kick(SAMPLE_RATE, before)
    x = x + pre_noise(kind, len(x), SAMPLE_RATE, np.abs(x).max(), -30)
    assert find_onset(x, SAMPLE_RATE) / SAMPLE_RATE == pytest.approx(before, abs=HALF_MS)


def test_an_impulse_is_its_own_onset():
    x = np.zeros(5000, np.float32)
    x[1234] = 1
    assert find_onset(x, SAMPLE_RATE) == 1234


def test_a_file_that_begins_in_the_attack_begins_at_its_onset():
    t = np.arange(8820) / SAMPLE_RATE
    assert find_onset(np.cos(2 * np.pi * 60 * t) * np.exp(-t / 0.1), SAMPLE_RATE) == 0
    assert find_onset(np.exp(-t / 0.05), SAMPLE_RATE) == 0


def test_a_slow_attack_is_found_at_minus_40_db():
    t = np.arange(22_050) / SAMPLE_RATE
    x = np.sin(2 * np.pi * 50 * t) * np.minimum(1, t / 0.01) * np.exp(-t / 0.2)
    crossing = np.argmax(np.abs(x) >= 0.01 * np.abs(x).max()) / SAMPLE_RATE
    assert find_onset(x, SAMPLE_RATE) / SAMPLE_RATE == pytest.approx(crossing, abs=HALF_MS)


def test_the_click_before_a_body_is_the_onset_and_a_stray_tick_is_not(make_kick):
    click = 0.2 * np.exp(-np.arange(200) / 40) * np.random.default_rng(0).choice([-1, 1], 200)
    x = make_kick(before=0.1)
    x[round(0.092 * SAMPLE_RATE) :][:200] += click.astype(np.float32)  # 8 ms before the body
    assert find_onset(x, SAMPLE_RATE) / SAMPLE_RATE == pytest.approx(0.092, abs=HALF_MS)
    x = make_kick(before=0.1)
    x[441] = 0.03  # one sample at -28 dB, 90 ms before
    assert find_onset(x, SAMPLE_RATE) / SAMPLE_RATE == pytest.approx(0.1, abs=HALF_MS)


def test_digital_silence_before_hiss_before_the_kick_is_no_onset(make_kick):
    x = make_kick(before=0.2)
    x[1100:8820] += (0.004 * np.random.default_rng(0).standard_normal(7720)).astype(
        np.float32
    )  # a decoder's delay: 25 ms
    assert find_onset(x, SAMPLE_RATE) / SAMPLE_RATE == pytest.approx(0.2, abs=HALF_MS)


@settings(max_examples=60)
@given(
    rate=st.integers(8_000, 192_000),
    channels=st.integers(1, 8),
    subtype=st.sampled_from(["PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"]),
    gain_db=st.floats(-30, 0),
    sign=st.sampled_from([1, -1]),
    before=st.floats(0, 0.2),
    seconds=st.floats(0.02, 1.0),
    end_hz=st.floats(35, 90),
)
def test_any_format_gives_the_same_shape(make_kick, rate, channels, subtype, gain_db, sign, before, seconds, end_hz):
    x = sign * 10 ** (gain_db / 20) * make_kick(rate, before, seconds, end_hz)
    buffer = io.BytesIO()
    soundfile.write(buffer, np.repeat(x[:, None], channels, axis=1), rate, subtype=subtype, format="WAV")
    sound = decode_sound(buffer.getvalue(), "a.wav")
    kick = prepare(sound)
    assert kick.mid.shape == kick.side.shape == (LENGTH,)
    assert kick.mid.dtype == kick.side.dtype == np.float32
    assert np.isfinite(kick.mid).all()
    assert np.abs(kick.mid).max() == pytest.approx(PEAK, abs=1e-3)
    assert kick.onset_s == pytest.approx(before, abs=HALF_MS)
    assert find_onset(kick.mid, SAMPLE_RATE) == pytest.approx(ONSET, abs=HALF_MS * SAMPLE_RATE)
    again = prepare(Sound(-sound.samples, rate))
    assert again.mid.tobytes() == kick.mid.tobytes()
    assert again.side.tobytes() == kick.side.tobytes()
    assert again.flipped != kick.flipped


def test_the_first_half_wave_of_the_body_is_positive(make_kick):
    kick = prepare(sound_of(-make_kick()))
    assert kick.flipped
    assert kick.mid[ONSET : ONSET + 80].min() > -0.01  # the first half wave of 200 Hz lasts 110 samples
    assert not prepare(sound_of(make_kick())).flipped


def test_a_click_does_not_decide_the_polarity(make_kick):
    x = make_kick(before=0.01)
    x[441:450] = [-0.9, 0.9, -0.9, 0.9, -0.9, 0.9, -0.9, 0.9, -0.9]
    assert polarity(x) == 1
    assert polarity(-x) == -1


def test_a_sound_without_a_body_has_a_polarity_too():
    t = np.arange(LENGTH) / SAMPLE_RATE
    hat = np.sin(2 * np.pi * 8000 * t) * np.exp(-t / 0.02)
    assert polarity(hat) == 1
    assert polarity(-hat) == -1


@pytest.mark.parametrize("offset", [0.05, -0.2])
@pytest.mark.parametrize("before", [0.0, 0.1])
def test_a_constant_offset_is_removed_and_leaves_no_step(make_kick, offset, before):
    x = make_kick(before=before)
    kick, clean = prepare(sound_of(x + offset)), prepare(sound_of(x))
    assert kick.dc == pytest.approx(offset, abs=0.005)  # a kick is lopsided itself, by its area over its length
    assert kick.onset_s == pytest.approx(before, abs=HALF_MS)
    np.testing.assert_allclose(kick.mid, clean.mid, atol=0.02)
    assert np.abs(kick.mid[:32]).max() < 0.01  # nothing before the hit


def test_a_kick_without_an_offset_is_left_alone(make_kick):
    x = make_kick()
    assert resting_offset(x, SAMPLE_RATE) == 0
    assert prepare(sound_of(x)).dc == 0


def test_a_long_sound_is_faded_out_and_a_short_one_padded(make_kick):
    t = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    long = prepare(sound_of(np.sin(2 * np.pi * 50 * t)))
    assert long.cut_s == pytest.approx(2 - (LENGTH - ONSET) / SAMPLE_RATE, abs=HALF_MS)
    assert long.padded_s == 0
    assert abs(long.mid[-1]) < 1e-4
    assert np.abs(long.mid[-900:-441]).max() > 0.9  # the fade begins 10 ms before the end
    short = prepare(sound_of(np.sin(2 * np.pi * 50 * t[:882])))
    assert short.cut_s == 0
    assert short.padded_s == pytest.approx((LENGTH - ONSET - 882) / SAMPLE_RATE, abs=HALF_MS)
    assert not short.mid[ONSET + 882 :].any()
    assert np.abs(np.diff(short.mid)).max() < 0.05  # no step at the end


def test_the_side_is_scaled_with_the_mid(make_kick):
    x = make_kick()
    kick = prepare(sound_of(0.6 * x, 0.2 * x))  # mid 0.4 x, side 0.2 x
    np.testing.assert_allclose(kick.side, kick.mid / 2, atol=1e-6)
    assert kick.peak_db == pytest.approx(20 * np.log10(0.4 * np.abs(x).max()), abs=0.01)


def test_channels_in_anti_phase_still_give_a_kick(make_kick):
    kick = prepare(sound_of(make_kick(), -make_kick()))
    assert kick.cancelled
    np.testing.assert_array_equal(kick.mid, prepare(sound_of(make_kick())).mid)


def test_rates_do_not_change_the_kick(make_kick):
    reference = prepare(sound_of(make_kick(44_100))).mid
    for rate in (22_050, 48_000, 96_000):
        mid = prepare(sound_of(make_kick(rate), rate=rate)).mid
        inside = slice(ONSET + 50, ONSET + 17_000)  # away from the edges that each rate cuts a little differently
        np.testing.assert_allclose(mid[inside], reference[inside], atol=0.03)  # a sample at 200 Hz turns by 0.028


@pytest.mark.parametrize(
    ("samples", "reason"),
    [
        (np.zeros(4410), "silent"),
        (1e-4 * np.sin(np.arange(4410) / 50), "silent: its peak is -80.1 dBFS"),
        (0.9999e-3 * np.sin(np.arange(4410) / 50), "silent: its peak is -60.1 dBFS; above -60 dBFS works"),
        (np.full(4410, 0.5), "a constant"),
        (np.sin(np.arange(400) / 50), "too short: 9.1 ms"),
        (np.zeros(0), "too short: 0.0 ms"),
        (np.array([0.0, np.nan] * 500), "NaN"),
        (np.array([0.0, np.inf] * 500), "NaN or infinite"),
    ],
)
def test_what_is_no_kick_is_refused_with_a_reason(samples, reason):
    with pytest.raises(UserError, match=reason):
        prepare(sound_of(samples))


def test_ultrasound_is_refused():
    t = np.arange(19_200) / 192_000
    with pytest.raises(UserError, match="silent below 22 kHz"):
        prepare(sound_of(0.5 * np.sin(2 * np.pi * 60_000 * t) * np.hanning(len(t)), rate=192_000))
