"""The adversarial families: each is a module with a config, a generator and a critic, and a line in FAMILIES."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, get_args

from pydantic import Field
from torch import nn

from kickitout.models import ancestor, dcgan, drumgan, specgan, wavegan
from kickitout.models.ancestor import AncestorConfig
from kickitout.models.dcgan import DCGANConfig, PictureShape
from kickitout.models.drumgan import DrumGANConfig
from kickitout.models.specgan import PerBin, SpecGANConfig
from kickitout.models.wavegan import WaveGANConfig

AdversarialConfig = DCGANConfig | WaveGANConfig | SpecGANConfig | DrumGANConfig | AncestorConfig
AnyAdversarial = Annotated[AdversarialConfig, Field(discriminator="family")]
ADVERSARIAL = get_args(AdversarialConfig)


@dataclass(frozen=True)
class Family:
    """Networks are built for a config and a picture.

    generator: latent [B, Z] -> picture [B, C, H, W] as the critic sees it; critic: picture -> logits [B]. makes: what,
    where that is not a picture of any representation; of: the representations that it can be of. scale: what is done to
    pictures before the critic sees them, measured on the training sounds; None for most. batch_norm: whether the critic
    of a config has one, so that it cannot be asked of each picture alone.
    """

    generator: Callable[[Any, PictureShape], nn.Module]
    critic: Callable[[Any, PictureShape], nn.Module]
    makes: str = "pictures"
    of: tuple[str, ...] = ()
    scale: Callable[[PictureShape], PerBin] | None = None
    batch_norm: Callable[[Any], bool] = lambda config: False


FAMILIES = {
    "dcgan": Family(dcgan.Generator, dcgan.Critic, batch_norm=lambda config: config.critic_norm == "batch"),
    "wavegan": Family(wavegan.Generator, wavegan.Critic, "waveforms", ("wave",)),
    "specgan": Family(specgan.Generator, specgan.Critic, "spectrograms without phase", ("logmag", "mel"), PerBin),
    "drumgan": Family(drumgan.Generator, drumgan.Critic),
    "ancestor": Family(ancestor.Generator, ancestor.Critic, "levels", ("logmag",), batch_norm=lambda config: True),
}


def whole_picture(config: AdversarialConfig, picture: PictureShape) -> PictureShape:
    """What the generator makes for a representation's picture: that, or two of them for mid and side."""
    return (picture[0] * (2 if config.stereo else 1), picture[1], picture[2])


def make_generator(config: AdversarialConfig, picture: PictureShape) -> nn.Module:
    """Latent [B, Z] -> picture [B, C, H, W] as the critic sees it."""
    return FAMILIES[config.family].generator(config, picture)


def make_critic(config: AdversarialConfig, picture: PictureShape) -> nn.Module:
    """Picture [B, C, H, W] -> logits [B]."""
    return FAMILIES[config.family].critic(config, picture)


def make_scale(config: AdversarialConfig, picture: PictureShape) -> PerBin | None:
    """What a family does to pictures before its critic sees them; None for most."""
    scale = FAMILIES[config.family].scale
    return None if scale is None else scale(picture)


def finished(generator: nn.Module, scale: PerBin | None) -> nn.Module:
    """The generator of the representation's own picture: what a player plays and a model file holds."""
    return generator if scale is None else nn.Sequential(generator, scale)
