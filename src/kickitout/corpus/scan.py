"""Folders, files and .zip archives -> an ordered list of sound files, with everything that was left out counted.

The order depends on names alone. Nothing is decoded here, and zip members are only ever read into memory.
"""

from __future__ import annotations

import csv
import functools
import io
import os
import stat
import zipfile
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from kickitout.errors import UserError
from kickitout.files import explain_os_error

WAVS = (".wav", ".wave", ".bwf", ".rf64", ".w64")
READ = frozenset((*WAVS, ".flac", ".aif", ".aiff", ".aifc", ".ogg", ".oga", ".opus", ".mp3", ".caf", ".au", ".snd"))
CONVERT = "convert it to WAV or FLAC"
UNPACK = "unpack it first; only .zip is opened"
REFUSED = {
    **dict.fromkeys((".m4a", ".aac", ".mp4"), f"AAC is not read; {CONVERT}"),
    **dict.fromkeys((".wma", ".ape", ".wv", ".mpc", ".ac3", ".mka", ".webm", ".amr"), f"not read; {CONVERT}"),
    **dict.fromkeys((".rx2", ".rex", ".sf2", ".sfz", ".nki", ".adg"), "an instrument, not a sound; export its WAVs"),
    **dict.fromkeys((".7z", ".rar", ".tar", ".gz", ".tgz", ".bz2", ".xz"), UNPACK),
}
MAX_MEMBER = 64 * 2**20  # bytes: 30 s of 24-bit, 192 kHz stereo are 33 MB
MAX_RATIO = 200  # unpacked over packed: sound halves, silence shrinks a thousandfold and is small; a bomb is neither
SMALL_MEMBER = 8 * 2**20  # bytes: below this no ratio is suspicious
MAX_MEMBERS = 50_000  # files in an archive
UNSTATED = "unstated"


@dataclass(frozen=True)
class Candidate:
    """A file that may be a sound. name: for display, from the given folder on; member: its path inside a zip."""

    name: str
    path: Path
    member: str | None = None
    source: str = UNSTATED
    licence: str = UNSTATED

    def open(self) -> io.BufferedReader | io.BytesIO:
        """Its bytes as a seekable file. Raises UserError, which begins with `name`, when they cannot be had."""
        try:
            return io.BytesIO(_read_member(self)) if self.member else open(self.path, "rb")
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
    stated: dict[str, tuple[str, str]] = field(default_factory=dict)  # path -> source, licence


def scan(paths: Sequence[str | os.PathLike[str]] | str | os.PathLike[str]) -> Scan:
    """List the sound files of folders (nested, links followed once), of .zip archives, and files given by name.

    Raises UserError for a path that is missing, may not be listed, or holds no sound file at all.
    """
    given = [Path(paths)] if isinstance(paths, str | os.PathLike) else [Path(p) for p in paths]
    if not given:
        raise UserError("no folder was given; name a folder of kicks, a .zip or sound files")
    total = _Walk()
    used: set[str] = set()
    for path in given:
        walk = _Walk(seen=total.seen)
        try:
            info = path.stat()
            if not stat.S_ISDIR(info.st_mode):
                _file(walk, path, _unique(_shown(path.name), used), info.st_mode)
            elif (info.st_dev, info.st_ino) in total.seen:
                total.warnings.append(f"{path}: read already as part of another folder")
                continue
            else:
                _folder(walk, path, _unique(_shown(path.resolve().name) or "root", used), top=True)
        except OSError as error:
            if isinstance(error, PermissionError):
                raise UserError(f"{path}: permission denied; make it readable and try again") from error
            raise explain_os_error(error, path) from error
        if not walk.candidates:
            raise UserError(_nothing(path, walk))
        total.candidates += walk.candidates
        total.refused += walk.refused
        total.ignored += walk.ignored
        total.warnings += walk.warnings
    ignored = dict(sorted(total.ignored.items()))
    return Scan(tuple(total.candidates), tuple(total.refused), ignored, tuple(total.warnings))


def _folder(walk: _Walk, folder: Path, name: str, *, top: bool = False) -> None:
    info = folder.stat()
    if (info.st_dev, info.st_ino) in walk.seen:
        return  # a symbolic link back up, or a second way to the same folder
    walk.seen.add((info.st_dev, info.st_ino))
    try:
        entries = sorted(os.listdir(folder))
    except OSError as error:
        if top:
            raise
        walk.refused.append(Refused(name, f"the folder cannot be listed ({(error.strerror or '').lower()})"))
        return
    _read_index(walk, folder, name, entries)
    for entry in entries:
        path, shown = folder / entry, f"{name}/{_shown(entry)}"
        if entry.startswith(".") or entry in ("__MACOSX", "index.csv"):
            continue
        try:
            mode = path.stat().st_mode
            if stat.S_ISDIR(mode):
                _folder(walk, path, shown)
            else:
                _file(walk, path, shown, mode)
        except OSError as error:
            reason = str(explain_os_error(error, shown)).removeprefix(f"{shown}: ")
            walk.refused.append(Refused(shown, f"a broken link: {reason}" if path.is_symlink() else reason))


def _file(walk: _Walk, path: Path, name: str, mode: int) -> None:
    suffix = path.suffix.lower()
    if not stat.S_ISREG(mode):  # opening a pipe would wait for ever
        walk.refused.append(Refused(name, "not a regular file"))
    elif suffix == ".zip":
        _archive(walk, path, name)
    else:
        source, licence = walk.stated.get(os.path.normpath(path), (UNSTATED, UNSTATED))
        _take(walk, suffix, Candidate(name, path, None, source, licence))


def _take(walk: _Walk, suffix: str, candidate: Candidate) -> None:
    if suffix in READ:
        walk.candidates.append(candidate)
    elif suffix in REFUSED:
        walk.refused.append(Refused(candidate.name, REFUSED[suffix]))
    else:
        walk.ignored[suffix or "(none)"] += 1


def _archive(walk: _Walk, path: Path, name: str) -> None:
    try:
        members = _opened(path, *_stamp(path)).infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError, UnicodeDecodeError) as error:
        walk.refused.append(Refused(name, f"not a readable zip archive ({_lower(error)}); download it again"))
        return
    if len(members) > MAX_MEMBERS:
        walk.refused.append(Refused(name, f"{len(members)} files in one archive; up to {MAX_MEMBERS} work"))
        return
    for member in sorted(members, key=lambda m: m.filename):
        parts = PurePosixPath(member.filename.replace("\\", "/")).parts
        if member.is_dir() or any((part.startswith(".") and part != "..") or part == "__MACOSX" for part in parts):
            continue
        suffix = PurePosixPath(parts[-1]).suffix.lower() if parts else ""
        shown = f"{name}/{_shown('/'.join(parts))}"
        if suffix == ".zip":
            walk.refused.append(Refused(shown, "an archive within an archive; unpack it first"))
        else:
            _take(walk, suffix, Candidate(shown, path, member.filename))


def _read_member(candidate: Candidate) -> bytes:
    """The bytes of a zip member, refused before unpacking when they would be too many."""
    name, path = candidate.name, candidate.path
    try:
        archive = _opened(path, *_stamp(path))
        member = archive.getinfo(candidate.member or "")
        if member.flag_bits & 0x1:
            raise UserError(f"{name}: encrypted; unpack the archive with its password first")
        packed = max(1, member.compress_size)
        if member.file_size > MAX_MEMBER:
            raise UserError(f"{name}: {member.file_size / 2**20:.0f} MB; up to {MAX_MEMBER // 2**20} MB work in a zip")
        if member.file_size > SMALL_MEMBER and member.file_size / packed > MAX_RATIO:
            raise UserError(f"{name}: packed {member.file_size // packed} to 1, like a zip bomb; unpack it first")
        with archive.open(member) as file:
            data = file.read(MAX_MEMBER + 1)  # a header may lie
    except (zipfile.BadZipFile, zlib.error, KeyError, NotImplementedError, RuntimeError, EOFError, ValueError) as error:
        raise UserError(f"{name}: damaged inside the archive ({_lower(error)}); download it again") from error
    if len(data) > MAX_MEMBER:
        raise UserError(f"{name}: larger than its archive says; unpack it first")
    return data


@functools.lru_cache(maxsize=1)  # members are read in order: parse an archive's directory once, not once a member
def _opened(path: Path, modified_ns: int, size: int) -> zipfile.ZipFile:
    return zipfile.ZipFile(path)


def _stamp(path: Path) -> tuple[int, int]:
    info = path.stat()
    return info.st_mtime_ns, info.st_size


def _read_index(walk: _Walk, folder: Path, name: str, entries: list[str]) -> None:
    """Sources and licences of a folder's files from its index.csv (columns file, source, licence), if it has one."""
    if "index.csv" not in entries:
        return
    try:
        with open(folder / "index.csv", encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file, strict=True)
            if "file" not in (rows.fieldnames or ()):
                raise ValueError("no column named file")
            stated = {
                os.path.normpath(folder / row["file"]): (row.get("source") or UNSTATED, row.get("licence") or UNSTATED)
                for row in rows
                if row["file"]
            }
    except (OSError, ValueError, csv.Error) as error:
        walk.warnings.append(f"{name}/index.csv: ignored, {_lower(error)}; sources and licences stay unstated")
    else:
        walk.stated.update(stated)


def _nothing(path: Path, walk: _Walk) -> str:
    """Why a path gave nothing to learn from."""
    if walk.refused:
        first = walk.refused[0]
        return f"{path}: no sound file that can be read, {len(walk.refused)} refused; {first.name}: {first.reason}"
    if walk.ignored:
        kinds = ", ".join(f"{count} {suffix}" for suffix, count in walk.ignored.most_common(3))
        return f"{path}: no sound files ({kinds}); WAV, FLAC, AIFF, OGG and MP3 are read"
    return f"{path}: empty; give a folder with kicks as WAV, FLAC, AIFF, OGG or MP3"


def _unique(name: str, used: set[str]) -> str:
    """`name`, or "name (2)" when another given path is called the same."""
    shown, n = name, 1
    while shown in used:
        n += 1
        shown = f"{name} ({n})"
    used.add(shown)
    return shown


def _shown(name: str) -> str:
    """A file name that can be printed and stored: undecodable bytes and control characters become �."""
    text = os.fsencode(name).decode("utf-8", "replace")
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _lower(error: Exception) -> str:
    """An exception's own words, as part of a sentence."""
    text = (getattr(error, "strerror", None) or str(error) or type(error).__name__).strip("'\"").rstrip(".")
    return text[:1].lower() + text[1:]
