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
from kickitout.export.kits.sources import kick_of_bytes, kicks_of_model
from kickitout.export.kits.velocity import Zone
from kickitout.export.kits.wav_chunks import SamplerZone, with_zone
from kickitout.generation.model import Model
from kickitout.sound import SAMPLE_RATE


def kit_recipe(
    origin: Mapping[str, Any], kit: str, key: int, bits: str, by: Shape, kick: int, zone: Zone, round_robin: int
) -> dict[str, Any]:
    """What re-makes a sound of a kit: where its kick is from, its place in the kit, and its shape. Counted from 1."""
    place = {
        "name": kit,
        "kick": kick,
        "layer": zone.layer,
        "round_robin": round_robin,
        "key": key,
        "velocities": [zone.low, zone.high],
    }
    return {**origin, "bits": bits, "rate": SAMPLE_RATE, "kit": place, "shape": asdict(by)}


def sound_file(wave: np.ndarray, recipe: Mapping[str, Any]) -> bytes:
    """wave [C, T], as `sources` has it, to the bytes of the WAV that `recipe` describes and carries."""
    x = shape(wave, Shape(**recipe["shape"]))
    samples = x[0] if len(x) == 1 else np.ascontiguousarray(x.T)
    comment = json.dumps(recipe, sort_keys=True)
    wav = encode_sound(samples, SAMPLE_RATE, bits=recipe["bits"], comment=comment)
    place = recipe["kit"]
    return with_zone(wav, SamplerZone(place["key"], *place["velocities"]), SAMPLE_RATE)


def render_again(recipe: Mapping[str, Any], *, model: Model | None = None, source: bytes | None = None) -> bytes:
    """The WAV that carries `recipe`, bit for bit. It needs the model of the recipe, or the bytes of its sound file.

    Raises UserError when that is another model or file, or the recipe is not one of a kit's sound.
    """
    try:
        if "seed" in recipe:
            if model is None or model.digest != recipe["model_sha256"]:
                raise UserError(
                    f"this sound was made by model {recipe['model']} ({recipe['model_sha256'][:12]}); give that model"
                )
            kick = kicks_of_model(model, [recipe["seed"]])[0]
        else:
            known = recipe["source"]
            if source is None or hashlib.sha256(source).hexdigest() != known["sha256"]:
                raise UserError(f"this sound was made from {known['file']} ({known['sha256'][:12]}); give that file")
            kick = kick_of_bytes(source, known["file"])
        return sound_file(kick.wave, recipe)
    except (KeyError, TypeError) as error:
        raise UserError("this recipe is not one of a kit's sound; give the WAV of a kit") from error
