"""The click of KickAE: a patch of sub-bands around the onset, drawn as a wave from a dictionary."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

CLICK_FRAMES = 32  # 12 ms: what comes later is noise, and drawn as a wave it would be an average of noises
SLOPE = 0.2  # of every leaky ReLU


LOUDEST_GAIN_LOG = 3.0  # of the noise while a click lasts, 26 dB
QUIETEST_GAIN_LOG = -6.0


class Click(nn.Module):
    """Style -> a patch of all sub-bands around the onset, silent at its end: a dictionary, without up-sampling.

    And how the noise begins, frame by frame: its curves of level have a point every 1.5 ms, when a click may be over.

    Convolutions that double a patch leave its images in every band, which is a comb of 689 Hz in the sound: with them
    the card's comb_db was 1.2 standard deviations off.
    """

    fade: Tensor

    def __init__(self, width: int, bands: int, style: int) -> None:
        super().__init__()
        self.bands = bands
        self.mix = nn.Sequential(nn.Linear(style, width), nn.LeakyReLU(SLOPE))
        self.atoms = nn.Linear(width, bands * CLICK_FRAMES)
        self.gains = nn.Linear(width, bands * CLICK_FRAMES)
        frames = torch.arange(CLICK_FRAMES) / CLICK_FRAMES
        self.register_buffer("fade", torch.cos(frames.clamp(min=0.5) * math.pi - 0.5 * math.pi) ** 2, persistent=False)
        with torch.no_grad():  # begin near silence: a loud beginning is pushed down so hard that it stays silent
            self.atoms.weight.mul_(0.1)
            self.atoms.bias.zero_()
            self.gains.weight.zero_()
            self.gains.bias.zero_()

    def forward(self, style: Tensor) -> tuple[Tensor, Tensor]:
        """[B, style] -> patch, and which part of the noise is added to it, from -1 on: [B, bands, CLICK_FRAMES]."""
        mixed = self.mix(style)
        patch, gain = (to(mixed).unflatten(1, (self.bands, -1)) * self.fade for to in (self.atoms, self.gains))
        return patch, torch.expm1(gain.clamp(QUIETEST_GAIN_LOG, LOUDEST_GAIN_LOG))
