"""The sounds of a laboratory: what is trained on, and what is never trained on.

Kicks are split once, by source (`sources`): the test part is what all scores are against, and no run sees it in any
way. What a run itself holds out (for its monitor) comes from the rest. A third part confirms: it is scored against
once, at the end, and nothing is chosen by it. Tones are made by formula, and so need no files.
"""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np

from kickitout.datasets.build import Dataset, ManifestRow, describe_difference, read_dataset, split
from kickitout.datasets.groups import near_duplicate_groups
from kickitout.datasets.stated import UNSTATED
from kickitout.errors import UserError
from kickitout.files import make_folder, write_whole
from kickitout.metrics.embeddings import embed_bands
from kickitout.metrics.score import FEWEST
from kickitout.stored import upgraded
from kickitout.training.session import FEWEST_KICKS
from kicklab.sources import capped, held_out_sources, machine_of, sources_of
from kicklab.tones import tone_dataset
from kicklab.two_sample import dealt

# Of the sounds, in whole sources. The seed is the first under 6 with no source above an eighth of the test part, chosen
# before anything was trained.
TEST_SHARE, TEST_SEED = 0.25, 3
TONES, TEST_TONES = 512, 128
FOLDS = 3  # of the sources that confirm, where all but one are learned from
FREE = {"cc0", "cc0-1.0", "cc0 1.0", "public-domain", "public domain", "unlicense", "the unlicense"}


@dataclass(frozen=True)
class LabData:
    """Sounds to train on, and sounds to score against."""

    train: Dataset
    test: Dataset
    related: int = 0  # kicks left out of the test part because a training kick is of their group
    confirm: Dataset | None = None  # sounds of other sources than both, for the end
    repeated: int = 0  # kicks left out of what confirms because the others have their group or source

    @property
    def parts(self) -> dict[str, Dataset]:
        """Those that there are, by name."""
        found = {"train": self.train, "test": self.test, "confirm": self.confirm}
        return {name: part for name, part in found.items() if part is not None}

    @cached_property
    def folds(self) -> np.ndarray:
        """[n] of those that confirm: the fold of each, sources whole."""
        assert self.confirm is not None
        return dealt(sources_of(self.confirm.rows), np.random.default_rng(TEST_SEED), FOLDS)

    def more(self, fold: int) -> np.ndarray:
        """[n] bool: which of those that confirm are learned from beside the training kicks where this fold is kept
        unseen. They are of other folds, and may be passed on."""
        assert self.confirm is not None
        return (self.folds != fold) & np.array([is_free(row) for row in self.confirm.rows])

    def of(self, kicks: int | None, held_out: float, seed: int, fold: int | None = None) -> Dataset:
        """What a run gets: what it will hold out, and `kicks` others (all, if None) that the seed chooses; with a
        fold, what `more` says too.

        A group is taken whole, until there are enough, the last one in part; fewer are contained in more.
        """
        if fold is not None and self.confirm is not None:
            return both_sets(self.train, self.confirm.take(np.flatnonzero(self.more(fold))))
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
        return self.train.take(np.array(sorted([*chosen, *watched.tolist()])))


@lru_cache(maxsize=4)
def embedded_kicks(kicks: Dataset) -> np.ndarray:
    """[n, D]: a part of a laboratory in the embedding of its distances; those of one are the same objects (`load`)."""
    return embed_bands(kicks.waves)


def is_free(row: ManifestRow) -> bool:
    """Whether a sound may be passed on without conditions."""
    return str(row.licence).lower() in FREE


def both_sets(first: Dataset, second: Dataset) -> Dataset:
    """Two sets of which no sound is related to one of the other."""
    above = max(row.group for row in first.rows) + 1
    rows = (*first.rows, *(replace(row, group=above + row.group) for row in second.rows))
    waves, sides = (np.concatenate(pair) for pair in ((first.waves, second.waves), (first.sides, second.sides)))
    return Dataset(waves, sides, rows, (), {}, ())


def read_kicks(paths: Sequence[Path], against: Sequence[Path] = (), confirm: Sequence[Path] = ()) -> LabData:
    """Scan folders and split them by source, at most `sources.PER_SOURCE` of each; with `against`, as they are.

    A test kick that is of one group or machine with a training kick is left out, and of `confirm` what is of one group
    or source with any of them. Raises UserError when a part is too small, or a source is in two of them.
    """
    dataset = read_dataset(list(paths))
    if not against:
        sources = sources_of(dataset.rows)
        kept = capped(dataset.rows, sources)
        test = np.zeros(len(dataset), bool)
        test[kept] = held_out_sources(sources[kept], TEST_SHARE, TEST_SEED)
        data = LabData(dataset.take(np.flatnonzero(kept & ~test)), dataset.take(np.flatnonzero(test)))
        hint = f"{TEST_SHARE:.0%} are kept for the test, in whole sources; more sources, or --against others, work"
    else:
        other = read_dataset(list(against))
        _refuse_shared({row.source for row in dataset.rows}, {row.source for row in other.rows})
        learned = {machine_of(row) for row in dataset.rows} - {UNSTATED}
        apart = ~_related(other, dataset) & ~np.array([machine_of(row) in learned for row in other.rows])
        data = LabData(dataset, other.take(np.flatnonzero(apart)), int((~apart).sum()))
        hint = f"{data.related} in --against are near-duplicates of training kicks, or of their machines; give more"
    if len(data.test) < FEWEST:
        raise UserError(f"{len(data.test)} kicks to score against: too few, at least {FEWEST} are needed; {hint}")
    if len(data.train) < 2 * FEWEST_KICKS:
        raise UserError(f"{len(data.train)} kicks to train on: too few, at least {2 * FEWEST_KICKS} are needed; {hint}")
    if confirm:
        other = read_dataset(list(confirm))
        sources = sources_of(other.rows)
        known = {machine_of(row) for part in data.parts.values() for row in part.rows} - {UNSTATED}
        shared = np.array([machine_of(row) in known for row in other.rows])
        apart = ~np.isin(sources, sources[shared])
        apart &= ~np.any([_related(other, part) for part in data.parts.values()], axis=0)
        apart &= capped(other.rows, sources)
        data = replace(data, confirm=other.take(np.flatnonzero(apart)), repeated=int((~apart).sum()))
        if int(apart.sum()) < FEWEST:
            raise UserError(f"{int(apart.sum())} kicks of other sources in --confirm: too few, {FEWEST} are needed")
    return data


def _refuse_shared(train: set[str], test: set[str]) -> None:
    """Raise UserError where a stated source would be learned from and scored against."""
    if both := sorted((train & test) - {UNSTATED}):
        raise UserError(
            f"source {both[0]!r} is among the kicks to train on and in --against: a source is learned from or scored "
            "against, not both; remove it from one of them, or leave --against out and sources are split here"
        )


def _related(other: Dataset, dataset: Dataset) -> np.ndarray:
    """[n] bool: which of `other` have a near-duplicate in `dataset`."""
    both = [row.sound for row in (*dataset.rows, *other.rows)]
    joined = near_duplicate_groups(np.concatenate([dataset.waves, other.waves]), both)
    return np.isin(joined[len(dataset) :], joined[: len(dataset)])


@lru_cache(maxsize=1)
def tone_data() -> LabData:
    """Tones to train on, and others to score against."""
    return LabData(tone_dataset(TONES, 0), tone_dataset(TEST_TONES, 1))


def save(data: LabData, folder: Path) -> None:
    """Write all parts into a folder; the arrays first, so that what is described is there."""
    make_folder(folder)
    arrays = io.BytesIO()
    np.savez(arrays, **{name: part.waves for name, part in data.parts.items()})  # type: ignore[arg-type]
    write_whole(folder / "kicks.npz", arrays.getvalue())
    about = {name: part.manifest() for name, part in data.parts.items()}
    text = json.dumps(about | {"related": data.related, "repeated": data.repeated}, ensure_ascii=False)
    write_whole(folder / "kicks.json", text.encode())


def refuse_other_kicks(data: LabData, folder: Path) -> None:
    """Raise UserError where the folder holds other kicks than these."""
    known = upgraded(json.loads((folder / "kicks.json").read_text("utf-8")))
    for part, dataset in data.parts.items():
        if part in known and known[part]["digest"] != dataset.digest:
            what = describe_difference(known[part], dataset.manifest())
            raise UserError(
                f"{folder.parent}: a laboratory of other kicks ({part}: {what}); restore them, or use another -o"
            )


def load(folder: Path) -> LabData:
    """What `save` wrote, read once. Sides are silent: the laboratory is mono. Raises UserError where it is damaged."""
    about = folder / "kicks.json"
    return _loaded(folder, about.stat().st_mtime_ns if about.exists() else 0)


@lru_cache(maxsize=2)
def _loaded(folder: Path, written: int) -> LabData:
    try:
        about = upgraded(json.loads((folder / "kicks.json").read_text("utf-8")))
        with np.load(folder / "kicks.npz") as arrays:
            waves = {part: arrays[part] for part in arrays.files}
        rows = {part: tuple(ManifestRow(**r) for r in about[part]["rows"]) for part in waves}
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise UserError(
            f"{folder}: the laboratory's kicks are damaged or of another version; restore them, or use another -o"
        ) from error
    parts = {part: Dataset(waves[part], np.zeros_like(waves[part]), rows[part], (), {}, ()) for part in rows}
    return LabData(parts["train"], parts["test"], about["related"], parts.get("confirm"), about.get("repeated", 0))


def parts_table(data: LabData) -> str:
    """Which sound is in which part, as CSV: names, sources and identities, no audio. source: as its folder states it;
    resampled_with: the one that stands for it and for others of its machine, or with its near-duplicates, in statistics
    over sources."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("part", "source", "resampled_with", "name", "sound"))
    for name, part in data.parts.items():
        joined = sources_of(part.rows).tolist()
        rows = zip(part.rows, joined, strict=True)
        writer.writerows(sorted((name, row.source, one, row.name, row.sound) for row, one in rows))
    return text.getvalue()
