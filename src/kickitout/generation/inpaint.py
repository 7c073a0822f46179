"""My click with a new body, or my body with a new click: two kicks joined along frequency and time.

The click is what lies above SPLIT_HZ until UNTIL_MS after the onset, with a fade to FADED_MS; the body is all the rest.
Both filters are one Gaussian and its complement, of zero phase, so a kick that is joined with itself is itself again,
and nothing rings. The new part is moved by up to FURTHEST_MS to where the two run together while one hands over to the
other, so that they add there and do not cancel; of the body below the split there is only ever one.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, NamedTuple

import numpy as np

from kickitout.generation.model import Played
from kickitout.sound import ONSET, PEAK, SAMPLE_RATE

KeptPart = Literal["click", "body"]
KEPT_PARTS: tuple[KeptPart, ...] = ("click", "body")

SPLIT_HZ = 500.0  # -3 dB; at 2 kHz, where the card's click begins, 48 dB of the body are gone
UNTIL_MS, FADED_MS = 20.0, 35.0  # as the model's own control of the click has it
FURTHEST_MS = 0.7  # the onset is not to be heard moving
ALIGN_HZ = (150.0, 1500.0)  # around the split
ALIGN_OVER_MS = 12.0


class Joined(NamedTuple):
    """One new kick. made: the model's, of which it has the part that was not kept; gain: of all of it, to a peak of
    PEAK; shift: samples by which the new part was moved."""

    wave: np.ndarray  # [channels, T]
    made: Played
    gain: float
    shift: int


def joined(wave: np.ndarray, made: Played, keep: KeptPart) -> Joined:
    """The kept part of `wave` [T] or [channels, T] and the other part of a kick of the model."""
    kept = np.broadcast_to(wave.astype(np.float64), made.wave.shape)
    shift = _shift(kept.mean(axis=0), made.wave.mean(axis=0))
    new = _moved(made.wave.astype(np.float64), shift)
    click, body = (kept, new) if keep == "click" else (new, kept)
    both = click_of(click) + body - click_of(body)
    gain = PEAK / max(float(np.abs(both).max()), 1e-9)
    return Joined((gain * both).astype(np.float32), made, gain, shift)


def click_of(wave: np.ndarray) -> np.ndarray:
    """The click of a kick [C, T]; what is left is its body."""
    size, low = _low_pass()
    length = wave.shape[1]
    high = wave - np.fft.irfft(np.fft.rfft(wave, size) * low, size)[:, :length]
    ms = (np.arange(length) - ONSET) * (1000 / SAMPLE_RATE)
    return high * (0.5 + 0.5 * np.cos(np.pi * np.clip((ms - UNTIL_MS) / (FADED_MS - UNTIL_MS), 0, 1)))


@lru_cache(maxsize=1)
def _low_pass() -> tuple[int, np.ndarray]:
    """Size of the transforms, with room so that nothing wraps around, and the Gaussian's gain at each bin."""
    size = 24_000
    hz = np.fft.rfftfreq(size, 1 / SAMPLE_RATE)
    return size, np.exp(-0.5 * np.log(2) * (hz / SPLIT_HZ) ** 2)


def _shift(kept: np.ndarray, new: np.ndarray) -> int:
    """Samples by which `new` [T] is moved to run with `kept` where one hands over to the other; 0 where it runs with
    it nowhere."""
    size, _ = _low_pass()
    hz = np.fft.rfftfreq(size, 1 / SAMPLE_RATE)
    band = np.exp(-0.5 * (hz / ALIGN_HZ[1]) ** 2) * -np.expm1(-0.5 * (hz / ALIGN_HZ[0]) ** 2)
    reach = round(FURTHEST_MS / 1000 * SAMPLE_RATE)
    stop = ONSET + round(ALIGN_OVER_MS / 1000 * SAMPLE_RATE)
    a, b = (np.fft.irfft(np.fft.rfft(x, size) * band, size) for x in (kept, new))
    lags = range(-reach, reach + 1)
    found = [float(a[reach:stop] @ b[reach - lag : stop - lag]) for lag in lags]
    best = int(np.argmax(found))
    return lags[best] if found[best] > 0 else 0


def _moved(wave: np.ndarray, shift: int) -> np.ndarray:
    """[C, T], later by `shift` samples, with silence where nothing is known."""
    if shift >= 0:
        return np.pad(wave, ((0, 0), (shift, 0)))[:, : wave.shape[1]]
    return np.pad(wave, ((0, 0), (0, -shift)))[:, -wave.shape[1] :]
