"""Is a generated sound a copy of a training kick? Distances that gain, polarity and a shift do not change, and a limit.

The similarity of two sounds is the largest |normalised cross-correlation| over shifts of up to 2 ms, of each of
BANDS_HZ by itself, so that the sub does not silence the click; a band counts by its amplitude in the two sounds
(geometric mean: at -20 dB a tenth), so that what is hardly there, and easily masked by noise, counts little. The shift
is one for all bands, but for the quarter of a millisecond by which an equaliser may move a band: left free, it makes
any two plain sines of nearly one pitch alike.
Distance = 1 - similarity, 0..1, no unit.

How near is too near? Real kicks say: the way from each group of training kicks (near-duplicates, see
`dataset.groups`) to the nearest other one, which is how near two recordings come that are not the same. Sounds nearer
to a training kick than a limit are called near-copies, and the limit is such that of honest sounds from the same world
HONEST_SHARE are expected below it. Were a new group drawn together with the m known ones, it could as well be any of
the m + 1. It is below the limit when it is one of two that are nearer to each other than the limit, and distances come
in such pairs: if the limit is the distance of the j-th closest pair of known groups, 2 j of m are expected. So
j = HONEST_SHARE m / 2, and where that is less than one pair, the limit lies below the closest one by the power law that
the smallest distances follow (Hill 1975, doi.org/10.1214/aos/1176343247). A percentile of the distances themselves
lets in a pair of which only one half is known, and it scatters. How the limit comes out is measured in each audit, over
splits of the training kicks, and by `evaluation.copies_trial` with planted copies. More will be called copies where
kicks are alike by nature: two sines of one length and pitch are one group, and so are no part of the limit. (The idea
of a calibrated nearest neighbour: Meehan, Chaudhuri & Dasgupta 2020, arxiv.org/abs/2004.05675.)

Ties: processors differ in a distance by up to 2.4e-7, and TIE lies well above that. A limit that is the distance of a
pair is taken TIE below it, so that this pair, which is honest, is on the same side everywhere; what is at the limit is
no near-copy. Of training kicks that are equally near to a sound, within TIE, the first one is named.
"""

from __future__ import annotations

import itertools
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from kickitout.datasets.groups import near_duplicate_groups
from kickitout.metrics.score import refuse_too_few
from kickitout.sound import SAMPLE_RATE

BANDS_HZ = (20.0, 120.0, 500.0, 2000.0, 8000.0)  # edges
SHIFTS = np.arange(-88, 89)  # samples: 2 ms; a lossy copy may be given another onset, by up to 1.5 ms
APART = 11  # samples: so far may a band be from the common shift
ROUGH_HZ = 800.0  # the candidates are found below
ROUGH_SHIFTS = np.arange(-88, 89, 4)
CANDIDATES = 8  # training kicks that are compared in full
HONEST_SHARE = 0.01  # of honest sounds that may be called near-copies
LEAST_TRAIN = 32  # groups, for a power law to be seen
TAIL_SHARE, LEAST_TAIL = 0.1, 8  # of the smallest distances, from which the law is read
SPLITS = 50  # of the training groups into halves, to measure false positives
BLOCK = 128  # pairs
TIE = 1e-5  # distances that are no further apart are equal


class Audit(NamedTuple):
    """The way of each sound to its nearest training kick."""

    distance: np.ndarray  # [n]
    nearest: np.ndarray  # [n] index of that training kick
    limit: float  # below it a sound is a near-copy
    honest: np.ndarray  # [m] distances of the training kicks to other groups
    false_positives: float  # share of held-out kicks below the limit of the others, mean over SPLITS

    @property
    def copies(self) -> np.ndarray:
        """[n] bool: the near-copies."""
        return self.distance < self.limit

    def pairs(self) -> list[tuple[int, int, float]]:
        """(sound, training kick, distance) of every near-copy, the closest first."""
        return self.closest(int(self.copies.sum()))

    def closest(self, count: int) -> list[tuple[int, int, float]]:
        """(sound, training kick, distance) of the `count` closest, near-copies or not."""
        found = np.argsort(self.distance, kind="stable")[:count]
        return [(int(i), int(self.nearest[i]), float(self.distance[i])) for i in found]


def audit(sounds: np.ndarray, train: np.ndarray, groups: np.ndarray | None = None) -> Audit:
    """Look for each of `sounds` [n, T] among the training kicks [m, T]; groups: their groups, found when not given.

    Raises UserError when there are too few training groups to say how near is too near.
    """
    groups = np.unique(near_duplicate_groups(train) if groups is None else groups, return_inverse=True)[1]
    number = int(groups.max()) + 1
    refuse_too_few(number, "groups of training kicks", LEAST_TRAIN)
    known = Library.of(train)
    others, distances = known.nearest(known, forbidden=groups[:, None] == groups[None])
    nearest, distance = known.nearest(Library.of(sounds))
    honest = distances.min(axis=1)
    return Audit(
        distance.min(axis=1),
        first_nearest(distance, nearest),
        limit_of(by_group(honest, groups, number)),
        honest,
        _false_positives(groups[others], distances, groups),
    )


class References(NamedTuple):
    """Training kicks, ready to be asked again and again which of them is nearest to a sound."""

    library: Library
    limit: float | None  # below it a sound is a near-copy; None with fewer than LEAST_TRAIN groups

    @classmethod
    def of(cls, train: np.ndarray, groups: np.ndarray) -> References:
        """train: [m, T]; groups: [m], their groups."""
        groups = np.unique(groups, return_inverse=True)[1]
        number = int(groups.max()) + 1
        library = Library.of(train)
        if number < LEAST_TRAIN:
            return cls(library, None)
        distances = library.nearest(library, forbidden=groups[:, None] == groups[None])[1]
        return cls(library, limit_of(by_group(distances.min(axis=1), groups, number)))

    def nearest(self, wave: np.ndarray) -> tuple[int, float]:
        """The nearest training kick to wave [T], and how far it is."""
        candidates, distances = self.library.nearest(Library.of(wave[None]))
        return int(first_nearest(distances, candidates)[0]), float(distances[0].min())


def first_nearest(distances: np.ndarray, kicks: np.ndarray) -> np.ndarray:
    """[n] the first of those `kicks` [n, candidates] whose distance [n, candidates] is the smallest, within TIE."""
    near = distances <= distances.min(axis=1, keepdims=True) + TIE
    return np.where(near, kicks, np.iinfo(kicks.dtype).max).min(axis=1)


def limit_of(between: np.ndarray, share: float = HONEST_SHARE) -> float:
    """The limit from the distances of m groups to the nearest other one, [m]; see above.

    >>> limit_of(np.array([0.2, 0.2, 0.3, 0.3, 0.5, 0.7]), share=0.4) < 0.2
    True
    """
    ranked = np.sort(between)
    pairs = share * len(ranked) / 2
    if pairs >= 1:
        return float(ranked[2 * int(pairs) - 1]) - TIE
    tail = np.maximum(ranked[: min(max(LEAST_TAIL, round(TAIL_SHARE * len(ranked))), len(ranked))], 1e-6)
    steepness = np.log(tail[-1] / tail[:-1]).mean()  # 1 / exponent
    return float(ranked[0] * pairs**steepness)


def by_group(distances: np.ndarray, groups: np.ndarray, number: int) -> np.ndarray:
    """[number] the smallest of the distances [m] in each group, inf where there is none."""
    out = np.full(number, np.inf)
    np.minimum.at(out, groups, distances)
    return out


def _false_positives(families_near: np.ndarray, distances: np.ndarray, groups: np.ndarray) -> float:
    """Mean share of false near-copies when half of the groups are held out.

    families_near, distances: [m, candidates], the nearest kicks of each; those that are held out too do not count.
    """
    rng = np.random.default_rng(0)
    number = int(groups.max()) + 1
    shares = []
    for _ in range(SPLITS):
        known = rng.permutation(number) < number // 2
        near = np.where(known[families_near], distances, 1.0).min(axis=1)
        limit = limit_of(by_group(near, groups, number)[known])
        shares.append(np.mean(near[~known[groups]] < limit))
    return float(np.mean(shares))


class Library(NamedTuple):
    """Spectra of n sounds, ready to be correlated."""

    spectra: np.ndarray  # complex64 [n, bins up to the highest band], each band of unit energy
    weights: np.ndarray  # [n, bands] fourth root of the share of the energy
    rough: np.ndarray  # complex64 [n, low bins], unit energy
    hz: np.ndarray  # [bins]

    @classmethod
    def of(cls, waves: np.ndarray) -> Library:
        length = waves.shape[1]
        bins = int(BANDS_HZ[-1] * length / SAMPLE_RATE) + 1
        hz = np.arange(bins) * SAMPLE_RATE / length
        spectra = np.stack([np.fft.rfft(wave)[:bins] for wave in waves]).astype(np.complex64)
        low = (hz >= BANDS_HZ[0]) & (hz < ROUGH_HZ)
        rough = spectra[:, low] * np.sqrt(hz[low]).astype(np.float32)  # the body weighs as much as the sub
        rough /= np.maximum(np.linalg.norm(rough, axis=1, keepdims=True), 1e-9)
        energies = np.stack([(np.abs(spectra[:, part]) ** 2).sum(axis=1) for part in bands(hz)], axis=1)
        share = energies / np.maximum(energies.sum(axis=1, keepdims=True), 1e-12)
        for part, energy in zip(bands(hz), energies.T, strict=True):
            spectra[:, part] /= np.sqrt(np.maximum(energy, 1e-12))[:, None]
        return cls(spectra, share ** (1 / 4), rough, hz)

    def nearest(self, sounds: Library, forbidden: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """The CANDIDATES of mine that are nearest to each of `sounds` by a rough measure: indices and distances.

        [n, candidates] each; distance 1 where forbidden (bool [n, mine]).
        """
        rough = _roughly(sounds, self)
        if forbidden is not None:
            rough[forbidden] = -1
        number = min(CANDIDATES, rough.shape[1])
        candidates = np.argsort(-rough, axis=1, kind="stable")[:, :number]  # of equal ones, the first
        rows = np.repeat(np.arange(len(rough)), number)
        columns = candidates.ravel()
        similar = np.concatenate(
            [_similar(sounds, self, rows[i : i + BLOCK], columns[i : i + BLOCK]) for i in range(0, len(rows), BLOCK)]
        )
        similar = np.where(rough[rows, columns] < 0, 0.0, similar).reshape(len(rough), number)
        return candidates, np.maximum(1 - similar, 0.0)  # rounding can make a copy more than alike


def bands(hz: np.ndarray) -> list[slice]:
    edges = np.searchsorted(hz, BANDS_HZ)
    return [slice(int(a), int(b)) for a, b in itertools.pairwise(edges)]


def _as_real(z: np.ndarray) -> np.ndarray:
    """complex [n, L] -> real [n, 2 L] whose inner product is the real part of <x, conj(y)>."""
    return np.concatenate([z.real, z.imag], axis=1)


def turns(hz: np.ndarray, shifts: np.ndarray) -> np.ndarray:
    """complex64 [bins, shifts]: what a shift by so many samples does to a spectrum."""
    return np.exp(2j * np.pi * hz[:, None] * shifts / SAMPLE_RATE).astype(np.complex64)


@lru_cache(maxsize=2)
def _turns_of_bands(bins: int, step_hz: float) -> tuple[np.ndarray, ...]:
    """float32 [2 bins, SHIFTS] for each band, so that the real parts of a product come from real numbers."""
    hz = np.arange(bins) * step_hz
    return tuple(_as_real(turns(hz[part], SHIFTS).conj().T).T for part in bands(hz))


def _roughly(a: Library, b: Library) -> np.ndarray:
    """[n, m] largest |correlation| below ROUGH_HZ over ROUGH_SHIFTS."""
    low = a.hz[(a.hz >= BANDS_HZ[0]) & (a.hz < ROUGH_HZ)]
    right = _as_real(b.rough).T
    best = np.zeros((len(a.rough), len(b.rough)), np.float32)
    for turn in turns(low, ROUGH_SHIFTS).T:
        turned = a.rough * turn
        np.maximum(best, np.abs(_as_real(turned) @ right), out=best)
    return best


def _similar(a: Library, b: Library, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """[pairs] similarity of a[rows] and b[columns] over all bands."""
    cross = a.spectra[rows] * b.spectra[columns].conj()
    weights = a.weights[rows] * b.weights[columns]
    total = np.zeros((len(rows), len(SHIFTS)))
    turned = _turns_of_bands(len(a.hz), float(a.hz[1]))
    for part, turns, weight in zip(bands(a.hz), turned, weights.T, strict=True):
        found = np.abs(_as_real(cross[:, part]) @ turns)  # [pairs, shifts]
        around = np.pad(found, ((0, 0), (APART, APART)))
        near = np.lib.stride_tricks.sliding_window_view(around, 2 * APART + 1, axis=1).max(axis=2)
        total += weight[:, None] * near
    return total.max(axis=1) / np.maximum(weights.sum(axis=1), 1e-12)
