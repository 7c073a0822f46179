"""The chunks of WAV, AIFF, W64 and CAF files, wherever they begin, and the comment that one of them may hold."""

from __future__ import annotations

import io
import os
import re
import struct
from collections.abc import Iterator
from typing import BinaryIO

ORDERS = {b"RIFF": "<", b"RF64": "<", b"BW64": "<", b"RIFX": ">", b"FORM": ">"}  # magic number -> byte order
BEHIND = re.compile(  # chunks that stand behind the samples
    rb"LIST|id3 |ID3 |bext|smpl|cue |fact|PEAK|inst|iXML|acid|JUNK|junk|PAD |FLLR|plst|strc|cart|_PMX|axml|"
    rb"COMM|MARK|INST|APPL|NAME|AUTH|ANNO|CHAN|LGWV|ResU|minf|elm1|elmo|umid|afsp|logi|basc|trns|cate|DISP|levl|chna|slnt|dbmd|SAUR|AFAn"
)


class Spliced(io.RawIOBase):
    """A file to read that is made of bytes and of ranges (begin, end) of another file, one after the other."""

    def __init__(self, file: BinaryIO, *pieces: bytes | tuple[int, int]) -> None:
        self._file, self._at = file, 0
        self._pieces: list[tuple[int, int, bytes | int]] = []  # begin, end, bytes or where they are in the file
        end = 0
        for piece in pieces:
            size = len(piece) if isinstance(piece, bytes) else piece[1] - piece[0]
            self._pieces.append((end, end + size, piece if isinstance(piece, bytes) else piece[0]))
            end += size
        self._end = end

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        at = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._end}[whence]
        if at < 0:
            raise ValueError("before the beginning")
        self._at = at
        return at

    def readinto(self, buffer: object) -> int:
        out = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        done = 0
        for begin, end, source in self._pieces:
            if not begin <= self._at < end or done == len(out):
                continue
            size = min(end - self._at, len(out) - done)
            at = self._at - begin
            if isinstance(source, bytes):
                part = source[at : at + size]
            else:
                self._file.seek(source + at)
                part = self._file.read(size)
            out[done : done + len(part)] = part
            done, self._at = done + len(part), self._at + len(part)
        return done


def spliced(file: BinaryIO, *pieces: bytes | tuple[int, int]) -> BinaryIO:
    """A `Spliced` that is quick to read in small parts, as headers are."""
    return io.BufferedReader(Spliced(file, *pieces))


def read_at(file: BinaryIO, at: int, size: int = -1) -> bytes:
    file.seek(at)
    return file.read(size)


def chunks(file: BinaryIO, begin: int = 0) -> Iterator[tuple[bytes, int, int]]:
    """(name, offset of the content, promised size) of each chunk of a WAV, AIFF, W64 or CAF that begins at an offset.

    Nothing for other files. Sizes are as they stand there: they may reach beyond the file.
    """
    end = file.seek(0, os.SEEK_END)
    head = read_at(file, begin, 12)
    if head[:4] == b"riff":
        yield from _wide_chunks(file, begin + 40, end, "<16sQ")
    elif head[:4] == b"caff":
        yield from _wide_chunks(file, begin + 8, end, ">4sQ")
    elif head[:4] in ORDERS and len(head) == 12:
        yield from _chunks(file, begin + 12, end, ORDERS[head[:4]])


def _chunks(file: BinaryIO, at: int, end: int, order: str) -> Iterator[tuple[bytes, int, int]]:
    while at + 8 <= end:
        kind, size = struct.unpack(f"{order}4sI", read_at(file, at, 8))
        yield kind, at + 8, size
        at += 8 + size
        if size % 2 and not _unpadded(file, at):  # chunks start at even offsets
            at += 1


def _unpadded(file: BinaryIO, at: int) -> bool:
    """Whether a chunk follows an odd one at once, without the byte that belongs between them."""
    following = read_at(file, at, 5)
    return following[:1] != b"\0" and is_name(following[:4]) and not is_name(following[1:5])


def _wide_chunks(file: BinaryIO, at: int, end: int, layout: str) -> Iterator[tuple[bytes, int, int]]:
    """Chunks with sizes of 64 bits: of W64, where a size counts its own 24 bytes, or of CAF."""
    head = struct.calcsize(layout)
    while at + head <= end:
        kind, size = struct.unpack(layout, read_at(file, at, head))
        inside = max(0, size - head) if head == 24 and size else size
        yield kind[:4], at + head, inside
        at += head + inside
        if head == 24:
            at += -inside % 8


def is_name(name: bytes) -> bool:
    """Whether four bytes look like the name of a chunk."""
    return len(name) == 4 and all(32 <= byte < 127 for byte in name) and any(byte >= 65 for byte in name)


def riff_head(kind: bytes, size: int, order: str = "<") -> bytes:
    """What stands before `size` bytes of content."""
    return struct.pack(f"{order}4sI", kind, size)


def riff_chunk(kind: bytes, content: bytes, order: str = "<") -> bytes:
    return riff_head(kind, len(content), order) + content + b"\0" * (len(content) % 2)


def chunk_near(file: BinaryIO, at: int, end: int, reach: int = 64) -> int | None:
    """Where one of the chunks that stand behind the samples begins, at an offset or shortly after it."""
    found = BEHIND.search(read_at(file, at, min(reach + 4, max(0, end - at))))
    return at + found.start() if found else None


def info_comment(content: bytes) -> str | None:
    """The ICMT entry of a LIST chunk of type INFO: UTF-8, zero-terminated."""
    at = 4
    while content[:4] == b"INFO" and at + 8 <= len(content):
        kind, size = struct.unpack("<4sI", content[at : at + 8])
        if kind == b"ICMT":
            return content[at + 8 : at + 8 + size].rstrip(b"\0").decode("utf-8", "replace") or None
        at += 8 + size + size % 2
    return None
