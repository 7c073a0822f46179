"""Spectrograms of the first sounds of a row, as small pictures: what can be passed on of sounds that cannot.

Results alone (`results.write_alone`) keep them in `pictures.npz`: of the rows that the paper shows, at some of their
milestones, and the real kicks beside them that may be passed on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kickitout.training.sheet import ROWS, tile
from kicklab.data import LabData, is_free
from kicklab.folder import Lab, read_arrays, read_json
from kicklab.make import from_16_bits, made_path
from kicklab.study import load_study, rows_of

ACROSS = 8  # pictures a row
LEVELS = 32  # of grey: what the eye needs
SHOWN = {"curves": 4, "ancestor": 1}  # study -> at how many milestones its rows are shown (`rows_shown`)
REAL, REAL_KICKS = "real", "real kicks"


def picture(wave: np.ndarray) -> np.ndarray:
    """[T] -> [ROWS, COLUMNS] uint8: level over time and frequency (logarithmic), 70 dB from the loudest down."""
    grey = np.round((LEVELS - 1) * tile(wave)[:ROWS])
    return (grey * (255 / (LEVELS - 1))).astype(np.uint8)


def first_pictures(waves: np.ndarray) -> np.ndarray:
    """[n, T] -> the first ones, [ACROSS or less, ROWS, COLUMNS]."""
    return np.stack([picture(wave) for wave in waves[:ACROSS]])


def real_pictures(kicks: LabData) -> np.ndarray | None:
    """Of kicks that no run has heard and that may be passed on, spread over those that are scored against, or else over
    those that confirm; None where too few of both may."""
    for part in filter(None, (kicks.test, kicks.confirm)):
        free = [i for i, row in enumerate(part.rows) if is_free(row)]
        if len(free) >= ACROSS:
            return first_pictures(part.waves[[free[i] for i in np.linspace(0, len(free) - 1, ACROSS).astype(int)]])
    return None


def milestones_shown(number: int, wanted: int) -> list[int]:
    """So many of a number of milestones, the last among them, and of several the first.

    >>> milestones_shown(8, 4), milestones_shown(2, 4), milestones_shown(4, 1)
    ([0, 2, 5, 7], [0, 1], [3])
    """
    return sorted({round(i) for i in np.linspace(number - 1, 0, wanted)})


def first_run(lab: Lab, study: str, row: str) -> tuple[str, dict[str, Any]] | None:
    """Identity and measurements of a row's first seed that is measured; None where none is."""
    plan: dict[str, Any] = lab.read_plan(study) or {"cells": []}
    for entry in sorted((e for e in plan["cells"] if e["row"] == row), key=lambda e: e["seed"]):
        measured = lab.cell(entry["id"]) / "measured.json"
        if measured.exists():
            return entry["id"], read_json(measured)
    return None


def made_waves(lab: Lab, study: str, row: str, milestone: int = -1) -> np.ndarray | None:
    """The sounds [n, T] of a row's first seed at a milestone; None where they are not kept here."""
    found = first_run(lab, study, row)
    if found is None:
        return None
    path = made_path(lab.cell(found[0]), milestone % len(found[1]["milestones"]))
    return from_16_bits(read_arrays(path)["waves"]) if path.exists() else None


def rows_shown(study: str) -> list[str]:
    """The rows that the paper shows pictures of: of `ancestor` all, so that the cases stand side by side, else both of
    the first contrast."""
    loaded = load_study(study)
    return [row.name for row in rows_of(loaded)] if study == "ancestor" else list(loaded.contrasts[0])


def collect_pictures(lab: Lab) -> dict[str, np.ndarray]:
    """Name -> pictures: REAL, and "ROW, MILESTONE" for each row that is shown. Empty where nothing of them is kept.

    In a laboratory that went on from results alone those of its results stay where the sounds are not here.
    """
    found = read_arrays(lab.pictures) if lab.pictures.exists() else {}
    if not lab.has_kicks:
        return found
    for study, wanted in SHOWN.items():
        for row in rows_shown(study):
            run = first_run(lab, study, row)
            for milestone in milestones_shown(len(run[1]["milestones"]), wanted) if run else ():
                waves = made_waves(lab, study, row, milestone)
                if waves is not None:
                    found[f"{row}, {milestone}"] = first_pictures(waves)
    real = real_pictures(lab.sounds("kicks"))
    return found if not found or real is None else {REAL: real} | found | {REAL: real}  # the first of a sheet


def sheet(kept: dict[str, np.ndarray], seen: dict[str, Sequence[int]]) -> list[tuple[str, np.ndarray]]:
    """Titles and pictures of a sheet of the paper, real ones first. kept: of `collect_pictures`; seen: row -> sounds
    seen at its milestones."""
    rows = [(REAL_KICKS, kept[REAL])] if REAL in kept else []
    for name, values in kept.items():
        row, _, milestone = name.rpartition(", ")
        if row in seen:
            rows.append((f"{row}, {seen[row][int(milestone)]:,}", values))
    return rows
