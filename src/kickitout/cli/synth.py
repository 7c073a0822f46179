"""Render kicks with the procedural synthesiser: sweeps, clicks, noise, drive, no model and no recordings.

kick synth -n 1000 -o rendered/
kick synth -n 100 --style 909 -o rendered/
"""

from __future__ import annotations

import argparse
from pathlib import Path

from kickitout.cli.values import count, many
from kickitout.errors import UserError
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

    from kickitout.audio import write_sound
    from kickitout.sound import SAMPLE_RATE
    from kickitout.synthesis.procedural import render_kick
    from kickitout.synthesis.styles import STYLES, draw_parameters

    if args.style is not None and args.style not in STYLES:
        raise UserError(f"--style {args.style}: not known; styles are {', '.join(STYLES)}")
    folder = make_folder(args.out)
    index = io.StringIO()
    rows = csv.writer(index)
    rows.writerow(["file", "source", "licence"])
    for seed in range(args.seed, args.seed + args.n):
        parameters = draw_parameters(seed, args.style)
        name = f"synth_{seed:06d}.wav"
        comment = json.dumps({"kickitout": "procedural", "seed": seed, "parameters": asdict(parameters)})
        write_sound(folder / name, render_kick(parameters), SAMPLE_RATE, bits="24", comment=comment, force=args.force)
        rows.writerow([name, "kickitout procedural", "CC0-1.0"])
    write_whole(folder / "index.csv", index.getvalue().encode())
    print(f"{count(args.n, 'kick')} in {folder}")
    return 0
