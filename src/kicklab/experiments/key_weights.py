"""The weights by which `kick fit` tells the key of a loop, fitted to the development loops.

    kick lab measure key-weights [-n 220] [--workers 1]

A conditional logit over the 24 keys (`kickitout.fitting.key`): the probability of the tonic is maximised, and a
little that of the mode. Loops that begin on the chord of their tonic count four times as much as the others together,
as most loops do; each book counts the same. The first table is cross-validated: the loops of a book are told with
weights that were fitted to the other books; its last row is what no listener can do better
(`loop_songs.ideal_tonic`). The last lines are the weights, for `fitting/key.py`.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize

from kickitout.errors import UserError
from kickitout.fitting.chroma import chroma_of
from kickitout.fitting.key import MODES, UPPER_HZ, WEIGHTS, key_evidence
from kickitout.fitting.loop import read_loop
from kickitout.sound import SAMPLE_RATE
from kickitout.workers import Workers
from kicklab.loop_development import BOOKS
from kicklab.loop_songs import ideal_tonic, song_loop
from kicklab.loops import render_loop
from kicklab.markdown import markdown_table

BEGINS = 0.8  # weight of all loops that begin on the chord of their tonic
MODE = 0.3  # weight of the mode re the tonic
RIDGE = 3e-3  # of the squared weights of evidence in units of its own deviation
IDEAL = 400  # songs that the ideal listener hears
LEAST_LOOPS = 30  # of a kind and a book that have a say


class LoopEvidence(NamedTuple):
    """evidence: [12, 2, weights]; tonic, mode: of the loop; begins: on the chord of the tonic."""

    evidence: np.ndarray
    tonic: int
    mode: int
    begins: bool


def evidence_in(job: tuple[str, int]) -> LoopEvidence:
    """What is heard in a loop of a book; in any process."""
    spec = BOOKS[job[0]](job[1])
    loop = read_loop(render_loop(spec))
    frames, upper = (chroma_of(loop.mid, SAMPLE_RATE, *lowest)[0] for lowest in ((), (UPPER_HZ,)))
    evidence = key_evidence(frames, upper, loop.bass, 240 / loop.grid.bpm, loop.grid.first_bar)
    return LoopEvidence(evidence, spec.tonic % 12, MODES.index(spec.mode), spec.roots[0] % 12 == 0)


def fit_weights(books: list[list[LoopEvidence]]) -> np.ndarray:
    """The weights [n] that make the keys of the loops of some books the most probable."""
    shares = []
    kinds = [[sum(one.begins is kind for one in book) for kind in (True, False)] for book in books]
    counted = [sum(numbers[k] >= LEAST_LOOPS for numbers in kinds) for k in (0, 1)]
    for book, numbers in zip(books, kinds, strict=True):
        of_kind = [
            (BEGINS, 1 - BEGINS)[k] / counted[k] / numbers[k] if numbers[k] >= LEAST_LOOPS else 0.0 for k in (0, 1)
        ]
        shares += [of_kind[0 if one.begins else 1] for one in book]
    told = [one for book in books for one in book]
    evidence = np.stack([one.evidence for one in told])
    rows, (tonic, mode) = np.arange(len(told)), np.array([(one.tonic, one.mode) for one in told]).T
    share, size = np.array(shares)[:, None, None], evidence.reshape(-1, evidence.shape[-1]).std(axis=0) + 1e-9
    scaled = evidence / size

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        likely = _probabilities(scaled, weights)
        of_tonic = np.zeros_like(likely)
        of_tonic[rows, tonic] = likely[rows, tonic] / likely[rows, tonic].sum(axis=1, keepdims=True)
        of_key = np.zeros_like(likely)
        of_key[rows, tonic, mode] = 1.0
        sums = np.log(likely[rows, tonic].sum(axis=1)) + MODE * np.log(likely[rows, tonic, mode])
        slope = share * (of_tonic - likely + MODE * (of_key - likely))
        value = RIDGE * float((weights**2).sum()) - float((share[:, 0, 0] * sums).sum())
        return value, 2 * RIDGE * weights - np.einsum("nkm,nkmf->f", slope, scaled)

    found: np.ndarray = minimize(loss, np.zeros(len(size)), jac=True, method="L-BFGS-B").x / size
    return found


def _probabilities(evidence: np.ndarray, weights: np.ndarray) -> np.ndarray:
    scores = evidence @ weights
    likely = np.exp(scores - scores.max(axis=(1, 2), keepdims=True))
    found: np.ndarray = likely / likely.sum(axis=(1, 2), keepdims=True)
    return found


def right(book: list[LoopEvidence], weights: np.ndarray) -> np.ndarray:
    """Whether the tonic of each loop is told, bool [loops]."""
    likely = _probabilities(np.stack([one.evidence for one in book]), weights)
    found: np.ndarray = likely.sum(axis=2).argmax(axis=1) == np.array([one.tonic for one in book])
    return found


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-n", type=int, default=220, help="loops of each book (default 220)")
    parser.add_argument("--workers", type=int, default=1, help="processes (default 1)")


def run(args: argparse.Namespace) -> Iterator[str]:
    if args.n < 2 * LEAST_LOOPS:
        raise UserError(f"-n {args.n}: weights are fitted to {2 * LEAST_LOOPS} loops of a book or more")
    books: dict[str, list[LoopEvidence]] = {name: [] for name in BOOKS}
    with Workers(args.workers) as workers:
        for job, told in workers.each(evidence_in, [(name, k) for name in BOOKS for k in range(args.n)], in_order=True):
            books[job[0]].append(told)
    rows = []
    for name, book in books.items():
        weights = fit_weights([other for title, other in books.items() if title != name])
        hits, begins = right(book, weights), np.array([one.begins for one in book])
        rows.append([name, *(_share(hits[kind]) for kind in (begins, ~begins))])
    ideal: dict[bool, list[bool]] = {True: [], False: []}
    for spec in map(song_loop, range(IDEAL)):
        ideal[spec.roots[0] == 0].append(ideal_tonic(spec) == 0)
    rows.append(
        ["songs, by a listener who hears every chord", *(_share(np.array(ideal[kind])) for kind in (True, False))]
    )
    yield from markdown_table(["tonic right, fitted to the other books", "begins on it", "begins elsewhere"], rows)
    yield ""
    for name, weight in zip(WEIGHTS, fit_weights(list(books.values())), strict=True):
        yield f"    {name}: {weight:.2f}"


def _share(hits: np.ndarray) -> str:
    return f"{100 * hits.mean():.0f} % of {len(hits)}" if len(hits) else "–"
