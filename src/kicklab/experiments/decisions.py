"""What the program decides about the sounds of folders, as JSON, to compare processors.

    kick lab measure decisions FOLDER [FOLDER ...] > here.json
    qemu-x86_64 -cpu Nehalem .venv/bin/kick lab measure decisions FOLDER ... --against here.json
    kick lab measure decisions FOLDER ... --against here.json --nudge 1e-6

The second says what another processor decides otherwise; the third, what is decided otherwise once every sample has
been moved by about a millionth, ten times of what processors differ by: what lies so near to a limit. Both exit with 1
where there is something to say. NPY_DISABLE_CPU_FEATURES and OPENBLAS_CORETYPE choose other code without emulation,
but not in the decoders and the resampler. (QEMU 7.2 runs the AVX2 sorts of numpy wrongly: with `-cpu Haswell`, np.sort
itself is off.)
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import astuple, replace
from pathlib import Path
from typing import Any

import numpy as np

from kickitout.audio import Sound, decode_sound
from kickitout.audio.prepare import Prepared
from kickitout.augmentation.variants import draw_changes, has_click
from kickitout.datasets.build import Dataset, ManifestRow, describe_sound, is_wide, split, take_usable
from kickitout.datasets.groups import near_duplicate_groups
from kickitout.datasets.scan import Candidate, Refused, scan
from kickitout.errors import UserError

SEEDS = range(5)  # of the splits


def decisions(folders: list[Path], nudge: float = 0.0) -> dict[str, Any]:
    """Name of a file -> what is decided about it; and the groups, splits and variants of all."""
    random = np.random.default_rng(0)
    candidates = scan(folders).candidates
    refused: list[Refused] = []
    rows, waves, sides = [], [], []
    for row, prepared in take_usable(_read_all(candidates, nudge, random), refused, len(candidates)):
        rows.append(row)
        waves.append(_nudged(prepared.mid, nudge, random))
        sides.append(_nudged(prepared.side, nudge, random))
    found: dict[str, Any] = {one.name: {"refused": one.reason} for one in refused}
    mids = np.stack(waves)
    joined = near_duplicate_groups(mids, [row.sound for row in rows])
    rows = [replace(row, group=int(group)) for row, group in zip(rows, joined, strict=True)]
    dataset = Dataset(mids, np.stack(sides), tuple(rows), (), {}, ())
    held_out = {seed: set(split(dataset, seed=seed)[1].tolist()) for seed in SEEDS}
    for i, (row, wave, wide) in enumerate(zip(rows, mids, is_wide(mids, dataset.sides), strict=True)):
        found[row.name] = {
            "identity": row.sound, "onset": round(row.onset_s * row.rate), "flipped": row.flipped,
            "cancelled": row.cancelled, "rests on an offset": row.dc != 0, "wide": bool(wide),
            "lends its click": has_click(wave), "group": row.group,
            "variant": [f"{value:.9g}" for value in astuple(draw_changes(row.sound, 0, 0))],
            "held out by": [seed for seed in SEEDS if i in held_out[seed]],
        }  # fmt: skip
    return {"digest": dataset.digest, "files": found}


def _read_all(candidates: tuple[Candidate, ...], nudge: float, random: np.random.Generator) -> Iterator[Any]:
    for candidate in candidates:
        try:
            with candidate.open() as file:
                sound = decode_sound(file, candidate.name)
                row, prepared = describe_sound(candidate, sound, file, "")
            if nudge:
                row, prepared = _as_nudged(candidate, sound, row, _nudged(sound.samples, nudge, random))
            yield row, prepared
        except UserError as error:
            yield Refused(candidate.name, str(error))


def _as_nudged(
    candidate: Candidate, sound: Sound, row: ManifestRow, samples: np.ndarray
) -> tuple[ManifestRow, Prepared]:
    """A file prepared from other samples, under its own identity."""
    with candidate.open() as file:
        other, prepared = describe_sound(candidate, replace(sound, samples=samples), file, "")
    return replace(other, sound=row.sound), prepared


def _nudged(x: np.ndarray, by: float, random: np.random.Generator) -> np.ndarray:
    """Each sample moved by a share of itself, and a tenth as much of the peak; silence stays."""
    if not by:
        return x
    own, common = random.uniform(-by, by, (2, *x.shape))
    return (x * (1 + own) + (x != 0) * common * (np.abs(x).max() / 10)).astype(np.float32)


def differences(here: dict[str, Any], there: dict[str, Any]) -> list[str]:
    """What is decided otherwise, a line each."""
    lines = [] if here["digest"] == there["digest"] else ["the digest of the dataset is another"]
    for name in sorted(here["files"].keys() | there["files"].keys()):
        a, b = here["files"].get(name, {}), there["files"].get(name, {})
        lines += [f"{name}: {key} {a.get(key)} -> {b.get(key)}" for key in a | b if a.get(key) != b.get(key)]
    return lines


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("sounds", type=Path, nargs="+")
    parser.add_argument("--against", type=Path)
    parser.add_argument("--nudge", type=float, default=0.0)


def run(args: argparse.Namespace) -> Iterator[str]:
    found = decisions(args.sounds, args.nudge)
    if args.against is None:
        yield json.dumps(found)
        return
    lines = differences(json.loads(args.against.read_text("utf-8")), found)
    yield "\n".join(lines or [f"all is decided alike about {len(found['files'])} files"])
    if lines:
        raise SystemExit(1)
