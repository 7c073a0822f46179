"""A laboratory survives whatever happens to it: its process is killed at the worst moments, and nothing is lost."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from toy_lab import make_lab, toy_lab

from kickitout.lab.folder import Lab
from kickitout.lab.results import read_results

pytestmark = pytest.mark.long

__all__ = ["make_lab", "toy_lab"]  # the fixture
CHILD = """
import sys
sys.path.insert(0, {tests!r})
from pathlib import Path
from kickitout.training import loop
loop.CHECKPOINT_SECONDS = 0.0  # after every step
from toy_lab import run_toy
from kickitout.lab.folder import Lab
from kickitout.workers import Workers
lab = Lab(Path({lab!r}))
if __name__ == "__main__":
    lab.begin(None)
    with Workers({workers}) as workers:
        assert run_toy(lab, "sine", workers=workers)
"""
MOMENTS = (  # how many work, and what is there first when the process is killed
    (1, "cells/dcgan-0-*/run/checkpoints/*"),  # in training
    (1, "cells/dcgan-0-*/made-0.npz"),  # heard, and not yet measured
    (2, "cells/dcgan-1-*/run/stats.jsonl"),  # two workers: one in training, one measuring
)
TIMES = ("minutes", "cost_minutes")


def begin(path: Path, workers: int) -> subprocess.Popen[str]:
    code = CHILD.format(tests=str(Path(__file__).parent), lab=str(path), workers=workers)
    return subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True)


def test_a_laboratory_that_is_killed_three_times_ends_as_one_that_was_not(toy_lab, tmp_path):
    path = tmp_path / "lab"
    for workers, moment in MOMENTS:
        process = begin(path, workers)
        while process.poll() is None and not any(path.glob(moment)):
            time.sleep(0.005)
        assert process.poll() is None, f"it ended before {moment}: {process.stderr and process.stderr.read()}"
        process.kill()
        process.communicate(timeout=60)  # ends when the last that holds its stderr is gone: no worker outlives it
    last = begin(path, 2)
    _, errors = last.communicate(timeout=300)
    assert last.returncode == 0, errors
    found, whole = (
        [{k: v for k, v in r.items() if k not in TIMES} for r in read_results(lab) if r["study"] == "sine"]
        for lab in (Lab(path), toy_lab)
    )
    assert len(found) == len(whole) > 10
    assert found == whole
    assert not any(path.glob("cells/*/*.part"))
