"""`kick runs` and `kick clean`: what a run folder is said to be, and that only what is spare goes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading

import pytest

from kickitout.cli import main
from kickitout.errors import UserError
from kickitout.training.background import BackgroundRun
from kickitout.training.overview import find_runs, free, is_running, look_at, spare_files
from kickitout.training.run_folder import RunFolder


@pytest.fixture
def run(tmp_path):
    path = tmp_path / "runs" / "a"
    (path / "checkpoints").mkdir(parents=True)
    (path / "config.json").write_text('{"name": "toy"}')
    (path / "dataset.json").write_text("{}")
    (path / ".lock").touch()
    lines = [
        {"kind": "losses", "step": 10, "seconds": 30.0},
        {"kind": "snapshot", "step": 20, "seconds": 60.0, "score": 1.5},
        {"kind": "snapshot", "step": 40, "seconds": 120.0, "score": 0.75},
        {"kind": "event", "step": 41, "text": "stopped"},
    ]
    (path / "stats.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"kind": "los')
    (path / "checkpoints" / "latest.safetensors").write_bytes(checkpoint(3000))
    (path / "checkpoints" / "latest.previous").write_bytes(b"x" * 2000)
    (path / "checkpoints" / ".best-000040.safetensors.part").write_bytes(b"x" * 500)
    return path


def checkpoint(size):
    """The bytes of a file of tensors."""
    head = (
        json.dumps({"x": {"dtype": "U8", "shape": [size - 108], "data_offsets": [0, size - 108]}}).encode().ljust(100)
    )
    return len(head).to_bytes(8, "little") + head + b"x" * (size - 108)


def test_state_step_score_and_sizes(run):
    found = look_at(run)
    assert (found.config, found.state, found.step, found.minutes, found.best) == ("toy", "unfinished", 41, 2.0, 0.75)
    assert found.spare == 2500
    assert found.size == sum(f.stat().st_size for f in run.rglob("*") if f.is_file())
    (run / "model.onnx").touch()
    assert look_at(run).state == "finished"
    (run / "stats.jsonl").unlink()
    (run / "model.onnx").unlink()
    assert look_at(run).state == "not begun"
    (run / "config.json").write_text("{")
    assert look_at(run).state == "unreadable"


def test_runs_are_found_below_and_links_are_not_followed(run, tmp_path):
    (tmp_path / "runs" / "again").symlink_to(run)
    (tmp_path / "runs" / "loop").symlink_to(tmp_path)
    assert find_runs([tmp_path, run]) == [run]
    with pytest.raises(UserError, match="no folder"):
        find_runs([tmp_path / "nowhere"])


def test_only_what_is_spare_goes(run, capsys):
    before = {f.name for f in run.rglob("*")}
    assert main(["clean", str(run)]) == 0  # only says so
    assert "could be freed" in capsys.readouterr().out
    assert {f.name for f in run.rglob("*")} == before
    assert main(["clean", str(run), "--yes"]) == 0
    assert before - {f.name for f in run.rglob("*")} == {"latest.previous", ".best-000040.safetensors.part"}
    assert free(run, checkpoints=True) == 0  # there is no finished model: its checkpoints are all it has
    (run / "model.onnx").touch()
    assert free(run, checkpoints=True) == 3000


@pytest.mark.parametrize("damage", ["absent", "cut", "head"])
def test_what_a_run_would_go_on_from_is_not_spare(run, damage):
    """A process that dies between two renames leaves its newest state under another name."""
    folder = run / "checkpoints"
    (folder / "latest.fresh").write_bytes(checkpoint(2000))
    assert (folder / "latest.fresh") not in spare_files(run)  # newer than `latest`
    latest = folder / "latest.safetensors"
    if damage == "absent":
        latest.unlink()
    else:
        latest.write_bytes(latest.read_bytes()[:-1] if damage == "cut" else b"\xff" * 3000)
    assert free(run) == 500
    assert {"latest.fresh", "latest.previous"} <= {f.name for f in folder.iterdir()}
    (run / "model.onnx").touch()  # a finished run may lose all of its state, and never a half of it
    free(run, checkpoints=True)
    assert not list(folder.iterdir())


def test_a_run_in_use_is_left_alone(run, capsys):
    hold = (
        "import sys, pathlib; from kickitout.files import held\n"
        "with held(pathlib.Path(sys.argv[1]), ''): print(1, flush=True); input()"
    )
    command = [sys.executable, "-c", hold, str(run)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as trainer:
        assert trainer.stdout is not None
        trainer.stdout.readline()
        assert is_running(run)
        assert look_at(run).state == "running"
        assert main(["clean", str(run), "--yes"]) == 0
        assert "left alone" in capsys.readouterr().err
        with pytest.raises(UserError, match="stop it first"):
            free(run)
        trainer.communicate("\n")
    assert not is_running(run)
    assert (run / "checkpoints" / "latest.previous").exists()


def test_the_list_is_a_table_and_json(run, capsys):
    assert main(["runs", str(run.parent)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:3] == ["run", "config", "state"]
    assert lines[1].split()[1:6] == ["toy", "unfinished", "41", "2.0", "0.750"]
    assert main(["runs", str(run.parent), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["best"] == 0.75
    assert main(["runs", str(run / "checkpoints")]) == 0
    assert "no runs" in capsys.readouterr().out


def test_lines_whose_step_is_none_are_left_out(run):
    with open(run / "stats.jsonl", "a") as stats:
        stats.write('\n{"step": null}\n{"step": "x"}\n' + "[" * 100_000 + '\n{"kind": "losses", "seconds": 1e999}\n')
    assert (look_at(run).step, look_at(run).minutes) == (41, 2.0)
    assert BackgroundRun(run).progress()["curve"]["steps"] == [10]
    RunFolder(run).forget_after(20)
    assert [entry.get("step") for entry in RunFolder(run).entries()] == [10, 20, None]


def test_what_is_nested_beyond_measure_is_damaged(run):
    deep = "[" * 100_000
    for name in ("config.json", "request.json"):
        (run / name).write_text(deep)
    latest = run / "checkpoints" / "latest.safetensors"
    latest.write_bytes(len(deep).to_bytes(8, "little") + deep.encode())
    assert look_at(run).state == "unreadable"
    assert BackgroundRun(run).request is None
    assert run / "checkpoints" / "latest.previous" not in spare_files(run)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_not_waited_for(run):
    for name in ("stats.jsonl", "request.json"):
        (run / name).unlink(missing_ok=True)
        os.mkfifo(run / name)
    looks = [threading.Thread(target=look, daemon=True) for look in (lambda: look_at(run), BackgroundRun(run).progress)]
    for look in looks:
        look.start()
    for look in looks:
        look.join(20)
        assert not look.is_alive()


def test_a_folder_that_is_half_written_goes_and_what_stands_behind_it(run, capsys):
    folder = run / ".fakes.99.part"
    folder.mkdir()
    (folder / "fake.wav").write_bytes(b"x" * 1000)
    (folder / ".other.part").write_bytes(b"x" * 100)
    assert main(["clean", str(run)]) == 0
    assert ".other.part" not in capsys.readouterr().out
    assert free(run) == 2500 + 1100
    assert not folder.exists()
    assert not (run / "checkpoints" / "latest.previous").exists()
