"""A recipe as the page sends it, which is the one that is written into files, and the kick it renders."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from kickitout.errors import UserError
from kickitout.generation.match import start_noise
from kickitout.generation.model import Model, Played, goes_by
from kickitout.generation.noise import LARGEST_SEED
from kickitout.generation.recipe import render_recipe, rounded, sound_recipe
from kickitout.stored import upgraded_recipe

LONGEST_LATENT = 4097  # numbers
MOST_NAMES = 200  # characters


Single = Annotated[float, Field(ge=-3e38, le=3e38)]  # fits into single precision


class Recipe(BaseModel):
    """What re-renders a kick: a seed or a latent, and values of the controls.

    start: which of a seed's starts; targets, varied, morphed, amount: what it came from, kept for the file.
    """

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)

    seed: int | None = Field(None, ge=0, le=LARGEST_SEED)
    start: int | None = Field(None, ge=0, le=1000)
    latent: list[Single] | None = Field(None, max_length=LONGEST_LATENT)
    controls: list[Single] | None = Field(None, max_length=64)
    targets: dict[str, float] | None = None
    varied: str | None = Field(None, max_length=MOST_NAMES)
    morphed: list[str] | None = Field(None, max_length=2)
    amount: float | None = None
    model_sha256: str | None = Field(None, max_length=64)

    @model_validator(mode="before")
    @classmethod
    def _upgraded(cls, data: Any) -> Any:
        return upgraded_recipe(data) if isinstance(data, dict) else data

    @model_validator(mode="after")
    def _one_origin(self) -> Recipe:
        if (self.seed is None) == (self.latent is None):
            raise ValueError("a recipe has a seed or a latent, and not both")
        return self

    @property
    def origin(self) -> dict[str, Any]:
        """What is written into files beside model, seed and format; nothing that was left open."""
        return self.model_dump(exclude_none=True, exclude={"seed", "model_sha256"})


def full_recipe(model: Model, recipe: Recipe) -> dict[str, Any]:
    """The whole recipe, as a file carries it, but for the file's format."""
    return sound_recipe(model, recipe.seed, **recipe.origin)


def from_latent(played: Played, controls: np.ndarray | None = None, **more: Any) -> Recipe:
    """The recipe of a kick that came from a latent. more: where that came from."""
    moved = rounded(controls) if controls is not None and np.any(controls) else None
    return Recipe(latent=rounded(played.latent), controls=moved, **more)


def controls_of(recipe: Recipe) -> np.ndarray | None:
    return None if recipe.controls is None else np.array(recipe.controls, np.float32)


def play(model: Model, recipe: Recipe) -> Played:
    """The kick of a recipe. Raises UserError for one of another model, and for a sound that is not finite."""
    check_model(model, recipe)
    return render_recipe(full_recipe(model, recipe), model, f"model {model.info.name}")


def check_model(model: Model, recipe: Recipe) -> None:
    if recipe.model_sha256 is not None and not goes_by(model, recipe.model_sha256):
        raise UserError(
            f"this recipe is of another model ({str(recipe.model_sha256)[:12]}) and this one is "
            f"{model.digest[:12]}; start the studio with that model"
        )


def noise_of(model: Model, recipe: Recipe) -> np.ndarray:
    """[1, latent]: the noise of a recipe with a seed."""
    assert recipe.seed is not None
    return start_noise(model, recipe.seed, recipe.start or 0)


def finite(model: Model, played: Played) -> Played:
    if not np.isfinite(played.wave).all():
        raise UserError(
            f"model {model.info.name}: this is not a finite sound; its controls or its latent are out of range"
        )
    return played
