"""Sound files -> samples.

Every refusal is one `UserError` sentence that begins with the name of the file. Decoding is libsndfile's; what it takes
from a header is put right by `containers` first. That library is loaded when a file is read (`libsndfile`): it takes
longer to load than a kick to make.
"""

from __future__ import annotations

import errno
import io
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from kickitout.audio.chunks import chunks, info_comment, read_at
from kickitout.audio.containers import find_begin, find_contents, refuse_archive, truncated
from kickitout.audio.samples import Sound, whole_number_scale
from kickitout.errors import UserError
from kickitout.files import explain_os_error
from kickitout.suffixes import CONVERT_IT

if TYPE_CHECKING:
    from kickitout.audio.libsndfile import ForwardFile

MAX_SECONDS = 30.0  # a kick is a one-shot; longer files are loops, stems or songs
MIN_RATE, MAX_RATE = 8_000, 192_000  # Hz, inclusive
MAX_CHANNELS = 32
CONTAINERS = ("WAV", "WAVEX", "RF64", "W64", "FLAC", "AIFF", "OGG", "MP3", "CAF", "AU")  # magic numbers worth trusting
UNKNOWN_FRAMES = 2**60  # frames: libsndfile says "unknown" with a number near 2**63
LARGEST_COMMENT = 16 * 2**20  # bytes: a recipe with drawn curves has some thousand
OTHER_FILE = "not an audio file that is read; WAV, FLAC, AIFF, OGG and MP3 work"
NO_SOUND = (  # how a file begins that libsndfile cannot open, and what to say of it
    (rb"....ftyp|\xff[\xf1\xf9]", f"AAC (m4a, mp4) is not read; {CONVERT_IT}"),
    (
        rb"\0\x05\x16\x07",
        "what macOS keeps beside a file, not the sound; the file of the same name without ._ in front is it",
    ),
    (rb"\x1a\x45\xdf\xa3|RIFF....AVI ", f"a video (Matroska, WebM or AVI); {CONVERT_IT}, its sound alone"),
    (rb"\x30\x26\xb2\x75", f"WMA is not read; {CONVERT_IT}"),
    (
        rb"RIFF|RIFX|RF64|FORM|fLaC|OggS|ID3",
        f"damaged or truncated, or in a coding that is not read; copy it again, or {CONVERT_IT}",
    ),
    (rb"[\t\n\r\f -~]*\Z", "text, not audio; WAV, FLAC, AIFF, OGG and MP3 work"),
)


def read_sound(path: str | os.PathLike[str], *, longest: float = MAX_SECONDS) -> Sound:
    """Read WAV, FLAC, AIFF, OGG (Vorbis, Opus) or MP3. The duration is checked before anything is decoded.

    longest: seconds that are read at most; a longer file is refused.

    Raises UserError for a file that is missing, unreadable, damaged, truncated, too long, or not sound at all.
    """
    name = os.fspath(path)
    with open_for_reading(name) as file:
        return decode_sound(file, name, longest=longest)


def open_for_reading(path: str | os.PathLike[str]) -> BinaryIO:
    """Open a file's bytes; UserError in one sentence when the operating system refuses."""
    if Path(path).is_fifo():  # opening it would wait for a writer
        raise UserError(f"{os.fspath(path)}: a pipe, not a file; give a sound file")
    try:
        return open(path, "rb")
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EPERM):
            raise UserError(f"{os.fspath(path)}: permission denied; make it readable and try again") from error
        raise explain_os_error(error, path) from error


def decode_sound(data: bytes | BinaryIO, name: str, *, longest: float = MAX_SECONDS) -> Sound:
    """Bytes, or a seekable binary file, to a Sound. `name` begins every message. Raises UserError like `read_sound`."""
    try:
        return _decode(io.BytesIO(data) if isinstance(data, bytes) else data, name, longest)
    except OSError as error:  # a disk that fails in the middle
        raise explain_os_error(error, name) from error


def lossy(samples: np.ndarray, rate: int, container: str) -> np.ndarray:
    """samples [T] through "MP3" or "OGG" (Vorbis) of middling quality and back, float32 [T].

    What a codec puts before or behind is cut off, so the sound may be late by a part of a millisecond.
    """
    import soundfile

    buffer = io.BytesIO()
    soundfile.write(buffer, np.asarray(samples, np.float32), rate, format=container, compression_level=0.5)
    back = decode_sound(buffer.getvalue(), container).samples[:, 0]
    return np.pad(back, (0, max(0, len(samples) - len(back))))[: len(samples)]


def read_comment(path: str | os.PathLike[str]) -> str | None:
    """The comment that is stored in a sound file, or None. Raises UserError for a file that cannot be opened."""
    with open_for_reading(path) as file:
        return decode_comment(file, os.fspath(path))


def decode_comment(data: bytes | BinaryIO, name: str) -> str | None:
    """The comment in a sound file's bytes, as `read_comment` has it. name: begins the message."""
    from kickitout.audio.libsndfile import FAILURES, open_stream

    file = io.BytesIO(data) if isinstance(data, bytes) else data
    refuse_archive(file, name)
    for kind, at, size in chunks(file, find_begin(file)[0]):
        if kind == b"LIST":
            comment = info_comment(read_at(file, at, min(size, LARGEST_COMMENT)))
            if comment is not None:
                return comment
    try:
        with open_stream(find_contents(file, name).file) as sound:
            return sound.comment or None
    except FAILURES as error:
        raise UserError(f"{name}: {_why_not_sound(file)}") from error


def _decode(file: BinaryIO, name: str, longest: float) -> Sound:
    from kickitout.audio.libsndfile import FAILURES, READ_FRAMES, open_stream, read_to_end

    if Path(name).suffix.lower() == ".raw":
        raise UserError(f"{name}: raw samples without a header; {CONVERT_IT}")
    refuse_archive(file, name)
    contents = find_contents(file, name)
    try:
        with open_stream(contents.file) as sound:
            if sound.format not in CONTAINERS:
                raise UserError(f"{name}: {sound.format} files are not read; {CONVERT_IT}")
            promised = contents.promised or (0 if sound.frames >= UNKNOWN_FRAMES else sound.frames)
            _check_header(sound, promised, name, longest)
            limit = int(longest * sound.samplerate) + 1
            samples, broken = read_to_end(sound, promised or READ_FRAMES, limit)
            rate, container, subtype = sound.samplerate, contents.container or sound.format, sound.subtype
    except FAILURES as error:
        raise UserError(f"{name}: {_why_not_sound(file)}") from error
    if broken and len(samples) < (promised or limit):
        raise UserError(f"{name}: {_how_broken(contents.file, promised)}; copy or download it again")
    if len(samples) == limit:  # a stream that did not know its length
        raise _too_long(name, f"more than {longest:.0f} s", longest)
    if len(samples) == 0:
        raise UserError(f"{name}: holds no samples (0 s long); export it again")
    if len(samples) < promised:
        raise truncated(name, len(samples), promised)
    if not np.isfinite(samples).all():
        raise UserError(f"{name}: holds NaN or infinite samples; render it again")
    notes = list(contents.notes)
    if len(samples) > promised > 0:
        notes.append(f"its header promises {promised} samples and {len(samples)} are there; all are read")
    first, last = _without_filling(samples, *contents.filling)
    if first or last < len(samples):
        cut = f"the encoder's {first} samples in front and {len(samples) - last} silent ones behind are left out"
        notes.append(f"no header says where its sound begins and ends; {cut}")
        samples = samples[first:last]
    if subtype in ("FLOAT", "DOUBLE") and (scale := whole_number_scale(samples)):
        notes.append(f"float samples up to {np.abs(samples).max():.0f}: read as whole numbers, {scale} is full scale")
        samples = samples / np.float32(scale)
    return Sound(samples, rate, container, subtype, tuple(notes))


def _without_filling(samples: np.ndarray, front: int, back: int) -> tuple[int, int]:
    """Where the sound begins, behind `front` samples, and ends: up to `back` samples before the end, if silent."""
    level = np.abs(samples).max(axis=1)
    first = front if front < len(level) // 2 else 0
    at = max(first + 1, len(level) - back)
    sounding = np.flatnonzero(level[at:] > 1e-4 * float(level.max()))
    return first, at + int(sounding[-1]) + 1 if len(sounding) else at


def _how_broken(file: BinaryIO, promised: int) -> str:
    """How much can be decoded of what a decoder stumbles over."""
    from kickitout.audio.libsndfile import open_stream, read_to_end

    file.seek(0)
    with open_stream(file) as sound:
        there = len(read_to_end(sound, 256, promised or 256, 256)[0])
    return (
        f"damaged or truncated, only {there / promised:.0%} of its samples can be read"
        if promised
        else "damaged or truncated"
    )


def _check_header(sound: ForwardFile, promised: int, name: str, longest: float) -> None:
    """Refuse by the header alone, before memory is spent."""
    if not MIN_RATE <= sound.samplerate <= MAX_RATE:
        raise UserError(f"{name}: a sample rate of {sound.samplerate} Hz; 8 to 192 kHz work")
    if sound.channels > MAX_CHANNELS:
        raise UserError(f"{name}: {sound.channels} channels; up to {MAX_CHANNELS} work")
    seconds = promised / sound.samplerate
    if seconds > longest:
        long = f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"
        raise _too_long(name, f"{long} long", longest)


def _too_long(name: str, length: str, longest: float) -> UserError:
    what = "a kick is a one-shot, " if longest == MAX_SECONDS else ""
    return UserError(f"{name}: {length}; {what}at most {longest:.0f} s are read: cut it first")


def _why_not_sound(file: BinaryIO) -> str:
    """What a file that libsndfile cannot open seems to be, and what would work."""
    head = read_at(file, 0, 512)
    return next((text for begin, text in NO_SOUND if re.match(begin, head, re.DOTALL)), OTHER_FILE)
