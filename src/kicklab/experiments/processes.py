"""One process against two on one run: the same losses? And how much faster?

    kick lab measure processes [--steps 24] [--config kickae dcgan]

Rendered kicks. Speed is the median from the third step on, from report to report; losses are those of the reports: of
the first three steps, and then the means of ten. It wants a quiet machine.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from kickitout.errors import UserError
from kicklab.markdown import markdown_table

RENDERED = 64
PROCESS_WAYS = (("1 process, 1 thread", 1, 1), ("1 process, 2 threads", 1, 2), ("2 processes, 1 thread each", 2, 1))
TOY_SETTINGS = {
    "kickae": ["start=none", "variants=0", "least_rows=0"],
    "dcgan": ["model.channels=128", "batch=32"],
    "wavegan": ["model.dim=8", "batch=8"],
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--steps", type=int, default=24)
    parser.add_argument("--config", nargs="+", choices=sorted(TOY_SETTINGS), default=["kickae", "dcgan", "wavegan"])


def run(args: argparse.Namespace) -> Iterator[str]:
    head = ["config, batch", "way", "kicks/s", "against one", f"reported losses of {args.steps} steps differ by"]
    yield from markdown_table(head, compared_ways(args.config, args.steps), "llr")
    yield (
        "\nDifferences are relative to the loss. They begin at the rounding of float32, 1e-7, and grow with each step: "
        "sums over a batch are taken in another order."
    )


def compared_ways(configs: Sequence[str], steps: int) -> Iterator[list[str]]:
    """Each config each way, against the first."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        subprocess.run([sys.executable, "-m", "kickitout", "synth", "-n", str(RENDERED), "-o", str(folder / "kicks")],
                       check=True, capture_output=True)  # fmt: skip
        for config in configs:
            rows = [trained(folder, config, processes, threads, steps) for _, processes, threads in PROCESS_WAYS]
            first = rows[0]
            for (way, _, _), (rate, batch, losses) in zip(PROCESS_WAYS, rows, strict=True):
                apart = "" if losses is first[2] else f"{difference(first[2], losses):.1e}"
                ratio = "" if losses is first[2] else f"{rate / first[0]:.2f} times"
                yield [f"{config}, {batch}", way, f"{rate:.1f}", ratio, apart]


def trained(
    folder: Path, config: str, processes: int, threads: int, steps: int
) -> tuple[float, int, list[dict[str, float]]]:
    """Kicks a second, batch, and the losses of every step that was reported."""
    out = folder / f"{config}-{processes}-{threads}"
    settings = [f"--set={s}" for s in (*TOY_SETTINGS[config], "monitor.every=1000000", "monitor.sounds=8")]
    launch = ["torch.distributed.run", "--standalone", f"--nproc-per-node={processes}", "-m"] if processes > 1 else []
    command = [
        sys.executable, "-m", *launch, "kickitout", "train", str(folder / "kicks"), "--config", config,
        "--out", str(out), "--device", "cpu", "--threads", str(threads), "--steps", str(steps), *settings,
    ]  # fmt: skip
    env = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    ran = subprocess.run(command, capture_output=True, text=True, env=env)
    if ran.returncode:
        raise UserError(f"{config}: {ran.stderr.strip()}")
    entries = [json.loads(line) for line in (out / "stats.jsonl").read_text("utf-8").splitlines()]
    reports = [e for e in entries if e["kind"] == "losses"]
    pace = [(b["step"] - a["step"]) / (b["seconds"] - a["seconds"]) for a, b in pairwise(reports[2:])]
    batch = json.loads((out / "config.json").read_text("utf-8"))["batch"]
    return (
        statistics.median(pace) * batch,
        batch,
        [{k: v for k, v in e.items() if k.startswith("loss/")} for e in reports],
    )


def difference(one: list[dict[str, float]], two: list[dict[str, float]]) -> float:
    """The largest relative difference of two runs' losses; of a loss near 0, relative to 0.01."""
    return max(abs(a[k] - b[k]) / max(abs(a[k]), 0.01) for a, b in zip(one, two, strict=True) for k in a)
