"""From noise to a finished kick: prior, generator, decoder and finish as one module.

Training's previews, evaluation and the exported model file all run this module, so a kick that is heard while training
is the kick that is generated later.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from kickitout.models.families import AdversarialConfig
from kickitout.representations.base import Representation
from kickitout.sound import FADE_OUT, LENGTH, ONSET, PEAK

RISE = 12  # samples: 0.3 ms, over which a sound comes up to its onset; before it is silence
QUIETEST_PEAK = 1e-3  # a quieter output is silence and is not blown up to full level


class Player(nn.Module):
    """eps [B, Z], standard normal -> waveforms [B, 1, T], or [B, 2, T] left and right for a stereo model."""

    finish: Tensor

    def __init__(
        self, generator: nn.Module, representation: Representation, prior: nn.Module, *, stereo: bool = False
    ) -> None:
        super().__init__()
        self.generator, self.representation, self.prior, self.stereo = generator, representation, prior, stereo
        self.register_buffer("finish", finish_window(), persistent=False)

    @property
    def latent(self) -> int:
        """Numbers of noise a sound."""
        return int(self.prior.inputs)  # type: ignore[arg-type]  # every prior has it

    @property
    def control_info(self) -> dict[str, Any]:
        """What a model file says of controls and latents: nothing, for a generator that only knows noise."""
        return {}

    @property
    def encoder(self) -> nn.Module | None:
        """Waveform and contour -> latent; None for a generator without an encoder."""
        return None

    def forward(self, eps: Tensor) -> Tensor:
        return self.sound(self.generator(self.prior(eps)))

    def sound(self, made: Tensor) -> Tensor:
        """[B, C or 2C, H, W] -> [B, 1 or 2, T], faded at both ends, with a peak of PEAK."""
        if self.stereo:
            mid, side = (self.representation.decode(half) for half in made.chunk(2, dim=1))
            wave = torch.stack([mid + side, mid - side], dim=1)
        else:
            wave = self.representation.decode(made)[:, None]  # [B, 1, T]
        return at_peak(wave * self.finish)


def finishing(representation: Representation) -> Player:
    """A player without a generator: its `sound` makes of representations what every player makes of them."""
    return Player(nn.Identity(), representation, nn.Identity())


class NormalPrior(nn.Module):
    """Latents are standard normal: nothing to do."""

    def __init__(self, latent: int) -> None:
        super().__init__()
        self.inputs = latent  # numbers of noise a sound

    def forward(self, eps: Tensor) -> Tensor:
        return eps


class UniformPrior(NormalPrior):
    """Latents are uniform on (-1, 1): erf(eps / sqrt 2) is 2 Phi(eps) - 1."""

    def forward(self, eps: Tensor) -> Tensor:
        return torch.erf(eps / math.sqrt(2.0))


def make_player(config: AdversarialConfig, generator: nn.Module, representation: Representation) -> Player:
    """The player of an adversarial family's finished generator."""
    return Player(generator, representation, make_prior(config), stereo=config.stereo).eval()


def make_prior(config: AdversarialConfig) -> NormalPrior:
    """What the latents of an adversarial family are distributed like."""
    return UniformPrior(config.latent) if config.prior == "uniform" else NormalPrior(config.latent)


def at_peak(wave: Tensor) -> Tensor:
    """[B, C, T] -> the same, with a peak of PEAK over all channels; silence stays silence."""
    peak = wave.abs().amax(dim=(1, 2), keepdim=True)
    return wave * (PEAK / peak.clamp(min=QUIETEST_PEAK))


def finish_window() -> Tensor:
    """[T], what a sound is multiplied by: 0, a rise over RISE samples before the onset, 1, a fall over FADE_OUT."""
    window = torch.ones(LENGTH)
    window[: ONSET - RISE] = 0.0
    window[ONSET - RISE : ONSET] = 0.5 - 0.5 * torch.cos(torch.arange(RISE) * (math.pi / RISE))
    window[-FADE_OUT:] = 0.5 + 0.5 * torch.cos((torch.arange(FADE_OUT) + 1) * (math.pi / FADE_OUT))
    return window
