"""Are a stereo model's kicks as wide as the recordings it learned from?

    kick train DATA --config kickae-stereo --budget 10m --out build/stereo
    kick lab measure stereo DATA --model build/stereo [-n 512] [--seed 0]

Levels are of the side, half the difference of the channels, re the mid, their mean. A kick is wide whose side is above
-30 dB over all from 345 Hz on, where models have one. Intervals are of 95 %: of a share Wilson's, of a median over
kicks drawn anew.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np

from kickitout.datasets.build import read_dataset
from kickitout.errors import UserError
from kickitout.generation.generate import generate
from kickitout.metrics.resampling import wilson
from kickitout.sound import LENGTH, SAMPLE_RATE
from kicklab.markdown import markdown_table, median_text, with_interval

EDGES = (20, 200, 345, 1380, 5500, 19_000)  # Hz
SILENT_DB = -120.0
WIDE_DB = -30.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("sounds", nargs="+", type=Path)
    parser.add_argument("--model", required=True)
    parser.add_argument("-n", type=int, default=512, help="kicks to make (default 512)")
    parser.add_argument("--seed", type=int, default=0, help="of the first one (default 0)")


def run(args: argparse.Namespace) -> Iterator[str]:
    dataset = read_dataset(args.sounds)
    made = generate(range(args.seed, args.seed + args.n), args.model)
    if made.ndim != 3:
        raise UserError(f"{args.model}: a mono model; train one with --config kickae-stereo")
    mids, sides = made.mean(axis=1), (made[:, 0] - made[:, 1]) / 2
    parts = {"recordings": (dataset.waves, dataset.sides), "generated": (mids, sides)}
    yield f"{len(dataset)} recordings, {args.n} kicks of {Path(args.model).name} (seeds from {args.seed}).\n"
    wide = {name: _side_levels(*both, EDGES[2], EDGES[-1]) > WIDE_DB for name, both in parts.items()}
    rows = [["wide", *(with_interval(w.mean(), *wilson(int(w.sum()), len(w)), ".0%") for w in wide.values())]]
    for low, high in pairwise(EDGES):
        levels = [_side_levels(mid[wide[name]], side[wide[name]], low, high) for name, (mid, side) in parts.items()]
        medians = (median_text(each, ".0f", none="none") for each in levels)
        rows.append([f"side of the wide ones re mid, {low} to {high} Hz, dB", *medians])
    yield from markdown_table(["", *parts], rows)


def _side_levels(mid: np.ndarray, side: np.ndarray, low_hz: float, high_hz: float) -> np.ndarray:
    """[n], dB."""
    hz = np.fft.rfftfreq(LENGTH, 1 / SAMPLE_RATE)
    within = (hz >= low_hz) & (hz < high_hz)
    of_side, of_mid = ((np.abs(np.fft.rfft(x)[:, within]) ** 2).sum(axis=1) for x in (side, mid))
    return np.maximum(10 * np.log10((of_side + 1e-20) / (of_mid + 1e-20)), SILENT_DB)
