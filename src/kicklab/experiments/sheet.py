"""Draw the contact sheet of a model's first kicks.

kick lab measure sheet --model default docs/images/default.png
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from kickitout.generation.generate import generate
from kickitout.generation.load import load_model
from kickitout.training.sheet import sheet_png


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("picture", type=Path)
    parser.add_argument("--model", default="default")
    parser.add_argument("-n", type=int, default=64)


def run(args: argparse.Namespace) -> Iterator[str]:
    model = load_model(args.model)
    title = f"{model.info.name}, step {model.info.step}: generated from seeds 0 to {args.n - 1}"
    args.picture.parent.mkdir(parents=True, exist_ok=True)
    args.picture.write_bytes(sheet_png(generate(range(args.n), model), title))
    yield f"![{title}]({args.picture.as_posix()})"
