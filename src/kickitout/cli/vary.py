"""Variations of a kick: your own, or one that kickitout made.

kick vary my_kick.wav -n 8 --amount 0.3 -o variations/
kick vary my_kick.wav -n 8 --keep click -o bodies/      # the file's click, new bodies; --keep body: the reverse
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from kickitout.export.sounds import SoundFormat
    from kickitout.generation.model import Model

AMOUNT = 0.3
NAME, HELP = "vary", "make variations of a kick"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from kickitout.cli.values import many

    parser.add_argument("sound", type=Path, help="a kick: any sound file that can be read")
    parser.add_argument("-n", type=many, default=8, help="how many (default 8)")
    parser.add_argument(
        "--amount",
        type=float,
        default=None,
        help="0: the same kick, 1: as far as kicks are apart (0.3; with --keep 1)",
    )
    parser.add_argument(
        "--keep", choices=("click", "body"), default=None, help="keep this part of the file as it is; the rest is new"
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
    if args.keep:
        return _keep(args, model, place, seeds, form)
    amount = AMOUNT if args.amount is None else args.amount
    kicks = vary(model, place, seeds, amount)
    made = [(f"{args.sound.stem}_vary_{seed:06d}", kick) for seed, kick in zip(seeds, kicks, strict=True)]
    for path in write_places(model, made, args.out, form, force=args.force, varied=args.sound.name, amount=amount):
        print(path)
    return 0


def _keep(args: argparse.Namespace, model: Model, place: np.ndarray, seeds: range, form: SoundFormat) -> int:
    from kickitout.audio import open_for_reading
    from kickitout.export.sounds import write_kept
    from kickitout.generation import inpaint
    from kickitout.generation.listen import decode_kick

    with open_for_reading(args.sound) as file:
        data = file.read()
    amount = inpaint.AMOUNT if args.amount is None else args.amount
    wave = decode_kick(data, str(args.sound), model.info.channels)
    kicks = inpaint.inpaint(model, place, wave, seeds, args.keep, amount)
    names = [f"{args.sound.stem}_keep_{args.keep}_{seed:06d}" for seed in seeds]
    made = list(zip(names, kicks, strict=True))
    kept = (args.sound.name, data, args.keep)
    for path in write_kept(model, made, kept, args.out, form, force=args.force, amount=amount):
        print(path)
    return 0
