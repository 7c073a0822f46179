"""Priors that a model could have: mixtures, and draws of them."""

from __future__ import annotations

import numpy as np
import pytest

from kickitout.descriptors.contour import SIZE as CONTOUR
from kicklab.experiments.priors import Mixture, clusters, priors


def test_draws_fall_on_components_as_often_as_they_weigh_and_scatter_by_the_width():
    means = np.array([[0.0, 0.0], [100.0, 0.0], [200.0, 0.0]])
    mixture = Mixture(np.array([1.0, 2.0, 1.0]), means, np.array([[2.0, 0.0], [0.0, 0.5]]))
    noise = np.random.default_rng(1).standard_normal((400, 2))
    still = mixture.moved(noise, 0.0)
    assert [int((still[:, 0] == x).sum()) for x in (0.0, 100.0, 200.0)] == pytest.approx([100, 200, 100], abs=2)
    wide = mixture.moved(noise, 1.0) - still
    assert wide.std(axis=0) == pytest.approx([2.0, 0.5], rel=0.15)
    assert np.allclose(mixture.moved(noise, 0.5) - still, wide / 2)


def test_a_width_of_its_own_is_of_the_contour_alone():
    mixture = Mixture(np.ones(1), np.zeros((1, CONTOUR + 2)), np.tril(np.ones((CONTOUR + 2, CONTOUR + 2))))
    noise = np.random.default_rng(1).standard_normal((8, CONTOUR + 2))
    wide, own = mixture.moved(noise, 1.0), mixture.moved(noise, [0.4] * CONTOUR + [0.8] * 2)
    assert np.allclose(own[:, :CONTOUR], 0.4 * wide[:, :CONTOUR])
    assert np.allclose(own[:, CONTOUR:], 0.8 * wide[:, CONTOUR:])


def test_priors_are_of_all_latents_of_fewer_and_of_recordings_alone():
    latents = np.random.default_rng(0).standard_normal((60, 3)).astype(np.float32)
    found = dict(priors(latents, 20, np.ones(20), 4))
    assert [len(one.means) for one in found.values()] == [4, 12, 60, 30, 20, 20]
    assert list(found)[2:4] == ["each latent, 40 of the mix", "each latent, 10 of the mix"]
    assert all(one.spread.shape == (3, 3) for one in found.values())
    assert np.allclose(clusters(latents, 4).weights.sum(), 1)
