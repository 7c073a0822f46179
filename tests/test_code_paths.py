"""A run is gone on with on another processor and in another place, and so are the cells of a laboratory.

Other kernels stand for the processor (see decided.py); what is decided about sounds there is in test_processors.py.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from decided import other_kernels
from toy import TOY, write_kicks

from kickitout.training.run_folder import RunFolder

KERNELS = other_kernels()
SETTINGS = [*TOY, "monitor.every=1000"]


def go_on(kicks: Path, run: Path, steps: int) -> dict[str, object]:
    """Train a run for so many steps, or go on with it; and what a laboratory of these kicks would call its cells."""
    from kickitout.datasets.build import read_dataset
    from kickitout.training.budget import Until
    from kickitout.training.config import load_config
    from kickitout.training.session import train
    from kicklab.cells import Budget, cells_of
    from kicklab.data import LabData, tone_data
    from kicklab.study import load_study

    dataset = read_dataset([kicks])
    recipe = load_config("dcgan-bands", SETTINGS)
    result = train(dataset, recipe, run, Until(steps=steps), device="cpu", export=False)
    named = []
    for study, data in (("curves", LabData(dataset, dataset)), ("sine", tone_data())):
        cells = cells_of(study, load_study(study), data, seeds=2, budget=Budget(steps=2))
        named += [cell.identity for cell in cells]
    return {"step": result.step, "cells": named}


@pytest.mark.skipif(not KERNELS, reason="numpy has code for one kind of processor here")
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.long if name == "avx2" else ()) for name in KERNELS] or ["none"]
)
def test_a_run_is_gone_on_with_on_another_processor_and_in_another_place(name, tmp_path):
    pytest.importorskip("torch", reason="training needs the train extra")
    home = tmp_path / "home"
    write_kicks(home / "kicks", 12)
    mine = go_on(home / "kicks", home / "run", 1)
    home = home.rename(tmp_path / "Küche nebenan")
    command = [sys.executable, "-W", "ignore", __file__, str(home / "kicks"), str(home / "run"), "2"]
    done = subprocess.run(command, env=os.environ | KERNELS[name], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == mine | {"step": 2}
    home = home.rename(tmp_path / "back")
    assert go_on(home / "kicks", home / "run", 3) == mine | {"step": 3}
    entries = RunFolder(home / "run").entries()
    assert [e["step"] for e in entries if e["kind"] == "losses"] == [1, 2, 3]
    assert len(set(mine["cells"])) > 20


if __name__ == "__main__":
    print(json.dumps(go_on(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))))
