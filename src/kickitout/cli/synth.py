"""Render kicks with the procedural synthesiser: sweeps, clicks, noise, drive, no model and no recordings.

kick synth -n 1000 -o rendered/
kick synth -n 100 --style 909 -o rendered/

Styles are 808, 909, acoustic, machine, techno, hard and lofi.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import kickitout
from kickitout.cli.values import many
from kickitout.errors import count
from kickitout.files import make_folder, write_whole

HELP = "render kicks with the procedural synthesiser"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-n", type=many, default=16, help="how many (default 16)")
    parser.add_argument("--seed", type=int, default=0, help="the first seed; the others follow it (default 0)")
    parser.add_argument("--style", default=None, help="one style for all (default: a mixture)")
    parser.add_argument("-o", "--out", type=Path, required=True, help="folder for the files")
    parser.add_argument("--force", action="store_true", help="replace files that are there")


def run(args: argparse.Namespace) -> int:
    import csv
    import io
    import json
    from dataclasses import asdict

    from kickitout.sound import SAMPLE_RATE

    index = io.StringIO()
    rows = csv.writer(index)
    rows.writerow(["file", "source", "licence"])
    for seed in range(args.seed, args.seed + args.n):
        (wave,), (parameters,) = kickitout.synthesise([seed], args.style)  # one at a time: there may be millions
        name = f"synth_{seed:06d}.wav"
        comment = json.dumps({"kickitout": "procedural", "seed": seed, "parameters": asdict(parameters)})
        path = make_folder(args.out) / name  # a seed or style that is none leaves no folder
        kickitout.write_sound(path, wave, SAMPLE_RATE, bits="24", comment=comment, force=args.force)
        rows.writerow([name, "kickitout procedural", "CC0-1.0"])
    write_whole(args.out / "index.csv", index.getvalue().encode())
    print(f"{count(args.n, 'kick')} in {args.out}")
    return 0
