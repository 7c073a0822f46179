"""Fill the figures in README.md and docs from commands and run folders: no number in them is typed by hand.

    python scripts/figures.py README.md --data FOLDER --run RUN_FOLDER [--only NAME]
    python scripts/figures.py docs/kick-card.md --data OPEN STUDY
    python scripts/figures.py docs/scores.md --data OPEN STUDY --run DCGAN_RUN --only scripts/scoreboard.py
    python scripts/figures.py docs/asking.md --only scripts/calibration.py
    python scripts/figures.py docs/asking.md --data STUDY --only scripts/resynthesis.py
    python scripts/figures.py README.md --only "kick lab findings --lab docs/results"
    python scripts/figures.py docs/laboratory.md

A block between `<!-- begin: NAME -->` and `<!-- end -->` is replaced by what the command NAME prints: a `kick` command
or a script here that prints Markdown. `kick ceiling` and the scripts take the folders of real kicks from --data;
`notebook` is the table of snapshots in the run folder of --run, and the scoreboard scores that model as well.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path

BLOCK = re.compile(r"<!-- begin: (?P<name>[^>]+?) -->\n.*?<!-- end -->", re.DOTALL)


def printed(command: list[str]) -> str:
    """What a `kick` command prints, as a fenced block."""
    done = subprocess.run([sys.executable, "-m", "kickitout", *command], check=True, capture_output=True, text=True)
    return f"```\n{done.stdout.rstrip()}\n```"


def said(command: list[str]) -> str:
    """What a `kick` command prints as Markdown."""
    return written(["-m", "kickitout", *command])


def written(command: list[str]) -> str:
    """What a script prints, as it is."""
    return subprocess.run([sys.executable, *command], check=True, capture_output=True, text=True).stdout.rstrip()


def notebook(run: Path) -> str:
    """The snapshots of a run, and what happened."""
    text = (run / "notebook.md").read_text("utf-8")
    parts = [p for p in text.split("\n## ") if p.startswith(("Snapshots", "What happened"))]
    return "\n\n".join(re.sub(r"!\[.*?\]\(.*?\)\n*", "", p.split("\n", 1)[1]).strip() for p in parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("page", type=Path)
    parser.add_argument("--data", type=Path, nargs="+", default=[])
    parser.add_argument("--run", type=Path, nargs="+", default=[])
    parser.add_argument("--only")
    args = parser.parse_args()

    found: dict[str, str] = {}
    for name in (match["name"] for match in BLOCK.finditer(args.page.read_text("utf-8"))):
        if args.only not in (None, name):
            continue
        if name == "notebook":
            found[name] = notebook(args.run[0])
        elif name.startswith("scripts/"):
            more = ["--run", *map(str, args.run)] if args.run and "scoreboard" in name else []
            found[name] = written([*name.split(), *map(str, args.data), *more])
        elif name.startswith(("kick lab findings", "kick lab table")):
            found[name] = said(name.split()[1:])
        else:
            found[name] = printed([*name.split()[1:], *(map(str, args.data) if name == "kick ceiling" else [])])

    def fill(match: re.Match[str]) -> str:
        name = match["name"]
        return f"<!-- begin: {name} -->\n{found[name]}\n<!-- end -->" if name in found else match[0]

    args.page.write_text(BLOCK.sub(fill, args.page.read_text("utf-8")), "utf-8")  # as it is after all that time


if __name__ == "__main__":
    main()
