"""All measures of two sets of sounds, each with its interval, from features that are at hand."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence

import numpy as np

from kickitout.descriptors.artefacts import PERIODS
from kickitout.metrics import cards as descriptors
from kickitout.metrics import drum_types, frechet, kernel, neighbours, two_sample
from kickitout.metrics.distance import pairwise
from kickitout.metrics.embeddings import DEFAULTS, Embedding
from kickitout.metrics.features import Features
from kickitout.metrics.resampling import bootstrap_counts, groups_of_both, half_masks, interval, mean_within, wilson
from kickitout.metrics.score import Found
from kickitout.metrics.spectra import CENTRES_HZ, mean_and_spread, spectra_apart

BOOTSTRAP_DRAWS = 200  # resamplings behind an interval
RECOGNISED = "kicks_recognised"


def compare_features(
    real: Features, generated: Features, embeddings: Sequence[Embedding] = DEFAULTS, *,
    seed: int = 0, draws: int = BOOTSTRAP_DRAWS,
) -> list[Found]:  # fmt: skip
    """Every score of `generated` against `real`, in each of the embeddings they were measured in.

    The draws of one measure do not depend on the others, and are the same in each embedding. Without draws there are
    no intervals; no value depends on how many there are.
    """
    n, m = len(real), len(generated)

    def rng(measure: str) -> np.random.Generator:
        return np.random.default_rng([seed, zlib.crc32(measure.encode())])

    counts = (
        np.concatenate([np.ones((1, n)), bootstrap_counts(n, draws, rng("real"), real.groups)]),
        np.concatenate([np.ones((1, m)), bootstrap_counts(m, draws, rng("generated"), generated.groups)]),
    )  # the first draw is the sets themselves
    found = [recognised(generated)]
    found += _in_each(embeddings, lambda e: _distances(real, generated, e, counts))
    found += _in_each(embeddings, lambda e: [_diversity(real, generated, e, counts)])
    found += _in_each(embeddings, lambda e: _frechet(real, generated, e, rng, draws))
    rows = _as_many(n, m, rng("size"))
    a, b = real.take(rows[0]), generated.take(rows[1])
    found += _in_each(embeddings, lambda e: _neighbours(a, b, e, rng("neighbours"), draws))
    everyone = _everyone(a, b, rng("two-sample, drawn"), draws)
    found += _in_each(embeddings, lambda e: _c2st_accuracies(a, b, e, rng("two-sample"), everyone))
    found.append(_thirds_accuracy(a, b, rng("two-sample"), everyone))
    found += _cards(real, generated, counts)
    found += _spectra_apart(real, generated, counts)
    return found


_DrawnTwice = tuple[np.ndarray, np.ndarray]
POSITIVE, SHARE = (0.0, np.inf), (0.0, 1.0)


def _lower(name: str, drawn: np.ndarray, unit: str, bounds: tuple[float, float] = (-np.inf, np.inf)) -> Found:
    value = float(drawn[0])
    return Found(name, value, unit, "lower", interval(value, drawn[1:], bounds))


def _in_each(embeddings: Sequence[Embedding], measure: Callable[[Embedding], list[Found]]) -> list[Found]:
    """The scores of `measure` in each embedding, one score beside the same in another."""
    return [found for same in zip(*(measure(e) for e in embeddings), strict=True) for found in same]


def recognised(generated: Features) -> Found:
    """The share that the drum-type network takes for kicks, and what it takes the others for."""
    names, n = drum_types.packaged().names, len(generated)
    kinds = np.bincount(generated.types, minlength=len(names))
    hits = int(kinds[names.index(drum_types.KICK_TYPE)])
    others = [
        f"{names[i]} {kinds[i]}"
        for i in np.argsort(-kinds, kind="stable")
        if names[i] != drum_types.KICK_TYPE and kinds[i]
    ]
    note = f"by {drum_types.NAME}; others: {', '.join(others) or 'none'}"
    return Found(RECOGNISED, hits / n, "share of sounds", "higher", wilson(hits, n), note)


def _distances(real: Features, generated: Features, e: Embedding, counts: _DrawnTwice) -> list[Found]:
    a, b = real.embedded[e.name], generated.embedded[e.name]
    return [
        _lower(f"energy_{e.name}", kernel.energy_distance_drawn(*_pairs(real, generated, e), *counts), e.unit),
        _lower(f"kid_{e.name}", kernel.kernel_distance_of(*kernel.kernel_matrices(a, b), *counts), ""),
    ]


def _diversity(real: Features, generated: Features, e: Embedding, counts: _DrawnTwice) -> Found:
    """Mean distance between two generated sounds re that between two real ones."""
    rr, _, gg = _pairs(real, generated, e)
    ratio = mean_within(gg, counts[1]) / np.maximum(mean_within(rr, counts[0]), 1e-12)
    note = "real kicks have 1; above: more scattered than they are"
    return _lower(f"diversity_{e.name}", ratio, "", POSITIVE)._replace(better="higher", note=note)


def _frechet(
    real: Features, generated: Features, e: Embedding, rng: Callable[[str], np.random.Generator], draws: int
) -> list[Found]:
    drawn = rng("frechet, drawn")
    basis = frechet.principal_axes(real.embedded[e.name])
    a, b = (frechet.project(x.embedded[e.name], basis) for x in (real, generated))
    halves = half_masks(len(a), draws, drawn, real.groups), half_masks(len(b), draws, drawn, generated.groups)
    scatter = frechet.frechet_of(frechet.moments(a, halves[0] * 1.0), frechet.moments(b, halves[1] * 1.0))
    value, limit = frechet.frechet_distance(a, b), frechet.frechet_limit(a, b, rng("frechet"))
    name, unit = f"{e.name}_pca{a.shape[1]}", e.squared
    note = f"R2 of the line {limit.r2:.2f}; interval of the plain distance, moved"
    return [
        Found(f"frechet_{name}", value, unit, "lower", interval(value, scatter, POSITIVE), "biased upwards by c/n"),
        Found(f"frechet_limit_{name}", limit.value, unit, "lower", interval(limit.value, scatter), note),
    ]


def _as_many(n: int, m: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Indices of a random subset of the larger set, as large as the smaller: some measures need sets of one size."""
    size = min(n, m)
    return np.sort(rng.permutation(n)[:size]), np.sort(rng.permutation(m)[:size])


def _pairs(real: Features, generated: Features, e: Embedding) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    a, b = real.embedded[e.name], generated.embedded[e.name]
    return pairwise(a, a), pairwise(a, b), pairwise(b, b)


def _neighbours(real: Features, generated: Features, e: Embedding, rng: np.random.Generator, draws: int) -> list[Found]:
    n, distances = len(real), _pairs(real, generated, e)
    halves = half_masks(n, draws, rng, real.groups), half_masks(n, draws, rng, generated.groups)
    values = neighbours.neighbour_scores(*distances)
    scatter = neighbours.neighbour_scores_drawn(*distances, *halves)
    found = []
    for i, name in enumerate(neighbours.NEIGHBOUR_SCORES):
        bounds = POSITIVE if name == "density" else SHARE
        spread = interval(float(values[i]), scatter[:, i], bounds)
        found.append(Found(f"{name}_{e.name}_k{neighbours.K}", float(values[i]), "", "higher", spread, n=(n, n)))
    return found


def _c2st_accuracies(
    real: Features, generated: Features, e: Embedding, rng: np.random.Generator, everyone: np.ndarray
) -> list[Found]:
    points, groups = (real.embedded[e.name], generated.embedded[e.name]), (real.groups, generated.groups)
    return [
        _accuracy(f"two_sample_logistic_{e.name}", two_sample.logistic_hits(*points, rng, groups), everyone),
        _accuracy(
            f"two_sample_neighbours_{e.name}", two_sample.neighbour_hits(*_pairs(real, generated, e), groups), everyone
        ),
    ]


def _thirds_accuracy(real: Features, generated: Features, rng: np.random.Generator, everyone: np.ndarray) -> Found:
    thirds, groups = (real.spectra["thirds"], generated.spectra["thirds"]), (real.groups, generated.groups)
    return _accuracy("two_sample_logistic_thirds", two_sample.logistic_hits(*thirds, rng, groups), everyone)


def _everyone(real: Features, generated: Features, rng: np.random.Generator, draws: int) -> np.ndarray:
    """[1 + draws, 2 n] how often each sound of both sets is drawn; the first draw is the sets themselves."""
    both = groups_of_both(real.groups, generated.groups)
    return np.concatenate([np.ones((1, len(both))), bootstrap_counts(len(both), draws, rng, both)])


def _accuracy(name: str, hits: np.ndarray, drawn: np.ndarray) -> Found:
    found = _lower(name, drawn @ hits / drawn.sum(axis=1), "", SHARE)
    return found._replace(n=(len(hits) // 2, len(hits) // 2), note="accuracy; chance is 0.5")


def _cards(real: Features, generated: Features, counts: _DrawnTwice) -> list[Found]:
    found, in_spreads = [], {}
    for name in descriptors.known_in_both(real.cards, generated.cards):
        a, b = real.cards[name], generated.cards[name]
        known = np.isfinite(a), np.isfinite(b)
        away = descriptors.wasserstein_drawn(a[known[0]], b[known[1]], counts[0][:, known[0]], counts[1][:, known[1]])
        sizes = (int(known[0].sum()), int(known[1].sum()))
        found.append(_lower(f"card_{name}", away, descriptors.CARD_UNITS[name], POSITIVE)._replace(n=sizes))
        deviation = descriptors.spread(a)
        if np.isfinite(deviation):
            found.append(_lower(f"card_{name}_sd", away / deviation, "sd", POSITIVE)._replace(n=sizes))
            in_spreads[name] = away / deviation
    if in_spreads:
        table = np.stack(list(in_spreads.values()))
        worst = list(in_spreads)[int(table[:, 0].argmax())]
        found.append(_lower("card_mean_sd", table.mean(axis=0), "sd", POSITIVE))
        found.append(_lower("card_worst_sd", table.max(axis=0), "sd", POSITIVE)._replace(note=worst))
    unknown = [
        _drawn_share(~np.isfinite(generated.cards[name]), counts[1])
        - _drawn_share(~np.isfinite(real.cards[name]), counts[0])
        for name in descriptors.CARD_UNITS
    ]
    found.append(_lower("card_unknown", np.abs(unknown).mean(axis=0), "share of sounds", SHARE))
    return found


def _drawn_share(flags: np.ndarray, counts: np.ndarray) -> np.ndarray:
    return counts @ flags / counts.sum(axis=1)


def _spectra_apart(real: Features, generated: Features, counts: _DrawnTwice) -> list[Found]:
    found = []
    for kind in real.spectra:
        mean, spread = spectra_apart(real.spectra[kind], generated.spectra[kind], *counts)
        found.append(_lower(f"{kind}_mean", mean, "dB", POSITIVE))
        found.append(_lower(f"{kind}_spread", spread, "dB", POSITIVE))
    bands = [
        mean_and_spread(x.spectra["thirds"], c)[0] for x, c in ((real, counts[0]), (generated, counts[1]))
    ]  # [draws, 30] each
    more = bands[1] - bands[0]
    at = int(np.abs(more[0]).argmax())
    note = f"{more[0, at]:+.1f} dB at {CENTRES_HZ[at]:.0f} Hz"
    found.append(_lower("thirds_worst", np.abs(more).max(axis=1), "dB", POSITIVE)._replace(note=note))
    means = [c @ x.comb / c.sum(axis=1, keepdims=True) for x, c in ((real, counts[0]), (generated, counts[1]))]
    above = means[1] - means[0]
    worst = PERIODS[int(above[0].argmax())]
    note = f"most at multiples of rate / {worst}; below 0: fewer lines than the real kicks"
    found.append(_lower("comb_lines", above.max(axis=1), "dB")._replace(note=note))
    return found
