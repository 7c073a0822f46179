"""Seed -> standard normal noise, the same on every machine, in every version and in every language.

SplitMix64 (Steele, Lea & Flood 2014, doi.org/10.1145/2660193.2660195) gives 64 random bits for each pair of a seed and
a position, and Box & Muller (1958, doi.org/10.1214/aoms/1177706645) turns two of them into two normal numbers. Each
seed has a stream of its own, so a sound does not depend on what it is generated with; the whole is a dozen lines in any
language, which no library's `normal()` is.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence

import numpy as np

from kickitout.errors import UserError

GOLDEN = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio, odd
LARGEST_SEED = 2**53 - 1  # what a JSON number or a JavaScript page can hold exactly


def mix(x: np.ndarray) -> np.ndarray:
    """SplitMix64's finaliser, element by element on uint64.

    >>> hex(int(mix(np.array([GOLDEN]))[0]))  # the first output of the published generator for seed 0
    '0xe220a8397b1dcdaf'
    """
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def check_seeds(seeds: Sequence[int]) -> Sequence[int]:
    """The seeds as Python's own numbers. Raises UserError for one that is none, negative or above LARGEST_SEED."""
    if not isinstance(seeds, Sequence) and not (isinstance(seeds, np.ndarray) and seeds.ndim == 1):
        raise UserError(f"seeds {seeds!r}: give a list of them, for instance [7] or range(16)")
    if isinstance(seeds, range):
        for end in [*seeds[:1], *seeds[-1:]]:
            _checked(end)
        return seeds
    return [_checked(seed) for seed in seeds]


def _checked(seed: int) -> int:
    try:
        number = operator.index(seed)
    except TypeError:
        number = -1
    if not 0 <= number <= LARGEST_SEED:
        raise UserError(f"seed {seed}: seeds are whole numbers from 0 to {LARGEST_SEED}")
    return number


def normal(seeds: Sequence[int], size: int) -> np.ndarray:
    """[len(seeds), size] float32, standard normal; row i depends on seeds[i] alone.

    Raises UserError for a seed that is negative or above LARGEST_SEED.
    """
    seeds = check_seeds(seeds)
    pairs = (size + 1) // 2
    with np.errstate(over="ignore"):  # uint64 arithmetic is meant to wrap
        keys = mix(np.asarray(seeds, dtype=np.uint64)[:, None] * GOLDEN + GOLDEN)
        bits = mix(keys + GOLDEN * np.arange(1, 2 * pairs + 1, dtype=np.uint64))  # [n, 2 * pairs]
    unit = ((bits >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53  # (0, 1), both ends excluded
    radius = np.sqrt(-2.0 * np.log(unit[:, :pairs]))
    angle = 2.0 * np.pi * unit[:, pairs:]
    return np.concatenate([radius * np.cos(angle), radius * np.sin(angle)], axis=1)[:, :size].astype(np.float32)
