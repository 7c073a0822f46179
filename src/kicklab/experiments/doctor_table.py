"""What `kick check` says of recorded sounds whose kind is known.

    kick lab measure doctor-table FOLDER [FOLDER ...]

A folder whose index.csv has a column `class` holds other drums, a row a class; all others hold kicks, a row a folder.
"""

from __future__ import annotations

import argparse
import csv
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from kickitout.datasets.doctor.check import DoctorReport, check
from kickitout.errors import UserError
from kickitout.metrics.resampling import wilson
from kicklab.markdown import markdown_table, with_interval


class FolderSounds(NamedTuple):
    """Files of one kind in one folder: refused for what they are, refused as exact copies, taken, what is suspected."""

    kind: str
    folder: str
    refused: int
    copies: int
    taken: int
    suspected: Counter[str]

    @property
    def flagged(self) -> int:
        """Files that are refused or suspected; copies count for nothing, being there already."""
        return self.refused + self.suspected.total()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("sounds", type=Path, nargs="+")


def run(args: argparse.Namespace) -> Iterator[str]:
    found = [row for folder in args.sounds for row in of_folder(folder)]
    kicks, drums = [s for s in found if s.kind == "kick"], [s for s in found if s.kind != "kick"]
    cells = []
    for row in [*kicks, *([total("kick", kicks)] if len(kicks) > 1 else []), *drums]:
        n, suspects = row.refused + row.taken, row.suspected.total()
        share = with_interval(row.flagged / n, *wilson(row.flagged, n), ".1%")
        what = "; ".join(f"{count} {kind}" for kind, count in row.suspected.most_common())
        cells.append([row.kind, row.folder, n + row.copies, row.refused, row.copies, suspects, share, what])
    head = ["sounds", "folder", "files", "refused", "exact copies", "suspects", "not a kick, copies aside", "suspected"]
    yield from markdown_table(head, cells, "llrrrrrl")


def of_folder(folder: Path) -> list[FolderSounds]:
    """A row for the kicks of a folder, or for each class of its drums."""
    kinds = classes(folder)
    report = check(folder)
    names = [one.row.name for one in report.taken] + [one.name for one in report.refused]
    if not kinds:
        return [counted_sounds("kick", folder, report, set(names))]
    of_kind: dict[str, set[str]] = {}
    for name in names:
        kind = kinds.get(name.split("/", 1)[1])
        if kind is None:
            raise UserError(f"{name}: index.csv of its folder does not list it; add its row, with its class")
        of_kind.setdefault(kind, set()).add(name)
    return [counted_sounds(kind, folder, report, of_kind[kind]) for kind in sorted(of_kind)]


def classes(folder: Path) -> dict[str, str]:
    """file -> class, from the folder's index.csv; empty where it states none."""
    index = folder / "index.csv"
    rows = list(csv.DictReader(index.read_text("utf-8-sig").splitlines())) if index.exists() else []
    return {row["file"]: row["class"] for row in rows if "class" in row}


def counted_sounds(kind: str, folder: Path, report: DoctorReport, names: set[str]) -> FolderSounds:
    refused = {one.name for one in report.refused if one.name in names}
    copies = refused & set(report.copies)
    suspected = Counter(one.suspicions[0].kind for one in report.suspects if one.name in names)
    return FolderSounds(
        kind, folder.name, len(refused) - len(copies), len(copies), len(names) - len(refused), suspected
    )


def total(kind: str, rows: list[FolderSounds]) -> FolderSounds:
    refused, copies, taken = (sum(column) for column in zip(*(row[2:5] for row in rows), strict=True))
    return FolderSounds(kind, "all", refused, copies, taken, sum((row.suspected for row in rows), Counter()))
