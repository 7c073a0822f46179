"""How many kicks that were asked for a note rest on it, and what it costs to ask for those that do.

    kick lab measure steady LEARNED [--model MODEL] [-n 128]

A pitch rests where it moves and scatters by at most a semitone in its tail (`kickitout.descriptors.pitch_rest`). The
same seeds are asked for each of four notes, as they are and steady; beside them stand the recordings that the model
learned from and its kicks without a target. Cost is processor time in one thread, cards and search included, against
the same seeds without `--steady`.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from kickitout import generate, load_model, read_dataset
from kickitout.descriptors import BLOCK_ROWS, pitch_rest
from kickitout.generation.match import match_seeds
from kickitout.generation.model import Model
from kickitout.generation.targets import MatchResult, TargetRequest
from kickitout.metrics.resampling import wilson
from kickitout.notes import SEMITONE_CENTS, note_name, to_hz
from kickitout.scoring import mono
from kicklab.experiments.tries import timed_match
from kicklab.markdown import markdown_table

NOTES = (28, 33, 36, 43)  # E1, A1, C2, G2
FIRST_SEED = 70_000


class Asked(NamedTuple):
    """Seeds that were asked for a note. seconds: of processor time."""

    found: list[MatchResult]
    seconds: float

    @property
    def waves(self) -> np.ndarray:
        return np.stack([one.wave.mean(axis=0) for one in self.found])

    @property
    def in_tune(self) -> int:
        return sum(all(line.reached for line in one.lines) for one in self.found)


def ask(model: Model, midi: int, n: int, *, steady: bool) -> Asked:
    """n seeds from FIRST_SEED on, asked for a note."""
    return Asked(*timed_match(model, [TargetRequest({"pitch": to_hz(midi)}, steady=steady)] * n, FIRST_SEED))


def resting(waves: np.ndarray) -> list[bool]:
    """Of each sound [T] that has a pitch whether it rests."""
    cents = [max(map(abs, pitch_rest(wave))) for wave in waves]
    return [one <= SEMITONE_CENTS for one in cents if np.isfinite(one)]


def _line(said: str, rest: Sequence[bool], in_tune: str = "", tries: str = "", cost: str = "") -> list[str]:
    low, high = wilson(sum(rest), len(rest))
    share = f"{sum(rest)} of {len(rest)} ({100 * np.mean(rest):.0f} % [{100 * low:.0f}, {100 * high:.0f}])"
    return [said, in_tune, tries, share, cost]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("learned", type=Path, help="the recordings that the model learned from")
    parser.add_argument("--model", default="default")
    parser.add_argument("-n", type=int, default=128, help="seeds (default 128)")


def run(args: argparse.Namespace) -> Iterator[str]:
    model, n = load_model(args.model), args.n
    seeds = range(FIRST_SEED, FIRST_SEED + n)
    match_seeds(model, {"pitch": 50.0}, range(BLOCK_ROWS))  # the first call of a process is slower
    lines = [
        _line("recordings, at their own pitch", resting(read_dataset(args.learned).waves)),
        _line("kicks, at their own pitch", resting(mono(generate(seeds, model)))),
    ]
    for midi in NOTES:
        plain, steady = (ask(model, midi, n, steady=steady) for steady in (False, True))
        for said, one in ((note_name(midi), plain), (f"{note_name(midi)}, steady", steady)):
            tries = f"{np.mean([match.tries for match in one.found]):.2f}"
            cost = f"{one.seconds / plain.seconds:.2f} x"
            lines.append(_line(said, resting(one.waves), f"{one.in_tune} of {n}", tries, cost))
    head = ["asked for", "in tune", "tries, mean", "rest where their pitch is measured [95 %]", "processor time"]
    yield "\n".join(markdown_table(head, lines))
    yield f"\nModel `{model.digest[:16]}`, seeds from {FIRST_SEED} on."
