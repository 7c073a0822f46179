"""Render kicks with the procedural synthesiser: sweeps, clicks, noise, drive, no model and no recordings.

kick synth -n 1000 -o rendered/
kick synth -n 100 --style 909 -o rendered/

Styles are 808, 909, acoustic, machine, techno, hard and lofi.
"""

from __future__ import annotations

import argparse
import csv
import os
from pathlib import Path

import kickitout
from kickitout.cli.values import many
from kickitout.errors import UserError, count
from kickitout.files import check_new_file, make_folder, write_whole

HELP = "render kicks with the procedural synthesiser"
COLUMNS = ["file", "source", "licence"]
SOURCE = ("kickitout procedural", "CC0-1.0")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-n", type=many, default=16, help="how many (default 16)")
    parser.add_argument("--seed", type=int, default=0, help="the first seed; the others follow it (default 0)")
    parser.add_argument("--style", default=None, help="one style for all (default: a mixture)")
    parser.add_argument("-o", "--out", type=Path, required=True, help="folder for the files")
    parser.add_argument("--force", action="store_true", help="replace files that are there")


def run(args: argparse.Namespace) -> int:
    import json
    from dataclasses import asdict

    from kickitout.sound import SAMPLE_RATE

    seeds = range(args.seed, args.seed + args.n)
    if args.out.is_dir() and not args.force:
        for seed in seeds:  # before anything is written
            check_new_file(args.out / _name(seed))
    index = args.out / "index.csv"
    names = dict.fromkeys(_stated(index, args.force))  # in their order, each once
    for seed in seeds:
        (wave,), (parameters,) = kickitout.synthesise([seed], args.style)  # one at a time: there may be millions
        comment = json.dumps({"kickitout": "procedural", "seed": seed, "parameters": asdict(parameters)})
        path = make_folder(args.out) / _name(seed)  # a seed or style that is none leaves no folder
        kickitout.write_sound(path, wave, SAMPLE_RATE, bits="24", comment=comment, force=args.force)
        names[path.name] = None
    rows = [COLUMNS, *([name, *SOURCE] for name in names)]
    write_whole(index, "".join(f"{','.join(row)}\r\n" for row in rows).encode())
    print(f"{count(args.n, 'kick')} in {args.out}")
    return 0


def _name(seed: int) -> str:
    return f"synth_{seed:06d}.wav"


def _stated(index: Path, force: bool) -> list[str]:
    """The files that an index.csv of this command names. Raises UserError for one of somebody else, unless it is to be
    replaced."""
    if not os.path.lexists(index):
        return []
    try:
        head, *rows = csv.reader(index.read_text("utf-8").splitlines()) if index.is_file() else [[]]
        ours = head == COLUMNS and all(tuple(said) == SOURCE for _, *said in rows)
    except (OSError, ValueError, csv.Error):
        ours = False
    if ours:
        return [name for name, *_ in rows]
    if force:
        return []
    raise UserError(f"{index}: says where other sounds are from; choose another folder, or replace it with --force")
