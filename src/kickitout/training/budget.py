"""How long a run goes on: until a step, or for a budget on the clock.

A budget is what `kick train` takes from its start to its end, over all starts of a run. What comes before the loop
(reading, preparing) is over when the loop begins. What comes after it, the last snapshot and writing the model, is set
aside: as it took in this run folder before, or as a rehearsal on a part of the kicks says (`training.finish`), with
MARGIN on top. Each snapshot and each checkpoint on the way corrects the estimate. So a run ends within TOLERANCE of its
budget, or LEAST seconds where that is more, while the machine stays as busy as it was.

The laboratory counts otherwise: steps of training on one core alone, see `Until`.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kickitout.errors import UserError, count
from kickitout.files import read_regular

TIMING = "timing.json"
DEFAULT_BUDGET = 1200.0  # seconds
TOLERANCE, LEAST = 0.1, 15.0
MARGIN = {"estimated": 1.25, "measured": 1.1}
USED_UP = 0.8  # share of a budget after which it counts as used up in a folder that does not say so: some end early
RECENT = 5  # steps that say how long the next one takes


@dataclass
class Timing:
    """timing.json of a run folder: threads, and where the time of a run has gone."""

    threads: int | None = None
    step_seconds: dict[str, float] = field(default_factory=dict)  # by number of threads, where that was measured
    seconds: float = 0.0  # on the clock, over all starts
    starts: list[dict[str, float]] = field(default_factory=list)  # preparing, training, writing; steps; budget, if used
    after: dict[str, float] = field(default_factory=dict)  # what each part of the end took last

    @classmethod
    def read(cls, run: str | Path) -> Timing:
        """That of a run folder; a new one where there is none that can be read."""
        try:
            data = json.loads(read_regular(Path(run) / TIMING))
            threads = data["threads"]
            return cls(
                int(threads) if threads else None, {k: float(v) for k, v in data["step_seconds"].items()},
                float(data["seconds"]), list(data["starts"]), {k: float(v) for k, v in data["after"].items()},
            )  # fmt: skip
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError):
            return cls()

    def to_data(self) -> dict[str, Any]:
        """Ready for JSON."""
        rounded = {
            "step_seconds": {k: round(v, 4) for k, v in self.step_seconds.items()},
            "after": {k: round(v, 2) for k, v in self.after.items()},
        }
        starts = [{k: round(v, 2) for k, v in start.items()} for start in self.starts]
        return {"threads": self.threads, **rounded, "seconds": round(self.seconds, 2), "starts": starts}

    def as_text(self) -> str:
        """The clock's times of the last start, and of all where there are more."""
        last = self.starts[-1] if self.starts else {}
        parts = {name: last.get(name, 0.0) for name in ("preparing", "training", "writing")}
        said = ", ".join(f"{on_the_clock(seconds)} {name}" for name, seconds in parts.items())
        starts = f"; {on_the_clock(self.seconds)} in {count(len(self.starts), 'start')}" if len(self.starts) > 1 else ""
        return f"{on_the_clock(sum(parts.values()))} on the clock ({said}){starts}"

    @property
    def around(self) -> float:
        """Seconds that the last start took for everything but training; 0 where there was none."""
        return self.starts[-1]["preparing"] + self.starts[-1]["writing"] if self.starts else 0.0

    def has_used(self, budget: float) -> bool:
        """Whether a budget [s] has been trained to its end, or a larger one, or has been spent otherwise."""
        used = [start["budget"] for start in self.starts if "budget" in start]
        if not used:
            return self.seconds >= USED_UP * budget
        return budget <= max(used) or self.seconds >= budget


@dataclass(frozen=True)
class Until:
    """When to stop: after so many steps or seconds of training, counted over all starts of the run.

    Seconds are those of the loop alone, by the clock of the run: what a laboratory compares. A command's are those of a
    `TimeBudget`.
    """

    steps: int | None = None
    seconds: float | None = None

    def reached(self, step: int, seconds: float) -> bool:
        return (self.steps is not None and step >= self.steps) or (self.seconds is not None and seconds >= self.seconds)

    def share(self, step: int, seconds: float) -> float:
        """How much of the way is done, 0..1."""
        parts = [step / self.steps if self.steps else 0.0, seconds / self.seconds if self.seconds else 0.0]
        return min(1.0, max(parts))

    def left(self, step: int, seconds: float) -> float | None:
        """Seconds until training ends, as far as that can be said."""
        share = self.share(step, seconds)
        left = seconds / share - seconds if share > 0 else None
        return left if left is None or self.seconds is None else min(left, self.seconds - seconds)


class Costs:
    """What each part of the end of a run takes: as estimated, until it has been measured."""

    def __init__(self) -> None:
        self.estimated: dict[str, float] = {}
        self.measured: dict[str, float] = {}

    @property
    def seconds(self) -> float:
        """To be set aside for all of them."""
        parts = {k: MARGIN["estimated"] * v for k, v in self.estimated.items()}
        return sum((parts | {k: MARGIN["measured"] * v for k, v in self.measured.items()}).values())


class TimeBudget:
    """Seconds of a command, from `began` (by default now) until its end. before: those of earlier starts of the run."""

    steps = None

    def __init__(
        self, seconds: float, clock: Callable[[], float] = time.monotonic, began: float | None = None
    ) -> None:  # fmt: skip
        self.seconds, self.clock, self.began = seconds, clock, clock() if began is None else began
        self.before, self.costs = 0.0, Costs()
        self.last_step: tuple[int, float] | None = None  # asked about, and what was spent by then
        self.took: list[float] = []

    @property
    def spent(self) -> float:
        return self.before + self.clock() - self.began

    @property
    def a_step(self) -> float:
        """Seconds of one step, by the last few; 0 before there were any."""
        return sorted(self.took)[len(self.took) // 2] if self.took else 0.0

    def reached(self, step: int, _: float) -> bool:
        """Whether another step would be one too many. Asked before each."""
        spent = self.spent
        if self.last_step is not None and step == self.last_step[0] + 1:
            self.took = [*self.took, spent - self.last_step[1]][-RECENT:]
        self.last_step = step, spent
        return spent + self.a_step + self.costs.seconds > self.seconds

    def share(self, _: int, __: float) -> float:
        """How much of the way is done, 0..1."""
        return min(1.0, self.spent / self.seconds)

    def left(self, *_: float) -> float:
        """Seconds until the command ends."""
        return max(0.0, self.seconds - self.spent)

    def refuse_short(self, at_least: float, doing: str) -> None:
        """Raise UserError where no step fits. at_least: seconds that all but training takes; doing: what that is."""
        if at_least + 2 * self.a_step + 0.01 * self.seconds > self.seconds:
            earlier = f", after {written(self.before)} of earlier starts" if self.before else ""
            raise UserError(
                f"a budget of {written(self.seconds)} is too short to train{earlier}: {doing}; "
                f"a budget of {written(enough(at_least + (at_least - self.before)))} works"
            )


def enough(seconds: float) -> float:
    """A round budget that is not less.

    >>> enough(47), enough(61), enough(700), enough(5000)
    (60.0, 120.0, 900.0, 5400.0)
    """
    step = 60.0 if seconds <= 600 else 300.0 if seconds <= 3600 else 1800.0
    return step * math.ceil(seconds / step)


def written(seconds: float) -> str:
    """A duration as `--budget` reads it, to the second.

    >>> written(45), written(120), written(150), written(5400), written(0.5)
    ('45s', '2m', '2m30s', '1h30m', '0.5s')
    """
    if seconds < 1:
        return f"{seconds:g}s"
    whole = round(seconds)
    parts = (whole // 3600, "h"), (whole // 60 % 60, "m"), (whole % 60, "s")
    return "".join(f"{n}{unit}" for n, unit in parts if n)


def on_the_clock(seconds: float) -> str:
    """Minutes and seconds.

    >>> on_the_clock(125), on_the_clock(4)
    ('2:05', '0:04')
    """
    return f"{round(seconds) // 60}:{round(seconds) % 60:02d}"


def refuse_early(out: str | Path, budget: TimeBudget, has_model: bool) -> str | None:
    """Before any sound is read: the sentence for a run that has used its budget up, None where there is work to do.

    Raises UserError for what is left of a budget that is too short for a step, as far as the last start tells.
    """
    timing = Timing.read(out)
    budget.before = timing.seconds
    if not timing.starts or not has_model:
        return None
    if timing.has_used(budget.seconds):
        starts = count(len(timing.starts), "start")
        return (
            f"{out}: has used its budget of {written(budget.seconds)} up, {on_the_clock(timing.seconds)} in {starts}, "
            f"and its model is there; a budget of {written(enough(2 * timing.seconds))} trains on"
        )
    around = f"preparing and writing the model take about {written(timing.around)}"
    budget.refuse_short(budget.spent + timing.around, around)
    return None
