"""What producers do to a kick: re-pitch, decay, tilt, drive, the click of one on the body of another.

Waveforms: float32 [22050] at 44.1 kHz, mono, onset at sample ONSET, as `prepare` and `procedural` make them. Each
change is a pure function of one waveform (`layer`: of two) that keeps onset, length, peak PEAK and silent ends, and
adds no offset; its neutral setting gives the wave back. Gain is not among them: the peak is normalised, so it would
change nothing.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from kickitout.augmentation.shape import (
    END_FADE,
    TRANSFORM,
    below,
    checked_number,
    checked_wave,
    fall,
    finish,
    first_at,
    half_cosine_from,
    normalised,
    onset_of,
    rise_between,
)
from kickitout.sound import LENGTH, ONSET, SAMPLE_RATE
from kickitout.synthesis.parameters import Limit
from kickitout.synthesis.signal import Wave

# What a parameter may be. AugmentRanges in `variants` holds what is musical.
CHANGE_LIMITS = {
    "semitones": Limit(-12.0, 12.0, "semitones"),
    "decay_factor": Limit(0.25, 4.0, "times"),
    "tilt_db_per_octave": Limit(-6.0, 6.0, "dB/octave"),
    "drive_db": Limit(0.0, 36.0, "dB"),
    "crossover_ms": Limit(2.0, 40.0, "ms"),
}
CLICK_MS = 8.0  # a click is over, a body has begun: half a period of 60 Hz
CUT_FADE = 441  # samples: 10 ms, where a sound goes on behind the window
CHOKE = 2205  # samples: 50 ms more where a sound that was cut ends inside the window, audibly
ALIGN_MS = 4.0  # a body is moved by so much and no more: with a change of sign enough for a period of 16 ms
TOP_BAND_HZ = (1200.0, 2000.0)  # above, a click is more than its first half wave
TOP_MS = (16.0, 24.0)  # there the top of one kick gives way to that of the other
TOP_GAIN = 2.0  # 6 dB: what it may gain or lose on the way
MOST_GAIN_DB = 24.0  # of a lengthened decay
QUIET_DB = -72.0  # re peak: nothing below is made longer
BODY_BAND_HZ = (600.0, 1200.0)  # only the body is made longer: the hiss above stays where it is
TILT_SPAN_HZ = (20.0, 16_000.0)  # the tilt levels off outside
PIVOT_HZ = 200.0

_FINE = 3 * TRANSFORM  # of the oversampled drive
_TILT_N = 27_000  # the tilt's own decay is 20 Hz wide: over 112 ms it falls by 120 dB
_HOP = 16  # samples between the points of a level curve
_LEVEL_MS = 3.0  # standard deviation of its Gaussian
_NOTCH_HZ = 10.0  # of its Hilbert transform, whose false tail would fade like 1 / t
_NEAR = 33  # points: 12 ms, half a period of 42 Hz
_CUT_MS = 15.0  # the end of a sound is its fade, not its decay
_SLOPE_MS = 80.0  # before it, from which the decay is continued

# ------------------------------------------------------------------------------------------------------------- changes


def repitch(wave: Wave, semitones: float, keep_click: bool = False) -> Wave:
    """Play faster (+) or slower (-), as a sampler does: pitch times 2^(semitones / 12), decay and sweep over it.

    With `keep_click` the first 8 ms stay as they are and only the body behind them is re-pitched, joined in phase.
    The ratio is one of two numbers of samples: within 0.15 cents. A sound that was cut at 500 ms and now ends before is
    faded over 60 ms. Musical: -4 to 4.
    """
    wave, semitones = checked_wave(wave), checked_number(CHANGE_LIMITS, "semitones", semitones)
    if semitones == 0:
        return normalised(wave)
    played = _play(wave, 2 ** (semitones / 12))
    if keep_click:
        body, agreed = _aligned(wave, played, CLICK_MS)
        played = _cross_fade(wave, body, CLICK_MS, agreed)
    return finish(played, wave)


def reshape_decay(wave: Wave, factor: float) -> Wave:
    """Multiply the decay times by `factor`: the level curve behind the peak is stretched, pitch and click stay.

    Level L(t) in dB, never rising (the largest level that is still to come), t from the peak; the gain is
    L(t / factor) - L(t), so the wave then has the level L(t / factor). Shortening turns everything down. Lengthening
    turns up the body alone (below 600-1200 Hz), by 24 dB at most, nothing below -72 dB re peak, and no noise floor
    that is found. T20 and T40 follow within some 5 %, unless the sound ends first: nothing is made up behind the end
    of a file. Musical: 0.6 to 1.5.
    """
    wave, factor = checked_wave(wave), checked_number(CHANGE_LIMITS, "decay_factor", factor, "factor")
    if factor == 1:
        return normalised(wave)
    body, level = _body_and_level(wave)
    gain = 10 ** (_stretch_db(wave, level, factor) / 20)
    smooth = np.interp(np.arange(LENGTH), np.arange(len(gain)) * _HOP, gain).astype(np.float32)
    return finish(wave * smooth if factor < 1 else wave + (smooth - 1) * body, wave)


def tilt(wave: Wave, db_per_octave: float) -> Wave:
    """Turn the spectrum around 200 Hz: + is brighter, - is darker; it levels off below 20 Hz and above 16 kHz.

    Minimum phase: the filter answers at once and never before, so nothing rings ahead of the onset. Musical: -1.2 to
    1.2, which lifts 8 kHz by 6.4 dB.
    """
    wave, slope = (
        checked_wave(wave),
        checked_number(CHANGE_LIMITS, "tilt_db_per_octave", db_per_octave, "db_per_octave"),
    )
    if slope == 0:
        return normalised(wave)
    log_gain, phase = _tilt_of_one_db()
    filtered = np.fft.rfft(wave, _TILT_N) * _transfer(log_gain * np.float32(slope), phase * np.float32(slope))
    return finish(np.fft.irfft(filtered.astype(np.complex64), _TILT_N)[:LENGTH], wave)


def drive(wave: Wave, drive_db: float) -> Wave:
    """Saturate: tanh(g x) / tanh(g), where g = 10^(drive_db / 20) - 1 and x has a peak of 1, as in `procedural`.

    Quiet parts rise by g / tanh(g), 9.5 dB at 12. At three times the rate, and only what the tanh adds passes the
    filter behind it: half a cosine from 16 kHz to 22 kHz, which rings for less than 0.3 ms. Musical: 1 to 10.
    """
    wave, drive_db = checked_wave(wave), checked_number(CHANGE_LIMITS, "drive_db", drive_db)
    if drive_db == 0:
        return normalised(wave)
    gain = 10 ** (drive_db / 20) - 1
    x = wave * np.float32(1 / np.abs(wave).max())
    spectrum = np.zeros(_FINE // 2 + 1, np.complex64)
    spectrum[: TRANSFORM // 2 + 1] = np.fft.rfft(x, TRANSFORM) * (_FINE // TRANSFORM)
    fine = np.fft.irfft(spectrum, _FINE)
    added = np.tanh(fine * np.float32(gain)) * np.float32(1 / math.tanh(gain)) - fine
    kept = np.fft.rfft(added)[: TRANSFORM // 2 + 1] * (
        half_cosine_from(16_000.0, 22_000.0) * np.float32(TRANSFORM / _FINE)
    )
    return finish(x + np.fft.irfft(kept.astype(np.complex64), TRANSFORM)[:LENGTH], wave)


def layer(click_of: Wave, body_of: Wave, crossover_ms: float = CLICK_MS) -> Wave:
    """The transient of one kick on the body of another, cross-faded from half to three halves of `crossover_ms`.

    The body is moved by up to 4 ms, and turned over if need be, to where the two agree best. Above 1.2-2 kHz the click
    lasts longer, until 24 ms, and keeps its level re the energy of the whole (within 6 dB: a short tick on a long body
    would tower over it); below, both come with the same peak, so that the decay stays that of the body.
    Musical: 5 to 12 ms.
    """
    click, body = checked_wave(click_of, "click_of"), checked_wave(body_of, "body_of")
    ms = checked_number(CHANGE_LIMITS, "crossover_ms", crossover_ms)
    click, body = normalised(click), normalised(body)
    body, agreed = _aligned(click, body, ms)
    click_low, body_low = below(click, *TOP_BAND_HZ), below(body, *TOP_BAND_HZ)
    loud = math.sqrt(float(np.dot(body, body)) / float(np.dot(click, click)))
    w = rise_between(*(ONSET + round(at / 1000 * SAMPLE_RATE) for at in TOP_MS))
    # The split rings before the onset, unheard as long as low and top are put together again as they were.
    more = (min(max(loud, 1 / TOP_GAIN), TOP_GAIN) - 1) * rise_between(onset_of(click) - 5, onset_of(click))
    top = (click - click_low) * (1 - w) * (1 + more) + (body - body_low) * w
    return finish(_cross_fade(click_low, body_low, ms, agreed) + top, click)


# --------------------------------------------------------------------------------------------------------------- maths


def _play(wave: Wave, ratio: float) -> Wave:
    """wave at `ratio` times its speed, [LENGTH], faded where it is cut or where it was.

    The spectrum of TRANSFORM samples read as that of m = TRANSFORM / ratio. The onset is turned to index 0, which stays
    index 0. The top 15 % of the common band fall off under a minimum phase: the filter of a usual resampler rings
    before the click.
    """
    m = 2 * round(TRANSFORM / ratio / 2)
    turned = np.zeros(TRANSFORM)
    turned[: LENGTH - ONSET], turned[-ONSET:] = wave[ONSET:], wave[:ONSET]
    top = min(TRANSFORM, m) // 2
    log_gain, phase = _roll_off()
    place, places = np.arange(top) / top, np.linspace(0, 1, len(phase))
    spectrum = np.zeros(m // 2 + 1, np.complex64)
    spectrum[:top] = np.fft.rfft(turned)[:top] * (m / TRANSFORM)
    spectrum[:top] *= _transfer(
        np.interp(place, places, log_gain).astype(np.float32), np.interp(place, places, phase).astype(np.float32)
    )
    fast = np.fft.irfft(spectrum, m)
    used = min(LENGTH - ONSET, m - ONSET)
    out = np.concatenate([fast[-ONSET:], fast[:used], np.zeros(LENGTH - ONSET - used, np.float32)])
    end = min(LENGTH, ONSET + int((LENGTH - ONSET) * m / TRANSFORM))
    fade = CUT_FADE + min(CHOKE, LENGTH - end)
    out[end - fade : end] *= fall(fade)
    out[end:] = 0
    return out


def _aligned(click: Wave, body: Wave, crossover_ms: float) -> tuple[Wave, float]:
    """The body moved, and turned over if need be, to follow the click, and their correlation over the cross-fade,
    0 to 1. The choice is a little in favour of small moves."""
    first, last = _overlap(crossover_ms)
    reach = round(ALIGN_MS / 1000 * SAMPLE_RATE)
    piece = click[first:last].astype(np.float64)
    room = np.pad(body, (reach, reach))
    around = room[first : last + 2 * reach].astype(np.float64)  # body from first - reach on
    power = np.convolve(around**2, np.ones(len(piece)), "valid")
    fit = np.correlate(around, piece, "valid") / np.sqrt(np.maximum(power * (piece @ piece), 1e-20))
    best = int(np.argmax(np.abs(fit) * (1 - 0.1 * np.abs(np.arange(-reach, reach + 1)) / reach)))
    moved = room[best : best + LENGTH] * np.float32(-1 if fit[best] < 0 else 1)
    moved[-END_FADE:] *= fall(END_FADE)
    return moved, abs(float(fit[best]))


def _cross_fade(click: Wave, body: Wave, crossover_ms: float, agreed: float) -> Wave:
    """click, then body. Two signals with correlation r under the weights 1 - w and w have the power
    (1-w)^2 + w^2 + 2 r w (1-w): the dip is given back."""
    w = rise_between(*_overlap(crossover_ms))
    makeup = 1 / np.sqrt((1 - w) ** 2 + w**2 + np.float32(2 * agreed) * w * (1 - w))
    return ((click * (1 - w) + body * w) * makeup).astype(np.float32)


def _overlap(crossover_ms: float) -> tuple[int, int]:
    half = round(crossover_ms / 2000 * SAMPLE_RATE)
    return ONSET + half, ONSET + 3 * half


def _body_and_level(wave: Wave) -> tuple[Wave, NDArray[np.float64]]:
    """The wave below 600-1200 Hz [LENGTH], and the level in dB re peak every _HOP samples, as the kick card reads it.

    Level: squared envelope of the analytic body and twice the mean square of the rest, under a Gaussian of 3 ms.
    """
    low = np.fft.rfft(wave, TRANSFORM) * half_cosine_from(*BODY_BAND_HZ)
    body = np.fft.irfft(low.astype(np.complex64), TRANSFORM)[:LENGTH].astype(np.float32, copy=False)
    points = TRANSFORM // _HOP
    few = low[: points // 2 + 1] / _HOP
    hz = np.arange(len(few)) * (SAMPLE_RATE / TRANSFORM)
    power = np.fft.irfft(few, points) ** 2
    power += np.fft.irfft(few * (1j * np.expm1(-0.5 * (hz / _NOTCH_HZ) ** 2)), points) ** 2
    rest = (wave - body)[: LENGTH // _HOP * _HOP].reshape(-1, _HOP)
    power[: len(rest)] += np.einsum("nm,nm->n", rest, rest) * (2 / _HOP)
    power[: ONSET // _HOP] = 0
    power[-(-LENGTH // _HOP) :] = 0

    sigma = _LEVEL_MS / 1000 * SAMPLE_RATE / _HOP
    taps = np.exp(-0.5 * (np.arange(-40, 41) / sigma) ** 2)
    inside = np.zeros(points)
    inside[ONSET // _HOP : -(-LENGTH // _HOP)] = 1
    share = np.convolve(inside, taps, "same")
    smooth = np.convolve(power, taps, "same") / np.maximum(share, 1e-3 * taps.sum())
    level = 10 * np.log10(np.maximum(smooth[: -(-LENGTH // _HOP)], 1e-16))
    return body, level - 20 * math.log10(float(np.abs(wave).max()))


def _stretch_db(wave: Wave, level: NDArray[np.float64], factor: float) -> NDArray[np.float64]:
    """Gain in dB, at the points of `level`, that multiplies the decay times by `factor`."""
    crest = first_at(wave, 0.98) / _HOP
    end = LENGTH - first_at(wave[::-1], 1e-4)  # behind the last sample above -80 dB
    per_ms = SAMPLE_RATE / 1000 / _HOP
    known = max(int(end / _HOP - _CUT_MS * per_ms), int(crest) + 2)
    at = np.arange(len(level))

    falling = level.copy()
    if known < len(level):  # the decay goes on where the sound was faded out
        from_ = max(int(known - _SLOPE_MS * per_ms), int(crest))
        falling[known:] = -np.inf
        falling = np.maximum.accumulate(falling[::-1])[::-1]
        slope = min((falling[known - 1] - falling[from_]) / max(known - 1 - from_, 1), 0.0)
        falling[known:] = falling[known - 1] + slope * (at[known:] - known + 1)
    back = crest + np.maximum(at - crest, 0) / factor
    beyond = (falling[-1] - falling[-20]) / 19 * np.maximum(back - at[-1], 0)  # shorter: read behind the end
    gain = np.where(at <= crest, 0.0, np.interp(back, at, falling) + beyond - falling)
    if factor < 1:
        quiet = int(np.argmax(falling < -60)) or len(level)  # hiss that lies flat would come up again
        gain[quiet:] = np.minimum.accumulate(gain[quiet:])
        return _steady(np.maximum(gain, -120.0))

    # Louder: no half wave above the first peak, only what stands above the noise, and gently into a file's early end.
    blocks = np.pad(np.abs(wave), (0, -LENGTH % _HOP)).reshape(-1, _HOP).max(axis=1)
    around = np.lib.stride_tricks.sliding_window_view(np.pad(blocks, _NEAR), 2 * _NEAR + 1).max(axis=1)
    room = -20 * np.log10(np.maximum(around / blocks.max(), 1e-6)) - 0.3
    quarter = falling[known - max((known - int(crest)) // 4, 1) : known]
    is_noise = quarter[0] - quarter[-1] < 6 and quarter[-1] < -30
    floor = max(QUIET_DB, float(quarter.mean()) + 3) if is_noise else QUIET_DB
    gain = np.minimum(gain, np.clip(room, 0, MOST_GAIN_DB)) * np.clip((falling - floor) / 9, 0, 1)
    if end < LENGTH - CUT_FADE and falling[end // _HOP] > -60:
        gain *= np.clip((end / _HOP - at) / min(CHOKE / _HOP, max(0.3 * (end / _HOP - crest), 1)), 0, 1)
    return _steady(gain)


def _steady(gain: NDArray[np.float64]) -> NDArray[np.float64]:
    """Without corners, which would be heard as ticks: under a Hann window of 5 ms."""
    taps = np.hanning(17)[1:-1]
    return np.convolve(np.pad(gain, len(taps) // 2, mode="edge"), taps / taps.sum(), "valid")


@lru_cache(maxsize=1)
def _tilt_of_one_db() -> tuple[Wave, Wave]:
    """Logarithm of the gain and phase in radians of a tilt of 1 dB/octave at each bin; s dB/octave are s times both.

    At 16 times the bins, so that the cepstrum does not wrap.
    """
    low, high = TILT_SPAN_HZ
    size = 16 * _TILT_N
    hz = np.arange(size // 2 + 1) * (SAMPLE_RATE / size)

    def octaves(f: NDArray[np.floating]) -> NDArray[np.float64]:
        return np.log2(f**4 + low**4) / 4 - np.log2(1 + (f / high) ** 4) / 4

    return _minimum_phase((octaves(hz) - octaves(np.array([PIVOT_HZ]))) * (math.log(10) / 20), size, 16)


@lru_cache(maxsize=1)
def _roll_off() -> tuple[Wave, Wave]:
    """Log gain and minimum phase of a low-pass at places from 0 to 1 of its Nyquist frequency: half a cosine in dB from
    0 at 0.85 to -100 at 1."""
    size = 1 << 14
    part = np.clip((np.arange(size // 2 + 1) / (size // 2) - 0.85) / 0.15, 0, 1)
    return _minimum_phase((0.5 - 0.5 * np.cos(np.pi * part)) * (-100 * math.log(10) / 20), size)


def _minimum_phase(log_gain: NDArray[np.float64], size: int, step: int = 1) -> tuple[Wave, Wave]:
    """log_gain [size / 2 + 1] and the phase in radians that goes with it, every `step`-th bin, so that the filter is
    causal: the cepstrum folded onto positive times (Oppenheim & Schafer, "Discrete-Time Signal Processing", ch. 13)."""
    cepstrum = np.fft.irfft(log_gain, size)
    cepstrum[1 : size // 2] *= 2
    cepstrum[size // 2 + 1 :] = 0
    both = np.fft.rfft(cepstrum)[::step]
    return both.real.astype(np.float32), both.imag.astype(np.float32)


def _transfer(log_gain: Wave, phase: Wave) -> NDArray[np.complex64]:
    """exp(log_gain + i phase)."""
    gain = np.exp(log_gain)
    out = np.empty(len(gain), np.complex64)
    out.real, out.imag = gain * np.cos(phase), gain * np.sin(phase)
    return out
