"""A loop, and all that is heard in it before a kick is made for it."""

from __future__ import annotations

import math
import numbers
from dataclasses import dataclass, replace
from os import PathLike, fspath

import numpy as np

from kickitout.audio import decode_sound, mid_side, read_sound, resample
from kickitout.audio.prepare import SILENT_FILE
from kickitout.errors import UserError
from kickitout.fitting.bass import Bass, find_bass
from kickitout.fitting.given import NOTHING, Given
from kickitout.fitting.key import Key, find_key
from kickitout.fitting.level import ABSOLUTE_GATE, loudness_of
from kickitout.fitting.masking import low_cells
from kickitout.fitting.tempo import Tempo, find_tempo, given_tempo
from kickitout.sound import SAMPLE_RATE

SHORTEST_SECONDS, LONGEST_SECONDS = 1.0, 120.0
USUAL_BPM = 120.0  # of the grid on which kicks are compared where a loop has no beat
LOWEST_RATE = 8000  # Hz


@dataclass(frozen=True)
class Loop:
    """samples: float32 [T, C], C 1 or 2, at 44.1 kHz; lufs: integrated loudness; low: cells below 150 Hz of its mid
    (`fitting.masking`)."""

    name: str
    samples: np.ndarray
    mid: np.ndarray
    lufs: float
    tempo: Tempo
    key: Key
    bass: Bass
    low: np.ndarray

    @property
    def seconds(self) -> float:
        return len(self.samples) / SAMPLE_RATE

    @property
    def beats(self) -> np.ndarray:
        """Seconds at which kicks are placed: the beats, or every half second where none are heard."""
        grid = self.tempo if self.tempo.known else Tempo(USUAL_BPM, 0.0, 0.0)
        return grid.beats(self.seconds)

    @property
    def tonic(self) -> int | None:
        """Pitch class to tune to: of the key, else what the bass plays most, else None."""
        if self.key.known:
            return self.key.tonic
        return int(np.argmax(np.round(self.bass.classes(), 9))) if self.bass.known else None


def read_loop(
    loop: str | PathLike[str] | np.ndarray, rate: int = SAMPLE_RATE, given: Given = NOTHING
) -> Loop:  # fmt: skip
    """Hear a loop: a file, or samples [T], [T, C] or [2, T] at `rate` Hz; what is given is not looked for. Raises
    UserError for one that cannot be fitted."""
    if isinstance(loop, np.ndarray):
        return _heard("the loop", _checked_samples(loop, rate), rate, given)
    sound = read_sound(loop, longest=LONGEST_SECONDS)
    return _heard(fspath(loop), sound.samples, sound.rate, given)


def decode_loop(data: bytes, name: str, given: Given = NOTHING) -> Loop:
    """Hear the bytes of a sound file; name begins every message. Raises UserError as `read_loop` does."""
    sound = decode_sound(data, name, longest=LONGEST_SECONDS)
    return _heard(name, sound.samples, sound.rate, given)


def _heard(name: str, samples: np.ndarray, rate: int, given: Given = NOTHING) -> Loop:
    seconds = len(samples) / rate
    if seconds < SHORTEST_SECONDS:
        raise UserError(f"{name}: {seconds:.2g} s long; a loop of {SHORTEST_SECONDS:g} s or more works")
    if seconds > LONGEST_SECONDS:
        raise UserError(f"{name}: {seconds / 60:.1f} min long; at most {LONGEST_SECONDS:.0f} s are read: cut it first")
    if float(np.abs(samples).max()) < SILENT_FILE:
        raise UserError(f"{name}: silent: nothing in it is above -60 dBFS; give a loop that can be heard")
    if samples.shape[1] > 2:
        samples = mid_side(samples)[0][:, None]
    samples = resample(samples, rate, SAMPLE_RATE)
    mid, lufs = mid_side(samples)[0], loudness_of(samples, SAMPLE_RATE)
    if not math.isfinite(lufs):
        raise UserError(f"{name}: too quiet to fit a kick to: below {ABSOLUTE_GATE:g} LUFS; give a louder loop")
    bass = find_bass(mid, SAMPLE_RATE)
    tempo = find_tempo(mid, SAMPLE_RATE) if given.bpm is None else given_tempo(mid, SAMPLE_RATE, given.bpm)
    key = find_key(mid, SAMPLE_RATE, bass, 240 / (tempo.bpm if tempo.known else USUAL_BPM))
    if given.tonic is not None:
        key = replace(key, tonic=given.tonic, mode=given.mode, confidence=1.0, given=True)
    return Loop(name, samples, mid, lufs, tempo, key, bass, low_cells(mid, SAMPLE_RATE))


def _checked_samples(loop: np.ndarray, rate: int) -> np.ndarray:
    if loop.ndim not in (1, 2) or not np.issubdtype(loop.dtype, np.floating) or loop.size == 0:
        raise UserError(f"a loop is float samples [T] or [T, C], not {loop.dtype} {list(loop.shape)}")
    if not np.isfinite(loop).all():
        raise UserError("the loop holds NaN or infinite samples; render it again")
    if not isinstance(rate, numbers.Real) or not LOWEST_RATE <= rate <= 192_000:
        raise UserError(f"rate={rate!r}: 8000 to 192000 Hz work")
    if loop.ndim == 2 and len(loop) == 2:
        loop = loop.T  # left and right, as the library has a stereo kick
    return (loop[:, None] if loop.ndim == 1 else loop).astype(np.float32)
