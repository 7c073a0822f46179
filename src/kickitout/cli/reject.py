"""--reject-outliers on the command line, and what it says at the end."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kickitout.generation.reject import OutlierRejection


def add_rejection(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--reject-outliers", action="store_true", help="resample kicks out of the range of what the model learned from"
    )


def say_rejected(rejection: OutlierRejection) -> None:
    """The acceptance rate with its reasons, and the kicks that no attempt brought inside."""
    if not rejection.knows_dataset:
        print(
            f"outlier rejection: model {rejection.model.info.name} has no limits of what it learned from, so it "
            "looks for artefacts alone; a model exported by this version has them",
            file=sys.stderr,
        )
    for seed, said in sorted(rejection.tally.told.items()):
        print(f"outlier rejection: seed {seed} is the nearest of its attempts: {said}", file=sys.stderr)
    print(f"outlier rejection: {rejection.tally.text()}", file=sys.stderr)
