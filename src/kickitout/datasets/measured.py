"""Files, folders and archives -> their sounds with kick cards, and what is wrong with the others, in order."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from kickitout.audio import Sound, decode_sound, read_sound
from kickitout.audio.prepare import Prepared, prepare
from kickitout.datasets.scan import Candidate, scan
from kickitout.descriptors import (
    cards_of_each,
    format_card,
    level_curve,
    pitch_curve,
    pitch_drift,
    pitch_rest,
    pitch_scatter,
)
from kickitout.drawing import Panel
from kickitout.errors import UserError
from kickitout.files import as_paths
from kickitout.notes import unrest_said
from kickitout.sound import LONGEST_S, PEAK

BLOCK = 64  # sounds that are measured at a time


class MeasuredSound(NamedTuple):
    """A sound and its card. facts: of the file, as JSON has them; wave: prepared, [T], all of it up to LONGEST_S;
    reasons: why a number is NaN."""

    name: str
    facts: dict[str, Any]
    lone: bool  # one channel of several sounds
    wave: np.ndarray
    card: dict[str, float | str]
    reasons: dict[str, str]

    @property
    def text(self) -> str:
        """The card as lines with units."""
        return format_card(self.card, self.reasons)

    @property
    def drift_cents(self) -> float:
        """By how much the pitch falls where `pitch_end_hz` is measured: more than a semitone is no note that it rests
        on. NaN for a sound without a pitch."""
        return pitch_drift(self.wave)

    @property
    def scatter_cents(self) -> float:
        """By how much its periods scatter there: more than a semitone is no note that anybody hears. NaN for a sound
        without a pitch."""
        return pitch_scatter(self.wave)

    @property
    def unrest(self) -> str:
        """What both say of the pitch, in words; empty where it rests, or is none."""
        return unrest_said(*pitch_rest(self.wave))

    @property
    def panels(self) -> list[Panel]:
        """Waveform, pitch and level over time, to be drawn."""
        (pitch_s, hz), (level_s, level_db) = pitch_curve(self.wave), level_curve(self.wave)
        return [
            Panel("waveform", self.wave),
            Panel("pitch, Hz", hz, 1000 * pitch_s, logarithmic=True),
            Panel("level, dB re full scale", level_db[::8], 1000 * level_s[::8], bottom=-80.0),
        ]


def read_cards(paths: Sequence[str | PathLike[str]] | str | PathLike[str]) -> Iterator[MeasuredSound | UserError]:
    """Each sound of files, folders and zip archives with its kick card, in order; for one that has none, the UserError
    that says why.

    Raises UserError itself only for what is no path.

    >>> import kickitout, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     files = kickitout.write_kicks(kickitout.generate_kicks([7, 8]), folder)
    ...     [sound.card["note"] for sound in kickitout.read_cards([folder])]
    ['E1', 'G#1']
    """
    sounds = (_prepare(found) for found in _found(as_paths(paths)))
    while block := list(islice(sounds, BLOCK)):
        yield from _measured(block)


def _found(paths: Sequence[Path]) -> Iterator[tuple[str, Callable[[], Sound]] | UserError]:
    """The name of each sound and what reads it."""
    for path in paths:
        if not path.is_dir() and path.suffix.lower() != ".zip":
            yield str(path), partial(read_sound, path)
            continue
        try:
            scanned = scan([path])
        except UserError as error:
            yield error
            continue
        yield from ((one.name, partial(_decoded, one)) for one in scanned.candidates)
        yield from (UserError(f"{one.name}: {one.reason}") for one in scanned.refused)


def _decoded(candidate: Candidate) -> Sound:
    with candidate.open() as file:
        return decode_sound(file, candidate.name)


def _prepare(found: tuple[str, Callable[[], Sound]] | UserError) -> tuple[str, Sound, Prepared] | UserError:
    if isinstance(found, UserError):
        return found
    name, read = found
    try:
        sound = read()
    except UserError as error:
        return error
    try:
        return name, sound, prepare(sound, LONGEST_S)
    except UserError as error:
        return UserError(f"{name}: {error}")


def _measured(block: Sequence[tuple[str, Sound, Prepared] | UserError]) -> Iterator[MeasuredSound | UserError]:
    good = [one[2] for one in block if not isinstance(one, UserError)]
    as_in_file = np.array([one.window_db for one in good]) - 20 * math.log10(PEAK)
    known = iter(cards_of_each([one.mid for one in good], louder_db=as_in_file))
    for one in block:
        if isinstance(one, UserError):
            yield one
            continue
        (name, sound, prepared), (card, reasons) = one, next(known)
        facts = {
            "rate": sound.rate, "channels": sound.channels, "seconds": sound.seconds, "onset_s": prepared.onset_s,
            "flipped": prepared.flipped, "peak_db": prepared.peak_db, "notes": list(sound.notes),
        }  # fmt: skip
        yield MeasuredSound(name, facts, prepared.lone, prepared.mid, card, reasons)
