"""The spectral loss: what it measures, and that its two forms differ in what reaches the generator."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional as F

from kickitout.training.spectral_loss import SpectralConfig, profile, profile_distance, rings, with_spectrum


def smooth(n: int, seed: int = 0) -> torch.Tensor:
    """[n, 1, 32, 32] pictures with less and less at high frequencies."""
    torch.manual_seed(seed)
    return F.avg_pool2d(torch.randn(n, 1, 34, 34), 3, stride=1)


def checkered(x: torch.Tensor, much: float = 0.5) -> torch.Tensor:
    """The same with what a transposed convolution leaves: every second row and column brighter."""
    return x * (1 + much * ((torch.arange(32)[:, None] + torch.arange(32)) % 2 * 2.0 - 1))


def test_each_ring_is_a_mean_over_its_points():
    share = rings(16, 16)
    assert share.shape == (16 * 9, 9)
    torch.testing.assert_close(share.sum(0), torch.ones(9))
    assert share[0, 0] == 1  # DC is alone in the first
    flat = share.T @ torch.full((16 * 9,), 3.0)
    torch.testing.assert_close(flat, torch.full((9,), 3.0))


def test_rings_that_were_first_asked_for_without_gradients_serve_training_too():
    with torch.inference_mode():
        rings(12, 20)
    picture = torch.randn(1, 1, 12, 20, requires_grad=True)
    profile(picture).sum().backward()
    assert picture.grad is not None


@pytest.mark.parametrize("cycles", [2, 5, 11])
def test_a_grating_of_any_direction_peaks_in_the_ring_of_its_frequency(cycles):
    at = torch.arange(32) * (2 * math.pi * cycles / 32)
    for picture in (at.cos()[:, None].expand(32, 32), at.cos().expand(32, 32)):
        assert profile(picture[None, None])[0].argmax() == cycles


def test_a_spectrogram_of_one_row_has_the_spectrum_of_its_row():
    wave = torch.cos(torch.arange(64) * (2 * math.pi * 9 / 64))
    assert profile(wave.view(1, 1, 1, 64))[0].argmax() == 9


def test_the_distance_is_0_at_the_mean_profile_and_grows_with_the_traces():
    real = smooth(1).expand(4, -1, -1, -1)  # four times the same: nothing scatters about the mean
    nothing = profile_distance(real, real).item()
    little, much = (profile_distance(real, checkered(real, m)).item() for m in (0.2, 0.8))
    assert nothing == pytest.approx(0, abs=1e-5)
    assert 1e-4 < little < much


def test_the_loss_that_can_be_differentiated_gives_the_generator_a_gradient_and_the_published_code_none():
    real, fake = smooth(4), checkered(smooth(4, 1)).requires_grad_(True)
    zero = torch.zeros((), requires_grad=True)  # an adversarial loss that says nothing

    total, distance = with_spectrum(zero, real, fake, SpectralConfig(loss="differentiable"))
    (slope,) = torch.autograd.grad(total, fake)
    assert slope.abs().max() > 1e-6
    assert distance.requires_grad

    total, distance = with_spectrum(zero, real, fake, SpectralConfig(loss="detached"))
    assert not distance.requires_grad
    (slope,) = torch.autograd.grad(total, fake, allow_unused=True)
    assert slope is None


def test_the_detached_form_only_scales_the_adversarial_gradient():
    real, fake = smooth(4), checkered(smooth(4, 1)).requires_grad_(True)
    weight = torch.randn(32, 32)

    def gradient(loss: str) -> torch.Tensor:
        adversarial = (fake * weight).sum(dim=(1, 2, 3)).mean()
        config = SpectralConfig(loss=loss, weight=500.0)
        total = adversarial if loss == "none" else with_spectrum(adversarial, real, fake, config)[0]
        return torch.autograd.grad(total, fake)[0]

    alone, detached, both = (gradient(loss).flatten() for loss in ("none", "detached", "differentiable"))
    assert F.cosine_similarity(alone, detached, dim=0).item() == pytest.approx(1, abs=1e-6)
    assert F.cosine_similarity(alone, both, dim=0).item() < 0.999


def test_descending_the_differentiable_form_takes_the_traces_away():
    real = smooth(8)
    fake = checkered(smooth(8, 1)).requires_grad_(True)

    def apart() -> float:  # at the fine end, where the traces are
        return (profile(fake).mean(0) - profile(real).mean(0))[-4:].abs().mean().item()

    before, optimiser = apart(), torch.optim.Adam([fake], lr=0.02)
    for _ in range(100):
        optimiser.zero_grad()
        with_spectrum(torch.zeros(()), real, fake, SpectralConfig(loss="differentiable"))[1].backward()
        optimiser.step()
    assert apart() < 0.5 * before


def test_matched_gradients_are_as_long_as_the_adversarial_one_times_the_weight():
    real, weight = smooth(4), torch.randn(32, 32)
    for times in (1.0, 10.0):
        fake = checkered(smooth(4, 1)).requires_grad_(True)
        adversarial = 1e-3 * (fake * weight).sum(dim=(1, 2, 3)).mean()
        (alone,) = torch.autograd.grad(adversarial, fake, retain_graph=True)
        config = SpectralConfig(loss="differentiable", matched=True, weight=times)
        total, _ = with_spectrum(adversarial, real, fake, config)
        (both,) = torch.autograd.grad(total, fake)
        assert (both - alone).norm().item() == pytest.approx(times * alone.norm().item(), rel=1e-4)


def test_detached_under_adam_is_nearly_nothing():
    """Adam divides by the size of gradients, so that a loss which only multiplies them is hardly a loss."""

    def steps(loss: str) -> torch.Tensor:
        real, fake = smooth(8), checkered(smooth(8, 1)).requires_grad_(True)
        optimiser, weight = torch.optim.Adam([fake], lr=0.002, betas=(0.5, 0.999)), torch.randn(32, 32)
        before = fake.detach().clone()
        for _ in range(20):
            optimiser.zero_grad()
            adversarial = ((fake - 0.5) * weight).square().mean()
            config = SpectralConfig(loss=loss, weight=10.0)
            (adversarial if loss == "none" else with_spectrum(adversarial, real, fake, config)[0]).backward()
            optimiser.step()
        return (fake.detach() - before).flatten()

    alone, detached, formula = (steps(loss) for loss in ("none", "detached", "differentiable"))
    assert (detached - alone).norm() < 0.05 * alone.norm()
    assert (formula - alone).norm() > 0.3 * alone.norm()
