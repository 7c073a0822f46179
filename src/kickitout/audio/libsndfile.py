"""What libsndfile decodes, read from its begin to its end."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import BinaryIO

import numpy as np
import soundfile

from kickitout.quiet import quiet_libraries

PRINTS_NOTHING = (
    b"RIFF",
    b"RIFX",
    b"RF64",
    b"riff",
    b"FORM",
    b"fLaC",
    b"OggS",
    b"caff",
    b".snd",
)  # all but MP3 print nothing
READ_FRAMES = 65_536  # frames that are read at a time where the length is unknown
FAILURES = (soundfile.LibsndfileError, TypeError)  # raised for a file that it cannot read


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


class ForwardFile(soundfile.SoundFile):
    """Read from its begin to its end and never sought, which fails where a length is unknown or only estimated."""

    def seekable(self) -> bool:
        return False


@contextmanager
def open_stream(file: BinaryIO) -> Iterator[ForwardFile]:
    """A sound file for libsndfile. The decoder of MP3 would print on stderr what it stumbles over, in tags as well."""
    at = file.tell()
    quiet = nullcontext() if file.read(4) in PRINTS_NOTHING else quiet_libraries()
    file.seek(at)
    with quiet, ForwardFile(_Sought(file)) as sound:
        yield sound


def read_to_end(sound: ForwardFile, first: int, limit: int, block: int = READ_FRAMES) -> tuple[np.ndarray, bool]:
    """Float32 [T, C] until no more samples come, but `limit` at most, and whether an error was what ended it.

    first: how many are asked for at once; then `block` at a time.
    """
    parts: list[np.ndarray] = []
    none = np.zeros((0, sound.channels), np.float32)
    left, size, broken = limit, first, False
    while left and not broken:
        try:
            part = sound.read(frames=min(size, left), dtype="float32", always_2d=True)
        except soundfile.LibsndfileError:
            part, broken = none, True
        if len(part) == 0:
            break
        parts.append(part)
        left, size = left - len(part), block
    return (parts[0] if len(parts) == 1 else np.concatenate([none, *parts])), broken
