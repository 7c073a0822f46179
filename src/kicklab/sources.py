"""Who made a sound: the machine or the recordist behind it, so that whole sources are learned from or kept unseen.

A near-duplicate tells that two sources are one, and `machines.yaml` names those that are one machine under two names
without a common recording. What states no source is a source of its own with its near-duplicates.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files

import numpy as np
import yaml

from kickitout.datasets.build import ManifestRow
from kickitout.datasets.stated import UNSTATED
from kickitout.metrics.resampling import bootstrap_counts

PER_SOURCE = 24  # sounds taken of each, so that none is most of a part


@lru_cache
def machines() -> dict[str, str]:
    """Name of a source -> the machine it is of, where several are of one."""
    data = yaml.safe_load((files("kicklab") / "machines.yaml").read_text("utf-8"))
    return {source: machine for machine, sources in data.items() for source in sources}


def machine_of(row: ManifestRow) -> str:
    """What a sound is said to be of."""
    return machines().get(row.source, row.source)


def sources_of(rows: Sequence[ManifestRow]) -> np.ndarray:
    """The source of each sound, [n] of names: that of its machine, or the first of those that near-duplicates join."""
    leader: dict[str, str] = {}

    def find(name: str) -> str:
        while leader.setdefault(name, name) != name:
            name = leader[name]
        return name

    for row in rows:
        own = f"group {row.group}"
        stated = own if row.source == UNSTATED else machine_of(row)
        first, second = sorted((find(own), find(stated)), key=lambda name: (name.startswith("group "), name))
        leader[second] = first
    return np.array([find(f"group {row.group}") for row in rows])


def capped(rows: Sequence[ManifestRow], sources: np.ndarray, most: int = PER_SOURCE) -> np.ndarray:
    """[n] bool: at most `most` sounds of each source, whichever the hashes of their identities say."""
    kept = np.zeros(len(rows), bool)
    for source in np.unique(sources):
        mine = sorted(np.flatnonzero(sources == source).tolist(), key=lambda i: _hashed(rows[i].sound))
        kept[mine[:most]] = True
    return kept


def held_out_sources(sources: np.ndarray, share: float, seed: int) -> np.ndarray:
    """[n] bool: about `share` of the sounds, in whole sources: in the order of their hashes, each that still fits."""
    names, counts = np.unique(sources, return_counts=True)
    taken, total = set(), 0
    for i in sorted(range(len(names)), key=lambda i: _hashed(f"{seed} {names[i]}")):
        if total + counts[i] <= share * len(sources):
            taken.add(names[i])
            total += counts[i]
    return np.isin(sources, sorted(taken))


def share_by_source(hits: np.ndarray, sources: np.ndarray, draws: int = 1000) -> tuple[float, float, float]:
    """Share of hits [n] bool in percent, and its 95 % interval: a bootstrap over sources, each drawn whole."""
    counts = bootstrap_counts(len(hits), draws, np.random.default_rng(0), sources)
    low, high = np.quantile(counts @ hits / counts.sum(axis=1), [0.025, 0.975])
    return 100.0 * float(hits.mean()), 100.0 * float(low), 100.0 * float(high)


def _hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
