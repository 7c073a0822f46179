"""Compare how the kicks of models end with how recordings end.

Stops while loud, T60, energy below 30 Hz, the tail, and how many recordings their files cut while they were loud, which
training masks.

    kick lab measure endings RECORDINGS [RECORDINGS ...] --model default [--model RUN ...]

Recordings are halved by source, whole sources in a half; intervals are 95 % bootstraps over sources, and over kicks
for models.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from kickitout import generate, load_model, read_dataset
from kickitout.audio.prepare import CUT_FADE_SAMPLES
from kickitout.descriptors import Cards, cards
from kickitout.descriptors.endings import stops
from kickitout.sound import LENGTH
from kicklab.markdown import with_interval

SEEDS = 512
DRAWS = 1000
INFRA = 0.1  # of the energy: more below 30 Hz is a fault
HEAD = """| sounds | n | ends while loud | T60 known | more than a tenth below 30 Hz | tail at 300 to 350 ms, median | \
cut by its file |
|---|--:|--:|--:|--:|--:|--:|"""


# What is said of endings, of the fields of cards: shares as truth, the tail in dB.
ENDING_MEASURES: dict[str, Callable[[Cards], np.ndarray]] = {
    "ends while loud": lambda found: stops(found["stop_db"]),
    "T60 known": lambda found: np.isfinite(found["decay_t60_ms"]),
    "more than a tenth below 30 Hz": lambda found: found["infra_share"] > INFRA,
    "tail at 300 to 350 ms, dB": lambda found: found["tail_db"],
}


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
    found = cards(waves)
    *shares, tail = (of(found) for of in ENDING_MEASURES.values())
    who = np.arange(len(waves)) if sources is None else np.unique(np.array(sources), return_inverse=True)[1]
    draws = source_draws(who)
    cells = [_cell(np.mean, 100.0 * values, draws, " %") for values in shares]
    cells.append(_cell(np.nanmedian, tail, draws, " dB"))
    cut = None if known is None else 100.0 * (known < LENGTH - CUT_FADE_SAMPLES)
    cells.append("" if cut is None else _cell(np.mean, cut, draws, " %"))
    return f"| {name} | {len(waves)} | {' | '.join(cells)} |"


def _cell(measure: object, values: np.ndarray, draws: Sequence[np.ndarray], unit: str) -> str:
    assert callable(measure)
    low, high = np.quantile([measure(values[rows]) for rows in draws], [0.025, 0.975])
    return f"{with_interval(measure(values), low, high, '.3g')}{unit}"


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
