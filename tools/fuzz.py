"""Hostile input for a part of the program, for as long as you like.

    python tools/fuzz.py --target audio|model|recipe|api|kit|all --minutes 10 [--seed 0]
    python tools/fuzz.py --target audio --minutes 10 --atheris    guided by coverage (pip install atheris)

Prints runs a second, different outcomes, and each bug once with a minimised input that shows it. Ends with 1 when there
are any. The same seed tries the same inputs, in the same order, for as long as there is time.
"""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import os
import random
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parents[1] / "tests"
sys.path[:0] = [str(TESTS / "fuzz"), str(TESTS)]
NAMES = ("audio", "model", "recipe", "api", "kit")
STUCK = 60  # seconds after which one input is too slow, and the program says where it is


def with_atheris(name: str, minutes: float, seed: int) -> None:
    """libFuzzer's loop on the instrumented package; it ends the process itself."""
    import atheris

    with atheris.instrument_imports(include=["kickitout"]):
        from targets import TARGETS

        target = TARGETS[name]
        seeds = target.seeds()
        for data in seeds:
            target.once(data)
    from mutate import mutated

    def change(data: bytes, size: int, number: int) -> bytes:
        rng = random.Random(number)
        if not data or rng.random() < 0.1:
            data = rng.choice(seeds)
        return mutated(data, seeds, rng)[:size] if rng.random() < 0.7 else atheris.Mutate(data, size)

    options = [f"-max_total_time={round(60 * minutes)}", f"-seed={seed + 1}", "-max_len=65536", f"-timeout={STUCK}"]
    atheris.Setup([sys.argv[0], *options, "-rss_limit_mb=4096"], lambda data: target.once(data) and None,
                  custom_mutator=change)  # fmt: skip
    atheris.Fuzz()


def alone(names: tuple[str, ...], minutes: float, seed: int) -> int:
    """The engine of the tests."""
    from engine import fuzz, minimised
    from targets import TARGETS

    print("| target | runs | a second | outcomes | slowest | bugs |")
    print("|---|---|---|---|---|---|")
    bugs = 0
    for name in names:
        found = fuzz(name, seed, seconds=60 * minutes)
        rate, bugs = found.runs / found.seconds, bugs + len(found.bugs)
        slow = f"{1000 * found.slowest:.0f} ms"
        row = (name, found.runs, f"{rate:.0f}", found.outcomes, slow, len(found.bugs))
        print("|", " | ".join(map(str, row)), "|", flush=True)
        for where, (data, how) in found.bugs.items():
            small = minimised(data, TARGETS[name], where) if len(data) < 100_000 else data
            print(f"{name}: {where}\n{how}input: {small[:2000]!r}", file=sys.stderr, flush=True)
    return 1 if bugs else 0


def at_once(names: tuple[str, ...], minutes: float, seed: int) -> int:
    """Each target in a process of its own."""
    command = [sys.executable, __file__, "--minutes", str(minutes), "--seed", str(seed), "--target"]
    running = [subprocess.Popen([*command, name], stdout=subprocess.PIPE, text=True) for name in names]
    texts = [process.communicate()[0].splitlines() for process in running]
    print("\n".join([*texts[0][:2], *(line for text in texts for line in text[2:])]))
    return max(process.returncode for process in running)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", choices=(*NAMES, "all"), default="all")
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--atheris", action="store_true", help="guided by coverage, one target")
    parser.add_argument("--at-once", action="store_true", help="all targets at the same time")
    args = parser.parse_args()
    if args.at_once:
        return at_once(NAMES if args.target == "all" else (args.target,), args.minutes, args.seed)
    said = os.fdopen(os.dup(2), "w")
    faulthandler.enable(said)
    if not args.atheris:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # decoders in C have a note on every damaged file
        sys.stderr = said
    if args.atheris:
        if args.target == "all":
            parser.error("--atheris takes one --target")
        with_atheris(args.target, args.minutes, args.seed)
    with contextlib.suppress(ImportError):
        import torch

        torch.set_num_threads(1)
    return alone(NAMES if args.target == "all" else (args.target,), args.minutes, args.seed)


if __name__ == "__main__":
    sys.exit(main())
