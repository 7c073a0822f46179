"""What a model learned from, made anew: recordings and their augmentation mix; latents of sounds, sounds of latents."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from kickitout.augmentation.mix import ENDINGS, augmentation_mix
from kickitout.datasets.build import Dataset, split
from kickitout.errors import UserError
from kickitout.generation.invert import encoder_of
from kickitout.generation.model import Model
from kickitout.scoring import mono
from kickitout.training.training_set import weights_of


class LearnedMix(NamedTuple):
    """recordings: [m, T], in the order of training and without those that it held out; weights, sources: of each.
    mix: [n, T], the first rows of the one that the model's config makes of them."""

    recordings: np.ndarray
    weights: np.ndarray
    sources: list[str]
    mix: np.ndarray


def learned_mix(model: Model, learned: Dataset, rows: int, endings: str | None = None) -> LearnedMix:
    """As `training.training_set` has it, with the config's own endings or others (`ENDINGS`). Raises UserError for a
    model that learned from no mix."""
    config = model.info.config
    if not config.get("augmentation_mix"):
        raise UserError(f"model {model.info.name}: learned from no augmentation mix; the model in the package did")
    train = sorted(split(learned, config["held_out"])[0], key=lambda i: learned.rows[i].sound)
    sources, power = [learned.rows[i].source for i in train], config.get("source_power", 1.0)
    weights, ranges = weights_of(sources, power), ENDINGS[endings or endings_of(model)]
    waves = learned.waves[train]
    mix = augmentation_mix(waves, rows, config["seed"], ranges, None if power == 1 else weights)
    return LearnedMix(waves, weights, sources, mix.waves)


def endings_of(model: Model) -> str:
    """How the kicks of the mix that a model learned from end: a key of `ENDINGS`."""
    return str(model.info.config.get("mix_endings", "cut"))


def latents_of(model: Model, waves: np.ndarray) -> np.ndarray:
    """[n, Z] what the model's encoder finds, without the noise code; waves: [n, T]."""
    encoder = encoder_of(model)
    return np.stack([encoder.encode(wave) for wave in waves])


def rendered(model: Model, latents: np.ndarray) -> np.ndarray:
    """[n, T] what its decoder makes of whole latents [n, Z + noise code]."""
    return mono(np.concatenate([model.render(latent=latent.astype(np.float32)).wave for latent in latents]))
