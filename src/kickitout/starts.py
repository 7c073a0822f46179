"""Where a kick begins that is made from another: a recipe, a file, or a sound that has to be inverted."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from kickitout.errors import UserError, refuse_other
from kickitout.export.sounds import recipe_name
from kickitout.generation.curves import KEY as CURVES
from kickitout.generation.curves import Curves, DrawnModel, stated_curves
from kickitout.generation.generate import Kick, flat
from kickitout.generation.invert import Inversion
from kickitout.generation.model import Model, Played, as_row, check_latent, goes_by
from kickitout.generation.noise import check_seeds
from kickitout.generation.recipe import (
    RECIPE,
    check_maker,
    damaged,
    find_latent,
    recipe_of_file,
    render_recipe,
    rounded,
    sound_recipe,
    stated_numbers,
    stated_whole,
)
from kickitout.generation.tail import LENGTH_KEY, MODEL_S, check_length, stated_length
from kickitout.stored import upgraded_recipe

RecipeLike: TypeAlias = Mapping[str, Any] | Kick
SoundLike: TypeAlias = str | PathLike[str] | np.ndarray | Inversion
# Kept of a recipe beside its seed.
ORIGIN = ("start", "latent", "controls", "targets", "varied", "morphed", "amount", "style", CURVES, LENGTH_KEY)
SINCE = ("keep", "shape", "source")  # says a recipe of what a kick became since


def file_of(found: Inversion) -> str:
    """The name of the file that was inverted; "sound" for a wave."""
    return "sound" if isinstance(found.sound, np.ndarray) else Path(found.sound or "sound").name


class Start(NamedTuple):
    """Where variations begin. file: the name of the file that was inverted, "sound" for a wave, "" for a recipe; said:
    how near the model comes to it."""

    latent: np.ndarray
    controls: np.ndarray
    stem: str
    file: str = ""
    said: str = ""
    curves: Mapping[str, Any] = {}  # of a recipe, under CURVES
    length_s: float = MODEL_S  # of a recipe


def start_of(sound: SoundLike | RecipeLike, model: Model) -> Start:
    """That of a recipe, of a file with all that its recipe says, where the model made it, or of a sound by inversion.

    Raises UserError for a model without latents, and as `kickitout.invert` does.
    """
    check_latent(model.info)
    if isinstance(sound, Kick) and (any(key in sound.recipe for key in SINCE) or not sound.recipe):
        sound = flat(sound.channels)  # of which no recipe of the model's speaks: a sound like others
    works = 'a file, a wave (an array of NumPy) or a recipe like {"seed": 7}'
    refuse_other(sound, "sound", works, str, PathLike, np.ndarray, Inversion, Mapping, Kick)
    if isinstance(sound, Mapping | Kick):
        return _from_recipe(sound, model)
    if isinstance(sound, str | PathLike) and (recipe := recipe_of_file(model, sound)):
        path, moved = Path(sound), np.any(recipe.get("controls", [])) or CURVES in recipe
        known = "its latent is known, and what moved it" if moved else "its latent is known"
        return _from_recipe(recipe, model)._replace(
            stem=path.stem, file=path.name, said=f"made by this model, so {known}"
        )
    found = of_model(sound, model) if isinstance(sound, Inversion) else find_latent(model, sound)
    name = file_of(found)
    return Start(found.latent, np.zeros(len(model.info.controls), np.float32), Path(name).stem, name, found.said)


def of_model(found: Inversion, model: Model) -> Inversion:
    """What was found, where it was found in this model. Raises UserError."""
    if found.model and not goes_by(model, found.model):
        raise UserError(
            f"{file_of(found)}: inverted with another model ({found.model[:12]}) than this one ({model.digest[:12]}); "
            "invert the sound with this one"
        )
    return found


def _from_recipe(recipe: RecipeLike, model: Model) -> Start:
    whole, played = played_recipe(recipe, model)
    controls = as_row(whole.get("controls"), len(model.info.controls))[0]
    curves = {CURVES: whole[CURVES]} if CURVES in whole else {}
    name = recipe_name(whole, word=model.info.word)
    return Start(played.latent, controls, name, curves=curves, length_s=seconds_of(None, whole))


def under_curves(model: Model, recipe: Mapping[str, Any]) -> Model:
    """The model with its kicks under the curves of a recipe. Raises UserError for nonsense."""
    curves = curves_in(recipe)
    return model if curves is None else DrawnModel(model, curves)


def curves_in(recipe: Mapping[str, Any]) -> Curves | None:
    """The curves in a recipe. Raises UserError for nonsense."""
    try:
        return stated_curves(recipe)
    except (TypeError, ValueError) as error:
        raise damaged(RECIPE, error) from error


def seconds_of(asked: float | None, *begun: int | SoundLike | RecipeLike) -> float:
    """The length that is asked for, or the longest in the recipes that a kick begins with."""
    if asked is not None:
        return check_length(asked)
    recipes = [one.recipe if isinstance(one, Kick) else one for one in begun if isinstance(one, Mapping | Kick)]
    try:
        return max(map(stated_length, recipes), default=MODEL_S)
    except ValueError as error:
        raise UserError(f"a recipe is damaged ({error})") from error


def length_of_sound(asked: float | None, sound: Any, model: Model) -> float:
    """The length that is asked for, or that which a file of the model's own says."""
    file = sound.sound if isinstance(sound, Inversion) else sound
    if asked is None and isinstance(file, str | PathLike):
        return seconds_of(None, recipe_of_file(model, file) or {})
    return seconds_of(asked, sound)


def whole_recipe(recipe: RecipeLike, model: Model) -> dict[str, Any]:
    """A recipe as a file of this model carries it, but for the file's format."""
    refuse_other(recipe, "recipe", 'a kick or what it is made from, like {"seed": 7},', Mapping, Kick)
    recipe = upgraded_recipe(recipe.recipe if isinstance(recipe, Kick) else recipe)
    if any(key in recipe for key in SINCE):
        raise UserError(
            "the recipe of a sound that a kick became since, tuned for a kit or joined with another sound; `render` "
            "gives that sound, and it can be varied, morphed and inverted as one"
        )
    if recipe.get("model_sha256") is not None:
        check_maker(recipe, model, RECIPE)
    if (recipe.get("seed") is None) == (recipe.get("latent") is None):
        raise UserError("a recipe has a seed or a latent, and not both")
    seed = None if recipe.get("seed") is None else check_seeds([recipe["seed"]])[0]
    try:
        _ = stated_whole(recipe, "start", 0), stated_numbers(recipe, "latent"), stated_numbers(recipe, "controls")
    except ValueError as error:
        raise damaged(RECIPE, error) from error
    kept = {key: recipe[key] for key in ORIGIN if key in recipe}
    kept |= {key: rounded(value) for key, value in kept.items() if isinstance(value, np.ndarray) and value.ndim == 1}
    return sound_recipe(model, seed, **kept)


def played_recipe(recipe: RecipeLike, model: Model) -> tuple[dict[str, Any], Played]:
    """The whole recipe, and the kick that it renders."""
    whole = whole_recipe(recipe, model)
    return whole, render_recipe(whole, model)
