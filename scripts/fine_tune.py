"""Train on from the model in the package and from scratch, with equal processor time, and print who is nearer when.

    OMP_NUM_THREADS=1 python scripts/fine_tune.py DATA... [--minutes 1,2,4,8,15,20] [--seeds 2] [--runs build/fine_tune]

A quarter of the groups of DATA is held out; both ways learn from the others by the config `kickgan`, one with
`start: default`, one with `start: none`, on one thread. Minutes are of the processor, so a busy machine changes
nothing. Ctrl-C saves, and the same command goes on. It costs the last milestone times two times the seeds, and some
minutes of scoring; `--only tuned` and `--only scratch` train in two processes at once; the command without them then
scores. `--alone scratch` runs one way and scores it: what a model of DATA is worth, where the model in the package has
heard a part of DATA. At 0 minutes one has its weights and the new kicks' latents, the other knows nothing.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

HELD_OUT, HELD_OUT_SEED = 0.25, 1  # another seed than a run's own split, so that the two do not nest


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="+", type=Path)
    parser.add_argument("--minutes", default="1,2,4,8,15,20", help="milestones, with commas (default 1,2,4,8,15,20)")
    parser.add_argument("--seeds", type=int, default=2, help="runs of each way (default 2)")
    parser.add_argument("-n", type=int, default=512, help="sounds at each milestone (default 512)")
    parser.add_argument("--start", default="default", help="the model to begin with (default 'default')")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="another setting, of both ways")
    parser.add_argument("--runs", type=Path, default=Path("build/fine_tune"), help="folder for the trainings")
    one = parser.add_mutually_exclusive_group()
    one.add_argument("--only", choices=("tuned", "scratch"), help="run one of the two ways, and print nothing")
    one.add_argument("--alone", choices=("tuned", "scratch"), help="run one of the two ways, and print its scores")
    args = parser.parse_args(argv)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    import torch

    from kickitout.datasets.build import read_dataset, split
    from kickitout.metrics.embeddings import DEFAULTS
    from kickitout.training.loop import Report
    from kicklab.experiments import race as racing
    from kicklab.experiments.race import SCRATCH, TUNED, Race

    torch.set_num_threads(1)
    milestones = tuple(sorted({0.0, *(60 * float(m) for m in args.minutes.split(","))}))
    race = Race(args.runs, milestones, tuple(range(args.seeds)), args.n, args.start, tuple(args.set))
    dataset = read_dataset(args.data)
    train, test = split(dataset, HELD_OUT, HELD_OUT_SEED)
    learned, unseen = dataset.take(train), dataset.take(test)

    def watch(name: str, report: Report) -> None:
        if report.step % 50 == 0 or report.event:
            text = report.event or f"{report.kicks_per_second:.0f} kicks/s"
            print(f"{name}: step {report.step}, {report.seconds / 60:.1f} min, {text}", file=sys.stderr, flush=True)

    single = args.only or args.alone
    racers = (single,) if single else (TUNED, SCRATCH)
    if not racing.run_race(race, learned, watch, racers=racers):
        print("everything is saved; the same command goes on from here", file=sys.stderr)
        return 130
    if args.only:
        return 0
    made, about = racing.read_race(race, racers)
    groups = [len({row.group for row in part.rows}) for part in (learned, unseen)]
    last = [about[key][0] for key in sorted(about) if key[1] == milestones[-1]]
    print(
        f"{len(learned)} kicks of {groups[0]} groups to learn from ({last[0]['kicks']:.0f} of them without the "
        f"monitor's; {last[0]['rows']:.0f} rows with their variants), {len(unseen)} of {groups[1]} groups held "
        f"out; seeds 0 to {args.seeds - 1}, {args.n} sounds of each, one thread. Scores are against the held-out "
        f"kicks, 95 % intervals over groups and sounds in brackets."
    )
    if not args.alone:
        print("Energy distances, lower is better; behind the interval the value of each seed.")
        for embedding in DEFAULTS:
            floor = racing.real_vs_real(learned, unseen, embedding)
            print("\n" + racing.race_text(racing.score_race(made, unseen, embedding), embedding.name, floor))
    steps = {racer: [one["steps"] for one in about[racer, milestones[-1]]] for racer, s in about if s == milestones[-1]}
    print(f"\nSteps: {'; '.join(f'{racer} {min(n):.0f} to {max(n):.0f}' for racer, n in steps.items())}.")
    print("\n" + racing.closing_text(made, learned, unseen))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
