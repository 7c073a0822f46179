"""Who does bulk work, on the command line: --workers N, or --ray auto|HOST:PORT; the same for every command."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from kickitout.cli.values import positive
from kickitout.errors import UserError

if TYPE_CHECKING:
    from kickitout.workers import Workers


MOST_WORKERS = 256  # of this machine


def add_workers(parser: argparse.ArgumentParser, number: str) -> None:
    """number: what N is here, and what it is by default."""
    group = parser.add_argument_group("who does the work (docs/scale.md)")
    group.add_argument("--workers", type=positive, default=None, metavar="N", help=number)
    group.add_argument("--ray", default=None, metavar="WHERE",
                       help="workers of a Ray cluster: its HOST:PORT, or auto: the one that RAY_ADDRESS names, "
                            "or else one of this machine for as long as the command runs")  # fmt: skip


def read_workers(args: argparse.Namespace, default: int | None = None, preload: Sequence[str] = ()) -> Workers:
    """default: how many where nothing is said; None is one a core."""
    from kickitout.workers import Workers

    if args.ray is None and (args.workers or 1) > MOST_WORKERS:
        raise UserError(f"--workers {args.workers}: at most {MOST_WORKERS} on one machine; --ray has those of many")
    return Workers(args.workers if workers_said(args) else default, args.ray, preload=preload)


def workers_said(args: argparse.Namespace) -> bool:
    """Whether the command line says who works."""
    return args.workers is not None or args.ray is not None
