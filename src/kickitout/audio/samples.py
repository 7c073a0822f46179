"""Samples in memory: a sound, its channels, another rate.

Samples: float32 [T, C], full scale is 1.0 (float files may exceed it). Rates in Hz.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

HUSHED = 1e-3  # of the loudest channel's peak, -60 dB
FAR_ABOVE = 100.0  # of full scale, +40 dBFS; in 16 bits it is a peak of -50 dBFS


@dataclass(frozen=True)
class Sound:
    """What a file holds. samples: float32 [T, C], finite; rate: Hz; container and subtype as libsndfile names them.

    notes: what was odd about the file and how it was read all the same, one sentence each without its name.
    """

    samples: np.ndarray
    rate: int
    container: str = "WAV"
    subtype: str = "FLOAT"
    notes: tuple[str, ...] = ()

    @property
    def channels(self) -> int:
        return int(self.samples.shape[1])

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate


def resample(x: np.ndarray, rate_from: int, rate_to: int) -> np.ndarray:
    """x [T] or [T, C] at rate_from Hz to float32 at rate_to Hz: soxr "VHQ", linear phase, nothing below -140 dB."""
    x = np.asarray(x, dtype=np.float32)
    if rate_from == rate_to or len(x) == 0:
        return x
    import soxr  # here: most sounds need no other rate

    return np.asarray(soxr.resample(x, rate_from, rate_to, quality="VHQ"), dtype=np.float32)


def sounding(samples: np.ndarray) -> np.ndarray:
    """Those of the channels [T, C] that sound, [T, C'], at least one: the others stay HUSHED below the loudest."""
    if samples.shape[1] == 1:
        return samples
    peaks = np.array([np.abs(channel).max(initial=0.0) for channel in samples.T])
    loud = peaks >= HUSHED * peaks.max()
    return samples if loud.all() else samples[:, loud]


def channels_cancel(samples: np.ndarray) -> bool:
    """Whether the mean of the channels [T, C] keeps less than 1 % (-20 dB) of their energy: one of them is inverted.

    Independent channels keep 1/C; only a correlation near -1 falls this low.
    """
    samples = sounding(samples)
    if samples.shape[1] == 1:
        return False
    energy = float(np.mean(np.square(samples, dtype=np.float64)))
    return float(np.mean(np.square(_mean_of(samples)))) < 0.01 * energy


def _mean_of(samples: np.ndarray) -> np.ndarray:
    """The mean of the channels [T, C], float64 [T]; of one or two much quicker than a reduction over the last axis."""
    if samples.shape[1] > 2:
        return samples.mean(axis=1, dtype=np.float64)
    first = samples[:, 0].astype(np.float64)
    return first if samples.shape[1] == 1 else (first + samples[:, 1]) / 2


def mid_side(samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """samples [T, C] -> mid [T], the mean of the channels, and side [T], (L - R) / 2; float32.

    Side is zeros unless two channels sound. Channels that cancel (`channels_cancel`) give the louder one as mid and no
    side, and a channel that is silent is left out: a wrong or a missing wire is not stereo.
    """
    samples = sounding(np.asarray(samples, dtype=np.float32))
    silent = np.zeros(len(samples), dtype=np.float32)
    if channels_cancel(samples):
        loudest = int(np.argmax(np.square(samples, dtype=np.float64).sum(axis=0)))
        return samples[:, loudest].copy(), silent
    mid = _mean_of(samples).astype(np.float32)
    side = (samples[:, 0] - samples[:, 1]) / 2 if samples.shape[1] == 2 else silent
    return mid, side


def whole_number_scale(samples: np.ndarray) -> int:
    """What full scale is in float samples that were never divided by it: 2^15, 2^23 or 2^31; 0 for others.

    Float samples reach 1.0, and 10 or 30 after a careless mix; from FAR_ABOVE on they are the numbers of a file of 16,
    24 or 32 bits, perhaps filtered since and thus a little larger.
    """
    peak = float(np.abs(samples).max(initial=0.0))
    return next((scale for scale in (2**15, 2**23, 2**31) if FAR_ABOVE <= peak <= 1.5 * scale), 0)
