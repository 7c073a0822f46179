"""The sounds of a laboratory: what is trained on, and what is never trained on.

Kicks are split once, by group: the test part is what all scores are against, and no run sees it in any way. What a run
itself holds out (for its monitor) comes from the rest. Tones are made by formula, and so need no files.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from kickitout.datasets.build import Dataset, ManifestRow, describe_difference, read_dataset, split
from kickitout.datasets.groups import near_duplicate_groups
from kickitout.errors import UserError
from kickitout.files import make_folder, write_whole
from kickitout.metrics.score import FEWEST
from kickitout.stored import upgraded
from kickitout.training.session import FEWEST_KICKS
from kicklab.tones import tone_dataset

TEST_SHARE, TEST_SEED = 0.2, 1  # of the groups; another seed than a run's own split, so that the two do not nest
TONES, TEST_TONES = 512, 128
FREE = {"cc0", "cc0-1.0", "cc0 1.0", "public-domain", "public domain", "unlicense", "the unlicense"}


@dataclass(frozen=True)
class LabData:
    """Sounds to train on, and sounds to score against."""

    train: Dataset
    test: Dataset
    related: int = 0  # kicks left out of the test part because a training kick is of their group

    def of(self, kicks: int | None, held_out: float, seed: int) -> Dataset:
        """What a run gets: what it will hold out, and `kicks` others (all, if None) that the seed chooses.

        A group is taken whole, until there are enough, the last one in part; fewer are contained in more.
        """
        if kicks is None:
            return self.train
        mine, watched = split(self.train, held_out)
        if kicks > len(mine):
            raise UserError(f"{kicks} training kicks are asked for and there are {len(mine)}; leave this row out")
        rng = np.random.default_rng([seed, 11])
        by_group: dict[int, list[int]] = {}
        for i in sorted(mine.tolist(), key=lambda i: self.train.rows[i].sound):
            by_group.setdefault(self.train.rows[i].group, []).append(i)
        order = list(by_group)
        chosen = [i for place in rng.permutation(len(order)).tolist() for i in by_group[order[place]]][:kicks]
        return take(self.train, sorted([*chosen, *watched.tolist()]))


def take(dataset: Dataset, rows: Sequence[int]) -> Dataset:
    """Some of the sounds of a dataset."""
    at = np.asarray(rows, dtype=int)
    return replace(
        dataset, waves=dataset.waves[at], sides=dataset.sides[at], rows=tuple(dataset.rows[i] for i in at.tolist())
    )


def read_kicks(paths: Sequence[Path], against: Sequence[Path] = ()) -> LabData:
    """Scan folders and split them; with `against`, those folders are the test part, and all of `paths` is trained on.

    A test kick that is of one group with a training kick is left out. Raises UserError when either part is too small.
    """
    dataset = read_dataset(list(paths))
    if not against:
        train, test = split(dataset, TEST_SHARE, TEST_SEED)
        data = LabData(take(dataset, train.tolist()), take(dataset, test.tolist()))
        hint = f"{TEST_SHARE:.0%} of the groups are kept for the test; more kicks, or --against others, work"
    else:
        other = read_dataset(list(against))
        both = [row.sound for row in (*dataset.rows, *other.rows)]
        joined = near_duplicate_groups(np.concatenate([dataset.waves, other.waves]), both)
        known = set(joined[: len(dataset)].tolist())
        kept = [i for i, group in enumerate(joined[len(dataset) :].tolist()) if group not in known]
        data = LabData(dataset, take(other, kept), len(other) - len(kept))
        hint = f"{data.related} of those in --against are near-duplicates of training kicks; give more"
    if len(data.test) < FEWEST:
        raise UserError(f"{len(data.test)} kicks to score against: too few, at least {FEWEST} are needed; {hint}")
    if len(data.train) < 2 * FEWEST_KICKS:
        raise UserError(f"{len(data.train)} kicks to train on: too few, at least {2 * FEWEST_KICKS} are needed; {hint}")
    return data


@lru_cache(maxsize=1)
def tone_data() -> LabData:
    """Tones to train on, and others to score against."""
    return LabData(tone_dataset(TONES, 0), tone_dataset(TEST_TONES, 1))


def save(data: LabData, folder: Path) -> None:
    """Write both parts into a folder; the arrays first, so that what is described is there."""
    make_folder(folder)
    arrays = io.BytesIO()
    np.savez(arrays, train=data.train.waves, test=data.test.waves)
    write_whole(folder / "kicks.npz", arrays.getvalue())
    text = json.dumps(
        {"train": data.train.manifest(), "test": data.test.manifest(), "related": data.related}, ensure_ascii=False
    )
    write_whole(folder / "kicks.json", text.encode())


def refuse_other_kicks(data: LabData, folder: Path) -> None:
    """Raise UserError where the folder holds other kicks than these."""
    known = upgraded(json.loads((folder / "kicks.json").read_text("utf-8")))
    for part, dataset in (("train", data.train), ("test", data.test)):
        if known[part]["digest"] != dataset.digest:
            what = describe_difference(known[part], dataset.manifest())
            raise UserError(
                f"{folder.parent}: a laboratory of other kicks ({part}: {what}); restore them, or use another -o"
            )


@lru_cache(maxsize=2)
def load(folder: Path) -> LabData:
    """What `save` wrote. Sides are silent: the laboratory is mono."""
    try:
        about = upgraded(json.loads((folder / "kicks.json").read_text("utf-8")))
        with np.load(folder / "kicks.npz") as arrays:
            waves = {part: arrays[part] for part in ("train", "test")}
        rows = {part: tuple(ManifestRow(**r) for r in about[part]["rows"]) for part in ("train", "test")}
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise UserError(
            f"{folder}: the laboratory's kicks are damaged or of another version; restore them, or use another -o"
        ) from error
    parts = {part: Dataset(waves[part], np.zeros_like(waves[part]), rows[part], (), {}, ()) for part in rows}
    return LabData(parts["train"], parts["test"], about["related"])
