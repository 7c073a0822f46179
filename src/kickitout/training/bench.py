"""How quickly a recipe trains here: eager, and compiled."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass

import torch
from accelerate import Accelerator

from kickitout.corpus.procedural import synthesise
from kickitout.training.recipe import load_recipe
from kickitout.training.tasks import Task, make_task


@dataclass(frozen=True)
class TrainingFigures:
    """One way to run a recipe's step."""

    recipe: str
    way: str  # "eager" | "compiled"
    batch: int
    step_seconds: float  # median
    first_seconds: float  # the first step, with compilation
    kicks_per_second: float


def bench_training(name: str, *, compiled: bool, steps: int = 5) -> TrainingFigures:
    """Median time of a step of the recipe `name`, with all that a step can have, after one step to warm up.

    Without its R1 penalty, eager and compiled alike: torch.compile cannot differentiate twice.
    """
    changes = ["r1=0", *(["critics_from=0"] if load_recipe(name).model.family == "kickgan" else [])]
    recipe = load_recipe(name, changes)
    waves = torch.from_numpy(synthesise(range(recipe.batch))[0])[:, None]
    task = make_task(recipe, Accelerator(cpu=True), waves)
    if compiled:
        _compile(task)
    seconds = []
    for step in range(steps + 1):
        began = time.perf_counter()
        task.step(torch.arange(recipe.batch), step, slice(0, recipe.batch))
        seconds.append(time.perf_counter() - began)
    median = statistics.median(seconds[1:])
    way = "compiled" if compiled else "eager"
    return TrainingFigures(recipe.name, way, recipe.batch, median, seconds[0], recipe.batch / median)


def _compile(task: Task) -> None:
    """Compile the networks in place: calls go through the compiled code, names and weights stay."""
    for network in task.networks.values():
        network.compile()


def matmul_gflops(size: int = 1024, times: int = 10) -> float:
    """The machine's matrix-multiply rate in float32, GFLOP/s: what the figures above are read against."""
    a, b = torch.randn(size, size), torch.randn(size, size)
    found = []
    for _ in range(times):
        began = time.perf_counter()
        torch.mm(a, b)
        found.append(2 * size**3 / (time.perf_counter() - began) / 1e9)
    return max(found)
