"""A laboratory survives whatever happens to it: its process is killed at the worst moments, and nothing is lost."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import time
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

from toy_lab import make_lab, run_toy, toy_lab, toy_study

from kickitout.lab.engines import Engine
from kickitout.lab.folder import Lab
from kickitout.lab.results import read_results
from kickitout.training import loop

__all__ = ["make_lab", "toy_lab"]  # the fixture
ROW = "DCGAN as published"
MOMENTS: tuple[tuple[Engine, int, str], ...] = (  # who works, and what is there first when the process is killed
    ("serial", 1, "cells/dcgan-0-*/run/checkpoints/*"),  # in training
    ("serial", 1, "cells/dcgan-0-*/made-0.npz"),  # heard, and not yet measured
    ("processes", 2, "cells/dcgan-1-*/run/stats.jsonl"),  # two workers: one in training, one measuring
)
IMPORTED = ["toy_lab", "torch._dynamo", "matplotlib.backends.backend_agg"]  # once for all processes, not in each
TIMES = ("minutes", "cost_minutes")


def work(path: Path, engine: Engine, workers: int, errors: Connection) -> None:
    """Run two cells, in a process of its own."""
    os.dup2(errors.fileno(), 2)  # its workers inherit that
    errors.close()
    loop.CHECKPOINT_SECONDS = 0.0  # after every step
    study = toy_study("patterns").model_copy(update={"references": ()})
    assert run_toy(Lab(path), "patterns", study, only=[ROW], engine=engine, workers=workers)


def begin(path: Path, engine: Engine, workers: int = 1) -> tuple[BaseProcess, Connection]:
    """The process, and a pipe that ends with the last of it and its workers."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(IMPORTED)
    reader, writer = context.Pipe(duplex=False)
    process = context.Process(target=work, args=(path, engine, workers, writer))
    process.start()
    writer.close()
    return process, reader


def rest(pipe: Connection) -> str:
    """All that was said, when nobody is left to say more."""
    said = b""
    while part := os.read(pipe.fileno(), 65_536):
        said += part
    pipe.close()
    return said.decode(errors="replace")


def test_a_laboratory_that_is_killed_three_times_ends_as_one_that_was_not(toy_lab, tmp_path):
    path = tmp_path / "lab"
    Lab(path).begin(None)
    shutil.copytree(toy_lab.data, path / "data")
    for engine, workers, moment in MOMENTS:
        process, errors = begin(path, engine, workers)
        while process.is_alive() and not any(path.glob(moment)):
            time.sleep(0.005)
        assert process.is_alive(), f"it ended before {moment}: {rest(errors)}"
        process.kill()
        process.join()
        rest(errors)  # no worker outlives it
    process, errors = begin(path, "processes")
    said = rest(errors)
    process.join()
    assert process.exitcode == 0, said
    found, whole = (
        [
            {k: v for k, v in r.items() if k not in TIMES}
            for r in read_results(lab)
            if r["study"] == "patterns" and r["row"] == ROW
        ]
        for lab in (Lab(path), toy_lab)
    )
    assert len(found) == len(whole) > 10
    assert found == whole
    assert not any(path.glob("cells/*/*.part"))
