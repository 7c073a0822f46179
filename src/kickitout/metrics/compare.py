"""All measures of two sets of sounds, each with its interval, from features that are at hand.

MEASURES is the one list of them: `compare_features` walks it in its order, the scoreboard shows its headlines, and
docs/scores.md is held against it.
"""

from __future__ import annotations

import functools
import math
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from operator import attrgetter
from typing import Any, Literal, NamedTuple

import numpy as np

from kickitout.descriptors.artefacts import PERIODS
from kickitout.metrics import cards as descriptors
from kickitout.metrics import distance, drum_types, frechet, neighbours, two_sample
from kickitout.metrics.embeddings import DEFAULTS, Embedding
from kickitout.metrics.features import SPECTRA, Features
from kickitout.metrics.resampling import bootstrap_counts, groups_of_both, half_masks, interval, mean_within, wilson
from kickitout.metrics.score import Found
from kickitout.metrics.spectra import CENTRES_HZ, mean_and_spread, spectra_apart

BOOTSTRAP_DRAWS = 200  # resamplings behind an interval
RECOGNISED = "kicks_recognised"
EVERYWHERE, POSITIVE, SHARE = (-math.inf, math.inf), (0.0, math.inf), (0.0, 1.0)
Triple = tuple[np.ndarray, np.ndarray, np.ndarray]  # real-real, real-generated, generated-generated


class Drawn(NamedTuple):
    """A score of the sets themselves, and of each resampling of them."""

    values: np.ndarray  # [1 + draws]
    note: str = ""
    n: tuple[int, int] | None = None  # where a measure uses fewer sounds than it is given
    dimension: int = 0  # {d} in the name
    span: tuple[float, float] | None = None  # where the interval is not that of the resampled values


class Measure(NamedTuple):
    """One score, or one for each embedding.

    name: {e} is the embedding's, {d} a dimension. of: a pair of sets, and the embedding where the name has one -> the
    score, or None where the sets have no such thing. unit: "" for none, or a function of the embedding. headline: a
    row of the scoreboard.
    """

    name: str
    unit: str | Callable[[Embedding], str]
    of: Callable[..., Drawn | None]
    better: Literal["lower", "higher"] = "lower"
    bounds: tuple[float, float] = EVERYWHERE
    headline: bool = False

    def found(self, drawn: Drawn | None, embedding: Embedding | None = None) -> Iterator[Found]:
        if drawn is not None:
            value, named = float(drawn.values[0]), "" if embedding is None else embedding.name
            unit = self.unit if isinstance(self.unit, str) else self.unit(embedding)  # type: ignore[arg-type]
            span = drawn.span or interval(value, drawn.values[1:], self.bounds)
            name = self.name.format(e=named, d=drawn.dimension)
            yield Found(name, value, unit, self.better, span, drawn.note, drawn.n, self.headline)

    def scores(self, pair: SetPair, embeddings: Sequence[Embedding]) -> Iterator[Found]:
        if "{e}" not in self.name:
            yield from self.found(self.of(pair))
        else:
            for embedding in embeddings:
                yield from self.found(self.of(pair, embedding), embedding)


class SetPair:
    """Two sets of sounds and their resamplings: what measures share is computed when the first of them asks for it.

    The draws of one measure do not depend on the others, and are the same in each embedding. The labels of random
    streams (`rng`) are frozen.
    """

    def __init__(self, real: Features, generated: Features, seed: int, draws: int) -> None:
        self.real, self.generated, self.seed, self.draws = real, generated, seed, draws
        self._known: dict[tuple[Any, ...], Any] = {}

    def rng(self, measure: str) -> np.random.Generator:
        return np.random.default_rng([self.seed, zlib.crc32(measure.encode())])

    def once(self, of: Callable[..., Any], *key: Any) -> Any:
        """What `of` gives for this pair and key, computed once."""
        if (of, *key) not in self._known:
            self._known[of, *key] = of(self, *key)
        return self._known[of, *key]

    @cached_property
    def counts(self) -> tuple[np.ndarray, np.ndarray]:
        """[1 + draws, n], [1 + draws, m] how often each sound is drawn; the first draw is the sets themselves."""
        a, b = (
            _and_itself(bootstrap_counts(len(groups), self.draws, self.rng(label), groups))
            for label, groups in zip(("real", "generated"), self.groups, strict=True)
        )
        return a, b

    @cached_property
    def of_one_size(self) -> SetPair:
        """The smaller set and a random subset of the larger one, for measures that need as many of each."""
        n, m, rng = len(self.real), len(self.generated), self.rng("size")
        rows = [np.sort(rng.permutation(k)[: min(n, m)]) for k in (n, m)]
        return SetPair(self.real.take(rows[0]), self.generated.take(rows[1]), self.seed, self.draws)

    @cached_property
    def everyone(self) -> np.ndarray:
        """[1 + draws, n + m] how often each sound of both sets is drawn together."""
        both = groups_of_both(*self.groups)
        return _and_itself(bootstrap_counts(len(both), self.draws, self.rng("two-sample, drawn"), both))

    def points(self, e: Embedding) -> tuple[np.ndarray, np.ndarray]:
        return self.real.embedded[e.name], self.generated.embedded[e.name]

    def distances(self, e: Embedding) -> Triple:
        """Large: computed each time, kept by nobody."""
        a, b = self.points(e)
        return distance.pairwise(a, a), distance.pairwise(a, b), distance.pairwise(b, b)

    @property
    def groups(self) -> tuple[np.ndarray, np.ndarray]:
        return self.real.groups, self.generated.groups

    @property
    def drawn(self) -> Iterator[tuple[Features, np.ndarray]]:
        """Each set with its counts, the real one first."""
        return zip((self.real, self.generated), self.counts, strict=True)

    def halves(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """[draws, n], [draws, m] bool: halves of either set."""
        a, b = (half_masks(len(groups), self.draws, rng, groups) for groups in self.groups)
        return a, b


def _and_itself(counts: np.ndarray) -> np.ndarray:
    return np.concatenate([np.ones((1, counts.shape[1])), counts])


def compare_features(
    real: Features, generated: Features, embeddings: Sequence[Embedding] = DEFAULTS, *,
    seed: int = 0, draws: int = BOOTSTRAP_DRAWS,
) -> list[Found]:  # fmt: skip
    """Every score of `generated` against `real`, in each of the embeddings they were measured in.

    Without draws there are no intervals; no value depends on how many there are.
    """
    pair = SetPair(real, generated, seed, draws)
    return [found for measure in MEASURES for found in measure.scores(pair, embeddings)]


def recognised(sounds: Features) -> Found:
    """The share of sounds that the drum-type network takes for kicks, and what it takes the others for."""
    (found,) = KICKS_RECOGNISED.found(_recognised(sounds))
    return found


def _recognised(sounds: Features) -> Drawn:
    names, n = drum_types.packaged().names, len(sounds)
    kinds = np.bincount(sounds.types, minlength=len(names))
    hits = int(kinds[names.index(drum_types.KICK_TYPE)])
    others = [
        f"{names[i]} {kinds[i]}"
        for i in np.argsort(-kinds, kind="stable")
        if names[i] != drum_types.KICK_TYPE and kinds[i]
    ]
    note = f"by {drum_types.NAME}; others: {', '.join(others) or 'none'}"
    return Drawn(np.array([hits / n]), note, span=wilson(hits, n))


def _energy(pair: SetPair, e: Embedding) -> Drawn:
    return Drawn(distance.energy_distance_drawn(*pair.distances(e), *pair.counts))


def _kid(pair: SetPair, e: Embedding) -> Drawn:
    return Drawn(distance.kernel_distance_of(*distance.kernel_matrices(*pair.points(e)), *pair.counts))


def _diversity(pair: SetPair, e: Embedding) -> Drawn:
    """Mean distance between two generated sounds re that between two real ones."""
    rr, _, gg = pair.distances(e)
    ratio = mean_within(gg, pair.counts[1]) / np.maximum(mean_within(rr, pair.counts[0]), 1e-12)
    return Drawn(ratio, "real kicks have 1; above: more scattered than they are")


def _in_real_axes(pair: SetPair, e: Embedding) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Both sets in the principal axes of the real one [n, d], [m, d]; Frechet distances of their halves [draws]."""
    basis = frechet.principal_axes(pair.points(e)[0])
    a, b = (frechet.project(points, basis) for points in pair.points(e))
    halves = pair.halves(pair.rng("frechet, drawn"))
    return a, b, frechet.frechet_of(frechet.moments(a, halves[0] * 1.0), frechet.moments(b, halves[1] * 1.0))


def _frechet(pair: SetPair, e: Embedding) -> Drawn:
    a, b, scatter = pair.once(_in_real_axes, e)
    values = np.concatenate([[frechet.frechet_distance(a, b)], scatter])
    return Drawn(values, "biased upwards by c/n", dimension=a.shape[1])


def _frechet_limit(pair: SetPair, e: Embedding) -> Drawn:
    a, b, scatter = pair.once(_in_real_axes, e)
    limit = frechet.frechet_limit(a, b, pair.rng("frechet"))
    note = f"R2 of the line {limit.r2:.2f}; interval of the plain distance, moved"
    return Drawn(np.concatenate([[limit.value], scatter]), note, dimension=a.shape[1])


def _all_neighbours(pair: SetPair, e: Embedding) -> np.ndarray:
    """[1 + draws, 4]"""
    distances = pair.distances(e)
    drawn = neighbours.neighbour_scores_drawn(*distances, *pair.halves(pair.rng("neighbours")))
    return np.concatenate([neighbours.neighbour_scores(*distances)[None], drawn])


def _neighbours(index: int) -> Callable[[SetPair, Embedding], Drawn]:
    def of(pair: SetPair, e: Embedding) -> Drawn:
        pair = pair.of_one_size
        return Drawn(pair.once(_all_neighbours, e)[:, index], n=(len(pair.real), len(pair.real)))

    return of


def _logistic_accuracy(pair: SetPair, e: Embedding) -> Drawn:
    pair = pair.of_one_size
    return _accuracy(pair, two_sample.logistic_hits(*pair.points(e), pair.rng("two-sample"), pair.groups))


def _neighbour_accuracy(pair: SetPair, e: Embedding) -> Drawn:
    pair = pair.of_one_size
    return _accuracy(pair, two_sample.neighbour_hits(*pair.distances(e), pair.groups))


def _logistic_thirds(pair: SetPair) -> Drawn:
    pair = pair.of_one_size
    thirds = pair.real.spectra["thirds"], pair.generated.spectra["thirds"]
    return _accuracy(pair, two_sample.logistic_hits(*thirds, pair.rng("two-sample"), pair.groups))


def _accuracy(pair: SetPair, hits: np.ndarray) -> Drawn:
    accuracy = pair.everyone @ hits / pair.everyone.sum(axis=1)
    return Drawn(accuracy, "accuracy; chance is 0.5", (len(pair.real), len(pair.real)))


def _cards(pair: SetPair) -> dict[str, Drawn]:
    """Fields of the card: by name in the field's unit, by name_sd in standard deviations of the real kicks."""
    found, in_deviations = {}, {}
    for name in descriptors.known_in_both(pair.real.cards, pair.generated.cards):
        values = pair.real.cards[name], pair.generated.cards[name]
        known = [np.isfinite(x) for x in values]
        counts = [c[:, k] for c, k in zip(pair.counts, known, strict=True)]
        away = descriptors.wasserstein_drawn(values[0][known[0]], values[1][known[1]], *counts)
        found[name] = Drawn(away, n=(int(known[0].sum()), int(known[1].sum())))
        deviation = descriptors.spread(values[0])
        if np.isfinite(deviation):
            found[f"{name}_sd"] = found[name]._replace(values=away / deviation)
            in_deviations[name] = away / deviation
    if in_deviations:
        table = np.stack(list(in_deviations.values()))
        found["mean_sd"] = Drawn(table.mean(axis=0))
        found["worst_sd"] = Drawn(table.max(axis=0), list(in_deviations)[int(table[:, 0].argmax())])
    return found


def _of_card(name: str) -> Callable[[SetPair], Drawn | None]:
    return lambda pair: pair.once(_cards).get(name)


def _unknown(pair: SetPair) -> Drawn:
    """Difference of the shares of sounds without a value, mean over the fields."""
    real, generated = (
        np.array([counts @ ~np.isfinite(x.cards[name]) / counts.sum(axis=1) for name in descriptors.CARD_UNITS])
        for x, counts in pair.drawn
    )
    return Drawn(np.abs(generated - real).mean(axis=0))


def _spectra_of(pair: SetPair, kind: str) -> tuple[np.ndarray, np.ndarray]:
    return spectra_apart(pair.real.spectra[kind], pair.generated.spectra[kind], *pair.counts)


def _spectrum(kind: str, part: int) -> Callable[[SetPair], Drawn]:
    return lambda pair: Drawn(pair.once(_spectra_of, kind)[part])


def _worst_third(pair: SetPair) -> Drawn:
    real, generated = (mean_and_spread(x.spectra["thirds"], counts)[0] for x, counts in pair.drawn)
    more = generated - real  # [1 + draws, 30]
    at = int(np.abs(more[0]).argmax())
    return Drawn(np.abs(more).max(axis=1), f"{more[0, at]:+.1f} dB at {CENTRES_HZ[at]:.0f} Hz")


def _period_lines(pair: SetPair) -> Drawn:
    real, generated = (counts @ x.comb / counts.sum(axis=1, keepdims=True) for x, counts in pair.drawn)
    above = generated - real
    worst = PERIODS[int(above[0].argmax())]
    return Drawn(above.max(axis=1), f"most at multiples of rate / {worst}; below 0: fewer lines than the real kicks")


_unit, _squared = attrgetter("unit"), attrgetter("squared")
KICKS_RECOGNISED = Measure(
    RECOGNISED, "share of sounds", lambda pair: _recognised(pair.generated), "higher", SHARE, headline=True
)
MEASURES: tuple[Measure, ...] = (
    KICKS_RECOGNISED,
    Measure("energy_{e}", _unit, _energy),
    Measure("kid_{e}", "", _kid, headline=True),
    Measure("diversity_{e}", "", _diversity, "higher", POSITIVE, headline=True),
    Measure("frechet_{e}_pca{d}", _squared, _frechet, bounds=POSITIVE),
    Measure("frechet_limit_{e}_pca{d}", _squared, _frechet_limit, headline=True),
    *(
        Measure(f"{name}_{{e}}_k{neighbours.K}", "", _neighbours(i), "higher",
                POSITIVE if name == "density" else SHARE, headline=True)
        for i, name in enumerate(neighbours.NEIGHBOUR_SCORES)
    ),
    Measure("two_sample_logistic_{e}", "", _logistic_accuracy, bounds=SHARE, headline=True),
    Measure("two_sample_neighbours_{e}", "", _neighbour_accuracy, bounds=SHARE, headline=True),
    Measure("two_sample_logistic_thirds", "", _logistic_thirds, bounds=SHARE, headline=True),
    *(
        measure
        for name, unit in descriptors.CARD_UNITS.items()
        for measure in (
            Measure(f"card_{name}", unit, _of_card(name), bounds=POSITIVE),
            Measure(f"card_{name}_sd", "sd", _of_card(f"{name}_sd"), bounds=POSITIVE),
        )
    ),
    Measure("card_mean_sd", "sd", _of_card("mean_sd"), bounds=POSITIVE, headline=True),
    Measure("card_worst_sd", "sd", _of_card("worst_sd"), bounds=POSITIVE, headline=True),
    Measure("card_unknown", "share of sounds", _unknown, bounds=SHARE),
    *(
        Measure(f"{kind}_{part}", "dB", _spectrum(kind, i), bounds=POSITIVE)
        for kind in SPECTRA
        for i, part in enumerate(("mean", "spread"))
    ),
    Measure("thirds_worst", "dB", _worst_third, bounds=POSITIVE, headline=True),
    Measure("comb_lines", "dB", _period_lines),
)  # fmt: skip


@functools.cache
def score_bounds(score: str) -> tuple[float, float]:
    """What the definition of a score of MEASURES allows, by its name; everything for another name.

    >>> score_bounds("recall_bands_k5"), score_bounds("energy_bands")
    ((0.0, 1.0), (-inf, inf))
    """
    for measure in MEASURES:
        pattern = re.escape(measure.name).replace(r"\{e\}", ".+").replace(r"\{d\}", r"\d+")
        if re.fullmatch(pattern, score):
            return measure.bounds
    return EVERYWHERE


def compare_two(
    real: Features, generated: Features, other: Features, measures: Sequence[Measure] = MEASURES,
    embeddings: Sequence[Embedding] = DEFAULTS, *, seed: int = 0, draws: int = BOOTSTRAP_DRAWS,
) -> list[Found]:  # fmt: skip
    """Scores of `generated` less those of `other`, both against `real`, each with the interval of the difference.

    A draw takes the same real kicks for both where both sets are at least as large as the real one. Where a score draws
    both sets together (C2ST) the two are drawn apart, which makes the interval wider. A share that is not resampled
    (`kicks_recognised`) has none.
    """
    pair, beside = SetPair(real, generated, seed, draws), SetPair(real, other, seed, draws)
    return [found for measure in measures for found in _less(measure, beside).scores(pair, embeddings)]


def _less(measure: Measure, beside: SetPair) -> Measure:
    """A measure of a pair, less what it is of another, draw by draw; of no pair where either has none."""

    def of(pair: SetPair, *embedding: Embedding) -> Drawn | None:
        one, two = measure.of(pair, *embedding), measure.of(beside, *embedding)
        return None if one is None or two is None else one._replace(values=one.values - two.values, span=None)

    return measure._replace(of=of, bounds=EVERYWHERE)
