"""Make the styles of a model from labelled recordings, write them beside it, print how well a classifier knows them.

    kick lab measure styles build/model-data --model default --out src/kickitout/model_files/default.styles.json

styles.csv has the style of each recording by the identity of its sound: 808 (of that machine, by the names of files and
sources), acoustic (a drum that was struck), machine (other rhythm boxes and drum machines, short), club (synthesised,
with a sweep that is heard) and hard (driven, or with a square body), the last three by their spectrograms. A style is a
Gaussian over the latents of its recordings, in which a source of n of them counts like the square root of n. One of
fewer than 8 recordings or 3 sources, or that a classifier does not know on sources that it has not seen, is left out.
"""

from __future__ import annotations

import argparse
import csv
import io
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

import numpy as np

from kickitout.datasets.build import Dataset, read_dataset
from kickitout.descriptors.contour import contours
from kickitout.errors import UserError
from kickitout.files import write_whole
from kickitout.generation.generate import generate
from kickitout.generation.invert import encoder_of
from kickitout.generation.load import load_model
from kickitout.generation.model import Model
from kickitout.generation.styles import NamedStyle, StyledModel, styles_text
from kickitout.metrics.drum_types import KICK_TYPE, classify, packaged
from kicklab.markdown import markdown_table, with_interval
from kicklab.sources import share_by_source, sources_of

FEWEST, FEWEST_SOURCES = 8, 3
DIRECTIONS = 24  # of a style's Gaussian, at most: they hold nearly all of its variance
FOLDS = 10  # of sources
STRENGTH = 0.1  # inverse of the classifier's regularisation, as scikit-learn has it
STYLE_SEEDS = 128


class LabelledKicks(NamedTuple):
    """Recordings that have a style. styles, sources: [n] of names."""

    waves: np.ndarray
    styles: np.ndarray
    sources: np.ndarray


def style_labels() -> dict[str, str]:
    """Identity of each labelled sound -> its style."""
    text = files("kicklab").joinpath("styles.csv").read_text("utf-8")
    return {row["sound"]: row["style"] for row in csv.DictReader(io.StringIO(text))}


def labelled_kicks(dataset: Dataset) -> LabelledKicks:
    """Raises UserError where none of the sounds is labelled."""
    labels = style_labels()
    rows = [i for i, row in enumerate(dataset.rows) if row.sound in labels]
    if not rows:
        raise UserError(
            "none of these sounds is in kicklab/styles.csv; the folder of `kick lab measure model-data` works"
        )
    found = np.array([labels[dataset.rows[i].sound] for i in rows])
    return LabelledKicks(dataset.waves[rows], found, sources_of(dataset.rows)[rows])


def weights_by_source(sources: np.ndarray) -> np.ndarray:
    """[n], adding up to 1: a source of n sounds counts like the square root of n.

    >>> weights_by_source(np.array(["a", "a", "a", "a", "b"])).round(3).tolist()
    [0.167, 0.167, 0.167, 0.167, 0.333]
    """
    sizes = {source: int((sources == source).sum()) for source in sources}
    weights = np.array([sizes[source] ** -0.5 for source in sources])
    return weights / weights.sum()


def fit_gaussian(latents: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean [Z] and factor [Z, R] of the unbiased weighted covariance of latents [n, Z], R at most DIRECTIONS."""
    mean = weights @ latents
    spread = np.sqrt(weights / (1 - np.sum(weights**2)))[:, None] * (latents - mean)
    _, size, direction = np.linalg.svd(spread, full_matrices=False)
    kept = min(DIRECTIONS, len(latents) - 1)
    return mean, (size[:kept, None] * direction[:kept]).T


def told_styles(points: np.ndarray, kicks: LabelledKicks, seed: int = 0) -> np.ndarray:
    """[n]: the style that each recording is taken for by a classifier that has heard no sound of its source."""
    names = np.unique(kicks.sources)
    fold = dict(zip(np.random.default_rng(seed).permutation(names), np.arange(len(names)) % FOLDS, strict=True))
    folds = np.array([fold[source] for source in kicks.sources])
    told = np.empty(len(points), kicks.styles.dtype)
    for k in range(FOLDS):
        if (folds == k).any():
            told[folds == k] = _classifier(points[folds != k], kicks, folds != k).predict(points[folds == k])
    return told


def _classifier(points: np.ndarray, kicks: LabelledKicks, rows: np.ndarray):  # type: ignore[no-untyped-def]
    """Logistic regression on standardised points, each style of the same weight."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    weights = np.zeros(int(rows.sum()))
    for name in np.unique(kicks.styles):
        mine = kicks.styles[rows] == name
        weights[mine] = weights_by_source(kicks.sources[rows][mine]) * len(weights)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=STRENGTH, max_iter=1000))
    return model.fit(points, kicks.styles[rows], logisticregression__sample_weight=weights)


def make_styles(model: Model, kicks: LabelledKicks, points: np.ndarray) -> dict[str, NamedStyle]:
    """All styles by name, whether a classifier knows them or not. points [n, D]: of the kicks, for the classifier."""
    encoder, numbers = encoder_of(model), contours(kicks.waves).numbers
    latents = np.stack([encoder.encode(w, c) for w, c in zip(kicks.waves, numbers, strict=True)]).astype(np.float64)
    told, names = told_styles(points, kicks), np.unique(kicks.styles).tolist()
    chance, found = 100.0 / len(names), {}
    for name in names:
        mine = kicks.styles == name
        sources = kicks.sources[mine]
        share = share_by_source(told[mine] == name, sources)
        mean, factor = fit_gaussian(latents[mine], weights_by_source(sources))
        found[name] = NamedStyle(
            name, mean.astype(np.float32), factor.astype(np.float32), int(mine.sum()), len(set(sources)),
            (round(share[0], 1), round(share[1], 1), round(share[2], 1)), round(chance, 1),
        )  # fmt: skip
    return found


def is_told(style: NamedStyle) -> bool:
    """Whether a style has enough recordings and sources, and is told above chance, its interval included."""
    return style.files >= FEWEST and style.sources >= FEWEST_SOURCES and style.agreement[1] > style.chance


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, help="labelled recordings, as `kick lab measure model-data` writes them")
    parser.add_argument("--model", default="default")
    parser.add_argument("--out", type=Path, required=True, help="MODEL.styles.json beside the model file")
    parser.add_argument(
        "-n", type=int, default=STYLE_SEEDS, help="kicks of each style that are measured, from seed 0 on"
    )


def run(args: argparse.Namespace) -> Iterator[str]:
    model, kicks = load_model(args.model), labelled_kicks(read_dataset(args.folder))
    points = classify(kicks.waves).embedding.astype(np.float64)
    everything = make_styles(model, kicks, points)
    found = {name: style for name, style in everything.items() if is_told(style)}
    write_whole(args.out, styles_text(found, model.digest).encode())
    judge = _classifier(points, kicks, np.ones(len(points), bool))
    kick = packaged().names.index(KICK_TYPE)
    chance = 100 / len(everything)
    yield f"{model.info.name}, {model.digest[:12]}: {len(found)} styles from {len(kicks.waves)} labelled recordings.\n"
    told_on = f"classified right on unseen sources (chance {chance:.0f} %)"

    def row(style: NamedStyle) -> list[object]:
        drawn = classify(generate(range(args.n), StyledModel(model, style)))
        right = judge.predict(drawn.embedding.astype(np.float64)) == style.name
        shares = (f"{100 * np.mean(hits):.0f} %" for hits in (right, drawn.types == kick))
        known = with_interval(*style.agreement, ".0f", " %")
        return [f"`{style.name}`", style.files, style.sources, known, *shares]

    head = ["style", "recordings", "sources", told_on, "generated: classified as it", "recognised as kicks"]
    yield from markdown_table(head, map(row, everything.values()))
    if dropped := [name for name in everything if name not in found]:
        yield f"\nLeft out, of too few recordings or not known by a classifier: {', '.join(dropped)}."
