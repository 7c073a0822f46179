"""The pitch of the body and its fall, from zero crossings of the wave below 600 Hz, or 3 kHz while a sweep is there.

A kick sweeps so fast that a window of a usual pitch tracker is longer than the sweep. Here each period is its own
measurement: f = 1 / (time from one crossing to the next but one), placed halfway. Both crossings have the same
direction, so an offset or an asymmetric drive doesn't bias them.
"""

from dataclasses import dataclass, fields
from functools import lru_cache

import numpy as np

from kickitout.descriptors.block import Grid, Measured, SoundBlock, gather, last_true, row_energy, unless
from kickitout.descriptors.fields import Why
from kickitout.notes import note_name

LOW_PASS_HZ = (400.0, 800.0)  # half-cosine: -6 dB at 600 Hz, rings for 3 ms
BLIND_MS = 1.0  # after the onset: the rise itself and the filter's ring make crossings
PITCH_RANGE_DB = 40.0  # a half wave this far below the largest one ends the pitch
LONGEST_HALF_MS = 28.0  # of 18 Hz; a longer half wave is an offset that fades
LOWEST_PITCH_HZ = 500 / LONGEST_HALF_MS  # what is slower is no pitch
MODE_HZ = (18.0, 300.0)  # where the main frequency of a tail is looked for
LEAST_TURNS = 1.2  # of the main frequency in the tail
TAIL_FROM = 0.45  # of the pitched time
TAIL_RAMP = 0.1  # of it: so long do the weights rise, so that no single period decides
TAIL_RISE = (0.2, 0.7)  # of the tail's main frequency: half-cosines
TAIL_FALL = (1.3, 1.9)
START_MS = 10.0
SWEEP_MS = (5.0, 15.0)  # after the onset: where a high sweep is looked for
SWEEP_SHARE = 0.7
SWEEP_PASS_HZ = (2000.0, 4000.0)
SWEEP_SEMITONES = 1.5
LEAST_PERIODS = 6
JOIN_HZ = 450.0
FALL_SHARE = 0.9
LEAST_SWEEP = 2 ** (1 / 12)
STEADY_SEMITONES = 3.0


@dataclass(frozen=True)
class Track:
    """Crossings and periods of n sounds, filled up to a common width; times in ms from the onset, inf for nothing.

    crossings: [n, K]; count: [n], how many there are. times, hz, weight: [n, P], the middle of each period, its
    frequency, and its weight (its energy: duration times squared amplitude; 0 where there is no period). final: [n],
    where the pitched time ends.
    """

    crossings: np.ndarray
    count: np.ndarray
    times: np.ndarray
    hz: np.ndarray
    weight: np.ndarray
    final: np.ndarray

    def take(self, rows: np.ndarray) -> "Track":
        """The track of some of the sounds."""
        return Track(*(getattr(self, field.name)[rows] for field in fields(self)))


@lru_cache(maxsize=16)
def low_pass(grid: Grid, low: float, high: float) -> np.ndarray:
    """Gain of a half-cosine from low to high (Hz), float32 [bins up to high]."""
    ramp = np.clip((grid.freqs[grid.freqs <= high] - low) / (high - low), 0, 1)
    return (0.5 + 0.5 * np.cos(np.pi * ramp)).astype(np.float32)


def band(block: SoundBlock, mode: np.ndarray) -> np.ndarray:
    """The wave around each frequency of `mode` [n]: half-cosines over TAIL_RISE and TAIL_FALL, decimated, [n, M]."""
    freqs = block.grid.freqs
    freqs = freqs[: int(np.searchsorted(freqs, TAIL_FALL[1] * MODE_HZ[1]))] / mode[:, None].astype(np.float32)
    rise = np.clip((freqs - TAIL_RISE[0]) / (TAIL_RISE[1] - TAIL_RISE[0]), 0, 1)
    fall = np.clip((freqs - TAIL_FALL[0]) / (TAIL_FALL[1] - TAIL_FALL[0]), 0, 1)
    quarter = np.float32(np.pi / 2)
    return block.low_band(np.square(np.sin(quarter * rise) * np.cos(quarter * fall)))


def find(wave: np.ndarray, rate: float, onset: np.ndarray, start: np.ndarray, stop: np.ndarray) -> Track:
    """Zero crossings of a wave [n, M] at `rate`, linearly interpolated, between two times [n].

    start, stop: ms after the onset; onset: ms after the first sample. The last half wave ends at `stop`.
    """
    n, size = wave.shape
    ms = 1000 / rate
    positive = wave >= 0
    row, column = np.divmod(np.flatnonzero(positive[:, 1:] != positive[:, :-1]), size - 1)
    at = column * ms - onset[row]
    inside = (at >= start[row]) & (at < stop[row])
    row, column, at = row[inside], column[inside], at[inside]
    before, after = wave[row, column].astype(np.float64), wave[row, column + 1].astype(np.float64)

    # `stop` counts as a crossing behind the last one of each row, for the length and amplitude of the half wave before
    found = np.bincount(row, minlength=n)
    behind = np.cumsum(found)
    when = np.insert(at + before / (before - after) * ms, behind, stop)
    stop_column = np.minimum(np.ceil((stop + onset) / ms).astype(int), size - 1)
    begins = np.insert(row * size + column + 1, behind, np.arange(n) * size + stop_column)
    half = np.maximum.reduceat(np.abs(wave).ravel(), begins)  # amplitude of the half wave that follows
    row = np.insert(row, behind, np.arange(n))
    slot = np.arange(len(row)) - (behind - found + np.arange(n))[row]
    width = max(int(found.max()) + 1, 6)
    crossings, amplitude = np.full((n, width), np.inf), np.zeros((n, width))
    crossings[row, slot] = when
    amplitude[row, slot] = half
    amplitude[:, :-1] *= np.diff(np.minimum(crossings, 1e9), axis=1) <= LONGEST_HALF_MS
    amplitude[np.arange(width) >= found[:, None]] = 0

    loud = amplitude > 10 ** (-PITCH_RANGE_DB / 20) * amplitude.max(axis=1, keepdims=True)
    last = np.where(loud.any(axis=1), last_true(loud), -1)
    final = np.where(last >= 0, crossings[np.arange(n), np.minimum(last + 1, width - 1)], 0.0)
    count = np.minimum(last + 2, found) * (last >= 0)
    crossings[np.arange(width) >= count[:, None]] = np.inf

    first, third = crossings[:, :-2], crossings[:, 2:]
    whole = np.isfinite(third)
    duration = np.where(whole, np.where(whole, third, 1.0) - np.where(whole, first, 0.0), 1.0)
    times = np.where(whole, first + duration / 2, np.inf)
    weight = whole * duration * (amplitude[:, :-2] + amplitude[:, 1:-1]) ** 2
    return Track(crossings, count, times, np.where(whole, 1000 / duration, 1.0), weight, final)


def loudest_mode(block: SoundBlock, wave: np.ndarray, start: np.ndarray, stop: np.ndarray) -> np.ndarray:
    """Frequency of the highest line between two times (ms after the onset, [n]), the lower the better. [n] Hz

    Hann window; the power is divided by f: a second harmonic has to be 3 dB above the first. What is no local maximum,
    the slope of a rumble, counts half; what turns less than LEAST_TURNS times in that time, not at all. Between the
    bins the line stands where a parabola through the logarithms of three of them has its top.
    """
    size, rate = wave.shape[1], block.rate / block.step
    span_ms = np.maximum(stop - start, 1.0)
    since = np.arange(size, dtype=np.float32) * np.float32(1000 / rate)
    turn = (since - (start + block.onset * 1000 / block.rate)[:, None].astype(np.float32)) / span_ms[:, None]
    window = 1 - np.cos(np.float32(2 * np.pi) * np.clip(turn, 0, 1).astype(np.float32))
    freqs = np.arange(size // 2 + 1) * (rate / size)
    first, last = np.searchsorted(freqs, MODE_HZ)
    spectrum = np.fft.rfft((wave * window).astype(np.float64))[:, first - 1 : last + 1]
    height = np.abs(spectrum) + 1e-12
    freqs = freqs[first:last]
    line = height[:, 1:-1] / np.sqrt(freqs)
    line *= 1 + ((height[:, 1:-1] > height[:, :-2]) & (height[:, 1:-1] >= height[:, 2:]))  # a peak, not a slope
    line *= freqs >= LEAST_TURNS * 1000 / span_ms[:, None]
    best, row = np.argmax(line, axis=1), np.arange(block.n)
    low, here, high = (np.log(height[row, best + k]) for k in range(3))
    bend = np.minimum(low - 2 * here + high, -1e-9)
    return freqs[best] + np.clip(0.5 * (low - high) / bend, -0.5, 0.5) * (rate / size)


def high_sweep(block: SoundBlock, wide: np.ndarray, end: np.ndarray) -> tuple[np.ndarray, Track, np.ndarray] | None:
    """The sounds whose sweep is still above the pass band of `wide` 10 ms after the onset: rows [k], their track in the
    band below 3 kHz, and the time [k] at which its pitch falls below JOIN_HZ (ms). None if there is none.

    A candidate has less than SWEEP_SHARE of its body's energy in `wide` from 5 to 15 ms after the onset. A beater has
    that as well, but no periods that follow a line: they may differ from it by SWEEP_SEMITONES (weighted median).
    """
    start = block.onset + block.samples(SWEEP_MS[0])
    start, count = -(-start // block.step), block.samples(SWEEP_MS[1] - SWEEP_MS[0]) // block.step
    share = row_energy(gather(wide, start, count)) / np.maximum(
        row_energy(gather(block.body_band, start, count)), 1e-20
    )
    rows = np.flatnonzero(share < SWEEP_SHARE)
    if len(rows) == 0:
        return None
    step = max(1, block.step // 4)
    wave = block.low_band(low_pass(block.grid, *SWEEP_PASS_HZ), step, rows)
    onset = block.onset[rows] * 1000 / block.rate
    path = find(wave, block.rate / step, onset, np.full(len(rows), BLIND_MS), end[rows])
    early = path.weight * (path.times > 2 * BLIND_MS) * (path.times < 2 * START_MS)
    steady = 12 * roughness(np.log2(path.hz), early) < SWEEP_SEMITONES
    steady &= (early > 0).sum(axis=1) >= LEAST_PERIODS
    low = (path.hz < JOIN_HZ) & (path.weight > 0)
    until = np.where(low.any(axis=1), path.times[np.arange(len(rows)), np.argmax(low, axis=1)], np.inf)
    return rows[steady], path.take(steady), until[steady]


def track(block: SoundBlock) -> Track:
    """Crossings and periods: below 600 Hz in the first half of the pitched time (below 3 kHz while a sweep is still
    there, see `high_sweep`), around the main frequency in the tail.

    The pitched time ends with the last half wave that is less than 40 dB below the largest. In the tail the sweep is
    over, so the filter may be narrow there, and a drum's upper modes, harmonics and hiss make no crossings.
    """
    rate, onset = block.rate / block.step, block.onset * 1000 / block.rate
    wide = block.low_band(low_pass(block.grid, *LOW_PASS_HZ))
    end = (block.gone - block.onset) * 1000 / block.rate
    whole = find(wide, rate, onset, np.full(block.n, BLIND_MS), end)
    half = whole.final * TAIL_FROM
    mode = loudest_mode(block, wide, half, whole.final)
    narrow = band(block, mode)
    # crossings from a period before the tail on, so that its first period is whole
    tail = find(narrow, rate, onset, np.maximum(half - 1000 / mode, BLIND_MS), whole.final)
    early, late = whole.times < half[:, None], tail.times >= half[:, None]
    parts = [(whole.times, whole.hz, whole.weight, early), (tail.times, tail.hz, tail.weight, late)]
    crossings, count = whole.crossings, whole.count
    high = high_sweep(block, wide, end)
    if high is not None and len(high[0]):
        rows, path, until = high
        early[rows] &= whole.times[rows] >= until[:, None]
        spread = np.zeros((block.n, path.times.shape[1]))
        sweep = [spread + np.inf, spread + 1.0, spread]
        for out, values in zip(sweep, (path.times, path.hz, path.weight), strict=True):
            out[rows] = values
        there = np.zeros(spread.shape, bool)
        there[rows] = path.times < np.minimum(until, half[rows])[:, None]
        parts.insert(0, (sweep[0], sweep[1], sweep[2], there))
        at_start = until > START_MS
        crossings = np.full((block.n, max(crossings.shape[1], path.crossings.shape[1])), np.inf)
        crossings[:, : whole.crossings.shape[1]] = whole.crossings
        crossings[rows[at_start]] = np.inf
        crossings[rows[at_start], : path.crossings.shape[1]] = path.crossings[at_start]
        count = count.copy()
        count[rows[at_start]] = path.count[at_start]
    return Track(
        crossings,
        count,
        np.hstack([np.where(there, times, np.inf) for times, _, _, there in parts]),
        np.hstack([hz for _, hz, _, _ in parts]),
        np.hstack([weight * there for _, _, weight, there in parts]),
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


def tail_weights(path: Track) -> np.ndarray:
    """How much each period counts for the pitch of the tail."""
    ramp = np.clip((np.minimum(path.times, 1e9) / np.maximum(path.final, 1e-9)[:, None] - TAIL_FROM) / TAIL_RAMP, 0, 1)
    weights: np.ndarray = path.weight * np.sin(np.pi / 2 * ramp) ** 2
    return weights


def measure_pitch(block: SoundBlock) -> Measured:
    """pitch_start_hz: slope of the phase 10 ms after the onset, see `pitch_at`.

    pitch_end_hz: median of the periods' frequencies, weighted with their energies, over the second half of
    the time between the onset and the end of the last half wave above -40 dB (the weights rise from 45 to 55 % of it).
    No value if neighbouring periods differ by more than three semitones from a straight line (weighted median): noise,
    or drum modes of equal strength.

    note, cents: nearest equal-tempered note, A4 = 440 Hz, C4 = MIDI 60 (so MIDI 36 is C2), and the deviation.

    sweep_ms: time from 10 ms after the onset until the pitch has first fallen 90 % of the way (in Hz) from pitch_start
    to pitch_end; tau ln 10 for an exponential sweep. No value if it falls by less than a semitone.
    """
    path = track(block)
    none = path.count < 4
    start = pitch_at(path, START_MS)

    tail = tail_weights(path)
    none |= tail.sum(axis=1) <= 0
    log_hz = np.log2(path.hz)
    end = 2 ** weighted_median(log_hz, tail)
    slow = none | (start < LOWEST_PITCH_HZ)
    scatter = 12 * roughness(log_hz, tail)
    rules = [(none | (end < LOWEST_PITCH_HZ), Why.NO_PITCH), (scatter > STEADY_SEMITONES, Why.UNSTEADY)]

    midi = 69 + 12 * np.log2(end / 440)
    nearest = np.round(midi)
    end_hz, why = unless(end, *rules)
    names = [note_name(k) for k in nearest.astype(int)]

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
    falls = start >= end * LEAST_SWEEP
    fall = np.log(np.where(falls, above / np.where(falls, below, 1), np.e))
    part = np.log(np.where(falls, above / np.where(falls, tenth, 1), 1)) / np.maximum(fall, 1e-9)
    sweep = from_ms + np.clip(part, 0, 1) * (to_ms - from_ms) - START_MS
    return {
        "pitch_start_hz": unless(start, (slow, Why.NO_PITCH)),
        "pitch_end_hz": (end_hz, why),
        "note": (np.where(why == 0, np.array(names, dtype="<U4"), ""), why),
        "cents": unless(100 * (midi - nearest), *rules),
        "sweep_ms": unless(
            sweep, *rules, (slow, Why.NO_PITCH), (~falls, Why.NO_FALL), (~reached.any(axis=1), Why.NO_REACH)
        ),
    }


def trace_periods(block: SoundBlock) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Periods of the first sound, one a half period: seconds from the beginning of the wave, Hz, and their weights."""
    path = track(block)
    there = path.weight[0] > 0
    seconds = (path.times[0][there] + block.onset[0] * 1000 / block.rate) / 1000
    return seconds, path.hz[0][there], path.weight[0][there]


def trace_rest(block: SoundBlock) -> tuple[float, float]:
    """Cents by which the pitch of the first sound falls in its tail, and by which its periods scatter there: along the
    line through them, from one standard deviation of their times before their mean to one behind it, and a standard
    deviation around the line. NaN where there are too few."""
    path = track(block)
    weight = tail_weights(path)[0]
    there = weight > 0
    if path.count[0] < 4 or there.sum() < 2:
        return float("nan"), float("nan")
    share, ms = weight[there] / weight[there].sum(), path.times[0][there]
    cents = 1200 * np.log2(path.hz[0][there])
    since = ms - share @ ms
    spread = float(share @ since**2)
    if spread <= 0:
        return float("nan"), float("nan")
    slope = float((share * since) @ cents / spread)
    off = cents - share @ cents - slope * since
    return -2 * slope * float(np.sqrt(spread)), float(np.sqrt(share @ off**2))
