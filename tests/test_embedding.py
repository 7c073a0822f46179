"""The embedding and the energy distance that steer training: known answers."""

from __future__ import annotations

import numpy as np
import pytest

from kickitout.metrics.distance import diversity, energy_distance
from kickitout.metrics.embeddings import BANDS_FLOOR_DB, EDGES_HZ, EDGES_MS, embed_bands
from kickitout.sound import ONSET, SAMPLE_RATE
from kickitout.synthesis.procedural import synthesise


def cells(wave):
    return embed_bands(wave[None]).reshape(len(EDGES_HZ) - 1, len(EDGES_MS) - 1)


@pytest.mark.parametrize("hz", [50.0, 100.0, 800.0, 6000.0])
def test_a_tone_lands_in_its_band(hz):
    t = np.arange(22050) / SAMPLE_RATE
    band = int(np.searchsorted(EDGES_HZ, hz)) - 1
    found = cells(np.sin(2 * np.pi * hz * t).astype(np.float32))
    assert found[:, 5].argmax() == band


def test_40_and_55_hz_are_not_the_same_sound():
    t = np.arange(22050) / SAMPLE_RATE
    a, b = (cells(np.sin(2 * np.pi * hz * t).astype(np.float32)) for hz in (40.0, 55.0))
    assert np.abs(a - b).max() > 6


def test_a_click_lands_in_the_first_slots_of_the_high_bands():
    wave = np.zeros(22050, np.float32)
    wave[ONSET] = 1
    found = cells(wave)
    high = EDGES_HZ[:-1] > 2000
    assert found[high].max(axis=0).argmax() <= 1
    assert found[high][:, 4:].max() == BANDS_FLOOR_DB


def test_gain_and_block_size_change_nothing():
    waves, _ = synthesise(range(6))
    np.testing.assert_allclose(
        embed_bands(waves), embed_bands(0.1 * waves), atol=0.05
    )  # float32, and the 1e-12 below silence
    np.testing.assert_array_equal(embed_bands(waves, block=2), embed_bands(waves))


def test_silence_is_finite():
    assert np.isfinite(embed_bands(np.zeros((2, 22050), np.float32))).all()


def test_energy_distance_of_two_draws_of_one_set_is_about_zero():
    rng = np.random.default_rng(0)
    found = [energy_distance(rng.normal(0, 10, (60, 20)), rng.normal(0, 10, (60, 20))) for _ in range(40)]
    assert abs(np.mean(found)) < 3 * np.std(found) / np.sqrt(40) + 1e-3  # unbiased
    shifted = energy_distance(rng.normal(0, 10, (60, 20)), rng.normal(20, 10, (60, 20)))
    assert shifted > 10 * np.std(found)


def test_energy_distance_grows_as_the_kicks_get_worse():
    waves, _ = synthesise(range(120))
    reals, fakes = embed_bands(waves[:60]), waves[60:]
    spectra = np.fft.rfft(fakes)
    hz = np.fft.rfftfreq(22050, 1 / SAMPLE_RATE)
    scores = [
        energy_distance(reals, embed_bands(np.fft.irfft(spectra * (hz < cutoff), 22050).astype(np.float32)))
        for cutoff in (22050, 8000, 3000, 1000, 300)
    ]
    assert scores == sorted(scores)
    assert scores[-1] > 5 * abs(scores[0])


def test_diversity_is_the_mean_distance_a_cell():
    two = np.array([[0.0, 0, 0, 0], [3.0, 3, 3, 3]])
    assert diversity(two) == pytest.approx(3.0)
    assert diversity(np.zeros((5, 4))) == 0
