"""Is the phase the gap? {real, made} levels with a phase that is kept and with Griffin-Lim's, 5 and 100 rounds.

    kick lab measure swap LAB [--study start --row "offset data"] [--again]

Nothing is trained. Real levels are those of the kicks that the laboratory learns from, all is compared with the kicks
of its unseen sources, and made levels are of a row whose weights are there, or else of the model in the package. What
was measured is kept in LAB/swap.json, and read from there the next time.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kickitout.cli.values import positive
from kickitout.metrics.report import number
from kicklab.folder import Lab
from kicklab.markdown import markdown_table
from kicklab.swap import MADE, measure_swap, read_swap

COLUMNS = {"click": "click [dB]", "body": "body [dB]", "all": "all [dB]", "C2ST": "C2ST accuracy"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("lab", type=Path, help="a laboratory, or results alone in which it was measured")
    parser.add_argument("--study", default="start", help="of --row (default start)")
    parser.add_argument("--row", default="", help="whose weights make the levels (default: the first that is there)")
    parser.add_argument("-n", type=positive, default=MADE, help=f"sounds that are made (default {MADE})")
    parser.add_argument("--again", action="store_true", help="measure it again")


def run(args: argparse.Namespace) -> Iterator[str]:
    lab = Lab(args.lab)
    found = None if args.again or args.row else read_swap(lab)
    if found is None:
        found = measure_swap(
            lab, args.study, args.row, args.n, say=lambda text: print(text, file=sys.stderr, flush=True)
        )
    yield from swap_lines(found)


def swap_lines(found: dict[str, Any]) -> Iterator[str]:
    """Two tables: the conditions, and what a rebuilt phase costs beside the gap."""
    n, sources = found["n"], found["sources"]
    yield (
        f"Levels ({found['representation']}) of {n['real']} real kicks of {sources['real']} sources, and of "
        f"{n['made']} sounds of {found['made']}, whose kept phase is {found['phase']}; energy distance to "
        f"{n['unseen']} kicks of {sources['unseen']} other sources, 95 % intervals over sources.\n"
    )
    conditions = (
        [
            one["magnitude"],
            phase_name(one["rounds"]),
            *(_cell(one["scores"][part]) for part in COLUMNS),
            number(one["p"]),
        ]
        for one in found["conditions"]
    )
    yield from markdown_table(["levels", "phase", *COLUMNS.values(), "p"], conditions, "llr")
    yield ""
    head = ["part", "rounds", "what the rebuilt phase costs real kicks", "what is made lies beyond real kicks", "share",
            "over half of it"]  # fmt: skip
    shares = (
        [one["part"], one["rounds"], _cell(one["cost"]), _cell(one["gap"]),
         *((number(one["share"]), _cell(one["over_half"])) if "share" in one else ("no gap is shown", ""))]
        for one in found["shares"]
    )  # fmt: skip
    yield from markdown_table(head, shares)


def phase_name(rounds: int | None) -> str:
    """A condition's phase in words."""
    return "kept" if rounds is None else f"Griffin-Lim, {rounds} rounds"


def _cell(e: dict[str, float]) -> str:
    return f"{number(e['value'])} [{number(e['low'])}, {number(e['high'])}]"
