"""The DCGAN: one change at a time, all together, other model families; against ceilings and references."""

from __future__ import annotations

import math
from collections import Counter
from html import escape

import numpy as np

from kickitout.training.objectives import LN_2
from kicklab.paper.charts import Axis, Series, forest, lines, short
from kicklab.paper.context import Paper, section
from kicklab.paper.shared import HEADLINE, SCORES, axis_for, bars, real_level, score_table
from kicklab.paper.words import (
    SHORT_UNITS,
    against_baseline,
    against_ceiling,
    are,
    compared,
    counted,
    figure,
    leading,
    listed,
    missing,
    name,
    ranked,
    with_figure,
)
from kicklab.results import Estimate

CAPTION = (
    "Energy distance to the test kicks, estimate over seeds with 95 % interval; lower is better. Discs: the DCGAN, as "
    "published and with one change; squares: all changes together; triangles: other model families; diamonds: no "
    "learning. "
    "The axis is logarithmic where rows lie that far apart; intervals that reach 0 then end at its left edge."
)
TABLE_CAPTION = (
    "All rows of the study, by several scores. Lower is better, except for precision, recall and the share that the "
    "drum-type network recognises as kicks. C2ST: the accuracy of a classifier that tells generated from real kicks; "
    "0.5 is ideal."
)


def shortcomings(paper: Paper) -> str:
    study = paper.study("shortcomings")
    if not paper.has("shortcomings"):
        return section("shortcomings", f"4.1 {study.title}", missing(study.title, "shortcomings"), level=3)
    base = paper.estimate("shortcomings", study.baseline, HEADLINE)
    trained = paper.results.estimates("shortcomings", HEADLINE, "trained")
    single = [e for e in trained if paper.style("shortcomings", e.row) == 0]
    others = [e for e in trained if paper.style("shortcomings", e.row) != 0]
    pairs: list[tuple[Estimate, Estimate]] = []
    for e in trained:
        ceiling = paper.ceiling_of("shortcomings", e.row)
        at = paper.estimate("shortcomings", ceiling, HEADLINE) if ceiling else None
        if at is not None:
            pairs.append((e, at))
    real = real_level(paper, "shortcomings", HEADLINE)
    parts = [
        study.question,
        _baseline_sentence(paper, study.baseline, base, real),
        f"<b>What breaks first.</b> {_troubles(paper, study.baseline)}",
        f"<b>One change at a time.</b> {against_baseline(single, base, 'energy distance')}",
        f"<b>All together, and other model families.</b> {against_baseline(others, base, 'energy distance')} "
        f"{ranked(trained, 'energy distance')}",
        f"<b>Against the ceiling.</b> {against_ceiling(pairs, 'energy distance')} {_ceiling_sentence(paper)}",
        f"<b>Against rows without learning.</b> {_reference_sentence(paper, trained)}",
        paper.figure("fig-shortcomings", _forest(paper), CAPTION),
        score_table(paper, "shortcomings", "table-shortcomings", SCORES, TABLE_CAPTION),
        _losses(paper, study.baseline),
    ]  # fmt: skip
    return section("shortcomings", f"4.1 {study.title}", *parts, level=3)


def _forest(paper: Paper) -> str:
    found = bars(paper, "shortcomings", HEADLINE)
    axis = axis_for("energy distance", "dB", found)
    real = real_level(paper, "shortcomings", HEADLINE)
    return forest(
        found, axis, "energy distance of all rows", real=real, mark_name="ceiling of the row’s representation"
    )


def _baseline_sentence(paper: Paper, row: str, base: Estimate | None, real: float) -> str:
    if base is None:
        return f"{name(row)}, the baseline, has not been measured yet."
    return (
        f"{name(row)} ends at an energy distance of {figure(base)}, where the real-vs-real baseline is {short(real)} "
        f"({counted(base.seeds, 'seed')}; {base.n[1]} generated against {base.n[0]} real kicks; "
        f"{paper.ref('fig-shortcomings')}, {paper.ref('table-shortcomings')})."
    )


def _troubles(paper: Paper, row: str) -> str:
    entries = paper.entries("shortcomings", row)
    snapshots = [paper.point(e)["snapshots"] for e in entries]
    if not any(snapshots):
        return f"No snapshot of {name(row)} was taken before its budget ended, so its course is unknown."
    first = [next((s for s in shots if s["troubles"]), None) for shots in snapshots if shots]
    seen = [s for s in first if s is not None]
    if not seen:
        return f"In none of {counted(len(first), 'run')} of {name(row)} did the monitor see any of the known troubles."
    kinds = Counter(t for s in seen for t in s["troubles"])
    minutes = sorted(s["seconds"] / 60 for s in seen)
    last = Counter(t for shots in snapshots if shots for t in shots[-1]["troubles"])
    text = (
        f"In {len(seen)} of {counted(len(first), 'run')} of {name(row)} the monitor saw trouble, first after "
        f"{short(float(np.median(minutes)))} min (median), with "
        f"{listed([f'{escape(kind)} ({n} of {len(seen)})' for kind, n in kinds.most_common()])}."
    )
    if last:
        ends = listed([f"{escape(kind)} ({n} of {len(first)})" for kind, n in last.most_common()])
        text += f" At the last snapshot it saw {ends}."
    return text


def _ceiling_sentence(paper: Paper) -> str:
    """What representations cost real kicks, without any network: in the headline score, and of their waveform."""
    still = [e for e in paper.results.estimates("shortcomings", HEADLINE, "ceiling") if e.firm]
    plain = other_reals(paper)
    if not still or plain is None:
        return ""
    off = [e for e in still if e.apart(plain) and not e.beats(plain)]
    unit = SHORT_UNITS.get(still[0].unit, still[0].unit)
    span = f"{short(min(e.value for e in still))} to {short(max(e.value for e in still))} {unit}"
    text = (
        f"Real kicks that are encoded and decoded, without any network, have an energy distance of {span}, and the "
        f"kicks themselves {figure(plain)}: "
    )
    if off:
        text += f"a loss is shown for {listed([with_figure(e) for e in off])}. "
    else:
        text += f"a loss is shown for none of {counted(len(still), 'representation')}. "
    return f"{text}A representation without phase loses the waveform, which this score does not see: " + (
        f"see the signal-to-noise ratios in {paper.ref('table-representations')}."
    )


def _reference_sentence(paper: Paper, trained: list[Estimate]) -> str:
    firm = [e for e in trained if e.firm]
    if not firm:
        return "No trained row has an interval over seeds yet."
    best = min(firm, key=lambda e: e.value)
    parts = []
    for row in paper.results.rows("shortcomings", "reals", "augmented", "procedural"):
        parts.append(compared(best, paper.estimate("shortcomings", row, HEADLINE), "energy distance"))
    text = "; ".join(parts)
    return f"Of the row with the lowest distance: {text}." if parts else ""


def _losses(paper: Paper, row: str) -> str:
    series = []
    for i, entry in enumerate(paper.entries("shortcomings", row)[:2]):
        logged = paper.point(entry)["losses"]
        minutes = np.array([e["seconds"] / 60 for e in logged])
        for j, (key, what) in enumerate((("loss/d", "critic"), ("loss/g", "generator"))):
            values = np.array([e.get(key, math.nan) for e in logged], dtype=float)
            keep = np.unique(np.linspace(0, max(len(values) - 1, 0), min(150, len(values))).astype(int))
            series.append(Series(f"{what}, seed {entry['seed']}", minutes[keep], values[keep], 2 * j + i))
    if not series or not len(series[0].x):
        return ""
    art = lines(
        series, Axis("time of one core", "min", low=0), Axis("loss"), "losses of the DCGAN", width=520, across=LN_2
    )
    return paper.figure(
        "fig-losses", art,
        f"Losses of {name(row)}. The dashed line is ln 2 = {short(LN_2)}, the loss of a critic that only guesses.",
    )  # fmt: skip


CHANGE_WORDS = {  # what a row of one change is named after
    "objective": "the objective", "picture": "the representation", "phase": "the phase",
    "up-sampling": "the up-sampling",
    "averaged": "averaging", "augmented": "augmentation",
}  # fmt: skip


def single_changes(paper: Paper) -> list[Estimate]:
    """The rows that differ from the baseline in one thing, with an interval."""
    base = paper.study("shortcomings").baseline
    found = paper.results.estimates("shortcomings", HEADLINE, "trained")
    return [e for e in found if e.firm and e.row != base and paper.style("shortcomings", e.row) == 0]


def other_reals(paper: Paper) -> Estimate | None:
    """The kicks that models learn from, scored as the models are."""
    return paper.estimate("shortcomings", next(iter(paper.results.rows("shortcomings", "reals")), ""), HEADLINE)


def shortcomings_finding(paper: Paper) -> list[str]:
    base = paper.estimate("shortcomings", paper.study("shortcomings").baseline, HEADLINE)
    if base is None:
        return ["The DCGAN as published has not been measured yet."]
    real, single = other_reals(paper), single_changes(paper)
    beside = f", where its training kicks have {figure(real)}" if real is not None else ""
    told = [f"A DCGAN as published ends at an energy distance of {figure(base)} to unseen kicks{beside}."]
    trained = paper.results.estimates("shortcomings", HEADLINE, "trained")
    first = leading(trained)
    if first is None:
        return told
    best, near, _ = first
    alike = f"; no difference from it is shown for {listed([name(e.row) for e in near])}" if near else ""
    if base.firm and single:
        helped = [e for e in single if e.beats(base)]
        most = min(single, key=lambda e: e.value)
        text = f"Of {counted(len(single), 'single change')} {are(len(helped))} shown to help"
        if most in helped:
            text += f", {with_figure(most)} with the lowest mean"
            text += f", which is the lowest of all models{alike}" if most == best else ""
        told.append(f"{text}.")
    if best not in single:
        told.append(f"The lowest mean of all models is that of {with_figure(best)}{alike}.")
    synth = paper.estimate("shortcomings", next(iter(paper.results.rows("shortcomings", "procedural")), ""), HEADLINE)
    if synth is not None:
        better = [name(e.row) for e in trained if e.firm and e.beats(synth)]
        told.append(
            f"A synthesiser that has learned nothing has {figure(synth)}; "
            + (f"{listed(better)} {'is' if len(better) == 1 else 'are'} shown to be better." if better
               else "no model is shown to be better.")
        )  # fmt: skip
    return told
