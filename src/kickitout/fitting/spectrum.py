"""Spectra of a loop's frames, and where between bins a peak lies."""

from __future__ import annotations

import numpy as np


def frame_magnitudes(wave: np.ndarray, window: int, hop: int, size: int | None = None) -> np.ndarray:
    """float64 [frames, bins] of a wave [T]: a frame around each `hop`-th sample, under a Hann window; size: samples
    that a frame is padded to."""
    padded = np.concatenate([np.zeros(window // 2), wave.astype(np.float64), np.zeros(window)])
    frames = np.lib.stride_tricks.sliding_window_view(padded, window)[: len(wave) : hop]
    found: np.ndarray = np.abs(np.fft.rfft(frames * np.hanning(window), size))
    return found


def peak_offset(before: np.ndarray, at: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Bins from a peak to that of the parabola through the logarithms of three bins (Smith & Serra 1987)."""
    a, b, c = (np.log(np.maximum(x, 1e-30)) for x in (before, at, after))
    found: np.ndarray = 0.5 * (a - c) / np.minimum(a - 2 * b + c, -1e-12)
    return found
