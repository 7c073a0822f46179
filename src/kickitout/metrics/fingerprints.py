"""Fingerprints of training kicks, so that a model can say which of them a sound is nearest to without their sounds.

A fingerprint is a tenth of a sound's spectrum: KEPT bins a band, drawn once and for all, one from each of as many equal
parts, so that no line of a body is missed; in whole numbers from -127 to 127. Copies correlate in any part of their
spectra as they do in the whole, so gain, polarity, a shift, a lossy format or an equaliser hide them no more than in
`evaluation.memorisation`, whose distance this estimates; of sounds that are no copies it is a rough estimate. The limit
is found as there, from the fingerprints themselves. About a kilobyte a kick.

A fingerprint is no sound and cannot be played. It is no secret either: who has a recording can tell that it was among
them, which is the purpose. So they lie in a file of their own beside the model, and `kick export` leaves them out.
"""

from __future__ import annotations

import base64
import itertools
import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from kickitout.datasets.build import Dataset
from kickitout.errors import UserError
from kickitout.files import explain_os_error
from kickitout.metrics.memorisation import (
    APART,
    BANDS_HZ,
    LEAST_TRAIN,
    SHIFTS,
    Library,
    bands,
    by_group,
    first_nearest,
    limit_of,
    turns,
)
from kickitout.sound import LENGTH, SAMPLE_RATE
from kickitout.stored import upgraded

FORMAT = "kickitout-learned-2"
READABLE = ("kickitout-learned-1", FORMAT)
KEPT = (25, 64, 128, 192)  # bins of each band of the memorisation distance: 10 % of all below 8 kHz
SEED = 0  # of the draw of those bins
MOST = 2000  # kicks: the limit takes all pairs of them
LARGEST_FILE = 64 * 2**20  # bytes
SUFFIX = ".learned.json"  # behind the name of the model file


class Fingerprints(NamedTuple):
    """Of n sounds. bins: complex64 [n, sum(KEPT)], each band of unit energy; weights: float32 [n, bands]."""

    bins: np.ndarray
    weights: np.ndarray

    @classmethod
    def of(cls, waves: np.ndarray) -> Fingerprints:
        """waves: [n, 22050]."""
        library = Library.of(waves)
        return cls(_unit(library.spectra[:, _kept()]), library.weights.astype(np.float32))

    def distances(self, other: Fingerprints) -> np.ndarray:
        """[n, m] estimates of the memorisation distance, 0..1."""
        return np.stack([self._distances(i, other) for i in range(len(self.bins))])

    def _distances(self, i: int, other: Fingerprints) -> np.ndarray:
        weights = self.weights[i] * other.weights  # [m, bands]
        total = np.zeros((len(other.bins), len(SHIFTS)), np.float32)
        for band, (part, turn) in enumerate(zip(_parts(), _turns_of_parts(), strict=True)):
            cross = self.bins[i, part] * other.bins[:, part].conj()
            found = np.abs((cross @ turn).real)  # [m, shifts]
            around = np.pad(found, ((0, 0), (APART, APART)))
            near = np.lib.stride_tricks.sliding_window_view(around, 2 * APART + 1, axis=1).max(axis=2)
            total += weights[:, band, None] * near
        return np.maximum(1 - total.max(axis=1) / np.maximum(weights.sum(axis=1), 1e-12), 0.0)


class Learned(NamedTuple):
    """What a model learned from, by fingerprints. digest: of the dataset; limit: below it a sound is a near-copy."""

    digest: str
    names: list[str]
    limit: float | None  # None with fewer than LEAST_TRAIN groups
    prints: Fingerprints

    @classmethod
    def of(cls, waves: np.ndarray, names: Sequence[str], groups: np.ndarray, digest: str) -> Learned:
        """waves [n, 22050], prepared; groups [n], their groups. Raises UserError for more than MOST."""
        if len(waves) > MOST:
            raise UserError(f"{len(waves)} kicks: fingerprints are kept of at most {MOST}")
        groups = np.unique(groups, return_inverse=True)[1]
        number = int(groups.max()) + 1
        prints = _rounded(Fingerprints.of(waves))
        limit = None
        if number >= LEAST_TRAIN:
            between = prints.distances(prints)
            between[groups[:, None] == groups[None]] = np.inf
            limit = limit_of(by_group(between.min(axis=1), groups, number))
        return cls(digest, list(names), limit, prints)

    @classmethod
    def of_dataset(cls, dataset: Dataset) -> Learned:
        groups = dataset.groups
        return cls.of(dataset.waves, [row.name for row in dataset.rows], groups, dataset.digest)

    def nearest(self, wave: np.ndarray) -> tuple[str, float]:
        """The name of the training kick nearest to wave [22050], and how far it is; of equally near ones, the first."""
        distances = Fingerprints.of(wave[None]).distances(self.prints)
        best = int(first_nearest(distances, np.arange(len(self.names))[None])[0])
        return self.names[best], float(distances[0].min())

    def to_bytes(self) -> bytes:
        bins = self.prints.bins
        whole = np.round(127 * np.stack([bins.real, bins.imag], axis=2) / _peaks(bins)[:, :, None]).astype(np.int8)
        data = {
            "format": FORMAT,
            "dataset": self.digest,
            "limit": self.limit,
            "names": self.names,
            "weights": _packed(np.round(255 * self.prints.weights).astype(np.uint8)),
            "bins": _packed(whole),
        }
        return (json.dumps(data, ensure_ascii=False) + "\n").encode()

    @classmethod
    def from_bytes(cls, data: bytes, where: str) -> Learned:
        """Raises UserError for what is no file of fingerprints."""
        try:
            found = upgraded(json.loads(data))
            if found["format"] not in READABLE:
                raise ValueError(found["format"])
            names, limit = list(map(str, found["names"])), found["limit"]
            whole = _unpacked(found["bins"], np.int8, (len(names), sum(KEPT), 2)).astype(np.float32)
            weights = _unpacked(found["weights"], np.uint8, (len(names), len(KEPT))).astype(np.float32) / 255
            if not names or not (limit is None or 0 <= float(limit) <= 1):
                raise ValueError("no names, or a limit that is none")
            prints = Fingerprints(_unit(whole[..., 0] + 1j * whole[..., 1]), weights)
            return cls(str(found["dataset"]), names, None if limit is None else float(limit), prints)
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise UserError(f"{where}: its fingerprints are damaged or of another version") from error


def learned_file(model: Path) -> Path:
    """Where the fingerprints of a model file are."""
    return model.with_name(model.name.removesuffix(model.suffix) + SUFFIX)


def read_learned(path: Path) -> Learned:
    """Raises UserError when there is none, or none that can be used."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise UserError(f"{path}: too large for fingerprints of {MOST} kicks")
        return Learned.from_bytes(path.read_bytes(), str(path))
    except OSError as error:
        raise explain_os_error(error, path) from error


@lru_cache(maxsize=1)
def _kept() -> np.ndarray:
    """The bins that are kept, ascending: of a spectrum with LENGTH samples."""
    rng = np.random.default_rng(SEED)
    hz = np.arange(int(BANDS_HZ[-1] * LENGTH / SAMPLE_RATE) + 1) * SAMPLE_RATE / LENGTH
    drawn = []
    for part, n in zip(bands(hz), KEPT, strict=True):
        edges = np.linspace(part.start, part.stop, n + 1).round().astype(int)
        drawn.append(rng.integers(edges[:-1], edges[1:]))
    return np.concatenate(drawn)


def _parts() -> list[slice]:
    ends = np.cumsum((0, *KEPT)).tolist()
    return [slice(a, b) for a, b in itertools.pairwise(ends)]


@lru_cache(maxsize=1)
def _turns_of_parts() -> list[np.ndarray]:
    """complex64 [bins of a band, shifts] for each band."""
    hz = _kept() * SAMPLE_RATE / LENGTH
    return [turns(hz[part], SHIFTS) for part in _parts()]


def _unit(bins: np.ndarray) -> np.ndarray:
    """[n, sum(KEPT)] with each band of unit energy."""
    out = np.array(bins, np.complex64)
    for part in _parts():
        out[:, part] /= np.maximum(np.linalg.norm(out[:, part], axis=1, keepdims=True), 1e-9)
    return out


def _peaks(bins: np.ndarray) -> np.ndarray:
    """[n, sum(KEPT)] the largest part of a band, for each of its bins."""
    out = np.empty(bins.shape, np.float32)
    for part in _parts():
        inside = bins[:, part]
        out[:, part] = np.maximum(np.abs(inside.real), np.abs(inside.imag)).max(axis=1, keepdims=True)
    return np.maximum(out, 1e-9)


def _rounded(prints: Fingerprints) -> Fingerprints:
    """As they come back from a file, so that the limit is theirs."""
    scale = _peaks(prints.bins) / 127
    whole = np.round(prints.bins.real / scale) + 1j * np.round(prints.bins.imag / scale)
    return Fingerprints(_unit(whole), np.round(255 * prints.weights).astype(np.float32) / 255)


def _packed(values: np.ndarray) -> str:
    return base64.b64encode(values.tobytes()).decode()


def _unpacked(text: Any, kind: type, shape: tuple[int, ...]) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text, validate=True), kind).reshape(shape)
