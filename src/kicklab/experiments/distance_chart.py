"""Draw how near the rows of a study come to unseen sources as they see more sounds: the paper's chart as a file.

kick lab measure distance-chart --lab docs/evidence docs/images/distances.svg
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from kickitout.files import write_whole
from kicklab.evidence import SOFT, read_evidence
from kicklab.folder import Lab
from kicklab.paper.charts import standalone
from kicklab.paper.figures import distance_chart
from kicklab.paper.words import span


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("image", type=Path)
    parser.add_argument("--lab", type=Path, required=True, help="a laboratory, or its results")
    parser.add_argument("--study", default="curves", help="of that laboratory (default curves)")


def run(args: argparse.Namespace) -> Iterator[str]:
    e = read_evidence(Lab(args.lab), args.study)
    args.image.parent.mkdir(parents=True, exist_ok=True)
    write_whole(args.image, standalone(distance_chart(e)))
    seeds, (least, most) = span([len(row.raw) for row in e.rows.values()], str), e.unseen.band
    yield (
        f"![Distance to unseen sources, in dB on the scale asinh(E / {SOFT} dB), against sounds seen, {seeds} seeds a"
        f" row, with 95 % intervals; grey: recordings of other sources, {least:.2f} to {most:.2f} dB]"
        f"({args.image.as_posix()})"
    )
