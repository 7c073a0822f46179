"""Choose the sounds that the model in the package may learn from, and write them with their notices into a folder.

    kick lab measure model-data KICKS [KICKS ...] --out build/model-data

A sound may be learned from where its index.csv says that it is in the public domain, or under a permissive licence
whose notice lies in notices/FOLDER.txt beside that index. What no producer would call a kick stays out: left_out.csv
has it, by the identity of the sound. OUT gets the sounds, an index.csv and a NOTICE with every notice that applies.
"""

from __future__ import annotations

import argparse
import csv
import io
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path

from kickitout.datasets.build import read_dataset
from kickitout.datasets.scan import scan
from kickitout.errors import UserError
from kickitout.files import make_folder, write_whole
from kicklab.data import FREE

PERMISSIVE = {"mit", "bsd-2-clause", "bsd-3-clause", "apache-2.0"}
NOTICE_HEAD = """\
The model in this package learned from recordings under the licences below, beside others that ask for nothing. No
recording is part of the package, and what the model generates is no copy of one: its card says how that was audited.
"""


def left_out() -> dict[str, str]:
    """Identity of each sound that no producer would call a kick -> the reason."""
    text = files("kicklab").joinpath("left_out.csv").read_text("utf-8")
    return {row["sound"]: row["reason"] for row in csv.DictReader(io.StringIO(text))}


def why_not(licence: str, notice: Path | None) -> str:
    """Why a sound of a licence may not be learned from; "" where it may. notice: what goes with the sound, if any."""
    if licence.lower() in FREE:
        return ""
    if licence.lower() not in PERMISSIVE:
        return f"licence: {licence}"
    return "" if notice else f"{licence} without a notice"


def notice_beside(folder: Path, file: Path) -> Path | None:
    """notices/FOLDER.txt for a file of a data folder, FOLDER being what the file lies in."""
    found = folder / "notices" / f"{file.parent.name}.txt"
    return found if found.is_file() else None


def notice_text(notices: Sequence[tuple[str, str, Path]]) -> str:
    """The NOTICE: each notice once, with the sources that it is of. notices: source, licence, file."""
    sources: dict[str, set[str]] = {}
    for source, licence, path in notices:
        sources.setdefault(path.read_text("utf-8").strip(), set()).add(f"{source} ({licence})")
    rule = "-" * 78
    parts = [f"{rule}\n{', '.join(sorted(who))}\n\n{text}\n" for text, who in sources.items()]
    return "\n".join([NOTICE_HEAD, *sorted(parts)])


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folders", type=Path, nargs="+", help="folders of kicks, each with an index.csv")
    parser.add_argument("--out", type=Path, required=True, help="a new folder for what may be learned from")


def run(args: argparse.Namespace) -> Iterator[str]:
    if args.out.exists() and any(args.out.iterdir()):
        raise UserError(f"{args.out}: exists and is not empty; a new folder works")
    unwanted = left_out()
    taken: list[tuple[str, str, str]] = []  # file, source, licence
    notices: list[tuple[str, str, Path]] = []
    reasons: Counter[str] = Counter()
    for folder in args.folders:
        paths = {candidate.name: candidate.path for candidate in scan(folder).candidates}
        for row in read_dataset(folder).rows:
            path = paths[row.name]
            notice = notice_beside(folder, path)
            if reason := unwanted.get(row.sound) or why_not(row.licence, notice):
                reasons[reason] += 1
                continue
            into = args.out / folder.name / path.relative_to(folder)
            make_folder(into.parent)
            shutil.copyfile(path, into)
            taken.append((into.relative_to(args.out).as_posix(), row.source, row.licence))
            if notice and row.licence.lower() in PERMISSIVE:
                notices.append((row.source, row.licence, notice))
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([("file", "source", "licence"), *taken])
    write_whole(args.out / "index.csv", text.getvalue().encode())
    write_whole(args.out / "NOTICE", notice_text(notices).encode())
    yield f"{len(taken)} kicks of {len({source for _, source, _ in taken})} sources may be learned from.\n"
    yield "| left out, because | kicks |\n|---|--:|"
    for reason, number in sorted(reasons.items()):
        yield f"| {reason} | {number} |"
