"""Measures that are our own (batched over resamplings, without scikit-learn in the light lane) against the libraries'.

scikit-learn, SciPy, prdc (Naeem et al. 2020) and pyloudnorm (Steinmetz & Reiss 2021) are in the development extra.
"""

from __future__ import annotations

import numpy as np
import pytest

from kickitout.descriptors import card, cards
from kickitout.metrics import distance, frechet, neighbours, two_sample
from kickitout.metrics.cards import wasserstein_drawn
from kickitout.metrics.distance import diversity, energy_distance, pairwise
from kickitout.metrics.resampling import wilson
from kickitout.sound import SAMPLE_RATE
from kickitout.synthesis.procedural import synthesise

D = 12


@pytest.fixture(scope="module")
def sets() -> tuple[np.ndarray, np.ndarray]:
    """90 and 70 points of two distributions that overlap, [n, D]."""
    rng = np.random.default_rng(0)
    mix = rng.standard_normal((D, D)) / 3
    return rng.standard_normal((90, D)) @ mix, 1.1 * rng.standard_normal((70, D)) @ mix + 0.3


def distances(sets: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    real, generated = sets
    return pairwise(real, real), pairwise(real, generated), pairwise(generated, generated)


def test_distances_are_those_of_scipy(sets):
    spatial = pytest.importorskip("scipy.spatial")
    np.testing.assert_allclose(pairwise(*sets), spatial.distance.cdist(*sets) / np.sqrt(D), rtol=1e-9)


def test_the_energy_distance_is_that_of_scipy_without_the_pairs_of_a_sound_with_itself(sets):
    stats = pytest.importorskip("scipy.stats")
    x, y = sets[0][:, :1], sets[1][:, :1]
    with_themselves = stats.energy_distance(x[:, 0], y[:, 0]) ** 2  # a V-statistic; ours leaves out the n zeros
    assert energy_distance(x, y) == pytest.approx(
        with_themselves - diversity(x) / len(x) - diversity(y) / len(y), rel=1e-9
    )


def test_the_energy_distance_of_two_normal_distributions_is_its_closed_form():
    """E|N(m, 2)| = 2 / sqrt(pi) exp(-m^2 / 4) + m (1 - 2 Phi(-m / sqrt(2))), from E|x| of a folded normal."""
    stats = pytest.importorskip("scipy.stats")
    shift, even = 1.5, (np.arange(1500)[:, None] + 0.5) / 1500
    folded = 2 / np.sqrt(np.pi) * np.exp(-(shift**2) / 4) + shift * (1 - 2 * stats.norm.cdf(-shift / np.sqrt(2)))
    x = stats.norm.ppf(even)  # quantiles, so that nothing is drawn
    assert energy_distance(x, x + shift) == pytest.approx(2 * folded - 4 / np.sqrt(np.pi), abs=0.005)


def test_the_frechet_distance_is_that_of_the_matrix_root_of_scipy(sets):
    linalg = pytest.importorskip("scipy.linalg")
    a, b = sets
    first, second = np.cov(a.T), np.cov(b.T)
    trace = np.trace(first + second - 2 * linalg.sqrtm(first @ second).real)
    expected = ((a.mean(0) - b.mean(0)) ** 2).sum() + trace
    assert frechet.frechet_distance(a, b) == pytest.approx(expected, rel=1e-7)


def test_principal_axes_are_those_of_scikit_learn(sets):
    decomposition = pytest.importorskip("sklearn.decomposition")
    expected = decomposition.PCA(4, svd_solver="full").fit(sets[0])
    mean, axes = frechet.principal_axes(sets[0], 4)
    np.testing.assert_allclose(mean, expected.mean_)
    np.testing.assert_allclose(np.abs(np.diag(axes.T @ expected.components_.T)), 1)  # but for a sign


def test_the_kernel_distance_is_made_of_the_polynomial_kernel_of_scikit_learn(sets):
    sklearn = pytest.importorskip("sklearn.metrics.pairwise")
    r, g = (distance.standardise(x, sets[0]) for x in sets)
    rr, rg, gg = (sklearn.polynomial_kernel(*pair, degree=3, gamma=1 / D, coef0=1) for pair in ((r, r), (r, g), (g, g)))
    within = [(k.sum() - np.trace(k)) / (len(k) * (len(k) - 1)) for k in (rr, gg)]
    np.testing.assert_allclose(distance.polynomial_kernel(r, g), rg, rtol=1e-9)
    assert distance.kernel_distance(*sets) == pytest.approx(sum(within) - 2 * rg.mean(), rel=1e-9)


@pytest.mark.parametrize("k", [3, 5])
def test_precision_recall_density_and_coverage_are_those_of_prdc(sets, k, capsys):
    prdc = pytest.importorskip("prdc")
    real, generated = sets[0][:70], sets[1]
    expected = prdc.compute_prdc(real, generated, nearest_k=k)
    found = neighbours.neighbour_scores(*distances((real, generated)), k)
    assert dict(zip(neighbours.NEIGHBOUR_SCORES, found, strict=True)) == pytest.approx(expected, rel=1e-12)


def test_a_logistic_regression_has_the_weights_that_scikit_learn_finds(sets):
    linear = pytest.importorskip("sklearn.linear_model")
    points, label = np.concatenate(sets), np.repeat([0.0, 1.0], [90, 70])
    expected = linear.LogisticRegression(C=1 / two_sample.PENALTY, tol=1e-10, max_iter=2000).fit(points, label)
    found = two_sample._fit_logistic(np.concatenate([points, np.ones((160, 1))], axis=1), label)
    np.testing.assert_allclose(found, [*expected.coef_[0], expected.intercept_[0]], atol=1e-5)


def test_the_two_sample_test_is_the_cross_validation_of_scikit_learn(sets):
    linear = pytest.importorskip("sklearn.linear_model")
    from sklearn.model_selection import PredefinedSplit, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    real, generated = sets[0][:70], sets[1]
    rng = np.random.default_rng(5)
    folds = np.concatenate([two_sample._folds(np.arange(70), rng) for _ in range(2)])
    label = np.repeat([0, 1], 70)
    classifier = make_pipeline(StandardScaler(), linear.LogisticRegression(C=1 / two_sample.PENALTY, tol=1e-10))
    said = cross_val_predict(classifier, np.concatenate([real, generated]), label, cv=PredefinedSplit(folds))
    found = two_sample.logistic_hits(real, generated, np.random.default_rng(5))
    assert found.tolist() == (said == label).tolist()
    assert 0.5 < found.mean() < 0.95  # hard enough to err


def test_wasserstein_distances_of_drawn_counts_are_those_of_weights_in_scipy(sets):
    stats = pytest.importorskip("scipy.stats")
    rng = np.random.default_rng(2)
    a, b = sets[0][:, 0], sets[1][:, 0]
    counts = rng.integers(0, 4, (5, len(a))).astype(float), rng.integers(0, 4, (5, len(b))).astype(float)
    expected = [stats.wasserstein_distance(a, b, *weights) for weights in zip(*counts, strict=True)]
    np.testing.assert_allclose(wasserstein_drawn(a, b, *counts), expected, rtol=1e-9)


@pytest.mark.parametrize(("hits", "n"), [(0, 50), (3, 64), (32, 64), (499, 500)])
def test_the_interval_of_a_share_is_that_of_wilson_in_scipy(hits, n):
    stats = pytest.importorskip("scipy.stats")
    expected = stats.binomtest(hits, n).proportion_ci(0.95, "wilson")
    assert wilson(hits, n) == pytest.approx((expected.low, expected.high), abs=2e-5)  # 1.96 for 1.95996


def loudness(wave: np.ndarray, rate: int) -> float:
    """LUFS of 400 ms, one gating block of BS.1770, by pyloudnorm with the filters of the recommendation."""
    pyloudnorm = pytest.importorskip("pyloudnorm")
    meter = pyloudnorm.Meter(rate, filter_class="DeMan", block_size=0.4)
    return float(meter.integrated_loudness(wave[: round(0.4 * rate)].astype(np.float64)))


def test_the_loudness_of_kicks_is_that_of_pyloudnorm():
    waves = synthesise(range(24))[0]
    onsets = np.argmax(np.abs(waves) >= 0.01 * np.abs(waves).max(axis=1, keepdims=True), axis=1)
    expected = [loudness(wave[onset:], SAMPLE_RATE) for wave, onset in zip(waves, onsets, strict=True)]
    np.testing.assert_allclose(cards(waves)["loudness_lufs"], expected, atol=0.03)  # a meter shows tenths


@pytest.mark.parametrize("rate", [44_100, 48_000, 96_000])
@pytest.mark.parametrize("hz", [40, 120, 1000, 6000])
def test_the_loudness_of_a_tone_is_that_of_pyloudnorm_at_any_rate(rate, hz):
    tone = 0.5 * np.sin(2 * np.pi * hz * np.arange(rate // 2) / rate)
    assert card(tone, rate)["loudness_lufs"] == pytest.approx(loudness(tone, rate), abs=0.1)
