"""A pitch curve and a level curve drawn over a kick, and what makes a kick of the model follow them.

The pitch curve stands in the place of the model's contour (`generation.drawable`), so that partials follow it and
click and noise stay. The level curve is a gain over time on all but the click, as `generation.inpaint` has it; where a
kick is over before its level is, its timbre stays at an earlier moment. Beside the points that were drawn stand a bend
in cents, a gain in dB and a moment, one every GRID_MS: `generation.draw` finds them once, by listening, and whoever
renders the recipe has them ready.
"""

from __future__ import annotations

import math
import numbers
import re
import reprlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, NamedTuple, TypeAlias, cast

import numpy as np

from kickitout.descriptors import level_curve
from kickitout.errors import UserError
from kickitout.generation.drawable import Drawing, frame_ms
from kickitout.generation.inpaint import click_of
from kickitout.generation.model import Model, Played, WrappedModel
from kickitout.notes import read_hz
from kickitout.sound import LENGTH, ONSET, PEAK, SAMPLE_RATE
from kickitout.units import read_quantity

# Times in ms and values, as numbers or as people write them ("60ms", "F1"); or all of it as one text.
Points: TypeAlias = str | Sequence[tuple[float | str, float | str]]

KEY = "curves"  # in a recipe
LAST_MS = 490.0  # behind the onset: there a model's fade begins
PITCH_HZ = (20.0, 1000.0)  # the harmonic part ends at 1.4 kHz
LEVEL_DB = (-60.0, 12.0)  # re the kick at its loudest
MOST_POINTS = 64
GRID_MS = 5.0
GRID = np.arange(0.0, 500.0, GRID_MS)  # [100]
LARGEST_BEND = 1200.0  # cents
LARGEST_GAIN_DB = (-90.0, 30.0)  # the model's own control of the decay lifts a tail by 30 dB at most
EXAMPLES = {"Hz": '"0:220 60:F1 400:48"', "dB": '"0:0 300:-20"'}  # of points
ROWS = {"bend_cents": (-LARGEST_BEND, LARGEST_BEND), "gain_db": LARGEST_GAIN_DB, "moment_ms": (0.0, 500.0)}


class CurvePoint(NamedTuple):
    ms: float
    value: float


@dataclass(frozen=True)
class Curves:
    """What was drawn, and what makes a kick follow it.

    pitch: (ms after the onset, Hz); level: (ms, dB re the kick at its loudest): straight lines in octaves and in dB
    from point to point, level before the first and behind the last; empty for what was not drawn. Notes stand for Hz,
    and a text for all points of a curve. bend_cents, gain_db, moment_ms: a number for each of GRID, or none, which
    `draw` finds for a kick. Raises UserError for points that cannot be drawn.

    >>> curves = Curves(pitch=[(0, 200), (100, 50)])
    >>> round(float(2 ** curves.octaves_at(np.array([50.0]))[0]), 6)
    100.0
    >>> [(ms, hz) for ms, hz in Curves(pitch="0:220 60ms:A1, 0.4s:48Hz").points("pitch")]
    [(0.0, 220.0), (60.0, 55.0), (400.0, 48.0)]
    """

    pitch: Points = ()
    level: Points = ()
    bend_cents: tuple[float, ...] = ()
    gain_db: tuple[float, ...] = ()
    moment_ms: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "pitch", _checked("pitch curve", self.pitch, "Hz", *PITCH_HZ))
        object.__setattr__(self, "level", _checked("level curve", self.level, "dB", *LEVEL_DB))
        if not self.pitch and not self.level:
            raise UserError(f"no curve is drawn; give a pitch curve or a level curve, for instance {EXAMPLES['Hz']}")

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Curves:
        """The curves in a recipe. Raises ValueError or UserError for nonsense."""
        if not isinstance(data, Mapping):
            raise ValueError(KEY)
        try:
            pitch, level = ([(float(ms), float(y)) for ms, y in data.get(name, ())] for name in ("pitch", "level"))
            rows = {name: tuple(float(x) for x in data.get(name, ())) for name in ROWS}
        except (TypeError, ValueError, OverflowError) as error:
            raise ValueError(KEY) from error
        for name, row in rows.items():
            low, high = ROWS[name]
            if row and (len(row) != len(GRID) or not all(low <= x <= high for x in row)):
                raise ValueError(f"{KEY}.{name}")
        return cls(pitch, level, rows["bend_cents"], rows["gain_db"], rows["moment_ms"])

    def written(self) -> dict[str, Any]:
        """What a recipe says of them."""
        points = {"pitch": [list(point) for point in self.pitch], "level": [list(point) for point in self.level]}
        rows = {name: list(getattr(self, name)) for name in ROWS}
        return {name: value for name, value in (points | rows).items() if value}

    def points(self, curve: str) -> tuple[CurvePoint, ...]:
        """The points of "pitch" or "level", as numbers."""
        return cast("tuple[CurvePoint, ...]", getattr(self, curve))

    def octaves_at(self, ms: np.ndarray) -> np.ndarray:
        """The pitch that was drawn at times [t], as log2 of Hz: [t]."""
        return _between(ms, [(at, math.log2(hz)) for at, hz in self.points("pitch")])

    def db_at(self, ms: np.ndarray) -> np.ndarray:
        """The level that was drawn at times [t]: dB [t]."""
        return _between(ms, self.points("level"))

    @cached_property
    def drawing(self) -> Drawing | None:
        """What the model's graph takes of them; None where it plays its own curves."""
        ms = frame_ms()
        bend = np.interp(ms, GRID, self.bend_cents) / 1200 if self.bend_cents else 0.0
        contour = self.octaves_at(ms) + bend if self.pitch else None
        moments = np.where(ms < 0, ms, np.interp(ms, GRID, self.moment_ms)) if self.moment_ms else None
        return None if contour is None and moments is None else Drawing(contour, moments)

    @cached_property
    def gains(self) -> np.ndarray:
        """Factors of all but the click, [LENGTH]."""
        ms = (np.arange(LENGTH) - ONSET) * (1000 / SAMPLE_RATE)
        return 10 ** (np.interp(ms, GRID, self.gain_db) / 20)

    def levelled(self, wave: np.ndarray) -> np.ndarray:
        """A kick [C, LENGTH] of the model under the gains: float32 [C, LENGTH], with a peak of PEAK."""
        return _to_peak(self._under_gains(wave)) if self.gain_db else wave

    def zero_db(self, wave: np.ndarray) -> float:
        """The level, in dB re full scale, that 0 dB of the curve is after `levelled`. wave: what that is given."""
        quieter = PEAK / max(float(np.abs(self._under_gains(wave)).max()), 1e-9) if self.gain_db else 1.0
        level = level_curve(wave.mean(axis=0))[1]
        return float(level.max(initial=-120.0)) + 20 * math.log10(quieter)

    def _under_gains(self, wave: np.ndarray) -> np.ndarray:
        x = wave.astype(np.float64)
        click = click_of(x)
        return (x - click) * self.gains + click


class DrawnModel(WrappedModel):
    """A model all of whose kicks follow curves."""

    def __init__(self, model: Model, curves: Curves) -> None:
        super().__init__(model)
        self.curves = curves

    def render(
        self, noise: np.ndarray | None = None, latent: np.ndarray | None = None, controls: np.ndarray | None = None,
        drawing: Drawing | None = None,
    ) -> Played:  # fmt: skip
        """As `Model` has it, with the drawing of the curves."""
        played = self.model.render(noise, latent, controls, self.curves.drawing or drawing)
        return played._replace(wave=self.curves.levelled(played.wave))


def under(model: Model, recipe: Mapping[str, Any]) -> Model:
    """The model with its kicks under the curves of a recipe, if it has some. Raises as `stated_curves`."""
    curves = stated_curves(recipe)
    return model if curves is None else DrawnModel(model, curves)


def stated_curves(recipe: Mapping[str, Any]) -> Curves | None:
    """The curves in a recipe, None where it has none. Raises ValueError or UserError for nonsense."""
    return Curves.read(recipe[KEY]) if recipe.get(KEY) else None


def _checked(name: str, points: Points, unit: str, low: float, high: float) -> tuple[CurvePoint, ...]:
    try:
        written = re.split(r"[\s,]+", points.strip()) if isinstance(points, str) else list(points)
    except TypeError as error:
        raise UserError(f"{name}: {points!r} are no points; {EXAMPLES[unit]} works") from error
    found = tuple(_point(name, point, unit) for point in written)
    if len(found) > MOST_POINTS:
        raise UserError(f"{name}: {len(found)} points; up to {MOST_POINTS} work")
    for ms, value in found:
        if not 0 <= ms <= LAST_MS:
            raise UserError(f"{name}: a point at {ms:g} ms; 0 to {LAST_MS:g} ms after the onset work")
        if not low <= value <= high:
            raise UserError(f"{name}: {value:g} {unit} at {ms:g} ms; {low:g} to {high:g} {unit} work")
    for before, after in pairwise(found):
        if after.ms <= before.ms:
            raise UserError(f"{name}: {after.ms:g} ms stands behind {before.ms:g} ms; points run forwards in time")
    return found


def _point(name: str, point: Any, unit: str) -> CurvePoint:
    """A point, as numbers or as text. Raises UserError."""
    try:
        ms, value = point.split(":") if isinstance(point, str) else point
        return CurvePoint(_number(ms, "ms"), _number(value, unit))
    except (TypeError, ValueError, OverflowError) as error:
        raise UserError(f"{name}: {reprlib.repr(point)} is no point; {EXAMPLES[unit]} works") from error


def _number(given: Any, unit: str) -> float:
    """Raises TypeError or OverflowError for what is no number in that unit, and no note in place of Hz."""
    found = given
    if isinstance(given, str):
        given = given.strip()
        found = read_hz(given) if unit == "Hz" and given[:1].isalpha() else read_quantity(given, unit)
    if not isinstance(found, numbers.Real):
        raise TypeError
    return float(found)


def _between(ms: np.ndarray, points: Sequence[tuple[float, float]]) -> np.ndarray:
    at, values = zip(*points, strict=True)
    return np.interp(ms, at, values)


def _to_peak(wave: np.ndarray) -> np.ndarray:
    return (wave * (PEAK / max(float(np.abs(wave).max()), 1e-9))).astype(np.float32)
