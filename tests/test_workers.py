"""Workers: every item once, one thread each, and an end to everything that can end it."""

from __future__ import annotations

import math
import operator
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from slow import slow_writer

from kickitout.cli import main
from kickitout.errors import UserError
from kickitout.generation.noise import check_seeds
from kickitout.workers import Workers
from kickitout.workers.processes import Processes
from kickitout.workers.threads import environment_outside, one_thread

pytestmark = pytest.mark.light


@pytest.fixture(scope="module")
def two():
    """Two processes that are started once."""
    with Workers(2) as workers:
        yield workers


def test_one_worker_is_this_process():
    with Workers(1) as workers:
        assert list(workers.each(operator.methodcaller("upper"), ["a", "b"])) == [("a", "A"), ("b", "B")]
        assert [pid for _, pid in workers.each(lambda _: os.getpid(), [0])] == [os.getpid()]


def test_two_workers_are_other_processes_and_keep_the_order_where_it_is_asked_for(two):
    items = [0.3, *[0.0] * 20]
    assert [item for item, _ in two.each(time.sleep, items, in_order=True)] == items
    pids = {pid for _, pid in two.each(eval, ["__import__('os').getpid()"] * 20)}
    assert os.getpid() not in pids
    assert 1 <= len(pids) <= 2


def test_a_result_is_there_before_a_slower_one_that_began_first(two):
    assert next(iter(two.each(time.sleep, [0.5, 0.0])))[0] == 0.0


def test_few_more_items_are_taken_than_workers_are_there(two):
    taken = []
    items = (taken.append(i) or i for i in range(60))
    results = two.each(math.sqrt, items, in_order=True)
    next(results)
    assert len(taken) <= 8
    assert [item for item, _ in results] == list(range(1, 60))


def test_no_process_is_started_that_would_have_nothing_to_do():
    with Workers(40) as workers:
        assert list(workers.each(math.sqrt, [])) == []
        assert [n for _, n in workers.each(math.sqrt, [4.0])] == [2.0]
        assert workers._pool.number == 1
        assert sorted(n for _, n in workers.each(math.sqrt, [4.0, 9.0, 16.0])) == [2.0, 3.0, 4.0]
        assert workers._pool.number == 3


def test_a_worker_has_one_thread(two):
    (found,) = (text for _, text in two.each(os.getenv, ["OMP_NUM_THREADS"]))
    assert found == "1"


def test_the_environment_is_as_it_was_afterwards(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    assert [text for _, text in Workers(1).each(os.getenv, ["OMP_NUM_THREADS"])] == ["1"]
    assert os.environ["OMP_NUM_THREADS"] == "7"
    assert "MKL_NUM_THREADS" not in os.environ


def test_two_who_want_one_thread_leave_the_environment_as_it_was(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    first, second = one_thread(), one_thread()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert os.environ["OMP_NUM_THREADS"] == os.environ["MKL_NUM_THREADS"] == "1"
    outside = environment_outside()
    assert outside["OMP_NUM_THREADS"] == "7"
    assert "MKL_NUM_THREADS" not in outside
    second.__exit__(None, None, None)
    assert os.environ["OMP_NUM_THREADS"] == "7"
    assert "MKL_NUM_THREADS" not in os.environ
    assert environment_outside() == dict(os.environ)


def test_what_the_work_refuses_is_said_and_ends_it(two):
    with pytest.raises(UserError, match="seed -1: seeds are whole numbers from 0"):
        list(two.each(check_seeds, [[1], [-1], [2]]))
    assert len(list(two.each(check_seeds, [[1]]))) == 1  # begins anew


def test_a_worker_that_dies_is_one_sentence(two):
    with pytest.raises(UserError, match="a worker has died, perhaps of too little memory; the same command goes on"):
        list(two.each(os._exit, [1, 1]))


def test_closing_stops_what_is_under_way_and_leaves_nothing_half_written(tmp_path):
    """What is under way would take a minute and then be there under its name."""
    with Workers(2) as workers:
        results = workers.each(slow_writer, [str(tmp_path / name) for name in ("a", "b", "c", "d")])
        with pytest.raises(_Enough):
            _until(lambda: len(list(tmp_path.glob("*.begun"))) == 2, results)
    assert {p.name for p in tmp_path.iterdir()} == {"a.begun", "b.begun"}


def test_a_signal_in_the_middle_of_waiting_leaves_no_ticket_locked():
    """A locked one is waited for for ever when the pool is closed. The alarm comes once, wherever the wait is then, and
    is heard, also just before it blocks."""

    def enough(*_):
        raise _Enough

    def wait_for(seconds):
        signal.setitimer(signal.ITIMER_REAL, seconds)
        pool.wait(tickets)

    def locked(tickets):
        """Seen from another thread: the one that has locked a ticket may do so again."""
        free = [ticket for ticket in tickets if ticket._condition.acquire(blocking=False)]
        for ticket in free:
            ticket._condition.release()
        return len(tickets) - len(free)

    pool, old, tickets = Processes(1), signal.signal(signal.SIGALRM, enough), [Future() for _ in range(2000)]
    try:
        with ThreadPoolExecutor(1) as other:
            for i in range(100):
                with pytest.raises(_Enough):
                    wait_for(1e-5 * (i + 1))
                assert other.submit(locked, tickets).result() == 0
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)
        pool.close()


class _Enough(Exception):
    pass


def _until(holds, results):
    """Begin, wait until it holds, and stop in the middle of waiting for a result."""

    def enough(*_):
        if holds():
            signal.setitimer(signal.ITIMER_REAL, 0)  # once: a second one would be raised wherever the first is handled
            raise _Enough

    old = signal.signal(signal.SIGALRM, enough)
    signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
    try:
        next(results)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)


PARENT = """
import sys
sys.path.insert(0, {tests!r})
from slow import slow_writer
from kickitout.workers import Workers
if __name__ == "__main__":
    with Workers(2, preload={preload!r}) as workers:
        list(workers.each(slow_writer, ["a", "b"]))
"""


@pytest.mark.parametrize("preload", [(), ("kickitout.files",)], ids=["spawned", "forked from a server"])
def test_no_worker_outlives_a_parent_that_is_killed(tmp_path, preload):
    code = PARENT.format(tests=str(Path(__file__).parent), preload=preload)
    with subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path, stderr=subprocess.PIPE, text=True) as parent:
        while parent.poll() is None and len(list(tmp_path.glob("*.begun"))) < 2:
            time.sleep(0.01)
        parent.kill()
        parent.communicate(timeout=20)  # ends when the last that holds its stderr is gone
    assert not (tmp_path / "a").exists()
    assert not (tmp_path / "b").exists()


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (["generate", "-n", "2", "--workers", "0"], "'0' is not a whole number of at least 1"),
        (["score", "default", "--against", ".", "--workers", "-2"], "is not a whole number of at least 1"),
        (["check", ".", "--workers", "two"], "'two' is not a whole number of at least 1"),
        (["lab", "run", "sine", "--workers", "0"], "'0' is not a whole number of at least 1"),
        (["generate", "-n", "2", "--workers", "100000"], "at most 256 on one machine; --ray has those of many"),
    ],
)
def test_no_workers_are_refused_by_every_command(command, sentence, capsys):
    assert main(command) == 2
    assert sentence in capsys.readouterr().err


def test_without_ray_it_is_said_what_to_install(monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(sys.modules, "ray", None)
    assert main(["generate", "-n", "2", "--ray", "auto", "-o", str(tmp_path / "out")]) == 2
    assert "ray auto: needs the extra 'cluster': pip install '.[cluster]'; workers of this machine do without" in (
        capsys.readouterr().err
    )


def test_partial_work_is_sent_as_it_is(two):
    assert [r for _, r in two.each(partial(pow, 2), [3, 4], in_order=True)] == [8, 16]


def test_a_process_that_is_being_started_hears_no_signal_that_ends_it():
    """Or else it ends in the middle of an import, with a traceback."""
    if not hasattr(signal, "pthread_sigmask"):
        pytest.skip("this system masks no signals")
    from kickitout.workers.processes import _without_signals

    code = "import signal; print({signal.SIGINT, signal.SIGTERM} <= signal.pthread_sigmask(signal.SIG_BLOCK, []))"
    command = [sys.executable, "-c", code]
    with _without_signals():
        assert subprocess.run(command, capture_output=True, text=True).stdout == "True\n"
    assert subprocess.run(command, capture_output=True, text=True).stdout == "False\n"
    with Workers(2) as two:  # when it has begun, it ignores them
        assert [handler for _, handler in two.each(signal.getsignal, [signal.SIGINT])] == [signal.SIG_IGN]
        assert [mask for _, mask in two.each(partial(signal.pthread_sigmask, signal.SIG_BLOCK), [()])] == [set()]
