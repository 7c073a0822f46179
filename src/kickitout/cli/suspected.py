"""What is said of a sound of one's own that is probably no single kick, before it is varied or morphed."""

from __future__ import annotations

import sys
from pathlib import Path

import kickitout
from kickitout.errors import UserError


def say_suspected(path: Path) -> None:
    """On stderr, what `kick check` suspects of a file: several hits, another drum. The model takes it all the same, and
    so it does what `kick check` does not read, as a file without an ending."""
    try:
        suspects = kickitout.check([path], cache=False).suspects
    except UserError:
        return
    for suspect in suspects:
        for why in suspect.suspicions:
            print(f"{path}: {why.kind}? {why.reason}", file=sys.stderr)
