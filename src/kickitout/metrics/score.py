"""A score: a number that never travels alone."""

from __future__ import annotations

import math
from typing import Any, Literal, NamedTuple

from kickitout.errors import UserError
from kickitout.metrics.resampling import NO_INTERVAL

UNNAMED = "unnamed"  # real sounds that came as arrays, without a dataset that has a digest

# Half of so many (for the real-vs-real baseline) is twice the dimension of the Frechet distance.
FEWEST = 64  # sounds in each set


class Score(NamedTuple):
    """One comparison of a set of generated sounds with a set of real ones."""

    name: str  # with the embedding and the parameters that change the number: "frechet_bands-1_pca16"
    value: float
    interval: tuple[float, float]  # 95 %, by resampling the sounds of both sets; NaN where it was not asked for
    n: tuple[int, int]  # real, generated: as many as the number was made from
    reference: str  # what the real sounds are: the digest of their dataset, or UNNAMED
    unit: str
    better: Literal["lower", "higher"]
    real: float = math.nan  # the real-vs-real baseline: halves, split by group, mean of several splits
    real_n: tuple[int, int] = (0, 0)  # sounds in those halves
    seed: int = 0  # of the resampling, the splits and the subsets
    note: str = ""

    def as_data(self) -> dict[str, Any]:
        """Ready for JSON: NaN as null."""
        data = self._asdict()
        data["value"], data["real"] = _or_none(self.value), _or_none(self.real)
        data["interval"] = [_or_none(x) for x in self.interval]
        return data


class Found(NamedTuple):
    """What a measure says, before it is known what it was said about."""

    name: str
    value: float
    unit: str
    better: Literal["lower", "higher"] = "lower"
    interval: tuple[float, float] = NO_INTERVAL
    note: str = ""
    n: tuple[int, int] | None = None  # where a measure uses fewer sounds than it is given
    headline: bool = False  # a row of the scoreboard


def _or_none(x: float) -> float | None:
    return float(x) if math.isfinite(x) else None


def refuse_too_few(n: int, what: str, least: int = FEWEST) -> None:
    """Raise UserError below `least` sounds: a number would say more about the draw than about the sounds."""
    if n < least:
        raise UserError(f"{n} {what}: too few for a score; at least {least} are needed, and 500 give narrow intervals")
