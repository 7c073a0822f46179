"""From what a user names to a model that can be played."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

from kickitout.errors import UserError
from kickitout.files import explain_os_error
from kickitout.generation.model import METADATA_KEY, Model
from kickitout.generation.onnx_backend import OnnxModel
from kickitout.package import package_folder

DEFAULT = "default"
LARGEST_HEAD = 10 * 2**20  # bytes
NOTICE_SUFFIX = ".NOTICE.txt"  # in place of a model file's
IN_A_RUN = ("model.onnx", "model.safetensors")


def load_model(name: str | Path | Model = DEFAULT) -> Model:
    """The model called "default", in a model file (.onnx, .safetensors), or in a run folder; a loaded one as it is.

    Its metadata is `info`: name, channels, controls, what it learned from. Raises UserError when there is none, or when
    it cannot be played here.

    >>> load_model().info.channels
    1
    """
    if not isinstance(name, (str, Path)):
        return name
    if str(name) == DEFAULT:
        return _default()
    path = find_model_file(Path(name))
    return OnnxModel(path) if path.suffix == ".onnx" else _with_torch(path)


def find_model_file(path: Path) -> Path:
    """The model file called "default", at a path, or in the run folder there. Raises UserError when there is none."""
    if str(path) == DEFAULT and not path.exists():
        return package_folder("model_files") / "default.onnx"
    if path.is_dir():
        found = [path / part for part in IN_A_RUN if (path / part).exists()]
        if not found and (path / "config.json").exists():
            raise UserError(f"{path}: a run without a finished model yet; the `kick train` that began it goes on")
        if not found:
            raise UserError(f"{path}: there is no finished model in this folder; `kick train` leaves a model.onnx")
        return found[0]
    if not path.exists():
        raise UserError(f"{path}: there is no such model; give a model file, a run folder, or '{DEFAULT}'")
    if path.suffix not in (".onnx", ".safetensors"):
        raise UserError(f"{path}: not a model file; models end in .onnx or .safetensors")
    return path


def has_model(run: Path) -> bool:
    """Whether a finished model lies in a run folder."""
    return any((run / name).exists() for name in IN_A_RUN)


def notice_file(model: Path) -> Path:
    """Where the NOTICE of a model file is, if it has one."""
    return model.with_suffix(NOTICE_SUFFIX)


def notice_of(model: Path | None) -> str:
    """What lies beside a model file as its NOTICE.txt: of the sounds that it learned from, whose licences ask for it.

    "" where there is none. Raises UserError for one that cannot be read.
    """
    path = None if model is None else notice_file(model)
    try:
        return path.read_text("utf-8", "replace") if path is not None and path.is_file() else ""
    except OSError as error:
        raise explain_os_error(error, str(path)) from error


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
            "make train-env in the checkout, or train a recipe that keeps the phase (dcgan-bands, dcgan-stft)"
        ) from error
    from kickitout.generation.torch_backend import load_torch_model

    return load_torch_model(path)


def _metadata(path: Path) -> dict[str, Any]:
    """What is written at the head of a safetensors file, read without torch; {} where there is nothing of the kind."""
    try:
        with open(path, "rb") as file:
            size = int.from_bytes(file.read(8), "little")
            head = json.loads(file.read(size)) if size <= LARGEST_HEAD else {}
    except OSError as error:
        raise explain_os_error(error, path) from error
    except (ValueError, RecursionError):
        return {}
    found = head.get("__metadata__", {}) if isinstance(head, dict) else {}
    return found if isinstance(found, dict) else {}
