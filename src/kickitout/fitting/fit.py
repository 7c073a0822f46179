"""Kicks for a loop: hear it, see what it leaves free, find kicks that fit in."""

from __future__ import annotations

from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path

import numpy as np

from kickitout.errors import UserError
from kickitout.fitting.given import Given
from kickitout.fitting.loop import Loop, read_loop
from kickitout.fitting.room import Room, find_room
from kickitout.fitting.search import FittedKick, Fitter, looked_at
from kickitout.fitting.words import given_style, given_targets, heard_lines, reason_line, room_lines, why_line
from kickitout.generation.load import load_model
from kickitout.generation.match import Targets, check_controls
from kickitout.generation.model import Model
from kickitout.generation.noise import LARGEST_SEED, check_seeds
from kickitout.generation.styles import in_style
from kickitout.generation.targets import TargetRequest
from kickitout.models.controls import TARGETS
from kickitout.models.files import DEFAULT
from kickitout.sound import SAMPLE_RATE

MOST = 64  # kicks for a loop


@dataclass(frozen=True)
class Fit:
    """loop: what was heard; room: what it leaves free; kicks: the one that masks the bass least first, and last those
    that are out of tune or mask more than their seed; style: of the kicks, None where none was given; asked: of
    them, in place of what the loop would ask for."""

    loop: Loop
    room: Room
    kicks: tuple[FittedKick, ...]
    style: str | None = None
    asked: TargetRequest = field(default_factory=TargetRequest)

    @property
    def heard(self) -> list[str]:
        """What was heard, a sentence each; what was not heard, and what was given instead, is said as well."""
        given = self.asked.targets
        heard = [*heard_lines(self.loop, given), *room_lines(self.room, given)]
        return [*heard, *given_style(self.style), *given_targets(self.asked)]

    @property
    def reasons(self) -> list[str]:
        """Why each kick is as it is, but for its masking in numbers."""
        return [reason_line(one, self.loop, self.room) for one in self.kicks]

    @property
    def why(self) -> list[str]:
        """Why each kick is as it is, and what it leaves of the bass."""
        return [why_line(one, self.loop, self.room) for one in self.kicks]


def fit(
    loop: str | PathLike[str] | np.ndarray, n: int = 8, *, seed: int = 0, rate: int = SAMPLE_RATE,
    model: str | Path | Model = DEFAULT, key: str | None = None, bpm: float | None = None, style: str | None = None,
    targets: Targets | None = None,
) -> Fit:  # fmt: skip
    """Make kicks that fit a loop: tuned to its root or fifth, over before its bass or the next beat comes.

    loop: a file, or samples [T] or [T, C] at `rate` Hz, of 1 to 120 s. n: how many kicks, at most 64; seed: the first
    of those that are looked at. key (F#, Am, "F minor") and bpm (30 to 300): of the loop, in place of what would be
    heard; style: of the kicks, one of `styles(model)`; targets: of the kicks, as in `match`, in place of what the loop
    would ask for: the note above all. In the result `loop` has `tempo` (bpm, first_beat in seconds),
    `key` and `bass`, each with a `confidence` from 0 to 1 (that of a key is of its tonic alone) and `known`, the first
    two with `given`; `room` has what is free around the beats in ms; each of `kicks` its `kick`, `midi`, and the
    masking of the bass below 150 Hz in dB by the seed's own kick (`before_db`) and by this one (`after_db`), both as
    loud as the loop. `heard` and `why` say it in words; docs/fit.md defines masking. Raises UserError for a loop that
    is too short, too long, silent or not finite, for what is no key, tempo or style, and as `match` does.

    >>> import kickitout
    >>> import numpy as np
    >>> time = np.arange(2 * 44100) / 44100
    >>> bass = 0.5 * np.sin(2 * np.pi * 55 * time) * (time % 0.5 > 0.15)
    >>> found = kickitout.fit(bass, 1)
    >>> found.loop.bass.known, found.kicks[0].after_db < found.kicks[0].before_db
    (True, True)
    """
    if not 1 <= n <= MOST:
        raise UserError(f"n={n}: 1 to {MOST} kicks for a loop work")
    check_seeds([seed])
    if seed > (last := LARGEST_SEED + 1 - looked_at(n)):
        raise UserError(f"seed {seed}: {looked_at(n)} seeds from it on are looked at; up to {last} works")
    given, played = Given.of(key, bpm), load_model(model)
    asked = asked_of_kicks(played, style, targets)
    return fit_heard(read_loop(loop, rate, given), n, seed, played, style, asked)


def asked_of_kicks(model: Model, style: str | None, targets: Targets | None) -> TargetRequest:
    """What kicks for a loop are asked for, checked before it is heard. Raises UserError as `fit` does."""
    in_style(model, style)
    asked = TargetRequest.of(targets)
    if asked:
        check_controls(model, asked)
    if (decay := asked.targets.get("decay", 0.0)) > (longest := TARGETS["decay"].high):
        raise UserError(f"decay {decay:g} ms: kicks for a loop fall by 20 dB in {longest:g} ms at most")
    return asked


def fit_heard(
    loop: Loop, n: int, seed: int, model: Model, style: str | None = None, asked: TargetRequest | None = None
) -> Fit:
    """`fit` of a loop that was heard."""
    room, asked = find_room(loop), asked or TargetRequest()
    kicks = Fitter(loop, room, in_style(model, style), asked).find(n, seed)
    return Fit(loop, room, tuple(kicks), style, asked)
