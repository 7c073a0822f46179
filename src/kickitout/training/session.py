"""A session of training: a run that is begun in a folder, or gone on with, trained, and exported.

The order is that of `train`: engine, folder, threads, the run (`training.loop.Run`), its steps, its end
(`training.finish`). What each part takes goes into the folder's timing.json and into the budget.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from accelerate import Accelerator

from kickitout.datasets.build import Dataset
from kickitout.errors import UserError
from kickitout.generation.load import IN_A_RUN
from kickitout.training.budget import TIMING, Budget, Timing, written
from kickitout.training.config import TrainingConfig
from kickitout.training.engine import from_first, make_accelerator, together
from kickitout.training.finish import Finish, rehearse
from kickitout.training.loop import Report, Run, Until, told_only
from kickitout.training.run_folder import RunFolder
from kickitout.training.start import known_of
from kickitout.training.threads import Threads

ECHO_SECONDS = 1.0  # in which a signal that comes again is the same one
FEWEST_KICKS = 8  # a run needs; hundreds are better
MOST_MEASURING = 60.0  # seconds in which the number of threads is chosen


@dataclass(frozen=True)
class Result:
    """How a session of training ended, and which snapshot was exported."""

    step: int
    seconds: float
    reason: str  # "done" | "interrupted" | "stopped"
    why: str  # for "stopped": the monitor's sentence
    best_step: int
    best_score: float
    floor: float
    timing: Timing = field(default_factory=Timing)  # where the time of all starts has gone


@contextmanager
def _interruptible() -> Iterator[Callable[[], bool]]:
    """Ctrl-C, SIGTERM or a terminal that goes ends the loop after the step at hand; a second one ends it at once.

    Not in the first moments: a launcher passes on what the terminal has sent to all of its processes already. Whoever
    started with nohup is not told of the terminal.
    """
    asked = 0.0

    def ask(number: int, _: Any) -> None:
        nonlocal asked
        if asked and time.monotonic() - asked > ECHO_SECONDS:
            raise KeyboardInterrupt
        asked = asked or time.monotonic()

    kinds = [signal.SIGINT, signal.SIGTERM]
    hangup = getattr(signal, "SIGHUP", None)  # not on Windows
    if hangup is not None and signal.getsignal(hangup) != signal.SIG_IGN:
        kinds.append(hangup)
    try:
        old = {kind: signal.signal(kind, ask) for kind in kinds}
    except ValueError:  # not in the main thread: whoever runs the loop there handles signals
        old = {}
    try:
        yield lambda: asked > 0
    finally:
        for kind, handler in old.items():
            signal.signal(kind, handler)


@contextmanager
def opened(dataset: Dataset, config: TrainingConfig, out: str | Path, *, device: str = "auto",
           accelerator: Accelerator | None = None,
           watch: Callable[[Report], None] = lambda _: None,
           clock: Callable[[], float] = time.monotonic) -> Iterator[tuple[Run, Callable[[], bool]]]:  # fmt: skip
    """The run in the folder `out`, begun or gone on with, and what says whether the user wants to stop.

    The folder is locked meanwhile. accelerator: made for `device` where there is none. Raises UserError for a folder
    that holds another run.
    """
    if len(dataset) < FEWEST_KICKS:
        raise UserError(f"too few kicks to learn from ({len(dataset)}); {FEWEST_KICKS} work, hundreds are better")
    engine = accelerator or make_accelerator(device)
    folder, manifest = RunFolder(out), dataset.manifest()

    def prepared() -> Run:
        if from_first(engine, lambda: manifest["digest"]) != manifest["digest"]:
            raise UserError("this process reads other sounds than the first; give all of them the same folders")
        if engine.is_main_process:
            watch(told_only(0, 0.0, f"preparing {len(dataset)} kicks"))
        return Run(dataset, config, folder, engine, watch, clock)

    with ExitStack() as stack:
        from_first(engine, lambda: _begin_folder(folder, stack, config, manifest))
        interrupted = stack.enter_context(_interruptible())
        run = together(engine, prepared)
        run.begin()
        yield run, interrupted


def _begin_folder(folder: RunFolder, stack: ExitStack, config: TrainingConfig, manifest: dict[str, Any]) -> None:
    """Lock the folder for as long as the stack lasts, and begin a run in it, or see that it is this one."""
    folder.refuse_strangers()
    stack.enter_context(folder.locked())
    folder.open(config, manifest)
    if config.starts_from is not None and folder.start is None:
        folder.keep_start(known_of(config.starts_from))


def train(dataset: Dataset, config: TrainingConfig, out: str | Path, until: Until | Budget, *, device: str = "auto",
          accelerator: Accelerator | None = None, threads: int | Literal["auto"] | None = None,
          watch: Callable[[Report], None] = lambda _: None, export: bool = True) -> Result:  # fmt: skip
    """Train, or go on training, in the folder `out`; export the best snapshot at the end (unless `export` is False).

    device: "auto", "cpu", "cuda" or "mps"; accelerator: an engine that is there already. threads: so many; "auto" are
    those that the run was begun with, or the quickest; None as torch has it. Raises UserError for a folder that holds
    another run, and for a budget that is too short for a step.
    """
    engine, folder = accelerator or make_accelerator(device), RunFolder(out)
    budget = until if isinstance(until, Budget) else None
    clock = budget.clock if budget else time.monotonic
    began = budget.began if budget else clock()
    timing = Timing.read(out)
    chosen = Threads(threads, timing, engine)
    with (
        chosen.one_at_first(),
        opened(dataset, config, folder.path, accelerator=engine, watch=watch, clock=clock) as (run, interrupted),
    ):
        keeper = _Keeper(run, timing, clock, began, until)
        chosen.choose(run, clock, keeper.tell, limit=0.1 * budget.left() if budget else MOST_MEASURING)
        finish = Finish(run, dataset, keeper.tell) if run.writes and export else None
        if budget:
            keeper.set_aside(budget, export)
            from_first(engine, lambda: _refuse_short(run, budget, timing))
        prepared = clock()
        reason = run.train(until, interrupted)
        if run.step == 0:
            return Result(0, 0.0, reason, run.stopped, -1, float("nan"), run.reference.floor)
        trained = clock()
        keeper.tell("stopping; saving what is there" if reason == "interrupted" else "hearing the run once more")
        best_step, best_score = run.finish()
        if finish is not None:
            keeper.tell("writing the model")
            at = clock()
            finish.write(run.player(), best_step)
            run.took("model", clock() - at)
        keeper.close(prepared, trained)
    return Result(run.step, run.seconds, reason, run.stopped, best_step, best_score, run.reference.floor, timing)


def _refuse_short(run: Run, budget: Budget, timing: Timing) -> None:
    """Raise UserError where the budget leaves no step; but a run that has no model yet is given one."""
    if run.step == 0 or (not run.stopped and any((run.folder.path / name).exists() for name in IN_A_RUN)):
        before, after = budget.spent - budget.before, budget.costs.seconds
        doing = f"preparing took {written(before)} and writing the model will take about {written(after)}"
        budget.refuse_short(budget.spent + after, doing)


class _Keeper:
    """Keeps timing.json of a run, and tells its budget what things take."""

    def __init__(
        self, run: Run, timing: Timing, clock: Callable[[], float], began: float, until: Until | Budget
    ) -> None:
        self.run, self.timing, self.clock, self.began = run, timing, clock, began
        self.before = timing.seconds or run.seconds  # folders of older versions know the seconds of training alone
        self.first = run.step
        self.budget = until if isinstance(until, Budget) else None
        if self.budget:
            self.budget.before = self.before
        run.took = self.took

    def tell(self, text: str) -> None:
        """Say what is being done."""
        if self.run.writes:
            self.run.watch(told_only(self.run.step, self.run.seconds, text))

    def set_aside(self, budget: Budget, export: bool) -> None:
        """What the end will take: as it did at the end of the last start, or as a rehearsal says."""
        if self.run.writes:
            parts = {"saving", "snapshot", "model"} if export else {"saving", "snapshot"}
            if not parts <= self.timing.after.keys():
                self.tell("rehearsing the end on a part of the kicks, to set its time aside")
                budget.costs.estimated = {k: v for k, v in rehearse(self.run, self.clock).items() if k in parts}
            budget.costs.measured |= {k: v for k, v in self.timing.after.items() if k in parts}
            if self.timing.threads and (step := self.timing.step_seconds.get(str(self.timing.threads))):
                budget.took = [step]

    def took(self, what: str, seconds: float) -> None:
        self.timing.after[what] = seconds
        if self.budget:
            self.budget.costs.measured[what] = seconds
        if what == "saving" and self.run.step > self.first:  # what a sudden end leaves in the folder
            self._write()

    def close(self, prepared: float, trained: float) -> None:
        """The start is over."""
        if self.run.writes and self.run.step > self.first:
            parts = {"preparing": prepared - self.began, "training": trained - prepared}
            parts |= {"writing": self.clock() - trained, "steps": self.run.step - self.first}
            self.timing.starts.append(parts)
            self._write()

    def _write(self) -> None:
        self.timing.seconds = self.before + self.clock() - self.began
        self.run.folder.write_json(TIMING, self.timing.to_data())
