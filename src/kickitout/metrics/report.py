"""Two sets of sounds -> scores, each beside the real-vs-real baseline; as a table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from kickitout.datasets.groups import near_duplicate_groups
from kickitout.errors import count
from kickitout.metrics.cards import CARD_UNITS
from kickitout.metrics.compare import BOOTSTRAP_DRAWS, RECOGNISED, compare_features, recognised
from kickitout.metrics.embeddings import DEFAULTS, Embedding
from kickitout.metrics.features import Features, measure_features
from kickitout.metrics.memorisation import Audit
from kickitout.metrics.resampling import own_groups, wilson
from kickitout.metrics.score import FEWEST, UNNAMED, Found, Score, refuse_too_few
from kickitout.text import columns
from kickitout.workers import Workers

COPIES = "near_duplicates"
SPLITS = 4  # of the real kicks into halves; their mean is what stands beside a score
Beside = dict[
    str, tuple[float, tuple[int, int]]
]  # score -> value of the real-vs-real baseline, and the sizes of the halves


def score_sets(
    generated: np.ndarray, real: np.ndarray, seed: int = 0, embeddings: Sequence[Embedding] = DEFAULTS,
    groups: np.ndarray | None = None, draws: int = BOOTSTRAP_DRAWS, workers: Workers | None = None,
    reference: str = UNNAMED,
) -> list[Score]:  # fmt: skip
    """Scores of generated [n, T] against real [m, T].

    embeddings: distances and neighbours are measured in each. groups: groups of the real kicks, found when not given.
    workers: who measures; threads of this process where there are none. reference: digest of the real kicks' dataset.
    Raises UserError when a set is too small to say anything.
    """
    refuse_too_few(len(real), "real kicks")
    refuse_too_few(len(generated), "generated sounds")
    groups = near_duplicate_groups(real) if groups is None else groups
    refuse_too_alike(groups)
    a, b = (
        measure_features(real, embeddings, groups, workers=workers),
        measure_features(generated, embeddings, workers=workers),
    )
    return score_features(b, a, embeddings, seed=seed, draws=draws, reference=reference)


def score_features(
    generated: Features, real: Features, embeddings: Sequence[Embedding] = DEFAULTS, *,
    seed: int = 0, draws: int = BOOTSTRAP_DRAWS, beside: Beside | None = None, reference: str = UNNAMED,
) -> list[Score]:  # fmt: skip
    """The same from features that are at hand, and from what `real_vs_real` gave where that is too."""
    beside = real_vs_real(real, embeddings, seed) if beside is None else beside
    return [
        Score(
            f.name, f.value, f.interval, f.n or (len(real), len(generated)), reference, f.unit, f.better,
            *beside.get(f.name, (float("nan"), (0, 0))), seed, f.note,
        )
        for f in compare_features(real, generated, embeddings, seed=seed, draws=draws)
    ]  # fmt: skip


def real_vs_real(real: Features, embeddings: Sequence[Embedding] = DEFAULTS, seed: int = 0) -> Beside:
    """Mean of each score over SPLITS of the real kicks into halves by group, and the size of the last halves.

    The share that is recognised as kicks is no comparison: it is that of all real kicks.
    """
    found, sizes = compare_halves(real, embeddings, np.random.default_rng([seed, 1]), SPLITS, seed)
    means = {name: (float(np.mean([f.value for f in each])), sizes) for name, each in found.items()}
    return means | {RECOGNISED: (recognised(real).value, (len(real), len(real)))}


def compare_halves(
    real: Features, embeddings: Sequence[Embedding], rng: np.random.Generator, splits: int, seed: int
) -> tuple[dict[str, list[Found]], tuple[int, int]]:
    """Real kicks against real kicks: each score over splits into halves by group, and the sizes of the last halves."""
    return over_halves(real.groups, rng, splits, lambda first: compare_features(
        real.take(first), real.take(~first), embeddings, seed=seed, draws=0))  # fmt: skip


def over_halves(
    groups: np.ndarray, rng: np.random.Generator, splits: int, compare: Callable[[np.ndarray], Iterable[Found]]
) -> tuple[dict[str, list[Found]], tuple[int, int]]:
    """The same of any comparison of a half, [n] bool, with the other."""
    found: dict[str, list[Found]] = {}
    for _ in range(splits):
        first = halves(groups, rng)
        for f in compare(first):
            found.setdefault(f.name, []).append(f)
    return found, (int(first.sum()), int((~first).sum()))


def halves(groups: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """[n] bool: about half of the sounds, in whole groups; at most half, so that one huge group leaves the rest."""
    who = own_groups(len(groups), groups)
    sizes = np.bincount(who)
    taken, total = np.zeros(len(sizes), bool), 0
    for group in rng.permutation(len(sizes)):
        if total + sizes[group] <= len(groups) / 2:
            taken[group] = True
            total += sizes[group]
    return taken[who]


def refuse_too_alike(groups: np.ndarray) -> None:
    """Raise UserError where near-duplicates leave too few groups to be split."""
    refuse_too_few(len(np.unique(groups)), "groups of real kicks", FEWEST // 2)


def near_duplicates(found: Audit) -> Found:
    """The share of near-duplicates."""
    n, hits = len(found.distance), int(found.copies.sum())
    note = f"{count(hits, 'sound')} nearer than {found.threshold:.4f} to a training kick"
    sizes = len(found.null_distances), n
    return Found(COPIES, hits / n, "share of sounds", "lower", wilson(hits, n), note, sizes, headline=True)


def copies_score(found: Audit, reference: str) -> Score:
    """Their share; beside it that of held-out kicks, which is one in a hundred by definition."""
    f, known = near_duplicates(found), len(found.null_distances)
    return Score(
        f.name, f.value, f.interval, (known, len(found.distance)), reference, f.unit, f.better,
        found.false_positives, (known, known), 0, f.note,
    )  # fmt: skip


def scores_text(scores: Sequence[Score]) -> str:
    """A table. The fields of the card are in their unit, with the reals' standard deviations beside."""
    of_fields = {f"card_{name}_sd" for name in CARD_UNITS}
    listed = [s for s in scores if s.name not in of_fields]
    in_sd = {s.name.removesuffix("_sd"): s.value for s in scores if s.name.endswith("_sd")}
    rows = [["score", "value", "95 % interval", "real vs real", "unit", "better", "n", ""]]
    for s in listed:
        note = f"{in_sd[s.name]:.2f} sd" if s.name in in_sd else s.note
        span = f"{number(s.interval[0])} to {number(s.interval[1])}"
        n = f"{s.n[0]}, {s.n[1]}"
        rows.append([s.name, number(s.value), span, number(s.real), s.unit, s.better, n, note])
    first = next((s for s in scores if s.name != RECOGNISED), scores[0])
    head = (
        f"reference {first.reference[:12]}, seed {first.seed}; n: real, generated; "
        f"real vs real on halves of {first.real_n[0]} and {first.real_n[1]}"
    )
    return f"{head}\n\n{columns(rows)}"


def number(x: float) -> str:
    """Three digits that count."""
    return f"{x:.3g}" if np.isfinite(x) else "-"
