"""What a task is, and what tasks do alike to their networks: descend, measure batch norm, share it among processes.

Each of several processes sees a part of a batch only. Statistics of the part would make another network of it, with
other losses; here the sums go over all processes, forward and backward. (torch's SyncBatchNorm does so on CUDA devices
alone.)
"""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from typing import Any

import torch
import torch.distributed as dist
from accelerate import Accelerator
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from kickitout.models.player import Player
from kickitout.training.config import AdamConfig, TrainingConfig
from kickitout.training.objectives import Losses

NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)


class NotFinite(ArithmeticError):
    """A loss or a gradient is infinite or not a number; the network it belongs to was not changed by it."""


def adam(network: nn.Module, config: AdamConfig) -> torch.optim.Adam:
    """The optimiser of a network.

    Fused where all weights lie in memory in the order of their axes: on a CPU it takes a fifth of the time so. It takes
    no notice of order: weights in another one than gradients of several processes or moments of a checkpoint have
    would go astray, and nothing would be said.
    """
    fused = all(weight.is_contiguous() for weight in network.parameters())
    return torch.optim.Adam(network.parameters(), lr=config.lr, betas=(config.beta1, config.beta2), fused=fused)


def prepare_networks(accelerator: Accelerator, g: nn.Module, d: nn.Module, config: TrainingConfig) -> Any:
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


class Task(ABC):
    """What the loop needs of a family: networks and optimisers to keep, a step to take, a player to hear."""

    losses: Losses  # of its objective
    config: TrainingConfig
    accelerator: Accelerator
    average: Any  # the moving average of the generator; None for none

    def own(self, g: nn.Module, d: nn.Module) -> None:
        """Take the networks: put them on the device, and make their optimisers and the moving average."""
        self.g, self.d, self.opt_g, self.opt_d = prepare_networks(self.accelerator, g, d, self.config)
        ema = self.config.ema
        self.average = AveragedModel(g, multi_avg_fn=get_ema_multi_avg_fn(ema)) if ema else None

    @property
    def networks(self) -> dict[str, nn.Module]:
        """What a checkpoint holds, by name."""
        unwrap = self.accelerator.unwrap_model
        found = {"generator": unwrap(self.g), "critic": unwrap(self.d), "average": self.average}
        return {name: network for name, network in found.items() if network is not None}

    @property
    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        """What else a checkpoint holds."""
        return {"generator": self.opt_g, "critic": self.opt_d}

    def slow_critic(self, factor: float) -> None:
        """Let the critic learn at `factor` times its config's rate, from now on."""
        set_rate(self.opt_d, self.config.optim_d.lr * factor)

    @abstractmethod
    def step(self, rows: Tensor, step: int, share: slice) -> dict[str, float]:
        """One update on the training kicks `rows`, this process's share of the global batch."""

    @abstractmethod
    def player(self, most: int = ...) -> Player:
        """What is heard and exported. most: of the training kicks, where it is made from them."""


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


# -- batch norm over the whole batch, however many processes share it --------------------------------------------------


class _Sum(torch.autograd.Function):
    """The sum of a tensor over all processes; each one's slope is the sum of theirs."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        total = x.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> Tensor:
        total = slope.clone()
        dist.all_reduce(total)
        return total


class SharedBatchNorm(nn.modules.batchnorm._BatchNorm):
    """A batch norm over all processes; equal parts assumed (Ioffe & Szegedy 2015, arxiv.org/abs/1502.03167)."""

    def _check_input_dim(self, x: Tensor) -> None:
        """Any number of axes behind batch and channels."""

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, ...] -> the same shape."""
        if not self.training:
            return super().forward(x)
        axes = [i for i in range(x.dim()) if i != 1]
        shape = [1, -1, *[1] * (x.dim() - 2)]
        wide, parts = x.float(), dist.get_world_size()
        mean = _Sum.apply(wide.mean(axes)) / parts
        apart = wide - mean.view(shape)
        variance = _Sum.apply(apart.square().mean(axes)) / parts
        self._remember(mean.detach(), variance.detach(), parts * x.numel() // x.shape[1])
        out = apart * torch.rsqrt(variance.view(shape) + self.eps)
        if self.affine:
            out = out * self.weight.view(shape) + self.bias.view(shape)
        return out.to(x.dtype)

    @torch.no_grad()
    def _remember(self, mean: Tensor, variance: Tensor, count: int) -> None:
        """Move the running statistics as torch does: the variance without bias, a plain mean where momentum is None."""
        if self.running_mean is None or self.running_var is None or self.num_batches_tracked is None:
            return
        self.num_batches_tracked.add_(1)
        share = self.momentum if self.momentum is not None else 1.0 / float(self.num_batches_tracked)
        self.running_mean.lerp_(mean, share)
        self.running_var.lerp_(variance * (count / max(count - 1, 1)), share)


def share_batch_norms(network: nn.Module) -> nn.Module:
    """The network with each batch norm over all processes; parameters and their names stay the same."""
    for name, child in network.named_children():
        if isinstance(child, NORMS):
            shared = SharedBatchNorm(child.num_features, child.eps, child.momentum, child.affine)
            shared.__dict__.update(child.__dict__)  # parameters, buffers and mode themselves, not copies
            setattr(network, name, shared)
        else:
            share_batch_norms(child)
    return network
