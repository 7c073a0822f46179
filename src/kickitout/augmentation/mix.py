"""What a model learns from when there are few kicks: a mix that reaches from a small folder towards kicks at large.

A folder of some dozen kicks is one taste: all drum machines, say, with little click, much sub and digital silence
behind them. A producer would make them into the kicks of records, and this does: it sweeps the attack, balances sub and
body, lays a top, hiss and a room over them, drives the whole, ends it early, and leaves a recorder's noise below:

    worked = clip(floor(cut(drive(room(hiss(top(balance(eq(soften(decay(sweep(repitch(layer(click, body))))))))))))))

Some bodies are rendered (`procedural`) instead. The more kicks there are, the more they speak for themselves: beyond
ENOUGH of them the share of such rows falls like ENOUGH / n, and the others are `augment`'s light variants.

Each row depends on the kicks, the seed and its own number, so the first rows of a long mix are a short one.
The ranges were moved by hand, as what a producer would call musical, until the kick cards and third octaves of a mix of
88 freely licensed drum machines lay near those of 240 kicks of records; nothing is fitted to any sound.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kickitout.audio.prepare import polarity
from kickitout.augmentation import effects as strip
from kickitout.augmentation.shape import Wave, aligned, checked, checked_seed, normalised
from kickitout.augmentation.variants import LIMITS as AUGMENT_LIMITS
from kickitout.augmentation.variants import (
    apply_changes,
    draw_changes,
    drive,
    has_click,
    layer,
    repitch,
    reshape_decay,
    tilt,
)
from kickitout.errors import UserError
from kickitout.sound import LENGTH
from kickitout.synthesis.procedural import LIMITS as CLICK_LIMITS
from kickitout.synthesis.procedural import KickParameters, click_layer, draw_parameters, render
from kickitout.synthesis.styles import OFF_DB, Range

ENOUGH = 150  # kicks from which on a folder begins to speak for itself
DULL_FLOOR_DB = -10.0  # the floor of a dull kick is so much lower: what took its top took the hiss as well


SHARES = ("rendered", "keep_click", "trimmed")


@dataclass(frozen=True)
class MixRanges:
    """How often (`chance`) and how far the changes of a worked row go; `otherwise` is what changes nothing.

    Levels of layers: dB re the energy of what they are laid over; the floor: dB re peak, above 4 kHz.
    """

    rendered: float = 0.12  # share of the worked rows whose body is rendered
    keep_click: float = 0.5  # share of the re-pitched that keep their click
    trimmed: float = 0.4  # share whose noise floor begins with the hit
    crossover_ms: Range = field(default=Range(5, 12, chance=0.2, log=True))  # another kick's click
    semitones: Range = field(default=Range(-8, 3, chance=0.85))
    sweep_semitones: Range = field(default=Range(3, 21, chance=0.68))
    sweep_ms: Range = field(default=Range(40, 250, log=True))
    decay_factor: Range = field(default=Range(0.95, 2.6, chance=0.85, otherwise=1.0, log=True))
    soften_ms: Range = field(default=Range(2, 15, chance=0.4, log=True))
    mid_db: Range = field(default=Range(-12, 0, chance=0.75))  # the box taken out
    mid_hz: Range = field(default=Range(180, 600, log=True))
    dull_db: Range = field(default=Range(-40, -6, chance=0.22))  # a high shelf, without top and hiss
    high_db: Range = field(default=Range(-4, 10, chance=0.6))  # the others'
    high_hz: Range = field(default=Range(2500, 9000, log=True))
    tilt_db_per_octave: Range = field(default=Range(-1.2, 1.2, chance=0.5))
    sub_share: Range = field(default=Range(0.02, 0.42, chance=0.75))
    hiss_db: Range = field(default=Range(-48, -14, chance=0.65, otherwise=OFF_DB))
    hiss_ms: Range = field(default=Range(60, 1200, log=True))
    hiss_tilt: Range = field(default=Range(-6, 0))  # dB/octave
    hiss_low_hz: Range = field(default=Range(150, 3000, log=True))
    hiss_high_hz: Range = field(default=Range(5000, 20_000, log=True))
    hiss_rise_ms: Range = field(default=Range(0.5, 10, log=True))
    top_db: Range = field(default=Range(-44, -8, chance=0.8, otherwise=OFF_DB))
    top_ms: Range = field(default=Range(20, 100, log=True))
    top_hz: Range = field(default=Range(800, 8000, log=True))
    top_width_hz: Range = field(default=Range(1000, 6000, log=True))
    top_rise_ms: Range = field(default=Range(0.1, 4, log=True))
    room_db: Range = field(default=Range(-22, -1, chance=0.65, otherwise=OFF_DB))
    room_ms: Range = field(default=Range(100, 900, log=True))
    room_tilt: Range = field(default=Range(-8, -2))  # dB/octave
    drive_db: Range = field(default=Range(2, 12, chance=0.7))
    cut_ms: Range = field(default=Range(110, 450, chance=0.6, otherwise=500.0, log=True))
    cut_fade_ms: Range = field(default=Range(4, 60, log=True))
    floor_db: Range = field(default=Range(-95, -68, chance=0.9, otherwise=-140.0))
    floor_tilt: Range = field(default=Range(-6, -2))  # dB/octave
    clip_db: Range = field(default=Range(0.3, 3, chance=0.07))

    def __post_init__(self) -> None:
        for name in SHARES:
            share = getattr(self, name)
            if isinstance(share, bool) or not 0 <= share <= 1:
                raise UserError(f"{name}={share!r}: must be a share from 0 to 1")
        for name in RANGED:
            span: Range = getattr(self, name)
            low, high, unit = _limits(name)
            if not low <= span.low <= span.high <= high:
                raise UserError(
                    f"{name}: from {span.low:g} to {span.high:g}; a range within {low:g} to {high:g} {unit}".rstrip()
                )
            if not 0 <= span.chance <= 1:
                raise UserError(f"{name}: a chance of {span.chance:g}; 0 to 1 work")
            if span.chance < 1 and span.otherwise != NEUTRAL.get(name):
                raise UserError(
                    f"{name}: otherwise={span.otherwise:g}; must be {NEUTRAL[name]:g}, which changes nothing"
                    if name in NEUTRAL
                    else f"{name}: a chance of {span.chance:g}; 1 works: it says how, not whether"
                )


RANGED = tuple(f.name for f in fields(MixRanges) if f.name not in SHARES)

# The settings that change nothing, of what may be left out.
NEUTRAL = {
    "crossover_ms": 0.0,
    "semitones": 0.0,
    "sweep_semitones": 0.0,
    "decay_factor": 1.0,
    "soften_ms": 0.0,
    "mid_db": 0.0,
    "dull_db": 0.0,
    "high_db": 0.0,
    "tilt_db_per_octave": 0.0,
    "sub_share": 0.0,
    "hiss_db": OFF_DB,
    "top_db": OFF_DB,
    "room_db": OFF_DB,
    "drive_db": 0.0,
    "cut_ms": 500.0,
    "floor_db": -140.0,
    "clip_db": 0.0,
}

# What the change behind a range allows.
_SAME_AS = {
    "dull_db": "high_db",
    "hiss_db": "layer_db",
    "hiss_tilt": "noise_tilt",
    "hiss_low_hz": "noise_low_hz",
    "hiss_high_hz": "noise_high_hz",
    "hiss_rise_ms": "rise_ms",
    "top_db": "layer_db",
    "top_ms": "click_ms",
    "top_hz": "click_centroid_hz",
    "top_width_hz": "click_bandwidth_hz",
    "top_rise_ms": "rise_ms",
    "room_db": "layer_db",
    "room_tilt": "noise_tilt",
    "floor_tilt": "noise_tilt",
}


def _limits(name: str) -> tuple[float, float, str]:
    name = _SAME_AS.get(name, name)
    return next(limits[name] for limits in (strip.LIMITS, AUGMENT_LIMITS, CLICK_LIMITS) if name in limits)


@dataclass(frozen=True)
class Plan:
    """What is done to one row. value: a setting for each range. seed: of its noises and of a rendered body."""

    worked: bool
    rendered: bool
    keep_click: bool
    trimmed: bool
    donor: float  # which of the kicks that lend their click, as a share of their number
    value: dict[str, float]
    seed: int


class Mix(NamedTuple):
    """waves: float32 [count, LENGTH]. Two int64 [count]: `body`, the kick that the body of a row is from, or -1 where
    that is rendered; `click`, the kick that lent its click, or -1."""

    waves: Wave
    body: NDArray[np.int64]
    click: NDArray[np.int64]

    @property
    def rendered(self) -> NDArray[np.bool_]:
        """[count]: nothing in it was recorded."""
        return (self.body < 0) & (self.click < 0)


def learning_mix(kicks: Wave, count: int, seed: int, ranges: MixRanges | None = None) -> Mix:
    """`count` new kicks from kicks [n, LENGTH]; none is one of them unchanged. Row i is made from kick i modulo n."""
    kicks = np.asarray(kicks)
    if kicks.ndim != 2 or len(kicks) == 0:
        raise UserError(f"kicks is {list(kicks.shape)}: prepared kicks work, float32 [n, {LENGTH}] with n from 1 on")
    if isinstance(count, bool) or not isinstance(count, int | np.integer) or count < 1:
        raise UserError(f"count={count!r}: must be a whole number from 1 on")
    sounds = [checked(wave, f"kicks[{i}]") for i, wave in enumerate(kicks)]
    lenders = [i for i, wave in enumerate(sounds) if has_click(wave)]
    mix = Mix(np.empty((count, LENGTH), np.float32), np.full(count, -1), np.full(count, -1))
    for row in range(count):
        plan = draw_plan(row, seed, len(sounds), ranges)
        own = row % len(sounds)
        lent = [i for i in lenders if i != own or plan.rendered]
        click = lent[int(plan.donor * len(lent))] if lent and plan.value["crossover_ms"] > 0 else -1
        if not plan.rendered:
            mix.body[row] = own
        mix.click[row] = click
        body = render(draw_parameters(plan.seed)) if plan.rendered else sounds[own]
        mix.waves[row] = work(body, plan, None if click < 0 else sounds[click])
    return mix


def draw_plan(row: int, seed: int, kicks: int, ranges: MixRanges | None = None) -> Plan:
    """The plan of one row of a mix of so many kicks."""
    ranges = ranges or MixRanges()
    random = np.random.Generator(np.random.Philox(key=checked_seed(seed) + (row << 64)))
    worked, rendered, keep, trimmed, donor = random.random(5).tolist()
    own_seed = int(random.integers(1 << 62))
    # Two numbers for every range, whatever comes of them, so that no draw shifts another.
    places = random.random((len(RANGED), 2)).tolist()
    value = {name: getattr(ranges, name).at(*place) for name, place in zip(RANGED, places, strict=True)}
    if value["dull_db"] != 0:
        value |= {"high_db": value["dull_db"], "top_db": OFF_DB, "hiss_db": OFF_DB}
        value["floor_db"] = max(value["floor_db"] + DULL_FLOOR_DB, strip.LIMITS["floor_db"][0])
    is_worked = worked < ENOUGH / kicks
    return Plan(
        is_worked, is_worked and rendered < ranges.rendered, keep < ranges.keep_click, trimmed < ranges.trimmed,
        donor, value, own_seed,
    )  # fmt: skip


def work(body: Wave, plan: Plan, click_of: Wave | None = None) -> Wave:
    """One row of the mix, with the polarity of a prepared kick. Without `click_of` no click is layered."""
    wave = _worked(body, plan, click_of) if plan.worked else _light(body, plan, click_of)
    wave = aligned(wave * np.float32(polarity(wave)))
    if not plan.worked:
        return normalised(wave)
    wave = strip.floor_noise(wave, plan.value["floor_db"], plan.value["floor_tilt"], plan.seed + 2, plan.trimmed)
    return strip.clip(wave, plan.value["clip_db"])


def _light(body: Wave, plan: Plan, click_of: Wave | None) -> Wave:
    return apply_changes(body, draw_changes("", 0, plan.seed), click_of)


def _worked(body: Wave, plan: Plan, click_of: Wave | None) -> Wave:
    v = plan.value
    wave = body if click_of is None else layer(click_of, body, v["crossover_ms"])
    if v["semitones"] != 0:
        wave = repitch(wave, v["semitones"], plan.keep_click)
    if v["sweep_semitones"] != 0:
        wave = strip.sweep(wave, v["sweep_semitones"], v["sweep_ms"])
    if v["decay_factor"] != 1:
        wave = reshape_decay(wave, v["decay_factor"])
    if v["soften_ms"] > 0:
        wave = strip.soften(wave, v["soften_ms"])
    wave = strip.equalise(wave, mid_db=v["mid_db"], mid_hz=v["mid_hz"], high_db=v["high_db"], high_hz=v["high_hz"])
    if v["tilt_db_per_octave"] != 0:
        wave = tilt(wave, v["tilt_db_per_octave"])
    if v["sub_share"] > 0:
        wave = strip.balance(wave, v["sub_share"])
    if v["hiss_db"] > OFF_DB:
        noise = strip.hiss(plan.seed, v["hiss_ms"], v["hiss_tilt"], v["hiss_low_hz"], v["hiss_high_hz"])
        wave = strip.add_layer(wave, noise, v["hiss_db"], v["hiss_rise_ms"])
    if v["top_db"] > OFF_DB:
        top = KickParameters(
            click_ms=v["top_ms"], click_centroid_hz=v["top_hz"], click_bandwidth_hz=v["top_width_hz"], seed=plan.seed
        )
        wave = strip.add_layer(wave, click_layer(top), v["top_db"], v["top_rise_ms"])
    if v["room_db"] > OFF_DB:
        wave = strip.room(wave, v["room_db"], v["room_ms"], v["room_tilt"], plan.seed + 1)
    if v["drive_db"] > 0:
        wave = drive(wave, v["drive_db"])
    if v["cut_ms"] < 500:
        wave = strip.cut(wave, v["cut_ms"], min(v["cut_fade_ms"], v["cut_ms"] / 3))
    return wave
