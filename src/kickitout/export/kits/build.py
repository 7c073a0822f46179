"""Kicks and a plan -> a kit: each kick tuned, all of them of one polarity and one loudness, none clipped."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from kickitout.audio.prepare import polarity
from kickitout.descriptors import cards
from kickitout.errors import UserError
from kickitout.export.kits.pitching import Tuned, tune
from kickitout.export.kits.plan import Plan
from kickitout.export.kits.sources import KitSource, ascii_label
from kickitout.export.kits.velocity import Variation, Zone
from kickitout.export.sounds import SoundFormat, encode_kick
from kickitout.generation.shaping import Shape, shape
from kickitout.notes import GM_KICK

COST_LU = 3.0  # by which kicks with high peaks may quieten the others, and
SPIKY = 0.25  # the share of a kit that they may be (one of two or three): what is beyond is quieter than the others


@dataclass(frozen=True)
class KitSound:
    """One WAV. file: its name; round_robin counts from 1; lufs: its loudness."""

    file: str
    zone: Zone
    round_robin: int
    lufs: float
    recipe: dict[str, Any]


@dataclass(frozen=True)
class KitKick:
    """A kick in the kit. number counts from 1; key: its own in the whole kit; alone it is on GM_KICK.

    lufs: of its full stroke: the kit's, but for a kick whose peak does not allow that, and where peaks are matched.
    """

    number: int
    key: int
    kick: KitSource
    tuned: Tuned
    inverted: bool
    lufs: float
    sounds: tuple[KitSound, ...]

    @property
    def title(self) -> str:
        """A short name for players, for instance "03 F1 s000042"."""
        return f"{self.number:02d} {self.tuned.name} {self.kick.label}"


@dataclass(frozen=True)
class Kit:
    """Everything but the bytes. lufs: of a full stroke, of the loudest kick where peaks are matched.

    limited_by: the kick (from 1) whose peak allows no more; None where peaks are matched, or where there are quieter
    ones, that would have cost the others more than COST_LU. cost_lu: what the others lose by either.
    """

    plan: Plan
    kicks: tuple[KitKick, ...]
    lufs: float
    limited_by: int | None
    cost_lu: float = 0.0

    def files(self) -> Iterator[tuple[str, bytes]]:
        """(name, WAV) of every sound, made as they are asked for."""
        form = SoundFormat(bits=self.plan.bits, pre_roll_ms=self.plan.pre_roll_ms)
        for kick in self.kicks:
            for sound in kick.sounds:
                wave = shape(kick.kick.wave, Shape(**sound.recipe["shape"]))
                yield sound.file, encode_kick(sound.recipe, wave, form)[1]


@dataclass(frozen=True)
class _Shaped:
    """A kick with what is known of its sounds before their gains: one entry a stroke, the softest layer first.

    room: the highest loudness of a full stroke (LUFS) with which none of its sounds passes the plan's ceiling.
    """

    kick: KitSource
    tuned: Tuned
    inverted: bool
    shapes: tuple[Shape, ...]
    lufs: np.ndarray
    room: float


def build_kit(kicks: Sequence[KitSource], plan: Plan) -> Kit:
    """Tune, turn and match kicks: in loudness, or each to one peak; as much as peaks allow, or as the plan says.

    Raises UserError for too many of them, for one that cannot be tuned so far, and for one without any loudness.
    """
    plan.check_size(len(kicks))
    shaped = [_shape_kick(kick, plan) for kick in kicks]
    rooms = [one.room for one in shaped]
    least, cost = (max(rooms), 0.0) if plan.match == "peak" else common_loudness(rooms)
    limited = plan.match == "loudness" and plan.level_db is None
    if plan.match == "loudness" and plan.level_db is not None:
        least, cost = plan.level_db, 0.0
    target = _to_hundredth(least)
    levelled = tuple(
        _level_kick(one, plan, i + 1, min(target, _to_hundredth(one.room))) for i, one in enumerate(shaped)
    )
    limited_by = 1 + int(np.argmin(rooms)) if limited and least == min(rooms) else None
    return Kit(plan, levelled, target, limited_by, cost)


def common_loudness(rooms: Sequence[float]) -> tuple[float, float]:
    """The loudness of a kit (LUFS) whose kicks may have `rooms` at most, and what it costs the others (LU).

    That of the kick with the least room, so that all are equally loud; but spiky kicks cost the others no more than
    COST_LU, and are quieter themselves.

    >>> common_loudness([-14.0, -12.0, -13.0, -12.5])
    (-14.0, 1.0)
    >>> common_loudness([-12.0, -30.0, -13.0, -12.5])
    (-16.0, 3.0)
    """
    ranked = sorted(rooms)
    others = ranked[min(len(ranked) - 1, max(1, int(SPIKY * len(ranked))))]
    if ranked[0] < others - COST_LU:
        return others - COST_LU, COST_LU
    return ranked[0], ranked[min(1, len(ranked) - 1)] - ranked[0]


def _strokes(plan: Plan) -> list[tuple[Zone, int, Variation]]:
    """Every sound of a kick: its layer, its round robin (from 1), and what that changes."""
    return [(zone, k + 1, v) for zone in plan.zones for k, v in enumerate(plan.variations)]


def _level(zone: Zone, v: Variation) -> float:
    return zone.level_db + v.level_db


def _shape_kick(kick: KitSource, plan: Plan) -> _Shaped:
    tuned = tune(kick.wave, plan.target, kick.name)
    inverted = polarity(kick.wave.mean(axis=0)) < 0
    strokes = _strokes(plan)
    shapes = tuple(
        Shape(inverted, round(tuned.cents + v.cents, 3), round(zone.tilt_db, 4), v.click_db) for zone, _, v in strokes
    )
    lufs, peak = _measure(kick, shapes)
    levels = np.array([_level(zone, v) for zone, _, v in strokes])
    return _Shaped(kick, tuned, inverted, shapes, lufs, float(np.min(plan.ceiling_dbtp - peak + lufs - levels)))


def _level_kick(one: _Shaped, plan: Plan, number: int, target: float) -> KitKick:
    """The gains with which a full stroke has the loudness `target`, and a soft one that of its layer."""
    sounds, key = [], GM_KICK + number - 1
    for (zone, robin, v), by, lufs in zip(_strokes(plan), one.shapes, one.lufs, strict=True):
        level = target + _level(zone, v)
        exact = replace(by, gain_db=round(level - float(lufs), 4))
        place = {"name": plan.name, "kick": number, "layer": zone.layer, "round_robin": robin,
                 "key": key, "velocities": [zone.low, zone.high]}  # fmt: skip
        recipe = {**one.kick.recipe, "kit": place, "shape": asdict(exact)}
        sounds.append(KitSound(_file_name(number, one.tuned, one.kick, zone, robin), zone, robin, level, recipe))
    return KitKick(number, key, one.kick, one.tuned, one.inverted, target, tuple(sounds))


def _to_hundredth(lufs: float) -> float:
    """To the next lower hundredth, so that a kit's loudness is a number that can be written."""
    return math.floor(100 * lufs) / 100


def _measure(kick: KitSource, shapes: Sequence[Shape]) -> tuple[np.ndarray, np.ndarray]:
    """Loudness (LUFS) and true peak (dBTP) of each shape of a kick, before its gain."""
    waves = [shape(kick.wave, by) for by in shapes]
    longest = max(x.shape[1] for x in waves)
    mono = np.stack([np.pad(x.mean(axis=0), (0, longest - x.shape[1])) for x in waves])
    found = cards(mono)
    lufs = found["loudness_lufs"]
    if np.isnan(lufs).any():
        where = int(np.argmax(np.isnan(lufs)))
        raise UserError(f"{kick.name}: has no loudness ({found.reason(where, 'loudness_lufs')}); choose another")
    if len(kick.wave) == 1:
        return lufs, found["true_peak_dbtp"]
    sides = [np.stack([np.pad(x[side], (0, longest - x.shape[1])) for x in waves]) for side in (0, 1)]
    return lufs, np.fmax(*(cards(side)["true_peak_dbtp"] for side in sides))  # a silent side has no peak


def _file_name(number: int, pitch: Tuned, kick: KitSource, zone: Zone, round_robin: int) -> str:
    """No blanks, no sharps, no accents: SFZ players differ in what they make of them."""
    note = "nopitch" if pitch.note is None else pitch.name.replace("#", "s")
    return f"{kick.word}{number:02d}_{note}_{ascii_label(kick.label)}_v{zone.layer}_r{round_robin}.wav"
