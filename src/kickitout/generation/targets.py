"""Targets: values of the kick card that a kick shall have, how near is near enough, and how near a kick is.

A target is met when the card of the finished kick is within its tolerance, in the unit of its error: cents for Hz, per
cent for milliseconds, decibels for decibels. The table of controls (`models.controls`) has the default of each.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from kickitout.errors import UserError
from kickitout.models.controls import TARGETS, TRIES, Target
from kickitout.notes import SEMITONE_CENTS, unrest_said
from kickitout.units import UNITS, plain_number

MOST_TRIES = 10_000
FAR = 1e6  # tolerances: as far as a kick can be from a target


@dataclass(frozen=True)
class TargetRequest:
    """What each kick shall measure, how near is near enough, and how many kicks of its seed are tried for it.

    targets: name -> value in Hz, ms or dB, as `kickitout.match` lists them; a decay beyond what 500 ms hold needs kicks
    that may ring longer (`within`). tolerance: name -> largest error in cents, per cent or dB, in place of the default
    of that target. steady: the pitch of each shall rest, to a semitone, where it is measured, so that it is heard as a
    note; of kicks that glide another one is tried. Raises UserError for what nothing can be asked for.

    >>> TargetRequest({"pitch": 50.0, "decay": 200.0}, {"decay": 2.0}).tolerance
    {'pitch': 10.0, 'decay': 2.0}
    """

    targets: Mapping[str, float] = field(default_factory=dict)
    tolerance: Mapping[str, float] = field(default_factory=dict)
    tries: int = TRIES
    steady: bool = False

    def __post_init__(self) -> None:
        targets = {name: _checked_value(name, value) for name, value in self.targets.items()}
        for name, most in self.tolerance.items():
            if name not in targets:
                asked = ", ".join(targets) or "nothing"
                raise UserError(f"tolerance {name}: a tolerance is of a target that is asked for; asked for is {asked}")
            if not isinstance(most, numbers.Real) or not math.isfinite(most) or most <= 0:
                error = UNITS[TARGETS[name].unit].error
                said = f"{float(most):g}" if isinstance(most, numbers.Real) else repr(most)
                raise UserError(f"tolerance {name} {said}: more than 0 {error} works, for instance 5")
        if not isinstance(self.tries, int | np.integer) or not 1 <= self.tries <= MOST_TRIES:
            raise UserError(f"tries {self.tries}: 1 to {MOST_TRIES:,} kicks of a seed can be tried")
        if not isinstance(self.steady, bool | np.bool_):
            raise UserError(f"steady {self.steady!r}: True, or False")
        known = {name: float(self.tolerance.get(name, TARGETS[name].tolerance)) for name in targets}
        object.__setattr__(self, "targets", targets)
        object.__setattr__(self, "tolerance", known)
        object.__setattr__(self, "tries", int(self.tries))
        object.__setattr__(self, "steady", bool(self.steady))

    def __bool__(self) -> bool:
        return bool(self.targets) or self.steady

    @classmethod
    def of(cls, targets: Mapping[str, float] | TargetRequest | None) -> TargetRequest:
        """Targets alone have the default tolerances and tries."""
        if not isinstance(targets, TargetRequest | Mapping | None):
            raise UserError(f"targets {targets!r}: names with values work, for instance {{'decay': 200}}")
        return targets if isinstance(targets, TargetRequest) else cls(targets or {})

    def within(self, length_s: float) -> TargetRequest:
        """The same. Raises UserError for a target that a kick cannot have which rings for so many seconds at most."""
        for name, value in self.targets.items():
            known = TARGETS[name]
            if value > known.most(length_s):
                least = min(s for s in (1.0, 1.5, 2.0) if known.most(s) >= value)
                raise UserError(
                    f"{name} {plain_number(value)} {known.unit}: of kicks of {length_s:g} s {known.low:g} to "
                    f"{known.most(length_s):g} {known.unit} can be asked for; a length of {least:g}s allows this one"
                )
        return self

    def line(self, target: Target, achieved: float) -> TargetResult:
        """What a kick with this value achieves of one target."""
        return TargetResult(target, self.targets[target.name], achieved, self.tolerance[target.name])


@dataclass(frozen=True)
class TargetResult:
    """One target of a kick: what was requested, what was achieved, and the largest error that is near enough.

    reachable: the least and the most that this kick was found to give, looked for where the target was not met.
    """

    target: Target
    requested: float
    achieved: float  # NaN where the kick has no such thing
    tolerance: float  # in `error_unit`
    reachable: tuple[float, float] | None = None

    @property
    def error(self) -> float:
        """In cents for Hz, in per cent for ms, in dB for dB."""
        return UNITS[self.target.unit].error_of(self.requested, self.achieved)

    @property
    def error_unit(self) -> str:
        return UNITS[self.target.unit].error

    @property
    def gap(self) -> float:
        """From requested to achieved, in octaves or decibels; infinite where the kick has no such thing."""
        scaled = UNITS[self.target.unit].scaled
        gap = abs(scaled(self.requested) - scaled(self.achieved))
        return gap if math.isfinite(gap) else math.inf

    @property
    def reached(self) -> bool:
        return abs(self.error) <= self.tolerance

    @property
    def exact(self) -> bool:
        """Whether no search comes nearer than this: within `Target.close`, and within a tolerance below that."""
        return self.gap <= self.target.close and self.reached

    @property
    def excess(self) -> float:
        """The error in tolerances; FAR at most, also where the kick has no such thing."""
        return min(abs(self.error) / self.tolerance, FAR) if math.isfinite(self.error) else FAR


@dataclass(frozen=True, eq=False)
class MatchResult:
    """The kick that came closest. start: which of the kicks to begin with it was made from; tries: how many of them
    were tried; renders: how many kicks were rendered for it; moves: by how many cents its pitch falls and scatters
    where it is measured (`pitch_rest`), None where nobody asked."""

    wave: np.ndarray  # [channels, T]
    controls: np.ndarray  # [K]
    lines: tuple[TargetResult, ...]
    renders: int
    start: int = 0
    tries: int = 1
    moves: tuple[float, float] | None = None

    @property
    def reached(self) -> bool:
        return all(line.reached for line in self.lines) and not self.unrest

    @property
    def unrest(self) -> str:
        """How the pitch moves of a kick that was asked to rest; empty where it does, or need not."""
        if self.moves is None:
            return ""
        return (
            "it has too few periods to tell whether its pitch rests"
            if math.isnan(sum(self.moves))
            else unrest_said(*self.moves)
        )

    @property
    def missed_by(self) -> tuple[float, float]:
        """How far it is from its targets: see `missed_by`."""
        return missed_by(self.lines, self.moves)

    @property
    def recipe(self) -> dict[str, Any]:
        """What the recipe of its kick says of it, beside what renders it: the errors of targets that were not met."""
        errors = {line.target.name: line.error for line in self.lines if not line.reached}
        if self.unrest:
            errors["steady"] = max(map(abs, self.moves or ()))
        told = {name: round(error, 2) if math.isfinite(error) else None for name, error in errors.items()}
        return {"missed": told} if told else {}


def missed_by(lines: Sequence[TargetResult], moves: tuple[float, float] | None = None) -> tuple[float, float]:
    """How far a kick is from its targets: what it lacks to the tolerances first, then its errors in tolerances. moves:
    of a kick whose pitch shall rest."""
    excess = [line.excess for line in lines]
    if moves is not None:
        cents = max(map(abs, moves))
        excess.append(cents / SEMITONE_CENTS if math.isfinite(cents) else FAR)
    return sum(max(x - 1, 0.0) for x in excess), sum(excess)


def _checked_value(name: str, value: float) -> float:
    if name not in TARGETS:
        raise UserError(f"{name}: nothing a kick can be asked for; known are {', '.join(TARGETS)}")
    known = TARGETS[name]
    reach = f"from {known.low:g} to {known.high:g} {known.unit} can be asked for"
    if known.longest is not None:
        reach += f", and up to {known.longest:g} {known.unit} of kicks that may ring longer"
    if not isinstance(value, numbers.Real):
        raise UserError(f"{name} {value!r}: {reach}, as a number")
    if not math.isfinite(value) or not known.low <= value <= known.most(math.inf):
        raise UserError(f"{name} {plain_number(value)} {known.unit}: {reach}")
    return float(value)
