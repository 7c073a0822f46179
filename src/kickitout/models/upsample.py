"""The four ways to double a representation, which is where generators leave spectral artefacts.

Transposed convolutions insert zeros and filter them, which leaves periodic lines when the kernel does not divide the
stride evenly (Odena et al. 2016, doi.org/10.23915/distill.00003) and distorts the spectrum's high end (Durall et al.
2020, arxiv.org/abs/2003.01826); a changed last step is said to remove that (Chandrasegaran et al. 2021,
arxiv.org/abs/2103.17195). All four are here under one signature, so that it can be measured.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Upsampling = Literal["transposed", "nearest", "bilinear", "pixel-shuffle"]
Stride = tuple[int, int]  # 1 or 2 along frequency and time


def kernel(stride: Stride, size: tuple[int, int], doubled: int, kept: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Kernel and padding per axis: `doubled` where the stride is 2, `kept` where it is 1, 1 where there is one cell."""
    sizes = [doubled if s == 2 else (kept if n > 1 else 1) for s, n in zip(stride, size, strict=True)]
    return (sizes[0], sizes[1]), ((sizes[0] - 1) // 2, (sizes[1] - 1) // 2)


def upsample(kind: Upsampling, inputs: int, outputs: int, stride: Stride, size: tuple[int, int]) -> nn.Module:
    """[B, inputs, H, W] -> [B, outputs, H * stride[0], W * stride[1]].

    size: H, W of the input. An axis with stride 1 keeps its length (kernel 3, or 1 where there is one cell).
    """
    if kind == "transposed":
        taps, padding = kernel(stride, size, doubled=4, kept=3)
        return nn.ConvTranspose2d(inputs, outputs, taps, stride, padding, bias=False)
    taps, padding = kernel(stride, (size[0] * stride[0], size[1] * stride[1]), doubled=3, kept=3)
    if kind == "pixel-shuffle":
        fold = stride[0] * stride[1]
        taps, padding = kernel(stride, size, doubled=3, kept=3)
        return nn.Sequential(nn.Conv2d(inputs, outputs * fold, taps, 1, padding, bias=False), PixelShuffle(stride))
    mode = nn.Upsample(scale_factor=(float(stride[0]), float(stride[1])), mode=kind)
    return nn.Sequential(mode, nn.Conv2d(inputs, outputs, taps, 1, padding, bias=False))


class PixelShuffle(nn.Module):
    """Channels to pixels (Shi et al. 2016, arxiv.org/abs/1609.05158), with a stride per axis."""

    def __init__(self, stride: Stride) -> None:
        super().__init__()
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        """[B, C * r * s, H, W] -> [B, C, H * r, W * s]."""
        b, c, h, w = x.shape
        r, s = self.stride
        x = x.view(b, c // (r * s), r, s, h, w).permute(0, 1, 4, 2, 5, 3)  # [B, C, H, r, W, s]
        return x.reshape(b, c // (r * s), h * r, w * s)


def convolve_doubled(x: Tensor, weight: Tensor) -> Tensor:
    """Convolution of 3 taps, [O, I, 3], over x [B, I, L] with every point said twice: [B, O, 2 L].

    Two of the taps always read the same point, so each half of the outputs is a convolution of 2 taps over x itself:
    two thirds of the work. The second output of a point and the first of the next read the same two points, so they
    come out beside each other, and all that is left is to cut off both ends.
    """
    left, middle, right = weight.unbind(2)
    first, second = torch.stack([left, middle + right], dim=2), torch.stack([left + middle, right], dim=2)
    pairs = F.conv1d(x, torch.stack([second, first], dim=1).flatten(0, 1), padding=1)  # [B, 2 O, L + 1]
    return pairs.unflatten(1, (-1, 2)).transpose(2, 3).flatten(2)[:, :, 1:-1]
