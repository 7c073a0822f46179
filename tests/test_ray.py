"""Ray: the same bytes and digits as one process. One cluster of two workers for all tests: a start takes seconds."""

from __future__ import annotations

import operator
import os
import socket
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from test_shards import N, digests, order
from toy import write_kicks

from kickitout.cli import main
from kickitout.errors import UserError
from kickitout.generation.noise import check_seeds
from kickitout.metrics.features import measure_features
from kickitout.synthesis.procedural import synthesise
from kickitout.workers import Workers

SLOW = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from slow import slow_writer
slow_writer
"""
pytest.importorskip("ray", reason="needs the extra 'cluster'")


@pytest.fixture(scope="module")
def ray():
    """A cluster of this process: those who ask for one while it is there use it."""
    with Workers(2, "auto") as workers:
        assert list(workers.each(operator.neg, [1])) == [(1, -1)]
        yield workers


def test_shards_from_two_workers_have_the_bytes_of_one(ray, tmp_path, capsys):
    assert order(tmp_path / "one", "--workers", 1) == 0
    assert order(tmp_path / "ray", "--ray", "auto") == 0
    assert digests(tmp_path / "ray") == digests(tmp_path / "one")
    assert f"{N} kicks in 3 shards" in capsys.readouterr().err


def test_files_too_also_below_the_folder_where_one_stands(ray, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for out, more in (("one", []), ("ray", ["--ray", "auto"])):
        assert main(["generate", "-n", "40", "-o", out, *more]) == 0
    assert digests(tmp_path / "ray") == digests(tmp_path / "one")
    assert [Path(line).name for line in capsys.readouterr().out.splitlines()] == 2 * [
        f"kick_{i:06d}.wav" for i in range(40)
    ]


def test_check_says_the_same(ray, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_kicks(Path("made"), 20)
    for out, who in (("one", ["--workers", "1"]), ("ray", ["--ray", "auto"])):
        assert main(["check", "made", "--no-cache", *who, "--json", out]) == 0
    assert Path("ray").read_bytes() == Path("one").read_bytes()


def test_what_scores_read_is_the_same(ray):
    waves, _ = synthesise(range(20))
    here, there = measure_features(waves), measure_features(waves, workers=ray)
    for name in ("embedded", "cards", "spectra"):
        for key, values in getattr(here, name).items():
            np.testing.assert_array_equal(getattr(there, name)[key], values)


def test_order_refusals_and_bugs_are_as_with_processes(ray):
    assert [r for _, r in ray.each(operator.neg, range(20), in_order=True)] == [-i for i in range(20)]
    with pytest.raises(UserError, match="seed -1: seeds are whole numbers from 0"):
        list(Workers(2, "auto").each(check_seeds, [[1], [-1]]))
    with pytest.raises(ZeroDivisionError):
        list(Workers(2, "auto").each((1).__truediv__, [1, 0]))


@pytest.mark.long  # Ray takes its time to stop what is under way on a busy machine
def test_closing_stops_what_is_under_way_and_leaves_nothing_half_written(ray, tmp_path):
    """What is under way would take a minute and then be there under its name."""
    with Workers(2, "auto") as workers:
        pool = workers._started()
        for name in "ab":
            pool.start(exec, f"{SLOW.strip()}({str(tmp_path / name)!r})")
        hanging = time.monotonic() + 600  # not a bound on how long it takes
        while len(list(tmp_path.glob("*.begun"))) < 2:
            assert time.monotonic() < hanging
            time.sleep(0.01)
        pool.close()
    assert {p.name for p in tmp_path.iterdir()} == {"a.begun", "b.begun"}


def test_a_machine_without_the_folder_is_named(ray, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "getcwd", lambda: "/no/such/folder")
    with pytest.raises(UserError, match=f"{socket.gethostname()} has no folder /no/such/folder; the machines"):
        list(ray.each(operator.neg, [1]))


# -- without a cluster -------------------------------------------------------------------------------------------------


@pytest.fixture
def no_cluster():
    import ray as library

    library.shutdown()


@pytest.mark.parametrize("where", ["nonsense", "ray://127.0.0.1:10001", "127.0.0.1:", ":6379"])
def test_what_is_no_address_is_said_so(no_cluster, where):
    with pytest.raises(UserError, match="is no address of a cluster; HOST:PORT works"):
        list(Workers(None, where).each(operator.neg, [1]))


def test_an_address_where_nobody_answers_is_one_sentence_at_once(no_cluster, tmp_path, capsys, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    monkeypatch.setattr("ray.init", lambda **_: pytest.fail("Ray is asked, which waits long for an answer"))
    assert main(["generate", "-n", "2", "-o", str(tmp_path / "out"), "--ray", address]) == 2
    monkeypatch.setenv("RAY_ADDRESS", address)
    assert main(["generate", "-n", "2", "-o", str(tmp_path / "out"), "--ray", "auto"]) == 2
    assert capsys.readouterr().err.count(f"nobody answers at {address}") == 2


def test_an_address_where_something_else_answers_is_one_sentence(no_cluster, monkeypatch):
    from kickitout.workers import cluster

    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as server:
        for answer in (b"HTTP/1.0 400 Bad Request\r\n\r\n", b""):
            threading.Thread(target=answer_one, args=(server, answer), daemon=True).start()
            with pytest.raises(UserError, match="what answers there is no Ray cluster"):
                list(Workers(None, f"127.0.0.1:{server.getsockname()[1]}").each(operator.neg, [1]))


def answer_one(server: socket.socket, answer: bytes) -> None:
    line, _ = server.accept()
    with line:
        line.recv(100)
        line.sendall(answer)
        time.sleep(0.5)
