"""Kicks -> one binary reply, so that a page has hundreds of sounds ready after a few requests.

4 bytes   length of the JSON, little-endian
n bytes   JSON: {"sounds": [...], ...}, filled up with spaces to a multiple of 4
the rest  float32, little-endian, [sounds, channels, T], the very samples that files are written from
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kickitout.descriptors import Cards, cards
from kickitout.export.sounds import SoundFormat, telling_name
from kickitout.generation.model import Model
from kickitout.studio.recipes import Recipe, full_recipe


@dataclass(frozen=True)
class Sounding:
    """One kick of a reply. recipe: None for a sound that no model generated, which has a name instead."""

    wave: np.ndarray  # [channels, T]
    recipe: Recipe | None
    name: str = ""


def pack(model: Model, sounds: Sequence[Sounding], **more: Any) -> bytes:
    """The reply. more: what else its JSON says."""
    waves = np.stack([sound.wave for sound in sounds]).astype("<f4")
    found = cards(waves.mean(axis=1), threads=1)
    listed = [described(model, sound, found, i) for i, sound in enumerate(sounds)]
    channels, length = waves.shape[1:]
    head = {"sounds": listed, "channels": channels, "length": length, "rate": model.info.sample_rate, **more}
    text = json.dumps(head, allow_nan=False).encode()
    text += b" " * (-len(text) % 4)
    return struct.pack("<I", len(text)) + text + waves.tobytes()


def described(model: Model, sound: Sounding, found: Cards, i: int) -> dict[str, Any]:
    """One kick in words and numbers: its name, its card, its recipe."""
    card = found.row(i)
    recipe = None if sound.recipe is None else full_recipe(model, sound.recipe)
    name = sound.name or (telling_name(recipe, card, SoundFormat()).rsplit(".", 1)[0] if recipe else "")
    return {"name": name, "recipe": recipe, "card": known(card), "reasons": found.reasons(i)}


def known(values: dict[str, Any]) -> dict[str, Any]:
    """Ready for JSON: what has no value is null."""
    return {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in values.items()}
