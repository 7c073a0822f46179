"""One control on its way to a measurement: where to turn it next, from where it stood and what was measured there.

A secant (as in Broyden 1965, doi.org/10.1090/S0025-5718-1965-0198670-6, with a diagonal Jacobian: each control has a
control of its own) as long as it stays between the last value known to be too low and the last known to be too high;
the middle of them otherwise, for a measurement may jump where the control does not.
"""

from __future__ import annotations

import math
from typing import NamedTuple

NARROW = 1e-4  # of a control's range: between places so near there is a jump, and no control in between
FLATTEST, STEEPEST = 1 / 6, 4.0  # of the slope to begin with; what measures flatter or steeper has jumped
LONGEST_STEP = 0.4  # of a control's range, in one step
SLOW = 0.7  # a step that leaves more than this of the bracket is followed by its middle


class Span(NamedTuple):
    """From where to where a control is turned, and how far the measurement moves with it to begin with."""

    low: float
    high: float
    slope: float


class BracketedSecant:
    """The way of one control. Measurements are on an axis on which they grow with it, about as a straight line."""

    def __init__(self, span: Span, wanted: float) -> None:
        self.span, self.wanted, self.slope = span, wanted, span.slope
        self._lower: float | None = None
        self._upper: float | None = None
        self._before: tuple[float, float] | None = None
        self._width = math.inf
        self._newest_is_lower = False
        self._looked_again = False

    @property
    def stuck(self) -> bool:
        """Whether another step can come no nearer: two places beside each other lie on either side of what is wanted,
        or the end of the range is not far enough."""
        low, high, _ = self.span
        return self._looked_again if self._narrow else self._lower == high or self._upper == low

    @property
    def _narrow(self) -> bool:
        low, high, _ = self.span
        both = self._lower is not None and self._upper is not None
        return both and self._upper - self._lower < NARROW * (high - low)  # type: ignore[operator]

    def next(self, now: float, value: float, side: int = 0) -> float:
        """Where to turn the control that stands at `now`, where `value` was measured.

        side: for a measurement without a value (NaN), whether that is too low (-1), too high (1) or not known (0).
        """
        low, high, _ = self.span
        if math.isnan(value) and not side:
            self._before = None
            return 0.5 * now  # towards the kick as it was, which has a value more often
        below = side < 0 if math.isnan(value) else value < self.wanted
        self._keep(now, below)
        step = LONGEST_STEP * (high - low) / 4 * (1 if below else -1)
        if math.isnan(value):
            self._before = None
        else:
            if self._before is not None and abs(now - self._before[0]) > 1e-6:
                slope = (value - self._before[1]) / (now - self._before[0])
                if slope > FLATTEST * self.span.slope:
                    self.slope = min(slope, STEEPEST * self.span.slope)
            self._before = now, value
            step = (self.wanted - value) / self.slope
        most = LONGEST_STEP * (high - low)
        return self._inside(min(max(now + min(max(step, -most), most), low), high))

    def _keep(self, now: float, below: bool) -> None:
        """A place more is known; what it contradicts was measured while another control stood elsewhere."""
        self._newest_is_lower = below
        again = self._narrow
        if below:
            self._lower = now
            self._upper = None if self._upper is not None and self._upper <= now else self._upper
        else:
            self._upper = now
            self._lower = None if self._lower is not None and self._lower >= now else self._lower
        self._looked_again = again and self._narrow

    def _inside(self, place: float) -> float:
        if self._lower is None or self._upper is None:
            self._width = math.inf
            return place
        if self._narrow:  # a jump, or the older of both was measured while another control stood elsewhere
            return self._upper if self._newest_is_lower else self._lower
        width = self._upper - self._lower
        slow, self._width = width > SLOW * self._width, width
        if slow or not self._lower < place < self._upper:
            return 0.5 * (self._lower + self._upper)
        return place
