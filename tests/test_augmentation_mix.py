"""The augmentation mix: what a model learns from when there are few kicks."""

import dataclasses
from dataclasses import replace

import numpy as np
import pytest

from kickitout.audio.prepare import polarity
from kickitout.augmentation.mix import ENDINGS, ENOUGH, PARAMETERS, MixRanges, augmentation_mix, draw_plan, process
from kickitout.descriptors import cards
from kickitout.descriptors.endings import stops
from kickitout.errors import UserError
from kickitout.sound import LENGTH, ONSET, PEAK
from kickitout.synthesis.procedural import synthesise
from kickitout.synthesis.styles import Range

pytestmark = pytest.mark.decides

COUNT = 120


@pytest.fixture(scope="module")
def kicks():
    return synthesise(range(9), "808")[0]  # a folder of one taste: little click, much sub


@pytest.fixture(scope="module")
def mix(kicks):
    return augmentation_mix(kicks, COUNT, 3)


def test_every_row_is_a_prepared_kick(mix):
    level = np.abs(mix.waves)
    assert mix.waves.dtype == np.float32
    assert mix.waves.shape == (COUNT, LENGTH)
    np.testing.assert_allclose(level.max(axis=1), PEAK, atol=1e-5)
    onset = np.argmax(level >= 0.01 * PEAK, axis=1)
    assert np.quantile(np.abs(onset - ONSET), 0.95) <= 9  # 0.2 ms; a loud noise floor may be heard before
    assert level[:, -3:].max() < 1e-3
    assert level[:, :8].max() < 2e-3
    assert not np.isnan(cards(mix.waves).values["click_level_db"]).any()


def test_every_row_has_the_polarity_of_a_prepared_kick(mix):
    assert np.mean([polarity(wave) for wave in mix.waves]) > 0.97  # the noise and the clip come later


def test_the_first_rows_of_a_long_mix_are_a_short_one(kicks, mix):
    again = augmentation_mix(kicks, 12, 3)
    np.testing.assert_array_equal(again.waves, mix.waves[:12])
    np.testing.assert_array_equal(again.body, mix.body[:12])
    assert not np.array_equal(again.waves, augmentation_mix(kicks, 12, 4).waves)


def test_the_rows_say_what_they_are_made_of(kicks, mix):
    own = mix.body >= 0
    np.testing.assert_array_equal(mix.body[own], (np.arange(COUNT) % len(kicks))[own])
    assert 0.02 < mix.rendered.mean() < 0.25  # 0.12 less those with a real click
    assert (mix.click >= 0).any()
    assert (mix.click < 0).any()
    assert not (own & (mix.click == mix.body)).any()  # no kick lends itself its click


def test_no_row_is_a_kick_unchanged_and_no_two_are_alike(kicks, mix):
    everything = np.concatenate([kicks, mix.waves]).astype(np.float64)
    unit = everything / np.linalg.norm(everything, axis=1, keepdims=True)
    alike = unit @ unit.T - np.eye(len(unit))
    assert alike[len(kicks) :].max() < 0.99999


def test_a_mix_has_more_click_more_air_and_less_sub_than_a_folder_of_one_taste(kicks, mix):
    before, after = cards(kicks).values, cards(mix.waves).values
    for field in ("click_level_db", "air_share", "tail_noise_db", "click_ms"):
        assert np.nanmedian(after[field]) > np.nanmedian(before[field])
        assert np.nanstd(after[field]) > np.nanstd(before[field])
    assert np.nanmedian(after["sub_share"]) < np.nanmedian(before["sub_share"])


def test_the_more_kicks_the_fewer_rows_are_processed():
    for n, share in ((1, 1.0), (88, 1.0), (2 * ENOUGH, 0.5), (10 * ENOUGH, 0.1)):
        plans = [draw_plan(row, 0, n) for row in range(1000)]
        assert np.mean([plan.processed for plan in plans]) == pytest.approx(share, abs=0.05)
        assert all(plan.processed for plan in plans if plan.rendered)


def test_a_share_of_processed_rows_that_is_stated_holds_however_many_kicks_there_are():
    for n in (1, 10 * ENOUGH):
        plans = [draw_plan(row, 0, n, MixRanges(processed=0.8)) for row in range(1000)]
        assert np.mean([plan.processed for plan in plans]) == pytest.approx(0.8, abs=0.05)


def test_a_light_row_stays_near_its_kick(kicks):
    plan = draw_plan(0, 0, 1)
    light = dataclasses.replace(plan, processed=False, rendered=False)
    near, far = process(kicks[0], light), process(kicks[0], dataclasses.replace(plan, processed=True, rendered=False))
    assert not np.array_equal(near, far)
    assert near.shape == far.shape == (LENGTH,)


@pytest.mark.parametrize("n", [1, 2, 8])
def test_a_mix_needs_no_more_than_one_kick(kicks, n):
    mix = augmentation_mix(kicks[:n], 16, 0)
    assert np.isfinite(mix.waves).all()
    assert set(mix.body[mix.body >= 0]) <= set(range(n))


def test_switched_off_a_range_changes_nothing(kicks):
    off = {
        name: dataclasses.replace(known.usual, chance=0.0)
        for name, known in PARAMETERS.items()
        if known.neutral is not None
    }
    waves = augmentation_mix(kicks, 9, 0, MixRanges(rendered=0.0, ranges=off)).waves
    first = np.argmax(np.abs(kicks) >= 0.01 * PEAK, axis=1)
    for before, after, at in zip(kicks, waves, first, strict=True):  # aligned, and a floor of -140 dB
        np.testing.assert_allclose(after[ONSET:-600], before[at:][: LENGTH - ONSET - 600], atol=1e-5)


def test_chances_and_levels_do_not_shift_one_another():
    a = draw_plan(5, 1, 8)
    b = draw_plan(5, 1, 8, MixRanges(ranges={"dull_db": Range(-40, -6, chance=0.0)}))
    assert {k: v for k, v in a.value.items() if k.startswith(("room", "cut", "sweep"))} == {
        k: v for k, v in b.value.items() if k.startswith(("room", "cut", "sweep"))
    }


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"rendered": 1.5}, "rendered=1.5"),
        ({"processed": 1.5}, "processed=1.5"),
        ({"ranges": {"dub_db": Range(-6, 0)}}, "dub_db: no parameter"),
        ({"trimmed": -0.1}, "trimmed=-0.1"),
        ({"ranges": {"top_ms": Range(20, 400)}}, "top_ms: from 20 to 400; a range within 0.1 to 100 ms"),
        ({"ranges": {"dull_db": Range(-90, -6)}}, "dull_db"),
        ({"ranges": {"cut_ms": Range(110, 450, chance=2.0)}}, "chance of 2"),
        ({"ranges": {"cut_ms": Range(110, 450, chance=0.5)}}, "otherwise=0; must be 500"),
        ({"ranges": {"room_ms": Range(100, 900, chance=0.5)}}, "room_ms: a chance of 0.5; 1 works"),
    ],
)
def test_ranges_that_cannot_be_are_refused(wrong, says):
    with pytest.raises(UserError, match=says):
        MixRanges(**wrong)


def test_every_usual_range_lies_within_its_limit():
    assert (
        MixRanges(ranges={name: known.usual for name, known in PARAMETERS.items()}).ranges.keys() == PARAMETERS.keys()
    )


def test_wrong_kicks_and_counts_are_refused(kicks):
    with pytest.raises(UserError, match="count=0"):
        augmentation_mix(kicks, 0, 0)
    with pytest.raises(UserError, match="prepared kicks"):
        augmentation_mix(kicks[:0], 5, 0)
    with pytest.raises(UserError, match=r"kicks\[1\].*silent"):
        augmentation_mix(np.stack([kicks[0], 0 * kicks[0]]), 5, 0)
    with pytest.raises(UserError, match="seed=-1"):
        augmentation_mix(kicks, 5, -1)


def test_kicks_of_a_trimmed_mix_end_while_loud_less_often_than_those_of_a_cut_one(kicks, mix):
    trimmed = augmentation_mix(kicks, COUNT, 3, ENDINGS["trimmed"])
    share = [stops(cards(waves)["stop_db"]).mean() for waves in (mix.waves, trimmed.waves)]
    assert share[1] < 0.6 * share[0]
    assert not trimmed.rendered.any()


def test_kicks_of_a_recorded_mix_fall_sooner_and_begin_lower_than_those_of_a_trimmed_one(kicks):
    trimmed, recorded = (
        cards(augmentation_mix(kicks, COUNT, 3, replace(ENDINGS[name], processed=1.0)).waves).values
        for name in ("trimmed", "recorded")
    )
    assert np.nanmedian(recorded["decay_t40_ms"]) < 0.8 * np.nanmedian(trimmed["decay_t40_ms"])
    assert np.median(recorded["tail_db"]) < np.median(trimmed["tail_db"]) - 8
    assert np.nanmedian(recorded["pitch_start_hz"]) < 0.97 * np.nanmedian(trimmed["pitch_start_hz"])
    processed = [draw_plan(row, 3, 9, ENDINGS["recorded"]).processed for row in range(400)]
    assert np.mean(processed) == pytest.approx(0.5, abs=0.07)


def test_weights_say_how_often_a_kick_is_taken(kicks):
    weights = np.array([4.0, 1, 1, 1, 1, 0, 0, 0, 0])
    mix = augmentation_mix(kicks, 80, 0, MixRanges(rendered=0.0), weights)
    np.testing.assert_allclose(np.bincount(mix.body, minlength=9), 10 * weights, atol=2)
    np.testing.assert_array_equal(augmentation_mix(kicks, 5, 0, MixRanges(rendered=0.0), weights).waves, mix.waves[:5])
