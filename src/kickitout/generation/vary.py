"""Between and around kicks: variations of one, and the way from one to another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kickitout.card.contour import SIZE
from kickitout.errors import UserError
from kickitout.generation.model import Model, Played
from kickitout.generation.noise import normal

CONTOUR_SHARE = 0.5  # the pitch moves by so much of what the rest does: it is heard first


def vary(model: Model, place: np.ndarray, seeds: Sequence[int], amount: float = 0.3) -> list[Played]:
    """One variation a seed of the kick at `place` [places]. amount: 0 gives it back, 1 is as far as kicks are apart.

    Amounts are deviations of a latent. Raises UserError outside 0..2.
    """
    if not 0 <= amount <= 2:
        raise UserError(f"amount={amount:g}: from 0 (the same kick) to 2 (hardly related)")
    scale = np.full(model.info.places, amount, np.float32)
    scale[:SIZE] *= CONTOUR_SHARE
    draws = normal(seeds, model.info.places)
    return [model.turn(place=turned(place, draw, scale, model.info.grain)) for draw in draws]


def turned(place: np.ndarray, draw: np.ndarray, scale: np.ndarray, grain: int) -> np.ndarray:
    """A place near `place`; its grain is turned, not added to, so that any amount of noise is as loud as before."""
    moved = place + scale * draw
    angle = scale[-1] * np.pi / 4
    moved[-grain:] = np.cos(angle) * place[-grain:] + np.sin(angle) * draw[-grain:]
    return moved.astype(np.float32)


def morph(model: Model, first: np.ndarray, last: np.ndarray, count: int) -> list[Played]:
    """`count` kicks on the straight way from one place to another, both ends included.

    The body is an oscillator whose pitch is part of the place, so halfway is a pitch halfway (in semitones) and not two
    bodies that beat or cancel.
    """
    if count < 2:
        raise UserError(f"n={count}: a morph has two ends, and at least 2 kicks")
    shares = np.linspace(0, 1, count, dtype=np.float32)
    return [model.turn(place=(1 - s) * first + s * last) for s in shares]
