"""Is it worth while to begin with a finished model: two ways to begin, side by side, with equal processor time.

Each racer trains the recipe `kickgan` on the same kicks for each seed, and stops at milestones. What it would generate
there is kept in 16 bits; the score is the energy distance to kicks of families that no racer has seen. A race goes on
where it was ended; a milestone that is kept is not run again.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from kickitout.corpus.build import Corpus
from kickitout.errors import UserError
from kickitout.evaluation.distance import pairwise
from kickitout.evaluation.embeddings import Embedding
from kickitout.evaluation.kernel import energy_distance_drawn
from kickitout.evaluation.resampling import bootstrap_counts, interval
from kickitout.files import make_folder
from kickitout.generation.torch_model import TorchModel
from kickitout.lab.folder import write_arrays, write_json
from kickitout.lab.make import from_16_bits, to_16_bits
from kickitout.training.loop import Report, Until, opened
from kickitout.training.recipe import load_recipe

TUNED, SCRATCH = "tuned", "scratch"  # the racers: with the weights of a finished model, and without
RECIPE = "kickgan"
DRAWS = 400  # of the bootstrap
NEARLY = 0.9  # of what a racer gains
LATE = 1.05  # a run that is so much further than a milestone has passed it

Made = dict[tuple[str, float], list[np.ndarray]]  # racer and seconds -> sounds [n, T] of each seed


class Race(NamedTuple):
    """What is raced. milestones: seconds of processor time, ascending. sounds: made at each, seeds 0 on."""

    folder: Path
    milestones: tuple[float, ...]
    seeds: tuple[int, ...]
    sounds: int
    start: str = "default"
    changes: tuple[str, ...] = ()  # of the recipe, as --set has them

    def place(self, racer: str, seed: int) -> Path:
        return self.folder / f"{racer}-{seed}"

    def kept(self, racer: str, seed: int, seconds: float) -> Path:
        return self.place(racer, seed) / f"made-{seconds:08.1f}.npz"


class Line(NamedTuple):
    """A milestone in one embedding. value: racer -> mean over the seeds, interval and the values of the seeds.
    behind: how much further from real kicks the racer without a model is, with its interval."""

    seconds: float
    value: dict[str, tuple[float, tuple[float, float], list[float]]]
    behind: tuple[float, tuple[float, float]] | None


def run_race(
    race: Race, corpus: Corpus, watch: Callable[[str, Report], None] = lambda _name, _report: None,
    clock: Callable[[], float] = time.process_time,
) -> bool:  # fmt: skip
    """Run what is missing. Returns whether all is there; False when the user wants to stop. clock: of milestones."""
    for seed in race.seeds:
        for racer in (TUNED, SCRATCH):
            if all(race.kept(racer, seed, s).with_suffix(".json").exists() for s in race.milestones):
                continue
            if not _run(race, racer, seed, corpus, watch, clock):
                return False
    return True


def _run(
    race: Race, racer: str, seed: int, corpus: Corpus, watch: Callable[[str, Report], None],
    clock: Callable[[], float],
) -> bool:  # fmt: skip
    start = race.start if racer == TUNED else "none"
    always = ["monitor.on_trouble=warn", "monitor.export=last", f"seed={seed}", f"start={start}"]
    recipe = load_recipe(RECIPE, [*always, *race.changes])
    folder = make_folder(race.place(racer, seed))
    name, began = f"{racer}, seed {seed}", clock()
    with opened(
        corpus, recipe, folder / "run", device="cpu", watch=lambda report: watch(name, report), clock=clock
    ) as (run, interrupted):
        begun = clock() - began
        for seconds in race.milestones:
            path = race.kept(racer, seed, seconds)
            if path.with_suffix(".json").exists():
                continue
            if run.seconds > LATE * seconds:
                raise UserError(
                    f"{folder}: its run is at {run.seconds:.3g} s and has passed {seconds:.3g} s; "
                    "give the milestones it began with, or another folder"
                )
            reason = run.train(Until(seconds=seconds), interrupted)
            run.save_latest()
            if reason == "interrupted":
                return False
            made = TorchModel(run.task.player()).render(range(race.sounds)).mean(axis=1)
            write_arrays(path, {"waves": to_16_bits(made)})
            about = {"steps": run.step, "seconds": run.seconds, "begun": begun, "kicks": len(run.reals)}
            write_json(path.with_suffix(".json"), about | {"rows": len(run.waves), "stopped": run.stopped})
    return True


def read_race(race: Race) -> tuple[Made, dict[tuple[str, float], list[dict[str, float]]]]:
    """The sounds of a finished race, and what is known of each run at each milestone."""
    made: Made = {}
    about: dict[tuple[str, float], list[dict[str, float]]] = {}
    for racer in (TUNED, SCRATCH):
        for seconds in race.milestones:
            for seed in race.seeds:
                path = race.kept(racer, seed, seconds)
                with np.load(path) as arrays:
                    made.setdefault((racer, seconds), []).append(from_16_bits(arrays["waves"]))
                about.setdefault((racer, seconds), []).append(json.loads(path.with_suffix(".json").read_text("utf-8")))
    return made, about


def score_race(made: Made, unseen: Corpus, embedding: Embedding, seed: int = 0) -> list[Line]:
    """A line a milestone, in their order. The same draws of the unseen kicks' families serve all racers, so that what
    one is behind the other is not blurred by which kicks were drawn."""
    rng = np.random.default_rng([seed, 5])
    families = np.array([row.family for row in unseen.rows])
    real = embedding.embed(unseen.waves)
    rr, counts = pairwise(real, real), _counts(len(real), rng, families)
    drawn = {key: [_drawn(real, rr, counts, embedding.embed(waves), rng) for waves in sets]
             for key, sets in sorted(made.items())}  # fmt: skip
    lines = []
    for seconds in sorted({s for _, s in drawn}):
        means = {racer: np.mean(sets, axis=0) for (racer, s), sets in drawn.items() if s == seconds}
        value = {
            racer: (float(mean[0]), interval(float(mean[0]), mean[1:]), [float(x[0]) for x in drawn[racer, seconds]])
            for racer, mean in means.items()
        }
        behind = means[SCRATCH] - means[TUNED] if len(means) == 2 else None
        apart = None if behind is None else (float(behind[0]), interval(float(behind[0]), behind[1:]))
        lines.append(Line(seconds, value, apart))
    return lines


def real_against_real(
    learned: np.ndarray, unseen: Corpus, embedding: Embedding, seed: int = 0
) -> tuple[float, tuple[float, float]]:
    """The same score of the recordings that were learned from [n, T]."""
    rng = np.random.default_rng([seed, 6])
    real = embedding.embed(unseen.waves)
    families = np.array([row.family for row in unseen.rows])
    found = _drawn(real, pairwise(real, real), _counts(len(real), rng, families), embedding.embed(learned), rng)
    return float(found[0]), interval(float(found[0]), found[1:])


def reached(lines: Sequence[Line], racer: str = TUNED, share: float = NEARLY) -> float | None:
    """Seconds after which a racer has so much of what it gains from the first line to the last, on straight ways
    between the milestones; None where it gains nothing.

    >>> line = lambda seconds, value: Line(seconds, {"tuned": (value, (0.0, 0.0), [])}, None)
    >>> reached([line(0, 3.0), line(60, 2.0), line(120, 1.0), line(600, 1.0)])
    108.0
    """
    values = [line.value[racer][0] for line in lines]
    goal = values[0] - share * (values[0] - values[-1])
    if values[-1] >= values[0]:
        return None
    for before, after, a, b in zip(lines, lines[1:], values, values[1:], strict=False):
        if b <= goal:
            return before.seconds + (after.seconds - before.seconds) * (a - goal) / (a - b)
    return None


def race_text(lines: Sequence[Line], name: str, floor: tuple[float, tuple[float, float]]) -> str:
    """The lines as a Markdown table, and what they say. floor: real against real."""
    rows = [f"| `energy_{name}` after | trained on | from scratch | from scratch is behind by |", "|--:|--:|--:|--:|"]
    for line in lines:
        behind = f"{line.behind[0]:.2f} {_bracket(line.behind[1])}" if line.behind else ""
        rows.append(f"| {line.seconds / 60:g} min | {_cell(line, TUNED)} | {_cell(line, SCRATCH)} | {behind} |")
    last, seconds = lines[-1].seconds / 60, reached(lines)
    gain = (
        f"Training on has {100 * NEARLY:.0f} % of what it gains in {last:g} minutes after {seconds / 60:.1f}"
        if seconds is not None
        else f"Training on gains nothing in {last:g} minutes"
    )
    raced = [line for line in lines if line.behind]
    ahead = [line for line in raced if line.behind and line.behind[1][0] > 0]
    at = f" ({', '.join(f'{line.seconds / 60:g}' for line in ahead)} min)" if ahead else ""
    said = f"{gain}; the interval has it ahead of training from scratch at {len(ahead)} of {len(raced)} milestones{at}."
    real = f"Real against real (the recordings that were learned from): {floor[0]:.2f} {_bracket(floor[1])}."
    return "\n".join([*rows, "", f"{real} {said}"])


def _cell(line: Line, racer: str) -> str:
    if racer not in line.value:
        return ""
    value, span, seeds = line.value[racer]
    each = f"; {', '.join(f'{one:.2f}' for one in seeds)}" if len(seeds) > 1 else ""
    return f"{value:.2f} {_bracket(span)}{each}"


def _bracket(span: tuple[float, float]) -> str:
    return f"[{span[0]:.2f}, {span[1]:.2f}]"


def _counts(n: int, rng: np.random.Generator, groups: np.ndarray | None = None) -> np.ndarray:
    return np.concatenate([np.ones((1, n)), bootstrap_counts(n, DRAWS, rng, groups)])


def _drawn(
    real: np.ndarray, rr: np.ndarray, counts: np.ndarray, made: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """[1 + DRAWS] energy distances, that of the sets themselves first."""
    within, own = pairwise(made, made), _counts(len(made), rng)
    return energy_distance_drawn(rr, pairwise(real, made), within, counts, own)
