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
    """Latents are a mixture of Gaussians: the first number of noise picks the component, the rest moves inside it."""

    means: Tensor  # [K, Z]
    spreads: Tensor  # [K, Z, Z]: lower triangles, spread @ spread.T is the covariance
    edges: Tensor  # [K - 1]: where the cumulated weights cut the normal distribution of the first number

    def __init__(self, components: int, latent: int) -> None:
        super().__init__()
        self.inputs = latent + 1
        self.register_buffer("means", torch.zeros(components, latent))
        self.register_buffer("spreads", torch.eye(latent).repeat(components, 1, 1))
        self.register_buffer("edges", torch.zeros(components - 1))

    def fill(self, weights: Tensor, means: Tensor, spreads: Tensor) -> None:
        """weights: [K], adding up to 1; means: [K, Z]; spreads: [K, Z, Z]."""
        self.means.copy_(means)
        self.spreads.copy_(spreads)
        cumulated = weights.double().cumsum(0)[:-1].clamp(1e-6, 1 - 1e-6)
        self.edges.copy_(math.sqrt(2.0) * torch.erfinv(2 * cumulated - 1))  # the normal quantiles

    def forward(self, eps: Tensor) -> Tensor:
        """[B, Z + 1] -> [B, Z]."""
        component = (eps[:, :1] > self.edges).sum(dim=1)  # [B]
        inside = torch.matmul(self.spreads[component], eps[:, 1:, None])[:, :, 0]
        return self.means[component] + inside
