"""How quickly a model makes kicks and a card measures them, as a user meets it.

All ways to make kicks take turns, a few hundred milliseconds each, beside the products of matrices that they are held
against: a machine that others use as well is slow for all of them, so what counts are ratios within a turn, and their
medians.
"""

from __future__ import annotations

import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from kickitout.cpus import usable_cpus
from kickitout.descriptors import BLOCK_ROWS, cards
from kickitout.export.jobs import GenerationJob
from kickitout.export.shards import ShardWork
from kickitout.generation.generate import generate_kicks
from kickitout.generation.model import Model
from kickitout.models.files import find_model_file
from kickitout.synthesis.procedural import synthesise
from kickitout.workers import Workers
from kicklab.benches.flops import MatrixProducts, graph_mflop
from kicklab.benches.where_time_goes import beside_the_graph, graph_shares

MEMORY, REJECTED, DISK, SHARDS = "in memory", "outliers rejected", "to disk, 24-bit WAV", "shards, with cards"
TURNS = 9
PRODUCTS_A_TURN = 6


class Rate(NamedTuple):
    """Kicks a second with a number of threads, and the processor time of one kick in ms (NaN: of other processes)."""

    threads: int
    per_second: float
    cpu_ms: float


@dataclass(frozen=True)
class GenerationFigures:
    """How quickly a model makes kicks. mflop: a kick, NaN where it is not known (see `graph_mflop`)."""

    kicks: int  # a way and turn
    threads: tuple[int, ...]  # 1, and as many as there are cores
    rates: dict[tuple[str, int], list[Rate]]  # way, threads -> of each turn
    products: dict[int, list[tuple[float, float]]]  # threads -> `MatrixProducts.rate` of each turn
    starts: list[tuple[float, float]]  # seconds of a process that makes one kick, and of one that imports libraries
    resident_mb: float  # at most, of a process that makes 64 kicks; NaN where the system does not say
    mflop: float
    shares: dict[str, float]  # of the graph's time, see `graph_shares`
    beside: dict[str, float]  # ms, see `beside_the_graph`

    def median(self, way: str, threads: int) -> Rate:
        """The medians of all turns."""
        turns = self.rates[way, threads]
        return Rate(threads, *(statistics.median(turn[k] for turn in turns) for k in (1, 2)))

    @property
    def share_of_a_core(self) -> float:
        """What one thread that makes kicks in memory had of a core: 1 on a machine that does nothing else."""
        return statistics.median(turn.per_second * turn.cpu_ms / 1000 for turn in self.rates[MEMORY, 1])

    def of_memory(self, way: str, threads: int) -> tuple[float, float]:
        """What a way reaches of kicks in memory, with as many threads: by the clock, and by processor time."""
        clock = _ratio(self._per_second(way, threads), self._per_second(MEMORY, threads))
        return clock, _ratio(self._cpu_ms(MEMORY, threads), self._cpu_ms(way, threads))

    def of_one_thread(self, way: str, threads: int) -> float:
        """How much quicker a way is with so many threads than with one."""
        return _ratio(self._per_second(way, threads), self._per_second(way, 1))

    def of_products(self, threads: int) -> tuple[float, float]:
        """The arithmetic of kicks in memory, of that of multiplying matrices: by the clock, and by processor time."""
        wall, cpu = zip(*self.products[threads], strict=True)
        spent = [1000 / ms for ms in self._cpu_ms(MEMORY, threads)]
        clock = _ratio(self._per_second(MEMORY, threads), list(wall))
        return clock * self.mflop / 1000, _ratio(spent, list(cpu)) * self.mflop / 1000

    def _per_second(self, way: str, threads: int) -> list[float]:
        return [turn.per_second for turn in self.rates[way, threads]]

    def _cpu_ms(self, way: str, threads: int) -> list[float]:
        return [turn.cpu_ms for turn in self.rates[way, threads]]


def _ratio(these: list[float], those: list[float]) -> float:
    return statistics.median(a / b for a, b in zip(these, those, strict=True))


def bench_generation(model: Model, name: str, kicks: int = 1000, turns: int = TURNS) -> GenerationFigures:
    """Measure `model`, called `name` on the command line. kicks: so many in all turns, each way; more where a turn
    needs them so that no thread waits for another."""
    threads = tuple(sorted({1, usable_cpus()}))
    even = BLOCK_ROWS * threads[-1]
    each = -(-kicks // turns // even) * even
    rates: dict[tuple[str, int], list[Rate]] = {}
    products: dict[int, list[tuple[float, float]]] = {number: [] for number in threads}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        multiply = {number: stack.enter_context(MatrixProducts(number)) for number in threads}
        workers = {number: stack.enter_context(Workers(number)) for number in threads}
        ways = [
            ((way, number), partial(make, model, number, folder))
            for way, make in ((MEMORY, _in_memory), (REJECTED, _rejecting), (DISK, _to_disk)) for number in threads
        ]  # fmt: skip
        ways += [((SHARDS, number), partial(_in_shards, model, workers[number], folder)) for number in threads]
        for turn in range(turns + 1):  # the first warms up
            for number in threads:
                products[number].append(multiply[number].rate(PRODUCTS_A_TURN))
            for way, make in ways:
                rates.setdefault(way, []).append(_timed(make, even if turn == 0 else each, way))
    path = find_model_file(Path(name))
    return GenerationFigures(
        each, threads, {way: found[1:] for way, found in rates.items()},
        {number: found[1:] for number, found in products.items()},
        cold_starts(name), resident_mb(name), graph_mflop(path), graph_shares(path, model.info.noise_size),
        beside_the_graph(model),
    )  # fmt: skip


def _timed(make: Callable[[int], None], kicks: int, way: tuple[str, int]) -> Rate:
    began, used = time.perf_counter(), time.process_time()
    make(kicks)
    wall, cpu = time.perf_counter() - began, time.process_time() - used
    others = way[0] == SHARDS and way[1] > 1
    return Rate(way[1], kicks / wall, math.nan if others else 1000 * cpu / kicks)


def _in_memory(model: Model, threads: int, _: Path, kicks: int) -> None:
    for _kick in generate_kicks(range(kicks), model, threads=threads):
        pass


def _rejecting(model: Model, threads: int, _: Path, kicks: int) -> None:
    for _kick in generate_kicks(range(kicks), model, reject_outliers=True, threads=threads):
        pass


def _to_disk(model: Model, threads: int, folder: Path, kicks: int) -> None:
    fresh = Path(tempfile.mkdtemp(dir=folder))  # to replace files, or to write where many were removed, is slower
    for _file in GenerationJob.of(model, fresh).write(range(kicks), threads=threads):
        pass


def _in_shards(model: Model, workers: Workers, folder: Path, kicks: int) -> None:
    shards = [range(first, min(first + BLOCK_ROWS, kicks)) for first in range(0, kicks, BLOCK_ROWS)]
    for _shard in workers.each(ShardWork(GenerationJob.of(model, folder)), shards):
        pass


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


def cold_starts(name: str, times: int = TURNS) -> list[tuple[float, float]]:
    """Seconds of `kick generate -n 1` from the start of a process to its end, and of a process that only imports numpy
    and ONNX Runtime, in turns. Both with code that is compiled, as an installed package has it."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        generate = ["-m", "kickitout", "generate", "-n", "1", "-q", "--force", "--model", name, "-o", f"{folder}/kicks"]
        around = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
        around["PYTHONPYCACHEPREFIX"] = f"{folder}/compiled"
        for _ in range(1 + times):
            seconds = []
            for more in (generate, ["-c", "import numpy, onnxruntime"]):
                began = time.perf_counter()
                subprocess.run([sys.executable, *more], check=True, capture_output=True, env=around)
                seconds.append(time.perf_counter() - began)
            found.append((seconds[0], seconds[1]))
    return found[1:]


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
