"""How much arithmetic a model's graph asks for: multiplications and additions of its matrices and convolutions."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

PEAK_SIZE, PEAK_TIMES = 1024, 12  # of the matrices, and of the products of which the best counts
PRODUCTS = f"""
import sys, time, numpy as np
a, b = (np.random.default_rng(k).random(({PEAK_SIZE}, {PEAK_SIZE}), dtype=np.float32) for k in range(2))
out = a @ b
for line in sys.stdin:
    began, used = time.perf_counter(), time.process_time()
    for _ in range(int(line)):
        np.matmul(a, b, out)
    print(time.perf_counter() - began, time.process_time() - used, flush=True)
"""


def graph_mflop(path: Path) -> float:
    """Millions of multiplications and additions that one sound takes, in Conv, ConvTranspose, MatMul and Gemm; the
    elementwise rest is not counted. NaN where the graph cannot be read (no ONNX file, or the package onnx is absent).
    """
    if path.suffix != ".onnx" or find_spec("onnx") is None:
        return math.nan
    import onnx
    from onnx import shape_inference

    model = onnx.load(str(path))
    for known in model.graph.input:
        known.type.tensor_type.shape.dim[0].dim_value = 1
    graph = shape_inference.infer_shapes(model, data_prop=True).graph
    shapes = {known.name: list(known.dims) for known in graph.initializer}
    for info in (*graph.input, *graph.value_info, *graph.output):
        shapes[info.name] = [d.dim_value or 1 for d in info.type.tensor_type.shape.dim]
    return sum(_of_node(node, shapes) for node in graph.node) / 1e6


def _of_node(node: object, shapes: dict[str, list[int]]) -> float:
    """Twice the products: each is added to something."""
    kind, inputs = node.op_type, node.input  # type: ignore[attr-defined]
    made = shapes.get(node.output[0], [])  # type: ignore[attr-defined]
    if kind in ("MatMul", "Gemm") and made and inputs[0] in shapes:
        turned = any(a.name == "transA" and a.i for a in node.attribute)  # type: ignore[attr-defined]
        return 2.0 * math.prod(made) * shapes[inputs[0]][-2 if turned else -1]
    if kind == "Conv" and made:
        return 2.0 * math.prod(made) * math.prod(shapes[inputs[1]][1:])
    if kind == "ConvTranspose" and inputs[0] in shapes:
        return 2.0 * math.prod(shapes[inputs[0]]) * math.prod(shapes[inputs[1]][1:])
    return 0.0


class MatrixProducts:
    """A process that multiplies float32 matrices with so many threads whenever it is asked to: numpy, whose library
    takes the number of threads from the environment."""

    def __init__(self, threads: int) -> None:
        names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
        self._process = subprocess.Popen(
            [sys.executable, "-c", PRODUCTS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, **dict.fromkeys(names, str(threads))},
        )  # fmt: skip

    def __enter__(self) -> MatrixProducts:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def rate(self, times: int) -> tuple[float, float]:
        """GFLOP of so many products, one after another: a second, and a second of a processor."""
        asked, told = self._process.stdin, self._process.stdout
        assert asked is not None
        assert told is not None
        asked.write(f"{times}\n")
        asked.flush()
        wall, cpu = (2e-9 * PEAK_SIZE**3 * times / float(seconds) for seconds in told.readline().split())
        return wall, cpu


def matmul_peak(threads: int) -> float:
    """The machine's best rate of multiplying float32 matrices with so many threads, GFLOP/s."""
    with MatrixProducts(threads) as products:
        return max(products.rate(1)[0] for _ in range(PEAK_TIMES))
