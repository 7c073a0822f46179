"""Steps of the reconstruction loss whose gradients are written out.

Composed of PyTorch's own operations they take 1.7 times as long, most of it in passes over memory: a slope of each
operation's result, a complex transform of twice the size, frames that are added sample by sample.
"""

from __future__ import annotations

import functools
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

SILENCE_POWER = 1e-12  # no infinite slope at silence


def magnitudes(wave: Tensor, size: int) -> Tensor:
    """[B, T] -> [B, frames, bins], 1 for a full-scale sine; frames overlap by half, the first is around sample 0."""
    return _Magnitudes.apply(wave, size)


def band_levels(spectrum: Tensor, bands: Tensor, together: int) -> Tensor:
    """[B, frames, bins], weights [bins, bands] -> mean power of every `together` frames, [B, fewer frames, bands]."""
    return _BandLevels.apply(spectrum, bands, together)


def log_and_linear_distance(a: Tensor, b: Tensor, logs: tuple[Tensor, Tensor], floor: float, scale: Tensor) -> Tensor:
    """Of two spectra [B, frames, bins]: mean |log(a + floor) - log(b + floor)|, plus mean |a - b| in units of a scale.

    logs: both logarithms, which are those of several distances. scale: [B], of each kick.
    """
    return _LogAndLinear.apply(a, b, *logs, floor, scale)


@functools.cache
def _window(size: int, device: torch.device, dtype: torch.dtype) -> Tensor:
    return torch.hann_window(size, device=device, dtype=dtype) * (4 / size)


class _Magnitudes(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, wave: Tensor, size: int) -> Tensor:
        frames = F.pad(wave, (size // 2, 0)).unfold(1, size, size // 2) * _window(size, wave.device, wave.dtype)
        spectrum = torch.fft.rfft(frames)
        found = torch.addcmul(spectrum.real.square(), spectrum.imag, spectrum.imag).add_(SILENCE_POWER).sqrt_()
        ctx.save_for_backward(spectrum, found)
        ctx.size, ctx.samples = size, wave.shape[1]
        return found

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor, None]:
        spectrum, found = ctx.saved_tensors
        size, hop = ctx.size, ctx.size // 2
        # The transpose of a real transform is an inverse one, in which all bins but the first and the last count twice.
        share = (slope / found).mul_(size)
        share[..., 1:-1] *= 0.5
        towards = torch.view_as_complex(torch.view_as_real(spectrum) * share[..., None])
        frames = torch.fft.irfft(towards, size).mul_(_window(size, slope.device, slope.dtype))
        padded = slope.new_zeros(len(slope), hop + ctx.samples)
        halves = padded[:, : (frames.shape[1] + 1) * hop].unflatten(1, (-1, hop))
        halves[:, :-1] += frames[..., :hop]
        halves[:, 1:] += frames[..., hop:]
        return padded[:, hop:], None


class _BandLevels(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, spectrum: Tensor, bands: Tensor, together: int) -> Tensor:
        frames = spectrum.shape[1] // together * together
        power = spectrum[:, :frames].square()
        ctx.save_for_backward(spectrum, bands)
        ctx.together = together
        return (power if together == 1 else power.unflatten(1, (-1, together)).mean(dim=2)) @ bands

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor, None, None]:
        spectrum, bands = ctx.saved_tensors
        share = (slope @ bands.T).mul_(2 / ctx.together)[:, :, None]
        frames = share.shape[1] * ctx.together
        found = torch.empty_like(spectrum)
        found[:, frames:] = 0
        parts = (1, (-1, ctx.together))
        torch.mul(spectrum[:, :frames].unflatten(*parts), share, out=found[:, :frames].unflatten(*parts))
        return found, None, None


class _LogAndLinear(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, a: Tensor, b: Tensor, log_a: Tensor, log_b: Tensor, floor: float, scale: Tensor) -> Tensor:
        apart = a - b
        ctx.save_for_backward(a, b, apart, scale)
        ctx.floor = floor
        return (log_a - log_b).abs_().mean() + (apart.abs().mean(dim=(1, 2)) / scale).mean()

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor | None, ...]:
        a, b, apart, scale = ctx.saved_tensors
        sign = apart.sign().mul_(slope / apart.numel())  # of the logarithms' difference too
        linear = scale.reciprocal()[:, None, None]
        wanted = ctx.needs_input_grad
        of_a = (a + ctx.floor).reciprocal_().add_(linear).mul_(sign) if wanted[0] else None
        of_b = (b + ctx.floor).reciprocal_().add_(linear).mul_(sign).neg_() if wanted[1] else None
        return of_a, of_b, None, None, None, None
