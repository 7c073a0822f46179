"""Click and rumble: distributions, what goes with what, and one after the other."""

from __future__ import annotations

from html import escape

import numpy as np

from kickitout.lab.measure import real_kicks
from kickitout.lab.paper.context import Paper, labelled, section
from kickitout.lab.paper.method import ecdf
from kickitout.lab.paper.shared import score_table
from kickitout.lab.paper.svg import STYLES, Axis, Line, lines, scatter, short
from kickitout.lab.paper.words import (
    listed,
    missing,
    name,
    ranked,
)
from kickitout.lab.patterns import BAND_NAMES, PAIRS, TIMES_MS, links, rank_correlation

PATTERN_SCORES = (
    ("card_click_level_db", "click level [dB]"),
    ("card_click_ms", "click length [ms]"),
    ("card_sweep_ms", "sweep [ms]"),
    ("card_decay_t40_ms", "decay by 40 dB [ms]"),
    ("card_pitch_end_hz", "end pitch [Hz]"),
    ("lead", "lead of the click [ms]"),
    ("envelopes", "envelopes [dB]"),
    ("links_mean", "links [rank correlation]"),
)
TABLE = (
    "Patterns: Wasserstein distances between fields of the card, of the time by which the click leads, mean distance "
    "of band envelopes, and mean difference of rank correlations. Lower is better."
)
CARDS = "Distributions of what makes click and rumble, as cumulative shares; thick: real kicks. All seeds of a row."
JOINT = (
    "Does a long decay go with a low pitch? Each point is a kick (first seed); sounds without a pitch or a decay are "
    "left out."
)
ENVELOPES = "Mean level of each band over time, re the loudest moment of each kick; thick: real kicks."
LINKS = "Correlations of ranks between fields of the card; mean over seeds."
FIELDS = (
    ("click_level_db", Axis("click re total", "dB"), "distance of click levels"),
    ("click_ms", Axis("click length", "ms"), "distance of click lengths"),
    ("sweep_ms", Axis("sweep", "ms", log=True), "distance of sweeps"),
    ("decay_t40_ms", Axis("decay by 40 dB", "ms"), "distance of decays"),
)


def patterns(paper: Paper) -> str:
    study = paper.study("patterns")
    if not paper.has("patterns"):
        return section("patterns", f"4.4 {study.title}", missing(study.title, "patterns"), level=3)

    def best(score: str, words: str) -> str:
        return ranked(paper.results.estimates("patterns", score, "trained"), words)

    each = [best(f"card_{field}", words) for field, _, words in FIELDS]
    order = [best("lead", "distance of the lead of the click"), best("envelopes", "distance of band envelopes")]
    parts = [
        study.question,
        f"<b>Each by itself.</b> {' '.join(each)}",
        f"<b>What goes with what.</b> {_links_sentence(paper)}",
        f"<b>One after the other.</b> {' '.join(order)}",
        _card_curves(paper),
        _joint(paper),
        _envelopes(paper),
        score_table(paper, "patterns", "table-patterns", PATTERN_SCORES, TABLE),
        _links_table(paper),
    ]
    return section("patterns", f"4.4 {study.title}", *parts, level=3)


def _correlations(paper: Paper, row: str) -> np.ndarray | None:
    """[pairs] correlations of ranks of a row, mean over seeds."""
    found = []
    for entry in paper.entries("patterns", row):
        curves = paper.curves(entry)
        one = np.ones((1, len(curves["away"])))
        found.append([rank_correlation(curves[f"card_{a}"], curves[f"card_{b}"], one)[0] for a, b in PAIRS])
    return np.array(found).mean(axis=0) if found else None


def _real_correlations(paper: Paper) -> np.ndarray:
    real = real_kicks(paper.lab.data)
    return links(real.features.cards, np.ones((1, len(real))))[0]


def _words(field: str) -> str:
    return field.removesuffix("_hz").removesuffix("_ms").removesuffix("_db").replace("_", " ")


def _links_sentence(paper: Paper) -> str:
    real = _real_correlations(paper)
    strong = [i for i in np.argsort(-np.abs(np.nan_to_num(real))) if np.isfinite(real[i])]
    if not strong:
        return "Too few fields of the real kicks are known for a correlation."
    i = int(strong[0])
    a, b = PAIRS[i]
    kept: list[str] = []
    lost: list[str] = []
    for row in paper.results.rows("patterns", "trained"):
        e = paper.estimate("patterns", row, f"link_{a}~{b}")
        if e is not None and e.firm:
            (kept if e.low <= max(e.real, 0.0) else lost).append(name(row))
    text = (
        f"Among the pairs that we look at, real kicks are most closely linked in {_words(a)} and {_words(b)} "
        f"(rank correlation {short(float(real[i]))}). "
    )
    if lost:
        text += f"That link is shown to be off, by more than between halves of the real kicks, in {listed(lost)}"
        text += f"; it is not shown to be in {listed(kept)}. " if kept else ". "
    elif kept:
        text += f"No row is shown to miss it by more than halves of the real kicks do ({listed(kept)}). "
    found = paper.results.estimates("patterns", "links_mean", "trained")
    return text + ranked(found, "mean difference of correlations")


def _shown(paper: Paper) -> list[str]:
    return paper.results.rows("patterns", "trained")[:STYLES]


def _card_curves(paper: Paper) -> str:
    real = real_kicks(paper.lab.data).features.cards
    art = []
    for field, axis, _ in FIELDS:
        series = []
        for i, row in enumerate(_shown(paper)):
            values = [paper.curves(e)[f"card_{field}"] for e in paper.entries("patterns", row)]
            if values:
                series.append(ecdf(row, np.concatenate(values), i))
        series.append(ecdf("real (test)", real[field], plain=True))
        known = [s for s in series if len(s.x)]
        art.append(lines(known, axis, Axis("share below", low=0, high=1), axis.title, width=310, height=210))
    return paper.figure("fig-cards", "".join(art), CARDS, wide=True)


def _joint(paper: Paper) -> str:
    real = real_kicks(paper.lab.data).features.cards
    axes = Axis("end pitch", "Hz", log=True, low=25, high=250), Axis("decay by 40 dB", "ms", low=0, high=500)
    points = Line("", real["pitch_end_hz"], real["decay_t40_ms"], plain=True)
    art = [labelled("real (test)", scatter([points], *axes, "real kicks"))]
    for i, row in enumerate(_shown(paper)):
        entries = paper.entries("patterns", row)
        if entries:
            curves = paper.curves(entries[0])
            points = Line("", curves["card_pitch_end_hz"], curves["card_decay_t40_ms"], i)
            art.append(labelled(row, scatter([points], *axes, row)))
    return paper.figure("fig-joint", "".join(art), JOINT, wide=True)


def _envelopes(paper: Paper) -> str:
    real = real_kicks(paper.lab.data).levels.mean(axis=0)
    art = []
    for band, title in enumerate(BAND_NAMES):
        series = []
        for i, row in enumerate(_shown(paper)):
            mean = paper.mean_curve("patterns", row, "levels_mean")
            if mean is not None:
                series.append(Line(row, TIMES_MS, mean[band].astype(float), i))
        series.append(Line("real (test)", TIMES_MS, real[band].astype(float), plain=True))
        axes = Axis("time", "ms"), Axis("level", "dB", low=-60, high=0)
        last = band == len(BAND_NAMES) - 1
        art.append(labelled(title, lines(series, *axes, title, width=310, height=190, legend=last)))
    return paper.figure("fig-envelopes", "".join(art), ENVELOPES, wide=True)


def _links_table(paper: Paper) -> str:
    rows = [["<em>real (test)</em>", *(short(float(v)) for v in _real_correlations(paper))]]
    for row in paper.results.rows("patterns"):
        found = _correlations(paper, row)
        if found is not None:
            rows.append([escape(row), *(short(float(v)) for v in found)])
    head = ["row", *(f"{_words(a)} ~ {_words(b)}" for a, b in PAIRS)]
    return paper.table("table-links", head, rows, LINKS, wide=True, groups=(1,))


def patterns_finding(paper: Paper) -> str:
    found = paper.results.estimates("patterns", "links_mean", "trained")
    return f"Of how click and rumble depend on each other, {ranked(found, 'mean difference of rank correlations')}"
