"""WaveGAN and SpecGAN against the tables of Donahue et al. 2019, and the adaptation to a kick."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from kickitout.errors import UserError
from kickitout.models import specgan, wavegan
from kickitout.models.specgan import PerBin, SpecGANConfig
from kickitout.models.wavegan import PhaseShuffle, WaveGANConfig

THEIRS, OURS = (1, 1, 16384), (1, 1, 22528)


def shapes(network: nn.Module, x: torch.Tensor, kinds: tuple[type, ...]) -> list[tuple[int, ...]]:
    """The output shapes, without the batch, of all layers of some kinds, in the order they are passed."""
    seen: list[tuple[int, ...]] = []
    hooks = [
        m.register_forward_hook(lambda _, __, out: seen.append(tuple(out.shape[1:])))
        for m in network.modules()
        if isinstance(m, kinds)
    ]
    with torch.no_grad():
        network.eval()(x)
    for hook in hooks:
        hook.remove()
    return seen


def count(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def test_wavegans_generator_is_table_3():
    g = wavegan.Generator(WaveGANConfig(), THEIRS)
    assert shapes(g, torch.rand(1, 100), (nn.Linear, nn.ConvTranspose1d)) == [
        (16384,), (512, 64), (256, 256), (128, 1024), (64, 4096), (1, 16384),
    ]  # fmt: skip
    # Kernels of their table with d = 64, and a bias for each map.
    d = 64
    kernels = 100 * 256 * d + 25 * (16 * 8 + 8 * 4 + 4 * 2 + 2 * 1) * d * d + 25 * d
    assert count(g) == kernels + 256 * d + (8 + 4 + 2 + 1) * d + 1 == 19_065_345


def test_wavegans_critic_is_table_4():
    c = wavegan.Critic(WaveGANConfig(), THEIRS)
    assert shapes(c, torch.rand(1, *THEIRS), (nn.Conv1d, nn.Linear)) == [
        (64, 4096), (128, 1024), (256, 256), (512, 64), (1024, 16), (1,),
    ]  # fmt: skip
    d = 64
    kernels = 25 * d + 25 * (1 * 2 + 2 * 4 + 4 * 8 + 8 * 16) * d * d + 256 * d
    assert count(c) == kernels + (1 + 2 + 4 + 8 + 16) * d + 1
    assert [type(m).__name__ for m in c.downsample][:3] == ["Conv1d", "LeakyReLU", "PhaseShuffle"]
    assert sum(isinstance(m, PhaseShuffle) for m in c.modules()) == 4


def test_our_wavegan_is_theirs_with_longer_dense_layers():
    g, c = wavegan.Generator(WaveGANConfig(), OURS), wavegan.Critic(WaveGANConfig(), OURS)
    theirs = wavegan.Generator(WaveGANConfig(), THEIRS), wavegan.Critic(WaveGANConfig(), THEIRS)
    more = (22 - 16) * 1024
    assert count(g) - count(theirs[0]) == more * (100 + 1)
    assert count(c) - count(theirs[1]) == more
    for mine, other in zip((g, c), theirs, strict=True):
        a = [tuple(p.shape) for n, p in mine.named_parameters() if "sample" in n]
        assert a == [tuple(p.shape) for n, p in other.named_parameters() if "sample" in n]


def test_specgan_is_tables_5_and_6():
    config, shape = SpecGANConfig(), (1, 128, 128)
    g, c = specgan.Generator(config, shape), specgan.Critic(config, shape)
    assert shapes(g, torch.rand(1, 100), (nn.Linear, nn.ConvTranspose2d)) == [
        (16384,), (512, 8, 8), (256, 16, 16), (128, 32, 32), (64, 64, 64), (1, 128, 128),
    ]  # fmt: skip
    assert shapes(c, torch.rand(1, *shape), (nn.Conv2d, nn.Linear)) == [
        (64, 64, 64), (128, 32, 32), (256, 16, 16), (512, 8, 8), (1024, 4, 4), (1,),
    ]  # fmt: skip
    # Both papers' nets have kernels of 25 numbers: 5 x 5 here, 25 there, so that the counts are the same.
    assert count(g) == count(wavegan.Generator(WaveGANConfig(), THEIRS))
    assert count(c) == count(wavegan.Critic(WaveGANConfig(), THEIRS))


def test_phase_shuffle_moves_by_a_few_samples_and_reflects():
    x = torch.arange(10.0).view(1, 1, 10)
    shuffle, seen = PhaseShuffle(2).train(), set()
    for seed in range(40):
        torch.manual_seed(seed)
        seen.add(tuple(shuffle(x)[0, 0].int().tolist()))
    assert seen == {
        (0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
        (1, 0, 1, 2, 3, 4, 5, 6, 7, 8),
        (2, 1, 0, 1, 2, 3, 4, 5, 6, 7),
        (1, 2, 3, 4, 5, 6, 7, 8, 9, 8),
        (2, 3, 4, 5, 6, 7, 8, 9, 8, 7),
    }
    assert shuffle.eval()(x) is x


def test_per_bin_normalisation_gives_mean_0_and_deviation_1_and_comes_back():
    torch.manual_seed(0)
    level = torch.linspace(-1, 1, 32).view(1, 1, 32, 1)
    spectrograms = level + torch.linspace(0.01, 0.3, 32).view(1, 1, 32, 1) * torch.randn(64, 1, 32, 64)
    scale = PerBin((1, 32, 64))
    scale.fit(spectrograms)
    whole = (spectrograms - scale.mean) / scale.deviation
    assert whole.mean(dim=(0, 1, 3)).abs().max() < 1e-4
    assert (whole.std(dim=(0, 1, 3)) - 1).abs().max() < 1e-3
    normalised = scale.normalise(spectrograms)
    assert normalised.abs().max() == 1  # three deviations are clipped
    kept = normalised.abs() < 1
    assert kept.float().mean() == pytest.approx(0.9973, abs=5e-4)
    torch.testing.assert_close(scale(normalised)[kept], spectrograms[kept])


def test_shapes_that_the_strides_do_not_lead_to_are_refused_with_ones_that_work():
    with pytest.raises(UserError, match=r"1 x 22050.*`wave` works"):
        wavegan.Generator(WaveGANConfig(dim=1), (1, 1, 22050))
    with pytest.raises(UserError, match=r"100 x 128.*128 x 128 works"):
        specgan.Critic(SpecGANConfig(dim=1), (1, 100, 128))
