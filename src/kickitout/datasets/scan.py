"""Folders, files and .zip archives -> an ordered list of sound files, with everything that was left out counted.

The order depends on names alone. Nothing is decoded here, and zip members are only ever read into memory.
"""

from __future__ import annotations

import io
import os
import posixpath
import stat
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from kickitout.datasets.archives import list_members, lower, read_member
from kickitout.datasets.stated import UNSTATED, IndexRow, Stated, assign, is_index, read_rows
from kickitout.errors import UserError, printable
from kickitout.files import as_paths, explain_os_error, is_special, left_by_others, read_regular
from kickitout.suffixes import REFUSED_FILES, SOUND_FILES, TEXT_INSTRUMENTS


@dataclass(frozen=True)
class Candidate:
    """A file that may be a sound. name: for display, from the given folder on, and its alone; member: its path inside a
    zip; entry: its place there."""

    name: str
    path: Path
    member: str | None = None
    source: str = UNSTATED
    licence: str = UNSTATED
    entry: int = -1

    def open(self) -> io.BufferedReader | io.BytesIO:
        """Its bytes as a seekable file. Raises UserError, which begins with `name`, when they cannot be had."""
        try:
            if self.member is not None:
                return io.BytesIO(read_member(self.path, self.entry, self.name))
            if is_special(self.path):
                raise UserError(f"{self.name}: not a regular file")
            return open(self.path, "rb")
        except OSError as error:
            if isinstance(error, PermissionError):
                raise UserError(f"{self.name}: permission denied; make it readable and try again") from error
            raise explain_os_error(error, self.name) from error


@dataclass(frozen=True)
class Refused:
    """A file that was not taken, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class Scan:
    """candidates in order; refused: files that look like sounds but cannot be read; ignored: suffix -> files."""

    candidates: tuple[Candidate, ...]
    refused: tuple[Refused, ...]
    ignored: dict[str, int]
    warnings: tuple[str, ...]


@dataclass
class _Walk:
    """What is known while the folders are walked."""

    candidates: list[Candidate] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    ignored: Counter[str] = field(default_factory=Counter)
    warnings: list[str] = field(default_factory=list)
    seen: set[tuple[int, int]] = field(default_factory=set)  # (device, inode) of each folder
    used: dict[str, int] = field(default_factory=dict)  # names of candidates, and how many wanted each
    files: set[str] = field(default_factory=set)  # the path of each
    paths: dict[str, str] = field(default_factory=dict)  # a candidate's name -> its path
    archives: list[str] = field(default_factory=list)  # their paths
    rows: list[IndexRow] = field(default_factory=list)  # of every index.csv
    folder: bool = False  # a folder was given, and not a file


def scan(paths: Sequence[str | os.PathLike[str]] | str | os.PathLike[str]) -> Scan:
    """List the sound files of folders (nested, links followed once), of .zip archives, and files given by name.

    Raises UserError for a path that is missing, may not be listed, or holds no sound file at all.
    """
    given = as_paths(paths)
    if not given:
        raise UserError("no folder was given; name a folder of kicks, a .zip or sound files")
    total = _Walk()
    used: dict[str, int] = {}
    for path in given:
        walk = _Walk(seen=total.seen, used=total.used)
        try:
            info = path.stat()
            if not stat.S_ISDIR(info.st_mode):
                _read_index_beside(walk, path)
                _file(walk, path, _unique(_shown_name(path.name), used), info.st_mode)
            elif (info.st_dev, info.st_ino) in total.seen:
                total.warnings.append(f"{path}: read already as part of another folder")
                continue
            else:
                walk.folder = True
                _walk_folder(walk, path, _unique(_shown_name(path.resolve().name) or "root", used))
        except OSError as error:
            if isinstance(error, PermissionError):
                raise UserError(f"{path}: permission denied; make it readable and try again") from error
            raise explain_os_error(error, path) from error
        if not walk.candidates:
            raise UserError(_nothing(path, walk))
        total.candidates += _with_stated(walk)
        total.refused += walk.refused
        total.ignored += walk.ignored
        total.warnings += walk.warnings
    ignored = dict(sorted(total.ignored.items()))
    return Scan(tuple(total.candidates), tuple(total.refused), ignored, tuple(total.warnings))


def _walk_folder(walk: _Walk, top: Path, name: str) -> None:
    """All below a folder, in the order of names; without recursion, which a deep tree would exhaust."""
    open_folders = [iter(_entries(walk, top, name, top=True))]
    while open_folders:
        path, shown = next(open_folders[-1], (None, ""))
        if path is None:
            open_folders.pop()
            continue
        try:
            mode = path.stat().st_mode
            if stat.S_ISDIR(mode):
                open_folders.append(iter(_entries(walk, path, shown)))
            else:
                _file(walk, path, shown, mode)
        except OSError as error:
            reason = str(explain_os_error(error, shown)).removeprefix(f"{shown}: ")
            walk.refused.append(Refused(shown, f"a broken link: {reason}" if path.is_symlink() else reason))


def _entries(walk: _Walk, folder: Path, name: str, *, top: bool = False) -> list[tuple[Path, str]]:
    """What is to be looked at in a folder, with names to be shown; its index is read first."""
    info = folder.stat()
    if (info.st_dev, info.st_ino) in walk.seen:
        return []  # a symbolic link back up, or a second way to the same folder
    walk.seen.add((info.st_dev, info.st_ino))
    try:
        entries = sorted(os.listdir(folder))
    except OSError as error:
        if top:
            raise
        walk.refused.append(Refused(name, f"the folder cannot be listed ({(error.strerror or '').lower()})"))
        return []
    for entry in filter(is_index, entries):
        path = folder / entry
        _read_index(walk, Candidate(f"{name}/{entry}", path), _text(path))
    kept = (entry for entry in entries if not left_by_others(entry) and not is_index(entry))
    return [(folder / entry, f"{name}/{_shown_name(entry)}") for entry in kept]


def _file(walk: _Walk, path: Path, name: str, mode: int) -> None:
    if not stat.S_ISREG(mode):  # opening a pipe would wait for ever
        walk.refused.append(Refused(name, "not a regular file"))
    elif path.suffix.lower() == ".zip":
        _archive(walk, path, name)
    else:
        _take_candidate(walk, _text(path), Candidate(name, path))


def _take_candidate(walk: _Walk, key: str, candidate: Candidate) -> None:
    """Sort a file among the candidates, the refused and the ignored. key: its path, that of its archive before it."""
    suffix = PurePosixPath(key).suffix.lower()
    walk.files.add(key)
    if suffix in SOUND_FILES:
        walk.candidates.append(replace(candidate, name=_unique(candidate.name, walk.used, suffix)))
        walk.paths[walk.candidates[-1].name] = key
    elif suffix in REFUSED_FILES and not (suffix in TEXT_INSTRUMENTS and (walk.folder or candidate.member)):
        walk.refused.append(Refused(candidate.name, REFUSED_FILES[suffix]))
    else:
        walk.ignored[suffix or "(none)"] += 1


def _archive(walk: _Walk, path: Path, name: str) -> None:
    key = _text(path)
    walk.archives.append(key)
    try:
        members = list_members(path)
    except UserError as error:
        walk.refused.append(Refused(name, str(error)))
        return
    for member in members:
        if any(left_by_others(part) for part in member.parts if part != ".."):
            continue
        inside = "/".join(member.parts)
        shown = f"{name}/{printable(inside)}"
        suffix = PurePosixPath(inside).suffix.lower()
        candidate = Candidate(shown, path, inside, entry=member.entry)
        if is_index(member.parts[-1]):
            _read_index(walk, candidate, f"{key}/{inside}")
        elif suffix == ".zip":
            walk.refused.append(Refused(shown, "an archive within an archive; unpack it first"))
        elif suffix in SOUND_FILES and member.refusal:
            walk.refused.append(Refused(shown, member.refusal))
        else:
            _take_candidate(walk, f"{key}/{inside}", candidate)


def _read_index(walk: _Walk, index: Candidate, key: str) -> None:
    """The rows of an index, in a folder or in an archive. key: its path."""
    try:
        with index.open() as file:
            walk.rows += read_rows(file.read(), posixpath.dirname(key), index.name)
    except (OSError, UserError, ValueError) as error:
        _warn_of_index(walk, index.name, error)


def _warn_of_index(walk: _Walk, name: str, error: Exception) -> None:
    why = lower(error).removeprefix(f"{lower(name)}: ")
    warning = f"{name}: ignored, {why}; sources and licences stay unstated"
    if warning not in walk.warnings:  # of each file beside it
        walk.warnings.append(warning)


def _read_index_beside(walk: _Walk, path: Path) -> None:
    """What the index in the folder of a file that was given by name says of it; its other rows are of no concern."""
    rows: list[IndexRow] = []
    try:
        beside = [entry for entry in os.listdir(path.parent) if is_index(entry)]
    except OSError:
        return
    for entry in beside:
        index = path.parent / entry
        try:
            rows += read_rows(read_regular(index), _text(path.parent), "")
        except (OSError, UserError, ValueError) as error:
            _warn_of_index(walk, _shown_name(str(index)), error)
    key = _text(path)
    stated, _ = assign(rows, [key])
    if key in stated:
        walk.rows.append(IndexRow(key, stated[key], "", 0))


def _with_stated(walk: _Walk) -> list[Candidate]:
    """The candidates with what is stated of them; rows that name no file become warnings."""
    stated, warnings = assign(walk.rows, walk.files, walk.archives)
    walk.warnings += warnings
    found = [(candidate, stated.get(walk.paths[candidate.name], Stated())) for candidate in walk.candidates]
    return [replace(candidate, source=what.source, licence=what.licence) for candidate, what in found]


def _nothing(path: Path, walk: _Walk) -> str:
    """Why a path gave nothing to learn from."""
    if walk.refused:
        first = walk.refused[0]
        return f"{path}: no sound file that can be read, {len(walk.refused)} refused; {first.name}: {first.reason}"
    if walk.ignored:
        kinds = ", ".join(f"{count} {suffix}" for suffix, count in walk.ignored.most_common(3))
        return f"{path}: no sound files ({kinds}); WAV, FLAC, AIFF, OGG and MP3 are read"
    return f"{path}: empty; give a folder with kicks as WAV, FLAC, AIFF, OGG or MP3"


def _unique(name: str, used: dict[str, int], suffix: str = "") -> str:
    """`name`, or "name (2)" when something else is called the same. suffix: stays at the end."""
    shown, n = name, used.get(name, 0)
    stem = name[: len(name) - len(suffix)]
    while shown in used:
        n += 1
        shown = f"{stem} ({n}){name[len(stem) :]}"
    used[name] = max(1, n)  # the next of this name begins there
    used[shown] = used.get(shown, 1)
    return shown


def _text(path: Path) -> str:
    """A path as text, whatever letters this system's locale has: names are UTF-8 nearly everywhere."""
    return posixpath.normpath(os.fsencode(path).decode("utf-8", "surrogateescape").replace(os.sep, "/"))


def _shown_name(name: str) -> str:
    """A file's name that can be printed and stored: undecodable bytes and control characters become �."""
    return printable(os.fsencode(name).decode("utf-8", "replace"))
