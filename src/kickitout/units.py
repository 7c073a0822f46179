"""Units of what can be asked for: how they are written, and how an error in them is told."""

from __future__ import annotations

import math
import re
from typing import NamedTuple


class Unit(NamedTuple):
    """written: what may follow a number, in lower case, and how many of the unit it is."""

    error: str  # unit of an error
    ratio: bool  # values are compared in octaves, not by their difference
    written: dict[str, float]

    @property
    def scale(self) -> str:
        """As the studio's page has it."""
        return "log2" if self.ratio else "linear"

    def scaled(self, value: float) -> float:
        """Octaves of a ratio, else the value itself; NaN for what has no octave.

        >>> UNITS["Hz"].scaled(8.0), UNITS["dB"].scaled(-3.0), UNITS["ms"].scaled(0.0)
        (3.0, -3.0, nan)
        """
        if not self.ratio:
            return value
        return math.log2(value) if value > 0 else math.nan

    def error_of(self, requested: float, achieved: float) -> float:
        """Achieved re requested, in `error`.

        >>> UNITS["Hz"].error_of(50.0, 100.0), UNITS["dB"].error_of(-20.0, -18.0)
        (1200.0, 2.0)
        """
        if self.error == "cents":
            return 1200 * math.log2(achieved / requested) if achieved > 0 else math.nan
        return 100 * (achieved / requested - 1) if self.error == "%" else achieved - requested


UNITS = {
    "Hz": Unit("cents", True, {"": 1.0, "hz": 1.0, "k": 1000.0, "khz": 1000.0}),
    "ms": Unit("%", True, {"": 1.0, "ms": 1.0, "s": 1000.0}),
    "s": Unit("%", True, {"": 1.0, "s": 1.0, "ms": 1e-3}),
    "dB": Unit("dB", False, {"": 1.0, "db": 1.0}),
}


def read_quantity(text: str, unit: str) -> float | None:
    """A number with or without its unit, in that unit; None for what is none.

    >>> read_quantity("0.28s", "ms"), read_quantity("4kHz", "Hz"), read_quantity("-12", "dB"), read_quantity("F1", "Hz")
    (280.0, 4000.0, -12.0, None)
    """
    found = re.fullmatch(r"\s*([+-]?\d+(?:\.\d*)?|[+-]?\.\d+)\s*([a-zA-Z]*)\s*", text)
    if not found or found[2].lower() not in UNITS[unit].written:
        return None
    return float(found[1]) * UNITS[unit].written[found[2].lower()]


def plain_number(value: float, digits: int = 4) -> str:
    """So many significant digits, never as a power of ten.

    >>> [plain_number(value) for value in (52.3456, 11180.3, -6.0981, 3e-6)], plain_number(20000.0, 3)
    (['52.35', '11180', '-6.098', '0'], '20000')
    """
    small = 0.0 if abs(value) < 10**-digits else value
    return f"{value:.0f}" if abs(value) >= 10**digits / 10 else f"{small:.{digits}g}"
