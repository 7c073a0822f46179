"""From a latent near a kick to one nearer to it: least squares on the levels of its bands, by Levenberg and Marquardt.

A graph has no gradients, so each number of the latent is moved a little and the kick rendered again: 64 renders a
round, which two hundred random steps do not equal. Compared are levels of bands and not single bins, for two noises
that sound alike differ in each of their bins. (Levenberg 1944, Marquardt 1963, doi.org/10.1137/0111030.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np

from kickitout.sound import SAMPLE_RATE

Render = Callable[[np.ndarray], np.ndarray]  # a latent -> [T]

SETS = ((2048, 512, 4), (512, 128, 3), (128, 64, 2))  # window and hop in samples, bands an octave
LOW_HZ = 30.0
FLOOR = 1e-8  # power: -80 dB re full scale
NUDGE = 0.1  # deviations of a latent
PULL = 0.02  # of the curvature: towards no move, so that what no band hears stays where it is
DAMPING = 1e-2  # to begin with
DAMPINGS = 5  # of a round, each with more damping
LONGEST = 1.0  # deviations a number moves in a round
FURTHEST_LATENT = 4.0  # deviations


def levels(wave: np.ndarray) -> np.ndarray:
    """Levels in dB of all bands and moments of a kick [T], float32 [n]; each window counts as much as the others."""
    found = []
    for size, hop, per_octave in SETS:
        window, edges = _bands(size, per_octave)
        frames = np.lib.stride_tricks.sliding_window_view(np.pad(wave, size // 2), size)[::hop]
        power = np.square(np.abs(np.fft.rfft(frames * window, axis=1)))
        mean = np.add.reduceat(power, edges, axis=1) / np.diff(np.r_[edges, power.shape[1]])
        found.append((10 * np.log10(mean + FLOOR)).ravel() / np.sqrt(mean.size))
    return np.concatenate(found).astype(np.float32)


@lru_cache(maxsize=8)
def _bands(size: int, per_octave: int) -> tuple[np.ndarray, np.ndarray]:
    """A window that gives a sine its amplitude, and the first bin of each band."""
    octaves = np.arange(0, np.log2(SAMPLE_RATE / 2 / LOW_HZ), 1 / per_octave)
    edges = np.unique(np.r_[0, np.round(LOW_HZ * 2**octaves * size / SAMPLE_RATE).astype(int)])
    return (np.hanning(size) * (4 / size)).astype(np.float32), edges[edges <= size // 2]


def refine(render: Render, latent: np.ndarray, free: Sequence[int], wanted: np.ndarray, rounds: int) -> np.ndarray:
    """A latent whose kick has levels nearer to `wanted` (see `levels`); only the numbers `free` of it are moved."""
    at = np.asarray(free)
    here = levels(render(latent))
    damping = DAMPING
    for _ in range(rounds):
        slopes = np.empty((len(at), len(wanted)), np.float32)
        for row, number in enumerate(at):
            nudged = latent.copy()
            nudged[number] += NUDGE
            slopes[row] = (levels(render(nudged)) - here) / NUDGE
        curvature, slope = slopes @ slopes.T, slopes @ (wanted - here)
        pull = PULL * float(np.trace(curvature)) / len(at) + 1e-9
        for _ in range(DAMPINGS):
            move = np.linalg.solve(curvature + np.diag(damping * np.diag(curvature) + pull), slope)
            tried = latent.copy()
            if (way := np.abs(move).max()) > LONGEST:
                move *= LONGEST / way
            tried[at] = np.clip(latent[at] + move, -FURTHEST_LATENT, FURTHEST_LATENT)
            there = levels(render(tried))
            if np.square(wanted - there).sum() < np.square(wanted - here).sum():
                latent, here, damping = tried, there, damping / 3
                break
            damping *= 6
        else:
            break
    return latent
