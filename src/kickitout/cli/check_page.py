"""The report of `kick check` as one page that needs nothing else: sounds, pictures and style are inside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

import kickitout
from kickitout.drawing import data_uri, spectrogram_png, wave_svg
from kickitout.errors import UserError
from kickitout.sound import SAMPLE_RATE

if TYPE_CHECKING:
    from kickitout.datasets.doctor.check import DoctorReport
    from kickitout.datasets.doctor.words import Section

PLAYERS = 200  # sounds on a page: 60 to 400 kB each
GROUP_SHOWN = 6  # players of a group
LONGEST_S = 4.0  # of a suspect: enough to hear that it is a loop
INAUDIBLE = 1e-3  # of the peak: what comes after is not played

Figure = tuple[Markup, str, str, str]  # drawing of the wave, sound, spectrogram, caption; only that where no room is
Block = tuple[list[Figure], list[str]]  # figures, and lines below them


class _Players:
    """Sounds on the page, as long as there is room."""

    def __init__(self, report: DoctorReport) -> None:
        self.report = report
        self.left = PLAYERS

    def prepared(self, name: str) -> tuple[np.ndarray, int]:
        wave = self.report.prepared(name)
        loud = np.flatnonzero(np.abs(wave) > INAUDIBLE * np.abs(wave).max())
        return wave[: int(loud[-1]) + 1], SAMPLE_RATE

    def recorded(self, name: str) -> tuple[np.ndarray, int]:
        """As it is in its file, or as prepared where the file has gone."""
        try:
            wave, rate = self.report.recorded(name)
        except UserError:
            return self.prepared(name)
        wave = wave[: round(LONGEST_S * rate)]
        return wave / max(float(np.abs(wave).max()), 1.0), rate

    def figure(self, name: str, caption: str, *, whole: bool = False) -> Figure:
        if self.left <= 0 or name not in self.report.place:
            return Markup(), "", "", caption
        self.left -= 1
        wave, rate = self.recorded(name) if whole else self.prepared(name)
        sound = data_uri("audio/wav", kickitout.encode_sound(wave, rate, bits="16"))
        return Markup(wave_svg(wave)), sound, data_uri("image/png", spectrogram_png(wave, rate)), caption

    def blocks(self, section: Section) -> list[Block]:
        """What stands in a section: suspects as recorded, the sounds of each group, or lines alone."""
        report = self.report
        if section.key == "suspects":
            pairs = zip(report.suspects, section.lines, strict=True)
            return [([self.figure(suspect.name, line, whole=True) for suspect, line in pairs], [])]
        if section.key != "groups":
            return [([], list(section.lines))]
        found = []
        for names in report.groups:
            taken = [name for name in names if name not in report.copies]
            copies = [f"{n}, the same sound as {report.copies[n]}" for n in names if n in report.copies]
            figures = [self.figure(name, name) for name in taken[:GROUP_SHOWN]]
            found.append((figures, [*taken[GROUP_SHOWN:], *copies]))
        return found


def as_page(report: DoctorReport) -> bytes:
    """The page, UTF-8."""
    templates = Environment(
        loader=PackageLoader("kickitout.cli"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    players, parts = _Players(report), report.sections()
    blocks = {section.key: players.blocks(section) for section in parts}
    page = templates.get_template("check.html").render(
        headline=report.headline(), overview=[pair for pair in report.overview() if pair[0] != "lengths"],
        lengths=report.lengths, longest=max(n for _, n in report.lengths), sections=parts, blocks=blocks,
        full=PLAYERS if players.left <= 0 else 0,
    )  # fmt: skip
    return page.encode()
