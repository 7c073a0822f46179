"""Write the rejection limits of a model that was exported before models had them inside.

    kick lab measure limits FOLDER... --model MODEL.onnx -o MODEL.limits.json

FOLDER: the recordings that it learned from; its config makes the same variants and augmentation mix of them again. The
file lies beside the model and names its digest; the model's own bytes stay. `kick train` writes limits into the model.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from kickitout.datasets.build import read_dataset
from kickitout.descriptors.limits import Limits, limits_of
from kickitout.errors import UserError
from kickitout.files import write_whole
from kickitout.generation.load import load_model
from kickitout.generation.model import Model
from kickitout.generation.reject import limits_text
from kickitout.training.config import read_config
from kickitout.training.training_set import make_training_set


def limits_again(model: Model, folders: list[Path]) -> Limits:
    """The limits of what a model learned from. Raises UserError for other recordings than those."""
    dataset = read_dataset(folders)
    if not dataset.has_digest(model.info.dataset["digest"]):
        raise UserError(
            f"{folders[0]}: not the {model.info.dataset['kicks']} kicks that {model.info.name} learned from"
        )
    config = read_config(model.info.config, f"model {model.info.name}")
    return limits_of(make_training_set(dataset, config).waves[:, 0], config.kind)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("sounds", type=Path, nargs="+")
    parser.add_argument("--model", default="default")
    parser.add_argument("-o", "--out", type=Path, required=True)


def run(args: argparse.Namespace) -> Iterator[str]:
    model = load_model(args.model)
    yield str(write_whole(args.out, limits_text(limits_again(model, args.sounds), model.digest).encode()))
