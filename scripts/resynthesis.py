"""Kicks that a model has not heard, made again by it: how near they come, printed as Markdown.

    python scripts/resynthesis.py FOLDER [FOLDER ...] [--model MODEL] [-n 96]

The kicks are drawn from the folders with seed 0. Intervals are 95 %: bootstraps of medians, Wilson's of shares.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from kickitout.corpus.build import build_corpus
from kickitout.evaluation.resynthesis import again_text, air_drawn_anew, best_magnitude, made_again
from kickitout.generation.listen import ROUNDS, Ear, find_ear
from kickitout.generation.load import load_model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--model", default="default")
    parser.add_argument("-n", type=int, default=96, help="kicks (default 96)")
    args = parser.parse_args()
    model, ear, corpus = load_model(args.model), Ear(find_ear(args.model)), build_corpus(args.folders)
    drawn = np.random.default_rng(0).permutation(len(corpus.waves))[: args.n]
    waves, names = corpus.waves[np.sort(drawn)], [corpus.rows[i].wave for i in np.sort(drawn)]
    rows = [made_again(model, ear, waves, names, rounds) for rounds in (0, ROUNDS)] + [air_drawn_anew(waves)]
    print(again_text(rows, *best_magnitude(waves)))
    print(f"\nModel `{model.digest[:16]}`, {len(waves)} of {len(corpus.waves)} kicks, corpus `{corpus.digest[:16]}`.")


if __name__ == "__main__":
    main()
