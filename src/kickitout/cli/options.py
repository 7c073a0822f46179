"""Options that several commands have, and what they say, as the functions of `kickitout` take it."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from kickitout.cli.values import kick_length, positive, quantity, whole_hz
from kickitout.errors import UserError

if TYPE_CHECKING:
    from kickitout.workers import Workers

MOST_WORKERS = 256  # of this machine


def add_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", default="default", help="a run folder, a model file, or 'default'")


def add_style(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--style", default=None, help="one of the model's styles; `kick styles` lists them")


def add_format(parser: argparse.ArgumentParser) -> None:
    """How sound files are written."""
    parser.add_argument("--format", choices=("wav", "flac"), default="wav", help="of the files (default wav)")
    add_bits(parser)
    parser.add_argument("--rate", type=whole_hz, default=44_100, help="Hz, 8000 to 192000 (default 44100)")
    add_pre_roll(parser)
    parser.add_argument("--force", action="store_true", help="replace files that are there")


def format_of(args: argparse.Namespace) -> dict[str, Any]:
    """What `add_format` reads, as the functions of `kickitout` take it."""
    return {"format": args.format, "bits": args.bits, "rate": args.rate, "pre_roll_ms": args.pre_roll}


def add_length(parser: argparse.ArgumentParser) -> None:
    """How long kicks ring."""
    parser.add_argument(
        "--length", type=kick_length, default=None, metavar="s",
        help="let kicks ring on, for so long at most: 500ms to 4s, for instance 2s (default 500ms)",
    )  # fmt: skip


def length_of(args: argparse.Namespace) -> dict[str, float]:
    """What `add_length` reads, as the functions of `kickitout` take it."""
    return {} if args.length is None else {"length_s": args.length}


def add_bits(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--bits", choices=("16", "24", "32f"), default="24", help="sample format (default 24)")


def add_pre_roll(parser: argparse.ArgumentParser) -> None:
    """How much silence is before the sound."""
    parser.add_argument(
        "--pre-roll", type=quantity("ms"), default=None, metavar="ms",
        help="silence before the onset, 0 for samplers that begin at sample 0 (default 1.45)",
    )  # fmt: skip


def add_rejection(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--reject-outliers", action="store_true", help="resample kicks out of the range of what the model learned from"
    )


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
