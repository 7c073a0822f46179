"""What the studio's tests share: answers unpacked, and a studio that runs in a process of its own."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np


def unpack(data: bytes) -> tuple[dict, np.ndarray]:
    """The JSON and the samples [sounds, channels, T] of a binary answer."""
    (size,) = struct.unpack("<I", data[:4])
    head = json.loads(data[4 : 4 + size])
    waves = np.frombuffer(data[4 + size :], "<f4").reshape(-1, head["channels"], head["length"])
    return head, waves


@contextmanager
def running(*args: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """(address, process) of `kick studio --port 0`; it ends with the block."""
    command = [sys.executable, "-m", "kickitout", "studio", "--port", "0", *args]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith("http://127.0.0.1:"), process.stderr.read() if process.stderr else ""
            yield line.split()[0], process
        finally:
            process.terminate()
            process.communicate(timeout=20)
