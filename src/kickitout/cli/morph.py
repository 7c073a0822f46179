"""Make the kicks between two kicks. Their bodies stay in phase, so nothing cancels halfway.

kick morph deep.wav hard.wav -n 5 -o morph/
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

HELP = "make the kicks between two kicks"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from kickitout.cli.values import add_format, add_model, many

    parser.add_argument("first", type=Path, help="a kick: any sound file that can be read")
    parser.add_argument("last", type=Path, help="another")
    parser.add_argument("-n", type=many, default=5, help="how many, both ends included (default 5)")
    add_model(parser)
    parser.add_argument("-o", "--out", type=Path, default=Path("morph"), help="folder (default morph/)")
    add_format(parser)


def run(args: argparse.Namespace) -> int:
    from kickitout import invert, load_model, morph, write_kicks
    from kickitout.cli.progress import print_made
    from kickitout.cli.values import format_of

    model, ends = load_model(args.model), []
    for sound in (args.first, args.last):
        ends.append(invert(sound, model))
        print(f"{sound}: {ends[-1].said}", file=sys.stderr)
    for path in write_kicks(morph(ends[0], ends[1], args.n, model), args.out, **format_of(args), force=args.force):
        print_made(str(path))
    return 0
