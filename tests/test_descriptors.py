"""The kick card against sounds whose answer is known beforehand."""

import math

import numpy as np
import pytest

from kickitout.descriptors import (
    FIELD_NAMES,
    FIELDS,
    Cards,
    card,
    cards,
    format_card,
    level_curve,
    pitch_curve,
)
from kickitout.descriptors.loudness import k_weighting
from kickitout.errors import UserError
from kickitout.sound import LENGTH, ONSET, PEAK, SAMPLE_RATE

pytestmark = [pytest.mark.light, pytest.mark.decides]

RATE = SAMPLE_RATE
TIME = (np.arange(LENGTH) - ONSET) / RATE  # s after the onset
ON = TIME >= 0


def kick(start_hz=160.0, end_hz=50.0, sweep_s=0.025, decay_s=0.06, drive=0.0, click=0.0, noise=0.0, seed=0):
    """An exponential sweep under an exponential decay; click: a 6 kHz burst; noise: RMS re peak of 1."""
    turns = end_hz * TIME + (start_hz - end_hz) * sweep_s * (1 - np.exp(-np.maximum(TIME, 0) / sweep_s))
    after = np.maximum(TIME, 0)
    wave = ON * np.exp(-after / decay_s) * np.sin(2 * np.pi * turns)
    if drive:
        wave = np.tanh(drive * wave) / np.tanh(drive)
    wave += ON * click * np.exp(-after / 0.003) * np.sin(2 * np.pi * 6000 * TIME)
    wave /= np.abs(wave).max()
    return PEAK * (wave + noise * np.random.default_rng(seed).standard_normal(LENGTH))


def decaying(freq_hz, decay_s):
    return ON * np.exp(-np.maximum(TIME, 0) / decay_s) * np.sin(2 * np.pi * freq_hz * TIME)


def cents(found, true):
    return 1200 * np.log2(np.asarray(found) / true)


def test_a_card_has_every_field_once_and_in_order():
    found = card(kick())
    assert list(found) == [field.name for field in FIELDS] == list(FIELD_NAMES)
    assert len(set(FIELD_NAMES)) == len(FIELD_NAMES)
    assert isinstance(found["note"], str)
    assert all(isinstance(found[name], float) for name in FIELD_NAMES if name != "note")


@pytest.mark.parametrize("end_hz", [35.0, 41.2, 50.0, 63.0, 80.0, 110.0, 150.0, 200.0])
def test_the_end_pitch_is_within_5_cents(end_hz):
    shapes = [(ratio, sweep, drive, noise) for ratio in (1, 1.5, 4) for sweep in (0.008, 0.02)
              for drive, noise in ((0, 0), (0, 1e-3), (6, 1e-3))]  # fmt: skip
    waves = [kick(ratio * end_hz, end_hz, sweep, 0.12, drive, noise=noise) for ratio, sweep, drive, noise in shapes]
    assert np.abs(cents(cards(np.array(waves))["pitch_end_hz"], end_hz)).max() < 5


@pytest.mark.parametrize("end_hz", [35.0, 50.0, 80.0, 120.0])
@pytest.mark.parametrize("noise", [0.0, 1e-3])
def test_the_start_pitch_is_that_10_ms_after_the_onset(end_hz, noise):
    for ratio, sweep in ((1, 0.02), (2, 0.02), (4, 0.02), (2, 0.04), (4, 0.04)):
        true = end_hz * (1 + (ratio - 1) * math.exp(-0.010 / sweep))
        found = card(kick(ratio * end_hz, end_hz, sweep, 0.1, noise=noise))["pitch_start_hz"]
        # one half period of a pitch below 60 Hz is as long as these 10 ms
        assert abs(cents(found, true)) < (8 if true > 60 else 15)


@pytest.mark.parametrize(("sweep_s", "tolerance"), [(0.008, 0.2), (0.015, 0.08), (0.02, 0.05), (0.03, 0.05)])
def test_the_sweep_takes_ln_10_time_constants(sweep_s, tolerance):
    # a sweep that is over within one period of the end pitch cannot be told more sharply: 18 ms of 20 ms
    for end_hz in (45.0, 60.0, 100.0):
        found = card(kick(4 * end_hz, end_hz, sweep_s, 0.15, noise=1e-3))["sweep_ms"]
        assert found == pytest.approx(1000 * sweep_s * math.log(10), rel=tolerance)


@pytest.mark.parametrize("start_hz", [1000, 2000, 4000])
@pytest.mark.parametrize("sweep_s", [0.01, 0.02, 0.04])
def test_a_high_sweep_is_followed_from_where_it_is(start_hz, sweep_s):
    sounds = [{}, {"noise": 1e-3}, {"click": 0.2}]
    waves = [kick(start_hz, end_hz, sweep_s, 0.12, **sound) for end_hz in (40, 60) for sound in sounds]
    true = np.repeat([end_hz + (start_hz - end_hz) * math.exp(-0.010 / sweep_s) for end_hz in (40, 60)], 3)
    found = cards(np.array(waves))
    if true.max() < 2500:  # the band ends at 3 kHz
        assert np.abs(cents(found["pitch_start_hz"], true)).max() < 15
        assert found["sweep_ms"] == pytest.approx(1000 * sweep_s * math.log(10), rel=0.05)


def test_a_beater_is_no_high_sweep():
    rng = np.random.default_rng(5)
    slap = 3 * np.diff(rng.standard_normal(LENGTH), append=0) * np.exp(-np.maximum(TIME, 0) / 0.01) * ON
    wave = kick(120, 50, 0.02, 0.1) + 0.3 * slap
    assert abs(cents(card(wave)["pitch_start_hz"], 50 + 70 * math.exp(-0.5))) < 300


def test_a_steady_pitch_has_no_sweep_and_says_so():
    found = cards(decaying(50, 0.1)[None])
    assert math.isnan(found["sweep_ms"][0])
    assert "semitone" in found.reason(0, "sweep_ms")


@pytest.mark.parametrize(
    ("hz", "note", "deviation"),
    [(65.406, "C2", 0), (43.654, "F1", 0), (55.0, "A1", 0), (55 * 2 ** (0.3 / 12), "A1", 30), (103.826, "G#2", 0)],
)
def test_notes_count_a4_as_440_hz_and_midi_36_as_c2(hz, note, deviation):
    found = card(decaying(hz, 0.1))
    assert found["note"] == note
    assert found["cents"] == pytest.approx(deviation, abs=3)


def test_an_offset_and_a_second_harmonic_do_not_move_the_pitch():
    wave = decaying(50, 0.1)
    wave = wave + 0.4 * decaying(100, 0.1) + 0.002
    assert abs(cents(card(wave)["pitch_end_hz"], 50)) < 5


def test_noise_has_no_pitch_and_says_why():
    noise = np.random.default_rng(3).standard_normal(LENGTH) * np.exp(-np.maximum(TIME, 0) / 0.003) * ON
    found = cards(np.stack([noise, np.eye(1, LENGTH, 100)[0]]))
    assert math.isnan(found["pitch_end_hz"][1])
    assert found["note"][1] == ""
    assert "period" in found.reason(1, "pitch_end_hz")


def test_the_attack_of_a_ramp_is_its_part_from_1_to_98_percent():
    for rise_s in (0.002, 0.01, 0.03):
        wave = np.clip(TIME / rise_s, 0, 1) * np.exp(-np.maximum(TIME - rise_s, 0) / 0.05)
        assert card(wave)["attack_ms"] == pytest.approx(970 * rise_s, abs=2000 / RATE)


@pytest.mark.parametrize("decay_s", [0.03, 0.05, 0.1])
@pytest.mark.parametrize("freq_hz", [35.0, 50.0, 100.0, 200.0])
@pytest.mark.parametrize("drop_db", [20, 40, 60])
def test_the_decay_of_an_exponential_is_its_closed_form(decay_s, freq_hz, drop_db):
    true_ms = 1000 * decay_s * math.log(10) * drop_db / 20
    found = cards(decaying(freq_hz, decay_s)[None])
    value = found[f"decay_t{drop_db}_ms"][0]
    if true_ms > 470:
        assert math.isnan(value)
        assert "ends" in found.reason(0, f"decay_t{drop_db}_ms")
    else:
        assert value == pytest.approx(true_ms, rel=0.03)


@pytest.mark.parametrize("rest", ["file ends", "silence follows", "fade out", "noise follows"])
def test_a_tail_cut_short_is_not_a_short_tail(rest):
    wave = decaying(60, 0.1)  # 20 dB in 230 ms; cut after 300 ms, at -26 dB
    cut = ONSET + round(0.3 * RATE)
    if rest == "file ends":
        wave = wave[:cut]
    else:
        if rest == "fade out":
            wave[cut - 300 : cut] *= np.linspace(1, 0, 300)
        wave[cut:] = 0
    if rest == "noise follows":  # which hides the cut from whoever looks for silence
        wave = wave + 1e-3 * np.random.default_rng(0).standard_normal(LENGTH)
    found = cards(wave[None])
    assert found["decay_t20_ms"][0] == pytest.approx(230.3, rel=0.03)
    assert math.isnan(found["decay_t40_ms"][0])
    assert "cut" in found.reason(0, "decay_t40_ms")


def test_a_decay_that_sinks_into_noise_has_the_part_that_is_above():
    wave = decaying(60, 0.05) + 10 ** (-55 / 20) * np.random.default_rng(0).standard_normal(LENGTH)
    found = cards(wave[None])
    assert found["decay_t40_ms"][0] == pytest.approx(230.3, rel=0.03)
    assert math.isnan(found["decay_t60_ms"][0])
    assert "noise" in found.reason(0, "decay_t60_ms")


def test_a_flat_top_decays_from_its_first_peak():
    wave = np.clip(3 * decaying(50, 0.05), -1, 1)
    assert card(wave)["attack_ms"] < 5


@pytest.mark.parametrize("depth", [0.0, 0.3, 0.6])
@pytest.mark.parametrize("decay_s", [0.08, 0.15])
def test_monotony_is_one_minus_rises_over_falls(depth, decay_s):
    after = np.maximum(TIME, 0)
    power = np.exp(-2 * after / decay_s) * (1 + depth * np.cos(2 * np.pi * 6 * after)) / (1 + depth)
    level = 10 * np.log10(power[ONSET:])  # the decay of a beating sine
    last = np.flatnonzero(level > -40)[-1] + 1
    change = np.diff(level[:last])
    true = 1 - change[change > 0].sum() / -change[change < 0].sum()
    found = card(ON * np.sqrt(power) * np.sin(2 * np.pi * 80 * TIME))["monotony"]
    assert found == pytest.approx(true, abs=0.04)  # 10 ms of smoothing make the deepest dips shallower


def test_a_second_hit_is_not_monotone():
    one = decaying(60, 0.05)
    two = one.copy()
    late = round(0.15 * RATE)
    two[late:] += 0.5 * one[: LENGTH - late]
    found = cards(np.stack([one, two]))["monotony"]
    assert found[0] == pytest.approx(1, abs=0.002)
    assert 0.6 < found[1] < 0.8


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


# Tolerances of the three changes that must not matter, absolute, in the field's unit. Left out, with the reason:
# noise moves what measures a noise floor (pre_echo, tail_noise, comb), hides flat tops (clipped), and is above -60 dB.
STABLE = {
    "pitch_start_hz": 0.2, "pitch_end_hz": 0.05, "cents": 2, "sweep_ms": 0.7, "attack_ms": 0.1, "click_ms": 0.2,
    "click_level_db": 0.1, "click_centroid_hz": 30, "click_flatness": 0.02, "decay_t20_ms": 0.5, "decay_t40_ms": 3,
    "monotony": 0.01, "sub_share": 1e-3, "body_share": 1e-3, "air_share": 1e-3, "loudness_lufs": 0.02,
    "true_peak_dbtp": 0.05, "crest_db": 0.05, "dc": 5e-4,
}  # fmt: skip
QUIET_ONLY = {"decay_t60_ms": 0.5, "pre_echo_db": math.inf, "tail_noise_db": math.inf, "comb_db": 0.1, "clipped": 0}
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
