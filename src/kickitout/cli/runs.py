"""List run folders: state, steps, best score, size on the disk.

kick runs                  those below runs/
kick runs runs/a lab/      those at or below these places
"""

from __future__ import annotations

import argparse
from pathlib import Path

import kickitout
from kickitout.cli.values import megabytes
from kickitout.errors import printable
from kickitout.text import columns

HELP = "list run folders with state, best score and disk use"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("places", nargs="*", type=Path, default=[Path("runs")], metavar="FOLDER", help="default: runs")
    parser.add_argument("--json", action="store_true", help="print all figures as JSON")


def run(args: argparse.Namespace) -> int:
    import json

    states = kickitout.runs(args.places)
    if args.json:
        print(json.dumps([{**s._asdict(), "path": str(s.path)} for s in states], indent=1))
        return 0
    if not states:
        print(f"no runs at or below {', '.join(map(str, args.places))}")
        return 0
    head = ("run", "config", "state", "step", "minutes", "best score", "MB", "spare MB")
    rows = [
        (
            printable(str(s.path)), s.config or "?", s.state, str(s.step), f"{s.minutes:.1f}",
            "-" if s.best is None else f"{s.best:.3f}", megabytes(s.size), megabytes(s.spare),
        )
        for s in states
    ]  # fmt: skip
    print(columns([head, *rows], left=3))
    if any(s.spare for s in states):
        print("`kick clean` removes what is spare")
    return 0
