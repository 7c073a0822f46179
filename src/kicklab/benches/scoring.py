"""How long it takes to score a set of sounds, with intervals and in both embeddings."""

from __future__ import annotations

import os
import time
from typing import NamedTuple

import kickitout
from kickitout.metrics.drum_types import packaged
from kickitout.synthesis.procedural import synthesise


class ScoreFigures(NamedTuple):
    """Seconds that passed and seconds of the processors, for so many sounds against so many, training kicks as many."""

    generated: int
    real: int
    scores: int
    wall: float
    cpu: float


def bench_score(generated: int) -> ScoreFigures:
    """Score rendered kicks against half as many others, which they may be copies of as well."""
    real = generated // 2
    waves, _ = synthesise(range(real + generated))
    packaged()  # opened before: a second score in one process does not wait for it
    began, used = time.perf_counter(), sum(os.times()[:2])
    found = kickitout.score(waves[real:], waves[:real], waves[:real]).scores
    return ScoreFigures(generated, real, len(found), time.perf_counter() - began, sum(os.times()[:2]) - used)
