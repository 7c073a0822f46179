"""Sounds as bytes. A reply with sounds is binary, so that a page has hundreds of them ready after a few requests:

4 bytes   length of the JSON, little-endian
n bytes   JSON: {"sounds": [...], ...}, filled up with spaces to a multiple of 4
the rest  float32, little-endian, [sounds, channels, T], the very samples that files are written from; T: of the
          longest, with silence behind the others, whose own lengths the JSON has
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from kickitout import frontend

if TYPE_CHECKING:
    from kickitout.generation.generate import Kick
    from kickitout.generation.model import ModelInfo


def packed(info: ModelInfo, made: Sequence[Kick], names: Sequence[str] = (), **more: Any) -> bytes:
    """The reply with kicks of a model. names: of the first sounds, where those are of no model. more: what else its
    JSON says."""
    length = max(kick.channels.shape[1] for kick in made)
    waves = np.zeros((len(made), info.channels, length), "<f4")
    sounds = []
    for i, (kick, (card, reasons)) in enumerate(zip(made, frontend.measure_each(made), strict=True)):
        own = kick.channels.shape[1]
        waves[i, :, :own] = kick.channels
        name = frontend.recipe_name(kick.recipe, card, info.word) if kick.recipe else names[i]
        recipe = kick.recipe or None
        sounds.append({"name": name, "recipe": recipe, "card": or_null(card), "reasons": reasons, "length": own})
    head = {"sounds": sounds, "channels": info.channels, "length": length, "rate": info.sample_rate, **more}
    text = json.dumps(head, allow_nan=False).encode()
    text += b" " * (-len(text) % 4)
    return struct.pack("<I", len(text)) + text + waves.tobytes()


def or_null(values: Mapping[str, Any]) -> dict[str, Any]:
    """Ready for JSON: what has no value is null."""
    return {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in values.items()}
