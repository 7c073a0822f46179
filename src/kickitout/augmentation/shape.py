"""What all changes to a kick have in common: they keep its onset, its length, its peak and its silent ends.

Waveforms: float32 [22050] at 44.1 kHz, mono, onset at sample ONSET, as `prepare` and `procedural` make them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from kickitout.audio.prepare import rise
from kickitout.errors import UserError
from kickitout.sound import LENGTH, ONSET, PEAK, SAMPLE_RATE
from kickitout.synthesis.parameters import Limit
from kickitout.synthesis.signal import Wave

TRANSFORM = 24_000  # samples: 22050 and 44 ms of silence, in which what runs over an end dies away
END_FADE = 88  # samples: 2 ms
_BLOCK = 64  # samples between the points of the shape that carries the mean


def finish(x: NDArray[np.floating], like: Wave) -> Wave:
    """float32 [LENGTH]: onset where that of `like` is, faded at both ends, no mean that `like` had not, peak PEAK.

    The onset is the first sample at -40 dB re peak, as `prepare` and the kick card have it, noise before it aside: what
    makes a soft attack louder re peak would let it come earlier. The mean is taken out in the shape of the sound's own
    level, which hides it: a constant would be a step at the onset, and a high-pass would turn the phase of the body.
    """
    x = x.astype(np.float32)
    late = onset_of(like) - onset_of(x)
    if late:
        x = np.pad(x, ONSET)[ONSET - late :][:LENGTH]
    x[:ONSET] *= fall(ONSET)[::-1]
    x[-END_FADE:] *= fall(END_FADE)
    x = normalised(x)

    may = abs(float(like.sum(dtype=np.float64)) * PEAK / float(np.abs(like).max()))
    now = float(x.sum(dtype=np.float64))
    used = LENGTH // _BLOCK * _BLOCK
    rms = np.sqrt(np.square(x[:used]).reshape(-1, _BLOCK).mean(axis=1))
    rms = np.convolve(rms, np.hanning(11)[1:-1], "same")
    rms[: ONSET // _BLOCK + 1], rms[-2:] = 0, 0
    shape = np.interp(np.arange(LENGTH), (np.arange(len(rms)) + 0.5) * _BLOCK, rms)
    shape[:ONSET] = 0
    x -= (shape * ((now - max(-may, min(may, now))) / max(float(shape.sum()), 1e-20))).astype(np.float32)
    return normalised(x)


def onset_of(x: Wave) -> int:
    """The first sample at -40 dB re peak within 0.7 ms of ONSET; noise that is louder than that ends 0.2 ms before."""
    first, last = ONSET - 9, ONSET + ONSET // 2
    loud = np.abs(x[first:last]) >= 0.01 * float(np.abs(x).max())
    return first + int(np.argmax(loud)) if loud.any() else last


def aligned(x: Wave) -> Wave:
    """x moved so that its first sample at -40 dB re peak is sample ONSET, faded in up to there: a sum of changes, each
    of which keeps the onset within half a millisecond, may have lost it."""
    early = ONSET - first_at(x, 0.01)
    if early == 0:
        return x
    moved = np.zeros_like(x)
    if early > 0:
        moved[early:] = x[:-early]
        moved[-END_FADE:] *= fall(END_FADE)
    else:
        moved[:early] = x[-early:]
    moved[:ONSET] *= fall(ONSET)[::-1]
    return moved


def normalised(x: Wave) -> Wave:
    return x * np.float32(PEAK / float(np.abs(x).max()))


def first_at(x: Wave, share: float) -> int:
    """The first sample at `share` of the peak."""
    level = np.abs(x)
    return int(np.argmax(level >= share * level.max()))


@lru_cache(maxsize=4)
def half_cosine_from(low: float, high: float) -> Wave:
    """Gain at the bins of TRANSFORM samples: 1 up to `low` Hz, 0 from `high` on."""
    part = np.clip((np.fft.rfftfreq(TRANSFORM, 1 / SAMPLE_RATE) - low) / (high - low), 0, 1)
    return (0.5 + 0.5 * np.cos(np.pi * part)).astype(np.float32)


def below(wave: Wave, low: float, high: float) -> Wave:
    spectrum = np.fft.rfft(wave, TRANSFORM) * half_cosine_from(low, high)
    return np.fft.irfft(spectrum.astype(np.complex64), TRANSFORM)[:LENGTH].astype(np.float32, copy=False)


def rise_between(first: int, last: int) -> Wave:
    """Weights [LENGTH]: 0 up to sample `first`, half a cosine, 1 from `last` on."""
    w = np.ones(LENGTH, np.float32)
    w[:first] = 0
    w[first:last] = fall(last - first)[::-1]
    return w


@lru_cache(maxsize=64)
def fall(n: int) -> Wave:
    """n gains from near 1 to near 0, half a cosine."""
    return rise(n)[::-1]


def checked_wave(wave: Wave, name: str = "wave") -> Wave:
    x = np.asarray(wave)
    if x.shape != (LENGTH,) or not np.issubdtype(x.dtype, np.floating):
        raise UserError(f"{name} is {x.dtype} {list(x.shape)}: one prepared kick works, float32 [{LENGTH}]")
    top = float(np.abs(x).max())
    if not math.isfinite(top):
        raise UserError(f"{name} holds NaN or infinite samples; a finite kick works")
    if top < 1e-6:
        raise UserError(f"{name} is silent; a kick with a peak near {PEAK} works")
    return x.astype(np.float32, copy=False)


def checked_number(limits: Mapping[str, Limit], limit: str, value: float, name: str | None = None) -> float:
    """A setting within the limit of that name; `name` is what its function calls it."""
    low, high, unit = limits[limit]
    if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not low <= value <= high:
        raise UserError(f"{name or limit}={value!r}: must be a number from {low:g} to {high:g} {unit}".rstrip())
    return float(value)
