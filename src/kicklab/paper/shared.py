"""What the sections of the studies do alike: forest plots, tables of all rows, mean curves."""

from __future__ import annotations

import math
import re

import numpy as np
from markupsafe import Markup

from kickitout.errors import UserError
from kicklab.folder import Lab
from kicklab.paper.charts import SERIES_STYLES, Axis, Bar, Series, short
from kicklab.paper.context import PAPER_PARTS, Paper
from kicklab.paper.words import cell, shown
from kicklab.results import Results, read_results

HEADLINE = "energy"
NOT_LEARNED = ("reals", "augmented", "procedural", "ceiling")
SCORES = (
    ("energy", "energy distance [dB]"),
    ("energy_drum-type", "the same by drum types"),
    ("kicks_recognised", "recognised as kicks"),
    ("frechet", "Fréchet distance"),
    ("precision", "precision"),
    ("recall", "recall"),
    ("two_sample_logistic", "C2ST accuracy"),
    ("card_mean_sd", "card [sd]"),
    ("near_copies", "near-copies"),
)


def bars(paper: Paper, study: str, score: str, *sources: str) -> list[Bar]:
    """A forest plot's rows, the best first, each with the mark of its representation's ceiling."""
    found = [e for e in paper.results.estimates(study, score, *sources) if math.isfinite(e.value)]
    found.sort(key=lambda e: e.value, reverse=bool(found) and found[0].better == "higher")
    made = []
    for e in found:
        ceiling = paper.ceiling_of(study, e.row)
        at = paper.estimate(study, ceiling, score) if ceiling else None
        made.append(Bar(shown(e.row), e.value, e.low, e.high, paper.style(study, e.row), at.value if at else math.nan))
    return made


def real_level(paper: Paper, study: str, score: str) -> float:
    """The real-vs-real baseline of a score, mean over the rows."""
    return paper.results.beside(study, score)


def axis_for(label: str, unit: str, found: list[Bar]) -> Axis:
    """A logarithmic axis where estimates span more than a factor of twenty and all are positive."""
    values = [b.value for b in found if math.isfinite(b.value)]
    log = bool(values) and min(values) > 0 and max(values) / min(values) > 20
    return Axis(label, unit, log=log, low=min(values) / 3 if log else None)


def score_table(paper: Paper, study: str, identity: str, scores: tuple[tuple[str, str], ...], caption: str) -> str:
    """A table of all rows: first what nothing was trained for, then the trained rows, with what each has seen."""
    still, trained = paper.results.rows(study, *NOT_LEARNED), paper.results.rows(study, "trained")
    rows = []
    for row in [*still, *trained]:
        runs = list({r["cell"]: r for r in paper.results.of(study, row=row)}.values())
        seen = [r["kicks_seen"] for r in runs]
        taken = ["", ""]
        if row in trained:
            steps, sounds = (
                f"{round(float(np.mean(n))):,}".replace(",", " ") for n in ([r["steps"] for r in runs], seen)
            )
            taken = [str(len(runs)), PAPER_PARTS.two_lines(steps, sounds)]
        rows.append([
            PAPER_PARTS.row_key(paper.style(study, row), shown(row)), *taken,
            *(cell(paper.estimate(study, row, score)) for score, _ in scores),
        ])  # fmt: skip
    rows.append(
        [Markup("<em>real-vs-real baseline</em>"), "", "", *(short(real_level(paper, study, s)) for s, _ in scores)]
    )
    head = ["row", "seeds", "steps, sounds seen", *(title for _, title in scores)]
    return paper.table(identity, head, rows, caption, wide=True, groups=(len(still), len(rows) - 1))


def curves_of(paper: Paper, study: str, rows: list[str], key: str, x: np.ndarray | None = None) -> list[Series]:
    """Mean curves of rows over their seeds, with the span of the seeds as a band."""
    found = []
    for i, row in enumerate(rows):
        known = [c for c in (paper.curves(e).get(key) for e in paper.entries(study, row)) if c is not None]
        if known:
            stack = np.stack(known)
            at = np.arange(stack.shape[1]) / (2 * (stack.shape[1] - 1)) if x is None else x
            found.append(Series(row, at, stack.mean(0), i % SERIES_STYLES, stack.min(0), stack.max(0)))
    return found


def study_table(lab: Lab, study: str) -> str:
    """The scores of a study in Markdown: a line for each row in the order of its file, then the real-vs-real baseline.

    The scores are those of the paper's large tables; of a study that has none of them, all it has. Raises UserError for
    a study of which nothing was measured.
    """
    results = Results(read_results(lab))
    rows = results.rows(study)
    if not rows:
        raise UserError(f"{lab.path}: nothing of {study} is measured; kick lab run {study} -o {lab.path} does it")
    scores = [(score, title) for score, title in SCORES if results.estimates(study, score)]
    scores = scores or [(name, name) for name in dict.fromkeys(r["score"] for r in results.of(study))]
    lines = [
        " | ".join(["| row", "seeds", "steps", *(title for _, title in scores)]) + " |",
        "|---|--:|--:|" + "--:|" * len(scores),
    ]
    for row in rows:
        runs = list({r["cell"]: r for r in results.of(study, row=row)}.values())
        trained = runs[0]["source"] == "trained"
        taken = [str(len(runs)), str(round(sum(r["steps"] for r in runs) / len(runs)))] if trained else ["", ""]
        cells = [re.sub("<.*?>", "", cell(results.estimate(study, row, score))) for score, _ in scores]
        lines.append(" | ".join([f"| {shown(row)}", *taken, *cells]) + " |")
    beside = [short(results.beside(study, score)) for score, _ in scores]
    lines.append(" | ".join(["| *real-vs-real baseline*", "", "", *beside]) + " |")
    return "\n".join(lines)
