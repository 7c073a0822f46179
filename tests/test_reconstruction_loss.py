"""The losses of KickAE: what the energy score rewards, and that the quick transform's gradient is the true one."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from kickitout.training.fused import magnitudes
from kickitout.training.reconstruction_loss import (
    STFTFeatures,
    energy_score,
    level_bias,
    level_distance,
    spectral_distance,
)


def noise(rows: int, level: float, seed: int) -> torch.Tensor:
    return level * torch.randn(rows, 22050, generator=torch.Generator().manual_seed(seed))


def seen(wave: torch.Tensor) -> STFTFeatures:
    bands = wave[:, : 16 * 1378].unflatten(1, (16, -1))[:, :, None]  # no sub-bands, but of their shape
    return STFTFeatures(bands, wave)


def absolute(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return (a - b).abs().mean()


def test_energy_score_is_least_for_the_right_spread_and_the_distance_for_none():
    generator = torch.Generator().manual_seed(0)
    real, one, other = torch.randn(3, 200_000, generator=generator)
    spreads = np.linspace(0, 2, 9)

    def least(spread: float) -> float:
        scores = [energy_score(real, [s * one, s * other], absolute, spread).item() for s in spreads.tolist()]
        return float(spreads[int(np.argmin(scores))])

    assert least(1.0) == 1.0
    assert least(0.0) == 0.0  # why a distance alone teaches to leave noise out


def test_energy_score_of_equal_takes_is_their_distance():
    real, sample = torch.tensor([1.0, 2.0]), torch.tensor([2.0, 4.0])
    assert energy_score(real, [sample, sample], absolute, 1.0).item() == pytest.approx(1.5)
    assert energy_score(real, [sample], absolute, 1.0).item() == pytest.approx(1.5)


def test_noise_of_the_right_level_scores_best_in_spectra():
    real = seen(noise(8, 0.1, 0))
    distance, scores = spectral_distance(real, "whole"), {}
    for level in (0.0, 0.05, 0.1, 0.2):
        samples = [seen(noise(8, level, seed)) for seed in (1, 2)]
        scores[level] = energy_score(real, samples, distance, 1.0).item()
    assert min(scores, key=lambda level: scores[level]) == 0.1


def test_levels_hear_no_difference_between_two_noises_but_6_db():
    real, again, loud = seen(noise(4, 0.1, 0)), seen(noise(4, 0.1, 1)), seen(noise(4, 0.2, 1))
    distance = level_distance(real)
    assert distance(real, again).item() < 0.4  # the levels of two noises differ a little too, in short cells
    assert distance(real, loud).item() == pytest.approx(np.log(2), abs=0.1)


def test_the_bias_of_levels_is_of_all_kicks_together():
    """Half too loud and half too quiet is no bias; each of two processes with half of a batch has half of its slope."""
    waves = noise(8, 0.1, 0)
    gain = torch.tensor([2.0, 0.5] * 4)[:, None]
    real, even, loud = seen(waves), seen(waves * gain), seen(waves * 2)
    whole = lambda figure: figure  # noqa: E731
    assert level_bias(real, [even], whole).item() < 0.01
    assert level_bias(real, [loud], whole).item() == pytest.approx(np.log(2), abs=0.02)
    assert level_distance(real)(real, even).item() == pytest.approx(np.log(2), abs=0.02)
    assert level_bias(real, [loud, even], whole).item() == pytest.approx(np.log(2) / 2, abs=0.02)


def test_the_bias_of_a_batch_is_the_mean_of_its_halves():
    waves, samples = noise(8, 0.1, 0), (noise(8, 0.15, 1) * torch.linspace(0.5, 2, 8)[:, None]).requires_grad_()
    level_bias(seen(waves), [seen(samples)], lambda figure: figure).backward()
    whole, samples.grad = samples.grad, None
    halves, told = (slice(0, 4), slice(4, 8)), []

    def tell(figure):
        told.append(figure)
        return figure

    for half in halves:
        level_bias(seen(waves[half]), [seen(samples[half])], tell)
    views = len(told) // 2
    means = [(a + b) / 2 for a, b in zip(told[:views], told[views:], strict=True)]
    for half in halves:
        replies = iter(means)
        (0.5 * level_bias(seen(waves[half]), [seen(samples[half])], lambda _figure, r=replies: next(r))).backward()
    assert torch.allclose(samples.grad, whole, atol=1e-7)


def test_magnitude_of_a_sine_is_its_amplitude():
    wave = 0.25 * torch.sin(2 * torch.pi * 32 / 512 * torch.arange(22050.0))[None]
    assert magnitudes(wave, 512)[0, 1:, 32].numpy() == pytest.approx(0.25, rel=1e-3)


def test_gradient_of_the_magnitudes_is_that_of_autograd():
    wave = noise(2, 0.1, 3).double()[:, :2048].requires_grad_()
    window = torch.hann_window(128, dtype=torch.float64) * (4 / 128)
    weight = torch.randn(2, 32, 65, generator=torch.Generator().manual_seed(4), dtype=torch.float64)
    (quick,) = torch.autograd.grad((weight * magnitudes(wave, 128)).sum(), wave)
    plain = torch.fft.rfft(torch.nn.functional.pad(wave, (64, 0)).unfold(1, 128, 64) * window)
    (true,) = torch.autograd.grad((weight * (plain.real**2 + plain.imag**2 + 1e-12).sqrt()).sum(), wave)
    assert torch.allclose(quick, true, rtol=1e-9, atol=1e-12)
