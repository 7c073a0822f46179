"""Folders of sounds that the page sends, file by file, into the studio's folder: nowhere else, and not without end."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from kickitout import frontend
from kickitout.errors import UserError, count
from kickitout.files import OF_DEVICES, left_by_others, make_folder, names_in, write_whole

MOST_FILES = 5000
MOST_BYTES = 2 * 2**30
DEEPEST = 12  # folders in folders
LONGEST_PART = 120  # characters of a file's or a folder's name
LONGEST_NAME = 60
TAKEN = frozenset({*frontend.SOUND_FILES, *frontend.REFUSED_FILES, ".csv", ".zip"})  # what is no sound has its reason


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

    def put(self, said: str, data: bytes) -> None:
        """One file. Raises UserError for a path that `inner_path` refuses, and when it is too much."""
        path = inner_path(said)
        more = sum(self.sizes.values()) - self.sizes.get(path, 0) + len(data)
        if path not in self.sizes and len(self.sizes) >= MOST_FILES:
            raise UserError(
                f"{self.folder.name}: {count(MOST_FILES, 'file')} are taken, and no more; "
                "`kick train` takes a folder of any size"
            )
        if more > MOST_BYTES:
            raise UserError(
                f"{self.folder.name}: {MOST_BYTES >> 30} GB are taken, and no more; "
                "`kick train` takes a folder of any size"
            )
        make_folder((self.folder / path).parent)
        write_whole(self.folder / path, data)
        self.sizes[path] = len(data)
