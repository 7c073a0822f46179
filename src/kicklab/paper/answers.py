"""The answer of a study, before its distances: how many seeds have learned, and what is amiss.

A seed is alive where its tails are quiet and it lies below 10 dB. What cannot be told is left out. The first part of an
answer stands in the abstract as well.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from kicklab.evidence import LAST, Evidence
from kicklab.line_heights import LineHeights
from kicklab.paper.charts import short
from kicklab.paper.milestones import memory_sentence, pattern_sentence
from kicklab.paper.missed import alive_ends, missed_sentences, recall_of
from kicklab.paper.phases import PART_NAMES
from kicklab.paper.travel import travel_sentence
from kicklab.paper.words import (
    LEVEL,
    beyond,
    decibels,
    listed,
    lying,
    moving,
    name,
    probability,
    rough,
    some_dead,
    span,
)  # fmt: skip
from kicklab.study import rows_of

MORE = (
    "With <em>more kicks</em> number and origin are not told apart: those that are added are of the collection that "
    "confirms, of its other sources, so that a model may be nearer there for what they are, and not for how many."
)


def answer_of(study: str, e: Evidence, confirm: Evidence | None = None) -> list[str]:
    """The answer of a study, the first sentences first, which stand in the abstract as well; of one whose rows do not
    give any, none. confirm: the same by the sounds that confirm."""
    said = ANSWERS[study](e) if study in ANSWERS and e.study.baseline in e.rows else []
    if said and confirm is not None and study == "curves":
        said.append(_nearest_elsewhere(e, confirm))
    return [one for one in said if one]


def _learns(e: Evidence) -> list[str]:
    """`curves`: whether a DCGAN learns, how near the nearest row comes, and what it misses."""
    base = e.study.baseline
    after = f"{e.rows[base].seen[-1]:,} sounds"
    if not e.alive(base):
        return [f"A DCGAN has not learned kicks: after {after} {_seeds(e, base)} are alive."]
    learned = [row for row in e.rows if e.alive(row)]
    nearest = _nearest(e)
    still = moving(e, nearest)
    excess = None if some_dead(e, nearest) else e.excess(nearest)
    others = [row for row in learned if row not in (base, nearest)]
    too = f", and {_seeds(e, nearest)} of {name(nearest)}, the nearest by estimate" if nearest != base else ""
    said = f"A DCGAN can learn kicks: after {after} {_seeds(e, base)} of {name(base)} are alive{too}. From "
    said += f"{e.rows[nearest].seen[-LAST:][0]:,} on it lies {lying(e, nearest)} from unseen sources"
    said += ", still learning" if (learning := e.learning(nearest)) else ""
    short_of = [one for one in (_told_of(e, nearest), recall_of(e, nearest)) if one]
    said += f"; {' and '.join(short_of)}." if short_of else "."
    more = [f"It is {beyond(excess)}." if excess else "", "" if learning else f"{still[0].upper()}{still[1:]}."]
    also = f"Of the other rows {listed([f'{_seeds(e, row)} of {name(row)}' for row in others])} are alive."
    more += [also if others else "", _told_apart(e, _alike(e)), *missed_sentences(e, _alike(e))]
    return [said, *filter(None, [*more, pattern_sentence(e, learned), memory_sentence(e, learned)])]


def _nearest(e: Evidence) -> str:
    """The nearest of the rows that have learned and are of the baseline's family."""
    return min((row for row in _alike(e) if e.alive(row)), key=lambda row: e.distance(row).value)


def _alike(e: Evidence) -> list[str]:
    """The rows of the baseline's family."""
    families = {row.name: row.resolved(0).model.family for row in rows_of(e.study)}
    return [row for row in e.rows if families[row] == families[e.study.baseline]]


def _nearest_elsewhere(e: Evidence, confirm: Evidence) -> str:
    """The nearest row by the sounds that confirm; empty where the baseline has not learned or rows are not there."""
    if e.rows.keys() != confirm.rows.keys() or not all(of.alive(e.study.baseline) for of in (e, confirm)):
        return ""
    here, there = _nearest(e), _nearest(confirm)
    too = ", too" if here == there else ""
    said = f"By sounds that nothing was chosen by {name(there)} is the nearest DCGAN{too}: {lying(confirm, there)}"
    excess = None if some_dead(confirm, there) else confirm.excess(there)
    return f"{said}, {beyond(excess)}." if excess else f"{said}."


def _told_apart(e: Evidence, alike: Sequence[str]) -> str:
    """Whether a classifier tells rows from the recordings that confirm: runs that are alive, those of the baseline's
    family together, others each on its own, and the recordings that were learned from."""
    ends = {row: _told(e, row) for row in e.rows}
    mine = [end for row in alike for end in ends[row]]
    if not mine:
        return ""
    told = sum(end["p"] < LEVEL for end in mine)
    whose = "all" if told == len(mine) else f"{told} of the {len(mine)}"
    said = f"A classifier still tells {whose} live DCGANs from recordings that nothing was chosen by"
    beside = [f"{_right(found)} for {name(row)}" for row, found in ends.items() if found and row not in alike]
    if e.recordings_told is not None:
        beside.append(f"{_right([e.recordings_told])} for the recordings that were learned from")
    more = f"; in {listed(beside)}" if beside else ""
    return f"{said}: it is right in {_right(mine)} of cases{more} (chance is about 50 %)."


def _told_of(e: Evidence, row: str) -> str:
    """In how many cases a classifier tells what a row makes, as part of a sentence."""
    found = _told(e, row)
    return f"a classifier tells it in {_right(found)} of cases" if found else ""


def _told(e: Evidence, row: str) -> list[dict[str, float]]:
    """How a classifier tells what the live runs of a row make; nothing where it was not asked."""
    return [end["told_apart"] for end in alive_ends(e, row) if "told_apart" in end]


def _right(ends: Sequence[dict[str, float]]) -> str:
    return f"{span([100 * end['accuracy'] for end in ends], '{:.0f}'.format)} %"


def _starts(e: Evidence) -> list[str]:
    """`start`: whether a DCGAN is dead after its start, and since when all seeds of rows that are nearer are alive."""
    base = e.study.baseline
    nearer = [b for a, b, f, p in e.named() if a == base and f.value > 0 and p < LEVEL]
    first = {row: at for row in nearer if (at := e.alive_since(row))}
    since = [f"{listed([name(row) for row in first if first[row] == at])} from {at:,} on"
             for at in sorted(set(first.values()))]  # fmt: skip
    said = f"{_seeds(e, base)} of {name(base)} are alive after {e.rows[base].seen[-1]:,} sounds"
    return [f"{said}; of {listed(since)} all are." if since else f"{said}.", travel_sentence(e)]


def _ancestor(e: Evidence) -> list[str]:
    """`ancestor`: the first draft's network with its sigmoid applied twice, as it was, and once, at its own rates and
    at others."""
    was = e.study.contrasts[0][0]
    if was not in e.rows:
        return []
    configs = {row.name: row.resolved(0) for row in rows_of(e.study) if row.name in e.rows}
    rates = [one.lr for one in (configs[was].optim_g, configs[was].optim_d)]
    groups: dict[tuple[bool, bool], list[bool]] = {}
    for row, config in configs.items():
        own = [config.optim_g.lr, config.optim_d.lr] == rates
        kind = bool(getattr(config.model, "critic_sigmoid", False)), own
        groups.setdefault(kind, []).extend(e.runs_alive(row))
    once, twice = groups.get((False, True), []), groups[True, True]
    after = f"after {e.rows[was].seen[-1]:,} sounds"
    if not once:
        return [f"With a sigmoid that is applied twice {_of(twice)} runs are alive {after}."]
    learns = all(once) and not any(twice)
    how = "learns kicks with one sigmoid" if learns else "with one sigmoid, and with two"
    said = f"The network of the first draft {how}: {after} {_of(once)} runs with one are alive at its own rates, "
    said += f"whatever the labels, and {_of(twice)} with two"
    others = groups.get((False, False), [])
    return [f"{said}.", f"At other rates {_of(others)} runs with one sigmoid are alive." if others else ""]


def _of(alive: Sequence[bool]) -> str:
    return f"{sum(alive)} of {len(alive)}"


def _ends(e: Evidence) -> list[str]:
    """`end`: whether more kicks move where a model ends, and how well each critic tells those that it has learned."""
    named = e.named()
    if not named:
        return []
    nearer = [f"{name(b)} than with {name(a)}" for a, b, f, p in named if p < LEVEL and f.value > 0]
    farther = [f"{name(b)} than with {name(a)}" for a, b, f, p in named if p < LEVEL and f.value < 0]
    said = f"With more kicks to learn from a model ends nearer: with {listed(nearer)}." if nearer else ""
    said += f"{' ' if said else ''}It ends farther with {listed(farther)}." if farther else ""
    areas = {row: [log[-1]["critic"]["auc"] for log in runs.logs if log[-1]["critic"]] for row, runs in e.rows.items()}
    told = [f"{np.mean(found):.2f} ({name(row)})" for row, found in areas.items() if found]
    apart = f"Critics tell what they have learned from unseen kicks with an area under the curve of {listed(told)}."
    confounded = any(row.more for row in rows_of(e.study) if row.name in e.rows)
    least = f"The least p after Holm is {short(min(p for *_, p in named))}."
    found = [said or "More kicks are not shown to help.", "" if said else least, MORE if confounded else "",
             apart if told else ""]  # fmt: skip
    return [one for one in found if one]


def _lines(e: Evidence) -> list[str]:
    """`upconv`: whether training takes periodic lines away, and which of the contrasts that it names lower them."""
    found, base = LineHeights(e), e.study.baseline
    if base not in found.heights:
        return []
    seen, height, late = found.seen[base], found.height(base), found.change(base)
    if height.low <= 0:
        where = f"they stand {decibels(height)} above real kicks"
        return [f"No periodic lines are shown in what {name(base)} makes: {where}."]
    named = found.named()
    shown = [(*((a, b) if f.value > 0 else (b, a)), abs(f.value), p) for a, b, f, p in named if p < LEVEL]
    gone = [name(row) for row in found.heights if found.height(row).low <= 0 and not some_dead(e, row)]
    fade = "Periodic lines fade with training" if late.high < 0 else "Training is not shown to take periodic lines away"
    brief = f"{fade}: those of {name(base)} stand {decibels(height)} above real kicks."
    without = [f"None are shown with {listed(gone)}."] if gone else []
    change = f"From {seen[-LAST:][0]:,} to {seen[-1]:,} sounds those of {name(base)} change by {decibels(late)}"
    if len(seen) > LAST and not some_dead(e, base, 0):
        change += f", from {seen[0]:,} to {seen[-LAST]:,} by {decibels(found.change(base, 0, -LAST))}"
    lower = [f"with {name(b)} than with {name(a)} by {short(by)} dB, {probability(p)}" for a, b, by, p in shown]
    open_ = [f"{name(a)} and {name(b)}" for a, b, _, p in named if p >= LEVEL]
    mixed = [f"{_seeds(e, row)} of {name(row)}" for row in found.heights if some_dead(e, row)]
    counted = [f"At the end {listed(mixed)} are alive, and all count here."] if mixed else []
    return [
        brief, *without, f"{change}.", *counted,
        *([f"They stand lower {'; '.join(lower)} (after Holm)."] if lower else []),
        *([f"No difference of lines is shown between {'; '.join(open_)}."] if open_ else []), *_spectra(e),
    ]  # fmt: skip


def _spectra(e: Evidence) -> list[str]:
    """How far the power of spectrograms over spatial frequency, averaged over directions (Durall et al. 2020), is off
    at the end, by row; nothing where it was not measured."""
    found: dict[str, list[float]] = {}
    beside: list[float] = []
    for row, runs in e.rows.items():
        for score in (s for run in runs.logs for s in run[-1].get("scores", ()) if s["name"] == "profile_radius"):
            found.setdefault(row, []).append(score["value"])
            beside.append(score["real"])
    told = [f"{span(values, rough)} dB ({name(row)})" for row, values in found.items()]
    if not told:
        return []
    return [f"The power of spectrograms over spatial frequency is off by {listed(told)}; recordings among themselves "
            f"by {short(float(np.mean(beside)))} dB."]  # fmt: skip


def _seeds(e: Evidence, row: str) -> str:
    """How many seeds of a row are alive at the end, of how many."""
    return f"{_of(e.runs_alive(row))} seeds"


ANSWERS: dict[str, Callable[[Evidence], list[str]]] = {
    "curves": _learns,
    "start": _starts,
    "ancestor": _ancestor,
    "end": _ends,
    "upconv": _lines,
}


def swap_answered(found: dict[str, Any]) -> str:
    """Whether the phase is the gap, for each number of rounds of Griffin-Lim that was tried."""
    tried = sorted({one["rounds"] for one in found["shares"]})
    return " ".join(_swap_answered(found, rounds) for rounds in tried)


def swap_brief(found: dict[str, Any]) -> str:
    """What of it stands in the abstract: with the fewest rounds, as sounds of the other studies come back, without what
    is open."""
    said = _swap_answered(found, min(one["rounds"] for one in found["shares"]))
    return f"{re.sub(r' [(].*?[)]', '', said).split(';')[0].rstrip('.')}."


def _swap_answered(found: dict[str, Any], rounds: int) -> str:
    mine = [one for one in found["shares"] if one["rounds"] == rounds]
    there = [one for one in mine if "share" in one]
    whose = "the gap of one seed" if "1 seed" in found.get("made", "") else "the gap"
    small = [PART_NAMES[one["part"]] for one in there if one["over_half"]["high"] < 0]
    none = [PART_NAMES[one["part"]] for one in mine if "share" not in one]
    if not there:
        return f"With {rounds} rounds of Griffin-Lim no gap is shown that a phase could be the cause of."
    large = [PART_NAMES[one["part"]] for one in there if one["over_half"]["high"] >= 0]
    if large and not small:
        return f"With {rounds} rounds of Griffin-Lim it is open in {listed(large)} whether the phase is the gap."
    if large:
        less = f"less than half of {whose} in {listed(small)} (in {listed(large)} this is open)"
        return f"With {rounds} rounds of Griffin-Lim the phase is {less}."
    rest = f"; in {listed(none)} none is to be shown" if none else ""
    return f"With {rounds} rounds of Griffin-Lim the phase is less than half of {whose} in {listed(small)}{rest}."
