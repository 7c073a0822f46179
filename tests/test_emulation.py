"""The model in the package sounds the same on every processor: older ones are emulated."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from kickitout.audio import read_sound

SEEDS = 16
EMULATOR = shutil.which("qemu-x86_64")
pytestmark = [
    pytest.mark.skipif(EMULATOR is None, reason="no emulator of processors: apt-get install qemu-user"),
    pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="samples are compared on x86-64 alone"),
]


def made(folder: Path, *emulator: str) -> np.ndarray:
    """16 kicks as float32 [16, T]."""
    command = [*emulator, sys.executable, "-m", "kickitout", "generate", "-n", str(SEEDS), "--bits", "32f", "--threads"]
    done = subprocess.run([*command, "1", "-q", "-o", str(folder)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return np.stack([read_sound(path).samples for path in sorted(folder.glob("*.wav"))])


@pytest.fixture(scope="module")
def native(tmp_path_factory):
    return made(tmp_path_factory.mktemp("native") / "kicks")


def emulated(folder: Path, processor: str) -> np.ndarray:
    assert EMULATOR is not None
    return made(folder, EMULATOR, "-cpu", processor)


def worst_db(a: np.ndarray, b: np.ndarray) -> float:
    """The largest difference of two samples, re full scale."""
    return float(20 * np.log10(max(np.abs(a.astype(float) - b).max(), 1e-30)))


def test_with_avx2_the_samples_are_those_of_avx_512(native, tmp_path):
    from numpy._core import _multiarray_umath as numpy_says

    if not numpy_says.__cpu_features__.get("AVX2"):
        pytest.skip("this processor has no AVX2 itself")
    np.testing.assert_array_equal(emulated(tmp_path / "kicks", "Haswell"), native)


def test_with_sse_nobody_hears_a_difference(native, tmp_path):
    waves = emulated(tmp_path / "kicks", "Nehalem")
    assert waves.shape == native.shape
    assert worst_db(waves, native) < -100
