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


def band_loss(real: Tensor, made: Tensor) -> Tensor:
    """Mean absolute difference of two sub-band pictures, relative to the real ones' level. [B, C, 1, L] -> scalar.

    Levels are taken over the batch, band by band, so that the air counts like the rest; the lowest band, which holds
    the body, counts half.
    """
    level = real.abs().mean(dim=(0, 2, 3))  # [C]
    relative = (real - made).abs().mean(dim=(0, 2, 3)) / level.clamp(min=FLOOR)
    return 0.5 * relative[0] + 0.5 * relative[1:].mean()


def _magnitude(wave: Tensor, size: int) -> Tensor:
    window = torch.hann_window(size, device=wave.device, dtype=wave.dtype)
    spectrum = torch.stft(wave, size, size // 4, window=window, return_complex=True) * (4 / size)
    return (spectrum.real.square() + spectrum.imag.square() + 1e-12).sqrt()  # 1e-12: no infinite slope at silence
