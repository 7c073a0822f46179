"""Kicks that leave a loop its bass: of many seeds those that mask least, tuned, as short as the room is.

Every kick is compared at one loudness, that of the loop, on every beat. First the kicks of a pool of seeds are played
as they are; the best of them are moved to each note in question, which the control of pitch does in one render; and the
best pairs of a seed and a note are matched to the whole request. Kicks of different seeds come before a second one of a
seed, and those that mask less than their seed's own kick before those that mask more.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from kickitout.datasets.doctor.suspects import LEAST_LOW
from kickitout.descriptors import cards, pitch_rest
from kickitout.fitting.level import loudness_of
from kickitout.fitting.loop import Loop
from kickitout.fitting.masking import low_cells, masking_db, placed
from kickitout.fitting.room import CARRYING_DB, Room
from kickitout.generation.generate import Kick
from kickitout.generation.match import measured
from kickitout.generation.model import Model
from kickitout.generation.noise import normal
from kickitout.generation.styles import StyledModel, seed_recipe
from kickitout.generation.targets import TARGETS, MatchResult, TargetRequest, TargetResult
from kickitout.kicks import match
from kickitout.notes import note_name, to_hz, to_midi
from kickitout.sound import ONSET, SAMPLE_RATE

POOL = 64  # seeds that are looked at
KEPT = 16  # of them, the best, that are moved to each note
LOWEST_NOTE, HIGHEST_NOTE = 28, 43  # E1 to G2, 41 to 98 Hz: what ends higher is a tom to many
MATCHED, LEAST_MATCHED = 1.5, 12  # kicks that are matched for each that is given, and at least
MOST_MATCHED = 2  # times as many, where too few seeds suit
ROUNDS_EACH = 9  # renders of a match
TUNING_ROUNDS = 9  # and of the pitch alone at its end, which has to be right
IN_TUNE_CENTS = 3.0  # so near it is left as it is
OFF_CENTS = TARGETS["pitch"].tolerance  # farther off a kick comes behind those that are in tune
GIVEN_TRIES = 6  # kicks of a seed that are tried for targets that were given
TICK = 0.5  # of the decay that is asked for: a shorter kick is a tick, and comes behind those that are none
SILENT_LAST = 999.0  # in place of the masking of a silent kick: behind all that sound
AS_ASKED = "asked"  # the interval of a note that was given
CLEAR_DB = -30.0  # masking below it is none that is heard: then more sub is better
BLOCK = round(0.4 * SAMPLE_RATE)  # of a kick's loudness, as in its card


def looked_at(n: int) -> int:
    """How many seeds are looked at for n kicks."""
    return max(POOL, 4 * n)


class Variant(NamedTuple):
    """One of three ways to meet a room. decay: share of the time it leaves; click: dB where the low end is busy;
    sweep_time, sweep_depth: turns of these controls. A pitch that falls from higher and for longer has its loudness
    above the bass."""

    decay: float
    click: float = CARRYING_DB
    sweep_time: float = 0.0
    sweep_depth: float = 0.0


FREE = (Variant(1.0), Variant(0.7, sweep_time=0.5), Variant(1.0, sweep_time=0.5, sweep_depth=0.5))
TAKEN = (  # what no room could outlast may be longer
    Variant(1.0, CARRYING_DB, 1.0, 0.5),
    Variant(0.8, CARRYING_DB + 2, 1.0, 0.5),
    Variant(1.6, CARRYING_DB, 1.0, 1.0),
)


@dataclass(frozen=True)
class FittedKick:
    """A kick for a loop. midi: what it is tuned to, None where the loop has no note; interval: "root", "fifth" or "",
    AS_ASKED where the note was given; given: which of its targets were, in place of what the loop would ask for.

    before_db, after_db: masking of the bass below 150 Hz by the seed's own kick and by this one, both at `gain_db`
    from their own level to the loudness of the loop; NaN where there is no bass.
    """

    kick: Kick
    seed: int
    midi: int | None
    interval: str
    targets: Mapping[str, float]
    before_db: float
    after_db: float
    gain_db: float
    before: np.ndarray  # the seed's own kick, [T]
    before_gain_db: float
    higher: bool  # whether its pitch was asked to fall from higher, or for longer; its card says whether it does
    low_share: float  # of its energy, below 250 Hz
    unrest: str = ""  # how its pitch moves where it is measured (`notes.unrest_said`); empty where it rests
    given: frozenset[str] = field(default_factory=frozenset)

    @property
    def lines(self) -> dict[str, TargetResult]:
        """What was asked of it and what it achieves, by target."""
        return {line.target.name: line for line in self.kick.match.lines} if self.kick.match else {}

    @property
    def meets_given(self) -> bool:
        """Whether all targets that were given are met."""
        return all(self.lines[name].reached for name in self.given)

    @property
    def more_db(self) -> float:
        """By how much it masks more than the seed's own kick, as both are told; less than 0 where it masks less."""
        return round(self.after_db, 1) - round(self.before_db, 1)

    @property
    def masks_more(self) -> bool:
        """Whether it masks more than the seed's own kick, and that is heard."""
        return self.more_db > 0 and self.after_db > CLEAR_DB


def tuned_notes(tonic: int | None) -> list[tuple[int, str]]:
    """Root and fifth between E1 and G2, as MIDI with their name.

    >>> tuned_notes(5)
    [(29, 'root'), (36, 'fifth'), (41, 'root')]
    """
    if tonic is None:
        return []
    notes = range(LOWEST_NOTE, HIGHEST_NOTE + 1)
    names = {tonic % 12: "root", (tonic + 7) % 12: "fifth"}
    return [(midi, names[midi % 12]) for midi in notes if midi % 12 in names]


def variant_of(room: Room, place: int) -> Variant:
    """The variant of the place of a kick: of three in a row each is another one, so that there is a choice."""
    return (TAKEN if room.taken else FREE)[place % 3]


def request_for(room: Room, midi: int | None, variant: Variant, given: TargetRequest) -> TargetRequest:
    """What is asked of a kick: what was given, and what the loop asks for besides."""
    asked = {"decay": float(max(30, 5 * round(variant.decay * room.decay_ms / 5)))} | (
        {} if midi is None else {"pitch": to_hz(midi)}
    )
    if room.taken:
        asked["click"] = variant.click
    if room.click_hz is not None:
        asked["tone"] = room.click_hz
    return replace(given, targets={**asked, **given.targets})


def _tuned(kick: Kick, asked: TargetRequest, model: Model) -> Kick:
    """The kick with its pitch as asked for, where the others have drawn it away; its `match` has all lines."""
    assert kick.match is not None
    pitch = next((line for line in kick.match.lines if line.target.name == "pitch"), None)
    if pitch is None or abs(pitch.error) <= IN_TUNE_CENTS:
        return kick
    (again,) = match([kick], {"pitch": pitch.requested}, model, rounds=TUNING_ROUNDS)
    return _answered(again, asked, kick.match)


def _answered(kick: Kick, asked: TargetRequest, before: MatchResult) -> Kick:
    """The kick with what it achieves of all that is asked for, in its recipe too. before: of which it came."""
    card, known = measured(kick.channels), {line.target.name: line for line in before.lines}
    lines = [
        asked.line(TARGETS[name], card[TARGETS[name].field]) if TARGETS[name].field else known[name]
        for name in asked.targets
    ]
    moves = pitch_rest(kick.channels.mean(axis=0)) if asked.steady else None
    controls = np.asarray(kick.recipe["controls"], np.float32)
    found = replace(before, wave=kick.channels, controls=controls, lines=tuple(lines), moves=moves)
    kept = {key: value for key, value in kick.recipe.items() if key != "missed"}
    return kick._replace(match=found, recipe=kept | {"targets": dict(asked.targets)} | found.recipe)


def _meets(kick: Kick, names: Collection[str]) -> bool:
    """Whether a kick meets these of its targets, and rests where it is to."""
    assert kick.match is not None
    return not kick.match.unrest and all(line.reached for line in kick.match.lines if line.target.name in names)


def _heard(masking: float, midi: int) -> tuple[float, int]:
    """Less masking first; where it is too little to be heard, the deeper kick."""
    return round(max(masking, CLEAR_DB), 1), midi if masking <= CLEAR_DB else 0


def shortened(wave: np.ndarray, rings_ms: float, until_ms: float) -> np.ndarray:
    """A kick [T] that falls by 20 dB in `rings_ms`, NaN for one that does not, as it falls in `until_ms`: about what a
    match will make of it. A shorter one stays as it is."""
    slope = 20 / until_ms - (20 / rings_ms if math.isfinite(rings_ms) else 0.0)  # dB a ms
    after_ms = np.maximum(np.arange(len(wave)) - ONSET, 0) * (1000 / SAMPLE_RATE)
    return wave * 10 ** (-max(slope, 0.0) * after_ms / 20)


class Hit(NamedTuple):
    """A kick [T], the cells of its low end (`fitting.masking`), and its momentary loudness."""

    wave: np.ndarray
    cells: np.ndarray
    lufs: float

    @classmethod
    def of(cls, wave: np.ndarray) -> Hit:
        lufs = loudness_of(wave[ONSET : ONSET + BLOCK, None], SAMPLE_RATE)
        return cls(wave, low_cells(wave[ONSET:], SAMPLE_RATE), lufs)


_pool: dict[tuple[str, str, range], list[Hit]] = {}  # of the last model, style and seeds: no loop changes it


def pool_of(model: Model, seeds: range) -> list[Hit]:
    """The kicks of the seeds as they are."""
    key = model.digest, model.style.name if isinstance(model, StyledModel) else "", seeds
    found = _pool.get(key) if model.digest else None
    if found is None:
        found = [Hit.of(wave) for wave in model.play(normal(seeds, model.info.noise_size)).mean(axis=1)]
        _pool.clear()
        _pool[key] = found
    return found


class Fitter:
    """Compares kicks in one loop. given: targets of all of them, in place of what the loop would ask for."""

    def __init__(self, loop: Loop, room: Room, model: Model, given: TargetRequest | None = None) -> None:
        self.loop, self.room, self.model = loop, room, model
        self.given = given or TargetRequest()
        self.frames = len(loop.low)

    @property
    def notes(self) -> list[tuple[int, str]]:
        """That the kicks are tuned to: the one that was given, or root and fifth of the loop."""
        if (hz := self.given.targets.get("pitch")) is not None:
            return [(round(to_midi(hz)), AS_ASKED)]
        return tuned_notes(self.loop.tonic)

    def gain_db(self, hit: Hit) -> float:
        """What makes a kick as loud as the loop, played in each of its channels, whose powers add up; NaN or infinite
        for one that is silent."""
        return self.loop.lufs - hit.lufs - 10 * math.log10(self.loop.samples.shape[1])

    def masking(self, hit: Hit) -> float:
        """Of a kick at the loudness of the loop, in dB; infinite for one that is silent."""
        if not math.isfinite(hit.lufs):
            return math.inf
        cells = hit.cells * 10 ** (self.gain_db(hit) / 10)
        return masking_db(self.loop.low, placed(cells, self.loop.beats, self.frames))

    def find(self, n: int, seed: int) -> list[FittedKick]:
        """n kicks, the one that leaves most room first, of as many seeds as suit; seeds from `seed` on."""
        seeds = range(seed, seed + looked_at(n))
        pool = pool_of(self.model, seeds)
        own = np.array([self.masking(hit) for hit in pool])
        order = np.argsort(np.round(np.nan_to_num(own, posinf=SILENT_LAST), 1), kind="stable")
        each = math.ceil(MATCHED * n)
        count = max(LEAST_MATCHED, each)
        found: list[FittedKick] = []
        for place, (at, note) in enumerate(self._pairs(seeds, pool, order, count, each)):
            if place >= count and len({one.seed for one in found if self._suits(one)}) >= n:
                break
            found.append(self._fitted(seeds[at], note, variant_of(self.room, place), pool[at], float(own[at])))
        return [self._named(one, k) for k, one in enumerate(self._chosen(found, n), 1)]

    def _fitted(
        self, seed: int, note: tuple[int, str] | None, variant: Variant, before: Hit, before_db: float
    ) -> FittedKick:  # fmt: skip
        """The kick of a seed, matched to a note and a variant."""
        midi, interval = note if note else (None, "")
        asked = request_for(self.room, midi, variant, self.given)
        controls = self._row(Variant(1.0) if self.given else variant)
        begin = seed_recipe(self.model, seed, controls=controls.tolist())
        if self.given:
            kick, asked = self._with_given(seed, asked)
        else:
            kick = _tuned(match([begin], asked, self.model, rounds=ROUNDS_EACH)[0], asked, self.model)
        if "style" in begin:
            kick = kick._replace(recipe=kick.recipe | {"style": begin["style"]})
        wave = kick.channels.mean(axis=0)
        hit, card = Hit.of(wave), measured(kick.channels)
        low = float(card["sub_share"]) + float(card["body_share"])
        unrest = "" if midi is None else kick.unrest
        return FittedKick(kick, seed, midi, interval, asked.targets, before_db, self.masking(hit), self.gain_db(hit),
                          before.wave, self.gain_db(before), bool(controls.any()), low, unrest,
                          frozenset(self.given.targets))  # fmt: skip

    def _with_given(self, seed: int, asked: TargetRequest) -> tuple[Kick, TargetRequest]:
        """The kick of a seed that meets what was given, and rests on its note: of several, as its own may be too short;
        bent to what the loop asks for besides, as far as that moves it from nothing that was given."""
        tries = GIVEN_TRIES if self.given.tries == TargetRequest.tries else self.given.tries
        steady, names = self.given.steady or "pitch" in asked.targets, {*self.given.targets, "pitch"}
        asked = replace(asked, tries=tries, steady=steady)
        own = {name: value for name, value in asked.targets.items() if name in names}
        tolerance = {name: value for name, value in asked.tolerance.items() if name in own}
        (first,) = match([seed], replace(asked, targets=own, tolerance=tolerance), self.model)
        assert first.match is not None
        if own.keys() == asked.targets.keys():
            return _tuned(first, asked, self.model), asked
        (bent,) = match([first], asked, self.model, rounds=ROUNDS_EACH)
        assert bent.match is not None
        bent = _tuned(_answered(bent, asked, replace(bent.match, tries=first.match.tries)), asked, self.model)
        if _meets(first, names) and not _meets(bent, names):
            return _answered(first, asked, first.match), asked
        return bent, asked

    def _chosen(self, found: Sequence[FittedKick], n: int) -> list[FittedKick]:
        """n of them in their order: of each seed that suits the best, and the others only where these are too few."""
        ranked = sorted(found, key=self._rank)
        of_seeds: dict[int, FittedKick] = {}
        for one in filter(self._suits, ranked):
            of_seeds.setdefault(one.seed, one)
        first = list(of_seeds.values())[:n]
        others = [one for one in ranked if not any(one is other for other in first)]
        return sorted([*first, *others[: n - len(first)]], key=self._rank)

    def _pairs(
        self, seeds: range, pool: Sequence[Hit], order: np.ndarray, count: int, each: int
    ) -> list[tuple[int, tuple[int, str] | None]]:
        """Pairs of a seed, as its place in the pool, and a note: the best `count`, with `each` seeds among them, and
        then up to MOST_MATCHED times as many, first of seeds that are not among them, last those without a pitch."""
        notes, controls, first = self.notes, self.model.info.controls, variant_of(self.room, 0)
        if not notes or "pitch" not in controls:
            return [(int(at), None) for at in order[: MOST_MATCHED * count]]
        kept = order[: max(KEPT, count)]
        known = cards(np.stack([pool[at].wave for at in kept]), threads=1).values
        pitches = known["pitch_end_hz"]
        until = self.given.targets.get("decay", first.decay * self.room.decay_ms)
        tried: list[tuple[float, int, int, int, tuple[int, str]]] = []
        for at, pitch, rings in zip(kept, pitches, known["decay_t20_ms"], strict=True):
            if not math.isfinite(pitch):
                continue
            for note in notes:
                row = self._row(first)
                row[controls.index("pitch")] = np.clip(note[0] - to_midi(float(pitch)), -24, 24)
                wave = self.model.render(normal([seeds[at]], self.model.info.noise_size), None, row).wave.mean(axis=0)
                over = shortened(wave, float(rings), until)
                tried.append((*_heard(self.masking(Hit.of(over)), note[0]), len(tried), int(at), note))
        tried.sort()
        best = {pair[3]: pair for pair in reversed(tried)}  # of each seed
        by_seed = sorted(best.values())
        begun = list(dict.fromkeys([*by_seed[:each], *tried]))[:count]
        ordered = dict.fromkeys([*sorted(begun), *by_seed, *tried])  # each once, where it first stands
        tuned = [(at, note) for *_, at, note in ordered]
        given = notes[0] if "pitch" in self.given.targets else None
        without = [(int(at), given) for at in kept[~np.isfinite(pitches)]]  # a pitch that could be moved
        return [*tuned, *without][: MOST_MATCHED * count]

    def _row(self, variant: Variant) -> np.ndarray:
        """Controls, float32 [K], with the sweep of a variant, as far as the model has them."""
        turned = {"sweep_time": variant.sweep_time, "sweep_depth": variant.sweep_depth}
        return np.array([turned.get(name, 0.0) for name in self.model.info.controls], np.float32)

    def _rank(self, one: FittedKick) -> tuple[float, ...]:
        """What is in tune, rings and is a kick first, then what rests on its note, then what masks no more than its
        seed, then less masking; where that is too little to be heard, the deeper kick."""
        after = -math.inf if math.isnan(one.after_db) else one.after_db
        worse = float(self._off(one)), float(bool(one.unrest)), float(one.masks_more)
        return (*worse, *_heard(after, one.midi or 0), one.seed)

    def _off(self, one: FittedKick) -> bool:
        """Whether it misses what was given, is out of tune, without a pitch that could be tuned, a tick, or no kick by
        its low end."""
        pitch, decay = one.lines.get("pitch"), one.lines.get("decay")
        off = one.midi is None and self.loop.tonic is not None and "pitch" in self.model.info.controls
        off = off or (pitch is not None and not abs(pitch.error) <= OFF_CENTS)
        off = off or not one.low_share >= LEAST_LOW or not one.meets_given
        return off or (decay is not None and not decay.achieved >= TICK * decay.requested)

    def _suits(self, one: FittedKick) -> bool:
        return not self._off(one) and not one.masks_more and not one.unrest

    def _named(self, one: FittedKick, place: int) -> FittedKick:
        note = "" if one.midi is None else f"_{note_name(one.midi).replace('#', 's')}"
        return replace(one, kick=one.kick._replace(name=f"{place:02d}{note}_seed{one.seed}"))
