"""A clock that stands still while the process does: stopped by SIGSTOP or Ctrl-Z, and continued by SIGCONT.

SIGSTOP cannot be caught, and SIGCONT does not say for how long the process has stood. A thread that wakes every BEAT
seconds knows: what it has missed when SIGCONT comes is that time, to a beat.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

BEAT = 0.25  # seconds
LEAST = 2 * BEAT  # less than that a busy machine takes, too
RECENT = (
    30.0  # seconds; SIGCONT is heard of between two operations of the main thread, and what was missed before is old
)


class ProcessClock:
    """Seconds, as `time.monotonic` has them, without those for which the process was stopped."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self.now = now
        self.stopped = 0.0
        self._beat, self._missed = now(), 0.0
        self._missed_at = self._beat
        self._lock = threading.RLock()  # one thread ticks, the main one hears signals

    def __call__(self) -> float:
        return self.now() - self.stopped

    def tick(self) -> None:
        """Once a BEAT."""
        with self._lock:
            now = self.now()
            missed, self._beat = now - self._beat - BEAT, now
            if missed > self._missed or now - self._missed_at > RECENT:
                self._missed, self._missed_at = missed, now

    def continued(self) -> None:
        """SIGCONT has come."""
        with self._lock:
            self.tick()
            if self._missed > LEAST:
                self.stopped += self._missed
            self._missed = 0.0


@contextmanager
def process_clock() -> Iterator[Callable[[], float]]:
    """Such a clock for the time of the block; `time.monotonic` where signals are somebody else's, and on Windows."""
    number, clock, over = getattr(signal, "SIGCONT", None), ProcessClock(), threading.Event()

    def heard(_number: int, _frame: FrameType | None) -> None:
        clock.continued()

    def ticking() -> None:
        while not over.wait(BEAT):
            clock.tick()

    if number is None or threading.current_thread() is not threading.main_thread():
        yield time.monotonic
        return
    before = signal.signal(number, heard)
    beating = threading.Thread(target=ticking, name="process clock", daemon=True)
    beating.start()
    try:
        yield clock
    finally:
        over.set()
        beating.join()
        signal.signal(number, signal.SIG_DFL if before is None else before)  # None: not set from Python
