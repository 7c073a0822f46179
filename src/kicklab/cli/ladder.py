"""Degrade real kicks step by step, and say which score sees which fault.

kick ladder my-kicks/                                     the scores of the package
kick ladder my-kicks/ --embedding clap.onnx --embedding-rate 48000     those in an embedding of your own
"""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "degrade real kicks step by step: which score sees which fault"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from kickitout.cli.values import positive
    from kickitout.cli.workers import add_workers

    parser.add_argument("sounds", nargs="+", type=Path, metavar="REAL", help="folders of real kicks")
    parser.add_argument("--seed", type=int, default=0, help="of the degradations (default 0)")
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

    import numpy as np

    from kickitout.cli.workers import read_workers, workers_said
    from kickitout.datasets.build import read_dataset
    from kickitout.errors import UserError
    from kickitout.files import write_whole
    from kickitout.metrics.embeddings import NAMED, find_embeddings
    from kicklab.experiments.ladder import ladder, ladder_text

    if args.seed < 0:
        raise UserError(f"--seed {args.seed}: seeds are whole numbers from 0 on")
    if args.json is not None and args.json.exists() and not args.force:
        raise UserError(f"{args.json}: exists; --force replaces it")
    embeddings = find_embeddings(args.embedding or list(NAMED), args.embedding_rate)
    real = read_dataset(args.sounds)
    for e in embeddings:
        print(f"{e.name}: {e.about}")
    with read_workers(args) as started:
        workers = started if workers_said(args) else None
        rungs = ladder(real.waves, real.groups, embeddings, seed=args.seed, workers=workers)
    print(ladder_text(rungs))
    if args.json is not None:
        data = {
            "against": {"digest": real.digest, "kicks": len(real)},
            "embeddings": {e.name: e.about for e in embeddings},
            "ladder": [
                {
                    "fault": r.fault,
                    "score": r.score,
                    "values": [v if np.isfinite(v) else None for v in r.values],
                    "sees": r.sees,
                }
                for r in rungs
            ],
        }
        write_whole(args.json, (json.dumps(data, indent=1, allow_nan=False) + "\n").encode())
    return 0
