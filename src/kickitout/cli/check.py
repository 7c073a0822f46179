"""Check folders of kicks before training: refused files and why, copies, sounds that are not kicks, faults.

kick check my-kicks/
kick check my-kicks/ more.zip --html report.html --json report.json

It changes nothing in the folders, and keeps what it measured in ~/.cache/kickitout, so a second check is quick.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import kickitout
from kickitout.cli.options import add_workers, read_workers, workers_said
from kickitout.cli.progress import Counter
from kickitout.cli.values import check_report
from kickitout.errors import UserError
from kickitout.files import write_whole

if TYPE_CHECKING:
    from kickitout.datasets.doctor.check import DoctorReport

HELP = "check folders of kicks before training"
SHOWN = 10  # lines of a section on the terminal


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("sounds", nargs="+", type=Path, metavar="FOLDER", help="folders, zip files or sound files")
    parser.add_argument("--kind", choices=("kick", "any"), default="kick", help="any: sounds need not be kicks")
    parser.add_argument("--html", type=Path, default=None, metavar="FILE", help="write a page with sounds and plots")
    parser.add_argument("--json", type=Path, default=None, metavar="FILE", help="write everything that was measured")
    parser.add_argument("--no-cache", action="store_true", help="measure every file anew and keep nothing")
    parser.add_argument("--force", action="store_true", help="replace files that are there")
    add_workers(parser, "files at a time, each in a process with one thread (default: one a core)")


def run(args: argparse.Namespace) -> int:
    import json

    if args.html is not None and args.html == args.json:
        raise UserError(f"{args.html}: is named twice; --html and --json need two files")
    check_report(args.html, ".html", force=args.force)
    check_report(args.json, ".json", force=args.force)
    with Counter("measuring", "files") as counter, read_workers(args) as workers:

        def progress(done: int, total: int) -> None:
            counter(done, total, "looking for copies" if done == total else None)

        pool = workers if workers_said(args) else None
        report = kickitout.check(args.sounds, progress, cache=not args.no_cache, workers=pool, kind=args.kind)
    print(as_text(report, f"all are in {args.json}" if args.json else "--json FILE lists all"))
    if args.json is not None:
        data = (json.dumps(report.as_data(), indent=1) + "\n").encode()
        print(write_whole(args.json, data, follow=True), file=sys.stderr)
    if args.html is not None:
        from kickitout.cli.check_page import as_page

        print(write_whole(args.html, as_page(report), follow=True), file=sys.stderr)
    return 0


def as_text(report: DoctorReport, rest: str) -> str:
    """The report for a terminal: counts, overview, then at most SHOWN lines a section; rest: where all of them are."""
    lines = [report.headline(), "", *(f"{name:<9} {text}" for name, text in report.overview())]
    for section in report.sections():
        lines += ["", f"{section.count}  {section.title}", *(f"  {line}" for line in section.lines[:SHOWN])]
        if section.count > SHOWN:
            lines.append(f"  and {section.count - SHOWN} more ({rest})")
    if not report.sections():
        lines += ["", "nothing to complain of"]
    return "\n".join(lines)
