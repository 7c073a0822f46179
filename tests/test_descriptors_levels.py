"""Click, balance, levels and traces of a machine on the kick card, against sounds whose answer is known beforehand."""

import math

import numpy as np
import pytest
from known_kicks import ON, RATE, TIME, decaying, kick

from kickitout.descriptors import card, cards
from kickitout.descriptors.loudness import k_weighting
from kickitout.sound import LENGTH, ONSET

pytestmark = [pytest.mark.light, pytest.mark.decides]


@pytest.mark.parametrize("amplitude", [0.01, 0.03, 0.1, 0.5])
def test_the_click_level_is_within_1_db(amplitude):
    click = amplitude * decaying(6000, 0.003)
    body = 0.9 * ON * np.exp(-np.maximum(TIME, 0) / 0.08) * np.sin(2 * np.pi * 50 * TIME)
    true = 10 * np.log10(np.sum(click**2) / np.sum((body + click) ** 2))
    assert card(body + click)["click_level_db"] == pytest.approx(true, abs=1)


@pytest.mark.parametrize("decay_s", [0.001, 0.003, 0.008])
def test_the_click_lasts_half_ln_10_time_constants(decay_s):
    found = card(decaying(50, 0.08) + 0.3 * decaying(6000, decay_s))
    assert found["click_ms"] == pytest.approx(1000 * decay_s * math.log(10) / 2, rel=0.05, abs=0.1)


@pytest.mark.parametrize("freq_hz", [3000, 5000, 8000, 12000])
def test_the_click_centroid_is_where_the_click_is(freq_hz):
    found = card(decaying(50, 0.08) + 0.2 * decaying(freq_hz, 0.005))
    assert found["click_centroid_hz"] == pytest.approx(freq_hz, rel=0.05)


def test_the_click_is_flat_for_an_impulse_and_not_for_a_tone():
    impulse = decaying(50, 0.08)
    impulse[ONSET + 5] += 0.5
    tone = decaying(50, 0.08) + 0.3 * decaying(6000, 0.05)
    noise = [ON * np.random.default_rng(seed).standard_normal(LENGTH) for seed in range(8)]
    found = cards(np.stack([impulse, tone, *noise]))["click_flatness"]
    assert found[0] > 0.9
    assert found[1] < 0.1
    assert np.mean(found[2:]) == pytest.approx(math.exp(-0.5772), abs=0.03)  # a periodogram is exponential


def test_a_kick_without_a_click_has_no_click_length():
    hump = np.exp(-0.5 * ((TIME - 0.1) / 0.02) ** 2) * np.sin(2 * np.pi * 50 * TIME)
    found = cards(hump[None])
    assert math.isnan(found["click_ms"][0])
    assert math.isnan(found["click_centroid_hz"][0])
    assert "click" in found.reason(0, "click_flatness")


def test_the_shares_are_those_of_the_sines():
    power = {40: 0.4, 120: 0.3, 1000: 0.2, 8000: 0.1}
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(LENGTH) / LENGTH)
    wave = sum(math.sqrt(p) * np.sin(2 * np.pi * hz * TIME) for hz, p in power.items()) * hann
    found = card(wave)
    assert found["sub_share"] == pytest.approx(0.4, abs=0.005)
    assert found["body_share"] == pytest.approx(0.3, abs=0.005)
    assert found["air_share"] == pytest.approx(0.1, abs=0.005)


def test_a_full_scale_sine_at_997_hz_has_minus_3_lufs():
    assert card(np.sin(2 * np.pi * 997 * TIME))["loudness_lufs"] == pytest.approx(-3.01, abs=0.05)
    quiet = 0.1 * np.sin(2 * np.pi * 997 * TIME)
    quiet[LENGTH // 5 :] = 0  # 98.5 of 400 ms
    assert card(quiet)["loudness_lufs"] == pytest.approx(-23.01 + 10 * math.log10(0.1 / 0.4), abs=0.1)


def test_the_k_weighting_is_that_of_the_printed_coefficients():
    # ITU-R BS.1770-5, tables 1 and 2, 48 kHz
    shelf = ([1.53512485958697, -2.69169618940638, 1.19839281085285], [1, -1.69065929318241, 0.73248077421585])
    high_pass = ([1.0, -2.0, 1.0], [1, -1.99004745483398, 0.99007225036621])
    freqs = np.array([20.0, 50, 100, 500, 997, 2000, 5000, 10000, 20000])
    delay = np.exp(-2j * np.pi * freqs / 48000)
    gain = [sum(c * delay**k for k, c in enumerate(part)) for pair in (shelf, high_pass) for part in pair]
    true = np.abs(gain[0] / gain[1] * gain[2] / gain[3])
    np.testing.assert_allclose(np.abs(k_weighting(freqs, 48000)), true, rtol=1e-4)


def test_the_true_peak_stands_between_the_samples():
    wave = np.sin(np.pi / 2 * np.arange(LENGTH) + np.pi / 4)  # every sample is 0.707
    fade = np.minimum(np.minimum(np.arange(LENGTH), np.arange(LENGTH)[::-1]) / 200, 1)
    assert card(wave * fade)["true_peak_dbtp"] == pytest.approx(0, abs=0.1)


def test_the_true_peak_is_that_of_a_resampler():
    soxr = pytest.importorskip("soxr")
    rng = np.random.default_rng(5)
    for cutoff in (200, 2000, 10000):
        bins = np.fft.rfft(rng.standard_normal(LENGTH))
        bins[round(cutoff * LENGTH / RATE) :] = 0
        wave = np.fft.irfft(bins, LENGTH) * np.hanning(LENGTH)
        true = 20 * np.log10(np.abs(soxr.resample(wave, RATE, 4 * RATE, "VHQ")).max())
        assert card(wave)["true_peak_dbtp"] == pytest.approx(true, abs=0.1)


def test_a_sine_has_a_crest_of_3_db_and_silence_behind_it_does_not_count():
    wave = ON * np.sin(2 * np.pi * 100 * TIME)
    assert card(wave)["crest_db"] == pytest.approx(3.01, abs=0.05)
    assert card(np.concatenate([wave, np.zeros(RATE)]))["crest_db"] == pytest.approx(3.01, abs=0.05)


@pytest.mark.parametrize("offset", [-0.02, 0.0, 0.001, 0.05])
def test_dc_is_the_offset_and_not_the_swing(offset):
    assert card(0.9 * decaying(50, 0.1) + offset)["dc"] == pytest.approx(offset, abs=5e-4)


@pytest.mark.parametrize("level_db", [-90, -70, -55])
def test_pre_echo_is_the_energy_before_the_onset(level_db):
    wave = decaying(50, 0.1)
    lead = ONSET - round(0.0005 * RATE)
    echo = 10 ** (level_db / 20) * np.random.default_rng(1).standard_normal(lead)
    wave[:lead] = echo
    true = 10 * np.log10(np.sum(echo**2) / np.sum(wave**2))
    # the wave needs 0.3 ms to rise to 10 %: 9 samples are not looked at
    assert card(wave)["pre_echo_db"] == pytest.approx(true, abs=1.5)
    assert card(decaying(50, 0.1))["pre_echo_db"] == -120


def test_no_lead_no_pre_echo():
    found = cards(decaying(50, 0.1)[None, ONSET:])
    assert math.isnan(found["pre_echo_db"][0])
    assert "begins" in found.reason(0, "pre_echo_db")


@pytest.mark.parametrize("noise_db", [-75, -60, -50])
def test_tail_noise_is_the_hiss_above_4_khz(noise_db):
    noise = 10 ** (noise_db / 20)
    found = cards(np.array([kick(noise=noise, seed=seed) for seed in range(4)]))["tail_noise_db"]
    above = 10 * math.log10(1 - 4000 / (RATE / 2))
    assert np.mean(found) == pytest.approx(noise_db + above, abs=0.7)
    assert card(kick())["tail_noise_db"] < -85


@pytest.mark.parametrize("period", [16, 32, 64, 128, 256])
def test_the_comb_rises_with_the_lines_and_is_near_zero_without(period):
    rng = np.random.default_rng(2)
    hiss = np.exp(-np.maximum(TIME, 0) / 0.1) * ON * rng.standard_normal(LENGTH)
    real = decaying(50, 0.1) + 1e-3 * hiss
    lines = np.zeros(LENGTH)
    lines[::period] = 1  # a train of impulses: lines of equal height at multiples of rate / period
    waves = [real + a * lines * math.sqrt(period) for a in (0, 1e-4, 3e-4, 1e-3, 3e-3)]
    found = cards(np.array(waves))["comb_db"]
    assert abs(found[0]) < 1.5
    assert found[-1] > 8
    assert np.all(np.diff(found[1:]) > 0)
    assert found[1] > found[0] - 0.3


def test_a_distorted_kick_is_not_a_comb():
    waves = [kick(200, hz, 0.03, 0.1, drive=8, noise=1e-4) for hz in (40, 43.0, 50, 55, 86.13)]
    assert cards(np.array(waves))["comb_db"].max() < 2.5


def test_clipped_counts_the_samples_of_flat_tops():
    clean = decaying(50, 0.1)
    flat = np.clip(clean, -0.5, 0.5)
    true = np.sum(np.abs(clean) >= 0.5)
    found = cards(np.stack([clean, flat, np.round(clean * 32767) / 32767, np.tanh(2 * clean)]))["clipped"]
    assert found[0] == found[2] == found[3] == 0  # 16 bits and soft drive are no clipping
    assert found[1] == pytest.approx(true, abs=2 * 25)  # an edge sample on each side of each top


@pytest.mark.parametrize("rate", [96_000, 192_000])
def test_the_crest_of_a_low_tone_is_no_flat_top_at_a_high_rate(rate):
    time = np.arange(rate // 2) / rate
    clean = 0.9 * np.sin(2 * np.pi * 30 * time)
    found = cards(np.stack([clean, np.round(clean * 32767) / 32767, np.clip(clean, -0.5, 0.5)]), rate)["clipped"]
    assert found[0] == found[1] == 0
    assert found[2] == pytest.approx(np.sum(np.abs(clean) >= 0.5), abs=2 * 30)


def test_lines_are_known_or_said_to_be_missing_at_the_highest_rates():
    wave = np.random.default_rng(0).standard_normal((1, 384_000)) * np.exp(-np.arange(384_000) / 40_000)
    assert np.isfinite(cards(wave.astype(np.float32), 384_000)["comb_db"]).all()
