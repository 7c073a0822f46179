"""From what a user names to a model that can be played."""

from __future__ import annotations

import functools
from importlib.resources import files
from pathlib import Path

from kickitout.errors import UserError
from kickitout.generation.model import Model
from kickitout.generation.onnx_model import OnnxModel

DEFAULT = "default"
IN_A_RUN = ("model.onnx", "model.safetensors")


def load_model(name: str | Path = DEFAULT) -> Model:
    """The model called "default", in a model file (.onnx, .safetensors), or in a run folder.

    Raises UserError when there is none, or when it cannot be played here.
    """
    if str(name) == DEFAULT:
        return _default()
    path = find_model_file(Path(name))
    return OnnxModel(path) if path.suffix == ".onnx" else _with_torch(path)


def find_model_file(path: Path) -> Path:
    """The model file at a path, or in the run folder at a path. Raises UserError when there is none."""
    if path.is_dir():
        found = [path / part for part in IN_A_RUN if (path / part).exists()]
        if not found:
            raise UserError(f"{path}: there is no finished model in this folder; `kick train` leaves a model.onnx")
        return found[0]
    if not path.exists():
        raise UserError(f"{path}: there is no such model; give a model file, a run folder, or '{DEFAULT}'")
    if path.suffix not in (".onnx", ".safetensors"):
        raise UserError(f"{path}: not a model file; models end in .onnx or .safetensors")
    return path


@functools.cache
def _default() -> OnnxModel:
    return OnnxModel(Path(str(files("kickitout") / "model_files" / "default.onnx")))


def _with_torch(path: Path) -> Model:
    try:
        import torch  # noqa: F401
    except ImportError as error:
        raise UserError(
            f"{path}: this model's pictures have no phase, and rebuilding it needs PyTorch: "
            "pip install 'kickitout[train]', or train a recipe that keeps the phase (dcgan-bands, dcgan-stft)"
        ) from error
    from kickitout.generation.torch_model import load_torch_model

    return load_torch_model(path)
