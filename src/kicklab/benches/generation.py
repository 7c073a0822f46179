"""How quickly a model makes kicks and a card measures them, as a user meets it."""

from __future__ import annotations

import math
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from kickitout.cpus import usable_cpus
from kickitout.descriptors import cards
from kickitout.export.sounds import GenerationJob
from kickitout.generation.generate import generate_kicks
from kickitout.generation.load import find_model_file
from kickitout.generation.model import Model
from kickitout.generation.reject import OutlierRejection
from kickitout.synthesis.procedural import synthesise
from kicklab.benches.flops import graph_mflop, matmul_peak


class Rate(NamedTuple):
    """Kicks a second with a number of threads, and the processor time of one kick in ms."""

    threads: int
    per_second: float
    cpu_ms: float


@dataclass(frozen=True)
class GenerationFigures:
    """How quickly a model makes kicks. mflop: a kick, NaN where it is not known (see `graph_mflop`)."""

    kicks: int
    in_memory: list[Rate]
    rejecting: list[Rate]  # in memory, with each kick's card held against the model's limits
    to_disk: list[Rate]  # as 24-bit WAV
    cold_seconds: float  # a new process that makes one kick: median of 5
    resident_mb: float  # at most, of a process that makes 64 kicks; NaN where the system does not say
    mflop: float
    peaks: list[float]  # GFLOP/s of multiplying matrices, with the threads of `in_memory`


def bench_generation(model: Model, name: str, kicks: int = 1000) -> GenerationFigures:
    """Measure `model`, called `name` on the command line."""
    threads = sorted({1, usable_cpus()})

    def rate(count: int, number: int, folder: Path | None = None, rejection: OutlierRejection | None = None) -> Rate:
        began, used = time.perf_counter(), time.process_time()
        if rejection is not None:
            made = sum(1 for _ in generate_kicks(range(count), model, reject_outliers=rejection, threads=number))
        elif folder is None:
            made = sum(1 for _ in generate_kicks(range(count), model, threads=number))
        else:
            made = sum(1 for _ in GenerationJob.of(model, folder).write(range(count), threads=number))
        return Rate(number, made / (time.perf_counter() - began), 1000 * (time.process_time() - used) / made)

    rate(16, threads[-1])  # warm up
    in_memory = [rate(kicks if number > 1 else max(1, kicks // 2), number) for number in threads]
    rejection = OutlierRejection.of(model)
    rejecting = [rate(kicks if number > 1 else max(1, kicks // 2), number, rejection=rejection) for number in threads]
    to_disk = []
    for number in threads:
        with tempfile.TemporaryDirectory() as folder:
            to_disk.append(rate(kicks if number > 1 else max(1, kicks // 2), number, Path(folder)))
    mflop = graph_mflop(find_model_file(Path(name)))
    peaks = [matmul_peak(number) for number in threads]
    return GenerationFigures(kicks, in_memory, rejecting, to_disk, cold_start(name), resident_mb(name), mflop, peaks)


RESIDENT = """
import pathlib, re, resource, sys
from kickitout.cli import main
main(["generate", "-n", "64", "-q", "--model", sys.argv[1], "-o", sys.argv[2]])
status = pathlib.Path("/proc/self/status")  # on Linux ru_maxrss begins with what the process had that started this one
if status.exists():
    print(int(re.search(r"VmHWM:\\s*(\\d+) kB", status.read_text())[1]) * 1024 / 1e6)
else:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6)
"""


def resident_mb(name: str) -> float:
    """The most memory that a process has resident which writes 64 kicks, in MB."""
    if find_spec("resource") is None:  # Windows
        return math.nan
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", RESIDENT, name, folder]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(done.stdout.splitlines()[-1])


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


def bench_cards(kicks: int = 1000, threads: int | None = None, times: int = 5) -> list[Rate]:
    """Cards of rendered kicks with one thread and with `threads` (as many as there are cores): the best of `times`."""
    waves, _ = synthesise(range(kicks))
    found = []
    for number in sorted({1, threads or usable_cpus()}):
        cards(waves[:64], threads=number)  # warm up
        turns = []
        for _ in range(times):
            began, used = time.perf_counter(), time.process_time()
            cards(waves, threads=number)
            turns.append((time.perf_counter() - began, time.process_time() - used))
        wall, cpu = (min(turn[k] for turn in turns) for k in range(2))
        found.append(Rate(number, kicks / wall, 1000 * cpu / kicks))
    return found
