"""Runs studies: cell after cell, each made and measured, results.csv put together after each.

Everything that is done is kept and skipped; everything that was begun is gone on with.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kickitout._version import __version__
from kickitout.cpus import usable_cpus
from kickitout.errors import UserError
from kickitout.training.frozen import TRAINING_VERSION
from kickitout.workers import Workers
from kicklab.cells import Budget, Cell, cells_of
from kicklab.folder import Lab, write_json
from kicklab.make import make
from kicklab.measure import LAB_DRAWS, measure_cell, measured_cell
from kicklab.results import write_results
from kicklab.study import Study, lab_size


@dataclass(frozen=True)
class CellWork:
    """What a worker does with a cell; sent to other processes, so it is data."""

    path: Path
    draws: int = LAB_DRAWS
    device: str = "cpu"

    def __call__(self, cell: Cell) -> bool:
        """Make and measure, on one thread. Returns False when the user wants to stop."""
        import torch

        torch.set_num_threads(1)
        lab = Lab(self.path)
        if not make(lab, cell, device=self.device):
            return False
        measure_cell(lab, cell, self.draws)
        return True


def run_study(
    lab: Lab, name: str, study: Study, *, seeds: int | None = None, budget: Budget | None = None,
    only: Sequence[str] = (), workers: Workers | None = None, draws: int = LAB_DRAWS, sounds: int | None = None,
    size: Callable[[str], Sequence[str]] = lab_size, say: Callable[[str], None] = lambda _: None, device: str = "cpu",
) -> bool:  # fmt: skip
    """Run all cells of a study that are not done. Returns whether all are; False when the user stopped it.

    workers: one after the other in this process where there are none; machines of a cluster share the lab's folder.
    device: on which they train: "cpu", "cuda" or "mps".
    Raises UserError for contradictory settings, for a budget other than the one the study was begun with here, and for
    a laboratory of a version that trained otherwise.
    """
    lab.refuse_older()
    data = lab.sounds(study.data)
    budget = budget or study.budget
    cells = cells_of(name, study, data, seeds=seeds, budget=budget, only=only, size=size, sounds=sounds)
    write_plan(lab, name, study, cells, budget, device)
    missing = _each_once(cell for cell in cells if measured_cell(lab, cell) is None)
    write_results(lab)
    say(f"{name}: {len(cells)} cells of {budget}, {len(cells) - len(missing)} done")
    began, count = time.monotonic(), len(cells) - len(missing)
    for cell, done in (workers or Workers(1)).each(CellWork(lab.path, draws, device), missing):
        if not done:
            say(f"{name}: stopped in {cell.row}, seed {cell.seed}; the same command goes on")
            return False
        count += 1
        write_results(lab)
        say(f"{name} {count}/{len(cells)}: {cell_line(lab, cell)} ({(time.monotonic() - began) / 60:.1f} min)")
    return True


def _each_once(cells: Any) -> list[Cell]:
    return list({cell.identity: cell for cell in cells}.values())


def cell_line(lab: Lab, cell: Cell) -> str:
    """A measured cell in a line."""
    known = measured_cell(lab, cell)
    assert known is not None
    last = known["milestones"][-1]
    first = next((s for s in last["scores"] if s["name"].startswith(("energy_bands", "tone_snr"))), last["scores"][0])
    value = "undefined" if first["value"] is None else f"{first['value']:.3g}"
    steps = f", {last['steps']} steps" if last["steps"] else ""
    stopped = f"; stopped: {last['stopped']}" if last["stopped"] else ""
    return f"{cell.row}, seed {cell.seed}: {first['name']} {value} {first['unit']}{steps}{stopped}"


def write_plan(
    lab: Lab, name: str, study: Study, cells: Sequence[Cell], budget: Budget, device: str = "cpu"
) -> None:  # fmt: skip
    """Keep which cells answer a study; cells of an earlier start stay, unless their row has changed since.

    A longer budget takes the place of a shorter one, and its runs go on from the others. Raises UserError for any
    other: rows of one study have the same.
    """
    known = lab.read_plan(name)
    if known and known["budget"] != str(budget) and not _longer(str(budget), known["budget"]):
        raise UserError(
            f"study {name}: was begun here with {known['budget']} a run, not {budget}; all rows of a study have the "
            f"same, so give that, or another folder with -o"
        )
    fresh = {
        (c.row, c.seed): {
            "row": c.row, "about": c.about, "levels": dict(c.levels), "source": c.source, "seed": c.seed,
            "id": c.identity, "kicks": c.kicks, "fold": c.fold[0] if c.fold else None,
            "representation": c.representation_label, "config": c.config.model_dump(mode="json") if c.config else None,
        }
        for c in cells
    }  # fmt: skip
    old = {(e["row"], e["seed"]): e for e in (known or {}).get("cells", [])}
    changed = {row for (row, seed), e in fresh.items() if (row, seed) in old and old[row, seed]["id"] != e["id"]}
    kept = {place: e for place, e in old.items() if place not in fresh and place[0] not in changed}
    order = {row: i for i, row in enumerate(study.rows)}  # in which tables and figures show them, whatever ran first
    both = sorted([*fresh.values(), *kept.values()], key=lambda e: (order.get(e["row"], -1), e["seed"]))
    data = {
        "study": study.model_dump(mode="json"), "budget": str(budget), "sounds": cells[0].sounds if cells else 0,
        "machine": machine() | ({} if device == "cpu" else {"device": device}), "training": TRAINING_VERSION,
        "cells": both,
    }  # fmt: skip
    write_json(lab.plan(name), data)


def _longer(budget: str, known: str) -> bool:
    """Whether a budget, as it is written, is a longer one of the same kind, from which runs go on.

    >>> _longer("24000 sounds", "8000 sounds"), _longer("8 sounds", "24 sounds"), _longer("900 steps", "8 sounds")
    (True, False, False)
    """
    (number, unit), (before, kind) = (text.split(" ", 1) for text in (budget, known))
    return unit == kind and unit in ("sounds", "steps") and int(number) > int(before)


def machine() -> dict[str, Any]:
    """What a reader wants to know of where this ran."""
    import torch

    return {
        "kickitout": __version__, "torch": torch.__version__, "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}", "cores": usable_cpus(),
    }  # fmt: skip
