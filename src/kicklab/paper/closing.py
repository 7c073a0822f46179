"""Discussion, conclusion and references."""

from __future__ import annotations

from html import escape

from kicklab.paper.context import Paper, section
from kicklab.paper.data_study import data_study_finding
from kicklab.paper.front import span_of_budgets
from kicklab.paper.patterns import patterns_finding
from kicklab.paper.shared import HEADLINE
from kicklab.paper.shortcomings import CHANGE_WORDS, other_reals, shortcomings_finding, single_changes
from kicklab.paper.sine import sine_finding
from kicklab.paper.upconv import upconv_finding
from kicklab.paper.words import compared, counted, figure, listed, name
from kicklab.study import study_names


def discussion(paper: Paper) -> str:
    parts = []
    if paper.has("shortcomings"):
        parts += [_question(paper), _stops(paper)]
    if paper.has("patterns"):
        parts.append(f"<b>Click and rumble.</b> {' '.join(patterns_finding(paper))}")
    if paper.has("sine"):
        parts.append(f"<b>Phase.</b> {' '.join(sine_finding(paper))}")
    if paper.has("upconv"):
        c = paper.cite
        parts.append(
            f"<b>Two claims about up-convolution.</b> Durall et al. {c('durall')} expect a spectral loss to bring "
            f"spectra nearer to real ones; Chandrasegaran et al. {c('chandrasegaran')} expect it of another last step. "
            f"{' '.join(upconv_finding(paper))}"
        )
    if paper.has("data"):
        parts.append(f"<b>More kicks, or more minutes?</b> {' '.join(data_study_finding(paper))}")
    absent = [f"“{escape(paper.study(n).title)}”" for n in study_names() if not paper.has(n)]
    if absent:
        parts.append(
            f"This page says nothing about {listed(absent)}: "
            f"{'that study has' if len(absent) == 1 else 'those studies have'} not been run."
        )
    parts.append(_limitations(paper))
    return section("discussion", "6 Discussion", *parts)


def _question(paper: Paper) -> str:
    study = paper.study("shortcomings")
    base = paper.estimate("shortcomings", study.baseline, HEADLINE)
    ceiling = paper.ceiling_of("shortcomings", study.baseline)
    at = paper.estimate("shortcomings", ceiling, HEADLINE) if ceiling else None
    formula = next(iter(paper.results.rows("shortcomings", "procedural")), None)
    synth = paper.estimate("shortcomings", formula, HEADLINE) if formula else None
    if base is None or not base.firm:
        return f"Whether a DCGAN can learn kicks stays open: {name(study.baseline)} has no interval over seeds."
    parts = []
    if at is not None:
        if base.apart(at) and not base.beats(at):
            parts.append(
                f"Real kicks that pass through its representation have an energy distance of {figure(at)}, kicks of "
                f"the published DCGAN {figure(base)}: the network did not learn what is missing; the representation "
                f"does not lose it."
            )
        else:
            parts.append(
                f"No difference is shown between kicks of the published DCGAN ({figure(base)}) and real kicks "
                f"that pass through its representation ({figure(at)})."
            )
    if synth is not None:
        text = compared(base, synth, "energy distance")
        parts.append(f"{text[0].upper()}{text[1:]}.")
    return f"<b>Can a DCGAN learn kicks?</b> {' '.join(parts)}"


def _stops(paper: Paper) -> str:
    """Which kinds of change are shown to help, and whether all of them together do more."""
    base = paper.estimate("shortcomings", paper.study("shortcomings").baseline, HEADLINE)
    single = single_changes(paper)
    if base is None or not base.firm or not single:
        return ""
    told = []
    for start, words in CHANGE_WORDS.items():
        rows = [e for e in single if e.row.startswith(start)]
        helped = [e for e in rows if e.beats(base)]
        if rows:
            which = f" ({listed([name(e.row) for e in helped])})" if 0 < len(helped) < len(rows) else ""
            told.append(f"of {words} {len(helped)} of {len(rows)}{which}")
    text = f"Of single changes are shown to help: {listed(told)}."
    best = min(single, key=lambda e: e.value)
    whole = [
        e for e in paper.results.estimates("shortcomings", HEADLINE, "trained") if e.row.startswith("all together")
    ]
    more = "; ".join(compared(e, best, "energy distance") for e in whole)
    return f"<b>Where does it fall short?</b> {text}" + (f" Of all changes together, {more}." if more else "")


def _limitations(paper: Paper) -> str:
    firm = [
        (paper.results.of(n), n) for n in paper.plans if paper.results.has(n)
    ]  # fmt: skip
    seeds = sorted({r["seed"] for rows, _ in firm for r in rows})
    return (
        f"<b>Limits.</b> Budgets are small ({span_of_budgets(paper)}, {counted(len(seeds), 'seed')}), and "
        "networks are small with them: the findings hold at that scale, where a model that learns quickly is ahead of "
        "one that learns well; WaveGAN and SpecGAN were published with days on a graphics card. Configs "
        "were not tuned for this study, but their authors know it: the project’s own model is among the rows. Some "
        "scores are our own, where kicks needed it; each stands beside its real-vs-real baseline. Intervals that "
        "overlap show no difference and prove no equality. Many comparisons are made, "
        "each by itself; two intervals of 95 % that may not overlap are stricter than a test at 5 %, but of so many "
        "comparisons some may be shown by chance."
    )


def conclusion(paper: Paper) -> str:
    parts = []
    if paper.has("shortcomings"):
        parts += [_answer(paper), *shortcomings_finding(paper)]
    else:
        parts.append("No study of single changes to a DCGAN has been run in this laboratory.")
    parts.append("One command repeats all of it on anybody’s kicks, and writes this page from what it finds.")
    return section("conclusion", "7 Conclusion", " ".join(p for p in parts if p))


def _answer(paper: Paper) -> str:
    """The question of the title in a sentence."""
    base = paper.estimate("shortcomings", paper.study("shortcomings").baseline, HEADLINE)
    real = other_reals(paper)
    if base is None or not base.firm or real is None:
        return "Whether a DCGAN can learn the click and the rumble of a kick drum is open here."
    if not base.apart(real):
        return "A DCGAN as published is not shown to miss the click and the rumble of a kick drum here."
    helped = [e for e in single_changes(paper) if e.beats(base)]
    reached = [e for e in paper.results.estimates("shortcomings", HEADLINE, "trained") if e.firm and not e.apart(real)]
    text = "In these budgets a DCGAN as published does not learn the click and the rumble of a kick drum"
    if helped:
        kinds = [words for start, words in CHANGE_WORDS.items() if any(e.row.startswith(start) for e in helped)]
        text += f"; a change of {listed(kinds)} alone brings it nearer to the kicks"
    if reached:
        verb = "is" if len(reached) == 1 else "are"
        return f"{text}, and {listed([name(e.row) for e in reached])} {verb} not shown to differ from real kicks."
    return f"{text}, and no model of this study reaches real kicks."
