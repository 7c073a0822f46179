"""The embeddings that scores are made in, and how a user names them.

`bands` has no learned weights: levels in log-spaced bands of frequency and time, where the low bands come from long
windows and the high ones from short windows, so that a 40 Hz body and a 2 ms click are both resolved. It steers
training (the monitor's held-out score); numbers are comparable only within one version.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from kickitout.errors import UserError
from kickitout.files import as_list
from kickitout.metrics import drum_types
from kickitout.metrics.encoder import OnnxEncoder
from kickitout.sound import ONSET, SAMPLE_RATE

BANDS_VERSION = "bands-1"
BANDS_FLOOR_DB = -70.0  # re the loudest cell of a sound: quieter cells are equal
BANDS_SPLIT_HZ = 350.0  # long windows below, short ones above
LONG, SHORT = 4096, 512  # samples: 10.8 and 86 Hz a bin
EDGES_HZ = np.geomspace(28.0, 18_000.0, 29)  # 28 bands, about three an octave
EDGES_MS = np.array([-1.5, 3, 7, 15, 30, 60, 110, 180, 280, 490])  # 9 slots, from the onset on


class Embedding(NamedTuple):
    """Any map from sounds to points; scores are comparable only within one."""

    name: str  # with its version
    embed: Callable[[np.ndarray], np.ndarray]  # [n, T] -> [n, D], finite
    unit: str = ""  # of a root-mean-square difference of two points, if it has one
    squared: str = ""
    about: str = ""  # where it comes from, and what it does to a sound before it reads it


def embed_bands(waves: np.ndarray, block: int = 64) -> np.ndarray:
    """[n, T] waveforms with their onset at ONSET -> [n, 252] levels in dB, at least BANDS_FLOOR_DB. NaN-free."""
    parts = [_embed(waves[i : i + block]) for i in range(0, len(waves), block)]
    return np.concatenate(parts) if parts else np.empty((0, (len(EDGES_HZ) - 1) * (len(EDGES_MS) - 1)), np.float32)


def _embed(waves: np.ndarray) -> np.ndarray:
    low = _cells(waves, LONG, SHORT // 2)
    high = _cells(waves, SHORT, SHORT // 4)
    centres = np.sqrt(EDGES_HZ[1:] * EDGES_HZ[:-1])
    power = np.where((centres < BANDS_SPLIT_HZ)[:, None], low, high)  # [n, bands, slots]
    level = 10 * np.log10(power + 1e-12)
    level -= level.max(axis=(1, 2), keepdims=True)
    return np.maximum(level, BANDS_FLOOR_DB).reshape(len(waves), -1).astype(np.float32)


def _cells(waves: np.ndarray, size: int, hop: int) -> np.ndarray:
    """Mean power in each band and slot, [n, bands, slots], from windows of one size."""
    padded = np.pad(waves, ((0, 0), (size // 2, size // 2)))
    frames = np.lib.stride_tricks.sliding_window_view(padded, size, axis=1)[:, ::hop]  # [n, frames, size]
    power = np.abs(np.fft.rfft(frames * np.hanning(size).astype(np.float32), axis=-1)) ** 2
    power /= size  # so that both sizes speak of the same level
    hz = np.arange(size // 2 + 1) * SAMPLE_RATE / size
    times = (np.arange(frames.shape[1]) * hop - ONSET) / SAMPLE_RATE * 1000
    return np.einsum("ntf,fb,ts->nbs", power, _shares(hz, EDGES_HZ), _shares(times, EDGES_MS), optimize=True)


def _shares(points: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """[points, cells] weights that average the points inside each cell, or take the nearest where there is none."""
    inside = (points[:, None] >= edges[:-1]) & (points[:, None] < edges[1:])
    middle = 0.5 * (edges[1:] + edges[:-1])
    nearest = np.abs(points[:, None] - middle).argmin(axis=0)
    empty = ~inside.any(axis=0)
    inside[nearest[empty], np.flatnonzero(empty)] = True
    return inside / inside.sum(axis=0)


BANDS = Embedding(BANDS_VERSION, embed_bands, "dB", "dB^2", "levels in bands, nothing learned")
DRUM_TYPES = Embedding(drum_types.NAME, drum_types.embed_types, about="the drum-type network of the package")
DEFAULTS = (BANDS, DRUM_TYPES)
KNOWN_EMBEDDINGS = {"bands": BANDS, "drum-type": DRUM_TYPES}
ELSEWHERE = ("clap", "vggish", "panns")


def find_embeddings(names: Sequence[str], rate: int | None = None) -> tuple[Embedding, ...]:
    """The embeddings called "bands" or "drum-type", or in ONNX files (see `encoder`); rate: of the files, in Hz.

    Raises UserError for what cannot be had. Nothing is ever downloaded.
    """
    found = []
    for name in dict.fromkeys(as_list(names)):
        if name in KNOWN_EMBEDDINGS:
            found.append(KNOWN_EMBEDDINGS[name])
        elif Path(name).suffix.lower() == ".onnx":
            mine = OnnxEncoder(Path(name), rate)
            found.append(Embedding(mine.name, mine.embed, about=mine.about))
        elif name.lower() in ELSEWHERE:
            raise UserError(
                f"embedding {name}: it is not in this package and never downloaded; export your own copy of it as "
                f"ONNX, waveform [B, T] -> embedding [B, D], and give the file, {name.lower()}.onnx"
            )
        else:
            raise UserError(f"embedding {name}: not known; {', '.join(KNOWN_EMBEDDINGS)} or a FILE.onnx work")
    if rate is not None and all(e in KNOWN_EMBEDDINGS.values() for e in found):
        raise UserError(f"embedding rate {rate}: it belongs to an embedding in a FILE.onnx, and there is none")
    return tuple(found)
