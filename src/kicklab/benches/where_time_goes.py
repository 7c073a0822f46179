"""Where the time of a kick goes: which kinds of nodes of the graph take it, and what else is done for each kick."""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np

from kickitout.descriptors import BLOCK_ROWS, cards
from kickitout.export.sounds import SoundFormat, encode_kick
from kickitout.files import write_whole
from kickitout.generation.generate import generate_kicks
from kickitout.generation.load import load_model
from kickitout.generation.model import Model
from kickitout.generation.noise import normal
from kickitout.generation.onnx_backend import TOGETHER

PRODUCTS, BY_ELEMENT, MOVING = "matrices and convolutions", "element by element", "moving values"
KINDS = {
    PRODUCTS: ("Conv", "FusedConv", "ConvTranspose", "MatMul", "FusedMatMul", "Gemm", "FusedGemm"),
    MOVING: (
        "Transpose", "Split", "Slice", "Concat", "Reshape", "Unsqueeze", "Squeeze", "Gather", "GatherElements", "Pad",
        "Expand", "Identity", "Shape", "ReorderInput", "ReorderOutput",
    ),
}  # fmt: skip
RUNS = 60


def graph_shares(path: Path, noise_size: int) -> dict[str, float]:
    """Which part of the time of a model file's graph its kinds of nodes take, by the profiler of ONNX Runtime: medians
    of each node over RUNS calls of TOGETHER kicks. Nothing for a file that ONNX Runtime does not play."""
    if path.suffix != ".onnx":
        return {}
    import onnxruntime

    with tempfile.TemporaryDirectory() as folder:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.enable_profiling, options.profile_file_prefix = True, f"{folder}/nodes"
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        feed = {one.name: np.zeros((TOGETHER, *one.shape[1:]), np.float32) for one in session.get_inputs()}
        feed["eps"] = normal(range(TOGETHER), noise_size)
        for _ in range(RUNS):
            session.run(None, feed)
        events = json.loads(Path(session.end_profiling()).read_bytes())
    taken: dict[tuple[str, str], list[float]] = defaultdict(list)
    for event in events:
        if event.get("cat") == "Node" and event["name"].endswith("_kernel_time"):
            taken[event["name"], event["args"]["op_name"]].append(event["dur"])
    shares = dict.fromkeys((PRODUCTS, BY_ELEMENT, MOVING), 0.0)
    for (_, operator), durations in taken.items():
        kind = next((kind for kind, operators in KINDS.items() if operator in operators), BY_ELEMENT)
        shares[kind] += statistics.median(durations)
    return {kind: share / sum(shares.values()) for kind, share in shares.items()}


def beside_the_graph(model: Model, times: int = 9) -> dict[str, float]:
    """Processor time in ms, median of `times`, of what one kick needs beside its graph, and of opening the model."""
    kicks = list(generate_kicks(range(BLOCK_ROWS), model, threads=1))
    waves, form = np.stack([kick.channels.mean(axis=0) for kick in kicks]), SoundFormat()
    files = [encode_kick(kick.recipe, kick.channels, form)[1] for kick in kicks]
    with tempfile.TemporaryDirectory() as folder:

        def write() -> None:
            fresh = Path(tempfile.mkdtemp(dir=folder))
            for number, data in enumerate(files):
                write_whole(fresh / f"{number}.wav", data)

        def encode() -> None:
            for kick in kicks:
                encode_kick(kick.recipe, kick.channels, form)

        found = {
            "its card without loudness, in a block": _cpu_ms(lambda: cards(waves, threads=1, loudness=False), times),
            "packing its WAV": _cpu_ms(encode, times),
            "writing its file": _cpu_ms(write, times),
        }
    found = {what: ms / BLOCK_ROWS for what, ms in found.items()}
    if model.path is not None:
        path = model.path
        found["opening the model, once"] = _cpu_ms(lambda: load_model(path), times)
    return found


def _cpu_ms(use: Callable[[], object], times: int) -> float:
    taken = []
    for _ in range(times):
        used = time.process_time()
        use()
        taken.append(1000 * (time.process_time() - used))
    return statistics.median(taken)
