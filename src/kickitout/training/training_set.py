"""What a run learns from: the kicks of its dataset that are not held out, and what its config has made of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from kickitout.augmentation.known import known_of_mix, known_of_variants
from kickitout.augmentation.mix import ENDINGS, augmentation_mix
from kickitout.augmentation.variants import producer_variants
from kickitout.datasets.build import Dataset, split
from kickitout.datasets.stated import UNSTATED
from kickitout.training.config import TrainingConfig


class TrainingSet(NamedTuple):
    """waves: all that batches are drawn from; reals: the recordings among them; held_out: what the run never sees."""

    waves: np.ndarray  # [n, 1 or 2, T]; the second channel is the side
    reals: np.ndarray  # [m, T]
    held_out: np.ndarray  # [k, T]
    known: np.ndarray  # int64 [n]: samples of each of `waves` that its recording speaks for, see `prepare`
    weights: np.ndarray  # [m]: what each recording counts, 1 on average; `waves` begin with the recordings


def make_training_set(dataset: Dataset, config: TrainingConfig) -> TrainingSet:
    """Recordings in the order of their contents: neither names nor the order of folders may change a run."""
    train, held_out = (sorted(part, key=lambda i: dataset.rows[i].sound) for part in split(dataset, config.held_out))
    known = [dataset.rows[i].known for i in train]
    all_known = [np.array(known, np.int64)]
    sounds = [dataset.waves, dataset.sides][: 2 if config.model.stereo else 1]
    parts = [np.stack([s[train] for s in sounds], axis=1)]
    reals = dataset.waves[train]
    weights = weights_of([dataset.rows[i].source for i in train], config.source_power)
    variants = np.maximum(np.rint((1 + config.variants_for(len(reals))) * weights).astype(int) - 1, 0)
    if variants.any():  # of training kicks alone: what is held out stays unseen in every form
        names = [dataset.rows[i].sound for i in train]
        varied = producer_variants(reals, variants, config.seed, clicks_from=reals, identities=names)
        parts.append(varied[:, None])
        all_known.append(known_of_variants(varied, known, variants, config.seed, identities=names))
    if config.augmentation_mix:
        ranges, by = ENDINGS[config.mix_endings], None if config.source_power == 1 else weights
        mix = augmentation_mix(reals, config.augmentation_mix, config.seed, ranges, by)
        parts.append(mix.waves[:, None])
        all_known.append(known_of_mix(mix, known, config.seed, ranges))
    return TrainingSet(np.concatenate(parts), reals, dataset.waves[held_out], np.concatenate(all_known), weights)


def weights_of(sources: Sequence[str], power: float) -> np.ndarray:
    """[n] what each kick counts, 1 on average, where a source of k kicks counts k^power in all. A kick that states none
    is a source of its own.

    >>> weights_of(["a", "a", "a", "b"], 0.0).round(3).tolist()
    [0.667, 0.667, 0.667, 2.0]
    >>> weights_of(["a", "b", UNSTATED, UNSTATED], 0.0).tolist()
    [1.0, 1.0, 1.0, 1.0]
    """
    sizes = {**Counter(sources), UNSTATED: 1}
    weights = np.array([float(sizes[source]) ** (power - 1) for source in sources])
    return weights / weights.mean()
