"""From noise to a finished kick: prior, generator, decoder and finish as one module.

Training's previews, evaluation and the exported model file all run this module, so a kick that is heard while training
is the kick that is generated later.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from kickitout.models.controls import NAMES as KNOB_NAMES
from kickitout.models.families import AdversarialConfig
from kickitout.models.priors import NormalPrior, UniformPrior
from kickitout.representations.base import Representation
from kickitout.sound import LENGTH, ONSET, PEAK, SAMPLE_RATE

RISE = 12  # samples: 0.3 ms, over which a sound comes up to its onset; before it is silence
FADE_OUT = SAMPLE_RATE // 100  # samples: 10 ms
QUIETEST_PEAK = 1e-3  # a quieter output is silence and is not blown up to full level


class Player(nn.Module):
    """eps [B, Z], standard normal -> waveforms [B, 1, T], or [B, 2, T] left and right for a stereo model."""

    finish: Tensor

    def __init__(
        self, generator: nn.Module, representation: Representation, prior: nn.Module, *, stereo: bool = False
    ) -> None:
        super().__init__()
        self.generator, self.representation, self.prior, self.stereo = generator, representation, prior, stereo
        self.register_buffer("finish", finish(), persistent=False)

    @property
    def latent(self) -> int:
        """Numbers of noise a sound."""
        return int(self.prior.inputs)  # type: ignore[arg-type]  # every prior has it

    @property
    def turnable(self) -> dict[str, Any]:
        """What a model file says of knobs and places: nothing, for a generator that only knows noise."""
        return {}

    @property
    def listener(self) -> nn.Module | None:
        """Waveform and contour -> place; None for a generator without places."""
        return None

    def forward(self, eps: Tensor) -> Tensor:
        return self.sound(self.generator(self.prior(eps)))

    def sound(self, picture: Tensor) -> Tensor:
        """[B, C or 2C, H, W] -> [B, 1 or 2, T], faded at both ends, with a peak of PEAK."""
        if self.stereo:
            mid, side = (self.representation.decode(p) for p in picture.chunk(2, dim=1))
            wave = torch.stack([mid + side, mid - side], dim=1)
        else:
            wave = self.representation.decode(picture)[:, None]  # [B, 1, T]
        wave = wave * self.finish
        peak = wave.abs().amax(dim=(1, 2), keepdim=True)
        return wave * (PEAK / peak.clamp(min=QUIETEST_PEAK))


class ControllablePlayer(Player):
    """A player whose generator has knobs, and whose latents can be given instead of drawn.

    listener: what finds the place of a finished kick; it becomes a file of its own and no part of this graph.
    """

    def __init__(
        self, generator: nn.Module, representation: Representation, prior: nn.Module,
        listener: nn.Module | None = None, *, stereo: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(generator, representation, prior, stereo=stereo)
        self._listener = (listener,)  # in a tuple, so that it is no submodule

    @property
    def listener(self) -> nn.Module | None:
        return self._listener[0]

    @property
    def turnable(self) -> dict[str, Any]:
        prior, grain = self.prior, self.generator.config.grain  # type: ignore[union-attr]
        return {"knobs": list(KNOB_NAMES), "places": int(prior.latent) + int(grain), "grain": int(grain)}  # type: ignore

    def forward(self, eps: Tensor, latent: Tensor | None = None, given: Tensor | None = None,  # type: ignore[override]
                knobs: Tensor | None = None) -> tuple[Tensor, Tensor]:  # fmt: skip
        """eps [B, E], latent [B, Z], given [B, 1], knobs [B, K] -> waveforms [B, C, T], latents [B, Z] they came from.

        given: 1 plays `latent`, 0 the latent that the prior makes of `eps`, anything between lies between.
        """
        drawn = self.prior(eps)
        if latent is not None and given is not None:
            drawn = torch.lerp(drawn, latent, given)
        wave = self.sound(self.generator(drawn, knobs))
        return (wave if knobs is None else drive(wave, knobs[:, -1:, None])), drawn


def drive(wave: Tensor, drive_db: Tensor) -> Tensor:
    """tanh(g x / PEAK) / tanh(g), where g = 10^(drive_db / 20) - 1, as producers' variants have it: [B, C, T]."""
    gain = (torch.pow(10.0, drive_db / 20) - 1).clamp(min=1e-3)  # 1e-3: the same wave to 120 dB
    return torch.tanh(wave * (gain / PEAK)) * (PEAK / torch.tanh(gain))


def make_player(config: AdversarialConfig, generator: nn.Module, representation: Representation) -> Player:
    """The player of an adversarial family's finished generator."""
    return Player(generator, representation, make_prior(config), stereo=config.stereo).eval()


def make_prior(config: AdversarialConfig) -> NormalPrior:
    """What the latents of an adversarial family are distributed like."""
    return UniformPrior(config.latent) if config.prior == "uniform" else NormalPrior(config.latent)


def finish() -> Tensor:
    """[T], what a sound is multiplied by: 0, a rise over RISE samples before the onset, 1, a fall over FADE_OUT."""
    window = torch.ones(LENGTH)
    window[: ONSET - RISE] = 0.0
    window[ONSET - RISE : ONSET] = 0.5 - 0.5 * torch.cos(torch.arange(RISE) * (math.pi / RISE))
    window[-FADE_OUT:] = 0.5 + 0.5 * torch.cos((torch.arange(FADE_OUT) + 1) * (math.pi / FADE_OUT))
    return window
