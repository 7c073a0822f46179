"""The weights of a finished model as the beginning of a run.

The graphs keep the weights under their names (`kickitout.export.model_file`), so any KickAE model that can be played
can be trained on, without a file of its own for that.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from kickitout.errors import UserError
from kickitout.export.model_file import SHORT
from kickitout.generation.graph import read_graph
from kickitout.generation.invert import find_encoder
from kickitout.generation.load import load_model
from kickitout.models.files import find_model_file
from kickitout.models.kickae.encoder import AutoEncoder

SCALE = ("decoder.body.middle", "decoder.body.spread")  # no weights, but what the weights take contours to be
SIDE = ("decoder.side.", "encoder.by_side.")  # what a mono model has nothing of


def known_of(name: str | Path) -> dict[str, Any]:
    """What a model that a run begins with says of itself: name, digest, step, and what it learned from."""
    model = load_model(name)
    info = model.info
    return {"model": info.name, "sha256": model.digest, "step": info.step, "dataset": info.dataset}


def load_start(network: AutoEncoder, name: str | Path) -> None:
    """Fill an auto-encoder with the weights of a model file that has its encoder beside it. Raises UserError."""
    path = find_model_file(Path(name))
    if path.suffix != ".onnx":
        raise UserError(f"{path}: it can be played, but a run can't begin with it; KickAE models (.onnx) can")
    found = {f"decoder.{key}": value for key, value in _tables(path, "generator.").items()}
    found |= {f"encoder.{key}": value for key, value in _tables(find_encoder(name), "encoder.").items()}
    known = "decoder.side.to_levels.weight" in found  # a mono model begins a stereo one, whose side is new
    wanted = dict(network.named_parameters()) | {key: network.get_buffer(key) for key in SCALE}
    with torch.no_grad():
        for key, into in wanted.items():
            if key.startswith(SIDE) and not known:
                continue
            value = found.get(key)
            if value is None or value.shape != into.shape:
                has = "nothing" if value is None else f"{list(value.shape)}"
                raise UserError(
                    f"{path}: begins nothing here, {key} is {list(into.shape)} in the config and {has} in the model; "
                    "use the model's own sizes, or begin afresh: start=none"
                )
            into.copy_(value)
    network.decoder.body.settle()


def _tables(path: Path, prefix: str) -> dict[str, Tensor]:
    """The tables of a graph whose names begin with `prefix`, without it, as float32."""
    import onnx
    from onnx import numpy_helper

    try:
        graph = onnx.load_model_from_string(read_graph(path)).graph
    except Exception as error:  # a damaged file; protobuf raises types of its own
        raise UserError(f"{path}: damaged or incomplete ONNX; export the model again") from error
    return {
        tensor.name.removeprefix(prefix).removesuffix(SHORT): _as_tensor(numpy_helper.to_array(tensor))
        for tensor in graph.initializer
        if tensor.name.startswith(prefix)
    }


def _as_tensor(values: np.ndarray[Any, Any]) -> Tensor:
    return torch.from_numpy(np.array(values, np.float32))
