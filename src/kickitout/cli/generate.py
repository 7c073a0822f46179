"""Make kicks: one file a seed, named by its seed, with its recipe inside.

kick generate -n 16                     16 kicks from the model in the package, into kicks/
kick generate --seeds 7,40-47 -o out/   chosen seeds
kick generate -n 8 --model runs/a       from a model of your own
kick generate -n 4 --note F1 --decay 280ms --click -20dB    kicks with these targets, and their errors
kick generate -n 4 --note A1 --steady   kicks that are heard as that note: of those that glide another one is tried
kick generate -n 8 --style 808          from one of the model's styles (kick styles lists them)
kick generate -n 8 --length 2s          kicks that ring as long as they ring, for 2 s at most
kick generate -n 4 --pitch-curve "0:220 60:F1 400:48" --level-curve "0:0 300:-20"    kicks that follow curves
kick generate -n 4 --decay 280ms --tolerance decay=2% --tries 100    nearer, and longer until it is met
kick generate -n 64 --reject-outliers   resamples kicks out of the range of what the model learned from
kick generate -n 1000000 --shards 10000 -o set/             tar files of 10000 kicks with their cards (docs/scale.md)
"""

from __future__ import annotations

import argparse
import sys
import time
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import kickitout
from kickitout.cli.curves import add_curves, points_text, read_curves
from kickitout.cli.options import (
    add_format,
    add_length,
    add_model,
    add_rejection,
    add_style,
    add_workers,
    format_of,
    length_of,
    read_workers,
    workers_said,
)
from kickitout.cli.progress import Counter, print_made, say_rejected
from kickitout.cli.targets import TargetTally, add_request, read_request
from kickitout.cli.values import MOST_IN_A_COMMAND, positive, seeds
from kickitout.errors import UserError, count

if TYPE_CHECKING:
    from kickitout.workers import Workers

HELP = "make kicks"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-n", type=positive, default=None, help="how many kicks (default 16)")
    parser.add_argument("--seed", type=int, default=None, help="the first seed; the others follow it (default 0)")
    parser.add_argument("--seeds", type=seeds, default=None, help="exactly these seeds, for instance 0-7,42")
    add_model(parser)
    add_style(parser)
    add_request(parser)
    add_curves(parser)
    add_rejection(parser)
    add_length(parser)
    parser.add_argument("-o", "--out", type=Path, default=Path("kicks"), help="folder for the files (default kicks/)")
    add_format(parser)
    parser.add_argument("--shards", type=positive, default=None, metavar="N", help="tar files of N kicks each")
    parser.add_argument("--no-cards", action="store_true", help="leave the kick cards out of the shards")
    parser.add_argument("-q", "--quiet", action="store_true", help="do not print the name of each file")
    parser.add_argument("--threads", type=positive, default=None, help="of this one process (default: all cores)")
    add_workers(parser, "processes of one thread each (shards: by default one a core)")


def run(args: argparse.Namespace) -> int:
    if args.shards is not None and read_curves(args) is not None:
        raise UserError("--shards: of kicks as seeds have them; curves are drawn over kicks in files of their own")
    bulk = args.shards is not None or workers_said(args)
    if args.seeds is not None and (args.n is not None or args.seed is not None):
        raise UserError("--seeds says exactly which kicks; leave out -n and --seed, or give them without --seeds")
    if args.shards is not None and args.n is None:
        raise UserError("--shards: packs many kicks whose seeds follow each other; say how many with -n")
    if args.shards is not None and args.force:
        raise UserError("--force: shards that are there are whole, and kept; another folder, or none, begins anew")
    if args.no_cards and args.shards is None:
        raise UserError("--no-cards: leaves the cards out of shards; files have none")
    if args.threads is not None and bulk:
        raise UserError("--threads: of one process; --workers says how many there are, each with one thread")
    with read_workers(args) if bulk else nullcontext() as workers:
        return _write_shards(args, workers) if args.shards is not None and workers else _write_files(args, workers)


def _job(args: argparse.Namespace) -> dict[str, Any]:
    """What to generate, as `generation_job` and `shard_folder` take it."""
    what = {"model": args.model, "targets": read_request(args), "reject_outliers": args.reject_outliers}
    return what | {"style": args.style} | length_of(args) | format_of(args)


def _write_files(args: argparse.Namespace, workers: Workers | None) -> int:
    """A file a seed; in this process where there are no workers."""
    n, first = args.n or 16, args.seed or 0
    if n > MOST_IN_A_COMMAND:
        raise UserError(
            f"-n {n}: at most {MOST_IN_A_COMMAND:,} files in one command; --shards puts more into fewer files"
        )
    seeds = args.seeds if args.seeds is not None else range(first, first + n)
    job = kickitout.generation_job(args.out, curves=read_curves(args), **_job(args))
    rejection = job.rejection()
    began, since, done, targets = time.perf_counter(), time.time(), 0, TargetTally(others=True)
    written = job.write(seeds, rejection=rejection, workers=workers, threads=args.threads, force=args.force)
    try:
        for path, answer in written:
            done += 1
            told = ""
            if isinstance(answer, tuple):
                told = f"  {points_text(answer)}"
            elif answer is not None:
                told = f"  {targets.add(path.stem, answer, path)}".rstrip()
            if not args.quiet:
                print_made(f"{path}{told}")
    except KeyboardInterrupt:
        written.close()  # kicks that are being written are finished
        if workers:
            workers.close()
        there = job.written_since(since, seeds)
        print(f"{there} of {count(len(seeds), job.word)} are in {args.out}, whole", file=sys.stderr)
        raise
    print(f"{count(done, job.word)} in {_speed(done, began)} in {args.out}", file=sys.stderr)
    targets.say()
    if rejection is not None:
        say_rejected(rejection)
    return 0


def _speed(made: int, began: float) -> str:
    seconds = time.perf_counter() - began
    pace = f"{made / seconds:.0f} a second" if made >= seconds else f"{seconds / max(made, 1):.1f} s each"
    return f"{seconds:.2f} s ({pace})"


def _write_shards(args: argparse.Namespace, workers: Workers) -> int:
    first = args.seed or 0
    seeds = range(first, first + args.n)
    folder = kickitout.shard_folder(args.out, seeds, args.shards, cards=not args.no_cards, **_job(args))
    rejection = folder.work.job.rejection()
    began, kicks, shards, before = time.perf_counter(), 0, 0, folder.kicks_there()
    made = folder.write(workers, lambda text: print(f"kick: {text}", file=sys.stderr))
    with Counter("making", "kicks") as progress:
        try:
            for shard, tally in made:
                kicks, shards = kicks + shard.kicks, shards + 1
                if rejection is not None:
                    rejection.tally.join(tally)
                if not args.quiet:
                    progress.print(str(args.out / shard.name))
                progress(min(before + kicks, args.n), args.n, made=kicks)
        except KeyboardInterrupt:
            made.close()
            workers.close()
            there = f"{folder.kicks_there()} of {count(args.n, 'kick')} are in {args.out}"
            print(f"{there}, in whole shards; the same command goes on", file=sys.stderr)
            raise
    all_of = f"{count(args.n, 'kick')} in {count(len(folder), 'shard')} in {args.out}"
    rate = f"{count(kicks, 'kick')} made in {_speed(kicks, began)}" if kicks else ""
    kept = f"{count(len(folder) - shards, 'shard')} there before" if shards < len(folder) else ""
    print("; ".join(part for part in (all_of, rate, kept) if part), file=sys.stderr)
    if rejection is not None and kicks:
        say_rejected(rejection)
    return 0
