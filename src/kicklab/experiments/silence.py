"""How much of a kick's representation is -1 (silence where no phase is kept), and where its data is densest.

kick lab measure silence my-kicks/
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from kickitout.datasets.build import read_dataset
from kickitout.models.output import mode_under_tanh
from kickitout.representations import REPRESENTATIONS, make_representation
from kicklab.markdown import markdown_table

NEARLY = -0.9  # below it a level is within a twentieth of the scale from silence
KICKS_AT_ONCE = 16


class Silence(NamedTuple):
    """Of the cells of a representation of some kicks."""

    exact: float  # share at -1
    nearly: float  # share below NEARLY
    mode: float  # the most frequent value, under the tanh: what `model.output_bias=data` takes


def silence(waves: np.ndarray, name: str) -> Silence:
    """Of kicks [n, T] in a representation of this name, as it is by default."""
    representation = make_representation(REPRESENTATIONS[name]())
    with torch.inference_mode():
        encoded = torch.cat([representation.encode(part) for part in torch.from_numpy(waves).split(KICKS_AT_ONCE)])
    exact, nearly = (float(found.float().mean()) for found in (encoded <= -1, encoded < NEARLY))
    return Silence(exact, nearly, float(mode_under_tanh(encoded)))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("sounds", nargs="+", type=Path, metavar="FOLDER", help="folders, zip files or sound files")


def run(args: argparse.Namespace) -> Iterator[str]:
    dataset = read_dataset(args.sounds)
    yield f"Cells of {len(dataset.waves)} kicks, dataset digest {dataset.digest[:12]}.\n"
    rows = []
    for name in REPRESENTATIONS:
        found = silence(dataset.waves, name)
        rows.append([name, f"{found.exact:.1%}", f"{found.nearly:.1%}", f"{found.mode:.2f}"])
    yield "\n".join(markdown_table(["representation", "exactly -1", f"below {NEARLY}", "mode, under the tanh"], rows))
