"""Degrade real kicks step by step and print which score sees which fault: Markdown.

python scripts/ladder_table.py FOLDER [FOLDER ...]
"""

from __future__ import annotations

import argparse
from pathlib import Path

from kickitout.datasets.build import read_dataset
from kicklab.experiments.ladder import FAULTS, ladder, ladder_table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sounds", type=Path, nargs="+")
    dataset = read_dataset(parser.parse_args().sounds)
    groups = dataset.groups
    rungs = ladder(dataset.waves, groups)
    print(
        f"{len(dataset)} kicks, dataset digest {dataset.digest[:12]}, seed 0, one half against the other, degraded by\n"
    )
    for name in dict.fromkeys(r.fault for r in rungs):
        print(f"- {name}: {', '.join(f'{step:g}' for step in FAULTS[name].steps)} {FAULTS[name].unit}")
    print("\n" + ladder_table(rungs))


if __name__ == "__main__":
    main()
