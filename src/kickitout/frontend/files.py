"""From recipes to files, as bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kickitout.errors import UserError
from kickitout.export.kits.build import build_kit
from kickitout.export.kits.formats import check_formats
from kickitout.export.kits.package import write_package, zip_name
from kickitout.export.kits.plan import Plan
from kickitout.export.kits.sources import KitSource
from kickitout.export.sounds import SoundFormat, encode_kick, recipe_name
from kickitout.generation.model import Model
from kickitout.kicks import kick_of
from kickitout.package import passing_folder
from kickitout.sound import SAMPLE_RATE


def sound_file(
    model: Model, recipe: Mapping[str, Any], format: str = "wav", bits: str = "24", rate: int = SAMPLE_RATE
) -> tuple[str, bytes]:
    """Name and bytes of a sound file; the bytes that `kickitout.write_kicks` writes for the same recipe.

    format: "wav" or "flac"; bits: "16", "24" or "32f"; rate: Hz. Raises UserError for a recipe that this model cannot
    render, and for a format that is none.
    """
    form = SoundFormat(format, bits, rate)
    kick = kick_of(recipe, model)
    name = recipe_name(kick.recipe, kick.card, model.info.word)
    return f"{name}.{form.format}", encode_kick(kick.recipe, kick.channels, form)[1]


def kit_zip(
    model: Model, recipes: Sequence[Mapping[str, Any]], name: str, formats: Sequence[str], *, layers: int = 4,
    round_robins: int = 4, note: str | None = None, bits: str = "24",
) -> tuple[str, bytes]:  # fmt: skip
    """Name and bytes of a kit as a zip: `kickitout.write_kit`, from recipes. These are kicks as they are:
    a note moves them there by resampling.

    Raises UserError for a recipe that this model cannot render, a silent kick, and what a format cannot hold.
    """
    plan = Plan(name, layers, round_robins, note, bits)
    check_formats(formats, plan)
    plan.check_size(len(recipes))
    sources = []
    for number, kick in enumerate((kick_of(recipe, model) for recipe in recipes), 1):
        label = kick.name.removeprefix(f"{model.info.word}_")
        if not np.abs(kick.channels).max() > 0:
            raise UserError(f"kick {number} of the kit is silent; leave it out")
        recipe = json.loads(json.dumps(kick.recipe))
        wave = np.asarray(kick.channels, np.float32)
        sources.append(KitSource(label, label, wave, recipe, word=model.info.word))
    made = build_kit(sources, plan)  # while there is no folder that Ctrl-C could leave behind
    with passing_folder("kick-kit-") as folder:
        out = folder / plan.stem
        write_package(made, model, out, formats, zipped=True)
        return f"{plan.stem}.zip", zip_name(out).read_bytes()
