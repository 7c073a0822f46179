"""Several sets of sounds against the same real kicks, in one table: a row a score, a column a set.

The first column is the floor: real kicks against real kicks of other groups, in halves.

    kick lab measure scoreboard LEARNED UNSEEN [--run RUN_OR_MODEL ...] [-n 512] [--seed 0]

LEARNED: the recorded kicks the models may have learned from; UNSEEN: the kicks that all are held against. Columns:
UNSEEN against itself, LEARNED, the augmentation mix made of it, the procedural synthesiser, the model in the package,
and each --run (a run folder or a model file). Copies are sought among LEARNED.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from kickitout.augmentation.mix import augmentation_mix
from kickitout.datasets.build import Dataset, read_dataset
from kickitout.generation.generate import generate
from kickitout.generation.load import load_model
from kickitout.metrics.compare import RECOGNISED, compare_features, recognised
from kickitout.metrics.embeddings import DEFAULTS, Embedding
from kickitout.metrics.features import Features, measure_features
from kickitout.metrics.memorisation import audit
from kickitout.metrics.report import COPIES, compare_halves, near_duplicates, number
from kickitout.metrics.score import Found
from kickitout.scoring import mono
from kickitout.synthesis.procedural import synthesise
from kicklab.markdown import markdown_table

FLOOR_SPLITS = 20
SYNTHESISED_FROM = 1_000_000  # a seed far from those of the kicks that a model may have learned from
NOTED = ("card_worst_sd", "thirds_worst")  # the note says which field, which band


class Column(NamedTuple):
    """One set: its name in the table, what it is, and its scores by name."""

    name: str
    about: str
    scores: dict[str, Found]


def column(
    name: str, about: str, generated: Features, real: Features, copies: Found | None = None,
    embeddings: Sequence[Embedding] = DEFAULTS, *, seed: int = 0, draws: int = 200,
) -> Column:  # fmt: skip
    """The scores of one set against the real kicks, with intervals over groups; copies: see `near_duplicates`."""
    found = {f.name: f for f in compare_features(real, generated, embeddings, seed=seed, draws=draws)}
    return Column(name, about, found if copies is None else found | {COPIES: copies})


def floor(
    real: Features, copies: Found | None = None, embeddings: Sequence[Embedding] = DEFAULTS, *,
    seed: int = 0, splits: int = FLOOR_SPLITS,
) -> Column:  # fmt: skip
    """Real-vs-real baseline: the mean over many halvings by group, and where 95 % of them lie.

    The share recognised and that of near-duplicates are no comparisons: they are those of all real kicks.
    """
    each, sizes = compare_halves(real, embeddings, np.random.default_rng([seed, 3]), splits, seed)
    found = {}
    for name, halves in each.items():
        values = [f.value for f in halves]
        span = float(np.quantile(values, 0.025)), float(np.quantile(values, 0.975))
        found[name] = halves[0]._replace(value=float(np.mean(values)), unit="", interval=span, note="", n=None)
    found[RECOGNISED] = recognised(real)
    if copies is not None:
        found[COPIES] = copies
    about = f"halves of the real kicks, {sizes[0]} and {sizes[1]}, {splits} times; brackets: 95 % of the times"
    return Column("real-vs-real baseline", about, found)


def scoreboard_text(columns: Sequence[Column]) -> str:
    """Markdown: what each column is, then the table."""
    rows = []
    for name in dict.fromkeys(f.name for c in columns for f in c.scores.values() if f.headline):
        cells = [c.scores.get(name) for c in columns]
        known = next(f for f in [*cells[1:], cells[0]] if f is not None)
        rows.append([f"`{name}`", known.better, *map(_score_cell, cells)])
    about = [f"- **{c.name}**: {c.about}" for c in columns]
    return "\n".join([*about, "", *markdown_table(["score", "better", *(c.name for c in columns)], rows, "l")])


def _score_cell(found: Found | None) -> str:
    if found is None:
        return ""
    span = f" [{number(found.interval[0])}, {number(found.interval[1])}]" if np.isfinite(found.interval[0]) else ""
    note = f" {found.note}" if found.name in NOTED and found.note else ""
    return f"{number(found.value)}{span}{note}"


class Board:
    """The columns so far, and what all of them are held against."""

    def __init__(self, learned: Dataset, unseen: Dataset, seed: int) -> None:
        self.learned, self.seed = learned, seed
        self.real = measure_features(unseen.waves, groups=unseen.groups)
        self.columns: list[Column] = [floor(self.real, self.near_duplicates(unseen.waves), seed=seed)]

    def near_duplicates(self, waves: np.ndarray) -> Found:
        return near_duplicates(audit(waves, self.learned.waves, self.learned.groups))

    def recorded(self, name: str, dataset: Dataset) -> None:
        groups = dataset.groups
        about = f"{len(dataset)} recorded kicks of {len(np.unique(groups))} groups: what models learn from"
        heard = measure_features(dataset.waves, groups=groups)
        self.columns.append(column(name, about, heard, self.real, seed=self.seed))

    def made(self, name: str, about: str, waves: np.ndarray) -> None:
        about, copies = f"{len(waves)} {about}", self.near_duplicates(waves)
        self.columns.append(column(name, about, measure_features(waves), self.real, copies, seed=self.seed))

    def model(self, name: str, count: int) -> None:
        model = load_model(name)
        waves = generate(range(self.seed, self.seed + count), model)
        title = "model in the package" if name == "default" else model.info.name
        about = f"kicks of {model.info.name}, step {model.info.step}, identity {model.digest[:12]}"
        self.made(title, about, mono(waves))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("learned", type=Path)
    parser.add_argument("unseen", type=Path)
    parser.add_argument("--run", nargs="*", default=[], help="more models")
    parser.add_argument("-n", type=int, default=512, help="sounds of each generator")
    parser.add_argument("--seed", type=int, default=0, help="of the first sound, the mix and the resampling")


def run(args: argparse.Namespace) -> Iterator[str]:
    learned, unseen = read_dataset(args.learned), read_dataset(args.unseen)
    board = Board(learned, unseen, args.seed)
    board.recorded(args.learned.name, learned)
    mix = augmentation_mix(learned.waves, args.n, args.seed).waves
    board.made("augmentation mix", "sounds made of these for the model to learn from", mix)
    seeds = range(SYNTHESISED_FROM + args.seed, SYNTHESISED_FROM + args.seed + args.n)
    board.made("procedural", "kicks of the synthesiser, which learns nothing", synthesise(seeds)[0])
    for name in ["default", *args.run]:
        board.model(name, args.n)
    yield (
        f"{len(unseen)} kicks of {args.unseen.name}, {len(np.unique(board.real.groups))} groups, dataset digest "
        f"{unseen.digest[:12]}; seed {args.seed}; 95 % intervals in brackets. Copies are sought among the "
        f"{len(learned)} kicks of {args.learned.name}."
    )
    yield "\n" + scoreboard_text(board.columns)
