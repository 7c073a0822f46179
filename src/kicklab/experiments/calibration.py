"""How near a model comes to its targets: requests within the range of its kicks, each from another seed.

    kick lab measure calibration [--model MODEL] [-n 60] [--image docs/images/calibration.png]

A request is a value between the 5 % and the 95 % quantile of the model's own kicks (drive: all of its range), each put
to another seed. Errors are of every request, met or not; intervals are 95 % bootstraps of the median.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

from kickitout.errors import UserError
from kickitout.files import write_whole
from kickitout.generation.load import load_model
from kickitout.generation.match import match_seed, measured
from kickitout.generation.model import Model
from kickitout.generation.noise import normal
from kickitout.generation.targets import TargetResult
from kickitout.metrics.resampling import median_interval
from kickitout.models.controls import TARGETS
from kickitout.training.sheet import png_of
from kickitout.units import UNITS
from kicklab.markdown import markdown_table

RANGE = (0.05, 0.95)  # quantiles of the model's own kicks between which is asked
ASKED_TOGETHER = ("pitch", "decay", "click")
NEVER = 1e6  # what an error counts that has no value: more than any that has one
LARGEST_MEDIAN = {"Hz": 10.0, "ms": 5.0, "dB": 1.5}  # cents, per cent, dB: what a median error should stay within


class ControlError(NamedTuple):
    """One row: a control, asked for alone or together with others.

    low, high: between them was asked, in the control's unit. error: median of |achieved - requested| in error_unit,
    with its 95 % interval; worst: the 90 % quantile. Requests that were not met count as the others, and what has no
    value any more as NEVER. reached: share of the requests that were met within their tolerance; told: of those that
    were not, how many were said to lie outside of what the kick can give; renders: mean number of them. lines: every
    answer.
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
    told: int
    renders: float
    n: int
    lines: tuple[TargetResult, ...]


def control_errors(model: Model, n: int = 60, seed: int = 0, kinds: Sequence[str] = ()) -> list[ControlError]:
    """A row for each control alone, and one for each of pitch, decay and click asked for together.

    Requests are uniform (in octaves, where the unit is a ratio's) between the RANGE quantiles of the model's kicks.
    """
    if not model.info.controls:
        raise UserError(f"model {model.info.name}: it has no controls, so there is nothing to measure")
    rng = np.random.default_rng(seed)
    spans = control_spans(model, max(n, 200))
    singles = [(name,) for name in TARGETS if not kinds or name in kinds]
    rows = []
    for names in [*singles, *([ASKED_TOGETHER] if not kinds else [])]:
        answers = []
        for i in range(n):
            request = {name: drawn_value(rng, name, *spans[name]) for name in names}
            answers.append(match_seed(model, request, 20_000 + i))
        for k, name in enumerate(names):
            lines = tuple(answer.lines[k] for answer in answers)
            errors = np.nan_to_num(np.abs([line.error for line in lines]), nan=NEVER)
            middle, span = median_interval(errors, seed=seed)
            reached, renders = (float(np.mean(x)) for x in ([a.reached for a in lines], [a.renders for a in answers]))
            told = sum(_outside(line) for line in lines)
            rows.append(ControlError(name, len(names) > 1, *spans[name], middle, span, float(np.quantile(errors, 0.9)),
                                     lines[0].error_unit, reached, told, renders, n, lines))  # fmt: skip
    return rows


def control_spans(model: Model, count: int = 200) -> dict[str, tuple[float, float]]:
    """Between which values is asked: the RANGE quantiles of `count` kicks of the model; drive over its whole range."""
    own = own_cards(model, range(10_000, 10_000 + count))
    spans = {target.name: (target.low, target.high) for target in TARGETS.values()}
    for target in (target for target in TARGETS.values() if target.field):
        values = np.array([row[target.field] for row in own])
        low, high = (float(q) for q in np.quantile(values[np.isfinite(values)], RANGE))
        spans[target.name] = max(low, target.low), min(high, target.high)
    return spans


def own_cards(model: Model, seeds: Sequence[int]) -> list[dict[str, float]]:
    """The cards of the model's kicks of these seeds, before any control is turned."""
    return [measured(model.render(normal([s], model.info.noise_size)).wave) for s in seeds]


def _outside(line: TargetResult) -> bool:
    return line.reachable is not None and not line.reachable[0] <= line.requested <= line.reachable[1]


def drawn_value(rng: np.random.Generator, name: str, low: float, high: float) -> float:
    """A value to ask for, uniform between low and high, in octaves where the unit is a ratio's."""
    if UNITS[TARGETS[name].unit].ratio:
        return float(low * (high / low) ** rng.random())
    return float(low + (high - low) * rng.random())


def controls_text(rows: Sequence[ControlError]) -> str:
    """The rows as a Markdown table."""
    head = [
        "asked for",
        "from",
        "to",
        "median error",
        "95 % interval",
        "target",
        "90 % within",
        "reached",
        "renders",
        "n",
    ]
    cells = []
    for r in rows:
        unit = TARGETS[r.control].unit
        name = f"{r.control}, with pitch, decay and click together" if r.together else r.control
        cells.append([name, f"{r.low:.3g} {unit}", f"{r.high:.3g} {unit}", f"{r.error:.2g} {r.error_unit}",
                      f"{r.interval[0]:.2g} to {r.interval[1]:.2g}", f"{LARGEST_MEDIAN[unit]:g}", f"{r.worst:.2g}",
                      f"{100 * r.reached:.0f} %", f"{r.renders:.1f}", r.n])  # fmt: skip
    return "\n".join(markdown_table(head, cells))


def controls_png(rows: Sequence[ControlError]) -> bytes:
    """What was achieved against what was requested, a panel for each control alone; hollow: not met."""
    alone = [row for row in rows if not row.together]
    columns = min(4, len(alone))
    figure = Figure((3.2 * columns, 3.2 * -(-len(alone) // columns)), dpi=100, layout="constrained")
    panels = figure.subplots(-(-len(alone) // columns), columns, squeeze=False).ravel()
    for panel in panels[len(alone) :]:
        panel.set_axis_off()
    for panel, row in zip(panels, alone, strict=False):
        unit = TARGETS[row.control].unit
        panel.axline((row.low, row.low), (row.high, row.high), color="0.75", linewidth=1, zorder=0)
        for met, face in ((True, "#0072b2"), (False, "none")):
            some = [line for line in row.lines if line.reached == met]
            panel.scatter([line.requested for line in some], [line.achieved for line in some], s=16, facecolors=face,
                          edgecolors="#0072b2" if met else "#d55e00", linewidths=1)  # fmt: skip
        if UNITS[unit].ratio:
            panel.set(xscale="log", yscale="log")
        panel.set_title(f"{row.control}: median {row.error:.2g} {row.error_unit}", fontsize=9)
        panel.set_xlabel(f"asked for [{unit}]", fontsize=8)
        panel.set_ylabel("came", fontsize=8)
        panel.tick_params(which="both", labelsize=7)
    return png_of(figure)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", default="default")
    parser.add_argument("-n", type=int, default=60, help="requests a control (default 60)")
    parser.add_argument("--image", type=Path, default=Path("docs/images/calibration.png"))


def run(args: argparse.Namespace) -> Iterator[str]:
    model = load_model(args.model)
    rows = control_errors(model, args.n)
    yield controls_text(rows)
    missed = sum(round(row.n * (1 - row.reached)) for row in rows)
    told = sum(row.told for row in rows)
    asked = sum(row.n for row in rows)
    yield (
        f"""
Model `{model.digest[:16]}`, seed 0. {missed} of {asked} requests were not met within their tolerance; of {told} the
answer says that they lie outside of what the kick reaches."""
    )
    write_whole(args.image, controls_png(rows))
