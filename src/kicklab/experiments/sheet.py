"""Draw the contact sheet of a model's first kicks, or of what a row of the laboratory made where it lies nearest.

kick lab measure sheet --model default docs/images/default.png
kick lab measure sheet --lab lab --study curves --row "DCGAN with the offset" docs/images/dcgan.png
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from kickitout.errors import UserError
from kickitout.generation.generate import generate
from kickitout.generation.load import load_model
from kickitout.training.sheet import sheet_png
from kicklab.evidence import read_evidence
from kicklab.folder import Lab
from kicklab.pictures import made_waves


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("image", type=Path)
    parser.add_argument("--model", default="default")
    parser.add_argument("--lab", type=Path, help="a laboratory, in place of a model")
    parser.add_argument("--study", default="curves", help="of that laboratory (default curves)")
    parser.add_argument("--row", default="DCGAN with the offset", help="of that study (default %(default)s)")
    parser.add_argument("-n", type=int, default=64)


def run(args: argparse.Namespace) -> Iterator[str]:
    if args.lab is None:
        model = load_model(args.model)
        title = f"{model.info.name}, step {model.info.step}: generated from seeds 0 to {args.n - 1}"
        waves = generate(range(args.n), model)
    else:
        waves, title = best_of_row(Lab(args.lab), args.study, args.row, args.n)
    args.image.parent.mkdir(parents=True, exist_ok=True)
    args.image.write_bytes(sheet_png(waves, title))
    yield f"![{title}]({args.image.as_posix()})"


def best_of_row(lab: Lab, study: str, row: str, count: int) -> tuple[np.ndarray, str]:
    """The first sounds of a row's first seed at the milestone that is chosen over all its seeds, and a title."""
    e = read_evidence(lab, study)
    if row not in e.rows:
        raise UserError(f"{lab.path}: {row!r} is not whole in {study}; it has {', '.join(e.rows)}")
    best = e.best(row)
    waves = made_waves(lab, study, row, best)
    if waves is None:
        raise UserError(f"{lab.path}: keeps no sounds of {row!r}; results alone hold none, the laboratory itself does")
    return waves[:count], f"{row}, after {e.rows[row].seen[best]:,} sounds: the first of its first seed, not chosen"
