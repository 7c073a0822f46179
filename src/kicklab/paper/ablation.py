"""What KickGAN needs: each part of it left out."""

from __future__ import annotations

from kicklab.paper.charts import forest
from kicklab.paper.context import Paper, section
from kicklab.paper.shared import HEADLINE, SCORES, axis_for, bars, real_level, score_table
from kicklab.paper.words import against_baseline, are, counted, figure, listed, missing, name

COMPARED = (
    (HEADLINE, "energy distance"),
    ("recall", "recall"),
    ("two_sample_logistic", "accuracy of the classifier two-sample test (C2ST)"),
    ("card_click_flatness", "distance of click flatness"),
)
ABLATION_FIGURE = (
    "Energy distance to the test kicks with one part of KickGAN left out or changed, with 95 % intervals; lower is "
    "better."
)
ABLATION_TABLE = "KickGAN with one part left out or changed, by several scores."


def ablation(paper: Paper) -> str:
    study = paper.study("ablation")
    if not paper.has("ablation"):
        return section("ablation", f"4.6 {study.title}", missing(study.title, "ablation"), level=3)
    found = bars(paper, "ablation", HEADLINE)
    axis = axis_for("energy distance", "dB", found)
    art = forest(found, axis, "energy distance of all rows", real=real_level(paper, "ablation", HEADLINE))
    parts = [
        study.question,
        *(_against(paper, score, words) for score, words in COMPARED),
        paper.figure("fig-ablation", art, ABLATION_FIGURE),
        score_table(paper, "ablation", "table-ablation", SCORES, ABLATION_TABLE),
    ]
    return section("ablation", f"4.6 {study.title}", *parts, level=3)


def _against(paper: Paper, score: str, words: str) -> str:
    trained = paper.results.estimates("ablation", score, "trained")
    return against_baseline(trained, paper.estimate("ablation", paper.study("ablation").baseline, score), words)


def ablation_finding(paper: Paper) -> list[str]:
    base = paper.estimate("ablation", paper.study("ablation").baseline, HEADLINE)
    others = [e for e in paper.results.estimates("ablation", HEADLINE, "trained") if base is None or e.row != base.row]
    if base is None or not base.firm or not any(e.firm for e in others):
        return ["It is too early to say what KickGAN needs."]
    firm = [e for e in others if e.firm]
    worse = sorted((e for e in firm if base.beats(e)), key=lambda e: -e.value)
    better = [e for e in firm if e.beats(base)]
    text = f"KickGAN has {figure(base)}; of {counted(len(firm), 'change')} to it {are(len(worse))} shown to be worse"
    text += f" ({listed([name(e.row) for e in worse])})" if worse else ""
    return [f"{text} and {listed([name(e.row) for e in better])} better."]
