"""The figures of the paper, from the evidence of its studies."""

from __future__ import annotations

import math

import numpy as np

from kicklab.evidence import SOFT, Evidence
from kicklab.paper.charts import Axis, Series, lines
from kicklab.paper.context import Paper
from kicklab.paper.images import spectrogram_grid
from kicklab.paper.words import name

ACROSS = 8  # spectrograms a row
CRITIC_FLAT = (
    (math.log(1 + math.exp(-1)) + 1 - 1.05) + math.log(2)
) / 2  # sure behind a second sigmoid, labels 1 to 1.1
SEEN = Axis("sounds seen", log=True)


def distances(paper: Paper, e: Evidence, identity: str) -> str:
    """Distance against sounds, a line a row with its interval, over the band of other recordings."""
    series = []
    for i, (row, runs) in enumerate(e.rows.items()):
        found = [e.distance(row, at) for at in range(len(runs.seen))]
        low, value, high = (np.array([getattr(f, key) for f in found]) for key in ("low", "value", "high"))
        series.append(Series(row, np.array(runs.seen, float), value, i, low, high, points=True))
    axis = Axis("distance to unseen sources", "dB", soft=SOFT)
    art = lines(series, SEEN, axis, "distance against sounds seen", width=680, height=300, band=e.unseen.band)
    least, most = e.unseen.band
    caption = (
        f"Energy distance to sources that no run has heard, on the scale asinh(E / {SOFT} dB), with 95 % intervals "
        f"over sources and seeds. Grey: halves of the real sources against each other, {least:.2f} to {most:.2f} dB."
    )
    return paper.figure(identity, art, caption, wide=True)


def critic(paper: Paper, e: Evidence, row: str, identity: str) -> str:
    """What the critic of a row thinks of what it has learned from, of unseen kicks and of made ones."""
    series = []
    for i, kind in enumerate(("train", "unseen", "made")):
        logits = [[point["critic"][kind]["logit"] for point in run] for run in e.rows[row].logs if run[0]["critic"]]
        if logits:
            series.append(Series(kind, np.array(e.rows[row].seen, float), np.mean(logits, axis=0), i, points=True))
    if not series:
        return ""
    art = lines(series, SEEN, Axis("mean logit"), "the critic's logits", width=680, height=200, across=0.0)
    return paper.figure(
        identity, art, f"What the critic of {name(row)} thinks of training kicks, of kicks of unseen sources, and of "
        "what the generator makes, mean over seeds: it learns its kicks by heart where the first two part.", wide=True,
    )  # fmt: skip


def losses(paper: Paper, e: Evidence, identity: str) -> str:
    """Losses of each row's first seed beside what a saturated critic behind a second sigmoid must have, and what
    reaches the generator."""
    lost, slopes = [], []
    for i, (row, runs) in enumerate(e.rows.items()):
        steps = [entry for entry in runs.logs[0][-1]["losses"] if "loss/d" in entry]
        x, of_critic, of_generator, slope = (
            np.array([entry[key] for entry in steps], float) for key in ("step", "loss/d", "loss/g", "grad/g")
        )
        lost += [Series(f"{row}: critic", x, of_critic, 2 * i), Series(f"{row}: generator", x, of_generator, 2 * i + 1)]
        slopes.append(Series(row, x, slope, 2 * i + 1))
    axis = Axis("loss", low=0.0, high=2.0)
    step = Axis("step", log=True)
    art = lines(lost, step, axis, "losses of the ancestor", width=680, height=260, across=math.log(2))
    art += lines(slopes, step, Axis("gradient", log=True), "gradient at the generator", width=680, height=180)
    return paper.figure(
        identity, art, "Losses of the rebuilt ancestor, first seed, and the norm of the gradient at its generator. A "
        f"critic that is sure and whose sigmoid is applied twice gives exactly ln 2 = {math.log(2):.4f} for the "
        f"generator (dashed) and {CRITIC_FLAT:.4f} for itself.", wide=True,
    )  # fmt: skip


def milestone_grid(paper: Paper, study: str, e: Evidence, identity: str) -> str:
    """Real kicks above what the first seed of each row makes at the first, a middle and the last milestone."""
    if paper.data is None:
        return ""
    real = paper.data.test.waves
    rows = [("unseen real", [real[i] for i in np.linspace(0, len(real) - 1, ACROSS).astype(int)])]
    for row, runs in e.rows.items():
        for at in dict.fromkeys((0, len(runs.seen) // 2, len(runs.seen) - 1)):
            waves = paper.made(study, row, at)
            if waves is not None:
                rows.append((f"{row}, {runs.seen[at]:,}", list(waves[:ACROSS])))
    caption = "Real kicks of unseen sources above the first sounds of the first seed, not chosen, by sounds seen."
    return paper.figure(identity, spectrogram_grid(rows, "real and made kicks"), caption, wide=True)


def travel(paper: Paper, e: Evidence, identity: str) -> str:
    """How long each row takes to come within ten decibels, against the constant that it begins with."""
    series = []
    for i, (row, runs) in enumerate(e.rows.items()):
        quiet = [[point["tail_noise_db"] for point in run] for run in runs.logs]
        known = np.array([[math.nan if v is None else v for v in run] for run in quiet], float)
        series.append(Series(row, np.array(runs.seen, float), known.mean(0), i, points=True))
    art = lines(series, SEEN, Axis("noise in the tail", "dB"), "tail noise", width=680, height=240, across=-60.0)
    return paper.figure(
        identity, art, "Median noise in the tail of what is made, mean over seeds: dead above −60 dB, where silence "
        "has not been reached.", wide=True,
    )  # fmt: skip
