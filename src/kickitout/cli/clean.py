"""Free disk space in run folders: second copies of checkpoints, and what killed runs left half-written.

kick clean                             what would go, below runs/; nothing is removed
kick clean runs/a --yes                remove it
kick clean runs/ --checkpoints --yes   checkpoints of finished runs, too: they still play, but cannot train on
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import kickitout
from kickitout.cli.values import megabytes
from kickitout.errors import printable

HELP = "free disk space in run folders"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("places", nargs="*", type=Path, default=[Path("runs")], metavar="FOLDER", help="default: runs")
    parser.add_argument("--checkpoints", action="store_true", help="of finished runs too, which ends their training")
    parser.add_argument("--yes", action="store_true", help="remove; without it the files are only listed")


def run(args: argparse.Namespace) -> int:
    total = 0
    for spare in kickitout.clean(args.places, checkpoints=args.checkpoints, remove=args.yes):
        if spare.running:
            print(f"kick: {printable(str(spare.run))}: a trainer is using this run; left alone", file=sys.stderr)
        for file, size in spare.files.items():
            total += size
            if not args.yes:
                print(f"{printable(str(file))}  {megabytes(size)} MB")
    print(f"{megabytes(total)} MB " + ("freed" if args.yes else "could be freed; --yes removes it"))
    return 0
