"""Images inside the page: spectrograms with their axes, kernels, and the drawing of a network from its shapes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from markupsafe import Markup

from kickitout.audio import encode_sound
from kickitout.drawing import data_uri, png
from kickitout.sound import LENGTH, SAMPLE_RATE
from kickitout.training.sheet import ROWS, tile
from kicklab.html import macros
from kicklab.paper.charts import tick_text

TILE_W, TILE_H, GAP = 84, 60, 4  # pixels of a spectrogram on the page
LOW_HZ, HIGH_HZ = 30.0, 18_000.0  # of `tile`
# Blue through white to orange: below and above zero, told apart by nearly all eyes, and in grey by lightness alone.
SIGNED = ((0, 60, 120), (90, 160, 210), (245, 245, 245), (245, 170, 90), (150, 70, 0))
INAUDIBLE_SHARE = 1e-3  # of the peak: a player stops where nothing louder comes
BOX_GAP, BOX_LEFT, BOX_HEIGHT = 62, 58, 150
DRAWINGS = macros("drawings.html")


def player(wave: np.ndarray, identity: str, label: str) -> Markup:
    """An audio element with a sound [T] inside, its silent end cut off."""
    loud = np.flatnonzero(np.abs(wave) > INAUDIBLE_SHARE * max(float(np.abs(wave).max()), 1e-9))
    end = int(loud[-1]) + 1 if len(loud) else len(wave)
    fade = np.minimum(np.arange(end, 0, -1) / 200, 1.0)
    data = data_uri("audio/wav", encode_sound((wave[:end] * fade).astype(np.float32), SAMPLE_RATE, bits="16"))
    return macros("parts.html").player(identity, label, data)


def spectrogram_grid(rows: Sequence[tuple[str, Sequence[np.ndarray]]], title: str, names: Sequence[str] = ()) -> Markup:
    """Spectrograms of sounds [T], a line of them for each name, on common axes: 30 Hz to 18 kHz, 500 ms, 70 dB."""
    span = math.log(HIGH_HZ / LOW_HZ)
    return DRAWINGS.spectrograms(
        [(name, [data_uri("image/png", spectrogram(wave)) for wave in waves]) for name, waves in rows], names, title,
        46 + min(6.0 * max(len(name) for name, _ in rows), 190), 18 if names else 4, TILE_W, TILE_H, GAP,
        [(tick_text(hz), math.log(HIGH_HZ / hz) / span) for hz in (100, 1000, 10_000)],
        [(str(ms), ms / (1000 * LENGTH / SAMPLE_RATE)) for ms in (0, 250)],
    )  # fmt: skip


def spectrogram(wave: np.ndarray) -> bytes:
    """[T] -> PNG: level over time and frequency (logarithmic), RANGE_DB from the loudest down to black."""
    return png(np.round(255 * tile(wave)[:ROWS]).astype(np.uint8))


def kernel_grid(kernels: np.ndarray, title: str, cell: int = 6) -> Markup:
    """Kernels [n, rows, columns], each scaled by its largest weight: orange above zero, blue below."""
    n, rows, columns = kernels.shape
    if rows == 1 and columns > 8:
        cell = 3
    scaled = kernels / np.maximum(np.abs(kernels).max(axis=(1, 2), keepdims=True), 1e-12)
    pixels = np.round(127.5 + 127.5 * scaled).astype(np.uint8)
    across = max(1, min(n, 560 // (columns * cell + GAP)))
    sources = [data_uri("image/png", png(kernel, SIGNED)) for kernel in pixels]
    return DRAWINGS.images(sources, title, across, columns * cell, 14 if rows == 1 else rows * cell, GAP)


def network_drawing(layers: Sequence[Sequence[Any]], start: str, title: str) -> Markup:
    """A network as boxes from left to right: what each layer is, and the shape it gives.

    layers: [what it is, shape without the batch]. The taller a box the more rows or samples, the wider the more maps.
    """
    shown = list(layers)
    if len(shown) > 14:  # the first ones, the last ones, and what is between in words
        cut = len(shown) - 12
        shown = [*shown[:6], [f"{cut} more layers", shown[6 + cut - 1][1]], *shown[6 + cut :]]
    boxes, x = [], float(BOX_LEFT)
    for what, shape in shown:
        maps, cells = shape[0], math.prod(shape[1:]) if len(shape) > 1 else 1
        wide, tall = 5 + 3.2 * math.log2(max(maps, 1) + 1), 12 + 8.2 * math.log2(cells + 1)
        x += BOX_GAP
        boxes.append((x, wide, tall, str(what).split(", "), "×".join(str(n) for n in shape)))
        x += wide
    return DRAWINGS.network(boxes, start, title, BOX_LEFT, BOX_GAP, x + 10, BOX_HEIGHT)
