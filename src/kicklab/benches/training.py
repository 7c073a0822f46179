"""How quickly a config trains here: as it is, with sums in bfloat16, without the order in memory it has, compiled."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from kickitout.synthesis.procedural import synthesise
from kickitout.training import adversarial
from kickitout.training.config import load_config
from kickitout.training.engine import make_accelerator
from kickitout.training.loop import make_task
from kickitout.training.memory import freed_memory_kept


@dataclass(frozen=True)
class TrainingFigures:
    """One way to run a config's step."""

    config: str
    way: str  # one of WAYS
    batch: int
    step_seconds: float  # median
    first_seconds: float  # the first step, with compilation
    kicks_per_second: float


WAYS = ("as it is", "bfloat16", "channels first", "compiled")  # channels first: of maps; KickAE has none


def bench_training(name: str, way: str = "as it is", *, steps: int = 5) -> TrainingFigures:
    """Median time of a step of the config `name`, with all that a step can have, after one step to warm up.

    Without its R1 penalty, in every way alike: torch.compile cannot differentiate twice.
    """
    changes = ["r1=0", *(["critics_from=0"] if load_config(name).model.family == "kickae" else [])]
    config = load_config(name, changes)
    waves = torch.from_numpy(synthesise(range(config.batch))[0])[:, None]
    if config.model.stereo:
        waves = torch.cat([waves, 0.1 * waves.roll(1, dims=0)], dim=1)
    seconds = []
    with freed_memory_kept(), _laid_out(torch.contiguous_format if way == "channels first" else adversarial.LAYOUT):
        task = make_task(config, make_accelerator("cpu", "bfloat16" if way == "bfloat16" else "float32"), waves)
        if way == "compiled":
            for network in task.networks.values():
                network.compile()  # in place: calls go through the compiled code, names and weights stay
        for step in range(steps + 1):
            began = time.perf_counter()
            task.step(torch.arange(config.batch), step, slice(0, config.batch))
            seconds.append(time.perf_counter() - began)
    median = statistics.median(seconds[1:])
    return TrainingFigures(config.name, way, config.batch, median, seconds[0], config.batch / median)


@contextmanager
def _laid_out(order: torch.memory_format) -> Iterator[None]:
    """The adversarial families hold representations and weights in this order of memory while the block lasts."""
    usual, adversarial.LAYOUT = adversarial.LAYOUT, order
    try:
        yield
    finally:
        adversarial.LAYOUT = usual
