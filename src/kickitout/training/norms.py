"""Batch norm over the whole batch, however many processes share it.

Each process sees a part of a batch only. Statistics of the part would make another network of it, with other losses;
here the sums go over all processes, forward and backward. (torch's SyncBatchNorm does so on CUDA devices alone.)
"""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

PLAIN = (nn.BatchNorm1d, nn.BatchNorm2d)


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
        if isinstance(child, PLAIN):
            shared = SharedBatchNorm(child.num_features, child.eps, child.momentum, child.affine)
            shared.__dict__.update(child.__dict__)  # parameters, buffers and mode themselves, not copies
            setattr(network, name, shared)
        else:
            share_batch_norms(child)
    return network
