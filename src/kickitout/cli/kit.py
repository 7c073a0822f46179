"""Make a kit for a sampler: kicks tuned and equally loud, in velocity layers and round robins.

kick kit -n 8 -o kit/                               from the model in the package
kick kit -n 8 --note F --name "Eight in F" -o f/    each kick tuned to its nearest F
kick kit my-kicks/ --formats sfz -o mine/           from sounds of your own

It writes the files of several samplers (--formats), and a zip of the folder beside it; --no-zip leaves that out. Kick 1
is on General MIDI's key for a kick, 36, the others on the keys above; in SFZ and DecentSampler each has a file of its
own on key 36, too.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

HELP = "make a kit for a sampler"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from kickitout.cli.reject import add_rejection
    from kickitout.cli.values import add_pre_roll, positive
    from kickitout.export.kits.formats import KIT_FORMATS

    parser.add_argument("sounds", nargs="*", type=Path, metavar="FILE", help="sounds, folders, zips (default: a model)")
    parser.add_argument("-n", type=positive, default=None, help="how many kicks (default 8, or all that are given)")
    parser.add_argument("--model", default=None, help="a run folder, a model file, or 'default'")
    parser.add_argument("--seed", type=int, default=None, help="the first seed; the others follow it (default 0)")
    add_rejection(parser)
    parser.add_argument("--velocity-layers", type=positive, default=4, metavar="L", help="1 to 8 (default 4)")
    parser.add_argument("--round-robin", type=positive, default=4, metavar="R", help="1 to 8 (default 4)")
    parser.add_argument("--formats", default=",".join(KIT_FORMATS), help="with commas (default: all, %(default)s)")
    parser.add_argument("--note", default=None, help="tune to F1, or to F, the nearest (default: nearest semitone)")
    parser.add_argument(
        "--match", default="loudness", metavar="WHAT", help="loudness: equally loud (default); peak: of one peak"
    )
    parser.add_argument("--name", default=None, help="name of the kit (default: that of its folder)")
    parser.add_argument("--bits", choices=("16", "24", "32f"), default="24", help="sample format (default 24)")
    add_pre_roll(parser)
    parser.add_argument("--licence", default=None, help="your licence for the sounds, for instance CC0-1.0")
    parser.add_argument("-o", "--out", type=Path, default=Path("kit"), help="folder of the kit (default kit/)")
    parser.add_argument(
        "--zip", action=argparse.BooleanOptionalAction, default=True, help="the folder as a .zip beside it, too"
    )
    parser.add_argument("--force", action="store_true", help="replace a kit that is there")


def run(args: argparse.Namespace) -> int:
    from kickitout.cli.reject import say_rejected
    from kickitout.cli.values import count
    from kickitout.errors import UserError
    from kickitout.export.kits.build import build_kit
    from kickitout.export.kits.documents import remarks, table
    from kickitout.export.kits.formats import check_formats
    from kickitout.export.kits.package import check_place, write_kit
    from kickitout.export.kits.plan import Plan
    from kickitout.export.kits.sources import kicks_of_files, kicks_of_model
    from kickitout.generation.load import load_model
    from kickitout.generation.noise import check_seeds
    from kickitout.generation.reject import OutlierRejection

    if args.sounds and (args.model is not None or args.seed is not None or args.reject_outliers):
        raise UserError(
            "--model, --seed and --reject-outliers generate kicks, and sounds were given; leave out one or the other"
        )
    name = args.name if args.name is not None else args.out.resolve().name
    formats = tuple(part.strip() for part in args.formats.lower().split(","))
    plan = Plan(
        name, args.velocity_layers, args.round_robin, args.note, args.bits, args.licence, args.match, args.pre_roll
    )
    check_formats(formats, plan)
    check_place(args.out, zipped=args.zip, force=args.force)

    began = time.perf_counter()
    gate = None
    if args.sounds:
        model = None
        if args.n is not None:
            plan.check_size(args.n)
        kicks, refused = kicks_of_files(args.sounds, args.n)
        for one in refused:
            print(f"left out: {one.name}: {one.reason}", file=sys.stderr)
        if args.n is not None and len(kicks) < args.n:
            raise UserError(f"-n {args.n}: only {count(len(kicks), 'sound')} can be used; leave out -n, or give more")
    else:
        seeds = range(args.seed or 0, (args.seed or 0) + (args.n or 8))
        plan.check_size(len(seeds))
        check_seeds(seeds)
        model = load_model(args.model or "default")
        gate = OutlierRejection.of(model) if args.reject_outliers else None
        kicks = kicks_of_model(model, seeds, gate)
    kit = build_kit(kicks, plan)
    made = write_kit(kit, model, args.out, formats, zipped=args.zip, force=args.force)

    print("\n".join([*table(kit), *map(str, made)]))
    for remark in remarks(kit):
        print(remark, file=sys.stderr)
    sounds = count(sum(len(kick.sounds) for kick in kit.kicks), "sound")
    if gate is not None:
        say_rejected(gate)
    print(f"{count(len(kit.kicks), 'kick')}, {sounds} in {time.perf_counter() - began:.2f} s", file=sys.stderr)
    return 0
