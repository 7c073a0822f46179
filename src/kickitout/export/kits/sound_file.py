"""One sound of a kit as a WAV, made from its kick and its recipe alone: the recipe in a WAV makes its bytes again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from kickitout.audio import encode_sound
from kickitout.errors import UserError
from kickitout.export.kits.shaping import Shape, shape
from kickitout.export.kits.sources import kick_of_bytes
from kickitout.export.kits.velocity import Zone
from kickitout.export.kits.wav_chunks import SamplerZone, with_zone
from kickitout.generation.model import Model
from kickitout.generation.recipe import begun, re_render, stated_pre_roll
from kickitout.sound import SAMPLE_RATE


def kit_recipe(
    origin: Mapping[str, Any], kit: str, key: int, bits: str, by: Shape, kick: int, zone: Zone, round_robin: int,
    pre_roll_ms: float | None = None,
) -> dict[str, Any]:  # fmt: skip
    """What re-makes a sound of a kit: where its kick is from, its place in the kit, and its shape. Counted from 1."""
    place = {
        "name": kit,
        "kick": kick,
        "layer": zone.layer,
        "round_robin": round_robin,
        "key": key,
        "velocities": [zone.low, zone.high],
    }
    begins = {} if pre_roll_ms is None else {"pre_roll_ms": pre_roll_ms}
    return {**origin, "bits": bits, "rate": SAMPLE_RATE, "kit": place, "shape": asdict(by), **begins}


def sound_file(wave: np.ndarray, recipe: Mapping[str, Any], comment: str | None = None) -> bytes:
    """wave [C, T], as `sources` has it, to the bytes of the WAV that `recipe` describes and carries.

    comment: the recipe as a file has it that is rendered again.
    """
    x = shape(wave, Shape(**recipe["shape"]))
    samples = begun(x[0] if len(x) == 1 else np.ascontiguousarray(x.T), stated_pre_roll(recipe))
    comment = comment or json.dumps(recipe, sort_keys=True)
    wav = encode_sound(samples, SAMPLE_RATE, bits=recipe["bits"], comment=comment)
    place = recipe["kit"]
    return with_zone(wav, SamplerZone(place["key"], *place["velocities"]), SAMPLE_RATE)


def is_of_kit(recipe: Mapping[str, Any]) -> bool:
    """Whether a recipe is that of a sound in a kit."""
    return "kit" in recipe and "shape" in recipe


def made_of(recipe: Mapping[str, Any]) -> str | None:
    """The name of the sound file that a kit's sound was made from; None for one that a model made."""
    source = recipe.get("source")
    return str(source.get("file")) if isinstance(source, Mapping) else None


def render_again(
    recipe: Mapping[str, Any],
    where: str,
    model: Model | None = None,
    source: bytes | None = None,
    comment: str | None = None,
) -> bytes:
    """The WAV that carries `recipe`, bit for bit. It needs the model of the recipe, or the bytes of its sound file.

    where: begins every message. Raises UserError when that is another model or file, or the recipe is damaged.
    """
    name = made_of(recipe)
    try:
        if name is None and model is not None:
            wave = re_render(dict(recipe), model, where)
        elif name is not None and source is not None:
            if hashlib.sha256(source).hexdigest() != recipe["source"]["sha256"]:
                raise UserError(
                    f"{where}: made from another {name} ({recipe['source']['sha256'][:12]}); give that file"
                )
            wave = kick_of_bytes(source, name).wave
        else:
            raise UserError(f"{where}: made from {name}; give that file" if name else f"{where}: needs its model")
        return sound_file(wave, recipe, comment)
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"{where}: its recipe is damaged ({error})") from error
