"""How many kicks are enough: what was measured with fewer and more, read off for a folder of a given size.

The measurements are a file in the package, quality_curve.json:

    {"about": "KickGAN, 20 minutes, 2 cores", "score": "energy distance", "floor": real against real,
     "points": [{"kicks": families trained on, "score": lower is better}, ...]}

Without it there is nothing to say, and that is said.
"""

from __future__ import annotations

import json
import math
from importlib import resources
from typing import Any

CURVE = "quality_curve.json"


def load_curve() -> dict[str, Any] | None:
    """The measured curve of the package, or None."""
    file = resources.files("kickitout.corpus") / CURVE
    return json.loads(file.read_text("utf-8")) if file.is_file() else None


def forecast(kicks: int, curve: dict[str, Any] | None) -> str:
    """One line for a folder of `kicks` different kicks (families). Between two points the score is a straight line over
    the logarithm of the number; outside of them nothing is claimed.

    >>> curve = {"about": "toy", "score": "distance", "floor": 0.1, "points": [{"kicks": 10, "score": 0.6},
    ...     {"kicks": 1000, "score": 0.2}]}
    >>> forecast(100, curve)
    '100 different kicks: distance about 0.400 (toy; real against real 0.100); with 1000 it was 0.200'
    """
    if curve is None:
        return f"{kicks} different kicks; how many are enough is not measured in this version: it ships no curve yet"
    points = sorted((int(p["kicks"]), float(p["score"])) for p in curve["points"])
    (fewest, first), (most, last) = points[0], points[-1]
    behind = f"({curve['about']}; real against real {curve['floor']:.3f})"
    score_of = f"{kicks} different kicks: {curve['score']}"
    if kicks < fewest:
        return f"{score_of} not measured with so few; with {fewest} it was {first:.3f} {behind}"
    if kicks >= most:
        return f"{score_of} with {most} was {last:.3f}, more were not measured {behind}"
    upper = next(i for i, (count, _) in enumerate(points) if count > kicks)
    (low, a), (high, b) = points[upper - 1], points[upper]
    score = a + (b - a) * math.log(kicks / low) / math.log(high / low)
    return f"{score_of} about {score:.3f} {behind}; with {most} it was {last:.3f}"
