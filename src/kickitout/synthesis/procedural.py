"""Kicks from a formula: parameters with units -> waveform, so that what a kick measures is known beforehand.

Waveforms: float32 [22050] at 44.1 kHz, mono, silent before sample ONSET, peak PEAK, mean 0, silent at the end.
One seed gives one kick: its noise comes from its own counter-based generator (Philox), and every kick is computed by
itself, over contiguous time, so the samples are the same alone and in a batch, bit for bit. Time runs from one sample
before ONSET: sample ONSET + m sounds at t = (m + 1) / SAMPLE_RATE, the first moment at which a sine is not zero.

Processors differ in the last bits of sin, exp, tanh, of sums and of transforms. So these are computed in float64 and
rounded to float32, where what they differ by is lost but for one sample in some million; between them stand only
products and sums of two numbers, which IEEE 754 defines to the last bit. A seed's kick of 16 bits is the same bytes
everywhere.

    pitch(t)    = end + (start - end) 10^(-t / sweep) + snap 10^(-t / snap_ms)      swept oscillator, phase integrated
    envelope(t) = rise(t) 10^(-3 ((t - hold) / decay)^curve)                        -60 dB at hold + decay, any curve
    body        = drive(envelope * (sin phase + membrane modes))                    tanh, oversampled while it aliases
    kick        = AC(body + click + noise + room(body + click + noise))             each layer scaled by its energy

The pitch glide is that of a bridged-T network or of a membrane whose tension falls with its amplitude (Werner, Abel &
Smith, "A physically-informed, circuit-bendable, digital model of the Roland TR-808 bass drum circuit", DAFx 2014;
Fletcher & Rossing, "The Physics of Musical Instruments", 2nd ed., ch. 18).
"""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kickitout.errors import UserError
from kickitout.sound import LENGTH, ONSET, PEAK, SAMPLE_RATE
from kickitout.synthesis.styles import OFF_DB, STYLES

Wave = NDArray[np.float32]

# Zeros of the Bessel functions J1, J2, J0, J3 over the first zero of J0 (2.4048): the modes of an ideal membrane.
MODE_RATIOS = (1.5933, 2.1355, 2.2954, 2.6531)
COUPLING_HZ = 20.0  # corner of the final high-pass: below hearing, it takes the offset out as every sound card does
FADE = 441  # samples: the last 10 ms, half a cosine, for kicks still sounding at 500 ms

_LN10 = math.log(10.0)
_ACTIVE = LENGTH - ONSET  # samples that can sound
_OVERSAMPLING = 4  # of the drive, while its harmonics would alias
_REACH = 32  # oversampled samples on each side of the decimation filter
_BLOCK = 16  # samples computed together, by a matrix, in the decimation and the high-pass
_PADDED = _ACTIVE + -_ACTIVE % _BLOCK
_ROOM_TAPS = 32
_ROOM_FIRST_MS = 2.5  # the nearest reflection has travelled 0.9 m further than the direct sound


# What a parameter may be. (lowest, highest, unit); outside of these the closed forms or the sampling rate give way.
LIMITS: dict[str, tuple[float, float, str]] = {
    "pitch_start_hz": (20.0, 4000.0, "Hz"),
    "pitch_end_hz": (20.0, 400.0, "Hz"),
    "sweep_ms": (1.0, 1000.0, "ms"),
    "snap_hz": (0.0, 6000.0, "Hz"),
    "snap_ms": (0.5, 100.0, "ms"),
    "attack_ms": (0.02, 100.0, "ms"),
    "hold_ms": (0.0, 450.0, "ms"),
    "decay_ms": (10.0, 10_000.0, "ms"),
    "curve": (0.25, 4.0, ""),
    "modes_level_db": (OFF_DB, 6.0, "dB"),
    "modes_tilt_db": (-24.0, 0.0, "dB"),
    "modes_decay_ms": (5.0, 1000.0, "ms"),
    "drive_db": (0.0, 36.0, "dB"),
    "drive_bias": (0.0, 1.0, ""),
    "click_level_db": (OFF_DB, 12.0, "dB"),
    "click_ms": (0.1, 100.0, "ms"),
    "click_centroid_hz": (200.0, 18_000.0, "Hz"),
    "click_bandwidth_hz": (50.0, 8000.0, "Hz"),
    "click_noise": (0.0, 1.0, ""),
    "noise_level_db": (OFF_DB, 12.0, "dB"),
    "noise_decay_ms": (2.0, 5000.0, "ms"),
    "noise_tilt_db_per_octave": (-12.0, 6.0, "dB/octave"),
    "room_level_db": (OFF_DB, 6.0, "dB"),
    "room_ms": (10.0, 1000.0, "ms"),
}


@dataclass(frozen=True)
class KickParameters:
    """One kick. Levels of layers are energies over the energy of the driven body, in dB; decays are times to -60 dB.

    >>> kick = KickParameters(pitch_start_hz=250, pitch_end_hz=50, sweep_ms=40, decay_ms=300)
    >>> round(kick.pitch_hz_at(40), 6), kick.body_decay_ms(20)
    (70.0, 100.0)
    """

    pitch_start_hz: float = 180.0  # Hz at t = 0, without the snap
    pitch_end_hz: float = 50.0  # Hz, where the pitch comes to rest
    sweep_ms: float = 60.0  # ms, for the pitch to fall 90 % of its way from start to end (ln 10 time constants)
    snap_hz: float = 0.0  # Hz on top of the start at t = 0: a second, faster drop; 0 leaves it out
    snap_ms: float = 6.0  # ms, for 90 % of the snap
    attack_ms: float = 0.5  # ms, the rise of the body, half a cosine from 0 to 1
    hold_ms: float = 0.0  # ms from t = 0 until the body begins to decay
    decay_ms: float = 350.0  # ms after the hold until the envelope of the body is at -60 dB
    curve: float = 1.0  # exponent over time of the level in dB: 1 straight, 2 falls late, 0.5 drops and lingers
    modes_level_db: float = OFF_DB  # dB, amplitude of the first membrane mode at t = 0 re the fundamental
    modes_tilt_db: float = -4.0  # dB from each mode to the next
    modes_decay_ms: float = 80.0  # ms, the first mode to -60 dB re the fundamental; a mode's decay goes as 1 / ratio
    drive_db: float = 0.0  # dB, G = 10^(drive / 20): body -> tanh((G - 1) body) / tanh(G - 1); < 0.01 is off
    drive_bias: float = 0.0  # offset before the tanh, re a body of 1: even harmonics
    click_level_db: float = OFF_DB  # dB, energy of the click layer re the driven body
    click_ms: float = 8.0  # ms, the click to -60 dB
    click_centroid_hz: float = 3000.0  # Hz, its pitch if tonal, the mean of its power spectrum if noise
    click_bandwidth_hz: float = 1500.0  # Hz, standard deviation of the noise's power spectrum
    click_noise: float = 1.0  # share of the click's energy that is noise, the rest is a sine
    noise_level_db: float = OFF_DB  # dB, energy of the noise layer re the driven body
    noise_decay_ms: float = 60.0  # ms, the noise to -60 dB
    noise_tilt_db_per_octave: float = -3.0  # 0 white, -3 pink, -6 brown
    room_level_db: float = OFF_DB  # dB, energy of the reflections re the driven body
    room_ms: float = 120.0  # ms, the reflections of a single impulse to -60 dB
    seed: int = 0  # of the noise in click, noise layer and room

    def __post_init__(self) -> None:
        for name, (low, high, unit) in LIMITS.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
                raise UserError(f"{name}={value!r}: must be a number from {low:g} to {high:g} {unit}".rstrip())
        if self.pitch_start_hz < self.pitch_end_hz:
            raise UserError(
                f"pitch_start_hz={self.pitch_start_hz:g} lies below pitch_end_hz={self.pitch_end_hz:g}: "
                "a kick falls or stays; give a start at or above the end"
            )
        if not isinstance(self.seed, int):
            raise UserError(f"seed={self.seed!r}: must be a whole number from 0 to 2^64 - 1")
        _check_seed(self.seed)

    def pitch_hz_at(self, ms: float) -> float:
        """Hz of the fundamental `ms` after t = 0."""
        sweep = (self.pitch_start_hz - self.pitch_end_hz) * 10 ** (-ms / self.sweep_ms)
        return self.pitch_end_hz + sweep + self.snap_hz * 10 ** (-ms / self.snap_ms)

    def body_decay_ms(self, drop_db: float) -> float:
        """ms after t = 0 at which the envelope of the undriven body is `drop_db` below its top."""
        return self.hold_ms + self.decay_ms * (drop_db / 60) ** (1 / self.curve)


def parameters_as_dict(parameters: KickParameters) -> dict[str, float | int]:
    """For JSON: plain numbers under the names of the fields."""
    return dataclasses.asdict(parameters)


def parameters_from_dict(values: Mapping[str, Any]) -> KickParameters:
    """The reverse; a missing field takes its default, an unknown one is refused."""
    known = [field.name for field in dataclasses.fields(KickParameters)]
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise UserError(f"unknown kick parameter {', '.join(unknown)}; known are {', '.join(known)}")
    return KickParameters(**values)


# ---------------------------------------------------------------------------------------------------------- rendering


def render(parameters: KickParameters) -> Wave:
    """The kick as float32 [LENGTH]. The first half wave of its body is positive."""
    parts, envelope = _layers(parameters)
    active = _sum(parts)
    active -= _below_coupling(active)
    active = active[:_ACTIVE]
    active[-FADE:] *= _fade()
    # A body cut off in mid-cycle leaves a mean behind; it is taken out under the body's own envelope, which hides it.
    shape = envelope.copy()
    late = len(shape) - (_ACTIVE - FADE)
    if late > 0:
        shape[-late:] *= _fade()[:late]
    shape *= float(active.sum(dtype=np.float64) / shape.sum(dtype=np.float64))
    active[: len(shape)] -= shape
    wave = np.zeros(LENGTH, np.float32)
    np.multiply(active, PEAK / np.abs(active).max(), out=wave[ONSET:])
    return wave


def render_batch(parameters: Sequence[KickParameters], out: Wave | None = None) -> Wave:
    """float32 [n, LENGTH]; row i is `render(parameters[i])`, bit for bit.

    A kick at a time on purpose: its arrays of 88 kB stay in the cache, and no sum depends on its neighbours. Who makes
    many batches hands the same `out` back in: fresh memory costs about a fifth of the time.
    """
    shape = (len(parameters), LENGTH)
    waves = np.empty(shape, np.float32) if out is None else out
    if waves.shape != shape or waves.dtype != np.float32:
        raise UserError(f"out is {waves.dtype} {waves.shape}: must be a float32 array of shape {shape}")
    for wave, one in zip(waves, parameters, strict=True):
        wave[:] = render(one)
    return waves


def layers(parameters: KickParameters) -> dict[str, Wave]:
    """The layers that sound, each [LENGTH], on one common scale: 'body' (driven), 'click', 'noise', 'room'.

    Before the high-pass, the fade and the peak; the levels in KickParameters hold between these arrays.
    """
    parts, _ = _layers(parameters)
    return {name: np.pad(part, (ONSET, _ACTIVE - len(part))) for name, part in parts.items()}


def _layers(p: KickParameters) -> tuple[dict[str, Wave], Wave]:
    """The layers from sample ONSET on (each [<= _ACTIVE]), and the envelope of the body."""
    body, envelope = _body(p)
    energy = _energy(body)
    parts = {"body": body}
    if p.click_level_db > OFF_DB:
        parts["click"] = _scaled(click_layer(p), energy, p.click_level_db)
    if p.noise_level_db > OFF_DB:
        parts["noise"] = _scaled(_noise(p), energy, p.noise_level_db)
    if p.room_level_db > OFF_DB:
        parts["room"] = _scaled(_room(p, parts), energy, p.room_level_db)
    return parts, envelope


def _body(p: KickParameters) -> tuple[Wave, Wave]:
    """Driven body and its envelope, up to where that has fallen by 100 dB, and by as much more as the drive lifts."""
    n = min(_ACTIVE, math.ceil(p.body_decay_ms(100.0 + p.drive_db) * SAMPLE_RATE / 1000) + 1)
    raw, envelope = _shell(p, n, SAMPLE_RATE)
    if p.drive_db < 0.01:
        return raw, envelope
    body = _drive(p, raw)
    head = min(n, _alias_prone(p))
    if head == 0:
        return body, envelope
    before = _REACH - _OVERSAMPLING + 1  # oversampled samples of silence, so that each output has its full reach
    padded = head + -head % _BLOCK
    fine = np.zeros(_OVERSAMPLING * padded + 2 * _REACH, np.float32)
    sounding = min(len(fine) - before, _OVERSAMPLING * n)
    shell, _ = _shell(p, sounding, SAMPLE_RATE * _OVERSAMPLING)
    fine[before : before + sounding] = _drive(p, shell)
    step = _OVERSAMPLING * _BLOCK
    blocks = np.lib.stride_tricks.sliding_window_view(fine, step + 2 * _REACH)[::step]  # [padded / _BLOCK, 128]
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
    t = _seconds(SAMPLE_RATE)[:: 16 * _BLOCK]
    pitch_hz = p.pitch_end_hz + (p.pitch_start_hz - p.pitch_end_hz) * np.exp(t * (-1000 * _LN10 / p.sweep_ms))
    pitch_hz += p.snap_hz * np.exp(t * (-1000 * _LN10 / p.snap_ms))
    return int((pitch_hz > safe_hz).sum()) * 16 * _BLOCK


def _shell(p: KickParameters, n: int, rate: int) -> tuple[Wave, Wave]:
    """Fundamental and modes times envelope, before the drive, and the envelope; [n] at `rate` Hz, from t = 1 / rate."""
    t = _seconds(rate)[:n]
    # Cycles: the integral of the pitch, in float64: the 1e-5 cycles that a float32 resolves would be noise at -84 dB.
    cycles = t * p.pitch_end_hz
    for span_hz, fall_ms in ((p.pitch_start_hz - p.pitch_end_hz, p.sweep_ms), (p.snap_hz, p.snap_ms)):
        if span_hz > 0:
            tau = fall_ms / 1000 / _LN10
            falling = min(n, math.ceil(fall_ms / 1000 * 9 * rate))  # to 1e-9 of its way
            cycles += span_hz * tau
            way = t[:falling] * (-1 / tau)
            np.exp(way, out=way)
            way *= span_hz * tau
            cycles[:falling] -= way
    tone = _sine(cycles)
    if p.modes_level_db > OFF_DB:
        for k, ratio in enumerate(MODE_RATIOS):
            amplitude = 10 ** ((p.modes_level_db + k * p.modes_tilt_db) / 20)
            t60 = p.modes_decay_ms / 1000 * MODE_RATIOS[0] / ratio
            heard = min(n, math.ceil(t60 * 1.5 * rate))  # to -90 dB
            mode = _sine(cycles[:heard] * ratio)
            mode *= np.float32(amplitude) * _decay(heard, rate, t60)
            tone[:heard] += mode
    envelope = _envelope(p, n, rate)
    tone *= envelope
    return tone, envelope


def _envelope(p: KickParameters, n: int, rate: int) -> Wave:
    elapsed = np.maximum(_seconds(rate)[:n] - p.hold_ms / 1000, 0)
    elapsed *= 1000 / p.decay_ms
    if p.curve != 1:
        np.power(elapsed, p.curve, out=elapsed)
    elapsed *= -3 * _LN10
    envelope = np.exp(elapsed, out=elapsed).astype(np.float32)
    rising = min(n, int(p.attack_ms / 1000 * rate))
    t = _seconds(rate)[:rising] * (1000 / p.attack_ms)
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


def click_layer(p: KickParameters) -> Wave:
    """The click alone, at a scale of its own: [n] samples from ONSET on, until it has fallen by 80 dB."""
    n = min(_ACTIVE, math.ceil(p.click_ms / 1000 * SAMPLE_RATE * 4 / 3))  # to -80 dB
    decay = _decay(n, SAMPLE_RATE, p.click_ms / 1000)
    tone = _sine(_seconds(SAMPLE_RATE)[:n] * p.click_centroid_hz) * decay
    if p.click_noise == 0:
        return tone
    spectrum = _white(p.seed, 0, n)
    off_centre = (_bins(len(spectrum)) - p.click_centroid_hz) / p.click_bandwidth_hz
    noise = _to_wave(spectrum * np.exp(-0.25 * np.square(off_centre)), n)
    noise *= decay
    return _scaled(noise, p.click_noise) + _scaled(tone, 1 - p.click_noise)


def _noise(p: KickParameters) -> Wave:
    n = min(_ACTIVE, math.ceil(p.noise_decay_ms / 1000 * SAMPLE_RATE))
    spectrum = _white(p.seed, 1, n)
    octaves, no_rumble = _octaves(len(spectrum))
    slope = np.exp(octaves * (p.noise_tilt_db_per_octave * _LN10 / 20))
    noise = _to_wave(spectrum * slope * no_rumble, n)
    noise *= _decay(n, SAMPLE_RATE, p.noise_decay_ms / 1000)
    return noise


def _room(p: KickParameters, parts: Mapping[str, Wave]) -> Wave:
    """Sparse reflections: one of random sign at a random place in each of 32 equal cells ("velvet noise": Karjalainen &
    Järveläinen, AES 30th Int. Conf., 2007), decaying, of a sound that has lost its top to the walls."""
    dry = _sum(parts)
    dull = np.float32(0.5) * dry
    dull[1:] += np.float32(0.3) * dry[:-1]
    dull[2:] += np.float32(0.2) * dry[:-2]
    rng = _generator(p.seed, 2)
    first = _ROOM_FIRST_MS
    span = max(min(0.75 * p.room_ms, 400.0), 2 * first) - first
    at_ms = first + span * (np.arange(_ROOM_TAPS) + rng.random(_ROOM_TAPS)) / _ROOM_TAPS
    gains = np.where(rng.random(_ROOM_TAPS) < 0.5, -1.0, 1.0) * 10 ** (-3 * at_ms / p.room_ms)
    wet = np.zeros(_ACTIVE, np.float32)
    echo = np.empty(_ACTIVE, np.float32)
    sounding = max(len(part) for part in parts.values()) + 2
    for delay, gain in zip((at_ms / 1000 * SAMPLE_RATE).astype(int).tolist(), gains.tolist(), strict=True):
        n = min(sounding, _ACTIVE - delay)
        wet[delay : delay + n] += np.multiply(dull[:n], np.float32(gain), out=echo[:n])
    return wet


def _sum(parts: Mapping[str, Wave]) -> Wave:
    """[_PADDED]."""
    total = np.zeros(_PADDED, np.float32)
    for part in parts.values():
        total[: len(part)] += part
    return total


def _below_coupling(x: Wave) -> Wave:
    """The part of x [_PADDED] below COUPLING_HZ: means of blocks, a one-pole low-pass, joined by straight lines.

    The pole y[k] = a y[k-1] + (1 - a) x[k] is (1 - a) a^k cumsum(a^-j x[j]): no loop, and a^-1375 = e^63 has room in
    a float64.
    """
    grow, shrink = _coupling_weights()
    slow = np.zeros(_PADDED // _BLOCK + 1, np.float32)
    slow[1:] = np.cumsum(x.reshape(-1, _BLOCK).sum(axis=1, dtype=np.float64) * grow) * shrink
    return (slow[:-1, None] + (slow[1:] - slow[:-1])[:, None] * _ramp()).ravel()


def _scaled(x: Wave, energy: float, level_db: float = 0.0) -> Wave:
    """x with `level_db` re `energy`."""
    return x * np.float32(math.sqrt(energy / _energy(x)) * 10 ** (level_db / 20))


def _energy(x: Wave) -> float:
    wide = x.astype(np.float64)
    return float(np.dot(wide, wide))


def _sine(cycles: NDArray[np.float64]) -> Wave:
    turn = cycles - np.rint(cycles)
    turn *= 2 * math.pi
    return np.sin(turn, out=turn).astype(np.float32)


def _decay(n: int, rate: int, t60: float) -> Wave:
    """10^(-3 t / t60): -60 dB at t60 seconds; [n], from t = 1 / rate."""
    fall = _seconds(rate)[:n] * (-3 * _LN10 / t60)
    return np.exp(fall, out=fall).astype(np.float32)


def _generator(seed: int, stream: int) -> np.random.Generator:
    """Independent streams for one seed: Philox takes a key of 128 bits, the upper half tells them apart."""
    return np.random.Generator(np.random.Philox(key=seed + (stream << 64)))


def _white(seed: int, stream: int, n: int) -> NDArray[np.complex128]:
    """Spectrum of n samples of white noise or a few more: drawn where it is shaped, which spares a transform."""
    power = 1 << max(n - 1, 63).bit_length() - 3  # a size of 5, 6, 7 or 8 times a power of two: quick to transform
    size = -(-max(n, 64) // power) * power
    spectrum = np.zeros(size // 2 + 1, np.complex128)
    spectrum[1:-1] = _generator(seed, stream).standard_normal(size, dtype=np.float32).view(np.complex64)[1:]
    return spectrum


def _to_wave(spectrum: NDArray[np.complex128], n: int) -> Wave:
    return np.fft.irfft(spectrum)[:n].astype(np.float32)


@lru_cache(maxsize=16)
def _bins(count: int) -> NDArray[np.float64]:
    return np.linspace(0, SAMPLE_RATE / 2, count)


@lru_cache(maxsize=16)
def _octaves(count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Octaves above 1 kHz of each bin, and a high-pass at 100 Hz: a tilted noise would otherwise be all rumble."""
    hz = np.maximum(_bins(count), 1.0)
    return np.log2(hz / 1000), 1 / (1 + (100 / hz) ** 4)


@lru_cache(maxsize=2)
def _seconds(rate: int) -> NDArray[np.float64]:
    return np.arange(1, _OVERSAMPLING * _PADDED + 2 * _REACH + 1) / rate


@lru_cache(maxsize=1)
def _fade() -> Wave:
    return (0.5 + 0.5 * np.cos(np.pi * np.arange(1, FADE + 1) / FADE)).astype(np.float32)


@lru_cache(maxsize=1)
def _coupling_weights() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    k = np.arange(_PADDED // _BLOCK)
    pole = 2 * math.pi * COUPLING_HZ * _BLOCK / SAMPLE_RATE
    return np.exp(pole * k), np.exp(-pole * k) * (1 - math.exp(-pole)) / _BLOCK


@lru_cache(maxsize=1)
def _ramp() -> Wave:
    return (np.arange(1, _BLOCK + 1) / _BLOCK).astype(np.float32)


@lru_cache(maxsize=1)
def _decimation() -> NDArray[np.float64]:
    """Kaiser-windowed sinc with its middle at 22.05 kHz (flat to 14 kHz, -80 dB from 30 kHz), shifted by one sample
    from column to column: [_OVERSAMPLING * _BLOCK + 2 * _REACH, _BLOCK]."""
    k = np.arange(-_REACH, _REACH + 1)
    taps = np.sinc(k / _OVERSAMPLING) * np.kaiser(len(k), 8.0)
    matrix = np.zeros((_OVERSAMPLING * _BLOCK + 2 * _REACH, _BLOCK))
    for column in range(_BLOCK):
        matrix[_OVERSAMPLING * column :, column][: len(taps)] = taps / taps.sum()
    return matrix


def _check_seed(seed: Any) -> None:
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or not 0 <= int(seed) < 1 << 64:
        raise UserError(f"seed={seed!r}: must be a whole number from 0 to 2^64 - 1")


def style_of(seed: int) -> str:
    """The style that `draw_parameters(seed)` takes when none is asked for, after the weights of STYLES."""
    _check_seed(seed)
    edges = np.cumsum([style.weight for style in STYLES.values()])
    place = _generator(int(seed), 3).random() * edges[-1]
    return list(STYLES)[int(np.searchsorted(edges, place, side="right"))]


def draw_parameters(seed: int, style: str | None = None) -> KickParameters:
    """The parameters of one kick; the same for the same seed and style, which is `style_of(seed)` unless given."""
    _check_seed(seed)
    name = style_of(seed) if style is None else style
    if name not in STYLES:
        raise UserError(f"style={name!r}: must be one of {', '.join(STYLES)}")
    start_over_end, ranges = STYLES[name].start_over_end, STYLES[name].ranges
    # Two numbers for every range, whatever comes of them, so that no draw shifts another.
    places = _generator(int(seed), 4).random((1 + len(ranges), 2)).tolist()
    values = {field: span.at(*place) for (field, span), place in zip(ranges.items(), places[1:], strict=True)}
    start_hz = values["pitch_end_hz"] * start_over_end.at(*places[0])
    return KickParameters(pitch_start_hz=start_hz, seed=int(seed), **values)


def synthesise(
    seeds: Sequence[int], styles: str | Sequence[str | None] | None = None
) -> tuple[Wave, list[KickParameters]]:
    """Kicks [n, LENGTH] and their parameters; `styles` is one style for all, one per seed, or None for the mixture."""
    per_seed = [styles] * len(seeds) if styles is None or isinstance(styles, str) else list(styles)
    if len(per_seed) != len(seeds):
        raise UserError(f"{len(per_seed)} styles for {len(seeds)} seeds: give one style for all, or one for each seed")
    parameters = [draw_parameters(seed, style) for seed, style in zip(seeds, per_seed, strict=True)]
    return render_batch(parameters), parameters
