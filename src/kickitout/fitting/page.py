"""Kicks for a loop, as the page has them: what was heard, and what makes every mix of it equally loud.

The loop itself is not sent back: the page has it. It plays the loop, a kick on each beat, and the duck in between.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kickitout.fitting.fit import Fit, asked_of_kicks, fit_heard
from kickitout.fitting.given import Given
from kickitout.fitting.loop import Loop, decode_loop
from kickitout.fitting.masking import HOP_SECONDS
from kickitout.fitting.mix import ATTACK_SECONDS, DUCK_DB, LEAST_RELEASE_SECONDS, gains_to_equal, loudness_and_peak
from kickitout.fitting.report import mixes_of, report_data
from kickitout.generation.match import Targets
from kickitout.generation.model import Model

MOST_KICKS = 8  # for a loop at a time: each takes a second or two
POINTS = 400  # of the level of the low end
FLOOR_DB = -40.0  # of that, re its loudest


def fit_in_mixes(
    model: Model, data: bytes, name: str, n: int, *, key: str | None = None, bpm: float | None = None,
    style: str | None = None, targets: Targets | None = None,
) -> tuple[Fit, dict[str, Any]]:  # fmt: skip
    """n kicks for the bytes of a sound file, a loop, and the JSON beside them. key, bpm, style and targets
    as in `kickitout.fit`. Raises UserError as that does, in sentences that begin with `name` where they are of the
    loop.

    fit: as fit.json; found, reasons: in words; beats: seconds; low: level of the low end in dB, a number every low_s;
    duck: how the loop is ducked; gains: dB at which the loop alone, with the seed's own kick (which is at
    unfitted_kick), with each kick, and with each kick ducked are equally loud.
    """
    given, asked = Given.of(key, bpm), asked_of_kicks(model, style, targets)
    found = fit_heard(decode_loop(data, name, given), n, 0, model, style, asked)
    alone, unfitted, *both = gains_to_equal([loudness_and_peak(mix) for mix in mixes_of(found)])
    low, low_s = _low_level(found.loop)
    return found, {
        "fit": report_data(found),
        "found": found.heard,
        "reasons": found.reasons,
        "beats": [round(float(beat), 4) for beat in found.loop.beats],
        "low": low,
        "low_s": low_s,
        "duck": {"db": DUCK_DB, "attack_s": ATTACK_SECONDS, "least_release_s": LEAST_RELEASE_SECONDS},
        "gains": {
            "alone": round(alone, 2), "unfitted": round(unfitted, 2),
            "kicks": [round(gain, 2) for gain in both[::2]], "ducked": [round(gain, 2) for gain in both[1::2]],
            "unfitted_kick": round(found.kicks[0].before_gain_db, 2),
        },
    }  # fmt: skip


def _low_level(loop: Loop) -> tuple[list[float], float]:
    """Level below 150 Hz in dB re its loudest, at most POINTS numbers, and the seconds between two of them."""
    energy = loop.low.sum(axis=1)
    step = -(-len(energy) // POINTS)
    mean = np.add.reduceat(energy, np.arange(0, len(energy), step)) / step
    level = 10 * np.log10(np.maximum(mean / max(float(mean.max()), 1e-30), 10 ** (FLOOR_DB / 10)))
    return [round(float(one), 1) for one in level], step * HOP_SECONDS
