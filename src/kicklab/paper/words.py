"""Sentences that read the results: what ranks or compares is computed, and says when nothing is shown."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from html import escape

from kicklab.evidence import LAST, POWER, Evidence, Figure, hard
from kicklab.html import macros
from kicklab.paper.charts import short
from kicklab.results import Estimate

REPRESENTATION_NAMES = {
    "logmag": "log-magnitude", "mel": "mel", "complexstft": "complex STFT", "pqmf": "sub-bands", "wave": "waveform",
}  # fmt: skip
LEVEL = 0.05  # of a corrected p below which a difference is shown


def shown(row: str) -> str:
    """A row as readers know it: representations by what they are, not by their names in the programme.

    >>> shown("ceiling of logmag 1 × 256 × 128, 5 rounds"), shown("wave 1 × 1 × 22528"), shown("WaveGAN")
    ('ceiling of log-magnitude 256 × 128 (5 rounds)', 'waveform 22528', 'WaveGAN')
    """
    found = re.fullmatch(
        rf"(ceiling of )?({'|'.join(REPRESENTATION_NAMES)}) (?:1 × )*([\d× ]+)(?:, (\d+) rounds)?", row
    )
    if found is None:
        return row
    ceiling, representation, shape, rounds = found.groups()
    return f"{ceiling or ''}{REPRESENTATION_NAMES[representation]} {shape}" + (f" ({rounds} rounds)" if rounds else "")


def name(row: str) -> str:
    """A row as it stands in a sentence."""
    return f"<em>{escape(shown(row))}</em>"


def listed(items: Sequence[str]) -> str:
    """a, b and c.

    >>> listed(["a", "b", "c"]), listed(["a"]), listed([])
    ('a, b and c', 'a', 'none')
    """
    if not items:
        return "none"
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def counted(n: int, thing: str, things: str = "") -> str:
    """3 kicks, 1 kick, no kicks.

    >>> counted(1, "kick"), counted(0, "copy", "copies")
    ('1 kick', 'no copies')
    """
    return f"{n if n else 'no'} {thing if n == 1 else (things or thing + 's')}"


def cell(e: Estimate | Figure | None, *, of_seeds: bool = False) -> str:
    """An estimate as it stands in a table, without its unit. of_seeds: its ends are no interval but seeds."""
    if e is None:
        return "–"
    if not math.isfinite(e.low):
        return short(e.value)
    part = macros("parts.html").with_seeds if of_seeds else macros("parts.html").with_interval
    ends = short if of_seeds else rough  # seeds are figures as exact as their median, an interval's ends are not
    return part(short(e.value), ends(e.low), ends(e.high))


def rough(value: float) -> str:
    """Two digits that count: the end of an interval.

    >>> rough(0.0287), rough(-12.3), rough(1034.0), rough(-0.0)
    ('0.029', '−12', '1000', '0')
    """
    return f"{float(f'{value:.2g}') + 0.0:.10g}".replace("-", "−")


def span(values: Sequence[float], written: Callable[[float], str] = short) -> str:
    """From the least to the greatest.

    >>> span([0.98, 1.0, 0.952], rough), span([0.005]), span([3.0, 1.0])
    ('0.95 to 1', '0.00500', '1.00 to 3.00')
    """
    least, most = written(min(values)), written(max(values))
    return least if least == most else f"{least} to {most}"


def decibels(f: Figure) -> str:
    """A distance in a sentence."""
    return f"{short(f.value)} dB [{short(f.low)}, {short(f.high)}]"


def probability(p: float) -> str:
    """A p in a sentence. With a few seeds its tail is that of a model, and further digits say nothing.

    >>> probability(0.0312), probability(1e-7)
    ('p = 0.0312', 'p &lt; 0.001')
    """
    return "p &lt; 0.001" if p < 0.001 else f"p = {short(p)}"


def some_dead(e: Evidence, row: str, milestone: int = -1) -> bool:
    """Whether seeds of a row are dead, at the end or at another milestone: an interval over them, or over both kinds,
    says nothing."""
    return e.alive(row, milestone) < 1


def reach(e: Evidence, row: str, milestone: int | None = None) -> Figure:
    """The distance of a row with its interval; where some are dead, with the nearest and the farthest seed."""
    found = e.distance(row, milestone)
    if not some_dead(e, row):
        return found
    seeds = e.values(row, milestone)[:, 0]
    return Figure(found.value, hard(float(seeds.min())), hard(float(seeds.max())))


def lying(e: Evidence, row: str) -> str:
    """How far a row lies, in a sentence."""
    found = reach(e, row)
    if not some_dead(e, row):
        return decibels(found)
    return f"{short(found.value)} dB (its seeds {short(found.low)} to {short(found.high)})"


def standing(e: Evidence, row: str) -> str:
    """Where a row ends, and whether it still moves."""
    seen = e.rows[row].seen[-LAST:]
    text = f"{name(row)} lies {lying(e, row)} from sources that it has not heard, mean over its milestones"
    text += f" from {seen[0]:,} to {seen[-1]:,} sounds"
    if not some_dead(e, row) and (excess := e.excess(row)):
        text += f", {beyond(excess)}"
    return f"{text}; {moving(e, row)}."


def moving(e: Evidence, row: str) -> str:
    """Whether a row still moves from its last milestone but one to the last."""
    if e.learning(row):
        return "it is still learning"
    return "it gets worse" if e.slope(row).low > 0 else "between its last two milestones no change is shown"


def beyond(excess: Figure) -> str:
    """How much farther a row lies than the recordings that it learned from."""
    if excess.low <= 0:
        return f"not shown to lie beyond the recordings that it learned from ({decibels(excess)})"
    return f"{decibels(excess)} beyond the recordings that it learned from"


def compared(e: Evidence, a: str, b: str, f: Figure, p: float, confirm: Evidence | None) -> str:
    """What a contrast shows, and whether the sounds that confirm show it too."""
    if p >= LEVEL:
        values = f"{lying(e, a)} against {lying(e, b)}, {probability(p)} after Holm"
        return f"Between {name(a)} and {name(b)} no difference is shown ({values}).{_shown_elsewhere(a, b, confirm)}"
    far, near, values = _ranked(e, a, b, f, p)
    text = f"{name(near)} is nearer than {name(far)}"
    if ratio := e.ratio(far, near):
        ends = sorted(math.exp(abs(end)) for end in (f.low, f.high))  # up there the scale is a logarithm
        text += f", {short(ratio)} times [{short(ends[0])}, {short(ends[1])}]"
    text += f" ({values})."
    unfinished = [name(row) for row in (near, far) if row != e.study.baseline and e.learning(row)]
    if unfinished:
        text += f" At the end {listed(unfinished)} {'is' if len(unfinished) == 1 else 'are'} still learning."
    if confirm is None or not {a, b} <= confirm.rows.keys():
        return f"{text} It has not been confirmed yet."
    again = confirm.contrast(a, b)
    holds = again.low > 0 if f.value > 0 else again.high < 0
    where = "on the sounds that nothing was chosen by"
    return f"{text} The same runs {'show it' if holds else 'do not show it'} {where}{' too' if holds else ''}."


def _ranked(e: Evidence, a: str, b: str, f: Figure, p: float) -> tuple[str, str, str]:
    """The farther and the nearer of two rows, and where both lie."""
    far, near = (a, b) if f.value > 0 else (b, a)
    return far, near, f"{lying(e, near)} against {lying(e, far)}, {probability(p)} after Holm"


def _shown_elsewhere(a: str, b: str, confirm: Evidence | None) -> str:
    """What the sounds that confirm show of a contrast of which the others show nothing."""
    if confirm is None:
        return ""
    for one, other, f, p in confirm.named():
        if (one, other) == (a, b) and p < LEVEL:
            _, near, values = _ranked(confirm, a, b, f, p)
            return (
                f" On the sounds that nothing was chosen by {name(near)} is nearer ({values}); as the first test did "
                "not show it, this is open."
            )
    return ""


def baseline_told(e: Evidence) -> list[str]:
    """Where the baseline of a study ends; nothing where it is not whole."""
    return [standing(e, e.study.baseline)] if e.study.baseline in e.rows else []


def contrasts_told(e: Evidence, confirm: Evidence | None) -> list[str]:
    """What each contrast shows that a study named beforehand, a text each."""
    return [compared(e, a, b, f, p, confirm) for a, b, f, p in e.named()]


def remarks_on(e: Evidence) -> list[str]:
    """What is to be known of the contrasts, and what is left out."""
    found, named = list[str](), e.named()
    if len(named) < len(e.study.contrasts):
        found.append(f"Of the contrasts that were named beforehand {len(named)} of {len(e.study.contrasts)} "
                     f"{'is' if len(named) == 1 else 'are'} of rows that are whole.")  # fmt: skip
    if powers := [math.exp(f.detectable) for a, b, f, _ in named if e.ratio(a, b) and e.alive(a) == e.alive(b) == 1]:
        found.append(f"Between rows whose seeds are all alive and that lie above what other recordings reach a true "
                     f"difference by a factor of {span(powers)} would be found in {100 * POWER:.0f} % of cases, before "
                     "Holm.")  # fmt: skip
    if e.problems:  # what mends them is said on the command line
        found.append(f"Left out: {'; '.join(escape(problem.split('; ')[0]) for problem in e.problems)}.")
    return found
