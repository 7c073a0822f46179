"""Match targets in Hz, milliseconds and decibels: controls move until the kick card says what was asked for.

The table of controls (`models.controls`) says which field of the card each of them moves: that is what is asked for and
what is reported. The control moves by a secant (`generation.secant`), and the card is measured after every render; two
to six renders are enough for most requests. Drive has no field: how much of it is in a kick is read from the same kick
without it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from kickitout.descriptors import Cards, Why, cards
from kickitout.errors import UserError
from kickitout.generation.model import Model, check_latent
from kickitout.generation.noise import LARGEST_SEED, normal
from kickitout.generation.secant import BracketedSecant, Span
from kickitout.models.controls import MOVED_BY, TARGETS, Target
from kickitout.sound import PEAK
from kickitout.units import UNITS

ROUNDS = 14  # renders at most
PROBED = 10  # rounds from which on what is reachable is looked for where a targets was not met: somebody waits for it
STARTS = 16  # kicks of a seed that are looked at before one is bent
MOST_BENT = 3  # of them that are bent, the nearest first, until one gives what was asked for
START_STRIDE = 0x5851F42D4C957F2D  # between the seeds of two starts: a large odd number
# What it means that a field has no value: the kick has too much of it (1) or too little (-1).
SIDES = {Why.ENDS_FIRST: 1, Why.NO_REACH: 1, Why.TOO_SHORT: -1, Why.NO_FALL: -1}


@dataclass(frozen=True)
class TargetResult:
    """One line of an answer: what was asked for, what came, and whether that is near enough (`Target.close`).

    reachable: the least and the most that this kick was found to give, looked for where the target was not met.
    """

    target: Target
    requested: float
    achieved: float  # NaN where the kick has no such thing
    reachable: tuple[float, float] | None = None

    @property
    def error(self) -> float:
        """In cents for Hz, in per cent for ms, in dB for dB."""
        return UNITS[self.target.unit].error_of(self.requested, self.achieved)

    @property
    def error_unit(self) -> str:
        return UNITS[self.target.unit].error

    @property
    def gap(self) -> float:
        """From what was asked for to what came, in octaves or decibels; infinite where the kick has no such thing."""
        scaled = UNITS[self.target.unit].scaled
        gap = abs(scaled(self.requested) - scaled(self.achieved))
        return gap if math.isfinite(gap) else math.inf

    @property
    def reached(self) -> bool:
        return self.gap <= self.target.close


@dataclass(frozen=True)
class MatchResult:
    """The kick that came closest. start: which of the kicks to begin with it was made from."""

    wave: np.ndarray  # [channels, T]
    latent: np.ndarray
    controls: np.ndarray  # [K]
    lines: tuple[TargetResult, ...]
    renders: int
    start: int = 0

    @property
    def reached(self) -> bool:
        return all(line.reached for line in self.lines)


def check_targets(targets: Mapping[str, float]) -> dict[str, float]:
    """The targets with known names and values that make sense. Raises UserError."""
    for name, value in targets.items():
        if name not in TARGETS:
            raise UserError(f"{name}: nothing a kick can be asked for; known are {', '.join(TARGETS)}")
        known = TARGETS[name]
        if not math.isfinite(value) or not known.low <= value <= known.high:
            raise UserError(
                f"{name} {value:.4g} {known.unit}: from {known.low:g} to {known.high:g} {known.unit} can be asked for"
            )
    return {name: float(value) for name, value in targets.items()}


def model_targets(model: Model, targets: Mapping[str, float]) -> dict[Target, float]:
    """Checked targets that the model's controls can be moved to. Raises UserError for a model that lacks a control."""
    checked, there = check_targets(targets), model.info.controls
    if not there:
        check_latent(model.info)
    for name in checked:
        if (needed := MOVED_BY[name].name) not in there:
            has = ", ".join(there)
            raise UserError(f"model {model.info.name}: has no control {needed}, which moves {name}; it has {has}")
    return {TARGETS[name]: value for name, value in checked.items()}


def measured(wave: np.ndarray) -> dict[str, float]:
    """The card of a wave [channels, T], with sub_over_body_db."""
    return _card_row(cards(wave.mean(axis=0)[None]), 0)


def _card_row(found: Cards, i: int) -> dict[str, float]:
    row = {k: v for k, v in found.row(i).items() if not isinstance(v, str)}
    sub, body = row["sub_share"], row["body_share"]
    row["sub_over_body_db"] = 10 * math.log10(max(sub, 1e-9) / max(body, 1e-9))
    return row


def match_targets(
    model: Model, targets: Mapping[str, float], eps: np.ndarray | None = None, latent: np.ndarray | None = None,
    controls: np.ndarray | None = None, rounds: int = ROUNDS,
) -> MatchResult:  # fmt: skip
    """Move the controls of one kick until its card says what was asked for. Raises UserError for a model without.

    eps [1, noise_size] or latent [latent_size]: the kick to begin with. controls: as they stand then. rounds: renders
    at most; few are enough while somebody still turns.
    """
    asked = model_targets(model, targets)
    turned = dict.fromkeys(model.info.controls, 0.0)
    if controls is not None:
        turned |= dict(zip(model.info.controls, map(float, controls), strict=True))
    compared = {target: value for target, value in asked.items() if not target.field}
    turned |= {MOVED_BY[target.name].name: value for target, value in compared.items()}
    wanted = {target: value for target, value in asked.items() if target.field}
    hunts = {target: BracketedSecant(_span(target), target.place(value)) for target, value in wanted.items()}
    best: tuple[float, MatchResult] | None = None
    seen: dict[Target, list[float]] = {target: [] for target in wanted}
    for turn in range(1, rounds + 1):
        row = np.array([turned[name] for name in model.info.controls], np.float32)
        played = model.render(eps, latent, row)
        found = cards(played.wave.mean(axis=0)[None])
        values = _card_row(found, 0)
        lines = tuple(TargetResult(target, value, values[target.field]) for target, value in wanted.items())
        far = _missed_by(lines)
        if best is None or far < best[0]:
            best = far, MatchResult(played.wave, played.latent, row, lines, turn)
        for line in lines:
            target = line.target
            seen[target].append(line.achieved)
            why = Why(int(found.whys[target.field][0])) if target.field in found.whys else Why.KNOWN
            name = MOVED_BY[target.name].name
            turned[name] = hunts[target].next(turned[name], target.place(line.achieved), SIDES.get(why, 0))
        if all(line.reached or hunts[line.target].stuck for line in lines):
            break
    assert best is not None
    answer = replace(best[1], renders=turn)
    if rounds >= PROBED:
        answer = _with_reachable(model, answer, eps, latent, seen)
    for target, value in compared.items():
        answer = _with_compared(model, answer, eps, latent, target, value)
    return answer


def match_seed(model: Model, targets: Mapping[str, float], seed: int, first: int = 0) -> MatchResult:
    """Ask the kicks of a seed that are nearest to the targets before a control moves, until one can give it.

    Controls bend a kick, they don't replace it: a short one does not become long. The first start is the seed's own
    kick; first: of the starts that are looked at.
    """
    wanted = {target: value for target, value in model_targets(model, targets).items() if target.field}
    if not wanted:
        return replace(match_targets(model, targets, start_noise(model, seed, first)), start=first)
    starts = [start_noise(model, seed, first + k) for k in range(STARTS)]
    found = cards(model.play(np.concatenate(starts)).mean(axis=1), threads=1)
    far = []
    for row in (_card_row(found, k) for k in range(STARTS)):
        ways = [_way(TargetResult(target, value, row[target.field])) for target, value in wanted.items()]
        far.append(float(np.sum(np.minimum(ways, 1e3))))
    best: MatchResult | None = None
    renders = STARTS
    for start in np.argsort(far, kind="stable")[:MOST_BENT]:
        answer = match_targets(model, targets, starts[start])
        renders += answer.renders
        if best is None or _missed_by(answer.lines) < _missed_by(best.lines):
            best = replace(answer, start=first + int(start))
        if best.reached:
            break
    assert best is not None
    return replace(best, renders=renders)


def drive_between(plain: np.ndarray, driven: np.ndarray) -> float:
    """Decibels of drive by which one wave became the other (`models.kickgan.player.drive`): the louder, the more of it.

    >>> x = np.sin(np.linspace(0, 60, 9000)) * PEAK
    >>> g = 10 ** (12 / 20) - 1
    >>> round(drive_between(x, np.tanh(x * (g / PEAK)) * (PEAK / np.tanh(g))), 3)
    12.0
    """
    x, loud = plain.astype(np.float64).ravel() / PEAK, float(np.abs(driven, dtype=np.float64).mean()) / PEAK
    low, high = TARGETS["drive"].low, TARGETS["drive"].high
    for _ in range(30):
        middle = 0.5 * (low + high)
        gain = max(10 ** (middle / 20) - 1, 1e-3)
        low, high = (middle, high) if np.abs(np.tanh(gain * x)).mean() / np.tanh(gain) < loud else (low, middle)
    return 0.5 * (low + high)


def _with_compared(
    model: Model, answer: MatchResult, eps: np.ndarray | None, latent: np.ndarray | None, target: Target, wanted: float
) -> MatchResult:
    """The answer with a line for drive, read from the same kick without it."""
    row = answer.controls.copy()
    row[model.info.controls.index(MOVED_BY[target.name].name)] = 0.0
    plain = model.render(eps, latent, row).wave
    line = TargetResult(target, wanted, drive_between(plain, answer.wave))
    return replace(answer, lines=(*answer.lines, line), renders=answer.renders + 1)


def _with_reachable(model: Model, answer: MatchResult, eps: np.ndarray | None, latent: np.ndarray | None,
                    seen: Mapping[Target, list[float]]) -> MatchResult:  # fmt: skip
    """The answer, its lines that were not met with what is reachable: at both ends of a control and half way there."""
    lines, renders = [], answer.renders
    for line in answer.lines:
        if not line.reached:
            known = MOVED_BY[line.target.name]
            rows = np.repeat(answer.controls[None], 4, axis=0)
            rows[:, model.info.controls.index(known.name)] = known.low, known.low / 2, known.high / 2, known.high
            found = cards(np.stack([model.render(eps, latent, row).wave.mean(axis=0) for row in rows]), threads=1)
            values = np.array([*seen[line.target], *(_card_row(found, k)[line.target.field] for k in range(4))])
            values = values[np.isfinite(values)]
            renders += 4
            line = replace(line, reachable=(float(values.min()), float(values.max())) if len(values) else None)
        lines.append(line)
    return replace(answer, lines=tuple(lines), renders=renders)


def start_noise(model: Model, seed: int, start: int) -> np.ndarray:
    """[1, noise_size]: noise of a start of a seed. The first is the seed's own."""
    far_away = (int(seed) + start * START_STRIDE) % (LARGEST_SEED + 1)
    return normal([far_away], model.info.noise_size)


def _span(target: Target) -> Span:
    control = MOVED_BY[target.name]
    return Span(control.low, control.high, target.slope)


def _missed_by(lines: Sequence[TargetResult]) -> float:
    return sum(min(line.gap / line.target.close, 1e6) for line in lines)


def _way(line: TargetResult) -> float:
    """How far a kick is from what is asked of it, before a control moves."""
    return line.gap / line.target.usual * (line.target.longer if line.achieved < line.requested else 1.0)
