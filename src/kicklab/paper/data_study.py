"""How much data, how many minutes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from kicklab.paper.charts import Axis, Series, lines, short
from kicklab.paper.context import Paper, section
from kicklab.paper.shared import HEADLINE, SCORES, real_level, score_table
from kicklab.paper.words import (
    figure,
    missing,
)
from kicklab.results import Estimate

DATA_FIGURE = (
    "Energy distance against the number of kicks to learn from, at the end of the budget (left), and against minutes "
    "of one core (right); with 95 % intervals on the left, means over seeds on the right. The dashed line is the "
    "real-vs-real baseline."
)
DATA_TABLE = "Quality by the number of kicks, at the end of the budget."
DISTANCE = Axis("energy distance", "dB")


def data_study(paper: Paper) -> str:
    study = paper.study("data")
    if not paper.has("data"):
        return section("data-study", f"4.5 {study.title}", missing(study.title, "data"), level=3)
    parts = [
        study.question,
        f"<b>Kicks.</b> {_kicks_sentence(paper)}",
        f"<b>Minutes.</b> {_minutes_sentence(paper)}",
        paper.figure("fig-data-study", _data_curves(paper), DATA_FIGURE, wide=True),
        score_table(paper, "data", "table-data", SCORES, DATA_TABLE),
    ]
    return section("data-study", f"4.5 {study.title}", *parts, level=3)


def _by_kicks(paper: Paper) -> list[tuple[str, Estimate]]:
    """How many kicks each row learned from, in words, and its energy distance; from few to many."""
    found = []
    for row in paper.results.rows("data", "trained"):
        e = paper.estimate("data", row, HEADLINE)
        kicks = next((r["kicks"] for r in paper.results.of("data", row=row)), None)
        if e is not None:
            found.append((math.inf if kicks is None else kicks, e))
    found.sort(key=lambda pair: pair[0])
    return [("all" if n == math.inf else f"{n:.0f}", e) for n, e in found]


def _kicks_of(paper: Paper, row: str) -> float:
    """How many kicks a row learned from, as its run counted them."""
    return float(paper.point(paper.entries("data", row)[0])["training_kicks"])


def _kicks_sentence(paper: Paper) -> str:
    found = [(n, e) for n, e in _by_kicks(paper) if e.firm]
    if len(found) < 2:
        return "Too few rows have an interval over seeds to say how quality grows."
    (fewest, first), (most, last) = found[0], found[-1]
    values = f"{figure(last)} against {figure(first)}"
    if last.beats(first):
        enough = next((n for n, e in found if not e.apart(last)), most)
        text = f"{most.capitalize()} kicks are shown to be better than {fewest} (energy distance {values})"
        if enough != most:
            return f"{text}; from {enough} kicks on, no difference from {most} is shown."
        return f"{text}; no smaller number comes so near that no difference is shown."
    if last.apart(first):
        return (
            f"{most.capitalize()} kicks are shown to be worse than {fewest} (energy distance {values}): in this "
            "budget, more are not better."
        )
    return f"Between {most} kicks and {fewest} no difference is shown (energy distance {values})."


def _minutes_sentence(paper: Paper) -> str:
    row = paper.study("data").baseline
    shares = sorted({r["share"] for r in paper.results.all if r["study"] == "data" and r["row"] == row})
    points = [(s, e) for s in shares if (e := paper.estimate("data", row, HEADLINE, s)) is not None and e.firm]
    if len(points) < 2:
        return "Too few moments have an interval over seeds to say how quality grows."
    (early, first), (_, last) = points[0], points[-1]
    moment = f"after {short(100 * early)} % of the budget"
    values = f"{figure(last)} against {figure(first)}"
    if last.beats(first):
        enough = next(s for s, e in points if not e.apart(last))
        text = f"With all kicks, the end of the budget is shown to be better than {moment} ({values})"
        return (
            f"{text}; from {short(100 * enough)} % on, no difference from the end is shown."
            if enough < 1
            else f"{text}."
        )
    if last.apart(first):
        return f"With all kicks, the end of the budget is shown to be worse than {moment} ({values})."
    return f"With all kicks, no difference is shown between the end of the budget and {moment} ({values})."


def _data_curves(paper: Paper) -> str:
    found = _by_kicks(paper)
    real = real_level(paper, "data", HEADLINE)
    across = real if math.isfinite(real) else None
    x = np.array([_kicks_of(paper, e.row) for _, e in found])
    y, low, high = (np.array([getattr(e, key) for _, e in found]) for key in ("value", "low", "high"))
    line = Series("estimate, 95 % interval", x, y, 0, low, high, points=True)
    axis = Axis("kicks to learn from", log=True)
    art = lines([line], axis, DISTANCE, "quality against kicks", width=390, across=across)
    series = []
    for i, row in enumerate(paper.results.rows("data", "trained")):
        moments: dict[float, list[dict[str, Any]]] = {}
        for r in paper.results.all:
            if r["study"] == "data" and r["row"] == row and r["score"] == paper.results.score_name("data", HEADLINE):
                moments.setdefault(r["share"], []).append(r)
        if moments:
            minutes = [float(np.mean([r["minutes"] for r in rs])) for _, rs in sorted(moments.items())]
            values = [float(np.mean([r["value"] for r in rs])) for _, rs in sorted(moments.items())]
            series.append(Series(row, np.array(minutes), np.array(values), i, points=True))
    axis = Axis("time of one core", "min")
    return art + lines(series, axis, DISTANCE, "quality against minutes", width=390, across=across)


def data_study_finding(paper: Paper) -> list[str]:
    return [_kicks_sentence(paper), _minutes_sentence(paper)]
