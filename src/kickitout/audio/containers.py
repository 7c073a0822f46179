"""Where the samples lie in a sound file, whatever its header says of their size.

libsndfile takes a header at its word: it reads what is there of a file that was cut short, and nothing of one that says
0. Here each container is looked through first, from behind the tags and the junk before it; what comes out is a file of
the same samples under a header that is right. One that promises clearly more than there is is refused as truncated; a
promise that is off by a few bytes, as many writers make it, is a note.
"""

from __future__ import annotations

import io
import os
import re
import struct
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import BinaryIO

from kickitout.audio import mpeg, ogg
from kickitout.audio.chunks import chunk_near, chunks, is_name, read_at, riff_chunk, riff_head, spliced
from kickitout.errors import UserError
from kickitout.suffixes import UNPACK

STREAMED = 0x7FFFF000  # data sizes from here up (and 0) mean "not known when the header was written": ffmpeg, sox pipes
STREAMED_64 = 1 << 62  # the same where sizes have 64 bits
SLIP = 64  # bytes: a promise that is further off is no slip of a writer but a file that was cut
LAME, LAMES_DELAY = b"LAME3", 576  # its name, in whatever a frame has left over; samples it puts in front of the sound
TAR, TAR_AT = b"ustar", 257  # the name of the format, and where each tar file has it
SEARCHED = 1 << 16  # bytes in which a container is sought behind junk
LARGEST_WHOLE = 256 * 2**20  # bytes that are read at once: 30 s of stereo float64 at 192 kHz are 88 MiB, of MP3 two
MAGIC = re.compile(
    rb"RIFF....WAVE|RIFX....WAVE|RF64....WAVE|BW64....WAVE|FORM....AIF[FC]|riff\x2e\x91\xcf\x11|caff\0\x01\0|"
    rb"fLaC[\0\x80]\0\0\x22|OggS\0|\.snd\0\0..|dns\...\0\0",
    re.DOTALL,
)
MPEG_TAGS = (0x50, 0x55)  # formats of a WAV that holds MPEG frames
PLAIN_AIFC = (b"NONE", b"twos", b"sowt", b"in24", b"in32", b"fl32", b"FL32", b"fl64", b"FL64", b"raw ")  # of AIFC


@dataclass(frozen=True)
class Contents:
    """file: the samples under a header that is right. container: its name, where libsndfile would give another.

    promised: samples a channel that the header says, where only decoding tells how many there are. filling: how many
    at the begin are the encoder's own, and at the end may be, where no header says it. notes: what was mended, one
    sentence each without the file's name.
    """

    file: BinaryIO
    container: str | None = None
    promised: int | None = None
    filling: tuple[int, int] = (0, 0)
    notes: tuple[str, ...] = ()


def find_contents(file: BinaryIO, name: str) -> Contents:
    """Look through a seekable file. Raises UserError, which begins with `name`, for one that was cut short."""
    end = file.seek(0, os.SEEK_END)
    if end == 0:
        raise UserError(f"{name}: an empty file (0 bytes); copy or download it again")
    begin, magic = find_begin(file)
    if magic[:4] in (b"RIFF", b"RIFX", b"RF64", b"BW64", b"riff"):
        return _wave_samples(file, begin, end, name, magic[:4])
    if magic[:4] == b"FORM":
        return _aiff(file, begin, end, name)
    if magic[:4] == b"caff":
        return _caf(file, begin, end, name)
    if magic[:4] in (b".snd", b"dns."):
        return _au(file, begin, end, name, ">" if magic[:1] == b"." else "<")
    if magic[:4] == b"fLaC":
        return _flac(file, begin, end)
    if magic[:4] == b"OggS":
        return _ogg(file, begin, end, name)
    data = read_whole(file, 0, end, name)
    stream = mpeg.stream_in(data)
    return Contents(spliced(file, (begin, end))) if stream is None else _mpeg(data, stream, name)


def read_whole(file: BinaryIO, begin: int, end: int, name: str) -> bytes:
    """The bytes from `begin` to `end`, for what can only be looked through as a whole. Raises UserError, which begins
    with `name`, before more is read than a short sound needs."""
    if end - begin > LARGEST_WHOLE:
        raise UserError(
            f"{name}: {(end - begin) / 2**20:.0f} MB; up to {LARGEST_WHOLE >> 20} MB of a sound are read: cut it first"
        )
    return read_at(file, begin, end - begin)


def refuse_archive(file: BinaryIO, name: str) -> None:
    """Raise UserError for a tar file: the first sound in it would be taken for all."""
    if read_at(file, TAR_AT, len(TAR)) == TAR:
        raise UserError(f"{name}: an archive, not a sound; {UNPACK}")


def find_begin(file: BinaryIO) -> tuple[int, bytes]:
    """Where the container begins, behind tags and junk, and its first bytes; (0, b"") where none is known."""
    head = read_at(file, 0, SEARCHED)
    if MAGIC.match(head):
        return 0, head[:12]
    behind = mpeg.skip_id3(head)
    if behind >= len(head):  # a picture in a tag
        behind = mpeg.skip_id3(read_at(file, 0, LARGEST_WHOLE))
    head = read_at(file, behind, SEARCHED)
    if mpeg.header_at(head, 0) is not None:  # a name within its sound is none
        return 0, b""
    found = MAGIC.search(head)
    return (behind + found.start(), found[0][:12]) if found else (0, b"")


def truncated(name: str, present: float, promised: float) -> UserError:
    """The one sentence for a file that was cut short."""
    share = present / promised
    lost = f"only {share:.0%} of its samples are there" if share < 0.995 else "the last of its samples are missing"
    return UserError(f"{name}: truncated, {lost}; copy or download it again")


def _fit_sizes(
    name: str, at: int, size: int, end: int, known: bool, unit: int = 1, slips: tuple[int, ...] = ()
) -> tuple[int, list[str]]:
    """Where samples end that begin at `at` and shall be `size` bytes, and what there is to say.

    known: whether the size was known when it was written. unit: bytes that are decoded together, 0 where that differs.
    slips: sizes that mean another part of the file.
    """
    if not known:
        return end, []
    missing = at + size - end
    if missing <= 0:
        return at + size, []
    lost = unit == 0 or (unit > SLIP and size // unit > (end - at) // unit)  # sound of a block, not of some samples
    if (missing > SLIP or lost) and size not in slips:
        raise truncated(name, end - at, size)
    return end, [f"its header promises {_bytes(missing)} of samples more than there are; all that are there are read"]


def _bytes(count: int) -> str:
    return f"{count} byte" if count == 1 else f"{count} bytes"


def _behind(file: BinaryIO, at: int, end: int, covers: bool) -> tuple[int, list[str]]:
    """Where samples really end, that should end at `at` before the file does. covers: the whole reaches further."""
    following = read_at(file, at, min(SLIP, end - at))
    if len(following) < 8 or not following.strip(b"\0") or following[:3] in (b"TAG", b"ID3", b"APE"):
        return at, []
    chunk = chunk_near(file, at, end)
    if chunk is not None:
        return (chunk, []) if chunk > at + 1 else (at, [])
    if is_name(following[:4]) or is_name(following[1:5]):
        return at, []
    if covers:
        return end, [f"its samples go on {_bytes(end - at)} longer than their size says; all that are there are read"]
    return at, [f"{_bytes(end - at)} behind its samples are not read"]


def _find_samples(
    file: BinaryIO, begin: int, samples: bytes, names: tuple[bytes, ...]
) -> tuple[tuple[int, int] | None, list[bytes]]:
    """Where the chunk of the samples lies and its size, and what the chunks of these names hold that stand before it,
    or until the first of them is there, which says what the samples are; b"" for one that is not."""
    place: tuple[int, int] | None = None
    found = dict.fromkeys(names, b"")
    for kind, at, size in chunks(file, begin):
        if kind == samples and place is None:
            place = at, size
        elif kind in found:
            found[kind] = read_at(file, at, min(size, 4096))
        if place and found[names[0]]:
            break
    return place, list(found.values())


def _wave_samples(file: BinaryIO, begin: int, end: int, name: str, magic: bytes) -> Contents:
    """WAV in all its kinds: the format, and the samples, as one plain WAV."""
    wide = magic == b"riff"
    place, described = _find_samples(file, begin, b"data", (b"fmt ", b"fact", b"ds64"))
    form, fact, ds64 = described
    if place is None or len(form) < 16:
        return Contents(spliced(file, (begin, end)))
    order = ">" if magic == b"RIFX" else "<"
    at, size = place
    whole = _whole_size(file, begin, wide, order)
    if size == 0xFFFFFFFF and len(ds64) >= 16:
        whole, size = struct.unpack_from("<QQ", ds64)
        known = 0 < size < STREAMED_64
    else:
        known = 0 < size < (STREAMED_64 if wide else STREAMED)
    if size == 0 and _is_empty(file, at, end):
        known = True
    unit = struct.unpack_from(f"{order}H", form, 12)[0] or 1
    until, notes = _fit_sizes(name, at, size, end, known, unit, (whole, whole + 8, end - begin))
    if until < end and size:
        until, more = _behind(file, until, end, covers=begin + 8 + whole >= end - 1)
        notes += more
    tag = struct.unpack_from(f"{order}H", form)[0]
    container = {b"RF64": "RF64", b"BW64": "RF64", b"riff": "W64"}.get(magic)
    if tag in MPEG_TAGS:
        data = read_whole(file, at, until, name)
        stream = mpeg.stream_in(data)
        if stream is not None:
            found = _mpeg(data, stream, name)
            return replace(found, container="WAV", notes=(*notes, *found.notes))
    size = min(until - at, STREAMED - 4096)  # what is longer is refused for it
    parts = [b"WAVE", riff_chunk(b"fmt ", form, order), riff_chunk(b"fact", fact, order) if fact and tag != 1 else b""]
    head = b"".join(parts) + riff_head(b"data", size, order)
    head = riff_head(b"RIFX" if order == ">" else b"RIFF", len(head) + size, order) + head
    return Contents(spliced(file, head, (at, at + size)), container, notes=tuple(notes))


def _whole_size(file: BinaryIO, begin: int, wide: bool, order: str) -> int:
    """What a WAV's first size says, of the bytes behind it."""
    if wide:
        return int.from_bytes(read_at(file, begin + 16, 8), "little") - 24
    return int.from_bytes(read_at(file, begin + 4, 4), "little" if order == "<" else "big")


def _is_empty(file: BinaryIO, at: int, end: int) -> bool:
    """Whether a size of 0 is meant: nothing follows, or another chunk does."""
    return end - at <= 8 or chunk_near(file, at, end, 0) is not None


def _aiff(file: BinaryIO, begin: int, end: int, name: str) -> Contents:
    """AIFF and AIFC: the format, and the samples, in one SSND of their size."""
    form = read_at(file, begin, 12)[8:12]
    place, (comm, version) = _find_samples(file, begin, b"SSND", (b"COMM", b"FVER"))
    if place is None or len(comm) < 18 or place[0] + 8 > end:
        return Contents(spliced(file, (begin, end)))
    at, size = place
    skipped, block = struct.unpack(">II", read_at(file, at, 8))
    channels, frames, bits = struct.unpack_from(">HIH", comm)
    whole = _whole_size(file, begin, False, ">")
    known = 8 < size < STREAMED or (size <= 8 and _is_empty(file, at + 8, end))
    plain = form == b"AIFF" or comm[18:22] in PLAIN_AIFC
    until, notes = _fit_sizes(name, at, size, end, known, 1 if plain else 34, (whole, whole + 8, end - begin))
    if until < end and size > 8:
        until, more = _behind(file, until, end, covers=begin + 8 + whole >= end - 1)
        notes += more
    width = channels * ((bits + 7) // 8)
    if plain and width:
        there = max(0, until - at - 8 - skipped) // width
        if there * width + SLIP < frames * width and frames < STREAMED:
            raise truncated(name, there, frames)
        comm = comm[:2] + struct.pack(">I", there) + comm[6:]
    head = form + (riff_chunk(b"FVER", version, ">") if version else b"") + riff_chunk(b"COMM", comm, ">")
    head += riff_head(b"SSND", until - at, ">") + struct.pack(">II", skipped, block)
    head = riff_head(b"FORM", len(head) + until - at - 8, ">") + head
    return Contents(spliced(file, head, (at + 8, until)), notes=tuple(notes))


def _caf(file: BinaryIO, begin: int, end: int, name: str) -> Contents:
    """CAF: only the size of the samples is mended, since what describes them may stand behind them."""
    packet = 1
    for kind, at, size in chunks(file, begin):
        if kind == b"desc" and size >= 32:
            packet = int.from_bytes(read_at(file, at + 16, 4), "big")
        if kind != b"data":
            continue
        until, notes = _fit_sizes(name, at, size, end, 0 < size < STREAMED_64, packet)
        mended = struct.pack(">Q", until - at)
        return Contents(spliced(file, (begin, at - 8), mended, (at, end)), notes=tuple(notes))
    return Contents(spliced(file, (begin, end)))


def _au(file: BinaryIO, begin: int, end: int, name: str, order: str) -> Contents:
    """AU: nothing stands behind the samples, so they reach to the end."""
    head = read_at(file, begin, 24)
    if len(head) < 24:
        return Contents(spliced(file, (begin, end)))
    offset, size = struct.unpack_from(f"{order}II", head, 4)
    at = begin + offset
    _, notes = _fit_sizes(name, at, size, end, 0 < size < STREAMED)
    if 0 < size < end - at - SLIP:
        notes.append(
            f"its samples go on {end - at - size} bytes longer than their size says; all that are there are read"
        )
    elif 0 < size < end - at:
        end = at + size
    mended = head[:8] + struct.pack(f"{order}I", max(0, end - at)) + head[12:]
    return Contents(spliced(file, mended, (begin + 24, end)), notes=tuple(notes))


def _flac(file: BinaryIO, begin: int, end: int) -> Contents:
    """FLAC: its header is told to know no length, so that it is decoded to its end; tags behind it are left out."""
    head = bytearray(read_at(file, begin, 42))
    if len(head) < 42:
        return Contents(spliced(file, (begin, end)))
    promised = int.from_bytes(head[21:26], "big") & 0xFFFFFFFFF
    head[21] &= 0xF0
    head[22:26] = bytes(4)
    end -= mpeg.tags_behind(read_at(file, max(begin, end - SEARCHED)))
    return Contents(spliced(file, bytes(head), (begin + len(head), end)), None, promised or None)


def _ogg(file: BinaryIO, begin: int, end: int, name: str) -> Contents:
    """Ogg has no length in its header; each page has its own, and the last one says that it is the last."""
    data = read_whole(file, begin, end, name)
    found = list(ogg.pages(data))
    ends = any(page.flags & ogg.LAST for page in found)
    if found and (found[-1].end > len(data) or (not ends and all(page.granule <= 0 for page in found))):
        raise UserError(f"{name}: truncated, its last page is cut; copy or download it again")
    notes = []
    last = {page.serial: page for page in found}
    missing, before = 0, dict[int, int]()
    for page in found:
        missing += max(0, page.sequence - before.get(page.serial, page.sequence) - 1)
        before[page.serial] = page.sequence
    if missing:
        raise UserError(f"{name}: damaged, {missing} of its pages are missing; copy or download it again")
    if any(not page.flags & ogg.LAST for page in last.values()):
        notes.append("none of its pages says that it is the last; it may be truncated")
    links = sum(bool(b.flags & ogg.FIRST and not a.flags & ogg.FIRST) for a, b in pairwise(found))
    if links:
        notes.append(f"holds {links + 1} streams one after the other; only the first is read")
    return Contents(io.BytesIO(data), notes=tuple(notes))


def _mpeg(data: bytes, stream: mpeg.Stream, name: str) -> Contents:
    """MPEG frames behind one that says how many they are: decoders guess a length where none does."""
    there, notes = len(stream.frames), []
    info = stream.info
    if info is not None and info.frames is not None and there + 1 < info.frames:
        raise truncated(name, there, info.frames)
    if stream.cut:
        notes.append(f"truncated in its last frame, which lacks {_bytes(stream.cut)}; what is before it is read")
    if stream.skipped:
        notes.append(f"{_bytes(stream.skipped)} between its frames belong to none and are not read")
    frames = b"".join(data[begin:end] for begin, end in stream.frames)
    if info is None or info.frames is None or stream.info_frame is None:
        head = mpeg.info_frame(stream.header, there)
    else:
        if info.frames < there:
            notes.append(f"its header promises {info.frames} frames and {there} are there; all are read")
        head = mpeg.restated(data[slice(*stream.info_frame)], info, there, len(frames))
    trimmed = info is not None and info.trims  # the decoder does it
    filling = (0, 0) if trimmed else (LAMES_DELAY if LAME in frames else 0, stream.header.samples)
    return Contents(io.BytesIO(head + frames), filling=filling, notes=tuple(notes))
