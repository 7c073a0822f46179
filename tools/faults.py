"""Every fault many times, and the table of what survived: promise, what was done, how often, what was lost.

    python tools/faults.py [--seed 0] [--only killed ... | --but killed ...] [--times 50]

Ends with 1 when a promise did not hold, and says what happened.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from pathlib import Path

TESTS = Path(__file__).parents[1] / "tests"
sys.path[:0] = [str(TESTS / "faults"), str(TESTS)]

from catalogue import FAULTS  # noqa: E402
from forks import kick_server  # noqa: E402
from stage import Stage  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0)
    names = [fault.name for fault in FAULTS]
    parser.add_argument("--only", nargs="+", choices=names, default=names)
    parser.add_argument("--but", nargs="+", choices=names, default=[])
    parser.add_argument("--times", type=int, help="instead of each fault's own number")
    args = parser.parse_args()

    lines, broken = [], 0
    with tempfile.TemporaryDirectory(prefix="kick-faults-") as folder, kick_server() as kick:
        stage = Stage(kick, Path(folder))
        for fault in FAULTS:
            if fault.name not in args.only or fault.name in args.but:
                continue
            found = fault.do(stage, args.times or fault.many, random.Random(args.seed))
            for text in found.broken:
                print(f"{fault.name}: {text}", file=sys.stderr)
            broken += len(found.broken)
            lines.append(f"| {fault.promise} | {fault.done} | {found.survived} of {found.times} | {found.lost} |")
            print(f"{fault.name}: {found.survived} of {found.times}", file=sys.stderr, flush=True)
    print("| promise | what was done | survived | what was lost |")
    print("|---|---|---|---|")
    print("\n".join(lines))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
