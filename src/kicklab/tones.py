"""Pure tones as data, and how far a sound is from being one.

A tone begins at the onset with phase 0, is a sine of one frequency, and decays exponentially:

    x(t) = sin(2 pi f t) exp(-t / tau)

Whatever a representation or a model does wrong with frequency, phase and envelope shows: nothing else is there. A sound
is described by the tone that fits it best, with the phase free; what the tone leaves over is the rest.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from kickitout.audio.prepare import PREPARE_VERSION
from kickitout.datasets.build import Dataset, ManifestRow
from kickitout.identity import identity_of_made
from kickitout.sound import LENGTH, ONSET, PEAK, SAMPLE_RATE

TONES_VERSION = 1  # raise it whenever the tones of a seed change
LOWEST_HZ, HIGHEST_HZ = 40.0, 1000.0  # log-uniform: kicks and above
SHORTEST_MS, LONGEST_MS = 120.0, 400.0  # to -60 dB, uniform
RATE = SAMPLE_RATE // 8  # Hz, at which tones are fitted: 5.5 kHz
ACTIVE = LENGTH - ONSET
LN_1000 = float(np.log(1000.0))  # time constants to -60 dB
LOUD_RANGE_DB = 30.0  # frequency and envelope are read while the sound is so near to its peak
SEGMENT = 48  # samples at RATE: 8.7 ms
FINEST_DB = 100.0  # a rest quieter than that is rounding


def tones(count: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """float32 [count, LENGTH], their frequencies in Hz and their decays to -60 dB in ms, [count] each."""
    hz, ms = pitches_and_decays(count, seed)
    t = np.arange(ACTIVE) / SAMPLE_RATE
    body = np.sin(2 * np.pi * hz[:, None] * t) * np.exp(-t * (LN_1000 * 1000 / ms[:, None]))
    waves = np.zeros((count, LENGTH), np.float32)
    waves[:, ONSET:] = body * (PEAK / np.abs(body).max(axis=1, keepdims=True))
    return waves, hz, ms


def pitches_and_decays(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies of the tones of a seed in Hz, and their decays to -60 dB in ms, [count] each."""
    rng = np.random.default_rng([seed, 5])
    hz = np.exp(rng.uniform(np.log(LOWEST_HZ), np.log(HIGHEST_HZ), count))
    return hz, rng.uniform(SHORTEST_MS, LONGEST_MS, count)


def tone_dataset(count: int, seed: int) -> Dataset:
    """The same as something to train on; each tone is a group of its own."""
    waves, hz, _ = tones(count, seed)
    rows = []
    for i in range(count):
        digest = identity_of_made("tone", TONES_VERSION, count, seed, i)
        rows.append(
            ManifestRow(
                name=f"tone {i:04d}, {hz[i]:.1f} Hz", file=digest, sound=digest, source="formula", licence="CC0-1.0",
                rate=SAMPLE_RATE, channels=1, seconds=LENGTH / SAMPLE_RATE, onset_s=ONSET / SAMPLE_RATE, flipped=False,
                cancelled=False, dc=0.0, peak_db=0.0, cut_s=0.0, padded_s=0.0, group=i,
            )
        )  # fmt: skip
    assert PREPARE_VERSION  # tones need no preparing; their digest counts the version all the same
    return Dataset(waves, np.zeros_like(waves), tuple(rows), (), {}, ())


class Fits(NamedTuple):
    """The tone nearest to each sound; all [n]."""

    hz: np.ndarray
    decay_ms: np.ndarray  # to -60 dB
    phase_deg: np.ndarray  # at the onset, re a sine; -180 to 180
    snr_db: np.ndarray  # energy over that of the rest, at the full rate; at most FINEST_DB
    wobble_cents: np.ndarray  # how far the frequency strays from its mean while the sound is loud, RMS
    envelope_db: np.ndarray  # how far the level strays from the exponential while the sound is loud, RMS


def fit_tones(waves: np.ndarray) -> Fits:
    """Fit sounds [n, LENGTH] with their onset at ONSET."""
    return Fits(*(np.array(column) for column in zip(*(_fit(wave) for wave in waves), strict=True)))


def _fit(wave: np.ndarray) -> tuple[float, float, float, float, float, float]:
    full = wave[ONSET:].astype(np.float64)
    if np.abs(full).max() < 1e-4:
        return (float("nan"),) * 6
    low = _slower(full)
    t = np.arange(len(low)) / RATE
    spectrum = np.abs(np.fft.rfft(low, 4 * len(low)))
    step = RATE / (4 * len(low))  # Hz a bin
    first, last = int(20 / step), int(2 * HIGHEST_HZ / step)
    hz, rate = (first + int(spectrum[first:last].argmax())) * step, LN_1000 / 0.25  # rate: decay in 1/s
    wide_hz, wide_rate = 2 * step, 3.0  # how far to look; the second as a factor
    for _ in range(8):
        around = hz + wide_hz * np.linspace(-1, 1, 9), rate * wide_rate ** np.linspace(-1, 1, 9)
        hz, rate = _nearest(low, t, *around)
        wide_hz, wide_rate = wide_hz / 2.5, wide_rate**0.5
    hz, rate, a, b, rest = _polished(full, hz, rate)
    snr = 10 * np.log10((full @ full) / max(rest @ rest, (full @ full) * 10 ** (-FINEST_DB / 10)))
    phase = float(np.degrees(np.arctan2(b, a)))
    wobble, envelope = _strays(low, t, hz, rate)
    return hz, 1000 * LN_1000 / rate, phase, float(snr), wobble, envelope


def _polished(full: np.ndarray, hz: float, rate: float) -> tuple[float, float, float, float, np.ndarray]:
    """Gauss & Newton on all four numbers at the full rate: frequency, decay rate, sine and cosine, and what is left."""
    at = np.arange(len(full)) / SAMPLE_RATE

    def explained() -> tuple[np.ndarray, np.ndarray, float]:
        basis = np.exp(-rate * at) * np.stack([np.sin(2 * np.pi * hz * at), np.cos(2 * np.pi * hz * at)])
        sides = np.linalg.solve(basis @ basis.T, basis @ full)
        rest = full - sides @ basis
        return basis, sides, float(rest @ rest)

    basis, (a, b), error = explained()
    for _ in range(4):
        by_hz, by_rate = a * basis[1] - b * basis[0], a * basis[0] + b * basis[1]
        slopes = np.stack([basis[0], basis[1], 2 * np.pi * at * by_hz, -at * by_rate])
        rest = full - a * basis[0] - b * basis[1]
        way = np.linalg.lstsq(slopes @ slopes.T, slopes @ rest, rcond=None)[0]
        before = hz, rate, basis, (a, b), error
        hz, rate = hz + float(np.clip(way[2], -1, 1)), rate * float(np.exp(np.clip(way[3] / rate, -0.5, 0.5)))
        basis, (a, b), error = explained()
        if not error < before[4]:
            hz, rate, basis, (a, b), error = before
            break
    return hz, rate, float(a), float(b), full - a * basis[0] - b * basis[1]


def _slower(full: np.ndarray) -> np.ndarray:
    """[ACTIVE] -> [ACTIVE / 8] at RATE, without what lies above its Nyquist frequency."""
    count = len(full) // 8
    spectrum = np.fft.rfft(np.concatenate([full[: 8 * count], np.zeros(8 * count)]))  # silence: nothing runs round
    return np.fft.irfft(spectrum[: count + 1], 2 * count)[:count] / 8


def _nearest(low: np.ndarray, t: np.ndarray, hz: np.ndarray, rate: np.ndarray) -> tuple[float, float]:
    """Of all pairs of a frequency [h] and a decay rate [r] the one whose tone explains the most energy."""
    turning = np.exp(-2j * np.pi * hz[:, None] * t)  # [h, T]
    falling = np.exp(-rate[:, None] * t)  # [r, T]
    # With c = sum x e^-rt e^-iwt, the energy that a sin + b cos explains solves a system of two equations.
    c = turning @ (falling * low).T  # [h, r]
    power = (falling**2).sum(axis=1)  # [r]
    twice = (turning**2) @ (falling**2).T  # [h, r]: sum of e^-2rt e^-2iwt
    ss, cc, sc = (power - twice.real) / 2, (power + twice.real) / 2, -twice.imag / 2
    s, k = -c.imag, c.real  # products with the sine and with the cosine
    explained = (s**2 * cc + k**2 * ss - 2 * s * k * sc) / np.maximum(ss * cc - sc**2, 1e-12)
    best = np.unravel_index(int(explained.argmax()), explained.shape)
    return float(hz[best[0]]), float(rate[best[1]])


def _strays(low: np.ndarray, t: np.ndarray, hz: float, rate: float) -> tuple[float, float]:
    """RMS way of the frequency (cents) and of the level (dB) from the tone's, over segments of at least a period."""
    size = max(SEGMENT, int(np.ceil(RATE / hz)))
    count = len(low) // size
    turned = (low * np.exp(-2j * np.pi * hz * t))[: count * size].reshape(count, size)
    window = np.hanning(size + 2)[1:-1]
    analytic = 2 * (turned * window).sum(axis=1) / window.sum()
    level = 20 * np.log10(np.abs(analytic) + 1e-12)
    loud = level > level.max() - LOUD_RANGE_DB
    if loud.sum() < 3:
        return float("nan"), float("nan")
    expected = -20 * np.log10(np.e) * rate * t[: count * size].reshape(count, size).mean(axis=1)
    away = (level - expected)[loud]
    neighbours = loud[1:] & loud[:-1]
    turns = np.angle(analytic[1:] * analytic[:-1].conj())[neighbours] / (2 * np.pi)
    if len(turns) == 0:
        return float("nan"), float((away - away.mean()).std())
    strayed = 1200 * np.log2(np.maximum(1 + turns * RATE / size / hz, 1e-3))
    return float(np.sqrt((strayed**2).mean())), float(away.std())
