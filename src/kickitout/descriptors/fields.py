"""What stands on a kick card: the fields in their order, the table that holds them, and its print."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

import numpy as np


class Field(NamedTuple):
    """One line of the card. digits: decimals worth printing, not the accuracy."""

    name: str
    unit: str
    meaning: str
    digits: int


FIELDS: tuple[Field, ...] = (
    Field("pitch_start_hz", "Hz", "body pitch 10 ms after the onset", 1),
    Field("pitch_end_hz", "Hz", "body pitch over the tail, weighted median", 2),
    Field("note", "", "nearest note to pitch_end_hz; A4 = 440 Hz, C4 = MIDI 60", 0),
    Field("cents", "cents", "pitch_end_hz above that note", 0),
    Field("sweep_ms", "ms", "time for the pitch to fall 90 % of its way, from 10 ms after the onset", 1),
    Field("attack_ms", "ms", "onset (-40 dB re peak) to peak", 2),
    Field("click_ms", "ms", "time in which 90 % of the energy above 2 kHz has passed, of the first 50 ms", 2),
    Field("click_level_db", "dB", "energy above 2 kHz in the first 20 ms re total energy", 1),
    Field("click_centroid_hz", "Hz", "centre of gravity of the click above 2 kHz", 0),
    Field("click_flatness", "0..1", "how atonal the click is: 0 tone, 0.56 noise, 1 impulse", 3),
    Field("decay_t20_ms", "ms", "time to fall 20 dB below the peak", 1),
    Field("decay_t40_ms", "ms", "time to fall 40 dB below the peak", 1),
    Field("decay_t60_ms", "ms", "time to fall 60 dB below the peak", 1),
    Field("monotony", "0..1", "share of the decay that really falls", 3),
    Field("stop_db", "dB", "largest fall in 25 ms from above -25 dB re peak; over 30: it ends while it is loud", 1),
    Field("tail_db", "dB", "mean level from 300 to 350 ms after the onset re peak", 1),
    Field("infra_share", "0..1", "share of the energy below 30 Hz", 4),
    Field("sub_share", "0..1", "share of the energy below 60 Hz", 3),
    Field("body_share", "0..1", "share of the energy from 60 to 250 Hz", 3),
    Field("air_share", "0..1", "share of the energy above 4 kHz", 5),
    Field("loudness_lufs", "LUFS", "K-weighted loudness of the 400 ms from the onset", 1),
    Field("true_peak_dbtp", "dBTP", "peak between the samples, 4 x oversampled", 2),
    Field("crest_db", "dB", "peak re RMS of the 400 ms from the onset", 1),
    Field("dc", "", "offset under the sound, 1 is full scale", 5),
    Field("pre_echo_db", "dB", "energy before the sound rises re total energy", 1),
    Field("tail_noise_db", "dB", "RMS above 4 kHz at the end of the sound re peak", 1),
    Field("comb_db", "dB", "excess of spectral lines that repeat every rate / 2^k", 2),
    Field("clipped", "samples", "samples in flat runs at the peak", 0),
)
FIELD_NAMES: tuple[str, ...] = tuple(field.name for field in FIELDS)
LEVELS = ("loudness_lufs", "true_peak_dbtp")  # re full scale, so that a gain moves them


class Why(IntEnum):
    """Why a field has no value. The text of each is in WHY_TEXT."""

    KNOWN = 0
    EMPTY = 1
    NOT_FINITE = 2
    SILENT = 3
    NO_PITCH = 4
    UNSTEADY = 5
    NO_FALL = 6
    NO_REACH = 7
    ENDS_FIRST = 8
    TOO_SHORT = 9
    NO_CLICK = 10
    NO_LEAD = 11


WHY_TEXT: dict[Why, str] = {
    Why.EMPTY: "the wave has no samples",
    Why.NOT_FINITE: "the wave holds NaN or infinity",
    Why.SILENT: "the wave is silent",
    Why.NO_PITCH: "too few periods to measure a pitch",
    Why.UNSTEADY: "no steady pitch: the periods of the tail scatter by more than three semitones",
    Why.NO_FALL: "the pitch falls by less than a semitone",
    Why.NO_REACH: "the pitch never comes within 10 % of its way to the end pitch",
    Why.ENDS_FIRST: "the sound ends, is cut or sinks into its noise before it has fallen so far",
    Why.TOO_SHORT: "the sound is too short for this measure",
    Why.NO_CLICK: "the click is more than 60 dB below the sound",
    Why.NO_LEAD: "the file begins with the sound: nothing before it to measure",
}


@dataclass(frozen=True)
class Cards:
    """The cards of n sounds, a column a field.

    values[name]: float64 [n], NaN where undefined; "note" is an array of strings, "" where undefined.
    whys[name]: uint8 [n], a `Why` for each value.
    """

    values: dict[str, np.ndarray]
    whys: dict[str, np.ndarray]

    def __len__(self) -> int:
        return len(self.values[FIELD_NAMES[0]])

    def __getitem__(self, name: str) -> np.ndarray:
        return self.values[name]

    def __iter__(self) -> Iterator[dict[str, float | str]]:
        return (self.row(i) for i in range(len(self)))

    def row(self, i: int) -> dict[str, float | str]:
        """The card of sound i as plain Python values, in the order of FIELDS."""
        return {name: self.values[name][i].item() for name in FIELD_NAMES}

    def reason(self, i: int, field: str) -> str | None:
        """Why `field` of sound i has no value; None if it has one."""
        return WHY_TEXT.get(Why(int(self.whys[field][i])))

    def reasons(self, i: int) -> dict[str, str]:
        """Every field of sound i that has no value, with the reason."""
        found = {name: self.reason(i, name) for name in FIELD_NAMES}
        return {name: text for name, text in found.items() if text is not None}

    def louder(self, db: np.ndarray) -> "Cards":
        """The cards of the same sounds, louder by db [n]: their levels differ, and nothing else."""
        return Cards(self.values | {name: self.values[name] + db for name in LEVELS}, self.whys)

    @classmethod
    def join(cls, parts: Sequence["Cards"]) -> "Cards":
        """The cards of several batches, one under the other."""
        return cls(
            {name: np.concatenate([part.values[name] for part in parts]) for name in FIELD_NAMES},
            {name: np.concatenate([part.whys[name] for part in parts]) for name in FIELD_NAMES},
        )

    @classmethod
    def blank(cls, whys: np.ndarray) -> "Cards":
        """Cards without a value. whys: [n], the reason for each sound."""
        values = {name: np.full(len(whys), np.nan) for name in FIELD_NAMES}
        values["note"] = np.full(len(whys), "", dtype="<U4")
        return cls(values, {name: whys.astype(np.uint8) for name in FIELD_NAMES})


def format_card(row: dict[str, float | str], reasons: dict[str, str] | None = None) -> str:
    """A card as lines of text: name, value, unit; where there is no value, the reason if it is given.

    >>> print(format_card({"note": "F1", "cents": -12.3, "sweep_ms": math.nan}, {"sweep_ms": "it does not fall"}))
    note               F1
    cents              -12 cents
    sweep_ms           -  (it does not fall)
    """
    lines = []
    for field in FIELDS:
        if field.name not in row:
            continue
        value = row[field.name]
        if value == "" or (isinstance(value, float) and math.isnan(value)):
            why = (reasons or {}).get(field.name)
            text = f"-  ({why})" if why else "-"
        elif isinstance(value, str):
            text = value
        else:
            text = f"{value + 0.0:.{field.digits}f} {'' if field.unit == '0..1' else field.unit}".rstrip()
        lines.append(f"{field.name:<18} {text}")
    return "\n".join(lines)
