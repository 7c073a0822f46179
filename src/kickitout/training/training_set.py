"""What a run learns from: the kicks of its dataset that are not held out, and what its config has made of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from kickitout.augmentation.mix import augmentation_mix
from kickitout.augmentation.variants import producer_variants
from kickitout.datasets.build import Dataset, split
from kickitout.training.config import TrainingConfig


class TrainingSet(NamedTuple):
    """waves: all that batches are drawn from; reals: the recordings among them; held_out: what the run never sees."""

    waves: np.ndarray  # [n, 1 or 2, T]; the second channel is the side
    reals: np.ndarray  # [m, T]
    held_out: np.ndarray  # [k, T]


def make_training_set(dataset: Dataset, config: TrainingConfig) -> TrainingSet:
    """Recordings in the order of their contents: neither names nor the order of folders may change a run."""
    train, held_out = (sorted(part, key=lambda i: dataset.rows[i].sound) for part in split(dataset, config.held_out))
    sounds = [dataset.waves, dataset.sides][: 2 if config.model.stereo else 1]
    parts = [np.stack([s[train] for s in sounds], axis=1)]
    reals = dataset.waves[train]
    variants = config.variants_for(len(reals))
    if variants:  # of training kicks alone: what is held out stays unseen in every form
        known = [dataset.rows[i].sound for i in train]
        parts.append(producer_variants(reals, variants, config.seed, clicks_from=reals, identities=known)[:, None])
    if config.augmentation_mix:
        parts.append(augmentation_mix(reals, config.augmentation_mix, config.seed).waves[:, None])
    return TrainingSet(np.concatenate(parts), reals, dataset.waves[held_out])
