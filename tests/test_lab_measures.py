"""What the laboratory measures, against answers that are known beforehand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from synthetic import swept_kick

from kickitout.metrics.report import over_halves
from kickitout.sound import LENGTH, ONSET, PEAK, SAMPLE_RATE
from kicklab.patterns import COURSE_BANDS_HZ, TIMES_MS, course, links, rank_correlation
from kicklab.spectra import coarser, profiles, stride_lines
from kicklab.tones import fit_tones, tone_dataset, tones

ONE = np.ones((1, 200))


def test_halves_of_real_kicks_are_of_whole_groups_and_their_sizes_are_those():
    groups, seen = np.repeat([0, 1, 2], [25, 20, 15]), []
    found, sizes = over_halves(groups, np.random.default_rng(3), 4, lambda first: (seen.append(first), [])[1])
    assert found == {}
    assert sizes == (int(seen[-1].sum()), int((~seen[-1]).sum()))
    assert all(len(np.unique(groups[first])) + len(np.unique(groups[~first])) == 3 for first in seen)


def test_the_silence_of_a_representation_is_counted_and_its_mode_is_where_a_generator_is_to_begin():
    from kicklab.experiments.silence import silence

    quiet, loud = np.zeros((1, LENGTH), np.float32), swept_kick()[None]
    assert silence(quiet, "logmag") == (1.0, 1.0, pytest.approx(math.atanh(1 / 63 - 1), abs=1e-5))
    assert silence(quiet, "complexstft") == (0.0, 0.0, 0.0)
    one, both = silence(loud, "logmag"), silence(np.concatenate([quiet, loud]), "logmag")
    assert 0 < one.exact < one.nearly < 1
    assert both.nearly == pytest.approx((1 + one.nearly) / 2, abs=1e-6)


def test_a_round_trip_is_finished_as_players_finish_so_that_nothing_sounds_before_the_onset():
    from kicklab.experiments.ceilings import ceilings

    before, after = ceilings(swept_kick()[None], ["logmag"])
    assert after.values["pre-echo"][0] <= before.values["pre-echo"][0] + 1
    assert after.values["snr"][0] > 0


# -- tones ------------------------------------------------------------------------------------------------------------


def test_a_tone_is_found_again_to_its_last_digits():
    waves, hz, ms = tones(12, 3)
    fits = fit_tones(waves)
    np.testing.assert_allclose(fits.hz, hz, rtol=1e-6)
    np.testing.assert_allclose(fits.decay_ms, ms, rtol=1e-6)
    assert np.abs(fits.phase_deg).max() < 1e-3
    assert fits.snr_db.min() > 99
    assert np.abs(waves).max(axis=1) == pytest.approx(PEAK)
    assert not waves[:, :ONSET].any()


@pytest.mark.parametrize("degrees", [-120.0, 35.0, 90.0])
def test_a_phase_is_read_at_the_onset(degrees):
    t = np.arange(LENGTH - ONSET) / SAMPLE_RATE
    wave = np.zeros((1, LENGTH), np.float32)
    wave[0, ONSET:] = 0.5 * np.sin(2 * np.pi * 110 * t + math.radians(degrees)) * np.exp(-t / 0.04)
    assert fit_tones(wave).phase_deg[0] == pytest.approx(degrees, abs=1e-3)


@pytest.mark.parametrize("db", [-20.0, -40.0])
def test_noise_beside_a_tone_is_its_signal_to_noise_ratio(db):
    waves, _, _ = tones(4, 1)
    noise = np.random.default_rng(0).standard_normal(waves.shape)
    noise[:, :ONSET] = 0
    noise *= np.linalg.norm(waves, axis=1, keepdims=True) / np.linalg.norm(noise, axis=1, keepdims=True)
    fits = fit_tones((waves + 10 ** (db / 20) * noise).astype(np.float32))
    np.testing.assert_allclose(fits.snr_db, -db, atol=0.2)  # four numbers are fitted to 22 thousand samples of noise


def test_a_vibrato_wobbles_and_a_steady_tone_does_not():
    t = np.arange(LENGTH - ONSET) / SAMPLE_RATE
    waves = np.zeros((2, LENGTH), np.float32)
    depth_cents = 30.0
    bend = 200 * (2 ** (depth_cents / 1200) - 1) / (2 * np.pi * 10) * -np.cos(2 * np.pi * 10 * t)  # cycles
    waves[0, ONSET:] = np.sin(2 * np.pi * 200 * t) * np.exp(-t / 0.2)
    waves[1, ONSET:] = np.sin(2 * np.pi * (200 * t + bend)) * np.exp(-t / 0.2)
    steady, vibrato = fit_tones(waves).wobble_cents
    assert steady < 3  # what is left of the mirror image at -200 Hz, in windows of two periods
    assert vibrato == pytest.approx(depth_cents / math.sqrt(2), rel=0.15)  # read over segments of 9 ms: a little less


def test_silence_is_no_tone_and_breaks_nothing():
    assert np.isnan(fit_tones(np.zeros((1, LENGTH), np.float32)).hz[0])


def test_tones_to_learn_from_are_a_dataset_whose_groups_are_single():
    dataset = tone_dataset(6, 0)
    assert len({row.group for row in dataset.rows}) == len({row.sound for row in dataset.rows}) == 6
    assert dataset.digest != tone_dataset(6, 1).digest


# -- traces of up-sampling --------------------------------------------------------------------------------------------


def test_stripes_show_along_their_own_axis_only():
    torch.manual_seed(0)
    plain = 0.01 * torch.randn(4, 1, 64, 32)
    rows = plain + (torch.arange(64) % 4 == 0).float()[:, None]  # a line every four rows: 1/4 and 1/2 cycle a cell
    lines = {k: stride_lines(v).mean() for k, v in profiles(rows).items() if k != "radius"}
    still = {k: stride_lines(v).mean() for k, v in profiles(plain).items() if k != "radius"}
    assert lines["rows"] > still["rows"] + 15
    assert lines["columns"] == pytest.approx(still["columns"], abs=3)


def test_a_representation_of_one_row_has_one_spectrum():
    assert set(profiles(torch.randn(2, 16, 1, 1408))) == {"columns"}


def test_the_power_of_a_profile_is_the_variance_of_the_representation():
    torch.manual_seed(1)
    encoded = torch.randn(1, 1, 32, 32)
    level = profiles(encoded)["columns"][0]
    twice = np.full(17, 2.0)
    twice[[0, -1]] = 1
    assert (10 ** (level / 10) * twice).sum() / 32 == pytest.approx(encoded.var(correction=0).item(), rel=1e-3)


def test_coarser_spectra_keep_their_mean():
    levels = np.random.default_rng(0).standard_normal((3, 640))
    assert coarser(levels).shape == (3, 64)
    np.testing.assert_allclose(coarser(levels).mean(1), levels.mean(1))
    np.testing.assert_allclose(coarser(levels[:, :7]), levels[:, :7])


# -- click and rumble -------------------------------------------------------------------------------------------------


def test_the_click_comes_before_the_rumble_and_each_sounds_in_its_band():
    went = course(np.stack([swept_kick(click=0.5), swept_kick(click=0.0)]))
    assert went.levels.shape == (2, len(COURSE_BANDS_HZ) - 1, len(TIMES_MS))
    assert went.lead_ms[0] > 20  # a click of 2 ms before a body of 80
    sub, click = went.levels[0, 0], went.levels[0, 3]
    late = np.searchsorted(TIMES_MS, 60)
    assert click[0] > click[late] + 30
    assert sub[late] > click[late] + 20
    assert went.levels[0, 3, 0] > went.levels[1, 3, 0] + 10  # without a click there is little above 2 kHz


def test_a_click_that_comes_late_has_a_negative_lead():
    kick = swept_kick(click=0.0)
    rng = np.random.default_rng(0)
    late = kick.copy()
    late[15_000:15_200] += 0.5 * rng.standard_normal(200).astype(np.float32)
    assert course(late[None]).lead_ms[0] < 0


def test_rank_correlation_is_spearmans():
    from scipy.stats import spearmanr

    rng = np.random.default_rng(2)
    a = rng.standard_normal(200)
    b = np.round(a + rng.standard_normal(200), 1)  # with ties
    assert rank_correlation(a, b, ONE)[0] == pytest.approx(spearmanr(a, b).statistic, abs=1e-9)
    assert rank_correlation(a, np.exp(a), ONE)[0] == pytest.approx(1)
    assert rank_correlation(a, -a, ONE)[0] == pytest.approx(-1)


def test_links_of_too_few_known_values_are_unknown():
    from kicklab.patterns import PAIRS

    names = {name for pair in PAIRS for name in pair}
    cards = {name: np.full(200, np.nan) for name in names}
    cards["pitch_end_hz"] = cards["decay_t40_ms"] = np.arange(200.0)
    found = links(cards, ONE)[0]
    assert found[0] == pytest.approx(1)
    assert np.isnan(found[1:]).sum() >= 4
