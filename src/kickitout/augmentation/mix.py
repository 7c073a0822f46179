"""What a model learns from when there are few kicks: a mix that reaches from a small folder towards kicks at large.

A folder of some dozen kicks is one taste: all drum machines, say, with little click, much sub and digital silence
behind them. A producer would make them into the kicks of records, and this does: it sweeps the attack, balances sub and
body, lays a top, hiss and a room over them, drives the whole, ends it early, and leaves a recorder's noise below:

    raw = drive(room(hiss(top(balance(eq(soften(decay(sweep(repitch(layer(click, body))))))))))
    processed = clip(floor(trim(cut(raw))))

Some bodies are rendered (`procedural`) instead. The more kicks there are, the more they speak for themselves: beyond
ENOUGH of them the share of such rows falls like ENOUGH / n, and the others are light `variants`.

Each row depends on the kicks, the seed and its own number, so the first rows of a long mix are a short one.
The ranges were moved by hand, as what a producer would call musical, until the kick cards and third octaves of a mix of
88 freely licensed drum machines lay near those of 240 kicks of records; nothing is fitted to any sound.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kickitout.audio.prepare import polarity
from kickitout.augmentation import effects
from kickitout.augmentation.changes import CHANGE_LIMITS, drive, layer, repitch, reshape_decay, tilt
from kickitout.augmentation.effects import EFFECT_LIMITS
from kickitout.augmentation.shape import aligned, checked_wave, normalised
from kickitout.augmentation.variants import apply_changes, check_range, draw_changes, has_click
from kickitout.errors import UserError
from kickitout.sound import LENGTH
from kickitout.synthesis.layers import click_layer
from kickitout.synthesis.parameters import LIMITS, OFF_DB, KickParameters, Limit, checked_seed
from kickitout.synthesis.procedural import render_kick
from kickitout.synthesis.signal import Wave
from kickitout.synthesis.styles import Range, draw_parameters

ENOUGH = 150  # kicks from which on a folder begins to speak for itself
GOLDEN = (5**0.5 - 1) / 2  # its multiples, modulo 1, fill (0, 1) evenly however many there are
DULL_FLOOR_DB = -10.0  # the floor of a dull kick is so much lower: what took its top took the hiss as well


ALLOWED = LIMITS | CHANGE_LIMITS | EFFECT_LIMITS


class Parameter(NamedTuple):
    """A number that is drawn for each processed row."""

    usual: Range  # what is musical: how often (`chance`) and how far
    neutral: float | None  # changes nothing; None where it says how, not whether
    limit: Limit  # what its source allows, and the unit
    source: str  # the function that it is a setting of, in `changes`, `effects` or `procedural`


# In the order in which they are drawn, which is frozen: another one draws other kicks. Levels of layers are dB re the
# energy of what they are laid over; that of the floor is dB re peak, above 4 kHz.
# fmt: off
PARAMETERS: dict[str, Parameter] = {
    "crossover_ms": Parameter(Range(5, 12, chance=0.2, log=True), 0.0, ALLOWED["crossover_ms"], "layer"),
    "semitones": Parameter(Range(-8, 3, chance=0.85), 0.0, ALLOWED["semitones"], "repitch"),
    "sweep_semitones": Parameter(Range(3, 21, chance=0.68), 0.0, ALLOWED["sweep_semitones"], "sweep"),
    "sweep_ms": Parameter(Range(40, 250, log=True), None, ALLOWED["sweep_ms"], "sweep"),
    "decay_factor": Parameter(Range(0.95, 2.6, chance=0.85, otherwise=1.0, log=True), 1.0, ALLOWED["decay_factor"],
                              "reshape_decay"),
    "soften_ms": Parameter(Range(2, 15, chance=0.4, log=True), 0.0, ALLOWED["soften_ms"], "soften"),
    "mid_db": Parameter(Range(-12, 0, chance=0.75), 0.0, ALLOWED["mid_db"], "equalise"),  # the box taken out
    "mid_hz": Parameter(Range(180, 600, log=True), None, ALLOWED["mid_hz"], "equalise"),
    "dull_db": Parameter(Range(-40, -6, chance=0.22), 0.0, ALLOWED["high_db"], "equalise"),  # no top, no hiss
    "high_db": Parameter(Range(-4, 10, chance=0.6), 0.0, ALLOWED["high_db"], "equalise"),  # the others'
    "high_hz": Parameter(Range(2500, 9000, log=True), None, ALLOWED["high_hz"], "equalise"),
    "tilt_db_per_octave": Parameter(Range(-1.2, 1.2, chance=0.5), 0.0, ALLOWED["tilt_db_per_octave"], "tilt"),
    "sub_share": Parameter(Range(0.02, 0.42, chance=0.75), 0.0, ALLOWED["sub_share"], "balance"),
    "hiss_db": Parameter(Range(-48, -14, chance=0.65, otherwise=OFF_DB), OFF_DB, ALLOWED["layer_db"], "add_layer"),
    "hiss_ms": Parameter(Range(60, 1200, log=True), None, ALLOWED["hiss_ms"], "hiss"),
    "hiss_tilt": Parameter(Range(-6, 0), None, ALLOWED["noise_tilt"], "hiss"),
    "hiss_low_hz": Parameter(Range(150, 3000, log=True), None, ALLOWED["noise_low_hz"], "hiss"),
    "hiss_high_hz": Parameter(Range(5000, 20_000, log=True), None, ALLOWED["noise_high_hz"], "hiss"),
    "hiss_rise_ms": Parameter(Range(0.5, 10, log=True), None, ALLOWED["rise_ms"], "add_layer"),
    "top_db": Parameter(Range(-44, -8, chance=0.8, otherwise=OFF_DB), OFF_DB, ALLOWED["layer_db"], "add_layer"),
    "top_ms": Parameter(Range(20, 100, log=True), None, ALLOWED["click_ms"], "click_layer"),
    "top_hz": Parameter(Range(800, 8000, log=True), None, ALLOWED["click_centroid_hz"], "click_layer"),
    "top_width_hz": Parameter(Range(1000, 6000, log=True), None, ALLOWED["click_bandwidth_hz"], "click_layer"),
    "top_rise_ms": Parameter(Range(0.1, 4, log=True), None, ALLOWED["rise_ms"], "add_layer"),
    "room_db": Parameter(Range(-22, -1, chance=0.65, otherwise=OFF_DB), OFF_DB, ALLOWED["layer_db"], "room"),
    "room_ms": Parameter(Range(100, 900, log=True), None, ALLOWED["room_ms"], "room"),
    "room_tilt": Parameter(Range(-8, -2), None, ALLOWED["noise_tilt"], "room"),
    "drive_db": Parameter(Range(2, 12, chance=0.7), 0.0, ALLOWED["drive_db"], "drive"),
    "cut_ms": Parameter(Range(110, 450, chance=0.6, otherwise=500.0, log=True), 500.0, ALLOWED["cut_ms"], "cut"),
    "cut_fade_ms": Parameter(Range(4, 60, log=True), None, ALLOWED["cut_fade_ms"], "cut"),
    "floor_db": Parameter(Range(-95, -68, chance=0.9, otherwise=-140.0), -140.0, ALLOWED["floor_db"], "floor_noise"),
    "floor_tilt": Parameter(Range(-6, -2), None, ALLOWED["noise_tilt"], "floor_noise"),
    "clip_db": Parameter(Range(0.3, 3, chance=0.07), 0.0, ALLOWED["clip_db"], "clip"),
    "trim_db": Parameter(Range(-70, -25, chance=0, otherwise=OFF_DB), OFF_DB, ALLOWED["trim_db"], "trim"),
    "trim_fade_ms": Parameter(Range(5, 60, log=True), None, ALLOWED["trim_fade_ms"], "trim"),
}
# fmt: on


@dataclass(frozen=True)
class MixRanges:
    """Shares of rows, and ranges of parameters in place of the usual ones."""

    processed: float | None = None  # share of rows that are more than light variants; None: ENOUGH / kicks
    rendered: float = 0.12  # share of the processed rows whose body is rendered
    keep_click: float = 0.5  # share of the re-pitched that keep their click
    trimmed: float = 0.4  # share whose noise floor begins with the hit
    trim_light: bool = False  # whether light variants are trimmed as well
    ranges: Mapping[str, Range] = field(default_factory=dict)  # by the parameter's name

    def __post_init__(self) -> None:
        shares = {name: getattr(self, name) for name in ("rendered", "keep_click", "trimmed")}
        if self.processed is not None:
            shares["processed"] = self.processed
        for name, share in shares.items():
            if isinstance(share, bool) or not 0 <= share <= 1:
                raise UserError(f"{name}={share!r}: must be a share from 0 to 1")
        for name, span in self.ranges.items():
            if name not in PARAMETERS:
                raise UserError(f"{name}: no parameter of the augmentation mix; {', '.join(PARAMETERS)}")
            check_range(name, span, PARAMETERS[name].limit, PARAMETERS[name].neutral)

    def drawn(self, random: np.random.Generator) -> dict[str, float]:
        """A value of each parameter: from two numbers each, whatever comes of them, so that no draw shifts another."""
        places = random.random((len(PARAMETERS), 2)).tolist()
        return {
            name: self.ranges.get(name, parameter.usual).at(*place)
            for (name, parameter), place in zip(PARAMETERS.items(), places, strict=True)
        }


TRIMMED = MixRanges(
    processed=0.65,
    rendered=0.0,
    trim_light=True,
    ranges={
        "semitones": Range(-5, 3, chance=0.85),  # lower than that, one in twelve is mostly below 30 Hz
        "room_db": Range(-22, -1, chance=0.5, otherwise=OFF_DB),
        "hiss_db": Range(-48, -14, chance=0.5, otherwise=OFF_DB),
        "cut_ms": Range(110, 450, chance=0, otherwise=500.0, log=True),
        "trim_db": Range(-50, -31, chance=0.85, otherwise=OFF_DB),
        "trim_fade_ms": Range(1.0, 4, log=True),
        "decay_factor": Range(0.6, 1.3, chance=0.85, otherwise=1.0, log=True),
    },
)

# How the kicks of a mix end, and what goes with it. "cut": after a time, however loud they are; the first model in the
# package learned from such, and stopped within a cycle three times as often as recordings. "trimmed": where they have
# become quiet, and so early that few of them fall by 60 dB by themselves; the second learned from such. "recorded": at
# -28.5 to -60 dB, and of shorter decays, as a model's kicks ring longer than those that it learned from. Of these half
# of the rows are processed, and lifted and swept less far in pitch: what is lifted most is taken for a tom or a snare.
ENDINGS = {
    "cut": MixRanges(),
    "trimmed": TRIMMED,
    "recorded": replace(
        TRIMMED,
        processed=0.5,
        ranges={
            **TRIMMED.ranges,
            "semitones": Range(-5, 2, chance=0.85),
            "sweep_semitones": Range(3, 16, chance=0.6),
            "trim_db": Range(-60, -28.5, chance=0.85, otherwise=OFF_DB),
            "decay_factor": Range(0.35, 1.0, chance=0.85, otherwise=1.0, log=True),
        },
    ),
}


@dataclass(frozen=True)
class RowPlan:
    """What is done to one row. value: a setting for each parameter. seed: of its noises and of a rendered body."""

    processed: bool
    rendered: bool
    keep_click: bool
    trimmed: bool
    donor: float  # which of the kicks that lend their click, as a share of their number
    value: dict[str, float]
    seed: int
    trim_light: bool = False


class AugmentationMix(NamedTuple):
    """waves: float32 [count, LENGTH]. Two int64 [count]: `body`, the kick that the body of a row is from, or -1 where
    that is rendered; `click`, the kick that lent its click, or -1."""

    waves: Wave
    body: NDArray[np.int64]
    click: NDArray[np.int64]

    @property
    def rendered(self) -> NDArray[np.bool_]:
        """[count]: nothing in it was recorded."""
        return (self.body < 0) & (self.click < 0)


def picked_evenly(weights: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    """[count] which of n is taken for each row, as often as `weights` [n] say, evenly however many rows there are."""
    return np.searchsorted(np.cumsum(weights[:-1]) / np.sum(weights), np.arange(count) * GOLDEN % 1, "right")


def augmentation_mix(
    kicks: Wave, count: int, seed: int, ranges: MixRanges | None = None, weights: NDArray[np.float64] | None = None
) -> AugmentationMix:
    """`count` new kicks from kicks [n, LENGTH]; none is one of them unchanged. Row i is made from kick i modulo n, or
    from one that `weights` [n] say how often it is taken."""
    kicks = np.asarray(kicks)
    if kicks.ndim != 2 or len(kicks) == 0:
        raise UserError(f"kicks is {list(kicks.shape)}: prepared kicks work, float32 [n, {LENGTH}] with n from 1 on")
    if isinstance(count, bool) or not isinstance(count, int | np.integer) or count < 1:
        raise UserError(f"count={count!r}: must be a whole number from 1 on")
    sounds = [checked_wave(wave, f"kicks[{i}]") for i, wave in enumerate(kicks)]
    lenders = [i for i, wave in enumerate(sounds) if has_click(wave)]
    bodies = np.arange(count) % len(sounds) if weights is None else picked_evenly(weights, count)
    mix = AugmentationMix(np.empty((count, LENGTH), np.float32), np.full(count, -1), np.full(count, -1))
    for row, own in enumerate(bodies.tolist()):
        plan = draw_plan(row, seed, len(sounds), ranges)
        lent = [i for i in lenders if i != own or plan.rendered]
        click = lent[int(plan.donor * len(lent))] if lent and plan.value["crossover_ms"] > 0 else -1
        if not plan.rendered:
            mix.body[row] = own
        mix.click[row] = click
        body = render_kick(draw_parameters(plan.seed)) if plan.rendered else sounds[own]
        mix.waves[row] = process(body, plan, None if click < 0 else sounds[click])
    return mix


def draw_plan(row: int, seed: int, kicks: int, ranges: MixRanges | None = None) -> RowPlan:
    """The plan of one row of a mix of so many kicks."""
    ranges = ranges or MixRanges()
    random = np.random.Generator(np.random.Philox(key=checked_seed(seed) + (row << 64)))
    processed, rendered, keep, trimmed, donor = random.random(5).tolist()
    own_seed = int(random.integers(1 << 62))
    value = ranges.drawn(random)
    if value["dull_db"] != 0:
        value |= {"high_db": value["dull_db"], "top_db": OFF_DB, "hiss_db": OFF_DB}
        value["floor_db"] = max(value["floor_db"] + DULL_FLOOR_DB, EFFECT_LIMITS["floor_db"].lowest)
    is_processed = processed < (ENOUGH / kicks if ranges.processed is None else ranges.processed)
    return RowPlan(
        is_processed, is_processed and rendered < ranges.rendered, keep < ranges.keep_click, trimmed < ranges.trimmed,
        donor, value, own_seed, ranges.trim_light,
    )  # fmt: skip


def process(body: Wave, plan: RowPlan, click_of: Wave | None = None) -> Wave:
    """One row of the mix, with the polarity of a prepared kick. Without `click_of` no click is layered."""
    wave = _processed(body, plan, click_of) if plan.processed else _light(body, plan, click_of)
    wave = aligned(wave * np.float32(polarity(wave)))
    if not plan.processed:
        return normalised(wave)
    wave = effects.floor_noise(wave, plan.value["floor_db"], plan.value["floor_tilt"], plan.seed + 2, plan.trimmed)
    return effects.clip(wave, plan.value["clip_db"])


def _light(body: Wave, plan: RowPlan, click_of: Wave | None) -> Wave:
    wave = apply_changes(body, draw_changes("", 0, plan.seed), click_of)
    return _trimmed(wave, plan.value) if plan.trim_light else wave


def _trimmed(wave: Wave, v: Mapping[str, float]) -> Wave:
    return effects.trim(wave, v["trim_db"], v["trim_fade_ms"]) if v["trim_db"] > OFF_DB else wave


def _processed(body: Wave, plan: RowPlan, click_of: Wave | None) -> Wave:
    v = plan.value
    wave = body if click_of is None else layer(click_of, body, v["crossover_ms"])
    if v["semitones"] != 0:
        wave = repitch(wave, v["semitones"], plan.keep_click)
    if v["sweep_semitones"] != 0:
        wave = effects.sweep(wave, v["sweep_semitones"], v["sweep_ms"])
    if v["decay_factor"] != 1:
        wave = reshape_decay(wave, v["decay_factor"])
    if v["soften_ms"] > 0:
        wave = effects.soften(wave, v["soften_ms"])
    wave = effects.equalise(wave, mid_db=v["mid_db"], mid_hz=v["mid_hz"], high_db=v["high_db"], high_hz=v["high_hz"])
    if v["tilt_db_per_octave"] != 0:
        wave = tilt(wave, v["tilt_db_per_octave"])
    if v["sub_share"] > 0:
        wave = effects.balance(wave, v["sub_share"])
    if v["hiss_db"] > OFF_DB:
        noise = effects.hiss(plan.seed, v["hiss_ms"], v["hiss_tilt"], v["hiss_low_hz"], v["hiss_high_hz"])
        wave = effects.add_layer(wave, noise, v["hiss_db"], v["hiss_rise_ms"])
    if v["top_db"] > OFF_DB:
        top = KickParameters(
            click_ms=v["top_ms"], click_centroid_hz=v["top_hz"], click_bandwidth_hz=v["top_width_hz"], seed=plan.seed
        )
        wave = effects.add_layer(wave, click_layer(top), v["top_db"], v["top_rise_ms"])
    if v["room_db"] > OFF_DB:
        wave = effects.room(wave, v["room_db"], v["room_ms"], v["room_tilt"], plan.seed + 1)
    if v["drive_db"] > 0:
        wave = drive(wave, v["drive_db"])
    if v["cut_ms"] < 500:
        wave = effects.cut(wave, v["cut_ms"], min(v["cut_fade_ms"], v["cut_ms"] / 3))
    return _trimmed(wave, v)
