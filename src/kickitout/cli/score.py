"""Score generated kicks against real ones: distances, coverage, spectra, cards, copies, with 95 % intervals.

kick score kicks/ --against my-kicks/                     a folder of sounds
kick score default --against my-kicks/ -n 512             kicks of the model in the package
kick score runs/a --against unseen/ --train my-kicks/     of a run, and whether it copies what it learned from
kick score default --against my-kicks/ --embedding clap.onnx --embedding-rate 48000     in an embedding of your own

An embedding of your own is an ONNX graph: waveforms, float32 [B, T], to points, float32 [B, D]; docs/embeddings.md says
what is done to a sound before. Nothing is downloaded.

Beside each score stands the same number of real kicks against real kicks; a set needs 64 sounds or more.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import kickitout
from kickitout.cli.options import add_workers, read_workers, workers_said
from kickitout.cli.values import check_report, positive
from kickitout.errors import UserError
from kickitout.files import names_in, write_whole

HELP = "score generated kicks against real ones"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    paths = {"nargs": "+", "type": Path}
    parser.add_argument("generated", nargs="*", metavar="GENERATED", help="sounds, or a model: 'default', run or file")
    parser.add_argument("--against", required=True, metavar="REAL", help="folders of real kicks", **paths)  # type: ignore[arg-type]
    parser.add_argument("--train", metavar="FOLDER", help="what the model learned from: look for copies", **paths)  # type: ignore[arg-type]
    parser.add_argument("--pairs", type=Path, metavar="NEW", help="folder for the closest pairs, to listen to")
    parser.add_argument("-n", type=positive, default=None, help="kicks to make with a model (default 512)")
    parser.add_argument("--seed", type=int, default=0, help="of the resampling, and of the first kick (default 0)")
    parser.add_argument(
        "--embedding",
        action="append",
        metavar="NAME",
        help="bands, drum-type (default: both) or a FILE.onnx; repeatable",
    )
    parser.add_argument("--embedding-rate", type=positive, metavar="HZ", help="sample rate of a FILE.onnx")
    parser.add_argument("--json", type=Path, default=None, metavar="FILE", help="write all figures")
    parser.add_argument("--force", action="store_true", help="replace a file that is there")
    add_workers(parser, "processes that measure, one thread each (default: threads of this one, all cores)")


def run(args: argparse.Namespace) -> int:
    import json

    check_report(args.json, ".json", force=args.force)
    if args.pairs is not None and args.train is None:
        raise UserError("--pairs: pairs of sounds and training kicks; --train FOLDER says what was learned from")
    if args.pairs is not None and args.pairs.exists() and names_in(args.pairs):
        raise UserError(f"{args.pairs}: is not empty; name a new folder for the pairs")
    with read_workers(args) as workers:
        report = kickitout.score(
            args.generated, args.against, args.train, n=args.n, seed=args.seed, embeddings=args.embedding,
            embedding_rate=args.embedding_rate, workers=workers if workers_said(args) else None,
            watch=lambda refused: print(f"kick: refused: {refused}", file=sys.stderr),
        )  # fmt: skip
    print(report.as_text())
    if report.real_near_train:
        of_all = f"{report.real_near_train} of the {report.real['kicks']} real kicks"
        print(f"kick: {of_all} are near a training kick themselves", file=sys.stderr)
    if args.pairs is not None:
        report.write_pairs(args.pairs)
        print(f"the {len(report.closest)} closest pairs, copies or not: {args.pairs}")
    if args.json is not None:
        data = (json.dumps(report.as_data(), indent=1, allow_nan=False) + "\n").encode()
        write_whole(args.json, data, follow=True)
    return 0
