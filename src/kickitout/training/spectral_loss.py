"""The spectral loss against the traces of up-convolution, in the two forms that are in the literature.

Durall, Keuper & Keuper 2020 (arxiv.org/abs/2003.01826) integrate the power spectrum of an image over circles and add to
the generator's loss how far that profile is from the real ones', as a binary cross-entropy. As a formula the loss
can be differentiated; in the code that was published with the paper the profile is computed outside of the graph and
only multiplies the adversarial loss, so no gradient passes through it. Both are here, and a test tells them apart.

Ours differ from the formula in the scale: profiles are levels in dB between the profile's own minimum and maximum (0 to
1), because relative to the lowest frequency everything else is next to nothing. Representations need not be square:
radius is counted in cycles a cell along both axes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor

from kickitout.settings import Settings

EPS = 1e-8  # power, below any texture; bounds the slope of the logarithm


class SpectralConfig(Settings):
    """Which form, and how much it counts."""

    loss: Literal["none", "differentiable", "detached"] = "none"
    weight: float = Field(1.0, ge=0)
    # Of the differentiable form: in each step its gradient at what is made is scaled to the norm of the adversarial
    # one, so that `weight` says how many times as much it counts.
    matched: bool = False


@lru_cache(maxsize=4)
@torch.inference_mode(False)  # whoever asks first: what is kept must serve training too
def rings(rows: int, columns: int) -> Tensor:
    """[rows * (columns // 2 + 1), R]: the share of each point of the half plane in its ring; R ends at Nyquist."""
    count = max(rows, columns) // 2 + 1
    vertical, horizontal = torch.fft.fftfreq(rows), torch.fft.rfftfreq(columns)  # cycles a cell
    radius = (torch.hypot(vertical[:, None], horizontal) * 2 * (count - 1)).round().long().flatten()
    # A column that is neither the first nor the Nyquist stands for its mirror image as well.
    mirrored = torch.full((columns // 2 + 1,), 2.0)
    mirrored[0] = 1.0
    if columns % 2 == 0:
        mirrored[-1] = 1.0
    weight = mirrored.repeat(rows)
    share = torch.zeros(len(radius), count)
    inside = radius < count
    share[inside, radius[inside]] = weight[inside]
    return share / share.sum(0).clamp(min=1.0)


def profile(encoded: Tensor) -> Tensor:
    """Azimuthally integrated spectrum of representations [B, C, H, W]: [B, R] in [0, 1], from low to high frequencies.

    The mean over the maps of the power, in dB, stretched so that the weakest ring of each is 0 and its strongest 1.
    """
    rows, columns = encoded.shape[2:]
    spectrum = torch.fft.rfft2(encoded, norm="ortho")
    power = (spectrum.real.square() + spectrum.imag.square()).mean(dim=1).flatten(1)  # [B, H * (W // 2 + 1)]
    share = rings(rows, columns).to(power)
    level = (power @ share + EPS).log()
    known = level[:, share.sum(0) > 0]  # between the rings of a flat one there may be gaps
    low, high = known.amin(dim=1, keepdim=True), known.amax(dim=1, keepdim=True)
    return (known - low) / (high - low).clamp(min=1e-3)


def _as_is(value: Tensor) -> Tensor:
    return value


def profile_distance(real: Tensor, fake: Tensor, mean: Callable[[Tensor], Tensor] = _as_is) -> Tensor:
    """Binary cross-entropy of the profiles of `fake` against the mean profile of `real`, less its least value.

    real, fake: [B, C, H, W]. mean: of a figure, over all who share the batch. Returns a scalar, 0 where every profile
    is the mean of the real ones.
    """
    target = mean(profile(real).detach().mean(dim=0, keepdim=True)).clamp(1e-4, 1 - 1e-4)
    made = profile(fake).clamp(1e-4, 1 - 1e-4)
    least = -(target * target.log() + (1 - target) * (1 - target).log())
    return (-(target * made.log() + (1 - target) * (1 - made).log()) - least).mean()


def with_spectrum(
    loss: Tensor, real: Tensor, fake: Tensor, config: SpectralConfig, mean: Callable[[Tensor], Tensor] = _as_is
) -> tuple[Tensor, Tensor]:
    """The generator's adversarial loss with the spectral one: (what is to be descended, the spectral distance).

    "differentiable": their sum, and the gradient of both. "detached": their product as in the published code; its
    gradient is that of the adversarial loss alone, scaled by a number.
    """
    if config.loss == "detached":
        distance = mean(profile_distance(real, fake.detach(), mean))
        return loss * (1 + config.weight * distance), distance
    distance = profile_distance(real, fake, mean)
    weight = config.weight * (matching(loss, distance, fake, mean) if config.matched else 1.0)
    return loss + weight * distance, distance


def matching(loss: Tensor, distance: Tensor, fake: Tensor, mean: Callable[[Tensor], Tensor] = _as_is) -> Tensor:
    """By what the gradient of `distance` at `fake` must be multiplied to be as long as that of `loss`."""
    slopes = (torch.autograd.grad(value, fake, retain_graph=True)[0].detach() for value in (loss, distance))
    adversarial, spectral = (mean(slope.square().mean()).sqrt() for slope in slopes)
    return adversarial / spectral.clamp(min=1e-12)
