"""Kicks and kits for the tests of kits: made by formula, so that nothing depends on a model's taste."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from synthetic import swept_kick

from kickitout.audio import write_sound
from kickitout.export.kits.build import Kit, build_kit
from kickitout.export.kits.plan import Plan
from kickitout.export.kits.sources import KitSource, kicks_of_model
from kickitout.generation.model import ModelInfo, Played
from kickitout.sound import SAMPLE_RATE

RECIPE = {"kickitout": "test", "source": {"file": "formula", "sha256": "0" * 64}}


class FormulaModel:
    """A model whose kicks are formulas of its noise; every other one is upside down, as a model may make them."""

    info = ModelInfo(
        "formula",
        noise_size=3,
        dataset={"digest": "d" * 16, "sources": [{"source": "a | b", "licence": "CC0", "kicks": 2}]},
    )
    digest, path = "f" * 64, None

    def play(self, eps: np.ndarray, controls: np.ndarray | None = None) -> np.ndarray:
        return np.stack([self._one(*row) for row in eps.tolist()])

    @staticmethod
    def _one(pitch: float, decay: float, click: float) -> np.ndarray:
        wave = swept_kick(170, 52 * 2 ** (pitch / 6), 25, 80 * 2 ** (decay / 4), 0.15 * 2 ** (click / 2))
        return wave[None] * (1 if decay > 0 else -1)

    def render(
        self, noise: np.ndarray | None = None, latent: np.ndarray | None = None, controls: np.ndarray | None = None
    ) -> Played:
        assert noise is not None
        return Played(self.play(noise)[0], np.zeros(0, np.float32))


def formula_kick(name: str = "formula", **of: float) -> KitSource:
    """One kick of `swept_kick`."""
    return KitSource(name, "formula", swept_kick(**of)[None], RECIPE)  # type: ignore[arg-type]


def small_kit(kicks: int = 2, model: FormulaModel | None = None, **plan: object) -> Kit:
    """A kit of a FormulaModel."""
    return build_kit(kicks_of_model(model or FormulaModel(), range(kicks)), Plan(**{"name": "Small", **plan}))  # type: ignore[arg-type]


def write_kick(path: Path, x: np.ndarray, rate: int = SAMPLE_RATE, **comment: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_sound(path, x, rate, comment=json.dumps(comment) if comment else None)
