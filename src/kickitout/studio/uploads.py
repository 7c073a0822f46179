"""Folders of sounds that the page sends, file by file, into the studio's folder: nowhere else, and not without end."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from pathlib import Path

from kickitout.errors import UserError, count
from kickitout.files import OF_DEVICES, left_by_others, make_folder, names_in, write_whole
from kickitout.suffixes import REFUSED_FILES, SOUND_FILES

MOST_FILES = 5000
MOST_BYTES = 2 * 2**30
DEEPEST = 12  # folders in folders
LONGEST_PART = 120  # characters of a file's or a folder's name
LONGEST_NAME = 60
TAKEN = frozenset({*SOUND_FILES, *REFUSED_FILES, ".csv", ".zip"})  # what is no sound has its reason


def free_name(wanted: str, taken: Sequence[str]) -> str:
    """A name of a folder like the one that is wanted, that is not taken.

    >>> free_name("My Kicks!", ["My-Kicks"]), free_name("../..", [])
    ('My-Kicks-2', 'kicks')
    """
    clean = re.sub(r"[^\w-]+", "-", wanted).strip("-_")[:LONGEST_NAME].rstrip("-_")
    clean = "kicks" if not clean or OF_DEVICES.fullmatch(clean) else clean
    there = {name.lower() for name in taken}
    number, name = 1, clean
    while name.lower() in there:
        number += 1
        name = f"{clean}-{number}"
    return name


def inner_path(said: str) -> Path:
    """A path of a file within its folder, as a page says it. Raises UserError for one that leads out of there, and for
    a file that nothing learns from.

    >>> inner_path("808/kick 1.wav").as_posix()
    '808/kick 1.wav'
    """
    parts = said.split("/")
    bad = any(
        not part.strip(" .") or len(part) > LONGEST_PART or not part.isprintable() or re.search(r'[\\:*?"<>|]', part)
        or left_by_others(part) or OF_DEVICES.fullmatch(part)
        for part in parts
    )  # fmt: skip
    if bad or len(parts) > DEEPEST:
        raise UserError(f"{said[:120]}: no name that a file in a folder can have here; rename it")
    path = Path(*parts)
    if path.suffix.lower() not in TAKEN:
        raise UserError(f"{said[:120]}: no sound; WAV, FLAC, AIFF, OGG, MP3, zip files and an index.csv are taken")
    return path


class Uploads:
    """A new folder that is being filled."""

    def __init__(self, folder: Path) -> None:
        if names_in(folder):
            raise UserError(f"{folder}: holds sounds already; drop the folder again, and it gets another name")
        self.folder = make_folder(folder)
        self.sizes: dict[Path, int] = {}
        self._lock = threading.Lock()

    def put(self, said: str, data: bytes) -> None:
        """One file; several may come at once. Raises UserError for a path that `inner_path` refuses, when it is too
        much, and where it cannot be written."""
        path = inner_path(said)
        with self._lock:
            before = self.sizes.get(path)
            self._refuse_too_much(path, len(data))
            self.sizes[path] = len(data)  # from now on it counts, though it is still to be written
        try:
            make_folder((self.folder / path).parent)
            write_whole(self.folder / path, data)
        except UserError:
            with self._lock:
                self.sizes.pop(path)
                self.sizes |= {} if before is None else {path: before}
            raise

    def _refuse_too_much(self, path: Path, size: int) -> None:
        most = ""
        if path not in self.sizes and len(self.sizes) >= MOST_FILES:
            most = f"{count(MOST_FILES, 'file')} can be"
        if sum(self.sizes.values()) - self.sizes.get(path, 0) + size > MOST_BYTES:
            most = f"{MOST_BYTES >> 30} GB can be"
        if most:
            raise UserError(f"{self.folder.name}: no more than {most} taken; `kick train` takes a folder of any size")
