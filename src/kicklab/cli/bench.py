"""Measure this machine: kicks made and measured a second, folders checked, sets scored, training steps, Griffin-Lim.

kick bench                  everything that is installed
kick bench generation       only the model in the package, without torch
kick bench card             only the kick card of rendered kicks
kick bench check -n 10000   kick check of so many rendered files, the first time and again
kick bench score            kick score of so many rendered kicks against half as many
"""

from __future__ import annotations

import argparse
import statistics
from importlib.util import find_spec

from kickitout.cli.progress import Counter
from kickitout.cli.values import positive
from kickitout.cpus import usable_cpus
from kickitout.errors import UserError, count
from kicklab.cli import need_lab

HELP = "measure this machine"
LIGHT = ("generation", "card", "check", "score")  # parts without torch


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)} (default all)")
    parser.add_argument("--model", default="default", help="a run folder, a model file, or 'default'")
    parser.add_argument("-n", type=positive, default=1000, help="kicks to make, measure or check (default 1000)")
    parser.add_argument("--config", action="append", default=None, help="configs to train (default dcgan, kickae)")
    parser.add_argument("--no-compile", action="store_true", help="leave out the compiled steps")
    parser.add_argument("--threads", type=positive, default=None, help="of the card and of torch (default all cores)")


def run(args: argparse.Namespace) -> int:
    unknown = [part for part in args.parts if part not in PARTS]
    if unknown:
        raise UserError(f"{unknown[0]}: not a part of the bench; parts are {', '.join(PARTS)}")
    asked = args.parts or (PARTS if find_spec("torch") else LIGHT)
    for part in (part for part in PARTS if part in asked):
        if part not in LIGHT:
            need_lab(f"kick bench {part}")
            import torch

            torch.set_num_threads(args.threads or torch.get_num_threads())
        PARTS[part](args)
    return 0


def _generation(args: argparse.Namespace) -> None:
    from kickitout.generation.load import load_model
    from kicklab.benches.generation import MEMORY, bench_generation

    f = bench_generation(load_model(args.model), args.model, args.n)
    turns = len(f.starts)
    print(f"generation, model {args.model}, {count(usable_cpus(), 'core')}; {turns} turns of {count(f.kicks, 'kick')}")
    print(
        "medians of turns, and of ratios within a turn; in brackets by processor time, which other work slows down less"
    )
    print(f"one thread had {100 * f.share_of_a_core:.0f} % of a core, other work the rest")
    print(f"  {'':32s}{'kicks/s':>8s}{'ms of processor':>17s}{'of in memory':>16s}{'of one thread':>15s}")
    for way, threads in f.rates:
        r = f.median(way, threads)
        known = r.cpu_ms == r.cpu_ms  # not NaN
        cpu = f"{r.cpu_ms:.2f}" if known else ""
        kept = "" if way == MEMORY else _shares(*f.of_memory(way, threads), known=known)
        gained = f"{f.of_one_thread(way, threads):.2f}" if threads > 1 else ""
        label = f"{way}, {count(threads, 'thread')}"
        print(f"  {label:32s}{r.per_second:8.0f}{cpu:>17s}{kept:>16s}{gained:>15s}".rstrip())
    alone, libraries = (statistics.median(start[k] for start in f.starts) for k in range(2))
    ratio = statistics.median(a / b for a, b in f.starts)
    beside = f"{ratio:.2f} times the import of numpy and ONNX Runtime ({libraries:.2f} s)"
    print(f"  {'kick generate -n 1, cold':32s}{alone:8.2f} s, {beside}")
    print(f"  {'resident at most, 64 kicks':32s}{f.resident_mb:8.0f} MB")
    if f.mflop == f.mflop:  # not NaN
        print(f"  {'arithmetic of its graph':32s}{f.mflop:8.1f} MFLOP a kick")
        for threads in f.threads:
            rate = statistics.median(turn[0] for turn in f.products[threads])
            reached = f"{_shares(*f.of_products(threads)):>11s} of the {rate:.0f} GFLOP/s of a matrix product"
            label = f"reached, {count(threads, 'thread')}"
            print(f"  {label:32s}{reached}", flush=True)
    if f.shares:
        print(f"  {'time of its graph':32s}{', '.join(f'{100 * v:.0f} % {k}' for k, v in f.shares.items()):>11s}")
    for what, ms in f.beside.items():
        print(f"  {what:40s}{ms:6.2f} ms of processor time")


def _shares(clock: float, cpu: float, *, known: bool = True) -> str:
    return f"{100 * clock:.0f} %" + (f" ({100 * cpu:.0f} %)" if known else "")


def _card(args: argparse.Namespace) -> None:
    from kicklab.benches.generation import bench_cards

    print(f"kick card, {count(args.n, 'rendered kick')}, {count(usable_cpus(), 'core')}, best of 5")
    for f in bench_cards(args.n, args.threads):
        label = count(f.threads, "thread")
        print(f"  {label:24s}  {f.per_second:8.0f} kicks/s  {f.cpu_ms:6.2f} ms of processor time a kick", flush=True)


def _check(args: argparse.Namespace) -> None:
    from kicklab.benches.doctor import bench_check

    with Counter("measuring", "files") as progress:
        f = bench_check(args.n, progress)
    print(f"kick check, {count(f.files, 'rendered file')} of mixed formats and rates, {count(f.cores, 'core')}")
    print(f"  the first time        {f.cold.wall:8.1f} s, {f.cold.cpu:.1f} s of processor time")
    print(f"  again, from the cache {f.cached.wall:8.1f} s, {f.cached.cpu:.1f} s")
    print(f"  {f.taken} taken, {f.groups} different", flush=True)


def _score(args: argparse.Namespace) -> None:
    from kicklab.benches.scoring import bench_score

    f = bench_score(args.n)
    print(f"kick score, {f.generated} rendered kicks against {f.real}, copies sought, both embeddings")
    print(f"  {f.scores} scores with intervals  {f.wall:8.1f} s, {f.cpu:.1f} s of processor time", flush=True)


def _griffin_lim(args: argparse.Namespace) -> None:
    import torch

    from kickitout.synthesis.procedural import synthesise
    from kicklab.benches.griffin_lim import griffin_lim_benchmark

    f = griffin_lim_benchmark(torch.from_numpy(synthesise(range(16))[0]))
    print(f"Griffin-Lim, {f.kicks} rendered kicks, medians; errors: log-spectral distance and spectral convergence")
    for name, ms, lsd, convergence in (
        (f"this project, {f.iterations} iterations", f.ms, f.lsd_db, f.convergence_db),
        (f"NumPy, {f.reference_iterations} iterations", f.reference_ms, f.reference_lsd_db, f.reference_convergence_db),
    ):
        print(f"  {name:30s} {ms:8.1f} ms a kick   {lsd:5.2f} dB   {convergence:6.1f} dB")
    print(f"  {f.reference_ms / f.ms:.0f} times faster", flush=True)


def _training(args: argparse.Namespace) -> None:
    import torch

    from kicklab.benches.flops import matmul_peak
    from kicklab.benches.training import WAYS, bench_training

    threads = torch.get_num_threads()
    peak = matmul_peak(threads)
    print(f"training, {count(threads, 'thread')}, matrix multiplication {peak:.0f} GFLOP/s", flush=True)
    for name in args.config or ["dcgan", "kickae"]:
        for way in WAYS[:-1] if args.no_compile else WAYS:
            f = bench_training(name, way)
            print(
                f"  {f.config:12s} {f.way:14s} batch {f.batch:4d}  step {1000 * f.step_seconds:7.0f} ms  "
                f"{f.kicks_per_second:7.1f} kicks/s  (first step {f.first_seconds:.1f} s)",
                flush=True,
            )


PARTS = {
    "generation": _generation, "card": _card, "check": _check, "score": _score, "griffin-lim": _griffin_lim,
    "training": _training,
}  # fmt: skip
