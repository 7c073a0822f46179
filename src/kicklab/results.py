"""Results as tidy data: one row a score; and the estimates over seeds that the paper reads.

An estimate is the mean over seeds. Its interval has two parts, added as independent: how the sounds of a run scatter
(the mean half-width of the runs' own intervals), and how runs scatter (Student's t over the seeds). A row that nothing
was trained for has only the first. The first part counts what the test kicks scatter, which all rows share, so that
the intervals are rather too wide for a comparison of rows than too narrow.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from scipy.special import stdtrit

from kickitout.errors import UserError
from kickitout.files import make_folder, write_whole
from kickitout.metrics.compare import score_bounds
from kickitout.stored import NAMED, RENAMED, RENAMED_SCORES, current_name
from kicklab.data import load, parts_table
from kicklab.evidence import reference_arrays
from kicklab.folder import Lab, read_json, write_arrays
from kicklab.pictures import collect_pictures
from kicklab.players import as_arrays, collect_players

RESULT_COLUMNS = (
    "study", "row", "source", "config", "representation", "seed", "kicks", "share", "budget", "minutes", "steps",
    "kicks_seen", "cost_minutes", "stopped", "score", "unit", "better", "value", "low", "high", "n_real", "n_made",
    "real", "reference", "cell",
)  # fmt: skip
NUMBER_COLUMNS = {"seed": int, "steps": int, "kicks_seen": int, "n_real": int, "n_made": int, "kicks": int}
NUMBER_COLUMNS |= dict.fromkeys(("share", "minutes", "cost_minutes", "value", "low", "high", "real"), float)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Estimate:
    """A score of a row over its seeds."""

    row: str
    score: str
    unit: str
    better: str  # "lower" | "higher"
    value: float
    low: float
    high: float
    seeds: int
    n: tuple[int, int]  # real, generated, of one run
    real: float  # the same of real-vs-real baseline; NaN where there is none
    trained: bool


def collect(lab: Lab) -> list[dict[str, Any]]:
    """The rows of all plans whose cells are measured, study by study in the order of the plans' cells."""
    return [row for study, entry, path in _measured(lab) for row in _result_rows(study, entry["row"], path)]


def _measured(lab: Lab) -> Iterable[tuple[str, dict[str, Any], Path]]:
    """Study, entry of its plan, and file of each cell that is measured."""
    for path in lab.plans:
        for entry in read_json(path)["cells"]:
            known = lab.cell(entry["id"]) / "measured.json"
            if known.exists():
                yield path.stem, entry, known


def _result_rows(study: str, row: str, path: Path) -> Iterable[dict[str, Any]]:
    known = read_json(path)
    for point in known["milestones"]:
        for s in point["scores"]:
            low, high = s["interval"]
            yield {
                "study": study, "row": row, "source": known["source"], "config": known["config"],
                "representation": known["representation"], "seed": known["seed"], "kicks": known["kicks"],
                "share": point["share"],
                "budget": known["budget"] if known["source"] == "trained" else "",
                "minutes": point["seconds"] / 60, "steps": point["steps"], "kicks_seen": point["kicks_seen"],
                # Some cells were measured by a version that forgot what earlier processes had cost.
                "cost_minutes": max(point["cost_seconds"], point["seconds"]) / 60, "stopped": point["stopped"],
                "score": RENAMED_SCORES.get(s["name"], s["name"]), "unit": s["unit"], "better": s["better"],
                "value": s["value"], "low": low, "high": high,
                "n_real": s["n"][0], "n_made": s["n"][1], "real": s["real"], "reference": s["reference"],
                "cell": path.parent.name,
            }  # fmt: skip


@lru_cache(maxsize=4096)
def _lines(study: str, row: str, path: Path, stamp: int) -> str:
    """The lines of a cell. Results are put together after each cell, and most of them have not changed: see `stamp`."""
    text = io.StringIO()
    writer = csv.DictWriter(text, RESULT_COLUMNS, lineterminator="\n")
    writer.writerows(
        {k: repr(v) if isinstance(v, float) else v for k, v in r.items()} for r in _result_rows(study, row, path)
    )
    return text.getvalue()


def write_results(lab: Lab) -> None:
    """Put results.csv together anew, whole: it never holds a part of a cell."""
    lines = (_lines(study, entry["row"], path, path.stat().st_mtime_ns) for study, entry, path in _measured(lab))
    write_whole(lab.results, "".join([",".join(RESULT_COLUMNS) + "\n", *lines]).encode())


def write_alone(lab: Lab, out: Lab) -> list[Path]:
    """Write results, plans and what was measured of each cell into a folder that can be passed on: no models, no kicks,
    and no sounds but those of `players`. A copy of it is a laboratory in which those cells are done.

    Returns what was written. The same results give the same bytes. Raises UserError where there are none.
    """
    read_results(lab)
    make_folder(out.path / "plans")
    table = lab.results.read_bytes() if lab.results.exists() else gzip.decompress(lab.packed.read_bytes())
    written = [write_whole(out.packed, gzip.compress(table, mtime=0))]
    if lab.has_kicks:
        kicks = load(lab.data)
        written.append(write_whole(out.path / "parts.csv", parts_table(kicks).encode()))
        write_arrays(out.reference, reference_arrays(kicks))
        written.append(out.reference)
    for path, kept in ((out.pictures, collect_pictures(lab)), (out.players, as_arrays(collect_players(lab)))):
        if kept:
            write_arrays(path, kept)
            written.append(path)
    for path in sorted(lab.path.glob("cells/*/measured.json")):
        make_folder(out.cell(path.parent.name))
        text = json.dumps(read_json(path), ensure_ascii=False, separators=(",", ":"))
        written.append(write_whole(out.cell(path.parent.name) / "measured.json", text.encode()))
    for plan in lab.plans:
        written.append(write_whole(out.path / "plans" / plan.name, plan.read_bytes()))
    alone = () if lab.has_kicks else ((lab.path / "parts.csv", out.path / "parts.csv"), (lab.reference, out.reference))
    trial = [(path, out.critics / path.name) for path in sorted(lab.critics.glob("*.json"))]
    if trial:
        make_folder(out.critics)
    for mine, theirs in ((lab.votes, out.votes), (lab.swap, out.swap), *trial, *alone):
        if mine.exists():
            written.append(write_whole(theirs, mine.read_bytes()))
    return written


def read_results(lab: Lab) -> list[dict[str, Any]]:
    """The rows of results.csv, or of results.csv.gz where results were written alone.

    Raises UserError where there are none.
    """
    path = lab.packed if lab.packed.exists() and not lab.results.exists() else lab.results
    if not path.exists():
        raise UserError(f"{lab.path}: no results yet; kick lab run start -o {lab.path} DATA makes some")
    try:
        data = gzip.decompress(path.read_bytes()) if path == lab.packed else path.read_bytes()
        reader = csv.DictReader(io.StringIO(data.decode(), newline=""))
        reader.fieldnames = [RENAMED.get(name, name) for name in reader.fieldnames or ()]
        if tuple(reader.fieldnames) != RESULT_COLUMNS:
            raise UserError(f"{path}: not the results of this version; kick lab run writes them anew")
        rows = [{k: _parsed(k, v) for k, v in row.items()} for row in reader]
    except (OSError, EOFError, ValueError) as error:
        raise UserError(f"{path}: cannot be read; kick lab run writes it anew") from error
    if not rows:
        raise UserError(f"{path}: holds no scores yet; kick lab run start -o {lab.path} DATA makes some")
    return rows


def _parsed(column: str, text: str) -> Any:
    kind = NUMBER_COLUMNS.get(column)
    if kind is None:
        text = current_name(text) if column in NAMED else text
        return RENAMED_SCORES.get(text, text) if column == "score" else text
    return None if text == "" else kind(text)


class Results:
    """What was measured, by study, row and score."""

    def __init__(self, rows: Sequence[dict[str, Any]]) -> None:
        self.all = list(rows)
        self._of: dict[tuple[str, float], list[dict[str, Any]]] = {}
        self._scores: dict[tuple[str, float, str, str], list[dict[str, Any]]] = {}
        for r in self.all:
            self._of.setdefault((r["study"], r["share"]), []).append(r)
            self._scores.setdefault((r["study"], r["share"], r["row"], r["score"]), []).append(r)
        self._names = {
            study: tuple(dict.fromkeys(r["score"] for r in rows))
            for (study, share), rows in self._of.items()
            if share == 1
        }

    def of(self, study: str, *, share: float = 1.0, **wanted: Any) -> list[dict[str, Any]]:
        """The rows of a study, at the end of the budget unless a share is given."""
        rows = self._of.get((study, share), [])
        return [r for r in rows if all(r[k] == v for k, v in wanted.items())]

    def rows(self, study: str, *sources: str) -> list[str]:
        """The names of the rows that were measured, in their order."""
        return list(dict.fromkeys(r["row"] for r in self.of(study) if not sources or r["source"] in sources))

    def score_name(self, study: str, score: str) -> str:
        """The full name of a score, which has its embedding and its parameters in it: "energy" -> "energy_bands-1".

        One in another embedding is named with it: "energy_drum-type".
        """
        for start in (f"{score}_bands-", f"{score}-"):
            for name in self._names.get(study, ()):
                if name == score or name.startswith(start):
                    return name
        return score

    def estimate(self, study: str, row: str, score: str, share: float = 1.0) -> Estimate | None:
        """A score of a row over its seeds; None where it was not measured."""
        found = self._known(study, row, score, share)
        return estimate_of(found) if found else None

    def _known(self, study: str, row: str, score: str, share: float = 1.0) -> list[dict[str, Any]]:
        """The runs of a row of which a score is known."""
        name = self.score_name(study, score)
        return [r for r in self._scores.get((study, share, row, name), []) if r["value"] is not None]

    def over_seeds(self, study: str, row: str, score: str) -> Estimate | None:
        """The same for a table: where there are several runs their median, the least and the greatest of them. An
        interval of three runs of which one is dead says less."""
        found = self.estimate(study, row, score)
        if found is None or found.seeds < 2 or not found.trained:
            return found
        values = sorted(r["value"] for r in self._known(study, row, score))
        return replace(found, value=statistics.median(values), low=values[0], high=values[-1])

    def estimates(self, study: str, score: str, *sources: str) -> list[Estimate]:
        """A score of all rows."""
        found = (self.estimate(study, row, score) for row in self.rows(study, *sources))
        return [e for e in found if e is not None]

    def beside(self, study: str, score: str) -> float:
        """Real-vs-real baseline of a score, mean over the rows; NaN where there is none."""
        values = [e.real for e in self.estimates(study, score) if math.isfinite(e.real)]
        return sum(values) / len(values) if values else math.nan


def estimate_of(runs: Sequence[dict[str, Any]]) -> Estimate:
    """The mean over runs of one row and score, with its interval."""
    values = [r["value"] for r in runs]
    mean = sum(values) / len(values)
    sounds = [(r["value"] - r["low"], r["high"] - r["value"]) for r in runs if r["low"] is not None]
    below, above = (sum(s[i] for s in sounds) / len(sounds) if sounds else math.nan for i in (0, 1))
    runs_scatter = 0.0
    if len(values) > 1:
        deviation = math.sqrt(sum((v - mean) ** 2 for v in values) / (len(values) - 1))
        runs_scatter = float(stdtrit(len(values) - 1, 0.975)) * deviation / math.sqrt(len(values))
    beside = [r["real"] for r in runs if r["real"] is not None]
    first = runs[0]
    low, high = mean - math.hypot(below, runs_scatter), mean + math.hypot(above, runs_scatter)
    lowest, highest = bounds_of(first["score"])
    return Estimate(
        first["row"], first["score"], first["unit"], first["better"], mean, max(low, lowest), min(high, highest),
        len(values), (first["n_real"], first["n_made"]), sum(beside) / len(beside) if beside else math.nan,
        first["source"] == "trained",
    )  # fmt: skip


SHARES, DISTANCES = ("probe", "near_duplicates"), ("profile", "envelopes", "lead", "link", "tone_")  # own ones


def bounds_of(score: str) -> tuple[float, float]:
    """What the definition of a score allows: of those of `kick score`, and of the laboratory's own."""
    if score.startswith(SHARES):
        return 0.0, 1.0
    return (0.0, math.inf) if score.startswith(DISTANCES) else score_bounds(score)
