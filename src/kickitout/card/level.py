"""How the level runs: its curve, the attack, the decay."""

import math

import numpy as np

from kickitout.card.block import CUT_MS, Block, Measured, fast_length, to_db, unless
from kickitout.card.fields import Why

SMOOTH_MS = 3.0  # standard deviation of the Gaussian; moves the fall of exp(-t / tau) by SMOOTH_MS^2 / tau
MONOTONY_SMOOTH_MS = 10.0  # steadier: the ripple of a distorted 40 Hz wave is not a rise
QUADRATURE_HZ = 10.0  # standard deviation of the Hilbert transform's notch at 0 Hz
RING_MS = 100.0  # of the Hilbert transform, before the onset as well as after
REACH = 7.0  # standard deviations: a Gaussian is below -100 dB there
MONOTONY_RANGE_DB = 40.0
SHORT_MS = 30.0  # a decay has to last so long to have a shape


def give_back(smooth: np.ndarray, start: np.ndarray, sigma: float) -> None:
    """Undo, in place, what a Gaussian has lost to the silence before start [n] and behind the end; 0 before start.

    A centre k samples inside an edge keeps the share of the weight that lies from -k on.
    """
    reach = math.ceil(REACH * sigma)
    weight = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    share = (np.cumsum(weight) / weight.sum())[reach:]  # k = 0 ... reach
    for row, first in zip(smooth, start.tolist(), strict=True):
        row[:first] = 0
        inside = row[first : first + len(share)]
        inside /= share[: len(inside)]
    end = smooth[:, -len(share) :]
    end /= share[: end.shape[1]][::-1]


def level_power(block: Block, *smooth_ms: float) -> list[np.ndarray]:
    """Squared envelope re peak, smoothed by each Gaussian: float64 [n, ceil(T / step)], 0 before the onset.

    The envelope is that of the analytic signal (Gabor 1946), so a steady sine has a steady level. Below 2 kHz it is
    taken from the decimated band, above from twice the mean square of the click band. The Hilbert transform of a hit
    whose integral is not zero fades like 1 / t, a false tail near -40 dB, so its lowest frequencies are left out: 0.2 %
    less at 35 Hz, and a false tail below -60 dB after 50 ms. The weight that a Gaussian loses at the onset and at the
    end of the wave is given back, so that it smears neither.
    """
    used = -(-block.length // block.step)
    sigmas = [ms / 1000 * block.rate / block.step for ms in smooth_ms]
    ring = max(REACH * max(sigmas), RING_MS / 1000 * block.rate / block.step)
    size = fast_length(used + math.ceil(ring), 2)  # silence behind it: nothing runs from the end into the onset

    body = block.body_band[:, :used].astype(np.float64)
    freqs = np.arange(size // 2 + 1) * (block.rate / block.step / size)
    notch = -1j * -np.expm1(-0.5 * (freqs / QUADRATURE_HZ) ** 2)
    power = body**2 + np.fft.irfft(np.fft.rfft(body, size) * notch, size)[:, :used] ** 2
    high = block.click_band.reshape(block.n, -1, block.step)
    power += (np.einsum("nms,nms->nm", high, high) * (2 / block.step))[:, :used]

    at = np.arange(used)
    start = -(-block.onset // block.step)
    spectrum = np.fft.rfft(power * (at >= start[:, None]), size)
    out = []
    for sigma in sigmas:
        gain = np.exp(-0.5 * (2 * np.pi * sigma * np.arange(size // 2 + 1) / size) ** 2)
        smooth = np.maximum(np.fft.irfft(spectrum * gain, size)[:, :used], 0)
        give_back(smooth, start, sigma)
        out.append(smooth)
    return out


def last_above(level: np.ndarray, threshold: float) -> np.ndarray:
    """Where a level stays below a threshold from then on: level [n, M] in dB -> position [n], interpolated; -1: never
    above it."""
    above = level > threshold
    last = level.shape[1] - 1 - np.argmax(above[:, ::-1], axis=1)
    after = np.minimum(last + 1, level.shape[1] - 1)
    row = np.arange(len(level))
    high, low = level[row, last], level[row, after]
    part = np.where(after > last, (high - threshold) / np.maximum(high - low, 1e-9), 0.0)
    return np.where(above.any(axis=1), last + part, -1.0)


def measure(block: Block) -> Measured:
    """attack_ms: from the first sample at -40 dB re peak to the first within 2 % of the peak (0.98: on a flat or
    clipped top the first sample counts, not any of its equals).

    decay_t20_ms, t40, t60: from that same peak until the level curve stays 20, 40, 60 dB below the peak. No value if
    that happens in the last 10 ms of the sound (of the wave, or before it falls to -80 dB for good): then it was cut or
    faded out, and a tail cut short is not a short tail.

    monotony: 1 - rises / falls, sums of dB up and down along the level curve (smoothed with 10 ms) from its maximum
    until it stays 40 dB below the peak: 1 for a decay that only falls, 0 for one that takes everything back.
    """
    ms = 1000 / block.rate
    fine, coarse = level_power(block, SMOOTH_MS, MONOTONY_SMOOTH_MS)
    level, shape = to_db(fine.astype(np.float32)), to_db(coarse.astype(np.float32))
    out: Measured = {"attack_ms": block.known((block.crest - block.onset) * ms)}

    limit = (block.end - block.samples(CUT_MS)).astype(float)
    for drop in (20, 40, 60):
        fallen = last_above(level, -drop) * block.step
        decay = (fallen - block.crest) * ms
        out[f"decay_t{drop}_ms"] = unless(decay, (fallen >= limit, Why.ENDS_FIRST), (decay <= 0, Why.TOO_SHORT))

    top = shape.argmax(axis=1)
    stop = np.minimum(last_above(shape, -MONOTONY_RANGE_DB), (block.end - 1) / block.step)
    change = np.diff(shape, axis=1)
    at = np.arange(change.shape[1])
    change *= (at >= top[:, None]) & (at + 1 <= stop[:, None])
    rises, falls = np.maximum(change, 0).sum(axis=1), np.maximum(-change, 0).sum(axis=1)
    share = np.clip(1 - rises / np.maximum(falls, 1e-3), 0, 1)
    short = (stop - top) * block.step * ms < SHORT_MS
    out["monotony"] = unless(share, (short, Why.TOO_SHORT))
    return out


def curve(block: Block) -> tuple[np.ndarray, np.ndarray]:
    """Level of the first sound from its onset on: seconds from the beginning of the wave, dB re full scale."""
    level = to_db(level_power(block, SMOOTH_MS)[0][0]) + 20 * np.log10(block.peak[0])
    first = -(-int(block.onset[0]) // block.step)
    return np.arange(first, len(level)) * (block.step / block.rate), level[first:]
