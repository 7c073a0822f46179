"""Kicks of the model in the package that peak above full scale at another rate."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import islice

import numpy as np
import pytest

import kickitout
from kickitout.audio import resample
from kickitout.sound import SAMPLE_RATE

SEEDS, BLOCK = 1200, 120


def _found() -> Iterator[int]:
    for first in range(0, SEEDS, BLOCK):
        for seed, wave in enumerate(kickitout.generate(range(first, first + BLOCK)), first):
            if np.abs(resample(wave, SAMPLE_RATE, 48_000)).max() > 1.001:
                yield seed


@cache
def seeds_that_overshoot(count: int) -> list[int]:
    """The first seeds whose kicks peak above full scale at 48 kHz. Skips the test where there are not so many."""
    found = list(islice(_found(), count))
    if len(found) < count:
        pytest.skip(f"of {SEEDS} kicks of this model not {count} peak above full scale at 48 kHz")
    return found
