"""Values as people write them on the command line, and counts as people say them."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from kickitout.errors import UserError

UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}


def duration(text: str) -> float:
    """Seconds of "90s", "20m", "1.5h" or "1h30m".

    >>> duration("20m"), duration("1h30m")
    (1200.0, 5400.0)
    """
    parts = re.findall(r"(\d+(?:\.\d+)?)([smh])", text)
    if not parts or "".join(n + u for n, u in parts) != text:
        raise argparse.ArgumentTypeError(f"{text!r} is not a duration; write 90s, 20m or 1h30m")
    seconds = sum(float(n) * UNITS[u] for n, u in parts)
    if seconds <= 0:
        raise argparse.ArgumentTypeError(f"{text!r}: must be longer than nothing")
    return seconds


def path(text: str) -> Path:
    """A path; an empty one, often from a variable that is not set, would be the folder one stands in."""
    if not text.strip():
        raise UserError("an empty name is no file or folder; give one, '.' is the folder you are in")
    return Path(text)


def count(number: int, one: str, more: str | None = None) -> str:
    """A number with its noun.

    >>> count(1, "kick"), count(2, "kick"), count(0, "copy", "copies")
    ('1 kick', '2 kicks', '0 copies')
    """
    return f"{number} {one if number == 1 else more or one + 's'}"


def positive(text: str) -> int:
    """A whole number of at least 1."""
    try:
        value = int(text)
    except ValueError:
        value = 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return value


MOST = 10_000_000  # sounds in one command


def many(text: str) -> int:
    """A whole number from 1 to MOST."""
    value = positive(text)
    if value > MOST:
        raise argparse.ArgumentTypeError(f"{text}: at most {MOST:,} in one command")
    return value


def seeds(text: str) -> list[int]:
    """A list of seeds and ranges.

    >>> seeds("0-3,42")
    [0, 1, 2, 3, 42]
    """
    found: list[int] = []
    for part in text.split(","):
        match = re.fullmatch(r"(\d+)(?:-(\d+))?", part.strip())
        if match is None:
            raise argparse.ArgumentTypeError(f"{part!r} is not a seed or a range of seeds; write 7, 0-63 or 0-7,42")
        first, last = int(match[1]), int(match[2] or match[1])
        if last < first or last - first > MOST:
            raise argparse.ArgumentTypeError(f"{part!r}: a range runs upwards over at most {MOST:,} seeds")
        found += range(first, last + 1)
    return found


def megabytes(size: int) -> str:
    """Bytes in MB, as tables show them.

    >>> megabytes(2_340_000)
    '2.3'
    """
    return f"{size / 1e6:.1f}"
