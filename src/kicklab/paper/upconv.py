"""Traces of up-convolution: ways of up-sampling by forms of the spectral loss."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from kicklab.paper.charts import Axis, Series, lines, short
from kicklab.paper.context import Paper, labelled, section
from kicklab.paper.images import kernel_grid
from kicklab.paper.shared import curves_of, score_table
from kicklab.paper.words import (
    counted,
    figure,
    listed,
    missing,
    name,
)
from kicklab.results import Estimate, estimate_of
from kicklab.study import rows_of

UPCONV_SCORES = (
    ("profile_radius", "profile [dB]"),
    ("profile_radius_fine", "finest quarter [dB]"),
    ("profile_rows", "along frequency [dB]"),
    ("profile_columns", "along time [dB]"),
    ("stride_lines_frequency", "lines in the sound, frequency [dB]"),
    ("stride_lines_time", "lines in the sound, time [dB]"),
    ("probe_radius", "probe, representation"),
    ("probe_sound", "probe, sound"),
    ("energy", "energy distance [dB]"),
)
DECODED_LINES = "stride_lines_frequency"
PROFILES = (
    "Mean spectra of generated representations, over circles about the origin, one chart for each form of the spectral "
    "loss; thick: real kicks. Bands span the seeds."
)
AXES = "The same along each axis by itself, without spectral loss: the two axes of a spectrogram differ."
UPCONV_TABLE = (
    "Distances of mean spectra, lines above those of real kicks, accuracy of a linear probe on spectra alone (chance "
    "is 0.5), and the headline score. The ceiling’s row shows what the representation and Griffin-Lim do by themselves."
)


def upconv(paper: Paper) -> str:
    study = paper.study("upconv")
    if not paper.has("upconv"):
        return section("upconv", f"4.2 {study.title}", missing(study.title, "upconv"), level=3)
    ups, losses = (list(study.factors[f]) for f in ("up-sampling", "spectral loss"))
    parts = [
        study.question,
        f"<b>Overall.</b> Means over the levels of the other factor, by seed: {' '.join(upconv_finding(paper))}",
        f"<b>Up-sampling, one by one.</b> {_levels_compared(paper, ups, losses, vary='up')}",
        f"<b>The spectral loss, one by one.</b> {_levels_compared(paper, ups, losses, vary='loss')}",
        f"<b>Is it audible?</b> {_lines_sentence(paper)} {_probe_sentence(paper)}",
        paper.figure("fig-profiles", _profiles(paper, ups, losses), PROFILES, wide=True),
        paper.figure("fig-axes", _axes(paper, ups), AXES, wide=True),
        score_table(paper, "upconv", "table-upconv", UPCONV_SCORES, UPCONV_TABLE),
        _kernels_figure(paper, ups, losses),
    ]  # fmt: skip
    return section("upconv", f"4.2 {study.title}", *parts, level=3)


def _row_name(up: str, loss: str) -> str:
    return f"{up} + {loss}"


def _levels_compared(paper: Paper, ups: list[str], losses: list[str], vary: str, score: str = "profile_radius") -> str:
    """Each level against the first of its factor, at every level of the other: how often it is better or worse."""
    firsts, level_list, other_list = (ups[0], ups[1:], losses) if vary == "up" else (losses[0], losses[1:], ups)
    sentences = []
    for level in level_list:
        better: list[str] = []
        worse: list[str] = []
        same: list[str] = []
        for other in other_list:
            rows = (
                (_row_name(level, other), _row_name(firsts, other))
                if vary == "up"
                else (_row_name(other, level), _row_name(other, firsts))
            )
            a, b = (paper.estimate("upconv", row, score) for row in rows)
            if a is None or b is None or not (a.firm and b.firm):
                continue
            told = f"{name(other)} ({figure(a)} against {figure(b)})"
            (better if a.beats(b) else worse if a.apart(b) else same).append(told if a.apart(b) else name(other))
        if not better + worse + same:
            sentences.append(f"{name(level)} is not compared yet")
            continue
        parts = []
        if better:
            parts.append(f"nearer to the real spectrum with {listed(better)}")
        if worse:
            parts.append(f"farther from it with {listed(worse)}")
        if same:
            parts.append(f"not shown to differ with {listed(same)}")
        sentences.append(f"{name(level)} is {', '.join(parts)}")
    return (
        f"Compared with {name(firsts)}, by the distance of the mean spectrum over circles from that of real kicks: "
        f"{'; '.join(sentences)}."
    )


def _lines_sentence(paper: Paper) -> str:
    told = []
    for axis, words in (("time", "along time"), ("frequency", "along frequency")):
        found = [e for e in paper.results.estimates("upconv", f"stride_lines_{axis}", "trained") if e.firm]
        above = [e for e in found if e.low > 0]
        if found:
            told.append(f"{words} in {len(above)} of {counted(len(found), 'row')}")
    if not told:
        return "Lines in the decoded sound were not measured."
    where = " and ".join(told)
    return (
        f"In the decoded sound, lines at the multiples of strides are shown to stand above those of real kicks {where}."
    )


def _probe_sentence(paper: Paper) -> str:
    found = [e for e in paper.results.estimates("upconv", "probe_radius", "trained") if e.firm]
    if not found:
        return "No probe has an interval over seeds."
    blind = [e for e in found if e.low <= 0.5]
    best = min(found, key=lambda e: e.value)
    hardest = f"its accuracy is lowest for {name(best.row)} ({figure(best)})"
    if not blind:
        return f"A linear probe on the spectrum alone detects generated sounds in every row; {hardest}."
    return (
        f"A linear probe on the spectrum alone is not shown to beat chance for "
        f"{listed([name(e.row) for e in blind])}; {hardest}."
    )


def _profiles(paper: Paper, ups: list[str], losses: list[str]) -> str:
    return "".join(_spectra_chart(paper, [_row_name(up, loss) for up in ups], "radius", loss) for loss in losses)


def _axes(paper: Paper, ups: list[str]) -> str:
    rows = [_row_name(up, "no loss") for up in ups]
    return "".join(
        _spectra_chart(paper, rows, key, title)
        for key, title in (("rows", "along frequency"), ("columns", "along time"))
    )


def _spectra_chart(paper: Paper, rows: list[str], key: str, title: str) -> str:
    series = curves_of(paper, "upconv", rows, f"picture_{key}")
    real = curves_of(paper, "upconv", rows[:1], f"real_{key}")
    series += [Series("real", r.x, r.y, plain=True) for r in real]
    if not series:
        return ""
    axes = Axis("frequency in the representation", "cycles a cell"), Axis("level", "dB")
    return labelled(title, lines([without_mean(s) for s in series], *axes, f"spectrum, {title}", width=310, height=230))


def without_mean(line: Series) -> Series:
    """A spectrum without its point at 0, which is the mean of the representation and far below the others."""
    cut = {key: value[1:] for key in ("x", "y", "low", "high") if (value := getattr(line, key)) is not None}
    return replace(line, **cut)


def _kernels_figure(paper: Paper, ups: list[str], losses: list[str]) -> str:
    art = []
    for up in ups:
        entries = paper.entries("upconv", _row_name(up, losses[0]))
        kernels = paper.made(entries[0]).get("kernels_generator") if entries else None
        if kernels is not None:
            art.append(labelled(up, kernel_grid(kernels[:32], f"last kernels, {up}")))
    entries = paper.entries("upconv", _row_name(ups[0], losses[0]))
    critic = paper.made(entries[0]).get("kernels_critic") if entries else None
    if critic is not None:
        art.append(labelled("critic, first layer", kernel_grid(critic[:32], "first kernels of the critic")))
    if not art:
        return ""
    caption = (
        "Learned kernels: of the generator’s last up-sampling step, without spectral loss, and of the critic’s first "
        "layer. Rows are frequency, columns time; orange above zero, blue below, each scaled by its largest weight."
    )
    return paper.figure("fig-kernels", "".join(art), caption)


def crossed(paper: Paper, factor: str) -> dict[str, list[str]]:
    """Level of a factor -> its rows; where not all rows were run, those levels of the other factor that all have."""
    there = set(paper.results.rows("upconv", "trained"))
    found: dict[str, dict[str, str]] = {}
    for row in rows_of(paper.study("upconv")):
        if row.name in there:
            mine = dict(row.levels)
            at = mine.pop(factor)
            found.setdefault(at, {})["".join(mine.values())] = row.name
    if not found:
        return {}
    common = set.intersection(*(set(rows) for rows in found.values()))
    return {at: [name for other, name in rows.items() if other in common] for at, rows in found.items()}


def level(paper: Paper, factor: str, name_of_it: str, score: str) -> Estimate | None:
    """A score of one level of a factor: the mean over the levels of the other, of each seed, then over seeds.

    Runs of one seed begin with the same weights and batches, so that they do not count as independent. Only seeds with
    all levels of the other factor count; None where there is none.
    """
    wanted = crossed(paper, factor).get(name_of_it, [])
    full = paper.results.score_name("upconv", score)
    by_seed: dict[int, list[dict[str, Any]]] = {}
    for row in wanted:
        for r in paper.results.of("upconv", row=row, score=full):
            if r["value"] is not None and r["low"] is not None:
                by_seed.setdefault(r["seed"], []).append(r)
    whole = [runs for runs in by_seed.values() if len(runs) == len(wanted)]
    means = [runs[0] | {k: sum(r[k] for r in runs) / len(runs) for k in ("value", "low", "high")} for runs in whole]
    return replace(estimate_of(means), row=name_of_it) if means else None


def factor_levels(paper: Paper, factor: str, score: str) -> list[Estimate]:
    """The same of all levels with an interval."""
    found = (level(paper, factor, name_of_it, score) for name_of_it in paper.study("upconv").factors[factor])
    return [e for e in found if e is not None and e.firm]


def against_first(found: list[Estimate], what: str) -> str:
    """All levels, and which of them are shown to differ from the first."""
    first, others = found[0], found[1:]
    values = listed([f"{figure(e)} with {name(e.row)}" for e in found])
    kinds = (
        ("shown to be better", [e for e in others if e.beats(first)]),
        ("shown to be worse", [e for e in others if first.beats(e)]),
        ("not shown to differ", [e for e in others if not e.apart(first)]),
    )
    told = [
        f"{listed([name(e.row) for e in some])} {'is' if len(some) == 1 else 'are'} {kind}"
        for kind, some in kinds
        if some
    ]
    return f"{what} {values}" + (f"; against {name(first.row)}, {listed(told)}" if told else "")


def upconv_finding(paper: Paper) -> list[str]:
    """Both factors, each over all levels of the other."""
    told = []
    for factor, score, what in (
        ("up-sampling", DECODED_LINES,
         "In the decoded sound, lines at the multiples of strides stand above those of real kicks by"),
        ("spectral loss", "profile_radius", "The mean spectrum of the representations is off by"),
        ("up-sampling", "profile_radius_fine", "In the finest quarter, where the last up-sampling step shows, by"),
    ):  # fmt: skip
        found = factor_levels(paper, factor, score)
        if found:
            real = f" (halves of real kicks: {short(found[0].real)} {found[0].unit})" if score != DECODED_LINES else ""
            told.append(f"{against_first(found, what)}{real}.")
    return told or ["No two rows have been measured yet."]
