"""Ogg: the pages of a file and the packets in them (RFC 3533). Vorbis, Opus and FLAC lie in packets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

CONTINUED, FIRST, LAST = 1, 2, 4  # flags of a page
HEAD = 27  # bytes before the table of segments


class OggPage(NamedTuple):
    """begin, body and end are offsets; segments: lengths of the pieces in the body; end: where the header puts it."""

    begin: int
    body: int
    end: int
    flags: int
    granule: int  # samples up to here, as the codec counts them; -1: no packet ends here
    serial: int  # of the logical stream
    sequence: int
    segments: bytes


def pages(data: bytes) -> Iterator[OggPage]:
    """Every page in order; the last one may end beyond the data. What lies between pages is passed over."""
    at = data.find(b"OggS")
    while at >= 0:
        count = data[at + 26] if at + HEAD <= len(data) else 0
        if at + HEAD + count > len(data):  # cut in its header
            yield OggPage(at, len(data), at + HEAD + count, 0, -1, 0, 0, b"")
            return
        if data[at + 4] != 0:  # another version than the one there is
            at = data.find(b"OggS", at + 1)
            continue
        segments = data[at + HEAD : at + HEAD + count]
        body = at + HEAD + count
        end = body + sum(segments)
        granule = int.from_bytes(data[at + 6 : at + 14], "little", signed=True)
        serial, sequence = (int.from_bytes(data[at + i : at + i + 4], "little") for i in (14, 18))
        yield OggPage(at, body, end, data[at + 5], granule, serial, sequence, segments)
        at = data.find(b"OggS", end)


def packets(data: bytes) -> Iterator[tuple[int, bytes]]:
    """(serial, packet) in order of their ends. The second packet of Vorbis and Opus holds the tags."""
    begun: dict[int, bytearray] = {}
    for page in pages(data):
        if page.end > len(data):
            return
        if not page.flags & CONTINUED:
            begun.pop(page.serial, None)
        at = page.body
        for size in page.segments:
            begun.setdefault(page.serial, bytearray()).extend(data[at : at + size])
            at += size
            if size < 255:
                yield page.serial, bytes(begun.pop(page.serial))
