"""Samples -> the bytes of WAV and FLAC files: the same bytes for the same samples, with comments of any length.

Encoding is libsndfile's (but for WAVs of whole numbers, whose bytes are the same). It drops comments above 2 kB in WAV,
and float WAVs have a clock in their PEAK chunk: both are mended here.
"""

from __future__ import annotations

import io
import os
import struct
from pathlib import Path

import numpy as np
import soundfile

from kickitout.audio.chunks import chunks
from kickitout.errors import UserError
from kickitout.files import write_whole

BELOW_ONE = np.float32(1 - 2**-24)  # the largest sample that 32 bits hold
MOST_FLAC_CHANNELS = 8
SUBTYPES = {"16": "PCM_16", "24": "PCM_24", "32f": "FLOAT"}


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
    channels = 1 if x.ndim == 1 else x.shape[1]
    if format == "flac":
        refuse_flac(rate, channels)
    if not np.isfinite(x).all():
        raise ValueError("samples hold NaN or infinity")
    if bits != "32f":
        x = x.clip(-1, 1)
    if format == "wav" and bits != "32f":
        return _integer_wav(x, rate, channels, int(bits), comment)
    buffer = io.BytesIO()
    with soundfile.SoundFile(buffer, "w", rate, channels, SUBTYPES[bits], format=format.upper()) as file:
        if comment and format == "flac":
            file.comment = comment
        file.write(x)
    return _rebuild_wav(buffer, comment) if format == "wav" else buffer.getvalue()


def refuse_flac(rate: int, channels: int = 1) -> None:
    """Raise UserError for what a FLAC file cannot hold: its frames have 16 bits for a rate in Hz or in tens of Hz."""
    if rate > 0xFFFF and rate % 10:
        raise UserError(
            f"{rate} Hz: FLAC holds rates above 65535 Hz in steps of 10 Hz; {10 * round(rate / 10)} Hz works, or WAV"
        )
    if channels > MOST_FLAC_CHANNELS:
        raise UserError(f"{channels} channels: FLAC holds up to {MOST_FLAC_CHANNELS}; write WAV")


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

    rate: Hz. bits: "16", "24", or "32f" (WAV alone). comment: text that travels in the file, such as a recipe. Raises
    UserError for another suffix, for a file that exists unless `force`, and when the disk refuses.

    >>> import kickitout, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     kickitout.write_sound(f"{folder}/kick.flac", kickitout.generate([7])[0], 44_100).name
    'kick.flac'
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in (".wav", ".flac"):
        raise UserError(f"{path}: sounds are written as .wav or .flac; choose one of these suffixes")
    if not force and os.path.lexists(path):
        raise UserError(f"{path}: exists already; choose another name or replace it with --force")
    return write_whole(path, encode_sound(samples, rate, format=suffix[1:], bits=bits, comment=comment))


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
    for kind, at, size in chunks(file):
        if kind == b"data":
            parts += _comment_chunk(comment)
        if kind != b"PEAK":
            file.seek(at)
            parts += [struct.pack("<4sI", kind, size), file.read(size), pad * (size % 2)]
    body = b"WAVE" + b"".join(parts)
    return struct.pack("<4sI", b"RIFF", len(body)) + body
