"""The adversarial families by name: a config, a generator, a critic, and what makes a waveform of its output."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from torch import nn

from kickitout.models import dcgan, drumgan, specgan, wavegan
from kickitout.models.dcgan import DCGANConfig, Shape
from kickitout.models.drumgan import DrumGANConfig
from kickitout.models.specgan import PerBin, SpecGANConfig
from kickitout.models.wavegan import WaveGANConfig

AdversarialConfig = DCGANConfig | WaveGANConfig | SpecGANConfig | DrumGANConfig
AnyAdversarial = Annotated[AdversarialConfig, Field(discriminator="family")]
ADVERSARIAL = (DCGANConfig, WaveGANConfig, SpecGANConfig, DrumGANConfig)


def whole_picture(config: AdversarialConfig, picture: Shape) -> Shape:
    """What the generator makes for a representation's picture: that, or two of them for mid and side."""
    return (picture[0] * (2 if config.stereo else 1), picture[1], picture[2])


def make_generator(config: AdversarialConfig, picture: Shape) -> nn.Module:
    """Latent [B, Z] -> picture [B, C, H, W] as the critic sees it."""
    match config:
        case DCGANConfig():
            return dcgan.Generator(config, picture)
        case WaveGANConfig():
            return wavegan.Generator(config, picture)
        case SpecGANConfig():
            return specgan.Generator(config, picture)
        case DrumGANConfig():
            return drumgan.Generator(config, picture)


def make_critic(config: AdversarialConfig, picture: Shape) -> nn.Module:
    """Picture [B, C, H, W] -> logits [B]."""
    match config:
        case DCGANConfig():
            return dcgan.Critic(config, picture)
        case WaveGANConfig():
            return wavegan.Critic(config, picture)
        case SpecGANConfig():
            return specgan.Critic(config, picture)
        case DrumGANConfig():
            return drumgan.Critic(config, picture)


def make_scale(config: AdversarialConfig, picture: Shape) -> PerBin | None:
    """What a family does to pictures before its critic sees them, measured on the training sounds; None for most."""
    return PerBin(picture) if isinstance(config, SpecGANConfig) else None


def finished(generator: nn.Module, scale: PerBin | None) -> nn.Module:
    """The generator of the representation's own picture: what a player plays and a model file holds."""
    return generator if scale is None else nn.Sequential(generator, scale)
