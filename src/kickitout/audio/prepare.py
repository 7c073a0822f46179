"""A sound as it was recorded -> the aligned kick of `kickitout.sound`: 22050 samples, onset at 64, peak 0.97.

Everything up to the cut is an odd function of the waveform (linear, or steered by |x|), and the sign is chosen last:
`prepare(-x)` equals `prepare(x)` bit for bit. Refusals are `UserError`s that do not name the file: the caller does.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from kickitout.audio import Sound, channels_cancel, mid_side, resample, sounding
from kickitout.descriptors.block import fast_length
from kickitout.errors import UserError
from kickitout.sound import LENGTH, ONSET, PEAK, SAMPLE_RATE

PREPARE_VERSION = 1  # goes into the dataset digest: raise it whenever a prepared waveform changes
SILENT_FILE = 1e-3  # of full scale: -60 dBFS; quieter files are mostly dither
MIN_SECONDS = 0.010  # half a period of 50 Hz: less cannot be a kick
CUT_FADE_SAMPLES = 441  # samples: 10 ms, where the sound goes on after the window
END_FADE_SAMPLES = 88  # samples: 2 ms, where the file ends first
SILENT = 1e-4  # of the peak: a sound ends behind the last sample above it
CUT_DB = -50.0  # re peak: where a fade meets more, it makes the end, and not the sound
MARGIN_SECONDS = 0.050  # kept on both sides of the window while resampling: longer than the resampler's filter
PULSE_HZ = 200.0  # -3 dB of the low-pass that shows the body's first half wave
REACH_SECONDS = 0.010  # of that low-pass: 15 standard deviations of its response
STRONG = 0.25  # of the body's peak: of 271 pairs of kicks alike (correlation > 0.9) 6 % differ in sign, 20 % with 0.5
RISE_SHARE = 0.25  # of the peak: -12 dB; the hit has surely begun here
NOISE_FLOOR = 10 ** (-46 / 20)  # of the peak: no noise is taken to be quieter, so a clean onset falls at -40 dB re peak
CONTRAST = 8.0  # sound over noise: 2 would follow fluctuations of the noise, 100 would lose a soft click before a body
LOUDEST_LEAD = 0.1  # of the peak, for 20 ms and more before the hit
LOUDEST_SHORT = 0.035  # of the peak, -29 dB: files cut close to the hit begin with the sound's own first millisecond


@dataclass(frozen=True)
class Prepared:
    """The aligned kick and what was done to it.

    mid, side: float32 [22050], or as long as the sound where that was asked for, both scaled by the same gain (mid's
    peak is PEAK). onset_s: seconds into the file.
    flipped: polarity inverted; cancelled: the channels cancelled and the louder one was taken; lone: only one
    of several channels sounds, and was taken. dc: the offset that was
    removed, and peak_db: the mid's peak in the file, re full scale; window_db: that in the window, before the gain.
    cut_s: seconds of sound after the window; padded_s: seconds of zeros after a sound that is shorter. known: samples
    that the recording speaks for: up to the fade at its end where the sound is above CUT_DB there, else all of them.
    """

    mid: np.ndarray
    side: np.ndarray
    onset_s: float
    flipped: bool
    cancelled: bool
    lone: bool
    dc: float
    peak_db: float
    window_db: float
    cut_s: float
    padded_s: float
    known: int


def prepare(sound: Sound, longest_s: float = LENGTH / SAMPLE_RATE) -> Prepared:
    """Downmix, remove an offset, find the onset, resample, cut, choose the polarity, normalise.

    longest_s: a sound that goes on after 500 ms is cut at its end, or after so many seconds. Raises UserError (without
    a file name) for sounds that are silent, constant, shorter than 10 ms or not finite.
    """
    rate = sound.rate
    _refuse(sound)
    cancelled = channels_cancel(sound.samples)
    mid, side = mid_side(sound.samples)
    dc = resting_offset(mid, rate)
    mid = mid - np.float32(dc)
    peak = float(np.abs(mid).max())
    if peak < SILENT_FILE:
        raise UserError(f"silent: {_quiet_said(peak)}; above {_level_db(SILENT_FILE):.0f} dBFS works")

    # The onset is sought at the file's own rate: resampling a click from 8 kHz would ring for milliseconds before it.
    onset = find_onset(mid, rate)
    margin = round(MARGIN_SECONDS * rate)
    first = max(0, onset - margin)
    length = _length(mid, onset, rate, longest_s)
    last = onset + math.ceil(length / SAMPLE_RATE * rate) + margin
    start = round((onset - first) * SAMPLE_RATE / rate) - ONSET
    both = resample(np.stack([mid[first:last], side[first:last]], axis=1), rate, SAMPLE_RATE)
    window, known = _fit_window(both, start, length)

    gain = float(np.abs(window[:, 0]).max())
    if gain < SILENT_FILE * peak:  # the resampler removed it all: ultrasound
        raise UserError("silent below 22 kHz; a kick has its energy below 200 Hz")
    flipped = polarity(window[:, 0]) < 0
    window = window * np.float32((-PEAK if flipped else PEAK) / gain) + np.float32(0)  # + 0: no -0.0 in the digest
    after_s = (len(mid) - onset) / rate - (length - ONSET) / SAMPLE_RATE
    return Prepared(
        mid=np.ascontiguousarray(window[:, 0]),
        side=np.ascontiguousarray(window[:, 1]),
        onset_s=onset / rate,
        flipped=flipped,
        cancelled=cancelled,
        lone=sound.channels > 1 and sounding(sound.samples).shape[1] == 1,
        dc=dc,
        peak_db=_level_db(peak),
        window_db=_level_db(gain),
        cut_s=max(0.0, after_s),
        padded_s=max(0.0, -after_s),
        known=known,
    )


def loud_at(x: np.ndarray, sample: int, reach: int = END_FADE_SAMPLES) -> bool:
    """Whether x [T] is above CUT_DB re peak somewhere in the `reach` samples before `sample`.

    >>> hum = np.sin(2 * np.pi * 50 * np.arange(LENGTH) / SAMPLE_RATE)
    >>> loud_at(hum, 4410), loud_at(hum * np.linspace(1, 0, LENGTH) ** 4, LENGTH)
    (True, False)
    """
    level = np.abs(x)
    return float(level[max(0, sample - reach) : sample].max(initial=0)) > 10 ** (CUT_DB / 20) * float(level.max())


def resting_offset(x: np.ndarray, rate: int) -> float:
    """The constant on which the sound x [T] rests, or 0.0 when there is none.

    The level at rest is the mean of 25 ms blocks, each weighted by one over its variance: silence before the hit and
    the end of the tail count, the body does not. A kick's own waveform is lopsided too, so it only is an offset when
    it passes -46 dB re peak, the blocks agree on it, and the plain mean of the file agrees as well. Subtracting a
    constant leaves no step anywhere and moves no phase, which a high-pass would.
    """
    size = round(0.025 * rate)
    n = len(x) // size
    peak = float(np.abs(x).max())
    if n < 4 or peak == 0:
        return 0.0
    blocks = x[: n * size].reshape(n, size).astype(np.float64)
    means = blocks.mean(axis=1)
    weights = 1 / (blocks.var(axis=1) + (1e-3 * peak) ** 2)
    rest = float((weights * means).sum() / weights.sum())
    spread = math.sqrt(float((weights * (means - rest) ** 2).sum() / weights.sum()))
    mean = float(x.mean(dtype=np.float64))
    is_offset = abs(rest) > 0.005 * peak and spread < 0.5 * abs(rest) and abs(mean - rest) < 0.5 * abs(rest)
    return rest if is_offset else 0.0


def find_onset(x: np.ndarray, rate: int) -> int:
    """The sample of x [T] (not silent) at which the hit begins, within about 0.5 ms; x may begin with noise or hum.

    The most likely place of the change from noise (Gaussian, RMS `noise`) to a sound CONTRAST times as loud. Sample i
    speaks for the sound with the log-likelihood ratio

        llr[i] = (x[i]^2 / 2) (1 / noise^2 - 1 / (CONTRAST noise)^2) - ln CONTRAST

    and the onset k is where the sum of llr over k..rise is largest. A gap before the hit costs ln CONTRAST a sample, so
    a stray tick long before it is left out while the click before a body is kept. After the change-point pickers of
    seismology (Maeda 1985, doi.org/10.4294/zisin1948.38.3_365). A sample speaks for the sound from 2 `noise` on: with
    NOISE_FLOOR as noise that is -40 dB re peak, the kick card's threshold; hum peaks at 1.4 `noise` and never does.
    """
    level = np.abs(x).astype(np.float64)
    peak = float(level.max())
    rise = int(np.argmax(level >= RISE_SHARE * peak))
    noise = max(NOISE_FLOOR, _noise_before(level[:rise] / peak, rate)) * peak
    llr = level[: rise + 1] ** 2 / 2 * (1 - CONTRAST**-2) / noise**2 - math.log(CONTRAST)
    evidence = np.cumsum(llr[::-1])[::-1]  # sum over k..rise
    return int(np.argmax(evidence))


def _noise_before(level: np.ndarray, rate: int) -> float:
    """The RMS of the noise in |x| [T] before the hit, re peak; 0.0 when there is none to be measured.

    The lower quartile over blocks of the last 150 ms. Blocks of 10 ms hold half a period of 50 Hz hum, so their RMS is
    steady. In a lead-in below 40 ms the blocks are a quarter of it, and not noise but the attack of a file that begins
    with it is one that is loud, or that grows from the first block on.
    """
    level = level[-round(0.15 * rate) :] if len(level) else level
    size = min(round(0.010 * rate), len(level) // 4)
    if size < max(4, rate // 4000):  # a lead-in below 1 ms: too short to tell
        return 0.0
    n = len(level) // size
    rms = np.sqrt((level[len(level) - n * size :].reshape(n, size) ** 2).mean(axis=1))
    noise = float(np.quantile(rms, 0.25))
    if len(level) < 0.02 * rate and noise > LOUDEST_SHORT:
        return 0.0
    if n == 4 and rms[1] > 1.6 * rms[0] and rms[2] > 1.4 * rms[1]:  # a linear rise gives 2.6 and 1.6
        return 0.0
    return min(noise, LOUDEST_LEAD) * (1 + size**-0.5)  # few samples may have been quiet by chance


def polarity(x: np.ndarray) -> int:
    """+1 or -1: the sign of the first strong half wave of the body of x [T] at 44.1 kHz.

    The body is x through a Gaussian low-pass (PULSE_HZ): zero phase and no ringing, so it invents no half wave of its
    own. Strong is STRONG times the body's peak. A sound without a body (-40 dB) is judged by its own half waves.
    """
    n, lowpass = _body_filter(len(x))
    body = np.fft.irfft(np.fft.rfft(x, n) * lowpass, n)[: len(x)]
    if np.abs(body).max() < 0.01 * np.abs(x).max():
        body = x
    strong = int(np.argmax(np.abs(body) >= STRONG * np.abs(body).max()))
    return 1 if body[strong] > 0 else -1


@lru_cache(maxsize=4)
def _body_filter(length: int) -> tuple[int, np.ndarray]:
    """Length of the transform, with zeros to the right so that nothing wraps around, and the gain at each bin."""
    n = fast_length(length + round(REACH_SECONDS * SAMPLE_RATE), 2)
    frequency = np.fft.rfftfreq(n, 1 / SAMPLE_RATE)
    return n, np.exp(-0.5 * math.log(2) * (frequency / PULSE_HZ) ** 2)


def _refuse(sound: Sound) -> None:
    x = sound.samples
    if not np.isfinite(x).all():
        raise UserError("holds NaN or infinite samples; render it again")
    if sound.seconds < MIN_SECONDS:
        raise UserError(f"too short: {1000 * sound.seconds:.1f} ms; {1000 * MIN_SECONDS:.0f} ms or more work")
    if float(np.abs(x).max()) >= SILENT_FILE and float(np.ptp(x, axis=0).max()) < SILENT_FILE:
        raise UserError("a constant (DC) without any sound; record it again")


def _length(mid: np.ndarray, onset: int, rate: int, longest_s: float) -> int:
    """Samples of the window: LENGTH, or up to the end of a longer sound."""
    end = int(np.flatnonzero(np.abs(mid) > SILENT * np.abs(mid).max())[-1]) + 1
    whole = ONSET + math.ceil((end - onset) / rate * SAMPLE_RATE) + END_FADE_SAMPLES
    return max(LENGTH, min(whole, round(longest_s * SAMPLE_RATE)))


def _fit_window(x: np.ndarray, start: int, length: int) -> tuple[np.ndarray, int]:
    """The window [length, C] of x [T, C] that begins at sample `start` (may be negative), faded at both ends, and
    how many of its samples the recording speaks for."""
    window = np.zeros((length, x.shape[1]), dtype=np.float32)
    begin, end = max(0, start), min(len(x), start + length)
    sound_end = end - start
    window[begin - start : sound_end] = x[begin:end]
    window[:ONSET] *= rise(ONSET)[:, None]
    fade = min(CUT_FADE_SAMPLES if sound_end == length else END_FADE_SAMPLES, sound_end - ONSET)
    known = sound_end - fade if loud_at(window[:, 0], sound_end, fade) else length
    window[sound_end - fade : sound_end] *= rise(fade)[::-1, None]
    return window, known


def rise(n: int) -> np.ndarray:
    """n gains from near 0 to near 1, half a cosine: float32 [n]."""
    return (0.5 - 0.5 * np.cos(np.pi * (np.arange(n) + 0.5) / n)).astype(np.float32)


def _level_db(level: float) -> float:
    return 20 * math.log10(max(level, 1e-12))


def _quiet_said(peak: float) -> str:
    return f"its peak is {math.floor(10 * _level_db(peak)) / 10:.1f} dBFS" if peak > 0 else "all samples are zero"
