"""How many threads a step of training runs best on: measured once, and kept in the run folder.

More are not always quicker: two threads on two processors that are busy otherwise wait for each other at every layer,
and were measured at 10 to 20 times the time of one. Sums on another number of threads differ in their last digits, so a
run goes on with the number it was begun with.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Literal

import torch
from accelerate import Accelerator

from kickitout.cpus import usable_cpus
from kickitout.errors import count
from kickitout.training.budget import TIMING, Timing
from kickitout.training.checkpoint import pack_task, unpack_task
from kickitout.training.networks import NotFinite
from kickitout.training.run_folder import environment
from kickitout.workers.threads import one_thread

TIMED = 2  # steps for each number, after one that is not counted
WORSE = 1.2  # times the best: more threads are not tried
WAITING = 5.0  # times that of one thread: they wait for each other
SUMS = 2**18  # numbers in a sum, which torch shares out from 2**15 on: 50 of them take some milliseconds


def most_threads() -> int:
    """As many as there are processors for, or as OMP_NUM_THREADS allows where that says fewer."""
    try:
        return max(1, min(usable_cpus(), int(os.environ["OMP_NUM_THREADS"])))
    except (KeyError, ValueError):
        return usable_cpus()


def candidates(most: int) -> list[int]:
    """Numbers to try: 1, 2, 4, ... and the most.

    >>> candidates(6)
    [1, 2, 4, 6]
    """
    return sorted({2**i for i in range(most.bit_length())} | {most})


def measure_threads(
    step: Callable[[], Any], numbers: list[int], clock: Callable[[], float], limit: float
) -> dict[int, float]:
    """Seconds of a step on each number of threads, the quickest of TIMED.

    It ends where more threads have become slower, or after `limit` seconds. Where threads wait for each other all the
    time, which a moment of small sums shows, no step is timed: it could take a minute. The number that torch has is
    left as it was.
    """
    before, began, found = torch.get_num_threads(), clock(), dict[int, float]()
    alone = 0.0

    def timed(what: Callable[[], Any]) -> float:
        at = clock()
        what()
        return clock() - at

    try:
        for number in numbers:
            torch.set_num_threads(number)
            waiting = sum(timed(_small_sums) for _ in range(3))
            alone = alone or waiting
            if waiting > WAITING * alone:
                break
            first = timed(step)  # threads are started, memory is found
            slow = found and first > WAITING * min(found.values())
            found[number] = first if slow else min(timed(step) for _ in range(TIMED))
            if clock() - began > limit or found[number] > WORSE * min(found.values()):
                break
    finally:
        torch.set_num_threads(before)
    return found


def _small_sums() -> None:
    x = torch.zeros(SUMS)
    for _ in range(50):
        x.add_(1.0)


@contextmanager
def undone(task: Any) -> Iterator[None]:
    """Steps in the block are taken back: weights, optimisers and random numbers are as before."""
    tensors = pack_task(task)
    with torch.random.fork_rng(devices=[]):
        try:
            with suppress(NotFinite):
                yield
        finally:
            unpack_task(task, tensors, "the run")


class Threads:
    """The number of threads of a run. wanted: so many; "auto": measured once and kept; None: as torch has it."""

    def __init__(self, wanted: int | Literal["auto"] | None, timing: Timing, engine: Accelerator) -> None:
        self.wanted, self.timing, self.most = wanted, timing, most_threads()
        # Several processes share the processors as who started them has said; a graphics card needs none.
        if wanted == "auto" and (engine.num_processes > 1 or engine.device.type != "cpu"):
            self.wanted = None

    @contextmanager
    def one_at_first(self) -> Iterator[None]:
        """One thread in the block, until another number is chosen: sounds are prepared alike, whatever that will be."""
        if self.wanted is None:
            yield
            return
        before = torch.get_num_threads()
        try:
            with one_thread():  # other libraries keep it: they too wait where processors are busy
                torch.set_num_threads(1)
                yield
        finally:
            torch.set_num_threads(before)

    def choose(self, run: Any, clock: Callable[[], float], limit: float) -> Iterator[str]:
        """Set the number, write it into the run folder, and tell why. limit: seconds it may take to find it."""
        if self.wanted is None:
            return
        most, kept = self.most, self.timing.threads
        if isinstance(self.wanted, int):
            number = self.wanted
        elif kept is not None and kept <= most:
            number = kept
            yield f"{count(number, 'thread')}, as the run was begun"
        else:
            number = self._quickest(run, candidates(most), clock, limit)
            yield self._sentence(number, kept)
        torch.set_num_threads(number)
        if number != kept and run.writes:
            self.timing.threads = number
            run.folder.write_json(TIMING, self.timing.to_data())
            run.folder.write_json("environment.json", environment())

    def _quickest(self, run: Any, numbers: list[int], clock: Callable[[], float], limit: float) -> int:
        if len(numbers) == 1:
            return numbers[0]
        with undone(run.task):
            found = measure_threads(run.try_step, numbers, clock, limit)
        self.timing.step_seconds = {str(number): seconds for number, seconds in found.items()}
        return min(found, key=lambda number: (found[number], number), default=1)

    def _sentence(self, number: int, kept: int | None) -> str:
        found = self.timing.step_seconds
        measured = ", ".join(f"{n}: {seconds:.2f}" for n, seconds in found.items())
        why = "no more may be used here"
        if len(found) > 1:
            why = f"the quickest, in seconds a step ({measured})"
        elif self.most > 1:
            why = "more would wait for each other, as busy as this machine is"
        fewer = f"; the run was begun with {kept}, which are more than may be used here" if kept else ""
        return f"{count(number, 'thread')}: {why}{fewer}; threads=N sets another number"
