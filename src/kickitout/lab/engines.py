"""Who works on the cells: this process, a pool of processes, or Ray. Each worker has one thread.

A worker can die at any moment; what it had begun is gone on with by the next run. Workers of a pool save and stop when
Ctrl-C reaches them in training, and end when the process that asked for them is gone.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.context import BaseContext
from pathlib import Path
from typing import Any, Literal

from kickitout.errors import UserError
from kickitout.lab.cells import Cell

Engine = Literal["serial", "processes", "ray"]
Work = Callable[[Path, Cell], bool]  # False when the user wants to stop


def run_all(engine: Engine, workers: int, work: Work, lab: Path, cells: Sequence[Cell]) -> Iterator[tuple[Cell, bool]]:
    """Each cell, as soon as it is done, and whether it was: False where it was interrupted."""
    match engine:
        case "serial":
            return _serial(work, lab, cells)
        case "processes":
            return _processes(workers, work, lab, cells)
        case "ray":
            return _ray(workers, work, lab, cells)


def one_thread() -> None:
    """Torch on one thread, and the libraries below numpy: on two, sums differ in their last digits."""
    import threadpoolctl
    import torch

    torch.set_num_threads(1)
    threadpoolctl.threadpool_limits(1)


def _serial(work: Work, lab: Path, cells: Sequence[Cell]) -> Iterator[tuple[Cell, bool]]:
    one_thread()
    for cell in cells:
        done = work(lab, cell)
        yield cell, done
        if not done:
            return


def _processes(workers: int, work: Work, lab: Path, cells: Sequence[Cell]) -> Iterator[tuple[Cell, bool]]:
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # before the workers start: they inherit it
    with ProcessPoolExecutor(workers, _context(), initializer=_begin_worker) as pool:
        under_way: dict[Future[bool], Cell] = {}
        waiting = iter(cells)
        try:
            while True:
                while len(under_way) < workers and (cell := next(waiting, None)) is not None:
                    under_way[pool.submit(work, lab, cell)] = cell
                if not under_way:
                    return
                for future in wait(under_way, return_when=FIRST_COMPLETED).done:
                    yield under_way.pop(future), future.result()
        except BrokenProcessPool as error:
            raise UserError("a worker has died, perhaps of too little memory; the same command goes on") from error
        finally:
            for future in under_way:
                future.cancel()


def _context() -> BaseContext:
    """How workers begin: from a server that has imported torch once for all of them, where the system has such."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["kickitout.lab.runner", "torch._dynamo"])  # the latter is what optimisers import
    return context


def _begin_worker() -> None:
    """Ctrl-C is for training to act upon, not for a worker that waits; and no worker outlives its parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    one_thread()
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
        os._exit(1)  # what is under way can be gone on with from its last checkpoint

    threading.Thread(target=watch, daemon=True).start()


def _ray(workers: int, work: Work, lab: Path, cells: Sequence[Cell]) -> Iterator[tuple[Cell, bool]]:
    """On the cluster that RAY_ADDRESS names, whose machines share the folder; on this machine where it names none."""
    try:
        import ray
    except ImportError as error:
        raise UserError("--engine ray: needs the extra: pip install '.[cluster]'; --engine processes works") from error

    own = not os.environ.get("RAY_ADDRESS")
    cores: dict[str, Any] = {"num_cpus": workers, "include_dashboard": False} if own else {}
    ray.init(log_to_driver=False, configure_logging=False, runtime_env={"env_vars": {"OMP_NUM_THREADS": "1"}}, **cores)
    try:

        @ray.remote(num_cpus=1, max_retries=3)
        def task(cell: Cell) -> bool:
            one_thread()
            return work(lab, cell)

        under_way = {task.remote(cell): cell for cell in cells}
        try:
            while under_way:
                (ready,), _ = ray.wait(list(under_way), num_returns=1)
                yield under_way.pop(ready), ray.get(ready)
        finally:
            for reference in under_way:
                with contextlib.suppress(Exception):
                    ray.cancel(reference)
    finally:
        ray.shutdown()
