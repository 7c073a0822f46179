"""The scores of a study as a table in Markdown, for those who want numbers and no paper."""

from __future__ import annotations

import math

from kickitout.errors import UserError
from kickitout.lab.folder import Lab
from kickitout.lab.paper.shared import SCORES
from kickitout.lab.paper.svg import short
from kickitout.lab.paper.words import shown
from kickitout.lab.results import Estimate, Results, read_results


def study_table(lab: Lab, study: str, scores: tuple[tuple[str, str], ...] = SCORES) -> str:
    """A line for each row of a study, in the order of its file, and one of real kicks against real ones.

    Raises UserError for a study of which nothing was measured.
    """
    results = Results(read_results(lab))
    rows = results.rows(study)
    if not rows:
        raise UserError(f"{lab.path}: nothing of {study} is measured; kick lab run {study} -o {lab.path} does it")
    lines = [
        " | ".join(["| row", "seeds", "steps", *(title for _, title in scores)]) + " |",
        "|---|--:|--:|" + "--:|" * len(scores),
    ]
    for row in rows:
        runs = list({r["cell"]: r for r in results.of(study, row=row)}.values())
        trained = runs[0]["source"] == "trained"
        taken = [str(len(runs)), str(round(sum(r["steps"] for r in runs) / len(runs)))] if trained else ["", ""]
        cells = [_cell(results.estimate(study, row, score)) for score, _ in scores]
        lines.append(" | ".join([f"| {shown(row)}", *taken, *cells]) + " |")
    beside = [_beside(results, study, score) for score, _ in scores]
    lines.append(" | ".join(["| *real against real*", "", "", *beside]) + " |")
    return "\n".join(lines)


def _cell(e: Estimate | None) -> str:
    if e is None:
        return "–"
    return short(e.value) if not math.isfinite(e.low) else f"{short(e.value)} [{short(e.low)}, {short(e.high)}]"


def _beside(results: Results, study: str, score: str) -> str:
    values = [e.real for e in results.estimates(study, score) if math.isfinite(e.real)]
    return short(sum(values) / len(values)) if values else "–"
