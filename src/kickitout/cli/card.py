"""Print the kick card of sounds: pitch, sweep, attack, click, decay, levels, artefacts, with their units.

kick card kick.wav
kick card kicks/*.wav --json
kick card my-kicks/ more.zip --csv cards.csv     a table of all sounds in folders and zip files
kick card kick.wav --plot kick.svg     waveform, pitch and level over time

The card is that of the prepared sound: mono at 44.1 kHz, from its onset to its end, or for 4 s. Loudness and true peak
are those of this middle, as loud as it is in the file.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import kickitout
from kickitout.errors import UserError, count, printable
from kickitout.files import check_new_file, write_whole

if TYPE_CHECKING:
    from kickitout.datasets.measured import MeasuredSound

HELP = "print the kick card of sounds"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("sounds", nargs="+", type=Path, metavar="FILE", help="sound files, folders or zip files")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print a JSON list, null for what is undefined")
    form.add_argument("--csv", type=Path, default=None, metavar="FILE.csv", help="write a table, a line a sound")
    parser.add_argument("--plot", type=Path, default=None, metavar="FILE.svg", help="draw the sounds, one a line")
    parser.add_argument("--force", action="store_true", help="replace a plot or a table that is there")


def run(args: argparse.Namespace) -> int:
    import json

    for path, suffix, what in ((args.plot, ".svg", "plots are drawn as SVG"), (args.csv, ".csv", "tables are CSV")):
        if path is not None and path.suffix.lower() != suffix:
            raise UserError(f"{path}: {what}; choose a name that ends in {suffix}")
        check_new_file(path, force=args.force)
    read: list[MeasuredSound] = []
    failed = 0
    for one in kickitout.read_cards(args.sounds):
        if isinstance(one, UserError):
            failed += 1
            print(f"kick: {one}", file=sys.stderr)
            continue
        for note in one.facts["notes"]:
            print(f"kick: {one.name}: {note}", file=sys.stderr)
        if not args.json and args.csv is None:
            print(("\n" if read else "") + _as_recorded(one))
            print(one.text)
        read.append(one if args.plot else one._replace(wave=one.wave[:0]))  # of many, what is said of them is kept
    if args.json and read:
        print(json.dumps([_as_data(one) for one in read], indent=1))
    if args.csv is not None and read:
        write_whole(args.csv, _csv(read).encode("utf-8"), follow=True)
        print(f"{args.csv}: {count(len(read), 'sound')}", file=sys.stderr)
    if args.plot is not None and read:
        write_whole(args.plot, _plot(read).encode(), follow=True)
        print(args.plot, file=sys.stderr)
    return 2 if failed else 0


def _as_data(one: MeasuredSound) -> dict[str, Any]:
    """Ready for JSON: null for what is undefined."""
    known = {k: None if isinstance(v, float) and v != v else v for k, v in one.card.items()}
    return {"file": one.name, **one.facts, "card": known, "reasons": one.reasons}


def _csv(read: Sequence[MeasuredSound]) -> str:
    """CSV with a head; nothing where a figure is undefined."""
    import csv
    import io

    out = io.StringIO()
    lines = csv.writer(out, lineterminator="\n")
    lines.writerow(["file", *read[0].facts, *read[0].card])
    for one in read:
        data = _as_data(one)
        facts = [*one.facts.values()][:-1]
        lines.writerow([printable(one.name), *facts, "; ".join(one.facts["notes"]), *data["card"].values()])
    return out.getvalue()


def _as_recorded(one: MeasuredSound) -> str:
    facts = one.facts
    channels = {1: "mono", 2: "stereo"}.get(facts["channels"], f"{facts['channels']} channels")
    turned = ", turned over" if facts["flipped"] else ""
    channels += " with one that sounds" if one.lone else ""
    return (
        f"{printable(one.name)}: {facts['rate']} Hz, {channels}, {1000 * facts['seconds']:.0f} ms, "
        f"peak {facts['peak_db']:.1f} dBFS, onset at {1000 * facts['onset_s']:.1f} ms{turned}"
    )


def _plot(read: Sequence[MeasuredSound]) -> str:
    import numpy as np

    from kickitout.drawing import plot_svg
    from kickitout.sound import SAMPLE_RATE

    longest = max(len(one.wave) for one in read)
    even = [one._replace(wave=np.pad(one.wave, (0, longest - len(one.wave)))) for one in read]
    return plot_svg([(printable(Path(one.name).name), one.panels) for one in even], 1000 * longest / SAMPLE_RATE)
