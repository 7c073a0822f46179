"""Traces of a machine: energy before the onset, hiss in the tail, spectral lines at even distances, flat tops."""

import math
from functools import lru_cache

import numpy as np

from kickitout.descriptors.block import Measured, SoundBlock, gather, row_energy, slices, to_db, unless
from kickitout.descriptors.fields import Why

RISE_MS = 0.5  # a rise to 10 % of the peak (-20 dB) may take so long
TAIL_SIZE = 2048  # samples: 46 ms
TAIL_FROM_MS = 20.0  # the tail begins behind the click
AIR_HZ = 4000.0
LINE_FRAME = 2048  # samples: bins of 21.5 Hz
LINE_HOP = 2048
CACHED_FRAMES = 32  # transformed together
PERIODS = (16, 32, 64, 128, 256)  # samples: products of strides, numbers of bands, hops; lines every rate / period
LINES_HZ = (1500.0, 20000.0)  # below, a distorted body has lines of its own
BESIDE = (-4, -3, 3, 4)  # bins; a Hann window widens a line by two
FLAT_LEVEL = 0.9  # re peak
FLAT_STEP = 2e-5  # re peak; less than one step of 16 bits
FLAT_RUN = 6  # samples; the crest of a 30 Hz sine in 16 bits has four equal ones
FLAT_RATE = 48_000  # Hz: up to here; above, a run is as long in time, and a step as steep


@lru_cache(maxsize=4)
def hann(size: int) -> np.ndarray:
    """Periodic Hann window, float64 [size], for reading only."""
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)
    window.flags.writeable = False
    return window


def comb(block: SoundBlock) -> np.ndarray:
    """Mean height in dB of the lines at multiples of rate / period over their surroundings; the largest over PERIODS.

    Log spectra of frames of 2048 samples are averaged, so that lines in a quiet tail weigh as much as those under the
    click; frames without sound don't count. Near 0 without lines (the largest of five means scatters about 0.5).
    """
    missing = max(
        LINE_FRAME - block.length, (LINE_FRAME - block.length) % LINE_HOP
    )  # the last frame ends behind the last sample
    wave = np.pad(block.wave, ((0, 0), (0, missing)))
    frames = np.lib.stride_tricks.sliding_window_view(wave, LINE_FRAME, axis=1)[
        :, ::LINE_HOP
    ]  # [n, frames, LINE_FRAME]
    starts = np.arange(frames.shape[1]) * LINE_HOP
    row, frame = np.nonzero((starts + LINE_FRAME > block.onset[:, None]) & (starts < block.end[:, None]))
    window = hann(LINE_FRAME)
    low, high = (
        LINES_HZ[0] * LINE_FRAME / block.rate,
        min(LINES_HZ[1] * LINE_FRAME / block.rate, LINE_FRAME // 2 - max(BESIDE)),
    )
    first, last = int(low) + min(BESIDE), int(high) + max(BESIDE)
    level: np.ndarray = np.empty((len(row), last + 1 - first), np.float32)
    for part in slices(len(row), CACHED_FRAMES):
        spectrum = np.fft.rfft(frames[row[part], frame[part]] * window)[:, first : last + 1]
        level[part] = spectrum.real**2 + spectrum.imag**2
    level = to_db(level * np.float32(1 / np.square(window).sum()))
    count = np.bincount(row, minlength=block.n)  # at least 1: the frame with the peak
    begin = np.cumsum(count) - count
    level = np.add.reduceat(level, begin, axis=0) / count[:, None].astype(np.float32)  # [n, bins]

    beside = (slice(max(BESIDE) + shift, level.shape[1] - max(BESIDE) + shift) for shift in BESIDE)
    above = level[:, max(BESIDE) : -max(BESIDE)] - sum(level[:, part] for part in beside) / len(BESIDE)
    best = np.full(block.n, -np.inf)
    for period in PERIODS:
        spacing = LINE_FRAME // period
        line = np.arange(-(-low // spacing), high // spacing + 1).astype(int) * spacing - first - max(BESIDE)
        if len(line):  # at very high rates the highest multiples lie above what is looked at
            best = np.maximum(best, np.take(above, line, axis=1).mean(axis=1))
    return best


def flat_samples(block: SoundBlock) -> np.ndarray:
    """Samples in runs of at least FLAT_RUN equal ones near the peak. [n]"""
    finer = max(1.0, block.rate / FLAT_RATE)
    row, column = block.high
    value = block.wave[row, column]
    near = np.abs(value) >= FLAT_LEVEL
    row, column, value = row[near], column[near], value[near]
    joined = (np.diff(row) == 0) & (np.diff(column) == 1) & (np.abs(np.diff(value)) <= FLAT_STEP / finer)
    edges = np.flatnonzero(np.concatenate([[True], ~joined, [True]]))  # where runs begin, and one behind the last
    length = np.diff(edges)
    begin = edges[:-1]
    long = length >= int(FLAT_RUN * finer)
    return np.bincount(row[begin[long]], weights=length[long], minlength=block.n)


def measure_artefacts(block: SoundBlock) -> Measured:
    """pre_echo_db: energy up to 0.5 ms before the wave first reaches 10 % of its peak re energy of the whole wave;
    -120 for digital silence. Not before the onset of -40 dB: a pre-echo louder than that would move it.

    tail_noise_db: RMS above 4 kHz of the last 2048 samples of the sound (before it falls to -80 dB for good, or ends),
    under a Hann window, re peak.

    comb_db: see `comb`. clipped: samples in runs of six or more that differ by less than a step of 16 bits, at 90 % of
    the peak or above. It counts hard clipping as it was made: resampling or noise behind it hides the runs.
    """
    before = block.rise - block.samples(RISE_MS)
    lead = block.wave[:, : max(int(before.max()), 1)]
    passed = np.cumsum(np.square(lead), axis=1, dtype=np.float64)
    energy = np.where(before > 0, passed[np.arange(block.n), np.maximum(before, 1) - 1], 0)

    window = hann(TAIL_SIZE)
    spectrum = np.fft.rfft(gather(block.wave, block.end - TAIL_SIZE, TAIL_SIZE) * window)
    high = math.ceil(AIR_HZ * TAIL_SIZE / block.rate)
    power = 2 * row_energy(spectrum[:, high:]) / TAIL_SIZE  # sum of the windowed squares
    short = block.end - block.onset < TAIL_SIZE + block.samples(TAIL_FROM_MS)
    mean_square = power / np.square(window).sum()

    return {
        "pre_echo_db": unless(to_db(energy / block.energy), (before <= 0, Why.NO_LEAD)),
        "tail_noise_db": unless(to_db(mean_square), (short, Why.TOO_SHORT)),
        "comb_db": block.known(comb(block)),
        "clipped": block.known(flat_samples(block)),
    }
