"""Kicks that a model has not heard, made again by it: how near they come, printed as Markdown.

    python scripts/resynthesis.py FOLDER [FOLDER ...] [--model MODEL] [-n 96]

The kicks are drawn from the folders with seed 0. Intervals are 95 %: bootstraps of medians, Wilson's of shares.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from kickitout.datasets.build import read_dataset
from kickitout.generation.invert import ROUNDS, EncoderSession, find_encoder
from kickitout.generation.load import load_model
from kicklab.experiments.reconstruction import again_text, air_drawn_anew, best_magnitude, made_again


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--model", default="default")
    parser.add_argument("-n", type=int, default=96, help="kicks (default 96)")
    args = parser.parse_args()
    model, ear, dataset = load_model(args.model), EncoderSession(find_encoder(args.model)), read_dataset(args.folders)
    drawn = np.random.default_rng(0).permutation(len(dataset.waves))[: args.n]
    waves, names = dataset.waves[np.sort(drawn)], [dataset.rows[i].wave for i in np.sort(drawn)]
    rows = [made_again(model, ear, waves, names, rounds) for rounds in (0, ROUNDS)] + [air_drawn_anew(waves)]
    print(again_text(rows, *best_magnitude(waves)))
    print(
        f"\nModel `{model.digest[:16]}`, {len(waves)} of {len(dataset.waves)} kicks, dataset `{dataset.digest[:16]}`."
    )


if __name__ == "__main__":
    main()
