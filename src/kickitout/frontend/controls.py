"""What a model can be asked for."""

from __future__ import annotations

from typing import Any

from kickitout.generation.model import Model
from kickitout.models.controls import CONTROLS, MOVED_BY, TARGETS
from kickitout.units import UNITS


def targets_of(model: Model) -> list[dict[str, Any]]:
    """The targets that a kick of this model can meet: name, field of the kick card, unit, range, meaning and scale of
    each. Raises UserError for nothing."""
    keys = ("name", "field", "unit", "low", "high", "longest", "meaning")
    targets = [target for target in TARGETS.values() if MOVED_BY[target.name].name in model.info.controls]
    return [{key: getattr(one, key) for key in keys} | {"scale": UNITS[one.unit].scale} for one in targets]


def controls_of(model: Model) -> list[dict[str, Any]]:
    """The controls of this model: name, unit, range and meaning of each. Raises UserError for nothing."""
    known = [control for control in CONTROLS if control.name in model.info.controls]
    return [{key: getattr(one, key) for key in ("name", "unit", "low", "high", "meaning")} for one in known]
