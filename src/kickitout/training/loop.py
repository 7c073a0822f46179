"""The training loop: one for every group, in one process or many.

It feeds batches to a task, takes snapshots, asks the monitor, and keeps checkpoints. `begin` and `train` are iterators
of what they have to tell: whoever iterates them (`training.session`, a laboratory) says it, or counts it. How long to
train is given in steps or in minutes, over all the times a run was started; stopping and going on changes nothing:
2 + 2 steps are 4, bit for bit on a CPU, on as many threads as the run was begun with.
"""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
import torch
from accelerate import Accelerator

from kickitout.audio import encode_sound
from kickitout.datasets.build import Dataset
from kickitout.errors import UserError, count
from kickitout.files import write_whole
from kickitout.generation.noise import normal
from kickitout.generation.torch_backend import TorchModel
from kickitout.metrics.distance import energy_distance
from kickitout.models.player import Player
from kickitout.sound import SAMPLE_RATE
from kickitout.training.adversarial import AdversarialTask
from kickitout.training.autoencoding import AutoencodingTask
from kickitout.training.budget import TimeBudget, Until
from kickitout.training.checkpoint import (
    load_checkpoint,
    load_newest,
    save_checkpoint,
    unpack_task,
)
from kickitout.training.config import AdversarialTrainingConfig, KickAETrainingConfig, TrainingConfig
from kickitout.training.engine import (
    agree,
    from_first,
    mean_over_processes,
    share_of_batch,
    together,
)
from kickitout.training.monitor import (
    FEWEST_HELD_OUT,
    STILL_STEPS,
    Monitor,
    Reference,
    Trouble,
    detect,
    make_reference,
    view,
)
from kickitout.training.networks import NotFinite, Task
from kickitout.training.randomness import batch_indices
from kickitout.training.run_folder import RunFolder, write_notebook
from kickitout.training.sheet import row_of_kicks, sheet_png
from kickitout.training.training_set import make_training_set

CHECKPOINT_SECONDS = 60.0  # what a sudden end can cost
REPORT_STEPS = 10  # between two lines of stats.jsonl


@dataclass(frozen=True)
class Report:
    """How far a run is, or an event. seconds: of training; left: seconds until its end, where that can be said."""

    step: int
    seconds: float
    share: float
    kicks_per_second: float
    losses: dict[str, float]
    event: str = ""
    left: float | None = None
    kind: ClassVar[Literal["report"]] = "report"


class Duration(NamedTuple):
    """What a part of a run that is repeated took."""

    what: str  # "saving" a checkpoint, or a "snapshot"
    seconds: float


def make_task(
    config: TrainingConfig, accelerator: Accelerator, waves: torch.Tensor, known: torch.Tensor | None = None,
    recorded: torch.Tensor | None = None,
) -> Task:  # fmt: skip
    """The task of a config's family. waves: all training kicks, [n, 1 or 2, T]; known: samples [n] of each that its
    recording speaks for (None: all), which critics take no notice of; recorded: see `AutoencodingTask`."""
    if isinstance(config, KickAETrainingConfig):
        return AutoencodingTask(config, accelerator, waves, known, recorded)
    assert isinstance(config, AdversarialTrainingConfig)  # there is no other
    return AdversarialTask(config, accelerator, waves)


class Run:
    """One training run in one folder. It is there after `begin`."""

    waves: torch.Tensor  # [n, 1 or 2, T]
    reals: np.ndarray  # [n, T]
    held_out: np.ndarray
    share: slice  # of each batch, this process's
    task: Task

    def __init__(
        self, dataset: Dataset, config: TrainingConfig, folder: RunFolder, accelerator: Accelerator,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self.dataset, self.config, self.folder, self.accelerator = dataset, config, folder, accelerator
        self.clock = clock  # in seconds; what the length of a run is counted with
        self.monitor = Monitor(config.monitor)
        self.step, self.seconds, self.slowed = 0, 0.0, 1.0
        self.stopped = ""  # the monitor's sentence
        self.ended = ""  # how `train` ended: "done" | "interrupted" | "stopped"
        self.window: dict[str, list[float]] = defaultdict(list)
        self.pace: tuple[int, float] | None = None  # step and seconds at the first report of this session
        self.named = -1  # the best snapshot, as `latest` in the folder has it
        self.heard: tuple[int, Player] | None = None  # the step of the last snapshot, and what played there

    @property
    def writes(self) -> bool:
        """Only the first of several processes touches the folder."""
        return self.accelerator.is_main_process

    @cached_property
    def reference(self) -> Reference:
        """What snapshots are held against; measured when the first is taken."""
        return make_reference(self.reals, self.held_out)

    # -- the state of a run -------------------------------------------------------------------------------------------

    def begin(self) -> Iterator[Report]:
        """Prepare sounds and networks; go on from the newest checkpoint, or write down what there is before a step.

        Raises UserError for a batch that cannot be split, and for another process's other sounds.
        """
        yield from self.tell(f"preparing {len(self.dataset)} kicks")
        together(self.accelerator, self._prepare)
        found = from_first(self.accelerator, lambda: load_newest(self.folder.latest))
        if found is not None:
            tensors, progress, trouble = found
            unpack_task(self.task, tensors, str(self.folder.latest))
            self.step, self.seconds = progress["step"], progress["seconds"]
            self.slowed, self.stopped = progress["slowed"], progress["stopped"]
            self.window = defaultdict(list, progress["window"])
            self.monitor = Monitor(self.config.monitor, **progress["monitor"])
            self.named = self.monitor.best_step
            self.task.slow_critic(self.slowed)
        if not self.writes:
            return
        self.folder.forget_after(self.step)
        if found is None:
            shown = self.reals[np.linspace(0, len(self.reals) - 1, min(64, len(self.reals))).astype(int)]
            title = f"{len(shown)} of {len(self.reals)} real kicks"
            write_whole(self.folder.path / "reals.png", sheet_png(shown, title))
            write_whole(self.folder.path / "reals.wav", encode_sound(row_of_kicks(shown), SAMPLE_RATE, bits="16"))
            if len(self.held_out) < FEWEST_HELD_OUT:
                few = _held_out(len(self.held_out))
                yield from self._event(f"{few} held out: snapshots are scored against all kicks")
        elif trouble:
            yield from self._event(trouble)

    def _prepare(self) -> None:
        if from_first(self.accelerator, lambda: self.dataset.digest) != self.dataset.digest:
            raise UserError("this process reads other sounds than the first; give all of them the same folders")
        self.share = share_of_batch(self.accelerator, self.config.batch)
        found = make_training_set(self.dataset, self.config)
        self.waves, self.reals, self.held_out = torch.from_numpy(found.waves), found.reals, found.held_out
        about = torch.from_numpy(found.known), torch.from_numpy(found.weights)
        self.task = make_task(self.config, self.accelerator, self.waves, *about)

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

    def save_latest(self) -> Duration:
        """Write the state to go on from; what it no longer needs goes after it is there."""
        began = self.clock()
        self.save(self.folder.latest)
        if self.writes:
            self.folder.keep_best({self.monitor.best_step, self.named})  # the file before may be needed again
            self.named = self.monitor.best_step
        return Duration("saving", self.clock() - began)

    def load_best(self) -> None:
        """Networks and optimisers as they were at the best snapshot."""
        path = self.folder.best(self.monitor.best_step)
        tensors, _ = from_first(self.accelerator, lambda: load_checkpoint(path))
        unpack_task(self.task, tensors, str(path))
        self.heard = None

    def player(self) -> Player:
        """What plays the networks as they are now; the last snapshot's where that was taken of them."""
        if self.heard is not None and self.heard[0] == self.step:
            return self.heard[1]
        return self.task.player()

    # -- training -----------------------------------------------------------------------------------------------------

    def train(self, until: Until | TimeBudget, interrupted: Callable[[], bool]) -> Iterator[Report | Duration]:
        """Step until done, interrupted or stopped by the monitor; `ended` says which."""
        began, before = self.clock(), self.seconds
        saved, self.ended = time.monotonic(), "stopped"
        while not self.stopped:
            if agree(self.accelerator, until.reached(self.step, self.seconds)):
                self.ended = "done"
                return
            if agree(self.accelerator, interrupted()):
                self.ended = "interrupted"
                return
            yield from self._step()
            self.seconds = before + self.clock() - began
            if self.step % REPORT_STEPS == 0 or self.step <= 3:
                yield from self._report(until)
            if self.step % self.config.monitor.every == 0 and not self.stopped:
                yield from self._judge()
                self.seconds = before + self.clock() - began
                saved = -CHECKPOINT_SECONDS
            if time.monotonic() - saved > CHECKPOINT_SECONDS:
                yield self.save_latest()
                saved = time.monotonic()

    def _judge(self) -> Iterator[Report | Duration]:
        """Take a snapshot, and do what the monitor of the first process says of it."""

        def first() -> tuple[str, str, dict[str, Any], Duration]:
            score, troubles, took = self._snapshot()
            return *self.monitor.judge(self.step, score, troubles), self.monitor.memory(), took

        verdict, why, memory, took = from_first(self.accelerator, first)
        yield took
        self.monitor = Monitor(self.config.monitor, **memory)
        self.window.clear()
        yield from self._carry_out(verdict, why)

    def try_step(self) -> dict[str, float]:
        """The step that is next, without counting it."""
        chosen = batch_indices(self.config.seed, self.step, self.config.batch, len(self.waves))[self.share]
        return self.task.step(torch.from_numpy(chosen), self.step, self.share)

    def _step(self) -> Iterator[Report]:
        try:
            losses = self.try_step()
        except NotFinite as error:
            self.step += 1
            self.window.clear()
            yield from self._carry_out(*self.monitor.act(str(error), can_go_on=False))
            return
        self.step += 1
        for name, value in mean_over_processes(self.accelerator, losses).items():
            self.window[name].append(value)

    def _report(self, until: Until | TimeBudget) -> Iterator[Report]:
        recent = {name: float(np.mean(values[-REPORT_STEPS:])) for name, values in self.window.items() if values}
        self.pace = self.pace or (self.step, self.seconds)
        steps, seconds = self.step - self.pace[0], self.seconds - self.pace[1]
        rate = steps * self.config.batch / seconds if seconds > 0 else 0.0
        if self.writes:
            at = self.step, self.seconds
            left = until.left(*at)
            known = {} if left is None else {"left": round(left, 1)}
            self.folder.log(kind="losses", step=self.step, seconds=round(self.seconds, 3), **known, **recent)
            yield Report(*at, until.share(*at), rate, recent, left=left)

    def tell(self, text: str) -> Iterator[Report]:
        """What is being done."""
        if self.writes:
            yield Report(self.step, self.seconds, 0.0, 0.0, {}, event=text)

    def _event(self, text: str) -> Iterator[Report]:
        if self.writes:
            self.folder.log(kind="event", step=self.step, text=text)
        yield from self.tell(text)

    def _carry_out(self, verdict: str, why: str) -> Iterator[Report]:
        """Do what the monitor says, and write down why."""
        best = f"the best snapshot (step {self.monitor.best_step})" if self.monitor.best_step >= 0 else "no snapshot"
        if verdict == "best":
            self.save(self.folder.best(self.step))
        elif verdict == "rollback":
            self.load_best()
            self.slowed *= 0.5
            self.task.slow_critic(self.slowed)
            yield from self._event(f"{why}; back to {best}, with the critic at half its pace")
        elif verdict == "stop":
            self.stopped = why
            yield from self._event(f"{why}; stopped, {best} is kept")
        elif why:
            yield from self._event(why)

    # -- snapshots ----------------------------------------------------------------------------------------------------

    def _snapshot(self, *, closing: bool = False) -> tuple[float, list[Trouble], Duration]:
        """Generate from the fixed seeds, measure, write sheet and WAV: the first process alone."""
        began = self.clock()
        player = self.task.player()
        self.heard = self.step, player
        made = TorchModel(player).play(normal(range(self.config.monitor.sounds), player.latent)).mean(axis=1)  # [n, T]
        fakes = np.nan_to_num(made, nan=0.0, posinf=0.0, neginf=0.0)  # a diverged generator is silence to the monitor
        seen = view(fakes)
        score = energy_distance(self.reference.held_out, seen.embedded)
        losses = {name: float(np.mean(values)) for name, values in self.window.items() if values}
        spread = {
            name.replace("loss", "spread"): float(np.std(values)) for name, values in self.window.items()
            if name in ("loss/d", "loss/g") and len(values) >= STILL_STEPS
        }  # fmt: skip
        troubles = detect(losses | spread, seen, self.reference, self.task.losses)
        place, floor = self.folder.snapshot(self.step), self.reference.floor
        title = f"{self.config.name}, step {self.step}: generated from seeds 0 to {len(fakes) - 1}"
        write_whole(place / "fakes.png", sheet_png(fakes, title))
        write_whole(place / "fakes.wav", encode_sound(row_of_kicks(fakes), SAMPLE_RATE, bits="16"))
        self.folder.log(
            kind="snapshot", step=self.step, seconds=round(self.seconds, 3), closing=closing, score=score,
            floor=None if math.isnan(floor) else floor, losses=losses, troubles=[t.name for t in troubles],
            diversity=seen.diversity, comb_db=seen.comb_db, tail_noise_db=seen.tail_noise_db,
        )  # fmt: skip
        write_notebook(self.folder, self.config)
        return score, troubles, Duration("snapshot", self.clock() - began)

    def finish(self) -> tuple[int, float, Duration | None]:
        """Load the weights to export, which were saved. Returns their step and score, and what a last snapshot took.

        Between two snapshots the run is heard once more. That is no part of the monitor's memory: a longer run must
        not depend on where a shorter one ended.
        """
        step, score, took = from_first(self.accelerator, self._choose)
        if step != self.step:
            self.load_best()
        return step, score, took

    def _choose(self) -> tuple[int, float, Duration | None]:
        """Step and score of the weights to export: those of now, or of the best snapshot, or the earlier of equals."""
        if self.config.monitor.export == "last":
            score, _, took = self._snapshot(closing=True)
            return self.step, score, took
        best = self.monitor.best_step, self.monitor.best_score
        if self.step % self.config.monitor.every == 0 and best[0] >= 0:
            return *best, None
        score, _, took = self._snapshot(closing=True)
        return (self.step, score, took) if score < best[1] or best[0] < 0 else (*best, took)


def _held_out(number: int) -> str:
    return f"only {count(number, 'kick')} {'is' if number == 1 else 'are'}" if number else "no kick is"
