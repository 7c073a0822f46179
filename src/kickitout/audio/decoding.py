"""Sound files -> samples.

Every refusal is one `UserError` sentence that begins with the name of the file. Decoding is libsndfile's; this module
adds what it leaves out: refusing WAV and AIFF files that are shorter than their header says.
"""

from __future__ import annotations

import errno
import io
import os
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soundfile

from kickitout.audio.chunks import chunks, info_comment, is_chunk
from kickitout.audio.samples import Sound
from kickitout.errors import UserError
from kickitout.files import explain_os_error

MAX_SECONDS = 30.0  # a kick is a one-shot; longer files are loops, stems or songs
MIN_RATE, MAX_RATE = 8_000, 192_000  # Hz, inclusive
MAX_CHANNELS = 32
CONTAINERS = ("WAV", "WAVEX", "RF64", "W64", "FLAC", "AIFF", "OGG", "MP3", "CAF", "AU")  # magic numbers worth trusting
STREAMED = 0x7FFFF000  # data sizes from here up (and 0) mean "not known when the header was written": ffmpeg, sox pipes
CONVERT = "convert it to WAV or FLAC"


def read_sound(path: str | os.PathLike[str]) -> Sound:
    """Read WAV, FLAC, AIFF, OGG (Vorbis, Opus) or MP3. The duration is checked before anything is decoded.

    Raises UserError for a file that is missing, unreadable, damaged, truncated, too long, or not sound at all.
    """
    name = os.fspath(path)
    with open_for_reading(name) as file:
        return decode_sound(file, name)


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


def decode_sound(data: bytes | BinaryIO, name: str) -> Sound:
    """Bytes, or a seekable binary file, to a Sound. `name` begins every message. Raises UserError like `read_sound`."""
    try:
        return _decode(io.BytesIO(data) if isinstance(data, bytes) else data, name)
    except OSError as error:  # a disk that fails in the middle
        raise explain_os_error(error, name) from error


def lossy(samples: np.ndarray, rate: int, container: str) -> np.ndarray:
    """samples [T] through "MP3" or "OGG" (Vorbis) of middling quality and back, float32 [T].

    What a codec puts before or behind is cut off, so the sound may be late by a part of a millisecond.
    """
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
    file = io.BytesIO(data) if isinstance(data, bytes) else data
    for kind, at, size in chunks(file):
        if kind == b"LIST":
            file.seek(at)
            comment = info_comment(file.read(size))
            if comment is not None:
                return comment
    file.seek(0)
    try:
        with soundfile.SoundFile(_Sought(file)) as sound:
            return sound.comment or None
    except (soundfile.LibsndfileError, TypeError) as error:
        raise UserError(f"{name}: {_why_not_sound(file)}") from error


class _Sought:
    """A file for libsndfile: a damaged header may send it to before the beginning, where it stays where it is.

    An exception there would be printed and not raised, because C is calling.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.readinto, self.read, self.tell = file.readinto, file.read, file.tell  # type: ignore[attr-defined]

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        try:
            return self._file.seek(offset, whence)
        except (ValueError, OSError):
            return self._file.tell()


def _decode(file: BinaryIO, name: str) -> Sound:
    if Path(name).suffix.lower() == ".raw":
        raise UserError(f"{name}: raw samples without a header; {CONVERT}")
    file = _check_size(file, name)
    try:
        with soundfile.SoundFile(_Sought(file)) as sound:
            if sound.format not in CONTAINERS:
                raise UserError(f"{name}: {sound.format} files are not read; {CONVERT}")
            _check_header(sound, name)
            limit = int(MAX_SECONDS * sound.samplerate) + 1
            samples = sound.read(frames=min(sound.frames, limit), dtype="float32", always_2d=True)
            rate, container, subtype, promised = sound.samplerate, sound.format, sound.subtype, sound.frames
    except (soundfile.LibsndfileError, TypeError) as error:
        raise UserError(f"{name}: {_why_not_sound(file)}") from error
    if len(samples) == limit:  # a stream that did not know its length
        raise _too_long(name, f"more than {MAX_SECONDS:.0f} s")
    if len(samples) == 0:
        raise UserError(f"{name}: holds no samples (0 s long); export it again")
    if len(samples) < promised < 2**60 and container != "MP3":  # an MP3 header only estimates
        raise _truncated(name, len(samples) / promised)
    if not np.isfinite(samples).all():
        raise UserError(f"{name}: holds NaN or infinite samples; render it again")
    return Sound(samples, rate, container, subtype)


def _check_header(sound: soundfile.SoundFile, name: str) -> None:
    """Refuse by the header alone, before memory is spent."""
    if not MIN_RATE <= sound.samplerate <= MAX_RATE:
        raise UserError(f"{name}: a sample rate of {sound.samplerate} Hz; 8 to 192 kHz work")
    if sound.channels > MAX_CHANNELS:
        raise UserError(f"{name}: {sound.channels} channels; up to {MAX_CHANNELS} work")
    seconds = sound.frames / sound.samplerate
    if seconds > MAX_SECONDS and sound.frames < 2**60:  # libsndfile's "unknown" is near 2**63
        long = f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"
        raise _too_long(name, f"{long} long")


def _too_long(name: str, length: str) -> UserError:
    return UserError(f"{name}: {length}; a kick is a one-shot, at most {MAX_SECONDS:.0f} s are read: cut it first")


def _truncated(name: str, share: float) -> UserError:
    return UserError(f"{name}: truncated, only {share:.0%} of its samples are there; copy or download it again")


def _check_size(file: BinaryIO, name: str) -> BinaryIO:
    """Refuse an empty file, and a WAV or AIFF whose header promises more bytes than there are.

    libsndfile reads what it finds and says nothing. Sizes from STREAMED up are a writer's way to say "until the end",
    which libsndfile understands; it takes a size of 0 at its word, so that one is repaired in memory.
    """
    end = file.seek(0, os.SEEK_END)
    if end == 0:
        raise UserError(f"{name}: an empty file (0 bytes); copy or download it again")
    for kind, at, size in chunks(file):
        if kind not in (b"data", b"SSND"):
            continue
        present = end - at
        if present < size < STREAMED:
            raise _truncated(name, present / size)
        if kind == b"data" and size == 0 and present > 8 and not is_chunk(file, at):
            file.seek(0)
            patched = bytearray(file.read(at + STREAMED))
            patched[at - 4 : at] = b"\xff\xff\xff\xff"
            return io.BytesIO(bytes(patched))
        break
    file.seek(0)
    return file


def _why_not_sound(file: BinaryIO) -> str:
    """What a file that libsndfile cannot open seems to be, and what would work."""
    file.seek(0)
    head = file.read(512)
    if head[4:8] == b"ftyp" or head[:2] in (b"\xff\xf1", b"\xff\xf9"):
        return f"AAC (m4a, mp4) is not read; {CONVERT}"
    if head[:4] == b"\x30\x26\xb2\x75":
        return f"WMA is not read; {CONVERT}"
    if head[:4] in (b"RIFF", b"RIFX", b"RF64", b"FORM", b"fLaC", b"OggS") or head[:3] == b"ID3":
        return "damaged or truncated, or in a coding that is not read; copy it again, or convert it to WAV or FLAC"
    if all(byte in b"\t\n\r\f" or 32 <= byte < 127 for byte in head):
        return "text, not audio; WAV, FLAC, AIFF, OGG and MP3 work"
    return "not an audio file that is read; WAV, FLAC, AIFF, OGG and MP3 work"
