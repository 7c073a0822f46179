"""The scores of a study as a table in Markdown, for those who want numbers and no paper."""

from __future__ import annotations

import re

from kickitout.errors import UserError
from kicklab.folder import Lab
from kicklab.paper.shared import SCORES
from kicklab.paper.svg import short
from kicklab.paper.words import cell, shown
from kicklab.results import Results, read_results


def study_table(lab: Lab, study: str) -> str:
    """A line for each row of a study, in the order of its file, and one of real kicks against real ones.

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
    lines.append(" | ".join(["| *real against real*", "", "", *beside]) + " |")
    return "\n".join(lines)
