"""What a run is like on its way, at each milestone: click and rumble apart, what its critic knows, the plain weights.

Click and rumble are read from kick cards: how far the medians of what is made lie from those of recordings, in standard
deviations of these, mean over the fields that describe the one or the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kickitout.stored import RENAMED_SCORES
from kicklab.evidence import Evidence, Figure
from kicklab.measure import mean_of_known
from kicklab.paper.charts import short
from kicklab.paper.missed import alive_ends
from kicklab.paper.words import cell, listed, name, rough, shown, span

PATTERNS = {
    "click": ("attack_ms", "click_ms", "click_level_db", "click_centroid_hz", "click_flatness"),
    "rumble": ("pitch_start_hz", "pitch_end_hz", "sweep_ms", "decay_t20_ms", "decay_t40_ms", "sub_share", "body_share"),
}
COPIES, ENVELOPES = "near_duplicates", "envelopes"  # scores
LOGGED = 5  # losses whose mean stands for a milestone
BY_HEART = 0.95  # area under the curve, of training kicks against unseen ones
HEAD = (
    "row", "sounds", "distance", "of plain weights", "alive", "critic's loss", "critic knows train from unseen (AUC)",
    "calls unseen fake", "near-copies", "click [sd]", "rumble [sd]", "envelopes [dB]",
)  # fmt: skip
ABOUT = (
    "at each milestone. Distances [dB] are those of the averaged and of the plain weights; all figures but the former "
    "are medians over seeds, with the least and the greatest in parentheses. Click and rumble: the mean distance of "
    "the fields of the kick card that describe them; envelopes: the difference of the levels of five bands over time."
)


def milestone_rows(e: Evidence) -> tuple[list[str], list[list[str]]]:
    """Head and rows of a table: a line for each row and milestone, then what recordings are among themselves."""
    rows = []
    for row, runs in e.rows.items():
        for at, seen in enumerate(runs.seen):
            points = [run[at] for run in runs.logs]
            critics = [point["critic"] for point in points if point["critic"]]
            rows.append([
                shown(row), f"{seen:,}", short(e.distance(row, at).value), _middle(list(runs.raw[:, at])),
                f"{sum(e.runs_alive(row, at))} of {len(points)}", _middle([critic_loss(p) for p in points]),
                _middle([c["auc"] for c in critics]), _middle([1 - c["unseen"]["real"] for c in critics]),
                _middle([_score(p, COPIES) for p in points]),
                *(_middle([pattern(p, part) for p in points]) for part in PATTERNS),
                _middle([_score(p, ENVELOPES) for p in points]),
            ])  # fmt: skip
    ends = [run[-1] for runs in e.rows.values() for run in runs.logs]
    beside = [short(mean_of_known([pattern(p, part, "real") for p in ends])) for part in PATTERNS]
    copied, apart = (short(mean_of_known([_score(p, score, "real") for p in ends])) for score in (COPIES, ENVELOPES))
    rows.append(["real-vs-real baseline", *[""] * 7, copied, *beside, apart])
    return list(HEAD), rows


def pattern(point: dict[str, Any], part: str, key: str = "value") -> float:
    """How far the click or the rumble (`PATTERNS`) is off at a milestone, in sd; NaN where it was not measured. key:
    "real" for recordings among themselves."""
    return mean_of_known([_score(point, f"card_{field}_sd", key) for field in PATTERNS[part]])


def pattern_sentence(e: Evidence, rows: Sequence[str]) -> str:
    """How near the runs of rows that are alive come to click and rumble; empty where cards were not measured."""
    told = []
    for part in PATTERNS:
        found = {row: [pattern(point, part) for point in alive_ends(e, row)] for row in rows}
        by_row = [f"{span(values, rough)} ({name(row)})" for row, values in found.items() if np.isfinite(values).all()]
        if by_row:
            beside = mean_of_known([pattern(point, part, "real") for row in rows for point in alive_ends(e, row)])
            told.append(f"{part} by {listed(by_row)} sd, recordings among themselves by {short(beside)}")
    return f"By the kick card live runs are off in {'; in '.join(told)}." if told else ""


def memory_sentence(e: Evidence, rows: Sequence[str]) -> str:
    """Which critics know their kicks by heart at the end, and whether rows get worse for it; empty without critics."""
    critics = {row: [point["critic"] for point in alive_ends(e, row) if point["critic"]] for row in rows}
    areas = {row: [critic["auc"] for critic in found] for row, found in critics.items() if found}
    knowing = [row for row, found in areas.items() if min(found) >= BY_HEART]
    if not areas:
        return ""
    if not knowing:
        return "No critic knows its kicks by heart at the end."
    fake = span([100 * (1 - critic["unseen"]["real"]) for row in knowing for critic in critics[row]], rough)
    apart = span([area for row in knowing for area in areas[row]])
    said = f"The critics of seeds of {listed([name(row) for row in knowing])} that are alive know their kicks by heart "
    said += f"(area under the curve against unseen ones {apart}; of the unseen ones they call {fake} % fake)"
    if others := [f"{span(found)} ({name(row)})" for row, found in areas.items() if row not in knowing]:
        said += f"; those of other rows do not: {listed(others)}"
    said += ". That may be their sources as well, of which the unseen ones are none"
    worse = [name(row) for row in knowing if e.slope(row).low > 0]
    which = f"{listed(worse)} {'gets' if len(worse) == 1 else 'get'} worse" if worse else "none is shown to get worse"
    return f"{said}. Of the rows whose critics do, {which} over the last two milestones."


def _score(point: dict[str, Any], score: str, key: str = "value") -> float:
    scores = point.get("scores", ())  # under the names of when they were measured
    found = next((s[key] for s in scores if RENAMED_SCORES.get(s["name"], s["name"]) == score), None)
    return float("nan") if found is None else float(found)


def critic_loss(point: dict[str, Any]) -> float:
    """Mean of the last critic losses that were logged before a milestone; NaN where none were."""
    found = [entry["loss/d"] for entry in point.get("losses", ()) if "loss/d" in entry]
    return float(np.mean(found[-LOGGED:])) if found else float("nan")


def _middle(values: Sequence[float]) -> str:
    """The median, with the least and the greatest; a dash where nothing is known."""
    known = [value for value in values if np.isfinite(value)]
    return cell(Figure(float(np.median(known)), min(known), max(known)) if known else None, of_seeds=True)
