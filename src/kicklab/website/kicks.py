"""The kicks of the front page: the first seeds of the model and of each of its styles, with sound, image and card."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import kickitout
from kickitout.audio import read_sound
from kickitout.descriptors import format_card
from kickitout.drawing import spectrogram_png

SHOWN = 30
FOLDER = "kicks"  # of their files, in the site
PACKED_KICKS = "kicks.zip"
DRAWN = (232, 84)  # pixels of a spectrogram


@dataclass(frozen=True)
class ShownKick:
    """A kick with its files in FOLDER. card: field -> value; lines: (field, value with its unit)."""

    name: str
    style: str
    card: dict[str, float | str]
    lines: Sequence[tuple[str, str]]

    @property
    def wav(self) -> str:
        return f"{FOLDER}/{self.name}.wav"

    @property
    def image(self) -> str:
        return f"{FOLDER}/{self.name}.png"

    @property
    def title(self) -> str:
        """Its note, and how long it is."""
        return self._said((("note", "{}"), ("decay_t20_ms", "{:.0f} ms"))) or self.name

    @property
    def about(self) -> str:
        """What else it is, in a line."""
        return self._said((("pitch_end_hz", "{:.1f} Hz"), ("click_level_db", "click {:.0f} dB")))

    def _said(self, parts: Sequence[tuple[str, str]]) -> str:
        """What its card has of some fields."""
        return " · ".join(
            text.format(self.card[field]).replace("-", "−") for field, text in parts if field in self.card
        )


@dataclass(frozen=True)
class ShownGroup:
    """The kicks of a style, or of all; command: what writes their files."""

    title: str
    command: str
    kicks: Sequence[ShownKick]


def shown_kicks(out: Path, count: int = SHOWN) -> list[ShownGroup]:
    """Write so many kicks with their images into `out` / FOLDER, as many of each style, and a zip of them beside it."""
    styles = ["", *kickitout.styles()]
    groups = [_group(out / FOLDER, style, count // len(styles)) for style in styles]
    with zipfile.ZipFile(out / PACKED_KICKS, "w") as packed:
        for kick in (kick for group in groups for kick in group.kicks):
            packed.writestr(zipfile.ZipInfo(kick.wav), (out / kick.wav).read_bytes())  # of no time: the same bytes
    return groups


def _group(folder: Path, style: str, count: int) -> ShownGroup:
    job = kickitout.generation_job(folder, style=style or None, reject_outliers=True)
    paths = [path for path, _ in job.write(range(count), rejection=job.rejection())]
    command = f"kick generate -n {count} {f'--style {style} ' if style else ''}--reject-outliers"
    return ShownGroup(style or "as they come", command, [_kick(path, style) for path in paths])


def _kick(path: Path, style: str) -> ShownKick:
    sound = read_sound(path)
    wave = sound.samples[:, 0].astype(np.float32)
    path.with_suffix(".png").write_bytes(spectrogram_png(wave, sound.rate, *DRAWN))
    card = {
        field: value for field, value in kickitout.card(wave).items()
        if value != "" and not (isinstance(value, float) and math.isnan(value))
    }  # fmt: skip
    lines = [(field, text) for field, text in (line.split(maxsplit=1) for line in format_card(card).splitlines())]
    return ShownKick(path.stem, style, card, lines)
