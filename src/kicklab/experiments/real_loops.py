"""What `kick fit` hears in loops of others, a row a loop.

kick lab measure real-loops LOOP.flac ... [--write docs/fit.md]
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from kickitout.fitting.loop import Loop, read_loop
from kickitout.fitting.room import find_room
from kickitout.notes import NOTE_NAMES
from kicklab.markdown import markdown_table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("loops", nargs="+", type=Path, metavar="LOOP")


def run(args: argparse.Namespace) -> Iterator[str]:
    rows = ([path.stem, *_cells(read_loop(path))] for path in args.loops)
    yield from markdown_table(["loop", "seconds", "tempo", "key", "bass", "low end at the beats"], rows, "lrl")


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
