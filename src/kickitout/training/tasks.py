"""Which task trains which family."""

from __future__ import annotations

from typing import Protocol

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from kickitout.models.player import Player
from kickitout.training.adversarial import AdversarialTask
from kickitout.training.autoencoding import AutoencodingTask
from kickitout.training.config import AdversarialTrainingConfig, KickGANTrainingConfig, TrainingConfig
from kickitout.training.objectives import Losses


class Task(Protocol):
    """What the loop needs of a family: networks and optimisers to keep, a step to take, a player to hear."""

    losses: Losses  # of its objective

    @property
    def networks(self) -> dict[str, nn.Module]: ...

    @property
    def optimisers(self) -> dict[str, torch.optim.Optimizer]: ...

    def step(self, rows: Tensor, step: int, share: slice) -> dict[str, float]:
        """One update on the training kicks `rows`, this process's share of the global batch."""
        ...

    def slow_critic(self, factor: float) -> None: ...

    def player(self, most: int = ...) -> Player:
        """What is heard and exported. most: of the training kicks, where it is made from them."""
        ...


def make_task(config: TrainingConfig, accelerator: Accelerator, waves: Tensor) -> Task:
    """The task of a config's family. waves: all training kicks, [n, 1 or 2, T]."""
    if isinstance(config, KickGANTrainingConfig):
        return AutoencodingTask(config, accelerator, waves)
    assert isinstance(config, AdversarialTrainingConfig)  # there is no other
    return AdversarialTask(config, accelerator, waves)
