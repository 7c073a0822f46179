"""How much of a bass lies under a kick below 150 Hz: one number in dB, defined here in closed form.

Both sounds are cut into frames of 93 ms, every 10 ms, and into bands one equivalent rectangular bandwidth wide
(Glasberg & Moore 1990, doi.org/10.1016/0378-5955(90)90170-T), the width in which the ear lets one sound hide another.
With B the energy of the bass in a cell and K that of the kick,

    masking = 10 log10( sum B K / (B + K)  /  sum B )

K / (B + K) is the part of a cell that an ideal ratio mask gives to the kick (Wang et al. 2014,
doi.org/10.1109/TASLP.2014.2352935): 0 where the kick is silent or the bass far louder, 1 where the kick covers it. So
-3 dB is a kick as loud as the bass wherever it sounds, and below -20 dB less than a hundredth of the bass is touched.
It is the idea of the masked-to-unmasked ratio of a mix (Aichinger et al. 2011, AES 130, paper 8344) without a model of
loudness, so that it can be checked by hand.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from kickitout.audio import resample
from kickitout.fitting.bass import LOW_RATE

FRAME_SECONDS = 0.093
HOP = round(0.01 * LOW_RATE)  # samples: 10 ms but for what rounding leaves, which a minute of beats adds up
HOP_SECONDS = HOP / LOW_RATE
BAND_FROM_HZ, BAND_TO_HZ = 20.0, 150.0
FRAME_SIZE = 2048  # of the padded spectrum: a bin is 1.08 Hz
LEAST_DB = -60.0  # what is less is told as this: a thousandth of a thousandth of the bass


def erb_number(hz: float) -> float:
    """Place on the scale of equivalent rectangular bandwidths, Glasberg & Moore 1990.

    >>> round(erb_number(1000.0), 2)
    15.62
    """
    return 21.4 * math.log10(1 + 0.00437 * hz)


@lru_cache(maxsize=1)
def _bands() -> np.ndarray:
    """[bands + 1] edges in bins: whole ERBs from BAND_FROM_HZ on, the last one ends at BAND_TO_HZ."""
    low, high = erb_number(BAND_FROM_HZ), erb_number(BAND_TO_HZ)
    numbers = np.linspace(low, high, round(high - low) + 1)
    hz = (10 ** (numbers / 21.4) - 1) / 0.00437
    return np.round(hz * FRAME_SIZE / LOW_RATE).astype(int)


def low_cells(wave: np.ndarray, rate: int) -> np.ndarray:
    """Energy of a wave [T] in each frame and band below 150 Hz, float64 [frames, bands]."""
    low = resample(wave, rate, LOW_RATE).astype(np.float64)
    window = round(FRAME_SECONDS * LOW_RATE)
    padded = np.concatenate([np.zeros(window // 2), low, np.zeros(window)])
    frames = np.lib.stride_tricks.sliding_window_view(padded, window)[: len(low) + window // 2 : HOP]
    power = np.abs(np.fft.rfft(frames * np.hanning(window), FRAME_SIZE)) ** 2
    edges = _bands()
    return np.add.reduceat(power[:, : edges[-1]], edges[:-1], axis=1)


def placed(cells: np.ndarray, times: np.ndarray, frames: int) -> np.ndarray:
    """The cells of a kick [k, bands] at each of the times in seconds, [frames, bands]; energies add."""
    found = np.zeros((frames, cells.shape[1]))
    for time in times:
        at = round(float(time) / HOP_SECONDS)
        part = cells[: max(0, frames - at)]
        found[at : at + len(part)] += part
    return found


def masking_db(bass: np.ndarray, kick: np.ndarray) -> float:
    """The masking defined above, of cells [frames, bands]; NaN where there is no bass.

    >>> cells = np.ones((4, 3))
    >>> round(masking_db(cells, cells), 2), round(masking_db(cells, 0.01 * cells), 2)
    (-3.01, -20.04)
    """
    total = float(bass.sum())
    if total <= 0:
        return math.nan
    both = bass + kick
    under = float(np.divide(bass * kick, both, out=np.zeros_like(both), where=both > 0).sum())
    return max(LEAST_DB, 10 * math.log10(max(under / total, 1e-30)))
