"""From what a user names to a model file, and what lies beside it. Opens nothing, and waits for no NumPy."""

from __future__ import annotations

from pathlib import Path

from kickitout.errors import UserError
from kickitout.files import explain_os_error
from kickitout.package import package_folder

DEFAULT = "default"
NOTICE_SUFFIX = ".NOTICE.txt"  # in place of a model file's
IN_A_RUN = ("model.onnx", "model.safetensors")


def find_model_file(path: Path) -> Path:
    """The model file called "default" (that of the package, always), at a path, or in the run folder there.

    Raises UserError when there is none.
    """
    if str(path) == DEFAULT:  # whatever lies in the working folder
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
