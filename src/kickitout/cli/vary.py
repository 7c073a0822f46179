"""Variations of a kick: your own, or one that kickitout made.

kick vary my_kick.wav -n 8 --amount 0.3 -o variations/
kick vary my_kick.wav -n 8 --keep click -o bodies/      # the file's click, new bodies; --keep body: the reverse
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

AMOUNT = 0.3
HELP = "make variations of a kick"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from kickitout.cli.values import add_pre_roll, many, whole_hz

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
    parser.add_argument("--rate", type=whole_hz, default=44_100, help="Hz, 8000 to 192000 (default 44100)")
    add_pre_roll(parser)
    parser.add_argument("--force", action="store_true", help="replace files that are there")


def run(args: argparse.Namespace) -> int:
    from kickitout.audio import open_for_reading
    from kickitout.cli.progress import print_made
    from kickitout.export.sounds import SoundFormat, refuse_in_the_way, write_named
    from kickitout.generation import inpaint
    from kickitout.generation.generate import Kick
    from kickitout.generation.load import load_model
    from kickitout.generation.noise import check_seeds
    from kickitout.generation.recipe import find_latent, latent_recipe
    from kickitout.generation.source import decode_kick
    from kickitout.generation.vary import check_amount, vary

    form = SoundFormat(args.format, args.bits, args.rate, args.pre_roll)
    model = load_model(args.model)
    seeds = range(args.seed, args.seed + args.n)
    check_seeds(seeds)
    amount = args.amount if args.amount is not None else inpaint.AMOUNT if args.keep else AMOUNT
    check_amount(amount)
    how = f"keep_{args.keep}" if args.keep else "vary"
    names = [f"{args.sound.stem}_{how}_{seed:06d}" for seed in seeds]
    refuse_in_the_way(args.out, (f"{name}.{form.format}" for name in names), force=args.force)
    place, said = find_latent(model, args.sound)
    print(f"{args.sound}: {said}", file=sys.stderr)
    if args.keep:
        with open_for_reading(args.sound) as file:
            data = file.read()
        wave = decode_kick(data, str(args.sound), model.info.channels)
        import hashlib  # here, so that --help does not wait for it

        source = {"file": args.sound.name, "sha256": hashlib.sha256(data).hexdigest()}
        more = {"keep": args.keep, "source": source, "amount": amount}
        joined = inpaint.inpaint(model, place, wave, seeds, args.keep, amount)
        made = [Kick(None, one.wave, latent_recipe(model, one.made.latent, **more)) for one in joined]
    else:
        more = {"varied": args.sound.name, "amount": amount}
        varied = vary(model, place, seeds, amount)
        made = [Kick(None, one.wave, latent_recipe(model, one.latent, **more)) for one in varied]
    for path in write_named(list(zip(names, made, strict=True)), args.out, form, force=args.force):
        print_made(str(path))
    return 0
