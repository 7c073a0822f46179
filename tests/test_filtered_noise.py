"""The noise that KickAE's decoder is given, before it has a level."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest

torch = pytest.importorskip("torch", reason="training needs the train extra")

from kickitout.models.kickae.click import CLICK_FRAMES  # noqa: E402
from kickitout.models.kickae.config import KickAEConfig  # noqa: E402
from kickitout.models.kickae.decoder import CLICK_FROM, START, STRETCH, Decoder  # noqa: E402
from kickitout.models.kickae.harmonic import BAND_HZ  # noqa: E402
from kickitout.models.kickae.noise import DEEP, NOISE_BANDS, NOISE_FROM, noise_tables  # noqa: E402

FRAMES = 1408


def spectra(per_band):
    """[noise code, noise band, bins]: power of each noise band."""
    tables = noise_tables(24, per_band, FRAMES).unflatten(1, (-1, FRAMES))
    return torch.fft.rfft(tables).abs().square() / FRAMES


def test_noise_of_the_lowest_band_is_cut_in_half_octaves_from_22_hz_on():
    power = spectra((*NOISE_BANDS, 1)).mean(dim=0)
    hz = torch.linspace(0, BAND_HZ, FRAMES // 2 + 1)
    edges = [BAND_HZ * NOISE_FROM * 2 ** (part / 2) for part in range(NOISE_BANDS[0] + 1)]
    assert edges[0] == pytest.approx(21.5, abs=0.1)
    assert edges[DEEP] == pytest.approx(344.5, abs=0.1)
    assert edges[-1] == pytest.approx(BAND_HZ)
    for piece, (low, high) in enumerate(pairwise(edges)):
        inside = (hz >= low) & (hz < high)
        assert power[piece][inside].mean().item() == pytest.approx(1, abs=0.1 if inside.sum() > 20 else 0.3)
        outside = ~inside & (hz < BAND_HZ)
        assert power[piece][outside].max().item() < 1e-4


@pytest.mark.parametrize("band", [1, 2, 3])
def test_the_noise_bands_of_the_other_sub_bands_are_white_noise_together(band):
    first = sum(NOISE_BANDS[:band])
    together = spectra((*NOISE_BANDS, 1))[:, first : first + NOISE_BANDS[band]].sum(dim=1).mean(dim=0)
    assert together.mean().item() == pytest.approx(1, abs=0.05)
    assert together[FRAMES // 4 :].mean().item() == pytest.approx(together[: FRAMES // 4].mean().item(), rel=0.1)


def test_the_noise_of_a_click_can_begin_between_two_points_of_its_curve():
    """One frame of one band 20 dB up: that frame's noise is ten times as loud, and nothing else changes."""
    config = KickAEConfig(latent=4, widths=(8, 8, 8, 8, 8), click_width=8, style=8)
    decoder = Decoder(config, 16).eval()
    latent = torch.randn(3, config.latent_size + config.noise_code, generator=torch.Generator().manual_seed(0))
    band, frame = 5, 7
    assert frame % STRETCH
    with torch.no_grad():
        decoder.click.atoms.weight.zero_()
        before = decoder(latent)[:, :, 0]
        decoder.click.gains.bias[band * CLICK_FRAMES + frame] = math.log(10)
        after = decoder(latent)[:, :, 0]
    assert before.shape[2] == START * 32 * STRETCH
    expected = before.clone()
    expected[:, band, CLICK_FROM + frame] *= 10
    assert torch.allclose(after, expected, rtol=1e-4, atol=1e-9)
    assert before[:, band, CLICK_FROM + frame].abs().min() > 0
