"""Learns kick drums and makes new ones: an open instrument in Python and on the command line.

>>> import kickitout
>>> kickitout.generate([0, 1]).shape
(2, 22050)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kickitout._version import __version__
from kickitout.lazy import lazy_names

# Where each name comes from. A module is opened when one of its names is first asked for (PEP 562), so that
# `import kickitout` waits for neither numpy nor PyTorch.
HOMES = {
    "Curves": "kickitout.generation.curves",
    "TargetRequest": "kickitout.generation.targets",
    "UserError": "kickitout.errors",
    "blend": "kickitout.kicks",
    "card": "kickitout.api",
    "check": "kickitout.datasets.doctor.check",
    "clean": "kickitout.training.overview",
    "configs": "kickitout.api",
    "controls": "kickitout.models.controls",
    "draw": "kickitout.kicks",
    "encode_sound": "kickitout.audio",
    "export_model": "kickitout.api",
    "fit": "kickitout.fitting.fit",
    "generate": "kickitout.generation",
    "generate_kicks": "kickitout.generation",
    "generation_job": "kickitout.export.jobs",
    "inpaint": "kickitout.kicks",
    "invert": "kickitout.kicks",
    "kick_of": "kickitout.kicks",
    "kit_formats": "kickitout.export.kits.formats",
    "load_model": "kickitout.generation",
    "match": "kickitout.kicks",
    "morph": "kickitout.kicks",
    "read_cards": "kickitout.datasets.measured",
    "read_dataset": "kickitout.datasets.build",
    "read_recipe": "kickitout.kicks",
    "render": "kickitout.kicks",
    "render_file": "kickitout.export.sounds",
    "resolve_config": "kickitout.api",
    "runs": "kickitout.training.overview",
    "score": "kickitout.scoring",
    "serve": "kickitout.studio.serve",
    "shard_folder": "kickitout.api",
    "style_sheet": "kickitout.api",
    "styles": "kickitout.generation.styles",
    "synthesise": "kickitout.synthesis.procedural",
    "train": "kickitout.api",
    "vary": "kickitout.kicks",
    "write_fit": "kickitout.fitting.report",
    "write_kicks": "kickitout.export.sounds",
    "write_kit": "kickitout.export.kits.package",
    "write_shards": "kickitout.api",
    "write_site": "kickitout.studio.site",
    "write_sound": "kickitout.audio",
}

if TYPE_CHECKING:
    from kickitout.api import (
        card,
        configs,
        export_model,
        resolve_config,
        shard_folder,
        style_sheet,
        train,
        write_shards,
    )
    from kickitout.audio import encode_sound, write_sound
    from kickitout.datasets.build import read_dataset
    from kickitout.datasets.doctor.check import check
    from kickitout.datasets.measured import read_cards
    from kickitout.errors import UserError
    from kickitout.export.jobs import generation_job
    from kickitout.export.kits.formats import kit_formats
    from kickitout.export.kits.package import write_kit
    from kickitout.export.sounds import render_file, write_kicks
    from kickitout.fitting.fit import fit
    from kickitout.fitting.report import write_fit
    from kickitout.generation import generate, generate_kicks, load_model
    from kickitout.generation.curves import Curves
    from kickitout.generation.styles import styles
    from kickitout.generation.targets import TargetRequest
    from kickitout.kicks import blend, draw, inpaint, invert, kick_of, match, morph, read_recipe, render, vary
    from kickitout.models.controls import controls
    from kickitout.scoring import score
    from kickitout.studio.serve import serve
    from kickitout.studio.site import write_site
    from kickitout.synthesis.procedural import synthesise
    from kickitout.training.overview import clean, runs

__all__ = [
    "Curves",
    "TargetRequest",
    "UserError",
    "__version__",
    "blend",
    "card",
    "check",
    "clean",
    "configs",
    "controls",
    "draw",
    "encode_sound",
    "export_model",
    "fit",
    "generate",
    "generate_kicks",
    "generation_job",
    "inpaint",
    "invert",
    "kick_of",
    "kit_formats",
    "load_model",
    "match",
    "morph",
    "read_cards",
    "read_dataset",
    "read_recipe",
    "render",
    "render_file",
    "resolve_config",
    "runs",
    "score",
    "serve",
    "shard_folder",
    "style_sheet",
    "styles",
    "synthesise",
    "train",
    "vary",
    "write_fit",
    "write_kicks",
    "write_kit",
    "write_shards",
    "write_site",
    "write_sound",
]

__getattr__, __dir__ = lazy_names(__name__, HOMES, globals())
