"""The body of a rendered kick: a swept oscillator with membrane modes, under its envelope, driven.

    pitch(t)    = end + (start - end) 10^(-t / sweep) + snap 10^(-t / snap_ms)      phase integrated
    envelope(t) = rise(t) 10^(-3 ((t - hold) / decay)^curve)                        -60 dB at hold + decay, any curve
    body        = drive(envelope * (sin phase + modes))                             tanh, oversampled while it aliases

The pitch glide is that of a bridged-T network or of a membrane whose tension falls with its amplitude (Werner, Abel &
Smith, "A physically-informed, circuit-bendable, digital model of the Roland TR-808 bass drum circuit", DAFx 2014;
Fletcher & Rossing, "The Physics of Musical Instruments", 2nd ed., ch. 18).
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from kickitout.sound import SAMPLE_RATE
from kickitout.synthesis.parameters import OFF_DB, KickParameters
from kickitout.synthesis.signal import (
    AUDIBLE,
    FILTER_REACH,
    LN10,
    OVERSAMPLING,
    SUMMED_AT_ONCE,
    Wave,
    fall_to_60db,
    seconds,
    sine_of,
)

# Zeros of the Bessel functions J1, J2, J0, J3 over the first zero of J0 (2.4048): the modes of an ideal membrane.
MODE_RATIOS = (1.5933, 2.1355, 2.2954, 2.6531)


def driven_body(p: KickParameters) -> tuple[Wave, Wave]:
    """Driven body and its envelope, up to where that has fallen by 100 dB, and by as much more as the drive lifts."""
    n = min(AUDIBLE, math.ceil(p.body_decay_ms(100.0 + p.drive_db) * SAMPLE_RATE / 1000) + 1)
    raw, envelope = _shell(p, n, SAMPLE_RATE)
    if p.drive_db < 0.01:
        return raw, envelope
    body = _drive(p, raw)
    head = min(n, _alias_prone(p))
    if head == 0:
        return body, envelope
    before = FILTER_REACH - OVERSAMPLING + 1  # oversampled samples of silence, so that each output has its full reach
    padded = head + -head % SUMMED_AT_ONCE
    fine = np.zeros(OVERSAMPLING * padded + 2 * FILTER_REACH, np.float32)
    sounding = min(len(fine) - before, OVERSAMPLING * n)
    shell, _ = _shell(p, sounding, SAMPLE_RATE * OVERSAMPLING)
    fine[before : before + sounding] = _drive(p, shell)
    step = OVERSAMPLING * SUMMED_AT_ONCE
    blocks = np.lib.stride_tricks.sliding_window_view(fine, step + 2 * FILTER_REACH)[
        ::step
    ]  # [padded / SUMMED_AT_ONCE, 128]
    body[:head] = (blocks.astype(np.float64) @ _decimation()).ravel()[:head]
    return body, envelope


def _alias_prone(p: KickParameters) -> int:
    """Samples from the start during which a driven sine would alias above -80 dB into the band below 14 kHz.

    tanh(g sin) has its poles asinh(pi / 2g) off the real axis, so harmonic n has at most the level
    exp(-n asinh(pi / 2g)); the first to fold below 14 kHz lies at rate - 14 kHz. Most kicks are low enough at once.
    """
    gain = 10 ** (p.drive_db / 20) - 1
    safe_hz = (SAMPLE_RATE - 14_000) * math.asinh(math.pi / 2 / gain) / math.log(1e4)
    if p.modes_level_db > OFF_DB:
        safe_hz /= 2  # overtones of up to 2.65 times the pitch, but weaker than the fundamental
    t = seconds(SAMPLE_RATE)[:: 16 * SUMMED_AT_ONCE]
    pitch_hz = p.pitch_end_hz + (p.pitch_start_hz - p.pitch_end_hz) * np.exp(t * (-1000 * LN10 / p.sweep_ms))
    pitch_hz += p.snap_hz * np.exp(t * (-1000 * LN10 / p.snap_ms))
    return int((pitch_hz > safe_hz).sum()) * 16 * SUMMED_AT_ONCE


def _shell(p: KickParameters, n: int, rate: int) -> tuple[Wave, Wave]:
    """Fundamental and modes times envelope, before the drive, and the envelope; [n] at `rate` Hz, from t = 1 / rate."""
    t = seconds(rate)[:n]
    # Cycles: the integral of the pitch, in float64: the 1e-5 cycles that a float32 resolves would be noise at -84 dB.
    cycles = t * p.pitch_end_hz
    for span_hz, fall_ms in ((p.pitch_start_hz - p.pitch_end_hz, p.sweep_ms), (p.snap_hz, p.snap_ms)):
        if span_hz > 0:
            tau = fall_ms / 1000 / LN10
            falling = min(n, math.ceil(fall_ms / 1000 * 9 * rate))  # to 1e-9 of its way
            cycles += span_hz * tau
            way = t[:falling] * (-1 / tau)
            np.exp(way, out=way)
            way *= span_hz * tau
            cycles[:falling] -= way
    tone = sine_of(cycles)
    if p.modes_level_db > OFF_DB:
        for k, ratio in enumerate(MODE_RATIOS):
            amplitude = 10 ** ((p.modes_level_db + k * p.modes_tilt_db) / 20)
            t60 = p.modes_decay_ms / 1000 * MODE_RATIOS[0] / ratio
            audible = min(n, math.ceil(t60 * 1.5 * rate))  # to -90 dB
            mode = sine_of(cycles[:audible] * ratio)
            mode *= np.float32(amplitude) * fall_to_60db(audible, rate, t60)
            tone[:audible] += mode
    envelope = _envelope(p, n, rate)
    tone *= envelope
    return tone, envelope


def _envelope(p: KickParameters, n: int, rate: int) -> Wave:
    elapsed = np.maximum(seconds(rate)[:n] - p.hold_ms / 1000, 0)
    elapsed *= 1000 / p.decay_ms
    if p.curve != 1:
        np.power(elapsed, p.curve, out=elapsed)
    elapsed *= -3 * LN10
    envelope = np.exp(elapsed, out=elapsed).astype(np.float32)
    rising = min(n, int(p.attack_ms / 1000 * rate))
    t = seconds(rate)[:rising] * (1000 / p.attack_ms)
    envelope[:rising] *= (0.5 - 0.5 * np.cos(np.pi * t)).astype(np.float32)
    return envelope


def _drive(p: KickParameters, x: Wave) -> Wave:
    gain = 10 ** (p.drive_db / 20) - 1
    offset = math.tanh(gain * p.drive_bias)
    driven = x.astype(np.float64)
    driven += p.drive_bias
    driven *= gain
    np.tanh(driven, out=driven)
    driven -= offset
    driven *= 1 / (math.tanh(gain * (1 + p.drive_bias)) - offset)
    return driven.astype(np.float32)


@lru_cache(maxsize=1)
def _decimation() -> NDArray[np.float64]:
    """Kaiser-windowed sinc with its middle at 22.05 kHz (flat to 14 kHz, -80 dB from 30 kHz), shifted by one sample
    from column to column: [OVERSAMPLING * SUMMED_AT_ONCE + 2 * FILTER_REACH, SUMMED_AT_ONCE]."""
    k = np.arange(-FILTER_REACH, FILTER_REACH + 1)
    taps = np.sinc(k / OVERSAMPLING) * np.kaiser(len(k), 8.0)
    matrix = np.zeros((OVERSAMPLING * SUMMED_AT_ONCE + 2 * FILTER_REACH, SUMMED_AT_ONCE))
    for column in range(SUMMED_AT_ONCE):
        matrix[OVERSAMPLING * column :, column][: len(taps)] = taps / taps.sum()
    return matrix
