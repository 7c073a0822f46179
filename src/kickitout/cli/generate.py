"""Make kicks: one file a seed, named by its seed, with what re-makes it inside.

kick generate -n 16                     16 kicks from the model in the package, into kicks/
kick generate --seeds 7,40-47 -o out/   chosen seeds
kick generate -n 8 --model runs/a       from a model of your own
kick generate -n 4 --note F1 --decay 280ms --click -20dB    kicks that measure so, with the error
kick generate -n 64 --gate              drawn again where they are unlike what the model learned from
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

NAME, HELP = "generate", "make kicks"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from kickitout.cli.gate import add_gate
    from kickitout.cli.request import add_request
    from kickitout.cli.values import many, positive, seeds

    parser.add_argument("-n", type=many, default=None, help="how many kicks (default 16)")
    parser.add_argument("--seed", type=int, default=None, help="the first seed; the others follow it (default 0)")
    parser.add_argument("--seeds", type=seeds, default=None, help="exactly these seeds, for instance 0-7,42")
    parser.add_argument("--model", default="default", help="a run folder, a model file, or 'default'")
    add_request(parser)
    add_gate(parser)
    parser.add_argument("-o", "--out", type=Path, default=Path("kicks"), help="folder for the files (default kicks/)")
    parser.add_argument("--format", choices=("wav", "flac"), default="wav")
    parser.add_argument("--bits", choices=("16", "24", "32f"), default="24", help="sample format (default 24)")
    parser.add_argument("--rate", type=int, default=44_100, help="sample rate in Hz, 8000 to 192000 (default 44100)")
    parser.add_argument("--threads", type=positive, default=None, help="default: all cores")
    parser.add_argument("--force", action="store_true", help="replace files that are there")
    parser.add_argument("-q", "--quiet", action="store_true", help="do not print the name of each file")


def run(args: argparse.Namespace) -> int:
    from kickitout.cli.gate import say_gate
    from kickitout.cli.request import answer_text, read_request
    from kickitout.cli.values import count
    from kickitout.errors import UserError
    from kickitout.export.sounds import SoundFormat, write_kicks, written_since
    from kickitout.generation.ask import Answer
    from kickitout.generation.gate import Gate
    from kickitout.generation.load import load_model

    if args.seeds is not None and (args.n is not None or args.seed is not None):
        raise UserError("--seeds says exactly which kicks; leave out -n and --seed, or give them without --seeds")
    first = args.seed or 0
    seeds = args.seeds if args.seeds is not None else range(first, first + (args.n or 16))
    form = SoundFormat(args.format, args.bits, args.rate)
    model = load_model(args.model)
    request = read_request(args)
    gate = Gate.of(model) if args.gate else None
    lines: dict[int, str] = {}

    def told(seed: int, answer: Answer) -> None:
        lines[seed] = answer_text(answer)

    began, since, done = time.perf_counter(), time.time(), 0
    made = write_kicks(
        model, seeds, args.out, form, request=request, told=told, gate=gate, force=args.force, threads=args.threads
    )  # fmt: skip
    try:
        for path in made:
            done += 1
            if not args.quiet:
                said = lines.pop(seeds[done - 1], "")
                print(f"{path}  {said}" if said else path)
    except KeyboardInterrupt:
        made.close()  # kicks that are being written are finished
        there = written_since(since, args.out, seeds, form)
        print(f"{there} of {count(len(seeds), 'kick')} are in {args.out}, whole", file=sys.stderr)
        raise
    seconds = time.perf_counter() - began
    print(f"{count(done, 'kick')} in {seconds:.2f} s ({done / seconds:.0f} a second) in {args.out}", file=sys.stderr)
    if gate is not None:
        say_gate(gate)
    return 0
