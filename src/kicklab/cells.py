"""A cell: one row of a study with one seed. Everything that decides its scores is in it, and its name is their digest.

Two studies that ask for the same cell share it: it is trained once. Its name outlives work on the program: see
`Cell.identity`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import TypeAdapter

from kickitout.datasets.build import Dataset, split
from kickitout.errors import UserError
from kickitout.representations import RepresentationConfig, make_representation
from kickitout.representations.base import RepresentationSettings
from kickitout.training.config import TrainingConfig
from kickitout.training.frozen import FAMILY, TRAINING_VERSION, differing
from kicklab.data import FOLDS, LabData
from kicklab.study import FEWEST_SEEDS, NO_BUDGET, Budget, Study, StudyRow, lab_size, rows_of

Source = Literal["trained", "reals", "augmented", "procedural", "ceiling"]
REFERENCE_ROWS = {
    "reals": "other real kicks",
    "augmented": "augmented training kicks",
    "procedural": "procedural synthesiser",
}


@dataclass(frozen=True)
class Cell:
    """What is trained or taken, and scored."""

    study: str
    row: str
    about: str
    levels: tuple[tuple[str, str], ...]
    source: Source
    data: Literal["kicks", "tones"]
    seed: int
    sounds: int
    digests: tuple[str, str]  # of the datasets to train on, and to score against
    config: TrainingConfig | None = None
    representation: RepresentationSettings | None = None
    kicks: int | None = None
    fold: tuple[int, str] | None = None  # of what confirms: which is not learned from, and the digest of all
    budget: Budget = NO_BUDGET
    milestones: tuple[float, ...] = (1.0,)

    @property
    def identity(self) -> str:
        """A name for its folder: what it is, its seed, and the digest of all that matters.

        All in it is frozen: keys, the words of `source` and `data`, settings by their ids (see `training.frozen`), and
        "kickgan" for KickAE, which was called so.
        What is at its default is left out, so that whatever is added here later is left out of the cells of before.
        """
        settings = differing(self.config) if self.config else {}
        settings |= differing(self.representation, "codec") if self.representation else {}
        known: dict[str, Any] = {
            "training": TRAINING_VERSION, "source": self.source, "data": self.data, "seed": self.seed,
            "sounds": self.sounds, "corpus": self.digests, "settings": settings, "kicks": self.kicks,
            "fold": self.fold, "steps": self.budget.steps, "sounds seen": self.budget.sounds,
            "seconds": None if self.budget.seconds is None else float(self.budget.seconds),
            "milestones": None if self.milestones == (1.0,) else self.milestones,
        }  # fmt: skip
        kind = "-".join(str(settings[key]) for key in (FAMILY, "codec.name") if key in settings)
        return f"{kind or self.source}-{self.seed}-{_digest(known)[:10]}"

    @property
    def beginning(self) -> str:
        """What a shorter and a longer run of one row and seed have in common: all but where they end."""
        assert self.config is not None
        return _digest({
            "training": TRAINING_VERSION, "data": self.data, "sounds": self.sounds, "corpus": self.digests,
            "settings": differing(self.config), "kicks": self.kicks, "fold": self.fold,
            "steps": self.budget.seconds is None,
        })  # fmt: skip

    def learned(self, data: LabData) -> Dataset:
        """What its run gets of the sounds."""
        held_out = self.config.held_out if self.config else 0.1
        return data.of(self.kicks, held_out, self.seed, None if self.fold is None else self.fold[0])

    @property
    def representation_label(self) -> str:
        """The representation through which its sounds went; empty where there was none."""
        representation = self.config.representation if self.config else self.representation
        return representation_label(representation) if representation else ""


def _digest(known: dict[str, Any]) -> str:
    text = json.dumps({key: value for key, value in known.items() if value not in (None, {})}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def representation_label(config: RepresentationSettings) -> str:
    """A representation in a few words: name, shape, and rounds of Griffin-Lim where it needs them.

    >>> from kickitout.representations import LogMagnitudeConfig
    >>> representation_label(LogMagnitudeConfig())
    'logmag 1 × 256 × 128, 5 rounds'
    """
    shape = " × ".join(str(n) for n in make_representation(config).representation_shape)
    rounds = getattr(config, "iterations", None)
    return f"{config.name} {shape}" + (f", {rounds} rounds" if rounds else "")  # type: ignore[attr-defined]


def cells_of(
    name: str, study: Study, data: LabData, *, seeds: int | None, budget: Budget, only: Sequence[str] = (),
    size: Callable[[str], Sequence[str]] = lab_size, sounds: int | None = None,
) -> list[Cell]:  # fmt: skip
    """The cells of a study, seed by seed, so that every row has its first result early; without those of rows that
    want more kicks than there are to learn from, or kicks that confirm where there are none.

    seeds: of each row; None: as many as the study has for it.
    only: rows, by name or a part of it; references are kept. Raises UserError for contradictory settings, a name that
    fits no row, or too few seeds.
    """
    if seeds is not None and seeds < FEWEST_SEEDS:
        raise UserError(
            f"--seeds {seeds}: an interval over seeds needs at least {FEWEST_SEEDS}; {study.seeds} is usual"
        )
    rows = chosen(rows_of(study, size), only, name)
    for row in rows:
        row.resolved(0)  # what is wrong is said before anything is trained
    rows = [row for row in rows if _enough(row, data)]
    common: dict[str, Any] = {
        "study": name, "data": study.data, "sounds": sounds or study.sounds,
        "digests": (data.train.digest, data.test.digest),
    }  # fmt: skip
    found = reference_cells(study, rows, seeds or study.seeds, common)
    for seed in range(max((seeds or row.seeds for row in rows), default=0)):
        for row in rows:
            if seed >= (seeds or row.seeds):
                continue
            found.append(
                Cell(
                    row=row.name, about=row.about, levels=row.levels, source="trained", seed=seed,
                    config=row.resolved(seed), kicks=row.kicks, budget=budget, milestones=study.shares,
                    fold=(seed % FOLDS, data.confirm.digest) if row.more and data.confirm else None, **common,
                )
            )  # fmt: skip
    return found


def _enough(row: StudyRow, data: LabData) -> bool:
    """Whether there are as many kicks as a row learns from, beside what it holds out."""
    if row.kicks is not None and row.kicks > len(split(data.train, row.resolved(0).held_out)[0]):
        return False
    return data.confirm is not None or not row.more


def chosen(rows: list[StudyRow], only: Sequence[str], study: str) -> list[StudyRow]:
    """The rows whose name or config is, or contains, one of `only`; all where that is empty."""
    if not only:
        return rows
    for part in only:
        if not any(part.lower() in row.name.lower() for row in rows):
            known = ", ".join(row.name for row in rows)
            raise UserError(f"--only {part}: no row of {study} is called so; its rows are: {known}")
    exact = {row.name for row in rows} & set(only)
    return [
        row
        for row in rows
        if row.name in exact or any(part not in exact and part.lower() in row.name.lower() for part in only)
    ]


def reference_cells(study: Study, rows: list[StudyRow], seeds: int, common: dict[str, Any]) -> list[Cell]:
    """The rows without learning: other reals, what a producer or a formula makes, and each representation's ceiling."""
    found = []
    plain: dict[str, Any] = {"about": "", "levels": ()}
    for kind in ("reals", "augmented", "procedural"):
        if kind in study.references:
            name = REFERENCE_ROWS[kind] if study.data == "kicks" else "other tones"
            for seed in range(1 if kind == "reals" else seeds):
                found.append(Cell(row=name, source=kind, seed=seed, **plain, **common))
    if "ceilings" in study.references:
        named: dict[str, RepresentationSettings] = {}
        for row in rows:
            representation = row.resolved(0).representation
            named.setdefault(f"ceiling of {representation_label(representation)}", representation)
        adapter: TypeAdapter[RepresentationSettings] = TypeAdapter(RepresentationConfig)
        for extra in study.ceilings.values():
            representation = adapter.validate_python(extra)  # type: ignore[assignment]
            named.setdefault(f"ceiling of {representation_label(representation)}", representation)
        for name, config in named.items():
            found.append(Cell(row=name, source="ceiling", seed=0, representation=config, **plain, **common))
    return found
