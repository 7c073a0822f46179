"""Seed -> noise: the published generator, the right distribution, every seed on its own."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from kickitout.errors import UserError
from kickitout.generation.noise import GOLDEN, LARGEST_SEED, mix, normal

pytestmark = pytest.mark.light


def test_splitmix64_is_the_published_one():
    # The first outputs for seed 1234567, as given with the reference implementation.
    with np.errstate(over="ignore"):
        states = np.uint64(1234567) + GOLDEN * np.arange(1, 4, dtype=np.uint64)
    assert [int(v) for v in mix(states)] == [6457827717110365317, 3203168211198807973, 9817491932198370423]


def test_a_seeds_noise_does_not_depend_on_its_neighbours():
    batch = normal([7, 0, 99], 33)
    for i, seed in enumerate([7, 0, 99]):
        np.testing.assert_array_equal(batch[i], normal([seed], 33)[0])


def test_the_noise_is_standard_normal():
    x = normal(range(2000), 100).ravel().astype(np.float64)  # 200,000 draws: standard errors 0.0022 and 0.0032
    assert abs(x.mean()) < 0.01
    assert x.std() == pytest.approx(1, abs=0.01)
    assert (x**3).mean() == pytest.approx(0, abs=0.03)
    assert (x**4).mean() == pytest.approx(3, abs=0.1)


def test_neighbouring_seeds_and_places_are_uncorrelated():
    x = normal(range(400), 500).astype(np.float64)
    between_seeds = (x[1:] * x[:-1]).mean()
    between_places = (x[:, 1:] * x[:, :-1]).mean()
    halves = (x[:, :250] * x[:, 250:]).mean()  # the cosine and the sine of a pair
    assert max(abs(between_seeds), abs(between_places), abs(halves)) < 0.01  # standard error 0.0022


def test_the_noise_of_a_seed_never_changes():
    rounded = np.round(normal([0, 1, LARGEST_SEED], 8), 4)  # the last bits of log and cos may differ by platform
    assert hashlib.sha256(np.abs(rounded).tobytes()).hexdigest()[:16] == "9aad25a5b0048860"


@pytest.mark.parametrize("seed", [-1, LARGEST_SEED + 1])
def test_a_seed_out_of_range_is_refused(seed):
    with pytest.raises(UserError, match="whole numbers from 0"):
        normal([seed], 4)
