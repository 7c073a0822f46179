"""For those who build an interface, as the studio is one: what it needs beside the functions of `kickitout`.

A recipe is JSON, as `kickitout.kick_of` takes it; files come and go as bytes; waves are float32 [channels, T] at
44.1 kHz. Nothing is kept between two calls, and nothing here knows of the web.

What a request may ask for: seeds to LARGEST_SEED, as many `rounds` as ROUNDS in `kickitout.match` and DRAW_ROUNDS in
`kickitout.draw`, MOST_KICKS in `fit_in_mixes`. FIELDS: the fields of a kick card with unit, meaning and decimals.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kickitout.lazy import lazy_names

# Where each name comes from. A module is opened when one of its names is first asked for, as those of `kickitout` are:
# the first kick of a page waits for neither kits nor loops.
HOMES = {
    "DRAW_ROUNDS": "kickitout.frontend.limits",
    "FIELDS": "kickitout.descriptors",
    "LARGEST_SEED": "kickitout.frontend.limits",
    "MOST_KICKS": "kickitout.frontend.limits",
    "ROUNDS": "kickitout.frontend.limits",
    "Analysis": "kickitout.frontend.measures",
    "BackgroundRun": "kickitout.training.background",
    "CurvesMeasured": "kickitout.frontend.measures",
    "Opened": "kickitout.frontend.opened",
    "TrainingKicks": "kickitout.frontend.learned",
    "TrainingRequest": "kickitout.training.background",
    "analyse": "kickitout.frontend.measures",
    "as_kick": "kickitout.frontend.opened",
    "controls_of": "kickitout.frontend.controls",
    "drawable": "kickitout.generation.drawable",
    "find_background_runs": "kickitout.training.background",
    "find_learned": "kickitout.frontend.learned",
    "find_model_file": "kickitout.models.files",
    "fit_in_mixes": "kickitout.fitting.page",
    "kit_zip": "kickitout.frontend.files",
    "measure": "kickitout.frontend.measures",
    "measure_curves": "kickitout.frontend.measures",
    "measure_each": "kickitout.frontend.measures",
    "notice_of": "kickitout.models.files",
    "open_encoder": "kickitout.frontend.opened",
    "open_sound": "kickitout.frontend.opened",
    "outliers": "kickitout.frontend.measures",
    "play_seeds": "kickitout.frontend.measures",
    "recipe_name": "kickitout.export.sounds",
    "sound_file": "kickitout.frontend.files",
    "targets_of": "kickitout.frontend.controls",
    "upgraded_recipe": "kickitout.stored",
}

if TYPE_CHECKING:
    from kickitout.descriptors import FIELDS
    from kickitout.export.sounds import recipe_name
    from kickitout.fitting.page import fit_in_mixes
    from kickitout.frontend.controls import controls_of, targets_of
    from kickitout.frontend.files import kit_zip, sound_file
    from kickitout.frontend.learned import TrainingKicks, find_learned
    from kickitout.frontend.limits import DRAW_ROUNDS, LARGEST_SEED, MOST_KICKS, ROUNDS
    from kickitout.frontend.measures import (
        Analysis,
        CurvesMeasured,
        analyse,
        measure,
        measure_curves,
        measure_each,
        outliers,
        play_seeds,
    )
    from kickitout.frontend.opened import Opened, as_kick, open_encoder, open_sound
    from kickitout.generation.drawable import drawable
    from kickitout.models.files import find_model_file, notice_of
    from kickitout.stored import upgraded_recipe
    from kickitout.training.background import BackgroundRun, TrainingRequest, find_background_runs

__all__ = [
    "DRAW_ROUNDS",
    "FIELDS",
    "LARGEST_SEED",
    "MOST_KICKS",
    "ROUNDS",
    "Analysis",
    "BackgroundRun",
    "CurvesMeasured",
    "Opened",
    "TrainingKicks",
    "TrainingRequest",
    "analyse",
    "as_kick",
    "controls_of",
    "drawable",
    "find_background_runs",
    "find_learned",
    "find_model_file",
    "fit_in_mixes",
    "kit_zip",
    "measure",
    "measure_curves",
    "measure_each",
    "notice_of",
    "open_encoder",
    "open_sound",
    "outliers",
    "play_seeds",
    "recipe_name",
    "sound_file",
    "targets_of",
    "upgraded_recipe",
]

__getattr__, __dir__ = lazy_names(__name__, HOMES, globals())
