"""A batch of waves made ready for measuring: level, landmarks in time, spectrum, and bands cut from it.

Shapes: n sounds, T samples, N = n_fft samples (T and silence behind it), M = N / step samples after decimation.
Every filter is a real factor on the spectrum, so it has no delay, but rings before the onset as much as after it.
The transitions are wide to keep that short (a few ms), and each measure says where it starts to look.

A sound has the same figures, bit for bit, alone and in any batch: every sum runs along its own row and is as long as
the batch's other rows allow for, no matrix product among them, whose order of adding depends on the shape.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise

import numpy as np

from kickitout.descriptors.fields import Why

ONSET_LEVEL = 10 ** (-40 / 20)  # re peak: where a sound begins
END_LEVEL = 10 ** (-80 / 20)  # re peak: below it a sound has ended
RISE_LEVEL = 10 ** (-20 / 20)
CREST_LEVEL = 0.98  # re peak: so close to the maximum counts as the peak, else a flat top puts it anywhere
PAD_MS = 10.0  # silence behind the wave: the rings of the filters end there and not at its beginning
POWER_FLOOR_DB = -120.0  # nothing: energies below count as equal
SILENT_PEAK = 1e-20  # a peak that is nothing at all, and whose inverse is still a float32
HIGH_LEVEL = 0.7  # re peak: -3 dB
LOW_RATE = 5500.0  # Hz: the least rate of the decimated path; holds the band below 2.4 kHz
CLICK_FROM_HZ = 2000.0  # the click is above, the body below
CLICK_WIDTH_HZ = 800.0  # of the transition between them
NOISE_MS = (30, 20, 10)  # before the end of the wave: two pieces there tell whether it ends in steady noise
STEADY = 2.0  # their energies differ by less than 3 dB
LOUDEST_FLOOR = 10 ** (-46 / 10)  # mean square re peak; what is louder is a tail
OVER_NOISE = 4.0  # energy re the noise: a sound less than 6 dB above it is gone
CACHED_ROWS = 6  # waves whose transforms stay in a second-level cache of 1 MB
RUN_MS = 6  # of the mean square that is held against the noise
BLOCK_ROWS = 24  # waves measured together: some 25 MB, and it stays near the processor

Measured = dict[str, tuple[np.ndarray, np.ndarray]]  # name -> values [n], Why [n]


@lru_cache(maxsize=256)
def fast_length(least: int, multiple: int) -> int:
    """The smallest multiple of `multiple` from `least` on with no prime factor above 5, for quick FFTs; `multiple` has
    none either.

    >>> fast_length(22491, 16)
    23040
    """
    size = -(-least // multiple) * multiple
    while not is_smooth(size):
        size += multiple
    return size


def is_smooth(number: int) -> bool:
    """Whether a number from 1 on has no prime factor above 5."""
    for prime in (2, 3, 5):
        while number % prime == 0:
            number //= prime
    return number == 1


def to_db(power: np.ndarray) -> np.ndarray:
    """Power (any shape, >= 0) to dB, never below POWER_FLOOR_DB."""
    return 10 * np.log10(np.maximum(power, 10 ** (POWER_FLOOR_DB / 10)))


def gather(signal: np.ndarray, start: np.ndarray, length: int) -> np.ndarray:
    """signal[i, start[i] : start[i] + length] -> [n, length], zero outside the signal."""
    out = np.empty((len(signal), length), signal.dtype)
    for row, line, first in zip(out, signal, start.tolist(), strict=True):
        low, high = max(first, 0), min(first + length, len(line))
        begin, end = (low - first, high - first) if high > low else (0, 0)
        row[:begin] = 0
        row[begin:end] = line[low : low + end - begin]
        row[end:] = 0
    return out


def row_energy(rows: np.ndarray) -> np.ndarray:
    """Sum of the squares of each row, float64 [n]; complex rows give the sum of |.|^2."""
    flat = rows.view(rows.real.dtype) if np.iscomplexobj(rows) else rows
    return np.square(flat).sum(axis=1).astype(np.float64)  # pairwise sums; einsum adds one row alone in another order


@dataclass(frozen=True)
class Grid:
    """What depends on the length of the waves (samples) and their rate (Hz) alone: made once, kept by `grid_of`."""

    length: int
    rate: float

    def samples(self, ms: float) -> int:
        return round(ms * self.rate / 1000)

    @cached_property
    def step(self) -> int:
        """Samples of the wave in one of the decimated path: 8 at 44.1 and 48 kHz; no prime factor above 5."""
        most = int(self.rate // LOW_RATE)
        return next(step for step in range(most, 0, -1) if is_smooth(step))

    @cached_property
    def n_fft(self) -> int:
        return fast_length(self.length + self.samples(PAD_MS), 2 * self.step)

    @cached_property
    def freqs(self) -> np.ndarray:
        """Hz of each bin of `spectrum`, float32 [N / 2 + 1]."""
        return (np.arange(self.n_fft // 2 + 1) * (self.rate / self.n_fft)).astype(np.float32)

    @cached_property
    def split(self) -> np.ndarray:
        """Gain of the click band at each bin, 0 at 1.6 kHz, 1 from 2.4 kHz; the body band has sqrt(1 - gain^2)."""
        ramp = (self.freqs - CLICK_FROM_HZ) / CLICK_WIDTH_HZ + 0.5
        return np.sin(np.clip(ramp, 0, 1) * (np.pi / 2)).astype(np.float32)

    @cached_property
    def click_bin(self) -> int:
        """The first bin of the click band."""
        return int(np.flatnonzero(self.split)[0])

    @cached_property
    def body_gain(self) -> np.ndarray:
        """Gain of the body band, float32 [bins up to 2.4 kHz]."""
        gain = np.sqrt(1 - self.split**2)
        return gain[: int(np.flatnonzero(gain)[-1]) + 1]


@lru_cache(maxsize=16)
def grid_of(length: int, rate: float) -> Grid:
    """The grid of waves of one length and rate."""
    return Grid(length, rate)


@dataclass(frozen=True)
class SoundBlock:
    """Sounds with a peak of 1 that are neither silent nor broken."""

    wave: np.ndarray  # float32 [n, T], peak 1
    peak: np.ndarray  # float64 [n], what the wave was divided by
    grid: Grid
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

    @property
    def rate(self) -> float:
        return self.grid.rate

    @property
    def step(self) -> int:
        return self.grid.step

    @property
    def n_fft(self) -> int:
        return self.grid.n_fft

    def samples(self, ms: float) -> int:
        return self.grid.samples(ms)

    @cached_property
    def high(self) -> tuple[np.ndarray, np.ndarray]:
        """Row and column of every sample above -3 dB re peak, in order."""
        return np.divmod(np.flatnonzero(np.abs(self.wave) >= HIGH_LEVEL), self.length)

    @cached_property
    def gone(self) -> np.ndarray:
        """Where each sound is over: `end`, or earlier, where it sinks into noise that runs on behind it. int [n]

        Noise behind a sound would hide that and where it was cut. It is the mean square of the last 30 to 10 ms of the
        wave, if both halves of that time are alike (a decay is not) and quiet; the sound is gone when its mean square
        over 6 ms stays less than 6 dB above it.
        """
        ms = self.samples(1)
        count = self.length // ms
        if count <= NOISE_MS[0]:
            return self.end
        first = self.length - count * ms
        pieces = self.wave[:, first:].reshape(self.n, count, ms)
        power = np.einsum("nkm,nkm->nk", pieces, pieces).astype(np.float64) / ms
        early, late = (power[:, count - a : count - b].mean(axis=1) for a, b in pairwise(NOISE_MS))
        noise = np.maximum(early, late)
        noisy = (noise < STEADY * np.minimum(early, late)) & (noise < LOUDEST_FLOOR)
        if not noisy.any():
            return self.end
        half = RUN_MS // 2
        passed = np.cumsum(np.pad(power, ((0, 0), (half + 1, half - 1))), axis=1)
        run = (passed[:, RUN_MS:] - passed[:, :-RUN_MS]) / RUN_MS  # [n, count], half of it before
        last = last_true(run > OVER_NOISE * noise[:, None])
        return np.where(noisy, np.minimum(self.end, first + (last + 1) * ms), self.end)

    @cached_property
    def spectrum(self) -> np.ndarray:
        """complex64 [n, N / 2 + 1]"""
        out = np.empty((self.n, self.n_fft // 2 + 1), np.complex64)
        wave = np.zeros((min(self.n, CACHED_ROWS), self.n_fft))  # numpy transforms float64 forward faster than float32
        for part in slices(self.n, CACHED_ROWS):
            some = self.wave[part]
            wave[: len(some), : self.length] = some
            out[part] = np.fft.rfft(wave[: len(some)])
        return out

    @cached_property
    def energy(self) -> np.ndarray:
        """Sum of the squared samples, float64 [n]."""
        return row_energy(self.wave)

    @cached_property
    def click_band(self) -> np.ndarray:
        """The wave above 2 kHz, float32 [n, N]."""
        out = np.empty((self.n, self.n_fft), np.float32)
        for part in slices(self.n, CACHED_ROWS):
            out[part] = np.fft.irfft(self.spectrum[part] * self.grid.split, self.n_fft)
        return out

    @cached_property
    def click_power(self) -> np.ndarray:
        """|spectrum|^2 from the first bin of the click band on, float32 [n, bins]."""
        high = self.spectrum[:, self.grid.click_bin :]
        return high.real**2 + high.imag**2

    def low_band(self, gain: np.ndarray, step: int | None = None, only: np.ndarray | slice = slice(None)) -> np.ndarray:
        """The wave through `gain` ([K] or [n, K] bins from 0 Hz on, zero above), decimated, float32 [n, N / step].

        only: some of the sounds.
        """
        step = step or self.step
        size = self.n_fft // step
        bins = min(gain.shape[-1], size // 2)
        kind = np.complex64 if np.iscomplexobj(gain) else np.float32
        return np.fft.irfft(self.spectrum[only, :bins] * (gain[..., :bins] / step).astype(kind), size)

    @cached_property
    def body_band(self) -> np.ndarray:
        """The wave below 2 kHz, decimated, float32 [n, M]."""
        return self.low_band(self.grid.body_gain)

    def known(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Values that are all defined."""
        return values.astype(np.float64), np.zeros(self.n, np.uint8)


def unless(values: np.ndarray, *rules: tuple[np.ndarray, Why]) -> tuple[np.ndarray, np.ndarray]:
    """Values with NaN and a reason where a rule (bad [n], why) says so; the first rule that holds gives the reason."""
    why = np.zeros(len(values), np.uint8)
    for bad, reason in rules:
        why = np.where((why == 0) & bad, np.uint8(reason), why)
    return np.where(why > 0, np.nan, values), why


def last_true(flags: np.ndarray) -> np.ndarray:
    """Index of the last True of each row, [n, T] -> [n]; T - 1 where there is none."""
    return flags.shape[1] - 1 - np.argmax(flags[:, ::-1], axis=1)


def refusals(waves: np.ndarray) -> np.ndarray:
    """Which waves cannot be measured at all. [n, T] -> Why [n]"""
    if waves.shape[1] == 0:
        return np.full(len(waves), Why.EMPTY, np.uint8)
    top = peaks(waves)  # NaN if there is one
    return np.select([~np.isfinite(top), top < SILENT_PEAK], [Why.NOT_FINITE, Why.SILENT], Why.KNOWN).astype(np.uint8)


def peaks(waves: np.ndarray) -> np.ndarray:
    """The largest |sample| of each wave, [n, T] -> [n]."""
    return np.maximum(waves.max(axis=1), -waves.min(axis=1))


def make_block(waves: np.ndarray, rate: float) -> SoundBlock:
    """Waves [n, T] that `refusals` has let through, as a Block."""
    peak = peaks(waves).astype(np.float64)
    wave = (waves * (1 / peak[:, None]).astype(waves.dtype)).astype(np.float32, copy=False)
    level = np.abs(wave)
    end = last_true(level >= END_LEVEL) + 1
    onset, rise, crest = (np.argmax(level >= at, axis=1) for at in (ONSET_LEVEL, RISE_LEVEL, CREST_LEVEL))
    return SoundBlock(wave, peak, grid_of(wave.shape[1], float(rate)), onset, rise, crest, end)


def slices(n: int, size: int) -> list[slice]:
    """0 ... n in pieces of at most `size`."""
    return [slice(start, min(start + size, n)) for start in range(0, n, size)]
