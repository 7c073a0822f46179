"""What a kit is to be, and what cannot be: every refusal that needs no sound."""

from __future__ import annotations

import numbers
import re
import unicodedata
from dataclasses import dataclass

from kickitout.audio import SUBTYPES
from kickitout.errors import UserError, count
from kickitout.export.kits.levels import CEILING_DBTP, LEVEL_UNITS, parse_level
from kickitout.export.kits.tuning import NoteTarget, parse_note
from kickitout.export.kits.velocity import MOST_LAYERS, MOST_ROUND_ROBINS, Variation, Zone, variation, zones
from kickitout.files import OF_DEVICES
from kickitout.generation.recipe import check_pre_roll
from kickitout.notes import GM_KICK

MOST_KICKS = 127 - GM_KICK + 1  # one a key
MOST_SOUNDS = 2048  # files: some 200 MB
LONGEST_NAME = 80  # characters
LONGEST_STEM = 120  # bytes: file systems take 255, and parts are added


@dataclass(frozen=True)
class Plan:
    """A kit without its sounds, whatever plays it (see `formats`).

    note: as the user wrote it, or None for the nearest semitone of each kick.

    match: what is the same in all kicks, "loudness" or "peak"; level: how high, as the user wrote it (see `levels`), or
    None for the highest that peaks allow. choke: a stroke ends the one before it, where a format can say so.
    """

    name: str
    layers: int = 4
    round_robins: int = 4
    note: str | None = None
    bits: str = "24"
    licence: str | None = None
    match: str = "loudness"
    pre_roll_ms: float | None = None  # from the first sample to the onset; None: ONSET samples
    level: str | float | None = None
    choke: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "bits", str(self.bits))
        shown = "".join(c for c in self.name if c.isprintable()).strip() if isinstance(self.name, str) else ""
        if not shown or len(self.name) > LONGEST_NAME:
            raise UserError(f"name {self.name!r}: 1 to {LONGEST_NAME} visible characters work")
        if shown != self.name:
            raise UserError(f"name {self.name!r}: has line breaks, controls or outer spaces; {shown!r} works")
        if not isinstance(self.layers, numbers.Integral) or not 1 <= self.layers <= MOST_LAYERS:
            raise UserError(f"velocity layers {self.layers!r}: 1 to {MOST_LAYERS} work")
        if not isinstance(self.round_robins, numbers.Integral) or not 1 <= self.round_robins <= MOST_ROUND_ROBINS:
            raise UserError(f"round robins {self.round_robins!r}: 1 to {MOST_ROUND_ROBINS} work")
        if self.bits not in SUBTYPES:
            raise UserError(f"bits {self.bits}: {', '.join(SUBTYPES)} work")
        if self.licence is not None and not _is_line(self.licence):
            raise UserError(f"licence {self.licence!r}: write one line, for instance CC0-1.0")
        if self.match not in tuple(LEVEL_UNITS):
            raise UserError(f"match {self.match}: {' or '.join(LEVEL_UNITS)} works")
        check_pre_roll(self.pre_roll_ms)
        _ = self.target, self.level_db
        numbers_of_numpy = {"layers": int, "round_robins": int, "pre_roll_ms": float, "level": float}
        for field, plain in numbers_of_numpy.items():  # which JSON does not take
            if isinstance(value := getattr(self, field), numbers.Real):
                object.__setattr__(self, field, plain(value))

    @property
    def target(self) -> NoteTarget | None:
        return None if self.note is None else parse_note(self.note)

    @property
    def level_db(self) -> float | None:
        """What all kicks are to have: LUFS, or dBTP where peaks are matched."""
        return None if self.level is None else parse_level(self.level, self.match)

    @property
    def ceiling_dbtp(self) -> float:
        """The highest true peak of any sound."""
        return CEILING_DBTP if self.match == "loudness" or self.level_db is None else self.level_db

    @property
    def zones(self) -> tuple[Zone, ...]:
        return zones(self.layers)

    @property
    def variations(self) -> tuple[Variation, ...]:
        return tuple(variation(k) for k in range(self.round_robins))

    @property
    def stem(self) -> str:
        return file_stem(self.name)

    def check_size(self, kicks: int) -> None:
        """Raises UserError for no kicks, for more than there are keys, or more files than a kit needs."""
        if kicks < 1:
            raise UserError(f"{kicks} kicks: a kit has at least one")
        if kicks > MOST_KICKS:
            raise UserError(f"{kicks} kicks: a kit has keys {GM_KICK} to 127, so up to {MOST_KICKS} work")
        if kicks * self.layers * self.round_robins > MOST_SOUNDS:
            raise UserError(
                f"{count(kicks, 'kick')} x {count(self.layers, 'layer')} x "
                f"{count(self.round_robins, 'round robin')} are "
                f"{kicks * self.layers * self.round_robins} files; up to {MOST_SOUNDS} work"
            )


def _is_line(text: object) -> bool:
    return isinstance(text, str) and bool(text.strip()) and text.isprintable()


def file_stem(name: str) -> str:
    """A kit's name as the name of a file that Linux, macOS and Windows all take.

    >>> file_stem('Mörder/Kick: "808"?'), file_stem("..."), file_stem("nul")
    ('Mörder-Kick- -808--', 'kit', '_nul')
    """
    text = unicodedata.normalize("NFC", re.sub(r'[<>:"/\\|?*$]', "-", name))
    text = text.encode("utf-8", "replace")[:LONGEST_STEM].decode("utf-8", "ignore").strip(" .")
    if not text:
        return "kit"
    return f"_{text}" if OF_DEVICES.fullmatch(text) or text[0] in "-~" else text
