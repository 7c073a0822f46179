"""A contact sheet: many kicks at a glance, as an image and as one WAV.

Each tile is 500 ms wide: a spectrogram on a logarithmic axis from 30 Hz to 18 kHz over 70 dB, and the waveform below.
"""

from __future__ import annotations

import io
import math
from typing import TYPE_CHECKING

import numpy as np

from kickitout.sound import SAMPLE_RATE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ROWS, COLUMNS, WAVE_ROWS = 72, 96, 28  # pixels of a tile
SHEET_RANGE_DB = 70.0
GAP = 4  # pixels between tiles
LONG, SHORT, SPLIT_HZ = 2048, 512, 400.0  # windows below and above SPLIT_HZ


def tile(wave: np.ndarray) -> np.ndarray:
    """[T] -> [ROWS + WAVE_ROWS, COLUMNS] in [0, 1]: spectrogram above, waveform below."""
    hz = np.geomspace(18_000, 30, ROWS)
    low, high = _levels(wave, LONG, hz), _levels(wave, SHORT, hz)
    level = np.where(hz[:, None] < SPLIT_HZ, low, high)
    levels = np.clip(1 + (level - level.max()) / SHEET_RANGE_DB, 0, 1)
    edges = np.linspace(0, len(wave), COLUMNS + 1).astype(int)[:-1]
    top, bottom = np.maximum.reduceat(wave, edges), np.minimum.reduceat(wave, edges)
    y = np.linspace(1, -1, WAVE_ROWS)[:, None]
    inside = (y <= np.maximum(top, 0.04)) & (y >= np.minimum(bottom, -0.04))
    return np.concatenate([levels, 0.75 * inside])


def _levels(wave: np.ndarray, size: int, hz: np.ndarray) -> np.ndarray:
    """[len(hz), COLUMNS] levels in dB, windows of `size` centred on each column."""
    padded = np.pad(wave, size // 2)
    centres = np.linspace(0, len(wave) - 1, COLUMNS).astype(int)
    frames = padded[centres[:, None] + np.arange(size)] * np.hanning(size)
    power = np.abs(np.fft.rfft(frames)) ** 2 / size  # [COLUMNS, bins]
    bins = np.clip(hz * size / SAMPLE_RATE, 0, size // 2 - 1)
    left = bins.astype(int)
    part = bins - left
    level = 10 * np.log10(power + 1e-10)
    return (level[:, left] * (1 - part) + level[:, left + 1] * part).T


def sheet_png(waves: np.ndarray, title: str, columns: int = 8) -> bytes:
    """[n, T] kicks as a PNG with `columns` tiles a row."""
    from matplotlib.figure import Figure

    high, wide = ROWS + WAVE_ROWS + GAP, COLUMNS + GAP
    rows = math.ceil(len(waves) / columns)
    canvas = np.full((rows * high - GAP, columns * wide - GAP), np.nan)
    for i, wave in enumerate(waves):
        y, x = i // columns * high, i % columns * wide
        canvas[y : y + high - GAP, x : x + wide - GAP] = tile(wave)
    scale = 1.25 / 100
    figure = Figure((canvas.shape[1] * scale, canvas.shape[0] * scale + 0.6), dpi=100)
    axes = figure.add_axes((0.0, 0.0, 1.0, canvas.shape[0] * scale / figure.get_figheight()))
    axes.imshow(canvas, cmap="magma", vmin=0, vmax=1, interpolation="nearest", aspect="auto")
    axes.set_axis_off()
    caption = "each tile 500 ms; above: 30 Hz to 18 kHz, logarithmic, 70 dB; below: waveform"
    for text, inches, size, colour in ((title, 0.2, 11, "0"), (caption, 0.44, 8, "0.4")):  # one below the other
        figure.text(0.01, 1 - inches / figure.get_figheight(), text, va="center", fontsize=size, color=colour)
    return png_of(figure)


def png_of(figure: Figure) -> bytes:
    """A matplotlib figure as a PNG, the same bytes whatever version of matplotlib wrote it says of itself."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


def row_of_kicks(waves: np.ndarray, pause_ms: int = 100) -> np.ndarray:
    """[n, T] -> [n * (T + pause)]: one kick after another, to listen through."""
    return np.pad(waves, ((0, 0), (0, SAMPLE_RATE * pause_ms // 1000))).reshape(-1)
