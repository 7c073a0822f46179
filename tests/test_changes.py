"""Producer's changes to kicks: what is asked for is what the kick card then reads, and nothing else breaks."""

import dataclasses

import numpy as np
import pytest

from kickitout.augmentation.changes import CHANGE_LIMITS, drive, layer, repitch, reshape_decay, tilt
from kickitout.augmentation.variants import AugmentRanges, Changes, apply_changes, draw_changes, producer_variants
from kickitout.descriptors import card, cards
from kickitout.errors import UserError
from kickitout.sound import LENGTH, ONSET, PEAK, SAMPLE_RATE
from kickitout.synthesis.parameters import KickParameters
from kickitout.synthesis.procedural import render_kick, synthesise
from kickitout.synthesis.styles import Range

pytestmark = pytest.mark.decides

CLICKY = KickParameters(
    pitch_start_hz=160, pitch_end_hz=52, sweep_ms=30, decay_ms=300, click_level_db=-22, click_ms=8, seed=1
)
LONG = KickParameters(
    pitch_start_hz=90, pitch_end_hz=46, sweep_ms=40, decay_ms=600, click_level_db=-38, click_centroid_hz=2600, seed=2
)
HISSY = dataclasses.replace(CLICKY, noise_level_db=-40, noise_decay_ms=2000, seed=3)
PLAIN = KickParameters(pitch_start_hz=60, pitch_end_hz=60, decay_ms=400)

EVERY = {
    "down": lambda x: repitch(x, -4),
    "up": lambda x: repitch(x, 4),
    "up behind the click": lambda x: repitch(x, 4, keep_click=True),
    "shorter": lambda x: reshape_decay(x, 0.6),
    "longer": lambda x: reshape_decay(x, 1.5),
    "darker": lambda x: tilt(x, -1.2),
    "brighter": lambda x: tilt(x, 1.2),
    "driven": lambda x: drive(x, 10),
    "layered": lambda x: layer(x, render_kick(LONG)),
}
NEUTRAL = {
    "repitch": lambda x: repitch(x, 0, keep_click=True),
    "reshape_decay": lambda x: reshape_decay(x, 1),
    "tilt": lambda x: tilt(x, 0),
    "drive": lambda x: drive(x, 0),
    "no changes": lambda x: apply_changes(x, Changes()),
}


@pytest.fixture(scope="module")
def kicks():
    return synthesise(range(16))[0]


def onsets(waves: np.ndarray) -> np.ndarray:
    """First samples at -40 dB re peak, as the kick card has them."""
    level = np.abs(waves)
    return np.argmax(level >= 0.01 * level.max(axis=1, keepdims=True), axis=1)


def third_octave_db(wave: np.ndarray, centre_hz: float) -> float:
    power = np.abs(np.fft.rfft(wave.astype(np.float64))) ** 2
    hz = np.fft.rfftfreq(LENGTH, 1 / SAMPLE_RATE)
    return 10 * np.log10(power[(hz >= centre_hz * 2 ** (-1 / 6)) & (hz < centre_hz * 2 ** (1 / 6))].sum())


def cents(hz: float, reference_hz: float) -> float:
    return 1200 * np.log2(hz / reference_hz)


# ------------------------------------------------------------------------------------------------- what all must keep


@pytest.mark.parametrize("change", EVERY)
def test_a_change_keeps_the_onset_the_peak_the_length_and_silent_ends(kicks, change):
    out = np.stack([EVERY[change](kick) for kick in kicks])
    assert out.dtype == np.float32
    assert out.shape == kicks.shape
    assert np.isfinite(out).all()
    np.testing.assert_allclose(np.abs(out).max(axis=1), PEAK, rtol=1e-6)
    assert np.abs(onsets(out) - onsets(kicks)).max() <= 9  # samples: 0.2 ms
    assert np.abs(out.mean(axis=1)).max() < 1e-6  # rendered kicks have no mean
    assert np.abs(out[:, [0, -1]]).max() < 1e-4  # -80 dB: no click at either end


@pytest.mark.parametrize("change", EVERY)
def test_a_change_adds_no_trace_of_a_machine(kicks, change):
    after = cards(np.stack([EVERY[change](kick) for kick in kicks]))
    assert np.nanmax(after["pre_echo_db"]) < -40  # as of recorded kicks
    assert np.nanmax(after["comb_db"]) < 2.5  # likewise: the spectrum of one click is no straight line


@pytest.mark.parametrize("setting", NEUTRAL)
def test_a_neutral_setting_gives_the_wave_back(kicks, setting):
    for kick in kicks[:4]:
        np.testing.assert_allclose(NEUTRAL[setting](kick), kick, atol=1e-6)  # the peak is normalised again: rounding


@pytest.mark.parametrize(
    ("change", "tiny"),
    [(repitch, 1e-4), (reshape_decay, 1.0001), (tilt, 1e-4), (drive, 1e-3)],
    ids=list(CHANGE_LIMITS)[:4],
)
def test_a_tiny_setting_is_next_to_the_neutral_one(change, tiny):
    kick = render_kick(PLAIN)
    late = 2 * np.pi * 60 / SAMPLE_RATE  # what one sample is worth: about the delay of the resampler's low-pass
    assert np.abs(change(kick, tiny) - kick).max() < late


def test_nothing_is_changed_in_place(kicks):
    before = kicks.copy()
    producer_variants(kicks[:2], 3, seed=5, clicks_from=kicks)
    np.testing.assert_array_equal(kicks, before)


# -------------------------------------------------------------------------------------------------------------- labels


@pytest.mark.parametrize("semitones", [-4.0, -1.3, 2.5, 5.0])
@pytest.mark.parametrize("keep_click", [False, True])
def test_re_pitching_moves_the_end_pitch_by_the_semitones(semitones, keep_click):
    before, after = card(render_kick(CLICKY)), card(repitch(render_kick(CLICKY), semitones, keep_click))
    assert cents(after["pitch_end_hz"], before["pitch_end_hz"]) == pytest.approx(100 * semitones, abs=5)
    expected = before["decay_t20_ms"] * 2 ** (-semitones / 12)
    assert after["decay_t20_ms"] == pytest.approx(expected, rel=0.06 if keep_click else 0.02)  # the join is no decay


def test_re_pitching_moves_the_click_too_unless_it_is_kept():
    kick = render_kick(dataclasses.replace(CLICKY, click_centroid_hz=5000, click_bandwidth_hz=500))
    centroid = card(kick)["click_centroid_hz"]
    assert card(repitch(kick, -4))["click_centroid_hz"] == pytest.approx(centroid * 2 ** (-4 / 12), rel=0.02)
    kept = repitch(kick, -4, keep_click=True)
    assert card(kept)["click_centroid_hz"] == pytest.approx(centroid, rel=0.02)
    until = ONSET + round(0.004 * SAMPLE_RATE)  # where the cross-fade begins
    scale = float(np.dot(kept[:until], kick[:until]) / np.dot(kick[:until], kick[:until]))
    np.testing.assert_allclose(kept[ONSET:until], scale * kick[ONSET:until], atol=0.01)  # but for the mean taken out


@pytest.mark.parametrize("factor", [0.5, 0.7, 1.3, 1.6])
def test_the_decay_times_are_multiplied_by_the_factor(factor):
    kick = render_kick(dataclasses.replace(CLICKY, decay_ms=400))
    before, after = card(kick), card(reshape_decay(kick, factor))
    assert after["decay_t20_ms"] == pytest.approx(factor * before["decay_t20_ms"], rel=0.05)
    assert after["decay_t40_ms"] == pytest.approx(factor * before["decay_t40_ms"], rel=0.05)
    assert after["click_centroid_hz"] == pytest.approx(before["click_centroid_hz"], rel=0.02)


def test_a_reshaped_decay_leaves_a_steady_pitch_where_it_was():
    kick = render_kick(PLAIN)
    for factor in (0.6, 1.5):
        assert cents(card(reshape_decay(kick, factor))["pitch_end_hz"], 60.0) == pytest.approx(0, abs=10)


def test_a_longer_decay_does_not_lift_the_hiss():
    kick = render_kick(HISSY)
    assert card(reshape_decay(kick, 1.6))["tail_noise_db"] <= card(kick)["tail_noise_db"] + 0.5


def test_a_longer_decay_does_not_lift_a_flat_floor():
    rng = np.random.default_rng(0)
    kick = render_kick(dataclasses.replace(CLICKY, decay_ms=200))
    hum = np.convolve(rng.standard_normal(LENGTH), np.hanning(200), "same")  # below 400 Hz
    floor = 10 ** (-50 / 20) * hum / hum.std() * (np.arange(LENGTH) >= ONSET)
    noisy = (kick + floor).astype(np.float32)
    late = slice(LENGTH * 3 // 4, LENGTH - 2000)
    rise = np.sqrt(np.square(reshape_decay(noisy, 1.6)[late]).mean() / np.square(noisy[late]).mean())
    assert 20 * np.log10(rise) < 3  # noise swings by as much; the decay itself asks for 20 dB there


@pytest.mark.parametrize("slope", [-1.2, 1.2, 3.0])
def test_a_tilt_moves_each_third_octave_by_its_db(slope):
    kick = render_kick(HISSY)
    tilted = tilt(kick, slope)
    # Third octaves of a decaying sound leak into each other, so those are asked in which its spectrum is not steep.
    moved = {hz: third_octave_db(tilted, hz) - third_octave_db(kick, hz) for hz in (100, 1000, 2000, 4000, 8000)}
    for hz, change in moved.items():
        expected = slope * np.log2(hz / 1000)
        assert change - moved[1000] == pytest.approx(expected, abs=0.15 * abs(slope) + 0.1)


def test_a_tilt_answers_an_impulse_at_once_and_never_before():
    impulse = np.zeros(LENGTH, np.float32)
    impulse[ONSET] = PEAK
    for slope in (-3.0, 3.0):
        assert np.abs(tilt(impulse, slope)[:ONSET]).max() < 1e-5  # -100 dB
        assert np.argmax(np.abs(tilt(impulse, slope))) == ONSET


def test_drive_adds_odd_harmonics_and_lowers_the_crest():
    kick = render_kick(
        dataclasses.replace(PLAIN, attack_ms=60, hold_ms=200, decay_ms=200, curve=2)
    )  # a narrow spectrum
    levels = []
    for drive_db in (0, 3, 6, 12):
        driven = drive(kick, drive_db)
        levels.append((third_octave_db(driven, 180) - third_octave_db(driven, 60), card(driven)["crest_db"]))
    harmonic, crest = zip(*levels, strict=True)
    assert (np.diff(harmonic) > 3).all()
    assert (np.diff(crest) < -0.1).all()


def test_a_driven_sine_has_the_harmonics_of_a_tanh_and_no_aliases():
    tone_hz = 6000.0
    time = np.arange(LENGTH) / SAMPLE_RATE
    swell = np.where(np.arange(LENGTH) >= ONSET, np.sin(np.pi * time / 0.5) ** 2, 0)
    spectrum = np.abs(np.fft.rfft(drive((PEAK * swell * np.sin(2 * np.pi * tone_hz * time)).astype(np.float32), 18)))
    at = {hz: spectrum[round(hz * 0.5) - 8 : round(hz * 0.5) + 9].max() for hz in (6000, 14_100, 2100, 9900)}
    for hz in (14_100, 2100, 9900):  # the fifth, seventh and ninth harmonic, folded at 44.1 kHz
        assert 20 * np.log10(at[hz] / at[6000]) < -70


def test_a_layer_takes_the_click_of_one_and_the_body_of_the_other():
    click_of, body_of = render_kick(CLICKY), render_kick(LONG)
    one, other, both = card(click_of), card(body_of), card(layer(click_of, body_of))
    assert both["click_level_db"] == pytest.approx(one["click_level_db"], abs=1.5)
    assert both["click_centroid_hz"] == pytest.approx(one["click_centroid_hz"], rel=0.03)
    assert cents(both["pitch_end_hz"], other["pitch_end_hz"]) == pytest.approx(0, abs=5)
    assert both["decay_t20_ms"] == pytest.approx(other["decay_t20_ms"], rel=0.1)  # re a peak that is another's
    assert both["decay_t40_ms"] == pytest.approx(other["decay_t40_ms"], rel=0.1)


def test_a_body_that_was_turned_over_is_turned_back_to_fit():
    click_of, body_of = render_kick(CLICKY), render_kick(LONG)
    np.testing.assert_allclose(layer(click_of, -body_of), layer(click_of, body_of), atol=1e-5)


def test_a_kick_layered_on_itself_is_itself():
    kick = render_kick(CLICKY)
    np.testing.assert_allclose(layer(kick, kick), kick, atol=1e-4)  # two transforms in single precision


# ------------------------------------------------------------------------------------------------------------ variants


def test_variants_are_the_same_alone_and_in_a_batch(kicks):
    names = ["a", "b", "c", "d"]
    together = producer_variants(kicks[:4], 3, seed=9, clicks_from=kicks, identities=names)
    assert together.shape == (12, LENGTH)
    assert together.dtype == np.float32
    alone = producer_variants(kicks[2:3], 3, 9, clicks_from=kicks, identities=names[2:3])
    np.testing.assert_array_equal(alone, together[6:9])
    turned = producer_variants(kicks[3::-1], 3, 9, clicks_from=kicks, identities=names[::-1])
    np.testing.assert_array_equal(turned[:3], together[9:])
    fewer = producer_variants(kicks[:4], 2, 9, clicks_from=kicks, identities=names)
    np.testing.assert_array_equal(fewer[2:4], together[3:5])


def test_the_last_bit_of_a_kick_turns_no_draw(kicks):
    nudged = np.nextafter(kicks[:3], np.float32(2))
    assert not np.array_equal(nudged, kicks[:3])
    for names in (None, ["a", "b", "c"]):
        mine, other = (producer_variants(x, 4, 9, clicks_from=kicks, identities=names) for x in (kicks[:3], nudged))
        np.testing.assert_allclose(other, mine, atol=1e-4)
    assert not np.allclose(mine, producer_variants(kicks[:3], 4, 9, clicks_from=kicks), atol=0.01)


def test_variants_differ_from_each_other_and_between_seeds(kicks):
    all_of_them = np.concatenate([producer_variants(kicks[:2], 4, seed, clicks_from=kicks) for seed in (1, 2)])
    both = np.concatenate([kicks[:2], all_of_them])
    assert len(np.unique(both, axis=0)) == len(both)


def test_variants_keep_what_every_change_keeps(kicks):
    out = producer_variants(kicks[:8], 4, seed=0, clicks_from=kicks)
    assert np.isfinite(out).all()
    np.testing.assert_allclose(np.abs(out).max(axis=1), PEAK, rtol=1e-6)
    assert np.abs(out.mean(axis=1)).max() < 1e-6
    assert np.abs(out[:, [0, -1]]).max() < 1e-4
    assert np.abs(onsets(out) - ONSET).max() < 0.001 * SAMPLE_RATE  # the rendered ones lie up to 0.6 ms behind ONSET


def test_draws_stay_in_their_ranges_and_come_as_often_as_they_say(kicks):
    drawn = [draw_changes("a kick", variant, seed=4) for variant in range(1000)]
    ranges = AugmentRanges()
    for name in CHANGE_LIMITS:
        span = getattr(ranges, name)
        values = np.array([getattr(changes, name) for changes in drawn])
        touched = values[values != span.otherwise]
        assert span.low <= touched.min() < touched.max() <= span.high
        assert len(touched) / 1000 == pytest.approx(span.chance, abs=0.07)  # and the few that would have been untouched
    assert np.mean([changes.keep_click for changes in drawn]) == pytest.approx(0.5, abs=0.07)


def test_one_range_does_not_shift_the_draws_of_the_others(kicks):
    without = AugmentRanges(drive_db=Range(1, 10, chance=0))
    for variant in range(20):
        changes = draw_changes("a kick", variant, 4)
        expected = dataclasses.replace(changes, drive_db=0.0)
        if expected.semitones:
            assert draw_changes("a kick", variant, 4, without) == expected


def test_only_kicks_with_a_click_lend_it_and_none_to_itself(kicks):
    always = AugmentRanges(
        semitones=Range(0, 0, chance=0),
        decay_factor=Range(1, 1, chance=0, otherwise=1),
        tilt_db_per_octave=Range(0, 0, chance=0),
        drive_db=Range(0, 0, chance=0),
        crossover_ms=Range(8, 8),
    )
    soft = render_kick(dataclasses.replace(LONG, attack_ms=60))
    clicky, body = render_kick(CLICKY), render_kick(LONG)
    for donors, expected in (
        ([body], body),
        ([soft], body),
        ([body, clicky], layer(clicky, body, 8)),
        ([soft, clicky], layer(clicky, body, 8)),
    ):
        for variant in producer_variants([body], 3, 1, always, clicks_from=donors):
            np.testing.assert_allclose(variant, expected, atol=1e-6)


# ------------------------------------------------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: repitch(x, 13), r"semitones=13: .* from -12 to 12 semitones"),
        (lambda x: repitch(x, float("nan")), r"semitones=nan"),
        (lambda x: repitch(x, True), r"semitones=True"),
        (lambda x: reshape_decay(x, 0), r"factor=0: .* from 0.25 to 4 times"),
        (lambda x: tilt(x, "3"), r"db_per_octave='3': must be a number"),
        (lambda x: drive(x, -1), r"drive_db=-1: .* from 0 to 36 dB"),
        (lambda x: layer(x, x, 1), r"crossover_ms=1: .* from 2 to 40 ms"),
        (lambda x: layer(x, x[:-1]), r"body_of is float32 \[22049\]: one prepared kick works"),
        (lambda x: tilt(np.stack([x, x]), 1), r"wave is float32 \[2, 22050\]"),
        (lambda x: tilt((1000 * x).astype(np.int16), 1), r"wave is int16"),
        (lambda x: drive(0 * x, 3), r"wave is silent"),
        (lambda x: drive(x * np.float32("inf"), 3), r"wave holds NaN or infinite"),
        (lambda x: producer_variants([x, 0 * x], 1, 0), r"waves\[1\] is silent"),
        (lambda x: producer_variants([x], 0, 0), r"count_per_kick=0: must be a whole number from 1"),
        (lambda x: producer_variants([x], 1, -1), r"seed=-1"),
        (lambda x: AugmentRanges(keep_click=2), r"keep_click=2: must be a share"),
        (lambda x: AugmentRanges(semitones=Range(-24, 0)), r"semitones: from -24 to 0; .* -12 to 12 semitones"),
        (lambda x: AugmentRanges(drive_db=Range(5, 1)), r"drive_db: from 5 to 1"),
        (lambda x: AugmentRanges(drive_db=Range(1, 5, chance=2)), r"drive_db: a chance of 2; 0 to 1 work"),
        (lambda x: AugmentRanges(decay_factor=Range(1, 2)), r"decay_factor: otherwise=0; must be 1"),
    ],
)
def test_bad_input_is_refused_with_what_would_work(call, message):
    kick = render_kick(PLAIN)
    with pytest.raises(UserError, match=message), np.errstate(invalid="ignore"):
        call(kick)
