"""The model in the package sounds the same on every processor: others are emulated."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from decided import emulated

from kickitout.audio import read_sound

SEEDS = 16


def made(folder: Path, *emulator: str) -> np.ndarray:
    """Kicks as the command writes them: float32 [SEEDS, T, 1]."""
    command = [*emulator, sys.executable, "-m", "kickitout", "generate", "-n", str(SEEDS), "--bits", "32f", "--threads"]
    done = subprocess.run([*command, "1", "-q", "-o", str(folder)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return np.stack([read_sound(path).samples for path in sorted(folder.glob("*.wav"))])


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    return made(tmp_path_factory.mktemp("here") / "kicks")


def made_on(processor: str, folder: Path) -> np.ndarray:
    command = emulated(processor)
    if isinstance(command, str):
        pytest.skip(command)
    return made(folder, *command)


def test_with_avx2_the_samples_are_those_of_avx_512(here, tmp_path):
    from numpy._core import _multiarray_umath as numpy_says

    if not numpy_says.__cpu_features__.get("AVX2"):
        pytest.skip("this processor has no AVX2 itself")
    np.testing.assert_array_equal(made_on("Haswell", tmp_path / "kicks"), here)


def test_with_sse_nobody_hears_a_difference(here, tmp_path):
    there = made_on("Nehalem", tmp_path / "kicks")
    assert there.shape == here.shape == (SEEDS, 22050, 1)
    assert np.abs(there.astype(float) - here).max() < 1 / 32768  # a step of 16 bits
