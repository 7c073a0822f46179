"""Click and rumble: when each band sounds, which comes first, and what goes with what.

Waves: [n, T] with their onset at ONSET.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from kickitout.sound import LENGTH, ONSET, SAMPLE_RATE

COURSE_BANDS_HZ = (20.0, 60.0, 250.0, 2000.0, 8000.0, 18_000.0)  # edges of: sub, body, middle, click, air
EDGE = 2 ** (1 / 6)  # a band fades in and out over a third of an octave
COURSE_HOP = 220  # samples: 5 ms
COURSE_FLOOR_DB = -60.0  # re the loudest 5 ms of the whole sound
TIMES_MS = (np.arange((LENGTH - ONSET) // COURSE_HOP) + 0.5) * COURSE_HOP / SAMPLE_RATE * 1000

# Which fields of the card go together: in each pair an early field and a late one, or two of the
# body. A correlation of ranks says how strongly, and a model that draws each by itself has none.
PAIRS = (
    ("pitch_end_hz", "decay_t40_ms"),
    ("pitch_start_hz", "sweep_ms"),
    ("click_level_db", "decay_t40_ms"),
    ("click_level_db", "pitch_end_hz"),
    ("click_level_db", "click_ms"),
    ("sub_share", "decay_t40_ms"),
)


class Course(NamedTuple):
    """How sounds go on in time."""

    levels: np.ndarray  # [n, bands, times] dB re the loudest 5 ms of each sound, at least COURSE_FLOOR_DB
    lead_ms: np.ndarray  # [n] how much earlier the energy above 2 kHz comes than that below 250 Hz; NaN where none is


def course(waves: np.ndarray) -> Course:
    """The level of each band over time, from the onset on."""
    spectra = np.fft.rfft(np.pad(waves.astype(np.float32), ((0, 0), (0, 2**15 - waves.shape[1]))))
    hz = np.arange(spectra.shape[1]) * SAMPLE_RATE / 2**15
    count = len(TIMES_MS)
    energy = np.empty((len(waves), len(COURSE_BANDS_HZ) - 1, count))
    for band, (low, high) in enumerate(pairwise(COURSE_BANDS_HZ)):
        part = np.fft.irfft(spectra * (_rise(hz, low) * (1 - _rise(hz, high))).astype(np.float32))
        kept = part[:, ONSET : ONSET + count * COURSE_HOP].reshape(len(waves), count, COURSE_HOP)
        energy[:, band] = (kept**2).mean(axis=2)
    top = energy.sum(axis=1).max(axis=1)[:, None, None]
    levels = np.maximum(10 * np.log10(energy / np.maximum(top, 1e-20) + 1e-12), COURSE_FLOOR_DB)
    high, low_part = energy[:, 3:].sum(axis=1), energy[:, :2].sum(axis=1)
    centre = [np.where(e.sum(1) > 1e-6 * top[:, 0, 0], (e @ TIMES_MS) / np.maximum(e.sum(1), 1e-30), np.nan)
              for e in (high, low_part)]  # fmt: skip
    return Course(levels.astype(np.float32), centre[1] - centre[0])


def _rise(hz: np.ndarray, edge: float) -> np.ndarray:
    """0 below edge / EDGE, 1 above edge * EDGE, half a cosine over the logarithm between."""
    place = np.clip(np.log(np.maximum(hz, 1e-3) * EDGE / edge) / (2 * np.log(EDGE)), 0, 1)
    return 0.5 - 0.5 * np.cos(np.pi * place)


def rank_correlation(a: np.ndarray, b: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Spearman's correlation of the known pairs of [n] and [n], drawn as counts [draws, n] say: [draws].

    Ranks are those of the whole set. NaN with fewer than 16 known pairs.
    """
    known = np.isfinite(a) & np.isfinite(b)
    if known.sum() < 16:
        return np.full(len(counts), np.nan)
    x, y, weight = _ranks(a[known]), _ranks(b[known]), counts[:, known]
    share = weight / np.maximum(weight.sum(axis=1, keepdims=True), 1)
    mean_x, mean_y = share @ x, share @ y
    both = share @ (x * y) - mean_x * mean_y
    return both / np.sqrt(np.maximum((share @ x**2 - mean_x**2) * (share @ y**2 - mean_y**2), 1e-12))


def _ranks(values: np.ndarray) -> np.ndarray:
    """Ranks from 0 to 1, the mean of those that are equal."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    middle = np.cumsum(count) - (count + 1) / 2
    return middle[place] / max(len(values) - 1, 1)


def links(cards: Mapping[str, np.ndarray], counts: np.ndarray) -> np.ndarray:
    """[draws, len(PAIRS)] correlations of ranks."""
    return np.stack([rank_correlation(cards[a], cards[b], counts) for a, b in PAIRS], axis=1)
