"""How quickly a model makes kicks and a card measures them, as a user meets it."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from kickitout.card import cards
from kickitout.corpus.procedural import synthesise
from kickitout.export.sounds import write_kicks
from kickitout.generation.generate import each_kick
from kickitout.generation.model import Model


@dataclass(frozen=True)
class GenerationFigures:
    """Kicks a second, and seconds to a first kick."""

    kicks: int
    in_memory: float  # kicks a second, all threads
    one_thread: float  # kicks a second
    to_disk: float  # kicks a second, 24-bit WAV, all threads
    cold_seconds: float  # a new process that makes one kick: median of 5


def bench_generation(model: Model, name: str, kicks: int = 1000) -> GenerationFigures:
    """Measure `model`, called `name` on the command line."""

    def rate(count: int, threads: int | None) -> float:
        began = time.perf_counter()
        for _ in each_kick(model, range(count), lambda seed, _: seed, threads):
            pass
        return count / (time.perf_counter() - began)

    rate(16, None)  # warm up
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        written = sum(1 for _ in write_kicks(model, range(kicks), Path(folder)))
        to_disk = written / (time.perf_counter() - began)
    return GenerationFigures(kicks, rate(kicks, None), rate(kicks // 4, 1), to_disk, cold_start(name))


def cold_start(name: str, times: int = 5) -> float:
    """Seconds of `kick generate -n 1` from the start of a process to its end, median."""
    found = []
    for _ in range(times):
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-m", "kickitout", "generate", "-n", "1", "-q", "--model", name, "-o", folder]
            began = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            found.append(time.perf_counter() - began)
    return statistics.median(found)


class CardFigures(NamedTuple):
    """How quickly cards are made with a number of threads."""

    threads: int
    per_second: float  # kicks a second
    cpu_ms: float  # processor time of one kick


def bench_cards(kicks: int = 1000, threads: int | None = None, times: int = 5) -> list[CardFigures]:
    """Cards of rendered kicks with one thread and with `threads` (as many as there are cores): the best of `times`."""
    waves, _ = synthesise(range(kicks))
    found = []
    for number in sorted({1, threads or os.cpu_count() or 1}):
        cards(waves[:64], threads=number)  # warm up
        turns = []
        for _ in range(times):
            began, used = time.perf_counter(), time.process_time()
            cards(waves, threads=number)
            turns.append((time.perf_counter() - began, time.process_time() - used))
        wall, cpu = (min(turn[k] for turn in turns) for k in range(2))
        found.append(CardFigures(number, kicks / wall, 1000 * cpu / kicks))
    return found
