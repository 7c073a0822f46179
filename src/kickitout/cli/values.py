"""Values as people write them on the command line."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from kickitout.errors import UserError
from kickitout.files import check_new_file
from kickitout.suffixes import REFUSED_FILES, SOUND_FILES
from kickitout.units import read_quantity

SECONDS_OF = {"s": 1.0, "m": 60.0, "h": 3600.0}


def duration(text: str) -> float:
    """Seconds of "90s", "20m", "1.5h" or "1h30m".

    >>> duration("20m"), duration("1h30m")
    (1200.0, 5400.0)
    """
    parts = re.findall(r"(\d+(?:\.\d+)?)([smh])", text)
    if not parts or "".join(n + u for n, u in parts) != text:
        raise argparse.ArgumentTypeError(f"{text!r} is not a duration; write 90s, 20m or 1h30m")
    seconds = sum(float(n) * SECONDS_OF[u] for n, u in parts)
    if seconds <= 0:
        raise argparse.ArgumentTypeError(f"{text!r}: must be longer than nothing")
    return seconds


def kick_length(text: str) -> float:
    """Seconds that a kick may ring; which ones work, the functions of `kickitout` say.

    >>> kick_length("2s"), kick_length("1500ms"), kick_length("0.5")
    (2.0, 1.5, 0.5)
    """
    try:
        return quantity("s")(text)
    except argparse.ArgumentTypeError:
        raise argparse.ArgumentTypeError(f"{text!r} is no length; 500ms to 4s work, for instance 2s") from None


class quantity:
    """A number with an optional unit; the unit is checked.

    >>> quantity("ms")("0.28s"), quantity("Hz")("4kHz"), quantity("Hz")("1.5k"), quantity("dB")("-12")
    (280.0, 4000.0, 1500.0, -12.0)
    """

    def __init__(self, unit: str) -> None:
        self.unit = unit

    def __call__(self, text: str) -> float:
        if (found := read_quantity(text, self.unit)) is None:
            raise argparse.ArgumentTypeError(f"{text!r}: a number in {self.unit} works")
        return found


def whole_hz(text: str) -> int:
    """A sample rate.

    >>> whole_hz("48000"), whole_hz("48k"), whole_hz("44.1kHz")
    (48000, 48000, 44100)
    """
    hz = quantity("Hz")(text)
    if abs(round(hz) - hz) > 1e-6:
        raise argparse.ArgumentTypeError(f"{text!r}: a whole number of Hz works")
    return round(hz)


def path(text: str) -> Path:
    """A path; an empty one, often from a variable that is not set, would be the folder one stands in."""
    if not text.strip():
        raise UserError("an empty name is no file or folder; give one, '.' is the folder you are in")
    return Path(text)


def check_report(file: Path | None, suffix: str, *, force: bool) -> None:
    """Raise UserError where a report cannot be written, before the work: also where a sound would be replaced."""
    check_new_file(file, force=force)
    if file is not None and file.suffix.lower() in (*SOUND_FILES, *REFUSED_FILES, ".zip"):
        raise UserError(f"{file}: a report never replaces a sound; choose a name that ends in {suffix}")


def _whole(text: str, least: int) -> int:
    try:
        value = int(text)
    except ValueError:
        value = least - 1
    if value < least:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least {least}")
    return value


def positive(text: str) -> int:
    """A whole number of at least 1."""
    return _whole(text, 1)


def not_negative(text: str) -> int:
    """A whole number of at least 0."""
    return _whole(text, 0)


MOST_IN_A_COMMAND = 10_000_000  # sounds in one command


def many(text: str) -> int:
    """A whole number from 1 to MOST_IN_A_COMMAND."""
    value = positive(text)
    if value > MOST_IN_A_COMMAND:
        raise argparse.ArgumentTypeError(f"{text}: at most {MOST_IN_A_COMMAND:,} in one command")
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
        if last < first or last - first > MOST_IN_A_COMMAND:
            raise argparse.ArgumentTypeError(f"{part!r}: a range runs upwards over at most {MOST_IN_A_COMMAND:,} seeds")
        found += range(first, last + 1)
    return found


def megabytes(size: int) -> str:
    """Bytes in MB, as tables show them.

    >>> megabytes(2_340_000)
    '2.3'
    """
    return f"{size / 1e6:.1f}"
