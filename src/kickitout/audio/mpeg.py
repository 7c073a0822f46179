"""MPEG audio (MP3): the frames in a file's bytes, without the tags around them.

A frame is a header of 4 bytes and coded sound; its length follows from the header (ISO/IEC 11172-3, 2.4.3.1). Encoders
put a frame without sound first that says how many follow: Xing or Info (LAME), or VBRI (Fraunhofer). Tags are ID3v2 at
the front, ID3v1, APE and Lyrics3 at the end.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from typing import NamedTuple

BITRATES = {  # (MPEG 1?, layer) -> kbit/s by index; 0 is "free format"
    (True, 1): (0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
MPEG_RATES = {
    3: (44_100, 48_000, 32_000),
    2: (22_050, 24_000, 16_000),
    0: (11_025, 12_000, 8_000),
}  # version bits -> Hz
SAME_BITS = 0xFFFE0C00  # bits of a header that all frames of a stream share: sync, version, layer, rate
XING_FRAMES, XING_BYTES = 1, 2  # flags of a Xing frame
MOST_JUNK = 1 << 16  # bytes of junk before the first frame


class Header(NamedTuple):
    """word: the 4 bytes; rate: Hz; size: bytes of the frame, 0 for "free format"; samples: a channel."""

    word: int
    rate: int
    channels: int
    size: int
    samples: int
    info_at: int  # where a Xing frame says so, from the frame's begin


class Info(NamedTuple):
    """What the first frame says. frames, bytes: of the stream, or None; frames_at: offset of the count.

    trims: whether it says how many samples at both ends are the encoder's (LAME's extension).
    """

    kind: str  # "Xing", "Info" or "VBRI"
    frames: int | None
    bytes: int | None
    frames_at: int
    trims: bool


@dataclass(frozen=True)
class Stream:
    """frames: (begin, end) of each whole frame with sound. info: (begin, end) of the frame without, and what it says.

    cut: bytes that the last frame lacks; that one is not among the frames. skipped: bytes between frames that are none.
    """

    header: Header
    frames: list[tuple[int, int]]
    info_frame: tuple[int, int] | None
    info: Info | None
    cut: int
    skipped: int

    @property
    def length(self) -> int:
        """Samples that all frames hold, before a decoder takes away what the encoder added."""
        return len(self.frames) * self.header.samples


def header_at(data: bytes, at: int) -> Header | None:
    """The frame header at an offset, or None."""
    if at + 4 > len(data) or data[at] != 0xFF or data[at + 1] & 0xE0 != 0xE0:
        return None
    word = int.from_bytes(data[at : at + 4], "big")
    version, layer = word >> 19 & 3, 4 - (word >> 17 & 3)
    index, rate_index, padding, mono = word >> 12 & 15, word >> 10 & 3, word >> 9 & 1, word >> 6 & 3 == 3
    if version == 1 or layer == 4 or index == 15 or rate_index == 3:
        return None
    first = version == 3  # MPEG 1
    rate, bits = MPEG_RATES[version][rate_index], 1000 * BITRATES[first, layer][index]
    if layer == 1:
        samples, size = 384, (12 * bits // rate + padding) * 4
    else:
        samples = 1152 if first or layer == 2 else 576
        size = samples // 8 * bits // rate + padding
    side = (17 if mono else 32) if first else (9 if mono else 17)
    return Header(word, rate, 1 if mono else 2, size if bits else 0, samples, 4 + side)


def stream_in(data: bytes) -> Stream | None:
    """The MPEG frames in a file's bytes; None where there are none. Tags in front, behind and between are left out."""
    at = skip_id3(data)
    end = len(data) - tags_behind(data)
    header = header_at(data, at)
    size = 0 if header is None else header.size or _free_size(data, at, header)
    if header is None or not _goes_on(data, at, size, header, end):
        at = _sync(data, at, None, min(end, at + MOST_JUNK), end)
        header = None if at < 0 else header_at(data, at)
        size = 0 if header is None else header.size
    if header is None or not size:
        return None
    first, free = header, 0 if header.size else size - (header.word >> 9 & 1)
    frames: list[tuple[int, int]] = []
    cut = skipped = 0
    while at + 4 <= end:
        found = header_at(data, at)
        if found is not None and not (found.size or free):  # damaged: no size, in a stream of sizes
            found = None
        if found is None or found.word & SAME_BITS != first.word & SAME_BITS:
            tag = skip_id3(data, at)
            after = tag if tag > at else _sync(data, at + 1, first, end, end)
            if after < 0:
                break
            skipped += 0 if tag > at else after - at
            at = after
            continue
        size = found.size or free + (found.word >> 9 & 1)
        if at + size > end:
            cut = at + size - end
            break
        frames.append((at, at + size))
        at += size
    if not frames:
        return None
    info = info_in(data[slice(*frames[0])], first)
    return Stream(first, frames[1:] if info else frames, frames[0] if info else None, info, cut, skipped)


def info_in(frame: bytes, header: Header) -> Info | None:
    """What a first frame without sound says: Xing, Info or VBRI; None for a frame with sound."""
    kind = frame[header.info_at : header.info_at + 4]
    if kind in (b"Xing", b"Info") and len(frame) >= header.info_at + 16:
        flags, first, second = struct.unpack_from(">III", frame, header.info_at + 4)
        frames = first if flags & XING_FRAMES else None
        size = (second if flags & XING_FRAMES else first) if flags & XING_BYTES else None
        trims = any(frame[header.info_at + 120 : header.info_at + 121])
        return Info(kind.decode(), frames, size, header.info_at + 8, trims)
    if frame[36:40] == b"VBRI" and len(frame) >= 54:
        size, frames = struct.unpack_from(">II", frame, 46)
        return Info("VBRI", frames, size, 50, False)
    return None


def info_frame(header: Header, frames: int) -> bytes:
    """A frame without sound that says how many with sound follow: what decoders take a stream's length from."""
    word = header.word | 1 << 16  # no checksum
    for index in range(1, 15):  # the smallest that holds the count
        word = word & ~(0xF << 12 | 1 << 9) | index << 12
        made = header_at(word.to_bytes(4, "big"), 0)
        if made is not None and made.size >= made.info_at + 16:
            said = b"Xing" + struct.pack(">II", XING_FRAMES, frames)
            return (word.to_bytes(4, "big") + bytes(made.info_at - 4) + said).ljust(made.size, b"\0")
    raise AssertionError("no bitrate holds 12 bytes")


def restated(frame: bytes, info: Info, frames: int, size: int) -> bytes:
    """A frame without sound that says how many follow it, of `size` bytes together; all else in it stays."""
    made = bytearray(frame)
    struct.pack_into(">I", made, info.frames_at, frames)
    if info.bytes is not None:
        bytes_at = info.frames_at + (-4 if info.kind == "VBRI" else 4)
        struct.pack_into(">I", made, bytes_at, len(frame) + size)
    return bytes(made)


def skip_id3(data: bytes, at: int = 0) -> int:
    """The offset behind ID3v2 tags, one after the other, and the zeros that some writers leave after them."""
    begin = at
    while data[at : at + 3] == b"ID3" and len(data) >= at + 10 and max(data[at + 6 : at + 10]) < 0x80:
        size = data[at + 6] << 21 | data[at + 7] << 14 | data[at + 8] << 7 | data[at + 9]
        at += 10 + size + (10 if data[at + 5] & 0x10 else 0)  # with a footer
    if at > begin:
        at += len(data[at : at + MOST_JUNK]) - len(data[at : at + MOST_JUNK].lstrip(b"\0"))
    return at


def tags_behind(data: bytes) -> int:
    """How many bytes at the end are tags: ID3v1, APE, Lyrics3 and ID3v2.4, in any order."""
    end = len(data)
    while True:
        if data[max(0, end - 128) : max(0, end - 128) + 3] == b"TAG" and end >= 128:
            end -= 128
        elif data[max(0, end - 227) : max(0, end - 227) + 4] == b"TAG+" and end >= 227:  # the extension of ID3v1
            end -= 227
        elif data[max(0, end - 32) : max(0, end - 32) + 8] == b"APETAGEX" and end >= 32:
            size, _, flags = struct.unpack_from("<III", data, end - 20)
            whole = size + (32 if flags & 1 << 31 else 0)
            if not 32 <= whole <= end:  # damaged: a tag holds its own footer at least
                return len(data) - end
            end -= whole
        elif data[max(0, end - 9) : end] == b"LYRICS200" and data[end - 15 : end - 9].isdigit():
            end -= min(end, 15 + int(data[end - 15 : end - 9]))
        elif data[max(0, end - 10) : max(0, end - 10) + 3] == b"3DI" and end >= 20:
            size = data[end - 4] << 21 | data[end - 3] << 14 | data[end - 2] << 7 | data[end - 1]
            end -= min(end, size + 20)
        else:
            return len(data) - end


def _goes_on(data: bytes, at: int, size: int, header: Header, end: int) -> bool:
    """Whether another frame of the stream, or the end, follows the one at `at`."""
    if not size:
        return False
    after = at + size
    found = header_at(data, after)
    return after == end or (found is not None and found.word & SAME_BITS == header.word & SAME_BITS)


def _sync(data: bytes, at: int, like: Header | None, until: int, end: int) -> int:
    """Where the next frame begins, that is like a known one and has another behind it; -1 where none does."""
    for found in re.compile(rb"\xff[\xe0-\xff]").finditer(data, at, until):
        header = header_at(data, found.start())
        if header is None or (like is not None and header.word & SAME_BITS != like.word & SAME_BITS):
            continue
        if _goes_on(data, found.start(), header.size, header, end):
            return found.start()
    return -1


def _free_size(data: bytes, at: int, header: Header) -> int:
    """The size of a frame of free format: as far as to the next one that is alike; 0 where there is none."""
    for found in re.compile(rb"\xff[\xe0-\xff]").finditer(data, at + 4, at + 8192):
        other = header_at(data, found.start())
        if other is not None and other.size == 0 and other.word & SAME_BITS == header.word & SAME_BITS:
            return found.start() - at
    return 0
