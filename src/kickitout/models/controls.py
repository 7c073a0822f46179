"""The one table of controls: what each moves in the graph, and what a kick card then measures.

Zero changes nothing. Each control moves one thing, in a unit, and is exact inside the graph. Where a card measures what
a control moves, the control has a target: what `kick generate` and the studio can ask for, and towards which
`kickitout.generation.match` moves the control. No torch here.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from kickitout.sound import LENGTH, SAMPLE_RATE
from kickitout.units import UNITS

TRIES = 24  # kicks of a seed that are tried at most, until one meets every target


class Target(NamedTuple):
    """What can be asked for of a control: a value of a field of the kick card, in its unit, from low to high.

    The match moves the control by a secant that begins with `slope`: how far the field moves on the axis of `place`
    while the control moves by 1. close and usual are in octaves or decibels (`Unit.scaled`).
    """

    name: str
    field: str  # of the card; empty for what is read by comparing the kick with the same one at control 0
    unit: str
    slope: float
    low: float
    high: float
    close: float  # so near the search goes where it can
    usual: float  # how far kicks are apart
    meaning: str
    example: str  # on the command line
    tolerance: float  # an error up to which it is met, in the unit of the error: cents, per cent, dB
    falls: bool = False  # a time of decay: it moves evenly with the control as dB a 100 ms, not in octaves
    longer: float = 1.0  # a kick that has less than is asked for is so many times further away
    longest: float | None = None  # what can be asked for at most of a kick that may ring past LENGTH: see `most`

    def most(self, length_s: float) -> float:
        """What can be asked for at most of a kick that may ring for so many seconds: `high` within LENGTH, and what
        grows with the length up to `longest`."""
        longer = self.high * max(length_s * SAMPLE_RATE / LENGTH, 1.0)
        return self.high if self.longest is None else min(longer, self.longest)

    def place(self, value: float) -> float:
        """A value where it moves evenly with the control, and grows with it; NaN where it has no place."""
        scaled = UNITS[self.unit].scaled(value)
        return scaled if math.isnan(scaled) or not self.falls else -2000 / value


class Control(NamedTuple):
    """An input of the graph; from low to high it still sounds like a kick, and matching stays in between."""

    name: str
    unit: str
    low: float
    high: float
    meaning: str
    target: Target | None = None


CONTROLS = (  # in the order of the inputs of new model files; a file that is there names its own
    Control(
        "pitch", "semitones", -24.0, 24.0, "pitch of the body, sweep and all; click and length stay",
        Target("pitch", "pitch_end_hz", "Hz", 1 / 12, 20, 400, 1 / 1200, 1.5, "pitch of the tail", "43.7Hz", 10),
    ),
    Control("sweep_depth", "octaves", -3.0, 2.0, "2^x times as many semitones from the start to the end of the pitch"),
    Control(
        "sweep_time", "octaves", -3.0, 3.0, "2^x times as long until the pitch has fallen",
        Target("sweep", "sweep_ms", "ms", 1.0, 2, 400, 0.02, 1.0, "time of the pitch's fall", "40ms", 10),
    ),
    Control(
        "decay", "dB/100 ms", -60.0, 30.0, "slope added to the level; less than 0 ends earlier",
        Target("decay", "decay_t20_ms", "ms", 1.0, 15, 450, 0.01, 0.3, "time to fall by 20 dB", "280ms", 5,
               falls=True, longer=4.0, longest=1200),  # what has ended can't be drawn out
    ),
    Control(
        "click", "dB", -40.0, 30.0, "level above 1.4 kHz in the first 20 ms",
        Target("click", "click_level_db", "dB", 0.9, -70, 0, 0.1, 10.0, "energy above 2 kHz at the start", "-20dB", 1),
    ),
    Control(
        "click_tone", "dB/octave", -12.0, 12.0, "tilt of that around 4 kHz",
        Target("tone", "click_centroid_hz", "Hz", 0.1, 2100, 12_000, 0.01, 0.5, "where the click lies", "4k", 100),
    ),
    Control(
        "balance", "dB", -24.0, 24.0, "what lies below 60 Hz against what lies above",
        Target("balance", "sub_over_body_db", "dB", 0.8, -40, 40, 0.1, 5.0, "below 60 Hz re 60-250 Hz", "3dB", 1),
    ),
    Control(
        "drive", "dB", 0.0, 36.0, "saturation, tanh(g x) / tanh(g) with g = 10^(x/20) - 1",
        Target("drive", "", "dB", 1.0, 0, 36, 0.1, 6.0, "saturation", "6dB", 1),
    ),
)  # fmt: skip


def controls() -> dict[str, Control]:
    """What can be turned on a model, by name, in the order of a recipe's "controls": unit, low, high and meaning.

    At 0 a control changes nothing. Where the kick card measures what it moves, its `target` says what `match` can be
    asked for: name, field of the card, unit, low, high, meaning. A model has those that its `info.controls` names.

    >>> import kickitout
    >>> decay = kickitout.controls()["decay"]
    >>> decay.unit, decay.low, decay.high, decay.target.name, decay.target.unit
    ('dB/100 ms', -60.0, 30.0, 'decay', 'ms')
    """
    return {control.name: control for control in CONTROLS}


CONTROL_NAMES = tuple(control.name for control in CONTROLS)
TARGETS = {control.target.name: control.target for control in CONTROLS if control.target is not None}
MOVED_BY = {control.target.name: control for control in CONTROLS if control.target is not None}  # by name of the target
