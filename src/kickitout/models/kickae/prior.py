"""The prior of KickAE: from standard normal noise to latents that are distributed like those of the training kicks.

A model file is asked with `eps ~ N(0, I)` only, so what its latents are distributed like is part of the model.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

LEAST_VARIANCE = 0.005  # of a component of width 1, in each direction: the latents' own is 1


class MixturePrior(nn.Module):
    """Latents are a mixture of Gaussians of one shape; the noise code behind them is standard normal.

    The first number of noise picks the component, the next ones move inside it, the last ones are the noise code.
    """

    means: Tensor  # [K, Z]
    spread: Tensor  # [Z, Z]: a lower triangle, spread @ spread.T is the covariance of every component
    edges: Tensor  # [K - 1]: where the cumulated weights cut the normal distribution of the first number

    def __init__(self, components: int, latent: int, noise_code: int) -> None:
        super().__init__()
        self.latent = latent
        self.inputs = 1 + latent + noise_code
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
        """[B, 1 + Z + noise code] -> [B, Z + noise code]."""
        component = (eps[:, :1] > self.edges).sum(dim=1)  # [B]
        inside = eps[:, 1 : 1 + self.latent] @ self.spread.T
        return torch.cat([self.means.index_select(0, component) + inside, eps[:, 1 + self.latent :]], dim=1)


def fit_mixture(
    z: Tensor, components: int, seed: int = 0, means: Tensor | None = None, width: float | Sequence[float] = 1.0
) -> tuple[Tensor, Tensor, Tensor]:
    """Weights [K], means [K, Z] and the Cholesky factor [Z, Z] of a mixture of Gaussians over latents [n, Z].

    The clusters of k-means, `components` of them, and what is left inside them as the one covariance of all.
    Expectation and maximisation from there took a hundred times as long, and kicks drawn from its mixture were no
    nearer to real ones. means: [K, Z]; with these, K components of equal weight lie there, a kernel density estimate,
    and the clusters say no more than the covariance. width: factor on the deviation of all components, or [Z], one for
    each direction.
    """
    from sklearn.cluster import KMeans

    points = z.double().numpy()
    found: Any = KMeans(components, n_init=1, random_state=seed).fit(points)
    inside = points - found.cluster_centers_[found.labels_]
    covariance = inside.T @ inside / max(1, len(points) - components) + LEAST_VARIANCE * np.eye(points.shape[1])
    factor = torch.linalg.cholesky(torch.from_numpy(covariance)).to(z.dtype)
    factor = torch.as_tensor(width, dtype=z.dtype).reshape(-1, 1) * factor
    if means is not None:
        return torch.full((len(means),), 1 / len(means), dtype=z.dtype), means, factor
    weights = np.bincount(found.labels_, minlength=components) / len(points)
    return torch.from_numpy(weights).to(z.dtype), torch.from_numpy(found.cluster_centers_).to(z.dtype), factor


def recordings_first(recorded: int, rows: int, count: int) -> Tensor:
    """[count] of so many rows, of which the first are recordings: these, and evenly some of what was made of them.

    >>> recordings_first(2, 8, 4).tolist(), recordings_first(4, 8, 2).tolist()
    ([0, 1, 2, 7], [0, 3])
    """
    taken = min(recorded, count)
    parts = torch.linspace(0, recorded - 1, taken), torch.linspace(recorded, rows - 1, count - taken)
    return torch.cat(parts).long()
