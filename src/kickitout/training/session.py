"""A session of training: a run that is begun in a folder, or gone on with, trained, and exported.

The order is that of `Session.reports`: folder, the run (`training.loop.Run`), threads, its steps, its end
(`training.finish`). What each part takes goes into the folder's timing.json and into the budget.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

from accelerate import Accelerator

from kickitout.datasets.build import Dataset
from kickitout.errors import UserError
from kickitout.models.files import has_model
from kickitout.training.budget import TIMING, TimeBudget, Timing, Until, written
from kickitout.training.config import TrainingConfig
from kickitout.training.engine import from_first, make_accelerator
from kickitout.training.finish import Finish, rehearse
from kickitout.training.loop import Duration, Report, Run
from kickitout.training.memory import freed_memory_kept
from kickitout.training.run_folder import RunFolder
from kickitout.training.start import known_of
from kickitout.training.threads import Threads

ECHO_SECONDS = 1.0  # in which a signal that comes again is the same one
FEWEST_KICKS = 8  # a run needs; hundreds are better
MOST_MEASURING = 60.0  # seconds in which the number of threads is chosen


@dataclass(frozen=True)
class Result:
    """How a session of training ended, and which snapshot was exported; -1 and NaN for what is not known."""

    step: int
    seconds: float
    reason: str  # "done" | "interrupted" | "stopped" | "used up": the budget was, and nothing was done
    why: str  # for "stopped": the monitor's sentence; for "used up": what trains on
    best_step: int
    best_score: float
    floor: float
    timing: Timing = field(default_factory=Timing)  # where the time of all starts has gone
    kind: ClassVar[Literal["result"]] = "result"


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
            signal.signal(kind, signal.SIG_DFL if handler is None else handler)  # None: not set from Python


@contextmanager
def opened(
    dataset: Dataset, config: TrainingConfig, out: str | Path, *, device: str = "auto",
    accelerator: Accelerator | None = None, clock: Callable[[], float] = time.monotonic,
) -> Iterator[tuple[Run, Callable[[], bool]]]:  # fmt: skip
    """The run in the folder `out`, to be begun or gone on with (`Run.begin`), and what says whether the user wants to
    stop.

    The folder is locked meanwhile. accelerator: made for `device` where there is none. Raises UserError for a folder
    that holds another run.
    """
    if len(dataset) < FEWEST_KICKS:
        raise UserError(f"too few kicks to learn from ({len(dataset)}); {FEWEST_KICKS} work, hundreds are better")
    engine, folder = accelerator or make_accelerator(device), RunFolder(out)
    with ExitStack() as stack:
        stack.enter_context(freed_memory_kept())
        from_first(engine, lambda: _begin_folder(folder, stack, config, dataset.manifest()))
        interrupted = stack.enter_context(_interruptible())
        yield Run(dataset, config, folder, engine, clock), lambda: interrupted() or folder.stop_asked()


def _begin_folder(folder: RunFolder, stack: ExitStack, config: TrainingConfig, manifest: dict[str, Any]) -> None:
    """Lock the folder for as long as the stack lasts, and begin a run in it, or see that it is this one."""
    folder.refuse_strangers()
    stack.enter_context(folder.locked())
    folder.open(config, manifest)
    if config.starts_from is not None and folder.start is None:
        folder.keep_start(known_of(config.starts_from))


def train(
    dataset: Dataset, config: TrainingConfig, out: str | Path, until: Until | TimeBudget, *, device: str = "auto",
    accelerator: Accelerator | None = None, threads: int | Literal["auto"] | None = None,
    watch: Callable[[Report], None] = lambda _: None, export: bool = True,
) -> Result:  # fmt: skip
    """Train, or go on training, in the folder `out`; export the best snapshot at the end (unless `export` is False).

    device: "auto", "cpu", "cuda" or "mps"; accelerator: an engine that is there already. threads: so many; "auto" are
    those that the run was begun with, or the quickest; None as torch has it. watch: gets each report. Raises UserError
    for a folder that holds another run, and for a budget that is too short for a step.
    """
    session = Session(dataset, config, out, until, accelerator or make_accelerator(device), threads, export=export)
    with closing(session.reports()) as reports:
        for report in reports:
            watch(report)
    assert session.result is not None
    return session.result


class Session:
    """One start of a run. `reports` trains while it is iterated, and then there is a `result`."""

    def __init__(
        self, dataset: Dataset, config: TrainingConfig, out: str | Path, until: Until | TimeBudget, engine: Accelerator,
        threads: int | Literal["auto"] | None = None, *, export: bool = True,
    ) -> None:  # fmt: skip
        self.dataset, self.config, self.out, self.until, self.engine = dataset, config, out, until, engine
        self.export = export
        self.budget = until if isinstance(until, TimeBudget) else None
        self.clock = self.budget.clock if self.budget else time.monotonic
        self.began = self.budget.began if self.budget else self.clock()
        self.timing = Timing.read(out)
        self.threads = Threads(threads, self.timing, engine)
        self.before, self.first = 0.0, 0  # seconds of earlier starts, and the step that this one begins with
        self.result: Result | None = None

    def reports(self) -> Generator[Report, None, None]:
        opening = opened(self.dataset, self.config, self.out, accelerator=self.engine, clock=self.clock)
        with self.threads.one_at_first(), opening as (run, interrupted):
            yield from run.begin()
            self.before = self.timing.seconds or run.seconds  # older folders know the seconds of training alone
            self.first = run.step
            finish = Finish(run) if run.writes and self.export else None
            yield from self._prepare(run, finish)
            prepared = self.clock()
            for told in run.train(self.until, interrupted):
                if isinstance(told, Report):
                    yield told
                else:
                    self._note(run, told)
            if run.step == 0:
                self.result = Result(0, 0.0, run.ended, run.stopped, -1, float("nan"), run.reference.floor)
                return
            trained = self.clock()
            stopping = run.ended == "interrupted"
            yield from run.tell("stopping; saving what is there" if stopping else "hearing the run once more")
            self._note(run, run.save_latest())
            step, score, took = run.finish()
            self._note(run, took)
            if finish is not None:
                yield from run.tell("writing the model")
                at = self.clock()
                finish.write(run.player(), step)
                self._note(run, Duration("model", self.clock() - at))
            self._close(run, prepared, trained)
        self.result = Result(
            run.step, run.seconds, run.ended, run.stopped, step, score, run.reference.floor, self.timing
        )

    def _prepare(self, run: Run, finish: Finish | None) -> Iterator[Report]:
        """Threads, what does not depend on training, and what the end will take."""
        budget = self.budget
        if budget:
            budget.before = self.before
        limit = 0.1 * budget.left() if budget else MOST_MEASURING
        for sentence in self.threads.choose(run, self.clock, limit):
            yield from run.tell(sentence)
        for sentence in finish.prepare() if finish else ():
            yield from run.tell(sentence)
        if budget:
            if run.writes:
                yield from self._set_aside(run, budget)
            from_first(self.engine, lambda: _refuse_short(run, budget))

    def _set_aside(self, run: Run, budget: TimeBudget) -> Iterator[Report]:
        """What the end will take: as it did at the end of the last start, or as a rehearsal says."""
        parts = {"saving", "snapshot", "model"} if self.export else {"saving", "snapshot"}
        if not parts <= self.timing.after.keys():
            yield from run.tell("rehearsing the end on a part of the kicks, to set its time aside")
            budget.costs.estimated = {k: v for k, v in rehearse(run, self.clock).items() if k in parts}
        budget.costs.measured |= {k: v for k, v in self.timing.after.items() if k in parts}
        if self.timing.threads and (step := self.timing.step_seconds.get(str(self.timing.threads))):
            budget.took = [step]

    def _note(self, run: Run, took: Duration | None) -> None:
        """Into the timing, and into the budget's costs."""
        if run.writes and took is not None:
            self.timing.after[took.what] = took.seconds
            if self.budget:
                self.budget.costs.measured[took.what] = took.seconds
            if took.what == "saving" and run.step > self.first:  # what a sudden end leaves in the folder
                self._write(run)

    def _close(self, run: Run, prepared: float, trained: float) -> None:
        """The start is over."""
        if run.writes and run.step > self.first:
            parts = {"preparing": prepared - self.began, "training": trained - prepared}
            parts |= {"writing": self.clock() - trained, "steps": run.step - self.first}
            parts |= {"budget": self.budget.seconds} if self.budget and run.ended == "done" else {}
            self.timing.starts.append(parts)
            self._write(run)

    def _write(self, run: Run) -> None:
        self.timing.seconds = self.before + self.clock() - self.began
        run.folder.write_json(TIMING, self.timing.to_data())


def _refuse_short(run: Run, budget: TimeBudget) -> None:
    """Raise UserError where the budget leaves no step; but a run that has no model yet is given one."""
    if run.step == 0 or (not run.stopped and has_model(run.folder.path)):
        before, after = budget.spent - budget.before, budget.costs.seconds
        doing = f"preparing took {written(before)} and writing the model will take about {written(after)}"
        budget.refuse_short(budget.spent + after, doing)
