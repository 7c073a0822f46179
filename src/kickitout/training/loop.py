"""The training loop: one for every family, in one process or many.

It feeds batches to a task, reports, takes snapshots, asks the monitor, and keeps checkpoints. How long to train is
given in steps or in minutes, over all the times a run was started; stopping and going on changes nothing: 2 + 2 steps
are 4, bit for bit on a CPU.
"""

from __future__ import annotations

import math
import signal
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator

from kickitout.audio import write_sound
from kickitout.card.limits import limits_of
from kickitout.corpus.build import Corpus
from kickitout.errors import UserError
from kickitout.evaluation.distance import energy_distance
from kickitout.export.model_file import model_info, write_model
from kickitout.files import write_whole
from kickitout.generation.noise import normal
from kickitout.generation.torch_model import TorchModel
from kickitout.sound import SAMPLE_RATE
from kickitout.training.checkpoint import (
    State,
    from_bytes,
    load_checkpoint,
    load_newest,
    save_checkpoint,
    to_bytes,
    unpack,
)
from kickitout.training.engine import (
    agree,
    from_first,
    make_accelerator,
    mean_over_processes,
    share_of,
    together,
    told_by_first,
)
from kickitout.training.lessons import make_lessons
from kickitout.training.monitor import FEWEST_HELD_OUT, Monitor, Reference, Trouble, detect, make_reference, view
from kickitout.training.networks import NotFinite
from kickitout.training.notebook import write_notebook
from kickitout.training.randomness import batch_indices
from kickitout.training.recipe import Recipe
from kickitout.training.run_folder import RunFolder
from kickitout.training.sheet import row_of_kicks, sheet_png
from kickitout.training.start import known_of
from kickitout.training.tasks import Task, make_task

CHECKPOINT_SECONDS = 60.0  # what a sudden end can cost
ECHO_SECONDS = 1.0  # in which a signal that comes again is the same one
REPORT_STEPS = 10  # between two lines of stats.jsonl
FEWEST_KICKS = 8  # a run needs; hundreds are better


@dataclass(frozen=True)
class Until:
    """When to stop: after so many steps or seconds of training, counted over all starts of the run."""

    steps: int | None = None
    seconds: float | None = None

    def reached(self, step: int, seconds: float) -> bool:
        return (self.steps is not None and step >= self.steps) or (self.seconds is not None and seconds >= self.seconds)

    def share(self, step: int, seconds: float) -> float:
        """How much of the way is done, 0..1."""
        parts = [step / self.steps if self.steps else 0.0, seconds / self.seconds if self.seconds else 0.0]
        return min(1.0, max(parts))


@dataclass(frozen=True)
class Report:
    """What the loop tells whoever watches."""

    step: int
    seconds: float
    share: float
    kicks_per_second: float
    losses: dict[str, float]
    event: str = ""


def told_only(step: int, seconds: float, text: str) -> Report:
    """A report of what is being done."""
    return Report(step, seconds, 0.0, 0.0, {}, event=text)


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


class Run:
    """One training run in one folder."""

    def __init__(self, corpus: Corpus, recipe: Recipe, folder: RunFolder, accelerator: Accelerator,
                 watch: Callable[[Report], None], clock: Callable[[], float] = time.monotonic) -> None:  # fmt: skip
        self.recipe, self.folder, self.accelerator, self.watch = recipe, folder, accelerator, watch
        self.share = share_of(accelerator, recipe.batch)
        self.clock = clock  # in seconds; what the length of a run is counted with
        lessons = make_lessons(corpus, recipe)
        self.waves = torch.from_numpy(lessons.waves)  # [n, 1 or 2, T]
        self.reals, self.held_out = lessons.reals, lessons.held_out  # [n, T]
        self.task: Task = make_task(recipe, accelerator, self.waves)
        self.monitor = Monitor(recipe.monitor)
        self.step, self.seconds, self.slowed, self.stopped = 0, 0.0, 1.0, ""
        self.window: dict[str, list[float]] = defaultdict(list)
        self.pace: tuple[int, float] | None = None  # step and seconds at the first report of this session
        self.named = -1  # the best snapshot, as `latest` in the folder has it

    @property
    def writes(self) -> bool:
        """Only the first of several processes touches the folder."""
        return self.accelerator.is_main_process

    @cached_property
    def reference(self) -> Reference:
        """What snapshots are held against; measured when the first is taken."""
        return make_reference(self.reals, self.held_out)

    # -- the state of a run -------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Go on from the newest checkpoint in the folder, or write down what there is before the first step."""
        found, trouble = self._read(lambda: load_newest(self.folder.latest))
        if found is not None:
            tensors, progress = found
            unpack(self.task, tensors, str(self.folder.latest))
            self.step, self.seconds = progress["step"], progress["seconds"]
            self.slowed, self.stopped = progress["slowed"], progress["stopped"]
            self.window = defaultdict(list, progress["window"])
            self.monitor = Monitor(self.recipe.monitor, **progress["monitor"])
            self.named = self.monitor.best_step
            self.task.slow_critic(self.slowed)
        if not self.writes:
            return
        self.folder.forget_after(self.step)
        if found is None:
            shown = self.reals[np.linspace(0, len(self.reals) - 1, min(64, len(self.reals))).astype(int)]
            title = f"{len(shown)} of {len(self.reals)} real kicks"
            write_whole(self.folder.path / "reals.png", sheet_png(shown, title))
            write_sound(self.folder.path / "reals.wav", row_of_kicks(shown), SAMPLE_RATE, bits="16", force=True)
            if len(self.held_out) < FEWEST_HELD_OUT:
                self._event(f"only {len(self.held_out)} kicks are held out: snapshots are scored against all kicks")
        elif trouble:
            self._event(trouble)

    def save(self, path: Path) -> None:
        """Write the whole state."""
        if self.writes:
            progress = {
                "step": self.step,
                "seconds": self.seconds,
                "slowed": self.slowed,
                "stopped": self.stopped,
                "window": dict(self.window),
                "monitor": self.monitor.memory(),
            }
            save_checkpoint(path, self.task, progress)

    def save_latest(self) -> None:
        """Write the state to go on from; what it no longer needs goes after it is there."""
        self.save(self.folder.latest)
        if self.writes:
            self.folder.keep_best({self.monitor.best_step, self.named})  # the file before may be needed again
            self.named = self.monitor.best_step

    def load_best(self) -> None:
        """Networks and optimisers as they were at the best snapshot."""
        path = self.folder.best(self.monitor.best_step)
        found, _ = self._read(lambda: (*load_checkpoint(path), None))
        assert found is not None  # there was a snapshot, or there is an error
        unpack(self.task, found[0], str(path))

    def _read(self, read: Callable[[], tuple[*State, str | None] | None]) -> tuple[State | None, str | None]:
        """A state that the first process reads, in all of them, and what was wrong; None where there is none."""
        trouble: str | None = None

        def first() -> State | None:
            nonlocal trouble
            found = read()
            trouble = found and found[2]
            return found and found[:2]

        if self.accelerator.num_processes == 1:
            return first(), trouble
        data = from_first(self.accelerator, lambda: b"" if (found := first()) is None else to_bytes(*found))
        return (from_bytes(data) if data else None), trouble

    # -- training -----------------------------------------------------------------------------------------------------

    def train(self, until: Until, interrupted: Callable[[], bool]) -> str:
        """Step until done, interrupted or stopped by the monitor. Returns which."""
        began, before = self.clock(), self.seconds
        saved = time.monotonic()
        while not self.stopped:
            if agree(self.accelerator, until.reached(self.step, self.seconds)):
                return "done"
            if agree(self.accelerator, interrupted()):
                return "interrupted"
            self._step()
            self.seconds = before + self.clock() - began
            if self.step % REPORT_STEPS == 0 or self.step <= 3:
                self._report(until)
            if self.step % self.recipe.monitor.every == 0 and not self.stopped:
                self._judge()
                self.seconds = before + self.clock() - began
                saved = -CHECKPOINT_SECONDS
            if time.monotonic() - saved > CHECKPOINT_SECONDS:
                self.save_latest()
                saved = time.monotonic()
        return "stopped"

    def _judge(self) -> None:
        """Take a snapshot, and do what the monitor of the first process says of it."""

        def first() -> tuple[str, str, dict[str, Any]]:
            return *self.monitor.judge(self.step, *self._snapshot()), self.monitor.memory()

        verdict, why, memory = told_by_first(self.accelerator, first)
        self.monitor = Monitor(self.recipe.monitor, **memory)
        self.window.clear()
        self._carry_out(verdict, why)

    def _step(self) -> None:
        chosen = batch_indices(self.recipe.seed, self.step, self.recipe.batch, len(self.waves))[self.share]
        try:
            losses = self.task.step(torch.from_numpy(chosen), self.step, self.share)
        except NotFinite as error:
            self.step += 1
            self.window.clear()
            self._carry_out(*self.monitor.act(str(error), can_go_on=False))
            return
        self.step += 1
        for name, value in mean_over_processes(self.accelerator, losses).items():
            self.window[name].append(value)

    def _report(self, until: Until) -> None:
        recent = {name: float(np.mean(values[-REPORT_STEPS:])) for name, values in self.window.items() if values}
        self.pace = self.pace or (self.step, self.seconds)
        steps, seconds = self.step - self.pace[0], self.seconds - self.pace[1]
        rate = steps * self.recipe.batch / seconds if seconds > 0 else 0.0
        if self.writes:
            self.folder.log(kind="losses", step=self.step, seconds=round(self.seconds, 3), **recent)
            self.watch(Report(self.step, self.seconds, until.share(self.step, self.seconds), rate, recent))

    def _event(self, text: str) -> None:
        if self.writes:
            self.folder.log(kind="event", step=self.step, text=text)
            self.watch(told_only(self.step, self.seconds, text))

    def _carry_out(self, verdict: str, why: str) -> None:
        """Do what the monitor says, and write down why."""
        best = f"the best snapshot (step {self.monitor.best_step})" if self.monitor.best_step >= 0 else "no snapshot"
        if verdict == "best":
            self.save(self.folder.best(self.step))
        elif verdict == "rollback":
            self.load_best()
            self.slowed *= 0.5
            self.task.slow_critic(self.slowed)
            self._event(f"{why}; back to {best}, with the critic at half its pace")
        elif verdict == "stop":
            self.stopped = why
            self._event(f"{why}; stopped, {best} is kept")
        elif why:
            self._event(why)

    # -- snapshots ----------------------------------------------------------------------------------------------------

    def _snapshot(self, *, closing: bool = False) -> tuple[float, list[Trouble]]:
        """Generate from the fixed seeds, measure, write sheet and WAV: the first process alone.

        Returns the score and the troubles.
        """
        player = self.task.player()
        made = TorchModel(player).play(normal(range(self.recipe.monitor.sounds), player.latent)).mean(axis=1)  # [n, T]
        fakes = np.nan_to_num(made, nan=0.0, posinf=0.0, neginf=0.0)  # a diverged generator is silence to the monitor
        seen = view(fakes)
        score = energy_distance(self.reference.held_out, seen.embedded)
        losses = {name: float(np.mean(values)) for name, values in self.window.items() if values}
        troubles = detect(losses, seen, self.reference, self.recipe.objective)
        place, floor = self.folder.snapshot(self.step), self.reference.floor
        title = f"{self.recipe.name}, step {self.step}: generated from seeds 0 to {len(fakes) - 1}"
        write_whole(place / "fakes.png", sheet_png(fakes, title))
        write_sound(place / "fakes.wav", row_of_kicks(fakes), SAMPLE_RATE, bits="16", force=True)
        self.folder.log(
            kind="snapshot", step=self.step, seconds=round(self.seconds, 3), closing=closing, score=score,
            floor=None if math.isnan(floor) else floor, losses=losses, troubles=[t.name for t in troubles],
            diversity=seen.diversity, comb_db=seen.comb_db, tail_noise_db=seen.tail_noise_db,
        )  # fmt: skip
        write_notebook(self.folder, self.recipe)
        return score, troubles

    def finish(self) -> tuple[int, float]:
        """Save, and load the weights to export. Returns their step and score.

        Between two snapshots the run is heard once more. That is no part of the monitor's memory: a longer run must
        not depend on where a shorter one ended.
        """
        self.save_latest()
        step, score = told_by_first(self.accelerator, self._choose)
        if step != self.step:
            self.load_best()
        return step, score

    def _choose(self) -> tuple[int, float]:
        """Step and score of the weights to export: those of now, or of the best snapshot, or the earlier of equals."""
        if self.recipe.monitor.export == "last":
            return self.step, self._snapshot(closing=True)[0]
        best = self.monitor.best_step, self.monitor.best_score
        if self.step % self.recipe.monitor.every or best[0] < 0:
            score, _ = self._snapshot(closing=True)
            if score < best[1] or best[0] < 0:
                return self.step, score
        return best


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
def opened(corpus: Corpus, recipe: Recipe, out: str | Path, *, device: str = "auto",
           accelerator: Accelerator | None = None,
           watch: Callable[[Report], None] = lambda _: None,
           clock: Callable[[], float] = time.monotonic) -> Iterator[tuple[Run, Callable[[], bool]]]:  # fmt: skip
    """The run in the folder `out`, begun or gone on with, and what says whether the user wants to stop.

    The folder is locked meanwhile. accelerator: made for `device` where there is none. Raises UserError for a folder
    that holds another run.
    """
    if len(corpus) < FEWEST_KICKS:
        raise UserError(f"too few kicks to learn from ({len(corpus)}); {FEWEST_KICKS} work, hundreds are better")
    engine = accelerator or make_accelerator(device)
    folder, manifest = RunFolder(out), corpus.manifest()

    def prepared() -> Run:
        if told_by_first(engine, lambda: manifest["digest"]) != manifest["digest"]:
            raise UserError("this process reads other sounds than the first; give all of them the same folders")
        if engine.is_main_process:
            watch(told_only(0, 0.0, f"preparing {len(corpus)} kicks"))
        return Run(corpus, recipe, folder, engine, watch, clock)

    with ExitStack() as stack:
        from_first(engine, lambda: _begin_folder(folder, stack, recipe, manifest))
        interrupted = stack.enter_context(_interruptible())
        run = together(engine, prepared)
        run.begin()
        yield run, interrupted


def _begin_folder(folder: RunFolder, stack: ExitStack, recipe: Recipe, manifest: dict[str, Any]) -> bytes:
    """Lock the folder for as long as the stack lasts, and begin a run in it, or see that it is this one."""
    folder.refuse_strangers()
    stack.enter_context(folder.locked())
    folder.open(recipe, manifest)
    if recipe.start != "none" and folder.start is None:
        folder.keep_start(known_of(recipe.start))
    return b""


def train(corpus: Corpus, recipe: Recipe, out: str | Path, until: Until, *, device: str = "auto",
          accelerator: Accelerator | None = None,
          watch: Callable[[Report], None] = lambda _: None, export: bool = True) -> Result:  # fmt: skip
    """Train, or go on training, in the folder `out`; export the best snapshot at the end (unless `export` is False).

    device: "auto", "cpu", "cuda" or "mps"; accelerator: an engine that is there already. Raises UserError for a folder
    that holds another run.
    """
    with opened(corpus, recipe, out, device=device, accelerator=accelerator, watch=watch) as (run, interrupted):
        reason = run.train(until, interrupted)
        if run.step == 0:
            return Result(0, 0.0, reason, run.stopped, -1, float("nan"), run.reference.floor)
        if run.writes:
            stopping = reason == "interrupted"
            text = "stopping; saving what is there, and its model" if stopping else "writing the model"
            watch(told_only(run.step, run.seconds, text))
        best_step, best_score = run.finish()
        if run.writes and export:
            player = run.task.player()
            settings, limits = recipe.model_dump(mode="json"), limits_of(run.waves[:, 0].numpy(), recipe.kind)
            info = model_info(player, settings, corpus.manifest(), best_step, run.folder.start, limits)
            write_model(player, info, run.folder.path)
            write_notebook(run.folder, recipe)
    return Result(run.step, run.seconds, reason, run.stopped, best_step, best_score, run.reference.floor)
