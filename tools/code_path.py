"""Runs a command as an older processor would: other kernels, other last bits, and no decision may be another.

    python tools/code_path.py sse python -m pytest -m decides

`sse` is what every x86-64 processor has, `avx2` what one without AVX-512 has. Variables of the environment choose the
kernels of numpy and its BLAS, of the C library's functions, and of torch with its MKL and oneDNN; numpy's results are
then those of emulated processors (`qemu-x86_64 -cpu Nehalem`, `-cpu Haswell`). ONNX Runtime, soxr and libsndfile listen
to no variable: tests/test_emulation.py emulates them.
"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Collection

PATHS: dict[str, dict[str, str]] = {
    "sse": {
        "ATEN_CPU_CAPABILITY": "default",
        "ONEDNN_MAX_CPU_ISA": "SSE41",
        "MKL_CBWR": "COMPATIBLE",
        "OPENBLAS_CORETYPE": "Nehalem",
        "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX,-AVX2,-FMA,-FMA4,-AVX512F,-AVX512VL,-AVX512BW",
    },
    "avx2": {
        "ATEN_CPU_CAPABILITY": "avx2",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        "MKL_CBWR": "AVX2",
        "OPENBLAS_CORETYPE": "Haswell",
        "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX512F,-AVX512VL,-AVX512BW",
    },
}
BEYOND_AVX2 = ("X86_V4", "AVX512")


def switched_off(path: str, dispatched: Collection[str], there: Collection[str]) -> list[str]:
    """The features that numpy is told to do without: it warns of those that the processor lacks.

    >>> switched_off("avx2", ["X86_V3", "X86_V4", "AVX512_ICL"], ["X86_V2", "X86_V3", "X86_V4"])
    ['X86_V4']
    """
    return [f for f in dispatched if f in there and (path == "sse" or f.startswith(BEYOND_AVX2))]


def environment(path: str) -> dict[str, str]:
    """The variables of a code path on this processor; what is switched off already stays off."""
    from numpy._core import _multiarray_umath as numpy_says

    there = [feature for feature, has in numpy_says.__cpu_features__.items() if has]
    off = switched_off(path, numpy_says.__cpu_dispatch__, there)
    before = os.environ.get("NPY_DISABLE_CPU_FEATURES", "").split() if off else []
    return PATHS[path] | {"NPY_DISABLE_CPU_FEATURES": " ".join([*before, *off])}


def main(path: str, command: list[str]) -> None:
    if path not in PATHS:
        raise SystemExit(f"{path}: the code paths are {', '.join(PATHS)}")
    if platform.machine().lower() not in ("x86_64", "amd64"):
        print(f"code path {path}: skipped; this processor is {platform.machine()} and has none of these")
        return
    variables = environment(path)
    print(f"code path {path}: numpy without {variables['NPY_DISABLE_CPU_FEATURES'] or 'nothing more'}", flush=True)
    os.execvpe(command[0], command, os.environ | variables)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        raise SystemExit((__doc__ or "").strip())
    main(sys.argv[1], sys.argv[2:])
