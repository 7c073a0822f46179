"""The chunks of WAV and AIFF files, and the comment that one of them may hold."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from typing import BinaryIO


def chunks(file: BinaryIO) -> Iterator[tuple[bytes, int, int]]:
    """(name, offset of the content, promised size) of each chunk of a WAV or AIFF; nothing for other files."""
    end = file.seek(0, os.SEEK_END)
    file.seek(0)
    head = file.read(12)
    order = {b"RIFF": "<", b"RF64": "<", b"RIFX": ">", b"FORM": ">"}.get(head[:4])
    if order is None or len(head) < 12:
        return
    at = 12
    while at + 8 <= end:
        file.seek(at)
        kind, size = struct.unpack(f"{order}4sI", file.read(8))
        yield kind, at + 8, size
        at += 8 + size + size % 2  # chunks start at even offsets


def is_chunk(file: BinaryIO, at: int) -> bool:
    """Whether a known chunk begins here, so that a data chunk of size 0 before it was really empty."""
    file.seek(at)
    return file.read(4) in (b"LIST", b"id3 ", b"ID3 ", b"bext", b"smpl", b"cue ", b"fact", b"PEAK", b"inst", b"iXML")


def info_comment(content: bytes) -> str | None:
    """The ICMT entry of a LIST chunk of type INFO: UTF-8, zero-terminated."""
    at = 4
    while content[:4] == b"INFO" and at + 8 <= len(content):
        kind, size = struct.unpack("<4sI", content[at : at + 8])
        if kind == b"ICMT":
            return content[at + 8 : at + 8 + size].rstrip(b"\0").decode("utf-8", "replace") or None
        at += 8 + size + size % 2
    return None
