"""Lines that strides leave in what is made: how high they stand, whether training lowers them, and what else does.

The height at a milestone is the mean of `stride_lines_time` and `stride_lines_frequency` (`kicklab.measure`), in dB
over real kicks. The estimand is its mean over seeds at the last milestones, as that of distances is
(`kicklab.evidence`); seeds scatter in each row by a variance of its own. What the sounds scatter is added where a row
is compared with real kicks, which all rows share.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.stats import t as student

from kicklab.evidence import LAST, Evidence, Figure, Row, corrected, of_seeds, welch

SCORES = ("stride_lines_time", "stride_lines_frequency")
OF_A_NORMAL = 2 * student.ppf(0.975, math.inf)  # standard deviations in a 95 % interval


class LineHeights:
    """Heights of the rows that were measured: [seeds, milestones] each, and the variance of the sounds."""

    def __init__(self, e: Evidence) -> None:
        found = {name: _measured(row) for name, row in e.rows.items()}
        self.study, self.seen = e.study, {name: e.rows[name].seen for name in found}
        self.heights = {name: of[0] for name, of in found.items() if of is not None}
        self.sounds = {name: of[1] for name, of in found.items() if of is not None}

    def height(self, name: str, milestone: int | None = None) -> Figure:
        """Of a row, in dB over real kicks: the mean of the last milestones, or at one."""
        at = slice(-LAST, None) if milestone is None else [milestone]
        values = self.heights[name][:, at].mean(axis=1)
        beside = float(self.sounds[name][:, at].mean()), math.inf  # more seeds would not lower it
        return welch(float(values.mean()), [of_seeds(values), beside])

    def change(self, name: str, first: int = -LAST, last: int = -1) -> Figure:
        """From one milestone to another, in dB: over the last ones, if nothing is said."""
        heights = self.heights[name]
        change = heights[:, last] - heights[:, max(first, -heights.shape[1])]
        return welch(float(change.mean()), [of_seeds(change)])

    def contrast(self, a: str, b: str) -> Figure:
        """How much higher those of `a` stand than those of `b`, in dB."""
        high, low = (self.heights[name][:, -LAST:].mean(axis=1) for name in (a, b))
        return welch(float(high.mean() - low.mean()), [of_seeds(high), of_seeds(low)])

    def named(self) -> list[tuple[str, str, Figure, float]]:
        """The contrasts that the study names, as `Evidence.named`."""
        return corrected(self.study, self.heights, self.contrast)


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
