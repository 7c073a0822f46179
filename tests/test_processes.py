"""Several processes that train one run: the same losses as one, one who writes, and what any must refuse all refuse."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from toy import toy, write_kicks

from kickitout.training.checkpoint import load_checkpoint
from kickitout.training.run_folder import RunFolder

STEPS = 3
# float32 sums in another order: a step of Adam turns a rounding of a gradient near 0 into a step of full length.
CLOSE = {"rtol": 2e-3, "atol": 2e-3}


@pytest.fixture(scope="module")
def kicks(tmp_path_factory) -> Path:
    return write_kicks(tmp_path_factory.mktemp("corpus") / "kicks", 16)


def train(kicks: Path, out: Path, recipe: str, *more: str, processes: int = 1, steps: int = STEPS, changes=None):
    """`kick train` in a process of its own, or in several that torchrun starts."""
    settings = [f"--set={change}" for change in (toy(recipe) if changes is None else changes)]
    launch = ["torch.distributed.run", f"--nproc-per-node={processes}", "--master-port=0", "-m"] if processes > 1 else []
    command = [
        sys.executable, "-m", *launch, "kickitout", "train", str(kicks), "--recipe", recipe, "--out", str(out),
        "--device", "cpu", f"--steps={steps}", "--threads", "1", *settings, *more,
    ]  # fmt: skip
    return subprocess.run(
        command, capture_output=True, text=True, timeout=120, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )


def losses(run: Path) -> list[dict[str, float]]:
    entries = [e for e in RunFolder(run).entries() if e["kind"] == "losses"]
    return [{k: v for k, v in e.items() if "/" in k} for e in entries]


@pytest.mark.parametrize("recipe", ["dcgan", "wavegan", "kickgan"])
def test_two_processes_have_the_losses_of_one(recipe, kicks, tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    for out, processes in ((one, 1), (two, 2)):
        found = train(kicks, out, recipe, processes=processes)
        assert found.returncode == 0, found.stderr
    for a, b in zip(losses(one), losses(two), strict=True):
        assert a.keys() == b.keys()
        np.testing.assert_allclose(list(a.values()), list(b.values()), **CLOSE)
    first, second = (load_checkpoint(RunFolder(run).latest) for run in (one, two))
    assert first[0].keys() == second[0].keys()
    assert first[1]["step"] == second[1]["step"] == STEPS
    assert (two / "model.onnx").exists()


