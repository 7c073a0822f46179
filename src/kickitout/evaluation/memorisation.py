"""Is a generated sound a copy of a training kick? Distances that gain, polarity and a shift do not change, and a limit.

The similarity of two sounds is the largest |normalised cross-correlation| over shifts of up to 1 ms, in each of
BANDS_HZ by itself, so that the sub does not silence the click; a band counts by its amplitude in the two sounds
(geometric mean: at -20 dB a tenth), so that what is hardly there, and easily masked by noise, counts little.
Distance = 1 - similarity, 0..1, no unit.

How near is too near? Real kicks say: each training kick against all training kicks of other families (near-duplicates,
see `corpus.families`), which is how near two recordings come that are not the same. A generated sound closer to a
training kick than the 1st percentile of these distances is called a near-copy; one in a hundred honest sounds will be,
so a share is read against the false positives. More will be where kicks are alike by nature: two sines of one length
and pitch are one family, and so are no part of the limit. (The idea of a calibrated nearest neighbour: Meehan,
Chaudhuri & Dasgupta 2020, arxiv.org/abs/2004.05675.)
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np

from kickitout.corpus.families import families
from kickitout.evaluation.score import refuse_too_few
from kickitout.sound import SAMPLE_RATE

BANDS_HZ = (20.0, 120.0, 500.0, 2000.0, 8000.0)  # edges
SHIFTS = np.arange(-44, 45)  # samples: 1 ms
ROUGH_HZ = 800.0  # the candidates are found below
ROUGH_SHIFTS = np.arange(-44, 45, 4)
CANDIDATES = 8  # training kicks that are compared in full
PERCENTILE = 1.0
LEAST_TRAIN = 32  # families, for a first percentile that is more than the smallest
BLOCK = 128  # pairs


class Audit(NamedTuple):
    """The way of each sound to its nearest training kick."""

    distance: np.ndarray  # [n]
    nearest: np.ndarray  # [n] index of that training kick
    limit: float  # below it a sound is a near-copy
    honest: np.ndarray  # [m] distances of the training kicks to other families
    false_positives: float  # share of honest kicks below a limit that the others have set, about 0.01

    @property
    def copies(self) -> np.ndarray:
        """[n] bool: the near-copies."""
        return self.distance < self.limit

    def pairs(self) -> list[tuple[int, int, float]]:
        """(sound, training kick, distance) of every near-copy, the closest first."""
        found = np.flatnonzero(self.copies)
        found = found[np.argsort(self.distance[found], kind="stable")]
        return [(int(i), int(self.nearest[i]), float(self.distance[i])) for i in found]


def audit(sounds: np.ndarray, train: np.ndarray, groups: np.ndarray | None = None) -> Audit:
    """Look for each of `sounds` [n, T] among the training kicks [m, T]; groups: their families, found when not given.

    Raises UserError when there are too few training families to say how near is too near.
    """
    groups = families(train) if groups is None else groups
    refuse_too_few(len(np.unique(groups)), "families of training kicks", LEAST_TRAIN)
    known = _Library.of(train)
    honest, _ = known.nearest(known, forbidden=groups[:, None] == groups[None])
    distance, nearest = known.nearest(_Library.of(sounds))
    limit = float(np.percentile(honest, PERCENTILE))
    return Audit(distance, nearest, limit, honest, _false_positives(honest))


def _false_positives(honest: np.ndarray) -> float:
    """Every second kick against the limit of the others, and the other way round."""
    even, odd = honest[::2], honest[1::2]
    hits = (even < np.percentile(odd, PERCENTILE)).sum() + (odd < np.percentile(even, PERCENTILE)).sum()
    return float(hits / len(honest))


class _Library(NamedTuple):
    """Spectra of n sounds, ready to be correlated."""

    spectra: np.ndarray  # complex64 [n, bins up to the highest band], each band of unit energy
    weights: np.ndarray  # [n, bands] fourth root of the share of the energy
    rough: np.ndarray  # complex64 [n, low bins], unit energy
    hz: np.ndarray  # [bins]

    @classmethod
    def of(cls, waves: np.ndarray) -> _Library:
        length = waves.shape[1]
        bins = int(BANDS_HZ[-1] * length / SAMPLE_RATE) + 1
        hz = np.arange(bins) * SAMPLE_RATE / length
        spectra = np.stack([np.fft.rfft(wave)[:bins] for wave in waves]).astype(np.complex64)
        low = (hz >= BANDS_HZ[0]) & (hz < ROUGH_HZ)
        rough = spectra[:, low] * np.sqrt(hz[low]).astype(np.float32)  # the body weighs as much as the sub
        rough /= np.maximum(np.linalg.norm(rough, axis=1, keepdims=True), 1e-9)
        energies = np.stack([(np.abs(spectra[:, part]) ** 2).sum(axis=1) for part in _bands(hz)], axis=1)
        share = energies / np.maximum(energies.sum(axis=1, keepdims=True), 1e-12)
        for part, energy in zip(_bands(hz), energies.T, strict=True):
            spectra[:, part] /= np.sqrt(np.maximum(energy, 1e-12))[:, None]
        return cls(spectra, share ** (1 / 4), rough, hz)

    def nearest(self, sounds: _Library, forbidden: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Distance [n] and index [n] of the nearest of mine to each of `sounds`. forbidden: bool [n, mine]."""
        rough = _roughly(sounds, self)
        if forbidden is not None:
            rough[forbidden] = -1
        number = min(CANDIDATES, rough.shape[1])
        candidates = np.argpartition(-rough, number - 1, axis=1)[:, :number]
        rows = np.repeat(np.arange(len(rough)), number)
        columns = candidates.ravel()
        similar = np.concatenate(
            [_similar(sounds, self, rows[i : i + BLOCK], columns[i : i + BLOCK]) for i in range(0, len(rows), BLOCK)]
        )
        similar = np.where(rough[rows, columns] < 0, -np.inf, similar).reshape(len(rough), number)
        best = similar.argmax(axis=1)
        at = np.arange(len(rough))
        return 1 - similar[at, best], candidates[at, best]


def _bands(hz: np.ndarray) -> list[slice]:
    edges = np.searchsorted(hz, BANDS_HZ)
    return [slice(int(a), int(b)) for a, b in itertools.pairwise(edges)]


def _turns(hz: np.ndarray, shifts: np.ndarray) -> np.ndarray:
    """complex64 [bins, shifts]: what a shift by so many samples does to a spectrum."""
    return np.exp(2j * np.pi * hz[:, None] * shifts / SAMPLE_RATE).astype(np.complex64)


def _roughly(a: _Library, b: _Library) -> np.ndarray:
    """[n, m] largest |correlation| below ROUGH_HZ over ROUGH_SHIFTS."""
    low = a.hz[(a.hz >= BANDS_HZ[0]) & (a.hz < ROUGH_HZ)]
    right = np.concatenate([b.rough.real, b.rough.imag], axis=1).T
    best = np.zeros((len(a.rough), len(b.rough)), np.float32)
    for turn in _turns(low, ROUGH_SHIFTS).T:
        turned = a.rough * turn
        np.maximum(best, np.abs(np.concatenate([turned.real, turned.imag], axis=1) @ right), out=best)
    return best


def _similar(a: _Library, b: _Library, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """[pairs] similarity of a[rows] and b[columns] over all bands."""
    cross = a.spectra[rows] * b.spectra[columns].conj()
    peaks = np.stack(
        [np.abs((cross[:, part] @ _turns(a.hz[part], SHIFTS)).real).max(axis=1) for part in _bands(a.hz)], axis=1
    )
    weights = a.weights[rows] * b.weights[columns]
    return (peaks * weights).sum(axis=1) / np.maximum(weights.sum(axis=1), 1e-12)
