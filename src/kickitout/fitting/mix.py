"""Kicks in their loop, to be heard one after the other: all mixes are equally loud, with the loop ducked or not.

Ducking lowers the loop by DUCK_DB when a kick comes and lets it return as the kick falls, as a compressor with the kick
on its side chain does.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from kickitout.fitting.level import loudness_of
from kickitout.fitting.loop import Loop
from kickitout.sound import ONSET, PEAK, SAMPLE_RATE

DUCK_DB = 6.0
ATTACK_SECONDS = 0.004  # before the kick: no click of the gain itself
LEAST_RELEASE_SECONDS = 0.05
OVER = 14  # times the release: what is left of a ducking is below a millionth


def mixed(loop: Loop, wave: np.ndarray, gain_db: float, release_seconds: float | None = None) -> np.ndarray:
    """float32 [T, C]: the loop with a kick [T'] on its beats. release_seconds: duck the loop, and let it come back by
    63 % in this time; None leaves it alone."""
    hit = wave.astype(np.float64) * 10 ** (gain_db / 20)
    out = loop.samples.astype(np.float64)
    if release_seconds is not None:
        out *= _ducking(loop, release_seconds)[:, None]
    for beat in loop.beats:
        at = round(float(beat) * SAMPLE_RATE) - ONSET
        part = hit[max(0, -at) :][: len(out) - max(0, at)]
        out[max(0, at) : max(0, at) + len(part)] += part[:, None]
    return out.astype(np.float32)


def _ducking(loop: Loop, release_seconds: float) -> np.ndarray:
    """Gain of the loop, [T]: 1 but around the beats."""
    release = max(release_seconds, LEAST_RELEASE_SECONDS)
    depth = 1 - 10 ** (-DUCK_DB / 20)
    down = np.zeros(len(loop.samples))
    for beat in map(float, loop.beats):
        first = max(0, math.floor((beat - ATTACK_SECONDS) * SAMPLE_RATE))
        around = down[first : math.ceil((beat + OVER * release) * SAMPLE_RATE)]
        since = (first + np.arange(len(around))) / SAMPLE_RATE - beat
        fall = np.where(since >= 0, np.exp(-np.maximum(since, 0) / release), 1 + since / ATTACK_SECONDS)
        np.maximum(around, np.clip(fall, 0, 1), out=around)
    return 1 - depth * down


def equally_loud(mixes: list[np.ndarray]) -> list[np.ndarray]:
    """The same mixes [T, C] at one integrated loudness, the highest at which none of them exceeds PEAK."""
    gains = gains_to_equal([loudness_and_peak(mix) for mix in mixes])
    return [(mix * 10 ** (gain / 20)).astype(np.float32) for mix, gain in zip(mixes, gains, strict=True)]


def loudness_and_peak(mix: np.ndarray) -> tuple[float, float]:
    """LUFS, and the largest sample, of a mix [T, C]."""
    return loudness_of(mix, SAMPLE_RATE), float(np.abs(mix).max())


def gains_to_equal(measured: Sequence[tuple[float, float]]) -> list[float]:
    """dB that make mixes of these loudnesses and peaks equally loud, the loudest at which none exceeds PEAK.

    >>> [round(gain, 2) for gain in gains_to_equal([(-20.0, 0.5), (-14.0, 0.97)])]
    [5.76, -0.24]
    """
    goal = min(level + 20 * math.log10(PEAK / max(peak, 1e-9)) for level, peak in measured)
    return [goal - level for level, _ in measured]
