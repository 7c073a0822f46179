"""What a page that cannot measure may say beforehand of a control that moves.

The control of the click's level moves it by its decibels on every kick (`ruled`). That of the pitch moves the tail by
about its semitones, and the card may follow another partial; so the kicks of the map are measured with it moved,
towards each note that is near, when the page is written (`points`). Between such points the page interpolates, and
`between` says how well that does.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from kickitout.cpus import usable_cpus
from kickitout.descriptors import cards
from kickitout.generation.match import measured
from kickitout.generation.model import Model
from kickitout.generation.noise import normal
from kickitout.models.controls import CONTROLS, Target
from kickitout.notes import to_midi

TRIED = range(48)  # seeds on which a rule is tried
TURNS = (-4.0, 4.0)  # dB
OBEYED_DB = 1.0  # a control that is further off promises nothing on a page
NEAREST = 0.9  # share of the kicks that come as near as is said
REACH = 6  # semitones: every note name has one so near
ROUNDS = 4  # of renders, towards the notes that are not met yet
MET = 0.05  # semitones
STRAY = 1.5  # semitones: beyond, the card speaks of another partial
LEAST_GAP = 0.02  # semitones between two points, for a third between them
DIGITS = 3  # of turns and semitones

Points = list[tuple[float, float]]  # control in semitones, Hz on the card; by the control


def calibrate(model: Model, kicks: int) -> tuple[dict[str, dict[str, Any]], list[dict[str, Points]]]:
    """What the page may say: by control, and the points of each of the first kicks by control."""
    known = {c.name: c.target for c in CONTROLS if c.target is not None and c.name in model.info.controls}
    found = {}
    if "click" in known and (rule := ruled(model, "click", known["click"])) is not None:
        found["click"] = rule
    if "pitch" not in known:
        return found, [{} for _ in range(kicks)]
    with ThreadPoolExecutor(usable_cpus()) as pool:
        listed = list(pool.map(lambda seed: points(model, seed), range(kicks)))
    within = between(listed)
    if math.isfinite(within):
        found["pitch"] = {"field": known["pitch"].field, "unit": known["pitch"].unit, "within": round(within, 1),
                          "within_unit": "cents", "points": True}  # fmt: skip
    return found, [{"pitch": one} if one else {} for one in listed]


def ruled(model: Model, control: str, target: Target, seeds: Sequence[int] = TRIED) -> dict[str, Any] | None:
    """The control moves its field by what it says: nine of ten kicks come so near. None where that is too far off."""
    index, off = model.info.controls.index(control), []
    for seed in seeds:
        eps = normal([seed], model.info.noise_size)
        before = measured(model.render(eps).wave)[target.field]
        for turn in TURNS:
            controls = np.zeros(len(model.info.controls), np.float32)
            controls[index] = turn
            off.append(abs(measured(model.render(eps, controls=controls).wave)[target.field] - before - turn))
    known = [x for x in off if math.isfinite(x)]
    within = float(np.quantile(known, NEAREST)) if known else math.inf
    if within > OBEYED_DB:
        return None
    unit = target.unit
    return {"field": target.field, "unit": unit, "within": round(within, 1), "within_unit": unit, "points": False}


def points(model: Model, seed: int) -> Points:
    """Turns of the pitch control on a seed's kick, and what its card then says. Empty for a kick without a pitch."""
    index, eps = model.info.controls.index("pitch"), normal([seed], model.info.noise_size)

    def midi(turns: Sequence[float]) -> np.ndarray:
        controls = np.zeros((len(turns), len(model.info.controls)), np.float32)
        controls[:, index] = turns
        waves = np.stack([model.render(eps, controls=row).wave.mean(axis=0) for row in controls])
        return np.array([to_midi(hz) if hz > 0 else math.nan for hz in cards(waves, threads=1)["pitch_end_hz"]])

    return [(turn, round(440 * 2 ** ((at - 69) / 12), DIGITS)) for turn, at in curve(midi)]


def curve(midi: Callable[[Sequence[float]], np.ndarray]) -> Points:
    """(turn, pitch in semitones) towards each note within REACH. midi: turns -> pitches, NaN where there is none."""
    (home,) = midi([0.0])
    if not math.isfinite(home):
        return []
    found = {0.0: float(home)}
    notes = list(range(math.ceil(home - REACH), math.floor(home + REACH) + 1))
    for _ in range(ROUNDS):
        open_notes = [note for note in notes if min(abs(at - note) for at in found.values()) > MET]
        turns = sorted({round(_towards(note, sorted(found.items())), DIGITS) for note in open_notes} - found.keys())
        if not turns:
            break
        for turn, at in zip(turns, midi(turns), strict=True):
            if abs(at - home - turn) <= STRAY:
                found[turn] = float(at)
    return sorted(found.items())


def _towards(note: float, there: Points) -> float:
    """Where the note may be: between the two nearest points that it lies between, or straight on from the nearest."""
    pairs = [
        (b[0] - a[0], a, b)
        for a, b in itertools.pairwise(there)
        if b[0] - a[0] > LEAST_GAP and min(a[1], b[1]) <= note <= max(a[1], b[1])
    ]
    if not pairs:
        turn, at = min(there, key=lambda point: abs(point[1] - note))
        return turn + note - at
    gap, (turn, at), (_, last) = min(pairs)
    return turn + gap * min(max((note - at) / (last - at), 0.1), 0.9)


def between(listed: Sequence[Points]) -> float:
    """Cents within which nine of ten points lie of the line between neighbours a semitone or more apart; NaN where
    there are too few."""
    off = []
    for one in listed:
        turns, semitones = np.array([[turn, to_midi(hz)] for turn, hz in one]).reshape(-1, 2).T
        for i in (i for i in range(1, len(one) - 1) if turns[i + 1] - turns[i - 1] >= 1):
            guess = np.interp(turns[i], turns[[i - 1, i + 1]], semitones[[i - 1, i + 1]])
            off.append(100 * abs(guess - semitones[i]))
    return float(np.quantile(off, NEAREST)) if len(off) >= 10 else math.nan
