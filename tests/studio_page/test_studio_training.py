"""From a folder to a model and a kit in a real browser: dropped, looked through, trained on, stopped, gone on with,
heard, kept and played, over a reload and another start of the studio."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import time
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from readers import pictured, unreadable, windows
from studio import Watched, running
from toy import TOY, write_kicks

from kickitout.audio import decode_sound
from kickitout.sound import SAMPLE_RATE

TOY_RUN = [*TOY, "monitor.every=20", "monitor.on_trouble=warn", "monitor.export=last"]
STOOD = 4  # seconds for which the training is stopped
LONG = 600_000  # ms; a start of training imports PyTorch, and its end exports a model


class Page(Watched):
    """A page of a studio that trains in a folder, at toy size."""

    def __init__(self, browser, address, size="desktop", scheme="dark"):
        super().__init__(browser, address, size, scheme)
        self.window = f"{size}-{scheme}"
        self.page.set_default_timeout(LONG)
        self.page.route("**/api/training/train", self._at_toy_size)

    @staticmethod
    def _at_toy_size(route):
        body = json.loads(route.request.post_data)
        route.continue_(post_data=json.dumps(body | {"changes": TOY_RUN}))

    def reads(self, what, text):
        """Wait until an element has a text."""
        self.page.wait_for_function(
            "([what, text]) => document.querySelector(what)?.textContent.match(text)", arg=[what, text]
        )

    def step(self):
        return int(re.search(r"step (\d+)", self.page.inner_text("#train-step"))[1])

    def goes_on_from(self, step):
        self.page.wait_for_function(
            "(step) => document.querySelector('#train-state').textContent === 'training' && "
            "Number(/step (\\d+)/.exec(document.querySelector('#train-step').textContent)?.[1]) > step",
            arg=step,
        )

    def looked_at(self, state):
        pictured(self.page, f"train-{self.window}-{state}", whole=self.window.startswith("phone"))
        assert unreadable(self.page) == [], state

    def plays(self, selector):
        before = len(self.heard())
        self.page.click(selector)
        self.page.wait_for_function("(n) => window.heard.length > n", arg=before)
        return self.heard()[-1]["name"]


def trainer(run):
    """The number of the process that trains in a folder."""
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # one that has ended meanwhile
            words = place.read_bytes().split(b"\0")
            if b"train" in words and str(run).encode() in words:
                return int(place.parent.name)
    raise AssertionError("no process trains there")


def last_report(run):
    """Seconds left, and when that was written; None where something else was written last."""
    stats = run / "stats.jsonl"
    written, entry = stats.stat().st_mtime, json.loads(stats.read_text().splitlines()[-1])
    return (entry["left"], written) if entry["kind"] == "losses" else None


def time_of_the_budget_that_a_stop_takes(run):
    """Stop the process that trains there for a while, and continue it. Seconds of its budget beyond those it ran."""
    number = trainer(run)
    os.kill(number, signal.SIGSTOP)
    while (before := last_report(run)) is None:
        os.kill(number, signal.SIGCONT)
        time.sleep(0.05)
        os.kill(number, signal.SIGSTOP)
    time.sleep(STOOD)  # what is measured
    os.kill(number, signal.SIGCONT)
    while (after := last_report(run)) in (None, before):
        time.sleep(0.02)
    ran = after[1] - before[1] - STOOD
    return before[0] - after[0] - ran


@pytest.fixture
def runs(tmp_path):
    """A folder of runs; where a test has failed, nobody trains there any longer."""
    yield tmp_path / "runs"
    with suppress(AssertionError):
        os.kill(trainer(tmp_path / "runs" / "My-Kicks"), signal.SIGKILL)


@pytest.mark.slow
@pytest.mark.parametrize(("size", "scheme"), windows(("desktop", "dark")))
def test_from_a_dropped_folder_to_a_kit_of_its_model(browser, runs, tmp_path, size, scheme):
    pytest.importorskip("torch", reason="training needs the train extra")
    kicks = write_kicks(tmp_path / "My Kicks", 10)
    with running("--runs", str(runs)) as (address, _):
        studio = Page(browser, address, size, scheme)
        page = studio.page
        page.click("#tab-train")
        studio.reads("#train-folder", re.escape(str(runs)))
        page.set_input_files("#train-choose", kicks)
        page.wait_for_selector("#train-report b")
        studio.looked_at("report")
        assert page.inner_text("#train-report b").startswith("10 sounds taken")
        assert "Forecast: 10 different kicks" in page.inner_text("#train-report")
        assert page.inner_text("#train-sent").startswith("10 files, ")
        page.select_option("#train-config", "dcgan-bands")
        page.fill("#train-minutes", "90")  # it is stopped by hand
        page.click("#train-start")
        studio.goes_on_from(0)
        assert studio.troubles == []
        studio.context.close()  # neither the end of the page
    with running("--runs", str(runs)) as (address, server):  # nor that of the studio ends it
        studio = Page(browser, address, size, scheme)
        page = studio.page
        studio.reads("#tab-train", "●")
        page.click("#tab-train")
        studio.goes_on_from(20)
        page.wait_for_selector("#train-b-kicks .tile >> nth=7")
        assert page.evaluate("document.querySelector('#train-curve').height") > 0
        assert page.is_disabled("#train-start")
        if Path("/proc/self/cmdline").exists():
            assert time_of_the_budget_that_a_stop_takes(runs / "My-Kicks") < STOOD / 2
        page.click("#train-stop")
        studio.reads("#train-state", "^ended$")
        assert re.match(r"interrupted at step \d+, .*; the model is that of step \d+", page.inner_text("#train-said"))
        stopped = studio.step()
        name = studio.plays("#train-a-kicks .tile >> nth=2")
        assert name.startswith("kick_")  # the model in the package
        assert studio.plays("#train-b-kicks .tile >> nth=2").endswith(" 3")
        page.select_option("#train-a", "reals")
        page.wait_for_selector("#train-a-kicks .tile[title='reals 1']")
        assert studio.plays("#train-a-kicks .tile >> nth=0") == "reals 1"
        page.wait_for_function("() => document.querySelector('#train-sheet').naturalWidth > 100")
        studio.looked_at("run")
        page.click("#train-keep")
        studio.reads("#train-kept", r"My-Kicks-\d{6}\.onnx")
        (kept,) = (runs / "models").glob("*.onnx")
        page.fill("#train-minutes", "90")  # it is stopped by hand
        page.click("#train-start")  # go on
        studio.goes_on_from(stopped)
        page.reload()
        page.wait_for_selector("html[data-ready]")
        page.click("#tab-train")
        studio.goes_on_from(stopped)
        page.click("#train-stop")
        studio.reads("#train-state", "^ended$")
        assert kept.read_bytes() != (runs / "My-Kicks" / "model.onnx").read_bytes()
        page.click("#train-use")
        studio.reads("#model", "^dcgan-bands, learned from")
        studio.page.wait_for_selector("html[data-ready]")
        page.click("#tab-take")
        kit, data = studio.saved("#make-kit")
        assert kit == "Studio Kit.zip"
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            sounds = [name for name in packed.namelist() if name.endswith(".wav")]
            assert all(decode_sound(packed.read(name), name).rate == SAMPLE_RATE for name in sounds)
        assert len(sounds) == 16  # four layers, four round robins
        maps = Path(f"/proc/{server.pid}/maps")
        assert "libtorch" not in (maps.read_text() if maps.exists() else "")
        assert studio.troubles == []
        studio.context.close()


def test_what_is_dropped_is_sent_with_its_folders_and_what_is_no_sound_stays(browser, tmp_path):
    kicks = write_kicks(tmp_path / "My Kicks", 3)
    (kicks / "808" / "deep").mkdir(parents=True)
    (kicks / "kick 002.wav").rename(kicks / "808" / "deep" / "kick.wav")
    (kicks / "index.csv").write_text("file,source,licence\n808/deep/kick.wav,mine,CC0\n")
    for name in ("notes.txt", "808/.DS_Store", "._kick 000.wav"):
        (kicks / name).write_text("words")
    runs = tmp_path / "runs"
    with running("--runs", str(runs)) as (address, _):
        studio = Page(browser, address)
        page = studio.page
        page.click("#tab-train")
        studio.reads("#train-folder", ".")
        studio.drop_from_disk("#train-drop", kicks)
        page.wait_for_selector("#train-report b")
        assert page.inner_text("#train-report b").startswith("3 sounds taken")
        assert "1 other file stayed" in page.inner_text("#train-sent")
        sent = runs / "My-Kicks-sounds"
        names = ["808/deep/kick.wav", "index.csv", "kick 000.wav", "kick 001.wav"]
        assert sorted(one.relative_to(sent).as_posix() for one in sent.rglob("*") if one.is_file()) == names
        assert all((sent / name).read_bytes() == (kicks / name).read_bytes() for name in names)
        assert page.is_hidden("#mine")  # where sounds are opened that are dropped elsewhere
        assert page.evaluate("document.body.className") == ""
        studio.drop_from_disk("#train-drop", kicks / "notes.txt")
        studio.reads("#wrong", "^No sound is among")
        a_run_that_failed_before_it_had_learned_anything_takes_another_config(studio, runs / "My-Kicks")
        assert studio.troubles == []
        studio.context.close()


def a_run_that_failed_before_it_had_learned_anything_takes_another_config(studio, run):
    page = studio.page
    run.mkdir()
    request = {"sounds": f"{run}-sounds", "config": "kickae-stereo", "changes": [], "seconds": 60}
    (run / "request.json").write_text(json.dumps(request))
    (run / "train.log").write_text("kick: no kick is stereo; another config works\n")
    page.reload()
    studio.reads("#train-said", "another config works")
    page.click("#tab-train")
    assert (page.inner_text("#train-state"), page.inner_text("#train-start")) == ("failed", "Train")
    page.select_option("#train-config", "dcgan-bands")
    (run / "checkpoints").mkdir()
    (run / "checkpoints" / "latest.safetensors").touch()  # it has learned, and keeps its config
    page.reload()
    studio.reads("#train-start", "Go on")
    assert page.is_hidden("#train-config")
