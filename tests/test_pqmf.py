import math

import numpy as np
import pytest
import torch
from synthetic import swept_kicks
from test_representations import max_difference_after_export, snr_db

from kickitout.representations.pqmf import LEFT, SubBands, SubBandsConfig, filter_bank, prototype
from kickitout.sound import LENGTH, SAMPLE_RATE

torch.set_num_threads(1)
WIDTH_HZ = SAMPLE_RATE / 32  # of a band: 1378 Hz


def tone(hz: float) -> torch.Tensor:
    """A tone that fades in and out over its whole length, so that it is one line and nothing else."""
    window = np.blackman(LENGTH) ** 2
    return torch.from_numpy(np.sin(2 * np.pi * hz / SAMPLE_RATE * np.arange(LENGTH)) * window).float()[None]


@pytest.mark.parametrize("taps", [352, 384, 416])
def test_the_stop_band_is_80_db_down(taps: int) -> None:
    response = np.abs(np.fft.rfft(prototype(16, taps), 1 << 16))
    stop = response[len(response) // 16 :]  # from pi / 16 on
    assert 20 * math.log10(stop.max() / response[0]) < -80


def test_the_default_stop_band_is_100_db_down() -> None:
    response = np.abs(np.fft.rfft(prototype(16, 416), 1 << 16))
    assert 20 * math.log10(response[len(response) // 16 :].max() / response[0]) < -100


def test_the_powers_of_the_bands_add_up_to_a_constant() -> None:
    power = (np.abs(np.fft.rfft(filter_bank(16, 416), 1 << 14, axis=1)) ** 2).sum(0)
    assert 10 * math.log10(power.max() / power.min()) < 1e-3  # dB


def test_noise_has_the_same_level_in_a_band() -> None:
    np.testing.assert_allclose((filter_bank(16, 416) ** 2).sum(1), 1.0, atol=1e-3)


@pytest.mark.parametrize("taps", [352, 384, 416])
def test_the_round_trip_of_noise_and_of_kicks_loses_nothing_audible(taps: int) -> None:
    representation = SubBands(SubBandsConfig(taps=taps))
    noise = torch.randn(1, LENGTH, generator=torch.Generator().manual_seed(0))  # full to both ends
    kicks = torch.from_numpy(swept_kicks(4))
    for wave in (noise, kicks):
        assert snr_db(wave, representation.decode(representation.encode(wave))) > (110 if taps == 416 else 90)


@pytest.mark.parametrize("edge", range(1, 16))
def test_no_line_appears_beside_a_tone_at_a_band_edge(edge: int) -> None:
    representation = SubBands(SubBandsConfig())
    for offset_hz in (-90.0, 0.0, 40.0):
        wave = tone(edge * WIDTH_HZ + offset_hz)
        error = representation.decode(representation.encode(wave)) - wave
        spectrum, lines = (np.abs(np.fft.rfft(x[0].double().numpy())) for x in (wave, error))
        assert 20 * math.log10(lines.max() / spectrum.max()) < -100


@pytest.mark.parametrize("band", [0, 5, 15])
def test_a_tone_at_the_centre_of_a_band_is_heard_in_that_band_alone(band: int) -> None:
    representation = SubBands(SubBandsConfig(band_gain_db=(0.0,) * 16))
    energy = representation.encode(tone((band + 0.5) * WIDTH_HZ))[0, :, 0].square().sum(1)  # [16]
    others = torch.cat([energy[:band], energy[band + 1 :]])
    assert 10 * torch.log10(others.max() / energy[band]) < -80


def test_an_impulse_lands_in_its_frame() -> None:
    representation = SubBands(SubBandsConfig())
    wave = torch.zeros(1, LENGTH)
    wave[0, 16 * 300 - LEFT + 8] = 1.0  # in the middle of frame 300
    energy = representation.encode(wave)[0, :, 0].square().sum(0)  # [1408]
    centre = float((energy * torch.arange(1408)).sum() / energy.sum())
    assert centre == pytest.approx(300, abs=0.5)


def test_gains_are_taken_off_again() -> None:
    plain, shaped = (SubBands(c) for c in (SubBandsConfig(band_gain_db=(0.0,) * 16), SubBandsConfig()))
    wave = torch.from_numpy(swept_kicks(1))
    ratio = shaped.encode(wave)[0, 3].norm() / plain.encode(wave)[0, 3].norm()
    assert 20 * math.log10(float(ratio)) == pytest.approx(SubBandsConfig().band_gain_db[3], abs=1e-3)
    assert snr_db(plain.decode(plain.encode(wave)), shaped.decode(shaped.encode(wave))) > 110


def test_the_decoder_is_the_same_in_onnx() -> None:
    representation = SubBands(SubBandsConfig())
    assert max_difference_after_export(representation, representation.encode(torch.from_numpy(swept_kicks(3)))) < 1e-5
