"""Print the kick card of sounds: pitch, sweep, attack, click, decay, levels, artefacts, with their units.

kick card kick.wav
kick card kicks/*.wav --json
kick card kick.wav --plot kick.svg     waveform, pitch and level over time

The card is that of the prepared sound: mono at 44.1 kHz, cut to the 500 ms from its onset on. Loudness and true peak
are those of this middle, as loud as it is in the file.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kickitout.errors import printable

if TYPE_CHECKING:
    from kickitout.audio import Sound
    from kickitout.audio.prepare import Prepared

HELP = "print the kick card of sounds"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("sounds", nargs="+", type=Path, metavar="FILE", help="sound files")
    parser.add_argument("--json", action="store_true", help="print a JSON list, null for what is undefined")
    parser.add_argument("--plot", type=Path, default=None, metavar="FILE.svg", help="draw the sounds, one a line")
    parser.add_argument("--force", action="store_true", help="replace a plot that is there")


def run(args: argparse.Namespace) -> int:
    import json
    import math

    import numpy as np

    from kickitout.audio import read_sound
    from kickitout.audio.prepare import prepare
    from kickitout.descriptors import cards, format_card
    from kickitout.errors import UserError
    from kickitout.files import check_place, write_whole
    from kickitout.sound import PEAK

    if args.plot is not None and args.plot.suffix.lower() != ".svg":
        raise UserError(f"{args.plot}: plots are drawn as SVG; choose a name that ends in .svg")
    check_place(args.plot, force=args.force)
    read: list[tuple[Path, Sound, Prepared]] = []
    failed = 0
    for path in args.sounds:
        try:
            sound = read_sound(path)
            for note in sound.notes:
                print(f"kick: {path}: {note}", file=sys.stderr)
        except UserError as error:
            failed += 1
            print(f"kick: {error}", file=sys.stderr)
            continue
        try:
            read.append((path, sound, prepare(sound)))
        except UserError as error:
            failed += 1
            print(f"kick: {path}: {error}", file=sys.stderr)
    if read:
        found = cards(np.stack([prepared.mid for _, _, prepared in read]))
        found = found.louder(np.array([prepared.window_db for _, _, prepared in read]) - 20 * math.log10(PEAK))
        if args.json:
            listed = [
                {
                    "file": str(path),
                    "rate": sound.rate,
                    "channels": sound.channels,
                    "seconds": sound.seconds,
                    "onset_s": prepared.onset_s,
                    "flipped": prepared.flipped,
                    "peak_db": prepared.peak_db,
                    "notes": list(sound.notes),
                    "card": {k: None if isinstance(v, float) and math.isnan(v) else v for k, v in row.items()},
                    "reasons": found.reasons(i),
                }
                for i, ((path, sound, prepared), row) in enumerate(zip(read, found, strict=True))
            ]
            print(json.dumps(listed, indent=1))
        else:
            for i, (path, sound, prepared) in enumerate(read):
                print(("\n" if i else "") + _as_recorded(path, sound, prepared))
                print(format_card(found.row(i), found.reasons(i)))
        if args.plot is not None:
            write_whole(args.plot, _plot(read).encode())
            print(args.plot, file=sys.stderr)
    return 2 if failed else 0


def _as_recorded(path: Path, sound: Any, prepared: Any) -> str:
    channels = {1: "mono", 2: "stereo"}.get(sound.channels, f"{sound.channels} channels")
    turned = ", turned over" if prepared.flipped else ""
    channels += " with one that sounds" if prepared.lone else ""
    return (
        f"{printable(str(path))}: {sound.rate} Hz, {channels}, {1000 * sound.seconds:.0f} ms, "
        f"peak {prepared.peak_db:.1f} dBFS, onset at {1000 * prepared.onset_s:.1f} ms{turned}"
    )


def _plot(read: list[tuple[Path, Any, Any]]) -> str:
    from kickitout.descriptors import level_curve, pitch_curve
    from kickitout.drawing import Panel, plot_svg
    from kickitout.sound import LENGTH, SAMPLE_RATE

    rows = []
    for path, _, prepared in read:
        pitch_s, hz = pitch_curve(prepared.mid)
        level_s, level_db = level_curve(prepared.mid)
        panels = [
            Panel("waveform", prepared.mid),
            Panel("pitch, Hz", hz, 1000 * pitch_s, logarithmic=True),
            Panel("level, dB re full scale", level_db[::8], 1000 * level_s[::8], bottom=-80.0),
        ]
        rows.append((printable(path.name), panels))
    return plot_svg(rows, 1000 * LENGTH / SAMPLE_RATE)
