"""Pictures inside the page: spectrograms with their axes, kernels, and the drawing of a network from its shapes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np

from kickitout.audio import encode_sound
from kickitout.drawing import data_uri, png
from kickitout.sound import LENGTH, SAMPLE_RATE
from kickitout.training.sheet import ROWS, tile
from kicklab.paper.svg import tick_text

TILE_W, TILE_H, GAP = 84, 60, 4  # pixels of a spectrogram on the page
LOW_HZ, HIGH_HZ = 30.0, 18_000.0  # of `tile`
# Blue through white to orange: below and above zero, told apart by nearly all eyes, and in grey by lightness alone.
SIGNED = ((0, 60, 120), (90, 160, 210), (245, 245, 245), (245, 170, 90), (150, 70, 0))
QUIET = 1e-3  # of the peak: what comes after is not played


def player(wave: np.ndarray, identity: str, label: str) -> str:
    """An audio element with a sound [T] inside, its silent end cut off."""
    loud = np.flatnonzero(np.abs(wave) > QUIET * max(float(np.abs(wave).max()), 1e-9))
    end = int(loud[-1]) + 1 if len(loud) else len(wave)
    fade = np.minimum(np.arange(end, 0, -1) / 200, 1.0)
    data = data_uri("audio/wav", encode_sound((wave[:end] * fade).astype(np.float32), SAMPLE_RATE, bits="16"))
    return (
        f'<audio id="{identity}" controls preload="none" aria-label="{escape(label, quote=True)}" src="{data}"></audio>'
    )


def spectrogram_grid(rows: Sequence[tuple[str, Sequence[np.ndarray]]], title: str, names: Sequence[str] = ()) -> str:
    """Spectrograms of sounds [T], a line of them for each name, on common axes: 30 Hz to 18 kHz, 500 ms, 70 dB."""
    across = max(len(waves) for _, waves in rows)
    left = 46 + min(6.0 * max(len(name) for name, _ in rows), 190)
    top = 18 if names else 4
    width, height = left + across * (TILE_W + GAP), top + len(rows) * (TILE_H + GAP) + 34
    parts = [
        f'<svg class="chart" viewBox="0 0 {width:.0f} {height}" width="{width:.0f}" role="img" '
        f'aria-label="{escape(title, quote=True)}"><title>{escape(title)}</title>'
    ]
    for i, text in enumerate(names):
        at = left + i * (TILE_W + GAP) + TILE_W / 2
        parts.append(f'<text x="{at:.0f}" y="12" text-anchor="middle">{escape(text)}</text>')
    for r, (name, waves) in enumerate(rows):
        y = top + r * (TILE_H + GAP)
        parts.append(f'<text x="{left - 44:.0f}" y="{y + TILE_H / 2 + 4:.0f}" text-anchor="end">{escape(name)}</text>')
        for hz in (100, 1000, 10_000):
            at = y + TILE_H * math.log(HIGH_HZ / hz) / math.log(HIGH_HZ / LOW_HZ)
            parts.append(
                f'<text class="small" x="{left - 5:.0f}" y="{at + 3:.1f}" text-anchor="end">{tick_text(hz)}</text>'
            )
            parts.append(f'<line class="frame" x1="{left - 3:.0f}" x2="{left:.0f}" y1="{at:.1f}" y2="{at:.1f}"/>')
        for c, wave in enumerate(waves):
            picture = data_uri("image/png", spectrogram(wave))
            parts.append(
                f'<image x="{left + c * (TILE_W + GAP):.0f}" y="{y}" width="{TILE_W}" height="{TILE_H}" '
                f'preserveAspectRatio="none" href="{picture}"/>'
            )
    bottom = top + len(rows) * (TILE_H + GAP)
    for c in range(across):
        for ms in (0, 250):
            at = left + c * (TILE_W + GAP) + TILE_W * ms / (1000 * LENGTH / SAMPLE_RATE)
            parts.append(small(at + (0 if ms else 3), bottom + 10, str(ms)))
    parts.append(
        f'<text x="{(left + width) / 2:.0f}" y="{bottom + 26}" text-anchor="middle">time [ms]; frequency [Hz]</text>'
    )
    return "".join([*parts, "</svg>"])


def spectrogram(wave: np.ndarray) -> bytes:
    """[T] -> PNG: level over time and frequency (logarithmic), RANGE_DB from the loudest down to black."""
    return png(np.round(255 * tile(wave)[:ROWS]).astype(np.uint8))


def kernel_grid(kernels: np.ndarray, title: str, cell: int = 6) -> str:
    """Kernels [n, rows, columns], each scaled by its largest weight: orange above zero, blue below."""
    n, rows, columns = kernels.shape
    if rows == 1 and columns > 8:
        cell = 3
    scale = np.abs(kernels).max(axis=(1, 2), keepdims=True)
    tall = 14 if rows == 1 else rows * cell
    across = max(1, min(n, 560 // (columns * cell + GAP)))
    lines = math.ceil(n / across)
    width, height = across * (columns * cell + GAP), lines * (tall + GAP)
    parts = [
        f'<svg class="chart" viewBox="0 0 {width} {height}" width="{width}" role="img" '
        f'aria-label="{escape(title, quote=True)}"><title>{escape(title)}</title>'
    ]
    for i, kernel in enumerate(kernels / np.maximum(scale, 1e-12)):
        pixels = np.round(127.5 + 127.5 * kernel).astype(np.uint8)
        picture = data_uri("image/png", png(pixels, SIGNED))
        x, y = i % across * (columns * cell + GAP), i // across * (tall + GAP)
        parts.append(
            f'<image x="{x}" y="{y}" width="{columns * cell}" height="{tall}" preserveAspectRatio="none" '
            f'style="image-rendering:pixelated" href="{picture}"/>'
        )
    return "".join([*parts, "</svg>"])


def architecture(layers: Sequence[Sequence[Any]], start: str, title: str) -> str:
    """A network as boxes from left to right: what each layer is, and the shape it gives.

    layers: [what it is, shape without the batch]. The taller a box the more rows or samples, the wider the more maps.
    """
    shown = list(layers)
    if len(shown) > 14:  # the first ones, the last ones, and what is between in words
        cut = len(shown) - 12
        shown = [*shown[:6], [f"{cut} more layers", shown[6 + cut - 1][1]], *shown[6 + cut :]]
    sizes = [_box(shape) for _, shape in shown]
    height, gap, left = 150, 62, 58
    width = left + sum(w for w, _ in sizes) + gap * len(sizes) + 10
    parts = [
        f'<svg class="chart net" viewBox="0 0 {width:.0f} {height + 66}" width="{width:.0f}" role="img" '
        f'aria-label="{escape(title, quote=True)}"><title>{escape(title)}</title>',
        f'<text x="{left - 8}" y="{height / 2 + 4:.0f}" text-anchor="end">{escape(start)}</text>',
    ]
    x = float(left)
    for (what, shape), (w, h) in zip(shown, sizes, strict=True):
        parts.append(
            f'<line class="arrow" x1="{x:.0f}" x2="{x + gap - 8:.0f}" y1="{height / 2:.0f}" y2="{height / 2:.0f}"/>'
        )
        parts.append(f'<path class="head" d="M{x + gap - 3:.0f} {height / 2:.0f}l-7 -3.5v7z"/>')
        for k, word in enumerate(str(what).split(", ")):
            parts.append(small(x + gap / 2 - 3, height + 18 + 12 * k, word))
        x += gap
        parts.append(
            f'<rect class="box" x="{x:.0f}" y="{(height - h) / 2:.0f}" width="{w:.0f}" height="{h:.0f}" rx="1.5"/>'
        )
        parts.append(small(x + w / 2, height + 50, shape_text(shape)))
        x += w
    return "".join([*parts, "</svg>"])


def small(x: float, y: float, text: str) -> str:
    """A word of a drawing, centred."""
    return f'<text class="small" x="{x:.0f}" y="{y:.0f}" text-anchor="middle">{escape(text)}</text>'


def shape_text(shape: Sequence[int]) -> str:
    """A shape without its batch: 512 × 8 × 4."""
    return "×".join(str(n) for n in shape)


def _box(shape: Sequence[int]) -> tuple[float, float]:
    """Width by the maps, height by the cells, both on a logarithm."""
    maps, cells = shape[0], math.prod(shape[1:]) if len(shape) > 1 else 1
    return 5 + 3.2 * math.log2(max(maps, 1) + 1), 12 + 8.2 * math.log2(cells + 1)
