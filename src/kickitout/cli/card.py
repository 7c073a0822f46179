"""Print the kick card of sounds: pitch, sweep, attack, click, decay, levels, artefacts, with their units.

kick card kick.wav
kick card kicks/*.wav --json
kick card my-kicks/ more.zip --csv cards.csv     a table of all sounds in folders and zip files
kick card kick.wav --plot kick.svg     waveform, pitch and level over time

The card is that of the prepared sound: mono at 44.1 kHz, cut to the 500 ms from its onset on. Loudness and true peak
are those of this middle, as loud as it is in the file.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from kickitout.errors import UserError, printable

if TYPE_CHECKING:
    from kickitout.audio import Sound
    from kickitout.audio.prepare import Prepared

HELP = "print the kick card of sounds"
BLOCK = 64  # sounds that are measured at a time


class Carded(NamedTuple):
    """A sound and its card. facts: of the file, as JSON has them; wave: prepared, [T], where it is still needed."""

    name: str
    facts: dict[str, Any]
    lone: bool  # one channel of several sounds
    wave: Any
    card: dict[str, float | str]
    reasons: dict[str, str]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("sounds", nargs="+", type=Path, metavar="FILE", help="sound files, folders or zip files")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print a JSON list, null for what is undefined")
    form.add_argument("--csv", type=Path, default=None, metavar="FILE.csv", help="write a table, a line a sound")
    parser.add_argument("--plot", type=Path, default=None, metavar="FILE.svg", help="draw the sounds, one a line")
    parser.add_argument("--force", action="store_true", help="replace a plot or a table that is there")


def run(args: argparse.Namespace) -> int:
    import json

    from kickitout.descriptors import format_card
    from kickitout.errors import count
    from kickitout.files import check_new_file, write_whole

    for path, suffix, what in ((args.plot, ".svg", "plots are drawn as SVG"), (args.csv, ".csv", "tables are CSV")):
        if path is not None and path.suffix.lower() != suffix:
            raise UserError(f"{path}: {what}; choose a name that ends in {suffix}")
        check_new_file(path, force=args.force)
    read: list[Carded] = []
    failed = 0
    for one in _carded(args.sounds):
        if isinstance(one, UserError):
            failed += 1
            print(f"kick: {one}", file=sys.stderr)
            continue
        for note in one.facts["notes"]:
            print(f"kick: {one.name}: {note}", file=sys.stderr)
        if not args.json and args.csv is None:
            print(("\n" if read else "") + _as_recorded(one))
            print(format_card(one.card, one.reasons))
        read.append(one if args.plot else one._replace(wave=None))  # of many sounds, what is said of them is kept
    if args.json and read:
        print(json.dumps([_as_data(one) for one in read], indent=1))
    if args.csv is not None and read:
        write_whole(args.csv, _table(read).encode("utf-8"))
        print(f"{args.csv}: {count(len(read), 'sound')}", file=sys.stderr)
    if args.plot is not None and read:
        write_whole(args.plot, _plot(read).encode())
        print(args.plot, file=sys.stderr)
    return 2 if failed else 0


def _carded(paths: Sequence[Path]) -> Iterator[Carded | UserError]:
    """Each sound with its card, or what is wrong with it, in order: BLOCK at a time."""
    waiting: list[tuple[str, Sound, Prepared] | UserError] = []
    for one in _prepared(paths):
        waiting.append(one)
        if len(waiting) == BLOCK:
            yield from _measured(waiting)
            waiting = []
    yield from _measured(waiting)


def _prepared(paths: Sequence[Path]) -> Iterator[tuple[str, Sound, Prepared] | UserError]:
    from kickitout.audio import decode_sound, read_sound
    from kickitout.audio.prepare import prepare
    from kickitout.datasets.scan import scan

    for path in paths:
        if not path.is_dir() and path.suffix.lower() != ".zip":
            try:
                sound = read_sound(path)
            except UserError as error:
                yield error
                continue
            yield _named(str(path), sound, prepare)
            continue
        try:
            found = scan([path])
        except UserError as error:
            yield error
            continue
        for candidate in found.candidates:
            try:
                with candidate.open() as file:
                    sound = decode_sound(file, candidate.name)
            except UserError as error:
                yield error
                continue
            yield _named(candidate.name, sound, prepare)
        yield from (UserError(f"{one.name}: {one.reason}") for one in found.refused)


def _named(name: str, sound: Sound, prepare: Callable[[Sound], Prepared]) -> tuple[str, Sound, Prepared] | UserError:

    try:
        return name, sound, prepare(sound)
    except UserError as error:
        return UserError(f"{name}: {error}")


def _measured(waiting: Sequence[tuple[str, Sound, Prepared] | UserError]) -> Iterator[Carded | UserError]:
    import math

    import numpy as np

    from kickitout.descriptors import cards
    from kickitout.sound import PEAK

    good = [one for one in waiting if not isinstance(one, UserError)]
    if good:
        found = cards(np.stack([prepared.mid for _, _, prepared in good]))
        found = found.louder(np.array([prepared.window_db for _, _, prepared in good]) - 20 * math.log10(PEAK))
    at = 0
    for one in waiting:
        if isinstance(one, UserError):
            yield one
            continue
        name, sound, prepared = one
        facts = {
            "rate": sound.rate,
            "channels": sound.channels,
            "seconds": sound.seconds,
            "onset_s": prepared.onset_s,
            "flipped": prepared.flipped,
            "peak_db": prepared.peak_db,
            "notes": list(sound.notes),
        }
        yield Carded(name, facts, prepared.lone, prepared.mid, found.row(at), found.reasons(at))
        at += 1


def _as_data(one: Carded) -> dict[str, Any]:
    """Ready for JSON: null for what is undefined."""
    known = {k: None if isinstance(v, float) and v != v else v for k, v in one.card.items()}
    return {"file": one.name, **one.facts, "card": known, "reasons": one.reasons}


def _table(read: Sequence[Carded]) -> str:
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


def _as_recorded(one: Carded) -> str:
    facts = one.facts
    channels = {1: "mono", 2: "stereo"}.get(facts["channels"], f"{facts['channels']} channels")
    turned = ", turned over" if facts["flipped"] else ""
    channels += " with one that sounds" if one.lone else ""
    return (
        f"{printable(one.name)}: {facts['rate']} Hz, {channels}, {1000 * facts['seconds']:.0f} ms, "
        f"peak {facts['peak_db']:.1f} dBFS, onset at {1000 * facts['onset_s']:.1f} ms{turned}"
    )


def _plot(read: Sequence[Carded]) -> str:
    from kickitout.descriptors import level_curve, pitch_curve
    from kickitout.drawing import Panel, plot_svg
    from kickitout.sound import LENGTH, SAMPLE_RATE

    rows = []
    for one in read:
        pitch_s, hz = pitch_curve(one.wave)
        level_s, level_db = level_curve(one.wave)
        panels = [
            Panel("waveform", one.wave),
            Panel("pitch, Hz", hz, 1000 * pitch_s, logarithmic=True),
            Panel("level, dB re full scale", level_db[::8], 1000 * level_s[::8], bottom=-80.0),
        ]
        rows.append((printable(Path(one.name).name), panels))
    return plot_svg(rows, 1000 * LENGTH / SAMPLE_RATE)
