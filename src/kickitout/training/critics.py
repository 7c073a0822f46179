"""The critics of KickAE: what they see of a waveform, and what frozen ones teach.

Two small networks judge two representations of one sound, its sub-bands and its log-mel spectrogram. They see
recordings and made sounds as the player finishes them, so that no window, level or polarity gives a made one away.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from kickitout.models.dcgan import SMALLEST_GRID, Critic, DCGANConfig
from kickitout.models.player import at_peak
from kickitout.models.upright import Upright
from kickitout.representations.base import Representation

LEAST_APART = 1e-6  # of the features of two recordings: a layer that is blind teaches nothing


class CriticInput(NamedTuple):
    """What the critics see of sounds: sub-bands [B, 16, 1, 1408] and log-mel [B, 1, 128, 128]."""

    bands: Tensor
    mel: Tensor


class Critics(nn.Module):
    """Two critics as one module: of sub-bands, and of log-mel spectrograms."""

    def __init__(self, channels: int, bands: tuple[int, int, int], mel: tuple[int, int, int]) -> None:
        super().__init__()
        self.bands = Critic(DCGANConfig(channels=channels, least_channels=channels // 4, critic_norm="none"), bands)
        self.mel = Critic(DCGANConfig(channels=channels, least_channels=channels // 8, critic_norm="none"), mel)

    def forward(self, bands: Tensor, mel: Tensor) -> Tensor:
        """[B, 16, 1, 1408], [B, 1, 128, 128] -> logits [2, B]."""
        return torch.stack([self.bands(bands), self.mel(mel)])

    def features(self, seen: CriticInput) -> list[Tensor]:
        """Of each layer of both critics [B, D], averaged over blocks of cells: SMALLEST_GRID of them an axis."""
        found = []
        for critic, x in ((self.bands, seen.bands), (self.mel, seen.mel)):
            for layer in critic.halvings:
                x = layer(x)
                if not isinstance(layer, nn.Conv2d):  # behind the activation
                    found.append(F.adaptive_avg_pool2d(x, _blocks(x)).flatten(1))
        return found


def _blocks(x: Tensor) -> tuple[int, int]:
    rows, columns = (min(SMALLEST_GRID, size) for size in x.shape[-2:])
    return rows, columns


class FinishedSight(nn.Module):
    """Waveforms as the critics see them: finished as by the player, mono."""

    def __init__(self, representation: Representation, mel: Representation) -> None:
        super().__init__()
        self.representation, self.mel, self.upright = representation, mel, Upright()

    def forward(self, waves: Tensor) -> CriticInput:
        """waves: [B, T], faded as the player does."""
        wave = self.upright(at_peak(waves[:, None]))[:, 0]
        return CriticInput(self.representation.encode(wave), self.mel.encode(wave))


def feature_distance(real: Sequence[Tensor], made: Sequence[Tensor]) -> Tensor:
    """How far the features of made sounds are from those of recordings, each layer's [n, D] and [m, D]; n, m >= 2.

    Energy distance of both sets (Székely & Rizzo 2013, doi.org/10.1016/j.jspi.2013.03.018) re the distance of two
    recordings, mean over layers. It is 0 on average where both are distributed alike, whatever the size of a batch;
    the means of features alone (Salimans et al. 2016, arxiv.org/abs/1606.03498) say nothing of their spread.
    """
    found = []
    for x, y in zip(real, made, strict=True):
        own, between, others = (_distances(*pair) for pair in ((x, x), (x, y), (y, y)))
        scale = own.sum() / (len(x) * (len(x) - 1))
        apart = 2 * between.mean() - scale - others.sum() / (len(y) * (len(y) - 1))
        found.append(apart / scale.detach().clamp(min=LEAST_APART))
    return torch.stack(found).mean()


def _distances(x: Tensor, y: Tensor) -> Tensor:
    """[n, D], [m, D] -> Euclidean distances [n, m]; exact, and with no slope where two are one."""
    return torch.cdist(x, y, compute_mode="donot_use_mm_for_euclid_dist")
