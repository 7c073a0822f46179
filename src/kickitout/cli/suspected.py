"""What is said of a sound of one's own that is probably no single kick, before it is varied or morphed."""

from __future__ import annotations

import sys
from pathlib import Path

import kickitout


def say_suspected(path: Path) -> None:
    """On stderr, what `kick check` suspects of a file: several hits, another drum. The model takes it all the same."""
    for suspect in kickitout.check([path], cache=False).suspects:
        for why in suspect.suspicions:
            print(f"{path}: {why.kind}? {why.reason}", file=sys.stderr)
