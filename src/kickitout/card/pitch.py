"""The pitch of the body and its fall, from zero crossings of the wave below 600 Hz.

A kick sweeps so fast that a window of a usual pitch tracker is longer than the sweep. Here each period is its own
measurement: f = 1 / (time from one crossing to the next but one), placed halfway. Both crossings have the same
direction, so an offset or an asymmetric drive doesn't bias them.
"""

from dataclasses import dataclass

import numpy as np

from kickitout.card.block import Block, Measured, unless
from kickitout.card.fields import Why

LOW_PASS_HZ = (400.0, 800.0)  # half-cosine: -6 dB at 600 Hz, rings for 3 ms
BLIND_MS = 1.0  # after the onset: the rise itself and the filter's ring make crossings
RANGE_DB = 40.0  # a half wave this far below the largest one ends the pitch
MODE_HZ = (18.0, 300.0)  # where the main frequency of a tail is looked for
LEAST_TURNS = 1.2  # of the main frequency in the tail
TAIL_FROM = 0.5  # of the pitched time
TAIL_RISE = (0.2, 0.7)  # of the tail's main frequency: half-cosines
TAIL_FALL = (1.3, 1.9)
START_MS = 10.0
FALL_SHARE = 0.9
LEAST_FALL = 2 ** (1 / 12)
STEADY_SEMITONES = 3.0
NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")


@dataclass(frozen=True)
class Track:
    """Crossings and periods of n sounds, filled up to a common width; times in ms from the onset, inf for nothing.

    crossings: [n, K]; count: [n], how many there are. times, hz, weight: [n, P], the middle of each period, its
    frequency, and its weight (its energy: duration times squared amplitude; 0 where there is no period). final: [n],
    the last crossing.
    """

    crossings: np.ndarray
    count: np.ndarray
    times: np.ndarray
    hz: np.ndarray
    weight: np.ndarray
    final: np.ndarray


def low_pass(block: Block, low: float, high: float) -> np.ndarray:
    """The wave through a half-cosine from low to high (Hz), decimated, [n, M]."""
    freqs = block.grid.freqs[block.grid.freqs <= high]
    ramp = np.clip((freqs - low) / (high - low), 0, 1)
    return block.low_band(0.5 + 0.5 * np.cos(np.pi * ramp))


def band(block: Block, mode: np.ndarray) -> np.ndarray:
    """The wave around each frequency of `mode` [n]: half-cosines over TAIL_RISE and TAIL_FALL, decimated, [n, M]."""
    freqs = block.grid.freqs[block.grid.freqs <= TAIL_FALL[1] * mode.max()] / mode[:, None]
    rise = np.clip((freqs - TAIL_RISE[0]) / (TAIL_RISE[1] - TAIL_RISE[0]), 0, 1)
    fall = np.clip((freqs - TAIL_FALL[0]) / (TAIL_FALL[1] - TAIL_FALL[0]), 0, 1)
    gain = (0.5 - 0.5 * np.cos(np.pi * rise)) * (0.5 + 0.5 * np.cos(np.pi * fall))
    return block.low_band(gain)


def find(block: Block, wave: np.ndarray, start: np.ndarray, stop: np.ndarray) -> Track:
    """Zero crossings of a low-passed wave [n, M], linearly interpolated, between two times [n] (ms after the onset)."""
    n, size = wave.shape
    ms = 1000 * block.step / block.rate
    onset = block.onset * 1000 / block.rate
    at = np.arange(size - 1) * ms - onset[:, None]
    positive = wave >= 0
    change = positive[:, 1:] != positive[:, :-1]
    change &= (at >= start[:, None]) & (at < stop[:, None])
    row, column = np.nonzero(change)
    before, after = wave[row, column], wave[row, column + 1]
    when = (column + before / (before - after)) * ms - onset[row]

    # amplitude of the half wave that follows each crossing
    begins = row * size + column + 1
    half = np.maximum.reduceat(np.abs(wave).ravel(), begins) if len(begins) else np.zeros(0)
    found = np.bincount(row, minlength=n)
    width = max(int(found.max()), 4)
    slot = np.arange(len(row)) - np.repeat(np.cumsum(found) - found, found)
    crossings, amplitude = np.full((n, width), np.inf), np.zeros((n, width))
    crossings[row, slot] = when
    amplitude[row, slot] = half
    index = np.arange(width)
    amplitude[index >= (found - 1)[:, None]] = 0  # the last half wave is not complete

    loud = amplitude > 10 ** (-RANGE_DB / 20) * amplitude.max(axis=1, keepdims=True)
    count = np.where(loud.any(axis=1), width + 1 - np.argmax(loud[:, ::-1], axis=1), 0)  # the last loud one's end
    crossings[index >= count[:, None]] = np.inf
    final = np.where(count > 0, crossings[np.arange(n), np.maximum(count - 1, 0)], 0.0)

    first, third = crossings[:, :-2], crossings[:, 2:]
    whole = np.isfinite(third)
    duration = np.where(whole, np.where(whole, third, 1.0) - np.where(whole, first, 0.0), 1.0)
    times = np.where(whole, first + duration / 2, np.inf)
    weight = whole * duration * (amplitude[:, :-2] + amplitude[:, 1:-1]) ** 2
    return Track(crossings, count, times, np.where(whole, 1000 / duration, 1.0), weight, final)


def loudest_mode(block: Block, wave: np.ndarray, start: np.ndarray, stop: np.ndarray) -> np.ndarray:
    """Frequency of the highest line between two times (ms after the onset, [n]), the lower the better. [n] Hz

    Hann window; the power is divided by f: a second harmonic has to be 3 dB above the first. What is no local maximum,
    the slope of a rumble, counts half; what turns less than LEAST_TURNS times in that time, not at all.
    """
    size = wave.shape[1]
    at = np.arange(size) * (1000 * block.step / block.rate) - (block.onset * 1000 / block.rate)[:, None]
    turn = (at - start[:, None]) / np.maximum(stop - start, 1.0)[:, None]
    window = (1 - np.cos(2 * np.pi * turn)) * ((turn > 0) & (turn < 1))
    freqs = np.arange(size // 2 + 1) * (block.rate / block.step / size)
    span = (freqs >= MODE_HZ[0]) & (freqs <= MODE_HZ[1])
    line = np.abs(np.fft.rfft(wave * window)[:, span]) / np.sqrt(freqs[span])
    line[:, 1:-1] *= 1 + ((line[:, 1:-1] > line[:, :-2]) & (line[:, 1:-1] >= line[:, 2:]))  # a peak, not a slope
    line *= freqs[span] >= LEAST_TURNS * 1000 / np.maximum(stop - start, 1.0)[:, None]
    return freqs[span][np.argmax(line, axis=1)]


def track(block: Block) -> Track:
    """Crossings and periods: below 600 Hz in the first half of the pitched time, around the main frequency in the tail.

    The pitched time ends with the last half wave that is less than 40 dB below the largest. In the tail the sweep is
    over, so the filter may be narrow there, and a drum's upper modes, harmonics and hiss make no crossings.
    """
    ones = np.ones(block.n)
    wide = low_pass(block, *LOW_PASS_HZ)
    end = (block.gone - block.onset) * 1000 / block.rate
    whole = find(block, wide, BLIND_MS * ones, end)
    half = whole.final * TAIL_FROM
    mode = loudest_mode(block, wide, half, whole.final)
    narrow = band(block, mode)
    # crossings from a period before the tail on, so that its first period is whole
    tail = find(block, narrow, np.maximum(half - 1000 / mode, BLIND_MS), whole.final + 1e-6)
    early, late = whole.times < half[:, None], tail.times >= half[:, None]
    return Track(
        whole.crossings,
        whole.count,
        np.hstack([np.where(early, whole.times, np.inf), np.where(late, tail.times, np.inf)]),
        np.hstack([whole.hz, tail.hz]),
        np.hstack([whole.weight * early, tail.weight * late]),
        whole.final,
    )


def weighted_median(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """The value below which half of the weight lies, interpolated between the middles of the steps. [n, K] -> [n]"""
    order = np.argsort(values, axis=1)
    values, weight = np.take_along_axis(values, order, 1), np.take_along_axis(weight, order, 1)
    total = np.cumsum(weight, axis=1)
    middle = total - weight / 2
    middle = np.where(weight > 0, middle, np.where(total > 0, total, 0))
    goal = total[:, -1:] / 2
    above = np.argmax((middle >= goal) & (weight > 0), axis=1)
    has = weight > 0
    index = np.where(has, np.arange(values.shape[1]), -1)
    previous = np.maximum.accumulate(index, axis=1)
    row = np.arange(len(values))
    below = np.where(above > 0, previous[row, np.maximum(above - 1, 0)], -1)
    below = np.where(below < 0, above, below)
    span = middle[row, above] - middle[row, below]
    part = np.where(span > 0, (goal[:, 0] - middle[row, below]) / np.where(span > 0, span, 1), 1.0)
    low, high = values[row, below], values[row, above]
    return low + np.clip(part, 0, 1) * (high - low)


def pitch_at(path: Track, when: float) -> np.ndarray:
    """Frequency at a time (ms after the onset): slope of the cubic phase through the four crossings around it. [n]

    Half a turn passes between crossings, so phase(t_k) = k / 2 turns; Lagrange's polynomial through four of them is
    differentiated. One period of 50 Hz is 20 ms: here an average over periods would be too late.
    """
    before = (path.crossings <= when).sum(axis=1)
    first = np.clip(before - 2, 0, np.maximum(path.count - 4, 0))
    t = np.take_along_axis(path.crossings, first[:, None] + np.arange(4), axis=1)
    t = np.where((path.count >= 4)[:, None], t, np.arange(4.0))
    slope = np.zeros(len(t))
    for k in range(4):
        others = [j for j in range(4) if j != k]
        bottom = np.prod([t[:, k] - t[:, j] for j in others], axis=0)
        gaps = [when - t[:, j] for j in others]
        top = gaps[0] * gaps[1] + gaps[0] * gaps[2] + gaps[1] * gaps[2]
        slope += 0.5 * k * top / bottom
    slope *= 1000
    near = 1000 / (t[:, 2] - t[:, 0])
    return np.where((slope > near / 2) & (slope < near * 2), slope, near)


def roughness(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Weighted median of how far each value lies from the mean of its neighbours; a steady slope has none. [n]"""
    bend = np.abs(values[:, 1:-1] - (values[:, :-2] + values[:, 2:]) / 2)
    return weighted_median(bend, np.minimum(np.minimum(weight[:, :-2], weight[:, 2:]), weight[:, 1:-1]))


def measure(block: Block) -> Measured:
    """pitch_start_hz: slope of the phase 10 ms after the onset, see `pitch_at`.

    pitch_end_hz: median of the periods' frequencies, weighted with their energies, over the second half of
    the time between the onset and the last half wave above -40 dB. No value if neighbouring periods differ by more
    than three semitones from a straight line (weighted median): noise, or drum modes of equal strength.

    note, cents: nearest equal-tempered note, A4 = 440 Hz, C4 = MIDI 60 (so MIDI 36 is C2), and the deviation.

    sweep_ms: time from 10 ms after the onset until the pitch has first fallen 90 % of the way (in Hz) from pitch_start
    to pitch_end; tau ln 10 for an exponential sweep. No value if it falls by less than a semitone.
    """
    path = track(block)
    none = path.count < 4
    start = pitch_at(path, START_MS)

    tail = path.weight * (path.times >= path.final[:, None] * TAIL_FROM)
    none |= tail.sum(axis=1) <= 0
    log_hz = np.log2(path.hz)
    end = 2 ** weighted_median(log_hz, tail)
    scatter = 12 * roughness(log_hz, tail)
    rules = [(none, Why.NO_PITCH), (scatter > STEADY_SEMITONES, Why.UNSTEADY)]

    midi = 69 + 12 * np.log2(end / 440)
    nearest = np.round(midi)
    end_hz, why = unless(end, *rules)
    names = [f"{NAMES[k % 12]}{k // 12 - 1}" for k in nearest.astype(int)]

    # from the last period above a tenth of the way to the first below: a straight line in log(f - end)
    way = start - end
    tenth = (1 - FALL_SHARE) * way
    passed = (path.times > START_MS) & np.isfinite(path.times)
    reached = passed & (path.hz <= (end + tenth)[:, None]) & (path.weight > 0)
    filled = np.maximum.accumulate(np.where(path.weight > 0, np.arange(path.weight.shape[1]), 0), axis=1)
    row = np.arange(block.n)
    here = np.argmax(reached, axis=1)
    back = filled[row, np.maximum(here - 1, 0)]
    before = path.times[row, back]  # infinite where no period stands before
    early = (here == 0) | (before < START_MS) | ~np.isfinite(before)
    from_ms = np.where(early, START_MS, before)
    to_ms = np.where(reached.any(axis=1), path.times[row, here], from_ms)
    above = np.maximum(np.where(early, way, path.hz[row, back] - end), tenth)
    below = np.maximum(path.hz[row, here] - end, tenth / 4)
    falls = start >= end * LEAST_FALL
    fall = np.log(np.where(falls, above / np.where(falls, below, 1), np.e))
    part = np.log(np.where(falls, above / np.where(falls, tenth, 1), 1)) / np.maximum(fall, 1e-9)
    sweep = from_ms + np.clip(part, 0, 1) * (to_ms - from_ms) - START_MS
    return {
        "pitch_start_hz": unless(start, (none, Why.NO_PITCH)),
        "pitch_end_hz": (end_hz, why),
        "note": (np.where(why == 0, np.array(names, dtype="<U4"), ""), why),
        "cents": unless(100 * (midi - nearest), *rules),
        "sweep_ms": unless(sweep, *rules, (~falls, Why.NO_FALL), (~reached.any(axis=1), Why.NO_REACH)),
    }


def curve(block: Block) -> tuple[np.ndarray, np.ndarray]:
    """Pitch of the first sound: seconds from the beginning of the wave, Hz; a point a half period."""
    path = track(block)
    there = path.weight[0] > 0
    return (path.times[0][there] + block.onset[0] * 1000 / block.rate) / 1000, path.hz[0][there]
