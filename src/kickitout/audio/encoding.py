"""Samples -> the bytes of WAV and FLAC files: the same bytes for the same samples, with comments of any length.

FLAC is libsndfile's. It would drop comments above 2 kB in WAV, write the time into float WAVs (their PEAK chunk), and
take twice as long; so WAVs are written here, with the same samples to the bit.
"""

from __future__ import annotations

import io
import os
import struct
from pathlib import Path

import numpy as np

from kickitout.audio.chunks import riff_chunk, riff_head
from kickitout.audio.decoding import MAX_CHANNELS
from kickitout.errors import UserError
from kickitout.files import write_whole

BELOW_ONE = np.float32(1 - 2**-24)  # the largest sample that 32 bits hold
MOST_FLAC_CHANNELS = 8
HIGHEST_FLAC_RATE = 655_350  # Hz
HIGHEST_WAV_RATE = 10_000_000  # Hz: with MAX_CHANNELS floats, about as many bytes a second as a WAV's head can say
PCM, IEEE_FLOAT = 1, 3  # formats of a WAV
SUBTYPES = {"16": "PCM_16", "24": "PCM_24", "32f": "FLOAT"}


def encode_sound(
    samples: np.ndarray, rate: int, *, format: str = "wav", bits: str = "24", comment: str | None = None
) -> bytes:
    """samples [T], [T, C] or [1 or 2, T], as kicks are, to the bytes of a file, the same for the same input. No dither.

    format: "wav" or "flac"; bits: "16", "24" or "32f" (WAV only). Integer formats clip at full scale, floats do not.
    comment: any text, kept in RIFF LIST/INFO ICMT or in FLAC's COMMENT. Raises UserError for an impossible format, for
    a rate or channels that no file has, for a comment with a NUL in it, and for samples that are not finite.

    >>> import kickitout
    >>> kickitout.encode_sound(kickitout.generate([7])[0], 44_100, bits="16")[:4]
    b'RIFF'
    """
    if format not in ("wav", "flac") or bits not in SUBTYPES:
        raise UserError(f"format={format!r}, bits={bits!r}: wav and flac work, with 16, 24 or (wav only) 32f bits")
    if format == "flac" and bits == "32f":
        raise UserError("flac has no 32-bit float samples; choose 24 bits, or wav for 32f")
    given = np.asarray(samples)
    if not np.issubdtype(given.dtype, np.floating):
        raise UserError(f"samples of {given.dtype}: files are written of floats, 1 at full scale")
    x = given.astype(np.float32, copy=False)
    if x.ndim == 2 and len(x) <= 2 and x.shape[1] > MAX_CHANNELS:  # no file has so many channels
        x = x.T
    channels = 1 if x.ndim == 1 else x.shape[1] if x.ndim == 2 else 0
    if not 1 <= channels <= MAX_CHANNELS or not 1 <= rate <= HIGHEST_WAV_RATE or int(rate) != rate:
        raise UserError(
            f"samples {list(given.shape)} at {rate} Hz: [T] or [T, C], C up to {MAX_CHANNELS}, at whole Hz work"
        )
    if comment and ("\0" in comment or not _is_text(comment)):
        raise UserError(f"comment {comment[:40]!r}: text without NUL and half characters works")
    x, rate = np.ascontiguousarray(x), int(rate)
    if format == "flac":
        refuse_flac(rate, channels)
        if not len(x):
            raise UserError("no samples: FLAC holds one at least; write WAV")
    lowest, highest = x.min(initial=0.0), x.max(initial=0.0)  # NaN where there is one
    if not (np.isfinite(lowest) and np.isfinite(highest)):
        raise UserError(f"samples {list(given.shape)} hold NaN or infinity; a file is written of finite ones")
    if bits != "32f" and (lowest < -1 or highest > 1):
        x = x.clip(-1, 1)
    if format == "wav":
        return _wav(x, rate, channels, bits, comment)
    import soundfile  # here, as in `decoding`

    buffer = io.BytesIO()
    with soundfile.SoundFile(buffer, "w", rate, channels, SUBTYPES[bits], format="FLAC") as file:
        if comment:
            file.comment = comment
        file.write(x)
    return buffer.getvalue()


def _is_text(comment: str) -> bool:
    """Whether it can be written at all: half a pair of surrogates cannot."""
    try:
        return bool(comment.encode())
    except UnicodeEncodeError:
        return False


def refuse_flac(rate: int, channels: int = 1) -> None:
    """Raise UserError for what a FLAC file cannot hold: its frames have 16 bits for a rate in Hz or in tens of Hz."""
    if rate > 0xFFFF and rate % 10:
        raise UserError(
            f"{rate} Hz: FLAC holds rates above 65535 Hz in steps of 10 Hz; {10 * round(rate / 10)} Hz works, or WAV"
        )
    if rate > HIGHEST_FLAC_RATE:
        raise UserError(f"{rate} Hz: FLAC holds rates up to {HIGHEST_FLAC_RATE} Hz; write WAV")
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
    """Write samples [T], [T, C] or, as kicks are, [1 or 2, T] to `path` (.wav or .flac), whole or not at all.

    Returns the path. rate: Hz. bits: "16", "24", or "32f" (WAV alone). comment: text that travels in the file, such as
    a recipe. Raises UserError for another suffix, for a file that exists unless `force`, and when the disk refuses.

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
        raise UserError(f"{path}: exists; force replaces it, another name keeps it")
    data = encode_sound(samples, rate, format=suffix[1:], bits=bits, comment=comment)
    return write_whole(path, data, follow=True)


def _wav(x: np.ndarray, rate: int, channels: int, bits: str, comment: str | None) -> bytes:
    """A WAV of samples [T] or [T, C], integer ones in [-1, 1]."""
    if bits == "32f":
        tag, size, samples = IEEE_FLOAT, 4, x.astype("<f4").tobytes()
        fact = riff_chunk(b"fact", struct.pack("<I", len(x)))
    else:
        tag, size, fact = PCM, int(bits) // 8, b""
        samples = _integers(x, size)
    form = struct.pack("<HHIIHH", tag, channels, rate, rate * channels * size, channels * size, 8 * size)
    said = riff_chunk(b"LIST", b"INFO" + riff_chunk(b"ICMT", comment.encode() + b"\0")) if comment else b""
    body = [b"WAVE", riff_chunk(b"fmt ", form), fact, said, riff_head(b"data", len(samples)), samples]
    body.append(bytes(len(samples) % 2))
    return b"".join([riff_head(b"RIFF", sum(map(len, body))), *body])  # copied once: most of it is samples


def _integers(x: np.ndarray, size: int) -> bytes:
    """Whole numbers of `size` bytes. As in libsndfile, a sample becomes one of 32 bits, whose upper ones are kept."""
    scaled = np.minimum(x.ravel(), BELOW_ONE)
    scaled *= np.float32(2**31)
    whole = np.rint(scaled, out=scaled).astype("<i4").view(np.uint8).reshape(-1, 4)
    kept = np.empty((len(whole), size), np.uint8)
    for byte in range(size):  # column by column: numpy copies three neighbouring bytes four times as slowly
        kept[:, byte] = whole[:, 4 - size + byte]
    return kept.tobytes()
