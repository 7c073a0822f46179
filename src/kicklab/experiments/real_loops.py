"""What `kick fit` hears in loops of others and the first kick that it makes for each, a row a loop.

kick lab measure real-loops LOOP.flac ... [--write docs/fit.md]
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator
from pathlib import Path

from kickitout.fitting.fit import fit_heard
from kickitout.fitting.loop import Loop, read_loop
from kickitout.fitting.room import find_room
from kickitout.fitting.search import FittedKick
from kickitout.generation.load import load_model
from kickitout.notes import NOTE_NAMES, note_name
from kicklab.markdown import markdown_table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("loops", nargs="+", type=Path, metavar="LOOP")


def run(args: argparse.Namespace) -> Iterator[str]:
    model = load_model()
    fits = ((path, fit_heard(read_loop(path), 1, 0, model)) for path in args.loops)
    rows = ([path.stem, *_cells(found.loop), *_kick(found.kicks[0])] for path, found in fits)
    head = ["loop", "seconds", "tempo", "key", "bass", "low end at the beats", "kick", "masking before, after"]
    yield from markdown_table(head, rows, "lrl")


def _kick(one: FittedKick) -> list[str]:
    """Its note with what it is to the tonic and the time in which it falls, and its masking."""
    lines = {line.target.name: line for line in one.kick.match.lines} if one.kick.match else {}
    note = "its own pitch" if one.midi is None else f"{note_name(one.midi)}, {one.interval}"
    if not math.isfinite(one.after_db):
        return [note, "–"]
    return [f"{note}, {lines['decay'].achieved:.0f} ms", f"{one.before_db:.1f}, {one.after_db:.1f} dB"]


def _cells(loop: Loop) -> list[str]:
    """Seconds, tempo, key, bass and room, with confidences; a dash for what is not heard."""
    room, bass = find_room(loop), loop.bass
    tempo = f"{loop.tempo.bpm:.1f} BPM" if loop.tempo.known else "–"
    most = NOTE_NAMES[int(bass.classes().argmax())] if bass.known else "–"
    return [
        f"{loop.seconds:.2f}",
        f"{tempo} ({loop.tempo.confidence:.2f})",
        f"{loop.key.name if loop.key.known else '–'} ({loop.key.confidence:.2f})",
        f"{most} ({bass.confidence:.2f})",
        "busy" if room.taken else f"free for {room.free_ms:.0f} ms",
    ]
