"""What tasks do alike to their networks: descend, slow down, measure batch norm."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from kickitout.training.recipe import AdamConfig

NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)


class NotFinite(ArithmeticError):
    """A loss or a gradient is infinite or not a number; the network it belongs to was not changed by it."""


def adam(network: nn.Module, config: AdamConfig) -> torch.optim.Adam:
    """The optimiser of a network."""
    return torch.optim.Adam(network.parameters(), lr=config.lr, betas=(config.beta1, config.beta2))


def set_rate(optimiser: Any, rate: float) -> None:
    """Learn at another rate from now on."""
    for group in optimiser.param_groups:
        group["lr"] = rate


def descend(
    accelerator: Accelerator, optimiser: Any, network: nn.Module, loss: Tensor, name: str, clip: float = 0.0
) -> float:
    """Zero, backward, step. Returns the gradient's norm; raises NotFinite, in all processes, and changes nothing.

    clip: a gradient with a larger norm is scaled down to it; 0 leaves all as they are.
    """
    _all_finite(accelerator, loss, f"the loss of the {name} is {loss.item()}")
    optimiser.zero_grad(set_to_none=True)
    accelerator.backward(loss)
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
