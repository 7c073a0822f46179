"""The figures of the paper, from the evidence of its studies. What is not there is not drawn."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from markupsafe import Markup

from kicklab.evidence import DEAD_DISTANCE, SOFT, Evidence, Row
from kicklab.line_heights import LineHeights
from kicklab.paper.charts import SERIES_STYLES, Axis, Series, lines, short
from kicklab.paper.context import Paper
from kicklab.paper.images import spectrogram_grid
from kicklab.paper.travel import travelled
from kicklab.paper.words import listed, name, reach
from kicklab.pictures import REAL_KICKS, sheet

CRITIC_FLAT = (
    (math.log(1 + math.exp(-1)) + 1 - 1.05) + math.log(2)
) / 2  # sure behind a second sigmoid, labels 1 to 1.1
SEEN = Axis("sounds seen", log=True)
OPINIONS = ("train", "unseen", "made")  # of a critic


def drawn(e: Evidence) -> dict[str, Row]:
    """The rows that a chart shows: all, or, where they are more than it has looks for, the baseline and those of the
    contrasts that the study names."""
    if len(e.rows) <= SERIES_STYLES:
        return dict(e.rows)
    named = {e.study.baseline, *(row for pair in e.study.contrasts for row in pair)}
    return {name: row for name, row in e.rows.items() if name in named}


def distances(paper: Paper, e: Evidence, identity: str, below: str = "", said: str = "") -> Markup:
    """The figure of `distance_chart`. below: more charts, of which the caption says `said`."""
    least, most = e.unseen.band
    caption = (
        f"Energy distance to sources that no run has heard, on the scale asinh(E / {SOFT} dB), with 95 % intervals "
        "over sources and seeds; of a row with dead seeds, from its nearest to its farthest seed. Grey: halves of the "
        f"real sources against each other, {short(least)} to {short(most)} dB."
    )
    return paper.figure(identity, distance_chart(e) + below, f"{caption} {said}".strip(), wide=True)


def distance_chart(e: Evidence) -> str:
    """Distance against sounds, a line a row with its interval, over the band of other recordings: SVG."""
    series = []
    for i, (row, runs) in enumerate(drawn(e).items()):
        found = [reach(e, row, at) for at in range(len(runs.seen))]
        low, value, high = (np.array([getattr(f, key) for f in found]) for key in ("low", "value", "high"))
        series.append(Series(row, np.array(runs.seen, float), value, i, low, high, points=True))
    axis = Axis("distance to unseen sources", "dB", soft=SOFT)
    return lines(series, SEEN, axis, "distance against sounds seen", width=680, height=300, band=e.unseen.band)


def critic(e: Evidence) -> tuple[str, str]:
    """What the critics of a row think of what they have learned from, of unseen kicks and of made ones: a chart, and
    what it is. The row is the first whose seeds are all alive: a mean over live and dead critics is of neither. Empty
    where there is none, and for a row without a critic."""
    row = next((row for row in e.rows if e.alive(row) == 1), "")
    logs = [run for run in e.rows[row].logs if run[0]["critic"]] if row else []
    if not logs:
        return "", ""
    seen = np.array(e.rows[row].seen, float)
    logits = {kind: np.array([[point["critic"][kind]["logit"] for point in run] for run in logs]) for kind in OPINIONS}
    series = [
        Series(kind, seen, found.mean(axis=0), i, found.min(axis=0), found.max(axis=0), points=True)
        for i, (kind, found) in enumerate(logits.items())
    ]
    art = lines(series, SEEN, Axis("mean logit"), "the critic's logits", width=680, height=200, across=0.0)
    return art, (
        f"Below: what the critics of {name(row)} think of training kicks, of kicks of unseen sources, and of what the "
        "generator makes, mean over seeds, from the least to the most of them; a critic that calls unseen kicks fake "
        "and its own real knows its kicks by heart."
    )


def losses(paper: Paper, e: Evidence, identity: str, rows: Sequence[str]) -> Markup:
    """Losses of the first seed of some rows beside what a saturated critic behind a second sigmoid must have, and what
    reaches the generator."""
    rows, lost, slopes = [row for row in rows if row in e.rows], [], []
    for i, row in enumerate(rows):
        steps = [entry for entry in e.rows[row].logs[0][-1]["losses"] if "loss/d" in entry]
        x, of_critic, of_generator, slope = (
            np.array([entry[key] for entry in steps], float) for key in ("step", "loss/d", "loss/g", "grad/g")
        )
        lost += [Series(f"{row}: critic", x, of_critic, 2 * i), Series(f"{row}: generator", x, of_generator, 2 * i + 1)]
        slopes.append(Series(row, x, slope, 2 * i + 1))
    step = Axis("step", log=True)
    art = lines(lost, step, Axis("loss", log=True), "losses of the ancestor", width=680, height=260,
                across=(math.log(2), CRITIC_FLAT))  # fmt: skip
    art += lines(slopes, step, Axis("gradient", log=True), "gradient at the generator", width=680, height=180)
    made, below = sheet(paper.pictures, {row: runs.seen for row, runs in e.rows.items()}), ""
    if made:
        art += str(spectrogram_grid(made, "what the ancestor makes"))
        below = f" Below: {_first_sounds(made)}, after so many sounds seen."
    return paper.figure(
        identity, art, "Losses of the rebuilt ancestor, first seed, and the norm of the gradient at its generator. A "
        f"critic that is sure and whose sigmoid is applied twice gives exactly ln 2 = {math.log(2):.4f} for the "
        f"generator and {CRITIC_FLAT:.4f} for itself (dashed).{below}", wide=True,
    )  # fmt: skip


def milestone_grid(paper: Paper, e: Evidence, identity: str) -> str:
    """Real kicks above what the first seed of two rows makes at four milestones; empty where no pictures are kept."""
    rows = sheet(paper.pictures, {row: runs.seen for row, runs in e.rows.items()})
    if not rows:
        return ""
    said = _first_sounds(rows)
    caption = f"{said[0].upper()}{said[1:]}, by sounds seen."
    return paper.figure(identity, spectrogram_grid(rows, "real and made kicks"), caption, wide=True)


def _first_sounds(rows: Sequence[tuple[str, np.ndarray]]) -> str:
    made = "the first sounds of each row’s first seed, not chosen"
    return f"real kicks of unseen sources above {made}" if rows[0][0] == REAL_KICKS else made


def travel(e: Evidence) -> tuple[str, str]:
    """How long each row of the plain network stays dead, against how far its generator has to travel: a chart, and what
    it is. Empty where fewer than two rows can be predicted."""
    looks = {row: i for i, row in enumerate(drawn(e))}  # as above
    found = travelled(e)
    if len(found) < 2:
        return "", ""
    series = [_points(row, [one], looks[row]) for row, one in found.items() if row in looks]
    others = {row: one for row, one in found.items() if row not in looks}
    if others:
        series.append(_points("others", list(others.values()), SERIES_STYLES - 1))
    art = lines(series, Axis("predicted travel", low=0.0), Axis(f"sounds until within {DEAD_DISTANCE:g} dB", log=True),
                "the dead phase", width=680, height=240)  # fmt: skip
    named = f" Others: {listed([name(row) for row in others])}." if others else ""
    return art, (
        f"Below: sounds seen until a row lies within {DEAD_DISTANCE:g} dB (at the first milestone: that, or fewer; at "
        "the last: that, or more), against the way from where its generator begins to the data’s mode, over its "
        f"learning rate and its last maps, as a multiple of that of no offset.{named}"
    )


def _points(row: str, found: Sequence[tuple[float, float]], style: int) -> Series:
    x, y = np.array(found).T
    return Series(row, x, y, style, points=True, joined=False)


def lines_by_sounds(paper: Paper, e: Evidence, identity: str) -> str:
    """Height of the lines that strides leave, against sounds seen; empty where they were not measured."""
    found = LineHeights(e)
    series: list[Series] = []
    for row, runs in drawn(e).items():
        if row in found.heights:
            known = [found.height(row, at) for at in range(len(runs.seen))]
            low, value, high = (np.array([getattr(f, key) for f in known]) for key in ("low", "value", "high"))
            series.append(Series(row, np.array(runs.seen, float), value, len(series), low, high, points=True))
    if not series:
        return ""
    axis = Axis("lines over real kicks", "dB")
    art = lines(series, SEEN, axis, "lines against sounds seen", width=680, height=280, across=0.0)
    return paper.figure(
        identity, art, "Height of the lines at multiples of an eighth of a cycle a cell in what is made, over that in "
        "real kicks (dashed), mean over time and frequency, with 95 % intervals over sounds and seeds.", wide=True,
    )  # fmt: skip
