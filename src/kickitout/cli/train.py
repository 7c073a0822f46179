"""Train a model on folders of kicks. Ctrl-C saves and stops; the same command continues.

kick train my-kicks/ --budget 30m --out runs/a
kick train my-kicks/ more-kicks.zip --config dcgan --steps 500 --out runs/b
kick train my-snares/ --kind any --out runs/snares
torchrun --nproc-per-node 2 -m kickitout train my-kicks/ --out runs/a      on two processes, or several machines
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import kickitout
from kickitout.cli.progress import Counter, Watcher
from kickitout.cli.values import duration, positive
from kickitout.errors import count, need_extra

if TYPE_CHECKING:
    from kickitout.training.from_sounds import Told, TrainingPlan
    from kickitout.training.session import Result

SHOWN = 10  # refused files, and warnings
HELP = "train a model on a folder of kicks"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("sounds", nargs="+", type=Path, metavar="FOLDER", help="folders, zip files or sound files")
    parser.add_argument("--config", default="kickae", help="training config (default %(default)s), see `kick configs`")
    parser.add_argument(
        "--kind", choices=("kick", "any"), default=None, help="any: snares, toms, claps, ... (default kick)"
    )
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="change a key of the config")
    length = parser.add_mutually_exclusive_group()
    length.add_argument(
        "--budget", type=duration, help="time on the clock, over all starts of the run: 90s, 1h30m (default 20m)"
    )
    length.add_argument("--steps", type=positive, help="steps to train, over all starts of the run")
    parser.add_argument("--out", type=Path, required=True, help="run folder; an existing run continues")
    parser.add_argument("--threads", type=positive, default=None, help="default: the quickest, measured once")
    parser.add_argument(
        "--device", choices=("auto", "cpu", "cuda", "mps"), default="auto", help="default auto: a GPU, if any"
    )
    parser.add_argument("--precision", choices=("float32", "bfloat16"), default="float32", help="of the networks' sums")
    parser.add_argument(
        "--accumulate", type=positive, default=1, metavar="N", help="split a batch into N parts: less memory"
    )


def run(args: argparse.Namespace) -> int:
    need_extra("kick train", "train", "torch", "accelerate")

    kind = [f"kind={args.kind}"] if args.kind else []
    with _View(args.out) as view:
        result = kickitout.train(
            args.sounds, args.out, config=args.config, changes=[*kind, *args.set], steps=args.steps,
            seconds=args.budget, began=args.began, device=args.device, precision=args.precision,
            accumulate=args.accumulate, threads=args.threads, watch=view,
        )  # fmt: skip
    if result.reason == "used up":
        return 0
    return 130 if result.reason == "interrupted" or result.step == 0 else 0


class _View:
    """What is seen of a run on the terminal. Of several processes the first is told of it, and it alone shows it."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.bars = ExitStack()
        self.counter: Counter | None = None
        self.watcher: Watcher | None = None

    def __enter__(self) -> _View:
        return self

    def __exit__(self, *_: object) -> None:
        self.bars.close()

    def __call__(self, told: Told) -> None:
        if told.kind == "reading":
            self.counter = self.counter or self.bars.enter_context(Counter("reading the sounds", "files"))
            self.counter(told.done, told.total)
        elif told.kind == "report":
            self.watcher = self.watcher or self.bars.enter_context(Watcher())
            self.watcher(told)
        else:
            self.bars.close()
            lines = read_text(told) if told.kind == "plan" else result_text(told, self.out)
            for line in lines:
                print(line, file=sys.stderr)


def read_text(plan: TrainingPlan) -> Iterator[str]:
    """What was read, and what is done with it."""
    dataset, config = plan.dataset, plan.config
    groups = count(len({row.group for row in dataset.rows}), "group")
    yield f"{count(len(dataset), 'kick')} in {groups}, digest {dataset.digest[:12]}"
    yield from _first([f"refused: {refused.name}: {refused.reason}" for refused in dataset.refused])
    if dataset.ignored:
        kinds = ", ".join(f"{n} {suffix or 'without suffix'}" for suffix, n in sorted(dataset.ignored.items()))
        yield f"  ignored, not sounds: {kinds}"
    yield from _first(dataset.warnings)
    yield f"config {config.name}: {config.about}"
    if plan.variants:
        yield f"  {count(plan.variants, 'light variant')} of each of the {count(plan.kicks, 'training kick')}"
    if plan.wide:
        hint = "the model will be mono; the config kickae-stereo keeps the width"
        yield f"  stereo: {plan.wide} of the {count(len(dataset), 'kick')}; {hint}"
    if config.starts_from is not None:
        yield f"  begins with the weights of {config.starts_from}"
    if plan.forecast:
        yield f"  {plan.forecast}"


def _first(lines: Sequence[str]) -> Iterator[str]:
    yield from (f"  {line}" for line in lines[:SHOWN])
    if len(lines) > SHOWN:
        yield f"  and {len(lines) - SHOWN} more, all in dataset.json of the run folder"


def result_text(result: Result, out: Path) -> Iterator[str]:
    """How it ended, and what can be done now."""
    if result.reason == "used up":
        yield result.why
        return
    if result.step == 0:
        yield "stopped before the first step; nothing was trained"
        return
    if result.reason == "stopped":
        yield f"stopped by the monitor: {result.why}"
    against = f"held-out score {result.best_score:.3f} (real-vs-real baseline {result.floor:.3f}; lower is better)"
    if math.isnan(result.floor):
        against = f"score against all kicks {result.best_score:.3f} (lower is better; too few are held out)"
    yield (
        f"{result.reason} at step {result.step}, {result.timing.as_text()}; "
        f"the model is that of step {result.best_step}, {against}"
    )
    if result.reason == "interrupted":
        yield "everything is saved; the same command goes on from here"
    yield f"hear it: kick generate -n 16 --model {out}"
