"""Memory over a long training run and over many generated kicks: a leak shows as growth between the marks.

    python tools/long_runs.py [--steps 10000] [--kicks 100000] [--only training generation] [--config NAME ...]

Training is a toy of each task (a critic against a generator, and KickAE), with snapshots and reports, on rendered
kicks; generation is the model in the package, each kick encoded as it would be written. Linux only: it reads /proc.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1] / "tests")]
MARKS = 10  # a tenth of the way each


def resident_mb() -> float:
    """What the process holds now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument("--kicks", type=int, default=100_000)
    parser.add_argument("--only", nargs="+", choices=("training", "generation"), default=("training", "generation"))
    parser.add_argument("--config", nargs="+", default=("dcgan-bands", "kickae"))
    args = parser.parse_args()
    print("| what | at a tenth of the way | half way | at the end | growth after the first tenth | minutes |")
    print("|---|--:|--:|--:|--:|--:|")
    if "generation" in args.only:
        show(f"{args.kicks:,} kicks generated and encoded", *generation(args.kicks))
    if "training" in args.only:
        for config in args.config:
            show(f"{args.steps:,} steps of {config}, toy size, with snapshots", *training(config, args.steps))
    return 0


def show(what: str, marks: list[float], seconds: float) -> None:
    growth = f"{marks[-1] - marks[0]:+.1f} MB"
    cells = (what, *(f"{marks[i]:.0f} MB" for i in (0, MARKS // 2 - 1, -1)), growth, f"{seconds / 60:.1f}")
    print("|", " | ".join(cells), "|", flush=True)


def generation(count: int) -> tuple[list[float], float]:
    from kickitout.export.sounds import SoundFormat, encode_kick
    from kickitout.generation.generate import generate_kicks
    from kickitout.generation.load import load_model

    model, form, marks, began = load_model("default"), SoundFormat(), [], time.monotonic()
    for i, _ in enumerate(
        (encode_kick(kick.recipe, kick.wave, form) for kick in generate_kicks(range(count), model)), 1
    ):
        if i % (count // MARKS) == 0:
            marks.append(resident_mb())
    return marks, time.monotonic() - began


def training(name: str, steps: int) -> tuple[list[float], float]:
    import torch
    from toy import toy, toy_dataset

    from kickitout.training.budget import Until
    from kickitout.training.config import load_config
    from kickitout.training.loop import Report
    from kickitout.training.session import train

    torch.set_num_threads(1)
    marks, began = [], time.monotonic()

    def watch(report: Report) -> None:
        if report.step and report.step % (steps // MARKS) == 0 and not report.event:
            marks.append(resident_mb())

    with tempfile.TemporaryDirectory() as place:
        dataset = toy_dataset(Path(place) / "kicks")
        changes = [*toy(name), f"monitor.every={max(steps // 20, 1)}", "monitor.on_trouble=warn"]
        train(dataset, load_config(name, changes), Path(place) / "run", Until(steps=steps), watch=watch, export=False)
    return marks, time.monotonic() - began


if __name__ == "__main__":
    sys.exit(main())
