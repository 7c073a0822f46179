"""What draws KickGAN's curves: convolutions that double their points, modulated by a style.

Behind every convolution is a batch norm whose scale and shift come from the style (de Vries et al. 2017,
arxiv.org/abs/1707.00683). What a norm has learned is a scale and a shift too: once it is known, it joins the style, and
all styles are one product.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from kickitout.models.kickgan.click import SLOPE
from kickitout.models.upsample import convolve_doubled


class Modulated(nn.Module):
    """Doubling, convolution, batch norm whose scale and shift come from the style, leaky ReLU."""

    def __init__(self, inputs: int, outputs: int, style: int) -> None:
        super().__init__()
        self.convolve = nn.Conv1d(inputs, outputs, 3, bias=False)
        self.norm = nn.BatchNorm1d(outputs, affine=False)
        self.style = nn.Linear(style, 2 * outputs)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        """[B, inputs, L], [B, style] -> [B, outputs, 2 L]."""
        scale, shift = self.style(style)[:, :, None].chunk(2, dim=1)
        return F.leaky_relu(self.norm(convolve_doubled(x, self.convolve.weight)) * (1 + scale) + shift, SLOPE)

    def joined(self) -> tuple[Tensor, Tensor]:
        """Weight [2 outputs, style] and bias of a style that does what the norm has learned as well."""
        weights, biases = self.style.weight.chunk(2), self.style.bias.chunk(2)
        inverse = torch.rsqrt(self.norm.running_var + self.norm.eps)  # type: ignore[arg-type,operator]  # both are kept
        mean: Tensor = self.norm.running_mean  # type: ignore[assignment]
        weight, bias = weights[0] * inverse[:, None], (1 + biases[0]) * inverse
        return torch.cat([weight, weights[1] - mean[:, None] * weight]), torch.cat([bias, biases[1] - mean * bias])


class UpsamplingStack(nn.ModuleList):
    """Several of them, one after another."""

    def __init__(self, widths: Sequence[int], style: int) -> None:
        """widths: channels before the first, and behind each."""
        super().__init__(Modulated(a, b, style) for a, b in pairwise(widths))
        self.widths = widths[1:]

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        """[B, widths[0], L], [B, style] -> [B, widths[-1], L 2^n]."""
        steps: list[Modulated] = list(self)  # type: ignore[arg-type]  # a module list does not say of what
        if self.training:
            for double in steps:
                x = double(x, style)
            return x
        weights, biases = zip(*(double.joined() for double in steps), strict=True)
        styles = F.linear(style, torch.cat(weights), torch.cat(biases))[:, :, None]
        parts = styles.split([width for width in self.widths for _ in range(2)], dim=1)
        for double, scale, shift in zip(steps, parts[::2], parts[1::2], strict=True):
            x = F.leaky_relu(convolve_doubled(x, double.convolve.weight) * scale + shift, SLOPE)
        return x
