"""A loop that the tests of fitting share: a bass between the beats, in F minor at 124 BPM."""

from __future__ import annotations

from kicklab.loop_books import DEVELOPMENT
from kicklab.loops import LoopSpec

OFFBEATS = DEVELOPMENT.basses["offbeats"]


def spec(**changes) -> LoopSpec:
    whole = {
        "bpm": 124.0, "tonic": 29, "mode": "minor", "roots": (0, 0), "bass": OFFBEATS,
        "bass_harmonics": (1.0, 0.4, 0.15), "bass_attack_ms": 4.0, "chords": "pad", "hats": (2, 6, 10, 14),
        "snare": (4, 12), "kick": (), "swing": 0.0, "cut": (0.0, 0.0), "seed": 0,
    }  # fmt: skip
    return LoopSpec(**(whole | changes))
