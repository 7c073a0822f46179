"""The recipe inside a file -> the same samples again."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from kickitout.errors import UserError
from kickitout.generation.ask import start_noise
from kickitout.generation.model import Model


def read_recipe(text: str | None, where: str) -> dict[str, Any]:
    """The recipe in a file's comment. Raises UserError when there is none."""
    try:
        found = json.loads(text or "")
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or "kickitout" not in found:
        raise UserError(f"{where}: has no recipe inside; only files that kickitout made carry one")
    return found


def remake(recipe: dict[str, Any], model: Model, where: str) -> np.ndarray:
    """[channels, T]: the kick of a recipe. Raises UserError when the model is another one than it was made with."""
    digest = str(recipe.get("model_sha256", ""))
    if digest != model.digest:
        raise UserError(
            f"{where}: made by the model {recipe.get('model', '?')} ({digest[:12] or 'no digest'}), "
            f"and this one is {model.digest[:12]}; give the file of that model with --model"
        )
    try:
        knobs = np.array(recipe["knobs"], np.float32) if "knobs" in recipe else None
        if "place" in recipe:
            return model.turn(place=np.array(recipe["place"], np.float32), knobs=knobs).wave
        return model.turn(start_noise(model, int(recipe["seed"]), int(recipe.get("start", 0))), knobs=knobs).wave
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise UserError(f"{where}: its recipe is damaged ({error})") from error


def place_of(comment: str | None, model: Model) -> np.ndarray | None:
    """The place a recipe speaks of, where `model` made the sound without turning a knob; None otherwise.

    A sound of a kit has been tuned and shaped since, so it is no longer the sound of that place.
    """
    try:
        recipe = read_recipe(comment, "")
    except UserError:
        return None
    if recipe.get("model_sha256") != model.digest or np.any(recipe.get("knobs", [])) or "shape" in recipe:
        return None
    try:
        if "place" in recipe:
            place = np.array(recipe["place"], np.float32)
            return place if place.shape == (model.info.places,) and np.isfinite(place).all() else None
        if "seed" in recipe:
            return model.turn(start_noise(model, int(recipe["seed"]), int(recipe.get("start", 0)))).place
    except (TypeError, ValueError, OverflowError):  # damaged: a sound like others
        pass
    return None
