"""A score: a number that never travels alone."""

from __future__ import annotations

import hashlib
import math
from typing import Any, Literal, NamedTuple

import numpy as np

from kickitout.errors import UserError
from kickitout.evaluation.resampling import UNKNOWN

# Half of so many (for real against real) is twice the dimension of the Frechet distance.
FEWEST = 64  # sounds in each set


class Score(NamedTuple):
    """One comparison of a set of generated sounds with a set of real ones."""

    name: str  # with the embedding and the parameters that change the number: "frechet_bands-1_pca16"
    value: float
    interval: tuple[float, float]  # 95 %, by resampling the sounds of both sets; NaN where it was not asked for
    n: tuple[int, int]  # real, generated: as many as the number was made from
    reference: str  # digest of the real sounds, see `digest_of`
    unit: str
    better: Literal["lower", "higher"]
    real: float = math.nan  # the same number of real against real: halves, split by family, mean of several splits
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
    interval: tuple[float, float] = UNKNOWN
    note: str = ""
    n: tuple[int, int] | None = None  # where a measure uses fewer sounds than it is given


def _or_none(x: float) -> float | None:
    return float(x) if math.isfinite(x) else None


def refuse_too_few(n: int, what: str, least: int = FEWEST) -> None:
    """Raise UserError below `least` sounds: a number would say more about the draw than about the sounds."""
    if n < least:
        raise UserError(f"{n} {what}: too few for a score; at least {least} are needed, and 500 give narrow intervals")


def digest_of(waves: np.ndarray) -> str:
    """sha256 over the sounds [n, T] of a set; their order does not matter.

    >>> a = np.eye(3, dtype=np.float32)
    >>> digest_of(a) == digest_of(a[::-1]) != digest_of(a[:2])
    True
    """
    each = sorted(hashlib.sha256(np.ascontiguousarray(wave, dtype="<f4").tobytes()).hexdigest() for wave in waves)
    return hashlib.sha256("\n".join(each).encode()).hexdigest()
