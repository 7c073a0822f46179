"""SpecGAN (Donahue, McAuley & Puckette 2019, arxiv.org/abs/1802.04208): a DCGAN on log-magnitude spectrograms.

To the letter in its defaults (their tables 5 and 6 with d = 64): a uniform latent of 100, a dense layer to 16 d maps of
4 x 4, five transposed convolutions of 5 x 5 and stride 2, ReLU, tanh; the critic is the mirror image with LeakyReLU
0.2; no batch norm. Each frequency bin is brought to mean 0 and deviation 1 over the training sounds, clipped at three
deviations and divided by three: that is `PerBin`, and it is part of the model.

Adapted: their 128 frames are 8 ms apart and cover a second at 16 kHz; ours are 3.9 ms apart and cover 500 ms at
44.1 kHz (the config `specgan` says what that means for window and rows).
"""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from kickitout.errors import UserError
from kickitout.models.dcgan import RepresentationShape
from kickitout.models.output import OutputBias, add_output_bias, biased
from kickitout.models.wavegan import maps, start_as_glorot
from kickitout.settings import Settings

TAPS, STEPS = 5, 5
CLIP = 3.0  # deviations
LEAST_DEVIATION = 1e-3  # of a bin, in brightness; a bin that is always silent stays silent


class SpecGANConfig(Settings):
    """Numbers that define generator and critic."""

    family: Literal["specgan"] = "specgan"
    latent: int = Field(100, ge=1, le=4096)
    prior: Literal["uniform", "normal"] = "uniform"
    dim: int = Field(64, ge=1, le=512)  # d: maps before the last step; 16 d on the first grid
    stereo: Literal[False] = False
    output_bias: OutputBias = 0.0


def first_grid(shape: RepresentationShape) -> tuple[int, int]:
    """Rows and columns of the first grid. Raises UserError for what five doublings do not lead to.

    >>> first_grid((1, 128, 128))
    (4, 4)
    """
    if shape[1] % 2**STEPS or shape[2] % 2**STEPS:
        raise UserError(
            f"SpecGAN cannot build a representation of {shape[1]} x {shape[2]}: both axes must be multiples of "
            f"{2**STEPS}; 128 x 128 works"
        )
    return shape[1] // 2**STEPS, shape[2] // 2**STEPS


class PerBin(nn.Module):
    """Brightness of a spectrogram <-> the same in units of each bin's own spread."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, shape: RepresentationShape) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(shape[0], shape[1], 1))
        self.register_buffer("deviation", torch.ones(shape[0], shape[1], 1))

    def fit(self, encoded: Tensor) -> None:
        """Measure mean and deviation of each bin over training representations [n, C, H, W] and over time."""
        self.mean.copy_(encoded.mean(dim=(0, 3))[..., None])
        self.deviation.copy_(encoded.std(dim=(0, 3), correction=0)[..., None].clamp(min=LEAST_DEVIATION))

    def normalise(self, encoded: Tensor) -> Tensor:
        """[B, C, H, W] -> the same shape, in [-1, 1]."""
        return ((encoded - self.mean) / (CLIP * self.deviation)).clamp(-1, 1)

    def forward(self, normalised: Tensor) -> Tensor:
        """Undoes `normalise`, but for what was clipped."""
        return normalised * (CLIP * self.deviation) + self.mean


class Generator(nn.Module):
    """Latent -> normalised representation."""

    def __init__(self, config: SpecGANConfig, shape: RepresentationShape) -> None:
        super().__init__()
        self.grid, widths = first_grid(shape), maps(config.dim)
        self.project = nn.Linear(config.latent, self.grid[0] * self.grid[1] * widths[0])
        layers: list[nn.Module] = [nn.ReLU(True)]
        for inputs, outputs in zip(widths, [*widths[1:], shape[0]], strict=True):
            up = nn.ConvTranspose2d(inputs, outputs, TAPS, 2, TAPS // 2, output_padding=1)
            layers += [up, nn.ReLU(True)]
        self.upsample = nn.Sequential(*layers[:-1])
        self.apply(start_as_glorot)
        add_output_bias(self, config.output_bias)

    def forward(self, z: Tensor) -> Tensor:
        """z: [B, latent]. Returns [B, 1, 128, 128] in [-1, 1], in units of three deviations of each bin."""
        x = self.project(z).unflatten(1, (-1, *self.grid))  # [B, 16 d, 4, 4]
        return biased(self, self.upsample(x)).tanh()  # [B, d, 64, 64] before the last step


class Critic(nn.Module):
    """Normalised representation -> how real it is."""

    def __init__(self, config: SpecGANConfig, shape: RepresentationShape) -> None:
        super().__init__()
        grid, widths = first_grid(shape), [shape[0], *reversed(maps(config.dim))]
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise(widths):
            layers += [nn.Conv2d(inputs, outputs, TAPS, 2, TAPS // 2), nn.LeakyReLU(0.2, inplace=True)]
        self.downsample = nn.Sequential(*layers)
        self.judge = nn.Linear(widths[-1] * grid[0] * grid[1], 1)
        self.apply(start_as_glorot)

    def forward(self, encoded: Tensor) -> Tensor:
        """encoded: [B, 1, 128, 128]. Returns logits [B]."""
        return self.judge(self.downsample(encoded).flatten(1)).flatten()
