"""Match targets in Hz, milliseconds and decibels: controls move until the kick card says what was asked for.

Each control has a field of the card, which is what is asked for and what is reported, and an input of the model's graph
that moves it (`generation.secant`). The card is measured after every render; two to six renders are enough for most
requests. Drive has no field: how much of it is in a kick is read from the same kick without it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from kickitout.descriptors import Cards, Why, cards
from kickitout.errors import UserError
from kickitout.generation.model import Model
from kickitout.generation.noise import LARGEST_SEED, normal
from kickitout.generation.secant import BracketedSecant, Span
from kickitout.models.kickgan.controls import CONTROL_INPUTS
from kickitout.sound import PEAK

ROUNDS = 14  # renders at most
PROBED = 10  # rounds from which on what is reachable is looked for where a targets was not met: somebody waits for it
STARTS = 16  # kicks of a seed that are looked at before one is bent
TRIES = 3  # of them that are bent, the nearest first, until one gives what was asked for
LONGER = 4.0  # a kick that has to become longer is so many times further away: what has ended can't be drawn out
START_STRIDE = 0x5851F42D4C957F2D  # between the seeds of two starts: a large odd number
STEPS = {control.name: control for control in CONTROL_INPUTS}


class Control(NamedTuple):
    """What can be asked for. scale: "log2" for ratios, "linear" for decibels."""

    name: str
    field: str  # of the card
    input: str
    unit: str
    scale: str
    slope: float  # how far the field moves with the control to begin with, on the axis of `_axis`
    low: float
    high: float
    close: float  # near enough, in scaled units
    usual: float  # how far kicks are apart, in scaled units
    meaning: str


CONTROLS = (
    Control("pitch", "pitch_end_hz", "pitch", "Hz", "log2", 1 / 12, 20, 400, 1 / 1200, 1.5, "pitch of the tail"),
    Control("sweep", "sweep_ms", "sweep_time", "ms", "log2", 1.0, 2, 400, 0.02, 1.0, "time of the pitch's fall"),
    Control("decay", "decay_t20_ms", "decay", "ms", "log2", 1.0, 15, 450, 0.01, 0.3, "time to fall by 20 dB"),
    Control(
        "click", "click_level_db", "click", "dB", "linear", 0.9, -70, 0, 0.1, 10.0, "energy above 2 kHz at the start"
    ),
    Control(
        "tone", "click_centroid_hz", "click_tone", "Hz", "log2", 0.1, 2100, 12_000, 0.01, 0.5, "where the click lies"
    ),
    Control(
        "balance", "sub_over_body_db", "balance", "dB", "linear", 0.8, -40, 40, 0.1, 5.0, "below 60 Hz re 60-250 Hz"
    ),
)
BY_NAME = {control.name: control for control in CONTROLS}
DRIVE = Control("drive", "", "drive", "dB", "linear", 1.0, 0, 36, 0.1, 6.0, "saturation")
# What it means that a field has no value: the kick has too much of it (1) or too little (-1).
SIDES = {Why.ENDS_FIRST: 1, Why.NO_REACH: 1, Why.TOO_SHORT: -1, Why.NO_FALL: -1}


@dataclass(frozen=True)
class TargetResult:
    """One line of an answer: what was asked for, what came, and whether that is near enough (`Control.close`).

    reachable: the least and the most that this kick was found to give, looked for where the targets was not met.
    """

    control: Control
    requested: float
    achieved: float  # NaN where the kick has no such thing
    reached: bool
    reachable: tuple[float, float] | None = None

    @property
    def error(self) -> float:
        """In cents for Hz, in per cent for ms, in dB for dB."""
        return error_of(self.control, self.requested, self.achieved)

    @property
    def error_unit(self) -> str:
        return {"Hz": "cents", "ms": "%", "dB": "dB"}[self.control.unit]


@dataclass(frozen=True)
class MatchResult:
    """The kick that came closest. start: which of the kicks to begin with it was made from."""

    wave: np.ndarray  # [channels, T]
    latent: np.ndarray
    controls: np.ndarray  # [8]
    lines: tuple[TargetResult, ...]
    renders: int
    start: int = 0

    @property
    def reached(self) -> bool:
        return all(line.reached for line in self.lines)


def error_of(control: Control, requested: float, achieved: float) -> float:
    """Achieved re requested: cents for Hz, per cent for ms, dB for dB."""
    if control.unit == "Hz":
        return 1200 * math.log2(achieved / requested) if achieved > 0 else math.nan
    return 100 * (achieved / requested - 1) if control.unit == "ms" else achieved - requested


def check_targets(targets: Mapping[str, float]) -> dict[str, float]:
    """The targets with known names and values that make sense. Raises UserError."""
    checked: dict[str, float] = {}
    for name, value in targets.items():
        if name == "drive":
            known = STEPS["drive"]
            low, high, unit = known.low, known.high, known.unit
        elif name in BY_NAME:
            control = BY_NAME[name]
            low, high, unit = control.low, control.high, control.unit
        else:
            raise UserError(f"{name}: nothing a kick can be asked for; known are {', '.join((*BY_NAME, 'drive'))}")
        if not math.isfinite(value) or not low <= value <= high:
            raise UserError(f"{name} {value:.4g} {unit}: from {low:g} to {high:g} {unit} can be asked for")
        checked[name] = float(value)
    return checked


def measured(wave: np.ndarray) -> dict[str, float]:
    """The card of a wave [channels, T], with sub_over_body_db."""
    return _row(cards(wave.mean(axis=0)[None]), 0)


def _row(found: Cards, i: int) -> dict[str, float]:
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
    targets = check_targets(targets)
    if not model.info.controls:
        raise UserError(
            f"model {model.info.name}: it makes kicks from seeds alone and cannot be asked; the default model can"
        )
    turned = dict.fromkeys(model.info.controls, 0.0)
    if controls is not None:
        turned |= dict(zip(model.info.controls, map(float, controls), strict=True))
    if "drive" in targets:
        turned["drive"] = targets["drive"]
    wanted = {BY_NAME[name]: value for name, value in targets.items() if name in BY_NAME}
    hunts = {control: BracketedSecant(_span(control), _axis(control, value)) for control, value in wanted.items()}
    best: tuple[float, MatchResult] | None = None
    seen: dict[Control, list[float]] = {control: [] for control in wanted}
    for turn in range(1, rounds + 1):
        row = np.array([turned[name] for name in model.info.controls], np.float32)
        played = model.render(eps, latent, row)
        found = cards(played.wave.mean(axis=0)[None])
        values = _row(found, 0)
        lines = tuple(_line(control, value, values[control.field]) for control, value in wanted.items())
        far = _far(lines)
        if best is None or far < best[0]:
            best = far, MatchResult(played.wave, played.latent, row, lines, turn)
        for line in lines:
            seen[line.control].append(line.achieved)
            why = found.whys[line.control.field][0] if line.control.field in found.whys else Why.KNOWN
            name = line.control.input
            turned[name] = hunts[line.control].next(
                turned[name], _axis(line.control, line.achieved), SIDES.get(Why(int(why)), 0)
            )
        if all(line.reached or hunts[line.control].stuck for line in lines):
            break
    assert best is not None
    answer = replace(best[1], renders=turn)
    if rounds >= PROBED:
        answer = _with_reachable(model, answer, eps, latent, seen)
    if "drive" in targets:
        answer = _with_drive(model, answer, eps, latent, targets["drive"])
    return answer


def match_seed(model: Model, targets: Mapping[str, float], seed: int, first: int = 0) -> MatchResult:
    """Ask the kicks of a seed that are nearest to the targets before a control moves, until one can give it.

    Controls bend a kick, they don't replace it: a short one does not become long. The first start is the seed's own
    kick; first: of the starts that are looked at.
    """
    targets = check_targets(targets)
    wanted = {BY_NAME[name]: value for name, value in targets.items() if name in BY_NAME}
    if not wanted or not model.info.controls:
        return replace(match_targets(model, targets, start_noise(model, seed, first)), start=first)
    starts = [start_noise(model, seed, first + k) for k in range(STARTS)]
    found = cards(model.play(np.concatenate(starts)).mean(axis=1), threads=1)
    far = []
    for row in (_row(found, k) for k in range(STARTS)):
        ways = [_way(control, value, row[control.field]) for control, value in wanted.items()]
        far.append(float(np.sum(np.minimum(ways, 1e3))))
    best: MatchResult | None = None
    renders = STARTS
    for start in np.argsort(far, kind="stable")[:TRIES]:
        answer = match_targets(model, targets, starts[start])
        renders += answer.renders
        if best is None or _far(answer.lines) < _far(best.lines):
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
    low, high = DRIVE.low, DRIVE.high
    for _ in range(30):
        middle = 0.5 * (low + high)
        gain = max(10 ** (middle / 20) - 1, 1e-3)
        low, high = (middle, high) if np.abs(np.tanh(gain * x)).mean() / np.tanh(gain) < loud else (low, middle)
    return 0.5 * (low + high)


def _with_drive(
    model: Model, answer: MatchResult, eps: np.ndarray | None, latent: np.ndarray | None, wanted: float
) -> MatchResult:
    row = answer.controls.copy()
    row[model.info.controls.index("drive")] = 0.0
    plain = model.render(eps, latent, row).wave
    line = _line(DRIVE, wanted, drive_between(plain, answer.wave))
    return replace(answer, lines=(*answer.lines, line), renders=answer.renders + 1)


def _with_reachable(model: Model, answer: MatchResult, eps: np.ndarray | None, latent: np.ndarray | None,
                    seen: Mapping[Control, list[float]]) -> MatchResult:  # fmt: skip
    """The answer, its lines that were not met with what is reachable: at both ends of a control and half way there."""
    lines, renders = [], answer.renders
    for line in answer.lines:
        if not line.reached:
            known = STEPS[line.control.input]
            rows = np.repeat(answer.controls[None], 4, axis=0)
            rows[:, model.info.controls.index(known.name)] = known.low, known.low / 2, known.high / 2, known.high
            found = cards(np.stack([model.render(eps, latent, row).wave.mean(axis=0) for row in rows]), threads=1)
            values = np.array([*seen[line.control], *(_row(found, k)[line.control.field] for k in range(4))])
            values = values[np.isfinite(values)]
            renders += 4
            line = replace(line, reachable=(float(values.min()), float(values.max())) if len(values) else None)
        lines.append(line)
    return replace(answer, lines=tuple(lines), renders=renders)


def start_noise(model: Model, seed: int, start: int) -> np.ndarray:
    """[1, noise_size]: noise of a start of a seed. The first is the seed's own."""
    far_away = (int(seed) + start * START_STRIDE) % (LARGEST_SEED + 1)
    return normal([far_away], model.info.noise_size)


def _span(control: Control) -> Span:
    known = STEPS[control.input]
    return Span(known.low, known.high, control.slope)


def _axis(control: Control, value: float) -> float:
    """A value where it moves evenly with the control: decay as dB a 100 ms (less than 0), other ratios in octaves."""
    if math.isnan(value) or (control.scale == "log2" and value <= 0):
        return math.nan
    return -2000 / value if control.name == "decay" else _scaled(control, value)


def _scaled(control: Control, value: float) -> float:
    return math.log2(value) if control.scale == "log2" else value


def _gap(line: TargetResult) -> float:
    if not math.isfinite(line.achieved) or (line.control.scale == "log2" and line.achieved <= 0):
        return math.inf
    return abs(_scaled(line.control, line.requested) - _scaled(line.control, line.achieved))


def _far(lines: Sequence[TargetResult]) -> float:
    return sum(min(_gap(line) / line.control.close, 1e6) for line in lines)


def _way(control: Control, wanted: float, there: float) -> float:
    """How far a kick that has `there` is from giving `wanted`."""
    gap = _gap(_line(control, wanted, there)) / control.usual
    return gap * (LONGER if control.name == "decay" and there < wanted else 1.0)


def _line(control: Control, requested: float, achieved: float) -> TargetResult:
    line = TargetResult(control, requested, achieved, False)
    return TargetResult(control, requested, achieved, _gap(line) <= control.close)
