"""The controls that a KickGAN's graph takes, in their order.

Zero changes nothing. Each moves one thing, in a unit, and is exact inside the graph; what a sound then measures, and
how far a control has to go for that, the kick card says (`kickitout.generation.match`). No torch here.
"""

from __future__ import annotations

from typing import NamedTuple


class ControlInput(NamedTuple):
    """One of them; from low to high it still sounds like a kick, and requests stay in between."""

    name: str
    unit: str
    low: float
    high: float
    meaning: str


CONTROL_INPUTS = (
    ControlInput("pitch", "semitones", -24.0, 24.0, "pitch of the body, sweep and all; click and length stay"),
    ControlInput(
        "sweep_depth", "octaves", -3.0, 2.0, "2^x times as many semitones from the start to the end of the pitch"
    ),
    ControlInput("sweep_time", "octaves", -3.0, 3.0, "2^x times as long until the pitch has fallen"),
    ControlInput("decay", "dB/100 ms", -60.0, 30.0, "slope added to the level; less than 0 ends earlier"),
    ControlInput("click", "dB", -40.0, 30.0, "level above 1.4 kHz in the first 20 ms"),
    ControlInput("click_tone", "dB/octave", -12.0, 12.0, "tilt of that around 4 kHz"),
    ControlInput("balance", "dB", -24.0, 24.0, "what lies below 60 Hz against what lies above"),
    ControlInput("drive", "dB", 0.0, 36.0, "saturation, tanh(g x) / tanh(g) with g = 10^(x/20) - 1"),
)
CONTROL_NAMES = tuple(control.name for control in CONTROL_INPUTS)
