"""Several sets of sounds against the same real kicks, in one table: a row a score, a column a set.

The first column is the floor: real kicks against real kicks of other groups, in halves.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from kickitout.metrics.compare import RECOGNISED, compare, recognised
from kickitout.metrics.embeddings import DEFAULTS, Embedding
from kickitout.metrics.features import Features
from kickitout.metrics.report import halves, number
from kickitout.metrics.score import Found

FLOOR_SPLITS = 20
COPIES = "near_copies"
# What stands in the table: {e} is each embedding in turn. A name may end before the dimension that follows it.
IN_EACH = (
    "frechet_limit_{e}_pca", "kid_{e}", "precision_{e}_k", "recall_{e}_k", "density_{e}_k", "coverage_{e}_k",
    "diversity_{e}", "two_sample_logistic_{e}", "two_sample_neighbours_{e}",
)  # fmt: skip
ALONE = ("two_sample_logistic_thirds", "card_mean_sd", "card_worst_sd", "thirds_worst", RECOGNISED, COPIES)
NOTED = ("card_worst_sd", "thirds_worst")  # the note says which field, which band


class Column(NamedTuple):
    """One set: its name in the table, what it is, and its scores by name."""

    name: str
    about: str
    scores: dict[str, Found]


def column(
    name: str, about: str, generated: Features, real: Features, copies: Found | None = None,
    embeddings: Sequence[Embedding] = DEFAULTS, *, seed: int = 0, draws: int = 200,
) -> Column:  # fmt: skip
    """The scores of one set against the real kicks, with intervals over groups; copies: see `copies_score`."""
    found = {f.name: f for f in compare(real, generated, embeddings, seed=seed, draws=draws)}
    return Column(name, about, found if copies is None else found | {COPIES: copies})


def floor(
    real: Features, copies: Found | None = None, embeddings: Sequence[Embedding] = DEFAULTS, *,
    seed: int = 0, splits: int = FLOOR_SPLITS,
) -> Column:  # fmt: skip
    """Real against real: the mean over many halvings by group, and where 95 % of them lie.

    The share recognised and that of near-copies are no comparisons: they are those of all real kicks.
    """
    rng = np.random.default_rng([seed, 3])
    values: dict[str, list[float]] = {}
    for _ in range(splits):
        first = halves(real.groups, rng)
        for f in compare(real.take(first), real.take(~first), embeddings, seed=seed, draws=0):
            values.setdefault(f.name, []).append(f.value)
    found = {
        name: Found(name, float(np.mean(v)), "", "lower", (float(np.quantile(v, 0.025)), float(np.quantile(v, 0.975))))
        for name, v in values.items()
    }
    found[RECOGNISED] = recognised(real)
    if copies is not None:
        found[COPIES] = copies
    sizes = f"{int(first.sum())} and {int((~first).sum())}"
    about = f"halves of the real kicks, {sizes}, {splits} times; brackets: 95 % of the times"
    return Column("real against real", about, found)


def scoreboard_text(columns: Sequence[Column], embeddings: Sequence[Embedding] = DEFAULTS) -> str:
    """Markdown: what each column is, then the table."""
    lines = [f"- **{c.name}**: {c.about}" for c in columns]
    lines += ["", f"| score | better | {' | '.join(c.name for c in columns)} |", "|---|---|" + "---|" * len(columns)]
    names = [name.format(e=e.name) for name in IN_EACH for e in embeddings] + list(ALONE)
    for name in names:
        cells = [_found(c, name) for c in columns]
        known = [f for f in cells[1:] if f is not None] or [f for f in cells if f is not None]
        if known:
            shown = [_cell(f) for f in cells]
            lines.append(f"| `{known[0].name}` | {known[0].better} | {' | '.join(shown)} |")
    return "\n".join(lines)


def _found(column: Column, name: str) -> Found | None:
    if name in column.scores:
        return column.scores[name]
    if name[-1] in "ak":  # pca16, k5: the dimension follows
        return next((f for key, f in column.scores.items() if key.startswith(name)), None)
    return None


def _cell(found: Found | None) -> str:
    if found is None:
        return ""
    span = f" [{number(found.interval[0])}, {number(found.interval[1])}]" if np.isfinite(found.interval[0]) else ""
    note = f" {found.note}" if found.name in NOTED and found.note else ""
    return f"{number(found.value)}{span}{note}"
