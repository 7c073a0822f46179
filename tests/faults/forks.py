"""The command line in processes of its own, without the seconds that importing torch takes each time.

A server imports everything once and forks: each child is `kick ARGUMENTS` from its first line to its exit code. The
server has no threads of its own, so that a fork is safe. Children are started, and may be signalled, one by one.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LONGEST = 120  # seconds: a child that still runs then is stuck, and ends with SIGALRM


@dataclass(frozen=True)
class Ended:
    """code: as `subprocess` has it, -9 after SIGKILL; said: stderr; seconds: from its start to its end."""

    code: int
    printed: str
    said: str
    seconds: float


@dataclass(frozen=True)
class Started:
    pid: int
    began: float  # time.monotonic()
    notes: Path  # its output


class Kick:
    """`kick` as a function: run(...), or start(...), signals, and end(...)."""

    def __init__(self, server: subprocess.Popen[str], notes: Path) -> None:
        self._server, self._notes, self._count = server, notes, 0

    def start(self, *args: object, cwd: Path, limit: int | None = None, bound: bool = False,
              env: dict[str, str] | None = None) -> Started:  # fmt: skip
        """limit: no file grows over so many bytes, which a program sees as a full disk; bound: to
        permissions, even as root."""
        self._count += 1
        notes = self._notes / str(self._count)
        order = {"args": [str(a) for a in args], "cwd": str(cwd), "limit": limit, "bound": bound, "env": env or {}}
        return Started(self._ask({"start": order, "notes": str(notes)}), time.monotonic(), notes)

    def end(self, started: Started) -> Ended:
        """Wait for its end."""
        status = self._ask({"wait": started.pid})
        texts = (started.notes.with_suffix(kind).read_text("utf-8", "replace") for kind in (".out", ".err"))
        return Ended(os.waitstatus_to_exitcode(status), *texts, time.monotonic() - started.began)

    def run(self, *args: object, after: float | None = None, send: int = signal.SIGKILL, **how: Any) -> Ended:
        """Run it; after: seconds until it is sent the signal (it may have ended by then: it is not waited for)."""
        started = self.start(*args, **how)
        if after is not None:
            time.sleep(after)
            os.kill(started.pid, send)  # not yet waited for, so its id is still its own
        return self.end(started)

    def _ask(self, order: dict[str, Any]) -> int:
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write(json.dumps(order) + "\n")
        self._server.stdin.flush()
        return int(self._server.stdout.readline())


@contextlib.contextmanager
def kick_server(*, torch: bool = True) -> Iterator[Kick]:
    """A `Kick` for as long as the block lasts. torch: whether it can train."""
    with tempfile.TemporaryDirectory(prefix="kick-faults-") as notes:
        command = [sys.executable, __file__, *(["torch"] if torch else [])]
        env = {**os.environ, "OMP_NUM_THREADS": "1"}
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=env) as server:
            try:
                yield Kick(server, Path(notes))
            finally:
                assert server.stdin is not None
                server.stdin.close()


def _child(order: dict[str, Any], notes: Path) -> int:
    from kickitout.cli import main

    for fd, path in ((0, Path(os.devnull)), (1, notes.with_suffix(".out")), (2, notes.with_suffix(".err"))):
        opened = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        os.dup2(opened, fd)
        os.close(opened)
    os.chdir(order["cwd"])
    os.environ.update(order["env"])
    if order["limit"] is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (order["limit"],) * 2)
    if order["bound"] and os.geteuid() == 0:
        _obey_permissions()
    signal.alarm(LONGEST)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # also where the tests run under nohup
    try:
        return main(order["args"])
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 1
    except BaseException:
        traceback.print_exc()
        return 1


def _obey_permissions() -> None:
    """Give up what lets root write anywhere: CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH (Linux, capset(2))."""
    libc = ctypes.CDLL(None, use_errno=True)
    head = (ctypes.c_uint32 * 2)(0x20080522, 0)  # _LINUX_CAPABILITY_VERSION_3, this process
    sets = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable; twice 32 bits of each
    if libc.capget(head, sets) == 0:
        sets[0] &= ~0b110
        sets[1] &= ~0b110
    if libc.capset(head, sets) != 0:
        raise OSError(ctypes.get_errno(), "capset")


def _serve(with_torch: bool) -> None:
    """One order a line on stdin, one number a line on the stdout that the server began with."""
    replies = os.dup(1)
    import kickitout.cli
    import kickitout.datasets.doctor.check
    import kickitout.export.kits.package
    import kickitout.generation.load

    if with_torch:
        import matplotlib.figure  # noqa: F401
        import torch
        import torch._dynamo

        import kickitout.metrics.memorisation
        import kickitout.training.loop  # noqa: F401

        torch.set_num_threads(1)
    assert len(os.listdir("/proc/self/task")) == 1 if os.path.isdir("/proc/self/task") else True
    for line in sys.stdin:
        order = json.loads(line)
        if "wait" in order:
            answer = os.waitpid(order["wait"], 0)[1]
        else:
            answer = os.fork()
            if answer == 0:
                os.close(replies)
                code = _child(order["start"], Path(order["notes"]))
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)
        os.write(replies, f"{answer}\n".encode())


if __name__ == "__main__":
    _serve("torch" in sys.argv)
