"""How much a request may ask for."""

from __future__ import annotations

from kickitout.fitting.page import MOST_KICKS
from kickitout.generation.draw import ROUNDS as DRAW_ROUNDS
from kickitout.generation.match import ROUNDS
from kickitout.generation.noise import LARGEST_SEED

__all__ = ["DRAW_ROUNDS", "LARGEST_SEED", "MOST_KICKS", "ROUNDS"]
