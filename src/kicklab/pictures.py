"""Spectrograms of the first sounds of a row, as small pictures: what can be passed on of sounds that cannot.

Results alone (`results.write_alone`) keep them in `pictures.npz`: of the rows that the paper shows, at DOWN
milestones, and the real kicks beside them that may be passed on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kickitout.datasets.build import Dataset
from kickitout.training.sheet import ROWS, tile
from kicklab.data import is_free
from kicklab.folder import Lab, read_arrays, read_json
from kicklab.make import from_16_bits, made_path
from kicklab.study import load_study

ACROSS = 8  # pictures a row
DOWN = 4  # milestones
LEVELS = 32  # of grey: what the eye needs
SHOWN = "curves"  # the study whose baseline, and the row of its first contrast, are shown
REAL = "real"


def shown_rows() -> tuple[str, ...]:
    """Those of the paper's sheet."""
    return load_study(SHOWN).contrasts[0]


def picture(wave: np.ndarray) -> np.ndarray:
    """[T] -> [ROWS, COLUMNS] uint8: level over time and frequency (logarithmic), 70 dB from the loudest down."""
    grey = np.round((LEVELS - 1) * tile(wave)[:ROWS])
    return (grey * (255 / (LEVELS - 1))).astype(np.uint8)


def first_pictures(waves: np.ndarray) -> np.ndarray:
    """[n, T] -> the first ones, [ACROSS or less, ROWS, COLUMNS]."""
    return np.stack([picture(wave) for wave in waves[:ACROSS]])


def real_pictures(kicks: Dataset) -> np.ndarray | None:
    """Of kicks spread over a set that may be passed on; None where too few may."""
    free = [i for i, row in enumerate(kicks.rows) if is_free(row)]
    if len(free) < ACROSS:
        return None
    return first_pictures(kicks.waves[[free[i] for i in np.linspace(0, len(free) - 1, ACROSS).astype(int)]])


def milestones_shown(number: int) -> list[int]:
    """DOWN of so many milestones, the first and the last among them."""
    return sorted({round(i) for i in np.linspace(0, number - 1, DOWN)})


def first_run(lab: Lab, study: str, row: str) -> tuple[str, dict[str, Any]] | None:
    """Identity and measurements of a row's first seed; None where it is not measured."""
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


def collect_pictures(lab: Lab) -> dict[str, np.ndarray]:
    """Name -> pictures: REAL, and "ROW, MILESTONE" for each row that is shown. Empty where nothing of them is kept."""
    if not lab.has_kicks:
        return read_arrays(lab.pictures) if lab.pictures.exists() else {}
    found: dict[str, np.ndarray] = {}
    for row in shown_rows():
        run = first_run(lab, SHOWN, row)
        for milestone in milestones_shown(len(run[1]["milestones"])) if run else ():
            waves = made_waves(lab, SHOWN, row, milestone)
            if waves is not None:
                found[f"{row}, {milestone}"] = first_pictures(waves)
    real = real_pictures(lab.sounds("kicks").test)
    return found if not found or real is None else {REAL: real, **found}


def sheet(lab: Lab, seen: dict[str, Sequence[int]]) -> list[tuple[str, np.ndarray]]:
    """Titles and pictures of the paper's sheet, real ones first. seen: row -> sounds seen at its milestones."""
    kept = collect_pictures(lab)
    rows = [("real kicks", kept[REAL])] if REAL in kept else []
    for name, values in kept.items():
        row, _, milestone = name.rpartition(", ")
        if row in seen:
            rows.append((f"{row}, {seen[row][int(milestone)]:,}", values))
    return rows
