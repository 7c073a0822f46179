"""Watches a run for the known deaths of a GAN, and says in plain words what it sees.

What is generated is compared with the real kicks, measured in the same way; each limit stands beside its sentence. A
trouble counts only while the held-out score is not improving: a critic that wins is no trouble if the kicks get better.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

import numpy as np

from kickitout.descriptors import cards
from kickitout.errors import count
from kickitout.metrics.distance import diversity, energy_distance
from kickitout.metrics.embeddings import embed_bands
from kickitout.sound import ONSET, PEAK, SAMPLE_RATE
from kickitout.training.config import MonitorConfig
from kickitout.training.objectives import Losses

AFTER_CLICK = ONSET + SAMPLE_RATE * 30 // 1000  # sample: 30 ms after the onset there should be a body


class Trouble(NamedTuple):
    """What is wrong with a run, for the log and for the reader."""

    name: str
    sentence: str


class View(NamedTuple):
    """What the monitor measures of a set of sounds."""

    embedded: np.ndarray  # [n, d]
    silent: float  # share without sound
    bodiless: float  # share that is over 30 ms after the onset
    diversity: float  # dB
    comb_db: float  # median
    tail_noise_db: float  # median; for the reals the 90th percentile is what counts


def view(waves: np.ndarray, *, quantile: float = 0.5) -> View:
    """Measure [n, T] waveforms; `quantile` of the artefact fields over the set."""
    values = cards(waves).values
    energy = (waves.astype(np.float64) ** 2).sum(1)
    late = (waves[:, AFTER_CLICK:].astype(np.float64) ** 2).sum(1)
    silent = np.abs(waves).max(axis=1) < 0.5 * PEAK  # a player brings every sound to PEAK, and leaves silence alone
    embedded = embed_bands(waves)
    return View(
        embedded,
        float(silent.mean()),
        float((late < 1e-3 * np.maximum(energy, 1e-12)).mean()),
        diversity(embedded),
        _quantile(values["comb_db"], quantile),
        _quantile(values["tail_noise_db"], quantile),
    )


def _quantile(values: np.ndarray, q: float) -> float:
    known = values[np.isfinite(values)]
    return float(np.quantile(known, q)) if len(known) else float("nan")


class Reference(NamedTuple):
    """The real kicks that generated ones are held against."""

    held_out: np.ndarray  # [n, d] embedded, of kicks that training never saw (of all, where there are too few)
    all: View
    floor: (
        float  # the score of the training kicks themselves: the real-vs-real baseline; NaN where too few are held out
    )


FEWEST_HELD_OUT = 8


def make_reference(train: np.ndarray, held_out: np.ndarray) -> Reference:
    """Reference of [n, T] training and [m, T] held-out kicks."""
    everything = np.concatenate([train, held_out])
    if len(held_out) < FEWEST_HELD_OUT:  # sounds that stand in both sets would make any floor too low
        return Reference(embed_bands(everything), view(everything, quantile=0.9), float("nan"))
    embedded = embed_bands(held_out)
    floor = energy_distance(embedded, embed_bands(train)) if len(train) > 1 else float("nan")
    return Reference(embedded, view(everything, quantile=0.9), floor)


Means = Mapping[str, float]  # losses since the last snapshot; spread/d and spread/g, the deviations from two of them
STILL = {"spread/d": 1e-2, "spread/g": 2e-3}  # least that live losses scatter from batch to batch; labels may be drawn
STILL_STEPS = 20


def detect(losses: Means, fake: View, real: Reference, objective: Losses) -> list[Trouble]:
    """All troubles that show now."""
    return [*_of_losses(losses, objective), *_of_sounds(fake, real.all)]


def _of_losses(losses: Means, objective: Losses) -> Iterator[Trouble]:
    d, g, right = (losses.get(name, np.nan) for name in ("loss/d", "loss/g", "critic/right"))
    if abs(d - objective.guessing) < 0.02 and abs(g - objective.guessing) < 0.02:
        yield Trouble(
            "stall at ln 2",
            f"both losses stand at {objective.guessing:.3f} ({d:.3f} and {g:.3f}): the critic only guesses, so the "
            "generator learns nothing; a lower learning rate, a larger batch, or the hinge objective helps",
        )
    if all(losses.get(name, np.inf) < least for name, least in STILL.items()):
        yield Trouble(
            "losses that stand still",
            f"both losses stand still (critic {d:.4f}, generator {g:.4f}), whatever the batch: the critic is "
            "saturated: is a sigmoid applied twice, are labels above 1?",
        )
    if objective.bounded and right > 0.995 and d < 0.05:
        yield Trouble(
            "one-sided critic",
            f"the critic is right {100 * right:.1f} % of the time (its loss is {d:.3f}): it tells the generator "
            "nothing any more; more kicks, augmentation, or an R1 penalty helps",
        )


def _of_sounds(fake: View, real: View) -> Iterator[Trouble]:
    if fake.silent > 0.5:
        yield Trouble("silence", f"{100 * fake.silent:.0f} % of the generated sounds are silent")
    if fake.bodiless > max(0.5, 2 * real.bodiless):
        share = f"{100 * fake.bodiless:.0f} %"
        yield Trouble("no body", f"{share} of the generated sounds end after the click: there is no body")
    if (ratio := fake.diversity / max(real.diversity, 1e-9)) < 0.25:
        yield Trouble(
            "collapse",
            f"the generated sounds differ from each other only {100 * ratio:.0f} % as much as the real ones: "
            "the generator has collapsed to a few",
        )
    if fake.comb_db > real.comb_db + 6:
        yield Trouble(
            "comb lines",
            f"periodic lines in the spectrum: {fake.comb_db:.1f} dB, and nine of ten real kicks stay below "
            f"{real.comb_db:.1f} dB; nearest or bilinear up-sampling leaves fewer",
        )
    if fake.tail_noise_db > real.tail_noise_db + 20:
        yield Trouble(
            "hiss",
            f"hiss in the tail: {fake.tail_noise_db:.0f} dB, and nine of ten real kicks stay below "
            f"{real.tail_noise_db:.0f} dB",
        )


@dataclass
class Monitor:
    """The memory of a run: its best snapshot, how long each trouble has lasted, and what was done about it."""

    config: MonitorConfig
    best_score: float = float("inf")
    best_step: int = -1
    lasted: dict[str, int] = field(default_factory=dict)
    rollbacks: int = 0

    def judge(self, step: int, score: float, troubles: list[Trouble]) -> tuple[str, str]:
        """What to do after a snapshot: ("best" | "go on" | "rollback" | "stop", why).

        The best is the first of equal ones.
        """
        if score < self.best_score:
            self.best_score, self.best_step, self.lasted = score, step, {}
            return "best", f"the best score so far: {score:.3f}"
        self.lasted = {t.name: self.lasted.get(t.name, 0) + 1 for t in troubles}
        patient = [t for t in troubles if self.lasted[t.name] >= self.config.patience]
        if not patient:
            return "go on", ""
        why = f"{patient[0].sentence} (for {count(self.lasted[patient[0].name], 'snapshot')}, without a better score)"
        return self.act(why)

    def act(self, why: str, *, can_go_on: bool = True) -> tuple[str, str]:
        """Roll back while that is allowed and there is something to go back to, then stop."""
        if self.config.on_trouble == "warn" and can_go_on:
            return "go on", why
        self.lasted = {}
        if self.rollbacks < self.config.rollbacks and self.best_step >= 0:
            self.rollbacks += 1
            return "rollback", why
        return "stop", why

    def memory(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return {k: v for k, v in asdict(self).items() if k != "config"}
