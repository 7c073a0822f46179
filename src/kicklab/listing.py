"""What studies there are, what they cost, and what of them is done."""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator

from kickitout.synthesis.procedural import synthesise
from kickitout.text import columns
from kickitout.training.loop import make_task
from kicklab.folder import Lab, read_json
from kicklab.results import collect
from kicklab.study import Study, load_study, rows_of, study_names

TIMED_STEPS = 4  # measured, after one to warm up


def studies_text(path: Path) -> str:
    """A table of all studies; of each how many runs of its rows and seeds are done in the laboratory at `path`, and
    what all that is done there has cost."""
    lab = Lab(path)
    there = (path / "plans").is_dir()
    rows = [["study", "rows", "seeds", "each", "done", "core-hours spent", "title"]]
    known: dict[str, float] = {}
    results = collect(lab) if there else []
    for name in study_names():
        study = load_study(name)
        done = {cell: _spent(lab, cell) for cell in {r["cell"] for r in results if r["study"] == name}}
        known |= done
        plan: dict[str, Any] = lab.read_plan(name) or {"cells": []}
        planned = {(e["row"], e["seed"]): e["id"] in done for e in plan["cells"] if e["source"] == "trained"}
        seeds = [row.seeds for row in rows_of(study)]
        runs = max(sum(seeds), len(planned))  # more seeds than it asks for may be planned
        rows.append([
            name, str(len(seeds)), " to ".join(str(n) for n in sorted({min(seeds), max(seeds)})), str(study.budget),
            f"{sum(planned.values())} of {runs} runs" if planned else "-", _hours(done), study.title,
        ])  # fmt: skip
    rows.append(["in all", "", "", "", "", _hours(known), ""])
    notes = [
        "Minutes are of one core, of training alone; cells that two studies share are trained once. What was spent has",
        "generating and measuring in it, and the rows without learning. With two workers on two cores it takes half.",
    ]
    return "\n".join([columns(rows), "", *notes])


def _spent(lab: Lab, cell: str) -> float:
    """Minutes of one core that a cell has cost beyond what it has taken from another."""
    points = read_json(lab.cell(cell) / "measured.json")["milestones"]
    taken = max((point["cost_seconds"] for point in points if point.get("taken")), default=0.0)
    return float(points[-1]["cost_seconds"] - taken) / 60


def _hours(minutes: dict[str, float]) -> str:
    return f"{sum(minutes.values()) / 60:.2f}" if minutes else "-"


def study_text(name: str, study: Study, steps: dict[str, float] | None = None) -> str:
    """A study with its rows; with the seconds of a step of each, how many steps its budget holds."""
    settings = {row.name: dict(change.split("=", 1) for change in row.changes) for row in rows_of(study)}
    common = set.intersection(*(set(changes.items()) for changes in settings.values()))
    head = [f"{name}: {study.title}", study.question, "", "all rows: " + _changes(dict(sorted(common))), ""]
    rows = [["row", "seeds", "config", "of its own", *(["ms a step", "minutes a run"] if steps else [])]]
    for row in rows_of(study):
        line = [
            row.name,
            str(row.seeds),
            row.config,
            _changes(dict(s for s in settings[row.name].items() if s not in common)),
        ]
        if steps:
            seconds = steps[row.name]
            whole = study.budget.steps_at(1.0, row.resolved(0).batch)
            line += [f"{1000 * seconds:.0f}", f"{study.minutes if whole is None else whole * seconds / 60:.1f}"]
        rows.append(line)
    return "\n".join([*head, columns(rows)])


def _changes(settings: dict[str, str]) -> str:
    return " ".join(f"{key}={value}" for key, value in settings.items()) or "-"


def measured_steps(name: str) -> dict[str, float]:
    """Median seconds of the processor for a step of each row, on one thread."""
    torch.set_num_threads(1)
    found: dict[str, float] = {}
    known: dict[tuple[str, tuple[str, ...]], float] = {}
    for row in rows_of(load_study(name)):
        key = (row.config, row.changes)
        if key not in known:
            config = row.resolved(0)
            waves = torch.from_numpy(synthesise(range(config.batch))[0])[:, None]
            task = make_task(config, Accelerator(cpu=True), waves)
            seconds = []
            for step in range(TIMED_STEPS + 1):
                began = time.process_time()
                task.step(torch.arange(config.batch), step, slice(0, config.batch))
                seconds.append(time.process_time() - began)
            known[key] = statistics.median(seconds[1:])
        found[row.name] = known[key]
    return found
