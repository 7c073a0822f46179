"""Variations of a kick: your own, or one that kickitout made.

kick vary my_kick.wav -n 8 --amount 0.3 -o variations/
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

NAME, HELP = "vary", "make variations of a kick"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from kickitout.cli.values import many

    parser.add_argument("sound", type=Path, help="a kick: any sound file that can be read")
    parser.add_argument("-n", type=many, default=8, help="how many (default 8)")
    parser.add_argument(
        "--amount", type=float, default=0.3, help="0: the same kick, 1: as far as kicks are apart (0.3)"
    )
    parser.add_argument("--seed", type=int, default=0, help="the first seed; the others follow it (default 0)")
    parser.add_argument("--model", default="default", help="a run folder, a model file, or 'default'")
    parser.add_argument("-o", "--out", type=Path, default=Path("variations"), help="folder (default variations/)")
    parser.add_argument("--format", choices=("wav", "flac"), default="wav")
    parser.add_argument("--bits", choices=("16", "24", "32f"), default="24", help="sample format (default 24)")
    parser.add_argument("--rate", type=int, default=44_100, help="sample rate in Hz, 8000 to 192000 (default 44100)")
    parser.add_argument("--force", action="store_true", help="replace files that are there")


def run(args: argparse.Namespace) -> int:
    from kickitout.export.sounds import SoundFormat, write_places
    from kickitout.generation.listen import find_place
    from kickitout.generation.load import load_model
    from kickitout.generation.noise import check_seeds
    from kickitout.generation.vary import vary

    form = SoundFormat(args.format, args.bits, args.rate)
    model = load_model(args.model)
    seeds = range(args.seed, args.seed + args.n)
    check_seeds(seeds)
    place, said = find_place(model, args.model, args.sound)
    print(f"{args.sound}: {said}", file=sys.stderr)
    kicks = vary(model, place, seeds, args.amount)
    made = [(f"{args.sound.stem}_vary_{seed:06d}", kick) for seed, kick in zip(seeds, kicks, strict=True)]
    for path in write_places(model, made, args.out, form, force=args.force, varied=args.sound.name, amount=args.amount):
        print(path)
    return 0
