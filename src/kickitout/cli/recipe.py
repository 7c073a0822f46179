"""Print the recipe inside a file that kickitout wrote, or re-render the sound from it.

kick recipe kicks/kick_000007.wav
kick recipe kicks/kick_000007.wav --render again.wav
kick recipe kit/samples/kick01_F1_my-kick_v4_r1.wav --render again.wav --source my-kick.wav
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import kickitout
from kickitout.errors import UserError

HELP = "print the recipe of a sound, or re-render it"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("sounds", nargs="+", type=Path, metavar="SOUND", help="sound files that kickitout made")
    parser.add_argument("--render", type=Path, default=None, metavar="FILE", help="re-render the sound, bit for bit")
    parser.add_argument("--model", default="default", help="the model it was made with (default 'default')")
    parser.add_argument("--source", type=Path, default=None, help="the sound file it was made from")
    parser.add_argument("--force", action="store_true", help="with --render: replace a file that is there")


def run(args: argparse.Namespace) -> int:
    import json

    if args.render is not None and len(args.sounds) > 1:
        raise UserError("--render re-renders one sound; give one file")
    for path in args.sounds:
        if args.render is None:
            print(json.dumps(kickitout.read_recipe(path, as_written=True), sort_keys=True))
            continue
        made, same = kickitout.render_file(path, args.render, args.model, source=args.source, force=args.force)
        if not same:
            said = f"{path}: its samples are not those of its recipe; {made} is the sound as it was made"
            print(said, file=sys.stderr)
        print(made)
    return 0
