"""Effects for kicks: attack sweep, fade-in, equaliser, balance, top, hiss, room, noise floor, cut, clip.

Waveforms: float32 [22050] at 44.1 kHz, mono, onset at sample ONSET. As in `changes`, each effect is a pure function of
one waveform that keeps onset, length, peak PEAK and silent ends and adds no offset; its neutral setting gives the wave
back. Filters are minimum phase, so nothing rings ahead of the onset. Layers are as loud as asked re the energy of the
wave they are added to. Noise comes from a seed of its own (Philox): a change is the same alone and in any batch.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from kickitout.augmentation.changes import BODY_BAND_HZ, CUT_FADE
from kickitout.augmentation.shape import (
    END_FADE,
    TRANSFORM,
    below,
    checked_number,
    checked_wave,
    fall,
    finish,
    first_at,
    normalised,
)
from kickitout.errors import UserError
from kickitout.sound import LENGTH, ONSET, PEAK, SAMPLE_RATE
from kickitout.synthesis.parameters import OFF_DB, Limit, checked_seed
from kickitout.synthesis.signal import Wave, quick_size

# What a setting may be. PARAMETERS in `mix` holds what is musical.
EFFECT_LIMITS = {
    "sweep_semitones": Limit(-12.0, 36.0, "semitones"),
    "sweep_ms": Limit(2.0, 1000.0, "ms"),
    "soften_ms": Limit(0.0, 100.0, "ms"),
    "low_db": Limit(-48.0, 24.0, "dB"),
    "low_hz": Limit(20.0, 1000.0, "Hz"),
    "mid_db": Limit(-24.0, 24.0, "dB"),
    "mid_hz": Limit(40.0, 8000.0, "Hz"),
    "high_db": Limit(-48.0, 24.0, "dB"),
    "high_hz": Limit(200.0, 16_000.0, "Hz"),
    "sub_share": Limit(0.0, 1.0, ""),
    "most_db": Limit(0.0, 24.0, "dB"),
    "layer_db": Limit(-100.0, 12.0, "dB"),
    "rise_ms": Limit(0.0, 100.0, "ms"),
    "hiss_ms": Limit(2.0, 5000.0, "ms"),
    "room_ms": Limit(10.0, 5000.0, "ms"),
    "noise_tilt": Limit(-12.0, 6.0, "dB/octave"),
    "noise_low_hz": Limit(20.0, 10_000.0, "Hz"),
    "noise_high_hz": Limit(1000.0, 22_050.0, "Hz"),
    "floor_db": Limit(-140.0, -20.0, "dB"),
    "cut_ms": Limit(30.0, 500.0, "ms"),
    "cut_fade_ms": Limit(1.0, 500.0, "ms"),
    "clip_db": Limit(0.0, 24.0, "dB"),
    "trim_db": Limit(-100.0, -6.0, "dB"),
    "trim_fade_ms": Limit(1.0, 500.0, "ms"),
}
SUB_HZ = 60.0  # of the kick card's sub_share
BALANCE_HZ = 70.0  # corner of the shelf that moves it
COUPLING_HZ = 15.0  # below hearing
FIRST_ECHO_MS = 2.5  # the nearest reflection has travelled 0.9 m further than the direct sound
FLOOR_BAND_HZ = 4000.0  # above, the kick card reads a tail's noise
TILT_FROM_HZ = 200.0  # noise is flat below, or a tilted one would be all rumble

_FEW_HZ = 1500.0  # a shelf at BALANCE_HZ does nothing above

# ------------------------------------------------------------------------------------------ pitch, attack, colour


def sweep(wave: Wave, semitones: float, ms: float) -> Wave:
    """Raise the pitch at the onset by `semitones`; 90 % of that (in Hz) are gone after `ms`. Negative flattens a sweep.

    The body (below 600-1200 Hz) is played at 1 + a 10^(-t / ms) times its speed, a = 2^(semitones / 12) - 1, so its end
    comes a ms / ln 10 earlier; the top stays where it is. Musical: 3 to 21 semitones, 40 to 250 ms.
    """
    wave, semitones, ms = (
        checked_wave(wave),
        checked_number(EFFECT_LIMITS, "sweep_semitones", semitones),
        checked_number(EFFECT_LIMITS, "sweep_ms", ms),
    )
    if semitones == 0:
        return normalised(wave)
    body, place = below(wave, *BODY_BAND_HZ), sweep_places(semitones, ms)
    moved = body.copy()
    moved[ONSET:] = _read(body, place)
    end = ONSET + int(np.searchsorted(place, LENGTH - 1))  # where it has been used up
    if end < LENGTH:
        moved[end - CUT_FADE : end] *= fall(CUT_FADE)
        moved[end:] = 0
    return finish(wave - body + moved, wave)


def sweep_places(semitones: float, ms: float) -> NDArray[np.float64]:
    """The sample of a body that each sample of the swept one is read from, [LENGTH - ONSET], ascending."""
    a, tau = 2 ** (semitones / 12) - 1, ms / 1000 * SAMPLE_RATE / math.log(10)
    t = np.arange(LENGTH - ONSET, dtype=np.float64)
    place: NDArray[np.float64] = ONSET + t - a * tau * np.expm1(-t / tau)
    return place


def soften(wave: Wave, ms: float) -> Wave:
    """Fade in, half a cosine over `ms` from the onset on. Musical: 2 to 15 ms."""
    wave, count = checked_wave(wave), round(checked_number(EFFECT_LIMITS, "soften_ms", ms) / 1000 * SAMPLE_RATE)
    if count == 0:
        return normalised(wave)
    out = wave.copy()
    out[ONSET : ONSET + count] *= fall(count)[::-1]
    return finish(out, wave)


def equalise(
    wave: Wave, low_db: float = 0.0, low_hz: float = 60.0, mid_db: float = 0.0, mid_hz: float = 300.0,
    high_db: float = 0.0, high_hz: float = 3000.0,
) -> Wave:  # fmt: skip
    """Gain of `low_db` below `low_hz`, of `mid_db` around `mid_hz`, of `high_db` above `high_hz`.

    Analogue shelves of second order without a bump, with half of their gain (in dB) at the corner, and a bell with a Q
    of 1. Musical: -9 dB around 180 to 600 Hz takes the box out; -40 to 6 dB from 1.5 to 6 kHz on.
    """
    wave = checked_wave(wave)
    low_db, mid_db, high_db = (
        checked_number(EFFECT_LIMITS, "low_db", low_db),
        checked_number(EFFECT_LIMITS, "mid_db", mid_db),
        checked_number(EFFECT_LIMITS, "high_db", high_db),
    )
    low_hz, mid_hz, high_hz = (
        checked_number(EFFECT_LIMITS, "low_hz", low_hz),
        checked_number(EFFECT_LIMITS, "mid_hz", mid_hz),
        checked_number(EFFECT_LIMITS, "high_hz", high_hz),
    )
    if low_db == mid_db == high_db == 0:
        return normalised(wave)
    s = _imaginary_hz()
    spectrum = np.fft.rfft(wave, TRANSFORM)
    if low_db != 0:
        spectrum *= _shelf(s / low_hz, low_db)
    if mid_db != 0:
        spectrum *= _bell(s / mid_hz, mid_db)
    if high_db != 0:
        spectrum *= _shelf(high_hz / s, high_db)
    return finish(np.fft.irfft(spectrum, TRANSFORM)[:LENGTH], wave)


def balance(wave: Wave, sub_share: float, most_db: float = 12.0) -> Wave:
    """Turn a low shelf until the share of energy below 60 Hz is `sub_share`, by `most_db` either way at most.

    What boosts the sub would boost an offset as well, so the shelf ends in a coupling: a high-pass at 15 Hz.
    Musical: 0.02 to 0.5.
    """
    wave, goal, most_db = (
        checked_wave(wave),
        checked_number(EFFECT_LIMITS, "sub_share", sub_share),
        checked_number(EFFECT_LIMITS, "most_db", most_db),
    )
    s = _imaginary_hz()
    hz = s.imag
    power = np.abs(np.fft.rfft(wave, TRANSFORM)) ** 2
    few = int(np.searchsorted(hz, _FEW_HZ))
    sub = int(np.searchsorted(hz, SUB_HZ))
    rest = float(power[few:].sum())
    low, high = -most_db, most_db
    for _ in range(9):  # halves: to a twentieth of a dB
        db = (low + high) / 2
        turned = power[:few] * np.abs(_shelf(s[:few] / BALANCE_HZ, db)) ** 2
        low, high = (low, db) if turned[:sub].sum() > goal * (turned.sum() + rest) else (db, high)
    gain = _shelf(s / BALANCE_HZ, (low + high) / 2) * (s / (s + COUPLING_HZ))
    coupled = np.fft.rfft(wave, TRANSFORM) * gain
    return finish(np.fft.irfft(coupled, TRANSFORM)[:LENGTH], wave)


# --------------------------------------------------------------------------------------------------------------- layers


def add_layer(wave: Wave, layer: Wave, level_db: float, rise_ms: float = 0.0) -> Wave:
    """Add `layer` [<= LENGTH - ONSET] from the onset on, faded in over `rise_ms`; its energy then is `level_db` re that
    of the wave. OFF_DB leaves it out. Musical: -45 to -8 dB."""
    wave, level_db = checked_wave(wave), checked_number(EFFECT_LIMITS, "layer_db", level_db)
    rise = min(round(checked_number(EFFECT_LIMITS, "rise_ms", rise_ms) / 1000 * SAMPLE_RATE), len(layer))
    if level_db <= OFF_DB:
        return normalised(wave)
    layer = layer.astype(np.float32)
    if rise > 0:
        layer[:rise] *= fall(rise)[::-1]
    out = wave.copy()
    out[ONSET : ONSET + len(layer)] += layer * _gain(wave, layer, level_db)
    return finish(out, wave)


def hiss(seed: int, ms: float, tilt_db_per_octave: float, low_hz: float = 100.0, high_hz: float = 22_050.0) -> Wave:
    """A layer of noise that decays by 60 dB in `ms`; it stops 80 dB down, or where a kick ends. Musical: 60 to 1200 ms,
    tilted by -6 to 0 dB/octave, from 150 to 3000 Hz on."""
    seed, ms = checked_seed(seed), checked_number(EFFECT_LIMITS, "hiss_ms", ms)
    count = min(int(ms / 1000 * SAMPLE_RATE * 4 / 3), LENGTH - ONSET)
    return _noise(seed, count, tilt_db_per_octave, low_hz, high_hz) * _decay(count, ms)


def room(wave: Wave, level_db: float, ms: float, tilt_db_per_octave: float, seed: int) -> Wave:
    """Add reflections with an energy of `level_db` re the wave: noise that begins 2.5 ms late, has fallen by 60 dB
    after `ms`, and is tilted from 200 Hz on. OFF_DB leaves them out.

    Musical: -22 to -1 dB, 100 to 900 ms, -8 to -2 dB/octave.
    """
    wave, level_db, ms = (
        checked_wave(wave),
        checked_number(EFFECT_LIMITS, "layer_db", level_db),
        checked_number(EFFECT_LIMITS, "room_ms", ms),
    )
    if level_db <= OFF_DB:
        return normalised(wave)
    late, size = round(FIRST_ECHO_MS / 1000 * SAMPLE_RATE), 2 * TRANSFORM
    count = min(int(ms / 1000 * SAMPLE_RATE * 4 / 3), LENGTH - ONSET - late)
    walls = _noise(checked_seed(seed), count, tilt_db_per_octave, 25.0, 22_050.0) * _decay(count, ms)
    walls[:late] *= fall(late)[::-1]
    wet = np.fft.irfft(np.fft.rfft(wave, size) * np.fft.rfft(walls, size), size)[: LENGTH - late].astype(np.float32)
    wet[-CUT_FADE:] *= fall(CUT_FADE)
    out = wave.copy()
    out[late:] += wet * _gain(wave, wet, level_db)
    return finish(out, wave)


def floor_noise(wave: Wave, level_db: float, tilt_db_per_octave: float, seed: int, trimmed: bool = False) -> Wave:
    """A recorder's noise under the whole sound, steady, with an RMS above 4 kHz of `level_db` re peak; behind the end
    of the sound (-80 dB re peak) silence stays, and before the onset if the file was `trimmed` to it.

    Musical: -95 to -65 dB, -6 to -2 dB/octave.
    """
    wave, level_db = checked_wave(wave), checked_number(EFFECT_LIMITS, "floor_db", level_db)
    spectrum, size = _noise_spectrum(checked_seed(seed), LENGTH, tilt_db_per_octave, 100.0, 22_050.0)
    noise = np.fft.irfft(spectrum, size)[:LENGTH].astype(np.float32, copy=False)
    above = spectrum[round(FLOOR_BAND_HZ * size / SAMPLE_RATE) :]
    rms = math.sqrt(2 * float(np.vdot(above, above).real)) / size
    top = float(np.abs(wave).max())
    noise *= np.float32(top * 10 ** (level_db / 20) / rms)
    end = LENGTH - int(np.argmax(np.abs(wave[::-1]) > 1e-4 * top))
    fade = END_FADE if end < LENGTH - END_FADE else CUT_FADE  # as `prepare` fades a file that ends, or goes on
    noise[:ONSET] *= 0 if trimmed else fall(ONSET)[::-1]
    noise[end - fade : end] *= fall(fade)
    noise[end:] = 0
    return normalised(wave + noise)


# ------------------------------------------------------------------------------------------ end and level


def cut(wave: Wave, ms: float, fade_ms: float) -> Wave:
    """End the sound `ms` after its onset, faded out over the last `fade_ms`. Musical: 110 to 450 ms, 4 to 60 ms."""
    wave, ms, fade_ms = (
        checked_wave(wave),
        checked_number(EFFECT_LIMITS, "cut_ms", ms),
        checked_number(EFFECT_LIMITS, "cut_fade_ms", fade_ms),
    )
    if fade_ms > ms:
        raise UserError(f"fade_ms={fade_ms:g}: must be no longer than ms={ms:g}, after which the sound ends")
    end, fade = ONSET + round(ms / 1000 * SAMPLE_RATE), round(fade_ms / 1000 * SAMPLE_RATE)
    if end >= LENGTH:
        return normalised(wave)
    out = wave.copy()
    out[end - fade : end] *= fall(fade)
    out[end:] = 0
    out = finish(out, wave)
    out[end:] = 0
    return out


def trim(wave: Wave, db: float, fade_ms: float) -> Wave:
    """End the sound where it has sunk to `db` re peak, as who edits a sample does: from there on it fades out over
    `fade_ms`. OFF_DB leaves it as it is. Musical: -70 to -25 dB, 5 to 60 ms."""
    wave, db = checked_wave(wave), checked_number(EFFECT_LIMITS, "trim_db", db)
    fade = round(checked_number(EFFECT_LIMITS, "trim_fade_ms", fade_ms) / 1000 * SAMPLE_RATE)
    end = LENGTH - first_at(wave[::-1], 10 ** (db / 20))
    if db <= OFF_DB or end >= LENGTH - END_FADE:
        return normalised(wave)
    gain = np.pad(fall(fade), (end, LENGTH))[:LENGTH]
    gain[:end] = 1
    return finish(wave * gain, wave) * (gain > 0)


def clip(wave: Wave, db: float) -> Wave:
    """Cut off what stands less than `db` below the peak, and back to PEAK: flat tops. Musical: up to 3 dB."""
    wave, db = checked_wave(wave), checked_number(EFFECT_LIMITS, "clip_db", db)
    top = np.float32(PEAK * 10 ** (-db / 20))
    return np.clip(normalised(wave), -top, top) * np.float32(PEAK / top)


# ---------------------------------------------------------------------------------------------------------------- maths


def _gain(wave: Wave, layer: Wave, level_db: float) -> np.float32:
    energy = float(np.dot(layer, layer))
    return np.float32(math.sqrt(float(np.dot(wave, wave)) / max(energy, 1e-20)) * 10 ** (level_db / 20))


@lru_cache(maxsize=1)
def _imaginary_hz() -> NDArray[np.complex128]:
    """i f at the bins of TRANSFORM samples; not quite 0 at the first, which a shelf divides by."""
    s = 1j * np.maximum(np.fft.rfftfreq(TRANSFORM, 1 / SAMPLE_RATE), 1e-3)
    s.flags.writeable = False
    return s


def _shelf(s: NDArray[np.complex128], db: float) -> NDArray[np.complex128]:
    """`db` at s = 0, 0 dB far above s = i. Both quadratics are Butterworth's, their corners apart by the gain."""
    g = 10 ** (db / 40)
    square = s * s
    return (square + math.sqrt(2 * g) * s + g) / (square + math.sqrt(2 / g) * s + 1 / g)


def _bell(s: NDArray[np.complex128], db: float) -> NDArray[np.complex128]:
    """`db` at s = i, 0 dB at 0 and far above; Q is 1."""
    g = 10 ** (db / 40)
    square = s * s + 1
    return (square + g * s) / (square + s / g)


def _noise(seed: int, count: int, tilt_db_per_octave: float, low_hz: float, high_hz: float) -> Wave:
    """[count] Gaussian noise, tilted from TILT_FROM_HZ on, and 12 dB/octave down outside `low_hz` to `high_hz`."""
    spectrum, size = _noise_spectrum(seed, count, tilt_db_per_octave, low_hz, high_hz)
    return np.fft.irfft(spectrum, size)[:count].astype(np.float32, copy=False)


def _noise_spectrum(
    seed: int, count: int, tilt_db_per_octave: float, low_hz: float, high_hz: float
) -> tuple[NDArray[np.complex64], int]:
    """Drawn where it is shaped, which spares a transform; and the number of samples it stands for, `count` or more."""
    tilt = checked_number(EFFECT_LIMITS, "noise_tilt", tilt_db_per_octave)
    low_hz, high_hz = (
        checked_number(EFFECT_LIMITS, "noise_low_hz", low_hz),
        checked_number(EFFECT_LIMITS, "noise_high_hz", high_hz),
    )
    size = quick_size(count)
    hz, octaves = _bins(size)
    shape = np.exp(octaves * np.float32(tilt * math.log(10) / 20))
    low, high = np.square(np.float32(low_hz) / hz), np.square(hz * np.float32(1 / high_hz))
    shape /= np.sqrt((1 + low * low) * (1 + high * high))
    random = np.random.Generator(np.random.Philox(key=seed))
    return random.standard_normal(2 * len(hz), dtype=np.float32).view(np.complex64) * shape, size


@lru_cache(maxsize=32)
def _bins(size: int) -> tuple[Wave, Wave]:
    """Hz of each bin (1 for 0), and its octaves above TILT_FROM_HZ, none below."""
    hz = np.maximum(np.fft.rfftfreq(size, 1 / SAMPLE_RATE), 1.0)
    return hz.astype(np.float32), np.log2(np.maximum(hz / TILT_FROM_HZ, 1.0)).astype(np.float32)


def _decay(count: int, ms: float) -> Wave:
    """10^(-3 t / ms): -60 dB after `ms`."""
    fall_a_sample = -3 * math.log(10) * 1000 / (ms * SAMPLE_RATE)
    return np.exp(np.arange(count, dtype=np.float32) * np.float32(fall_a_sample))


def _read(x: Wave, place: NDArray[np.float64]) -> Wave:
    """x at real places, 0 behind its end: a cubic through four samples (Catmull & Rom 1974), whose error in a band that
    ends at 1.2 kHz is below -80 dB."""
    whole = np.minimum(place.astype(int), len(x))
    f = (place - whole).astype(np.float32)
    padded = np.concatenate([x[:1], x, np.zeros(3, np.float32)])
    a, b, c, d = (padded[whole + k] for k in range(4))
    return np.where(
        whole < len(x), b + f / 2 * (c - a + f * (2 * a - 5 * b + 4 * c - d + f * (3 * (b - c) + d - a))), 0
    )
