"""One converged run gone on with in several ways: each way an arm, with several seeds, and all from one checkpoint.

An arm has the run's own config, sounds and steps, but for what it changes; batches, noise and rate of a step are those
of the same step in every arm with the same seed. Critics that learn alone do so before the fork, in steps of their own.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from kickitout.datasets.build import Dataset
from kickitout.errors import UserError
from kickitout.generation.noise import normal
from kickitout.generation.torch_backend import TorchModel
from kickitout.training.autoencoding import AutoencodingTask, EncodedKicks
from kickitout.training.checkpoint import load_checkpoint, pack_task, unpack_task
from kickitout.training.config import KickAETrainingConfig, merge, read_config
from kickitout.training.engine import make_accelerator
from kickitout.training.networks import Task
from kickitout.training.randomness import batch_indices
from kickitout.training.run_folder import RunFolder
from kickitout.training.training_set import make_training_set
from kicklab.folder import read_json


class ForkSounds(NamedTuple):
    """What all arms learn from: waveforms [n, 1, T], what is known of each [n], and what each recording counts [m]."""

    waves: Tensor
    known: Tensor
    weights: Tensor


@dataclass(frozen=True)
class Milestone:
    """An arm at one of its milestones. steps: of the generator, since the fork; seconds: of processor time."""

    steps: int
    seconds: float
    waves: np.ndarray  # [n, T], the kicks of seeds 0 to n - 1


class Fork:
    """A run's newest checkpoint, and what to go on from it with."""

    def __init__(self, run: Path, learned: Dataset, ema: float) -> None:
        """ema: decay of the averages from here on. Raises UserError for a folder without a whole KickAE run of
        `learned`."""
        config = read_config(read_json(run / "config.json"), str(run / "config.json"))
        if not isinstance(config, KickAETrainingConfig):
            raise UserError(f"{run}: a run of {config.model.family}; only KickAE's goes on with and without critics")
        if read_json(run / "dataset.json")["digest"] != learned.digest:
            raise UserError(f"{run}: it learned from other sounds than these; give the folders that it learned from")
        self.tensors, progress = load_checkpoint(RunFolder(run).latest)
        self.step = int(progress["step"])
        self.config, self.ema = config, ema
        self.start = str(run)  # for the scale of its contours, which no checkpoint states
        self.measured: EncodedKicks | None = None  # once, for all arms
        made = make_training_set(learned, config)
        self.sounds = ForkSounds(*(torch.from_numpy(part) for part in (made.waves, made.known, made.weights)))

    def task(self, changes: dict[str, Any], seed: int) -> Task:
        """The networks as they are at the fork, and new critics."""
        own: dict[str, Any] = {"start": self.start, "ema": self.ema, "seed": seed}
        config = read_config(merge(self.config.model_dump(mode="json"), own | changes), "arm")
        assert isinstance(config, KickAETrainingConfig)
        task = AutoencodingTask(config, make_accelerator("cpu"), *self.sounds, self.measured)
        self.measured = task.measured
        found = {key: value for key, value in self.tensors.items() if key.split("/")[1] in ("generator", "average")}
        unpack_task(task, pack_task(task) | found, self.start)
        return task

    def kicks(self, kicks: int) -> np.ndarray:
        """[kicks, T] of the checkpoint itself, from seed 0 on."""
        return kicks_of(self.task({}, self.config.seed), kicks)

    def go_on(self, changes: dict[str, Any], seed: int, milestones: tuple[int, ...], ahead: int,
              kicks: int) -> Iterator[Milestone]:  # fmt: skip
        """Train an arm, and read it at so many steps from the fork. ahead: steps before, for the critics alone."""
        if ahead:
            changes = {"critics_from": self.step - ahead, "critics_ahead": ahead} | changes
        task, seconds = self.task(changes, seed), 0.0
        batch, n = task.config.batch, len(self.sounds.waves)
        for at in range(self.step - ahead, self.step + max(milestones)):
            began = time.process_time()
            task.step(torch.from_numpy(batch_indices(seed, at, batch, n)), at, slice(0, batch))
            seconds += time.process_time() - began
            if (done := at + 1 - self.step) in milestones:
                yield Milestone(done, seconds, kicks_of(task, kicks))


def kicks_of(task: Task, kicks: int) -> np.ndarray:
    """[kicks, T] of the averaged weights, from seed 0 on."""
    player = task.player()
    return TorchModel(player).play(normal(range(kicks), player.latent)).mean(axis=1)
