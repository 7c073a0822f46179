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
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from kickitout.cli.progress import Counter, Watcher
from kickitout.cli.values import duration, positive
from kickitout.errors import count, need_extra
from kickitout.training.budget import TimeBudget, Timing, Until, on_the_clock, refuse_early, written

DEFAULT_BUDGET = 1200.0  # seconds
HELP = "train a model on a folder of kicks"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("sounds", nargs="+", type=Path, metavar="FOLDER", help="folders, zip files or sound files")
    parser.add_argument("--config", default=None, help="training config (default kickgan); `kick configs` lists them")
    parser.add_argument("--kind", choices=("kick", "any"), default=None, help="any: snares, toms, claps, ... (kick)")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="change a key of the config")
    length = parser.add_mutually_exclusive_group()
    length.add_argument(
        "--budget", type=duration, help="minutes on the clock, from start to end, over all starts: 90s, 1h30m (20m)"
    )
    length.add_argument("--steps", type=positive, help="steps to train, over all starts of the run")
    parser.add_argument("--out", type=Path, required=True, help="run folder; an existing run continues")
    parser.add_argument("--threads", type=positive, default=None, help="default: the quickest, measured once")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto")
    parser.add_argument("--precision", choices=("float32", "bfloat16"), default="float32", help="of the networks' sums")
    parser.add_argument(
        "--accumulate", type=positive, default=1, metavar="N", help="split a batch into N parts: less memory"
    )


def run(args: argparse.Namespace) -> int:
    need_extra("kick train", "train", "torch", "accelerate")
    budget = None if args.steps else TimeBudget(args.budget or DEFAULT_BUDGET, began=args.began)
    from kickitout.datasets.build import read_dataset
    from kickitout.training.config import DEFAULT_CONFIG, load_config
    from kickitout.training.engine import from_first, make_accelerator, together
    from kickitout.training.run_folder import RunFolder
    from kickitout.training.session import train

    kind = [f"kind={args.kind}"] if args.kind else []
    config = load_config(args.config or DEFAULT_CONFIG, [*kind, *args.set])
    until = budget or Until(args.steps)
    accelerator = make_accelerator(args.device, args.precision, args.accumulate)
    first = accelerator.is_main_process
    together(accelerator, RunFolder(args.out).refuse_strangers)
    if budget and (over := from_first(accelerator, lambda: refuse_early(args.out, budget, _has_model(args.out)))):
        print(over, file=sys.stderr) if first else None
        return 0
    with Counter("reading the sounds", "files") if first else nullcontext(lambda *_: None) as counter:

        def progress(done: int, total: int) -> None:
            counter(done, total)
            if budget and done:
                _refuse_slow(budget, done, total)

        dataset = together(accelerator, lambda: read_dataset(args.sounds, progress=progress))
    if first:
        _say_what_was_read(dataset)
        print(f"config {config.name}: {config.about}", file=sys.stderr)
        _say_what_is_done(config, dataset)
    with Watcher(until) if first else nullcontext(lambda _: None) as watcher:
        result = train(
            dataset, config, args.out, until, accelerator=accelerator, threads=args.threads or "auto", watch=watcher
        )
    accelerator.end_training()
    if not first:
        return 130 if result.reason == "interrupted" or result.step == 0 else 0
    if result.step == 0:
        print("stopped before the first step; nothing was trained", file=sys.stderr)
        return 130
    if result.reason == "stopped":
        print(f"stopped by the monitor: {result.why}", file=sys.stderr)
    against = f"held-out score {result.best_score:.3f} (real-vs-real baseline {result.floor:.3f}; lower is better)"
    if math.isnan(result.floor):
        against = f"score against all kicks {result.best_score:.3f} (lower is better; too few are held out)"
    print(
        f"{result.reason} at step {result.step}, {_where_the_time_went(result.timing)}; "
        f"the model is that of step {result.best_step}, {against}",
        file=sys.stderr,
    )
    if result.reason == "interrupted":
        print("everything is saved; the same command goes on from here", file=sys.stderr)
    print(f"hear it: kick generate -n 16 --model {args.out}", file=sys.stderr)
    return 130 if result.reason == "interrupted" else 0


def _has_model(run: Path) -> bool:
    from kickitout.generation.load import IN_A_RUN

    return any((run / name).exists() for name in IN_A_RUN)


def _refuse_slow(budget: TimeBudget, done: int, total: int) -> None:
    """Raise UserError where a budget is over before the sounds are read: nothing could be trained in it."""
    spent = budget.spent - budget.before
    budget.refuse_short(budget.before + spent, f"reading {done} of {count(total, 'file')} took {written(spent)}")


def _where_the_time_went(timing: Timing) -> str:
    """The clock's times of the last start, and of all where there are more."""
    last = timing.starts[-1] if timing.starts else {"preparing": 0.0, "training": 0.0, "writing": 0.0}
    parts = {name: last[name] for name in ("preparing", "training", "writing")}
    said = ", ".join(f"{on_the_clock(seconds)} {name}" for name, seconds in parts.items())
    starts = (
        f"; {on_the_clock(timing.seconds)} in {count(len(timing.starts), 'start')}" if len(timing.starts) > 1 else ""
    )
    return f"{on_the_clock(sum(parts.values()))} on the clock ({said}){starts}"


def _say_what_is_done(config: Any, dataset: Any) -> None:
    from kickitout.datasets.build import is_wide, split
    from kickitout.datasets.doctor.forecast import forecast, load_curve

    kicks = len(split(dataset, config.held_out)[0])
    if variants := config.variants_for(kicks):
        print(f"  {count(variants, 'light variant')} of each of the {count(kicks, 'training kick')}", file=sys.stderr)
    mono = config.model.family == "kickgan" and not config.model.stereo
    if mono and (wide := int(is_wide(dataset.waves, dataset.sides).sum())):
        hint = "the model will be mono; the config kickgan-stereo keeps the width"
        print(f"  stereo: {wide} of the {count(len(dataset), 'kick')}; {hint}", file=sys.stderr)
    if config.starts_from is not None:
        print(f"  begins with the weights of {config.starts_from}", file=sys.stderr)
        if config.kind == "kick":  # the curve was measured with kicks
            print(f"  {forecast(len({row.group for row in dataset.rows}), load_curve())}", file=sys.stderr)


def _say_what_was_read(dataset: Any) -> None:
    groups = len({row.group for row in dataset.rows})
    kicks = f"{count(len(dataset.rows), 'kick')} in {count(groups, 'group', 'groups')}"
    print(f"{kicks}, digest {dataset.digest[:12]}", file=sys.stderr)
    for refused in dataset.refused[:10]:
        print(f"  refused: {refused.name}: {refused.reason}", file=sys.stderr)
    if len(dataset.refused) > 10:
        print(f"  and {len(dataset.refused) - 10} more, all in dataset.json of the run folder", file=sys.stderr)
    if dataset.ignored:
        kinds = ", ".join(f"{n} {suffix or 'without suffix'}" for suffix, n in sorted(dataset.ignored.items()))
        print(f"  ignored, not sounds: {kinds}", file=sys.stderr)
    for warning in dataset.warnings[:10]:
        print(f"  {warning}", file=sys.stderr)
    if len(dataset.warnings) > 10:
        print(f"  and {len(dataset.warnings) - 10} more, all in dataset.json of the run folder", file=sys.stderr)
