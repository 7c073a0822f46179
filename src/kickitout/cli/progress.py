"""Long work as it is seen on the terminal: a bar; in a log file a line now and then.

`Watcher` shows training, with losses, kicks a second and the time left, `Counter` anything that is counted.
"""

from __future__ import annotations

import math
import os
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from kickitout.notes import note_name, to_midi

if TYPE_CHECKING:
    from kickitout.generation.reject import OutlierRejection
    from kickitout.training.loop import Report

LOG_SECONDS = 10.0  # between two lines where there is no terminal


def nobody_reads() -> None:
    """The reader of what is printed has gone (`kick generate | head`): from here on it is printed for nobody."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in filter(None, (sys.stdout, sys.stderr)):
        with suppress(OSError, ValueError):  # the other one may still be read
            stream.flush()
            continue
        with suppress(OSError, ValueError):
            os.dup2(nowhere, stream.fileno())


def print_made(line: str) -> None:
    """Print the name of a file that is there. That nobody reads it is no reason to make no more."""
    try:
        print(line, flush=True)
    except BrokenPipeError:
        nobody_reads()


def pitch_text(hz: float) -> str:
    """A pitch beside the name of a file, for instance 43.7 Hz, F1."""
    return "no pitch" if math.isnan(hz) else f"{hz:.1f} Hz, {note_name(round(to_midi(hz)))}"


def say_rejected(rejection: OutlierRejection) -> None:
    """The acceptance rate with its reasons, and the kicks that no attempt brought inside."""
    if not rejection.knows_dataset:
        print(
            f"outlier rejection: model {rejection.model.info.name} has no limits of what it learned from, so it "
            "looks for artefacts alone; a model exported by this version has them",
            file=sys.stderr,
        )
    for seed, said in sorted(rejection.tally.told.items()):
        print(f"outlier rejection: seed {seed} is the nearest of its attempts: {said}", file=sys.stderr)
    print(f"outlier rejection: {rejection.tally.text()}", file=sys.stderr)


class Watcher:
    """Called with every report of a run."""

    def __init__(self) -> None:
        self.bar: Any = None
        self.said = 0.0

    def __enter__(self) -> Watcher:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn

            columns = (TextColumn("step {task.fields[step]}"), BarColumn(None), TextColumn("{task.fields[figures]}"))
            self.bar = Progress(*columns, console=Console(stderr=True), expand=True)
            self.task = self.bar.add_task("train", total=1.0, step=0, figures="the first step")
            self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.bar is not None:
            self.bar.stop()

    def __call__(self, report: Report) -> None:
        with suppress(OSError):  # the terminal is gone: training saves all the same
            self._show(report)

    def _show(self, report: Report) -> None:
        if report.event:
            self._say(f"step {report.step}: {report.event}")
            return
        figures = describe(report)
        if self.bar is not None:
            self.bar.update(self.task, completed=report.share, step=report.step, figures=figures)
        elif time.monotonic() - self.said > LOG_SECONDS:
            self.said = time.monotonic()
            self._say(f"step {report.step}  {figures}")

    def _say(self, text: str) -> None:
        if self.bar is not None:
            self.bar.console.print(text)
        else:
            print(text, file=sys.stderr, flush=True)


class Counter:
    """Called with (how many are done, how many there are); unit: of what. made: how many since it began, for a rate."""

    def __init__(self, doing: str, unit: str) -> None:
        self.doing, self.unit = doing, unit
        self.bar: Any = None
        self.task: Any = None
        self.began = self.said = time.monotonic()

    def __enter__(self) -> Counter:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

            text = (TextColumn("{task.description}"), BarColumn(None), MofNCompleteColumn())
            more = (TextColumn("{task.fields[rate]}"), TimeRemainingColumn())
            console = Console(stderr=True)
            self.bar = Progress(*text, *more, console=console, expand=True, transient=True, redirect_stdout=False)
            self.task = self.bar.add_task(self.doing, total=None, rate="")
            self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.bar is not None:
            self.bar.stop()

    def __call__(self, done: int, total: int, doing: str | None = None, made: int | None = None) -> None:
        now = time.monotonic()
        rate = f"{made / (now - self.began):.0f} a second" if made and now > self.began else ""
        doing = doing or self.doing
        if self.bar is not None:
            self.bar.update(self.task, completed=done, total=total, description=doing, rate=rate)
        elif now - self.said > LOG_SECONDS:
            self.said = now
            more = f", {rate}" if rate else ""
            print(f"{doing}: {done} of {total} {self.unit}{more}", file=sys.stderr, flush=True)

    def print(self, line: str) -> None:
        """On stdout, above the bar where both are on the terminal."""
        if self.bar is not None and sys.stdout.isatty():
            self.bar.console.print(line, markup=False, highlight=False, soft_wrap=True)
        else:
            print_made(line)


def describe(report: Report) -> str:
    """Losses, kicks a second and time left."""
    names = {"loss/d": "critic", "loss/g": "generator"}
    shown = {k: v for k, v in report.losses.items() if k.startswith("loss/")}
    losses = "  ".join(f"{names.get(k, k.removeprefix('loss/'))} {v:.3f}" for k, v in shown.items())
    left = "" if report.left is None else f"  {int(report.left) // 60}:{int(report.left) % 60:02d} left"
    return f"{losses}  {report.kicks_per_second:.1f} kicks/s{left}"
