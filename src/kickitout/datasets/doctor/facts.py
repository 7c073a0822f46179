"""What the data doctor measures of a file beside the kick card: hits, clipping, noise before, how it ends.

The card is read from the prepared 500 ms; these facts need the whole file at its own rate. Levels in dB re the peak of
the file's mid unless said otherwise; None where there is nothing to measure.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from kickitout.audio import Sound, mid_side
from kickitout.audio.prepare import Prepared
from kickitout.descriptors import artefacts, block
from kickitout.sound import LENGTH, SAMPLE_RATE

BLOCK_S = 0.010  # of the level in which hits are counted
LOOK = 15  # blocks: a hit rises over the quietest 30 ms of the last 150 ms
REST_BLOCKS = 8  # blocks: two strokes within 80 ms are one hit, a flam or a clap
SLOPE_BLOCKS = 3  # blocks: the level between hits is the largest of 30 ms, half a period of 17 Hz
RISE_DB, FLOOR_DB = 12.0, -18.0  # a hit rises so far and is not quieter than this re the loudest
CLICK_RISE_DB, CLICK_FLOOR_DB = 20.0, -12.0  # the same for the second difference, where hits stand out of a long tail
LEAST_CLICKS = 3  # of those: one kick in fifty shows two of them, none of 345 three
QUIETEST = 1e-4  # re peak, -80 dB: levels below count as equal
LEAST_LEAD_S = 0.005  # before the onset, to speak of noise
AFTER_S = 0.020  # before the end of the window, where a cut tail is measured
END_S = 0.001  # the end of a file: a fade-out is quiet by then


@dataclass(frozen=True)
class Facts:
    """hits: onsets in the whole file. half_hz: half of the energy of the prepared sound lies below. clipped: samples in
    flat runs at the peak, of the worst channel (see the kick card). lead_db: RMS before the onset. tail_db: peak of the
    last 20 ms before the window of 500 ms ends, where the file goes on. end_db: peak of the last 1 ms of the file.
    levels: how many values its samples have, of the channel with the most: 256 at most where it came from 8 bits.
    """

    hits: int
    half_hz: float
    clipped: int
    lead_db: float | None
    tail_db: float | None
    end_db: float
    levels: int


def measure_facts(sound: Sound, prepared: Prepared) -> Facts:
    """The facts of a sound that `prepare` has taken."""
    rate = sound.rate
    mid = mid_side(sound.samples)[0] - np.float32(prepared.dc)
    peak = float(np.abs(mid).max())
    onset = round(prepared.onset_s * rate)
    window_end = onset + round(LENGTH / SAMPLE_RATE * rate)
    lead = mid[: max(0, onset - round(0.001 * rate))]
    tail = mid[window_end - round(AFTER_S * rate) : window_end] if prepared.cut_s > 0 else mid[:0]
    return Facts(
        hits=count_hits(mid, rate),
        half_hz=half_energy_hz(prepared.mid),
        clipped=clipped_samples(sound),
        lead_db=_amplitude_db(float(np.sqrt(np.mean(lead**2))) / peak) if len(lead) >= LEAST_LEAD_S * rate else None,
        tail_db=_amplitude_db(float(np.abs(tail).max()) / peak) if len(tail) else None,
        end_db=_amplitude_db(float(np.abs(mid[-max(1, round(END_S * rate)) :]).max()) / peak),
        levels=max(len(np.unique(channel)) for channel in sound.samples.T),
    )


def count_hits(x: np.ndarray, rate: int) -> int:
    """How many times x [T] is struck: rises of its level, or of that of its clicks if there are several. At least 1.

    Of 345 recorded kicks one counts as two, none as more; of 360 loops of four strokes at 60 to
    240 beats a minute 99 % count as more than one.
    """
    broad = _hits(_block_level(x, rate), RISE_DB, FLOOR_DB)
    clicks = _hits(_block_level(np.diff(x, n=2), rate), CLICK_RISE_DB, CLICK_FLOOR_DB)
    return max(1, broad, clicks if clicks >= LEAST_CLICKS else 1)


def half_energy_hz(x: np.ndarray) -> float:
    """The frequency below which half of the energy of x [T] at 44.1 kHz lies: the median of its power spectrum."""
    spectrum = np.fft.rfft(x)
    passed = np.cumsum(spectrum.real**2 + spectrum.imag**2)
    return float(np.searchsorted(passed, passed[-1] / 2)) * SAMPLE_RATE / len(x)


def clipped_samples(sound: Sound) -> int:
    """The card's `clipped` on each channel as recorded (resampling hides flat runs); the largest."""
    waves = np.ascontiguousarray(sound.samples.T)
    waves = waves[block.refusals(waves) == 0]
    return int(artefacts.flat_samples(block.make_block(waves, sound.rate)).max()) if len(waves) else 0


def _block_level(x: np.ndarray, rate: int) -> np.ndarray:
    """The peak of each block of x [T] re the largest, dB. [T / block]"""
    size = round(BLOCK_S * rate)
    count = len(x) // size
    peaks = np.abs(x[: count * size]).reshape(count, size).max(axis=1) if count else np.zeros(1)
    return 20 * np.log10(np.maximum(peaks / max(float(peaks.max()), 1e-12), QUIETEST))


def _hits(level: np.ndarray, rise_db: float, floor_db: float) -> int:
    """Blocks that rise `rise_db` over what was quietest shortly before; the first above the floor needs no rise."""
    before = np.concatenate([np.full(SLOPE_BLOCKS - 1, 20 * math.log10(QUIETEST)), level])
    steady = np.lib.stride_tricks.sliding_window_view(before, SLOPE_BLOCKS).max(axis=1)
    count, last = 0, 0
    for i in np.flatnonzero(level >= floor_db).tolist():
        if count == 0:
            count, last = 1, i
        elif i - last >= REST_BLOCKS and level[i] - steady[max(last + SLOPE_BLOCKS - 1, i - LOOK) : i].min() >= rise_db:
            count, last = count + 1, i
    return count


def _amplitude_db(level: float) -> float:
    return 20 * math.log10(max(level, 1e-6))
