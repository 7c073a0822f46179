"""Outlier rejection: kicks unlike those that the model learned from are resampled, the same ones for the same seed.

The card of each kick is compared with limits (`card.limits`) that travel with the model: limits from its training
sounds, and limits for traces of a machine. A kick that is out of range is resampled from another start of its seed:
attempt 0 is the seed's own kick, attempt k begins at start k * STARTS (`match.start_noise`), with targets behind all
starts that the attempts before it may have looked at. Nothing else decides, so a seed gives the same kick alone, in any
batch and on any number of threads, and its recipe renders it again without rejection. After ATTEMPTS the kick that is
least out of range is kept, the earliest of equal ones, and that is said.

The limits are in the model's metadata. For a model without any, only the limits for traces of a machine count.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from kickitout.descriptors import Cards, cards
from kickitout.descriptors.limits import ARTEFACTS, FIELD_UNITS, Limits, artefact_limits
from kickitout.errors import UserError
from kickitout.generation.match import STARTS, Targets, match_seeds, start_noises, starts_tried
from kickitout.generation.model import Model
from kickitout.generation.tail import MODEL_S
from kickitout.generation.targets import MatchResult, TargetRequest

ATTEMPTS = 8  # at most, the first one included
MOST_TOLD = 20  # kicks outside that are told one by one


class Sampled(NamedTuple):
    """A kick that passed, or the best there was. outside: what it is outside of, and how far (`Limits.excess`), none
    where it passed; first: what its seed's own kick was outside of. match: the result of its targets, or None."""

    wave: np.ndarray  # [channels, T]
    attempt: int
    outside: dict[str, float]
    first: tuple[str, ...]
    match: MatchResult | None
    said: str  # what it is outside of, with values and limits

    @property
    def recipe(self) -> dict[str, Any]:
        """What its recipe says beside the seed. Nothing for a seed's own kick that passed: it is the seed's file."""
        start = self.attempt * STARTS if self.match is None else self.match.start
        said: dict[str, Any] = {"start": start, "attempt": self.attempt} if self.attempt else {}
        return said | ({"outside": sorted(self.outside)} if self.outside else {})


class RejectionTally:
    """What has passed and what not, counted from any thread."""

    def __init__(self) -> None:
        self.kicks = self.resampled = self.left_outside = 0
        self.reasons: Counter[str] = Counter()  # of the seeds' own kicks that did not pass
        self.told: dict[int, str] = {}  # seed -> what its kick is outside of
        self._lock = threading.Lock()

    def add(self, seed: int, drawn: Sampled) -> None:
        with self._lock:
            self.kicks += 1
            self.reasons.update(drawn.first)
            if drawn.outside:
                self.left_outside += 1
                self._tell({seed: drawn.said})
            elif drawn.attempt:
                self.resampled += 1

    def join(self, other: RejectionTally) -> None:
        """Add what another tally has counted, perhaps in another process."""
        with self._lock:
            self.kicks += other.kicks
            self.resampled += other.resampled
            self.left_outside += other.left_outside
            self.reasons.update(other.reasons)
            self._tell(other.told)

    def _tell(self, more: Mapping[int, str]) -> None:
        """The first seeds, whichever thread was first."""
        self.told = dict(sorted({**self.told, **more}.items())[:MOST_TOLD])

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, _lock=threading.Lock())

    @property
    def at_once(self) -> int:
        return self.kicks - self.resampled - self.left_outside

    def text(self) -> str:
        """In one line.

        >>> tally = RejectionTally()
        >>> wave = np.zeros((1, 4))
        >>> for seed in range(3):
        ...     tally.add(seed, Sampled(wave, 0, {}, (), None, ""))
        >>> tally.add(3, Sampled(wave, 2, {}, ("comb_db",), None, ""))
        >>> tally.text()
        '3 of 4 at once, 1 resampled: comb_db 1'
        """
        parts = [f"{self.at_once} of {self.kicks} at once"]
        parts += [f"{self.resampled} resampled"] if self.resampled else []
        parts += [f"{self.left_outside} still outside after {ATTEMPTS} attempts"] if self.left_outside else []
        why = ", ".join(f"{name} {n}" for name, n in sorted(self.reasons.items(), key=lambda item: (-item[1], item[0])))
        return ", ".join(parts) + (f": {why}" if why else "")


@dataclass(frozen=True)
class OutlierRejection:
    """The limits of one model, and what has been drawn through them."""

    model: Model
    limits: Limits
    tally: RejectionTally = field(default_factory=RejectionTally)

    @classmethod
    def of(cls, model: Model) -> OutlierRejection:
        """Raises UserError where the limits that the model has cannot be read."""
        return cls(model, limits_of_model(model) or artefact_limits(model.info.kind))

    @property
    def knows_dataset(self) -> bool:
        """Whether kicks are held against what the model learned from, and not against traces of a machine alone."""
        return self.limits.sounds > 0

    def sample(
        self, seeds: Sequence[int], targets: Targets | None = None, length_s: float = MODEL_S
    ) -> list[Sampled]:  # fmt: skip
        """The kicks of some seeds, each the same whatever the others are: cards are quicker together.

        Kicks that were asked for are held against the traces alone: who asks for 200 Hz wants to leave what is usual.
        length_s: as in `match_targets`; what is out of range is looked for in what the model makes. Raises UserError
        where no attempt of a seed is a finite sound.
        """
        request = TargetRequest.of(targets)
        limits = _asked(self.limits, request.targets) if request.targets else self.limits
        best: dict[int, Sampled] = {}
        waiting = list(range(len(seeds)))
        for attempt in range(ATTEMPTS):
            played = self._play([seeds[i] for i in waiting], attempt, request, length_s)
            waves = np.stack([wave.mean(axis=0) for wave, _ in played])
            found = cards(waves, threads=1, loudness=False)  # which has no limits
            excess = limits.excess(found)
            for row, (i, (wave, match)) in enumerate(zip(waiting, played, strict=True)):
                outside = {name: float(x[row]) for name, x in excess.items() if x[row] > 0}
                if i not in best or _badness(outside) < _badness(best[i].outside):
                    first = best[i].first if attempt else tuple(sorted(outside))
                    said = _said(found, row, limits, outside)
                    best[i] = Sampled(wave, attempt, outside, first, match, said)
            waiting = [i for i in waiting if best[i].outside]
            if not waiting:
                break
        for i, seed in enumerate(seeds):
            if "not_finite" in best[i].outside:
                name = self.model.info.name
                raise UserError(f"model {name}: seed {seed} is not a finite sound; its training has diverged")
            self.tally.add(seed, best[i])
        return [best[i] for i in range(len(seeds))]

    def _play(
        self, seeds: Sequence[int], attempt: int, request: TargetRequest, length_s: float
    ) -> list[tuple[np.ndarray, MatchResult | None]]:
        if request:
            found = match_seeds(self.model, request, seeds, attempt * starts_tried(request), length_s)
            return [(match.wave, match) for match in found]
        return [(wave, None) for wave in self.model.play(start_noises(self.model, seeds, attempt * STARTS))]


def limits_of_model(model: Model) -> Limits | None:
    """The limits in a model's metadata; None where there are none."""
    return Limits.from_data(model.info.limits, f"model {model.info.name}") if model.info.limits else None


def _asked(limits: Limits, targets: Mapping[str, float]) -> Limits:
    """The traces alone; drive that was asked for may flatten what it likes."""
    left_out = {"clipped"} if targets.get("drive") else set()
    spans = {name: span for name, span in limits.spans.items() if name in ARTEFACTS and name not in left_out}
    return replace(limits, spans=spans, needed=())


def _badness(outside: Mapping[str, float]) -> tuple[bool, float]:
    return "not_finite" in outside, sum(outside.values())


def _said(found: Cards, row: int, limits: Limits, outside: Mapping[str, float]) -> str:
    """What a kick is outside of, in words: "comb_db 7.1 dB, at most 2.7"."""
    said = []
    for name in sorted(outside):
        if name not in limits.spans:
            said.append(name.replace("_", " "))
            continue
        value, (low, high) = float(found[name][row]), limits.spans[name]
        unit = "" if FIELD_UNITS[name] == "0..1" else FIELD_UNITS[name]
        if not np.isfinite(value):
            said.append(f"no {name}")
            continue
        limit = f"at most {high:.3g}" if name in ARTEFACTS or value > high else f"at least {low:.3g}"
        said.append(f"{f'{name} {value:.3g} {unit}'.rstrip()}, {limit}")
    return "; ".join(said)
