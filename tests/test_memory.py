"""What a step frees is kept for the next one, and is given back when training ends."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

FAULTS = """
import resource
import numpy as np
from kickitout.training.memory import freed_memory_kept

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(8):
        step = [np.ones(3_000_000) for _ in range(6)]  # 24 MB each, freed together
        del step
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

faults()
print(faults())
with freed_memory_kept():
    faults()
    print(faults())
held = lambda: int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize() // 2**20
print(held())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries have rules of their own")
def test_memory_is_kept_between_steps_and_given_back_at_the_end():
    done = subprocess.run([sys.executable, "-c", FAULTS], capture_output=True, text=True, check=True)
    usual, kept, held_mb = map(int, done.stdout.split())
    assert kept < usual / 4  # how many a page of the system makes of it is its matter
    assert held_mb < 120  # 144 MB were freed


def test_without_such_a_library_it_does_nothing(monkeypatch):
    from kickitout.training import memory

    monkeypatch.setattr(memory.ctypes, "CDLL", lambda _: object())
    with memory.freed_memory_kept():
        pass
