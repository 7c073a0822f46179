"""Compare how the kicks of models end with how recordings end.

Stops while loud, T60, energy below 30 Hz, the tail, and how many recordings their files cut while they were loud, which
training masks.

    kick lab measure endings RECORDINGS [RECORDINGS ...] --model default [--model RUN ...]

Recordings are halved by source, whole sources in a half; intervals are 95 % bootstraps over sources, and over kicks
for models.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from kickitout import generate, load_model, read_dataset
from kickitout.audio.prepare import CUT_FADE_SAMPLES
from kickitout.descriptors import cards
from kickitout.descriptors.endings import stops
from kickitout.sound import LENGTH
from kicklab.markdown import with_interval

SEEDS = 512
DRAWS = 1000
INFRA = 0.1  # of the energy: more below 30 Hz is a fault
HEAD = """| sounds | n | ends while loud | T60 known | more than a tenth below 30 Hz | tail at 300 to 350 ms, median | \
cut by its file |
|---|--:|--:|--:|--:|--:|--:|"""


Fields = Mapping[str, np.ndarray]  # of kick cards: name -> [n]
Middle = Callable[[np.ndarray], float]


class Ending(NamedTuple):
    """How kicks end. of: fields of their cards -> a value of each [n]; middle: of such values, shares in percent."""

    name: str
    of: Callable[[Fields], np.ndarray]
    middle: Middle


def _percent(values: np.ndarray) -> float:
    return float(100 * np.mean(values))


def _median(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else math.nan


ENDS = [  # of the table
    Ending("ends while loud, %", lambda found: stops(found["stop_db"]), _percent),
    Ending("T60 known, %", lambda found: np.isfinite(found["decay_t60_ms"]), _percent),
    Ending("more than a tenth below 30 Hz, %", lambda found: found["infra_share"] > INFRA, _percent),
    Ending("tail at 300 to 350 ms, dB", lambda found: found["tail_db"], _median),
]
MEASURED_ENDINGS = [  # and how long those ring that are known to
    *ENDS,
    Ending("T40, median, ms", lambda found: found["decay_t40_ms"], _median),
    Ending("T60, median, ms", lambda found: found["decay_t60_ms"], _median),
]


def span_of(middle: Middle, values: np.ndarray, drawn: Sequence[np.ndarray]) -> tuple[float, float]:
    """95 % of the middles of values [n] over draws of rows."""
    return _most([middle(values[rows]) for rows in drawn])


def less(middle: Middle, made: np.ndarray, recorded: np.ndarray, drawn: Sequence[np.ndarray]) -> str:
    """The middle of `made` less that of `recorded`, with a bootstrap over kicks and, `drawn`, over sources."""
    random = np.random.default_rng(0)
    draws = [middle(made[random.integers(0, len(made), len(made))]) - middle(recorded[rows]) for rows in drawn]
    return with_interval(middle(made) - middle(recorded), *_most(draws), "+.3g")


def _most(draws: Sequence[float]) -> tuple[float, float]:
    """Where 95 % of the draws lie that have a value; NaN where none has."""
    known = np.array(draws)[np.isfinite(draws)]
    if not len(known):
        return math.nan, math.nan
    low, high = np.quantile(known, [0.025, 0.975])
    return float(low), float(high)


def halves_by_source(sources: Sequence[str]) -> np.ndarray:
    """[n] bool: the first half. The largest source first, each into the half that is smaller so far."""
    sizes = {source: sources.count(source) for source in sources}
    first: set[str] = set()
    taken = [0, 0]
    for source in sorted(sizes, key=lambda name: (-sizes[name], name)):
        half = int(taken[0] > taken[1])
        taken[half] += sizes[source]
        if half == 0:
            first.add(source)
    return np.array([source in first for source in sources])


def source_draws(who: np.ndarray) -> list[np.ndarray]:
    """DRAWS resamplings of whole sources: rows of each. who: source of each row, numbered from 0."""
    random = np.random.default_rng(0)
    members = [np.flatnonzero(who == i) for i in range(who.max() + 1)]
    return [np.concatenate([members[i] for i in random.integers(0, len(members), len(members))]) for _ in range(DRAWS)]


def endings_row(
    name: str, waves: np.ndarray, sources: Sequence[str] | None = None, known: np.ndarray | None = None
) -> str:
    """A line of the table. sources: of each wave, which are drawn whole; each wave is its own where there are none.
    known: samples of each that its recording speaks for, see `kickitout.audio.prepare`."""
    found = cards(waves).values
    who = np.arange(len(waves)) if sources is None else np.unique(np.array(sources), return_inverse=True)[1]
    draws = source_draws(who)
    cells = [_cell(ending.middle, ending.of(found), draws, ending.name.rpartition(", ")[2]) for ending in ENDS]
    cells.append("" if known is None else _cell(_percent, known < LENGTH - CUT_FADE_SAMPLES, draws, "%"))
    return f"| {name} | {len(waves)} | {' | '.join(cells)} |"


def _cell(middle: Middle, values: np.ndarray, draws: Sequence[np.ndarray], unit: str) -> str:
    return f"{with_interval(middle(values), *span_of(middle, values, draws), '.3g')} {unit}"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("recordings", type=Path, nargs="+")
    parser.add_argument("--model", action="append", default=[], help="a model, as `kick generate --model` takes it")
    parser.add_argument("-n", type=int, default=SEEDS, help="kicks of each model, from seed 0 on")


def run(args: argparse.Namespace) -> Iterator[str]:
    yield HEAD
    for folder in args.recordings:
        dataset = read_dataset(folder)
        sources = [row.source for row in dataset.rows]
        known = np.array([row.known for row in dataset.rows])
        yield endings_row(folder.name, dataset.waves, sources, known)
        first = halves_by_source(sources)
        for name, half in (("first half", first), ("second half", ~first)):
            if not half.any():
                continue  # one source alone
            rows = np.flatnonzero(half)
            part = [sources[i] for i in rows]
            yield endings_row(f"{folder.name}, {name}", dataset.waves[rows], part, known[rows])
    for model in args.model or ["default"]:
        yield endings_row(f"**{model}**", generate(range(args.n), load_model(model)))
