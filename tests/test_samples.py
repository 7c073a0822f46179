"""Samples in memory: resampling, mid and side, channels that are silent or cancel."""

from __future__ import annotations

import numpy as np
import pytest

from kickitout.audio import channels_cancel, mid_side, resample

pytestmark = pytest.mark.light

RATE = 44_100
TONE = (0.5 * np.sin(2 * np.pi * 440 * np.arange(RATE // 10) / RATE)).astype(np.float32)


@pytest.mark.parametrize("rate", [8_000, 44_100, 48_000, 96_000, 192_000])
def test_resampling_a_tone_gives_the_tone(rate):
    def tone(r: int) -> np.ndarray:
        t = np.arange(r) / r - 0.5
        return (np.exp(-((t / 0.1) ** 2)) * np.sin(2 * np.pi * 1000 * t)).astype(np.float32)

    y = resample(tone(rate), rate, RATE)
    assert len(y) == RATE
    assert y.dtype == np.float32
    np.testing.assert_allclose(y, tone(RATE), atol=1e-5)  # -100 dB: what float32 leaves of soxr's -140


def test_resampling_keeps_channels_apart():
    x = np.stack([TONE, np.zeros_like(TONE)], axis=1)
    y = resample(x, RATE, 48_000)
    assert y.shape == (4800, 2)
    assert not y[:, 1].any()


def test_mid_and_side_are_half_the_sum_and_half_the_difference():
    left, right = np.array([1, 0.5, 0], np.float32), np.array([0, 0.5, 1], np.float32)
    mid, side = mid_side(np.stack([left, right], axis=1))
    np.testing.assert_array_equal(mid, [0.5, 0.5, 0.5])
    np.testing.assert_array_equal(side, [0.5, 0, -0.5])


def test_only_two_channels_have_a_side():
    assert not mid_side(TONE[:, None])[1].any()
    mid, side = mid_side(np.stack([TONE, -0.5 * TONE, 0.5 * TONE], axis=1))
    np.testing.assert_allclose(mid, TONE / 3, atol=1e-7)
    assert not side.any()


@pytest.mark.parametrize("quiet", [0.0, 1e-4, -1e-4])
def test_a_channel_that_is_silent_takes_nothing_from_the_other(quiet):
    hiss = (quiet * np.sin(np.arange(len(TONE)))).astype(np.float32)
    for x in ([TONE, hiss], [hiss, TONE], [hiss, hiss, TONE, hiss]):
        x = np.stack(x, axis=1)
        mid, side = mid_side(x)
        np.testing.assert_array_equal(mid, TONE)
        assert not side.any()
        assert not channels_cancel(x)


def test_two_channels_of_six_that_sound_are_stereo():
    none = 0 * TONE
    mid, side = mid_side(np.stack([TONE, TONE / 2, none, none, none, none], axis=1))
    np.testing.assert_allclose(mid, 0.75 * TONE, atol=1e-7)
    np.testing.assert_allclose(side, 0.25 * TONE, atol=1e-7)
    assert channels_cancel(np.stack([none, TONE, -TONE], axis=1))


def test_a_quiet_channel_is_still_one():
    mid, side = mid_side(np.stack([TONE, TONE / 100], axis=1))  # -40 dB
    np.testing.assert_allclose(mid, 0.505 * TONE, atol=1e-7)
    assert side.any()


def test_channels_that_cancel_give_the_louder_one():
    x = np.stack([-0.9 * TONE, TONE], axis=1)
    assert channels_cancel(x)
    mid, side = mid_side(x)
    np.testing.assert_array_equal(mid, TONE)
    assert not side.any()


def test_independent_channels_do_not_cancel():
    noise = np.random.default_rng(0).standard_normal((5000, 8))
    assert not channels_cancel(noise)
    assert not channels_cancel(np.zeros((10, 2)))
    assert not channels_cancel(TONE[:, None])
