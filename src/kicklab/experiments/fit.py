"""How well `kick fit` hears rendered loops, and how much less its kicks mask a bass than seeds do.

kick lab measure fit [-n 100] [--fits 32] [--write docs/fit.md]

Weights and thresholds were chosen on the development loops. The held-out ones, in the idioms of eight styles and of
published progressions, half of which begin on another chord than the tonic's, were written after code and weights were
frozen, and share no random stream with them. A loop is right where its tonic is that of its bass, and its tempo within
2 % of the true one or of its double. Masking is compared in the first loops of each book, at one loudness: one fitted
kick (`-n 1`) against the best of eight random seeds.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from kickitout.fitting.loop import read_loop
from kickitout.fitting.room import find_room
from kickitout.fitting.search import Fitter, Hit
from kickitout.generation.load import load_model
from kickitout.generation.model import Model
from kickitout.generation.noise import normal
from kickitout.workers import Workers
from kicklab.loop_books import development_loop
from kicklab.loop_progressions import progression_loop
from kicklab.loop_styles import styled_loop
from kicklab.loops import LoopSpec, beatless, render_loop
from kicklab.markdown import markdown_table, median_text, share_text

BOOKS: Mapping[str, Callable[[int], LoopSpec]] = {
    "development": development_loop, "held out, styles": styled_loop, "held out, progressions": progression_loop,
}  # fmt: skip
HELD_OUT = ("held out, styles", "held out, progressions")

SEEDS = 8  # random ones that a fitted kick is compared with the best of
CLOSE = 0.02  # of a tempo
BEATLESS = ("noise", "pad", "drone", "scattered")


class LoopResult(NamedTuple):
    """What was heard in one loop, and the masking in dB of the fitted kick, and of the best and the median seed; NaN
    where no kick was made."""

    tonic: bool
    mode: bool
    tempo: bool
    exact: bool
    beat_known: bool
    key_known: bool
    drums: bool
    begins: bool  # whether it begins on the chord of its tonic
    fitted_db: float = math.nan
    best_db: float = math.nan
    median_db: float = math.nan
    cents: float = math.nan


def measure_loop(spec: LoopSpec, model: Model | None = None, stream: int = 0) -> LoopResult:
    """Render a loop and hear it; with a model, fit one kick to it and compare with random seeds of a stream."""
    loop = read_loop(render_loop(spec))
    ratio = loop.tempo.bpm / spec.bpm
    heard = LoopResult(
        tonic=loop.key.tonic == spec.tonic % 12, mode=loop.key.mode == spec.mode,
        tempo=min(abs(ratio - 1), abs(ratio / 2 - 1)) < CLOSE, exact=abs(ratio - 1) < CLOSE,
        beat_known=loop.tempo.known, key_known=loop.key.known, drums=spec.has_drums,
        begins=spec.roots[0] % 12 == 0,
    )  # fmt: skip
    if model is None:
        return heard
    fitter = Fitter(loop, find_room(loop), model)
    rng = np.random.default_rng([stream, spec.seed, 8])
    seeds = [int(seed) for seed in rng.integers(10_000, 2**31, SEEDS)]
    waves = model.play(normal(seeds, model.info.noise_size)).mean(axis=1)
    own = [fitter.masking(Hit.of(wave)) for wave in waves]
    (one,) = fitter.find(1, 0)
    lines = one.kick.match.lines if one.kick.match else ()
    cents = next((abs(line.error) for line in lines if line.target.name == "pitch"), math.nan)
    return heard._replace(fitted_db=one.after_db, best_db=min(own), median_db=float(np.median(own)), cents=cents)


class Job(NamedTuple):
    """A loop of a book, and whether a kick is fitted to it."""

    book: str
    number: int
    fitted: bool


def measure_job(job: Job) -> LoopResult:
    """A loop of a book; in any process."""
    return measure_loop(BOOKS[job.book](job.number), _model() if job.fitted else None, list(BOOKS).index(job.book) + 1)


@lru_cache(maxsize=1)
def _model() -> Model:
    return load_model()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-n", type=int, default=100, help="loops of each book (default 100)")
    parser.add_argument("--fits", type=int, default=32, help="of them, how many a kick is fitted to (default 32)")
    parser.add_argument("--workers", type=int, default=1, help="processes (default 1)")


def run(args: argparse.Namespace) -> Iterator[str]:
    found: dict[str, list[LoopResult]] = {name: [] for name in BOOKS}
    with Workers(args.workers) as workers:
        jobs = [Job(name, k, k < args.fits) for k in range(args.n) for name in BOOKS]
        for job, row in workers.each(measure_job, jobs, in_order=True):
            found[job.book].append(row)
    found["both held out"] = [row for book in HELD_OUT for row in found[book]]
    yield from markdown_table(["", *found], ([what, *map(line, found.values())] for what, line in LINES.items()))
    quiet = [read_loop(beatless(kind, 100 + k)) for kind in BEATLESS for k in range(10)]
    noise = [loop for loop in quiet[:10] if loop.key.known or loop.bass.known]
    yield f"""
Model `{_model().digest[:16]}`. Of 40 sounds without a beat (noise, swelling chords, drones, hits at random)
{sum(loop.tempo.known for loop in quiet)} were said to have one; of 10 noises {len(noise)} to have a key or a bass."""


def _fitted(row: LoopResult) -> bool:
    return math.isfinite(row.fitted_db)


def _share(rows: list[LoopResult], field: str, known: str | None = None) -> str:
    """With its 95 % interval; known: of the loops of which this is said."""
    hits = [getattr(row, field) for row in rows if known is None or getattr(row, known)]
    return share_text(sum(hits), len(hits))


def _masking(rows: list[LoopResult], field: str) -> str:
    return f"{np.nanmedian([getattr(row, field) for row in rows]):.1f} dB"


def _less(rows: list[LoopResult]) -> str:
    return median_text(np.array([row.best_db - row.fitted_db for row in rows if _fitted(row)]), ".1f", " dB")


LINES = {
    "loops": lambda rows: str(len(rows)),
    "of them with drums": lambda rows: str(sum(row.drums for row in rows)),
    "tonic right [95 %]": lambda rows: _share(rows, "tonic"),
    "tonic right where a loop begins on its chord": lambda rows: _share([row for row in rows if row.begins], "tonic"),
    "tonic right where it begins on another": lambda rows: _share([row for row in rows if not row.begins], "tonic"),
    "tonic right where a key is said": lambda rows: _share(rows, "tonic", "key_known"),
    "tonic and mode right": lambda rows: f"{100 * np.mean([row.tonic and row.mode for row in rows]):.0f} %",
    "tempo within 2 %, or its double": lambda rows: _share(rows, "tempo"),
    "tempo within 2 %": lambda rows: _share(rows, "exact"),
    "said to have a beat": lambda rows: _share(rows, "beat_known"),
    "said to have a key": lambda rows: _share(rows, "key_known"),
    "loops with a fitted kick": lambda rows: str(sum(map(_fitted, rows))),
    "of them tuned within 10 cents": lambda rows: f"{100 * np.mean([r.cents < 10 for r in rows if _fitted(r)]):.0f} %",
    "masking, median of eight seeds": lambda rows: _masking(rows, "median_db"),
    "masking, best of eight seeds": lambda rows: _masking(rows, "best_db"),
    "masking, fitted": lambda rows: _masking(rows, "fitted_db"),
    "fitted less than the best of eight, median [95 %]": _less,
}
