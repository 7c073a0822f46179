"""Differentiable augmentation: it changes what it says, alike for all, and lets gradients through."""

from __future__ import annotations

import pytest
import torch
from accelerate import Accelerator
from toy import toy

from kickitout.synthesis.procedural import synthesise
from kickitout.training.config import load_config
from kickitout.training.critic_augmentation import AugmentConfig, augment, draws
from kickitout.training.loop import make_task
from kickitout.training.randomness import noise

pytestmark = pytest.mark.decides


def numbers(batch, like, seed=0):
    return draws(batch, noise(seed, "test"), slice(None), like)


def test_probability_zero_changes_nothing():
    x = torch.randn(3, 2, 8, 8)
    assert augment(x, AugmentConfig(), numbers(3, x)) is x


def test_each_change_does_what_it_says():
    x = torch.ones(64, 1, 16, 32)
    only = {"shift_columns": 0, "gain": 0, "cutout": 0}
    sure = 0.95
    scaled = augment(x, AugmentConfig(probability=sure, **(only | {"gain": 0.5})), numbers(64, x))
    # a cutout of share 0 still blanks one cell: look at the median
    levels = scaled.flatten(1).median(dim=1).values
    assert levels.min() >= 0.5
    assert levels.max() <= 1.5
    assert levels.std() > 0.1
    blanked = augment(x, AugmentConfig(probability=sure, **(only | {"cutout": 0.5})), numbers(64, x))
    share = 1 - blanked.flatten(1).mean(dim=1)
    assert set(share.unique().tolist()) == {0.0, 0.25}
    ramp = torch.arange(32.0).expand(64, 1, 16, 32)
    moved = augment(ramp, AugmentConfig(probability=sure, **(only | {"shift_columns": 0.25})), numbers(64, x))
    middle = moved[:, 0, 8, 16].unique()
    assert middle.min() >= 16 - 8
    assert middle.max() <= 16 + 8
    assert len(middle) > 5


def test_silence_stays_silence_under_a_gain_and_is_what_a_cutout_paints():
    x = torch.full((64, 1, 16, 32), -1.0)
    x[:, :, :, :8] = 0.5
    config = AugmentConfig(probability=0.95, shift_columns=0, gain=0.5, cutout=0.5, silence=-1)
    changed = augment(x, config, numbers(64, x))
    assert (changed[:, :, :, 8:] == -1).all()  # with silence 0 a gain lifts it, and a cutout paints 0 over it
    assert changed.min() == -1
    assert changed[:, :, :, :8].unique().numel() > 20


def test_gradients_reach_the_generator_through_every_change():
    x = torch.randn(16, 2, 8, 8, requires_grad=True)
    augment(x, AugmentConfig(probability=0.9, shift_rows=0.2), numbers(16, x)).sum().backward()
    assert x.grad is not None
    assert torch.isfinite(x.grad).all()
    assert (x.grad.flatten(1).abs().sum(1) > 0).all()


def test_a_share_of_a_batch_is_changed_as_in_the_whole():
    x = torch.randn(8, 1, 16, 16)
    config = AugmentConfig(probability=0.8)
    whole = augment(x, config, numbers(8, x))
    part = augment(x[4:], config, draws(8, noise(0, "test"), slice(4, 8), x))
    torch.testing.assert_close(whole[4:], part, rtol=0, atol=0)


def test_a_representation_one_row_high_keeps_its_height():
    x = torch.randn(4, 16, 1, 64)
    assert augment(x, AugmentConfig(probability=0.9), numbers(4, x)).shape == x.shape


def test_noise_is_on_all_that_the_critic_sees_and_the_same_for_every_share_of_a_batch():
    waves = torch.from_numpy(synthesise(range(8))[0])[:, None]
    task = make_task(load_config("dcgan", [*toy("dcgan"), "instance_noise=0.15"]), Accelerator(cpu=True), waves)
    encoded_kicks = task.encoded(waves[:4])
    whole, other = (task._shown(encoded_kicks, 3, kind, 0, slice(0, 4)) - encoded_kicks for kind in ("real", "fake"))
    assert whole.std().item() == pytest.approx(0.15, rel=0.02)
    assert abs(torch.corrcoef(torch.stack([whole.flatten(), other.flatten()]))[0, 1]) < 0.02
    part = task._shown(encoded_kicks[2:], 3, "real", 0, slice(2, 4)) - encoded_kicks[2:]
    torch.testing.assert_close(part, whole[2:])
    without = make_task(load_config("dcgan", toy("dcgan")), Accelerator(cpu=True), waves)
    assert without._shown(encoded_kicks, 3, "real", 0, slice(0, 4)) is encoded_kicks
    rows = torch.arange(4)
    assert task.step(rows, 0, slice(0, 4))["loss/d"] != without.step(rows, 0, slice(0, 4))["loss/d"]
