"""What is measured of waves and kicks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from kickitout.descriptors import Cards, cards, cards_of_each, level_curve, pitch_curve
from kickitout.descriptors.image import SCALOGRAM_FLOOR_DB, SCALOGRAM_HIGH_HZ, SCALOGRAM_LOW_HZ, scalogram
from kickitout.generation.curves import KEY as CURVES
from kickitout.generation.curves import stated_curves
from kickitout.generation.draw import DrawnPoint, measure_under, points_of
from kickitout.generation.generate import Kick
from kickitout.generation.model import Model
from kickitout.generation.noise import normal
from kickitout.generation.reject import OutlierRejection
from kickitout.generation.tail import first_half_second
from kickitout.kicks import kick_of


class Analysis(NamedTuple):
    """Curves and spectrogram of a sound, from the analysis behind its kick card.

    pitch: seconds and Hz; level: seconds and dB re full scale; spectrogram: [rows, columns] dB re its peak, from low_hz
    (row 0) to high_hz on a logarithmic scale, never below floor_db.
    """

    pitch: tuple[np.ndarray, np.ndarray]
    level: tuple[np.ndarray, np.ndarray]
    spectrogram: np.ndarray
    low_hz: float = SCALOGRAM_LOW_HZ
    high_hz: float = SCALOGRAM_HIGH_HZ
    floor_db: float = SCALOGRAM_FLOOR_DB


def analyse(wave: np.ndarray) -> Analysis:
    """Curves and spectrogram of a wave [channels, T], the mean of its channels. Raises UserError for nothing."""
    mono = wave.mean(axis=0)
    return Analysis(pitch_curve(mono), level_curve(mono), scalogram(mono))


def play_seeds(model: Model, seeds: Sequence[int]) -> np.ndarray:
    """The waves [n, channels, 22050] of seeds, whether they are finite or not; `kickitout.generate` refuses those that
    are not. Raises UserError for what is no seed."""
    return model.play(normal(seeds, model.info.noise_size))


def measure(waves: np.ndarray, threads: int | None = 1) -> Cards:
    """The kick cards of waves [n, channels, T]: field -> [n]. threads: all cores for None. Raises UserError for
    nothing."""
    return cards(waves.mean(axis=1), threads=threads)


def measure_each(made: Sequence[Kick]) -> list[tuple[dict[str, float | str], dict[str, str]]]:
    """The card of each kick, and for each field without a value the reason. Raises UserError for nothing."""
    return cards_of_each([kick.channels.mean(axis=0) for kick in made], threads=1)


def outliers(model: Model, found: Cards) -> np.ndarray:
    """Which cards lie outside of those that the model learned from: [n] bool. Raises UserError for nothing."""
    return np.any([over > 0 for over in OutlierRejection.of(model).limits.excess(found).values()], axis=0)


class CurvesMeasured(NamedTuple):
    """What a kick does under its curves: at each point that was drawn. zero_db: 0 dB of the level curve, in dB re full
    scale."""

    points: tuple[DrawnPoint, ...]
    zero_db: float


def measure_curves(recipe: Mapping[str, Any], model: Model) -> CurvesMeasured | None:
    """What the kick of a recipe does under its curves; None where none are drawn over it. Raises UserError for a recipe
    that this model cannot render."""
    curves = stated_curves(recipe)
    if curves is None:
        return None
    flat = {**recipe, CURVES: replace(curves, gain_db=()).written()}
    raw, wave = (first_half_second(kick_of(one, model).channels) for one in (flat, recipe))
    return CurvesMeasured(points_of(curves, measure_under(curves, raw, wave)), curves.zero_db(raw))
