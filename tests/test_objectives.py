"""Objectives and penalties against their closed forms."""

from __future__ import annotations

import math

import pytest
import torch

from kickitout.training import objectives as o


def test_a_critic_that_cannot_tell_pays_ln_2():
    zero = torch.zeros(7)
    assert o.bce_critic(zero, zero).item() == pytest.approx(math.log(2))
    assert o.bce_generator(zero).item() == pytest.approx(math.log(2)) == pytest.approx(o.LN_2)


def test_binary_cross_entropy_is_torchs():
    real, fake = torch.randn(9), torch.randn(9)
    ask = torch.nn.functional.binary_cross_entropy_with_logits
    expected = 0.5 * (ask(real, torch.ones(9)) + ask(fake, torch.zeros(9)))
    torch.testing.assert_close(o.bce_critic(real, fake), expected)


def test_binary_cross_entropy_survives_logits_of_a_thousand():
    assert torch.isfinite(o.bce_critic(torch.tensor([-1e3]), torch.tensor([1e3])))


def test_hinge_is_zero_outside_the_margin_and_two_at_zero():
    assert o.hinge_critic(torch.tensor([1.0, 3.0]), torch.tensor([-1.0, -9.0])).item() == 0
    assert o.hinge_critic(torch.zeros(2), torch.zeros(2)).item() == 2


def test_wasserstein_is_the_difference_of_means():
    real, fake = torch.tensor([1.0, 3.0]), torch.tensor([0.0, -2.0])
    assert o.wasserstein_critic(real, fake).item() == -3
    assert o.wasserstein_generator(fake).item() == 1


@pytest.mark.parametrize(("slope", "expected"), [(1.0, 0.0), (3.0, 4.0)])
def test_gradient_penalty_of_a_linear_critic_is_closed_form(slope, expected):
    direction = torch.zeros(1, 2, 2)
    direction[0, 0, 0] = slope
    penalty = o.gradient_penalty(lambda x: (x * direction).sum((1, 2, 3)), torch.randn(4, 1, 2, 2),
                                 torch.randn(4, 1, 2, 2), torch.rand(4))  # fmt: skip
    assert penalty.item() == pytest.approx(expected, abs=1e-6)


def test_r1_of_a_linear_critic_is_its_squared_slope():
    penalty = o.r1_penalty(lambda x: 2 * x.sum((1, 2, 3)), torch.randn(4, 1, 3, 3))
    assert penalty.item() == pytest.approx(4 * 9)


def test_penalties_can_be_differentiated_again():
    weight = torch.full((1,), 0.7, requires_grad=True)
    o.r1_penalty(lambda x: (weight * x**2).sum((1, 2, 3)), torch.ones(2, 1, 1, 1)).backward()
    assert weight.grad is not None
    assert weight.grad.item() == pytest.approx(8 * 0.7)  # d/dw (2 w x)^2 at x = 1
