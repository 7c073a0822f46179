"""Run folders seen from outside: their state, their best score, what they take on the disk and what of it can go.

Reads the files that `kickitout.training.run_folder` describes; needs no PyTorch.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from kickitout.errors import UserError, one_line
from kickitout.files import as_paths, explain_os_error, is_held, is_special, read_regular, remove
from kickitout.stored import current_name

PathOrPaths: TypeAlias = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]
MODELS = ("model.onnx", "model.safetensors")
REQUEST, LOG, STOP = "request.json", "train.log", "stop"  # of a run that another process has begun
DEEPEST = 4  # folders below a given one that are looked into


class RunState(NamedTuple):
    """One run folder."""

    path: Path
    config: str
    state: str  # running, finished, unfinished (can go on, has no model yet), not begun, unreadable
    step: int
    minutes: float
    best: float | None  # held-out score of the best snapshot; lower is better
    size: int  # bytes
    spare: int  # bytes that `spare_files` would free, checkpoints not counted


class Spare(NamedTuple):
    """What of a run folder can go. files: with their bytes; running: a trainer uses the run, which is left alone."""

    run: Path
    running: bool
    files: dict[Path, int]


def runs(places: PathOrPaths = "runs") -> list[RunState]:
    """The run folders at or below some places: path, config, state, step, minutes, best score (lower is better), bytes
    on the disk and bytes that can go. Raises UserError for a place that is no folder.

    >>> import kickitout, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     kickitout.runs(folder)
    []
    """
    return [look_at(path) for path in find_runs(as_paths(places))]


def clean(places: PathOrPaths = "runs", *, checkpoints: bool = False, remove: bool = False) -> Iterator[Spare]:
    """What can go of the run folders at or below some places: second copies of checkpoints, and what killed runs left
    half-written. checkpoints: of finished runs, too, which ends their training.

    remove: it goes as the folders are gone through; without it nothing does. Raises UserError for a place that is no
    folder.

    >>> import kickitout, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     list(kickitout.clean(folder))
    []
    """
    for path in find_runs(as_paths(places)):
        if is_running(path):
            yield Spare(path, True, {})
            continue
        files = {file: _size(file) for file in spare_files(path, checkpoints)}
        if remove:
            free(path, checkpoints)
        yield Spare(path, False, files)


def find_runs(places: Sequence[Path]) -> list[Path]:
    """Run folders at or below the places, sorted. Raises UserError for a place that is no folder."""
    found: set[Path] = set()
    for place in places:
        if not place.is_dir():
            raise UserError(f"{place}: no folder; name a run, or a folder that holds runs")
        found.update(_below(place, DEEPEST))
    return sorted(found)


def look_at(path: Path) -> RunState:
    """The state of one run folder; a damaged one is reported, not an error."""
    entries = stats_of(path)
    shots = [e["score"] for e in entries if e.get("kind") == "snapshot" and _is_number(e.get("score"))]
    try:
        config = one_line(current_name(str(json.loads(read_regular(path / "config.json"))["name"])))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        config = ""
    if not config:
        state = "unreadable"
    elif is_running(path):
        state = "running"
    elif any((path / name).exists() for name in MODELS):
        state = "finished"
    else:
        state = "unfinished" if entries else "not begun"
    step = next((e["step"] for e in reversed(entries) if "step" in e), 0)
    seconds = next((e["seconds"] for e in reversed(entries) if _is_number(e.get("seconds"))), 0.0)
    size, spare = (sum(map(_size, files)) for files in (_all_files(path), spare_files(path)))
    return RunState(
        path,
        config,
        state,
        step,
        seconds / 60,
        min(shots, default=None),
        size,
        spare,
    )


def is_running(path: Path) -> bool:
    """Whether a trainer holds the folder."""
    return is_held(path)


def spare_files(path: Path, checkpoints: bool = False) -> list[Path]:
    """What a run can lose without losing anything: second copies, and files and folders that were being written when it
    was killed.

    checkpoints: those too, where a finished model is there; such a run can be played, but not be trained on.
    """
    folder = path / "checkpoints"
    parts = set(path.rglob(".*.part"))
    spare = [part for part in parts if parts.isdisjoint(part.parents)]
    if _is_whole(folder / "latest.safetensors"):  # or else what is beside it is all there is to go on from
        spare += folder.glob("[!.]*.previous")
    if checkpoints and any((path / name).exists() for name in MODELS):
        spare += [*folder.glob("[!.]*.safetensors"), *folder.glob("[!.]*.previous"), *folder.glob("[!.]*.fresh")]
    return sorted(set(spare))


def _is_whole(checkpoint: Path) -> bool:
    """Whether a file of tensors is as long as its head says. What changed inside, only reading it all would tell."""
    if is_special(checkpoint):
        return False
    with (
        contextlib.suppress(OSError, ValueError, TypeError, LookupError, AttributeError, RecursionError),
        open(checkpoint, "rb") as file,
    ):
        size = int.from_bytes(file.read(8), "little")
        if size < 100_000_000:
            head = json.loads(file.read(size))
            ends = [entry["data_offsets"][1] for name, entry in head.items() if name != "__metadata__"]
            return file.seek(0, 2) == 8 + size + max(ends)
    return False


def free(path: Path, checkpoints: bool = False) -> int:
    """Remove the spare files of a run that is not running. Returns the bytes; raises UserError while it runs."""
    if is_running(path):
        raise UserError(f"{path}: a trainer is using this run; stop it first")
    freed = 0
    for file in spare_files(path, checkpoints):
        size = _size(file)
        try:
            remove(file)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise explain_os_error(error, file) from error
        freed += size
    return freed


def _below(place: Path, depth: int) -> Iterator[Path]:
    if (place / "config.json").is_file() and (place / "dataset.json").is_file():
        yield place
    elif depth:
        with contextlib.suppress(OSError):
            for child in place.iterdir():
                if child.is_dir() and not child.is_symlink():
                    yield from _below(child, depth - 1)


def stats_of(path: Path) -> list[dict[str, Any]]:
    """The lines of a run's stats.jsonl (see `entries_in`); none where it cannot be read."""
    try:
        return entries_in(read_regular(path / "stats.jsonl"))
    except OSError:
        return []


def entries_in(stats: bytes) -> list[dict[str, Any]]:
    """The lines of a stats.jsonl. Those that are damaged, whose step is none, or that are being written are left out.

    >>> entries_in(b'{"kind": "losses", "step": 10}\\n{"step": null}\\n{"kind": "los')
    [{'kind': 'losses', 'step': 10}]
    """
    found = []
    for line in stats.decode("utf-8", "replace").splitlines():
        with contextlib.suppress(ValueError, RecursionError):
            entry = json.loads(line)
            if isinstance(entry, dict) and isinstance(entry.get("step", 0), int):
                found.append(entry)
    return found


def _is_number(value: object) -> bool:
    """Whether a value out of JSON is a number that can be counted with."""
    return isinstance(value, int | float) and abs(value) < 1e15


def _all_files(path: Path) -> Iterator[Path]:
    for folder, _, names in os.walk(path):
        yield from (Path(folder) / name for name in names)


def _size(file: Path) -> int:
    """Bytes of a file, or of all in a folder; 0 for what is gone."""
    if file.is_dir() and not file.is_symlink():
        return sum(map(_size, _all_files(file)))
    try:
        return file.lstat().st_size
    except OSError:
        return 0
