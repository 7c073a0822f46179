"""Look through folders of kicks before learning them: what is refused and why, copies, what is no kick, what is wrong.

kick check my-kicks/
kick check my-kicks/ more.zip --html report.html --json report.json

Nothing in the folders is changed. What was measured is kept in ~/.cache/kickitout, so a second look is quick.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

NAME, HELP = "check", "look through folders of kicks before learning them"
LOG_SECONDS = 10.0  # between two lines where there is no terminal


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from kickitout.cli.values import positive

    parser.add_argument("sounds", nargs="+", type=Path, metavar="FOLDER", help="folders, zip files or sound files")
    parser.add_argument("--kind", choices=("kick", "any"), default="kick", help="any: nothing is suspect for no kick")
    parser.add_argument("--html", type=Path, default=None, metavar="FILE", help="write a page with sounds and pictures")
    parser.add_argument("--json", type=Path, default=None, metavar="FILE", help="write everything that was measured")
    parser.add_argument("--no-cache", action="store_true", help="measure every file anew and keep nothing")
    parser.add_argument("--threads", type=positive, default=None, help="files at a time (default: one a core)")
    parser.add_argument("--force", action="store_true", help="replace files that are there")


def run(args: argparse.Namespace) -> int:
    import json

    from kickitout.cli.check_text import as_text
    from kickitout.corpus.check import check
    from kickitout.errors import UserError
    from kickitout.files import check_place, write_whole

    if args.html is not None and args.html == args.json:
        raise UserError(f"{args.html}: is named twice; --html and --json need two files")
    for path in (args.html, args.json):
        check_place(path, force=args.force)
    with Progress() as progress:
        report = check(args.sounds, progress, cache=not args.no_cache, workers=args.threads, kind=args.kind)
    print(as_text(report, f"all are in {args.json}" if args.json else "--json FILE lists all"))
    if args.json is not None:
        print(write_whole(args.json, (json.dumps(report.as_data(), indent=1) + "\n").encode()), file=sys.stderr)
    if args.html is not None:
        from kickitout.cli.check_page import as_page

        print(write_whole(args.html, as_page(report)), file=sys.stderr)
    return 0


class Progress:
    """A bar on a terminal, else a line every ten seconds; called with (files done, files in all)."""

    def __init__(self) -> None:
        self.bar: Any = None
        self.task: Any = None
        self.said = time.monotonic()

    def __enter__(self) -> Progress:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
            from rich.progress import Progress as Bar

            columns = (TextColumn("{task.description}"), BarColumn(None), MofNCompleteColumn(), TimeRemainingColumn())
            self.bar = Bar(*columns, console=Console(stderr=True), expand=True, transient=True)
            self.task = self.bar.add_task("measuring", total=None)
            self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.bar is not None:
            self.bar.stop()

    def __call__(self, done: int, total: int) -> None:
        doing = "looking for copies" if done == total else "measuring"
        if self.bar is not None:
            self.bar.update(self.task, completed=done, total=total, description=doing)
        elif time.monotonic() - self.said > LOG_SECONDS:
            self.said = time.monotonic()
            print(f"{doing}: {done} of {total} files", file=sys.stderr, flush=True)
