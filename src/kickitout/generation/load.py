"""From what a user names to a model that can be played."""

from __future__ import annotations

import functools
import json
from os import PathLike
from pathlib import Path
from typing import Any

from kickitout.errors import UserError
from kickitout.files import explain_os_error
from kickitout.generation.model import METADATA_KEY, Model, check_size
from kickitout.generation.onnx_backend import OnnxModel
from kickitout.models.files import DEFAULT, find_model_file

LARGEST_HEAD = 10 * 2**20  # bytes


def load_model(name: str | PathLike[str] | Model = DEFAULT) -> Model:
    """The model called "default", in a model file (.onnx, .safetensors), or in a run folder; a loaded one as it is.

    Its metadata is `info`: name, channels, controls, what it learned from. A file is opened anew by each call, so who
    calls often loads it once. Raises UserError when there is none, or when it cannot be played here.

    >>> load_model().info.channels
    1
    """
    if not isinstance(name, str | PathLike):
        if not hasattr(name, "info"):
            raise UserError(f"model {name!r}: give a model file, a run folder, '{DEFAULT}', or a loaded model")
        return name
    if str(name) == DEFAULT:
        return _default()
    path = find_model_file(Path(name))
    return OnnxModel(path) if path.suffix == ".onnx" else _with_torch(path)


@functools.cache
def _default() -> OnnxModel:
    return OnnxModel(find_model_file(Path(DEFAULT)))


def _with_torch(path: Path) -> Model:
    if METADATA_KEY not in _metadata(path):
        raise UserError(f"{path}: not a finished model, perhaps a checkpoint of training; give the run's folder")
    try:
        import torch  # noqa: F401
    except ImportError as error:
        raise UserError(
            f"{path}: this model's representation has no phase, and rebuilding it needs PyTorch: "
            "make train-env in the checkout, or train a config that keeps the phase (dcgan-bands, dcgan-stft)"
        ) from error
    from kickitout.generation.torch_backend import load_torch_model

    return load_torch_model(path)


def _metadata(path: Path) -> dict[str, Any]:
    """What is written at the head of a safetensors file, read without torch; {} where there is nothing of the kind."""
    try:
        check_size(path)
        with open(path, "rb") as file:
            size = int.from_bytes(file.read(8), "little")
            head = json.loads(file.read(size)) if size <= LARGEST_HEAD else {}
    except OSError as error:
        raise explain_os_error(error, path) from error
    except (ValueError, RecursionError):
        return {}
    found = head.get("__metadata__", {}) if isinstance(head, dict) else {}
    return found if isinstance(found, dict) else {}
