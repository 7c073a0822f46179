"""The complex-spectrogram GAN against the table of Karras et al. 2018, whose blocks it is made of."""

from __future__ import annotations

import math

import pytest
import torch

from kickitout.models.drumgan import Critic, DrumGANConfig, Generator, Scaled, minibatch_spread, pixel_norm, widths
from kickitout.training.config import load_config


def count(network: torch.nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def test_with_the_sizes_of_table_2_the_networks_are_those_of_progressive_gans():
    config = DrumGANConfig(latent=512, channels=512, kept=3, least_channels=16)
    assert widths(config, 8) == [512, 512, 512, 512, 256, 128, 64, 32, 16]
    with torch.device("meta"):  # the shapes alone
        g, c = Generator(config, (3, 1024, 1024)), Critic(config, (3, 1024, 1024))
    assert round(count(g) / 1e6, 1) == 23.1  # "Total trainable parameters 23.1M", both
    assert round(count(c) / 1e6, 1) == 23.1


def test_the_shape_of_the_config_is_reached_and_judged():
    r = load_config("drumgan", ["model.channels=8", "model.least_channels=4"])
    shape = (2, 1024, 44)
    g, c = Generator(r.model, shape), Critic(r.model, shape)
    made = g(torch.randn(2, 128))
    assert made.shape == (2, *shape)
    assert c(made).shape == (2,)
    assert (r.representation.n_fft, r.representation.hop / r.representation.n_fft) == (2048, 0.25)


def test_pixel_norm_leaves_every_pixel_with_a_mean_square_of_1():
    x = pixel_norm(torch.randn(3, 16, 5, 7) * 40)
    torch.testing.assert_close(x.square().mean(dim=1), torch.ones(3, 5, 7))


def test_scaled_weights_keep_the_level_of_what_passes():
    torch.manual_seed(0)
    layer = Scaled(torch.nn.Linear(1000, 500), gain=1.0)
    assert layer.layer.weight.std().item() == pytest.approx(1, rel=0.01)
    assert layer(torch.randn(64, 1000)).std().item() == pytest.approx(1, rel=0.05)
    assert Scaled(torch.nn.Conv2d(8, 4, 3)).scale == pytest.approx(math.sqrt(2 / 72))


def test_the_spread_of_a_minibatch_is_seen():
    same, different = torch.ones(4, 3, 2, 2), torch.randn(4, 3, 2, 2)
    assert minibatch_spread(same).max() < 1e-3
    assert minibatch_spread(different).min() > 0.3
    assert minibatch_spread(different).shape == (4, 1, 2, 2)


def test_drift_holds_the_critics_opinion_of_real_kicks_near_zero():
    from accelerate import Accelerator

    from kickitout.synthesis.procedural import synthesise
    from kickitout.training.loop import make_task

    waves = torch.from_numpy(synthesise(range(4))[0])[:, None]
    bias = {}
    for drift in (0.0, 1000.0):
        changes = ["model.channels=4", "model.least_channels=4", "batch=4", "gradient_penalty=0", f"drift={drift}"]
        task = make_task(load_config("drumgan", changes), Accelerator(cpu=True), waves)
        with torch.no_grad():
            task.d.judge.layer.bias.fill_(1.0)
        for step in range(5):
            task.step(torch.arange(4), step, slice(0, 4))
        bias[drift] = task.d.judge.layer.bias.item()
    assert bias[1000.0] < bias[0.0]
