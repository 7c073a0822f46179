"""Hold models against recordings that none of them heard, beside the open recordings that they learned from.

    kick lab measure judge LEARNED UNSEEN [--model default ...] [--half second]

UNSEEN is halved by source: whatever is chosen, is chosen by the first half; figures are of the second. Sounds of a
machine that was learned from are left out, by its label or by a near-duplicate of one of its sounds. The bound of each
measure is what recordings do: how kicks end and how long they ring, within the 95 % interval over sources of the half;
recognised as kicks, as the half is; the worst third octave, within 2 dB, which halves of recordings are not;
near-duplicates, as kicks that are none; all else, as the recordings that were learned from do. What lies beyond its
bound is bold. Classifiers and neighbours take as many sounds of both sets. Two more tables have the differences, with
intervals: how kicks end and how many are recognised, less the half; the other scores, less the recordings that were
learned from. The latter draw groups of near-duplicates, which makes them narrower than other sources would.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from kickitout import generate, load_model, read_dataset
from kickitout.datasets.build import Dataset
from kickitout.descriptors import cards
from kickitout.errors import UserError
from kickitout.metrics import drum_types
from kickitout.metrics.compare import MEASURES, RECOGNISED, compare_features, compare_two, recognised
from kickitout.metrics.features import Features, measure_features
from kickitout.metrics.memorisation import audit
from kickitout.metrics.report import number
from kickitout.scoring import mono
from kicklab.experiments.endings import MEASURED_ENDINGS, SEEDS, halves_by_source, less, source_draws, span_of
from kicklab.experiments.unheard import unheard
from kicklab.markdown import with_interval

TOLD_MORE = 0.05  # accuracy of a classifier by which a model may be told more easily than what it learned from
WORST, WORST_DB = "thirds_worst", 2.0
FARTHER = (  # prefix of a score, what may be added to that of the recordings learned from
    ("two_sample_", TOLD_MORE), ("frechet_limit_", 0.0), ("recall_", 0.0)
)  # fmt: skip


class Bounded(NamedTuple):
    """One line: a measure, of recordings and of models, and what would be enough."""

    name: str
    recordings: Sequence[float | None]  # of the half, the other half, and those learned from
    models: Sequence[float]
    least: float = -math.inf
    most: float = math.inf

    @property
    def line(self) -> str:
        """Of the table: what lies beyond its bound as printed is bold."""
        cells = ["" if value is None else number(value) for value in self.recordings]
        cells += [number(value) if self.meets(value) else f"**{number(value)}**" for value in self.models]
        return f"| {self.name} | {' | '.join(cells)} | {self.bound} |"

    def meets(self, value: float) -> bool:
        """Whether a value is enough."""
        return self.least <= value <= self.most

    @property
    def bound(self) -> str:
        """In words."""
        if math.isinf(self.least):
            return f"at most {number(self.most)}"
        if math.isinf(self.most):
            return f"at least {number(self.least)}"
        return f"{number(self.least)} to {number(self.most)}"


class Judge:
    """Half of the recordings, of machines that were not learned from; the other half, and what was learned from."""

    def __init__(self, learned: Dataset, both: Dataset, half: str) -> None:
        """both: a dataset of what was learned from and of the recordings that were not."""
        known = unheard(learned, both)
        heard, who, unseen = known.heard, known.who, np.flatnonzero(~known.heard)
        first = halves_by_source([both.rows[i].source for i in unseen])
        mine, others = (unseen[first == (half == name)] for name in ("first", "second"))
        strange = [part[known.strange[part]] for part in (mine, others)]
        if not all(map(len, strange)):
            raise UserError(f"{len(unseen)} recordings that were not learned from: too few sources for two halves")
        self.left_out, self.machines = len(mine) - len(strange[0]), len(set(who[mine]) & set(who[heard]))
        self.learned, self.half = learned, half
        self.waves, self.who = both.waves[strange[0]], np.unique(who[strange[0]], return_inverse=True)[1]
        self.real = measure_features(self.waves, groups=both.groups[strange[0]])
        sets = [strange[1], np.flatnonzero(heard)]
        rows = [_some(part, len(self.waves)) for part in sets]
        self.other_waves, self.other_who = both.waves[rows[0]], who[rows[0]]
        self.others, self.recorded = (measure_features(both.waves[part], groups=both.groups[part]) for part in rows)

    @property
    def about(self) -> str:
        """What it judges by, as a sentence."""
        return (
            f"{len(self.waves)} recordings of {self.who.max() + 1} sources, the {self.half} half by source; "
            f"{self.left_out} of {self.machines} sources that were learned from are left out."
        )

    def endings(self, models: Sequence[np.ndarray]) -> Iterator[Bounded]:
        found = [cards(waves).values for waves in (self.waves, self.learned.waves, *models)]
        drawn = source_draws(self.who)
        for ending in MEASURED_ENDINGS:
            half, learned, *made = (ending.middle(ending.of(one)) for one in found)
            values = ending.of(found[0])
            yield Bounded(ending.name, [half, None, learned], made, *span_of(ending.middle, values, drawn))

    def scores(self, models: Sequence[Features]) -> Iterator[Bounded]:
        sets = (self.others, self.recorded, *models)
        columns = [{f.name: f for f in compare_features(self.real, one, draws=0)} for one in sets]
        for name, first in columns[1].items():
            own, bound = None, None
            if name == RECOGNISED:
                own = bound = recognised(self.real).value
            elif name == WORST:
                bound = WORST_DB
            elif more := [more for prefix, more in FARTHER if name.startswith(prefix)]:
                bound = first.value + (more[0] if first.better == "lower" else -more[0])
            if bound is not None:
                others, recorded, *made = (c[name].value for c in columns)
                side = {"most" if first.better == "lower" else "least": bound}
                yield Bounded(name, [own, others, recorded], made, **side)

    def less_recordings(self, models: Sequence[Features]) -> Iterator[str]:
        """Lines of a table: how the models' kicks end and how many are recognised, less these recordings."""
        drawn = source_draws(self.who)
        for ending in MEASURED_ENDINGS:
            real = ending.of(self.real.cards)
            cells = [less(ending.middle, ending.of(one.cards), real, drawn) for one in models]
            yield f"| {ending.name} | {' | '.join(cells)} |"
        kind = drum_types.packaged().names.index(drum_types.KICK_TYPE)
        cells = [less(np.mean, one.types == kind, self.real.types == kind, drawn) for one in models]
        yield f"| {RECOGNISED} | {' | '.join(cells)} |"

    def less_learned(self, models: Sequence[Features]) -> Iterator[str]:
        """Lines of a table: each score whose bound is that of the recordings learned from, less theirs."""
        asked = [measure for measure in MEASURES if measure.name.startswith(tuple(prefix for prefix, _ in FARTHER))]
        columns = [compare_two(self.real, one, self.recorded, asked) for one in models]
        for found in zip(*columns, strict=True):
            cells = [with_interval(f.value, f.interval[0], f.interval[1], "+.3g") for f in found]
            yield f"| {found[0].name} | {' | '.join(cells)} |"

    def copies(self, models: Sequence[np.ndarray]) -> Bounded:
        found = [audit(waves, self.learned.waves, self.learned.groups) for waves in models]
        shares = [100 * float(one.copies.mean()) for one in found]
        return Bounded("near-duplicates, %", [None] * 3, shares, most=100 * found[0].false_positives)


def _some(rows: np.ndarray, most: int) -> np.ndarray:
    """Rows drawn at random, as many as there are at most."""
    return np.sort(np.random.default_rng(0).permutation(rows)[:most])


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("learned", type=Path, help="the recordings that the models learned from")
    parser.add_argument("unseen", type=Path, nargs="+", help="recordings that they did not")
    parser.add_argument("--model", action="append", default=[], help="a model, as `kick generate --model` takes it")
    parser.add_argument("--half", choices=("first", "second"), default="second", help="first: to choose by")
    parser.add_argument("-n", type=int, default=SEEDS, help="kicks of each model, from seed 0 on")


def asked_judge(args: argparse.Namespace) -> Judge:
    """The judge of a command's arguments."""
    return Judge(read_dataset(args.learned), read_dataset([args.learned, *args.unseen]), args.half)


def run(args: argparse.Namespace) -> Iterator[str]:
    names, judge = args.model or ["default"], asked_judge(args)
    waves = [mono(generate(range(args.n), load_model(name))) for name in names]
    yield (
        f"{judge.about} {len(judge.learned)} recordings learned from; {args.n} kicks of each model, from seed 0 on; "
        "classifiers and neighbours at equal n.\n"
    )
    head = " | ".join(["measure", "recordings", "other half", "learned from", *names, "enough"])
    yield f"| {head} |\n|---|{'--:|' * (len(names) + 3)}---|"
    features = [measure_features(one) for one in waves]
    for line in [*judge.endings(waves), *judge.scores(features), judge.copies(waves)]:
        yield line.line
    yield "\nDifferences with 95 % intervals: less the recordings, over their sources and the kicks,\n"
    table = f"| measure | {' | '.join(names)} |\n|---|{'--:|' * len(names)}"
    yield table
    yield from judge.less_recordings(features)
    yield "\nand less what the recordings learned from have, over near-duplicate groups and kicks:\n"
    yield table
    yield from judge.less_learned(features)
