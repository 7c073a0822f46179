"""One cross-correlator: how alike two sounds are when one may be shifted, turned over, or louder.

Near-duplicate groups (`datasets.groups`), copies of training kicks (`metrics.memorisation`) and audio fingerprints
(`metrics.fingerprints`) all ask it. Two spectra of unit energy correlate at a shift of s samples by
Re sum X conj(Y) exp(-2 pi i f s / rate); `correlations` takes many pairs at many shifts as one product of matrices.

What stays apart, because decisions hang on it: groups compare whole spectra of padded sounds, up to 1 ms, and are exact
at their bounds (`similarity`, at the full rate, where a part of the spectrum leaves a doubt). Copies are compared band
by band, without padding, up to 2 ms (`BandSpectra`): one band alone must be able to tell.
"""

from __future__ import annotations

import itertools
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from kickitout.descriptors.block import fast_length, slices
from kickitout.sound import SAMPLE_RATE

DUPLICATE_SHIFT = 44  # samples: 1 ms, more than two onsets of one sound differ by
BANDS_HZ = (20.0, 120.0, 500.0, 2000.0, 8000.0)  # edges
COPY_SHIFTS = np.arange(-88, 89)  # samples: 2 ms; a lossy copy may be given another onset, by up to 1.5 ms
BAND_SHIFT = 11  # samples: so far may a band be from the common shift
LEAST_ENERGY = 1e-12  # of a band: one with less is silent
PAIR_BLOCK = 128  # pairs of sounds whose bands are compared at a time


def similarity(a: np.ndarray, b: np.ndarray, max_shift: int = DUPLICATE_SHIFT) -> float:
    """The largest |normalised cross-correlation| of a, b [T] over shifts of at most max_shift samples, 0..1.

    >>> sine = np.sin(np.arange(2000) / 20) * np.hanning(2000)
    >>> round(similarity(sine, -0.5 * np.roll(sine, 9)), 6)
    1.0
    """
    energy = float(np.linalg.norm(a)) * float(np.linalg.norm(b))
    if energy == 0:
        return 0.0
    padded = np.zeros((2, fast_length(len(a) + max_shift, 2)))
    padded[0, : len(a)], padded[1, : len(b)] = a, b
    x, y = np.fft.rfft(padded)
    r = np.abs(np.fft.irfft(x * y.conj(), padded.shape[1]))
    return float(max(r[: max_shift + 1].max(), r[len(r) - max_shift :].max(initial=0.0))) / energy


def phases(hz: np.ndarray, shifts: np.ndarray) -> np.ndarray:
    """complex64 [bins, shifts]: what a shift by so many samples does to a spectrum at the frequencies hz [bins]."""
    return np.exp(2j * np.pi * hz[:, None] * shifts / SAMPLE_RATE).astype(np.complex64)


def real_phases(hz: np.ndarray, shifts: np.ndarray) -> np.ndarray:
    """float32 [2 bins, shifts]: the same for `correlations`, so that real parts come of real numbers."""
    return _as_real(phases(hz, shifts).conj().T).T


def correlations(cross: np.ndarray, turns: np.ndarray) -> np.ndarray:
    """[pairs, shifts] |correlation|. cross: complex64 [pairs, bins], X conj(Y); turns: their `real_phases`."""
    return np.abs(_as_real(cross) @ turns)


def all_pairs(a: np.ndarray, b: np.ndarray, hz: np.ndarray, shifts: np.ndarray) -> np.ndarray:
    """float32 [n, m] the largest |correlation| of spectra a [n, bins] and b [m, bins], complex64, over the shifts."""
    right = _as_real(b).T
    best = np.zeros((len(a), len(b)), np.float32)
    for turn in phases(hz, shifts).T:
        np.maximum(best, np.abs(_as_real(a * turn) @ right), out=best)
    return best


class BandSpectra(NamedTuple):
    """Of n sounds, at any bins below BANDS_HZ[-1]; each of BANDS_HZ has unit energy and counts by its weight."""

    spectra: np.ndarray  # complex64 [n, bins]
    weights: np.ndarray  # float32 [n, bands], fourth root of the share of the energy
    hz: np.ndarray  # [bins], ascending

    @classmethod
    def of(cls, spectra: np.ndarray, hz: np.ndarray) -> BandSpectra:
        """spectra: complex64 [n, bins], of any energy."""
        energies = np.stack([(np.abs(spectra[:, part]) ** 2).sum(axis=1) for part in bands(hz)], axis=1)
        share = energies / np.maximum(energies.sum(axis=1, keepdims=True), LEAST_ENERGY)
        unit = spectra.astype(np.complex64)
        for part, energy in zip(bands(hz), energies.T, strict=True):
            unit[:, part] /= np.sqrt(np.maximum(energy, LEAST_ENERGY))[:, None]
        return cls(unit, share ** (1 / 4), hz)

    def distances(self, other: BandSpectra, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """[pairs] 1 - similarity of my sounds `rows` and the other's `columns`, 0..1.

        Similarity: the largest mean of the bands' |correlations| over COPY_SHIFTS, by the weights in both sounds.
        """
        similar = [self._similar(other, rows[part], columns[part]) for part in slices(len(rows), PAIR_BLOCK)]
        return np.maximum(1 - np.concatenate(similar), 0.0)  # rounding can make a copy more than alike

    def _similar(self, other: BandSpectra, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        cross = self.spectra[rows] * other.spectra[columns].conj()
        weights = self.weights[rows] * other.weights[columns]
        total = np.zeros((len(rows), len(COPY_SHIFTS)))
        for part, turns, weight in zip(bands(self.hz), _band_phases(self.hz.tobytes()), weights.T, strict=True):
            around = np.pad(correlations(cross[:, part], turns), ((0, 0), (BAND_SHIFT, BAND_SHIFT)))
            near = np.lib.stride_tricks.sliding_window_view(around, 2 * BAND_SHIFT + 1, axis=1).max(axis=2)
            total += weight[:, None] * near
        return total.max(axis=1) / np.maximum(weights.sum(axis=1), LEAST_ENERGY)


def bands(hz: np.ndarray) -> list[slice]:
    """The bins of each of BANDS_HZ. hz: [bins], ascending."""
    edges = np.searchsorted(hz, BANDS_HZ)
    return [slice(int(a), int(b)) for a, b in itertools.pairwise(edges)]


@lru_cache(maxsize=4)
def _band_phases(hz: bytes) -> list[np.ndarray]:
    """`real_phases` of each band by COPY_SHIFTS."""
    at = np.frombuffer(hz)
    return [real_phases(at[part], COPY_SHIFTS) for part in bands(at)]


def _as_real(z: np.ndarray) -> np.ndarray:
    """complex [n, L] -> real [n, 2 L] whose inner product is the real part of <x, conj(y)>."""
    return np.concatenate([z.real, z.imag], axis=1)
