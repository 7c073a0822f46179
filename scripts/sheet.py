"""Draw the contact sheet of a model's first kicks.

python scripts/sheet.py --model default docs/images/default.png
"""

from __future__ import annotations

import argparse
from pathlib import Path

from kickitout.generation.generate import generate
from kickitout.generation.load import load_model
from kickitout.training.sheet import sheet_png


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--model", default="default")
    parser.add_argument("-n", type=int, default=64)
    args = parser.parse_args()
    model = load_model(args.model)
    title = f"{model.info.name}, step {model.info.step}: generated from seeds 0 to {args.n - 1}"
    args.picture.parent.mkdir(parents=True, exist_ok=True)
    args.picture.write_bytes(sheet_png(generate(range(args.n), model), title))


if __name__ == "__main__":
    main()
