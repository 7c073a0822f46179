"""Targets of a kick on the command line: --note F1 --decay 280ms --click -20dB --tolerance decay=2%."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import kickitout
from kickitout.cli.values import positive, quantity
from kickitout.errors import UserError, count
from kickitout.notes import note_name, read_hz, to_midi
from kickitout.units import UNITS, plain_number

if TYPE_CHECKING:
    from kickitout.generation.targets import MatchResult, TargetRequest, TargetResult

TARGETS = {one.target.name: one.target for one in kickitout.controls().values() if one.target is not None}
NEAREST = "the nearest found"
MOST_TOLD = 20  # kicks that miss a target are told one by one


def add_request(
    parser: argparse.ArgumentParser, *, tuned: bool = False, tries: bool = True, steady: bool = True
) -> None:
    """tuned: the kicks are tuned afterwards, so --note is not of the request, and no pitch is asked for. tries, steady:
    whether somebody says how many kicks are tried where one does not meet all, and that it shall rest."""
    group = parser.add_argument_group("targets (the error of each is reported)")
    if not tuned:
        group.add_argument(
            "--note",
            type=note,
            default=None,
            help="pitch of the tail: F1, G#1+20 (C4 is MIDI 60), or F: in 37 to 73 Hz",
        )
    for target in TARGETS.values():
        if tuned and target.name == "pitch":
            continue
        group.add_argument(f"--{target.name}", dest=f"ask_{target.name}", type=quantity(target.unit), default=None,
                           metavar=target.unit, help=f"{target.meaning}, for instance {target.example}")  # fmt: skip
    group.add_argument("--tolerance", type=tolerances, action="append", default=[], metavar="TARGET=ERROR[,...]",
                       help=f"the largest error of each target that is met ({_tolerances()})")  # fmt: skip
    parser.set_defaults(tries=None, steady=False)
    if steady:
        group.add_argument("--steady", action="store_true",
                           help="kicks whose pitch rests, to a semitone, where it is measured: a note")  # fmt: skip
    if tries:
        group.add_argument("--tries", type=positive, default=None, metavar="N",
                           help="kicks of a seed that are tried until one meets all (default 24)")  # fmt: skip


def read_request(args: argparse.Namespace) -> TargetRequest:
    """The request in the arguments; one without targets when nothing is asked for."""
    asked = {name: getattr(args, f"ask_{name}", None) for name in TARGETS}
    if "ask_pitch" in args and args.note is not None:
        if asked["pitch"] is not None:
            raise UserError("--note and --pitch ask for the same thing; give one of them")
        asked["pitch"] = args.note
    targets = {name: value for name, value in asked.items() if value is not None}
    if not targets and (args.tolerance or (args.tries is not None and not args.steady)):
        flag = "--tolerance" if args.tolerance else "--tries"
        one = "--note F1" if "ask_pitch" in args else "--decay 280ms"
        raise UserError(f"{flag}: of targets, and none is given; ask for one, for instance with {one}")
    tries = kickitout.TargetRequest.tries if args.tries is None else args.tries
    tolerance: dict[str, float] = {}
    for part in args.tolerance:
        if twice := sorted(tolerance.keys() & part.keys()):
            raise UserError(f"--tolerance: {twice[0]} is there twice; give one error of each target")
        tolerance |= part
    return kickitout.TargetRequest(targets, tolerance, tries, args.steady)


def answer_text(lines: Iterable[TargetResult], missed: Iterable[TargetResult] | None = None) -> str:
    """What was requested, what was achieved, and the error; for what was not met, what this kick can give. missed: some
    of the lines, the only ones to be told."""
    parts, lines = [], tuple(lines)
    for line in lines if missed is None else missed:
        target = line.target
        if math.isnan(line.achieved):
            parts.append(f"{target.name} {line.requested:g} {target.unit}: {_beyond(line, len(lines) > 1)}")
            continue
        off = f"{line.error:+.1f} {line.error_unit}"
        beyond = "" if line.reached else f", {_beyond(line, len(lines) > 1)}"
        parts.append(f"{target.name} {plain_number(line.achieved)} {target.unit} ({off}{beyond})")
    return "; ".join(parts)


def _beyond(line: TargetResult, others: bool) -> str:
    """others: it was found with no regard to other targets that are there."""
    if line.reachable is None:
        return "this kick has none" if math.isnan(line.achieved) else NEAREST
    low, high = line.reachable
    if low <= line.requested <= high:
        return f"{NEAREST} with the other targets" if others else NEAREST
    aside = ", the other targets aside" if others else ""
    return f"this kick reaches {plain_number(low, 3)} to {plain_number(high, 3)} {line.target.unit}{aside}"


def _restless(path: Path) -> str:
    """What is to be said of a sound file that was asked for its pitch and does not rest on it; empty where it does."""
    (sound,) = kickitout.read_cards([path])
    said = "" if isinstance(sound, UserError) else sound.unrest
    return said and f"; {said} there"


class TargetTally:
    """How many kicks meet their targets, what the others miss, and how many have a pitch that moves. others: whether
    other kicks of a seed can be tried for one that does not."""

    def __init__(self, *, others: bool = False) -> None:
        self.others = others
        self.kicks = self.missing = self.moving = 0
        self.told: list[str] = []

    def add(self, name: str, match: MatchResult, file: Path | None = None) -> str:
        """Count a kick. Returns what it achieves, for its line. file: of its sound, to hear whether its pitch rests."""
        self.kicks += 1
        if not match.reached:
            self.missing += 1
            if len(self.told) < MOST_TOLD:
                missed = answer_text(match.lines, [line for line in match.lines if not line.reached])
                says = f"is the nearest of {match.tries} tries" if match.tries > 1 else "misses"
                self.told.append(f"{name} {says}: {'; '.join(part for part in (missed, match.unrest) if part)}")
        pitched = any(line.target.name == "pitch" and line.reached for line in match.lines)
        there = _restless(file) if file and pitched else ""
        self.moving += bool(there) and match.moves is None
        return answer_text(match.lines) + there

    def say(self) -> None:
        """On stderr; nothing where nothing was asked for."""
        for told in self.told:
            print(f"targets: {told}", file=sys.stderr)
        kicks = count(self.kicks, "kick")
        if self.kicks:
            print(f"targets: {self.kicks - self.missing} of {kicks} meet all", file=sys.stderr)
        if self.moving:
            there = f"{self.moving} of {kicks} moves or scatters by more than a semitone where it is measured"
            steady = "; --steady tries other kicks of their seeds" if self.others else ""
            text = f"the pitch of {there}: it is the one that was asked for, and they do not rest on it{steady}"
            print(f"targets: {text}", file=sys.stderr)


def tolerances(text: str) -> dict[str, float]:
    """Targets and the largest error of each that is near enough, in cents, per cent or dB.

    >>> tolerances("decay=2%,note=5cents"), tolerances("click=0.5")
    ({'decay': 2.0, 'pitch': 5.0}, {'click': 0.5})
    """
    found = [_tolerance(part) for part in text.split(",")]
    names = [name for name, _ in found]
    if twice := [name for name in names if names.count(name) > 1]:
        raise argparse.ArgumentTypeError(f"{text!r}: {twice[0]} is there twice; give one error of each target")
    return dict(found)


def _tolerance(text: str) -> tuple[str, float]:
    name, _, value = (part.strip() for part in text.partition("="))
    name = "pitch" if name == "note" else name
    if name not in TARGETS:
        known = ", ".join(TARGETS)
        raise argparse.ArgumentTypeError(f"{text!r}: TARGET=ERROR works, for instance decay=2%; targets are {known}")
    unit = UNITS[TARGETS[name].unit].error
    try:
        return name, float(value.lower().removesuffix(unit.lower()))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r}: a number in {unit} works, for instance {name}=2{unit}") from None


def _tolerances() -> str:
    """The defaults, as help says them."""
    errors = ((target, UNITS[target.unit].error.replace("%", "%%")) for target in TARGETS.values())
    return ", ".join(f"{target.name} {target.tolerance:g} {error}" for target, error in errors)


def note(text: str) -> float:
    """A note as a frequency in Hz; A4 = 440 Hz, C4 = MIDI 60. Without an octave the one that is nearest to 52 Hz.

    >>> round(note("A1"), 3), round(note("f#1-50"), 2), round(note("F"), 2), round(note("C"), 2)
    (55.0, 44.93, 43.65, 65.41)
    """
    if (found := read_hz(text)) is None:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no note; F1, G#1, A1+20 (cents), or F for that in 37 to 73 Hz work"
        )
    low, high = TARGETS["pitch"].low, TARGETS["pitch"].high
    if not low <= found <= high:
        lowest, highest = note_name(math.ceil(to_midi(low))), note_name(math.floor(to_midi(high)))
        raise argparse.ArgumentTypeError(f"{text} is {found:,.0f} Hz; {lowest} to {highest} work")
    return found
