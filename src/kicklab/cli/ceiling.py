"""What real kicks lose on their way through each representation: the best that any generator of that picture can reach.

kick ceiling my-kicks/ --picture ceiling.png
"""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "what real kicks lose in each representation"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from kickitout.cli.values import positive

    parser.add_argument("sounds", nargs="+", type=Path, metavar="FOLDER", help="folders, zip files or sound files")
    parser.add_argument("-n", type=positive, default=None, help="at most so many kicks, spread over the folder")
    parser.add_argument(
        "--picture", type=Path, default=None, help="write a picture of one kick in every representation (PNG)"
    )
    parser.add_argument("--json", type=Path, default=None, help="write the figures of every kick")
    parser.add_argument("--force", action="store_true", help="replace files that are there")


def run(args: argparse.Namespace) -> int:
    from kickitout.cli.train import need_torch

    need_torch("kick ceiling")
    import json

    import numpy as np

    from kickitout.datasets.build import read_dataset
    from kickitout.errors import UserError
    from kickitout.files import check_place, write_whole
    from kicklab.experiments.ceilings import ceilings, ceilings_as_data, ceilings_png, ceilings_text

    if args.picture is not None and args.picture.suffix != ".png":
        raise UserError(f"{args.picture}: the picture is a PNG; give a name that ends in .png")
    for path in (args.picture, args.json):
        check_place(path, force=args.force)
    dataset = read_dataset(args.sounds)
    count = min(args.n or len(dataset.waves), len(dataset.waves))
    waves = dataset.waves[np.linspace(0, len(dataset.waves) - 1, count).astype(int)]
    found = ceilings(waves)
    kicks = f"{count} kick{'s' * (count > 1)}"
    print(f"{kicks}, dataset digest {dataset.digest[:12]}; median over the kicks, 95 % interval in brackets\n")
    print(ceilings_text(found))
    if args.json is not None:
        write_whole(args.json, (json.dumps(ceilings_as_data(found), indent=1) + "\n").encode())
    if args.picture is not None:
        print(write_whole(args.picture, ceilings_png(waves[count // 2])))
    return 0
