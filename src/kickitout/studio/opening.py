"""What a page begins with: the model, and a kick that shows at once what the instrument can do, chosen by its card.

Of the kicks that are looked at that is the one that misses fewest of these wishes, and of equals the loudest: an end
pitch that a club system plays, a fall of the pitch and a click that small speakers give, a decay that is neither a tick
nor a drone, and nothing outside of what the model learned from. The wishes are those of kicks: a model of other drums
misses some of them with every sound, and opens with the loudest of the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

import kickitout
from kickitout import frontend

if TYPE_CHECKING:
    from kickitout.descriptors import Cards
    from kickitout.generation.model import Model

WISHES = {
    "pitch_end_hz": (45.0, 60.0),
    "sweep_ms": (10.0, 100.0),
    "decay_t20_ms": (120.0, 400.0),
    "click_level_db": (-30.0, -12.0),
}
LEAST_FALL = 1.5  # of the pitch, from 10 ms after the onset to the tail: 7 semitones
LOOKED_AT = 24  # seeds: the first reply of the map
KNOWN = {"b94e8bdd1cae3f8e": 80}  # identity of a model, begun -> what `best` finds among the 192 of the map


def about(model: Model, opening: int) -> dict[str, Any]:
    """The model, its controls, and the fields of a card. opening: the seed of the kick that the page opens with."""
    info, usual = model.info, kickitout.kit_formats(usual=True)
    return {
        "version": kickitout.__version__,
        "model": {
            "name": info.name,
            "word": info.word,
            "sha256": model.digest,
            "step": info.step,
            "channels": info.channels,
            "rate": info.sample_rate,
            "length": info.length,
            "kicks": info.dataset.get("kicks"),
            "sources": info.dataset.get("sources", []),
        },
        "opening": opening,
        "has_latent": bool(info.latent_size),
        "targets": frontend.targets_of(model),
        "controls": info.controls,
        "styles": list(kickitout.styles(model)),
        "fields": [field._asdict() for field in frontend.FIELDS],
        "formats": [
            {"name": name, "title": title, "usual": name in usual} for name, title in kickitout.kit_formats().items()
        ],
    }


def opening_seed(model: Model) -> int:
    """The seed that the studio of this model opens with."""
    known = KNOWN.get(model.digest[:16])
    if known is not None:
        return known
    looked_at = frontend.play_seeds(model, range(LOOKED_AT))  # one that is not finite does not stop it
    return best(frontend.measure(looked_at), model)


def best(found: Cards, model: Model) -> int:
    """Which of these sounds it is; the first of those that are equal."""
    loud = np.nan_to_num(found["loudness_lufs"], nan=-np.inf)
    missed = np.where(np.isfinite(loud), 0, len(found))  # a silent one is the last of all
    for name, (low, high) in WISHES.items():
        missed += ~((found[name] >= low) & (found[name] <= high))  # what a kick does not have is missed
    missed += ~(found["pitch_start_hz"] >= LEAST_FALL * found["pitch_end_hz"])
    missed += frontend.outliers(model, found)
    return int(np.lexsort((-loud, missed))[0])
