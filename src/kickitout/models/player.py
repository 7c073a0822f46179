"""From noise to a finished kick: prior, generator, decoder and finish as one module.

Training's previews, evaluation and the exported model file all run this module, so a kick that is heard while training
is the kick that is generated later.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from kickitout.codecs.base import Codec
from kickitout.models.dcgan import DCGANConfig
from kickitout.models.priors import NormalPrior, UniformPrior
from kickitout.sound import LENGTH, ONSET, PEAK, SAMPLE_RATE

RISE = 24  # samples: 0.5 ms, over which a sound comes up to its onset; before it is silence
FADE_OUT = SAMPLE_RATE // 100  # samples: 10 ms
QUIETEST_PEAK = 1e-3  # a quieter output is silence and is not blown up to full level


class Player(nn.Module):
    """eps [B, Z], standard normal -> waveforms [B, 1, T], or [B, 2, T] left and right for a stereo model."""

    finish: Tensor

    def __init__(self, generator: nn.Module, codec: Codec, prior: nn.Module, *, stereo: bool = False) -> None:
        super().__init__()
        self.generator, self.codec, self.prior, self.stereo = generator, codec, prior, stereo
        self.register_buffer("finish", _fades(), persistent=False)

    @property
    def latent(self) -> int:
        """Numbers of noise a sound."""
        return int(self.prior.inputs)  # type: ignore[arg-type]  # every prior has it

    def forward(self, eps: Tensor) -> Tensor:
        return self.sound(self.generator(self.prior(eps)))

    def sound(self, picture: Tensor) -> Tensor:
        """[B, C or 2C, H, W] -> [B, 1 or 2, T], faded at both ends, with a peak of PEAK."""
        if self.stereo:
            mid, side = (self.codec.decode(p) for p in picture.chunk(2, dim=1))
            wave = torch.stack([mid + side, mid - side], dim=1)
        else:
            wave = self.codec.decode(picture)[:, None]  # [B, 1, T]
        wave = wave * self.finish
        peak = wave.abs().amax(dim=(1, 2), keepdim=True)
        return wave * (PEAK / peak.clamp(min=QUIETEST_PEAK))


def make_player(config: DCGANConfig, generator: nn.Module, codec: Codec) -> Player:
    """The player of a DCGAN's generator."""
    return Player(generator, codec, make_prior(config), stereo=config.stereo).eval()


def make_prior(config: DCGANConfig) -> NormalPrior:
    """What a DCGAN's latents are distributed like."""
    return UniformPrior(config.latent) if config.prior == "uniform" else NormalPrior(config.latent)


def _fades() -> Tensor:
    """[T]: silence, a half-cosine rise over the RISE samples before the onset, and a fall over the last FADE_OUT."""
    window = torch.ones(LENGTH)
    window[: ONSET - RISE] = 0.0
    window[ONSET - RISE : ONSET] = 0.5 - 0.5 * torch.cos(torch.arange(RISE) * (math.pi / RISE))
    window[-FADE_OUT:] = 0.5 + 0.5 * torch.cos((torch.arange(FADE_OUT) + 1) * (math.pi / FADE_OUT))
    return window
