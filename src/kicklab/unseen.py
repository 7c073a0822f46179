"""Real sounds of sources that nothing has learned from, and the energy distance of made sounds to them.

It is unbiased for new sources, for pairs within one source are left out of what real sounds are apart; it can be
negative.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from kickitout.metrics.resampling import bootstrap_counts

SOURCE_DRAWS = 1000  # of the sources


def source_counts(sources: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """[1 + SOURCE_DRAWS, n]: how often each sound is in a draw of sources, two at least; the first is the whole, the
    only one where all are of one source."""
    usable, mine = np.ones((1, len(sources))), sources[:, None] == np.unique(sources)
    while mine.shape[1] > 1 and len(usable) <= SOURCE_DRAWS:
        drawn = bootstrap_counts(len(sources), SOURCE_DRAWS, rng, sources)
        several = (drawn > 0) @ mine > 0  # [draws, sources]
        usable = np.concatenate([usable, drawn[several.sum(1) > 1]])  # pairs need two sources
    return usable[: 1 + SOURCE_DRAWS]


@dataclass(frozen=True)
class Unseen:
    """Real sounds to be scored against: which source each is of, and how far apart they are."""

    sources: np.ndarray  # [n] whole numbers
    distances: np.ndarray  # [n, n]

    @cached_property
    def counts(self) -> np.ndarray:
        """[1 + SOURCE_DRAWS, n]: see `source_counts`."""
        return source_counts(self.sources, np.random.default_rng(0))

    @cached_property
    def within(self) -> np.ndarray:
        """[1 + SOURCE_DRAWS]: mean distance of two sounds of different sources."""
        return self.mean_apart(self.counts)

    def mean_apart(self, counts: np.ndarray) -> np.ndarray:
        """[draws]: the same of sounds drawn so often, [draws, n]."""
        other = self.sources[:, None] != self.sources
        return ((counts @ (self.distances * other)) * counts).sum(1) / ((counts @ other) * counts).sum(1)

    def energy(self, away: np.ndarray, within: float) -> np.ndarray:
        """[1 + SOURCE_DRAWS]: energy distance of made sounds. away: [n], mean distance of each real sound from them;
        NaN for one that was learned from, which is no unseen sound and left out."""
        known = np.isfinite(away)
        if known.all():
            return 2 * (self.counts @ away) / self.counts.sum(1) - self.within - within
        counts = self.counts * known
        alone = np.array([len({*self.sources[row > 0].tolist()}) < 2 for row in counts])
        counts[alone] = known  # a draw without two sources that are left says nothing
        return 2 * (counts @ np.where(known, away, 0)) / counts.sum(1) - self.mean_apart(counts) - within

    @cached_property
    def band(self) -> tuple[float, float]:
        """What 95 % of the splits of the real sounds into halves, in whole sources, are apart."""
        rng, found = np.random.default_rng(1), []
        number = int(self.sources.max()) + 1
        for _ in range(SOURCE_DRAWS):
            first = (rng.permutation(number) < number // 2)[self.sources]
            parts = np.stack([first, ~first]).astype(float)
            between = self.distances[first][:, ~first].mean()
            found.append(2 * between - self.mean_apart(parts).sum())
        low, high = np.quantile(found, [0.025, 0.975])
        return float(low), float(high)
