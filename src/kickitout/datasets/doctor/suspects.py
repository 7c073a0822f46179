"""Which sounds are probably not one kick: rules on measured values, each with its reason in words.

Thresholds were set on 345 recorded kicks and 577 other drums and left alone on 224 kicks of other sources and 693 other
drums. (88 kicks alone made them far too strict: a fifth of the others was flagged.) What share of them is flagged now
is counted in docs/data-doctor.md, by kick lab measure doctor-table.

A low tom is a kick by every one of these measures. Of the nine kicks that are flagged, four have too little below
250 Hz, four are pitched like toms, and one rises twice.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from kickitout.datasets.doctor.facts import Facts

LEAST_LOW = 0.40  # share of energy below 250 Hz; 0.6 % of the kicks have less
BARE_LOW = 0.15  # below it there is no body at all
CYMBAL_AIR = 0.30  # share of energy above 4 kHz; half of a snare's is below 0.08
SNARE_AIR = 0.02  # a tom has less
HIGH_HALF_HZ = 125.0  # half of the energy lies above, and
HIGH_PITCH_HZ = 100.0  # the pitch of the tail lies above: 0.3 % of the kicks; swept ones pass one of the two, not both


@dataclass(frozen=True)
class Suspicion:
    """kind: loop, hat or cymbal, snare, ...; reason: one sentence with what was measured; values: by name."""

    kind: str
    reason: str
    values: dict[str, float]


def suspicions(card: Mapping[str, float | str], facts: Facts, expected: str = "kick") -> tuple[Suspicion, ...]:
    """Every rule that speaks against one kick, the weightiest first; none for most kicks.

    card: the kick card of the prepared sound; NaN speaks for nothing. expected: "any" leaves the rules that speak
    against a one-shot of whatever sort.
    """
    found = []

    def suspect(kind: str, reason: str, **values: float) -> None:
        found.append(Suspicion(kind, reason, values))

    def of(name: str) -> float:
        value = card[name]
        return float(value) if isinstance(value, int | float) else math.nan

    if facts.hits > 1:
        one = "kick" if expected == "kick" else "one-shot"
        suspect("loop", f"{facts.hits} hits in the file, and a {one} is one", hits=facts.hits)
    if expected == "any":
        return tuple(found)
    low, air = of("sub_share") + of("body_share"), of("air_share")
    pitch = of("pitch_end_hz")
    if low < LEAST_LOW:
        if air >= CYMBAL_AIR:
            kind = "hat or cymbal"
        elif low < BARE_LOW:
            kind = "snare, clap or rim"
        else:
            kind = "snare" if air >= SNARE_AIR else "tom or percussion"
        reason = f"{_percent(low)} of the energy lies below 250 Hz (kicks: {_percent(LEAST_LOW)} or more)"
        suspect(kind, f"{reason}, {_percent(air)} above 4 kHz", low_share=low, air_share=air)
    elif facts.half_hz > HIGH_HALF_HZ and pitch > HIGH_PITCH_HZ:
        reason = (
            f"its pitch ends at {pitch:.0f} Hz (kicks: below {HIGH_PITCH_HZ:.0f} Hz) "
            f"and half of the energy lies above {facts.half_hz:.0f} Hz (kicks: below {HIGH_HALF_HZ:.0f} Hz)"
        )
        kind = "snare" if air >= SNARE_AIR else "tom or snare"
        suspect(kind, reason, pitch_end_hz=pitch, half_hz=facts.half_hz, air_share=air)
    return tuple(found)


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.01 or share == 0 else f"{100 * share:.1f} %"
