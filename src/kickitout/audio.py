"""Files <-> float32 arrays. Nothing else opens a sound file.

Samples: float32 [T, C], full scale is 1.0 (float files may exceed it). Rates in Hz. Every refusal is one `UserError`
sentence that begins with the name of the file. Decoding and encoding are libsndfile's (but for WAVs of
whole numbers, whose bytes are the same); this module adds what it leaves out: refusing WAV and AIFF files that are
shorter than their header says, comments of any length in WAV (libsndfile drops those above 2 kB), and float WAVs that
are the same bytes whenever they are written (its PEAK chunk has a clock).
"""

from __future__ import annotations

import errno
import io
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soundfile
import soxr

from kickitout.errors import UserError
from kickitout.files import explain_os_error, write_whole

MAX_SECONDS = 30.0  # a kick is a one-shot; longer files are loops, stems or songs
MIN_RATE, MAX_RATE = 8_000, 192_000  # Hz, inclusive
MAX_CHANNELS = 32
CONTAINERS = ("WAV", "WAVEX", "RF64", "W64", "FLAC", "AIFF", "OGG", "MP3", "CAF", "AU")  # magic numbers worth trusting
BELOW_ONE = np.float32(1 - 2**-24)  # the largest sample that 32 bits hold
SUBTYPES = {"16": "PCM_16", "24": "PCM_24", "32f": "FLOAT"}
STREAMED = 0x7FFFF000  # data sizes from here up (and 0) mean "not known when the header was written": ffmpeg, sox pipes
CONVERT = "convert it to WAV or FLAC"


@dataclass(frozen=True)
class Sound:
    """What a file holds. samples: float32 [T, C], finite; rate: Hz; container and subtype as libsndfile names them."""

    samples: np.ndarray
    rate: int
    container: str = "WAV"
    subtype: str = "FLOAT"

    @property
    def channels(self) -> int:
        return int(self.samples.shape[1])

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate


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


def resample(x: np.ndarray, rate_from: int, rate_to: int) -> np.ndarray:
    """x [T] or [T, C] at rate_from Hz to float32 at rate_to Hz: soxr "VHQ", linear phase, nothing below -140 dB."""
    x = np.asarray(x, dtype=np.float32)
    if rate_from == rate_to or len(x) == 0:
        return x
    return np.asarray(soxr.resample(x, rate_from, rate_to, quality="VHQ"), dtype=np.float32)


def channels_cancel(samples: np.ndarray) -> bool:
    """Whether the mean of the channels [T, C] keeps less than 1 % (-20 dB) of their energy: one of them is inverted.

    Independent channels keep 1/C; only a correlation near -1 falls this low.
    """
    if samples.shape[1] == 1:
        return False
    energy = float(np.mean(np.square(samples, dtype=np.float64)))
    return float(np.mean(np.square(_mean_of(samples)))) < 0.01 * energy


def _mean_of(samples: np.ndarray) -> np.ndarray:
    """The mean of the channels [T, C], float64 [T]; of one or two much quicker than a reduction over the last axis."""
    if samples.shape[1] > 2:
        return samples.mean(axis=1, dtype=np.float64)
    first = samples[:, 0].astype(np.float64)
    return first if samples.shape[1] == 1 else (first + samples[:, 1]) / 2


def mid_side(samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """samples [T, C] -> mid [T], the mean of the channels, and side [T], (L - R) / 2; float32.

    Side is zeros unless there are two channels. Channels that cancel (`channels_cancel`) give the louder one as mid
    and no side: an inverted channel is a wiring mistake, not a stereo picture.
    """
    samples = np.asarray(samples, dtype=np.float32)
    silent = np.zeros(len(samples), dtype=np.float32)
    if channels_cancel(samples):
        loudest = int(np.argmax(np.square(samples, dtype=np.float64).sum(axis=0)))
        return samples[:, loudest].copy(), silent
    mid = _mean_of(samples).astype(np.float32)
    side = (samples[:, 0] - samples[:, 1]) / 2 if samples.shape[1] == 2 else silent
    return mid, side


def encode_sound(
    samples: np.ndarray, rate: int, *, format: str = "wav", bits: str = "24", comment: str | None = None
) -> bytes:
    """samples [T] or [T, C] to the bytes of a file, the same bytes for the same input. No dither.

    format: "wav" or "flac"; bits: "16", "24" or "32f" (WAV only). Integer formats clip at full scale, floats do not.
    comment: any text, kept in RIFF LIST/INFO ICMT or in FLAC's COMMENT. Raises UserError for an impossible format,
    ValueError for samples that are not finite.
    """
    if format not in ("wav", "flac") or bits not in SUBTYPES:
        raise UserError(f"format={format!r}, bits={bits!r}: wav and flac work, with 16, 24 or (wav only) 32f bits")
    if format == "flac" and bits == "32f":
        raise UserError("flac has no 32-bit float samples; choose 24 bits, or wav for 32f")
    x = np.asarray(samples, dtype=np.float32)
    if not np.isfinite(x).all():
        raise ValueError("samples hold NaN or infinity")
    if bits != "32f":
        x = x.clip(-1, 1)
    channels = 1 if x.ndim == 1 else x.shape[1]
    if format == "wav" and bits != "32f":
        return _integer_wav(x, rate, channels, int(bits), comment)
    buffer = io.BytesIO()
    with soundfile.SoundFile(buffer, "w", rate, channels, SUBTYPES[bits], format=format.upper()) as file:
        if comment and format == "flac":
            file.comment = comment
        file.write(x)
    return _rebuild_wav(buffer, comment) if format == "wav" else buffer.getvalue()


def lossy(samples: np.ndarray, rate: int, container: str) -> np.ndarray:
    """samples [T] through "MP3" or "OGG" (Vorbis) of middling quality and back, float32 [T].

    What a codec puts before or behind is cut off, so the sound may be late by a part of a millisecond.
    """
    buffer = io.BytesIO()
    soundfile.write(buffer, np.asarray(samples, np.float32), rate, format=container, compression_level=0.5)
    back = decode_sound(buffer.getvalue(), container).samples[:, 0]
    return np.pad(back, (0, max(0, len(samples) - len(back))))[: len(samples)]


def write_sound(
    path: str | os.PathLike[str],
    samples: np.ndarray,
    rate: int,
    *,
    bits: str = "24",
    comment: str | None = None,
    force: bool = False,
) -> Path:
    """Write samples [T] or [T, C] to `path` (.wav or .flac), whole or not at all. Returns the path.

    Raises UserError for another suffix, for a file that exists unless `force`, and when the disk refuses.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in (".wav", ".flac"):
        raise UserError(f"{path}: sounds are written as .wav or .flac; choose one of these suffixes")
    if not force and os.path.lexists(path):
        raise UserError(f"{path}: exists already; choose another name or replace it with --force")
    return write_whole(path, encode_sound(samples, rate, format=suffix[1:], bits=bits, comment=comment))


def read_comment(path: str | os.PathLike[str]) -> str | None:
    """The comment that is stored in a sound file, or None. Raises UserError for a file that cannot be opened."""
    with open_for_reading(path) as file:
        return decode_comment(file, os.fspath(path))


def decode_comment(data: bytes | BinaryIO, name: str) -> str | None:
    """The comment in a sound file's bytes, as `read_comment` has it. name: begins the message."""
    file = io.BytesIO(data) if isinstance(data, bytes) else data
    for kind, at, size in _chunks(file):
        if kind == b"LIST":
            file.seek(at)
            comment = _info_comment(file.read(size))
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
    for kind, at, size in _chunks(file):
        if kind not in (b"data", b"SSND"):
            continue
        present = end - at
        if present < size < STREAMED:
            raise _truncated(name, present / size)
        if kind == b"data" and size == 0 and present > 8 and not _is_chunk(file, at):
            file.seek(0)
            patched = bytearray(file.read(at + STREAMED))
            patched[at - 4 : at] = b"\xff\xff\xff\xff"
            return io.BytesIO(bytes(patched))
        break
    file.seek(0)
    return file


def _chunks(file: BinaryIO) -> Iterator[tuple[bytes, int, int]]:
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


def _is_chunk(file: BinaryIO, at: int) -> bool:
    """Whether a known chunk begins here, so that a data chunk of size 0 before it was really empty."""
    file.seek(at)
    return file.read(4) in (b"LIST", b"id3 ", b"ID3 ", b"bext", b"smpl", b"cue ", b"fact", b"PEAK", b"inst", b"iXML")


def _info_comment(content: bytes) -> str | None:
    """The ICMT entry of a LIST chunk of type INFO: UTF-8, zero-terminated."""
    at = 4
    while content[:4] == b"INFO" and at + 8 <= len(content):
        kind, size = struct.unpack("<4sI", content[at : at + 8])
        if kind == b"ICMT":
            return content[at + 8 : at + 8 + size].rstrip(b"\0").decode("utf-8", "replace") or None
        at += 8 + size + size % 2
    return None


def _integer_wav(x: np.ndarray, rate: int, channels: int, bits: int, comment: str | None) -> bytes:
    """The bytes that libsndfile writes for samples in [-1, 1], in half of its time: it takes them one by one.

    As there, a sample becomes a whole number of 32 bits, of which the upper ones are kept.
    """
    size = bits // 8
    whole = np.rint(np.minimum(x.ravel(), BELOW_ONE) * np.float32(2**31)).astype("<i4").view(np.uint8).reshape(-1, 4)
    kept = np.empty((len(whole), size), np.uint8)
    for byte in range(size):  # column by column: numpy copies three neighbouring bytes four times as slowly
        kept[:, byte] = whole[:, 4 - size + byte]
    samples = kept.tobytes()
    form = struct.pack("<HHIIHH", 1, channels, rate, rate * channels * size, channels * size, bits)
    parts = [struct.pack("<4sI", b"fmt ", len(form)), form, *_comment_chunk(comment)]
    parts += [struct.pack("<4sI", b"data", len(samples)), samples, b"\0" * (len(samples) % 2)]
    body = b"WAVE" + b"".join(parts)
    return struct.pack("<4sI", b"RIFF", len(body)) + body


def _comment_chunk(comment: str | None) -> list[bytes]:
    """A LIST with the comment; nothing without one."""
    if not comment:
        return []
    text = comment.encode() + b"\0"
    entry = b"INFO" + struct.pack("<4sI", b"ICMT", len(text)) + text + b"\0" * (len(text) % 2)
    return [struct.pack("<4sI", b"LIST", len(entry)), entry]


def _rebuild_wav(file: io.BytesIO, comment: str | None) -> bytes:
    """The same WAV without its PEAK chunk (it holds the time of writing), with the comment before the samples."""
    pad = b"\0"
    parts = []
    for kind, at, size in _chunks(file):
        if kind == b"data":
            parts += _comment_chunk(comment)
        if kind != b"PEAK":
            file.seek(at)
            parts += [struct.pack("<4sI", kind, size), file.read(size), pad * (size % 2)]
    body = b"WAVE" + b"".join(parts)
    return struct.pack("<4sI", b"RIFF", len(body)) + body


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
