"""Zip archives: what is in one, and the bytes of a member, which is only ever read into memory."""

from __future__ import annotations

import functools
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from kickitout.errors import UserError

MAX_MEMBER = 64 * 2**20  # bytes: 30 s of 24-bit, 192 kHz stereo are 33 MB
MAX_RATIO = 200  # unpacked over packed: sound halves, silence shrinks a thousandfold and is small; a bomb is neither
SMALL_MEMBER = 8 * 2**20  # bytes: below this no ratio is suspicious
MAX_MEMBERS = 50_000  # files in an archive
UTF8_NAME = 0x800  # a flag
READ_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
METHODS = {9: "Deflate64 (Windows Explorer's for large files)", 93: "Zstandard", 95: "XZ", 97: "WavPack", 98: "PPMd",
           99: "AES encryption"}  # fmt: skip


class Member(NamedTuple):
    """entry: its place in the archive's directory, since two members may have one name. parts: of its path."""

    entry: int
    parts: tuple[str, ...]
    method: int

    @property
    def refusal(self) -> str:
        """Why it cannot be unpacked here; "" where it can."""
        if self.method in READ_METHODS:
            return ""
        how = METHODS.get(self.method, f"method {self.method}")
        return f"packed with {how}, which is not read; unpack the archive first, or pack it again as a common zip"


def list_members(path: Path) -> list[Member]:
    """The files of an archive, ordered by name. Raises UserError (without a name) for one that cannot be read."""
    try:
        found = open_archive(path).infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError, UnicodeDecodeError) as error:
        raise UserError(f"not a readable zip archive ({lower(error)}); download it again") from error
    if len(found) > MAX_MEMBERS:
        raise UserError(f"{len(found)} files in one archive; up to {MAX_MEMBERS} work")
    listed = [
        Member(entry, PurePosixPath(_member_name(member).replace("\\", "/")).parts, member.compress_type)
        for entry, member in enumerate(found)
        if not member.is_dir()
    ]
    return sorted((member for member in listed if member.parts), key=lambda member: "/".join(member.parts))


def read_member(path: Path, entry: int, name: str) -> bytes:
    """The bytes of a member, refused before unpacking when they would be too many. name: begins every message."""
    try:
        archive = open_archive(path)
        member = archive.infolist()[entry]
        if member.flag_bits & 0x1:
            raise UserError(f"{name}: encrypted; unpack the archive with its password first")
        packed = max(1, member.compress_size)
        if member.file_size > MAX_MEMBER:
            raise UserError(f"{name}: {member.file_size / 2**20:.0f} MB; up to {MAX_MEMBER // 2**20} MB work in a zip")
        if member.file_size > SMALL_MEMBER and member.file_size / packed > MAX_RATIO:
            raise UserError(f"{name}: packed {member.file_size // packed} to 1, like a zip bomb; unpack it first")
        with archive.open(member) as file:
            data = file.read(MAX_MEMBER + 1)  # a header may lie
    except (zipfile.BadZipFile, zlib.error, LookupError, NotImplementedError, RuntimeError, EOFError, ValueError) as e:
        raise UserError(f"{name}: damaged inside the archive ({lower(e)}); download it again") from e
    if len(data) > MAX_MEMBER:
        raise UserError(f"{name}: larger than its archive says; unpack it first")
    return data


def open_archive(path: Path) -> zipfile.ZipFile:
    info = path.stat()
    return _open_kept(path, info.st_mtime_ns, info.st_size)


@functools.lru_cache(maxsize=1)  # members are read in order: parse an archive's directory once, not once a member
def _open_kept(path: Path, modified_ns: int, size: int) -> zipfile.ZipFile:
    return zipfile.ZipFile(path)


def _member_name(member: zipfile.ZipInfo) -> str:
    """A member's name. Packers that do not say so write UTF-8 as well (macOS), where the old rule is code page 437."""
    if not member.flag_bits & UTF8_NAME:
        try:
            return member.filename.encode("cp437").decode("utf-8")
        except UnicodeError:
            pass
    return member.filename


def lower(error: Exception) -> str:
    """An exception's own words, as part of a sentence."""
    text = (getattr(error, "strerror", None) or str(error) or type(error).__name__).strip("'\"").rstrip(".")
    return text[:1].lower() + text[1:]
