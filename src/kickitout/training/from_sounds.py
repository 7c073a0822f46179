"""From folders of sounds to a model: what comes before and after `kickitout.training.session`, told as it happens."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import ClassVar, Literal, TypeAlias

from accelerate import Accelerator

from kickitout.datasets.build import Dataset, is_wide, read_dataset, split
from kickitout.datasets.doctor.forecast import forecast, load_curve
from kickitout.errors import count
from kickitout.models.files import has_model
from kickitout.training.budget import TimeBudget, Timing, Until, refuse_early, written
from kickitout.training.config import TrainingConfig
from kickitout.training.engine import from_first, together
from kickitout.training.loop import Report
from kickitout.training.overview import look_at
from kickitout.training.run_folder import RunFolder
from kickitout.training.session import Result, train


@dataclass(frozen=True)
class Reading:
    """How many of the files have been read."""

    done: int
    total: int
    kind: ClassVar[Literal["reading"]] = "reading"


@dataclass(frozen=True, eq=False)
class TrainingPlan:
    """What was read, and what is done with it.

    dataset: the kicks, and the refused files with their reasons; kicks: how many are learned from, with so many light
    variants of each; wide: stereo kicks whose width this model leaves out; forecast: how good models of so many kicks
    are, where that was measured, else "".
    """

    dataset: Dataset
    config: TrainingConfig
    kicks: int
    variants: int
    wide: int
    forecast: str
    kind: ClassVar[Literal["plan"]] = "plan"


Told: TypeAlias = Reading | TrainingPlan | Report | Result


def train_on(
    sounds: Dataset | str | PathLike[str] | Sequence[str | PathLike[str]], config: TrainingConfig, out: Path,
    until: Until | TimeBudget, engine: Accelerator, threads: int | None, watch: Callable[[Told], None],
) -> Result:  # fmt: skip
    """Read the sounds, train, and export. The first process tells `watch` of it, at last of the result.

    A run that has used its budget up and has a model is left as it is. Raises UserError as `session.train` does, and
    where the sounds cannot be read, or not within the budget.
    """
    watch = watch if engine.is_main_process else lambda _: None
    budget = until if isinstance(until, TimeBudget) else None
    together(engine, RunFolder(out).refuse_strangers)
    if budget and (over := from_first(engine, lambda: refuse_early(out, budget, has_model(out)))):
        result = _used_up(out, over)
    else:
        dataset = together(engine, lambda: _read(sounds, budget, watch))
        if engine.is_main_process:
            watch(plan(dataset, config))
        result = train(
            dataset, config, out, until, accelerator=engine, threads="auto" if threads is None else threads, watch=watch
        )
        engine.end_training()
    watch(result)
    return result


def plan(dataset: Dataset, config: TrainingConfig) -> TrainingPlan:
    kicks = len(split(dataset, config.held_out)[0])
    mono = config.model.family == "kickae" and not config.model.stereo
    wide = int(is_wide(dataset.waves, dataset.sides).sum()) if mono else 0
    said = ""
    if config.starts_from is not None and config.kind == "kick":  # as the curve was measured
        said = forecast(len({row.group for row in dataset.rows}), load_curve())
    return TrainingPlan(dataset, config, kicks, config.variants_for(kicks), wide, said)


def _read(
    sounds: Dataset | str | PathLike[str] | Sequence[str | PathLike[str]], budget: TimeBudget | None,
    watch: Callable[[Told], None],
) -> Dataset:  # fmt: skip
    def progress(done: int, total: int) -> None:
        watch(Reading(done, total))
        if budget and done:
            _refuse_slow(budget, done, total)

    return sounds if isinstance(sounds, Dataset) else read_dataset(sounds, progress=progress)


def _refuse_slow(budget: TimeBudget, done: int, total: int) -> None:
    """Raise UserError where a budget is over before the sounds are read: nothing could be trained in it."""
    spent = budget.spent - budget.before
    budget.refuse_short(budget.before + spent, f"reading {done} of {count(total, 'file')} took {written(spent)}")


def _used_up(out: Path, why: str) -> Result:
    state, timing = look_at(out), Timing.read(out)
    best = math.nan if state.best is None else state.best
    return Result(state.step, timing.seconds, "used up", why, -1, best, math.nan, timing)
