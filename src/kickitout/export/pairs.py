"""Pairs of a generated sound and the training kick nearest to it, as files to listen to."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from kickitout.audio import write_sound
from kickitout.files import make_folder, write_whole
from kickitout.sound import SAMPLE_RATE


class Pair(NamedTuple):
    """Names and waves [T] of a generated sound and of the training kick nearest to it, and how far they are apart."""

    generated: str
    wave: np.ndarray
    training: str
    kick: np.ndarray
    distance: float


def write_pairs(folder: Path, pairs: Sequence[Pair]) -> list[Path]:
    """Two WAV files a pair, which sort beside each other, and pairs.csv with the distances. Returns the WAV files."""
    make_folder(folder)
    table, written = io.StringIO(), []
    rows = csv.writer(table, lineterminator="\n")
    rows.writerow(["pair", "generated", "training", "distance"])
    for number, (made, wave, learned, kick, distance) in enumerate(pairs, 1):
        for kind, name, sound in (("a_generated", made, wave), ("b_training", learned, kick)):
            written.append(folder / f"{number:03d}{kind}_{_plain(name)}.wav")
            write_sound(written[-1], sound, SAMPLE_RATE, bits="24")
        rows.writerow([number, made, learned, f"{distance:.4f}"])
    write_whole(folder / "pairs.csv", table.getvalue().encode())
    return written


def _plain(name: str) -> str:
    """The end of a name as part of a file's name."""
    return re.sub(r"[^\w-]+", "_", Path(name).stem)[-60:]
