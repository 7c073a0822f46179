"""Try the search for copies on real kicks: false accusations of held-out kicks, and planted copies found.

    python scripts/memorisation.py FOLDER [FOLDER ...] [--splits 50] [--share 0.5]

The kicks are divided by group; see `kicklab.experiments.copies_trial`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from kickitout.datasets.build import read_dataset
from kicklab.experiments.copies_trial import trial, trial_text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sounds", type=Path, nargs="+")
    parser.add_argument("--splits", type=int, default=50)
    parser.add_argument("--share", type=float, nargs="+", default=[0.5], help="of the groups to train on")
    args = parser.parse_args()
    dataset = read_dataset(args.sounds)
    groups = dataset.groups
    print(f"{len(dataset)} kicks, dataset digest {dataset.digest[:12]}, seed 0")
    for share in args.share:
        print(f"\n```\n{trial_text(list(trial(dataset.waves, groups, args.splits, share)))}\n```", flush=True)


if __name__ == "__main__":
    main()
