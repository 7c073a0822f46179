"""Seed and controls -> sound. One way to make a sound: library, command line, preview and page all call this."""

from __future__ import annotations

from kickitout.generation.generate import Kick, generate, generate_kicks
from kickitout.generation.load import load_model
from kickitout.generation.model import Model, ModelInfo

__all__ = ["Kick", "Model", "ModelInfo", "generate", "generate_kicks", "load_model"]
