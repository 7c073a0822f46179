"""What a loop leaves free around its beats: how long the low end stays quiet, and where a click is not covered."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kickitout.fitting.loop import Loop
from kickitout.fitting.masking import FRAME_SECONDS, HOP_SECONDS
from kickitout.sound import SAMPLE_RATE

BUSY = 0.1  # of the mean energy of the low end: from here on it is busy
LEAST_ROOM_MS = 60.0  # shorter is none: a kick's first periods
SHORT_MS, LONG_MS = 40.0, 240.0  # time to fall by 20 dB that is asked for
TAKEN_MS = 70.0  # the same where no room is left: a shorter kick is a tick there
CLICK_SECONDS = 0.04
CLICK_CENTRES_HZ = (3000.0, 4200.0, 6000.0)  # where a click can be put: half an octave apart, what the model reaches
CLICK_WIDTH = 2**0.25
HATS_HZ = (8000.0, 16_000.0)
HATS_DB = -6.0  # what hats have there re 2.5 to 7 kHz; of recorded hats 11 in 12 have more, of kicks 5 in 6 less
COVERED_DB = 6.0  # by which the beats must be above the mean of the loop to have hats that cover a click
CARRYING_DB = -12.0  # a click that is heard where a bass covers the body


@dataclass(frozen=True)
class Room:
    """free_ms: from a beat until the low end is busy, 0 where it is busy at the beat; beat_ms: between two beats;
    click_hz: the place for a click where the hats have least, None where no hats cover one; hats_db: how much more
    there is at the beats, of hats or not."""

    free_ms: float
    beat_ms: float
    click_hz: float | None
    hats_db: float

    @property
    def taken(self) -> bool:
        """Whether the low end is busy when a kick comes."""
        return self.free_ms < LEAST_ROOM_MS

    @property
    def decay_ms(self) -> float:
        """Time to fall by 20 dB so that 40 dB are over before the bass or the next beat, in steps of 5 ms;
        TAKEN_MS where there is no room for a kick."""
        until = min(self.free_ms, self.beat_ms) / 2
        return TAKEN_MS if self.taken else 5 * round(min(max(until, SHORT_MS), LONG_MS) / 5)


def find_room(loop: Loop) -> Room:
    """What is free around the beats of a loop."""
    beats = loop.beats
    beat_ms = 1000 * float(np.diff(beats).mean()) if len(beats) > 1 else 1000 * loop.seconds
    click_hz, hats_db = _click_place(loop.mid, beats)
    return Room(_free_ms(loop.low.sum(axis=1), beats, beat_ms), beat_ms, click_hz, hats_db)


def _free_ms(low: np.ndarray, beats: np.ndarray, beat_ms: float) -> float:
    """From the beats on, how long the mean energy of the low end stays below BUSY of its own mean."""
    if float(low.sum()) <= 0:
        return beat_ms
    count = max(1, round(beat_ms / 1000 / HOP_SECONDS))
    starts = np.round(beats / HOP_SECONDS).astype(int)
    rows = [low[at : at + count] for at in starts if at + count <= len(low)] or [low[:count]]
    after = np.mean(rows, axis=0) / float(low.mean())
    blur = round(FRAME_SECONDS / 2 / HOP_SECONDS)  # a frame sees what ends or begins half of it away
    busy = np.flatnonzero(after[blur:] > BUSY)
    if not len(busy):
        return 1000 * HOP_SECONDS * len(after)
    return 0.0 if busy[0] == 0 else 1000 * HOP_SECONDS * _onset(after, blur + int(busy[0]), 2 * blur)


def _onset(energy: np.ndarray, first: int, rise: int) -> float:
    """Where what is seen from frame `first` on begins, in frames: a frame in whose middle a tone begins has half of its
    amplitude, and a quarter of the energy that it has `rise` frames later."""
    after = energy[first - 1 : first + rise]
    quarter = float(after.max()) / 4
    at = int(np.flatnonzero(after >= quarter)[0])
    part = 0.0 if at == 0 else (quarter - after[at - 1]) / (after[at] - after[at - 1])
    return first - 1 + max(0.0, at - 1 + float(part))


def _click_place(mid: np.ndarray, beats: np.ndarray) -> tuple[float | None, float]:
    """The quietest of CLICK_CENTRES_HZ at the beats, None where they are no louder than the rest or where what is loud
    there is no hats; and by how much."""
    size = 1024
    count = max(1, (len(mid) - size) // 512)
    frames = np.lib.stride_tricks.sliding_window_view(mid.astype(np.float64), size)[: count * 512 : 512]
    power = np.abs(np.fft.rfft(frames * np.hanning(size))) ** 2
    hz = np.fft.rfftfreq(size, 1 / SAMPLE_RATE)
    edges = [(hz >= centre / CLICK_WIDTH) & (hz < centre * CLICK_WIDTH) for centre in CLICK_CENTRES_HZ]
    bands = np.stack([power[:, inside].sum(axis=1) for inside in edges], axis=1) + 1e-12  # [frames, bands]
    top = power[:, (hz >= HATS_HZ[0]) & (hz < HATS_HZ[1])].sum(axis=1)
    wide = max(1, round(CLICK_SECONDS * SAMPLE_RATE / 512))
    starts = (beats * SAMPLE_RATE / 512).astype(int)
    at = np.unique(np.concatenate([starts + k for k in range(wide)]))
    at = at[at < len(bands)]
    if len(at) == 0:
        return None, 0.0
    over = 10 * np.log10(bands[at].mean() / bands.mean())
    hats = 10 * np.log10(max(float(top[at].mean()), 1e-12) / bands[at].sum(axis=1).mean()) >= HATS_DB
    if over < COVERED_DB or not hats:
        return None, float(over)
    return CLICK_CENTRES_HZ[int(np.argmin(np.round(10 * np.log10(bands[at].mean(axis=0)), 1)))], float(over)
