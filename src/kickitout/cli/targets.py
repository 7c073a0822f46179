"""Targets of a kick on the command line: --note F1 --decay 280ms --click -20dB."""

from __future__ import annotations

import argparse
import math
from typing import TYPE_CHECKING

from kickitout.cli.values import quantity
from kickitout.errors import UserError
from kickitout.models.controls import TARGETS
from kickitout.notes import read_note, to_hz, to_midi

if TYPE_CHECKING:
    from kickitout.generation.match import MatchResult, TargetResult

MIDDLE_HZ = 52.0  # of 37 to 73 Hz, an octave for kicks: every note is there once


def add_request(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("targets (the error of each is reported)")
    group.add_argument("--note", type=note, default=None, help="pitch of the tail: F1, G#1+20 (C4 is MIDI 60), or F")
    for target in TARGETS.values():
        group.add_argument(f"--{target.name}", dest=f"ask_{target.name}", type=quantity(target.unit), default=None,
                           metavar=target.unit, help=f"{target.meaning}, for instance {target.example}")  # fmt: skip


def read_request(args: argparse.Namespace) -> dict[str, float]:
    """The request in the arguments; {} when nothing is asked for."""
    asked = {name: getattr(args, f"ask_{name}") for name in TARGETS}
    if args.note is not None:
        if asked["pitch"] is not None:
            raise UserError("--note and --pitch ask for the same thing; give one of them")
        asked["pitch"] = args.note
    return {name: value for name, value in asked.items() if value is not None}


def answer_text(answer: MatchResult) -> str:
    """What was asked for, what came, and the error; for what was not met, what this kick can give."""
    parts = []
    for line in answer.lines:
        target = line.target
        if math.isnan(line.achieved):
            parts.append(f"{target.name} {line.requested:g} {target.unit}: {_beyond(line)}")
            continue
        off = f"{line.error:+.1f} {line.error_unit}"
        beyond = "" if line.reached else f", {_beyond(line)}"
        parts.append(f"{target.name} {line.achieved:.4g} {target.unit} ({off}{beyond})")
    return "; ".join(parts)


def _beyond(line: TargetResult) -> str:
    if line.reachable is None:
        return "this kick has none" if math.isnan(line.achieved) else "as near as it goes"
    low, high = line.reachable
    if low <= line.requested <= high:
        return "as near as it goes"
    return f"this kick reaches {low:.3g} to {high:.3g} {line.target.unit}"


def note(text: str) -> float:
    """A note as a frequency in Hz; A4 = 440 Hz, C4 = MIDI 60. Without an octave the one nearest to MIDDLE_HZ.

    >>> round(note("A1"), 3), round(note("f#1-50"), 2), round(note("F"), 2), round(note("C"), 2)
    (55.0, 44.93, 43.65, 65.41)
    """
    found = read_note(text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no note; F1, G#1, A1+20 (cents), or F for the nearest F work")
    if found.octave is None:
        lowest = found._replace(octave=0).midi
        return to_hz(lowest + 12 * round((to_midi(MIDDLE_HZ) - lowest) / 12))
    return to_hz(found.midi)
