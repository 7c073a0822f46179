"""Print what re-makes a sound: the recipe inside a file that `kick generate` wrote.

kick recipe kicks/kick_000007.wav
"""

from __future__ import annotations

import argparse
from pathlib import Path

NAME, HELP = "recipe", "print what re-makes a sound"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("sounds", nargs="+", type=Path, help="sound files that kickitout made")


def run(args: argparse.Namespace) -> int:
    from kickitout.audio import read_comment
    from kickitout.errors import UserError

    for path in args.sounds:
        comment = read_comment(path)
        if comment is None or '"kickitout"' not in comment:
            raise UserError(f"{path}: has no recipe inside; only files that kickitout made carry one")
        print(comment)
    return 0
