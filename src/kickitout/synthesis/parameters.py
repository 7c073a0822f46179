"""The parameters of a rendered kick, with units, and what each may be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from kickitout.errors import UserError

OFF_DB = -100.0  # a layer at this level is left out: 16-bit silence is near -96 dB


class Limit(NamedTuple):
    """What a setting may be."""

    lowest: float
    highest: float
    unit: str


# Outside of these the closed forms or the sampling rate give way.
LIMITS: dict[str, Limit] = {
    "pitch_start_hz": Limit(20.0, 4000.0, "Hz"),
    "pitch_end_hz": Limit(20.0, 400.0, "Hz"),
    "sweep_ms": Limit(1.0, 1000.0, "ms"),
    "snap_hz": Limit(0.0, 6000.0, "Hz"),
    "snap_ms": Limit(0.5, 100.0, "ms"),
    "attack_ms": Limit(0.02, 100.0, "ms"),
    "hold_ms": Limit(0.0, 450.0, "ms"),
    "decay_ms": Limit(10.0, 10_000.0, "ms"),
    "curve": Limit(0.25, 4.0, ""),
    "modes_level_db": Limit(OFF_DB, 6.0, "dB"),
    "modes_tilt_db": Limit(-24.0, 0.0, "dB"),
    "modes_decay_ms": Limit(5.0, 1000.0, "ms"),
    "drive_db": Limit(0.0, 36.0, "dB"),
    "drive_bias": Limit(0.0, 1.0, ""),
    "click_level_db": Limit(OFF_DB, 12.0, "dB"),
    "click_ms": Limit(0.1, 100.0, "ms"),
    "click_centroid_hz": Limit(200.0, 18_000.0, "Hz"),
    "click_bandwidth_hz": Limit(50.0, 8000.0, "Hz"),
    "click_noise": Limit(0.0, 1.0, ""),
    "noise_level_db": Limit(OFF_DB, 12.0, "dB"),
    "noise_decay_ms": Limit(2.0, 5000.0, "ms"),
    "noise_tilt_db_per_octave": Limit(-12.0, 6.0, "dB/octave"),
    "room_level_db": Limit(OFF_DB, 6.0, "dB"),
    "room_ms": Limit(10.0, 1000.0, "ms"),
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
        checked_seed(self.seed)

    def pitch_hz_at(self, ms: float) -> float:
        """Hz of the fundamental `ms` after t = 0."""
        sweep = (self.pitch_start_hz - self.pitch_end_hz) * 10 ** (-ms / self.sweep_ms)
        return self.pitch_end_hz + sweep + self.snap_hz * 10 ** (-ms / self.snap_ms)

    def body_decay_ms(self, drop_db: float) -> float:
        """ms after t = 0 at which the envelope of the undriven body is `drop_db` below its top."""
        return self.hold_ms + self.decay_ms * (drop_db / 60) ** (1 / self.curve)


def checked_seed(seed: Any) -> int:
    """A seed as int. Raises UserError for what is none."""
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or not 0 <= int(seed) < 1 << 64:
        raise UserError(f"seed={seed!r}: must be a whole number from 0 to 2^64 - 1")
    return int(seed)
