"""--gate on the command line, and what it says at the end."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kickitout.generation.reject import OutlierRejection


def add_gate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--gate", action="store_true", help="draw a kick again where it is unlike all that the model learned from"
    )


def say_gate(gate: OutlierRejection) -> None:
    """The acceptance rate with its reasons, and the kicks that no attempt brought inside."""
    if not gate.knows_dataset:
        print(
            f"gate: model {gate.model.info.name} has no limits of what it learned from, so traces of a machine alone "
            "are looked for; a model exported by this version has them",
            file=sys.stderr,
        )
    for seed, said in sorted(gate.tally.told.items()):
        print(f"gate: seed {seed} is the least far outside of its attempts: {said}", file=sys.stderr)
    print(f"gate: {gate.tally.text()}", file=sys.stderr)
