"""Adversarial objectives as pure functions: logits [B] in, a scalar out; no weights, no state.

OBJECTIVES has them by name, as a config calls them. Penalties take the critic and what it sees, and can be
differentiated again.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated, NamedTuple

import torch
from pydantic import AfterValidator
from torch import Tensor
from torch.nn import functional as F

LN_2 = 0.6931471805599453  # the binary cross-entropy of a critic that cannot tell


def bce_critic(real: Tensor, fake: Tensor) -> Tensor:
    """Minimax loss of the critic (Goodfellow et al. 2014, arxiv.org/abs/1406.2661), mean of its two halves.

    >>> round(float(bce_critic(torch.zeros(2), torch.zeros(2))), 4)
    0.6931
    """
    return 0.5 * (F.softplus(-real).mean() + F.softplus(fake).mean())


def bce_to_labels(real: Tensor, fake: Tensor, wanted_real: Tensor, wanted_fake: Tensor) -> Tensor:
    """The same with labels other than 1 and 0 (Salimans et al. 2016, arxiv.org/abs/1606.03498), [B] each.

    A label of real kicks above 1 has no minimum: the loss falls for ever as the logit grows.

    >>> sure = torch.ones(2), torch.zeros(2)  # a critic that has been squashed to 1 and 0 before
    >>> round(float(bce_to_labels(*sure, torch.full((2,), 1.05), torch.full((2,), 0.05))), 4)
    0.4782
    """
    on_real, on_fake = F.softplus(real) - wanted_real * real, F.softplus(fake) - wanted_fake * fake
    return 0.5 * (on_real.mean() + on_fake.mean())


def bce_generator(fake: Tensor) -> Tensor:
    """Non-saturating loss of the generator: -log D(G(z))."""
    return F.softplus(-fake).mean()


def wasserstein_critic(real: Tensor, fake: Tensor) -> Tensor:
    """Negative estimate of the Wasserstein distance (Arjovsky et al. 2017, arxiv.org/abs/1701.07875)."""
    return fake.mean() - real.mean()


def wasserstein_generator(fake: Tensor) -> Tensor:
    """Raise the critic's score of what was generated; the same for the hinge objective."""
    return -fake.mean()


def hinge_critic(real: Tensor, fake: Tensor) -> Tensor:
    """Hinge loss (Lim & Ye 2017, arxiv.org/abs/1705.02894).

    >>> float(hinge_critic(torch.tensor([2.0]), torch.tensor([-2.0])))
    0.0
    """
    return (1 - real).relu().mean() + (1 + fake).relu().mean()


def gradient_penalty(critic: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, mix: Tensor) -> Tensor:
    """Mean of (|grad D| - 1)^2 between real and fake (Gulrajani et al. 2017, arxiv.org/abs/1704.00028).

    real, fake: [B, ...]; mix: [B] in [0, 1], where on the line each gradient is taken.
    """
    at = mix.view(-1, *[1] * (real.dim() - 1))
    between = (at * real + (1 - at) * fake).detach().requires_grad_(True)
    (slope,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
    return (slope.flatten(1).norm(dim=1) - 1).square().mean()


def r1_penalty(critic: Callable[..., Tensor], *real: Tensor) -> Tensor:
    """Mean of |grad D(real)|^2 (Mescheder et al. 2018, arxiv.org/abs/1801.04406), to be weighted by gamma / 2.

    real: one or more inputs of the critic, [B, ...] each; their squared slopes are added.
    """
    inputs = [x.detach().requires_grad_(True) for x in real]
    slopes = torch.autograd.grad(critic(*inputs).sum(), inputs, create_graph=True)
    return torch.stack([s.square().flatten(1).sum(1).mean() for s in slopes]).sum()


class Losses(NamedTuple):
    """What a critic and a generator descend, and what the monitor has to know of it."""

    critic: Callable[[Tensor, Tensor], Tensor]  # logits of real and of generated sounds
    generator: Callable[[Tensor], Tensor]  # logits of generated sounds
    penalised: bool = False  # the critic's slope is, with `gradient_penalty`
    bounded: bool = True  # a critic that is always right has a loss of 0, and tells the generator nothing
    guessing: float = math.nan  # both losses where the critic only guesses
    to_labels: Callable[[Tensor, Tensor, Tensor, Tensor], Tensor] | None = None  # the critic's, with other labels


OBJECTIVES = {
    "bce": Losses(bce_critic, bce_generator, guessing=LN_2, to_labels=bce_to_labels),
    "wgan-gp": Losses(wasserstein_critic, wasserstein_generator, penalised=True, bounded=False),
    "hinge": Losses(hinge_critic, wasserstein_generator),
}


def _known_objective(name: str) -> str:
    if name not in OBJECTIVES:
        raise ValueError(f"known are {', '.join(OBJECTIVES)}")
    return name


Objective = Annotated[str, AfterValidator(_known_objective)]  # in a config
