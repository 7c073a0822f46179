"""Whether critics help a converged model: what its cells say, by a rule that is older than they are.

Critics are worth their place if they lower the accuracy of classifier two-sample tests, the mean of all, by FALL, with
an interval below 0, and neither near-duplicates nor recall are worse. `experiments.critics` makes the cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from kickitout.errors import UserError, count
from kicklab.crossed import Crossed, crossed_mean
from kicklab.folder import read_json
from kicklab.markdown import with_interval

TOLD = "two_sample_"  # accuracies of classifiers, whose mean decides
FALL = 0.04  # of that mean: what the critics must bring to be worth their place
NEAR_DUPLICATES = "near-duplicates, %"
ON = "on"  # the arm that goes on without critics
CRITICS, FEATURES = TRIED = ("critics", "features")  # the arms that are held against it

Cells = dict[tuple[str, int], list[dict[str, Any]]]  # arm and seed -> its readings


def read_cells(folder: Path) -> tuple[dict[str, Any], Cells]:
    """What all cells of a folder have in common, and their readings."""
    found, common = {}, None
    for path in sorted(folder.glob("*.json")):
        data = read_json(path)
        about = {key: value for key, value in data["about"].items() if key != "changes"}
        if common is not None and about != common:
            raise UserError(f"{path}: of another study than the cells beside it; keep each study in its own folder")
        name, _, seed = path.stem.partition("-")
        common, found[name, int(seed or 0)] = about, data["readings"]
    if common is None:
        raise UserError(f"{folder}: no cells; --run RUN trains them")
    return common, found


class Comparison(NamedTuple):
    """An arm against going on without critics: the readings of each, by seed."""

    name: str
    arm: list[dict[str, Any]]
    on: list[dict[str, Any]]

    def difference(self, measure: str) -> np.ndarray:
        """[folds, seeds]"""
        return arm_table(self.arm, measure) - arm_table(self.on, measure)

    @property
    def told(self) -> Crossed:
        """By how much more of the kicks classifiers tell, with its interval."""
        return crossed_mean(self.difference(TOLD))

    @property
    def worse(self) -> list[str]:
        """Near-duplicates or recall, where their interval lies on the wrong side of 0."""
        found = [NEAR_DUPLICATES] if crossed_mean(self.difference(NEAR_DUPLICATES)).low > 0 else []
        recalls = [name for name in self.arm[0]["scores"] if name.startswith("recall_")]
        return found + [name for name in recalls if crossed_mean(self.difference(name)).high < 0]

    @property
    def enough(self) -> bool:
        """Whether classifiers tell as many fewer as the rule asks for, whatever is worse."""
        return self.told.value <= -FALL and self.told.high < 0

    @property
    def excluded(self) -> bool:
        """Whether a fall by so much lies outside the interval."""
        return self.told.low > -FALL


def arm_table(readings: Sequence[dict[str, Any]], measure: str) -> np.ndarray:
    """[folds, seeds]; TOLD: the mean over all classifiers."""
    scores = [one["scores"] for one in readings]
    names = [name for name in scores[0] if name.startswith(measure)] if measure == TOLD else [measure]
    return np.array([np.mean([one[name] for name in names], axis=0) for one in scores]).T


def comparisons(cells: Cells) -> list[Comparison]:
    """Of each arm with going on: at equal steps, and at the milestone that is nearest in processor time."""
    found = []
    for arm in TRIED:
        seeds = sorted(seed for name, seed in cells if name == arm and (ON, seed) in cells)
        if not seeds:
            continue
        ends = [cells[arm, seed][-1] for seed in seeds]
        found.append(Comparison(f"{arm}, equal steps", ends, [cells[ON, seed][0] for seed in seeds]))
        near = [
            min(cells[ON, seed], key=lambda one, end=end: abs(one["seconds"] - end["seconds"]))  # type: ignore[misc]
            for seed, end in zip(seeds, ends, strict=True)
        ]
        found.append(Comparison(f"{arm}, equal minutes", ends, near))
    return found


def verdict(one: Comparison) -> str:
    """What the rule says of a comparison, in a sentence."""
    told, worse, enough = one.told, one.worse, one.enough
    said = f"**{one.name}**: C2ST {with_interval(*told, '+.3f')}, with {count(len(one.arm), 'seed')}"
    if enough and not worse:
        return f"{said}: enough to ship."
    why = f"; worse: {', '.join(worse)}" if worse else ""
    if one.excluded:
        return f"{said}: not enough, and a fall of {FALL} is outside the interval{why}."
    return f"{said}: not enough{', but a fall of ' + str(FALL) + ' is not excluded' if not enough else ''}{why}."
