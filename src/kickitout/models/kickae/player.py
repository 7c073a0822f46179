"""From noise, or from a latent and controls, to a finished kick: KickAE as one module."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from kickitout.models.controls import CONTROL_NAMES
from kickitout.models.player import Player
from kickitout.models.upright import Upright
from kickitout.representations.base import Representation
from kickitout.sound import PEAK

DRIVE_INPUT = CONTROL_NAMES.index("drive")


class ControllablePlayer(Player):
    """A player whose generator has controls, and whose latents can be given instead of drawn.

    Its kicks are of one polarity (`models.upright`), which adversarial families learn from their critics.
    encoder: what finds the latent of a finished kick; it becomes a file of its own and no part of this graph.
    """

    def __init__(
        self, generator: nn.Module, representation: Representation, prior: nn.Module,
        encoder: nn.Module | None = None, *, stereo: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(generator, representation, prior, stereo=stereo)
        self._encoder = (encoder,)  # in a tuple, so that it is no submodule
        self.upright = Upright()

    @property
    def encoder(self) -> nn.Module | None:
        return self._encoder[0]

    @property
    def control_info(self) -> dict[str, Any]:
        codes = int(self.generator.config.noise_code)  # type: ignore[union-attr, arg-type]
        size = int(self.prior.latent) + codes  # type: ignore[arg-type]
        return {"controls": list(CONTROL_NAMES), "latent_size": size, "noise_codes": codes}

    def forward(self, eps: Tensor, latent: Tensor | None = None, given: Tensor | None = None,  # type: ignore[override]
                controls: Tensor | None = None) -> tuple[Tensor, Tensor]:  # fmt: skip
        """eps [B, E], latent [B, Z], given [B, 1], controls [B, K] -> waveforms [B, C, T], their latents [B, Z].

        given: 1 plays `latent`, 0 the latent that the prior makes of `eps`, anything between lies between.
        """
        drawn = self.prior(eps)
        if latent is not None and given is not None:
            drawn = torch.lerp(drawn, latent, given)
        wave = self.upright(self.sound(self.generator(drawn, controls)))
        return (wave if controls is None else drive(wave, controls[:, DRIVE_INPUT : DRIVE_INPUT + 1, None])), drawn


def drive(wave: Tensor, drive_db: Tensor) -> Tensor:
    """tanh(g x / PEAK) / tanh(g), where g = 10^(drive_db / 20) - 1, as producers' variants have it: [B, C, T]."""
    gain = (torch.pow(10.0, drive_db / 20) - 1).clamp(min=1e-3)  # 1e-3: the same wave to 120 dB
    return torch.tanh(wave * (gain / PEAK)) * (PEAK / torch.tanh(gain))
