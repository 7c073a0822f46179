"""What the faults share: a toy run, how it ends when nothing happens, and what a folder is like after a fault."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from forks import Ended, Kick
from safetensors import SafetensorError, safe_open
from toy import TOY, write_kicks

from kickitout.audio import read_sound

STEPS, EVERY = 6, 2  # of a run; between two checkpoints
TRAIN = ("--config", "dcgan", "--threads", 1, "--device", "cpu", *(f"--set={change}" for change in TOY))


@dataclass(frozen=True)
class Outcome:
    """times: how often the fault was there; survived: after how many of them all was as promised; lost: in words."""

    times: int
    survived: int
    lost: str
    broken: tuple[str, ...] = ()  # what was not as promised


class Tally:
    """Counts faults; what goes wrong is written down and does not stop the others."""

    def __init__(self) -> None:
        self.times, self.broken = 0, []

    def note(self, holds: bool, what: str) -> bool:
        self.times += 1
        if not holds:
            self.broken.append(what)
        return holds

    def outcome(self, lost: str) -> Outcome:
        return Outcome(self.times, self.times - len(self.broken), lost, tuple(self.broken))


class Stage:
    """A folder to play in, kicks to learn from, and the run that nothing happened to."""

    def __init__(self, kick: Kick, place: Path) -> None:
        self.kick, self.place, self._count = kick, place, 0

    def new(self, name: str = "") -> Path:
        """A new folder."""
        self._count += 1
        folder = self.place / f"{self._count:03d}{name}"
        folder.mkdir()
        return folder

    @cached_property
    def kicks(self) -> Path:
        return write_kicks(self.place / "kicks", 12)

    def train(self, run: Path, steps: int = STEPS, kicks: Path | None = None, **how: Any) -> Ended:
        """`kick train` into run/"run"."""
        return self.kick.run(*self.training(run, steps, kicks), cwd=run, **how)

    def training(self, run: Path, steps: int = STEPS, kicks: Path | None = None) -> tuple[object, ...]:
        mine = run / "kicks"
        if kicks is None and not mine.exists():
            shutil.copytree(self.kicks, mine)
        return "train", kicks or "kicks", "--out", "run", "--steps", steps, *TRAIN

    @cached_property
    def untouched(self) -> tuple[str, float]:
        """What an uninterrupted run ends with, see `end_of`, and how many seconds it takes."""
        run = self.new()
        ended = self.train(run)
        assert ended.code == 0, ended.said
        return end_of(run / "run"), ended.seconds

    @cached_property
    def half(self) -> Path:
        """A run that was ended before its last snapshot: faults that come later begin with a copy of it."""
        run = self.new()
        ended = self.train(run, STEPS - EVERY)
        assert ended.code == 0, ended.said
        for path in (run / "run").glob("model.*"):
            path.unlink()
        return run

    def copy_of_half(self) -> Path:
        run = self.new()
        shutil.copytree(self.half, run, dirs_exist_ok=True)
        return run

    def same_end(self, run: Path) -> bool:
        """Whether a run ended as one that nothing happened to: every weight, every optimiser, the model's file."""
        return end_of(run / "run") == self.untouched[0]


def end_of(folder: Path) -> str:
    """A digest of everything a finished run has learned: all tensors of its checkpoint, and the file of its model."""
    digest = hashlib.sha256()
    with safe_open(folder / "checkpoints" / "latest.safetensors", framework="np") as file:
        digest.update(str(json.loads(file.metadata()["progress"])["step"]).encode())
        for key in sorted(file.keys()):
            digest.update(key.encode() + file.get_tensor(key).tobytes())
    digest.update((folder / "model.safetensors").read_bytes())
    return digest.hexdigest()


def steps_lost(folder: Path) -> int:
    """Steps that were logged and that no checkpoint knows, in a run folder whose trainer was killed."""
    logged = 0
    with contextlib.suppress(FileNotFoundError):
        for line in (folder / "stats.jsonl").read_text("utf-8").splitlines():
            with contextlib.suppress(ValueError):
                logged = max(logged, json.loads(line)["step"])
    kept = 0
    for path in (folder / "checkpoints").glob("latest.*"):
        with contextlib.suppress(SafetensorError), safe_open(path, framework="np") as file:
            kept = max(kept, json.loads(file.metadata()["progress"])["step"])
    return max(0, logged - kept)


def half_written(folder: Path) -> list[str]:
    """Files under a final name that are not whole. stats.jsonl is a log: its last line may be cut."""
    return [str(path.relative_to(folder)) for path in visible(folder) if not is_whole(path)]


def visible(folder: Path) -> Iterator[Path]:
    """Every file with a final name."""
    for path in folder.rglob("*"):
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts):
            yield path


def is_whole(path: Path) -> bool:
    try:
        match path.suffix:
            case ".wav" | ".flac":
                return len(read_sound(path).samples) > 0
            case ".json":
                return bool(json.loads(path.read_bytes()))
            case ".png":
                return path.read_bytes().endswith(b"IEND\xaeB`\x82")
            case ".safetensors" | ".fresh" | ".previous":
                with safe_open(path, framework="np") as file:
                    return all(file.get_tensor(key) is not None for key in file.keys())  # noqa: SIM118
            case ".zip" | ".dslibrary":
                return zipfile.ZipFile(path).testzip() is None
            case ".tar":
                with tarfile.open(path) as tar:
                    return len(tar.getmembers()) > 0 and path.read_bytes()[-1024:] == bytes(1024)
            case ".jsonl":
                return True
            case _:
                return path.stat().st_size > 0
    except Exception:
        return False


def told(ended: Ended, *codes: int) -> bool:
    """Whether it ended with one of these codes, and with sentences instead of a traceback."""
    return ended.code in codes and "Traceback" not in ended.said
