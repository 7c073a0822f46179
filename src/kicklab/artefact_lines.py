"""Traces of up-sampling: spectra of pictures as images, and lines at the multiples of strides in the sound.

All levels in dB, a row a sound. The profiles are of the pictures that a generator makes (Durall et al. 2020,
arxiv.org/abs/2003.01826, integrate over circles; a picture of sound has two axes that need not fail alike, so each is
looked at by itself too); the lines are looked for in the decoded sound, in its own log-magnitude picture.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from kickitout.training.spectral_loss import rings

EIGHTHS = (1, 2, 3, 4)  # cycles in eight cells: where strides of 2, 4 and 8 leave lines
BESIDE = (2, 3)  # points away from a line, on both sides, that it is measured against
FLOOR = 1e-8  # of the mean square of a picture's brightness


def profiles(pictures: Tensor) -> dict[str, np.ndarray]:
    """Spectra of pictures [B, C, H, W] without their means, each [B, points] in dB re one brightness squared.

    "radius": over circles; "rows": along frequency; "columns": along time. A picture of one row has only columns.
    """
    centred = pictures - pictures.mean(dim=(2, 3), keepdim=True)
    rows, columns = centred.shape[2:]
    half = torch.fft.rfft2(centred, norm="ortho")
    power = (half.real.square() + half.imag.square()).mean(dim=1)  # [B, H, W // 2 + 1]
    along = torch.fft.rfft(centred, dim=3, norm="ortho").abs().square().mean(dim=(1, 2))
    found = {"columns": _db(along)}
    if rows > 1:
        across = torch.fft.rfft(centred, dim=2, norm="ortho").abs().square().mean(dim=(1, 3))
        share = rings(rows, columns)
        round_ = power.flatten(1) @ share
        found |= {"rows": _db(across), "radius": _db(round_[:, share.sum(0) > 0])}
    return found


def _db(power: Tensor) -> np.ndarray:
    return (10 * (power + FLOOR).log10()).numpy().astype(np.float32)


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
        around = [line + sign * by for by in BESIDE for sign in (-1, 1) if 0 < line + sign * by <= last]
        heights.append(levels[:, line] - levels[:, around].mean(axis=1))
    return np.mean(heights, axis=0)
