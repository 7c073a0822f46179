"""Is the phase the gap? Sentences and a figure of what `swap` has measured; they change with the results."""

from __future__ import annotations

from html import escape
from typing import Any

from markupsafe import Markup

from kicklab.paper.charts import Axis, Dot, dots, short
from kicklab.paper.context import Paper
from kicklab.paper.words import listed

SWAP_TITLE = "Is the phase the gap?"
PART_NAMES = {"click": "the click", "body": "the body", "all": "all bands", "C2ST": "the accuracy of a classifier"}
DRAWN = {"click": "click: distance", "body": "body: distance", "all": "all bands: distance", "C2ST": "C2ST accuracy"}
CHANCE = 0.5  # of a classifier


def swap_sentences(found: dict[str, Any]) -> list[str]:
    """What a rebuilt phase costs real kicks, and what share of the gap that is."""
    every = sorted({one["rounds"] for one in found["shares"]})
    by = {rounds: [one for one in found["shares"] if one["rounds"] == rounds] for rounds in every}
    said = [_cost(rounds, by[rounds]) for rounds in every]
    return [*said, _gap(found["made"], by[every[-1]]), *_borrowed(found, every[-1])]


def _borrowed(found: dict[str, Any], rounds: int) -> list[str]:
    """How much nearer what is made comes with the phase of a real kick than with a rebuilt one."""
    scores = {(one["magnitude"], one["rounds"]): one["scores"] for one in found.get("conditions", ())}
    if not {("made", None), ("made", rounds)} <= scores.keys():
        return []
    kept, rebuilt = scores["made", None], scores["made", rounds]
    nearer = [
        f"in {PART_NAMES[part]} at {short(kept[part]['value'])} dB in place of {short(rebuilt[part]['value'])}"
        for part in kept
        if part != "C2ST" and kept[part]["value"] < rebuilt[part]["value"]
    ]
    with_it = "With the phase of the real kick that is nearest to each, which carries what is real itself, it lies"
    return [f"{with_it} {listed(nearer)} (exploratory)."] if nearer else []


def _cost(rounds: int, shares: list[dict[str, Any]]) -> str:
    costly = [one for one in shares if one["cost"]["low"] > 0]
    free = [one for one in shares if one["cost"]["low"] <= 0]
    far = [f"{PART_NAMES[one['part']]} by {_number(one['cost'], one['part'])}" for one in costly]
    near = [f"{PART_NAMES[one['part']]} ({_number(one['cost'], one['part'])})" for one in free]
    text = f"With a phase of {rounds} rounds of Griffin-Lim in place of their own, "
    if not far:
        return f"{text}no cost is shown for real kicks, in {listed(near)}."
    text += f"real kicks move away from those of other sources in {listed(far)}"
    return f"{text}; no cost is shown in {listed(near)}." if near else f"{text}."


def _gap(made: str, shares: list[dict[str, Any]]) -> str:
    none = [f"{PART_NAMES[one['part']]} ({_number(one['gap'], one['part'])})" for one in shares if "share" not in one]
    rest = f"No gap is shown in {listed(none)}." if none else ""
    parts = []
    for one in (one for one in shares if "share" in one):
        gap = _number(one["gap"], one["part"])
        parts.append(f"{short(one['share'])} in {PART_NAMES[one['part']]} ({_whose(one)}; the gap is {gap})")
    if not parts:
        return f"Between real kicks and what {escape(made)} makes with it there is none to share out. {rest}"
    gap = f"Of the gap between real kicks and what {escape(made)} makes with it"
    return f"{gap}, the phase has a share of {listed(parts)}. {rest}".rstrip()


def _whose(one: dict[str, Any]) -> str:
    """Whether a rebuilt phase costs more than half of the gap, by the interval of how far it is over that."""
    over = one["over_half"]
    return "most of it is the phase" if over["low"] > 0 else "less than half" if over["high"] < 0 else "open"


def _number(e: dict[str, float], part: str) -> str:
    unit = "" if part == "C2ST" else " dB"
    return f"{short(e['value'])}{unit} [{short(e['low'])}, {short(e['high'])}]"


def swap_figure(paper: Paper, found: dict[str, Any]) -> Markup:
    """All conditions in click, body, all bands and the classifier's accuracy."""
    art = ""
    for part, label in DRAWN.items():
        lines = []
        for one in found["conditions"]:
            phase = "kept" if one["rounds"] is None else f"{one['rounds']} rounds"
            e = one["scores"][part]
            style = int(one["magnitude"] == "made")
            lines.append(Dot(f"{one['magnitude']}, {phase}", e["value"], e["low"], e["high"], style))
        unit = "" if part == "C2ST" else "dB"
        art += dots(lines, Axis(label, unit), f"phase swapped: {label}", across=CHANCE if part == "C2ST" else 0.0)
    n, sources = found["n"], found["sources"]
    caption = (
        f"Levels of {n['real']} real kicks ({sources['real']} sources) and of {n['made']} sounds of "
        f"{escape(found['made'])}, each with a phase that is kept ({escape(found['phase'])}, of what is made) and with "
        f"one of so many rounds of Griffin-Lim, against {n['unseen']} kicks of {sources['unseen']} other sources; 95 % "
        "intervals over sources, with classifiers as they are and the seeds as one set. Dashed: real kicks of new "
        "sources, and chance."
    )
    return paper.figure("fig-swap", art, caption, wide=True)
