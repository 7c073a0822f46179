"""From standard normal noise to the latents a generator knows: the first layer of every player.

A model file is asked with `eps ~ N(0, I)` only, so what its latents are distributed like is part of the model.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


class NormalPrior(nn.Module):
    """Latents are standard normal: nothing to do."""

    def __init__(self, latent: int) -> None:
        super().__init__()
        self.inputs = latent  # numbers of noise a sound

    def forward(self, eps: Tensor) -> Tensor:
        return eps


class UniformPrior(NormalPrior):
    """Latents are uniform on (-1, 1): erf(eps / sqrt 2) is 2 Phi(eps) - 1."""

    def forward(self, eps: Tensor) -> Tensor:
        return torch.erf(eps / math.sqrt(2.0))


class MixturePrior(nn.Module):
    """Latents are a mixture of Gaussians of one shape; the grain behind them is standard normal.

    The first number of noise picks the component, the next ones move inside it, the last ones are the grain.
    """

    means: Tensor  # [K, Z]
    spread: Tensor  # [Z, Z]: a lower triangle, spread @ spread.T is the covariance of every component
    edges: Tensor  # [K - 1]: where the cumulated weights cut the normal distribution of the first number

    def __init__(self, components: int, latent: int, grain: int) -> None:
        super().__init__()
        self.latent = latent
        self.inputs = 1 + latent + grain
        self.register_buffer("means", torch.zeros(components, latent))
        self.register_buffer("spread", torch.eye(latent))
        self.register_buffer("edges", torch.zeros(components - 1))

    def fill(self, weights: Tensor, means: Tensor, spread: Tensor) -> None:
        """weights: [K], adding up to 1; means: [K, Z]; spread: [Z, Z]."""
        self.means.copy_(means)
        self.spread.copy_(spread)
        cumulated = weights.double().cumsum(0)[:-1].clamp(1e-6, 1 - 1e-6)
        self.edges.copy_(math.sqrt(2.0) * torch.erfinv(2 * cumulated - 1))  # the normal quantiles

    def forward(self, eps: Tensor) -> Tensor:
        """[B, 1 + Z + grain] -> [B, Z + grain]."""
        component = (eps[:, :1] > self.edges).sum(dim=1)  # [B]
        inside = eps[:, 1 : 1 + self.latent] @ self.spread.T
        return torch.cat([self.means.index_select(0, component) + inside, eps[:, 1 + self.latent :]], dim=1)
