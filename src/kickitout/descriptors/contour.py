"""The fall of the body's pitch as nine numbers: where it ends, and how much of each of eight speeds it falls with.

    log2 f(t) = log2 end + sum_k depth_k exp(-t / SPEEDS[k]),   t from the onset

A contour is smooth by construction, a generator can learn it from few kicks, and a re-pitched kick differs from the
original by one number. The numbers are fitted to the turns of the body, not to its frequency: an error
of 1 % in frequency is a quarter of a turn after 25 turns, and a body that is a quarter of a turn off is another wave.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from kickitout.descriptors import pitch
from kickitout.descriptors.block import BLOCK_ROWS, make_block, refusals, slices
from kickitout.descriptors.fields import Why
from kickitout.sound import SAMPLE_RATE

SPEEDS = np.geomspace(0.002, 0.18, 8)  # s
SIZE = 1 + len(SPEEDS)  # numbers a contour
PLAIN_HZ = 50.0  # of a sound without a pitch
RANGE_HZ = (15.0, 4000.0)
# A pitch falls: what rises slowly is hiss that was followed (a tenth of mixed kicks rose by six semitones and more).
LOWEST = np.array([-np.inf, *np.where(SPEEDS > 0.015, -0.02, -1.0)])  # octaves
POINTS = 400  # of the curve that is integrated
NEWTON_ROUNDS = 12  # of Gauss and Newton; it settles in about eight
STEEPEST = 1.0  # octaves that a number moves in a round
FOLLOWED_HZ = (300.0, 600.0)  # half-cosine: what is followed
REFINED = 4
FOLLOWED = 96  # points
QUIET_TURN = 0.01  # of the loudest: there the phase is not followed any more
TAIL_POINTS = 24
TAIL_WEIGHT = 0.5  # of a point of the tail; a crossing before it weighs 1
LEVEL_PULL = np.array([0.024, *np.full(len(SPEEDS), 0.005)])  # turns^2 an octave^2: towards a level pitch
ROUGH_TURNS = 0.15  # a point that is further off counts less (Huber 1964, doi.org/10.1214/aoms/1177703732)


PhasePoints = tuple[np.ndarray, np.ndarray, np.ndarray, float]  # seconds, turns, weights; log2 of the end pitch, Hz


class Contours(NamedTuple):
    """The contours of n sounds.

    numbers: float32 [n, SIZE]: log2 of the end pitch in Hz, then depths in octaves. off: float32 [n], RMS distance in
    turns between the contour's phase and the body's, NaN for a sound without a pitch.
    """

    numbers: np.ndarray
    off: np.ndarray


def contours(waves: np.ndarray, rate: float = SAMPLE_RATE) -> Contours:
    """The contours of waves [n, T]; each is the same alone and in any batch. A sound without a pitch is level at 50 Hz.

    >>> t = np.arange(22050) / 44100
    >>> falling = np.sin(2 * np.pi * (50 * t + 4 * (1 - np.exp(-t / 0.03)))) * np.exp(-t / 0.15)
    >>> found = contours(falling[None])
    >>> bool(abs(2 ** found.numbers[0, 0] - 50) < 0.5), bool(found.off[0] < 0.02)
    (True, True)
    """
    numbers = np.zeros((len(waves), SIZE), np.float32)
    numbers[:, 0] = np.log2(PLAIN_HZ)
    off = np.full(len(waves), np.nan, np.float32)
    good = np.flatnonzero(refusals(waves) == Why.KNOWN)
    for part in slices(len(good), BLOCK_ROWS):
        at = good[part]
        block = make_block(waves[at], rate)
        path, body = pitch.track(block), block.low_band(pitch.low_pass(block.grid, *FOLLOWED_HZ))
        seconds = (np.arange(body.shape[1]) * block.step - block.onset[:, None]) / block.rate
        for row, i in enumerate(at):
            points = _crossed(path, row)
            if points is None:
                continue
            found, _ = _fit_contour(*points)
            for _ in range(REFINED):
                points = _phase_followed(found, body[row], seconds[row], path.final[row] / 1000)
                found, off[i] = _fit_contour(*points)
            numbers[i] = found
    return Contours(numbers, off)


def hz_at(numbers: np.ndarray, seconds: np.ndarray) -> np.ndarray:
    """Frequency of contours [n, SIZE] at times [t] after the onset: [n, t]."""
    return 2.0 ** np.clip(numbers @ _basis(seconds), *np.log2(RANGE_HZ))


def _basis(seconds: np.ndarray) -> np.ndarray:
    """[SIZE, t]"""
    return np.vstack([np.ones_like(seconds), np.exp(-seconds / SPEEDS[:, None])])


def _crossed(path: pitch.Track, row: int) -> PhasePoints | None:
    """Points of the body's phase: seconds, turns, weights; and log2 of the pitch where it ends. None without a pitch.

    Zero crossings, half a turn each, as long as the wide filter is read; then the integral of the tail's frequency, in
    which upper modes and hiss make no crossings.
    """
    crossings = path.crossings[row][: path.count[row]]
    crossings = crossings[np.isfinite(crossings)] / 1000
    there = path.weight[row] > 0
    if len(crossings) < 4 or there.sum() < 2:
        return None
    order = np.argsort(path.times[row][there], kind="stable")
    times, log_hz = path.times[row][there][order] / 1000, np.log2(path.hz[row][there][order])
    early = crossings <= max(crossings[-1] * pitch.TAIL_FROM, crossings[3])
    seconds, turns = crossings[early], 0.5 * np.arange(int(early.sum()))
    late = np.linspace(seconds[-1], crossings[-1], TAIL_POINTS)
    hz = 2 ** np.interp(late, times, log_hz)
    more = turns[-1] + np.cumsum(0.5 * (hz[1:] + hz[:-1]) * np.diff(late))
    weight = np.r_[np.ones(len(seconds)), np.full(len(more), TAIL_WEIGHT)]
    end = float(np.median(log_hz[-max(3, len(log_hz) // 3) :]))
    return np.r_[seconds, late[1:]], np.r_[turns, more], weight, end


def _phase_followed(numbers: np.ndarray, body: np.ndarray, seconds: np.ndarray, end: float) -> PhasePoints:
    """The same kind of points, from the angle of the body against the contour's own phase.

    x(t) exp(-2 pi i phase(t)), smoothed over a turn, stands still where the contour is right and turns where it is not.
    Loud moments count more, so that what rides on the body does not.
    """
    grid = np.linspace(0, max(end, 0.02), POINTS)
    hz = hz_at(numbers, grid)
    phase = np.r_[0, np.cumsum(0.5 * (hz[1:] + hz[:-1]) * grid[1])]
    inside = (seconds >= 0) & (seconds <= end)
    t, x = seconds[inside], body[inside]
    turned = x * np.exp(-2j * np.pi * np.interp(t, grid, phase))
    sums = np.r_[0, np.cumsum(turned)]
    at = np.linspace(0, len(t) - 1, FOLLOWED).astype(int)
    half = np.clip(np.round(0.5 / np.interp(t[at], grid, hz) / (t[1] - t[0])), 1, None).astype(int)  # half a turn
    low, high = np.maximum(at - half, 0), np.minimum(at + half, len(t))
    mean = (sums[high] - sums[low]) / (high - low)
    angle = np.unwrap(np.angle(mean)) / (2 * np.pi)
    weight = np.abs(mean) / np.abs(mean).max()
    last = max(4, int(np.flatnonzero(weight > QUIET_TURN)[-1]) + 1)
    turns = np.interp(t[at], grid, phase) + angle
    return t[at][:last], turns[:last], weight[:last] ** 0.5, float(numbers[0])


def _fit_contour(seconds: np.ndarray, turns: np.ndarray, weight: np.ndarray, end: float) -> tuple[np.ndarray, float]:
    """Numbers and RMS error in turns. Gauss-Newton on the phase, whose slope to a number is the integral of
    f(t) ln 2 basis_k(t); where the first turn begins is one unknown more."""
    level = np.zeros(SIZE)
    level[0] = end
    grid = np.linspace(0, seconds[-1] + 1e-3, POINTS)
    basis, step = _basis(grid), grid[1]
    found, begin = level.copy(), None
    pull = np.r_[LEVEL_PULL, 1e-6]
    low, high = np.log2(RANGE_HZ)
    place = seconds / step
    below = np.minimum(place.astype(int), POINTS - 2)
    part = place - below
    for _ in range(NEWTON_ROUNDS):
        hz = 2.0 ** np.clip(found @ basis, low, high)
        rates = np.vstack([hz, np.log(2) * hz * basis])  # of the phase, and of its slopes
        integral = np.cumsum(0.5 * step * (rates[:, 1:] + rates[:, :-1]), axis=1)
        integral = np.concatenate([np.zeros((len(rates), 1)), integral], axis=1)
        at = integral[:, below] * (1 - part) + integral[:, below + 1] * part
        slopes = np.vstack([at[1:], np.ones(len(seconds))]).T
        if begin is None:
            begin = float(np.average(turns - at[0], weights=weight))
        error = turns - at[0] - begin
        trust = weight * np.minimum(1, ROUGH_TURNS / np.maximum(np.abs(error), 1e-9))
        curvature = slopes.T @ (slopes * trust[:, None]) + np.diag(pull)
        slope = slopes.T @ (error * trust) - np.r_[pull[:-1] * (found - level), 0.0]
        move = _bounded(curvature, slope, np.r_[LOWEST - found, -np.inf])
        found = np.maximum(found + np.clip(move[:-1], -STEEPEST, STEEPEST), LOWEST)
        begin += float(move[-1])
    return found.astype(np.float32), float(np.sqrt(np.mean(error**2)))


def _bounded(curvature: np.ndarray, slope: np.ndarray, lowest: np.ndarray) -> np.ndarray:
    """The move that minimises 1/2 m' C m - m' s, where what would fall below `lowest` stands on it (an active set)."""
    move = np.linalg.solve(curvature, slope)
    held = np.zeros(len(move), bool)
    while ((move < lowest - 1e-9) & ~held).any():
        held |= move < lowest - 1e-9
        move = np.where(held, lowest, 0.0)
        free = np.flatnonzero(~held)
        rest = slope[free] - curvature[np.ix_(free, held)] @ lowest[held]
        move[free] = np.linalg.solve(curvature[np.ix_(free, free)], rest)
    return move
