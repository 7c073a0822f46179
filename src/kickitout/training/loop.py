"""The training loop: one for every family, on Accelerate.

It feeds batches to a task, reports, takes snapshots, asks the monitor, and keeps checkpoints. How long to train is
given in steps or in minutes, over all the times a run was started; stopping and going on changes nothing: 2 + 2 steps
are 4, bit for bit on a CPU.
"""

from __future__ import annotations

import signal
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator

from kickitout.audio import write_sound
from kickitout.corpus.build import Corpus, split
from kickitout.evaluation.distance import energy_distance
from kickitout.export.model_file import model_info, write_model
from kickitout.files import write_whole
from kickitout.generation.torch_model import TorchModel
from kickitout.sound import SAMPLE_RATE
from kickitout.training.adversarial import NotFinite
from kickitout.training.checkpoint import load_checkpoint, load_newest, save_checkpoint, unpack
from kickitout.training.monitor import Monitor, detect, make_reference, view
from kickitout.training.notebook import write_notebook
from kickitout.training.randomness import batch_indices
from kickitout.training.recipe import Recipe
from kickitout.training.run_folder import RunFolder
from kickitout.training.sheet import row_of_kicks, sheet_png
from kickitout.training.tasks import Task, make_task

CHECKPOINT_SECONDS = 60.0  # what a sudden end can cost
REPORT_STEPS = 10  # between two lines of stats.jsonl


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


@dataclass(frozen=True)
class Result:
    """How a session of training ended."""

    step: int
    seconds: float
    reason: str  # "done" | "interrupted" | "stopped"
    best_step: int
    best_score: float
    floor: float


class Run:
    """One training run in one folder."""

    def __init__(self, corpus: Corpus, recipe: Recipe, folder: RunFolder, accelerator: Accelerator,
                 watch: Callable[[Report], None]) -> None:  # fmt: skip
        self.recipe, self.folder, self.accelerator, self.watch = recipe, folder, accelerator, watch
        train, held_out = split(corpus, recipe.held_out)
        sounds = [corpus.waves, corpus.sides][: 2 if recipe.model.stereo else 1]
        self.waves = torch.from_numpy(np.stack([s[train] for s in sounds], axis=1))  # [n, 1 or 2, T]
        self.reals = corpus.waves[train]
        self.reference = make_reference(corpus.waves[train], corpus.waves[held_out])
        self.task: Task = make_task(recipe, accelerator, self.waves)
        self.monitor = Monitor(recipe.monitor)
        self.step, self.seconds, self.slowed = 0, 0.0, 1.0
        self.window: dict[str, list[float]] = defaultdict(list)

    @property
    def writes(self) -> bool:
        """Only the first of several processes touches the folder."""
        return self.accelerator.is_main_process

    # -- the state of a run -------------------------------------------------------------------------------------------

    def resume(self) -> None:
        """Go on from the newest checkpoint in the folder, if there is one."""
        found = load_newest(self.folder.latest)
        if found is None:
            return
        tensors, progress, trouble = found
        unpack(self.task, tensors, str(self.folder.latest))
        self.step, self.seconds, self.slowed = progress["step"], progress["seconds"], progress["slowed"]
        self.window = defaultdict(list, progress["window"])
        self.monitor = Monitor(self.recipe.monitor, **progress["monitor"])
        self.task.slow_critic(self.slowed)
        if self.writes:
            self.folder.forget_after(self.step)
            if trouble:
                self._event(trouble)

    def save(self, path: Path) -> None:
        """Write the whole state."""
        if self.writes:
            progress = {
                "step": self.step,
                "seconds": self.seconds,
                "slowed": self.slowed,
                "window": dict(self.window),
                "monitor": self.monitor.memory(),
            }
            save_checkpoint(path, self.task, progress)

    def _roll_back(self, why: str) -> None:
        """Networks and optimisers as at the best snapshot, with a slower critic. The step goes on: new batches."""
        tensors, _ = load_checkpoint(self.folder.best)
        unpack(self.task, tensors, str(self.folder.best))
        self.slowed *= 0.5
        self.task.slow_critic(self.slowed)
        self._event(f"{why}; back to the best snapshot (step {self.monitor.best_step}), the critic at half its pace")

    # -- training -----------------------------------------------------------------------------------------------------

    def train(self, until: Until) -> str:
        """Step until done, interrupted or stopped by the monitor. Returns which."""
        began, before = time.monotonic(), self.seconds
        saved = began
        with _interruptible() as interrupted:
            while not until.reached(self.step, self.seconds):
                if interrupted():
                    return "interrupted"
                verdict = self._step()
                self.seconds = before + time.monotonic() - began
                if self.step % REPORT_STEPS == 0 or self.step <= 3:
                    self._report(until, began, before)
                if verdict == "go on" and self.step % self.recipe.monitor.every == 0:
                    verdict = self._judge(*self._snapshot())
                    self.seconds = before + time.monotonic() - began
                    self.save(self.folder.latest)
                    saved = time.monotonic()
                if verdict == "stop":
                    return "stopped"
                if time.monotonic() - saved > CHECKPOINT_SECONDS:
                    self.save(self.folder.latest)
                    saved = time.monotonic()
        return "done"

    def _step(self) -> str:
        batch, accelerator = self.recipe.batch, self.accelerator
        mine = slice(
            batch * accelerator.process_index // accelerator.num_processes,
            batch * (accelerator.process_index + 1) // accelerator.num_processes,
        )
        chosen = batch_indices(self.recipe.seed, self.step, batch, len(self.waves))[mine]
        try:
            losses = self.task.step(self.waves[chosen].to(accelerator.device), self.step, mine)
        except NotFinite as error:
            self.step += 1
            verdict, why = self.monitor.act(f"step {self.step}: {error}")
            return self._carry_out("stop" if verdict == "go on" else verdict, why)
        self.step += 1
        for name, value in losses.items():
            self.window[name].append(value)
        return "go on"

    def _means(self) -> dict[str, float]:
        return {name: float(np.mean(values)) for name, values in self.window.items() if values}

    def _report(self, until: Until, began: float, before: float) -> None:
        recent = {name: float(np.mean(values[-REPORT_STEPS:])) for name, values in self.window.items() if values}
        self._pace = getattr(self, "_pace", (self.step, self.seconds))
        steps, seconds = self.step - self._pace[0], self.seconds - self._pace[1]
        rate = steps * self.recipe.batch / seconds if seconds > 0 else 0.0
        if self.writes:
            self.folder.log(kind="losses", step=self.step, seconds=round(self.seconds, 3), **recent)
            self.watch(Report(self.step, self.seconds, until.share(self.step, self.seconds), rate, recent))

    def _event(self, text: str) -> None:
        if self.writes:
            self.folder.log(kind="event", step=self.step, text=text)
            self.watch(Report(self.step, self.seconds, 0.0, 0.0, {}, event=text))

    # -- snapshots ----------------------------------------------------------------------------------------------------

    def _snapshot(self) -> tuple[float, list[Any]]:
        """Generate from the fixed seeds, measure, write sheet and WAV. Returns the score and the troubles."""
        player = self.task.player()
        fakes = TorchModel(player).render(list(range(self.recipe.monitor.sounds))).mean(axis=1)  # [n, T]
        seen = view(fakes)
        score = energy_distance(self.reference.held_out, seen.embedded)
        losses = self._means()
        troubles = detect(losses, seen, self.reference, self.recipe.objective)
        self.window.clear()
        if self.writes:
            place = self.folder.snapshot(self.step)
            title = f"{self.recipe.name}, step {self.step}: generated from seeds 0 to {len(fakes) - 1}"
            write_whole(place / "fakes.png", sheet_png(fakes, title))
            write_sound(place / "fakes.wav", row_of_kicks(fakes), SAMPLE_RATE, bits="16", force=True)
            self.folder.log(
                kind="snapshot", step=self.step, seconds=round(self.seconds, 3), score=score,
                floor=self.reference.floor, losses=losses, troubles=[t.name for t in troubles],
                diversity=seen.diversity, comb_db=seen.comb_db, tail_noise_db=seen.tail_noise_db,
            )  # fmt: skip
            write_notebook(self.folder, self.recipe)
        return score, troubles

    def _judge(self, score: float, troubles: list[Any]) -> str:
        verdict, why = self.monitor.judge(self.step, score, troubles)
        return self._carry_out(verdict, why)

    def _carry_out(self, verdict: str, why: str) -> str:
        if verdict == "best":
            self.save(self.folder.best)
        elif verdict == "rollback":
            self._roll_back(why)
        elif verdict == "stop":
            self._event(f"{why}; stopped. The best snapshot (step {self.monitor.best_step}) is kept")
        elif why:
            self._event(why)
        return "stop" if verdict == "stop" else "go on"

    def finish(self) -> None:
        """The closing snapshot (no part of the monitor's memory), and the best weights loaded, ready for export."""
        self.save(self.folder.latest)
        already = self.folder.path / "snapshots" / f"{self.step:06d}" / "fakes.wav"
        if self.step and not already.exists():
            score, _ = self._snapshot()
            if score < self.monitor.best_score:
                self.monitor.best_score, self.monitor.best_step = score, self.step
                return
        if self.monitor.best_step >= 0 and self.monitor.best_step != self.step:
            tensors, _ = load_checkpoint(self.folder.best)
            unpack(self.task, tensors, str(self.folder.best))


@contextmanager
def _interruptible() -> Iterator[Callable[[], bool]]:
    """Ctrl-C or SIGTERM ends the loop after the step at hand; a second one ends it at once."""
    asked = False

    def ask(number: int, _: Any) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True

    kinds = (signal.SIGINT, signal.SIGTERM)
    try:
        old = {kind: signal.signal(kind, ask) for kind in kinds}
    except ValueError:  # not in the main thread: whoever runs the loop there handles signals
        old = {}
    try:
        yield lambda: asked
    finally:
        for kind, handler in old.items():
            signal.signal(kind, handler)


def train(corpus: Corpus, recipe: Recipe, out: str | Path, until: Until, *, device: str = "auto",
          watch: Callable[[Report], None] = lambda _: None, export: bool = True) -> Result:  # fmt: skip
    """Train, or go on training, in the folder `out`; export the best snapshot at the end (unless `export` is False).

    device: "auto", "cpu", "cuda" or "mps". Raises UserError for a folder that holds another run.
    """
    accelerator = Accelerator(cpu=device == "cpu")
    folder = RunFolder(out)
    with folder.locked():
        folder.open(recipe, corpus.manifest())
        run = Run(corpus, recipe, folder, accelerator, watch)
        run.resume()
        if run.writes and run.step == 0:
            reals = run.reals[np.linspace(0, len(run.reals) - 1, min(64, len(run.reals))).astype(int)]
            write_whole(folder.path / "reals.png", sheet_png(reals, f"{len(reals)} of {len(run.reals)} real kicks"))
            write_sound(folder.path / "reals.wav", row_of_kicks(reals), SAMPLE_RATE, bits="16", force=True)
        reason = run.train(until)
        run.finish()
        if run.writes and export:
            player = run.task.player()
            settings = recipe.model_dump(mode="json")
            write_model(player, model_info(player, settings, corpus.manifest(), run.monitor.best_step), folder.path)
            write_notebook(folder, recipe)
    best = run.monitor
    return Result(run.step, run.seconds, reason, best.best_step, best.best_score, run.reference.floor)
