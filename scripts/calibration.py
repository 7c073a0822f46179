"""Ask a model for kicks and print how near it comes, as Markdown; the same command draws the calibration plots.

    python scripts/calibration.py [--model MODEL] [-n 60] [--image docs/images/calibration.png]

A request is a value between the 5 % and the 95 % quantile of the model's own kicks (drive: all of its range), each put
to another seed. Errors are of every request, met or not; intervals are 95 % bootstraps of the median.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from kickitout.files import write_whole
from kickitout.generation.load import load_model
from kicklab.experiments.calibration import control_errors, controls_png, controls_text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="default")
    parser.add_argument("-n", type=int, default=60, help="requests a control (default 60)")
    parser.add_argument("--image", type=Path, default=Path("docs/images/calibration.png"))
    args = parser.parse_args()
    model = load_model(args.model)
    rows = control_errors(model, args.n)
    print(controls_text(rows))
    missed = sum(round(row.n * (1 - row.reached)) for row in rows)
    told = sum(row.told for row in rows)
    asked = sum(row.n for row in rows)
    print(f"""
Model `{model.digest[:16]}`, seed 0. {missed} of {asked} requests were not met to the last step (1 cent, 0.7 % or
0.1 dB; tone 12 cents, sweep 1.4 %); of {told} the answer says that they lie outside of what the kick reaches.""")
    write_whole(args.image, controls_png(rows))


if __name__ == "__main__":
    main()
