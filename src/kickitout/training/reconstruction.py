"""Losses of a kick that was made again against the real one."""

from __future__ import annotations

import functools

import torch
from torch import Tensor

from kickitout.sound import SAMPLE_RATE

WINDOWS = (2048, 512, 128)  # samples: 21, 86 and 344 Hz a bin; 46, 12 and 3 ms
FLOOR = 1e-3  # of the spectrum of a full-scale sine: below -60 dB all levels are alike
# For each window: how many bands of levels, from where to where in Hz, and over how many frames a level is averaged.
CELLS = {2048: (24, 25.0, 800.0, 1), 512: (28, 300.0, 19_000.0, 2), 128: (12, 1200.0, 20_000.0, 4)}
BIN_LIMITS_HZ = {2048: 2500.0, 512: 6000.0, 128: 22_050.0}  # above, only levels are compared: it is noise
CELL_FLOOR_DB = -90.0  # re the loudest cell of the real kick


def spectral_losses(real: Tensor, made: Tensor, shift: int = 0) -> tuple[Tensor, Tensor]:
    """Two distances of spectra at several resolutions. [B, T], [B, T] -> scalar, scalar.

    The first reads every bin (Yamamoto et al. 2020, arxiv.org/abs/1910.11480): mean absolute difference of log
    magnitudes, plus the relative error of the magnitudes. Two noises of one level differ in it, so it alone teaches
    to draw the average of a noise. The second reads levels in bands of a third of an octave, where they do not.
    shift: samples by which the frames are moved, so that none of a hop's places is always or never seen.
    """
    bins = levels = real.new_zeros(())
    real, made = real[:, shift:], made[:, shift:]
    for size in WINDOWS:
        a, b = _power(real, size), _power(made, size)
        low = slice(0, 1 + int(BIN_LIMITS_HZ[size] * size / SAMPLE_RATE))
        x, y = (a[:, low] + 1e-12).sqrt(), (b[:, low] + 1e-12).sqrt()  # 1e-12: no infinite slope at silence
        convergence = (x - y).flatten(1).norm(dim=1) / x.flatten(1).norm(dim=1).clamp(min=FLOOR)
        bins = bins + ((x + FLOOR).log() - (y + FLOOR).log()).abs().mean() + convergence.mean()
        p, q = _cells(a, size), _cells(b, size)
        floor = p.amax(dim=(1, 2), keepdim=True) * 10 ** (CELL_FLOOR_DB / 10)
        levels = levels + 0.5 * ((p + floor).log() - (q + floor).log()).abs().mean()
    return bins / len(WINDOWS), levels / len(WINDOWS)


def body_loss(real: Tensor, made: Tensor) -> Tensor:
    """Mean absolute error of the lowest band relative to its level. [B, C, 1, L] sub-bands -> scalar.

    The waveform of the body can be learned, because every kick starts at the same sample; that of the air above cannot,
    and asking for it teaches silence: with all bands in this loss, 100 steps on 16 kicks left the spectral loss at
    1.11, with the lowest alone they brought it to 0.28.
    """
    body, again = real[:, 0].flatten(1), made[:, 0].flatten(1)
    return ((body - again).abs().mean(dim=1) / body.abs().mean(dim=1).clamp(min=FLOOR)).mean()


def _power(wave: Tensor, size: int) -> Tensor:
    """[B, T] -> [B, bins, frames], 1 for a full-scale sine."""
    window = torch.hann_window(size, device=wave.device, dtype=wave.dtype)
    spectrum = torch.stft(wave, size, size // 2, window=window, return_complex=True) * (4 / size)
    return spectrum.real.square() + spectrum.imag.square()


def _cells(power: Tensor, size: int) -> Tensor:
    """[B, bins, frames] -> [B, frames or fewer, bands]."""
    together = CELLS[size][3]
    cells = power.transpose(1, 2) @ _bands(size).to(power.device)
    frames = cells.shape[1] // together * together
    return cells[:, :frames].unflatten(1, (-1, together)).mean(dim=2)


@functools.cache
def _bands(size: int) -> Tensor:
    """[bins, bands]: triangles in log frequency, each with a sum of 1; bands narrower than a bin are left out."""
    count, low, high, _ = CELLS[size]
    hz = torch.arange(size // 2 + 1) * (SAMPLE_RATE / size)
    edges = torch.logspace(torch.tensor(low).log10().item(), torch.tensor(high).log10().item(), count + 2)
    rise = (hz[:, None] - edges[:-2]) / (edges[1:-1] - edges[:-2])
    fall = (edges[2:] - hz[:, None]) / (edges[2:] - edges[1:-1])
    weight = torch.minimum(rise, fall).clamp(0, 1)
    return weight[:, weight.sum(dim=0) > 1e-6] / weight.sum(dim=0)[weight.sum(dim=0) > 1e-6]
