"""Which kicks are the same recording: copies in another format, level, polarity, rate or crop, rips of one machine.

Two kicks [22050] are near-duplicates when their normalised cross-correlation reaches SAME at a shift within 1 ms, with
either sign. Families are the connected components, so that a split by family leaks none of them.

All n^2 pairs are not correlated in full. With unit spectra X, Y split at LOW_HZ, Cauchy and Schwarz bound the
correlation: |<X, Y>| <= |<X_low, Y_low>| + sum over bands of |X_band| |Y_band|. The low part is small enough for matrix
products at a grid of shifts; one high band rules out most pairs of kicks, narrow ones nearly all others. What is left
is correlated at the full rate.
"""

from __future__ import annotations

import numpy as np

from kickitout.sound import SAMPLE_RATE

# Measured on 569 open and study kicks: the 123 pairs above 0.97 are all rips, layers or settings of one machine (three
# rips of one Drumtraks sample: 0.972 to 0.993; a lossy copy: above 0.99). The first pair that shares nothing but a
# genre stands at 0.961, and below 0.93 most do.
SAME = 0.97
MAX_SHIFT = 44  # samples: 1 ms, more than two onsets of one sound differ by
LOW_HZ = 250.0
GRID = 11  # samples between the shifts of the low part: at most 5.5 (0.12 ms) off
SLACK = 0.02  # 1 - cos(2 pi 250 Hz 0.12 ms): what a low part loses between two points of the grid
BAND = 4  # bins: two noises of the same colour are bounded by about 1 - 1 / (4 BAND), below SAME
BLOCK = 512  # rows of the similarity matrix held at a time


def families(waves: np.ndarray) -> np.ndarray:
    """waves: float32 [n, T] at 44.1 kHz -> family of each, int64 [n], numbered by first appearance.

    10,000 kicks of half a second, 25,000 pairs of them measured, take half a minute on one core.
    """
    n = len(waves)
    parent = np.arange(n)

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for i, j in _candidates(waves):
        a, b = root(i), root(j)
        if a != b and similarity(waves[i], waves[j]) >= SAME:
            parent[max(a, b)] = min(a, b)  # the root is the first member
    roots = np.array([root(i) for i in range(n)], dtype=np.int64)
    return np.unique(roots, return_inverse=True)[1].astype(np.int64)


def similarity(a: np.ndarray, b: np.ndarray) -> float:
    """The largest |normalised cross-correlation| of a, b [T] over shifts of at most MAX_SHIFT samples, 0..1."""
    energy = float(np.linalg.norm(a)) * float(np.linalg.norm(b))
    if energy == 0:
        return 0.0
    # Circular: what 1 ms of a faded end adds at the other side is far below the threshold's precision.
    r = np.abs(np.fft.irfft(np.fft.rfft(a) * np.fft.rfft(b).conj(), len(a)))
    return float(max(r[: MAX_SHIFT + 1].max(), r[-MAX_SHIFT:].max())) / energy


def _candidates(waves: np.ndarray) -> list[tuple[int, int]]:
    """The pairs i < j whose bound reaches SAME, most alike first."""
    n, t = waves.shape
    low, bands = _features(waves)
    high = np.linalg.norm(bands, axis=1)
    hz = np.arange(1, low.shape[1] + 1) * SAMPLE_RATE / t
    shifts = [np.exp(2j * np.pi * hz * s / SAMPLE_RATE) for s in range(-MAX_SHIFT, MAX_SHIFT + 1, GRID)]
    right = _as_real(low)
    found = []
    for start in range(0, n, BLOCK):
        rows = slice(start, min(start + BLOCK, n))
        alike = np.zeros((rows.stop - start, n - start), dtype=np.float32)  # pairs below the diagonal are not needed
        for turn in shifts:
            np.maximum(alike, np.abs(_as_real(low[rows] * turn.astype(np.complex64)) @ right[start:].T), out=alike)
        i, j = np.nonzero(np.triu(alike + np.outer(high[rows], high[start:]) >= SAME - SLACK, k=1))
        for part in np.array_split(np.arange(len(i)), len(i) // 4096 + 1):  # a few MB of bands at a time
            a, b = i[part], j[part]
            bound = alike[a, b] + np.einsum("pk,pk->p", bands[a + start], bands[b + start])
            keep = bound >= SAME - SLACK
            found.append(np.stack([bound[keep], a[keep] + start, b[keep] + start]).T)
    pairs = np.concatenate(found) if found else np.zeros((0, 3))
    order = np.lexsort((pairs[:, 2], pairs[:, 1], -pairs[:, 0]))
    return [(int(i), int(j)) for _, i, j in pairs[order]]


def _features(waves: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Unit-energy spectra below LOW_HZ, complex64 [n, L], and the norms of BAND bins above, float32 [n, K]."""
    n, t = waves.shape
    edge = round(LOW_HZ * t / SAMPLE_RATE)
    n_bands = -(-(t // 2 + 1 - edge) // BAND)
    low = np.zeros((n, edge - 1), dtype=np.complex64)
    bands = np.zeros((n, n_bands), dtype=np.float32)
    for i, wave in enumerate(waves):
        spectrum = np.fft.rfft(wave)
        spectrum[0] = 0  # 0 Hz says nothing about a sound
        spectrum /= max(float(np.linalg.norm(spectrum)), 1e-12)
        low[i] = spectrum[1:edge]
        above = np.zeros(n_bands * BAND)
        above[: len(spectrum) - edge] = np.abs(spectrum[edge:]) ** 2
        bands[i] = np.sqrt(above.reshape(n_bands, BAND).sum(axis=1))
    return low, bands


def _as_real(z: np.ndarray) -> np.ndarray:
    """complex [n, L] -> real [n, 2 L] whose inner product is the real part of the complex one."""
    return np.concatenate([z.real, z.imag], axis=1)
