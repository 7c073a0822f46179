"""Lines that strides leave in what is made: how high they stand, whether training lowers them, and what else does.

The height at a milestone is the mean of `stride_lines_time` and `stride_lines_frequency` (`kicklab.measure`), in dB
over real kicks. The estimand is its mean over seeds at the last milestones, as that of distances is
(`kicklab.evidence`); seeds scatter within rows, and their variance is pooled. What the sounds scatter is added where a
row is compared with real kicks, which all rows share.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from scipy.stats import t as student

from kicklab.evidence import LAST, Evidence, Figure, Row, corrected, pooled

SCORES = ("stride_lines_time", "stride_lines_frequency")
OF_A_NORMAL = 2 * student.ppf(0.975, math.inf)  # standard deviations in a 95 % interval


class LineHeights:
    """Heights of the rows that were measured: [seeds, milestones] each, and the variance of the sounds."""

    def __init__(self, e: Evidence) -> None:
        found = {name: _measured(row) for name, row in e.rows.items()}
        self.contrasts, self.seen = e.study.contrasts, {name: e.rows[name].seen for name in found}
        self.heights = {name: of[0] for name, of in found.items() if of is not None}
        self.sounds = {name: of[1] for name, of in found.items() if of is not None}

    def height(self, name: str, milestone: int | None = None) -> Figure:
        """Of a row, in dB over real kicks: the mean of the last milestones, or at one."""
        at = slice(-LAST, None) if milestone is None else [milestone]
        values = {n: h[:, at].mean(axis=1) for n, h in self.heights.items()}
        return _estimate(values, {name: 1}, float(self.sounds[name][:, at].mean()))

    def change(self, name: str) -> Figure:
        """From the first of the last milestones to the last, in dB."""
        return _estimate({n: h[:, -1] - h[:, -LAST:][:, 0] for n, h in self.heights.items()}, {name: 1})

    def contrast(self, a: str, b: str) -> Figure:
        """How much higher those of `a` stand than those of `b`, in dB."""
        return _estimate({n: h[:, -LAST:].mean(axis=1) for n, h in self.heights.items()}, {a: 1, b: -1})

    def named(self) -> list[tuple[str, str, Figure, float]]:
        """The contrasts that the study names, as `Evidence.named`."""
        return corrected(self.contrasts, self.heights, self.contrast)


def _measured(row: Row) -> tuple[np.ndarray, np.ndarray] | None:
    """Heights [seeds, milestones] and the variance of their sounds; None where a milestone has none."""
    heights, variances = [], []
    for run in row.logs:
        for point in run:
            mine = [s for s in point.get("scores", ()) if s["name"] in SCORES]
            if len(mine) < len(SCORES) or any(s["value"] is None or s["interval"] is None for s in mine):
                return None
            heights.append(np.mean([s["value"] for s in mine]))
            deviations = [(s["interval"][1] - s["interval"][0]) / OF_A_NORMAL for s in mine]
            variances.append(np.sum(np.square(deviations)) / len(SCORES) ** 2)
    shape = len(row.logs), len(row.seen)
    return np.reshape(heights, shape), np.reshape(variances, shape)


def _estimate(values: Mapping[str, np.ndarray], weights: Mapping[str, int], beside: float = 0.0) -> Figure:
    """A sum of rows over their seeds [seeds]. beside: a variance that more seeds would not lower."""
    variance, freedom = pooled(values)
    value = sum(weight * float(values[name].mean()) for name, weight in weights.items())
    spread = math.sqrt(variance * sum(1 / len(values[name]) for name in weights) + beside)
    half = float(student.ppf(0.975, freedom)) * spread
    p = 2 * float(student.sf(abs(value) / spread, freedom)) if spread > 0 else float(value == 0)
    return Figure(value, value - half, value + half, p)
