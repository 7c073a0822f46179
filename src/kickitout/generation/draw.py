"""Make a kick follow drawn curves, by listening: what the card hears is compared with what was drawn, and corrected.

A partial whose amplitudes turn sounds a little beside the oscillator's pitch, and two that beat are heard as neither,
so an oscillator that plays the curve exactly is heard beside it. The kick is rendered a few times, each time with what
was missing added to bend and gain (iterative learning control: Arimoto et al. 1984, doi.org/10.1002/rob.4620010203),
and the nearest is kept. Pitch is that of the card's periods, level that of its curve.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from kickitout.descriptors import level_curve, periods
from kickitout.errors import UserError
from kickitout.generation.curves import GRID, LARGEST_BEND, LARGEST_GAIN_DB, Curves
from kickitout.generation.drawable import Drawing
from kickitout.generation.model import Played
from kickitout.sound import ONSET, SAMPLE_RATE
from kickitout.units import UNITS

ROUNDS = 6  # renders of a kick
LOCAL_MS = 5.0  # standard deviation of the Gaussian over which periods are heard as one pitch
NEAR_MS = 20.0  # a point has a pitch where a period is so near
LARGEST_STEP = 0.3  # octaves that a bend moves in a round
SILENT_DB = -60.0  # of a curve, re the kick at its loudest: below it nothing is compared
AUDIBLE_CENTS, AUDIBLE_DB = 25.0, 1.0  # errors that weigh alike

HELD_DB = 12.0  # below its level at most is the moment from which a kick takes its timbre
HELD_OVER_MS = 5  # standard deviation of the Gaussian over moments: none jumps

RenderDrawing = Callable[[Drawing | None], Played]  # None: the model's own curves -> the kick


@dataclass(frozen=True)
class DrawnPoint:
    """One point of a curve, and what the kick does there. ms: after the onset; achieved: in the unit of `drawn`, NaN
    where the kick has no pitch any more, or has gone."""

    curve: Literal["pitch", "level"]
    ms: float
    drawn: float  # Hz or dB
    achieved: float

    @property
    def unit(self) -> str:
        return "Hz" if self.curve == "pitch" else "dB"

    @property
    def error(self) -> float:
        """Achieved re drawn, in cents or dB."""
        return UNITS[self.unit].error_of(self.drawn, self.achieved)


@dataclass(frozen=True)
class UnderCurves:
    """What a card measures of a kick under curves.

    pitch_ms, pitch_off: times of periods, and by how many octaves they are beside the curve; weight: their energy;
    level_db: at each of GRID, re the kick at its loudest.
    """

    pitch_ms: np.ndarray
    pitch_off: np.ndarray
    weight: np.ndarray
    level_db: np.ndarray

    def off_at(self, ms: np.ndarray) -> np.ndarray:
        """Octaves beside the curve at times [t], of the periods around, or of the nearest one: [t]."""
        if not len(self.pitch_ms):
            return np.zeros(len(ms))
        away = np.abs(ms[:, None] - self.pitch_ms)
        share = np.exp(-0.5 * (away / LOCAL_MS) ** 2) * np.sqrt(self.weight) + 1e-12 / (1 + away**2) ** 4
        return np.asarray((share @ self.pitch_off) / share.sum(axis=1))

    def pitched(self, ms: np.ndarray) -> np.ndarray:
        """At which times [t] there is a pitch."""
        return (np.abs(ms[:, None] - self.pitch_ms) <= NEAR_MS).any(axis=1)


def measure_under(curves: Curves, raw: np.ndarray, wave: np.ndarray) -> UnderCurves:
    """What is measured of a kick [C, T] under curves. raw: the same before its level was drawn."""
    ms, off, weight = np.zeros(0), np.zeros(0), np.zeros(0)
    mono = wave.mean(axis=0)
    if curves.pitch:
        seconds, hz, weight = periods(mono)
        ms = _after_onset(seconds)
        off = np.log2(hz) - curves.octaves_at(ms)
    seconds, db = level_curve(mono)
    there = np.interp(GRID, _after_onset(seconds), db) if len(db) else np.full(len(GRID), -120.0)
    return UnderCurves(ms, off, weight, there - curves.zero_db(raw))


def points_of(curves: Curves, measured: UnderCurves) -> tuple[DrawnPoint, ...]:
    """Every point that was drawn, and what is measured there."""
    found = []
    for curve in ("pitch", "level"):
        points = curves.points(curve)
        at = np.array([ms for ms, _ in points])
        if curve == "pitch":
            off = np.where(measured.pitched(at), measured.off_at(at), np.nan)
            values = [hz * 2**one for (_, hz), one in zip(points, off, strict=True)]
        else:
            values = list(np.interp(at, GRID, measured.level_db))
        found += [DrawnPoint(curve, ms, drawn, float(one))
                  for (ms, drawn), one in zip(points, values, strict=True)]  # fmt: skip
    return tuple(found)


def follow(
    render: RenderDrawing, curves: Curves, rounds: int = ROUNDS, *, held: bool = True
) -> tuple[Curves, Played, tuple[DrawnPoint, ...]]:
    """The curves with all that one kick needs to follow them, that kick, and what it does at each point.

    rounds: renders at most, and one more where a level is drawn. held: whether the model's graph can hold a timbre.
    Raises UserError where it has no contour that a pitch curve could stand for.
    """
    best: tuple[float, Curves, Played, UnderCurves] | None = None
    trial = replace(curves, bend_cents=(), gain_db=(), moment_ms=())
    if curves.level and held:
        trial = replace(trial, moment_ms=held_moments(trial, render(trial.drawing).wave))
    played: Played | None = None
    for _ in range(rounds):
        if played is None or curves.pitch:
            played = render(trial.drawing)
        wave = trial.levelled(played.wave)
        measured = measure_under(trial, played.wave, wave)
        score = _score(trial, measured)
        if best is None or score < best[0]:
            best = score, trial, played._replace(wave=wave), measured
        trial = _corrected(trial, measured)
    assert best is not None
    return best[1], best[2], points_of(best[1], best[3])


def held_moments(curves: Curves, wave: np.ndarray) -> tuple[float, ...]:
    """From which moment a kick [C, T] takes its timbre at each of GRID, in ms: its own while its level is less than
    HELD_DB below what was drawn, else the last one before that was; () where that is everywhere its own."""
    seconds, db = level_curve(wave.mean(axis=0))
    if not len(db):  # silent, or not finite: refused where the kick is done
        return ()
    fine = np.arange(0.0, GRID[-1] + 1)  # ms
    level = np.interp(fine, _after_onset(seconds), db) - curves.zero_db(wave)
    falling = np.maximum.accumulate(level[::-1])[::-1]  # the highest from each moment on
    wanted = np.maximum(curves.db_at(fine), SILENT_DB) - HELD_DB
    last = np.searchsorted(-falling, -wanted, side="right") - 1
    own = np.minimum(fine, np.maximum(last, 0))
    if np.array_equal(own, fine):
        return ()
    reach = 2 * HELD_OVER_MS
    around = np.lib.stride_tricks.sliding_window_view(np.pad(fine - own, reach, mode="edge"), 2 * reach + 1)
    share = np.exp(-0.5 * ((fine[:, None] - fine) / HELD_OVER_MS) ** 2)
    early = (around.max(axis=1) @ share) / share.sum(axis=0)  # by how much, and nowhere later than that
    return tuple(float(x) for x in np.round(np.maximum(fine - early, 0.0), 1)[GRID.astype(int)])


def _score(curves: Curves, measured: UnderCurves) -> float:
    """How far a kick is from its curves: mean errors, in errors that are just heard."""
    score = 0.0
    if curves.pitch and len(measured.pitch_ms):
        loud = measured.weight > 0.01 * measured.weight.max()
        cents = 1200 * np.abs(measured.off_at(measured.pitch_ms[loud]))
        score += float(np.minimum(cents, 600.0).mean()) / AUDIBLE_CENTS
    if curves.level:
        off = np.abs(measured.level_db - curves.db_at(GRID))[curves.db_at(GRID) > SILENT_DB]
        score += float(np.minimum(off, 12.0).mean()) / AUDIBLE_DB if len(off) else 0.0
    return score


def _corrected(curves: Curves, measured: UnderCurves) -> Curves:
    """The curves with what was missing added to bend and gain, in numbers that a recipe holds exactly."""
    bend, gain = curves.bend_cents, curves.gain_db
    if curves.pitch:
        step = np.clip(measured.off_at(GRID), -LARGEST_STEP, LARGEST_STEP)
        moved = (np.array(bend) if bend else 0.0) - 1200 * step
        bend = tuple(float(x) for x in np.round(np.clip(moved, -LARGEST_BEND, LARGEST_BEND), 1))
    if curves.level:
        step = curves.db_at(GRID) - np.maximum(measured.level_db, -90.0)
        moved = (np.array(gain) if gain else 0.0) + step
        gain = tuple(float(x) for x in np.round(np.clip(moved, *LARGEST_GAIN_DB), 2))
    return replace(curves, bend_cents=bend, gain_db=gain)


def _after_onset(seconds: np.ndarray) -> np.ndarray:
    """ms after the onset of a kick."""
    return 1000 * (seconds - ONSET / SAMPLE_RATE)


def check_rounds(rounds: int) -> int:
    """Raises UserError for less than one render."""
    if not isinstance(rounds, int | np.integer) or rounds < 1:
        raise UserError(f"rounds={rounds}: 1 render or more works")
    return int(rounds)
