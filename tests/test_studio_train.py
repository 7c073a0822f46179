"""Training from the page: sounds sent, looked through, trained on by another process, stopped, gone on with, kept."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="the studio needs the extra 'studio'")
from fastapi.testclient import TestClient
from studio import HOME, refused, sounds
from toy import write_kicks

import kickitout
from kickitout.errors import UserError
from kickitout.files import DISK_FULL, held
from kickitout.studio import training, uploads
from kickitout.studio.guard import LARGEST_SOUND
from kickitout.studio.model import StudioModel
from kickitout.studio.routes import make_app
from kickitout.studio.uploads import free_name, inner_path
from kickitout.training import background
from kickitout.training.background import BackgroundRun, TrainingRequest
from kickitout.training.clock import BEAT, RECENT, ProcessClock

pytestmark = [pytest.mark.light, pytest.mark.once]

# Stands in for `kick train`: it holds the folder, says what it is told to, and ends when it is asked to.
STAND_IN = """
import sys, time
from pathlib import Path
from kickitout.files import held
run = Path(sys.argv[sys.argv.index("--out") + 1])
with held(run, ""):
    (run / "config.json").write_text('{"name": "toy"}')
    (run / "dataset.json").write_text("{}")
    print("step 0: preparing", flush=True)
    end = time.monotonic() + 300  # it is left to itself where a test fails
    while not (run / "stop").exists() and time.monotonic() < end:
        time.sleep(0.02)
    (run / "stop").unlink(missing_ok=True)
print(WORDS, flush=True)
"""


def stand_in(monkeypatch, words="interrupted at step 3, 0:01 on the clock; the model is that of step 3"):
    script = STAND_IN.replace("WORDS", repr(words))
    monkeypatch.setattr(background, "TRAIN", (sys.executable, "-c", script))
    for where in ("kickitout.studio.training", "kickitout.errors"):  # it needs no extra
        monkeypatch.setattr(f"{where}.find_spec", lambda name: name)


def until(what, seconds=60.0):
    """Wait for a state."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.fixture
def studio(model, tmp_path):
    with TestClient(make_app(StudioModel(model), tmp_path / "runs"), base_url=HOME) as client:
        yield client


def send(studio, folder, wanted="kicks"):
    """The files of a folder, as the page sends them; the name that they got."""
    name = studio.post("/api/training/begin", json={"name": wanted}).json()["name"]
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            said = {"name": name, "path": path.relative_to(folder).as_posix()}
            reply = studio.post("/api/training/sound", params=said, content=path.read_bytes())
            assert reply.status_code == 200, reply.text
    return name


def state(studio, name=None):
    return studio.get("/api/training", params={"name": name} if name else {}).json()


# Sounds


def test_what_is_sent_lies_in_the_folder_as_it_was_and_is_looked_through(studio, tmp_path):
    kicks = write_kicks(tmp_path / "a" / "My Kicks", 5)
    (kicks / "808").mkdir()
    (kicks / "kick 004.wav").rename(kicks / "808" / "kick.wav")
    (kicks / "index.csv").write_text("file,source,licence\n808/kick.wav,mine,CC0\n")
    (kicks / "notes.csv").write_text("a,b\n")
    name = send(studio, kicks, "My Kicks")
    there = tmp_path / "runs" / f"{name}-sounds"
    assert name == "My-Kicks"
    assert {p.relative_to(there): p.read_bytes() for p in there.rglob("*") if p.is_file()} == {
        p.relative_to(kicks): p.read_bytes() for p in kicks.rglob("*") if p.is_file()
    }
    report = studio.post("/api/training/check", json={"name": name}).json()
    assert report["headline"].startswith("5 sounds taken")
    assert report["forecast"] == kickitout.check(kicks).forecast
    assert {"name": "licences", "text": "4 unstated, 1 CC0"} in report["overview"]
    again = studio.post("/api/training/begin", json={"name": "My Kicks-sounds"}).json()  # the folder that lies there
    assert again["name"] == "My-Kicks-2"
    assert again["sounds"] == str(tmp_path / "runs" / "My-Kicks-2-sounds")
    refused(studio.post("/api/training/check", json={"name": "My-Kicks-2"}), 400, "My-Kicks-2-sounds")
    refused(studio.post("/api/training/check", json={"name": "other"}), 400, "drop a folder")


ELSEWHERE = ["../a.wav", "/a.wav", "a/../../b.wav", "a//b.wav", "C:a.wav", "a\\b.wav", ".a.wav", "a\0.wav",
             "a/.ssh/b.wav", "con.wav", "x" * 121 + ".wav", "a/" * 12 + "b.wav", ""]  # fmt: skip


@pytest.mark.parametrize("path", ELSEWHERE)
def test_a_path_that_leads_elsewhere_is_refused(studio, tmp_path, path):
    name = studio.post("/api/training/begin", json={"name": "kicks"}).json()["name"]
    before = sorted(tmp_path.rglob("*"))
    refused(studio.post("/api/training/sound", params={"name": name, "path": path}, content=b"x"), 400, "rename it")
    assert sorted(tmp_path.rglob("*")) == before


def test_what_is_no_sound_or_too_much_is_refused_in_a_sentence(studio, monkeypatch):
    name = studio.post("/api/training/begin", json={"name": "kicks"}).json()["name"]

    def put(path, data=b"1234"):
        return studio.post("/api/training/sound", params={"name": name, "path": path}, content=data)

    refused(put("a.exe"), 400, "no sound")
    refused(studio.post("/api/training/sound", params={"name": "other", "path": "a.wav"}, content=b"x"), 400, "drop it")
    too_much = {"content-length": str(LARGEST_SOUND + 1)}
    there = {"name": name, "path": "a.wav"}
    refused(studio.post("/api/training/sound", params=there, content=iter([b"x"]), headers=too_much), 413, "64 MB")
    monkeypatch.setattr(uploads, "MOST_FILES", 2)
    assert put("a.wav").json() == put("a.wav").json() == {"files": 1, "bytes": 4}
    assert put("b.wav").json() == {"files": 2, "bytes": 8}
    refused(put("c.wav"), 400, "no more than 2 files")
    monkeypatch.setattr(uploads, "MOST_BYTES", 10)
    refused(put("b.wav", b"1234567"), 400, "no more than")
    refused(studio.post("/api/training/begin", json={"name": "a"}, headers={"origin": "http://evil.example"}), 403,
            "Origin")  # fmt: skip


def test_limits_count_what_is_still_being_written_and_not_what_could_not_be(tmp_path, monkeypatch):
    sent, refusals = uploads.Uploads(tmp_path / "sent"), []

    def while_it_is_written(path, _):
        if path.name == "a.wav":
            try:
                sent.put("b.wav", b"1")
            except UserError as error:
                refusals.append(str(error))
        if path.name == "full.wav":
            raise UserError("full.wav: the disk is full")

    monkeypatch.setattr(uploads, "MOST_FILES", 1)
    monkeypatch.setattr(uploads, "write_whole", while_it_is_written)
    with pytest.raises(UserError, match="the disk is full"):
        sent.put("full.wav", b"1")
    sent.put("a.wav", b"1")
    assert refusals == ["sent: no more than 1 file can be taken; `kick train` takes a folder of any size"]
    assert list(map(str, sent.sizes)) == ["a.wav"]


def test_names_are_those_of_folders():
    for wanted, name in (("Küche", "Küche"), ("...", "kicks"), ("CON", "kicks"), ("a/b", "a-b"), ("x" * 99, "x" * 60)):
        assert free_name(wanted, []) == name
    assert free_name("A", ["a", "a-2"]) == "A-3"
    with pytest.raises(UserError, match="rename"):
        inner_path("a/./b.wav")


# A run, by a process that stands in for training


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right there")
def test_a_log_that_is_a_link_is_replaced_and_not_written_through(studio, tmp_path, monkeypatch):
    stand_in(monkeypatch)
    name = send(studio, write_kicks(tmp_path / "kicks", 2))
    other = tmp_path / "other.txt"
    other.write_text("of somebody else")
    os.utime(other, (0, 0))
    where = tmp_path / "runs" / name
    where.mkdir(parents=True, exist_ok=True)
    (where / background.LOG).symlink_to(other)
    reply = studio.post("/api/training/train", json={"name": name, "minutes": 5})
    assert reply.status_code == 200, reply.text
    until(lambda: state(studio)["run"]["said"] == "step 0: preparing")
    assert other.read_text() == "of somebody else"
    assert not (where / background.LOG).is_symlink()
    assert studio.post("/api/training/stop", json={"name": name}).status_code == 200
    until(lambda: state(studio, name)["run"]["state"] == "ended")


def test_a_run_is_begun_shown_refused_a_second_time_and_stopped(studio, tmp_path, monkeypatch):
    stand_in(monkeypatch)
    kicks = write_kicks(tmp_path / "kicks", 2)
    one, two = send(studio, kicks), send(studio, kicks)
    assert state(studio)["run"] is None
    refused(studio.post("/api/training/stop", json={"name": one}), 400, "nothing to stop")
    refused(studio.post("/api/training/train", json={"name": one, "config": "/etc/x"}), 400, "can be trained here")
    refused(studio.post("/api/training/train", json={"name": one, "changes": ["--out=/x"]}), 422, "changes")
    reply = studio.post("/api/training/train", json={"name": one, "minutes": 5})
    assert reply.status_code == 200, reply.text
    until(lambda: state(studio)["run"]["said"] == "step 0: preparing")
    shown = state(studio)
    assert (shown["training"], shown["run"]["name"], shown["run"]["state"]) == (one, one, "running")
    where = tmp_path / "runs" / one
    assert shown["run"]["command"] == shlex.join(
        ["kick", "train", f"{where}-sounds", "--config", "kickae", "--budget", "5m", "--out", str(where)]
    )
    for name in (one, two):
        refused(studio.post("/api/training/train", json={"name": name}), 400, f"{one} is being trained")
    with TestClient(make_app(StudioModel(kickitout.load_model()), tmp_path / "runs"), base_url=HOME) as other:
        assert other.get("/api/training").json()["run"]["state"] == "running"  # a studio that has not begun it
        refused(other.post("/api/training/train", json={"name": two}), 400, f"{one} is being trained")
        assert other.post("/api/training/stop", json={"name": one}).status_code == 200
        until(lambda: other.get("/api/training").json()["run"]["state"] == "ended")
    until(lambda: state(studio, one)["run"]["state"] == "ended")
    run = state(studio, one)["run"]
    assert (run["state"], run["wrong"], run["said"][:18]) == ("ended", False, "interrupted at ste")
    (where / "checkpoints").mkdir()
    (where / "checkpoints" / "latest.safetensors").touch()
    (where / "timing.json").write_text(
        json.dumps({"threads": 1, "step_seconds": {}, "seconds": 61.0, "starts": [], "after": {}})
    )
    studio.post("/api/training/train", json={"name": one, "minutes": 2})  # two minutes more
    until(lambda: state(studio)["run"]["state"] == "running")
    assert "--budget 3m1s" in state(studio)["run"]["command"]
    studio.post("/api/training/stop", json={"name": one})
    until(lambda: state(studio)["run"]["state"] == "ended")


def test_why_a_run_has_failed_is_one_sentence_in_words_of_the_page(studio, tmp_path, monkeypatch):
    stand_in(monkeypatch, "kick: a budget of 1m is too short to train: reading took 50s; a budget of 2m works")
    name = send(studio, write_kicks(tmp_path / "kicks", 2))
    studio.post("/api/training/train", json={"name": name, "minutes": 1})
    until(lambda: state(studio)["run"]["state"] == "running")
    studio.post("/api/training/stop", json={"name": name})
    until(lambda: state(studio)["run"]["state"] == "ended")
    run = state(studio)["run"]
    assert run["wrong"]
    assert run["said"] == "a time of 1m is too short to train: reading took 50s; a time of 2m works"


def test_a_run_that_failed_before_it_had_learned_anything_begins_anew_with_another_config(
    studio, tmp_path, monkeypatch
):
    failing = STAND_IN.split("    print(")[0] + '    (run / "reals.png").touch()\nprint("kick: no kick is stereo")'
    stand_in(monkeypatch)
    monkeypatch.setattr(background, "TRAIN", (sys.executable, "-c", failing))
    name = send(studio, write_kicks(tmp_path / "kicks", 2))
    studio.post("/api/training/train", json={"name": name, "config": "kickae-stereo"})
    until(lambda: state(studio)["run"]["said"] == "no kick is stereo")
    assert not state(studio)["run"]["begun"]
    stand_in(monkeypatch)
    run = tmp_path / "runs" / name
    for config in ("dcgan-bands", "kickae"):
        studio.post("/api/training/train", json={"name": name, "config": config})
        until(lambda: state(studio)["run"]["state"] == "running")
        assert "--config dcgan-bands" in state(studio)["run"]["command"]
        assert not (run / "reals.png").exists()  # which a run without a config would refuse
        (run / "checkpoints").mkdir(exist_ok=True)
        (run / "checkpoints" / "latest.safetensors").touch()  # it has learned: it goes on as it is
        studio.post("/api/training/stop", json={"name": name})
        until(lambda: state(studio)["run"]["state"] == "ended")


def test_a_run_that_ends_without_a_word_says_so_and_a_full_disk_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(background, "TRAIN", (sys.executable, "-c", "import os; os._exit(1)"))
    run = BackgroundRun(tmp_path / "run")
    run.start(TrainingRequest(str(tmp_path)))
    until(lambda: run.state == "ended")
    assert "without a last word" in run.said(run.state)[0]
    usage = background.shutil.disk_usage(tmp_path)
    monkeypatch.setattr(background.shutil, "disk_usage", lambda _: usage._replace(free=4096))
    assert run.said(run.state) == (f"{run.path}: {DISK_FULL}; then it goes on from its last checkpoint", True)


def test_a_run_whose_folder_was_taken_away_has_not_begun(tmp_path, monkeypatch):
    monkeypatch.setattr(background, "TRAIN", (sys.executable, "-c", "import time; time.sleep(60)"))
    run = BackgroundRun(tmp_path / "run")
    run.start(TrainingRequest(str(tmp_path)))
    shutil.rmtree(run.path)
    assert run.state == "starting"  # as long as somebody trains there
    run._process.kill()
    until(lambda: run.state != "starting")
    found = run.progress()
    assert (found["state"], found["step"]) == ("not begun", 0)


def test_a_run_of_the_command_line_is_shown_and_not_gone_on_with(tmp_path):
    path = tmp_path / "run"
    path.mkdir()
    (path / "config.json").write_text('{"name": "toy"}')
    (path / "timing.json").write_text("{}")
    losses = [{"kind": "losses", "step": i, "seconds": i, "left": 9.5, "loss/a": i / 2} for i in range(1, 1000)]
    shot = {"kind": "snapshot", "step": 500, "score": 1.5, "floor": 0.5, "troubles": [], "closing": False}
    (path / "stats.jsonl").write_text("".join(json.dumps(line) + "\n" for line in [*losses, shot]) + '{"kind": "lo')
    run = BackgroundRun(path)
    found = run.progress()
    assert (found["state"], found["step"], found["left"], found["command"]) == ("ended", 999, 9.5, None)
    curve = found["curve"]
    assert (len(curve["steps"]), curve["steps"][0], curve["steps"][-1]) == (background.MOST_POINTS, 1, 999)
    assert curve["losses"]["a"] == [step / 2 for step in curve["steps"]]
    assert found["snapshots"] == [{key: shot[key] for key in shot if key != "kind"}]
    with pytest.raises(UserError, match="the `kick train` that began it goes on"):
        run.go_on(60)
    with held(path, ""):
        assert run.progress()["state"] == "running"


def test_only_sheets_and_sounds_of_a_run_are_given_out(studio, tmp_path):
    run = tmp_path / "runs" / "a"
    (run / "snapshots" / "000020").mkdir(parents=True)
    for path in ("reals.png", "snapshots/000020/fakes.wav", "model.onnx"):
        (run / path).write_bytes(b"x")
    found = studio.get("/api/training/file", params={"name": "a", "path": "snapshots/000020/fakes.wav"})
    assert (found.content, found.headers["content-type"]) == (b"x", "audio/wav")
    for path in ("model.onnx", "../a/reals.png", "snapshots/../reals.png", "reals.wav", ""):
        refused(studio.get("/api/training/file", params={"name": "a", "path": path}), 400, "no such sheet or sound")
    refused(studio.get("/api/training/file", params={"name": "..", "path": "reals.png"}), 422, "name")


def test_without_the_train_extra_it_says_what_to_install(studio, monkeypatch):
    monkeypatch.setattr(training, "find_spec", lambda name: None)
    monkeypatch.setattr("kickitout.errors.find_spec", lambda name: None)
    assert "make train-env" in state(studio)["needs"]
    refused(studio.post("/api/training/train", json={"name": "a"}), 400, "make train-env")


def test_the_studio_goes_on_with_the_model_of_a_run(studio, tmp_path):
    run = tmp_path / "runs" / "mine"
    run.mkdir(parents=True)
    (run / "config.json").write_text("{}")
    refused(studio.post("/api/training/use", json={"name": "mine"}), 400, "without a finished model")
    kickitout.export_model("default", run / "model.onnx")
    assert not state(studio)["run"]["playing"]
    assert studio.post("/api/training/use", json={"name": "mine"}).status_code == 200
    assert state(studio)["run"]["playing"]
    _, waves = sounds(studio.get("/api/map", params={"n": 1}))
    assert (waves[:, 0] == kickitout.generate([0])).all()
    kept = studio.post("/api/training/keep", json={"name": "mine"}).json()["path"]
    assert state(studio)["run"]["kept"] == [Path(kept).name]
    assert Path(kept).read_bytes() == (run / "model.onnx").read_bytes()
    refused(studio.post("/api/training/keep", json={"name": "mine"}), 400, "kept already")


def test_the_server_has_no_torch(tmp_path):
    script = f"""
import sys
from pathlib import Path
from fastapi.testclient import TestClient
import kickitout
from kickitout.studio.routes import make_app
from kickitout.studio.model import StudioModel
with TestClient(make_app(StudioModel(kickitout.load_model()), Path({str(tmp_path)!r})), base_url={HOME!r}) as studio:
    name = studio.post("/api/training/begin", json={{"name": "a"}}).json()["name"]
    sound = kickitout.encode_sound(kickitout.generate([1])[0], 44_100)
    studio.post("/api/training/sound", params={{"name": name, "path": "a.wav"}}, content=sound)
    assert studio.post("/api/training/check", json={{"name": name}}).json()["taken"] == 1
    assert studio.get("/api/training").status_code == 200
    print("torch" in sys.modules, "accelerate" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.split() == ["False", "False"], done.stderr


# A process that is stopped and continued


def test_a_clock_stands_still_while_the_process_does():
    now = 100.0
    clock = ProcessClock(lambda: now)
    for _ in range(4):  # a second goes by
        now += BEAT
        clock.tick()
    now += 60
    clock.continued()
    assert clock() == pytest.approx(101, abs=2 * BEAT)
    now += BEAT
    clock.tick()
    now += 0.2  # the thread may tick before SIGCONT is heard of, and be late on a busy machine
    clock.tick()
    clock.continued()
    now += 30
    clock.tick()
    clock.continued()
    assert clock.stopped == pytest.approx(90, abs=3 * BEAT)
    now += 5  # late, but nobody has sent SIGCONT
    clock.tick()
    assert clock.stopped == pytest.approx(90, abs=3 * BEAT)
    for _ in range(round(RECENT / BEAT) + 2):
        now += BEAT
        clock.tick()
    clock.continued()  # and the one that comes now is of no stop
    assert clock.stopped == pytest.approx(90, abs=3 * BEAT)


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="this system stops no processes")
def test_a_process_that_was_stopped_and_continued_has_lost_no_time_of_its_budget():
    script = """
import sys, time
from kickitout.training.clock import process_clock
with process_clock() as clock:
    before, whole = clock(), time.monotonic()
    print("ready", flush=True)
    sys.stdin.readline()
    print(clock() - before, time.monotonic() - whole, flush=True)
"""
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        os.kill(process.pid, signal.SIGSTOP)
        began = time.monotonic()
        until(lambda: time.monotonic() - began > 3)  # the length of the stop is what is measured
        os.kill(process.pid, signal.SIGCONT)
        stood = time.monotonic() - began
        counted, whole = map(float, process.communicate("\n")[0].split())
    assert whole > 3
    assert counted == pytest.approx(whole - stood, abs=2.0)  # a busy machine wakes it late
