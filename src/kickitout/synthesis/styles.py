"""Styles of rendered kicks: musically chosen ranges for the parameters, and a seed's draw from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from kickitout.errors import UserError
from kickitout.synthesis.parameters import OFF_DB, KickParameters, checked_seed
from kickitout.synthesis.signal import generator


@dataclass(frozen=True)
class Range:
    """A distribution over [low, high]: even in ratios if `log`, in differences if not.

    With `chance` < 1 the parameter takes the value `otherwise` for the remaining share of the seeds.
    """

    low: float
    high: float
    log: bool = False
    chance: float = 1.0
    otherwise: float = 0.0

    def at(self, chosen: float, where: float) -> float:
        """The value at two numbers from [0, 1): `chosen` against the chance, `where` between low and high."""
        if chosen >= self.chance:
            return self.otherwise
        even = self.low * (self.high / self.low) ** where if self.log else self.low + (self.high - self.low) * where
        return min(max(even, self.low), self.high)  # rounding may step over an end


@dataclass(frozen=True)
class Style:
    """A family of kicks: its share of the mixture, and a Range for each parameter that does not keep its default.

    `pitch_start_hz` is drawn as a ratio over the drawn end, so that no start falls below it.
    """

    weight: float
    start_over_end: Range
    ranges: Mapping[str, Range]


_log = partial(Range, log=True)
_layer_level = partial(Range, otherwise=OFF_DB)


# The numbers are starting points from the instruments (named per style), then moved until pitch, decay, spectrum and
# shares of energy of the mixture lay over those of 88 freely licensed kicks: drum machines, two acoustic sets, samples.
STYLES: dict[str, Style] = {
    # A bridged-T network at 49 Hz, "decay" turned from 50 ms to seconds, a sigh of pitch in the first periods and a
    # trigger pulse of a millisecond for a click (TR-808 service notes; Werner et al. 2014). Long ones end at 45-60 Hz.
    "808": Style(
        0.28,
        _log(1.25, 1.9),
        {
            "pitch_end_hz": _log(43, 53),
            "sweep_ms": _log(25, 70),
            "snap_hz": _log(20, 120, chance=0.7),
            "snap_ms": _log(4, 12),
            "attack_ms": _log(0.7, 6),
            "decay_ms": _log(110, 5000),
            "curve": Range(0.9, 1.15),
            "drive_db": Range(0.5, 6, chance=0.25),
            "click_level_db": _layer_level(-56, -26),
            "click_ms": _log(1, 6),
            "click_centroid_hz": _log(600, 4500),
            "click_bandwidth_hz": _log(500, 3000),
            "click_noise": Range(0, 0.8),
            "noise_level_db": _layer_level(-68, -48, chance=0.75),
            "noise_decay_ms": _log(60, 180),
            "noise_tilt_db_per_octave": Range(-8, -3),
        },
    ),
    # A triangle shaped into a sine, a sweep of up to two octaves over 50-100 ms, a click and a puff of noise, short.
    "909": Style(
        0.12,
        _log(2, 5.5),
        {
            "pitch_end_hz": _log(42, 55),
            "sweep_ms": _log(25, 80),
            "snap_hz": _log(50, 700, chance=0.5),
            "snap_ms": _log(3, 12),
            "attack_ms": _log(0.2, 4),
            "hold_ms": Range(0, 40, chance=0.6),
            "decay_ms": _log(180, 700),
            "curve": Range(0.9, 1.5),
            "drive_db": Range(1, 10, chance=0.6),
            "click_level_db": _layer_level(-38, -20),
            "click_ms": _log(4, 40),
            "click_centroid_hz": _log(1000, 5000),
            "click_bandwidth_hz": _log(800, 3500),
            "click_noise": Range(0.3, 1),
            "noise_level_db": _layer_level(-46, -26, chance=0.8),
            "noise_decay_ms": _log(15, 80),
            "noise_tilt_db_per_octave": Range(-8, -2),
        },
    ),
    # A head with its modes, a felt or wooden beater (contact of a few ms: click of 1-4 kHz), a fast first decay with a
    # long low remainder, and the room of the recording.
    "acoustic": Style(
        0.24,
        _log(1.2, 2.4),
        {
            "pitch_end_hz": _log(40, 86),
            "sweep_ms": _log(15, 60),
            "snap_hz": _log(30, 300, chance=0.5),
            "snap_ms": _log(4, 15),
            "attack_ms": _log(1, 10),
            "decay_ms": _log(200, 1300),
            "curve": Range(0.5, 1.0),
            "modes_level_db": _layer_level(-24, -4, chance=0.9),
            "modes_tilt_db": Range(-9, -2),
            "modes_decay_ms": _log(40, 250),
            "click_level_db": _layer_level(-40, -18),
            "click_ms": _log(12, 70),
            "click_centroid_hz": _log(600, 3000),
            "click_bandwidth_hz": _log(600, 2500),
            "click_noise": Range(0.7, 1),
            "noise_level_db": _layer_level(-48, -26, chance=0.95),
            "noise_decay_ms": _log(50, 270),
            "noise_tilt_db_per_octave": Range(-10, -4),
            "room_level_db": _layer_level(-32, -10, chance=0.8),
            "room_ms": _log(100, 900),
        },
    ),
    # Sampling and small analogue boxes of the 1980s: a dry, short acoustic kick of 8 bits, or a plain decaying sine.
    "machine": Style(
        0.17,
        _log(1.3, 3),
        {
            "pitch_end_hz": _log(45, 72),
            "sweep_ms": _log(15, 60),
            "snap_hz": _log(50, 400, chance=0.4),
            "snap_ms": _log(3, 12),
            "attack_ms": _log(0.5, 12),
            "hold_ms": Range(0, 25, chance=0.4),
            "decay_ms": _log(85, 300),
            "curve": Range(0.9, 2),
            "modes_level_db": _layer_level(-24, -6, chance=0.6),
            "modes_decay_ms": _log(30, 120),
            "drive_db": Range(1, 8, chance=0.3),
            "click_level_db": _layer_level(-44, -17),
            "click_ms": _log(3, 50),
            "click_centroid_hz": _log(600, 3500),
            "click_bandwidth_hz": _log(800, 4000),
            "click_noise": Range(0.2, 1),
            "noise_level_db": _layer_level(-54, -30, chance=0.8),
            "noise_decay_ms": _log(40, 200),
            "noise_tilt_db_per_octave": Range(-9, -3),
        },
    ),
    # Two octaves and more in 100-250 ms, saturated, often held, sometimes with a short dark room behind it.
    "techno": Style(
        0.10,
        _log(2.5, 9),
        {
            "pitch_end_hz": _log(38, 58),
            "sweep_ms": _log(35, 150),
            "snap_hz": _log(100, 1500, chance=0.6),
            "snap_ms": _log(3, 15),
            "attack_ms": _log(0.2, 5),
            "hold_ms": Range(0, 120, chance=0.6),
            "decay_ms": _log(200, 900),
            "curve": Range(0.9, 2.5),
            "drive_db": Range(3, 18, chance=0.8),
            "drive_bias": Range(0, 0.3, chance=0.4),
            "click_level_db": _layer_level(-50, -20),
            "click_ms": _log(3, 40),
            "click_centroid_hz": _log(1000, 6000),
            "click_bandwidth_hz": _log(800, 4000),
            "click_noise": Range(0.3, 1),
            "noise_level_db": _layer_level(-48, -26, chance=0.85),
            "noise_decay_ms": _log(30, 300),
            "noise_tilt_db_per_octave": Range(-8, -1),
            "room_level_db": _layer_level(-30, -12, chance=0.4),
            "room_ms": _log(100, 600),
        },
    ),
    # Hardstyle and gabber: a long high sweep into a tanh near a square wave, held until the next beat.
    "hard": Style(
        0.03,
        _log(4, 16),
        {
            "pitch_end_hz": _log(40, 65),
            "sweep_ms": _log(50, 220),
            "snap_hz": _log(200, 2500, chance=0.7),
            "snap_ms": _log(4, 20),
            "attack_ms": _log(0.1, 1),
            "hold_ms": Range(40, 260),
            "decay_ms": _log(120, 600),
            "curve": Range(1, 3),
            "drive_db": Range(12, 30),
            "drive_bias": Range(0, 0.4, chance=0.6),
            "click_level_db": _layer_level(-35, -16),
            "click_ms": _log(3, 25),
            "click_centroid_hz": _log(2000, 8000),
            "click_bandwidth_hz": _log(1000, 5000),
            "click_noise": Range(0.4, 1),
            "noise_level_db": _layer_level(-40, -20, chance=0.7),
            "noise_decay_ms": _log(50, 300),
            "noise_tilt_db_per_octave": Range(-6, 0),
            "room_level_db": _layer_level(-28, -14, chance=0.3),
            "room_ms": _log(80, 400),
        },
    ),
    # Tape and dusty samplers: soft attack, saturation, a dull click, brown noise and a boxy room.
    "lofi": Style(
        0.04,
        _log(1.2, 4),
        {
            "pitch_end_hz": _log(40, 62),
            "sweep_ms": _log(25, 90),
            "attack_ms": _log(1, 10),
            "hold_ms": Range(0, 50, chance=0.4),
            "decay_ms": _log(120, 500),
            "curve": Range(0.7, 1.6),
            "modes_level_db": _layer_level(-24, -8, chance=0.5),
            "modes_decay_ms": _log(30, 150),
            "drive_db": Range(2, 14),
            "drive_bias": Range(0, 0.5, chance=0.5),
            "click_level_db": _layer_level(-48, -26, chance=0.8),
            "click_ms": _log(6, 50),
            "click_centroid_hz": _log(500, 2000),
            "click_bandwidth_hz": _log(300, 1000),
            "click_noise": Range(0.6, 1),
            "noise_level_db": _layer_level(-38, -20),
            "noise_decay_ms": _log(60, 450),
            "noise_tilt_db_per_octave": Range(-9, -3),
            "room_level_db": _layer_level(-26, -8, chance=0.6),
            "room_ms": _log(50, 250),
        },
    ),
}


def style_of(seed: int) -> str:
    """The style that `draw_parameters(seed)` takes when none is asked for, after the weights of STYLES."""
    seed = checked_seed(seed)
    edges = np.cumsum([style.weight for style in STYLES.values()])
    place = generator(seed, 3).random() * edges[-1]
    return list(STYLES)[int(np.searchsorted(edges, place, side="right"))]


def draw_parameters(seed: int, style: str | None = None) -> KickParameters:
    """The parameters of one kick; the same for the same seed and style, which is `style_of(seed)` unless given."""
    seed = checked_seed(seed)
    name = style_of(seed) if style is None else style
    if name not in STYLES:
        raise UserError(f"style {name}: not known; styles are {', '.join(STYLES)}")
    start_over_end, ranges = STYLES[name].start_over_end, STYLES[name].ranges
    # Two numbers for every range, whatever comes of them, so that no draw shifts another.
    places = generator(seed, 4).random((1 + len(ranges), 2)).tolist()
    values = {field: span.at(*place) for (field, span), place in zip(ranges.items(), places[1:], strict=True)}
    start_hz = values["pitch_end_hz"] * start_over_end.at(*places[0])
    return KickParameters(pitch_start_hz=start_hz, seed=seed, **values)
