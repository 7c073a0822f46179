"""Fingerprints of training kicks, so that a model can say which of them a sound is nearest to without their sounds.

A fingerprint is a tenth of a sound's spectrum: KEPT_BINS a band, drawn once and for all, one from each of as many equal
parts, so that no line of a body is missed; in whole numbers from -127 to 127. Copies correlate in any part of their
spectra as they do in the whole, so gain, polarity, a shift, a lossy format or an equaliser hide them no more than in
`metrics.memorisation`, whose distance this estimates; of sounds that are no copies it is a rough estimate. The copy
threshold is found as there, from the fingerprints themselves. About a kilobyte a kick.

A fingerprint is no sound and cannot be played. It is no secret either: who has a recording can tell that it was among
them, which is the purpose. So they lie in a file of their own beside the model, and `kick export` leaves them out.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from kickitout.datasets.build import Dataset
from kickitout.errors import UserError
from kickitout.files import explain_os_error, read_regular
from kickitout.generation.tail import first_half_second
from kickitout.metrics.memorisation import LEAST_TRAIN, Library, by_group, copy_threshold, first_nearest
from kickitout.similarity import BANDS_HZ, BandSpectra, bands
from kickitout.sound import LENGTH, SAMPLE_RATE
from kickitout.stored import upgraded

LEARNED_FORMAT = "kickitout-learned-2"
READABLE_LEARNED = ("kickitout-learned-1", LEARNED_FORMAT)
KEPT_BINS = (25, 64, 128, 192)  # bins of each band of the memorisation distance: 10 % of all below 8 kHz
DRAW_SEED = 0  # of the draw of those bins
MOST_LEARNED = 2000  # kicks: the threshold takes all pairs of them
LARGEST_LEARNED = 64 * 2**20  # bytes
LEARNED_SUFFIX = ".learned.json"  # behind the name of the model file


def fingerprints(waves: np.ndarray) -> BandSpectra:
    """waves: [n, 22050] -> their spectra at the kept bins, each band of unit energy, with the weights of the wholes."""
    whole = Library.of(waves).bands
    return _prints(whole.spectra[:, _kept_bins()], whole.weights)


def fingerprint_distances(a: BandSpectra, b: BandSpectra) -> np.ndarray:
    """[n, m] estimates of the memorisation distance of the sounds of n and of m fingerprints, 0..1."""
    n, m = len(a.spectra), len(b.spectra)
    return np.stack([a.distances(b, np.full(m, i), np.arange(m)) for i in range(n)])


class Learned(NamedTuple):
    """What a model learned from, by fingerprints. digest: of the dataset."""

    digest: str
    names: list[str]
    threshold: float | None  # below it a sound is a near-duplicate; None with fewer than LEAST_TRAIN groups
    prints: BandSpectra

    @classmethod
    def of(cls, waves: np.ndarray, names: Sequence[str], groups: np.ndarray, digest: str) -> Learned:
        """waves [n, 22050], prepared; groups [n], their groups. Raises UserError for more than MOST_LEARNED."""
        if len(waves) > MOST_LEARNED:
            raise UserError(f"{len(waves)} kicks: fingerprints are kept of at most {MOST_LEARNED}")
        prints = _rounded(fingerprints(waves))
        threshold = None
        if len(np.unique(groups)) >= LEAST_TRAIN:
            between = fingerprint_distances(prints, prints)
            between[groups[:, None] == groups[None]] = np.inf
            threshold = copy_threshold(by_group(between.min(axis=1), groups))
        return cls(digest, list(names), threshold, prints)

    @classmethod
    def of_dataset(cls, dataset: Dataset) -> Learned:
        return cls.of(dataset.waves, [row.name for row in dataset.rows], dataset.groups, dataset.digest)

    def nearest(self, wave: np.ndarray) -> tuple[str, float]:
        """The name of the training kick nearest to the first half second of a wave [T], and how far it is; of equally
        near ones, the first."""
        distances = fingerprint_distances(fingerprints(first_half_second(wave)[None]), self.prints)
        best = int(first_nearest(distances, np.arange(len(self.names))[None])[0])
        return self.names[best], float(distances[0].min())

    def to_bytes(self) -> bytes:
        bins = self.prints.spectra
        whole = np.round(127 * np.stack([bins.real, bins.imag], axis=2) / _peaks(bins)[:, :, None]).astype(np.int8)
        data = {
            "format": LEARNED_FORMAT,
            "dataset": self.digest,
            "limit": self.threshold,  # this word is stored
            "names": self.names,
            "weights": _to_base64(np.round(255 * self.prints.weights).astype(np.uint8)),
            "bins": _to_base64(whole),
        }
        return (json.dumps(data, ensure_ascii=False) + "\n").encode()

    @classmethod
    def from_bytes(cls, data: bytes, where: str) -> Learned:
        """Raises UserError for what is no file of fingerprints."""
        try:
            found = upgraded(json.loads(data))
            if found["format"] not in READABLE_LEARNED:
                raise ValueError(found["format"])
            names, threshold = list(map(str, found["names"])), found["limit"]
            whole = _from_base64(found["bins"], np.int8, (len(names), sum(KEPT_BINS), 2)).astype(np.float32)
            weights = _from_base64(found["weights"], np.uint8, (len(names), len(KEPT_BINS))).astype(np.float32) / 255
            if not names or not (threshold is None or 0 <= float(threshold) <= 1):
                raise ValueError("no names, or a threshold that is none")
            prints = _prints(whole[..., 0] + 1j * whole[..., 1], weights)
            return cls(str(found["dataset"]), names, None if threshold is None else float(threshold), prints)
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise UserError(f"{where}: its fingerprints are damaged or of another version") from error


def learned_file(model: Path) -> Path:
    """Where the fingerprints of a model file are."""
    return model.with_name(model.name.removesuffix(model.suffix) + LEARNED_SUFFIX)


def read_learned(path: Path) -> Learned:
    """Raises UserError when there is none, or none that can be used."""
    try:
        if path.stat().st_size > LARGEST_LEARNED:
            raise UserError(f"{path}: too large for fingerprints of {MOST_LEARNED} kicks")
        return Learned.from_bytes(read_regular(path), str(path))
    except OSError as error:
        raise explain_os_error(error, path) from error


@lru_cache(maxsize=1)
def _kept_bins() -> np.ndarray:
    """The bins that are kept, ascending: of a spectrum with LENGTH samples."""
    rng = np.random.default_rng(DRAW_SEED)
    hz = np.arange(int(BANDS_HZ[-1] * LENGTH / SAMPLE_RATE) + 1) * SAMPLE_RATE / LENGTH
    drawn = []
    for part, n in zip(bands(hz), KEPT_BINS, strict=True):
        edges = np.linspace(part.start, part.stop, n + 1).round().astype(int)
        drawn.append(rng.integers(edges[:-1], edges[1:]))
    return np.concatenate(drawn)


@lru_cache(maxsize=1)
def _kept_hz() -> np.ndarray:
    return _kept_bins() * SAMPLE_RATE / LENGTH


def _prints(kept: np.ndarray, weights: np.ndarray) -> BandSpectra:
    """kept: complex [n, sum(KEPT_BINS)], of any energy; weights [n, bands] of the whole spectra."""
    return BandSpectra.of(kept.astype(np.complex64), _kept_hz())._replace(weights=weights)


def _peaks(bins: np.ndarray) -> np.ndarray:
    """[n, sum(KEPT_BINS)] the largest part of a band, for each of its bins."""
    out = np.empty(bins.shape, np.float32)
    for part in bands(_kept_hz()):
        inside = bins[:, part]
        out[:, part] = np.maximum(np.abs(inside.real), np.abs(inside.imag)).max(axis=1, keepdims=True)
    return np.maximum(out, 1e-9)


def _rounded(prints: BandSpectra) -> BandSpectra:
    """As they come back from a file, so that the threshold is theirs."""
    scale = _peaks(prints.spectra) / 127
    whole = np.round(prints.spectra.real / scale) + 1j * np.round(prints.spectra.imag / scale)
    return _prints(whole, np.round(255 * prints.weights).astype(np.float32) / 255)


def _to_base64(values: np.ndarray) -> str:
    return base64.b64encode(values.tobytes()).decode()


def _from_base64(text: Any, kind: type, shape: tuple[int, ...]) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text, validate=True), kind).reshape(shape)
