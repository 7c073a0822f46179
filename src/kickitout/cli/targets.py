"""What a kick shall measure, on the command line: --note F1 --decay 280ms --click -20dB."""

from __future__ import annotations

import argparse
import math
import re
from typing import TYPE_CHECKING

from kickitout.notes import read_note, to_hz

if TYPE_CHECKING:
    from kickitout.generation.match import MatchResult, TargetResult

UNITS = {"hz": 1.0, "khz": 1000.0, "ms": 1.0, "s": 1000.0, "db": 1.0, "": 1.0}
FLAGS = (
    ("--pitch", "pitch", "Hz", "pitch of the tail, for instance 43.7Hz"),
    ("--decay", "decay", "ms", "time to fall by 20 dB, for instance 280ms"),
    ("--sweep", "sweep", "ms", "time of the pitch's fall, for instance 40ms"),
    ("--click", "click", "dB", "energy above 2 kHz at the start re all, for instance -20dB"),
    ("--tone", "tone", "Hz", "where the click lies, for instance 4kHz"),
    ("--balance", "balance", "dB", "below 60 Hz re 60 to 250 Hz, for instance 3dB"),
    ("--drive", "drive", "dB", "saturation, 0 to 36"),
)


def add_request(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what the kicks shall measure (each is reported with its error)")
    group.add_argument("--note", type=note, default=None, help="pitch of the tail as a note, C4 is MIDI 60: F1, G#1+20")
    for flag, name, unit, text in FLAGS:
        group.add_argument(flag, dest=f"ask_{name}", type=quantity(unit), default=None, metavar=unit, help=text)


def read_request(args: argparse.Namespace) -> dict[str, float]:
    """The request in the arguments; {} when nothing is asked for."""
    from kickitout.errors import UserError
    from kickitout.generation.match import check_targets

    asked = {name: getattr(args, f"ask_{name}") for _, name, _, _ in FLAGS}
    if args.note is not None:
        if asked["pitch"] is not None:
            raise UserError("--note and --pitch ask for the same thing; give one of them")
        asked["pitch"] = args.note
    return check_targets({name: value for name, value in asked.items() if value is not None})


def answer_text(answer: MatchResult) -> str:
    """What was asked for, what came, and the error; for what was not met, what this kick can give."""
    parts = []
    for line in answer.lines:
        control = line.control
        if math.isnan(line.achieved):
            parts.append(f"{control.name} {line.requested:g} {control.unit}: {_beyond(line)}")
            continue
        off = f"{line.error:+.1f} {line.error_unit}"
        beyond = "" if line.reached else f", {_beyond(line)}"
        parts.append(f"{control.name} {line.achieved:.4g} {control.unit} ({off}{beyond})")
    return "; ".join(parts)


def _beyond(line: TargetResult) -> str:
    if line.reachable is None:
        return "this kick has none" if math.isnan(line.achieved) else "as near as it goes"
    low, high = line.reachable
    if low <= line.requested <= high:
        return "as near as it goes"
    return f"this kick reaches {low:.3g} to {high:.3g} {line.control.unit}"


def note(text: str) -> float:
    """A note as a frequency in Hz; A4 = 440 Hz, C4 = MIDI 60.

    >>> round(note("A1"), 3), round(note("f#1-50"), 2)
    (55.0, 44.93)
    """
    found = read_note(text)
    if found is None or found.octave is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no note with its octave; F1, G#1 or A1+20 (cents) work")
    return to_hz(found.midi)


class quantity:
    """A number with an optional unit; the unit is checked.

    >>> quantity("ms")("0.28s"), quantity("Hz")("4kHz"), quantity("dB")("-12")
    (280.0, 4000.0, -12.0)
    """

    def __init__(self, unit: str) -> None:
        self.unit = unit

    def __call__(self, text: str) -> float:
        found = re.fullmatch(r"\s*([+-]?\d+(?:\.\d*)?|[+-]?\.\d+)\s*([a-zA-Z]*)\s*", text)
        unit = found[2].lower() if found else "?"
        allowed = {"Hz": ("hz", "khz", ""), "ms": ("ms", "s", ""), "dB": ("db", "")}[self.unit]
        if not found or unit not in allowed:
            raise argparse.ArgumentTypeError(f"{text!r}: a number in {self.unit} works")
        return float(found[1]) * UNITS[unit]
