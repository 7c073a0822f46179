"""Zip archives: what is in one, and the bytes of a member, which is only ever read into memory."""

from __future__ import annotations

import copy
import functools
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from kickitout.errors import UserError

try:
    import inflate64
except ImportError:  # of a system without a wheel: such members are refused
    inflate64 = None  # type: ignore[assignment]

MAX_MEMBER = 64 * 2**20  # bytes: 30 s of 24-bit, 192 kHz stereo are 33 MB
MAX_RATIO = 200  # unpacked over packed: sound halves, silence shrinks a thousandfold and is small; a bomb is neither
SMALL_MEMBER = 8 * 2**20  # bytes: below this no ratio is suspicious
MAX_MEMBERS = 50_000  # files in an archive
UTF8_NAME = 0x800  # a flag
DEFLATE64 = 9  # what Windows Explorer packs large files with; Python's zipfile does not read it
READ_AT_ONCE = 4096  # bytes; LZMA packs 7000 to 1 at most, so 29 MB come of them
INFLATED_AT_ONCE = 512  # packed bytes of Deflate64, which packs 26,000 to 1 at most: 13 MB
READ_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
METHODS = {
    DEFLATE64: "Deflate64 (Windows Explorer's for large files)",
    93: "Zstandard",
    95: "XZ",
    97: "WavPack",
    98: "PPMd",
    99: "AES encryption",
}


class Member(NamedTuple):
    """entry: its place in the archive's directory, since two members may have one name. parts: of its path."""

    entry: int
    parts: tuple[str, ...]
    method: int

    @property
    def refusal(self) -> str:
        """Why it cannot be unpacked here; "" where it can."""
        if self.method in READ_METHODS or (self.method == DEFLATE64 and inflate64 is not None):
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
        size, packed = max(member.file_size, member.compress_size), max(1, member.compress_size)
        if size > MAX_MEMBER:
            raise UserError(f"{name}: {size / 2**20:.0f} MB; up to {MAX_MEMBER // 2**20} MB work in a zip")
        if size > SMALL_MEMBER and size / packed > MAX_RATIO:
            raise UserError(f"{name}: packed {size // packed} to 1, like a zip bomb; unpack it first")
        return _unpacked(archive, member)
    except (UserError, OSError):
        raise
    except Exception as e:  # what an unpacker may raise of bytes from outside is no closed list
        raise UserError(f"{name}: damaged inside the archive ({lower(e)}); download it again") from e


def _unpacked(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """A member's bytes, in little more memory than the archive says they need: a header may lie. Raises what `zipfile`
    raises."""
    method, most = member.compress_type, member.file_size + 1
    if method not in (DEFLATE64, zipfile.ZIP_BZIP2):
        with archive.open(member) as file:
            return b"".join(iter(functools.partial(file.read, READ_AT_ONCE), b""))
    packed = copy.copy(member)  # read as if it were stored: zipfile finds its bytes and hands them over as they are
    packed.compress_type, packed.file_size = zipfile.ZIP_STORED, member.compress_size
    del packed.CRC  # of the unpacked bytes
    raw = archive.read(packed)
    data = _unpacked_bzip2(raw, most) if method == zipfile.ZIP_BZIP2 else _inflated64(raw, most)
    if len(data) != member.file_size or zlib.crc32(data) != member.CRC:
        raise zipfile.BadZipFile(f"Bad CRC-32 for file {member.filename!r}")
    return data


def _unpacked_bzip2(raw: bytes, most: int) -> bytes:
    import bz2  # here: there are Pythons without it

    try:
        return bz2.BZ2Decompressor().decompress(raw, most)
    except OSError as error:  # not of the disk
        raise zipfile.BadZipFile(str(error)) from error


def _inflated64(raw: bytes, most: int) -> bytes:
    """What Deflate64 has packed, up to a little more than `most` bytes."""
    data, inflater = bytearray(), inflate64.Inflater()
    for start in range(0, len(raw), INFLATED_AT_ONCE):
        data += inflater.inflate(raw[start : start + INFLATED_AT_ONCE])
        if len(data) >= most:
            break
    return bytes(data)


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


def lower(error: Exception | str) -> str:
    """Words, or those of an exception, as part of a sentence."""
    text = (getattr(error, "strerror", None) or str(error) or type(error).__name__).strip("'\"").rstrip(".")
    return text[:1].lower() + text[1:]
