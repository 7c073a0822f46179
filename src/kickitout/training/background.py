"""Training as a process of its own, begun by one that has no PyTorch (the studio), and watched through its run folder.

It is the command line's, `python -m kickitout train SOUNDS --out RUN`, so `kick train` goes on with it and `kick runs`
lists it. It has a session of its own: neither the end of whoever began it nor Ctrl-C in that terminal reaches it. Who
wants it to stop puts a file into the run folder, which needs no number of a process that may be another's by now.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from kickitout.errors import UserError
from kickitout.files import DISK_FULL, explain_os_error, make_folder, names_in, read_regular, write_whole
from kickitout.stored import current_name
from kickitout.training.budget import TIMING, Timing, on_the_clock, written
from kickitout.training.overview import LOG, MODELS, REQUEST, STOP, is_running, stats_of
from kickitout.workers.threads import environment_outside

State = Literal["not begun", "starting", "running", "stopping", "ended"]
TRAIN = (sys.executable, "-m", "kickitout", "train")
STARTS_WITHIN = 90.0  # seconds without a word, in which a process whose folder is not yet held may be reading sounds
MOST_POINTS = 300  # of a curve
FULL = 20e6  # bytes; a disk with less holds no checkpoint
BEFORE_IT_BEGAN = ("config.json", "stats.jsonl", "notebook.md", "reals.png", "reals.wav")  # of what has no checkpoint
LAST_WORDS = ("done at", "interrupted at", "stopped at", "stopped before", "hear it:", "kick: ")  # of the command
FOR_A_TERMINAL = ("hear it:", "everything is saved")


@dataclass(frozen=True)
class TrainingRequest:
    """What a run was begun with. sounds: a folder; changes: as `--set` has them; seconds: the budget of all starts."""

    sounds: str
    config: str = "kickae"
    changes: tuple[str, ...] = ()
    seconds: float = 1200.0

    def command(self, run: Path) -> list[str]:
        """What follows `kick train`."""
        changes = [f"--set={change}" for change in self.changes]
        budget = ["--budget", written(self.seconds)]
        return [self.sounds, "--config", self.config, *changes, *budget, "--out", str(run)]


class BackgroundRun:
    """A run folder, and the process that trains in it if this one began it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._process: subprocess.Popen[bytes] | None = None
        self._ran = False  # seen to hold its folder, since it was started
        self._seen: tuple[tuple[float, int], list[dict[str, Any]]] = ((0.0, -1), [])

    # -- acting -------------------------------------------------------------------------------------------------------

    def start(self, request: TrainingRequest) -> None:
        """Begin a run, or go on with it; one that failed before it had learned anything begins anew, with any settings.
        Raises UserError while it runs, and where its folder cannot be written."""
        if self.state in ("starting", "running", "stopping"):
            raise UserError(f"{self.path.name} is being trained already; stop it, or wait for its end")
        make_folder(self.path)
        if not self.has_begun:
            for name in BEFORE_IT_BEGAN:
                (self.path / name).unlink(missing_ok=True)
        write_whole(self.path / REQUEST, (json.dumps(asdict(request), indent=1) + "\n").encode())
        own: dict[str, Any] = {"start_new_session": True}
        if sys.platform == "win32":
            own = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
        try:
            for name in (STOP, LOG):  # where the folder is from elsewhere, the log may be a link to anything
                (self.path / name).unlink(missing_ok=True)
            with open(self.path / LOG, "wb") as log:
                command = [*TRAIN, *request.command(self.path)]
                self._process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env=environment_outside(),
                    **own,
                )
            self._ran = False
        except OSError as error:
            raise explain_os_error(error, error.filename or self.path) from error

    def go_on(self, seconds: float) -> None:
        """Train for so many more seconds, with the same sounds and settings. Raises UserError as `start` does, and for
        a run that somebody else began."""
        request = self.request
        if request is None:
            raise UserError(f"{self.path.name} was not begun here; the `kick train` that began it goes on with it")
        self.start(replace(request, seconds=Timing.read(self.path).seconds + seconds))

    def ask_to_stop(self) -> None:
        """Have it save, write its model and end, after the step at hand. Raises UserError where it does not run."""
        state = self.state
        if state == "starting":
            raise UserError(f"{self.path.name} is only starting; it can be stopped in a moment")
        if state == "running":
            write_whole(self.path / STOP, b"")
        elif state != "stopping":
            raise UserError(f"{self.path.name} is not being trained; there is nothing to stop")

    # -- watching -----------------------------------------------------------------------------------------------------

    @property
    def request(self) -> TrainingRequest | None:
        """What it was begun with; None where that was by somebody else, or cannot be read."""
        try:
            data = json.loads(read_regular(self.path / REQUEST))
            return TrainingRequest(str(data["sounds"]), current_name(str(data["config"])),
                                   tuple(map(str, data["changes"])), float(data["seconds"]))  # fmt: skip
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None

    @property
    def has_begun(self) -> bool:
        """Whether it has learned anything: has a checkpoint or a model."""
        return bool(names_in(self.path / "checkpoints")) or self.model_step() is not None

    @property
    def state(self) -> State:
        if is_running(self.path):
            self._ran = True
            return "stopping" if (self.path / STOP).exists() else "running"
        if self._process is not None and self._process.poll() is None:
            return "stopping" if self._ran else "starting"
        if not self.path.is_dir():
            return "not begun"  # or somebody has taken the folder away
        if self._process is not None or self._ran:
            return "ended"
        lines = self.lines()
        if not lines and not (self.path / TIMING).exists():
            return "starting" if self._young() else "not begun"
        return "starting" if self._young() and not any(map(_is_last, lines)) else "ended"

    def _young(self) -> bool:
        with suppress(OSError):
            return time.time() - (self.path / LOG).stat().st_mtime < STARTS_WITHIN
        return False

    def lines(self) -> list[str]:
        """What the command has said since it was started last."""
        with suppress(OSError):
            text = read_regular(self.path / LOG).decode("utf-8", "replace")
            return [line for line in text.splitlines() if line.strip()]
        return []

    def said(self, state: State) -> tuple[str, bool]:
        """The last thing that it said, and whether that is why it failed. state: as it is now."""
        lines = [line for line in self.lines() if not line.startswith(FOR_A_TERMINAL)]
        last = lines[-1].strip() if lines else ""
        if state != "ended":
            return last, False
        if wrong := next((line for line in reversed(lines) if line.startswith("kick: ")), ""):
            return wrong.removeprefix("kick: "), wrong != "kick: stopped"
        if _is_last(last):
            return last, False
        if shutil.disk_usage(self.path).free < FULL:
            return f"{self.path}: {DISK_FULL}; then it goes on from its last checkpoint", True
        return f"it ended without a last word; {self.path / LOG} has what there is, and going on may work", True

    def entries(self) -> list[dict[str, Any]]:
        """The lines of stats.jsonl, read again where that has changed."""
        with suppress(OSError):
            stat = (self.path / "stats.jsonl").stat()
            now = stat.st_mtime, stat.st_size
            if now != self._seen[0]:
                self._seen = now, stats_of(self.path)
            return self._seen[1]
        return []

    def progress(self) -> dict[str, Any]:
        """All that there is to see of it, ready for JSON; what has no value is None."""
        entries, request, state = self.entries(), self.request, self.state
        said, wrong = self.said(state)
        losses = [entry for entry in entries if entry.get("kind") == "losses" and "step" in entry]
        names = [name for entry in losses[-1:] for name in entry if name.startswith("loss/")]
        shown = thinned_out(losses, MOST_POINTS)
        last = losses[-1] if losses else {}
        timing = Timing.read(self.path)
        return {
            "name": self.path.name,
            "path": str(self.path),
            "state": state,
            "begun": self.has_begun,
            "said": said,
            "wrong": wrong,
            "sounds": request.sounds if request else None,
            "config": request.config if request else None,
            "command": shlex.join(["kick", "train", *request.command(self.path)]) if request else None,
            "budget": request.seconds if request else None,
            "spent": on_the_clock(timing.seconds),
            "step": last.get("step", 0),
            "left": last.get("left"),
            "curve": {
                "steps": [entry["step"] for entry in shown],
                "losses": {name.removeprefix("loss/"): [entry.get(name) for entry in shown] for name in names},
            },
            "snapshots": [
                {key: entry.get(key) for key in ("step", "score", "floor", "troubles", "closing")}
                for entry in entries
                if entry.get("kind") == "snapshot"
            ],
            "events": [
                {"step": entry.get("step"), "text": entry.get("text")}
                for entry in entries
                if entry.get("kind") == "event"
            ][-20:],
            "model": self.model_step(),
        }

    def model_step(self) -> str | None:
        """What tells the finished model from the one before it; None where there is none."""
        for name in MODELS:
            with suppress(OSError):
                return f"{(self.path / name).stat().st_mtime_ns:x}"
        return None


def _is_last(line: str) -> bool:
    return line.startswith(LAST_WORDS) or " has used its budget of " in line


def thinned_out(entries: Sequence[dict[str, Any]], most: int) -> list[dict[str, Any]]:
    """At most so many of them, evenly, with the last one.

    >>> [e["step"] for e in thinned_out([{"step": i} for i in range(10)], 4)]
    [0, 3, 6, 9]
    """
    if len(entries) <= most:
        return list(entries)
    return [entries[round(i * (len(entries) - 1) / (most - 1))] for i in range(most)]


def find_background_runs(folder: Path) -> list[Path]:
    """The run folders right in a folder, the one that was begun or trained last first. Raises UserError for nothing."""
    found = []
    with suppress(OSError):
        for path in folder.iterdir():
            places = [path / name for name in (LOG, REQUEST, TIMING, "config.json")]
            times = [os.stat(place).st_mtime for place in places if place.exists()]
            if times:
                found.append((max(times), path))
    return [path for _, path in sorted(found, reverse=True)]
