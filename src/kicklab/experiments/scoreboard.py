"""Several sets of sounds against the same real kicks, in one table: a row a score, a column a set.

    kick lab measure scoreboard LEARNED UNSEEN [--model default ...] [--half second] [--score NAME ...]

LEARNED: the recorded kicks that the models learned from. The real kicks are half of UNSEEN, by source and without the
machines that were learned from, as `kick lab measure judge` takes them. Columns: these in halves against each other,
the recordings of the other half, LEARNED, the procedural synthesiser, which learns nothing, and each --model.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from kickitout.errors import UserError
from kickitout.generation.generate import generate
from kickitout.generation.load import load_model
from kickitout.generation.model import Model
from kickitout.metrics.compare import RECOGNISED, compare_features, recognised
from kickitout.metrics.embeddings import DEFAULTS, Embedding
from kickitout.metrics.features import Features, measure_features
from kickitout.metrics.memorisation import audit
from kickitout.metrics.report import COPIES, compare_halves, near_duplicates, number
from kickitout.metrics.score import Found
from kickitout.scoring import mono
from kickitout.synthesis.procedural import synthesise
from kickitout.text import nearest
from kicklab.experiments import judge as judging
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


def scoreboard_text(columns: Sequence[Column], names: Sequence[str] = ()) -> str:
    """Markdown: what each column is, then the table. names: of its scores (default: the headlines)."""
    rows = []
    for name in names or dict.fromkeys(f.name for c in columns for f in c.scores.values() if f.headline):
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
    """The columns so far, and the real kicks that all of them are held against."""

    def __init__(self, judge: judging.Judge) -> None:
        self.judge, self.real = judge, judge.real
        self.columns = [floor(self.real, self.near_duplicates(judge.waves))]
        about = f"{len(judge.others)} recorded kicks of other sources"
        self.add("other half", about, judge.others, self.near_duplicates(judge.other_waves))
        about = f"{len(judge.recorded)} of the {len(judge.learned)} recorded kicks that models learned from"
        self.add("learned from", about, judge.recorded)

    def near_duplicates(self, waves: np.ndarray) -> Found:
        return near_duplicates(audit(waves, self.judge.learned.waves, self.judge.learned.groups))

    def add(self, name: str, about: str, sounds: Features, copies: Found | None = None) -> None:
        self.columns.append(column(name, about, sounds, self.real, copies))

    def made(self, name: str, about: str, waves: np.ndarray) -> None:
        self.add(name, f"{len(waves)} {about}", measure_features(waves), self.near_duplicates(waves))

    def model(self, name: str, model: Model, count: int) -> None:
        info = model.info
        about = f"kicks of {info.name}, step {info.step}, which learned from {info.dataset['kicks']} kicks"
        waves = mono(generate(range(count), model))
        self.made(name, f"{about}; identity {model.digest[:12]}", waves)

    def refuse_unknown(self, names: Sequence[str]) -> None:
        """Raise UserError for a name that no score has."""
        known = self.columns[0].scores
        if wrong := [name for name in names if name not in known]:
            hint = f"did you mean {near}?" if (near := nearest(wrong[0], known)) else f"{', '.join(known)} are there"
            raise UserError(f"--score {wrong[0]}: no score has that name; {hint}")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    judging.add_arguments(parser)
    parser.add_argument("--score", action="append", default=[], help="a row (default: the headlines)")


def run(args: argparse.Namespace) -> Iterator[str]:
    models = {name: load_model(name) for name in args.model or ["default"]}
    judge = judging.asked_judge(args)
    board = Board(judge)
    board.refuse_unknown(args.score)
    yield f"{judge.about} Seeds from 0 on; 95 % intervals over groups and sounds in brackets.\n"
    seeds = range(SYNTHESISED_FROM, SYNTHESISED_FROM + args.n)
    board.made("procedural", "kicks of the synthesiser, which learns nothing", synthesise(seeds)[0])
    for name, model in models.items():
        board.model(name, model, args.n)
    yield scoreboard_text(board.columns, args.score)
