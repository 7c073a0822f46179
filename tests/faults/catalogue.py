"""Every fault: what is promised, what is done, and how often in a short and in a long round."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

import of_files
import of_training
from stage import Outcome, Stage


@dataclass(frozen=True)
class Fault:
    promise: str
    do: Callable[[Stage, int, random.Random], Outcome]
    few: int  # times in the tests; 0 where another test file does it
    many: int  # times in `tools/faults.py`
    torch: bool

    @property
    def name(self) -> str:
        return self.do.__name__

    @property
    def done(self) -> str:
        """What is done, in the words of the function that does it."""
        return " ".join((self.do.__doc__ or "").split())


FAULTS = (  # the longest last
    Fault("A full disk is one sentence, and the run goes on", of_training.disk_full, 0, 5, True),
    Fault("So are permissions that go", of_training.permissions_revoked, 1, 5, True),
    Fault("A run outlives its terminal", of_training.terminal_gone, 1, 10, True),
    Fault("A damaged checkpoint is noticed, never gone on with", of_training.checkpoint_damaged, 3, 9, True),
    Fault("One trainer a folder", of_training.second_trainer, 1, 5, True),
    Fault("A run goes on with its own sounds only", of_training.dataset_changed, 1, 5, True),
    Fault("A damaged model.safetensors is refused or plays", of_training.model_damaged, 3, 30, True),
    Fault("A damaged model.onnx is refused or plays", of_files.onnx_damaged, 5, 40, False),
    Fault("Generation that is stopped leaves whole kicks", of_files.generation_stopped, 3, 20, False),
    Fault("So does generation that is killed", of_files.generation_killed, 2, 20, False),
    Fault("Shards that are stopped are gone on with", of_files.shards_stopped, 2, 20, False),
    Fault("A kit is whole or absent", of_files.kit_killed, 2, 20, False),
    Fault("A folder that goes is a reason", of_files.folder_removed, 2, 20, False),
    Fault("A damaged cache costs time", of_files.cache_damaged, 1, 10, False),
    Fault("A killed run ends with the weights of one that was not, bit for bit", of_training.killed, 2, 50, True),
)
