"""Is a generated sound a copy of a training kick? Distances that gain, polarity and a shift do not change, and a copy
threshold.

The similarity of two sounds is the largest |normalised cross-correlation| over shifts of up to 2 ms, of each of
`similarity.BANDS_HZ` by itself, so that the sub does not silence the click; a band counts by its amplitude in the two
sounds (geometric mean: at -20 dB a tenth), so that what is hardly there, and easily masked by noise, counts little. The
shift is one for all bands, but for the quarter of a millisecond by which an equaliser may move a band: left free, it
makes any two plain sines of nearly one pitch alike. Distance = 1 - similarity, 0..1, no unit.

How near is too near? The null distances say: the way from each group of training kicks (near-duplicates, see
`datasets.groups`) to the nearest other one, which is how near two recordings come that are not the same. Sounds nearer
to a training kick than the copy threshold are called near-duplicates; of sounds from the same world that copy nothing,
FALSE_POSITIVE_SHARE are expected below it. Were a new group drawn together with the m of the training kicks, it could
as well be any of the m + 1. It is below the threshold when it is one of two that are nearer to each other than that,
and distances come in such pairs: if the threshold is the distance of the j-th closest pair of groups, 2 j of m are
expected. So j = FALSE_POSITIVE_SHARE m / 2, and where that is less than one pair, the threshold lies below the closest
one by the power law that the smallest distances follow (Hill 1975, doi.org/10.1214/aos/1176343247). A percentile of the
distances themselves lets in a pair of which only one half is among the training kicks, and it scatters. Each audit
measures how the threshold comes out, over splits of the training kicks; the laboratory's copies trial does so with
planted copies. More will be called copies where kicks are alike by nature: two sines of one length and pitch are one
group, and so are no part of the threshold. (The idea of a calibrated nearest neighbour: Meehan, Chaudhuri & Dasgupta
2020, arxiv.org/abs/2004.05675.)

Ties: processors differ in a distance by up to 2.4e-7, and TIE lies well above that. A threshold that is the distance of
a pair is taken TIE below it, so that this pair is on the same side everywhere; what is at the threshold is no
near-duplicate. Of training kicks that are equally near to a sound, within TIE, the first one is named.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from kickitout.datasets.groups import near_duplicate_groups
from kickitout.metrics.resampling import own_groups
from kickitout.metrics.score import refuse_too_few
from kickitout.similarity import BANDS_HZ, BandSpectra, all_pairs
from kickitout.sound import SAMPLE_RATE

ROUGH_HZ = 800.0  # the candidates are found below
ROUGH_SHIFTS = np.arange(-88, 89, 4)  # samples
CANDIDATES = 8  # training kicks that are compared in full
FALSE_POSITIVE_SHARE = 0.01  # of sounds that copy nothing
LEAST_TRAIN = 32  # groups, for a power law to be seen
TAIL_SHARE, LEAST_TAIL = 0.1, 8  # of the smallest distances, from which the law is read
HALVINGS = 50  # of the training groups, to measure false positives
TIE = 1e-5  # distances that are no further apart are equal


class Audit(NamedTuple):
    """The way of each sound to its nearest training kick."""

    distance: np.ndarray  # [n]
    nearest: np.ndarray  # [n] index of that training kick
    threshold: float  # below it a sound is a near-duplicate
    null_distances: np.ndarray  # [m] of the training kicks to other groups
    false_positives: float  # share of held-out kicks below the threshold of the others, mean over HALVINGS

    @property
    def copies(self) -> np.ndarray:
        """[n] bool: the near-duplicates."""
        return self.distance < self.threshold

    def pairs(self) -> list[tuple[int, int, float]]:
        """(sound, training kick, distance) of every near-duplicate, the closest first."""
        return self.closest(int(self.copies.sum()))

    def closest(self, count: int) -> list[tuple[int, int, float]]:
        """(sound, training kick, distance) of the `count` closest, near-duplicates or not."""
        found = np.argsort(self.distance, kind="stable")[:count]
        return [(int(i), int(self.nearest[i]), float(self.distance[i])) for i in found]


def audit(sounds: np.ndarray, train: np.ndarray, groups: np.ndarray | None = None) -> Audit:
    """Look for each of `sounds` [n, T] among the training kicks [m, T]; groups: their groups, found when not given.

    Raises UserError when there are too few training groups to say how near is too near.
    """
    groups = own_groups(len(train), near_duplicate_groups(train) if groups is None else groups)
    refuse_too_few(int(groups.max()) + 1, "groups of training kicks", LEAST_TRAIN)
    library = Library.of(train)
    others, distances = library.of_other_groups(groups)
    nearest, distance = library.nearest(Library.of(sounds))
    null = distances.min(axis=1)
    return Audit(
        distance.min(axis=1),
        first_nearest(distance, nearest),
        copy_threshold(by_group(null, groups)),
        null,
        _false_positives(groups[others], distances, groups),
    )


class CopyDetector(NamedTuple):
    """Training kicks, ready to be asked again and again which of them is nearest to a sound."""

    library: Library
    threshold: float | None  # below it a sound is a near-duplicate; None with fewer than LEAST_TRAIN groups

    @classmethod
    def of(cls, train: np.ndarray, groups: np.ndarray) -> CopyDetector:
        """train: [m, T]; groups: [m], their groups."""
        library = Library.of(train)
        if len(np.unique(groups)) < LEAST_TRAIN:
            return cls(library, None)
        return cls(library, copy_threshold(by_group(library.of_other_groups(groups)[1].min(axis=1), groups)))

    def nearest(self, wave: np.ndarray) -> tuple[int, float]:
        """The nearest training kick to wave [T], and how far it is."""
        candidates, distances = self.library.nearest(Library.of(wave[None]))
        return int(first_nearest(distances, candidates)[0]), float(distances[0].min())


def first_nearest(distances: np.ndarray, kicks: np.ndarray) -> np.ndarray:
    """[n] the first of those `kicks` [n, candidates] whose distance [n, candidates] is the smallest, within TIE."""
    near = distances <= distances.min(axis=1, keepdims=True) + TIE
    return np.where(near, kicks, np.iinfo(kicks.dtype).max).min(axis=1)


def copy_threshold(between: np.ndarray, share: float = FALSE_POSITIVE_SHARE) -> float:
    """The threshold from the distances of m groups to the nearest other one, [m]; see above.

    >>> copy_threshold(np.array([0.2, 0.2, 0.3, 0.3, 0.5, 0.7]), share=0.4) < 0.2
    True
    """
    ranked = np.sort(between)
    pairs = share * len(ranked) / 2
    if pairs >= 1:
        return float(ranked[2 * int(pairs) - 1]) - TIE
    tail = np.maximum(ranked[: min(max(LEAST_TAIL, round(TAIL_SHARE * len(ranked))), len(ranked))], 1e-6)
    steepness = np.log(tail[-1] / tail[:-1]).mean()  # 1 / exponent
    return float(ranked[0] * pairs**steepness)


def by_group(distances: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """[number of groups] the smallest of the distances [m] in each group."""
    who = own_groups(len(groups), groups)
    out = np.full(int(who.max()) + 1, np.inf)
    np.minimum.at(out, who, distances)
    return out


def _false_positives(groups_near: np.ndarray, distances: np.ndarray, groups: np.ndarray) -> float:
    """Mean share of false near-duplicates when half of the groups are held out.

    groups_near, distances: [m, candidates], of the nearest kicks of each; those that are held out too do not count.
    """
    rng = np.random.default_rng(0)
    number = int(groups.max()) + 1
    shares = []
    for _ in range(HALVINGS):
        kept = rng.permutation(number) < number // 2
        near = np.where(kept[groups_near], distances, 1.0).min(axis=1)
        threshold = copy_threshold(by_group(near, groups)[kept])
        shares.append(np.mean(near[~kept[groups]] < threshold))
    return float(np.mean(shares))


class Library(NamedTuple):
    """Spectra of n sounds, ready to be compared."""

    bands: BandSpectra  # all bins up to the highest band
    rough: np.ndarray  # complex64 [n, low bins], unit energy
    rough_hz: np.ndarray  # [low bins]

    @classmethod
    def of(cls, waves: np.ndarray) -> Library:
        """waves: [n, T] at 44.1 kHz."""
        hz = np.arange(int(BANDS_HZ[-1] * waves.shape[1] / SAMPLE_RATE) + 1) * SAMPLE_RATE / waves.shape[1]
        spectra = np.stack([np.fft.rfft(wave)[: len(hz)] for wave in waves]).astype(np.complex64)
        low = (hz >= BANDS_HZ[0]) & (hz < ROUGH_HZ)
        rough = spectra[:, low] * np.sqrt(hz[low]).astype(np.float32)  # the body weighs as much as the sub
        rough /= np.maximum(np.linalg.norm(rough, axis=1, keepdims=True), 1e-9)
        return cls(BandSpectra.of(spectra, hz), rough, hz[low])

    def of_other_groups(self, groups: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The nearest of mine to each of mine, but for its own group: as `nearest` has them."""
        return self.nearest(self, forbidden=groups[:, None] == groups[None])

    def nearest(self, sounds: Library, forbidden: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """The CANDIDATES of mine that are nearest to each of `sounds` by a rough measure: indices and distances.

        [n, candidates] each; distance 1 where forbidden (bool [n, mine]).
        """
        rough = all_pairs(sounds.rough, self.rough, self.rough_hz, ROUGH_SHIFTS)
        if forbidden is not None:
            rough[forbidden] = -1
        number = min(CANDIDATES, rough.shape[1])
        candidates = np.argsort(-rough, axis=1, kind="stable")[:, :number]  # of equal ones, the first
        rows = np.repeat(np.arange(len(rough)), number)
        columns = candidates.ravel()
        distances = sounds.bands.distances(self.bands, rows, columns)
        return candidates, np.where(rough[rows, columns] < 0, 1.0, distances).reshape(len(rough), number)
