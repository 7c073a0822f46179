"""A batch of waves made ready for measuring: level, landmarks in time, spectrum, and bands cut from it.

Shapes: n sounds, T samples, N = n_fft samples (T and silence behind it), M = N / step samples after decimation.
Every filter is a real factor on the spectrum, so it has no delay, but rings before the onset as much as after it.
The transitions are wide to keep that short (a few ms), and each measure says where it starts to look.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from kickitout.card.fields import Why

ONSET_LEVEL = 10 ** (-40 / 20)  # re peak: where a sound begins
END_LEVEL = 10 ** (-80 / 20)  # re peak: below it a sound has ended
RISE_LEVEL = 10 ** (-20 / 20)
CREST_LEVEL = 0.98  # re peak: so close to the maximum counts as the peak, else a flat top puts it anywhere
CUT_MS = 10.0  # a fall inside the last 10 ms of a sound is its cut or fade-out, not its decay
PAD_MS = 10.0  # silence behind the wave: the rings of the filters end there and not at its beginning
FLOOR_DB = -120.0  # nothing: energies are not told apart below this
SILENCE = 1e-20  # a peak that is nothing at all, and whose inverse is still a float32
HIGH_LEVEL = 0.7  # re peak: -3 dB
LOW_RATE = 5500.0  # Hz: the least rate of the decimated path; holds the band below 2.4 kHz
CLICK_HZ = 2000.0  # the click is above, the body below
CLICK_WIDTH_HZ = 800.0  # of the transition between them

Measured = dict[str, tuple[np.ndarray, np.ndarray]]  # name -> values [n], Why [n]


def fast_length(least: int, multiple: int) -> int:
    """The smallest multiple of `multiple` from `least` on with no prime factor above 7, for quick FFTs."""
    size = -(-least // multiple) * multiple
    while True:
        rest = size // multiple
        for prime in (2, 3, 5, 7):
            while rest % prime == 0:
                rest //= prime
        if rest == 1:
            return size
        size += multiple


def to_db(power: np.ndarray) -> np.ndarray:
    """Power (any shape, >= 0) to dB, never below FLOOR_DB."""
    return 10 * np.log10(np.maximum(power, 10 ** (FLOOR_DB / 10)))


def first_at(wave: np.ndarray, level: float) -> np.ndarray:
    """Index of the first sample with wave >= level, [n, T] -> [n]; 0 where there is none."""
    return np.argmax(wave >= level, axis=1)


def gather(signal: np.ndarray, start: np.ndarray, length: int) -> np.ndarray:
    """signal[i, start[i] : start[i] + length] -> [n, length], zero outside the signal."""
    out = np.zeros((len(signal), length), signal.dtype)
    for row, line, first in zip(out, signal, start.tolist(), strict=True):
        low, high = max(first, 0), min(first + length, len(line))
        if high > low:
            row[low - first : high - first] = line[low:high]
    return out


@dataclass(frozen=True)
class Block:
    """Sounds with a peak of 1 that are neither silent nor broken."""

    wave: np.ndarray  # float32 [n, T], peak 1
    peak: np.ndarray  # float64 [n], what the wave was divided by
    rate: float  # Hz
    onset: np.ndarray  # int [n], first sample at -40 dB re peak
    rise: np.ndarray  # int [n], first sample at -20 dB re peak
    crest: np.ndarray  # int [n], first sample within 2 % of the peak
    end: np.ndarray  # int [n], one behind the last sample above -80 dB re peak

    @property
    def n(self) -> int:
        return self.wave.shape[0]

    @property
    def length(self) -> int:
        return self.wave.shape[1]

    def samples(self, ms: float) -> int:
        return round(ms * self.rate / 1000)

    @property
    def step(self) -> int:
        """Samples of the wave in one of the decimated path: 8 at 44.1 and 48 kHz."""
        return int(self.rate // LOW_RATE)

    @cached_property
    def n_fft(self) -> int:
        return fast_length(self.length + self.samples(PAD_MS), 2 * self.step)

    @cached_property
    def freqs(self) -> np.ndarray:
        """Hz of each bin of `spectrum`, float32 [N / 2 + 1]."""
        return (np.arange(self.n_fft // 2 + 1) * (self.rate / self.n_fft)).astype(np.float32)

    @cached_property
    def high(self) -> tuple[np.ndarray, np.ndarray]:
        """Row and column of every sample above -3 dB re peak, in order."""
        return np.divmod(np.flatnonzero(np.abs(self.wave) >= HIGH_LEVEL), self.length)

    @cached_property
    def spectrum(self) -> np.ndarray:
        """complex64 [n, N / 2 + 1]"""
        wave = np.zeros((self.n, self.n_fft))  # numpy transforms float64 forward faster than float32
        wave[:, : self.length] = self.wave
        return np.fft.rfft(wave).astype(np.complex64)

    @cached_property
    def power(self) -> np.ndarray:
        """Energy of each bin, float32 [n, N / 2 + 1]; its sum is the sum of the squared samples (Parseval)."""
        power = (self.spectrum.real**2 + self.spectrum.imag**2) * np.float32(2 / self.n_fft)
        power[:, [0, -1]] /= 2
        return power

    @cached_property
    def energy(self) -> np.ndarray:
        """Sum of the squared samples, float64 [n]."""
        return np.einsum("nt,nt->n", self.wave, self.wave).astype(np.float64)

    @cached_property
    def split(self) -> np.ndarray:
        """Gain of the click band at each bin, 0 at 1.6 kHz, 1 from 2.4 kHz; the body band has sqrt(1 - gain^2)."""
        ramp = (self.freqs - CLICK_HZ) / CLICK_WIDTH_HZ + 0.5
        return np.sin(np.clip(ramp, 0, 1) * (np.pi / 2)).astype(np.float32)

    @cached_property
    def click_band(self) -> np.ndarray:
        """The wave above 2 kHz, float32 [n, N]."""
        return np.fft.irfft(self.spectrum * self.split, self.n_fft)

    def low_band(self, gain: np.ndarray) -> np.ndarray:
        """The wave through `gain` ([K] or [n, K] bins from 0 Hz on, zero above), decimated, float32 [n, M]."""
        size = self.n_fft // self.step
        bins = min(gain.shape[-1], size // 2)
        half = np.zeros((self.n, size // 2 + 1), np.complex64)
        kind = np.complex64 if np.iscomplexobj(gain) else np.float32
        half[:, :bins] = self.spectrum[:, :bins] * (gain[..., :bins] / self.step).astype(kind)
        return np.fft.irfft(half, size)

    @cached_property
    def body_band(self) -> np.ndarray:
        """The wave below 2 kHz, decimated, float32 [n, M]."""
        return self.low_band(np.sqrt(1 - self.split**2))

    def known(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Values that are all defined."""
        return values.astype(np.float64), np.zeros(self.n, np.uint8)


def unless(values: np.ndarray, *rules: tuple[np.ndarray, Why]) -> tuple[np.ndarray, np.ndarray]:
    """Values with NaN and a reason where a rule (bad [n], why) says so; the first rule that holds gives the reason."""
    why = np.zeros(len(values), np.uint8)
    for bad, reason in rules:
        why = np.where((why == 0) & bad, np.uint8(reason), why)
    return np.where(why > 0, np.nan, values), why


def refusals(waves: np.ndarray) -> np.ndarray:
    """Which waves cannot be measured at all. [n, T] -> Why [n]"""
    if waves.shape[1] == 0:
        return np.full(len(waves), Why.EMPTY, np.uint8)
    top = np.maximum(waves.max(axis=1), -waves.min(axis=1))  # NaN if there is one
    return np.select([~np.isfinite(top), top < SILENCE], [Why.NOT_FINITE, Why.SILENT], Why.KNOWN).astype(np.uint8)


def prepare(waves: np.ndarray, rate: float) -> Block:
    """Waves [n, T] that `refusals` has let through, as a Block."""
    peak = np.maximum(waves.max(axis=1), -waves.min(axis=1)).astype(np.float64)
    wave = (waves * (1 / peak[:, None]).astype(waves.dtype)).astype(np.float32)
    level = np.abs(wave)
    end = wave.shape[1] - first_at(level[:, ::-1], END_LEVEL)
    onset, rise, crest = (first_at(level, at) for at in (ONSET_LEVEL, RISE_LEVEL, CREST_LEVEL))
    return Block(wave, peak, float(rate), onset, rise, crest, end)


def rows(n: int, size: int) -> Iterator[slice]:
    """Slices that cut n rows into pieces of at most `size`."""
    return (slice(start, start + size) for start in range(0, n, size))
