"""How hard a kick is struck: velocity layers, and the small differences between one stroke and the next.

A layer is made for the highest velocity of its zone and sounds 20 log10(velocity / 127) dB below a full stroke in
loudness. Inside a zone the player goes on with the same law (amplitude proportional to velocity), so loudness has no
steps, and only the timbre changes from layer to layer. It changes as it does on a drum: a beater that comes more slowly
stays longer on the head and excites the upper modes less, and an amplifier or a tape that is driven less adds fewer
harmonics. Both are a spectrum that falls more steeply: each dB of level less costs TILT dB an octave above TILT_HZ. So
a softer layer has less click, and what drive has added to the body is lower, too. The hardest layer is the kick itself.

Round robins differ in pitch, level and click by amounts that are heard only when one sound is repeated. The onset stays
where it is, so they can follow each other at any speed. The first one is always the kick without any change.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

FULL = 127  # the highest MIDI velocity; 0 is not a stroke
MOST_LAYERS = 8  # then the topmost is 1.2 dB above the next: still more than two round robins can differ
MOST_ROUND_ROBINS = 8
TILT = 0.25  # dB an octave for each dB of level
VARY_CENTS = 4.0
VARY_DB = 0.4
VARY_CLICK_DB = 1.5
ROBERTS = 1.2207440846057596  # x^4 = x + 1


@dataclass(frozen=True)
class Zone:
    """A layer: the MIDI velocities low..high (both included), counted from the softest, 1."""

    layer: int
    low: int
    high: int

    @property
    def level_db(self) -> float:
        """Loudness re a full stroke."""
        return 20 * math.log10(self.high / FULL)

    @property
    def tilt_db(self) -> float:
        """dB an octave, 0 or less."""
        return TILT * self.level_db


def zones(layers: int) -> tuple[Zone, ...]:
    """1 to 127 in `layers` equal parts, the softest first.

    >>> [(z.low, z.high, round(z.level_db, 1)) for z in zones(4)]
    [(1, 32, -12.0), (33, 64, -6.0), (65, 95, -2.5), (96, 127, 0.0)]
    """
    tops = [round(FULL * k / layers) for k in range(layers + 1)]
    return tuple(Zone(k + 1, tops[k] + 1, tops[k + 1]) for k in range(layers))


@dataclass(frozen=True)
class Variation:
    """A round robin re the first one."""

    cents: float = 0.0
    level_db: float = 0.0
    click_db: float = 0.0


def variation(number: int) -> Variation:
    """Round robin `number`, from 0 on: 0 changes nothing, any two of MOST_ROUND_ROBINS lie well apart.

    Points of the sequence of Roberts (2018, extremelearning.com.au/unreasonable-effectiveness-of-quasirandom-sequences)
    in three dimensions: the fractions of number / ROBERTS^k fill a cube evenly, and 0 is its middle.

    >>> variation(0)
    Variation(cents=0.0, level_db=0.0, click_db=0.0)
    """
    spread = [2 * ((0.5 + number / ROBERTS**k) % 1) - 1 for k in (1, 2, 3)]
    cents, level, click = spread
    return Variation(round(VARY_CENTS * cents, 3), round(VARY_DB * level, 3), round(VARY_CLICK_DB * click, 3))
