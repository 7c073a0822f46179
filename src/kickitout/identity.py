"""Which sound a file holds: one name for it, from which splits, orders, variants and seeds are drawn.

The name says what a file is, not what this machine makes of it. A prepared kick went through resamplers and transforms
whose last bits differ from one kind of processor to the next, and a hash of it differs altogether; so do the decoders
of lossy files. Hence:

- A file that keeps its samples (WAV, AIFF, FLAC, ...) is named by its samples re full scale, its rate and its number of
  channels. A container, a width of samples that holds the same values, and comments change nothing: a kick of 16 bits
  is the same as WAV, as FLAC, and in 24 bits. Samples are read as float32, so what 32-bit integers and doubles have
  below 24 bits is left out: nothing here uses it.
- A lossy file (MP3, Ogg Vorbis, Ogg Opus) is named by its coded frames. Tags are no part of them, so a new title does
  not make a new kick; neither do the pages of an Ogg file, which move when its comments grow.
- A sound without a file has no such name. Whoever makes it gives one that says how it is made: `identity_of_made`.

IDENTITY_VERSION is part of every name: where the rules change it is raised, and older names stay apart from newer ones.
"""

from __future__ import annotations

import hashlib
import json
import struct
from typing import BinaryIO

import numpy as np

from kickitout.audio import Sound, decode_sound
from kickitout.audio.mpeg import stream_in
from kickitout.audio.ogg import packets, pages

IDENTITY_VERSION = 1
LOSSY = frozenset(("VORBIS", "OPUS", "MPEG_LAYER_I", "MPEG_LAYER_II", "MPEG_LAYER_III"))  # subtypes of libsndfile
COMMENTS = (b"\x03vorbis", b"OpusTags")  # how their packets begin


def identity_of(sound: Sound, file: bytes | BinaryIO) -> str:
    """The name of a decoded sound; file: the bytes, or the seekable binary file, that it was decoded from."""
    if sound.subtype not in LOSSY:
        return _identity_name(f"samples {sound.rate} {sound.channels}", _samples(sound.samples))
    if not isinstance(file, bytes):
        file.seek(0)
        file = file.read()
    return _identity_name("frames", *(_packets(file) if sound.container == "OGG" else _frames(file)))


def identity_in(data: bytes, name: str) -> str:
    """The name of the sound in a file's bytes. name: of the file; raises UserError as `decode_sound` does."""
    return identity_of(decode_sound(data, name), data)


def identity_of_made(*how: str | int | float) -> str:
    """The name of a sound that was made and not recorded, from all that decides it.

    >>> identity_of_made("tone", 0, 7) == identity_of_made("tone", 0, 7) != identity_of_made("tone", 0, 8)
    True
    """
    return _identity_name("made", json.dumps(how).encode())


def seed_of(identity: str) -> int:
    """A seed from 0 to 2^48 - 1 that is drawn by a name; any text has one."""
    return int.from_bytes(hashlib.sha256(identity.encode()).digest()[:6], "little")


def is_identity(name: str) -> bool:
    """Whether this version gave the name; an older one took the digest of prepared samples."""
    return name.startswith(f"sound{IDENTITY_VERSION}:")


def _identity_name(kind: str, *parts: bytes) -> str:
    digest = hashlib.sha256(f"{kind}\n".encode())
    for part in parts:
        digest.update(struct.pack("<Q", len(part)))
        digest.update(part)
    return f"sound{IDENTITY_VERSION}:{digest.hexdigest()}"


def _samples(samples: np.ndarray) -> bytes:
    return (samples + np.float32(0)).astype("<f4").tobytes()  # + 0: no -0.0


def _frames(data: bytes) -> list[bytes]:
    """The frames of an MPEG audio file that hold sound."""
    stream = stream_in(data)
    return [data] if stream is None else [data[begin:end] for begin, end in stream.frames]


def _packets(data: bytes) -> list[bytes]:
    """The packets of an Ogg file without comments, and where each stream ends, in samples: a part of the last packet
    may be cut off."""
    found = [packet for _, packet in packets(data) if not packet.startswith(COMMENTS)]
    ends = {page.serial: page.granule for page in pages(data) if page.granule >= 0}
    return [*found, *(struct.pack("<q", end) for end in ends.values())] if found else [data]
