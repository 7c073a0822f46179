"""The kick in a sound file: as a model hears it, and as a kit takes it."""

from __future__ import annotations

import os
from os import PathLike

import numpy as np

from kickitout.audio import Sound, channels_cancel, decode_sound, mid_side, open_for_reading, resample, sounding
from kickitout.audio.containers import read_whole
from kickitout.audio.prepare import (
    END_FADE_SAMPLES,
    MIN_SECONDS,
    SILENT,
    SILENT_FILE,
    Prepared,
    prepare,
    resting_offset,
    rise,
)
from kickitout.errors import UserError
from kickitout.generation.tail import first_half_second
from kickitout.sound import LENGTH, LONGEST_S, ONSET, PEAK, SAMPLE_RATE

STEREO = 1e-3  # side re mid, RMS: below it two channels are one
AT_PEAK = 1e-3  # a wave whose peak is so near to PEAK, relative to it, is at that level already


def read_bytes(path: str | PathLike[str]) -> bytes:
    """The bytes of a sound file. Raises UserError, also for one that is larger than any short sound."""
    with open_for_reading(path) as file:
        return read_whole(file, 0, os.fstat(file.fileno()).st_size, os.fspath(path))


def decode_kick(data: bytes, name: str, channels: int = 1) -> np.ndarray:
    """The bytes of a sound file as a model of so many channels hears it, prepared: [T], or left and right [2, T]; a
    peak of PEAK. name: begins every message. Raises UserError for what is no single kick.
    """
    found = _prepared(decode_sound(data, name), name)
    if channels == 1:
        return found.mid
    both = np.stack([found.mid + found.side, found.mid - found.side])
    return both * np.float32(PEAK / np.abs(both).max())


def wave_of(samples: np.ndarray, channels: int = 2) -> np.ndarray:
    """A kick as a model hears it, of samples at 44.1 kHz with the onset at ONSET: [LENGTH], or left and right [2,
    LENGTH], a peak of PEAK; a shorter one has silence behind it. channels: of the model, of which one takes the mean of
    both. Raises UserError for what are no samples, and for silence."""
    shape, kind = list(samples.shape), samples.dtype
    samples = samples[0] if samples.ndim == 2 and len(samples) == 1 else samples
    if samples.size == 0 or not (samples.ndim == 1 or (samples.ndim == 2 and len(samples) == 2)):
        raise UserError(f"samples {shape}: a kick is [T], or left and right [2, T]")
    if not np.issubdtype(kind, np.floating) or not np.isfinite(samples).all():
        raise UserError(f"samples of {kind}: a kick is finite floating-point samples, 1 at full scale")
    samples = samples.mean(axis=0) if samples.ndim > channels else samples
    peak = float(np.abs(samples).max())
    if peak < SILENT_FILE or samples.shape[-1] < MIN_SECONDS * SAMPLE_RATE:
        what = "silent" if peak < SILENT_FILE else "too short"
        raise UserError(f"samples {shape}: {what}; {1000 * MIN_SECONDS:g} ms and a peak of -60 dBFS make a kick")
    first = first_half_second(samples)
    if abs(peak / PEAK - 1) > AT_PEAK:
        first = first * np.float32(PEAK / peak)
    return np.pad(first, [(0, 0)] * (first.ndim - 1) + [(0, LENGTH - first.shape[-1])])


def sample_bytes(samples: np.ndarray) -> bytes:
    """What names samples that were no file: little-endian float32."""
    return np.asarray(samples).astype("<f4").tobytes()


def decode_whole_kick(data: bytes, name: str) -> np.ndarray:
    """The bytes of a sound file as a kit takes it: [C, T] at 44.1 kHz with its onset at ONSET, up to LONGEST_S.

    Everything is as the dataset prepares it (offset, onset), but nothing is cut but silence, and two channels stay two.
    Raises UserError, which begins with `name`.
    """
    sound = decode_sound(data, name)
    prepared = _prepared(sound, name)
    x = resample(_channels(sound), sound.rate, SAMPLE_RATE)
    start = round(prepared.onset_s * SAMPLE_RATE) - ONSET
    x = x[start:] if start >= 0 else np.pad(x, ((-start, 0), (0, 0)))
    loud = np.flatnonzero(np.abs(x).max(axis=1) > SILENT * np.abs(x).max())
    x = x[: loud[-1] + 1 + END_FADE_SAMPLES].copy()
    if len(x) > LONGEST_S * SAMPLE_RATE:
        raise UserError(
            f"{name}: {len(x) / SAMPLE_RATE:.1f} s of sound; a kit takes up to {LONGEST_S:.0f} s, cut it first"
        )
    x[:ONSET] *= rise(ONSET)[:, None]
    fade = min(END_FADE_SAMPLES, len(x) - ONSET)  # a hit may begin in the last samples of its file
    x[-fade:] *= rise(fade)[::-1, None]
    return np.ascontiguousarray(x.T)


def _prepared(sound: Sound, name: str) -> Prepared:
    try:
        return prepare(sound)
    except UserError as error:  # it does not know the name
        raise UserError(f"{name}: {error}") from error


def _channels(sound: Sound) -> np.ndarray:
    """[T, C] without an offset: two channels that differ, else their mean (or the louder one where they cancel)."""
    mid, side = mid_side(sound.samples)
    wide = float(np.square(side, dtype=np.float64).sum()) > STEREO**2 * float(np.square(mid, dtype=np.float64).sum())
    x = sounding(sound.samples) if wide and not channels_cancel(sound.samples) else mid[:, None]
    return x - np.array([resting_offset(channel, sound.rate) for channel in x.T], np.float32)
