"""Between and around kicks: variations of one, and the way from one to another."""

from __future__ import annotations

import numbers
from collections.abc import Sequence

import numpy as np

from kickitout.descriptors.contour import SIZE
from kickitout.errors import UserError
from kickitout.generation.model import Model, Played
from kickitout.generation.noise import normal

CONTOUR_SHARE = 0.5  # the pitch moves by so much of what the rest does: it is heard first


def variations(model: Model, latent: np.ndarray, seeds: Sequence[int], amount: float = 0.3,
               controls: np.ndarray | None = None) -> list[Played]:  # fmt: skip
    """One variation a seed of the kick at `latent` [latent_size]. amount: 0 gives it back, 1: as far as kicks are.

    Amounts are deviations of a latent. controls: as they stand in all of them. Raises UserError outside 0..2.
    """
    check_amount(amount)
    scale = np.full(model.info.latent_size, amount, np.float32)
    scale[:SIZE] *= CONTOUR_SHARE
    draws = normal(seeds, model.info.latent_size)
    moved = [turned(latent, draw, scale, model.info.noise_codes) for draw in draws]
    return [model.render(latent=one, controls=controls) for one in moved]


def check_amount(amount: float) -> float:
    """The amount as Python's own number. Raises UserError outside 0..2."""
    if not isinstance(amount, numbers.Real) or not 0 <= amount <= 2:
        said = f"{amount:g}" if isinstance(amount, float) else f"{amount!r}"
        raise UserError(f"amount={said}: from 0 (the same kick) to 2 (hardly related)")
    return float(amount)


def check_count(count: int) -> None:
    """Raises UserError for less than two kicks of a morph, and for a number of kicks that is none."""
    if not isinstance(count, int | np.integer) or count < 2:
        raise UserError(f"n={count}: a morph has two ends, and a whole number of at least 2 kicks")


def turned(latent: np.ndarray, draw: np.ndarray, scale: np.ndarray, codes: int) -> np.ndarray:
    """A latent near `latent`; its noise codes turn by an angle that grows with the scale, from one noise to another."""
    moved = latent + scale * draw
    angle = scale[-1] * np.pi / 4
    if codes:
        moved[-codes:] = np.cos(angle) * latent[-codes:] + np.sin(angle) * draw[-codes:]
    return moved.astype(np.float32)


def interpolate(model: Model, first: np.ndarray, last: np.ndarray, count: int,
            controls: tuple[np.ndarray, np.ndarray] | None = None) -> list[Played]:  # fmt: skip
    """`count` kicks on the straight way from one latent to another, both ends included. controls: at the two ends.

    The body is an oscillator whose pitch is part of the latent, so halfway is a pitch halfway (in semitones) and not
    two bodies that beat or cancel.
    """
    check_count(count)
    shares = np.linspace(0, 1, count, dtype=np.float32)
    return [
        model.render(
            latent=(1 - s) * first + s * last,
            controls=None if controls is None else (1 - s) * controls[0] + s * controls[1],
        )
        for s in shares
    ]


def blend(
    model: Model, latents: Sequence[np.ndarray], weights: Sequence[float], controls: Sequence[np.ndarray]
) -> tuple[Played, np.ndarray]:  # fmt: skip
    """The kick between several latents, each drawn to by its weight (none below 0, not all 0), and its controls, which
    lie between theirs.

    The noise codes of the heaviest are kept, the first of equally heavy ones: between noises lies another, which would
    change with every weight.
    """
    shares = np.array(weights, np.float64)
    if len(latents) != len(shares) or not len(shares) or (shares < 0).any() or not 0 < shares.sum() < np.inf:
        raise UserError(f"{len(shares)} weights for {len(latents)} kicks: one for each, none below 0 and not all 0")
    latent = np.average(np.stack(latents), axis=0, weights=shares).astype(np.float32)
    codes = model.info.noise_codes
    if codes:
        latent[-codes:] = latents[int(shares.argmax())][-codes:]
    moved = np.average(np.stack(controls), axis=0, weights=shares).astype(np.float32)
    return model.render(latent=latent, controls=moved), moved
