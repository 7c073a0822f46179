"""What a run learns from: the kicks of its corpus that are not held out, and what its recipe has made of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from kickitout.corpus.augment import producer_variants
from kickitout.corpus.build import Corpus, split
from kickitout.corpus.mix import learning_mix
from kickitout.training.recipe import Recipe


class Lessons(NamedTuple):
    """waves: all that batches are drawn from; reals: the recordings among them; held_out: what the run never sees."""

    waves: np.ndarray  # [n, 1 or 2, T]; the second channel is the side
    reals: np.ndarray  # [m, T]
    held_out: np.ndarray  # [k, T]


def make_lessons(corpus: Corpus, recipe: Recipe) -> Lessons:
    """Recordings in the order of their contents: neither names nor the order of folders may change a run."""
    train, held_out = (sorted(part, key=lambda i: corpus.rows[i].wave) for part in split(corpus, recipe.held_out))
    sounds = [corpus.waves, corpus.sides][: 2 if recipe.model.stereo else 1]
    parts = [np.stack([s[train] for s in sounds], axis=1)]
    reals = corpus.waves[train]
    variants = recipe.variants_for(len(reals))
    if variants:  # of training kicks alone: what is held out stays unseen in every form
        known = [corpus.rows[i].wave for i in train]
        parts.append(producer_variants(reals, variants, recipe.seed, clicks_from=reals, identities=known)[:, None])
    if recipe.mix:
        parts.append(learning_mix(reals, recipe.mix, recipe.seed).waves[:, None])
    return Lessons(np.concatenate(parts), reals, corpus.waves[held_out])
