"""What the runs of a study show: distances to sources that nobody has heard, over seeds, with what may be said of them.

The energy distance E of a seed to the sounds of unseen sources (`kicklab.unseen`) can be negative. The estimand is the
mean over seeds on the scale asinh(E / SOFT), on which a difference is the logarithm of a ratio for what is far and a
difference of distances for what is near: told in dB it is the distance of a typical seed, about a geometric mean.
Sources are resampled with replacement, the same draws for all rows, so that rows are compared by paired differences;
seeds scatter in each row by a variance of its own, as a row whose seeds are all alive and one in which some never
started do not scatter alike (Welch 1947, doi.org/10.1093/biomet/34.1-2.28; degrees of freedom after Satterthwaite 1946,
doi.org/10.2307/3002019).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from scipy.stats import t as student

from kickitout.datasets.build import Dataset
from kickitout.errors import UserError
from kickitout.metrics.distance import pairwise
from kicklab.data import LabData, embedded_kicks
from kicklab.folder import Lab, read_arrays, read_once
from kicklab.sources import sources_of
from kicklab.study import FEWEST_SEEDS, Study, load_study, rows_of
from kicklab.unseen import Unseen

SOFT = 0.3  # dB; below it the scale is linear
LAST = 3  # milestones whose mean is the primary estimate
POWER = 0.8  # with which a difference is to be found that is called detectable


def soft(energy: Any) -> Any:
    """The scale of all comparisons."""
    return np.arcsinh(np.asarray(energy) / SOFT)


def hard(value: float) -> float:
    """Back to dB."""
    return math.sinh(value) * SOFT


@dataclass(frozen=True)
class Row:
    """A row of a study, its runs at all milestones."""

    name: str
    seen: tuple[int, ...]  # sounds at the milestones
    values: np.ndarray  # [seeds, milestones, 1 + draws] dB, of the averaged weights, or else of the plain ones
    raw: np.ndarray  # [seeds, milestones] dB, of the plain weights
    logs: tuple[tuple[dict[str, Any], ...], ...]  # [seeds][milestones]: what the cells keep of them

    def primary(self) -> np.ndarray:
        """[seeds, 1 + draws]: mean of the last milestones, on the soft scale."""
        return soft(self.values[:, -LAST:]).mean(axis=1)

    def at(self, milestone: int) -> np.ndarray:
        """[seeds, 1 + draws] at one milestone, on the soft scale."""
        return soft(self.values[:, milestone])


@dataclass(frozen=True)
class Figure:
    """A number with its interval: a distance in dB, or a difference on the soft scale with its p."""

    value: float
    low: float
    high: float
    p: float = math.nan
    detectable: float = math.nan  # the least true value that such an interval leaves out zero for in four of five cases


class Evidence:
    """The rows of a study that are whole, and sentences on those that are not."""

    def __init__(
        self, study: Study, unseen: Unseen, rows: Sequence[Row], problems: Sequence[str] = (),
        recordings: np.ndarray | None = None, recordings_told: dict[str, float] | None = None,
    ) -> None:  # fmt: skip
        """recordings: [1 + draws] dB, the distance of those that were learned from; recordings_told: how a classifier
        tells them from those that confirm; None where that was not measured."""
        self.study, self.unseen, self.problems = study, unseen, list(problems)
        self.rows = {row.name: row for row in rows}
        self.recordings, self.recordings_told = recordings, recordings_told

    def _summed(self, drawn: np.ndarray, *rows: np.ndarray) -> Figure:
        """A linear combination of rows: drawn [1 + draws], the first being the value; rows: values [seeds, ...] of each
        that takes part."""
        freedom = len(np.unique(self.unseen.sources)) - 1
        return welch(float(drawn[0]), [(float(drawn[1:].var(ddof=1)), freedom), *map(of_seeds, rows)])

    def values(self, name: str, milestone: int | None = None) -> np.ndarray:
        """[seeds, 1 + draws] of a row, on the soft scale: the primary ones, or those at a milestone."""
        return self.rows[name].primary() if milestone is None else self.rows[name].at(milestone)

    def distance(self, name: str, milestone: int | None = None) -> Figure:
        """Distance of a row in dB: the primary one, or that at a milestone."""
        found = self.values(name, milestone)
        f = self._summed(found.mean(0), found)
        return Figure(hard(f.value), hard(f.low), hard(f.high))

    def contrast(self, a: str, b: str, milestone: int | None = None) -> Figure:
        """How much farther `a` is than `b`, paired over sources, on the soft scale."""
        far, near = (self.values(row, milestone) for row in (a, b))
        return self._summed(far.mean(0) - near.mean(0), far, near)

    def of_recordings(self) -> Figure | None:
        """Distance in dB of the recordings that were learned from; None where it was not measured."""
        return None if self.recordings is None else self._summed(self.recordings)

    def excess(self, name: str) -> Figure | None:
        """How much farther a row lies from unseen sources than the recordings that it learned from, in dB: its interval
        from those of both distances, which share their sources (Zou & Donner 2008, doi.org/10.1002/sim.3095). None
        where the recordings were not measured."""
        f, theirs = self.distance(name), self.of_recordings()
        if self.recordings is None or theirs is None:
            return None
        found = self.values(name)
        shared = np.cov(found.mean(0)[1:], self.recordings[1:])
        both = math.sqrt((shared[0, 0] + of_seeds(found)[0]) * shared[1, 1])
        r = shared[0, 1] / both if both else 0.0
        sides = (f.value - f.low, theirs.high - theirs.value), (f.high - f.value, theirs.value - theirs.low)
        below, above = (math.sqrt(max(a * a + b * b - 2 * r * a * b, 0)) for a, b in sides)
        beyond = f.value - theirs.value
        return Figure(beyond, beyond - below, beyond + above)

    def slope(self, name: str) -> Figure:
        """Change of a row from the last milestone but one to the last, on the soft scale."""
        change = self.rows[name].at(-1) - self.rows[name].at(-2)
        return self._summed(change.mean(0), change)

    def learning(self, name: str) -> bool:
        """Whether a row still improves: its slope over the last two milestones lies below 0 with its whole interval."""
        return self.slope(name).high < 0

    def best(self, name: str) -> int:
        """The milestone at which a row lies nearest, over all its seeds: to be chosen on the sounds of choices, and
        read on those that confirm."""
        row = self.rows[name]
        return int(np.argmin([row.at(i)[:, 0].mean() for i in range(len(row.seen))]))

    def minutes(self, name: str) -> np.ndarray:
        """[milestones]: core-minutes of training of a row, mean over its seeds."""
        return np.mean([[point["seconds"] / 60 for point in run] for run in self.rows[name].logs], axis=0)

    def equal_minutes(self) -> float:
        """The core-minutes that the quickest row took for the whole budget."""
        return min(float(self.minutes(name)[-1]) for name in self.rows)

    def distance_after(self, name: str, minutes: float) -> float:
        """Distance of a row in dB after so many core-minutes: between two milestones, on the logarithm of time. NaN
        before the first milestone and after the last."""
        taken, values = self.minutes(name), soft(self.rows[name].values[:, :, 0]).mean(axis=0)
        return hard(float(np.interp(math.log(minutes), np.log(taken), values, math.nan, math.nan)))

    def ratio(self, a: str, b: str, milestone: int | None = None) -> float | None:
        """How many times farther `a` is than `b`; None unless both lie above what other recordings reach."""
        far, near = self.distance(a, milestone).value, self.distance(b, milestone).value
        return far / near if min(far, near) > self.unseen.band[1] else None

    def named(self) -> list[tuple[str, str, Figure, float]]:
        """The contrasts that the study names beforehand and whose rows are whole, each with its p after Holm (1979).

        All that are named count, so that a row which is added later makes no difference smaller than it was said to be.
        """
        return corrected(self.study, self.rows, self.contrast)

    def alive(self, name: str, milestone: int = -1) -> float:
        """Share of the runs of a row that are not dead, at the end or at another milestone."""
        return float(np.mean(self.runs_alive(name, milestone)))

    def runs_alive(self, name: str, milestone: int = -1) -> list[bool]:
        """Which runs of a row are not dead: their tails are quiet, and they lie below 10 dB."""
        row = self.rows[name]
        ends = [(log[milestone], e) for log, e in zip(row.logs, row.values[:, milestone, 0], strict=True)]
        return [tail_noise(log) < DEAD_TAIL_DB and bool(e < DEAD_DISTANCE) for log, e in ends]

    def alive_since(self, name: str) -> int | None:
        """The sounds seen from which on no run of a row is dead at any milestone; None where one is dead at the end."""
        seen = self.rows[name].seen
        dead = [i for i in range(len(seen)) if self.alive(name, i) < 1]
        after = dead[-1] + 1 if dead else 0
        return seen[after] if after < len(seen) else None


def of_seeds(values: np.ndarray) -> tuple[float, float]:
    """Variance of the mean of seeds, and its degrees of freedom. values: [seeds] or [seeds, 1 + draws]."""
    own = values if values.ndim == 1 else values[:, 0]
    return float(own.var(ddof=1)) / len(own), len(own) - 1


def welch(value: float, parts: Sequence[tuple[float, float]]) -> Figure:
    """A value with its interval and its p. parts: variances that add up, each with its degrees of freedom."""
    total = sum(variance for variance, _ in parts)
    if total <= 0:
        return Figure(value, value, value, float(value == 0), 0.0)
    freedom = total**2 / max(sum(variance**2 / known for variance, known in parts), 1e-300)
    half, power = (float(student.ppf(p, freedom)) * math.sqrt(total) for p in (0.975, POWER))
    p = 2 * float(student.sf(abs(value) / math.sqrt(total), freedom))
    return Figure(value, value - half, value + half, p, half + power)


DEAD_TAIL_DB, DEAD_DISTANCE = -60.0, 10.0


def tail_noise(log: dict[str, Any]) -> float:
    """Median noise in the tail of what a run made, in dB."""
    value = log.get("tail_noise_db")
    return math.inf if value is None else float(value)


def holm(p: Sequence[float]) -> list[float]:
    """p-values corrected for their number, step by step down.

    >>> [round(x, 3) for x in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    order = sorted(range(len(p)), key=lambda i: p[i])
    corrected, highest = [0.0] * len(p), 0.0
    for place, i in enumerate(order):
        highest = max(highest, min(1.0, (len(p) - place) * p[i]))
        corrected[i] = highest
    return corrected


def corrected(
    study: Study, there: Collection[str], contrast: Callable[[str, str], Figure]
) -> list[tuple[str, str, Figure, float]]:
    """The contrasts whose rows are there, each with its p after Holm (1979) among all of them, in all outcomes."""
    found = [(a, b, contrast(a, b)) for a, b in study.contrasts if a in there and b in there]
    missing = [1.0] * (len(study.contrasts) * len(study.outcomes) - len(found))
    return [(*c, p) for c, p in zip(found, holm([*(f.p for _, _, f in found), *missing]), strict=False)]


# -- from a laboratory ------------------------------------------------------------------------------------------------


def read_evidence(lab: Lab, name: str, part: str = "test") -> Evidence:
    """The evidence of a study in a laboratory, or in its results alone. part: "test", or "confirm" at the end. Raises
    UserError where nothing of it is whole, with what is wrong."""
    lab.refuse_older()
    study, plan = load_study(name), lab.read_plan(name)
    if plan is None:
        raise UserError(f"{lab.path}: study {name} was not run; kick lab run {name} -o {lab.path} does it")
    unseen = read_unseen(lab, part)
    cells: dict[str, list[dict[str, Any]]] = {}
    problems = []
    wanted: dict[str, int] = {}
    for entry in plan["cells"]:
        if entry["source"] == "trained":
            wanted[entry["row"]] = wanted.get(entry["row"], 0) + 1
            path = lab.cell(entry["id"]) / "measured.json"
            if path.exists():
                cells.setdefault(entry["row"], []).append(read_once(path))
    rows, order = [], {row.name: at for at, row in enumerate(rows_of(study))}
    for row, number in sorted(wanted.items(), key=lambda one: order.get(one[0], len(order))):
        found = cells.get(row, [])
        problem = _problem(row, found, number, plan["budget"], part, len(unseen.sources))
        if problem:
            problems.append(problem)
        else:
            rows.append(_row(row, found, unseen, part))
    if not rows:
        raise UserError(f"{lab.path}: nothing of {name} can be told: {'; '.join(problems) or 'no row was trained'}")
    return Evidence(study, unseen, rows, problems, *_recordings(lab, unseen, part))


def _recordings(lab: Lab, unseen: Unseen, part: str) -> tuple[np.ndarray | None, dict[str, float] | None]:
    """Of recordings that are learned from, of the most that were measured: their distance in dB, [1 + draws], and how a
    classifier tells them from those that confirm; None where none were."""
    most, distance, told = 0, None, None
    for path in sorted(lab.path.glob("cells/reals-*/measured.json")):
        known = read_once(path)
        found, sounds = part_of(known["milestones"][-1], part), known["milestones"][-1]["scores"][0]["n"][1]
        whole = known["kicks"] is None and found is not None and len(found["waves"]["away"]) == len(unseen.sources)
        if whole and sounds > most:
            most = sounds
            distance = unseen.energy(np.array(found["waves"]["away"], float), found["waves"]["within"])
            told = known["milestones"][-1].get("told_apart")
    return distance, told


@lru_cache(maxsize=4)
def unseen_sounds(kicks: Dataset) -> Unseen:
    """Real sounds as their sources and distances; those of one laboratory are the same objects (`data.load`)."""
    embedded = embedded_kicks(kicks)
    sources = np.unique(sources_of(kicks.rows), return_inverse=True)[1]
    return Unseen(sources, pairwise(embedded, embedded).astype(np.float32).astype(float))


def read_unseen(lab: Lab, part: str) -> Unseen:
    """Those of a part of a laboratory, or of its results alone. Raises UserError where there are none."""
    if lab.has_kicks:
        kicks = lab.sounds("kicks").parts.get(part)
        if kicks is not None:
            return unseen_sounds(kicks)
    elif lab.reference.exists():
        arrays = read_arrays(lab.reference)
        if f"{part}_sources" in arrays:
            return Unseen(arrays[f"{part}_sources"], arrays[f"{part}_distances"].astype(float))
    raise UserError(f"{lab.path}: has no sounds that {part}; kick lab run STUDY DATA --confirm OTHERS names them")


def reference_arrays(kicks: LabData) -> dict[str, np.ndarray]:
    """What results alone keep of the real sounds that were scored against: no sounds."""
    found: dict[str, np.ndarray] = {}
    for part in kicks.parts.keys() - {"train"}:
        unseen = unseen_sounds(kicks.parts[part])
        found |= {f"{part}_sources": unseen.sources, f"{part}_distances": unseen.distances.astype(np.float32)}
    return found


def _problem(row: str, cells: Sequence[dict[str, Any]], wanted: int, budget: str, part: str, sounds: int) -> str:
    """Why a row is left out, in a sentence; empty where it is whole."""
    if len(cells) < wanted:
        return f"{row}: {len(cells)} of {wanted} seeds are finished; the same command goes on"
    if wanted < FEWEST_SEEDS:
        return f"{row}: one seed gives no interval; --seeds 3 trains more"
    if other := {cell["budget"] for cell in cells} - {budget}:
        return f"{row}: was trained for {other.pop()}, and the study for {budget}; rows of one study have the same"
    if any(part_of(p, part) is None for cell in cells for p in cell["milestones"][-LAST:]):
        todo = "kick lab confirm measures it" if part == "confirm" else "measure it again with this version"
        return f"{row}: its cells say nothing of the {part} sounds; {todo}"
    if any(len(part_of(p, part)["waves"]["away"]) != sounds for cell in cells for p in cell["milestones"][-LAST:]):
        return f"{row}: its cells were scored against other sounds; run it on these"
    return ""


def part_of(point: dict[str, Any], part: str) -> Any:
    """The distances of a milestone to a part; None where it has none."""
    return point.get("distances" if part == "test" else "confirmed")


def _row(name: str, cells: Sequence[dict[str, Any]], unseen: Unseen, part: str) -> Row:
    points = [[p for p in cell["milestones"] if part_of(p, part) is not None] for cell in cells]

    def energies(kind: str) -> list[list[np.ndarray]]:
        told = [[part_of(p, part).get(kind, part_of(p, part)["waves"]) for p in run] for run in points]
        return [[unseen.energy(np.array(d["away"], float), d["within"]) for d in run] for run in told]

    values = np.array(energies("waves"))
    raw = np.array(energies("waves_raw"))[:, :, 0]
    return Row(name, tuple(p["kicks_seen"] for p in points[0]), values, raw, tuple(tuple(run) for run in points))
