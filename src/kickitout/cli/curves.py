"""Curves of a kick on the command line: --pitch-curve "0:220 60:F1 400:48Hz" --level-curve "0:0 300:-20"."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

import kickitout
from kickitout.units import plain_number

if TYPE_CHECKING:
    from kickitout.generation.draw import DrawnPoint

FAR_CENTS, FAR_DB = 25.0, 1.0  # what is further off is told as not followed


def add_curves(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("curves (what the kick does at each point is reported)")
    group.add_argument("--pitch-curve", default=None, metavar="MS:HZ",
                       help='points of the pitch, in Hz or notes, for instance "0:220 60:F1 400:48"')  # fmt: skip
    group.add_argument("--level-curve", default=None, metavar="MS:DB",
                       help='points of the level re the kick at its loudest, for instance "0:0 300:-20"')  # fmt: skip


def read_curves(args: argparse.Namespace) -> kickitout.Curves | None:
    """The curves in the arguments, None where none is drawn."""
    if args.pitch_curve is None and args.level_curve is None:
        return None
    return kickitout.Curves(*(() if text is None else text for text in (args.pitch_curve, args.level_curve)))


def points_text(points: Sequence[DrawnPoint]) -> str:
    """What a kick does at each point, and how far off that is where it is heard."""
    parts = []
    for point in points:
        unit = "cents" if point.curve == "pitch" else "dB"
        there = f"{point.curve} at {point.ms:g} ms"
        if point.achieved != point.achieved:  # NaN
            parts.append(f"{there}: no pitch any more")
            continue
        far = abs(point.error) > (FAR_CENTS if point.curve == "pitch" else FAR_DB)
        off = f"{point.error:+.1f} {unit}{', the nearest found' if far else ''}"
        parts.append(f"{there} {plain_number(point.achieved)} {point.unit} ({off})")
    return "; ".join(parts)
