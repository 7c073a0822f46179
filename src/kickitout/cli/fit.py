"""Make kicks that fit a loop or a stem: tuned to it, short enough for its bass, loud where it leaves room.

kick fit loop.wav -n 8 -o fitted/
kick fit loop.wav --key Am --bpm 124 --style 808    what you know of it yourself, and what kicks you want
kick fit loop.wav --note D1 --decay 300ms           kicks that have this in place of what the loop would ask for

fitted/ then holds the kicks, mix/ with the loop alone, with each kick, ducked or not, all at one loudness, and what was
heard as fit.txt and fit.json. A loop has 1 to 120 s, in 4/4. docs/fit.md says how sure the answers are.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import kickitout
from kickitout.cli.options import add_format, add_model, add_style, format_of
from kickitout.cli.progress import print_made
from kickitout.cli.targets import add_request, read_request
from kickitout.cli.values import positive
from kickitout.errors import count
from kickitout.files import check_new_file

HELP = "make kicks that fit a loop"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("loop", type=Path, help="a loop or a stem: any sound file that can be read")
    parser.add_argument("-n", type=positive, default=8, help="how many kicks (default 8)")
    parser.add_argument("--seed", type=int, default=0, help="the first of the seeds that are looked at (default 0)")
    parser.add_argument("--key", default=None, help="of the loop, where you know it: F, F#, Am, 'F minor', 8A")
    parser.add_argument("--bpm", type=_beats, default=None, help="of the loop, where you know it")
    add_model(parser)
    add_style(parser)
    add_request(parser, tries=False)  # docs/fit.md says how many are
    parser.add_argument("-o", "--out", type=Path, default=Path("fitted"), help="folder (default fitted/)")
    add_format(parser)


def _beats(text: str) -> float:
    """Beats a minute; which ones work, `kickitout.fit` says."""
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r}: a number of beats a minute works, for instance 124") from None


def run(args: argparse.Namespace) -> int:
    given = {"key": args.key, "bpm": args.bpm, "style": args.style, "targets": read_request(args)}
    # Before the work rather than after it: what is in the way, and what files of this kind cannot hold.
    if args.out.is_dir():
        check_new_file(args.out / "fit.txt", force=args.force)
    kickitout.generation_job(args.out, model=args.model, targets=given["targets"], style=args.style, **format_of(args))
    found = kickitout.fit(args.loop, args.n, seed=args.seed, model=args.model, **given)
    for line in found.heard:
        print(line, file=sys.stderr)
    written = kickitout.write_fit(found, args.out, **format_of(args), force=args.force)
    for path, why in zip(written, found.why, strict=True):
        print_made(f"{path}  {why}")
    if found.asked.targets:
        met = sum(one.meets_given for one in found.kicks)
        print(f"targets: {met} of {count(len(found.kicks), 'kick')} meet what was given", file=sys.stderr)
    return 0
