"""How many kicks of a seed have to be tried until one meets every target, and what that costs.

    kick lab measure tries [--model MODEL] [-n 64]

Each of n seeds is asked for one target, for three and for five at once. Each value is drawn between the 5 % and the
95 % quantile of the model's kicks (as in `calibration`) and independent of the others, so that some of what is asked
for is found together in no kick of the model. Then five are asked for as another kick of the model has them, so that
there is a kick that meets them. Speed is kicks per second of processor time, cards and search included.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from kickitout.descriptors import BLOCK_ROWS
from kickitout.errors import UserError, count
from kickitout.generation.load import load_model
from kickitout.generation.match import match_seeds
from kickitout.generation.model import Model
from kickitout.generation.targets import MatchResult, TargetRequest
from kickitout.metrics.resampling import wilson
from kickitout.models.controls import TARGETS, TRIES
from kicklab.experiments.calibration import control_spans, drawn_value, own_cards
from kicklab.markdown import markdown_table

ASKED = (("decay",), ("pitch", "decay", "click"), ("pitch", "decay", "click", "tone", "balance"))
WITHIN = (1, 3, 8)  # tries, beside the default
FIRST_SEED = 30_000
FIRST_COPIED = 50_000  # seed of the first kick whose values are asked for
MOST_COPIED = 20  # kicks that are looked at for each that is asked for


class Tried(NamedTuple):
    """The kicks of seeds that were matched to the same kinds of targets.

    of_a_kick: to the values of another kick. seconds: of processor time, of all of them.
    """

    names: tuple[str, ...]
    of_a_kick: bool
    found: list[MatchResult]
    seconds: float

    def met(self, tries: int) -> int:
        """How many meet all of their targets within so many tries."""
        return sum(one.reached and one.tries <= tries for one in self.found)


def try_kicks(
    model: Model, names: tuple[str, ...], n: int, tries: int = TRIES, seed: int = 0, of_a_kick: bool = False
) -> Tried:
    """n seeds, each asked for values of its own, with at most so many tries each; the same values for any `tries`.

    of_a_kick: the values of other kicks of the model, instead of values drawn one by one.
    """
    drawn = _values_of_kicks(model, names, n) if of_a_kick else _values_one_by_one(model, names, n, seed)
    return Tried(names, of_a_kick, *timed_match(model, [TargetRequest(one, tries=tries) for one in drawn], FIRST_SEED))


def timed_match(model: Model, requests: Sequence[TargetRequest], first_seed: int) -> tuple[list[MatchResult], float]:
    """The kicks of seeds from `first_seed` on, one for each request, and the seconds of processor time of all."""
    found: list[MatchResult] = []
    began = time.process_time()
    for first in range(0, len(requests), BLOCK_ROWS):
        part = requests[first : first + BLOCK_ROWS]
        found += match_seeds(model, part, range(first_seed + first, first_seed + first + len(part)))
    return found, time.process_time() - began


def _values_one_by_one(model: Model, names: tuple[str, ...], n: int, seed: int) -> list[dict[str, float]]:
    rng, spans = np.random.default_rng(seed), control_spans(model)
    return [{name: drawn_value(rng, name, *spans[name]) for name in names} for _ in range(n)]


def _values_of_kicks(model: Model, names: tuple[str, ...], n: int) -> list[dict[str, float]]:
    """The values of the first n kicks, from FIRST_COPIED on, whose values can all be asked for."""
    found: list[dict[str, float]] = []
    targets, first = [TARGETS[name] for name in names], FIRST_COPIED
    while len(found) < n:
        if first - FIRST_COPIED > MOST_COPIED * n:
            raise UserError(f"model {model.info.name}: too few of its kicks have a {', '.join(names)} to be asked for")
        for row in own_cards(model, range(first, first + n)):
            if all(target.low <= row[target.field] <= target.high for target in targets):
                found.append({target.name: row[target.field] for target in targets})
        first += n
    return found[:n]


def tries_text(rows: Sequence[Tried], tries: int = TRIES) -> str:
    """The rows as a Markdown table: how many meet all of their targets within so many tries, and the cost."""
    head = ["asked for", *(f"within {count(k, 'try', 'tries')}" for k in (*WITHIN, tries)), "95 % interval"]
    head += ["tries, mean", "renders, mean", "kicks a second"]
    lines = []
    for row in rows:
        n = len(row.found)
        low, high = wilson(row.met(tries), n)
        means = [float(np.mean(x)) for x in zip(*((one.tries, one.renders) for one in row.found), strict=True)]
        asked = ", ".join(row.names) + (", as another kick has them" if row.of_a_kick else "")
        cells = [asked, *(f"{row.met(k)} of {n}" for k in (*WITHIN, tries))]
        cells += [f"{100 * low:.0f} to {100 * high:.0f} %", f"{means[0]:.1f}", f"{means[1]:.0f}"]
        lines.append([*cells, f"{n / row.seconds:.1f}"])
    return "\n".join(markdown_table(head, lines))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", default="default")
    parser.add_argument("-n", type=int, default=64, help="seeds (default 64)")


def run(args: argparse.Namespace) -> Iterator[str]:
    model = load_model(args.model)
    match_seeds(model, {"pitch": 50.0}, range(BLOCK_ROWS))  # the first call of a process is slower
    rows = [try_kicks(model, names, args.n) for names in ASKED]
    yield tries_text([*rows, try_kicks(model, ASKED[-1], args.n, of_a_kick=True)])
    yield (
        f"\nModel `{model.digest[:16]}`, seeds from {FIRST_SEED} on, other kicks from {FIRST_COPIED} on, one thread."
    )
