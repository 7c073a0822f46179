"""Training as it is seen on the terminal: a bar with losses, kicks a second and the time left; lines in a log file."""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from typing import Any

LOG_SECONDS = 10.0  # between two lines where there is no terminal


class Watcher:
    """Called with every Report of the loop."""

    def __init__(self, until: Any) -> None:
        self.until = until
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

    def __call__(self, report: Any) -> None:
        with suppress(OSError):  # the terminal is gone: training saves all the same
            self._show(report)

    def _show(self, report: Any) -> None:
        if report.event:
            self._say(f"step {report.step}: {report.event}")
            return
        figures = describe(report, self.until)
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


def describe(report: Any, until: Any) -> str:
    """Losses, kicks a second and time left."""
    names = {"loss/d": "critic", "loss/g": "generator"}
    shown = {k: v for k, v in report.losses.items() if k.startswith("loss/")}
    losses = "  ".join(f"{names.get(k, k.removeprefix('loss/'))} {v:.3f}" for k, v in shown.items())
    left = ""
    if report.share > 0:
        seconds = report.seconds / report.share - report.seconds
        if until.seconds:
            seconds = min(seconds, until.seconds - report.seconds)
        left = f"  {int(seconds) // 60}:{int(seconds) % 60:02d} left"
    return f"{losses}  {report.kicks_per_second:.1f} kicks/s{left}"
