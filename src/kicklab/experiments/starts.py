"""What `kick train` makes of few and of many files: begun with one model, with another, and with random weights.

    kick lab measure starts SOUNDS... [--files 30,100,400] [--minutes 15] [--start default --start old.onnx]
                            [--learned FOLDER]

Some groups of SOUNDS are held out. Of the other kicks each run learns from the first so many, in an order drawn once,
so that more files hold the fewer ones. A run is `kick train` with the config `kickae` on one thread, but its minutes
are of the processor: a busy machine changes nothing. Its kicks are scored against those held out, which must be strange
to the models that it begins with: --learned leaves out those of machines that these learned from. A run that is in
--runs goes on where it was ended, and is not run again. It costs the minutes times the runs, and some minutes of
scoring.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from kickitout import generate, read_dataset
from kickitout.datasets.build import Dataset, split
from kickitout.metrics.features import Features, measure_features
from kickitout.scoring import mono
from kickitout.training.budget import TimeBudget
from kickitout.training.config import load_config
from kickitout.training.engine import make_accelerator
from kickitout.training.from_sounds import train_on
from kicklab.experiments.scoreboard import column
from kicklab.experiments.unheard import read_unheard, strange_rows
from kicklab.markdown import markdown_table, with_interval

HELD_OUT, HELD_OUT_SEED = 0.15, 1  # another seed than a run's own split, so that the two do not nest
DRAWS = 200  # of the bootstrap
SHOWN = ("kicks_recognised", "energy_bands-1", "energy_drum-type-1", "recall_bands-1_k5", "two_sample_logistic_bands-1")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("sounds", nargs="+", type=Path)
    parser.add_argument("--files", default="30,100,400", help="to learn from, with commas (default 30,100,400)")
    parser.add_argument("--minutes", type=float, default=15.0, help="of the processor, for each run (default 15)")
    parser.add_argument("--start", action="append", help="a model, or 'none' (default 'default' and 'none')")
    parser.add_argument("-n", type=int, default=512, help="kicks of each model, from seed 0 on (default 512)")
    parser.add_argument("--learned", action="append", type=Path, help="what the models to begin with learned from")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="another setting of all runs")
    parser.add_argument("--runs", type=Path, default=Path("build/starts"), help="folder for the trainings")


def run(args: argparse.Namespace) -> Iterator[str]:
    dataset, starts = read_dataset(args.sounds), args.start or ["default", "none"]
    known, held_out = split(dataset, HELD_OUT, HELD_OUT_SEED)
    asked = held_out
    if args.learned:
        asked = strange_rows(dataset, held_out, read_unheard(args.learned, args.sounds))
    unseen, order = dataset.take(asked), np.random.default_rng(HELD_OUT_SEED).permutation(known)
    real = measure_features(unseen.waves, groups=unseen.groups)
    left_out = f" ({len(held_out) - len(asked)} more, heard or of machines that were, left out)" if args.learned else ""
    yield (
        f"{args.minutes:g} minutes of processor time on one thread; {args.n} kicks of each model, from seed 0 on, "
        f"against {len(unseen)} kicks of {len(set(unseen.groups))} groups held out{left_out}; 95 % intervals over "
        "groups and sounds in brackets.\n"
    )
    rows = started_runs(args, dataset.take(order), starts, real)
    yield from markdown_table(["files", "begun with", "steps", *(f"`{name}`" for name in SHOWN)], rows, "rlr")


def started_runs(args: argparse.Namespace, learned: Dataset, starts: list[str], real: Features) -> Iterator[list[str]]:
    """The recordings, the models that runs begin with as they are, and what each run came to."""
    recordings = measure_features(learned.waves, groups=learned.groups)
    yield [str(len(learned)), "the recordings themselves", "", *cells(recordings, real)]
    for start in (one for one in starts if one != "none"):
        yield ["0", Path(start).stem, "0", *cells(measure_features(mono(generate(range(args.n), start))), real)]
    for files in map(int, args.files.split(",")):
        few = learned.take(np.arange(min(files, len(learned))))
        for start in starts:
            name = Path(start).stem
            out, config = args.runs / f"{files:04d}-{name}", load_config("kickae", [f"start={start}", *args.set])
            until = TimeBudget(60 * args.minutes, time.process_time)
            result = train_on(few, config, out, until, make_accelerator("cpu"), 1, lambda _: None)
            if result.reason == "interrupted":
                print("everything is saved; the same command goes on from here", file=sys.stderr)
                raise SystemExit(130)
            made = measure_features(mono(generate(range(args.n), out)))
            yield [str(len(few)), name, str(result.step), *cells(made, real)]


def cells(made: Features, real: Features) -> list[str]:
    """The scores that are shown, with their intervals."""
    found = column("", "", made, real, draws=DRAWS).scores
    return [with_interval(found[name].value, *found[name].interval) for name in SHOWN]
