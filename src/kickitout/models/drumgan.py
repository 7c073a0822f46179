"""A GAN on complex spectrograms after DrumGAN (Nistal, Lattner & Richard 2020, arxiv.org/abs/2008.12073), which is
built as Karras et al. 2018 (arxiv.org/abs/1710.10196) build theirs: box up-sampling and two convolutions of 3 x 3 a
step, pixel norm, LeakyReLU 0.2, weights scaled at run time, the critic as a mirror image with the spread of the
minibatch as an additional map.

Adapted: nothing grows, both networks have their full size from the first step on; no descriptors are asked for, so the
latent is all there is; the representation is that of the later plug-in (arxiv.org/abs/2206.14723), window 2048 and
overlap of 75 % at 44.1 kHz, here of 44 frames. With 512 maps, of which three doublings keep all, and a representation
of 3 x 1024 x 1024 the networks are those of Karras et al., table 2.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from kickitout.models.dcgan import RepresentationShape, grid
from kickitout.models.upsample import Stride
from kickitout.settings import Settings

LEAK = 0.2


class DrumGANConfig(Settings):
    """Numbers that define generator and critic."""

    family: Literal["drumgan"] = "drumgan"
    latent: int = Field(128, ge=1, le=4096)
    prior: Literal["uniform", "normal"] = "normal"
    channels: int = Field(256, ge=2, le=4096)  # maps on the smallest grid
    kept: int = Field(1, ge=0, le=8)  # doublings that keep all maps; the others halve them
    least_channels: int = Field(16, ge=1, le=1024)  # halving stops here
    stereo: Literal[False] = False


def widths(config: DrumGANConfig, steps: int) -> list[int]:
    """Maps on each grid, from the smallest to the representation's size: steps + 1 numbers."""
    return [max(config.channels >> max(i - config.kept, 0), config.least_channels) for i in range(steps + 1)]


class Scaled(nn.Module):
    """A layer whose weights are standard normal and scaled by sqrt(2 / fan in) each time: all learn at one pace."""

    def __init__(self, layer: nn.Conv2d | nn.Linear, gain: float = math.sqrt(2)) -> None:
        super().__init__()
        nn.init.normal_(layer.weight)
        assert layer.bias is not None
        nn.init.zeros_(layer.bias)
        self.layer, self.scale = layer, gain / math.sqrt(layer.weight[0].numel())

    def forward(self, x: Tensor) -> Tensor:
        if isinstance(self.layer, nn.Conv2d):
            return F.conv2d(x, self.layer.weight * self.scale, self.layer.bias, padding=self.layer.padding)
        return F.linear(x, self.layer.weight * self.scale, self.layer.bias)


def convolution(inputs: int, outputs: int, taps: int, gain: float = math.sqrt(2)) -> Scaled:
    """[B, inputs, H, W] -> [B, outputs, H, W]."""
    return Scaled(nn.Conv2d(inputs, outputs, taps, padding=taps // 2), gain)


def pixel_norm(x: Tensor) -> Tensor:
    """Each pixel's maps (or a latent's numbers) divided by their root mean square: [B, C, ...] -> the same."""
    return x * (x.square().mean(dim=1, keepdim=True) + 1e-8).rsqrt()


class Step(nn.Module):
    """Two convolutions, each with LeakyReLU and pixel norm."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first, self.second = convolution(inputs, outputs, 3), convolution(outputs, outputs, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = pixel_norm(F.leaky_relu(self.first(x), LEAK))
        return pixel_norm(F.leaky_relu(self.second(x), LEAK))


class Generator(nn.Module):
    """Latent -> complex spectrogram."""

    def __init__(self, config: DrumGANConfig, shape: RepresentationShape) -> None:
        super().__init__()
        self.cells, self.strides = grid(shape)
        maps = widths(config, len(self.strides))
        self.project = Scaled(nn.Linear(config.latent, maps[0] * self.cells[0] * self.cells[1]), math.sqrt(2) / 4)
        self.start = convolution(maps[0], maps[0], 3)
        self.steps = nn.ModuleList(Step(a, b) for a, b in pairwise(maps))
        self.to_picture = convolution(maps[-1], shape[0], 1, gain=1.0)

    def forward(self, z: Tensor) -> Tensor:
        """z: [B, latent]. Returns [B, 2, 1024, 44]: real and imaginary parts, not bounded."""
        x = self.project(pixel_norm(z)).unflatten(1, (-1, *self.cells))  # [B, 256, 4, 11]
        x = pixel_norm(F.leaky_relu(x, LEAK))
        x = pixel_norm(F.leaky_relu(self.start(x), LEAK))
        for stride, step in zip(self.strides, self.steps, strict=True):
            x = step(F.interpolate(x, scale_factor=as_floats(stride), mode="nearest"))
        return self.to_picture(x)


class Critic(nn.Module):
    """Complex spectrogram -> how real it is."""

    def __init__(self, config: DrumGANConfig, shape: RepresentationShape) -> None:
        super().__init__()
        cells, strides = grid(shape)
        maps = widths(config, len(strides))[::-1]
        self.strides = strides[::-1]
        self.from_picture = convolution(shape[0], maps[0], 1)
        self.steps = nn.ModuleList(
            nn.ModuleList([convolution(a, a, 3), convolution(a, b, 3)]) for a, b in pairwise(maps)
        )
        self.last = convolution(maps[-1] + 1, maps[-1], 3)
        self.gather = Scaled(nn.Linear(maps[-1] * cells[0] * cells[1], maps[-1]))
        self.judge = Scaled(nn.Linear(maps[-1], 1), gain=1.0)

    def forward(self, encoded: Tensor) -> Tensor:
        """encoded: [B, 2, 1024, 44]. Returns logits [B]."""
        x = F.leaky_relu(self.from_picture(encoded), LEAK)
        for stride, step in zip(self.strides, self.steps, strict=True):
            for convolve in step:  # type: ignore[attr-defined]  # a ModuleList of two
                x = F.leaky_relu(convolve(x), LEAK)
            x = F.avg_pool2d(x, stride)
        x = F.leaky_relu(self.last(torch.cat([x, minibatch_spread(x)], dim=1)), LEAK)
        x = F.leaky_relu(self.gather(x.flatten(1)), LEAK)
        return self.judge(x).flatten()


def minibatch_spread(x: Tensor) -> Tensor:
    """[B, C, H, W] -> [B, 1, H, W]: the deviation over the batch, averaged over maps and pixels, the same everywhere.

    A critic that sees how much the sounds of a batch differ punishes a generator that repeats itself.
    """
    spread = (x.var(dim=0, correction=0) + 1e-8).sqrt().mean()
    return spread.expand(x.shape[0], 1, *x.shape[2:])


def as_floats(stride: Stride) -> tuple[float, float]:
    return float(stride[0]), float(stride[1])
