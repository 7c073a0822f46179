"""Sentences that read the results: what ranks, compares or counts is computed, and says when nothing is shown.

Two rows differ where their intervals do not overlap; otherwise "no difference is shown". A row whose only interval is
over the sounds of one seed is not compared.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from html import escape

from kicklab.html import macros
from kicklab.paper.charts import short
from kicklab.results import Estimate

REPRESENTATION_NAMES = {
    "logmag": "log-magnitude", "mel": "mel", "complexstft": "complex STFT", "pqmf": "sub-bands", "wave": "waveform",
}  # fmt: skip
SHORT_UNITS = {"dB a cell": "dB"}  # as results have them -> as readers know them


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


def with_figure(e: Estimate) -> str:
    """A row with its estimate."""
    return f"{name(e.row)} ({figure(e)})"


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


def are(n: int, of: int = 0, thing: str = "") -> str:
    """So many, with their verb.

    >>> are(0), are(1), are(2)
    ('none is', '1 is', '2 are')
    >>> are(0, 3, "row"), are(2, 3, "row"), are(3, 3, "row"), are(1, 1, "row")
    ('none of 3 rows is', '2 of 3 rows are', 'all 3 rows are', 'the one row is')
    """
    verb = "is" if n < 2 else "are"
    if not of:
        return f"{n or 'none'} {verb}"
    if n == of:
        return f"the one {thing} is" if n == 1 else f"all {counted(of, thing)} are"
    return f"{n or 'none'} of {counted(of, thing)} {verb}"


def figure(e: Estimate) -> str:
    """An estimate with unit and interval."""
    unit = f" {escape(SHORT_UNITS.get(e.unit, e.unit))}" if e.unit not in ("", "0..1") else ""
    if not math.isfinite(e.low):
        return f"{short(e.value)}{unit}"
    return f"{short(e.value)}{unit} [{short(e.low)}, {short(e.high)}]"


def cell(e: Estimate | None) -> str:
    """An estimate as it stands in a table, without its unit."""
    if e is None:
        return "–"
    if not math.isfinite(e.low):
        return short(e.value)
    return macros("parts.html").with_interval(short(e.value), short(e.low), short(e.high))


def compared(a: Estimate | None, b: Estimate | None, what: str) -> str:
    """Whether a is better or worse than b in `what`, in half a sentence that begins with a."""
    if a is None or b is None:
        missing = a or b
        return f"{what} was not measured" + (f" of all but {name(missing.row)}" if missing else "")
    if not (a.firm and b.firm):
        return f"{name(a.row)} and {name(b.row)} are not compared in {what}: one seed gives no interval over seeds"
    values = f"{figure(a)} against {figure(b)}"
    if not a.apart(b):
        return f"between {name(a.row)} and {name(b.row)} no difference is shown in {what} ({values})"
    verb = "better" if a.beats(b) else "worse"
    return f"{name(a.row)} is {verb} than {name(b.row)} in {what} ({values})"


def against_baseline(estimates: Sequence[Estimate], baseline: Estimate | None, what: str) -> str:
    """Which of the rows are better than a baseline, which are worse, and of which nothing is shown."""
    others = [e for e in estimates if baseline is None or e.row != baseline.row]
    if baseline is None or not baseline.firm:
        return f"The baseline has no interval over seeds in {what}, so nothing is compared with it."
    if not others:
        return "There is no other row to compare it with."
    loose = [e for e in others if not e.firm]
    firm = [e for e in others if e.firm]
    better = sorted((e for e in firm if e.beats(baseline)), key=lambda e: e.value, reverse=baseline.better == "higher")
    worse = [e for e in firm if e.apart(baseline) and not e.beats(baseline)]
    same = [e for e in firm if not e.apart(baseline)]
    parts = []
    if better:
        parts.append(f"better {_are(better)} {listed([with_figure(e) for e in better])}")
    if worse:
        parts.append(f"worse {_are(worse)} {listed([with_figure(e) for e in worse])}")
    if same:
        parts.append(f"no difference is shown for {listed([name(e.row) for e in same])}")
    if loose:
        parts.append(f"not compared, with one seed, {_are(loose)} {listed([name(e.row) for e in loose])}")
    return f"Against {name(baseline.row)} ({figure(baseline)}) in {what}: {'; '.join(parts)}."


def _are(items: Sequence[object]) -> str:
    return "is" if len(items) == 1 else "are"


def leading(estimates: Sequence[Estimate]) -> tuple[Estimate, list[Estimate], int] | None:
    """The best, those that are not shown to differ from it, and of how many; None where none has an interval."""
    firm = [e for e in estimates if e.firm and math.isfinite(e.value)]
    if not firm:
        return None
    best = (min if firm[0].better == "lower" else max)(firm, key=lambda e: e.value)
    return best, [e for e in firm if e is not best and not e.apart(best)], len(firm)


def ranked(estimates: Sequence[Estimate], what: str) -> str:
    """The best of the rows, and those that are not shown to differ from it."""
    found = leading(estimates)
    if found is None:
        return f"No row has an interval in {what}."
    best, near, of = found
    lowest = "lowest" if best.better == "lower" else "highest"
    text = f"{name(best.row)} has the {lowest} {what} ({figure(best)})"
    if not near and of > 1:
        return f"{text}, and its interval overlaps with no other."
    if near:
        return f"{text}; no difference from it is shown for {listed([name(e.row) for e in near])}."
    return f"{text}; there is no other to compare it with."


def against_ceiling(pairs: Sequence[tuple[Estimate, Estimate]], what: str) -> str:
    """Which rows are not shown to differ from what their representation allows, and which are away from it."""
    firm = [(e, c) for e, c in pairs if e.firm]
    reached = [e for e, c in firm if not e.apart(c)]
    away = [(e, c) for e, c in firm if e.apart(c) and not e.beats(c)]
    parts = []
    if reached:
        parts.append(
            f"no difference from the ceiling of its representation is shown in {what} for "
            f"{listed([name(e.row) for e in reached])}"
        )
    if away:
        parts.append(
            f"{'all' if len(away) == len(firm) > 1 else len(away)} of {counted(len(firm), 'row')} "
            f"{'is' if len(away) == 1 else 'are'} shown to be worse than what the representation allows"
            + ("" if len(away) == len(firm) else f": {listed([name(e.row) for e, _ in away])}")
        )
    if not parts:
        return f"No row can be compared with the ceiling of its representation in {what}."
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}."


def missing(title: str, study: str) -> str:
    """What stands where a study was not run."""
    return (
        f'<p class="missing">The study “{escape(title)}” has not been run in this laboratory; nothing is said of it '
        f"here (<code>kick lab run {escape(study)}</code>).</p>"
    )
