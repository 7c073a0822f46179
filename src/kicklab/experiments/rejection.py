"""How many kicks of a model pass its outlier rejection, and how many recorded sounds do.

    kick lab measure rejection FOLDER... [--model default] [-n 2048] [--seed 0]

Every folder is a row: recorded kicks, and other drums that should not pass. In the first folder real kicks are also
held against real kicks: half of its groups against the limits of the other half. Intervals are 95 % (Wilson 1927).
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from kickitout.datasets.build import Dataset, read_dataset
from kickitout.descriptors import cards
from kickitout.descriptors.limits import ARTEFACTS, Limits, limits_of_cards
from kickitout.generation.load import load_model
from kickitout.generation.reject import ATTEMPTS, OutlierRejection
from kickitout.metrics.report import halves
from kicklab.markdown import markdown_table, share_text

TRACES = {*ARTEFACTS, "silent", "not_finite"}
NAMED = 3  # reasons in a row

Reasons = list[tuple[str, ...]]  # what each sound is outside of


def row(name: str, reasons: Reasons) -> list[object]:
    found = Counter(reason for one in reasons for reason in one)
    why = ", ".join(f"{k} {n}" for k, n in sorted(found.items(), key=lambda item: (-item[1], item[0]))[:NAMED])
    passed, clean = sum(not one for one in reasons), sum(not TRACES.intersection(one) for one in reasons)
    n = len(reasons)
    return [name, n, share_text(passed, n, ".1f"), share_text(clean, n, ".1f"), why or "none"]


def outside(limits: Limits, waves: np.ndarray) -> Reasons:
    excess = limits.excess(cards(waves))
    return [tuple(name for name, x in excess.items() if x[i] > 0) for i in range(len(waves))]


def real_against_other_half(dataset: Dataset, kind: str, seed: int) -> Reasons:
    """Each half of the groups against the limits of the other."""
    groups = np.array([one.group for one in dataset.rows])
    first = halves(groups, np.random.default_rng(seed))
    parts = [dataset.waves[first], dataset.waves[~first]]
    return [
        one for learned, tried in (parts, parts[::-1]) for one in outside(limits_of_cards(cards(learned), kind), tried)
    ]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("sounds", type=Path, nargs="+")
    parser.add_argument("--model", default="default")
    parser.add_argument("-n", type=int, default=2048, help="kicks of the model (default 2048)")
    parser.add_argument("--seed", type=int, default=0, help="the first of them, and of the halves (default 0)")


def run(args: argparse.Namespace) -> Iterator[str]:
    model = load_model(args.model)
    rejection = OutlierRejection.of(model)
    seeds = range(args.seed, args.seed + args.n)
    parts = (seeds[i : i + 64] for i in range(0, len(seeds), 64))
    drawn = [one._replace(wave=np.zeros(0)) for part in parts for one in rejection.sample(part)]

    def rows() -> Iterator[list[object]]:
        yield row("**kicks of the model**", [one.first for one in drawn])
        yield row(f"the same after at most {ATTEMPTS} attempts", [tuple(one.outside) for one in drawn])
        for i, folder in enumerate(args.sounds):
            dataset = read_dataset(folder)
            if i == 0:
                halved = real_against_other_half(dataset, model.info.kind, args.seed)
                yield row(f"{folder.name}: half of its groups, by the limits of the other half", halved)
            yield row(f"{folder.name}, by the model's limits", outside(rejection.limits, dataset.waves))

    yield from markdown_table(["sounds", "n", "pass", "free of traces", "outside of (sounds)"], rows(), "lrrrl")
    many = max(one.attempt for one in drawn) + 1
    yield (
        f"""
Model `{model.digest[:16]}`, limits of {rejection.limits.sounds} sounds, seeds {args.seed} to {args.seed + args.n - 1};
the most attempts that one of them took: {many}. Recorded sounds: prepared as for training."""
    )
