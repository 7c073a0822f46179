"""The first sounds of each row as files that a page can play.

Sounds of a model are passed on where all kicks that it learned from may be. Results alone (`results.write_alone`) keep
those in `players.npz`, and no others. A laboratory that goes on from results has them still.
"""

from __future__ import annotations

import numpy as np

from kickitout.audio import encode_sound
from kickitout.sound import SAMPLE_RATE
from kicklab.data import is_free
from kicklab.folder import Lab, read_arrays, read_json
from kicklab.pictures import made_waves
from kicklab.study import load_study

PLAYED = 3  # sounds of a row
INAUDIBLE_SHARE = 1e-3  # of the peak: a player stops where nothing louder comes
FADE = 200  # samples at the end
Players = dict[tuple[str, str], tuple[bytes, ...]]  # study, row -> FLAC files


def collect_players(lab: Lab, *, all_models: bool = False) -> Players:
    """The first sounds of each row's first seed, where all training kicks may be passed on; all_models: of all.

    In a laboratory that goes on from results those of its results stay where the sounds are not here.
    """
    if not lab.has_kicks:
        return _kept(lab)
    if not all_models and not all(is_free(row) for row in lab.sounds("kicks").train.rows):
        return {}
    studies = {plan.stem for plan in lab.plans}
    found = {played: kept for played, kept in _kept(lab).items() if played[0] in studies}
    for plan in lab.plans:
        if load_study(plan.stem).data != "kicks":
            continue
        for row in dict.fromkeys(entry["row"] for entry in read_json(plan)["cells"] if entry["source"] == "trained"):
            if (waves := made_waves(lab, plan.stem, row)) is not None:
                found[plan.stem, row] = tuple(as_file(wave) for wave in waves[:PLAYED])
    return found


def as_file(wave: np.ndarray) -> bytes:
    """A sound [T] as FLAC, its silent end cut off."""
    loud = np.flatnonzero(np.abs(wave) > INAUDIBLE_SHARE * max(float(np.abs(wave).max()), 1e-9))
    end = int(loud[-1]) + 1 if len(loud) else len(wave)
    fade = np.minimum(np.arange(end, 0, -1) / FADE, 1.0)
    return encode_sound((wave[:end] * fade).astype(np.float32), SAMPLE_RATE, format="flac", bits="16")


def as_arrays(played: Players) -> dict[str, np.ndarray]:
    """To be kept: "STUDY, ROW, NUMBER" -> bytes."""
    return {
        f"{study}, {row}, {i}": np.frombuffer(file, np.uint8)
        for (study, row), files in played.items()
        for i, file in enumerate(files)
    }


def _kept(lab: Lab) -> Players:
    found: Players = {}
    for name, file in (read_arrays(lab.players) if lab.players.exists() else {}).items():
        study, _, rest = name.partition(", ")
        row = rest.rpartition(", ")[0]
        found[study, row] = (*found.get((study, row), ()), file.tobytes())
    return found
