"""Procedural kicks: every claim against its closed form, measured on the samples."""

import json
import time
from dataclasses import asdict, replace

import numpy as np
import pytest

from kickitout.cli import synth
from kickitout.errors import UserError
from kickitout.sound import LENGTH, ONSET, PEAK, SAMPLE_RATE
from kickitout.synthesis import procedural
from kickitout.synthesis.oscillator import MODE_RATIOS
from kickitout.synthesis.parameters import LIMITS, OFF_DB, KickParameters
from kickitout.synthesis.procedural import layers, render_kick, synthesise
from kickitout.synthesis.styles import STYLES, draw_parameters, style_of

pytestmark = pytest.mark.light

SINE = KickParameters(pitch_start_hz=60, pitch_end_hz=60, decay_ms=600, attack_ms=0.1)


def crossings(x: np.ndarray) -> np.ndarray:
    """Samples at which x rises through zero, between the samples by a straight line."""
    before = np.flatnonzero((x[:-1] <= 0) & (x[1:] > 0))
    return before - x[before] / (x[before + 1] - x[before])


def energy(x: np.ndarray) -> float:
    return float((x.astype(np.float64) ** 2).sum())


def decibels(ratio: float) -> float:
    return 10 * np.log10(ratio)


@pytest.mark.parametrize("end_hz", [43.65, 60.0, 98.0])
def test_the_measured_end_pitch_is_the_commanded_one(end_hz):
    wave = render_kick(KickParameters(pitch_start_hz=4 * end_hz, pitch_end_hz=end_hz, sweep_ms=40, decay_ms=1500))
    rises = crossings(wave[ONSET + SAMPLE_RATE // 4 : -procedural.FADE].astype(np.float64))
    measured_hz = SAMPLE_RATE * (len(rises) - 1) / (rises[-1] - rises[0])
    cents = 1200 * np.log2(measured_hz / end_hz)
    assert abs(cents) < 3  # after six sweep times the pitch is 1e-6 of its way from the end


def test_the_pitch_has_fallen_90_percent_of_its_way_after_sweep_ms():
    kick = KickParameters(pitch_start_hz=1000, pitch_end_hz=200, sweep_ms=50, decay_ms=4000, attack_ms=0.02)
    rises = crossings(layers(kick)["body"].astype(np.float64))
    middle_ms = ((rises[1:] + rises[:-1]) / 2 - (ONSET - 1)) / SAMPLE_RATE * 1000
    measured_hz = SAMPLE_RATE / np.diff(rises)
    assert np.interp(50, middle_ms, measured_hz) == pytest.approx(280, rel=0.005)  # 200 + 10 % of 800
    expected_hz = [kick.pitch_hz_at(ms) for ms in middle_ms[1:]]
    np.testing.assert_allclose(measured_hz[1:], expected_hz, rtol=0.01)  # a period is a mean over its time


def test_the_snap_is_a_second_drop_with_its_own_time():
    kick = KickParameters(pitch_start_hz=200, pitch_end_hz=50, sweep_ms=80, snap_hz=900, snap_ms=10)
    assert kick.pitch_hz_at(0) == pytest.approx(1100)
    assert kick.pitch_hz_at(10) == pytest.approx(50 + 150 * 10 ** (-10 / 80) + 90)


@pytest.mark.parametrize("decay_ms", [250.0, 600.0, 2000.0])
def test_the_decay_slope_of_the_waveform_is_60_db_per_decay_ms(decay_ms):
    wave = render_kick(KickParameters(pitch_start_hz=60, pitch_end_hz=60, decay_ms=decay_ms)).astype(np.float64)
    period = SAMPLE_RATE // 60
    n_periods = int(min(decay_ms, 480) / 1000 * 60)
    starts = ONSET + period * np.arange(5, n_periods - 1)  # the high-pass has settled after 80 ms
    level_db = [decibels(energy(wave[start : start + period])) for start in starts]
    slope = np.polyfit(starts / SAMPLE_RATE * 1000, level_db, 1)[0]
    assert slope == pytest.approx(-60 / decay_ms, rel=0.02)


@pytest.mark.parametrize("curve", [0.5, 1.0, 2.0])
def test_body_decay_ms_tells_when_the_envelope_has_fallen(curve):
    kick = KickParameters(
        pitch_start_hz=400, pitch_end_hz=400, attack_ms=0.02, hold_ms=20, decay_ms=300, curve=curve, drive_db=0
    )
    body = np.abs(layers(kick)["body"][ONSET:])
    for drop_db in (20, 40, 60):
        above = np.flatnonzero(body > 10 ** (-drop_db / 20))[-1] / SAMPLE_RATE * 1000
        assert above == pytest.approx(kick.body_decay_ms(drop_db), abs=1.3)  # half a period of 400 Hz


@pytest.mark.parametrize("layer", ["click", "noise", "room"])
@pytest.mark.parametrize("level_db", [-30.0, -12.0])
def test_a_layer_has_its_level_re_the_driven_body(layer, level_db):
    kick = KickParameters(drive_db=9, drive_bias=0.2, seed=5, **{f"{layer}_level_db": level_db})
    parts = layers(kick)
    assert set(parts) == {"body", layer}
    assert decibels(energy(parts[layer]) / energy(parts["body"])) == pytest.approx(level_db, abs=0.01)


def test_the_click_level_is_heard_above_2_khz_in_the_finished_kick():
    wave = render_kick(
        KickParameters(click_level_db=-25, click_ms=10, click_centroid_hz=6000, click_bandwidth_hz=800, seed=3)
    )
    power = np.abs(np.fft.rfft(wave.astype(np.float64))) ** 2
    high = np.fft.rfftfreq(LENGTH, 1 / SAMPLE_RATE) > 2000
    # The high-pass takes 0.3 dB from a body of 50 to 180 Hz, hence the tolerance.
    assert decibels(power[high].sum() / power[~high].sum()) == pytest.approx(-25, abs=0.5)


def test_the_noise_of_the_click_has_its_centroid():
    hz = np.fft.rfftfreq(LENGTH, 1 / SAMPLE_RATE)
    centroids = []
    for seed in range(30):
        click = layers(KickParameters(click_level_db=-20, click_ms=60, click_centroid_hz=4000, seed=seed))["click"]
        power = np.abs(np.fft.rfft(click)) ** 2
        centroids.append((power * hz).sum() / power.sum())
    # 1500 Hz over some 25 independent bins and 30 seeds: a standard error of 55 Hz
    assert np.mean(centroids) == pytest.approx(4000, abs=165)


def test_a_tonal_click_is_a_sine_at_its_centroid():
    click = layers(KickParameters(click_level_db=-20, click_ms=40, click_centroid_hz=2500, click_noise=0))["click"]
    rises = crossings(click[: ONSET + 1000].astype(np.float64))
    assert SAMPLE_RATE * (len(rises) - 1) / (rises[-1] - rises[0]) == pytest.approx(2500, rel=1e-3)


def test_the_membrane_modes_stand_at_the_ratios_of_bessel_zeros():
    kick = KickParameters(
        pitch_start_hz=200, pitch_end_hz=200, decay_ms=10_000, modes_level_db=0, modes_tilt_db=0, modes_decay_ms=1000
    )
    body = layers(kick)["body"] * np.hanning(LENGTH)
    power = np.abs(np.fft.rfft(body, 8 * LENGTH)) ** 2
    hz = np.fft.rfftfreq(8 * LENGTH, 1 / SAMPLE_RATE)
    for ratio in (1, *MODE_RATIOS):
        near = np.abs(hz - 200 * ratio) < 12
        assert hz[near][power[near].argmax()] == pytest.approx(200 * ratio, abs=1.0)


def test_drive_lifts_the_quiet_end_by_its_gain_and_bias_makes_even_harmonics():
    tail = slice(ONSET + SAMPLE_RATE // 3, ONSET + SAMPLE_RATE // 3 + SAMPLE_RATE // 10)
    kick = {**asdict(SINE), "decay_ms": 400.0}
    clean = layers(KickParameters(**kick))["body"][tail]
    driven = layers(KickParameters(**{**kick, "drive_db": 18.0}))["body"][tail]
    lifted_db = 20 * np.log10((10 ** (18 / 20) - 1) / np.tanh(10 ** (18 / 20) - 1))  # slope of the curve at 0
    assert decibels(energy(driven) / energy(clean)) == pytest.approx(lifted_db, abs=0.05)

    second = []
    for bias in (0.0, 0.3):
        held = {**kick, "hold_ms": 400.0, "drive_db": 18.0, "drive_bias": bias}
        body = layers(KickParameters(**held))["body"]
        spectrum = np.abs(np.fft.rfft(body[ONSET + 7350 : ONSET + 7350 + 735 * 10]))  # ten periods of 60 Hz
        second.append(20 * np.log10(spectrum[20] / spectrum[10]))
    assert second[0] < -90
    assert second[1] > -20


def test_drive_does_not_alias():
    kick = KickParameters(pitch_start_hz=1837, pitch_end_hz=400, sweep_ms=1000, drive_db=20, hold_ms=450)
    n = 4096
    body = layers(kick)["body"][ONSET : ONSET + n]
    # The same body at 64 times the rate, its spectrum cut at 14 kHz, is what tanh makes without folding.
    t = 1 / SAMPLE_RATE + np.arange(64 * n) / (64 * SAMPLE_RATE)
    tau = kick.sweep_ms / 1000 / np.log(10)
    cycles = 400 * t + 1437 * tau * (1 - np.exp(-t / tau))
    rise = np.where(t < 0.0005, 0.5 - 0.5 * np.cos(np.pi * t / 0.0005), 1.0)
    gain = 10 ** (20 / 20) - 1
    fine = np.tanh(gain * rise * np.sin(2 * np.pi * cycles)) / np.tanh(gain)
    below = np.fft.rfftfreq(n, 1 / SAMPLE_RATE) < 14_000
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(64 * n) / (64 * n))
    reference = np.fft.rfft(fine * window)[: len(below)][below] / 64
    error = np.abs(np.fft.rfft(body * window[::64])[below] - reference)
    plain_error = np.abs(np.fft.rfft(fine[::64] * window[::64])[below] - reference)
    assert decibels(energy(error) / energy(np.abs(reference))) < -80
    assert decibels(energy(plain_error) / energy(np.abs(reference))) > -50  # so the oversampling was needed


def test_every_kick_starts_at_the_onset_peaks_at_peak_and_ends_in_silence():
    waves, parameters = synthesise(range(300))
    assert waves.dtype == np.float32
    assert waves.shape == (300, LENGTH)
    assert len(parameters) == 300
    assert np.isfinite(waves).all()
    assert not waves[:, :ONSET].any()
    assert (waves[:, ONSET] != 0).all()
    np.testing.assert_allclose(np.abs(waves).max(axis=1), PEAK, rtol=1e-6)
    assert np.abs(waves.mean(axis=1, dtype=np.float64)).max() < 1e-6
    assert np.abs(waves[:, -1]).max() < 1e-4


def test_the_first_half_wave_of_the_body_is_positive():
    for seed in range(100):
        body = layers(draw_parameters(seed))["body"]
        assert body[ONSET : ONSET + 8].min() > 0


def test_a_seed_sounds_the_same_alone_and_in_a_batch_and_in_any_order():
    seeds = [11, 7, 2**63, 8, 9]
    waves, parameters = synthesise(seeds)
    for wave, one, seed in zip(waves, parameters, seeds, strict=True):
        alone, (again,) = synthesise([seed])
        assert again == one
        np.testing.assert_array_equal(alone[0], wave)
        np.testing.assert_array_equal(render_kick(one), wave)
    np.testing.assert_array_equal(synthesise(seeds[::-1])[0], waves[::-1])


def test_seeds_differ_also_where_only_the_noise_does():
    noisy = KickParameters(click_level_db=-20, noise_level_db=-20, room_level_db=-20, seed=1)
    other = replace(noisy, seed=2)
    for name in ("click", "noise", "room"):
        assert not np.array_equal(layers(noisy)[name], layers(other)[name])
    np.testing.assert_array_equal(layers(noisy)["body"], layers(other)["body"])


def test_a_change_to_one_layer_leaves_the_noise_of_the_others():
    kick = KickParameters(click_level_db=-20, noise_level_db=-20, seed=1)
    longer = replace(kick, click_ms=40.0)
    np.testing.assert_array_equal(layers(kick)["noise"], layers(longer)["noise"])


@pytest.mark.parametrize("style", STYLES)
def test_500_seeds_stay_in_the_ranges_of_their_style_and_use_them(style):
    drawn = [draw_parameters(seed, style) for seed in range(500)]
    for name, span in STYLES[style].ranges.items():
        values = np.array([getattr(one, name) for one in drawn])
        on = values[values != span.otherwise] if span.chance < 1 else values
        assert (on >= span.low).all()
        assert (on <= span.high).all()
        assert len(on) / 500 == pytest.approx(span.chance, abs=0.1)  # four standard deviations of 500 coins
        low, high = np.log([span.low, span.high]) if span.log else (span.low, span.high)
        place = ((np.log(on) if span.log else on) - low) / (high - low)
        assert place.mean() == pytest.approx(0.5, abs=0.1)
    ratios = np.array([one.pitch_start_hz / one.pitch_end_hz for one in drawn])
    assert ratios.min() >= STYLES[style].start_over_end.low * (1 - 1e-9)
    assert ratios.max() <= STYLES[style].start_over_end.high * (1 + 1e-9)


def test_every_range_lies_inside_the_limits():
    for style in STYLES.values():
        for name, span in style.ranges.items():
            low, high, _ = LIMITS[name]
            assert low <= span.low < span.high <= high
            assert span.chance == 1 or low <= span.otherwise <= high


def test_the_mixture_has_the_weights_of_its_styles():
    names = [style_of(seed) for seed in range(2000)]
    total = sum(style.weight for style in STYLES.values())
    for name, style in STYLES.items():
        assert names.count(name) / 2000 == pytest.approx(style.weight / total, abs=0.045)  # four standard deviations
    assert draw_parameters(3) == draw_parameters(3, style_of(3))


def test_the_help_of_the_command_names_every_style():
    *most, last = STYLES
    assert f"Styles are {', '.join(most)} and {last}." in synth.__doc__


def test_styles_can_be_given_once_or_for_each_seed():
    assert synthesise([1, 2], "909")[1] == [draw_parameters(1, "909"), draw_parameters(2, "909")]
    assert synthesise([1, 2], ["hard", None])[1] == [draw_parameters(1, "hard"), draw_parameters(2)]
    with pytest.raises(UserError, match="1 styles for 2 seeds"):
        synthesise([1, 2], ["hard"])
    with pytest.raises(UserError, match=r"style polka: not known; styles are 808, 909"):
        draw_parameters(1, "polka")


def test_parameters_travel_through_json():
    kick = draw_parameters(17)
    assert KickParameters(**json.loads(json.dumps(asdict(kick)))) == kick


@pytest.mark.parametrize("name", LIMITS)
@pytest.mark.parametrize("bad", [-1e6, 1e6, float("nan"), "50", None, True])
def test_a_bad_parameter_is_refused_with_what_would_work(name, bad):
    _, high, _ = LIMITS[name]
    with pytest.raises(UserError, match=rf"^{name}=.*: must be a number from .*{high:g}".replace("+", r"\+")):
        KickParameters(**{name: bad})


def test_a_rising_pitch_and_a_bad_seed_are_refused():
    with pytest.raises(UserError, match="pitch_start_hz=40 lies below pitch_end_hz=50"):
        KickParameters(pitch_start_hz=40, pitch_end_hz=50)
    for seed in (-1, 2**64, 1.5, True):
        with pytest.raises(UserError, match="must be a whole number from 0 to"):
            KickParameters(seed=seed)
        with pytest.raises(UserError, match="must be a whole number from 0 to"):
            draw_parameters(seed)


@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("name", LIMITS)
def test_a_parameter_at_its_limit_still_makes_a_kick(name, side):
    base = {"pitch_end_hz": 20.0} if name == "pitch_start_hz" else {"pitch_start_hz": 500.0}
    on = dict.fromkeys(("modes_level_db", "click_level_db", "noise_level_db", "room_level_db"), -20.0)
    wave = render_kick(KickParameters(**{**base, "drive_db": 10.0, **on, name: LIMITS[name][side]}))
    assert np.isfinite(wave).all()
    assert np.abs(wave).max() == pytest.approx(PEAK, rel=1e-6)
    assert abs(wave.mean(dtype=np.float64)) < 1e-5


def test_layers_that_are_off_are_not_there():
    assert set(layers(SINE)) == {"body"}
    assert SINE.room_level_db == OFF_DB


@pytest.mark.once
def test_a_kick_costs_no_more_than_a_dozen_transforms_of_its_length():
    """Some hundreds a second on a core. The best of five in processor time: other work may share the machine."""
    synthesise(range(10))
    x = np.random.default_rng(0).standard_normal(LENGTH)
    kicks, transforms = [], []
    for _ in range(5):
        begin = time.process_time()
        synthesise(range(100))
        between = time.process_time()
        for _ in range(1000):
            np.fft.irfft(np.fft.rfft(x), LENGTH)
        kicks.append((between - begin) / 100)
        transforms.append((time.process_time() - between) / 1000)
    assert min(kicks) < 12 * min(transforms)  # measured: 2 to 3
