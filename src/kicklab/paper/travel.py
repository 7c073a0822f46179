"""Is the dead phase at the start the time that a generator needs to travel to silence?

The way from where it begins to the data's mode, under the tanh, over its learning rate and its last maps, which Adam
moves by a rate each step whatever the gradient: a prediction of how long a row stays dead.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
from scipy.stats import kendalltau

from kickitout.models.output import MODE_BINS
from kicklab.evidence import DEAD_DISTANCE, Evidence, Row, soft
from kicklab.paper.charts import short
from kicklab.paper.words import name
from kicklab.study import StudyRow, rows_of

SILENCE = abs(math.atanh(1 / MODE_BINS - 1))  # how far under the tanh the data's mode lies from mid-grey


def travelled(e: Evidence) -> dict[str, tuple[float, float]]:
    """The rows that a travel can be predicted of: that, and the sounds seen until they lie within DEAD_DISTANCE."""
    ways = {row.name: predicted_travel(row) for row in rows_of(e.study) if row.name in e.rows}
    return {row: (way, dead_until(e.rows[row])) for row, way in ways.items() if way is not None}


def travel_sentence(e: Evidence) -> str:
    """How far the order of dead phases is that of the predicted travel, and the pair of rows that contradicts it most;
    empty where fewer than three rows can be predicted."""
    found = travelled(e)
    if len(found) < 3 or any(len(set(side)) == 1 for side in zip(*found.values(), strict=True)):
        return ""
    tau = float(kendalltau(*np.array(list(found.values())).T).statistic)
    said = f"Over {len(found)} rows Kendall’s τ of predicted travel and dead phase is {short(tau)}"
    against = [
        (math.log(found[b][1] / found[a][1]), a, b)  # a has farther to go, and is there sooner
        for a, b in itertools.permutations(found, 2)
        if found[a][0] > found[b][0] and found[a][1] < found[b][1]
    ]
    if against:
        _, a, b = max(against)
        far, near = (f"{name(row)} ({short(found[row][0])} of the way)" for row in (a, b))
        said += f"; most against it {far} is within {DEAD_DISTANCE:g} dB after {found[a][1]:,.0f} sounds, {near} after "
        said += f"{found[b][1]:,.0f}"
    return f"{said} (exploratory)."


def predicted_travel(row: StudyRow) -> float | None:
    """Way to the data's mode over rate and last maps, as a multiple of a plain DCGAN's; None for another network or
    representation, of which it says nothing."""
    config, plain = row.resolved(0), StudyRow("", "", "dcgan", (), (), None).resolved(0)
    bias = getattr(config.model, "output_bias", None)
    if config.model.family != "dcgan" or config.representation != plain.representation or bias is None:
        return None
    way = 0.0 if bias == "data" else abs(SILENCE + bias) / SILENCE
    maps = config.model.least_channels / plain.model.least_channels  # type: ignore[union-attr]
    return way / (config.optim_g.lr / plain.optim_g.lr * maps)


def dead_until(runs: Row) -> float:
    """Sounds seen when the mean over seeds first lies below DEAD_DISTANCE: between two milestones, on their logarithms;
    the first or the last milestone where it does before or never."""
    values, limit = runs.values[:, :, 0], float(soft(DEAD_DISTANCE))
    mean = soft(values).mean(axis=0)
    below = np.flatnonzero(mean < limit)
    if len(below) == 0 or below[0] == 0:
        return float(runs.seen[0 if len(below) else -1])
    i = int(below[0])
    share = (mean[i - 1] - limit) / (mean[i - 1] - mean[i])
    return float(runs.seen[i - 1] ** (1 - share) * runs.seen[i] ** share)
