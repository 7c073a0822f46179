"""Magnitude <-> brightness: a logarithm with a soft floor."""

import math

from torch import Tensor


class LevelScale:
    """Maps magnitude 0 to -1 and the ceiling to +1, evenly in dB between.

    The floor is added to the magnitude before the logarithm and taken off again: silence is exactly -1 and comes back
    as exactly 0 instead of noise at the floor, and the gradient stays finite. A level is read 0.8 dB too high 20 dB
    above the floor, and 0.003 dB at -10 dB with a floor of -80.
    """

    def __init__(self, floor_db: float, ceiling_db: float) -> None:
        self.floor = 10 ** (floor_db / 20)
        self.bottom_db = floor_db
        self.span_db = 20 * math.log10(10 ** (ceiling_db / 20) + self.floor) - floor_db

    def to_representation(self, magnitude: Tensor) -> Tensor:
        """Magnitude (any shape, >= 0, full scale sine = 1) -> brightness."""
        return 2 * (20 * (magnitude + self.floor).log10() - self.bottom_db) / self.span_db - 1

    def to_db(self, representation: Tensor) -> Tensor:
        """Brightness -> dB re full scale sine, of magnitude and floor together."""
        return (representation + 1) / 2 * self.span_db + self.bottom_db

    def to_magnitude(self, representation: Tensor) -> Tensor:
        """Brightness -> magnitude, never below 0."""
        return (self.floor * 10 ** (self.span_db / 40 * (representation + 1)) - self.floor).clamp(min=0)
