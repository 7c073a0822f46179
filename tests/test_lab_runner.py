"""A laboratory survives whatever happens to it: killed at the worst moments and at random, it loses nothing."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import shutil
import time
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
from toy_lab import STEPS, make_lab, run_toy, toy_lab, toy_study

from kickitout.training import loop
from kickitout.workers import Workers
from kicklab.cells import Budget
from kicklab.folder import Lab
from kicklab.results import read_results

pytestmark = pytest.mark.decides

__all__ = ["make_lab", "toy_lab"]  # the fixture
STUDY, ROW = "curves", "DCGAN"
MOMENTS = (  # how many work, and what is there first when the process is killed
    (1, "cells/dcgan-logmag-0-*/run/checkpoints/*"),  # in training
    (1, "cells/dcgan-logmag-0-*/made-0.npz"),  # heard, and not yet measured
    (2, "cells/dcgan-logmag-1-*/run/stats.jsonl"),  # two workers: one in training, one measuring
)
IMPORTED = ["toy_lab", "torch._dynamo", "matplotlib.backends.backend_agg"]  # once for all processes, not in each
TIMES = ("minutes", "cost_minutes")


def work(path: Path, number: int, ray: str | None, errors: Connection) -> None:
    """Run two cells, in a process of its own."""
    os.dup2(errors.fileno(), 2)  # its workers inherit that
    errors.close()
    loop.CHECKPOINT_SECONDS = 0.0  # after every step
    study = toy_study(STUDY).model_copy(update={"references": ()})
    with Workers(number, ray, preload=IMPORTED) as workers:
        assert run_toy(Lab(path), STUDY, study, only=[ROW], workers=workers)


def begin(path: Path, number: int, ray: str | None = None) -> tuple[BaseProcess, Connection]:
    """The process, and a pipe that ends with the last of it and its workers."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(IMPORTED)
    reader, writer = context.Pipe(duplex=False)
    process = context.Process(target=work, args=(path, number, ray, writer))
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


def scores(lab: Lab) -> list[dict[str, object]]:
    """What the two cells have, but for their time."""
    rows = [r for r in read_results(lab) if r["study"] == STUDY and r["row"] == ROW]
    return [{k: v for k, v in r.items() if k not in TIMES} for r in rows]


def new_lab(path: Path, like: Lab) -> Path:
    """Nothing is trained in it yet."""
    Lab(path).begin(None)
    shutil.copytree(like.data, path / "data")
    return path


def kill(process: BaseProcess, errors: Connection) -> None:
    """No worker outlives it."""
    process.kill()
    process.join()
    rest(errors)


def assert_it_ends_as(whole: Lab, path: Path) -> None:
    """Another process, with two workers, goes on to the end."""
    process, errors = begin(path, 2)
    said = rest(errors)
    process.join()
    assert process.exitcode == 0, said
    assert len(scores(whole)) > 10
    assert scores(Lab(path)) == scores(whole)
    assert not any(path.glob("cells/*/*.part"))


@pytest.mark.long
def test_a_laboratory_that_is_killed_three_times_ends_as_one_that_was_not(toy_lab, tmp_path):
    path = new_lab(tmp_path / "lab", toy_lab)
    for number, moment in MOMENTS:
        process, errors = begin(path, number)
        while process.is_alive() and not any(path.glob(moment)):
            time.sleep(0.005)
        assert process.is_alive(), f"it ended before {moment}: {rest(errors)}"
        kill(process, errors)
    assert_it_ends_as(toy_lab, path)


@pytest.mark.long
def test_a_laboratory_that_is_killed_at_random_moments_ends_as_one_that_was_not(toy_lab, tmp_path):
    """How long it takes is measured first; then each of five processes is killed at some moment of so long."""
    began = time.monotonic()
    assert_it_ends_as(toy_lab, new_lab(tmp_path / "whole", toy_lab))
    seconds = time.monotonic() - began
    seed = random.SystemRandom().getrandbits(32)
    rng = random.Random(seed)
    moments = [rng.uniform(0, seconds) for _ in range(5)]
    print(f"seed {seed}: killed after", *(f"{moment:.1f}" for moment in moments), f"of {seconds:.1f} s")
    path = new_lab(tmp_path / "killed", toy_lab)
    for moment in moments:
        process, errors = begin(path, 2)
        process.join(moment)  # it may have ended by then: those before it have worked, too
        kill(process, errors)
    assert_it_ends_as(toy_lab, path)


@pytest.mark.long
def test_on_a_ray_cluster_the_results_are_those_of_one_process(toy_lab, tmp_path):
    pytest.importorskip("ray", reason="no ray: pip install '.[cluster]'")
    path = new_lab(tmp_path / "lab", toy_lab)
    process, errors = begin(path, 2, "auto")
    said = rest(errors)
    process.join()
    assert process.exitcode == 0, said
    assert scores(Lab(path)) == scores(toy_lab)


@pytest.mark.long
def test_a_run_that_goes_on_from_a_shorter_one_ends_as_one_that_was_trained_at_once(toy_lab, tmp_path):
    lab = Lab(tmp_path / "lab")
    lab.begin(toy_lab.sounds("kicks"))
    study = toy_study(STUDY).model_copy(update={"references": ()})
    assert STEPS.sounds is not None
    half = study.model_copy(update={"milestones": (1.0,)})
    assert run_toy(lab, STUDY, half, only=[ROW], budget=Budget(sounds=STEPS.sounds // 2))
    first = sorted(path.read_bytes() for path in lab.path.glob("cells/*/made-0.npz"))
    assert run_toy(lab, STUDY, study, only=[ROW])
    whole = [path.parent for path in lab.path.glob("cells/*/made-1.npz")]
    assert sorted((path / "made-0.npz").read_bytes() for path in whole) == first
    for path in whole:
        entries = [json.loads(line) for line in (path / "run" / "stats.jsonl").read_text("utf-8").splitlines()]
        assert [entry["step"] for entry in entries if entry["kind"] == "losses"] == [1, 2]  # none was taken twice
        last = json.loads((path / "made-1.json").read_text("utf-8"))
        assert last["cost_seconds"] > last["seconds"]  # also of what another process trained
    assert scores(lab) == scores(toy_lab)
