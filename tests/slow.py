"""Work that takes longer than anyone waits for it."""

from __future__ import annotations

import time
from pathlib import Path

from kickitout.files import writing_whole


def slow_writer(path: str) -> None:
    """Writes for a minute, and says when it has begun."""
    with writing_whole(path) as file:
        Path(f"{path}.begun").touch()
        for _ in range(6000):
            time.sleep(0.01)
            file.write(b"more")
