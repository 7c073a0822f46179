"""Images inside the page: spectrograms with their axes, kernels, and the drawing of a network from its shapes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from markupsafe import Markup

from kickitout.drawing import data_uri, png
from kickitout.sound import LENGTH, SAMPLE_RATE
from kickitout.training.sheet import SHEET_RANGE_DB
from kicklab.html import macros
from kicklab.paper.charts import tick_text

TILE_W, TILE_H, GAP = 84, 60, 4  # pixels of a spectrogram on the page
LOW_HZ, HIGH_HZ = 30.0, 18_000.0  # of `tile`
DRAWINGS = macros("drawings.html")


def player(file: bytes, identity: str, label: str) -> Markup:
    """An audio element with a FLAC file inside."""
    return macros("parts.html").player(identity, label, data_uri("audio/flac", file))


def spectrogram_grid(rows: Sequence[tuple[str, np.ndarray]], title: str) -> Markup:
    """Pictures (`kicklab.pictures`), a line of them for each name, on common axes (30 Hz to 18 kHz, 500 ms), with the
    scale of their colours."""
    span = math.log(HIGH_HZ / LOW_HZ)
    colours = data_uri("image/png", png(np.arange(256, dtype=np.uint8)[None]))
    return DRAWINGS.spectrograms(
        [(name, [data_uri("image/png", png(image)) for image in images]) for name, images in rows], title,
        46 + min(6.0 * max(len(name) for name, _ in rows), 230), 4, TILE_W, TILE_H, GAP,
        [(tick_text(hz), math.log(HIGH_HZ / hz) / span) for hz in (100, 1000, 10_000)],
        [(str(ms), ms / (1000 * LENGTH / SAMPLE_RATE)) for ms in (0, 250)],
        (colours, f"−{SHEET_RANGE_DB:g}", "0 dB"),
    )  # fmt: skip
