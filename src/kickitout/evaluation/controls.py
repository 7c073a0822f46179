"""How near a model comes to what it is asked for: requests within the range of its kicks, answered by other kicks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from kickitout.errors import UserError
from kickitout.evaluation.bootstrap import median_interval
from kickitout.generation.ask import BY_NAME, CONTROLS, ask_seed, check_request, measured
from kickitout.generation.model import Model
from kickitout.generation.noise import normal

RANGE = (0.1, 0.9)  # quantiles of the model's own kicks between which is asked


class ControlError(NamedTuple):
    """One row: a control, asked for alone or together with others.

    low, high: between them was asked, in the control's unit. error: median of |achieved - requested| in error_unit,
    with its 95 % interval; worst: the 90 % quantile. reached: share of the requests that were answered as closely as
    asked for; renders: mean number of them.
    """

    control: str
    together: bool
    low: float
    high: float
    error: float
    interval: tuple[float, float]
    worst: float
    error_unit: str
    reached: float
    renders: float
    n: int


def control_errors(model: Model, n: int = 60, seed: int = 0, kinds: Sequence[str] = ()) -> list[ControlError]:
    """A row for each control alone, and one for each of pitch, decay and click asked for together.

    Requests are uniform (in octaves, where the unit is a ratio's) between the RANGE quantiles of the model's kicks.
    """
    if not model.info.knobs:
        raise UserError(f"model {model.info.name}: it has no knobs, so there is nothing to measure")
    rng = np.random.default_rng(seed)
    own = [measured(model.turn(normal([s], model.info.latent)).wave) for s in range(10_000, 10_000 + max(n, 100))]
    spans = {}
    for control in CONTROLS:
        values = np.array([row[control.field] for row in own])
        values = values[np.isfinite(values)]
        low, high = (float(q) for q in np.quantile(values, RANGE))
        spans[control.name] = max(low, control.low), min(high, control.high)
    singles = [(control.name,) for control in CONTROLS if not kinds or control.name in kinds]
    rows = []
    for names in [*singles, *([("pitch", "decay", "click")] if not kinds else [])]:
        answers = []
        for i in range(n):
            request = check_request({name: _draw(rng, name, *spans[name]) for name in names})
            answers.append(ask_seed(model, request, 20_000 + i))
        for k, name in enumerate(names):
            lines = [answer.lines[k] for answer in answers]
            errors = np.abs([line.error for line in lines])
            known = errors[np.isfinite(errors)]
            middle, span = median_interval(known, seed=seed)
            reached, renders = (float(np.mean(x)) for x in ([a.reached for a in lines], [a.renders for a in answers]))
            rows.append(ControlError(name, len(names) > 1, *spans[name], middle, span, float(np.quantile(known, 0.9)),
                                     lines[0].error_unit, reached, renders, n))  # fmt: skip
    return rows


def _draw(rng: np.random.Generator, name: str, low: float, high: float) -> float:
    if BY_NAME[name].scale == "log2":
        return float(low * (high / low) ** rng.random())
    return float(low + (high - low) * rng.random())


def controls_text(rows: Sequence[ControlError]) -> str:
    """The rows as a Markdown table."""
    head = ["asked for", "from", "to", "median error", "95 % interval", "90 % within", "reached", "renders", "n"]
    lines = ["| " + " | ".join(head) + " |", "|---|" + "--:|" * (len(head) - 1)]
    for r in rows:
        unit = BY_NAME[r.control].unit
        name = f"{r.control}, with pitch, decay and click together" if r.together else r.control
        cells = [name, f"{r.low:.3g} {unit}", f"{r.high:.3g} {unit}", f"{r.error:.2g} {r.error_unit}",
                 f"{r.interval[0]:.2g} to {r.interval[1]:.2g}", f"{r.worst:.2g}", f"{100 * r.reached:.0f} %",
                 f"{r.renders:.1f}", str(r.n)]  # fmt: skip
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)
