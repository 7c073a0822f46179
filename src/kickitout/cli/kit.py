"""Make a kit for a sampler: kicks tuned and equally loud, in velocity layers and round robins.

kick kit -n 8 -o kit/                               from the model in the package
kick kit -n 8 --note F --name "Eight in F" -o f/    each kick tuned to its nearest F
kick kit -n 8 --style 808 --length 2s -o low/       within one of the model's styles, as long as they ring
kick kit -n 8 --decay 280ms --tries 100 -o tight/   each with these targets, and their errors
kick kit -n 8 --level -14LUFS -o quiet/             equally loud, at this loudness (--match peak --level -1dBTP: peaks)
kick kit my-kicks/ --formats sfz -o mine/           from sounds of your own
kick kit -n 8 --formats multisample,renoise -o a/   for Bitwig Studio, Studio One and Renoise

It writes the files of several samplers (--formats), and a zip of the folder beside it; --no-zip leaves that out. Kick 1
is on General MIDI's key for a kick, 36, the others on the keys above; in SFZ and DecentSampler each has a file of its
own on key 36, too. With a note or targets the model makes each kick at the note that it is tuned to, as
`kick generate --note` makes that of its seed, so that resampling has next to nothing left to do.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import kickitout
from kickitout.cli.options import add_bits, add_length, add_pre_roll, add_rejection, add_style, length_of
from kickitout.cli.progress import say_rejected
from kickitout.cli.targets import TargetTally, add_request, read_request
from kickitout.cli.values import positive
from kickitout.errors import UserError, count

HELP = "make a kit for a sampler"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("sounds", nargs="*", type=Path, metavar="FILE", help="sounds, folders, zips (default: a model)")
    parser.add_argument("-n", type=positive, default=None, help="how many kicks (default 8, or all that are given)")
    parser.add_argument("--model", default=None, help="a run folder, a model file, or 'default'")
    parser.add_argument("--seed", type=int, default=None, help="the first seed; the others follow it (default 0)")
    add_style(parser)
    add_rejection(parser)
    add_length(parser)
    add_request(parser, tuned=True)
    parser.add_argument("--velocity-layers", type=positive, default=4, metavar="L", help="1 to 8 (default 4)")
    parser.add_argument("--round-robin", type=positive, default=4, metavar="R", help="1 to 8 (default 4)")
    usual = kickitout.kit_formats(usual=True)
    more = [name for name in kickitout.kit_formats() if name not in usual]
    parser.add_argument(
        "--formats", default=",".join(usual), metavar="NAMES",
        help=f"with commas, or all (default %(default)s; {' and '.join(more)} hold all sounds once more)",
    )  # fmt: skip
    parser.add_argument("--note", default=None, help="tune to F1, or to F, the nearest (default: nearest semitone)")
    parser.add_argument(
        "--match", default="loudness", metavar="WHAT", help="loudness: equally loud (default); peak: of one peak"
    )
    parser.add_argument(
        "--level", default=None, metavar="DB", help="how loud: -14LUFS, or -1dBTP with --match peak (default: the most)"
    )
    parser.add_argument("--choke", action="store_true", help="a stroke ends the one before it, in formats that can")
    parser.add_argument("--name", default=None, help="name of the kit (default: that of its folder)")
    add_bits(parser)
    add_pre_roll(parser)
    parser.add_argument("--licence", default=None, help="your licence for the sounds, for instance CC0-1.0")
    parser.add_argument("-o", "--out", type=Path, default=Path("kit"), help="folder of the kit (default kit/)")
    parser.add_argument(
        "--zip", action=argparse.BooleanOptionalAction, default=True, help="the folder as a .zip beside it, too"
    )
    parser.add_argument("--force", action="store_true", help="replace a kit that is there")


def run(args: argparse.Namespace) -> int:
    request = read_request(args)
    told = (args.model, args.seed, args.style, args.length, args.reject_outliers or None, request or None)
    if args.sounds and any(one is not None for one in told):
        raise UserError(
            "--model, --seed, --style, --length, --reject-outliers, --steady and targets generate kicks, and sounds "
            "were given; leave out one or the other"
        )
    began, first = time.perf_counter(), args.seed or 0
    made = kickitout.write_kit(
        args.out, None if args.sounds else range(first, first + (args.n or 8)), sounds=args.sounds or None,
        most=args.n if args.sounds else None, model=args.model or "default", reject_outliers=args.reject_outliers,
        style=args.style, targets=request,
        name=args.name, note=args.note, layers=args.velocity_layers, round_robins=args.round_robin,
        formats=_formats(args.formats), bits=args.bits, licence=args.licence,
        match=args.match, level=args.level, choke=args.choke, pre_roll_ms=args.pre_roll, zipped=args.zip,
        force=args.force, **length_of(args),
    )  # fmt: skip
    for one in made.left_out:
        print(f"left out: {one.name}: {one.reason}", file=sys.stderr)
    print("\n".join([*made.table, *(str(path) for path in (made.folder, made.zip) if path)]))
    for remark in made.remarks:
        print(remark, file=sys.stderr)
    sounds = count(sum(len(kick.sounds) for kick in made.kit.kicks), "sound")
    tally = TargetTally(others=True)
    for kick in made.kit.kicks:
        if kick.kick.match is not None:
            tally.add(kick.kick.name, kick.kick.match)
    tally.say()
    if made.rejection is not None:
        say_rejected(made.rejection)
    print(f"{count(len(made.kit.kicks), 'kick')}, {sounds} in {time.perf_counter() - began:.2f} s", file=sys.stderr)
    return 0


def _formats(text: str) -> list[str]:
    """The formats that are named."""
    named = [part.strip() for part in text.lower().split(",")]
    return list(kickitout.kit_formats()) if named == ["all"] else named
