"""A kick that rings past the half second of its model: its end goes on as it was, until it is no longer heard.

Models make 500 ms, the length that they learn. What still sounds there is low: partials that decay. They are found in
the last WINDOW_MS of the wave as damped sinusoids (ESPRIT: Roy & Kailath 1989, doi.org/10.1109/29.32276, on a Hankel
matrix, as in Hua & Sarkar 1990, doi.org/10.1109/29.56027) and each goes on with its frequency, phase and decay. The
model fades its last FADE_OUT samples; while it fades the tail rises, so all before is the same, sample for sample.

No model has to know of this, and only the lowest band is computed: the analysis sees one sample in STEP, and the tail
is one small matrix product, as e^(p (B i + j)) is e^(p B i) times e^(p j). In double precision, kick by kick, so a kick
is the same alone and among others.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from kickitout.errors import UserError
from kickitout.sound import FADE_OUT, LENGTH, LONGEST_S, SAMPLE_RATE

MODEL_S = LENGTH / SAMPLE_RATE  # what models make, and the length without another
INAUDIBLE_DB = -70.0  # re the peak of the kick: what sinks below it ends
SLOWEST_DB_S = 15.0  # dB a second: the slowest decay of the TR-808 is 16
FASTEST_DB_S = 600.0  # what decays faster has no tail
END_FADE = SAMPLE_RATE // 10  # samples: 100 ms, over which a kick goes that still sounds where it has to end
STEP = 64  # samples between those that are analysed: 689 Hz
PASSED_HZ = 220.0  # of their low-pass, -6 dB, and
TAPS = 1024  # its length: 80 dB less at what would fold below PASSED_HZ
WINDOW_MS = 150.0  # that are analysed: six cycles of 40 Hz
MOST_PARTIALS = 4  # each is a pair of damped exponentials
AUDIBLE_PART = 1e-2  # re the strongest: a direction of the Hankel matrix with less is noise
LEAST_ENERGY = 1e-20  # of a direction: 100 dB below what is heard
HELD = SAMPLE_RATE // 40  # samples: 25 ms, one cycle of 40 Hz; the tail is no louder than the kick was in the last one
STOPPING_DB = 3.0  # where that was quieter by more than it should be, it was stopping, and goes on as quickly
LOUDEST = SAMPLE_RATE // 20  # samples: 50 ms, a cycle of 20 Hz; no later peak is above those in the last one
RISE_DB = 2.0  # and a tail that has sunk rises by no more: two partials that fit a bent decay beat for a second
BLOCK = 256  # samples
LENGTH_KEY = "length_s"  # in a recipe: the most seconds that its kick lasts


def check_length(length_s: float) -> float:
    """The length as Python's own number. Raises UserError for one that no kick has."""
    if not isinstance(length_s, numbers.Real) or not MODEL_S <= length_s <= LONGEST_S:
        given = (
            f"{float(length_s):g} s"
            if isinstance(length_s, numbers.Real)
            else f"{length_s!r}, and no number of seconds"
        )
        raise UserError(
            f"length {given}: {MODEL_S:g}s to {LONGEST_S:g}s work; a kick ends where it is no longer heard, "
            "and a target of its decay asks for a shorter one"
        )
    return float(length_s)


def stated_length(recipe: Mapping[str, Any]) -> float:
    """The length in a recipe, in seconds; that of a model without one. Raises ValueError for nonsense."""
    stated = recipe.get(LENGTH_KEY, MODEL_S)
    if isinstance(stated, bool) or not isinstance(stated, int | float) or not MODEL_S <= stated <= LONGEST_S:
        raise ValueError(f"{LENGTH_KEY}={stated!r}")
    return float(stated)


def ring_on(wave: np.ndarray, length_s: float) -> np.ndarray:
    """The kick [C, LENGTH] of a model, rung on: float32 [C, T], T from LENGTH to `length_s`.

    All before the model's fade stays as it is. The kick ends where it has sunk below INAUDIBLE_DB; one that was over
    within LENGTH, or is not finite, is returned as it is.

    >>> t = np.arange(LENGTH) / SAMPLE_RATE
    >>> kick = np.sin(2 * np.pi * 50 * t) * 10 ** (-40 * t / 20)  # falls by 40 dB a second
    >>> [ring_on(kick[None], seconds).shape[1] / SAMPLE_RATE for seconds in (0.5, 1.0)]
    [0.5, 1.0]
    >>> 1.7 < ring_on(kick[None], 4.0).shape[1] / SAMPLE_RATE < 1.9  # 70 dB, and the fade
    True
    """
    length = round(length_s * SAMPLE_RATE)
    begin = LENGTH - FADE_OUT
    if length <= LENGTH or not np.isfinite(wave).all():
        return wave
    floor = 10 ** (INAUDIBLE_DB / 20) * float(np.abs(wave).max(initial=0.0))
    before = wave[:, begin - round(WINDOW_MS / 1000 * SAMPLE_RATE) : begin].astype(np.float64)
    if _rms(before[:, -FADE_OUT:]) * math.sqrt(2) <= floor:
        return wave
    tail = _tail(before, length - begin, floor)
    loud = np.flatnonzero(((tail > floor) | (tail < -floor)).any(axis=0))
    end = max(FADE_OUT, int(loud[-1]) + 1 if len(loud) else 0) + FADE_OUT
    fade = FADE_OUT if end <= tail.shape[1] else min(END_FADE, tail.shape[1])
    tail = tail[:, :end]
    tail[:, -fade:] *= _falling(fade)
    tail[:, :FADE_OUT] *= 1 - _falling(FADE_OUT)
    tail[:, :FADE_OUT] += wave[:, begin:]
    return np.concatenate([wave[:, :begin], tail.astype(np.float32)], axis=1)


def first_half_second(wave: np.ndarray) -> np.ndarray:
    """What a model makes of a kick [..., T] that rang on: [..., LENGTH] with its fade. A shorter one stays as it is."""
    if wave.shape[-1] <= LENGTH:
        return wave
    first = wave[..., :LENGTH].copy()
    first[..., -FADE_OUT:] *= _falling(FADE_OUT)
    return first


@lru_cache(maxsize=8)
def _falling(samples: int) -> np.ndarray:
    """Gains of a fade, half a cosine, from near 1 to 0: float32 [samples]."""
    return (0.5 + 0.5 * np.cos(np.arange(1, samples + 1) * (math.pi / samples))).astype(np.float32)


def _tail(wave: np.ndarray, samples: int, floor: float) -> np.ndarray:
    """[C, up to `samples`], what follows a wave [C, T], while it can be above `floor`: of as many partials as leave it
    no louder than it was, and sinking."""
    loudest = np.abs(wave[:, -LOUDEST:]).max()
    for partials in range(MOST_PARTIALS, 0, -1):
        exponents, amplitudes = damped_sinusoids(wave, partials)
        same = _played(exponents, amplitudes, -HELD, HELD)
        short_db = max(0.0, 20 * math.log10(max(_rms(same), 1e-30) / _rms(wave[:, -HELD:])))
        exponents = exponents - _per_sample(max(0.0, short_db - STOPPING_DB) / HELD * SAMPLE_RATE)
        amplitudes = amplitudes * 10 ** (-short_db / 20)
        most = np.exp(np.outer(np.arange(0, samples, BLOCK), exponents.real)) @ np.abs(amplitudes).T  # [blocks, C]
        heard = BLOCK * int((most > floor).any(axis=1).sum())
        tail = _played(exponents, amplitudes, 0, min(samples, max(FADE_OUT, heard) + FADE_OUT))
        if max(tail.max(), -tail.min()) <= loudest and _rise_db(wave, tail, floor) <= RISE_DB:
            break
    return tail


def _rise_db(wave: np.ndarray, tail: np.ndarray, floor: float) -> float:
    """By how much a tail [C, T] behind a wave rises at most after it has sunk: of peaks in LOUDEST samples, above
    `floor`."""
    blocks = tail.shape[1] // LOUDEST
    peaks = np.abs(tail[:, : blocks * LOUDEST]).reshape(len(tail), blocks, LOUDEST).max(axis=(0, 2))
    levels = 20 * np.log10(np.maximum([np.abs(wave[:, -LOUDEST:]).max(), *peaks], floor))
    return float((levels - np.minimum.accumulate(levels)).max())


def damped_sinusoids(wave: np.ndarray, partials: int = MOST_PARTIALS) -> tuple[np.ndarray, np.ndarray]:
    """The end of a wave [C, T] as sums of a e^(p t), t in samples from its end on: p [K] and a [C, K], complex, K at
    most twice `partials`. No p decays more slowly than SLOWEST_DB_S.
    """
    taps = _low_pass()
    points = (round(WINDOW_MS / 1000 * SAMPLE_RATE) - TAPS) // STEP + 1
    first = wave.shape[1] - TAPS - (points - 1) * STEP
    frames = np.lib.stride_tricks.sliding_window_view(wave[:, first:], TAPS, axis=1)[:, ::STEP]
    low = frames @ taps  # [C, points]
    exponents = np.log(_poles(low, 2 * partials)) / STEP
    exponents = exponents[
        (np.abs(exponents.imag) < 2 * math.pi * PASSED_HZ / SAMPLE_RATE) & (exponents.real > -_per_sample(FASTEST_DB_S))
    ]
    exponents = np.minimum(exponents.real, -_per_sample(SLOWEST_DB_S)) + 1j * exponents.imag
    # Sample n of `low` is the sum of taps[m] wave[first + n STEP + m]; each exponential passes with a gain of its own.
    rows = math.isqrt(TAPS)
    fine, coarse = (np.exp(np.outer(exponents, step * np.arange(rows))) for step in (1, rows))
    gain = ((coarse @ taps.reshape(rows, rows)) * fine).sum(axis=1)
    at = first - wave.shape[1] + STEP * np.arange(points)
    amplitudes = np.linalg.lstsq(np.exp(np.outer(at, exponents)) * gain, low.T.astype(complex), rcond=None)[0].T
    return exponents, amplitudes


def _poles(low: np.ndarray, most: int) -> np.ndarray:
    """At most `most` complex numbers z, so that each row of `low` [C, n] is a sum of a z^n: ESPRIT."""
    size = low.shape[1] // 3
    hankel = np.lib.stride_tricks.sliding_window_view(low, size, axis=1).reshape(-1, size)
    energy, directions = np.linalg.eigh(hankel.T @ hankel)  # ascending
    count = min(most, int((energy > AUDIBLE_PART**2 * max(float(energy[-1]), LEAST_ENERGY)).sum()))
    signal = directions[:, size - count :]
    if not count:
        return np.zeros(0, complex)
    poles = np.linalg.eigvals(np.linalg.lstsq(signal[:-1], signal[1:], rcond=None)[0])
    return np.asarray(poles[np.abs(poles) > 0], complex)


def _played(exponents: np.ndarray, amplitudes: np.ndarray, first: int, samples: int) -> np.ndarray:
    """The sum of a e^(p t) for t from `first` on: [C, samples]."""
    blocks = -(-samples // BLOCK)
    starts = np.exp(np.outer(first + BLOCK * np.arange(blocks), exponents)) * amplitudes[:, None]  # [C, blocks, K]
    within = np.exp(np.outer(exponents, np.arange(BLOCK)))  # [K, BLOCK]
    both = np.concatenate([starts.real, -starts.imag], axis=2) @ np.concatenate([within.real, within.imag])
    return both.reshape(len(amplitudes), -1)[:, :samples]


@lru_cache(maxsize=1)
def _low_pass() -> np.ndarray:
    """[TAPS], a sinc under a Kaiser window: gain 1 at 0 Hz."""
    at = np.arange(TAPS) - (TAPS - 1) / 2
    taps = np.sinc(2 * PASSED_HZ / SAMPLE_RATE * at) * np.kaiser(TAPS, 8.0)
    return np.asarray(taps / taps.sum())


def _per_sample(db_s: float) -> float:
    """A decay in dB a second as the exponent of one sample."""
    return db_s * math.log(10) / 20 / SAMPLE_RATE


def _rms(x: np.ndarray) -> float:
    return math.sqrt(float(np.square(x).mean()))
