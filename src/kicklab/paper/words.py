"""Sentences that read the results: what ranks or compares is computed, and says when nothing is shown."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from html import escape

from kicklab.evidence import LAST, Evidence, Figure
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


def cell(e: Estimate | Figure | None) -> str:
    """An estimate as it stands in a table, without its unit."""
    if e is None:
        return "–"
    if not math.isfinite(e.low):
        return short(e.value)
    return macros("parts.html").with_interval(short(e.value), short(e.low), short(e.high))


def decibels(f: Figure) -> str:
    """A distance in a sentence."""
    return f"{short(f.value)} dB [{short(f.low)}, {short(f.high)}]"


def standing(e: Evidence, row: str) -> str:
    """Where a row ends, and whether it still moves."""
    seen = e.rows[row].seen[-LAST:]
    text = f"{name(row)} lies {decibels(e.distance(row))} from sources that it has not heard, mean over its milestones"
    text += f" from {seen[0]:,} to {seen[-1]:,} sounds"
    if e.distance(row).value <= e.unseen.band[1]:
        text += ", as near as recordings of other sources are"
    if e.learning(row):
        return f"{text}; it is still learning."
    worse = e.slope(row).low > 0
    return f"{text}; it gets worse." if worse else f"{text}; between the last two no change is shown."


def compared(e: Evidence, a: str, b: str, f: Figure, p: float, confirm: Evidence | None) -> str:
    """What a contrast shows, and whether the sounds that confirm show it too."""
    far, near = (a, b) if f.value > 0 else (b, a)
    values = f"{decibels(e.distance(near))} against {decibels(e.distance(far))}, p = {short(p)} after Holm"
    if p >= LEVEL:
        return f"Between {name(a)} and {name(b)} no difference is shown ({values})."
    ratio = e.ratio(far, near)
    text = f"{name(near)} is nearer than {name(far)}" + (f", {short(ratio)} times" if ratio else "") + f" ({values})."
    unfinished = [name(row) for row in (near, far) if row != e.study.baseline and e.learning(row)]
    if unfinished:
        text += f" At the end {listed(unfinished)} {'is' if len(unfinished) == 1 else 'are'} still learning."
    if confirm is None or not {a, b} <= confirm.rows.keys():
        return f"{text} It has not been confirmed yet."
    again = confirm.contrast(a, b)
    holds = again.low > 0 if f.value > 0 else again.high < 0
    where = "on the sounds that nothing was chosen by"
    return f"{text} It holds {where} too." if holds else f"{text} {where.capitalize()} it is not shown."


def told(e: Evidence, confirm: Evidence | None) -> list[str]:
    """All sentences on a study: its baseline, the contrasts that it named beforehand, and what is left out."""
    found = [standing(e, e.study.baseline)] if e.study.baseline in e.rows else []
    found += [compared(e, a, b, f, p, confirm) for a, b, f, p in e.named()]
    if e.problems:
        found.append(f"Left out: {'; '.join(escape(problem) for problem in e.problems)}.")
    return found
