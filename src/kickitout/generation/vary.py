"""Between and around kicks: variations of one, and the way from one to another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kickitout.descriptors.contour import SIZE
from kickitout.errors import UserError
from kickitout.generation.model import Model, Played
from kickitout.generation.noise import normal

CONTOUR_SHARE = 0.5  # the pitch moves by so much of what the rest does: it is heard first


def vary(model: Model, place: np.ndarray, seeds: Sequence[int], amount: float = 0.3,
         knobs: np.ndarray | None = None) -> list[Played]:  # fmt: skip
    """One variation a seed of the kick at `place` [places]. amount: 0 gives it back, 1 is as far as kicks are apart.

    Amounts are deviations of a latent. knobs: as they stand in all of them. Raises UserError outside 0..2.
    """
    check_amount(amount)
    scale = np.full(model.info.places, amount, np.float32)
    scale[:SIZE] *= CONTOUR_SHARE
    draws = normal(seeds, model.info.places)
    return [model.turn(place=turned(place, draw, scale, model.info.grain), knobs=knobs) for draw in draws]


def check_amount(amount: float) -> None:
    """Raises UserError outside 0..2."""
    if not 0 <= amount <= 2:
        raise UserError(f"amount={amount:g}: from 0 (the same kick) to 2 (hardly related)")


def check_count(count: int) -> None:
    """Raises UserError for less than two kicks of a morph."""
    if count < 2:
        raise UserError(f"n={count}: a morph has two ends, and at least 2 kicks")


def turned(place: np.ndarray, draw: np.ndarray, scale: np.ndarray, grain: int) -> np.ndarray:
    """A place near `place`; its grain is turned by an angle that grows with the scale, from one noise to another."""
    moved = place + scale * draw
    angle = scale[-1] * np.pi / 4
    moved[-grain:] = np.cos(angle) * place[-grain:] + np.sin(angle) * draw[-grain:]
    return moved.astype(np.float32)


def morph(model: Model, first: np.ndarray, last: np.ndarray, count: int,
          knobs: tuple[np.ndarray, np.ndarray] | None = None) -> list[Played]:  # fmt: skip
    """`count` kicks on the straight way from one place to another, both ends included. knobs: at the two ends.

    The body is an oscillator whose pitch is part of the place, so halfway is a pitch halfway (in semitones) and not two
    bodies that beat or cancel.
    """
    check_count(count)
    shares = np.linspace(0, 1, count, dtype=np.float32)
    return [
        model.turn(place=(1 - s) * first + s * last, knobs=None if knobs is None else (1 - s) * knobs[0] + s * knobs[1])
        for s in shares
    ]


def blend(model: Model, places: Sequence[np.ndarray], weights: Sequence[float]) -> Played:
    """The kick between several places, each drawn to by its weight (none below 0, not all 0).

    The grain of the heaviest is kept, the first of equally heavy ones: between noises lies another noise, which would
    change with every weight.
    """
    shares = np.array(weights, np.float64)
    if len(places) != len(shares) or not len(shares) or (shares < 0).any() or not 0 < shares.sum() < np.inf:
        raise UserError(f"{len(shares)} weights for {len(places)} kicks: one for each, none below 0 and not all 0")
    place = np.average(np.stack(places), axis=0, weights=shares).astype(np.float32)
    grain = model.info.grain
    if grain:
        place[-grain:] = places[int(shares.argmax())][-grain:]
    return model.turn(place=place)
