"""How the level runs: its curve, the attack, the decay."""

import math
from functools import lru_cache

import numpy as np

from kickitout.descriptors.block import Grid, Measured, SoundBlock, fast_length, last_true, to_db, unless
from kickitout.descriptors.fields import Why

SMOOTH_MS = 3.0  # standard deviation of the Gaussian; moves the fall of exp(-t / tau) by SMOOTH_MS^2 / tau
MONOTONY_SMOOTH_MS = 10.0  # steadier: the ripple of a distorted 40 Hz wave is not a rise
QUADRATURE_HZ = 10.0  # standard deviation of the Hilbert transform's notch at 0 Hz
RING_MS = 100.0  # of the Hilbert transform, before the onset as well as after
GAUSSIAN_REACH = 7.0  # standard deviations: a Gaussian is below -100 dB there
COARSE = 4  # of the decimated samples are one of the curve: 0.7 ms, and a Gaussian of 3 ms holds nothing above 500 Hz
MONOTONY_RANGE_DB = 40.0
CUT_MS = 10.0  # so short a fall is a cut or a fade-out, not a decay,
CUT_DB = 12.0  # if it is so deep,
CUT_END_DB = -50.0  # ends below this level
CUT_RATIO = 2.0  # and is so much faster than the decay before
SHORT_MS = 30.0  # a decay has to last so long to have a shape


@lru_cache(maxsize=16)
def _padded_size(grid: Grid) -> int:
    """Decimated samples of the transforms, with silence behind: nothing runs from the end of a wave into its onset."""
    ring = max(GAUSSIAN_REACH * MONOTONY_SMOOTH_MS, RING_MS) / 1000 * grid.rate / grid.step
    return fast_length(-(-grid.length // grid.step) + math.ceil(ring), 2 * COARSE)


@lru_cache(maxsize=16)
def _quadrature(grid: Grid) -> np.ndarray:
    """The Hilbert transform without its lowest frequencies, complex64 [bins]."""
    freqs = np.arange(_padded_size(grid) // 2 + 1) * (grid.rate / grid.step / _padded_size(grid))
    return (1j * np.expm1(-0.5 * (freqs / QUADRATURE_HZ) ** 2)).astype(np.complex64)


@lru_cache(maxsize=32)
def _gaussian(grid: Grid, smooth_ms: float) -> tuple[np.ndarray, np.ndarray]:
    """Its gain at each bin that the curve holds, and the share of its weight that lies from -k on, k = 0 ... reach."""
    sigma = smooth_ms / 1000 * grid.rate / grid.step  # decimated samples
    size = _padded_size(grid)
    gain = np.exp(-0.5 * (2 * np.pi * sigma * np.arange(size // COARSE // 2 + 1) / size) ** 2) / COARSE
    reach = math.ceil(GAUSSIAN_REACH * sigma)
    weight = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    return gain, (np.cumsum(weight) / weight.sum())[reach:]


def level_power(block: SoundBlock, *smooth_ms: float) -> list[np.ndarray]:
    """Squared envelope re peak, smoothed by each Gaussian: float64 [n, ceil(T / step / COARSE)], 0 before the onset.

    The envelope is that of the analytic signal (Gabor 1946), so a steady sine has a steady level. Below 2 kHz it is
    taken from the decimated band, above from twice the mean square of the click band. The Hilbert transform of a hit
    whose integral is not zero fades like 1 / t, a false tail near -40 dB, so its lowest frequencies are left out: 0.2 %
    less at 35 Hz, and a false tail below -60 dB after 50 ms. The weight that a Gaussian loses to the silence before the
    onset and behind the end of the wave is given back, so that it smears neither.
    """
    grid, size = block.grid, _padded_size(block.grid)
    used = -(-block.length // block.step)
    body = np.zeros((block.n, size))
    body[:, :used] = block.body_band[:, :used]
    turned = np.fft.rfft(body).astype(np.complex64) * _quadrature(grid)
    power = np.square(np.fft.irfft(turned, size)[:, :used])
    power += np.square(block.body_band[:, :used])
    high = block.click_band.reshape(block.n, -1, block.step)[:, :used]
    power += np.einsum("nms,nms->nm", high, high) * np.float32(2 / block.step)

    start = -(-block.onset // block.step)[:, None]
    body[:, :used] = power * (np.arange(used) >= start)  # float64: what is smoothed reaches down to -60 dB and below
    spectrum = np.fft.rfft(body)[:, : size // COARSE // 2 + 1]
    at = np.arange(0, used, COARSE)
    out = []
    for ms in smooth_ms:
        gain, share = _gaussian(grid, ms)
        smooth = np.maximum(np.fft.irfft(spectrum * gain, size // COARSE)[:, : len(at)], 0)
        last = len(share) - 1
        inside = share[np.clip(at - start, 0, last)] * share[np.clip(used - 1 - at, 0, last)]
        out.append(np.where(at >= start, smooth / inside, 0))
    return out


def last_above(level: np.ndarray, threshold: float) -> np.ndarray:
    """Where a level stays below a threshold from then on: level [n, M] in dB -> position [n], interpolated; -1: never
    above it."""
    above = level > threshold
    last = last_true(above)
    after = np.minimum(last + 1, level.shape[1] - 1)
    row = np.arange(len(level))
    high, low = level[row, last], level[row, after]
    part = np.where(after > last, (high - threshold) / np.maximum(high - low, 1e-9), 0.0)
    return np.where(above.any(axis=1), last + part, -1.0)


def level_curves(block: SoundBlock) -> tuple[np.ndarray, np.ndarray]:
    """The level of each sound in dB re peak, float32 [n, M]: smoothed with SMOOTH_MS and with MONOTONY_SMOOTH_MS."""
    fine, coarse = level_power(block, SMOOTH_MS, MONOTONY_SMOOTH_MS)
    return to_db(fine.astype(np.float32)), to_db(coarse.astype(np.float32))


def measure_level(block: SoundBlock, level: np.ndarray, shape: np.ndarray) -> Measured:
    """attack_ms: from the first sample at -40 dB re peak to the first within 2 % of the peak (0.98: on a flat or
    clipped top the first sample counts, not any of its equals).

    decay_t20_ms, t40, t60: from that same peak until the level curve stays 20, 40, 60 dB below the peak. No value if
    the sound was cut or faded out there, for a tail cut short is not a short tail: if the wave ends within 10 ms, or
    the level falls to -50 dB, by 12 dB and twice as fast as on the way in these 10 ms; nor if the sound had sunk into
    its own noise before (see `Block.gone`).

    monotony: 1 - rises / falls, sums of dB up and down along the level curve (smoothed with 10 ms) from its maximum
    until it stays 40 dB below the peak: 1 for a decay that only falls, 0 for one that takes everything back.
    """
    ms, step = 1000 / block.rate, block.step * COARSE
    out: Measured = {"attack_ms": block.known((block.crest - block.onset) * ms)}

    limit = np.minimum(block.gone, block.length - block.samples(CUT_MS))
    row, last = np.arange(block.n), level.shape[1] - 1
    for drop in (20, 40, 60):
        there = last_above(level, -drop)
        decay = (there * step - block.crest) * ms
        behind = np.rint(there + block.samples(CUT_MS) / step).astype(int)
        low = level[row, np.clip(behind, 0, last)]  # 10 ms later
        usual = drop * CUT_MS / np.maximum(decay, 1.0)
        cut = (low < min(-drop - CUT_DB, CUT_END_DB)) & (-drop - low > CUT_RATIO * usual)
        cut |= there * step >= limit
        out[f"decay_t{drop}_ms"] = unless(decay, (cut, Why.ENDS_FIRST), (decay <= 0, Why.TOO_SHORT))

    top = shape.argmax(axis=1)
    stop = np.minimum(last_above(shape, -MONOTONY_RANGE_DB), (block.gone - 1) / step)
    change = np.diff(shape, axis=1)
    at = np.arange(change.shape[1])
    change *= (at >= top[:, None]) & (at + 1 <= stop[:, None])
    rises, falls = np.maximum(change, 0).sum(axis=1), np.maximum(-change, 0).sum(axis=1)
    share = np.clip(1 - rises / np.maximum(falls, 1e-3), 0, 1)
    short = (stop - top) * step * ms < SHORT_MS
    out["monotony"] = unless(share, (short, Why.TOO_SHORT))
    return out


def trace_level(block: SoundBlock) -> tuple[np.ndarray, np.ndarray]:
    """Level of the first sound from its onset on: seconds from the beginning of the wave, dB re full scale."""
    step = block.step * COARSE
    level = to_db(level_power(block, SMOOTH_MS)[0][0]) + 20 * np.log10(block.peak[0])
    first = -(-int(block.onset[0]) // step)
    return np.arange(first, len(level)) * (step / block.rate), level[first:]
