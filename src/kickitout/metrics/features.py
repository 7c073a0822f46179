"""Everything that the scores read of a set of sounds, measured once."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np

from kickitout.cpus import usable_cpus
from kickitout.descriptors import cards
from kickitout.metrics.cards import CARD_UNITS
from kickitout.metrics.drum_types import classify
from kickitout.metrics.embeddings import DEFAULTS, DRUM_TYPES, Embedding
from kickitout.metrics.spectra import comb_lines, stft_spectra, third_octaves
from kickitout.workers import Workers, one_thread

FEATURE_BLOCK = 16  # sounds measured together: their frames stay near the processor
SPECTRA = ("thirds", "picture_time", "picture_frequency", "picture_radius")


@dataclass(frozen=True)
class Features:
    """n sounds, a row each."""

    waves: np.ndarray  # [n, T]
    embedded: dict[str, np.ndarray]  # name of an embedding -> [n, D]
    types: np.ndarray  # [n] what the drum-type network takes each for, an index into its names
    cards: dict[str, np.ndarray]  # field -> [n], NaN where undefined
    spectra: dict[str, np.ndarray]  # kind -> [n, bands] dB
    comb: np.ndarray  # [n, periods] dB
    groups: np.ndarray  # [n] group

    def __len__(self) -> int:
        return len(self.waves)

    def take(self, rows: np.ndarray) -> Features:
        """The sounds `rows` (indices or a mask)."""
        return Features(
            self.waves[rows],
            {name: points[rows] for name, points in self.embedded.items()},
            self.types[rows],
            {name: values[rows] for name, values in self.cards.items()},
            {name: values[rows] for name, values in self.spectra.items()},
            self.comb[rows],
            self.groups[rows],
        )


def measure_features(
    waves: np.ndarray, embeddings: Sequence[Embedding] = DEFAULTS, groups: np.ndarray | None = None,
    threads: int | None = None, workers: Workers | None = None,
) -> Features:  # fmt: skip
    """Features of [n, T] waveforms, measured on threads of this process (all cores by default) or by workers.

    Neither changes a digit: blocks are measured one by one.
    """
    blocks = [waves[i : i + FEATURE_BLOCK] for i in range(0, len(waves), FEATURE_BLOCK)]
    work = partial(_features_of_block, embeddings=tuple(embeddings))
    if workers is not None:
        parts = [part for _, part in workers.each(work, blocks, in_order=True)]
    else:
        with one_thread(), ThreadPoolExecutor(threads or usable_cpus()) as pool:  # of the libraries below numpy
            parts = list(pool.map(work, blocks))
    return Features(
        waves,
        {e.name: np.concatenate([p.embedded[e.name] for p in parts]) for e in embeddings},
        np.concatenate([p.types for p in parts]),
        {name: np.concatenate([p.cards[name] for p in parts]) for name in CARD_UNITS},
        {name: np.concatenate([p.spectra[name] for p in parts]) for name in parts[0].spectra},
        np.concatenate([p.comb for p in parts]),
        np.arange(len(waves)) if groups is None else groups,
    )


def _features_of_block(waves: np.ndarray, embeddings: Sequence[Embedding]) -> Features:
    spectra = dict(zip(SPECTRA, (third_octaves(waves), *stft_spectra(waves)), strict=True))
    values = cards(waves).values
    heard = classify(waves)  # once, for the types and, where it is asked for, the embedding
    embedded = {e.name: heard.embedding if e == DRUM_TYPES else e.embed(waves) for e in embeddings}
    return Features(
        waves[:, :0],  # whoever asked has them
        {name: np.asarray(points, dtype=np.float64) for name, points in embedded.items()},
        heard.types,
        {n: values[n] for n in CARD_UNITS},
        spectra,
        comb_lines(waves),
        np.arange(len(waves)),
    )
