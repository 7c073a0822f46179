"""Let critics join a converged run, and compare with going on without them: does a classifier tell the kicks less?

    kick lab measure critics CELLS [LEARNED UNSEEN ...] [--run RUN]

With --run the arms and seeds that CELLS lacks are trained from the run's newest checkpoint, seed by seed, and scored
against recordings of sources that it did not learn from, in folds of whole sources; each is a small JSON file, so that
the study can stop anywhere and go on later. Without it the tables are printed from the files. The arms:

    on        the run goes on as it is, and is read where each of the others ends, by steps and by processor time
    critics   small critics of sub-bands and log-mel, lazy R1, instance noise; recordings, and no variants of them,
              against reconstructions and draws of the prior, all as the player finishes them
    features  critics that have learned first and are frozen: what is made shall have the features of recordings
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from kickitout import read_dataset
from kickitout.datasets.build import Dataset
from kickitout.errors import UserError, count
from kickitout.metrics.compare import MEASURES, RECOGNISED, SetPair, recognised
from kickitout.metrics.embeddings import DEFAULTS
from kickitout.metrics.features import Features, measure_features
from kickitout.metrics.memorisation import audit
from kickitout.metrics.report import number
from kicklab.critics_trial import (
    CRITICS,
    FEATURES,
    NEAR_DUPLICATES,
    ON,
    TOLD,
    Cells,
    arm_table,
    comparisons,
    read_cells,
    verdict,
)
from kicklab.crossed import crossed_mean
from kicklab.experiments.unheard import unheard
from kicklab.folder import write_json
from kicklab.forks import Fork
from kicklab.markdown import markdown_table, with_interval
from kicklab.two_sample import dealt

FOLDS = 4
COMPARED = ("two_sample_", "frechet_limit_", "recall_")
FORKED, RECORDED = "fork", "recordings"
SMALL: dict[str, Any] = {"critic_channels": 64, "critics_compare": "recordings", "instance_noise": 0.1, "r1": 0.1,
                         "r1_every": 8, "optim_d": {"lr": 1e-3}}  # fmt: skip
ARMS: dict[str, dict[str, Any]] = {  # what each changes of the run's config
    CRITICS: SMALL | {"weights": {"critics": 1.0}},
    ON: {},
    FEATURES: SMALL | {"critics_teach": "features", "weights": {"critics": 4.0}},
}


class Judges(NamedTuple):
    """Recordings of unseen sources in folds, and what copies are sought among."""

    folds: list[Features]
    learned: Dataset
    recorded: Features  # what was learned from, for comparison
    left_out: int


def judges_of(learned: Dataset, both: Dataset) -> Judges:
    """both: a dataset of what was learned from and of recordings that were not; the machines of the former are left
    out."""
    known = unheard(learned, both)
    who, strange = known.who, np.flatnonzero(known.strange)
    if len(np.unique(who[strange])) < FOLDS:
        raise UserError(f"{len(strange)} recordings of sources that were not learned from: too few for {FOLDS} folds")
    fold = dealt(who[strange], np.random.default_rng(0), FOLDS)
    parts = [strange[fold == i] for i in range(FOLDS)]
    folds = [measure_features(both.waves[part], groups=both.groups[part], threads=1) for part in parts]
    rows = np.flatnonzero(known.heard)
    recorded = measure_features(both.waves[rows], groups=both.groups[rows], threads=1)
    return Judges(folds, learned, recorded, known.left_out)


def scores_of(made: Features, judges: Judges) -> dict[str, list[float]]:
    """Each score against each fold, at equal n: the mean over as many parts of `made` as there are."""
    found: dict[str, list[float]] = {}
    measures = [measure for measure in MEASURES if measure.name.startswith(COMPARED)]
    for real in judges.folds:
        rows = np.random.default_rng(0).permutation(len(made))
        parts = [rows[i : i + len(real)] for i in range(0, len(rows) - len(real) + 1, len(real))] or [rows]
        pairs = [SetPair(real, made.take(np.sort(part)), 0, 0) for part in parts]
        for measure in measures:
            for values in zip(*(measure.scores(pair, DEFAULTS) for pair in pairs), strict=True):
                found.setdefault(values[0].name, []).append(float(np.mean([value.value for value in values])))
    found[RECOGNISED] = [recognised(made).value]
    return found


def _read(waves: np.ndarray, judges: Judges) -> dict[str, list[float]]:
    copies = audit(waves, judges.learned.waves, judges.learned.groups).copies
    return scores_of(measure_features(waves, threads=1), judges) | {NEAR_DUPLICATES: [100 * float(copies.mean())]}


# -- the cells ---------------------------------------------------------------------------------------------------------


def train_cells(args: argparse.Namespace) -> Iterator[str]:
    """Train and score what the folder of cells lacks; a line for each."""
    learned = read_dataset(args.recordings[0])
    judges, fork = judges_of(learned, read_dataset(args.recordings)), Fork(args.run, learned, args.ema)
    about = {"fork": fork.config.name, "step": fork.step, "data": learned.digest[:16], "steps": args.steps,
             "ahead": args.ahead, "ema": args.ema, "sounds": args.sounds, "folds": [len(real) for real in judges.folds],
             "left out": judges.left_out}  # fmt: skip
    args.cells.mkdir(parents=True, exist_ok=True)

    def cell(name: str, readings: Callable[[], list[dict[str, Any]]], **more: Any) -> None:
        if not (path := args.cells / f"{name}.json").exists():
            write_json(path, {"about": about | more, "readings": readings()})

    cell(RECORDED, lambda: [{"scores": scores_of(judges.recorded, judges)}])
    for seed in range(args.seeds):
        for arm, changes in ARMS.items():
            milestones, ahead = ((args.steps,), args.ahead) if arm != ON else ((args.steps, *args.longer), 0)
            train = partial(_trained, fork, judges, changes, seed, milestones, ahead, args.sounds)
            cell(f"{arm}-{seed}", train, changes=changes)
            yield f"{arm}, seed {seed}: there"
        cell(FORKED, lambda: [{"scores": _read(fork.kicks(args.sounds), judges)}])


def _trained(
    fork: Fork, judges: Judges, changes: dict[str, Any], seed: int, milestones: tuple[int, ...], ahead: int, kicks: int
) -> list[dict[str, Any]]:
    return [
        {"steps": one.steps, "seconds": round(one.seconds, 1), "scores": _read(one.waves, judges)}
        for one in fork.go_on(changes, seed, milestones, ahead, kicks)
    ]


def tables(about: dict[str, Any], cells: Cells) -> Iterator[str]:
    """The figures of all cells as Markdown."""
    seeds = len({seed for name, seed in cells if name in ARMS})
    yield (
        f"{sum(about['folds'])} recordings of unseen sources in {len(about['folds'])} folds of whole sources "
        f"({', '.join(map(str, about['folds']))}); {about['left out']} of machines that were learned from are left "
        f"out. {about['sounds']} kicks of each arm and seed, at equal n; {count(seeds, 'seed')}. "
        f"{about['steps']} steps from the fork, and {about['ahead']} of the critics alone before it. In the averages "
        f"(decay {about['ema']}) the start weighs {100 * about['ema'] ** about['steps']:.1g} % after them.\n"
    )
    columns = {name: cells[name, 0] for name in (RECORDED, FORKED) if (name, 0) in cells}
    shown = {name: readings[:1] for name, readings in columns.items()}
    for arm in (ON, *(name for name in ARMS if name != ON)):
        for i in range(max((len(r) for (name, _), r in cells.items() if name == arm), default=0)):
            readings = [r[i] for (name, _), r in cells.items() if name == arm and i < len(r)]
            shown[f"{arm}, {readings[0]['steps']} steps"] = readings
    names = list(dict.fromkeys(name for r in shown.values() for name in r[0]["scores"]))
    minutes = [np.mean([one.get("seconds", 0.0) for one in readings]) / 60 for readings in shown.values()]
    rows = [["minutes of one core", *(f"{m:.1f}" if m else "" for m in minutes)]]
    for name in (TOLD, *names):
        known = [number(float(arm_table(r, name).mean())) if _has(r, name) else "" for r in shown.values()]
        rows.append([_title(name), *known])
    yield from markdown_table(["measure", *shown], rows)
    compared = comparisons(cells)
    if not compared:
        return
    yield "\nDifferences from going on without critics, 95 % intervals over folds and seeds:\n"
    rows = [
        [_title(name), *(with_interval(*crossed_mean(one.difference(name)), "+.3f") for one in compared)]
        for name in (TOLD, *names)
    ]
    yield from markdown_table(["measure", *(one.name for one in compared)], rows)
    yield ""
    for one in compared:
        yield f"- {verdict(one)}"


def _has(readings: Sequence[dict[str, Any]], name: str) -> bool:
    return name == TOLD or name in readings[0]["scores"]


def _title(name: str) -> str:
    return "C2ST, mean of the classifiers" if name == TOLD else name


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("cells", type=Path, help="folder of the cells")
    parser.add_argument("recordings", type=Path, nargs="*", help="LEARNED UNSEEN: what RUN learned from, and others")
    parser.add_argument("--run", type=Path, help="the run to go on from; without it nothing is trained")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=120, help="of the generator in each arm")
    parser.add_argument("--ahead", type=int, default=60, help="steps in which critics learn alone, before")
    parser.add_argument("--longer", type=int, nargs="+", default=[480], help="milestones of going on, in steps")
    parser.add_argument("--ema", type=float, default=0.97, help="decay of the averages from the fork on")
    parser.add_argument("--sounds", type=int, default=512, help="kicks of each arm and seed, from seed 0 on")


def run(args: argparse.Namespace) -> Iterator[str]:
    if args.run is not None:
        if len(args.recordings) < 2:
            raise UserError("--run: give the folders LEARNED and UNSEEN too")
        for line in train_cells(args):
            print(line, file=sys.stderr, flush=True)  # progress is no part of the figures
    yield from tables(*read_cells(args.cells))
