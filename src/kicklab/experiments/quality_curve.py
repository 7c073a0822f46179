"""How many kicks are enough: the same training on more and more kicks, scored against kicks it never saw.

    kick lab measure quality-curve DATA... --out src/kickitout/datasets/doctor/quality_curve.json [--learned FOLDER]

A quarter of the groups is held out for all sizes; each size trains on the first so many of the others, so a
larger set holds the smaller ones; --learned leaves out those held out that are of machines which the model in the
package learned from. Every training goes on from the model in the package and takes the same steps.
Prints a line a size and writes the curve that `kick check` reads its forecast from. Runs that are there already are not
trained again.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from kickitout import __version__
from kickitout.datasets.build import read_dataset
from kickitout.datasets.doctor.forecast import Point, ScoreCurve, curve_text
from kickitout.errors import UserError
from kickitout.generation.generate import generate
from kickitout.metrics.distance import energy_distance, energy_distance_of, pairwise
from kickitout.metrics.embeddings import embed_bands
from kickitout.metrics.resampling import interval
from kickitout.training.budget import Until
from kickitout.training.config import load_config
from kickitout.training.session import train
from kicklab.experiments.unheard import read_unheard, strange_rows

SIZES = (12, 25, 50, 100, 200)  # groups
SOUNDS = 256
SEED = 0
CURVE_DRAWS = 200  # of the bootstrap


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("sounds", nargs="+", type=Path)
    parser.add_argument("--learned", action="append", type=Path, help="what the model in the package learned from")
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--runs", type=Path, default=Path("build/quality_curve"), help="folder for the trainings")
    parser.add_argument("--out", type=Path, required=True)


def run(args: argparse.Namespace) -> Iterator[str]:
    torch.set_num_threads(1)
    dataset = read_dataset(args.sounds)
    groups = dataset.groups
    order = np.random.default_rng(SEED).permutation(np.unique(groups))
    held_out = np.isin(groups, order[: len(order) // 4])
    rest, asked = order[len(order) // 4 :], np.flatnonzero(held_out)
    if args.learned:
        asked = strange_rows(dataset, asked, read_unheard(args.learned, args.sounds))
        yield f"left out, as heard or of machines that were: {int(held_out.sum()) - len(asked)} kicks"
    unseen = embed_bands(dataset.waves[asked])
    half = np.isin(groups[asked], order[: len(order) // 8])
    if min(half.sum(), (~half).sum()) < 2:
        raise UserError(f"{len(asked)} kicks held out: too few for two halves; more sounds would help")
    floor = energy_distance(unseen[half], unseen[~half])
    as_it_is = energy_distance(unseen, embed_bands(generate(range(SOUNDS))))
    yield f"the model in the package as it is: {as_it_is:.3f}"
    points = []
    for size in [s for s in SIZES if s < len(rest)] + [len(rest)]:
        chosen = np.flatnonzero(np.isin(groups, rest[:size]))
        run = args.runs / f"{size:04d}"
        config = load_config(
            "kickae", ["monitor.on_trouble=warn", "monitor.export=last", f"monitor.every={args.steps}"]
        )
        if not (run / "model.onnx").exists():
            train(dataset.take(chosen), config, run, Until(steps=args.steps), device="cpu")
        made = embed_bands(generate(range(SOUNDS), run))
        score = energy_distance(unseen, made)
        rr, rg, gg = pairwise(unseen, unseen), pairwise(unseen, made), pairwise(made, made)
        rng, drawn = np.random.default_rng(SEED), []
        for _ in range(CURVE_DRAWS):
            r, g = (rng.integers(n, size=n) for n in (len(unseen), len(made)))
            drawn.append(energy_distance_of(rr[np.ix_(r, r)], rg[np.ix_(r, g)], gg[np.ix_(g, g)], r, g))
        low, high = interval(score, np.array(drawn))
        kicks = f"{size} groups, {len(chosen)} kicks"
        yield f"{kicks}: {score:.3f} [{low:.3f}, {high:.3f}]; real-vs-real baseline {floor:.3f}"
        points.append(Point(size, *(round(x, 3) for x in (score, low, high))))
    begun = f"KickAE from the model of kickitout {__version__} ({as_it_is:.2f} as it is), {args.steps} steps"
    about = f"{begun}, {SOUNDS} sounds against {len(asked)} unseen kicks, seed {SEED}"
    curve = ScoreCurve(about, "energy distance", round(floor, 3), tuple(points))
    args.out.write_text(curve_text(curve), encoding="utf-8")
