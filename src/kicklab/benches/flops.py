"""How much arithmetic a model's graph asks for: multiplications and additions of its matrices and convolutions."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

PEAK_SIZE, PEAK_TIMES = 1024, 12  # of the matrices, and of the turns of which the best counts
PEAK_SCRIPT = f"""
import time, numpy as np
a, b = (np.random.default_rng(k).random(({PEAK_SIZE}, {PEAK_SIZE}), dtype=np.float32) for k in range(2))
def product():
    began = time.perf_counter()
    a @ b
    return time.perf_counter() - began
print(2 * {PEAK_SIZE} ** 3 / min(product() for _ in range({PEAK_TIMES})) / 1e9)
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


def matmul_peak(threads: int) -> float:
    """The machine's rate of multiplying float32 matrices with so many threads, GFLOP/s: numpy in a process of its own,
    for its library takes the number of threads from the environment."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
    environment = {**os.environ, **dict.fromkeys(names, str(threads))}
    done = subprocess.run(
        [sys.executable, "-c", PEAK_SCRIPT], check=True, capture_output=True, text=True, env=environment
    )
    return float(done.stdout)
