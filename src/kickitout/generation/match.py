"""Match targets in Hz, milliseconds and decibels: controls move until the kick card says what was asked for.

The table of controls (`models.controls`) says which field of the card each of them moves: that is what is asked for and
what is reported. The control moves by a secant (`generation.secant`), and the card is measured after every render; two
to six renders are enough for most requests. Drive has no field: how much of it is in a kick is read from the same kick
without it.

Controls bend a kick, they don't replace it: a short one does not become long. So other kicks of the seed are tried
where one cannot give what is asked for, in an order that the seed alone decides. Each search is a generator that yields
the renders it needs and is sent their cards; `_side_by_side` runs many, whose renders are played and measured together.
What a search finds is the same alone and among others: a render and its card are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple, TypeAlias

import numpy as np

from kickitout.descriptors import Cards, Why, cards, cards_by_length, pitch_rest
from kickitout.descriptors.block import slices
from kickitout.errors import UserError
from kickitout.generation.model import Model, as_row, check_latent
from kickitout.generation.noise import LARGEST_SEED, normal
from kickitout.generation.secant import BracketedSecant, Span
from kickitout.generation.tail import MODEL_S, ring_on
from kickitout.generation.targets import MatchResult, TargetRequest, TargetResult, missed_by
from kickitout.models.controls import MOVED_BY, TARGETS, Target
from kickitout.sound import PEAK

ROUNDS = 14  # renders at most of one kick
ENOUGH = 8  # rounds from which on a kick that meets its targets is near enough, though the last step is not taken
PROBED = 10  # rounds from which on what is reachable is looked for where a target was not met: somebody waits for it
STARTS = 16  # kicks of a seed that are looked at together at first
MORE_STARTS = 64  # that are looked at together each time after that: what was not found yet is rarer
TRIED = 3  # of those just looked at that are tried, the nearest first, before more are looked at
AT_ONCE = 384  # renders that are played and measured together: many searches that all look at more need much memory
START_STRIDE = 0x5851F42D4C957F2D  # between the seeds of two starts: a large odd number
# What it means that a field has no value: the kick has too much of it (1) or too little (-1).
SIDES = {Why.ENDS_FIRST: 1, Why.NO_REACH: 1, Why.TOO_SHORT: -1, Why.NO_FALL: -1}

Targets: TypeAlias = Mapping[str, float] | TargetRequest
Play: TypeAlias = Callable[[np.ndarray, np.ndarray], np.ndarray]  # noise [n, Z], controls [n, K] -> waves [n, C, T]


class _Renders(NamedTuple):
    """Kicks that a search waits for."""

    noise: np.ndarray  # [n, noise_size]
    controls: np.ndarray  # [n, K]


class _Rendered(NamedTuple):
    """A render and its card."""

    wave: np.ndarray  # [C, T]
    values: dict[str, float]
    whys: dict[str, Why]


class _Bent(NamedTuple):
    """The best of one kick, and what was measured of each target on the way."""

    match: MatchResult
    noise: np.ndarray
    seen: dict[Target, list[float]]


def check_controls(model: Model, targets: Targets) -> TargetRequest:
    """Checked targets that the model's controls can be moved to. Raises UserError for a model that lacks a control."""
    request, there = TargetRequest.of(targets), model.info.controls
    if not there:
        check_latent(model.info)
    for name in request.targets:
        if (needed := MOVED_BY[name].name) not in there:
            has = ", ".join(there)
            raise UserError(f"model {model.info.name}: has no control {needed}, which moves {name}; it has {has}")
    return request


def measured(wave: np.ndarray) -> dict[str, float]:
    """The card of a wave [channels, T], with sub_over_body_db."""
    return _card_row(cards(wave.mean(axis=0)[None]), 0)


def _card_row(found: Cards, i: int) -> dict[str, float]:
    row = {k: v for k, v in found.row(i).items() if not isinstance(v, str)}
    sub, body = row["sub_share"], row["body_share"]
    row["sub_over_body_db"] = 10 * math.log10(max(sub, 1e-9) / max(body, 1e-9))
    return row


def match_targets(
    model: Model, targets: Targets, eps: np.ndarray | None = None, latent: np.ndarray | None = None,
    controls: np.ndarray | None = None, rounds: int = ROUNDS, length_s: float = MODEL_S,
) -> MatchResult:  # fmt: skip
    """Move the controls of one kick until its card says what was asked for. Raises UserError for a model without.

    eps [1, noise_size] or latent [latent_size]: the kick to begin with. controls: as they stand then. rounds: renders
    at most; few are enough while somebody still turns. length_s: the most seconds that the kick rings, which the card
    reads; the wave of the result is what the model makes.
    """
    request, info = check_controls(model, targets).within(length_s), model.info

    def play(noise: np.ndarray, rows: np.ndarray) -> np.ndarray:
        if latent is None:
            return model.play(noise, rows)
        return np.stack([model.render(latent=latent, controls=row).wave for row in rows])

    noise = np.zeros((1, info.noise_size), np.float32) if eps is None else eps
    begin = as_row(controls, len(info.controls))[0]
    return _side_by_side(play, [_of_kick(info.controls, request, noise, begin, rounds, length_s)], length_s)[0]


def match_seeds(
    model: Model, targets: Targets | Sequence[Targets], seeds: Sequence[int], first: int = 0,
    length_s: float = MODEL_S,
) -> list[MatchResult]:  # fmt: skip
    """For each seed the first of its kicks that meets the targets as its controls move, or the nearest of those tried.

    Of STARTS kicks the TRIED that are nearest before a control moves are tried, then the same of the next MORE_STARTS
    and so on, until one meets the targets or `tries` of the request have been tried. The first start is the seed's own
    kick; first: of the starts that are looked at. A seed's answer does not depend on the others. targets: of all seeds,
    or of each. length_s: as in `match_targets`.
    """
    each = [targets] * len(seeds) if isinstance(targets, Mapping | TargetRequest) else targets
    searches = [_of_seed(model, check_controls(model, one).within(length_s), seed, first, length_s)
                for one, seed in zip(each, seeds, strict=True)]  # fmt: skip
    return _side_by_side(model.play, searches, length_s)


def match_seed(model: Model, targets: Targets, seed: int, first: int = 0) -> MatchResult:
    """As `match_seeds`, of one seed."""
    return match_seeds(model, targets, [seed], first)[0]


def starts_tried(request: TargetRequest) -> int:
    """How many starts of a seed a search may look at: from the next on nothing of it is known."""
    return STARTS + MORE_STARTS * (-(-request.tries // TRIED) - 1)


def drive_between(plain: np.ndarray, driven: np.ndarray) -> float:
    """Decibels of drive by which one wave became the other (`models.kickae.player.drive`): the louder, the more of it.

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


def start_noise(model: Model, seed: int, start: int) -> np.ndarray:
    """[1, noise_size]: noise of a start of a seed. The first is the seed's own."""
    return start_noises(model, [seed], start)


def start_noises(model: Model, seeds: Sequence[int], start: int) -> np.ndarray:
    """[len(seeds), noise_size]: the same of several seeds."""
    far_away = [(int(seed) + start * START_STRIDE) % (LARGEST_SEED + 1) for seed in seeds]
    return normal(far_away, model.info.noise_size)


# Searches ------------------------------------------------------------------------------------------------------------

Search: TypeAlias = Generator[_Renders, list[_Rendered], MatchResult]


def _side_by_side(play: Play, searches: Sequence[Search], length_s: float) -> list[MatchResult]:
    """What each search returns; the renders that all of them wait for are made and measured together."""
    results: list[MatchResult | None] = [None] * len(searches)
    waiting = {i: next(search) for i, search in enumerate(searches)}  # every search waits for a render
    while waiting:
        noise, controls = (np.concatenate(parts) for parts in zip(*waiting.values(), strict=True))
        rendered: list[_Rendered] = []
        for part in slices(len(noise), AT_ONCE):
            rendered += _measured_renders(play(noise[part], controls[part]), length_s)
        still, first = {}, 0
        for i, wanted in waiting.items():
            rows = slice(first, first := first + len(wanted.controls))
            try:
                still[i] = searches[i].send(rendered[rows])
            except StopIteration as done:
                results[i] = done.value
        waiting = still
    return results  # type: ignore[return-value]  # each has ended


def _measured_renders(waves: np.ndarray, length_s: float) -> list[_Rendered]:
    """Renders [n, C, LENGTH] with their cards, as long as each rings: those of one length are measured together."""
    heard = [ring_on(wave, length_s).mean(axis=0) for wave in waves]
    found: dict[int, _Rendered] = {}
    for at, measured in cards_by_length(heard, threads=1):
        for row, i in enumerate(at):
            whys = {name: Why(int(why[row])) for name, why in measured.whys.items()}
            found[i] = _Rendered(waves[i], _card_row(measured, row), whys)
    return [found[i] for i in range(len(waves))]


def _of_kick(
    names: Sequence[str], request: TargetRequest, noise: np.ndarray, begin: np.ndarray, rounds: int, length_s: float
) -> Search:
    bent = yield from _bend(names, request, noise, begin, rounds, length_s)
    return (yield from _with_reachable(names, bent)) if rounds >= PROBED else bent.match


def _of_seed(model: Model, request: TargetRequest, seed: int, first: int, length_s: float) -> Search:
    names = model.info.controls
    plain = np.zeros(len(names), np.float32)
    wanted = [(TARGETS[name], value) for name, value in request.targets.items() if TARGETS[name].field]
    others = wanted or request.steady  # drive alone is met by any kick
    best: _Bent | None = None
    tries = renders = 0
    looked_at = STARTS
    while tries < request.tries and not (best and best.match.reached):
        starts = np.concatenate([start_noise(model, seed, first + k) for k in range(looked_at if others else 1)])
        order = list(range(min(request.tries - tries, len(starts))))
        if wanted:
            rendered = yield _Renders(starts, np.tile(plain, (looked_at, 1)))
            far = [sum(min(_way(request.line(target, one.values[target.field])), 1e3) for target, _ in wanted)
                   for one in rendered]  # fmt: skip
            order = np.argsort(far, kind="stable")[: min(TRIED, request.tries - tries)].tolist()
            renders += looked_at
        for k in order:
            bent = yield from _bend(names, request, starts[k : k + 1], plain, ROUNDS, length_s)
            tries, renders = tries + 1, renders + bent.match.renders
            if best is None or bent.match.missed_by < best.match.missed_by:
                best = bent._replace(match=replace(bent.match, start=first + k))
            if best.match.reached:
                break
        first += looked_at
        looked_at = MORE_STARTS
        if not others:
            break
    assert best is not None
    match = best.match
    if not match.reached:
        match = yield from _with_reachable(names, best)
        renders += match.renders - best.match.renders
    return replace(match, renders=renders, tries=tries)


def _bend(
    names: Sequence[str], request: TargetRequest, noise: np.ndarray, begin: np.ndarray, rounds: int, length_s: float
) -> Generator[_Renders, list[_Rendered], _Bent]:
    """One kick [1, noise_size], its controls moved from where they stand in at most so many renders."""
    turned = dict(zip(names, map(float, begin), strict=True))
    asked = {TARGETS[name]: value for name, value in request.targets.items()}
    turned |= {MOVED_BY[target.name].name: value for target, value in asked.items() if not target.field}
    secants = {target: BracketedSecant(_span(target), target.place(value))
             for target, value in asked.items() if target.field}  # fmt: skip
    seen: dict[Target, list[float]] = {target: [] for target in secants}
    best: MatchResult | None = None
    for turn in range(1, rounds + 1):
        row = np.array([turned[name] for name in names], np.float32)
        (rendered,) = yield _Renders(noise, row[None])
        lines = tuple(request.line(target, rendered.values[target.field]) for target in secants)
        if best is None or missed_by(lines) < missed_by(best.lines):
            best = MatchResult(rendered.wave.copy(), row, lines, turn)  # not a part of what was rendered beside it
        for line in lines:
            target = line.target
            seen[target].append(line.achieved)
            name, side = MOVED_BY[target.name].name, SIDES.get(rendered.whys.get(target.field, Why.KNOWN), 0)
            turned[name] = secants[target].next(turned[name], target.place(line.achieved), side)
        if all(line.exact or secants[line.target].stuck for line in lines) or (turn >= ENOUGH and best.reached):
            break
    assert best is not None
    best = replace(best, renders=turn)
    for target in (target for target in asked if not target.field):
        best = yield from _with_compared(names, request, best, noise, target)
    if request.steady:
        best = replace(best, moves=pitch_rest(ring_on(best.wave, length_s).mean(axis=0)))
    return _Bent(best, noise, seen)


def _with_compared(
    names: Sequence[str], request: TargetRequest, answer: MatchResult, noise: np.ndarray, target: Target
) -> Search:
    """The answer with a line for drive, read from the same kick without it."""
    row = answer.controls.copy()
    row[names.index(MOVED_BY[target.name].name)] = 0.0
    (plain,) = yield _Renders(noise, row[None])
    line = request.line(target, drive_between(plain.wave, answer.wave))
    return replace(answer, lines=(*answer.lines, line), renders=answer.renders + 1)


def _with_reachable(names: Sequence[str], bent: _Bent) -> Search:
    """The answer, its lines that were not met with what is reachable: at both ends of a control and half way there."""
    answer, lines, renders = bent.match, [], bent.match.renders
    for line in answer.lines:
        if not line.reached and line.target.field:
            known = MOVED_BY[line.target.name]
            rows = np.repeat(answer.controls[None], 4, axis=0)
            rows[:, names.index(known.name)] = known.low, known.low / 2, known.high / 2, known.high
            rendered = yield _Renders(bent.noise.repeat(4, axis=0), rows)
            values = np.array([*bent.seen[line.target], *(one.values[line.target.field] for one in rendered)])
            values = values[np.isfinite(values)]
            renders += 4
            line = replace(line, reachable=(float(values.min()), float(values.max())) if len(values) else None)
        lines.append(line)
    return replace(answer, lines=tuple(lines), renders=renders)


def _span(target: Target) -> Span:
    control = MOVED_BY[target.name]
    return Span(control.low, control.high, target.slope)


def _way(line: TargetResult) -> float:
    """How far a kick is from what is asked of it, before a control moves."""
    return line.gap / line.target.usual * (line.target.longer if line.achieved < line.requested else 1.0)
