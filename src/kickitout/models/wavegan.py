"""WaveGAN (Donahue, McAuley & Puckette 2019, arxiv.org/abs/1802.04208): a DCGAN flattened to one dimension.

To the letter in its defaults (their tables 3 and 4 with d = 64): a uniform latent of 100, a dense layer to 16 d maps,
five transposed convolutions of kernel 25 and stride 4, ReLU, tanh; the critic is the mirror image with LeakyReLU 0.2
and phase shuffle; no batch norm anywhere. Weights start as Glorot & Bengio (2010) have them, biases at 0, which is what
their code begins with.

Adapted in one place: a kick at 44.1 kHz has 22050 samples and not 16384, so the first grid has 22 cells instead of 16
(22 * 4^5 = 22528, see the representation `wave`). Depth, kernels, strides and maps are theirs; the dense layers are
larger by 22 / 16. With a representation of 16384 samples the network is theirs to the last parameter.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from kickitout.errors import UserError
from kickitout.models.dcgan import RepresentationShape
from kickitout.settings import Settings

TAPS, STRIDE, STEPS = 25, 4, 5
PADDING = (TAPS - STRIDE + 1) // 2  # 11: with one more sample at the end of a transposed convolution, lengths divide


class WaveGANConfig(Settings):
    """Numbers that define generator and critic."""

    family: Literal["wavegan"] = "wavegan"
    latent: int = Field(100, ge=1, le=4096)
    prior: Literal["uniform", "normal"] = "uniform"
    dim: int = Field(64, ge=1, le=512)  # d: maps before the last step; 16 d on the first grid
    shuffle: int = Field(2, ge=0, le=16)  # samples by which phase shuffle moves a layer, at most
    stereo: Literal[False] = False


def first_grid(shape: RepresentationShape) -> int:
    """Cells of the first grid of a waveform. Raises UserError for what five strides of four do not lead to.

    >>> first_grid((1, 1, 16384)), first_grid((1, 1, 22528))
    (16, 22)
    """
    if shape[1] != 1 or shape[2] % STRIDE**STEPS:
        raise UserError(
            f"WaveGAN cannot build a representation of {shape[1]} x {shape[2]}: it makes one row of a multiple of "
            f"{STRIDE**STEPS} samples; the representation `wave` works"
        )
    return shape[2] // STRIDE**STEPS


def maps(dim: int) -> list[int]:
    """Maps on each grid before the output, for its d: 16 d, 8 d, 4 d, 2 d, d; SpecGAN has the same."""
    return [dim << i for i in reversed(range(STEPS))]


class Generator(nn.Module):
    """Latent -> waveform."""

    def __init__(self, config: WaveGANConfig, shape: RepresentationShape) -> None:
        super().__init__()
        self.cells, widths = first_grid(shape), maps(config.dim)
        self.project = nn.Linear(config.latent, self.cells * widths[0])
        layers: list[nn.Module] = [nn.ReLU(True)]
        for inputs, outputs in zip(widths, [*widths[1:], shape[0]], strict=True):
            layers += [nn.ConvTranspose1d(inputs, outputs, TAPS, STRIDE, PADDING, output_padding=1), nn.ReLU(True)]
        self.upsample = nn.Sequential(*layers[:-1])
        self.apply(start_as_glorot)

    def forward(self, z: Tensor) -> Tensor:
        """z: [B, latent]. Returns [B, 1, 1, 22528] in [-1, 1]."""
        x = self.project(z).unflatten(1, (-1, self.cells))  # [B, 16 d, 22]
        return self.upsample(x).tanh()[:, :, None]  # [B, d, 5632] before the last step


class PhaseShuffle(nn.Module):
    """Moves all maps of a batch by the same few samples, at random, the gap filled by reflection.

    Periodic artefacts of the generator always stand at the same phase; a critic that cannot see the phase cannot
    learn to reject by it alone (their section 3.3). Active in training; a task seeds torch before each step.
    """

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, L] -> [B, C, L]."""
        if not self.training or self.most == 0:
            return x
        by = int(torch.randint(-self.most, self.most + 1, ()))
        if by == 0:
            return x
        padded = F.pad(x, (max(by, 0), max(-by, 0)), mode="reflect")
        return padded[..., : x.shape[-1]] if by > 0 else padded[..., -by:]


class Critic(nn.Module):
    """Waveform -> how real it is."""

    def __init__(self, config: WaveGANConfig, shape: RepresentationShape) -> None:
        super().__init__()
        cells, widths = first_grid(shape), [shape[0], *reversed(maps(config.dim))]
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise(widths):
            layers += [nn.Conv1d(inputs, outputs, TAPS, STRIDE, PADDING), nn.LeakyReLU(0.2, inplace=True)]
            layers.append(PhaseShuffle(config.shuffle))
        self.downsample = nn.Sequential(*layers[:-1])  # after the last step there is nothing to shuffle for
        self.judge = nn.Linear(widths[-1] * cells, 1)
        self.apply(start_as_glorot)

    def forward(self, encoded: Tensor) -> Tensor:
        """encoded: [B, 1, 1, 22528]. Returns logits [B]."""
        return self.judge(self.downsample(encoded[:, :, 0]).flatten(1)).flatten()  # [B, 16 d * 22] -> [B]


def start_as_glorot(module: nn.Module) -> None:
    """Weights uniform with variance 2 / (fan in + fan out) (Glorot & Bengio 2010), biases 0."""
    if isinstance(module, (nn.Linear, nn.Conv1d, nn.ConvTranspose1d, nn.Conv2d, nn.ConvTranspose2d)):
        nn.init.xavier_uniform_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
