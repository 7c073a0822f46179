"""Make the kicks between two kicks. Their bodies stay in phase, so nothing cancels halfway.

kick morph deep.wav hard.wav -n 5 -o morph/
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import kickitout
from kickitout.cli.options import add_format, add_length, add_model, format_of, length_of
from kickitout.cli.progress import print_made
from kickitout.cli.values import many

if TYPE_CHECKING:
    from kickitout.generation import Kick

HELP = "make the kicks between two kicks"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("first", type=Path, help="a kick: any sound file that can be read")
    parser.add_argument("last", type=Path, help="another")
    parser.add_argument("-n", type=many, default=5, help="how many, both ends included (default 5)")
    add_model(parser)
    add_length(parser)
    parser.add_argument("-o", "--out", type=Path, default=Path("morph"), help="folder (default morph/)")
    add_format(parser)


def run(args: argparse.Namespace) -> int:
    for path in kickitout.write_kicks(_morphed(args), args.out, **format_of(args), force=args.force):
        print_made(str(path))
    return 0


def _morphed(args: argparse.Namespace) -> Iterator[Kick]:
    """Nothing is made before how it is written has been checked."""
    kicks = kickitout.morph(args.first, args.last, args.n, args.model, **length_of(args))
    for sound, kick in ((args.first, kicks[0]), (args.last, kicks[-1])):
        print(f"{sound}: {kick.said}", file=sys.stderr)
    yield from kicks
