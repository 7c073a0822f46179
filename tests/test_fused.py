"""Gradients that are written out are those of the same arithmetic left to autograd."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="training needs the train extra")

from torch.nn import functional as F  # noqa: E402

from kickitout.representations.pqmf import SubBands, SubBandsConfig  # noqa: E402
from kickitout.training import fused  # noqa: E402

FLOOR = 1e-3


def wave(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("samples", [64, 71, 40])  # whole frames, some left over, few
def test_magnitudes_and_their_gradient(samples):
    x = wave(3, samples).requires_grad_()

    def plain(x):
        window = torch.hann_window(16, dtype=x.dtype) * (4 / 16)
        spectrum = torch.fft.rfft(F.pad(x, (8, 0)).unfold(1, 16, 8) * window)
        return (spectrum.real**2 + spectrum.imag**2 + fused.SILENCE_POWER).sqrt()

    assert torch.allclose(fused.magnitudes(x, 16), plain(x))
    weights = wave(*plain(x).shape, seed=1)
    (wanted,) = torch.autograd.grad((plain(x) * weights).sum(), x)
    (found,) = torch.autograd.grad((fused.magnitudes(x, 16) * weights).sum(), x)
    assert torch.allclose(found, wanted)
    assert wanted.abs().max() > 0.1


@pytest.mark.parametrize("together", [1, 2, 3])
def test_band_levels_and_their_gradient(together):
    spectrum, bands = wave(2, 8, 9).requires_grad_(), wave(9, 4, seed=1).abs()
    whole = spectrum[:, : 8 // together * together].unflatten(1, (-1, together))
    assert torch.allclose(fused.band_levels(spectrum, bands, together), whole.square().mean(dim=2) @ bands)
    assert torch.autograd.gradcheck(lambda x: fused.band_levels(x, bands, together), spectrum)


def test_a_distance_of_two_spectra_and_both_of_its_gradients():
    a, b = (wave(3, 5, 7, seed=seed).abs().add(0.1).requires_grad_() for seed in (0, 1))
    scale = wave(3, seed=2).abs() + 0.5

    def distance(a, b):
        with torch.no_grad():
            logs = (a + FLOOR).log(), (b + FLOOR).log()
        return fused.log_and_linear_distance(a, b, logs, FLOOR, scale)

    plain = ((a + FLOOR).log() - (b + FLOOR).log()).abs().mean() + ((a - b).abs().mean(dim=(1, 2)) / scale).mean()
    assert torch.allclose(distance(a, b), plain)
    wanted = torch.autograd.grad(3 * plain, (a, b))
    for found, slope in zip(torch.autograd.grad(3 * distance(a, b), (a, b)), wanted, strict=True):
        assert torch.allclose(found, slope)
    (of_a,) = torch.autograd.grad(distance(a, b.detach()), a)  # against a real kick
    assert torch.allclose(3 * of_a, wanted[0])


def test_decoding_sub_bands_has_the_samples_and_the_gradient_of_its_plain_arithmetic():
    bands = SubBands(SubBandsConfig())
    x = wave(2, *bands.representation_shape).float().requires_grad_()
    plain, found = bands._synthesised(x), bands.decode(x)
    assert torch.equal(found, plain)
    assert torch.equal(found, bands.decode(x.detach()))
    weights = wave(*found.shape, seed=1).float()
    (wanted,) = torch.autograd.grad((plain * weights).sum(), x)
    (slope,) = torch.autograd.grad((found * weights).sum(), x)
    assert (slope - wanted).abs().max() < 1e-5 * wanted.abs().max()
