"""The report of the data doctor in words: counts, what a folder is made of, and everything that was found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kickitout.errors import count
from kickitout.sound import SAMPLE_RATE

if TYPE_CHECKING:
    from kickitout.datasets.doctor.check import DoctorReport, Finding, Suspect

PAIR = 3  # names of a group in a line


@dataclass(frozen=True)
class Section:
    """title: what was found and what becomes of it; count: how many; lines: one each."""

    key: str
    title: str
    lines: tuple[str, ...]

    @property
    def count(self) -> int:
        return len(self.lines)


def headline(report: DoctorReport) -> str:
    """The counts, first of all."""
    parts = [
        f"{count(len(report.taken), 'sound')} taken, {report.different} different",
        f"{len(report.refused) - len(report.copies)} refused",
        count(len(report.suspects), "suspect"),
        f"{count(sum(report.ignored.values()), 'file')} ignored",
    ]
    if report.copies:
        parts.insert(2, f"{count(len(report.copies), 'copy', 'copies')} left out")
    return "; ".join(parts)


def overview(report: DoctorReport) -> list[tuple[str, str]]:
    """What the folder is made of: (name, text) each."""
    rates = _counts({f"{rate} Hz": n for rate, n in report.rates.items()})
    names = {1: "mono", 2: "stereo"}
    channels = _counts({names.get(c, f"{c} channels"): n for c, n in report.channels.items()})
    if list(report.rates) != [SAMPLE_RATE]:
        rates += f"; all become {SAMPLE_RATE} Hz"
    if list(report.channels) != [1]:
        channels += "; stereo becomes mid and side"
    said = [
        ("forecast", report.forecast),
        ("rates", rates),
        ("channels", channels),
        ("lengths", _counts({label: n for label, n in report.lengths if n})),
        ("licences", _counts(report.licences)),
    ]
    if report.ignored:
        said.append(("ignored", _counts(report.ignored) + ": not sounds"))
    return said


def sections(report: DoctorReport) -> list[Section]:
    """Everything that was found, the weightiest first; sections without lines are left out."""
    copies = set(report.copies)
    refused = [one for one in report.refused if one.name not in copies]
    kinds = Counter(suspect.suspicions[0].kind for suspect in report.suspects)
    listed = [
        Section("refused", "Refused: not used", tuple(f"{one.name}: {one.reason}" for one in refused)),
        Section(
            "suspects",
            f"Suspects, probably not one kick: used all the same, listen to them ({_counts(kinds)})",
            tuple(suspect_line(suspect) for suspect in report.suspects),
        ),
        Section(
            "groups",
            "Groups of near-duplicates: never divided between training and held-out sounds",
            tuple(_group_line(names, report.copies) for names in report.groups),
        ),
        *(
            Section(key, title[0].upper() + title[1:], tuple(_finding_line(one) for one in report.findings[key]))
            for key, title in report.titles.items()
        ),
        Section("warnings", "Warnings", report.warnings),
    ]
    return [section for section in listed if section.count]


def suspect_line(suspect: Suspect) -> str:
    """The name, what it may be, and why."""
    return f"{suspect.name}: {suspect.suspicions[0].kind}? {'; '.join(one.reason for one in suspect.suspicions)}"


def _finding_line(one: Finding) -> str:
    return f"{one.name}: {one.text}" if one.text else one.name


def _group_line(names: tuple[str, ...], copies: Mapping[str, str]) -> str:
    ordered = [names[0], *sorted(names[1:], key=lambda name: name not in copies)]  # what is left out is not hidden
    shown = [f"{name} (the same sound as {copies[name]})" if name in copies else name for name in ordered]
    more = f" and {len(names) - PAIR} more" if len(names) > PAIR else ""
    return f"{len(names)}: {', '.join(shown[:PAIR])}{more}"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{n} {name}" if not name[0].isdigit() else f"{n} x {name}" for name, n in counts.items())
