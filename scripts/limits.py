"""Write the limits of what a model learned from, for one that was exported before models had them inside.

    python scripts/limits.py FOLDER... --model MODEL.onnx -o MODEL.limits.json

FOLDER: the recordings that it learned from; the variants and the mix that its recipe made of them are made again. The
file lies beside the model and names its digest; the model's own bytes stay. `kick train` writes limits into the model.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from kickitout.card.limits import Limits, limits_of
from kickitout.corpus.build import build_corpus
from kickitout.errors import UserError
from kickitout.files import write_whole
from kickitout.generation.gate import limits_text
from kickitout.generation.load import load_model
from kickitout.generation.model import Model
from kickitout.settings import checked
from kickitout.training.lessons import make_lessons
from kickitout.training.recipe import Recipe


def limits_again(model: Model, folders: list[Path]) -> Limits:
    """The limits of what a model learned from. Raises UserError for other recordings than those."""
    corpus = build_corpus(folders)
    if not corpus.has_digest(model.info.corpus["digest"]):
        raise UserError(f"{folders[0]}: not the {model.info.corpus['kicks']} kicks that {model.info.name} learned from")
    recipe = checked(Recipe, model.info.recipe, f"model {model.info.name}")
    return limits_of(make_lessons(corpus, recipe).waves[:, 0], recipe.kind)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sounds", type=Path, nargs="+")
    parser.add_argument("--model", default="default")
    parser.add_argument("-o", "--out", type=Path, required=True)
    args = parser.parse_args()
    model = load_model(args.model)
    print(write_whole(args.out, limits_text(limits_again(model, args.sounds), model.digest).encode()))


if __name__ == "__main__":
    main()
