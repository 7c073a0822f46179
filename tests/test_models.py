"""The DCGAN against its paper, and what every model of this project keeps to."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from kickitout.errors import UserError
from kickitout.models.dcgan import Critic, DCGANConfig, Generator, grid
from kickitout.models.kickae.decoder import UpsamplingStack
from kickitout.models.kickae.harmonic import Harmonic, stretched
from kickitout.models.upsample import PixelShuffle, convolve_doubled, upsample

KINDS = ("transposed", "nearest", "bilinear", "pixel-shuffle")
SHAPES = [(1, 64, 64), (1, 256, 128), (2, 256, 128), (16, 1, 1408), (1, 128, 128)]


def test_the_default_generator_is_figure_1_of_the_paper():
    g = Generator(DCGANConfig(), (3, 64, 64))
    convolutions = [m for m in g.modules() if isinstance(m, nn.ConvTranspose2d)]
    assert [(m.in_channels, m.out_channels) for m in convolutions] == [
        (100, 1024), (1024, 512), (512, 256), (256, 128), (128, 3),
    ]  # fmt: skip
    assert [m.kernel_size for m in convolutions[1:]] == [(4, 4)] * 4
    assert [m.stride for m in convolutions[1:]] == [(2, 2)] * 4
    # Weights by hand: 100*1024*16 + 16*(1024*512 + 512*256 + 256*128 + 128*3), and scale and shift of four batch norms.
    by_hand = 100 * 1024 * 16 + 16 * (1024 * 512 + 512 * 256 + 256 * 128 + 128 * 3) + 2 * (1024 + 512 + 256 + 128)
    assert sum(p.numel() for p in g.parameters()) == by_hand


def test_batch_norm_is_everywhere_but_at_the_output_and_at_the_critics_input():
    g, d = Generator(DCGANConfig(), (1, 64, 64)), Critic(DCGANConfig(), (1, 64, 64))
    assert sum(isinstance(m, nn.BatchNorm2d) for m in g.modules()) == 4
    assert not any(isinstance(m, nn.BatchNorm2d) for m in g.to_picture.modules())
    assert [type(m) for m in d.halvings][:2] == [nn.Conv2d, nn.LeakyReLU]
    assert sum(isinstance(m, nn.BatchNorm2d) for m in d.modules()) == 3
    assert {m.negative_slope for m in d.modules() if isinstance(m, nn.LeakyReLU)} == {0.2}


def test_weights_start_as_published():
    torch.manual_seed(0)
    g = Generator(DCGANConfig(), (1, 64, 64))
    weights = torch.cat([m.weight.flatten() for m in g.modules() if isinstance(m, nn.ConvTranspose2d)])
    assert weights.std().item() == pytest.approx(0.02, rel=0.01)  # 12 million draws: the error of the mean is 0.02 %
    assert weights.mean().item() == pytest.approx(0.0, abs=1e-4)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_critic_without_batch_norm_begins_with_an_opinion(shape):
    torch.manual_seed(3)
    d = Critic(DCGANConfig(channels=128, critic_norm="none"), shape)
    assert 0.1 < d(torch.randn(64, *shape)).std() < 10


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_upsampling_reaches_every_shape_and_back(shape, kind):
    config = DCGANConfig(channels=16, least_channels=4, latent=5, upsampling=kind)
    g, d = Generator(config, shape), Critic(config, shape)
    made = g(torch.randn(3, 5))
    assert made.shape == (3, *shape)
    assert made.abs().max() <= 1
    assert d(made).shape == (3,)


def test_the_last_step_can_be_another_than_the_rest():
    config = DCGANConfig(channels=16, latent=4, upsampling="transposed", last_upsampling="bilinear")
    g = Generator(config, (1, 32, 32))
    assert isinstance(g.to_picture[0], nn.Upsample)
    assert all(isinstance(step[0], nn.ConvTranspose2d) for step in g.doublings)


@pytest.mark.parametrize("kind", ["nearest", "bilinear"])
def test_resize_convolutions_leave_no_checkerboard_of_a_constant(kind):
    torch.manual_seed(1)
    up = upsample(kind, 3, 2, (2, 2), (8, 8))
    inside = up(torch.ones(1, 3, 8, 8))[0, :, 4:-4, 4:-4]
    assert inside.std(dim=(1, 2)).max() < 1e-6


def test_a_transposed_convolution_does_leave_one():
    torch.manual_seed(1)
    inside = upsample("transposed", 3, 2, (2, 2), (8, 8))(torch.ones(1, 3, 8, 8))[0, :, 4:-4, 4:-4]
    assert inside.std(dim=(1, 2)).max() > 1e-3


def test_our_pixel_shuffle_is_torchs_where_both_axes_double():
    x = torch.randn(2, 12, 5, 3)
    torch.testing.assert_close(PixelShuffle((2, 2))(x), nn.PixelShuffle(2)(x))


def test_a_shape_that_cannot_be_doubled_to_is_refused_with_ones_that_can():
    with pytest.raises(UserError, match=r"257 x 173.*256 x 128"):
        grid((1, 257, 173))


def test_a_kick_does_not_depend_on_its_batch():
    torch.manual_seed(2)
    g = Generator(DCGANConfig(channels=32, latent=8), (1, 64, 64)).eval()
    z = torch.randn(5, 8)
    torch.testing.assert_close(g(z)[3], g(z[3:4])[0], rtol=0, atol=1e-6)  # other sums of the same products


@pytest.mark.parametrize("points", [1, 2, 7])
def test_a_doubling_convolution_is_one_over_points_that_are_said_twice(points):
    generator = torch.Generator().manual_seed(points)
    x, weight = torch.randn(2, 5, points, generator=generator), torch.randn(3, 5, 3, generator=generator)
    wanted = torch.nn.functional.conv1d(x.repeat_interleave(2, dim=2), weight, padding=1)
    assert torch.allclose(convolve_doubled(x, weight), wanted, atol=1e-5)


def test_a_norm_that_has_learned_joins_the_style():
    generator = torch.Generator().manual_seed(0)
    doublings = UpsamplingStack((6, 8, 4), 5)
    x, style = torch.randn(3, 6, 7, generator=generator), torch.randn(3, 5, generator=generator)
    for double in doublings:
        double.norm.running_mean.normal_(generator=generator)
        double.norm.running_var.uniform_(0.1, 3, generator=generator)
    joined = doublings.eval()(x, style)
    for double in doublings:
        x = double(x, style)
    assert joined.shape == (3, 4, 28)
    assert torch.allclose(joined, x, atol=1e-5)


def test_curves_are_stretched_as_torch_does():
    x = torch.randn(2, 3, 11, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(stretched(x, 4), torch.nn.functional.interpolate(x, scale_factor=4, mode="linear"), atol=1e-6)


def test_a_body_is_the_same_in_lower_precision():
    body = Harmonic(64)
    body.middle[1:] = torch.linspace(0.3, -0.1, len(body.middle) - 1)  # octaves that each speed of the contour falls
    knob = torch.zeros(2, 1)
    made = []
    for lower in (False, True):
        with torch.autocast("cpu", torch.bfloat16, enabled=lower):
            pitch = body.pitch(torch.zeros(2, len(body.middle)), knob, knob, knob)
            made.append(body(pitch, torch.ones(2, 3), torch.ones(2, 3, 64), torch.zeros(2, 3, 64), knob))
    assert made[1].dtype == torch.float32
    torch.testing.assert_close(made[1], made[0], rtol=0, atol=1e-5)
