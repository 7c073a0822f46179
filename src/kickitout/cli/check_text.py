"""What `kick check` says on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kickitout.datasets.doctor.check import DoctorReport

SHOWN = 10  # lines of a section on the terminal


def as_text(report: DoctorReport, rest: str) -> str:
    """The report for a terminal: counts, overview, then at most SHOWN lines a section; rest: where all of them are."""
    lines = [report.headline(), "", *(f"{name:<9} {text}" for name, text in report.overview())]
    for section in report.sections():
        lines += ["", f"{section.count}  {section.title}", *(f"  {line}" for line in section.lines[:SHOWN])]
        if section.count > SHOWN:
            lines.append(f"  and {section.count - SHOWN} more ({rest})")
    if not report.sections():
        lines += ["", "nothing to complain of"]
    return "\n".join(lines)
