"""The folder of a laboratory.

data/               the kicks, split once, with their manifest
plans/NAME.json     a study as it was begun: budget, rows, and the cell of each row and seed
cells/ID/           one row and seed: run/ (a run folder that `kick train` goes on with), made-0.npz (what it generated,
                    one file a milestone), and measured.json
results.csv         one row a score, put together from plans and cells
swap.json           what a rebuilt phase costs, where that was measured
critics/            whether critics help a converged KickAE: cells of `kick lab measure critics`
votes.csv           what listeners chose
"""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from kickitout.errors import UserError
from kickitout.files import make_folder, names_in, write_whole
from kickitout.stored import upgraded
from kickitout.training.frozen import TRAINING_VERSION
from kicklab import data as lab_data
from kicklab.data import LabData


@dataclass(frozen=True)
class Lab:
    """Reads and writes the parts of a laboratory; knows nothing of training."""

    path: Path

    @property
    def data(self) -> Path:
        return self.path / "data"

    @property
    def results(self) -> Path:
        return self.path / "results.csv"

    @property
    def packed(self) -> Path:
        """The same where results were written alone, to be passed on."""
        return self.path / "results.csv.gz"

    @property
    def reference(self) -> Path:
        """Of the real sounds, where results were written alone: how far apart they are."""
        return self.path / "reference.npz"

    @property
    def pictures(self) -> Path:
        """Of what was made, where results were written alone: see `pictures`."""
        return self.path / "pictures.npz"

    @property
    def players(self) -> Path:
        """Sounds that may be passed on, where results were written alone: see `players`."""
        return self.path / "players.npz"

    @property
    def swap(self) -> Path:
        """What a rebuilt phase costs: see `swap`."""
        return self.path / "swap.json"

    @property
    def critics(self) -> Path:
        """Cells of a trial of its own: see `critics_trial`."""
        return self.path / "critics"

    @property
    def votes(self) -> Path:
        return self.path / "votes.csv"

    def cell(self, identity: str) -> Path:
        """The folder of a cell."""
        return self.path / "cells" / identity

    @property
    def plans(self) -> list[Path]:
        """Of the studies that were begun, by name."""
        return sorted((self.path / "plans").glob("[!.]*.json"))

    def plan(self, study: str) -> Path:
        return self.path / "plans" / f"{study}.json"

    def begin(self, kicks: LabData | None) -> None:
        """Make the folder, and keep the kicks in it. Raises UserError where it holds others, or is something else."""
        self.refuse_older()
        there = names_in(self.path)
        own = {"data", "plans", "cells", "results.csv", "votes.csv", "listening", "swap.json", "critics"}
        own |= {
            "results.csv.gz",
            "parts.csv",
            "reference.npz",
            "pictures.npz",
            "players.npz",
        }  # of results alone, which can be gone on with
        strangers = [name for name in there if name not in own]
        if strangers and "plans" not in there:
            raise UserError(f"{self.path}: holds other files ({strangers[0]}, ...); give a new or empty folder with -o")
        make_folder(self.path / "plans")
        make_folder(self.path / "cells")
        if kicks is not None:
            if self.has_kicks:
                lab_data.refuse_other_kicks(kicks, self.data)
            if not self.has_kicks or kicks.confirm is not None:
                lab_data.save(kicks, self.data)

    def refuse_older(self) -> None:
        """Raise UserError where studies were begun by a version that trained otherwise: their cells have other names,
        and would be trained again beside them without a word."""
        for path in self.plans:
            if read_json(path).get("training") != TRAINING_VERSION:
                raise UserError(
                    f"{self.path}: its study {path.stem} was begun by another version of kickitout, which trained "
                    "otherwise; its scores can still be read (kick lab table); to run studies, give a new folder (-o)"
                )

    @property
    def has_kicks(self) -> bool:
        return (self.data / "kicks.json").exists()

    def sounds(self, kind: str) -> LabData:
        """The data of a kind of study. Raises UserError where kicks are needed and there are none yet."""
        if kind == "tones":
            return lab_data.tone_data()
        if not self.has_kicks:
            raise UserError(f"{self.path}: no kicks yet; name folders of kicks: kick lab run STUDY -o {self.path} DATA")
        return lab_data.load(self.data)

    def read_plan(self, study: str) -> dict[str, Any] | None:
        """A study as it was begun; None where it was not."""
        return read_json(self.plan(study)) if self.plan(study).exists() else None


def read_json(path: Path) -> Any:
    """What is in a JSON file of the laboratory. Raises UserError where it cannot be read."""
    try:
        return upgraded(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"{path}: cannot be read; restore it, or remove it and `kick lab run` makes it anew") from error


def read_once(path: Path) -> Any:
    """The same, for those who change nothing in it: a file is parsed once until another takes its place."""
    about = path.stat()
    return _parsed(path, (about.st_ino, about.st_mtime_ns, about.st_size))


@lru_cache(maxsize=256)
def _parsed(path: Path, _: tuple[int, int, int]) -> Any:
    return read_json(path)


def write_json(path: Path, data: Any) -> None:
    """Write a JSON file, whole; NaN is not allowed in it."""
    write_whole(path, (json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode())


def write_arrays(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Write arrays into one compressed file, whole."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]  # its annotation knows no ** of arrays
    write_whole(path, buffer.getvalue())


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """What `write_arrays` wrote. Raises UserError where it cannot be read."""
    try:
        with np.load(path) as file:
            return {name: file[name] for name in file.files}
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise UserError(
            f"{path}: cannot be read; restore it, or remove its cell's folder and `kick lab run` makes that anew"
        ) from error
