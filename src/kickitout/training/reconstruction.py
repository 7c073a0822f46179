"""Losses of a kick that was made again against the real one."""

from __future__ import annotations

import torch
from torch import Tensor

WINDOWS = (2048, 512, 128)  # samples: 21, 86 and 344 Hz a bin; 46, 12 and 3 ms
FLOOR = 1e-3  # of the spectrum of a full-scale sine: below -60 dB all levels are alike


def spectral_loss(real: Tensor, made: Tensor) -> Tensor:
    """Multi-resolution spectral distance (Yamamoto et al. 2020, arxiv.org/abs/1910.11480). [B, T], [B, T] -> scalar.

    For each window: mean absolute difference of log magnitudes, plus the relative error of the magnitudes.
    """
    total = real.new_zeros(())
    for size in WINDOWS:
        a, b = _magnitude(real, size), _magnitude(made, size)
        convergence = (a - b).flatten(1).norm(dim=1) / a.flatten(1).norm(dim=1).clamp(min=FLOOR)
        total = total + (a.add(FLOOR).log() - b.add(FLOOR).log()).abs().mean() + convergence.mean()
    return total / len(WINDOWS)


def body_loss(real: Tensor, made: Tensor) -> Tensor:
    """Mean absolute error of the lowest band relative to its level. [B, C, 1, L] sub-bands -> scalar.

    The waveform of the body can be learned, because every kick starts at the same sample; that of the air above cannot,
    and asking for it teaches silence: with all bands in this loss, 100 steps on 16 kicks left the spectral loss at
    1.11, with the lowest alone they brought it to 0.28.
    """
    body, again = real[:, 0], made[:, 0]
    return (body - again).abs().mean() / body.abs().mean().clamp(min=FLOOR)


def _magnitude(wave: Tensor, size: int) -> Tensor:
    window = torch.hann_window(size, device=wave.device, dtype=wave.dtype)
    spectrum = torch.stft(wave, size, size // 4, window=window, return_complex=True) * (4 / size)
    return (spectrum.real.square() + spectrum.imag.square() + 1e-12).sqrt()  # 1e-12: no infinite slope at silence
