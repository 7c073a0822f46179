"""How long the data doctor takes for a large folder of mixed files, the first time and once more.

The files are rendered kicks and light variants of them, one in COPY_EVERY a quieter copy of another at another rate;
WAV and FLAC of 16 and 24 bits, mono and stereo, at four rates.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from kickitout.audio import resample, write_sound
from kickitout.augmentation.variants import producer_variants
from kickitout.cpus import usable_cpus
from kickitout.datasets.doctor.check import check
from kickitout.sound import SAMPLE_RATE
from kickitout.synthesis.procedural import synthesise

RATES = (44_100, 48_000, 96_000, 22_050)  # Hz
FILE_KINDS = (("wav", "16"), ("wav", "24"), ("flac", "16"), ("flac", "24"))
COPY_EVERY = 20  # files
BATCH = 200  # files made together


class Took(NamedTuple):
    """Seconds that pass, and seconds of the processors, of all processes together."""

    wall: float
    cpu: float


class CheckFigures(NamedTuple):
    """What a check of so many files took, and what it found."""

    files: int
    cores: int
    cold: Took
    cached: Took
    taken: int
    groups: int


def mixed_folder(folder: Path, files: int) -> None:
    """Fill `folder` with so many files: number k is the same in any such folder."""
    for first in range(0, files, BATCH):
        rendered, _ = synthesise(range(first // 2, (first + BATCH) // 2))
        waves = np.stack([rendered, producer_variants(rendered, 1, seed=0)], axis=1).reshape(BATCH, -1)
        for i in range(min(BATCH, files - first)):
            k = first + i
            sound = 0.4 * waves[BATCH - 1 - i] if i % COPY_EVERY == 0 else waves[i]
            rate = RATES[(k + k // len(RATES)) % len(RATES)]
            sound = resample(sound, SAMPLE_RATE, rate)
            if k % 3 == 0:
                sound = np.stack([sound, 0.8 * sound], axis=1)
            suffix, bits = FILE_KINDS[k // 2 % len(FILE_KINDS)]
            write_sound(folder / f"{k:06d}.{suffix}", sound, rate, bits=bits)


def bench_check(files: int, progress: Callable[[int, int], None] | None = None) -> CheckFigures:
    """Check a folder of `mixed_folder` with an empty cache and again with a full one; both go away at the end."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "kicks"
        folder.mkdir()
        mixed_folder(folder, files)
        took = []
        for _ in range(2):
            began, used = time.perf_counter(), sum(os.times()[:4])
            report = check(folder, progress, cache=Path(place) / "cache")
            took.append(Took(time.perf_counter() - began, sum(os.times()[:4]) - used))
    return CheckFigures(files, usable_cpus(), took[0], took[1], len(report.taken), report.different)
