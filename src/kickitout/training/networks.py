"""What tasks do alike to their networks: descend, slow down, measure batch norm."""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from kickitout.training.config import AdamConfig, TrainingConfig
from kickitout.training.norms import share_batch_norms

NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)


class NotFinite(ArithmeticError):
    """A loss or a gradient is infinite or not a number; the network it belongs to was not changed by it."""


def adam(network: nn.Module, config: AdamConfig) -> torch.optim.Adam:
    """The optimiser of a network."""
    return torch.optim.Adam(network.parameters(), lr=config.lr, betas=(config.beta1, config.beta2))


def prepare(accelerator: Accelerator, g: nn.Module, d: nn.Module, config: TrainingConfig) -> Any:
    """Generator, critic and their optimisers, on the device and, where there are several processes, shared by them."""
    adams = adam(g, config.optim_g), adam(d, config.optim_d)
    if accelerator.num_processes == 1:
        return accelerator.prepare(g, d, *adams)
    # Of layers with one map: both orders in memory are right, and DDP says that it has to choose.
    warnings.filterwarnings("ignore", message="Grad strides do not match bucket view strides", category=UserWarning)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*broadcast_buffers.*", category=FutureWarning)
        return accelerator.prepare(share_batch_norms(g), share_batch_norms(d), *adams)


def set_rate(optimiser: Any, rate: float) -> None:
    """Learn at another rate from now on."""
    for group in optimiser.param_groups:
        group["lr"] = rate


class Tally:
    """Figures of the parts of a step; each counts alike."""

    def __init__(self) -> None:
        self.seen: dict[str, list[float]] = defaultdict(list)

    def add(self, **figures: float) -> None:
        for name, value in figures.items():
            self.seen[name].append(value)

    def means(self) -> dict[str, float]:
        """Each figure's mean; that of one value is the value."""
        return {name: sum(values) / len(values) for name, values in self.seen.items()}


def descend(
    accelerator: Accelerator, optimiser: Any, network: nn.Module, loss_of: Callable[[int], Tensor], name: str,
    clip: float = 0.0,
) -> float:  # fmt: skip
    """Zero, backward, step. Returns the gradient's norm; raises NotFinite, in all processes, and changes nothing.

    loss_of: the loss of each part of the batch, by its place; their mean is descended, and only one at a time is in
    memory. clip: a gradient with a larger norm is scaled down to it; 0 leaves all as they are.
    """
    parts = accelerator.gradient_accumulation_steps
    optimiser.zero_grad(set_to_none=True)
    drawn = torch.get_rng_state()
    for i in range(parts):
        if i:
            torch.set_rng_state(drawn)  # layers that draw, draw for the whole batch
        with nullcontext() if i == parts - 1 else accelerator.no_sync(network):
            loss = loss_of(i)
            _all_finite(accelerator, loss, f"the loss of the {name} is {loss.item()}")
            accelerator.backward(loss)  # divided by the number of parts
    norms = [torch.linalg.vector_norm(p.grad) for p in network.parameters() if p.grad is not None]
    norm = torch.linalg.vector_norm(torch.stack(norms))
    _all_finite(accelerator, norm, f"the gradient of the {name} is {norm.item()}")
    if clip:
        torch.nn.utils.clip_grads_with_norm_(network.parameters(), clip, norm)
    optimiser.step()
    return norm.item()


def _all_finite(accelerator: Accelerator, value: Tensor, what: str) -> None:
    bad = (~torch.isfinite(value.detach())).float()
    if accelerator.num_processes > 1:
        bad = accelerator.reduce(bad, "sum")
    if bad.item():
        raise NotFinite(what)


def measure_batch_norm(network: nn.Module, batches: Iterable[Any], run: Callable[[Any], Any]) -> None:
    """Measure afresh what batch norm must know of the activations: the plain mean over `batches` of equal size.

    Averaged weights have activations of their own, and a young network's differ from the running means.
    """
    norms = [m for m in network.modules() if isinstance(m, NORMS)]
    if not norms:
        network.eval()
        return
    for m in norms:
        m.reset_running_stats()
        m.momentum = None
    network.train()
    with torch.no_grad():
        for batch in batches:
            run(batch)
    network.eval()
