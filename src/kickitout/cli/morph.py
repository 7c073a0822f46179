"""Make the kicks between two kicks. Their bodies stay in phase, so nothing cancels halfway.

kick morph deep.wav hard.wav -n 5 -o morph/
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import kickitout
from kickitout.cli.options import add_format, add_length, add_model, format_of, length_of
from kickitout.cli.progress import pitch_text, print_made
from kickitout.cli.suspected import say_suspected
from kickitout.cli.values import many

if TYPE_CHECKING:
    from kickitout.generation import Kick

HELP = "make the kicks between two kicks"
APART = 1.0  # semitones outside of both ends from which a pitch is said to leave them


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("first", type=Path, help="a kick: any sound file that can be read")
    parser.add_argument("last", type=Path, help="another")
    parser.add_argument("-n", type=many, default=5, help="how many, both ends included (default 5)")
    add_model(parser)
    add_length(parser)
    parser.add_argument("-o", "--out", type=Path, default=Path("morph"), help="folder (default morph/)")
    add_format(parser)


def run(args: argparse.Namespace) -> int:
    pitches: list[float] = []
    paths = kickitout.write_kicks(_morphed(args, pitches), args.out, **format_of(args), force=args.force)
    for path, hz in zip(paths, pitches, strict=True):
        print_made(f"{path}  {pitch_text(hz)}")
    if beyond := _beyond_ends(pitches):
        print(f"the pitch of {beyond} lies outside that of both ends; other ends may do better", file=sys.stderr)
    return 0


def _morphed(args: argparse.Namespace, pitches: list[float]) -> Iterator[Kick]:
    """Nothing is made before how it is written has been checked. pitches: gets that of each kick, Hz."""
    kicks = kickitout.morph(args.first, args.last, args.n, args.model, **length_of(args))
    for sound, kick in ((args.first, kicks[0]), (args.last, kicks[-1])):
        print(f"{sound}: {kick.said}", file=sys.stderr)
        say_suspected(sound)
    for kick in kicks:
        pitches.append(float(kick.card["pitch_end_hz"]))
        yield kick


def _beyond_ends(pitches: list[float]) -> str:
    """Which kicks lie outside of both ends, counted from 0 as their files are; empty where none does."""
    low, high = sorted((pitches[0], pitches[-1]))
    if math.isnan(low + high):
        return ""
    room = 2 ** (APART / 12)
    far = [i for i, hz in enumerate(pitches) if hz < low / room or hz > high * room]  # NaN is not
    return f"{'kick' if len(far) == 1 else 'kicks'} {', '.join(f'{i:02d}' for i in far)}" if far else ""
