"""Make the kicks between two kicks. Their bodies stay in phase, so nothing cancels halfway.

kick morph deep.wav hard.wav -n 5 -o morph/
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

HELP = "make the kicks between two kicks"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from kickitout.cli.values import add_pre_roll, many, whole_hz

    parser.add_argument("first", type=Path, help="a kick: any sound file that can be read")
    parser.add_argument("last", type=Path, help="another")
    parser.add_argument("-n", type=many, default=5, help="how many, both ends included (default 5)")
    parser.add_argument("--model", default="default", help="a run folder, a model file, or 'default'")
    parser.add_argument("-o", "--out", type=Path, default=Path("morph"), help="folder (default morph/)")
    parser.add_argument("--format", choices=("wav", "flac"), default="wav")
    parser.add_argument("--bits", choices=("16", "24", "32f"), default="24", help="sample format (default 24)")
    parser.add_argument("--rate", type=whole_hz, default=44_100, help="Hz, 8000 to 192000 (default 44100)")
    add_pre_roll(parser)
    parser.add_argument("--force", action="store_true", help="replace files that are there")


def run(args: argparse.Namespace) -> int:
    from kickitout.cli.progress import print_made
    from kickitout.export.sounds import SoundFormat, refuse_in_the_way, write_named
    from kickitout.generation.generate import Kick
    from kickitout.generation.load import load_model
    from kickitout.generation.recipe import find_latent, latent_recipe
    from kickitout.generation.vary import check_count, morph

    form = SoundFormat(args.format, args.bits, args.rate, args.pre_roll)
    model = load_model(args.model)
    check_count(args.n)
    names = [f"{args.first.stem}_to_{args.last.stem}_{i:02d}" for i in range(args.n)]
    refuse_in_the_way(args.out, (f"{name}.{form.format}" for name in names), force=args.force)
    places = []
    for sound in (args.first, args.last):
        place, said = find_latent(model, sound)
        print(f"{sound}: {said}", file=sys.stderr)
        places.append(place)
    kicks = morph(model, places[0], places[1], args.n)
    morphed = [args.first.name, args.last.name]
    made = [Kick(None, one.wave, latent_recipe(model, one.latent, morphed=morphed)) for one in kicks]
    for path in write_named(list(zip(names, made, strict=True)), args.out, form, force=args.force):
        print_made(str(path))
    return 0
