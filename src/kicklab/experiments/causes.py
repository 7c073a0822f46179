"""By which fields of the kick card a random forest tells a model's kicks from recordings.

    kick lab measure causes LEARNED UNSEEN [--model default] [--half first]

Real kicks are those of `judge`: half of the recordings that no model learned from. Against them stand the other half,
the recordings that were learned from, and kicks of seeds, as many of each as of the smaller set. The forest is trained
and asked on other sources (folds of whole sources); a field counts by what the accuracy loses where its values are
exchanged between the sounds that it is asked about (permutation importance, Breiman 2001,
doi.org/10.1023/A:1010933404324). Fields that say the same stand in for one another, so a cause that many fields show
counts less in each. Ranges are over REPEATS draws of sounds and folds.

Each set stands there twice: with all that a card says, and with what can be heard of it (traces of a machine from where
they can be a fault on, tails above INAUDIBLE_DB).
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from kickitout import generate, load_model, read_dataset
from kickitout.descriptors import Cards, cards
from kickitout.descriptors.fields import FIELDS
from kickitout.descriptors.limits import ARTEFACTS
from kickitout.scoring import mono
from kicklab.experiments.judge import Judge
from kicklab.markdown import markdown_table
from kicklab.sources import sources_of

TREES = 200
FOLDS, REPEATS = 5, 5
SHUFFLES = 4  # of each field, in each fold
TOLD = 6  # fields of a line
INAUDIBLE_DB = -80.0  # re peak
NOT_TOLD_BY = ("note", "cents", "loudness_lufs", "true_peak_dbtp")  # a note is as good as another; level is set last


class ForestTold(NamedTuple):
    """How well a forest tells two sets apart, [REPEATS], and what each field is to it, field -> [REPEATS]."""

    accuracy: np.ndarray
    by: dict[str, np.ndarray]


def fields_of(found: Cards) -> np.ndarray:
    """[n, fields]: a field that a sound does not have is NaN, which says something, too."""
    return np.stack([np.asarray(found[name], float) for name in told_by()], axis=1)


def what_is_heard(points: np.ndarray) -> np.ndarray:
    """The fields [n, fields] without differences that nobody hears."""
    names, heard = told_by(), points.copy()
    floors = {name: one.harmless for name, one in ARTEFACTS.items()} | {"tail_db": INAUDIBLE_DB}
    for name, floor in floors.items():
        heard[:, names.index(name)] = np.maximum(heard[:, names.index(name)], floor)
    return heard


def told_by() -> list[str]:
    """The names of the fields."""
    return [field.name for field in FIELDS if field.name not in NOT_TOLD_BY]


def tell(real: np.ndarray, other: np.ndarray, real_groups: np.ndarray, other_groups: np.ndarray) -> ForestTold:
    """real, other: [n, fields]; groups: what stays together, sources of recordings, and each kick of a model alone."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.model_selection import StratifiedGroupKFold

    names, n = told_by(), min(len(real), len(other))
    accuracies, losses = [], []
    for repeat in range(REPEATS):
        rng = np.random.default_rng(repeat)
        rows = [rng.permutation(len(part))[:n] for part in (real, other)]
        points = np.concatenate([real[rows[0]], other[rows[1]]])
        groups = np.concatenate([real_groups[rows[0]], real_groups.max() + 1 + other_groups[rows[1]]])
        labels = np.repeat([0, 1], n)
        right, lost = 0, np.zeros(len(names))
        folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=repeat)
        for train, asked in folds.split(points, labels, groups):
            forest = RandomForestClassifier(TREES, min_samples_leaf=2, n_jobs=1, random_state=repeat)
            forest.fit(points[train], labels[train])
            hits = int((forest.predict(points[asked]) == labels[asked]).sum())
            right += hits
            for i in range(len(names)):
                for _ in range(SHUFFLES):
                    mixed = points[asked].copy()
                    mixed[:, i] = rng.permutation(mixed[:, i])
                    lost[i] += (hits - (forest.predict(mixed) == labels[asked]).sum()) / SHUFFLES
        accuracies.append(right / len(labels))
        losses.append(lost / len(labels))
    return ForestTold(np.array(accuracies), dict(zip(names, np.array(losses).T, strict=True)))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("learned", type=Path, help="the recordings that the model learned from")
    parser.add_argument("unseen", type=Path, nargs="+", help="recordings that it did not")
    parser.add_argument("--model", action="append", default=[], help="a model, as `kick generate --model` takes it")
    parser.add_argument("--half", choices=("first", "second"), default="first", help="of the recordings, as in `judge`")


def run(args: argparse.Namespace) -> Iterator[str]:
    judge = Judge(read_dataset(args.learned), read_dataset([args.learned, *args.unseen]), args.half)
    real, n = fields_of(cards(judge.waves)), len(judge.waves)
    sets = {
        "the other half": (judge.other_waves, judge.other_who),
        "learned from": (judge.learned.waves, np.unique(sources_of(judge.learned.rows), return_inverse=True)[1]),
    }
    for name in args.model or ["default"]:
        sets[name] = mono(generate(range(n), load_model(name))), np.arange(n)
    rows = []
    for name, (waves, who) in sets.items():
        other = fields_of(cards(waves))
        for which, seen in (("all", lambda points: points), ("what is heard", what_is_heard)):
            found = tell(seen(real), seen(other), judge.who, who)
            first = sorted(found.by, key=lambda field: -found.by[field].mean())[:TOLD]
            told = [f"{field} {_range(found.by[field])}" for field in first if found.by[field].min() > 0]
            rows.append([name, min(n, len(waves)), which, _range(found.accuracy), ", ".join(told) or "no one field"])
    yield f"{judge.about} Chance is 0.5.\n"
    head = ["told from them", "n", "of the card", "accuracy", "by, with what is lost without it"]
    yield from markdown_table(head, rows, "lrlrl")


def _range(values: np.ndarray) -> str:
    return f"{values.mean():.3f} ({values.min():.3f} to {values.max():.3f})"
