"""ONNX graphs, read, named and opened: one thread each, from bytes, and one sentence where that cannot be."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path
from typing import Any

from kickitout.errors import UserError
from kickitout.files import explain_os_error
from kickitout.generation.model import check_size
from kickitout.generation.wire import message
from kickitout.quiet import quiet_libraries

PLAYED = {7: "graph", 8: "opset_import", 25: "functions"}  # fields of an ONNX file that decide what it computes


def read_graph(path: Path) -> bytes:
    """The bytes of a model file. Raises UserError for one that is absent, unreadable or larger than any model."""
    try:
        check_size(path)
        return path.read_bytes()
    except OSError as error:
        raise explain_os_error(error, path) from error


def graph_identity(data: bytes, refusal: str) -> str:
    """sha256 of what an ONNX file computes: its graph with the weights, and the versions of its operators.

    Metadata and the program that wrote it are no part of it, so a model stays itself where something is noted in its
    file. Raises UserError(refusal) for bytes that are none.
    """
    found: dict[int, list[memoryview]] = {field: [] for field in PLAYED}
    try:
        for part in message(data):
            if part.field in PLAYED:
                found[part.field].append(part.whole)
    except ValueError as error:
        raise UserError(refusal) from error
    digest = hashlib.sha256()
    for whole in [whole for parts in found.values() for whole in parts]:
        digest.update(whole)
    return digest.hexdigest()


def open_graph(data: bytes, refusal: str) -> Any:
    """An onnxruntime.InferenceSession on one thread, safe to run from several. Raises UserError(refusal).

    From bytes: a graph that points to other files on the disk is refused instead of followed.
    """
    onnxruntime = _runtime()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4  # what goes wrong is said in the refusal
    try:
        # Without its fallback: it would print that it tries a damaged graph again.
        session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"], enable_fallback=0)
        # Names, sizes and metadata may be no text, which shows when they are read.
        _ = session.get_modelmeta().custom_metadata_map
        _ = [(value.name, value.shape) for value in (*session.get_inputs(), *session.get_outputs())]
        return session
    except Exception as error:  # onnxruntime raises types of its own, which share no base but Exception
        raise UserError(refusal) from error


def _runtime() -> Any:
    """The module onnxruntime, its telemetry off: it would keep a number of this machine in the user's home, and send
    what machine it is and what program runs there."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # before it is imported: afterwards that number is there already
    if "onnxruntime" not in sys.modules:
        with quiet_libraries():  # it looks for a GPU, and in a container it prints that it may not look
            import onnxruntime
    import onnxruntime

    onnxruntime.disable_telemetry_events()  # where a program has imported it before
    return onnxruntime


def run_graph(session: Any, feed: dict[str, Any], refusal: str) -> list[Any]:
    """All outputs. Raises UserError(refusal) where the graph fails: damage can show as late as here."""
    try:
        return session.run(None, feed)
    except Exception as error:  # see open_graph
        raise UserError(refusal) from error
