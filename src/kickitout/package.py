"""Folders of the package as folders on the disk, also where the package is in a zip on sys.path (zipapp, Spark)."""

from __future__ import annotations

import atexit
import contextlib
import functools
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

_HERE = Path(__file__).parent  # no folder where the package is in a zip
_mine: list[Path] = []
TRIES = 10  # to remove a folder that is being written to
UNPACKED = "KICKITOUT_UNPACKED"  # where the process that started this one has copied them to


def package_folder(name: str) -> Path:
    """A folder of the package: "model_files", "studio/page". Out of a zip it is copied once, until the end."""
    place = _HERE.joinpath(*name.split("/"))
    if place.is_dir():
        return place
    folder = _unpacked_folder() / name
    if not folder.exists():
        import tempfile
        from importlib.resources import files

        folder.parent.mkdir(parents=True, exist_ok=True)
        whole = Path(tempfile.mkdtemp(dir=folder.parent))  # renamed when whole: another thread may be as far
        _copy(files("kickitout").joinpath(*name.split("/")), whole)
        try:
            whole.rename(folder)
        except OSError:
            if not folder.exists():
                raise
            shutil.rmtree(whole, ignore_errors=True)
    return folder


def unpack_for_processes() -> None:
    """Have copies removed by this process and not by those it starts, which may end without a word."""
    if not _HERE.is_dir():
        _unpacked_folder()


@functools.cache
def _unpacked_folder() -> Path:
    known = os.environ.get(UNPACKED)
    if known and os.path.isdir(known):
        return Path(known)
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix="kickitout-"))
    atexit.register(remove_copies)
    os.environ[UNPACKED] = str(folder)
    _mine.append(folder)
    return folder


def remove_copies() -> None:
    """What this process has copied, and its passing folders: at its end, or before one that leaves no time."""
    while _mine:
        folder = _mine.pop()
        for _ in range(TRIES):  # a thread may be writing there
            shutil.rmtree(folder, ignore_errors=True)
            if not folder.exists():
                break


@contextlib.contextmanager
def passing_folder(prefix: str) -> Iterator[Path]:
    """A temporary folder for a block of code, which `remove_copies` removes as well: a thread is not waited for."""
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix=prefix))
    _mine.append(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        with contextlib.suppress(ValueError):  # removed already
            _mine.remove(folder)


def _copy(source: Traversable, to: Path) -> None:
    to.mkdir(exist_ok=True)
    for entry in source.iterdir():
        if entry.is_dir():
            _copy(entry, to / entry.name)
        else:
            (to / entry.name).write_bytes(entry.read_bytes())
