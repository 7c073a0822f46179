"""Inputs are changed, and kept to be changed further where the outcome is new: a sentence that was not said before."""

from __future__ import annotations

import random
import re
import time
import traceback
from dataclasses import dataclass, field

from mutate import mutated
from targets import TARGETS, Target


@dataclass
class Found:
    """What a round of fuzzing found. bugs: where it broke -> the smallest input that broke there, and how."""

    runs: int = 0
    outcomes: int = 0
    seconds: float = 0.0
    slowest: float = 0.0
    bugs: dict[str, tuple[bytes, str]] = field(default_factory=dict)


def fuzz(name: str, seed: int = 0, *, runs: int | None = None, seconds: float = float("inf")) -> Found:
    """Until so many runs or seconds are over. The same seed and runs try the same inputs."""
    target, rng, found = TARGETS[name], random.Random(f"{name} {seed}"), Found()
    kept = target.seeds()
    seeds = len(kept)
    said: set[str] = set()
    began = time.monotonic()
    while found.runs != runs and time.monotonic() - began < seconds:
        data = mutated(rng.choice(kept), kept, rng) if found.runs >= seeds else kept[found.runs]
        start = time.monotonic()
        try:
            outcome = _kind(target.once(data))
        except Exception as error:
            outcome = ""
            note_bug(found, target, data, error)
        found.slowest = max(found.slowest, time.monotonic() - start)
        found.runs += 1
        if outcome and outcome not in said and len(data) < 1 << 16:
            said.add(outcome)
            kept.append(data)
    found.seconds, found.outcomes = time.monotonic() - began, len(said)
    return found


def note_bug(found: Found, target: Target, data: bytes, error: Exception) -> None:
    """Keep the smallest input of each place in the code."""
    where = place(error)
    if where not in found.bugs or len(data) < len(found.bugs[where][0]):
        found.bugs[where] = (data, "".join(traceback.format_exception(error)))


def place(error: BaseException) -> str:
    """The line of ours that raised, or had it raised, as a name for a bug."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [f for f in frames if "/kickitout/" in f.filename] or list(frames)
    return f"{type(error).__name__} at {ours[-1].filename.rpartition('/')[2]}:{ours[-1].lineno}"


def minimised(data: bytes, target: Target, where: str) -> bytes:
    """A shorter input that breaks at the same place: parts are left out for as long as it still does."""
    size = len(data) // 2
    while size:
        at = 0
        while at < len(data):
            shorter = data[:at] + data[at + size :]
            try:
                target.once(shorter)
            except Exception as error:
                if place(error) == where:
                    data = shorter
                    continue
            at += size
        size //= 2
    return data


def _kind(outcome: str) -> str:
    """An outcome without its numbers and names."""
    return re.sub(r"'[^']*'|\"[^\"]*\"|\d+", "#", outcome)[:80]
