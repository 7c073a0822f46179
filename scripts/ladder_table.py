"""Degrade real kicks step by step and print which score sees which fault: Markdown.

python scripts/ladder_table.py FOLDER [FOLDER ...]
"""

from __future__ import annotations

import argparse
from pathlib import Path

from kickitout.corpus.build import build_corpus
from kickitout.evaluation.ladder import FAULTS, ladder, ladder_table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sounds", type=Path, nargs="+")
    corpus = build_corpus(parser.parse_args().sounds)
    families = corpus.families
    rungs = ladder(corpus.waves, families)
    print(f"{len(corpus)} kicks, corpus digest {corpus.digest[:12]}, seed 0, one half against the other, degraded by\n")
    for name in dict.fromkeys(r.fault for r in rungs):
        print(f"- {name}: {', '.join(f'{step:g}' for step in FAULTS[name].steps)} {FAULTS[name].unit}")
    print("\n" + ladder_table(rungs))


if __name__ == "__main__":
    main()
