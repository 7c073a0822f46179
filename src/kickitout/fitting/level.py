"""The loudness of a loop, and of a kick beside it."""

from __future__ import annotations

import math

import numpy as np

from kickitout.descriptors.loudness import k_weighting

BLOCK_SECONDS, STEP_SECONDS = 0.4, 0.1
ABSOLUTE_GATE, RELATIVE_GATE = -70.0, -10.0  # LUFS; LU


def loudness_of(samples: np.ndarray, rate: int) -> float:
    """Integrated loudness of samples [T, C] in LUFS, ITU-R BS.1770-5: K-weighted, in blocks of 400 ms, gated twice.

    -inf for silence; a sound shorter than a block is one block. Channels count alike, as left and right do.
    """
    size = 1 << (len(samples) - 1).bit_length()
    size *= 2
    gain = k_weighting(np.fft.rfftfreq(size, 1 / rate), rate)
    weighted = np.fft.irfft(np.fft.rfft(samples.astype(np.float64), size, axis=0) * gain[:, None], size, axis=0)
    power = np.concatenate([[0.0], np.cumsum((weighted[: len(samples)] ** 2).sum(axis=1))])
    block, step = round(BLOCK_SECONDS * rate), round(STEP_SECONDS * rate)
    starts = np.arange(0, max(1, len(samples) - block + 1), step)
    means = (power[np.minimum(starts + block, len(samples))] - power[starts]) / block
    loud = means[means > 10 ** ((ABSOLUTE_GATE + 0.691) / 10)]
    if len(loud) == 0:
        return -math.inf
    loud = loud[loud > loud.mean() * 10 ** (RELATIVE_GATE / 10)]
    return -0.691 + 10 * math.log10(float(loud.mean()))
