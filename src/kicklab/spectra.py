"""Spectra compared: spectral artefacts of up-sampling, and what a round trip loses.

All levels in dB, a row a sound. Profiles are spectra of representations as images (Durall et al. 2020,
arxiv.org/abs/2003.01826, integrate over circles; the two axes of a representation need not fail alike, so each has a
profile of its own too). Stride lines are measured in the decoded sound, in its log-magnitude spectrogram.
"""

from __future__ import annotations

import itertools

import numpy as np
import torch
from torch import Tensor

from kickitout.sound import SAMPLE_RATE
from kickitout.training.spectral_loss import rings

EIGHTHS = (1, 2, 3, 4)  # cycles in eight cells: where strides of 2, 4 and 8 leave lines
LINE_NEIGHBOURS = (2, 3)  # points away from a line, on both sides, that it is measured against
PROFILE_FLOOR = 1e-8  # of the mean square of a representation's cells


def profiles(images: Tensor) -> dict[str, np.ndarray]:
    """Spectra of representations [B, C, H, W] without their means, each [B, points] in dB re one brightness squared.

    "radius": over circles; "rows": along frequency; "columns": along time. One with a single row has only columns.
    """
    centred = images - images.mean(dim=(2, 3), keepdim=True)
    rows, columns = centred.shape[2:]
    half = torch.fft.rfft2(centred, norm="ortho")
    power = (half.real.square() + half.imag.square()).mean(dim=1)  # [B, H, W // 2 + 1]
    along = torch.fft.rfft(centred, dim=3, norm="ortho").abs().square().mean(dim=(1, 2))
    found = {"columns": _power_db(along)}
    if rows > 1:
        across = torch.fft.rfft(centred, dim=2, norm="ortho").abs().square().mean(dim=(1, 3))
        share = rings(rows, columns)
        round_ = power.flatten(1) @ share
        found |= {"rows": _power_db(across), "radius": _power_db(round_[:, share.sum(0) > 0])}
    return found


def _power_db(power: Tensor) -> np.ndarray:
    return (10 * (power + PROFILE_FLOOR).log10()).numpy().astype(np.float32)


def coarser(levels: np.ndarray, most: int = 64) -> np.ndarray:
    """Spectra [n, points] as means over runs of points, at most `most` of them: what a probe needs no more of."""
    count = levels.shape[1]
    edges = np.unique(np.linspace(0, count, min(most, count) + 1).astype(int))
    return np.add.reduceat(levels, edges[:-1], axis=1) / np.diff(edges)


def stride_lines(levels: np.ndarray) -> np.ndarray:
    """Mean height of the lines at multiples of an eighth cycle a cell over their surroundings: [n, points] -> [n] dB.

    levels: spectra from 0 to half a cycle a cell, both included.
    """
    last = levels.shape[1] - 1
    heights = []
    for eighth in EIGHTHS:
        line = round(eighth * last / 4)
        around = [line + sign * by for by in LINE_NEIGHBOURS for sign in (-1, 1) if 0 < line + sign * by <= last]
        heights.append(levels[:, line] - levels[:, around].mean(axis=1))
    return np.mean(heights, axis=0)


def signal_to_noise(real: np.ndarray, decoded: np.ndarray) -> np.ndarray:
    """[n] dB: energy of the kick over the energy of the difference. 0 dB when nothing of the waveform is kept."""
    noise = ((real - decoded).astype(np.float64) ** 2).sum(1)
    return 10 * np.log10((real.astype(np.float64) ** 2).sum(1) / np.maximum(noise, 1e-20))


def log_spectral_distance(real: np.ndarray, decoded: np.ndarray, size: int = 1024, floor_db: float = -80) -> np.ndarray:
    """[n] dB: root mean square over frequency, mean over time, of the difference of two log spectrograms.

    Window `size`, hop a quarter; levels re the kick's loudest cell, not below floor_db (Gray & Markel 1976,
    doi.org/10.1109/TASSP.1976.1162849).
    """

    def levels(waves: np.ndarray) -> np.ndarray:
        frames = np.lib.stride_tricks.sliding_window_view(waves, size, axis=1)[:, :: size // 4] * np.hanning(size)
        return 20 * np.log10(np.abs(np.fft.rfft(frames)) + 1e-9)

    a, b = levels(real), levels(decoded)
    top = a.max(axis=(1, 2), keepdims=True) + floor_db
    return np.sqrt(((np.maximum(a, top) - np.maximum(b, top)) ** 2).mean(axis=2)).mean(axis=1)


THIRD_SIZE = 1024  # samples a window: bands from 180 Hz on are wider than a bin
THIRD_HOP = 220  # samples: 5 ms
THIRD_FLOOR_DB = -60.0  # re the loudest cell of the real sound: what is quieter in both is not compared


def third_octave_distance(real: np.ndarray, other: np.ndarray) -> np.ndarray:
    """[n] dB: mean absolute difference of level over cells of a third of an octave and 5 ms in which either sounds.

    real, other: sounds [n, T]. Two noises of one level are near each other, which no distance bin by bin shows.
    """
    hz = np.fft.rfftfreq(THIRD_SIZE, 1 / SAMPLE_RATE)
    edges = 1000 * 2 ** ((np.arange(-12, 14) - 0.5) / 3)  # centres from 62 Hz to 16 kHz
    inside = np.stack([(hz >= low) & (hz < high) for low, high in itertools.pairwise(edges)])
    inside = inside[inside.any(axis=1)].astype(np.float32)

    def levels(waves: np.ndarray) -> np.ndarray:
        padded = np.pad(waves, ((0, 0), (THIRD_SIZE // 2, THIRD_SIZE // 2)))
        frames = np.lib.stride_tricks.sliding_window_view(padded, THIRD_SIZE, axis=1)[:, ::THIRD_HOP]
        power = np.square(np.abs(np.fft.rfft(frames * np.hanning(THIRD_SIZE).astype(np.float32))))
        return 10 * np.log10(power @ inside.T + 1e-12)

    found = np.zeros(len(real))
    for i, (a, b) in enumerate(zip(real, other, strict=True)):
        x, y = levels(a[None])[0], levels(b[None])[0]
        least = x.max() + THIRD_FLOOR_DB
        sounds = np.maximum(x, y) > least
        found[i] = np.abs(np.maximum(x, least) - np.maximum(y, least))[sounds].mean() if sounds.any() else 0.0
    return found
