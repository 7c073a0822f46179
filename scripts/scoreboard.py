"""Score everything there is against the same unseen kicks, in one table of Markdown.

    python scripts/scoreboard.py LEARNED UNSEEN [--run RUN_OR_MODEL ...] [-n 512] [--seed 0]

LEARNED: the recorded kicks the models may have learned from; UNSEEN: the kicks that all are held against. Columns:
UNSEEN against itself, LEARNED, the learning mix made of it, the procedural synthesiser, the model in the package, and
each --run (a run folder or a model file). Near-copies are looked for in LEARNED.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from kickitout.augmentation.mix import learning_mix
from kickitout.datasets.build import Dataset, read_dataset
from kickitout.generation.generate import generate
from kickitout.generation.load import load_model
from kickitout.metrics.features import measure
from kickitout.metrics.memorisation import audit
from kickitout.metrics.report import copies_score
from kickitout.metrics.score import Found
from kickitout.synthesis.procedural import synthesise
from kicklab.experiments.scoreboard import Column, column, floor, scoreboard_text

SYNTHESISED_FROM = 1_000_000  # a seed far from those of the kicks that a model may have learned from


class Board:
    """The columns so far, and what all of them are held against."""

    def __init__(self, learned: Dataset, unseen: Dataset, seed: int) -> None:
        self.learned, self.seed = learned, seed
        self.real = measure(unseen.waves, groups=unseen.groups)
        self.columns: list[Column] = [floor(self.real, self.near_copies(unseen.waves), seed=seed)]

    def near_copies(self, waves: np.ndarray) -> Found:
        score = copies_score(audit(waves, self.learned.waves, self.learned.groups), "")
        return Found(score.name, score.value, score.unit, score.better, score.interval)

    def recorded(self, name: str, dataset: Dataset) -> None:
        groups = dataset.groups
        about = f"{len(dataset)} recorded kicks of {len(np.unique(groups))} groups: what models learn from"
        heard = measure(dataset.waves, groups=groups)
        self.columns.append(column(name, about, heard, self.real, seed=self.seed))

    def made(self, name: str, about: str, waves: np.ndarray) -> None:
        about, copies = f"{len(waves)} {about}", self.near_copies(waves)
        self.columns.append(column(name, about, measure(waves), self.real, copies, seed=self.seed))

    def model(self, name: str, count: int) -> None:
        model = load_model(name)
        waves = generate(range(self.seed, self.seed + count), model)
        title = "model in the package" if name == "default" else model.info.name
        about = f"kicks of {model.info.name}, step {model.info.step}, sha256 {model.digest[:12]}"
        self.made(title, about, waves if waves.ndim == 2 else waves.mean(axis=1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("learned", type=Path)
    parser.add_argument("unseen", type=Path)
    parser.add_argument("--run", nargs="*", default=[], help="more models")
    parser.add_argument("-n", type=int, default=512, help="sounds of each generator")
    parser.add_argument("--seed", type=int, default=0, help="of the first sound, the mix and the resampling")
    args = parser.parse_args()
    learned, unseen = read_dataset(args.learned), read_dataset(args.unseen)
    board = Board(learned, unseen, args.seed)
    board.recorded(args.learned.name, learned)
    mix = learning_mix(learned.waves, args.n, args.seed).waves
    board.made("learning mix", "sounds made of these for the model to learn from", mix)
    seeds = range(SYNTHESISED_FROM + args.seed, SYNTHESISED_FROM + args.seed + args.n)
    board.made("procedural", "kicks of the synthesiser, which learns nothing", synthesise(seeds)[0])
    for name in ["default", *args.run]:
        board.model(name, args.n)
    print(
        f"{len(unseen)} kicks of {args.unseen.name}, {len(np.unique(board.real.groups))} groups, dataset digest "
        f"{unseen.digest[:12]}; seed {args.seed}; 95 % intervals in brackets. Near-copies are looked for in the "
        f"{len(learned)} kicks of {args.learned.name}."
    )
    print("\n" + scoreboard_text(board.columns))


if __name__ == "__main__":
    main()
