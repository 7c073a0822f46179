"""What runs that are alive still miss at the end: the variety of recordings, and the fields of the card most amiss."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from kickitout.descriptors.fields import FIELDS
from kicklab.evidence import Evidence
from kicklab.paper.charts import short
from kicklab.paper.words import listed, name, span

Scores = dict[str, dict[str, Any]]  # by their names

OF_A_FIELD = re.compile(r"card_(\w+)_sd")
TOLD = 3  # fields
RECALL = "recall_bands"  # begins the name of the score
MEANINGS = {field.name: field.meaning for field in FIELDS}


def missed_sentences(e: Evidence, alike: Collection[str]) -> list[str]:
    """Sentences on the runs of rows that are alive; none where nothing of this was measured. alike: the rows that are
    told together; of others the variety alone is told, each on its own."""
    ends = {row: [{s["name"]: s for s in end.get("scores", ())} for end in alive_ends(e, row)] for row in e.rows}
    runs = [run for row in alike for run in ends[row]]
    others = {row: found for row, found in ends.items() if row not in alike}
    found = [_recall(runs, others), _fields(runs), _third(runs)]
    return [said for said in found if said]


def alive_ends(e: Evidence, row: str) -> list[dict[str, Any]]:
    """What is kept of the last milestone of each run of a row that is alive there."""
    return [log[-1] for log, alive in zip(e.rows[row].logs, e.runs_alive(row), strict=True) if alive]


def recall_of(e: Evidence, row: str) -> str:
    """The recall of a row's live runs, as part of a sentence; empty where it was not measured."""
    found = [s for end in alive_ends(e, row) for s in end.get("scores", ()) if s["name"].startswith(RECALL)]
    return f"its recall is {_span(found)} ({_real(found)})" if found else ""


def _recall(runs: Sequence[Scores], others: Mapping[str, Sequence[Scores]]) -> str:
    key = next((key for run in runs for key in run if key.startswith(RECALL)), "")
    found = [run[key] for run in runs if key in run]
    if not found:
        return ""
    beside = {row: [run[key] for run in ends if key in run] for row, ends in others.items()}
    too = "".join(f", {name(row)} {_span(ends)}" for row, ends in beside.items() if ends)
    return f"What live DCGANs make reaches {_span(found)} of unseen recordings{too} (recall; {_real(found)})."


def _fields(runs: Sequence[Scores]) -> str:
    fields = [m[1] for key in (runs[0] if runs else ()) if (m := OF_A_FIELD.fullmatch(key)) and m[1] in MEANINGS]
    amiss = []
    for field in fields:
        found = [run[f"card_{field}_sd"] for run in runs]
        if all(s["value"] is not None for s in found):
            amiss.append((float(np.median([s["value"] - (s["real"] or 0.0) for s in found])), field, found))
    amiss.sort(reverse=True, key=lambda one: one[0])
    told = [f"{MEANINGS[field]} ({_span(found)} sd; {_real(found)})" for _, field, found in amiss[:TOLD]]
    return f"Of their kick cards most is amiss in {listed(told)}." if told else ""


def _third(runs: Sequence[Scores]) -> str:
    found = [run["thirds_worst"] for run in runs if "thirds_worst" in run]
    where = [m for s in found if (m := re.match(r"([+-])[\d.]+ dB at ([\d.]+) Hz", s.get("note") or ""))]
    told = []
    for sign, how in (("+", "too loud"), ("-", "too soft")):
        counted = sorted(Counter(float(m[2]) for m in where if m[1] == sign).items())
        if counted:
            told.append(f"{how} at {listed([f'{hz:g} Hz ({n})' for hz, n in counted])}")
    at = f": {', '.join(told)}, with the number of runs" if told else ""
    return f"Their worst third octave is off by {_span(found)} dB ({_real(found)}){at}." if found else ""


def _span(found: Sequence[dict[str, Any]]) -> str:
    return span([s["value"] for s in found])


def _real(found: Sequence[dict[str, Any]]) -> str:
    values = [s["real"] for s in found if s["real"] is not None]
    return f"recordings among themselves {short(float(np.mean(values)))}" if values else "none among recordings"
