"""Quantiles of every field of the kick card on real kicks, and how often a field has no value, by reason.

kick lab measure card-table FOLDER [FOLDER ...]
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from kickitout.datasets.build import read_dataset
from kickitout.descriptors import FIELDS, Cards, Field, cards
from kickitout.descriptors.fields import WHY_TEXT, Why
from kicklab.markdown import markdown_table

QUANTILES = (5, 25, 50, 75, 95)  # per cent


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("sounds", type=Path, nargs="+")


def run(args: argparse.Namespace) -> Iterator[str]:
    dataset = read_dataset(args.sounds)
    yield f"{len(dataset)} kicks, dataset digest {dataset.digest[:12]}\n"
    found = cards(dataset.waves)
    rows = ([f"`{field.name}`", field.unit, *quantiles(found, field), unknown(found, field)] for field in FIELDS)
    head = ["field", "unit", *(f"{q} %" for q in QUANTILES), "no value"]
    yield from markdown_table(head, rows, "ll" + "r" * len(QUANTILES) + "l")


def quantiles(found: Cards, field: Field) -> list[str]:
    """With the decimals of the card; of notes, those of their pitches."""
    if field.name == "note":
        order = np.argsort(found["pitch_end_hz"])[: int(np.isfinite(found["pitch_end_hz"]).sum())]
        return [str(found["note"][order[round(q / 100 * (len(order) - 1))]]) for q in QUANTILES]
    known = found[field.name][np.isfinite(found[field.name])]
    return [f"{round(value, field.digits) + 0.0:.{field.digits}f}" for value in np.percentile(known, QUANTILES)]


def unknown(found: Cards, field: Field) -> str:
    """ "12: too few periods ...; 3: ..." or nothing."""
    whys = found.whys[field.name]
    return "; ".join(f"{int((whys == why).sum())}: {WHY_TEXT[why]}" for why in Why if why and (whys == why).any())
