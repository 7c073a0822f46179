"""How many kicks are enough: what was measured with fewer and more, read off for a folder of a given size.

The measurements are a file in the package, quality_curve.json, a `ScoreCurve`; `kick lab measure quality-curve`
writes it. Without it there is nothing to say, and that is said.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from importlib import resources

from kickitout.errors import UserError, count

CURVE = "quality_curve.json"
NO_CURVE = "how many are enough is not known: this version ships no measured curve"


@dataclass(frozen=True)
class Point:
    """One training: kicks (groups) learned from, and the score of what it made, with its 95 % interval."""

    kicks: int
    score: float
    low: float
    high: float

    def __post_init__(self) -> None:
        if not isinstance(self.kicks, int) or self.kicks < 1:
            raise UserError(f"kicks={self.kicks!r}: must be a whole number from 1 on")
        if not -math.inf < self.low <= self.score <= self.high < math.inf:
            raise UserError(f"score={self.score!r}: must lie in its interval, {self.low!r} to {self.high!r}")


@dataclass(frozen=True)
class ScoreCurve:
    """about: what was trained and scored, in words; score: its name, lower is better; floor: real-vs-real baseline."""

    about: str
    score: str
    floor: float
    points: tuple[Point, ...]

    def __post_init__(self) -> None:
        counts = [point.kicks for point in self.points]
        if len(counts) < 2 or counts != sorted(set(counts)):
            raise UserError(f"points for kicks={counts}: must be two or more, and kicks must rise from one to the next")


def read_curve(text: str, where: str = CURVE) -> ScoreCurve:
    """The JSON of a curve. Raises UserError that names `where` and what is wrong."""
    try:
        data = json.loads(text)
        return ScoreCurve(**{**data, "points": tuple(Point(**point) for point in data["points"])})
    except (ValueError, TypeError, KeyError, UserError) as error:
        raise UserError(
            f"{where}: not a measured curve ({error}); `kick lab measure quality-curve` writes one"
        ) from error


def curve_text(curve: ScoreCurve) -> str:
    """The JSON that `read_curve` reads."""
    return json.dumps(asdict(curve), indent=1) + "\n"


def load_curve() -> ScoreCurve | None:
    """The measured curve of the package, or None."""
    file = resources.files("kickitout.datasets.doctor") / CURVE
    return read_curve(file.read_text("utf-8")) if file.is_file() else None


def forecast(kicks: int, curve: ScoreCurve | None) -> str:
    """One line for a folder of `kicks` different kicks (groups). Between two points the score and its interval are
    straight lines over the logarithm of the number; outside of them nothing is claimed.

    >>> curve = ScoreCurve(about="toy", score="distance", floor=0.1, points=(
    ...     Point(kicks=10, score=0.6, low=0.5, high=0.8), Point(kicks=1000, score=0.2, low=0.1, high=0.2)))
    >>> forecast(100, curve)[:57]
    '100 different kicks: distance about 0.400 [0.300, 0.500];'
    """
    if curve is None:
        return f"{count(kicks, 'different kick')}; {NO_CURVE}"
    first, last = curve.points[0], curve.points[-1]
    behind = f"({curve.about}; real-vs-real baseline {curve.floor:.3f})"
    score_of = f"{count(kicks, 'different kick')}: {curve.score}"
    if kicks < first.kicks:
        return f"{score_of} not measured with so few; with {first.kicks} it was {_shown_point(first)} {behind}"
    if kicks >= last.kicks:
        more = ", more were not measured" if kicks > last.kicks else ""
        return f"{score_of} with {last.kicks} was {_shown_point(last)}{more} {behind}"
    upper = next(i for i, point in enumerate(curve.points) if point.kicks > kicks)
    between = _between(curve.points[upper - 1], curve.points[upper], kicks)
    return f"{score_of} about {_shown_point(between)}; with {last.kicks} it was {_shown_point(last)} {behind}"


def _shown_point(point: Point) -> str:
    return f"{point.score:.3f} [{point.low:.3f}, {point.high:.3f}]"


def _between(a: Point, b: Point, kicks: int) -> Point:
    way = math.log(kicks / a.kicks) / math.log(b.kicks / a.kicks)
    score, low, high = ((1 - way) * x + way * y for x, y in ((a.score, b.score), (a.low, b.low), (a.high, b.high)))
    return Point(kicks=kicks, score=score, low=low, high=high)
