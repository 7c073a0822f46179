"""Click and rumble: distributions, what goes with what, and one after the other."""

from __future__ import annotations

import numpy as np
from markupsafe import Markup

from kicklab.measure import real_kicks
from kicklab.paper.charts import SERIES_STYLES, Axis, Series, key, lines, scatter, short
from kicklab.paper.context import Paper, labelled, section
from kicklab.paper.method import ecdf
from kicklab.paper.shared import score_table
from kicklab.paper.words import (
    are,
    figure,
    listed,
    missing,
    name,
    ranked,
)
from kicklab.patterns import BAND_NAMES, PAIRS, TIMES_MS, links, rank_correlation

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
PATTERNS_TABLE = (
    "Patterns: Wasserstein distances between fields of the card, of the time by which the click leads, mean distance "
    "of band envelopes, and mean difference of rank correlations. Lower is better."
)
CARDS = "Distributions of what makes click and rumble, as cumulative shares; thick: real kicks. All seeds of a row."
JOINT = (
    "Does a long decay go with a low pitch? Each point is a kick (first seed); sounds without a pitch or a decay are "
    "left out."
)
ENVELOPES = "Mean level of each band over time, re the loudest moment of each kick; thick: real kicks."
PASSED = (
    "Measures of click and rumble. Off: shown to be farther from the test kicks than halves of these are from each "
    "other; alike: not shown to be; –: too few sounds of the row have what is measured, such as a decay by 40 dB."
)
LINKS = "Correlations of ranks between fields of the card; mean over seeds."
OFF = Markup("<b>off</b>")
MEASURES = (
    ("card_click_level_db", "click level"),
    ("card_click_ms", "click length"),
    ("card_sweep_ms", "sweep"),
    ("card_decay_t40_ms", "decay"),
    ("card_pitch_end_hz", "end pitch"),
    ("lead", "lead of the click"),
    ("envelopes", "band envelopes"),
)
WORDS = {
    "pitch_end_hz": "end pitch", "pitch_start_hz": "start pitch", "decay_t40_ms": "decay", "sweep_ms": "sweep",
    "click_level_db": "click level", "click_ms": "click length", "sub_share": "share of the sub-bass",
}  # fmt: skip
CARD_FIELDS = (
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

    each = [best(f"card_{field}", words) for field, _, words in CARD_FIELDS]
    order = [best("lead", "distance of the lead of the click"), best("envelopes", "distance of band envelopes")]
    parts = [
        study.question,
        f"<b>All measures.</b> {_passed_sentence(paper)}",
        f"<b>Each by itself.</b> {' '.join(each)}",
        f"<b>What goes with what.</b> {_links_sentence(paper)}",
        f"<b>Order in time.</b> {' '.join(order)}",
        _passed_table(paper),
        _card_curves(paper),
        _joint(paper),
        _envelopes(paper),
        score_table(paper, "patterns", "table-patterns", PATTERN_SCORES, PATTERNS_TABLE),
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


def _field_words(field: str) -> str:
    return WORDS.get(field, field.replace("_", " "))


Passed = tuple[str, list[str], list[str], list[str]]  # a row; measures: not shown to differ, shown to, not to be had


def passed(paper: Paper) -> list[Passed]:
    """In which measures a row is not shown to differ from real kicks by more than halves of them do; the best first."""
    found: list[Passed] = []
    for row in paper.results.rows("patterns", "trained"):
        alike: list[str] = []
        off: list[str] = []
        absent: list[str] = []
        for score, words in MEASURES:
            e = paper.estimate("patterns", row, score)
            if e is None:
                absent.append(words)
            elif e.firm:
                (off if e.low > e.real else alike).append(words)
        if alike + off + absent:
            found.append((row, alike, off, absent))
    return sorted(found, key=lambda p: (-len(p[1]), len(p[3])))


def _passed_sentence(paper: Paper) -> str:
    found = passed(paper)
    if not found:
        return "No row has been measured yet."
    counts = "; ".join(f"{name(row)} in {len(off)} of {len(alike) + len(off)}" for row, alike, off, _ in found)
    return (
        f"{paper.ref('table-passed')} says of each measure whether a row is shown to be farther from the test kicks "
        f"than halves of these are from each other. It is, for {counts}."
    )


def _passed_table(paper: Paper) -> str:
    rows = [
        [row, *("–" if w in absent else "alike" if w in alike else OFF for _, w in MEASURES)]
        for row, alike, _, absent in passed(paper)
    ]
    return paper.table("table-passed", ["row", *(w for _, w in MEASURES)], rows, PASSED)


def _links_sentence(paper: Paper) -> str:
    real = _real_correlations(paper)
    strong = [i for i in np.argsort(-np.abs(np.nan_to_num(real)), kind="stable") if np.isfinite(real[i])]
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
        f"Of these pairs, real kicks are most closely linked in {_field_words(a)} and {_field_words(b)} "
        f"(rank correlation {short(float(real[i]))}). "
    )
    if lost:
        text += f"That link is shown to be off, by more than between halves of the real kicks, in {listed(lost)}"
        text += f"; it is not shown to be in {listed(kept)}. " if kept else ". "
    elif kept:
        text += f"No row is shown to miss it by more than halves of the real kicks do ({listed(kept)}). "
    found = [e for e in paper.results.estimates("patterns", "links_mean", "trained") if e.firm]
    off = [name(e.row) for e in found if e.low > e.real]
    if found:
        text += (
            f"Over all pairs, halves of the real kicks differ by {short(found[0].real)} in the mean, so that this "
            f"many kicks show only large faults; {are(len(off), len(found), 'row')} shown to differ by "
            f"more{f': {listed(off)}' if off else ''}. A pair of which too few sounds have both values is left out, "
            "and sounds that are all alike have no links: this score can prove no model right."
        )
    return text


def _shown_rows(paper: Paper) -> list[str]:
    return paper.results.rows("patterns", "trained")[:SERIES_STYLES]


def _line_key(paper: Paper) -> str:
    none = np.zeros(0)
    rows = [Series(row, none, none, i) for i, row in enumerate(_shown_rows(paper))]
    return key([*rows, Series("real (test)", none, none, plain=True)], "which line is which")


def _card_curves(paper: Paper) -> str:
    real = real_kicks(paper.lab.data).features.cards
    art = []
    for field, axis, _ in CARD_FIELDS:
        series = []
        for i, row in enumerate(_shown_rows(paper)):
            values = [paper.curves(e)[f"card_{field}"] for e in paper.entries("patterns", row)]
            if values:
                series.append(ecdf(row, np.concatenate(values), i))
        series.append(ecdf("real (test)", real[field], plain=True))
        known = [s for s in series if len(s.x)]
        share = Axis("share below", low=0, high=1)
        art.append(lines(known, axis, share, axis.title, width=248, height=200, legend=False))
    return paper.figure("fig-cards", "".join(art) + _line_key(paper), CARDS, wide=True)


def _joint(paper: Paper) -> str:
    real = real_kicks(paper.lab.data).features.cards
    axes = Axis("end pitch", "Hz", log=True, low=25, high=250), Axis("decay by 40 dB", "ms", low=0, high=500)
    points = Series("", real["pitch_end_hz"], real["decay_t40_ms"], plain=True)
    art = [labelled("real (test)", scatter([points], *axes, "real kicks"))]
    for i, row in enumerate(_shown_rows(paper)):
        entries = paper.entries("patterns", row)
        if entries:
            curves = paper.curves(entries[0])
            points = Series("", curves["card_pitch_end_hz"], curves["card_decay_t40_ms"], i)
            art.append(labelled(row, scatter([points], *axes, row)))
    return paper.figure("fig-joint", "".join(art), JOINT, wide=True)


def _envelopes(paper: Paper) -> str:
    real = real_kicks(paper.lab.data).levels.mean(axis=0)
    art = []
    for band, title in enumerate(BAND_NAMES):
        series = []
        for i, row in enumerate(_shown_rows(paper)):
            mean = paper.mean_curve("patterns", row, "levels_mean")
            if mean is not None:
                series.append(Series(row, TIMES_MS, mean[band].astype(float), i))
        series.append(Series("real (test)", TIMES_MS, real[band].astype(float), plain=True))
        axes = Axis("time", "ms"), Axis("level", "dB", low=-60, high=0)
        art.append(labelled(title, lines(series, *axes, title, width=310, height=190, legend=False)))
    return paper.figure("fig-envelopes", "".join(art) + _line_key(paper), ENVELOPES, wide=True)


def _links_table(paper: Paper) -> str:
    rows = [[Markup("<em>real (test)</em>"), *(short(float(v)) for v in _real_correlations(paper))]]
    for row in paper.results.rows("patterns"):
        found = _correlations(paper, row)
        if found is not None:
            rows.append([row, *(short(float(v)) for v in found)])
    head = ["row", *(f"{_field_words(a)} ~ {_field_words(b)}" for a, b in PAIRS)]
    return paper.table("table-links", head, rows, LINKS, wide=True, groups=(1,))


def patterns_finding(paper: Paper) -> list[str]:
    found = passed(paper)
    if not found:
        return ["No row has been measured yet."]
    total, base = len(MEASURES), paper.study("patterns").baseline
    row, alike, _, _ = found[0]
    near = paper.estimate("patterns", row, "envelopes")
    far = paper.estimate("patterns", base, "envelopes")
    text = (
        f"In {len(alike) or 'none'} of {total} measures of click and rumble, {name(row)} is not shown to be farther "
        "from real kicks than halves of these are from each other"
    )
    for some, same, _, _ in found[1:]:
        if some == base:
            text += f"; {name(base)} in {len(same) or 'none'}"
    if near is not None:
        other = f" and {figure(far)}" if far is not None and row != base else ""
        text += f"; {'their' if other else 'its'} band envelopes are off by {figure(near)}{other}"
        text += f" (halves of real kicks: {short(near.real)} dB)"
    return [f"{text}."]
