"""Discussion, conclusion and references."""

from __future__ import annotations

from html import escape

from kickitout.lab.paper.context import Paper, section
from kickitout.lab.paper.literature import works
from kickitout.lab.paper.shared import HEADLINE
from kickitout.lab.paper.shortcomings import shortcomings_finding
from kickitout.lab.paper.upconv import upconv_finding
from kickitout.lab.paper.words import compared, count, figure, listed, name
from kickitout.lab.study import study_names


def discussion(paper: Paper) -> str:
    parts = []
    if paper.has("shortcomings"):
        parts.append(_question(paper))
    if paper.has("upconv"):
        c = paper.cite
        parts.append(
            f"<b>Two claims about up-convolution.</b> Durall et al. {c('durall')} expect a spectral loss to bring "
            f"spectra nearer to real ones; Chandrasegaran et al. {c('chandrasegaran')} expect it of another last step. "
            f"{upconv_finding(paper)} {_steps(paper)}"
        )
    absent = [f"“{escape(paper.study(n).title)}”" for n in study_names() if not paper.has(n)]
    if absent:
        parts.append(
            f"Nothing can be said here on {listed(absent)}: "
            f"{'that study has' if len(absent) == 1 else 'those studies have'} not been run."
        )
    parts.append(_limits(paper))
    return section("discussion", "6 Discussion", *parts)


def _question(paper: Paper) -> str:
    study = paper.study("shortcomings")
    base = paper.estimate("shortcomings", study.baseline, HEADLINE)
    ceiling = paper.ceiling_of("shortcomings", study.baseline)
    at = paper.estimate("shortcomings", ceiling, HEADLINE) if ceiling else None
    formula = next(iter(paper.results.rows("shortcomings", "procedural")), None)
    synth = paper.estimate("shortcomings", formula, HEADLINE) if formula else None
    if base is None or not base.firm:
        return f"Whether a DCGAN can learn kicks is open here: {name(study.baseline)} has no interval over seeds."
    parts = []
    if at is not None:
        if base.apart(at) and not base.beats(at):
            parts.append(
                f"The picture allows {figure(at)}; the DCGAN as published ends at {figure(base)}, so that what is "
                "missing is missing from what was learned and not from the picture alone"
            )
        else:
            parts.append(
                f"No difference is shown between the DCGAN as published ({figure(base)}) and what its picture allows "
                f"({figure(at)})"
            )
    if synth is not None:
        parts.append(compared(base, synth, "energy distance"))
    return f"<b>Can a DCGAN learn kicks?</b> {'; '.join(parts)}."


def _steps(paper: Paper) -> str:
    study = paper.study("upconv")
    ups = list(study.factors["up-sampling"])
    first = paper.estimate("upconv", f"{ups[0]} + no loss", "profile_radius_fine")
    told = []
    for up in ups[1:]:
        other = paper.estimate("upconv", f"{up} + no loss", "profile_radius_fine")
        if first is not None and other is not None:
            told.append(compared(other, first, "the finest quarter of the spectrum"))
    return f"Without any spectral loss, {'; '.join(told)}." if told else ""


def _limits(paper: Paper) -> str:
    budgets = sorted({p["budget"] for p in paper.plans.values()})
    firm = [
        (paper.results.of(n), n) for n in paper.plans if paper.results.has(n)
    ]  # fmt: skip
    seeds = sorted({r["seed"] for rows, _ in firm for r in rows})
    return (
        f"<b>Limits.</b> Budgets are small ({listed(budgets)} of one core a run, {count(len(seeds), 'seed')}), and "
        "networks are "
        "small with them: what is said here is said of that scale, at which a family that learns quickly is ahead of "
        "one "
        "that learns well; WaveGAN and SpecGAN were published with days on a graphics card. Recipes were not tuned "
        "for this "
        "study, but they were not made by strangers to it either: the project’s own family is among the rows. Scores "
        "are of "
        "our own making where kicks needed it, each beside real against real; they see what they see. Intervals that "
        "overlap show no difference and prove no equality."
    )


def conclusion(paper: Paper) -> str:
    parts = []
    if paper.has("shortcomings"):
        parts.append(shortcomings_finding(paper))
        study = paper.study("shortcomings")
        base = paper.estimate("shortcomings", study.baseline, HEADLINE)
        single = [e for e in paper.results.estimates("shortcomings", HEADLINE, "trained")
                  if paper.style("shortcomings", e.row) == 0 and base is not None and e.row != base.row]  # fmt: skip
        if base is not None and base.firm and single:
            helped = [e for e in single if e.firm and e.beats(base)]
            compared_count = sum(e.firm for e in single)
            parts.append(
                f"Of {count(compared_count, 'single change')}, {count(len(helped), 'is', 'are')} shown to help"
                + (f": {listed([name(e.row) for e in helped])}." if helped else ".")
            )
    if not parts:
        parts.append("No study of what stops a DCGAN has been run in this laboratory.")
    parts.append(
        "All of it can be run again with one command on anybody’s kicks, and this page will say what it finds then."
    )
    return section("conclusion", "7 Conclusion", " ".join(parts))


def references(paper: Paper) -> str:
    items = []
    for key in paper.cited:
        w = works()[key]
        items.append(
            f'<li id="ref-{key}">{escape(w.authors)} ({w.year}). {escape(w.title)}. <i>{escape(w.place)}</i>. '
            f'<a href="https://doi.org/{w.doi}">doi:{w.doi}</a></li>'
        )
    return f'<section id="references"><h2>References</h2><ol>{"".join(items)}</ol></section>'
