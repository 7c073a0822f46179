"""List the styles of a model: recordings behind each, and how surely a classifier knows it.

kick styles                          of the model in the package
kick styles --sheet styles.png       and an image of kicks of each, a row a style
kick generate -n 8 --style 808       kicks of one
"""

from __future__ import annotations

import argparse
from pathlib import Path

import kickitout
from kickitout.cli.options import add_model
from kickitout.errors import UserError

HELP = "list the styles of a model"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_model(parser)
    parser.add_argument(
        "--sheet", type=Path, default=None, metavar="PNG", help="draw kicks of each style, a row a style"
    )
    parser.add_argument("--force", action="store_true", help="replace the image")


def run(args: argparse.Namespace) -> int:
    model = kickitout.load_model(args.model)
    if not (found := kickitout.styles(model)):
        raise UserError(f"--model {args.model}: it has no styles; the default model has some")
    print(f"{'style':10} {'files':>5} {'sources':>7}  recordings of unheard sources told as it (95 %)")
    for style in found.values():
        share, low, high = style.agreement
        told = f"{share:.0f} % ({low:.0f} to {high:.0f}; chance {style.chance:.0f})"
        print(f"{style.name:10} {style.files:5} {style.sources:7}  {told}")
    if args.sheet is not None:
        print(kickitout.style_sheet(args.sheet, model, force=args.force))
    return 0
