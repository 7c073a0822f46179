"""All measures of two sets of sounds, each with its interval, from features that are at hand."""

from __future__ import annotations

import zlib

import numpy as np

from kickitout.card.artefacts import PERIODS
from kickitout.evaluation import descriptors, frechet, kernel, neighbours, two_sample
from kickitout.evaluation.distance import pairwise
from kickitout.evaluation.features import Features
from kickitout.evaluation.resampling import bootstrap_counts, half_masks, interval, own_groups
from kickitout.evaluation.score import Found
from kickitout.evaluation.spectra import spectra_apart

DRAWS = 200  # resamplings behind an interval


def compare(real: Features, generated: Features, embedding: str, *, seed: int = 0, draws: int = DRAWS) -> list[Found]:
    """Every score of `generated` against `real`; embedding: its name, for the names of the scores.

    The draws of one measure do not depend on the others. Without draws there are no intervals.
    """
    n, m = len(real), len(generated)

    def rng(measure: str) -> np.random.Generator:
        return np.random.default_rng([seed, zlib.crc32(measure.encode())])

    counts = (
        np.concatenate([np.ones((1, n)), bootstrap_counts(n, draws, rng("real"), real.groups)]),
        np.concatenate([np.ones((1, m)), bootstrap_counts(m, draws, rng("generated"), generated.groups)]),
    )  # the first draw is the sets themselves
    found = _distances(real, generated, embedding, counts)
    found += _frechet(real, generated, embedding, rng("frechet"), draws)
    found += _balanced(real, generated, embedding, rng("balanced"), draws)
    found += _cards(real, generated, counts)
    found += _spectra(real, generated, counts)
    return found


Counts = tuple[np.ndarray, np.ndarray]
POSITIVE, SHARE = (0.0, np.inf), (0.0, 1.0)


def _found(name: str, drawn: np.ndarray, unit: str, bounds: tuple[float, float] = (-np.inf, np.inf)) -> Found:
    value = float(drawn[0])
    return Found(name, value, unit, "lower", interval(value, drawn[1:], bounds))


def _distances(real: Features, generated: Features, e: str, counts: Counts) -> list[Found]:
    a, b = real.embedded, generated.embedded
    distances = pairwise(a, a), pairwise(a, b), pairwise(b, b)
    return [
        _found(f"energy_{e}", kernel.energy_distance_drawn(*distances, *counts), "dB a cell"),
        _found(f"kid_{e}", kernel.kernel_distance_of(*kernel.kernels(a, b), *counts), ""),
    ]


def _frechet(real: Features, generated: Features, e: str, rng: np.random.Generator, draws: int) -> list[Found]:
    basis = frechet.principal_axes(real.embedded)
    a, b = frechet.project(real.embedded, basis), frechet.project(generated.embedded, basis)
    halves = half_masks(len(a), draws, rng, real.groups), half_masks(len(b), draws, rng, generated.groups)
    scatter = frechet.frechet_of(frechet.moments(a, halves[0] * 1.0), frechet.moments(b, halves[1] * 1.0))
    value, limit = frechet.frechet_distance(a, b), frechet.frechet_limit(a, b, rng)
    name, unit = f"{e}_pca{a.shape[1]}", "dB^2 a cell"
    note = f"R2 of the line {limit.r2:.2f}; interval of the plain distance, moved"
    return [
        Found(f"frechet_{name}", value, unit, "lower", interval(value, scatter, POSITIVE), "biased upwards by c/n"),
        Found(f"frechet_limit_{name}", limit.value, unit, "lower", interval(limit.value, scatter), note),
    ]


def _balanced(real: Features, generated: Features, e: str, rng: np.random.Generator, draws: int) -> list[Found]:
    """The measures that need sets of one size: a random subset of the larger one."""
    n = min(len(real), len(generated))
    real, generated = (x.take(np.sort(rng.permutation(len(x))[:n])) for x in (real, generated))
    a, b = real.embedded, generated.embedded
    distances = pairwise(a, a), pairwise(a, b), pairwise(b, b)
    halves = half_masks(n, draws, rng, real.groups), half_masks(n, draws, rng, generated.groups)
    values = neighbours.neighbour_scores(*distances)
    scatter = neighbours.neighbour_scores_drawn(*distances, *halves)
    found = []
    for i, name in enumerate(neighbours.NAMES):
        bounds = POSITIVE if name == "density" else SHARE
        spread = interval(float(values[i]), scatter[:, i], bounds)
        found.append(Found(f"{name}_{e}_k{neighbours.K}", float(values[i]), "", "higher", spread, n=(n, n)))

    groups = own_groups(n, real.groups)
    everyone = np.concatenate([groups, groups.max() + 1 + own_groups(n, generated.groups)])
    drawn = np.concatenate([np.ones((1, 2 * n)), bootstrap_counts(2 * n, draws, rng, everyone)])
    thirds = real.spectra["thirds"], generated.spectra["thirds"]
    for name, hits in (
        (f"two_sample_logistic_{e}", two_sample.logistic_hits(a, b, rng, groups)),
        ("two_sample_logistic_thirds", two_sample.logistic_hits(*thirds, rng, groups)),
        (f"two_sample_neighbours_{e}", two_sample.neighbour_hits(*distances, groups)),
    ):
        accuracy = _found(name, drawn @ hits / drawn.sum(axis=1), "", SHARE)
        found.append(accuracy._replace(n=(n, n), note="accuracy; chance is 0.5"))
    return found


def _cards(real: Features, generated: Features, counts: Counts) -> list[Found]:
    found, in_spreads = [], []
    for name in descriptors.known_in_both(real.cards, generated.cards):
        a, b = real.cards[name], generated.cards[name]
        known = np.isfinite(a), np.isfinite(b)
        away = descriptors.wasserstein_drawn(a[known[0]], b[known[1]], counts[0][:, known[0]], counts[1][:, known[1]])
        sizes = (int(known[0].sum()), int(known[1].sum()))
        found.append(_found(f"card_{name}", away, descriptors.MEASURED[name], POSITIVE)._replace(n=sizes))
        deviation = descriptors.spread(a)
        if np.isfinite(deviation):
            found.append(_found(f"card_{name}_sd", away / deviation, "sd", POSITIVE)._replace(n=sizes))
            in_spreads.append(away / deviation)
    if in_spreads:
        found.append(_found("card_mean_sd", np.mean(in_spreads, axis=0), "sd", POSITIVE))
    unknown = [
        _share(~np.isfinite(generated.cards[name]), counts[1]) - _share(~np.isfinite(real.cards[name]), counts[0])
        for name in descriptors.MEASURED
    ]
    found.append(_found("card_unknown", np.abs(unknown).mean(axis=0), "share of sounds", SHARE))
    return found


def _share(flags: np.ndarray, counts: np.ndarray) -> np.ndarray:
    return counts @ flags / counts.sum(axis=1)


def _spectra(real: Features, generated: Features, counts: Counts) -> list[Found]:
    found = []
    for kind in real.spectra:
        mean, spread = spectra_apart(real.spectra[kind], generated.spectra[kind], *counts)
        found.append(_found(f"{kind}_mean", mean, "dB", POSITIVE))
        found.append(_found(f"{kind}_spread", spread, "dB", POSITIVE))
    means = [c @ x.comb / c.sum(axis=1, keepdims=True) for x, c in ((real, counts[0]), (generated, counts[1]))]
    above = means[1] - means[0]
    worst = PERIODS[int(above[0].argmax())]
    note = f"most at multiples of rate / {worst}; below 0: fewer lines than the real kicks"
    found.append(_found("comb_lines", above.max(axis=1), "dB")._replace(note=note))
    return found
