"""Ask for a kick in Hz, milliseconds and decibels: knobs are turned until the kick card says what was asked for.

Each control has a field of the card, which is what is asked for and what is reported, and a knob of the model's graph
that moves it. The card is measured after every render, and each knob is moved by its own secant (Broyden's method with
a diagonal Jacobian, 1965, doi.org/10.1090/S0025-5718-1965-0198670-6); two to six renders are enough.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from kickitout.card import card
from kickitout.errors import UserError
from kickitout.generation.model import Model
from kickitout.generation.noise import LARGEST_SEED, normal
from kickitout.models.knobs import KNOBS

ROUNDS = 14  # renders at most
STARTS = 8  # kicks of a seed that are looked at before one is bent
START_STRIDE = 0x5851F42D4C957F2D  # between the seeds of two starts: a large odd number
STEPS = {knob.name: knob for knob in KNOBS}


class Control(NamedTuple):
    """What can be asked for. scale: "log2" for ratios, "linear" for decibels."""

    name: str
    field: str  # of the card
    knob: str
    unit: str
    scale: str
    slope: float  # how far the scaled field moves with the knob, to begin with
    low: float
    high: float
    close: float  # near enough, in scaled units
    usual: float  # how far kicks are apart, in scaled units
    meaning: str


CONTROLS = (
    Control("pitch", "pitch_end_hz", "pitch", "Hz", "log2", 1 / 12, 20, 400, 1 / 1200, 1.5, "pitch of the tail"),
    Control("sweep", "sweep_ms", "sweep_time", "ms", "log2", 1.0, 2, 400, 0.02, 1.0, "time of the pitch's fall"),
    Control("decay", "decay_t20_ms", "decay", "ms", "log2", 0.03, 15, 450, 0.01, 0.3, "time to fall by 20 dB"),
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


@dataclass(frozen=True)
class Asked:
    """One line of an answer: what was asked for, what came, and whether that is as close as the knob goes."""

    control: Control
    requested: float
    achieved: float  # NaN where the kick has no such thing
    reached: bool

    @property
    def error(self) -> float:
        """In cents for Hz, in per cent for ms, in dB for dB."""
        return error_of(self.control, self.requested, self.achieved)

    @property
    def error_unit(self) -> str:
        return {"Hz": "cents", "ms": "%", "dB": "dB"}[self.control.unit]


@dataclass(frozen=True)
class Answer:
    """The kick that came closest. start: which of the kicks to begin with it was made from."""

    wave: np.ndarray  # [channels, T]
    place: np.ndarray
    knobs: np.ndarray  # [8]
    lines: tuple[Asked, ...]
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


def check_request(request: Mapping[str, float]) -> dict[str, float]:
    """The request with known names and values that make sense. Raises UserError."""
    checked: dict[str, float] = {}
    for name, value in request.items():
        if name == "drive":
            known = STEPS["drive"]
            low, high, unit = known.low, known.high, known.unit
        elif name in BY_NAME:
            control = BY_NAME[name]
            low, high, unit = control.low, control.high, control.unit
        else:
            raise UserError(f"{name}: nothing a kick can be asked for; known are {', '.join((*BY_NAME, 'drive'))}")
        if not math.isfinite(value) or not low <= value <= high:
            raise UserError(f"{name}={value:g}: from {low:g} to {high:g} {unit} can be asked for")
        checked[name] = float(value)
    return checked


def measured(wave: np.ndarray) -> dict[str, float]:
    """The card of a wave [channels, T], with sub_over_body_db."""
    found = {k: v for k, v in card(wave.mean(axis=0)).items() if not isinstance(v, str)}
    sub, body = found["sub_share"], found["body_share"]
    found["sub_over_body_db"] = 10 * math.log10(max(sub, 1e-9) / max(body, 1e-9))
    return found


def ask(model: Model, request: Mapping[str, float], eps: np.ndarray | None = None, place: np.ndarray | None = None,
        knobs: np.ndarray | None = None, rounds: int = ROUNDS) -> Answer:  # fmt: skip
    """Turn the knobs of one kick until its card says what was asked for. Raises UserError for a model without knobs.

    eps [1, latent] or place [places]: the kick to begin with. knobs: how they stand at the beginning. rounds: renders
    at most; few are enough while somebody still turns.
    """
    request = check_request(request)
    if not model.info.knobs:
        raise UserError(
            f"model {model.info.name}: it makes kicks from seeds alone and cannot be asked; the default model can"
        )
    turned = dict.fromkeys(model.info.knobs, 0.0)
    if knobs is not None:
        turned |= dict(zip(model.info.knobs, map(float, knobs), strict=True))
    if "drive" in request:
        turned["drive"] = request["drive"]
    wanted = {BY_NAME[name]: value for name, value in request.items() if name in BY_NAME}
    slopes = {control.name: control.slope for control in wanted}
    best: tuple[float, Answer] | None = None
    before: dict[str, tuple[float, float]] = {}
    for turn in range(1, rounds + 1):
        row = np.array([turned[name] for name in model.info.knobs], np.float32)
        played = model.turn(eps, place, row)
        found = measured(played.wave)
        lines = tuple(_line(control, value, found[control.field]) for control, value in wanted.items())
        far = sum(min(_gap(line) / line.control.close, 1e6) for line in lines)
        if best is None or far < best[0]:
            best = far, Answer(played.wave, played.place, row, lines, turn)
        if all(line.reached for line in lines):
            break
        for line in lines:
            _turn(line, turned, slopes, before)
    assert best is not None
    return best[1]


def ask_seed(model: Model, request: Mapping[str, float], seed: int) -> Answer:
    """Ask one of STARTS kicks of a seed: the one that is nearest to the request before a knob is turned.

    Knobs bend a kick, they don't replace it: a short one does not become long. The first start is the seed's own kick.
    """
    request = check_request(request)
    wanted = {BY_NAME[name]: value for name, value in request.items() if name in BY_NAME}
    starts = [start_noise(model, seed, k) for k in range(STARTS if wanted and model.info.knobs else 1)]
    far = []
    for eps in starts if len(starts) > 1 else []:
        found = measured(model.turn(eps).wave)
        gaps = [_gap(_line(control, value, found[control.field])) / control.usual for control, value in wanted.items()]
        far.append(float(np.sum(np.minimum(gaps, 1e3))))
    best = int(np.argmin(far)) if far else 0
    answer = ask(model, request, starts[best])
    return replace(answer, start=best, renders=answer.renders + len(far))


def start_noise(model: Model, seed: int, start: int) -> np.ndarray:
    """[1, latent]: noise of a start of a seed. The first is the seed's own."""
    far_away = (seed + start * START_STRIDE) % (LARGEST_SEED + 1)
    return normal([far_away], model.info.latent)


def _scaled(control: Control, value: float) -> float:
    return math.log2(value) if control.scale == "log2" else value


def _gap(line: Asked) -> float:
    if not math.isfinite(line.achieved) or (line.control.scale == "log2" and line.achieved <= 0):
        return math.inf
    return abs(_scaled(line.control, line.requested) - _scaled(line.control, line.achieved))


def _line(control: Control, requested: float, achieved: float) -> Asked:
    line = Asked(control, requested, achieved, False)
    return Asked(control, requested, achieved, _gap(line) <= control.close)


def _turn(line: Asked, turned: dict[str, float], slopes: dict[str, float],
          before: dict[str, tuple[float, float]]) -> None:  # fmt: skip
    """Move a knob by its secant; where the field has no value, a little towards where it may have one."""
    control, knob = line.control, STEPS[line.control.knob]
    now = turned[knob.name]
    if not math.isfinite(_gap(line)):
        turned[knob.name] = _inside(knob.low, knob.high, now * 0.5 - (6.0 if control.name == "decay" else 0.0))
        return
    value = _scaled(control, line.achieved)
    if control.name in before:
        old_knob, old_value = before[control.name]
        if abs(now - old_knob) > 1e-4 and (value - old_value) / (now - old_knob) > control.slope / 6:
            slopes[control.name] = min((value - old_value) / (now - old_knob), control.slope * 4)
    before[control.name] = now, value
    step = (_scaled(control, line.requested) - value) / slopes[control.name]
    most = 0.4 * (knob.high - knob.low)
    turned[knob.name] = _inside(knob.low, knob.high, now + _inside(-most, most, step))


def _inside(low: float, high: float, x: float) -> float:
    return min(max(x, low), high)
