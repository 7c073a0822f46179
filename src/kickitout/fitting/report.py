"""The folder that `kick fit` writes: kicks, mixes, and what was heard as text and as data."""

from __future__ import annotations

import contextlib
import json
import math
import re
from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from kickitout.audio import write_sound
from kickitout.errors import UserError, printable
from kickitout.export.sounds import refuse_in_the_way, write_kicks
from kickitout.files import make_folder, read_regular, write_whole
from kickitout.fitting.fit import Fit
from kickitout.fitting.mix import equally_loud, mixed
from kickitout.notes import NOTE_NAMES, note_name
from kickitout.sound import SAMPLE_RATE

MIX = "mix"  # folder of the mixes
REPORT, DATA = "fit.txt", "fit.json"
OURS = re.compile(r"\d{2}(_[A-G]s?\d)?_seed\d+")  # names of fitted kicks, see `Fitter`


def report_text(fit: Fit) -> str:
    """What was heard, what is free, and a line a kick."""
    kicks = [f"{one.kick.name}: {why}" for one, why in zip(fit.kicks, fit.why, strict=True)]
    return "\n".join([printable(fit.loop.name), *fit.heard, "", *kicks]) + "\n"


def report_data(fit: Fit) -> dict[str, Any]:
    """The same as data; null for what is not there."""
    loop, room = fit.loop, fit.room

    asked: dict[str, Any] = {name: round(value, 3) for name, value in fit.asked.targets.items()}
    asked |= {"steady": True} if fit.asked.steady else {}

    def known(value: float) -> float | None:
        return round(value, 3) if math.isfinite(value) else None

    return {
        "loop": loop.name,
        "seconds": round(loop.seconds, 3),
        "loudness_lufs": known(loop.lufs),
        "tempo": {"bpm": round(loop.tempo.bpm, 2), "first_beat_s": round(loop.tempo.first_beat, 3),
                  "confidence": None if loop.tempo.given else round(loop.tempo.confidence, 3),
                  "known": loop.tempo.known, "given": loop.tempo.given},
        "key": {"tonic": NOTE_NAMES[loop.key.tonic], "mode": loop.key.mode or None,
                "confidence": None if loop.key.given else round(loop.key.confidence, 3), "confidence_of": "tonic",
                "known": loop.key.known, "given": loop.key.given},
        "style": fit.style,
        "asked": asked or None,
        "bass": {"confidence": round(loop.bass.confidence, 3), "known": loop.bass.known,
                 "notes": [{"start_s": round(one.start, 2), "seconds": round(one.seconds, 2),
                            "note": note_name(one.midi), "weight": round(one.weight, 4)} for one in loop.bass.notes]},
        "room": {"free_ms": round(room.free_ms), "beat_ms": round(room.beat_ms), "click_hz": room.click_hz},
        "kicks": [{"file": one.kick.name, "seed": one.seed, "note": note_name(one.midi) if one.midi else None,
                   "interval": one.interval or None, "targets": {k: round(v, 3) for k, v in one.targets.items()},
                   "achieved": {name: known(line.achieved) for name, line in one.lines.items()},
                   "missed": [name for name, line in one.lines.items() if not line.reached],
                   "unrest": one.unrest or None, "low_share": known(one.low_share),
                   "masking_before_db": known(one.before_db), "masking_after_db": known(one.after_db),
                   "gain_db": known(one.gain_db), "why": why} for one, why in zip(fit.kicks, fit.why, strict=True)],
    }  # fmt: skip


def write_fit(
    fit: Fit, folder: str | PathLike[str], *, format: str = "wav", bits: str = "24", rate: int = SAMPLE_RATE,
    pre_roll_ms: float | None = None, force: bool = False,
) -> list[Path]:  # fmt: skip
    """Write what `fit` found: the kicks with their recipes, `mix/` with the loop alone, with each kick, ducked or not,
    and with the kick of the first seed before it was fitted, and the report as fit.txt and fit.json.

    All mixes have one loudness. format, bits, rate and pre_roll_ms are of the kicks, as in `write_kicks`. Returns the
    paths of the kicks. Raises UserError where a file is in the way (force replaces it, and removes the other kicks of
    the fit that was there).

    >>> import kickitout, tempfile
    >>> import numpy as np
    >>> bass = 0.5 * np.sin(2 * np.pi * 55 * np.arange(2 * 44100) / 44100)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     made = kickitout.write_fit(kickitout.fit(bass, 1), folder)
    ...     sorted(path.name for path in made[0].parent.iterdir())[1:]
    ['fit.json', 'fit.txt', 'mix']
    """
    folder = Path(folder)
    if not fit.kicks:
        raise UserError("a fit without kicks: there is nothing to write")
    names = ["loop", "unfitted", *(name for one in fit.kicks for name in (one.kick.name, f"{one.kick.name}_ducked"))]
    refuse_in_the_way(folder, [REPORT, DATA], force=force)
    refuse_in_the_way(folder / MIX, [f"{name}.wav" for name in names], force=force)
    paths = write_kicks([one.kick for one in fit.kicks], folder, format=format, bits=bits, rate=rate,
                        pre_roll_ms=pre_roll_ms, force=force)  # fmt: skip
    make_folder(folder / MIX)
    mixes = [folder / MIX / f"{name}.wav" for name in names]
    for path, mix in zip(mixes, equally_loud([*mixes_of(fit)]), strict=True):
        write_sound(path, mix, SAMPLE_RATE, force=force)
    for path in set(_of_earlier_fit(folder)) - {*paths, *mixes}:
        path.unlink(missing_ok=True)
    write_whole(folder / REPORT, report_text(fit).encode("utf-8"))
    write_whole(folder / DATA, (json.dumps(report_data(fit), indent=1, ensure_ascii=False) + "\n").encode("utf-8"))
    return paths


def _of_earlier_fit(folder: Path) -> Iterator[Path]:
    """Where the kicks and mixes of the fit that is in a folder may be, as its fit.json names them."""
    with contextlib.suppress(OSError, ValueError, LookupError, TypeError, RecursionError):
        for name in (str(one["file"]) for one in json.loads(read_regular(folder / DATA))["kicks"]):
            if OURS.fullmatch(name):  # no path, and no file of anybody else
                yield from (folder / f"{name}.{ending}" for ending in ("wav", "flac"))
                yield from (folder / MIX / f"{name}{more}.wav" for more in ("", "_ducked"))


def mixes_of(fit: Fit) -> Iterator[np.ndarray]:
    """The loop alone, with the first seed's own kick, and with each kick and then ducked: float32 [T, C]."""
    loop, first = fit.loop, fit.kicks[0]
    yield loop.samples
    yield mixed(loop, first.before, first.before_gain_db)
    for one in fit.kicks:
        wave = one.kick.channels.mean(axis=0)
        yield mixed(loop, wave, one.gain_db)
        yield mixed(loop, wave, one.gain_db, one.targets["decay"] / 1000)
