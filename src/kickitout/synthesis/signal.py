"""What the layers of a rendered kick are made of: time, sines, decays, energies, random numbers.

Computed in float64 and rounded to float32, where what processors differ by is lost; see `procedural`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from kickitout.sound import LENGTH, ONSET

Wave = NDArray[np.float32]

LN10 = math.log(10.0)
AUDIBLE = LENGTH - ONSET  # samples that can sound
SUMMED_AT_ONCE = 16  # samples computed together, by a matrix, in the decimation and the high-pass
BLOCKS_LENGTH = AUDIBLE + -AUDIBLE % SUMMED_AT_ONCE
OVERSAMPLING = 4  # of the drive, while its harmonics would alias
FILTER_REACH = 32  # oversampled samples on each side of the decimation filter


@lru_cache(maxsize=2)
def seconds(rate: int) -> NDArray[np.float64]:
    return np.arange(1, OVERSAMPLING * BLOCKS_LENGTH + 2 * FILTER_REACH + 1) / rate


def sine_of(cycles: NDArray[np.float64]) -> Wave:
    turn = cycles - np.rint(cycles)
    turn *= 2 * math.pi
    return np.sin(turn, out=turn).astype(np.float32)


def fall_to_60db(n: int, rate: int, t60: float) -> Wave:
    """10^(-3 t / t60): -60 dB at t60 seconds; [n], from t = 1 / rate."""
    fall = seconds(rate)[:n] * (-3 * LN10 / t60)
    return np.exp(fall, out=fall).astype(np.float32)


def at_level(x: Wave, energy: float, level_db: float = 0.0) -> Wave:
    """x with `level_db` re `energy`."""
    return x * np.float32(math.sqrt(energy / energy_of(x)) * 10 ** (level_db / 20))


def energy_of(x: Wave) -> float:
    wide = x.astype(np.float64)
    return float(np.dot(wide, wide))


def summed(parts: Mapping[str, Wave]) -> Wave:
    """[BLOCKS_LENGTH]."""
    total = np.zeros(BLOCKS_LENGTH, np.float32)
    for part in parts.values():
        total[: len(part)] += part
    return total


def generator(seed: int, stream: int) -> np.random.Generator:
    """Independent streams for one seed: Philox takes a key of 128 bits, the upper half is the stream."""
    return np.random.Generator(np.random.Philox(key=seed + (stream << 64)))


def quick_size(n: int) -> int:
    """n or a few more: 5, 6, 7 or 8 times a power of two, which is quick to transform."""
    power = 1 << max(n - 1, 63).bit_length() - 3
    return -(-max(n, 64) // power) * power
