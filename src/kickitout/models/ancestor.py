"""The DCGAN that this project began with (August 2024), rebuilt from the facts of its public history.

A latent of 100 on one cell is doubled by eight transposed convolutions (kernel 4, stride 2) over 256, 128, ... 4 maps,
resized to the spectrogram and squashed by tanh. The critic resizes it to a square and mirrors that, with batch norm and
spectral norm (Miyato et al. 2018, arxiv.org/abs/1802.05957), and ends in a sigmoid of its own (`critic_sigmoid`),
although its loss is taken of logits and applies another: a critic that is sure then gives losses of ln 2 and 0.4782,
and hardly a gradient.
"""

from __future__ import annotations

from typing import Literal

import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from kickitout.models.dcgan import RepresentationShape
from kickitout.models.output import OutputBias, add_output_bias, biased
from kickitout.settings import Settings

LEAST_MAPS = 4


class AncestorConfig(Settings):
    """Numbers that define generator and critic."""

    family: Literal["ancestor"] = "ancestor"
    latent: int = Field(100, ge=1, le=4096)
    prior: Literal["uniform", "normal"] = "normal"
    channels: int = Field(256, ge=LEAST_MAPS, le=8192)  # maps after the first doubling, halved at each of the others
    doublings: int = Field(8, ge=3, le=10)
    critic_sigmoid: bool = True  # that the critic ends in a sigmoid, before a loss that takes logits
    output_bias: OutputBias = 0.0
    stereo: Literal[False] = False


def widths(config: AncestorConfig) -> list[int]:
    """Maps after each doubling but the last.

    >>> widths(AncestorConfig())
    [256, 128, 64, 32, 16, 8, 4]
    """
    return [max(config.channels >> i, LEAST_MAPS) for i in range(config.doublings - 1)]


class Generator(nn.Module):
    """Latent -> spectrogram."""

    def __init__(self, config: AncestorConfig, shape: RepresentationShape) -> None:
        super().__init__()
        self.size = shape[1:]
        layers: list[nn.Module] = []
        inputs = config.latent
        for outputs in widths(config):
            up = nn.ConvTranspose2d(inputs, outputs, 4, 2, 1, bias=False)
            layers += [up, nn.BatchNorm2d(outputs), nn.ReLU(True)]
            inputs = outputs
        self.doublings = nn.Sequential(*layers, nn.ConvTranspose2d(inputs, shape[0], 4, 2, 1))
        add_output_bias(self, config.output_bias)

    def forward(self, z: Tensor) -> Tensor:
        """z: [B, latent]. Returns [B, 1, 257, 173] in [-1, 1]."""
        square = self.doublings(z[:, :, None, None])  # [B, 1, 256, 256]
        return biased(self, F.interpolate(square, size=self.size, mode="bilinear")).tanh()


class Critic(nn.Module):
    """Spectrogram -> how real it is: a logit, or, as in the ancestor, a probability that is taken for one."""

    def __init__(self, config: AncestorConfig, shape: RepresentationShape) -> None:
        super().__init__()
        self.side, self.squashed = 2**config.doublings, config.critic_sigmoid
        layers: list[nn.Module] = []
        inputs = shape[0]
        for i, outputs in enumerate(reversed(widths(config))):
            layers.append(spectral_norm(nn.Conv2d(inputs, outputs, 4, 2, 1, bias=i == 0)))
            layers += [nn.BatchNorm2d(outputs)] if i else []
            layers.append(nn.LeakyReLU(0.2, inplace=True))
            inputs = outputs
        self.halvings = nn.Sequential(*layers, spectral_norm(nn.Conv2d(inputs, 1, 4, 2, 1)))

    def forward(self, encoded: Tensor) -> Tensor:
        """encoded: [B, 1, 257, 173]. Returns [B]."""
        square = F.interpolate(encoded, size=(self.side, self.side), mode="bilinear")
        judged = self.halvings(square).flatten()
        return judged.sigmoid() if self.squashed else judged
