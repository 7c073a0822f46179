"""Which kicks are the same recording: copies in another format, level, polarity, rate or crop, rips of one machine.

Two kicks [22050] are near-duplicates when their normalised cross-correlation reaches DUPLICATE at a shift within 1 ms,
with either sign. Near-duplicates of near-duplicates are one group, so that a split by group leaks none of them; but a
chain of them may lead far, where kicks are many and made alike: half of 10,000 rendered ones hang together. So a group
grows from the kick with the most near-duplicates (of those with as many: the one whose identity sorts first) and takes
only what is at least RELATED alike to it. Copies, COPIED alike and more, are never divided. Recorded kicks do not come
near these bounds. So groups depend on the sounds alone, not on names or order, and a new sound moves none but those
that hang together with it by a chain of near-duplicates. A similarity equal to a bound reaches it.

All n^2 pairs are not correlated in full. With unit spectra X, Y divided into bands, Cauchy and Schwarz bound the
correlation at any shift: |<X, Y>| <= sum over bands of |X_band| |Y_band|, and tighter with the true correlation below
BASS_HZ, taken on a grid of shifts. What is left is correlated at each shift below BODY_HZ; the bands above bound what
is missing, and where that leaves a doubt, at the full rate.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from kickitout.descriptors.block import fast_length, slices
from kickitout.similarity import DUPLICATE_SHIFT, correlations, real_phases, similarity
from kickitout.sound import SAMPLE_RATE

# Measured on 569 open and study kicks: the 123 pairs above 0.97 are all rips, layers or settings of one machine (three
# rips of one Drumtraks sample: 0.972 to 0.993; a lossy copy: above 0.99). The first pair that shares nothing but a
# genre stands at 0.961, and below 0.93 most do.
DUPLICATE = 0.97
COPIED = 0.99
RELATED = 0.93
BASS_HZ = 250.0
BODY_HZ = 1500.0
GRID = 11  # samples between the shifts of the low part: at most 5.5 (0.12 ms) off
SLACK = 0.02  # 1 - cos(2 pi 250 Hz 0.12 ms): what a low part loses between two points of the grid
BAND = 4  # bins: two noises of the same colour are bounded by about 1 - 1 / (4 BAND), below DUPLICATE
WIDE_BANDS = 20  # wide bands above BASS_HZ, for a first look
DOUBT = 1e-3  # of a correlation in single precision, and a little
DENSE = 0.05  # of the pairs of a block: from here on a matrix product is quicker than one pair after the other
ROW_BLOCK = 512  # rows of the similarity matrix held at a time
PAIRS_HELD = 2048  # pairs held at a time


def near_duplicate_groups(waves: np.ndarray, identities: Sequence[str] | None = None) -> np.ndarray:
    """waves: float32 [n, T] at 44.1 kHz -> group of each, int64 [n], numbered by first appearance.

    identities: of the sounds, see `kickitout.identity`; without them ties are broken by place. 10,000 kicks of half a
    second, 130,000 pairs of them measured, take ten seconds on one core.
    """
    if len(waves) == 0:
        return np.zeros(0, np.int64)
    # In the order of their identities from here on: whatever a tie or a rounding depends on, depends on that.
    order = np.arange(len(waves)) if identities is None else np.argsort(np.asarray(identities), kind="stable")
    sounds = _GroupSpectra.of([waves[i] for i in order])
    rows, columns = _candidate_pairs(sounds)
    alike = sounds.similarities(rows, columns, (DUPLICATE, COPIED))
    near = alike >= DUPLICATE
    links: list[list[tuple[int, bool]]] = [[] for _ in range(len(waves))]
    for i, j, copy in zip(rows[near].tolist(), columns[near].tolist(), (alike[near] >= COPIED).tolist(), strict=True):
        links[i].append((j, copy))
        links[j].append((i, copy))
    group = np.empty(len(waves), np.int64)
    group[order] = _grown(links, sounds)
    number: dict[int, int] = {}
    return np.array([number.setdefault(own, len(number)) for own in group.tolist()], np.int64)


def _grown(links: list[list[tuple[int, bool]]], sounds: _GroupSpectra) -> np.ndarray:
    """Group of each sound, int64 [n]. links: the near-duplicates of each, and whether they are copies."""
    n = len(links)
    group = np.full(n, -1, np.int64)
    degree = [len(own) for own in links]  # near-duplicates without a group yet
    heads = [(-degree[i], i) for i in range(n)]
    heapq.heapify(heads)
    number = 0
    while heads:
        known, head = heapq.heappop(heads)
        if group[head] >= 0:
            continue
        if -known != degree[head]:  # others have been taken meanwhile
            heapq.heappush(heads, (-degree[head], head))
            continue
        members = [head]
        group[head] = number
        belongs = {j: True for j, _ in links[head]}
        layer = [head]
        while layer:
            reached = [(j, copy) for i in layer for j, copy in links[i] if group[j] < 0]
            doubtful = sorted({j for j, copy in reached if not copy and j not in belongs})
            if doubtful:
                alike = sounds.similarities(np.full(len(doubtful), head), np.array(doubtful), (RELATED,))
                belongs.update(zip(doubtful, (alike >= RELATED).tolist(), strict=True))
            layer = sorted({j for j, copy in reached if copy or belongs[j]})
            group[layer] = number
            members += layer
        for i in members:
            for j, _ in links[i]:
                degree[j] -= 1
        number += 1
    return group


@dataclass(frozen=True)
class _GroupSpectra:
    """What is compared of n sounds. All spectra are of unit energy, without 0 Hz.

    body: complex64 [n, B], below BODY_HZ; bands: float32 [n, K], the norms of BAND bins each from BASS_HZ on; colours:
    float32 [n, L + WIDE_BANDS], magnitudes below BASS_HZ and norms of wide bands above.
    """

    waves: Sequence[np.ndarray]
    body: np.ndarray
    bands: np.ndarray
    colours: np.ndarray
    low: int  # bins of the body that lie below BASS_HZ
    high: int  # the first band that lies wholly above the body
    step_hz: float

    @classmethod
    def of(cls, waves: Sequence[np.ndarray]) -> _GroupSpectra:
        n, t = len(waves), len(waves[0])
        size = fast_length(t + DUPLICATE_SHIFT, 2)
        step_hz = SAMPLE_RATE / size
        low = round(BASS_HZ / step_hz)  # bins 1 ... low are low
        high = round((BODY_HZ / step_hz - low) / BAND)
        top = low + BAND * high  # bins 1 ... top are the body
        n_bands = -(-(size // 2 - low) // BAND)
        body = np.zeros((n, top), np.complex64)
        bands = np.zeros((n, n_bands), np.float32)
        padded, above = np.zeros(size), np.zeros(n_bands * BAND, np.float32)
        for i, wave in enumerate(waves):
            padded[:t] = wave
            spectrum = np.fft.rfft(padded)[1:].astype(np.complex64)
            energies = spectrum.real**2 + spectrum.imag**2
            norm = max(float(energies.sum(dtype=np.float64)) ** 0.5, 1e-12)
            body[i] = spectrum[:top] / np.float32(norm)
            above[: len(energies) - low] = energies[low:]
            bands[i] = np.sqrt(above.reshape(n_bands, BAND).sum(axis=1)) / norm
        edges = np.unique(np.geomspace(1, n_bands, WIDE_BANDS + 1).astype(int)) - 1
        wide = np.sqrt(np.add.reduceat(np.square(bands), edges, axis=1))
        return cls(waves, body, bands, np.hstack([np.abs(body[:, :low]), wide]), low, high, step_hz)

    @cached_property
    def low_turns(self) -> np.ndarray:
        """float32 [2 bins, shifts]: phases of the bins below BASS_HZ by the shifts of the grid."""
        return self._turns(self.low, GRID)

    @cached_property
    def body_turns(self) -> np.ndarray:
        """Of all bins of the body by every shift."""
        return self._turns(self.body.shape[1], 1)

    def _turns(self, bins: int, step: int) -> np.ndarray:
        hz = np.arange(1, bins + 1) * self.step_hz
        return real_phases(hz, np.arange(-DUPLICATE_SHIFT, DUPLICATE_SHIFT + 1, step))

    def correlation(self, rows: np.ndarray, columns: np.ndarray, bins: int, turns: np.ndarray) -> np.ndarray:
        """[pairs] the largest |correlation| of the lowest bins over the shifts of `turns`."""
        return correlations(self.body[rows, :bins] * self.body[columns, :bins].conj(), turns).max(axis=1)

    def similarities(self, rows: np.ndarray, columns: np.ndarray, limits: tuple[float, ...]) -> np.ndarray:
        """[pairs] similarity, exact wherever it could fall on the other side of one of the limits."""
        out = np.zeros(len(rows))
        for part in slices(len(rows), PAIRS_HELD // 4):
            i, j = rows[part], columns[part]
            body = self.correlation(i, j, self.body.shape[1], self.body_turns)
            missing = np.einsum("pk,pk->p", self.bands[i, self.high :], self.bands[j, self.high :]) + DOUBT
            unclear = np.any([np.abs(body - limit) <= missing for limit in limits], axis=0)
            out[part] = body
            for k in np.flatnonzero(unclear):
                out[part.start + k] = similarity(self.waves[i[k]], self.waves[j[k]])
        return out


def _candidate_pairs(sounds: _GroupSpectra) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns, int64 [pairs] each, of the pairs i < j whose bound reaches DUPLICATE."""
    n = len(sounds.waves)
    limit = DUPLICATE - SLACK
    low = sounds.colours[:, : sounds.low]
    wide = sounds.colours[:, sounds.low :]
    found = [np.zeros((0, 2), np.int64)]
    for start in range(0, n, ROW_BLOCK):
        rows = slice(start, min(start + ROW_BLOCK, n))
        bound = sounds.colours[rows] @ sounds.colours[start:].T  # pairs below the diagonal are not needed
        may = np.triu(bound >= limit, k=1)
        if may.mean() > DENSE:  # hiss: only narrow bands tell one from the other
            may &= low[rows] @ low[start:].T + sounds.bands[rows] @ sounds.bands[start:].T >= limit
        i, j = np.nonzero(may)
        i, j = i + start, j + start
        for part in slices(len(i), PAIRS_HELD):
            a, b = i[part], j[part]
            alike = sounds.correlation(a, b, sounds.low, sounds.low_turns)
            keep = alike + np.einsum("pk,pk->p", wide[a], wide[b]) >= limit
            a, b, alike = a[keep], b[keep], alike[keep]
            keep = alike + np.einsum("pk,pk->p", sounds.bands[a], sounds.bands[b]) >= limit
            found.append(np.stack([a[keep], b[keep]], axis=1))
    pairs = np.concatenate(found)
    return pairs[:, 0], pairs[:, 1]
