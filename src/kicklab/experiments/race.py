"""Train on from the model in the package and from scratch, with equal processor time.

Each racer trains one config on the same kicks for each seed, and stops at milestones. What it would generate
there is kept in 16 bits; the score is the energy distance to kicks of groups that no racer has seen. A race goes on
where it was ended; a milestone that is kept is not run again.

    OMP_NUM_THREADS=1 kick lab measure race DATA... [--minutes 1,2,4,8,15,20] [--seeds 2] [--runs build/fine_tune]

A quarter of the groups of DATA is held out; both ways learn from the others by the config `kickgan`, one with
`start: default`, one with `start: none`, on one thread. Minutes are of the processor, so a busy machine changes
nothing. Ctrl-C saves, and the same command goes on. It costs the last milestone times two times the seeds, and some
minutes of scoring; `--only tuned` and `--only scratch` train in two processes at once; the command without them then
scores. `--alone scratch` runs one way and scores it: what a model of DATA is worth, where the model in the package has
heard a part of DATA. At 0 minutes one has its weights and the new kicks' latents, the other knows nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from kickitout.datasets.build import Dataset, read_dataset, split
from kickitout.errors import UserError
from kickitout.files import make_folder
from kickitout.generation.noise import normal
from kickitout.generation.torch_backend import TorchModel
from kickitout.metrics import report
from kickitout.metrics.distance import energy_distance_drawn, pairwise
from kickitout.metrics.embeddings import DEFAULTS, Embedding
from kickitout.metrics.features import measure_features
from kickitout.metrics.resampling import bootstrap_counts, interval
from kickitout.training.budget import Until
from kickitout.training.config import load_config
from kickitout.training.loop import Report
from kickitout.training.session import opened
from kicklab.folder import write_arrays, write_json
from kicklab.make import from_16_bits, to_16_bits
from kicklab.markdown import markdown_table, with_interval

TUNED, SCRATCH = "tuned", "scratch"  # the racers: with the weights of a finished model, and without
TITLES = {TUNED: "trained on", SCRATCH: "from scratch"}
RACE_DRAWS = 400  # of the bootstrap
CLOSING_SCORES = (  # of the scores, at the last milestone
    "energy_", "frechet_bands", "frechet_drum", "precision_", "recall_", "diversity_", "two_sample", "kicks_recognised",
    "card_mean", "card_worst",
)  # fmt: skip
NEARLY = 0.9  # of what a racer gains
LATE = 1.05  # a run that is so much further than a milestone has passed it

Interval = tuple[float, float]
MadeSounds = dict[tuple[str, float], list[np.ndarray]]  # racer and seconds -> sounds [n, T] of each seed


class Race(NamedTuple):
    """What is raced. milestones: seconds of processor time, ascending from 0. sounds: made at each, seeds 0 on."""

    folder: Path
    milestones: tuple[float, ...]
    seeds: tuple[int, ...]
    sounds: int
    start: str = "default"
    changes: tuple[str, ...] = ()  # of the config, as --set has them
    config: str = "kickgan"

    def place(self, racer: str, seed: int) -> Path:
        return self.folder / f"{racer}-{seed}"

    def kept(self, racer: str, seed: int, seconds: float) -> Path:
        return self.place(racer, seed) / f"made-{seconds:08.1f}.npz"


class Line(NamedTuple):
    """A milestone in one embedding. value: racer -> mean over the seeds, interval and the values of the seeds.
    behind: how much further from real kicks the racer without a model is; gained: how much nearer the other one has
    come since the first milestone; both with their intervals."""

    seconds: float
    value: dict[str, tuple[float, Interval, list[float]]]
    behind: tuple[float, Interval]
    gained: tuple[float, Interval]


def run_race(
    race: Race, dataset: Dataset, watch: Callable[[str, Report], None] = lambda _name, _report: None,
    clock: Callable[[], float] = time.process_time, racers: Sequence[str] = (TUNED, SCRATCH),
) -> bool:  # fmt: skip
    """Run what is missing. Returns whether all is there; False when the user wants to stop. clock: of milestones.

    racers: who runs; processes of their own may run different ones of the same race.
    """
    for seed in race.seeds:
        for racer in racers:
            if all(race.kept(racer, seed, s).with_suffix(".json").exists() for s in race.milestones):
                continue
            if not _run_one(race, racer, seed, dataset, watch, clock):
                return False
    return True


def _run_one(
    race: Race, racer: str, seed: int, dataset: Dataset, watch: Callable[[str, Report], None],
    clock: Callable[[], float],
) -> bool:  # fmt: skip
    start = race.start if racer == TUNED else "none"
    always = ["monitor.on_trouble=warn", "monitor.export=last", f"seed={seed}"]
    if hasattr(load_config(race.config), "start"):  # a family without finished models always begins from scratch
        always.append(f"start={start}")
    config = load_config(race.config, [*always, *race.changes])
    folder = make_folder(race.place(racer, seed))
    name, began = f"{racer}, seed {seed}", clock()
    with opened(dataset, config, folder / "run", device="cpu", clock=clock) as (run, interrupted):
        for report in run.begin():
            watch(name, report)
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
            for told in run.train(Until(seconds=seconds), interrupted):
                if isinstance(told, Report):
                    watch(name, told)
            run.save_latest()
            if run.ended == "interrupted":
                return False
            player = run.task.player()
            made = TorchModel(player).play(normal(range(race.sounds), player.latent)).mean(axis=1)
            write_arrays(path, {"waves": to_16_bits(made)})
            about = {"steps": run.step, "seconds": run.seconds, "begun": begun, "kicks": len(run.reals)}
            write_json(path.with_suffix(".json"), about | {"rows": len(run.waves), "stopped": run.stopped})
    return True


def read_race(
    race: Race, racers: Sequence[str] = (TUNED, SCRATCH)
) -> tuple[MadeSounds, dict[tuple[str, float], list[dict[str, float]]]]:
    """The sounds of those who have finished, and what is known of each run at each milestone."""
    made: MadeSounds = {}
    about: dict[tuple[str, float], list[dict[str, float]]] = {}
    for racer in racers:
        for seconds in race.milestones:
            for seed in race.seeds:
                path = race.kept(racer, seed, seconds)
                with np.load(path) as arrays:
                    made.setdefault((racer, seconds), []).append(from_16_bits(arrays["waves"]))
                about.setdefault((racer, seconds), []).append(json.loads(path.with_suffix(".json").read_text("utf-8")))
    return made, about


def score_race(made: MadeSounds, unseen: Dataset, embedding: Embedding, seed: int = 0) -> list[Line]:
    """A line a milestone, in their order. The same draws of the unseen kicks' groups serve all racers, so that what
    one is behind the other is not blurred by which kicks were drawn."""
    rng = np.random.default_rng([seed, 5])
    real = embedding.embed(unseen.waves)
    rr, counts = pairwise(real, real), _draw_counts(len(real), rng, unseen.groups)
    drawn = {key: [_drawn(real, rr, counts, embedding.embed(waves), rng) for waves in sets]
             for key, sets in sorted(made.items())}  # fmt: skip
    means = {key: np.mean(sets, axis=0) for key, sets in drawn.items()}
    milestones = sorted({seconds for _, seconds in means})

    def read(found: np.ndarray) -> tuple[float, Interval]:
        return float(found[0]), interval(float(found[0]), found[1:])

    return [
        Line(
            s,
            {racer: (*read(means[racer, s]), [float(one[0]) for one in drawn[racer, s]]) for racer in (TUNED, SCRATCH)},
            read(means[SCRATCH, s] - means[TUNED, s]),
            read(means[TUNED, milestones[0]] - means[TUNED, s]),
        )
        for s in milestones
    ]


def race_baseline(learned: Dataset, unseen: Dataset, embedding: Embedding, seed: int = 0) -> tuple[float, Interval]:
    """The same score of the recordings that were learned from."""
    rng = np.random.default_rng([seed, 6])
    real, made = embedding.embed(unseen.waves), embedding.embed(learned.waves)
    counts = _draw_counts(len(real), rng, unseen.groups)
    found = _drawn(real, pairwise(real, real), counts, made, rng, learned.groups)
    return float(found[0]), interval(float(found[0]), found[1:])


def closing_text(made: MadeSounds, learned: Dataset, unseen: Dataset, draws: int = report.BOOTSTRAP_DRAWS) -> str:
    """A Markdown table of scores against the unseen kicks at the last milestone: of the recordings that were learned
    from, and of the first seed of each racer in `made`; real-vs-real baseline, halves by group, beside them."""
    real = measure_features(unseen.waves, groups=unseen.groups)
    last = max(seconds for _, seconds in made)
    racers = [racer for racer in TITLES if (racer, last) in made]
    measured = {"the recordings": measure_features(learned.waves, groups=learned.groups)}
    measured |= {racer: measure_features(made[racer, last][0]) for racer in racers}
    beside = report.real_vs_real(real)
    scores = {
        name: report.score_features(one, real, draws=draws, beside=beside, reference=unseen.digest)
        for name, one in measured.items()
    }
    titles = ["recordings learned from", *(TITLES[racer] for racer in racers), "real-vs-real baseline"]
    rows = []
    by_name = [{score.name: score for score in found} for found in scores.values()]
    for name in by_name[0]:  # what too few sounds of a set have is no score of it
        if name.startswith(CLOSING_SCORES):
            row = [found.get(name) for found in by_name]
            cells = ["–" if score is None else with_interval(score.value, *score.interval) for score in row]
            rows.append([f"`{name}`", *cells, f"{by_name[0][name].real:.2f}"])
    return "\n".join(markdown_table([f"after {last / 60:g} min", *titles], rows))


def reached(lines: Sequence[Line], racer: str, share: float = NEARLY) -> float | None:
    """Seconds after which a racer has come so much of the way from knowing nothing (from scratch, at the first
    milestone) to where training on ends, on straight ways between the milestones; None where it has not.

    >>> def line(seconds, tuned, scratch):
    ...     values = {"tuned": (tuned, (0.0, 0.0), []), "scratch": (scratch, (0.0, 0.0), [])}
    ...     return Line(seconds, values, (0.0, (0.0, 0.0)), (0.0, (0.0, 0.0)))
    >>> lines = [line(0, 3.0, 11.0), line(60, 2.0, 6.0), line(120, 1.0, 4.0)]
    >>> reached(lines, "tuned"), reached(lines, "scratch")
    (60.0, None)
    """
    values = [line.value[racer][0] for line in lines]
    nothing, end = lines[0].value[SCRATCH][0], lines[-1].value[TUNED][0]
    goal = nothing - share * (nothing - end)
    if values[0] <= goal:
        return lines[0].seconds
    for before, after, a, b in zip(lines, lines[1:], values, values[1:], strict=False):
        if b <= goal:
            return before.seconds + (after.seconds - before.seconds) * (a - goal) / (a - b)
    return None


def race_text(lines: Sequence[Line], name: str, floor: tuple[float, Interval]) -> str:
    """The lines as a Markdown table, and what they say. floor: real-vs-real baseline."""
    rows = [
        [f"{line.seconds / 60:g} min", _seed_cell(line, TUNED), _shown(line.gained), _seed_cell(line, SCRATCH),
         _shown(line.behind)]
        for line in lines
    ]  # fmt: skip
    head = [f"`energy_{name}` after", "trained on", "it has gained", "from scratch", "from scratch is behind by"]
    ahead = [f"{line.seconds / 60:g}" for line in lines if line.behind[1][0] > 0]
    at = f" ({', '.join(ahead)} min)" if ahead else ""
    ways = " and training from scratch ".join(_after(reached(lines, racer)) for racer in (TUNED, SCRATCH))
    return "\n".join(
        [
            *markdown_table(head, rows, "r"),
            "",
            f"Real-vs-real baseline (the recordings learned from): {_shown(floor)}. Of the way from knowing "
            f"nothing to where training on ends, training on has come {100 * NEARLY:.0f} % {ways}. The interval has "
            f"training on ahead at {len(ahead)} of {len(lines)} milestones{at}.",
        ]
    )


def _after(seconds: float | None) -> str:
    return "never" if seconds is None else f"after {seconds / 60:.1f} min"


def _shown(found: tuple[float, Interval]) -> str:
    return with_interval(found[0], *found[1])


def _seed_cell(line: Line, racer: str) -> str:
    value, span, seeds = line.value[racer]
    each = f"; {', '.join(f'{one:.2f}' for one in seeds)}" if len(seeds) > 1 else ""
    return with_interval(value, *span) + each


def _draw_counts(n: int, rng: np.random.Generator, groups: np.ndarray | None = None) -> np.ndarray:
    return np.concatenate([np.ones((1, n)), bootstrap_counts(n, RACE_DRAWS, rng, groups)])


def _drawn(
    real: np.ndarray, rr: np.ndarray, counts: np.ndarray, made: np.ndarray, rng: np.random.Generator,
    groups: np.ndarray | None = None,
) -> np.ndarray:  # fmt: skip
    """[1 + RACE_DRAWS] energy distances, that of the sets themselves first. groups: of `made`, if it has any."""
    within, own = pairwise(made, made), _draw_counts(len(made), rng, groups)
    return energy_distance_drawn(rr, pairwise(real, made), within, counts, own)


HELD_OUT, HELD_OUT_SEED = 0.25, 1  # another seed than a run's own split, so that the two do not nest


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("sounds", nargs="+", type=Path)
    parser.add_argument("--minutes", default="1,2,4,8,15,20", help="milestones, with commas (default 1,2,4,8,15,20)")
    parser.add_argument("--seeds", type=int, default=2, help="runs of each way (default 2)")
    parser.add_argument("-n", type=int, default=512, help="sounds at each milestone (default 512)")
    parser.add_argument("--start", default="default", help="the model to begin with (default 'default')")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="another setting, of both ways")
    parser.add_argument("--runs", type=Path, default=Path("build/fine_tune"), help="folder for the trainings")
    one = parser.add_mutually_exclusive_group()
    one.add_argument("--only", choices=("tuned", "scratch"), help="run one of the two ways, and print nothing")
    one.add_argument("--alone", choices=("tuned", "scratch"), help="run one of the two ways, and print its scores")


def run(args: argparse.Namespace) -> Iterator[str]:
    torch.set_num_threads(1)
    milestones = tuple(sorted({0.0, *(60 * float(m) for m in args.minutes.split(","))}))
    race = Race(args.runs, milestones, tuple(range(args.seeds)), args.n, args.start, tuple(args.set))
    dataset = read_dataset(args.sounds)
    train, test = split(dataset, HELD_OUT, HELD_OUT_SEED)
    learned, unseen = dataset.take(train), dataset.take(test)

    def watch(name: str, report: Report) -> None:
        if report.step % 50 == 0 or report.event:
            text = report.event or f"{report.kicks_per_second:.0f} kicks/s"
            print(f"{name}: step {report.step}, {report.seconds / 60:.1f} min, {text}", file=sys.stderr, flush=True)

    single = args.only or args.alone
    racers = (single,) if single else (TUNED, SCRATCH)
    if not run_race(race, learned, watch, racers=racers):
        print("everything is saved; the same command goes on from here", file=sys.stderr)
        raise SystemExit(130)
    if args.only:
        return
    made, about = read_race(race, racers)
    groups = [len({row.group for row in part.rows}) for part in (learned, unseen)]
    last = [about[key][0] for key in sorted(about) if key[1] == milestones[-1]]
    yield (
        f"{len(learned)} kicks of {groups[0]} groups to learn from ({last[0]['kicks']:.0f} of them without the "
        f"monitor's; {last[0]['rows']:.0f} rows with their variants), {len(unseen)} of {groups[1]} groups held "
        f"out; seeds 0 to {args.seeds - 1}, {args.n} sounds of each, one thread. Scores are against the held-out "
        f"kicks, 95 % intervals over groups and sounds in brackets."
    )
    if not args.alone:
        yield "Energy distances, lower is better; behind the interval the value of each seed."
        for embedding in DEFAULTS:
            floor = race_baseline(learned, unseen, embedding)
            yield "\n" + race_text(score_race(made, unseen, embedding), embedding.name, floor)
    steps = {racer: [one["steps"] for one in about[racer, milestones[-1]]] for racer, s in about if s == milestones[-1]}
    yield f"\nSteps: {'; '.join(f'{racer} {min(n):.0f} to {max(n):.0f}' for racer, n in steps.items())}."
    yield "\n" + closing_text(made, learned, unseen)
