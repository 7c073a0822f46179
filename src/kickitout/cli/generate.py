"""Make kicks: one file a seed, named by its seed, with its recipe inside.

kick generate -n 16                     16 kicks from the model in the package, into kicks/
kick generate --seeds 7,40-47 -o out/   chosen seeds
kick generate -n 8 --model runs/a       from a model of your own
kick generate -n 4 --note F1 --decay 280ms --click -20dB    kicks with these targets, and their errors
kick generate -n 64 --reject-outliers   resamples kicks out of the range of what the model learned from
kick generate -n 1000000 --shards 10000 -o set/             tar files of 10000 kicks with their cards (docs/scale.md)
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Generator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kickitout.export.sounds import GenerationJob
    from kickitout.generation.match import MatchResult
    from kickitout.generation.model import Model
    from kickitout.generation.reject import OutlierRejection
    from kickitout.workers import Workers

HELP = "make kicks"
CHUNK = 32  # kicks that a worker is sent at a time


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from kickitout.cli.reject import add_rejection
    from kickitout.cli.targets import add_request
    from kickitout.cli.values import add_pre_roll, positive, seeds, whole_hz
    from kickitout.cli.workers import add_workers

    parser.add_argument("-n", type=positive, default=None, help="how many kicks (default 16)")
    parser.add_argument("--seed", type=int, default=None, help="the first seed; the others follow it (default 0)")
    parser.add_argument("--seeds", type=seeds, default=None, help="exactly these seeds, for instance 0-7,42")
    parser.add_argument("--model", default="default", help="a run folder, a model file, or 'default'")
    add_request(parser)
    add_rejection(parser)
    parser.add_argument("-o", "--out", type=Path, default=Path("kicks"), help="folder for the files (default kicks/)")
    parser.add_argument("--format", choices=("wav", "flac"), default="wav")
    parser.add_argument("--bits", choices=("16", "24", "32f"), default="24", help="sample format (default 24)")
    parser.add_argument("--rate", type=whole_hz, default=44_100, help="Hz, 8000 to 192000 (default 44100)")
    add_pre_roll(parser)
    parser.add_argument("--shards", type=positive, default=None, metavar="N", help="tar files of N kicks each")
    parser.add_argument("--no-cards", action="store_true", help="leave the kick cards out of the shards")
    parser.add_argument("--force", action="store_true", help="replace files that are there")
    parser.add_argument("-q", "--quiet", action="store_true", help="do not print the name of each file")
    parser.add_argument("--threads", type=positive, default=None, help="of this one process (default: all cores)")
    add_workers(parser, "processes of one thread each (shards: by default one a core)")


def run(args: argparse.Namespace) -> int:
    from kickitout.cli.workers import read_workers, workers_said
    from kickitout.errors import UserError

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
    if not bulk:
        return _files(args, None)
    with read_workers(args) as workers:
        return _shards(args, workers) if args.shards is not None else _files(args, workers)


def _files(args: argparse.Namespace, workers: Workers | None) -> int:
    """A file a seed; in this process where there are no workers."""
    from kickitout.cli.progress import print_made
    from kickitout.cli.reject import say_rejected
    from kickitout.cli.targets import answer_text
    from kickitout.cli.values import MOST_SOUNDS, count
    from kickitout.errors import UserError
    from kickitout.export.sounds import write_kicks, written_since

    n = args.n or 16
    if n > MOST_SOUNDS:
        raise UserError(f"-n {n}: at most {MOST_SOUNDS:,} files in one command; --shards puts more into fewer files")
    first = args.seed or 0
    seeds = args.seeds if args.seeds is not None else range(first, first + n)
    job, model, gate = _job(args)
    began, since, done = time.perf_counter(), time.time(), 0
    if workers:
        written = _written_by(workers, job, seeds, gate, args.force)
    else:
        how = {"targets": job.targets, "rejection": gate, "force": args.force, "threads": args.threads}
        written = write_kicks(model, seeds, args.out, job.form, **how)
    try:
        for path, match in written:
            done += 1
            if not args.quiet:
                print_made(f"{path}  {answer_text(match)}" if match else str(path))
    except KeyboardInterrupt:
        written.close()  # kicks that are being written are finished
        if workers:
            workers.close()
        there = written_since(since, args.out, seeds, job.form)
        print(f"{there} of {count(len(seeds), job.form.word)} are in {args.out}, whole", file=sys.stderr)
        raise
    seconds = time.perf_counter() - began
    print(
        f"{count(done, job.form.word)} in {seconds:.2f} s ({done / seconds:.0f} a second) in {args.out}",
        file=sys.stderr,
    )
    if gate is not None:
        say_rejected(gate)
    return 0


def _job(args: argparse.Namespace) -> tuple[GenerationJob, Model, OutlierRejection | None]:
    from kickitout.cli.targets import read_request
    from kickitout.export.sounds import GenerationJob, SoundFormat, word_of
    from kickitout.generation.load import load_model
    from kickitout.generation.reject import OutlierRejection

    form = SoundFormat(args.format, args.bits, args.rate, args.pre_roll)
    model = load_model(args.model)
    form = replace(form, word=word_of(model))
    gate = OutlierRejection.of(model) if args.reject_outliers else None
    limits = gate.limits if gate else None
    return GenerationJob(args.model, model.digest, args.out, form, read_request(args), limits), model, gate


def _written_by(
    workers: Workers, job: GenerationJob, seeds: Sequence[int], rejection: OutlierRejection | None, force: bool
) -> Generator[tuple[Path, MatchResult | None], None, None]:
    from kickitout.export.sounds import begin_files

    begin_files(seeds, job.folder, job.form, force=force)
    chunks = (seeds[i : i + CHUNK] for i in range(0, len(seeds), CHUNK))
    for _, (written, tally) in workers.each(job.write_files, chunks, in_order=True):
        if rejection is not None:
            rejection.tally.join(tally)
        yield from written


def _shards(args: argparse.Namespace, workers: Workers) -> int:
    from kickitout.cli.progress import Counter
    from kickitout.cli.reject import say_rejected
    from kickitout.cli.values import count
    from kickitout.export.shard_folder import ShardFolder
    from kickitout.export.shards import ShardWork

    first = args.seed or 0
    job, _, gate = _job(args)
    folder = ShardFolder(ShardWork(job, not args.no_cards), range(first, first + args.n), args.shards)
    began, kicks, shards, before = time.perf_counter(), 0, 0, folder.kicks_there()
    made = folder.write(workers, lambda text: print(f"kick: {text}", file=sys.stderr))
    with Counter("making", "kicks") as progress:
        try:
            for shard, tally in made:
                kicks, shards = kicks + shard.kicks, shards + 1
                if gate is not None:
                    gate.tally.join(tally)
                if not args.quiet:
                    progress.print(str(args.out / shard.name))
                progress(min(before + kicks, args.n), args.n, made=kicks)
        except KeyboardInterrupt:
            made.close()
            workers.close()
            there = f"{folder.kicks_there()} of {count(args.n, 'kick')} are in {args.out}"
            print(f"{there}, in whole shards; the same command goes on", file=sys.stderr)
            raise
    seconds = time.perf_counter() - began
    all_of = f"{count(args.n, 'kick')} in {count(len(folder), 'shard')} in {args.out}"
    rate = f"{count(kicks, 'kick')} made in {seconds:.2f} s ({kicks / seconds:.0f} a second)" if kicks else ""
    kept = f"{count(len(folder) - shards, 'shard')} there before" if shards < len(folder) else ""
    print("; ".join(part for part in (all_of, rate, kept) if part), file=sys.stderr)
    if gate is not None and kicks:
        say_rejected(gate)
    return 0
