"""The adversarial families: each is a module with a config, a generator and a critic, and a line in FAMILIES."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, get_args

from pydantic import Field
from torch import nn

from kickitout.models import ancestor, dcgan, drumgan, specgan, wavegan
from kickitout.models.ancestor import AncestorConfig
from kickitout.models.dcgan import DCGANConfig, RepresentationShape
from kickitout.models.drumgan import DrumGANConfig
from kickitout.models.specgan import PerBin, SpecGANConfig
from kickitout.models.wavegan import WaveGANConfig

AdversarialConfig = DCGANConfig | WaveGANConfig | SpecGANConfig | DrumGANConfig | AncestorConfig
AnyAdversarial = Annotated[AdversarialConfig, Field(discriminator="family")]
ADVERSARIAL = get_args(AdversarialConfig)


@dataclass(frozen=True)
class Family:
    """Networks are built for a config and the shape of a representation.

    generator: latent [B, Z] -> representation [B, C, H, W] as the critic sees it; critic: representation -> logits [B].
    makes, of: what it makes, where that is not any representation, and their names. scale: what is done to a
    representation before the critic sees it, measured on the training sounds; None for most. batch_norm: whether the
    critic of a config has one, so that it cannot judge each kick alone.
    """

    generator: Callable[[Any, RepresentationShape], nn.Module]
    critic: Callable[[Any, RepresentationShape], nn.Module]
    makes: str = "representations"
    of: tuple[str, ...] = ()
    scale: Callable[[RepresentationShape], PerBin] | None = None
    batch_norm: Callable[[Any], bool] = lambda config: False


FAMILIES = {
    "dcgan": Family(dcgan.Generator, dcgan.Critic, batch_norm=lambda config: config.critic_norm == "batch"),
    "wavegan": Family(wavegan.Generator, wavegan.Critic, "waveforms", ("wave",)),
    "specgan": Family(specgan.Generator, specgan.Critic, "spectrograms without phase", ("logmag", "mel"), PerBin),
    "drumgan": Family(drumgan.Generator, drumgan.Critic),
    "ancestor": Family(ancestor.Generator, ancestor.Critic, "levels", ("logmag",), batch_norm=lambda config: True),
}


def whole_shape(config: AdversarialConfig, shape: RepresentationShape) -> RepresentationShape:
    """What the generator makes for a representation of this shape: that, or two of them for mid and side."""
    return (shape[0] * (2 if config.stereo else 1), shape[1], shape[2])


def make_generator(config: AdversarialConfig, shape: RepresentationShape) -> nn.Module:
    """Latent [B, Z] -> representation [B, C, H, W] as the critic sees it."""
    return FAMILIES[config.family].generator(config, shape)


def make_critic(config: AdversarialConfig, shape: RepresentationShape) -> nn.Module:
    """Representation [B, C, H, W] -> logits [B]."""
    return FAMILIES[config.family].critic(config, shape)


def make_scale(config: AdversarialConfig, shape: RepresentationShape) -> PerBin | None:
    """What a family does to representations before its critic sees them; None for most."""
    scale = FAMILIES[config.family].scale
    return None if scale is None else scale(shape)


def finished(generator: nn.Module, scale: PerBin | None) -> nn.Module:
    """The generator of the representation itself: what a player plays and a model file holds."""
    return generator if scale is None else nn.Sequential(generator, scale)
