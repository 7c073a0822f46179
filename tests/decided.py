"""What is decided about a folder of sounds and about rendered kicks, told by a process of its own as JSON:

python decided.py FOLDER OWN       OWN: a new folder for the rendered kicks, and for what a run would learn from
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tools")]

from code_path import PATHS, environment  # noqa: E402
from toy import toy, write_kicks  # noqa: E402

from kickitout.datasets.build import read_dataset  # noqa: E402
from kickitout.training.config import load_config  # noqa: E402
from kickitout.training.training_set import make_training_set  # noqa: E402
from kicklab.experiments.decisions import decisions, differences  # noqa: E402

__all__ = ["differences", "emulated", "other_kernels"]
KICKS = 12


def decide(folder: Path, own: Path) -> dict[str, Any]:
    """As JSON has it. Waves of the lessons, which may differ in their last bits, are in own/lessons.npz."""
    rendered = write_kicks(own / "rendered", KICKS)
    dataset = read_dataset([rendered])
    training_set = make_training_set(dataset, load_config("kickae", [*toy("kickae"), "augmentation_mix=4"]))
    np.savez(own / "lessons.npz", **training_set._asdict())
    found = {
        "features": features(),
        "decided": decisions([folder, rendered]),
        "manifest": dataset.manifest(),
        "lessons": [part.shape for part in training_set],
    }
    told: dict[str, Any] = json.loads(json.dumps(found))
    return told


def decide_elsewhere(folder: Path, own: Path, environment: dict[str, str], *emulator: str) -> dict[str, Any]:
    """The same from a process with other code for the processor, or on an emulated one."""
    own.mkdir()
    command = [*emulator, sys.executable, __file__, str(folder), str(own)]
    done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def features() -> list[str]:
    """What numpy has code for and uses on this processor."""
    from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__

    return [name for name in __cpu_dispatch__ if __cpu_features__.get(name)]


def other_kernels() -> dict[str, dict[str, str]]:
    """Name -> environment of every code path that is narrower than what this processor has."""
    if platform.machine() not in ("x86_64", "AMD64"):
        return {}
    paths = {name: environment(name) for name in PATHS}
    return {name: variables for name, variables in paths.items() if variables["NPY_DISABLE_CPU_FEATURES"]}


def emulated(processor: str) -> list[str] | str:
    """The command that runs a program on another x86 processor, or the reason why there is none.

    It chooses its own kernels: those that a code path has switched on here may be too new for it.
    """
    qemu = shutil.which("qemu-x86_64")
    if platform.system() != "Linux" or platform.machine() != "x86_64":
        return f"{platform.system()} {platform.machine()}: x86-64 Linux is emulated"
    own_kernels = [f"--unset={name}" for name in sorted({name for path in PATHS.values() for name in path})]
    return ["env", *own_kernels, qemu, "-cpu", processor] if qemu else "qemu-x86_64 is not installed"


if __name__ == "__main__":
    print(json.dumps(decide(Path(sys.argv[1]), Path(sys.argv[2]))))
