"""Shards: the same bytes as files have, from any number of workers, after any end; a folder holds one order."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import tarfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kickitout import generate, generation_job, write_shards
from kickitout.audio import read_comment
from kickitout.cli import main
from kickitout.descriptors import cards
from kickitout.errors import UserError
from kickitout.export.shard_folder import ShardFolder
from kickitout.export.shards import ShardWork
from kickitout.generation.curves import Curves

pytestmark = pytest.mark.light

N, EACH = 26, 10  # kicks, and of them in a shard
NAMES = ["kicks-000005-000014.tar", "kicks-000015-000024.tar", "kicks-000025-000030.tar"]
ORDER = ["generate", "-n", str(N), "--seed", "5", "--shards", str(EACH), "-q"]


def order(out, *more):
    return main([*ORDER, "-o", str(out), *map(str, more)])


def digests(folder: Path) -> dict[str, str]:
    """All files but hidden ones."""
    files = sorted(p for p in folder.iterdir() if not p.name.startswith("."))
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def members(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as tar:
        return {info.name: tar.extractfile(info).read() for info in tar}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The shards from one worker."""
    out = tmp_path_factory.mktemp("shards") / "set"
    assert order(out, "--workers", 1) == 0
    return out


def test_shards_are_named_by_their_seeds_and_listed_with_their_digests(whole):
    assert sorted(p.name for p in whole.glob("[!.]*")) == ["index.json", *NAMES]
    index = json.loads((whole / "index.json").read_bytes())
    assert [(s["name"], s["kicks"]) for s in index["shards"]] == list(zip(NAMES, (10, 10, 6), strict=True))
    for shard in index["shards"]:
        data = (whole / shard["name"]).read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (shard["bytes"], shard["sha256"])


def test_a_member_is_the_file_that_generate_writes(whole, tmp_path):
    assert main(["generate", "--seeds", "5,17,30", "-q", "-o", str(tmp_path)]) == 0
    inside = {name: data for shard in NAMES for name, data in members(whole / shard).items()}
    files = sorted(tmp_path.iterdir())
    assert len(files) == 3
    for path in files:
        assert inside[path.name] == path.read_bytes()


def test_files_of_a_kick_stand_side_by_side_and_say_what_it_is(whole):
    found = members(whole / NAMES[2])
    assert list(found) == [f"kick_{seed:06d}.{kind}" for seed in range(25, 31) for kind in ("json", "wav")]
    told = json.loads(found["kick_000027.json"])
    (measured,) = [cards(generate([27]))]
    values = {k: None if isinstance(v, float) and np.isnan(v) else v for k, v in measured.row(0).items()}
    assert told["card"] == values
    assert told["reasons"] == measured.reasons(0)
    (whole.parent / "one.wav").write_bytes(found["kick_000027.wav"])
    assert told["recipe"] == json.loads(read_comment(whole.parent / "one.wav"))


def test_a_shard_says_nothing_of_who_made_it_and_when(whole):
    with tarfile.open(whole / NAMES[0]) as tar:
        for info in tar:
            assert (info.mtime, info.uid, info.gid, info.uname, info.gname, info.mode) == (0, 0, 0, "", "", 0o644)
            assert info.isreg()


def test_a_shard_is_no_sound(tmp_path, capsys):
    assert main(["generate", "-n", "2", "--shards", "2", "-q", "-o", str(tmp_path / "set")]) == 0
    (shard,) = (tmp_path / "set").glob("*.tar")
    for command in ("card", "vary", "recipe"):
        assert main([command, str(shard)]) == 2
        assert f"{shard}: an archive, not a sound; unpack it first" in capsys.readouterr().err


def test_two_workers_write_the_same_bytes_as_one(whole, tmp_path):
    assert order(tmp_path / "set", "--workers", 2) == 0
    assert digests(tmp_path / "set") == digests(whole)


@pytest.mark.once
def test_files_from_two_workers_are_those_of_one_process(tmp_path, capsys):
    said, gated = [], []
    for out, more in (("one", []), ("two", ["--workers", "2"])):
        assert (
            main(["generate", "-n", "40", "--drive", "6dB", "--reject-outliers", "-o", str(tmp_path / out), *more]) == 0
        )
        caught = capsys.readouterr()
        said.append(caught.out.replace(str(tmp_path / out), "").splitlines())
        gated.append([line for line in caught.err.splitlines() if line.startswith("outlier rejection:")])
    assert said[0] == said[1]  # the paths, in order, with the result of the request
    assert "drive" in said[0][39]
    assert gated[0] == gated[1]
    assert "of 40 at once" in gated[0][-1]
    assert digests(tmp_path / "one") == digests(tmp_path / "two")


def test_outliers_are_resampled_in_shards_as_in_files(tmp_path, capsys):
    gated = ["--reject-outliers", "--workers", "1"]
    assert main(["generate", "-n", "30", "--shards", "20", "-q", "-o", str(tmp_path / "set"), *gated]) == 0
    assert main(["generate", "-n", "30", "-q", "-o", str(tmp_path / "files"), "--reject-outliers"]) == 0
    inside = {}
    for path in (tmp_path / "set").glob("*.tar"):
        inside |= members(path)
    files = {p.name: p.read_bytes() for p in (tmp_path / "files").iterdir()}
    assert {name: data for name, data in inside.items() if name.endswith(".wav")} == files
    shards, one_by_one = (line for line in capsys.readouterr().err.splitlines() if "at once" in line)
    assert shards == one_by_one
    assert main(["generate", "-n", "30", "--shards", "20", "-q", "-o", str(tmp_path / "set"), "--workers", "1"]) == 2
    assert "was begun with limits {'spans'" in capsys.readouterr().err


def test_without_cards_the_recipe_is_left(tmp_path):
    assert order(tmp_path / "set", "--workers", 1, "--no-cards", "--format", "flac", "--note", "F1") == 0
    found = members(tmp_path / "set" / NAMES[2])
    told = json.loads(found["kick_000025.json"])
    assert set(told) == {"recipe"}
    assert told["recipe"]["targets"] == {"pitch": pytest.approx(43.65, abs=0.01)}
    assert "kick_000025.flac" in found


def test_the_same_command_keeps_what_is_whole_and_makes_the_rest(whole, tmp_path, capsys):
    out = tmp_path / "set"
    assert order(out, "--workers", 1) == 0
    first = (out / NAMES[0]).stat().st_mtime_ns
    (out / NAMES[1]).unlink()
    with open(out / NAMES[2], "r+b") as file:
        file.truncate(70_000)
    capsys.readouterr()
    assert order(out, "--workers", 1) == 0
    said = capsys.readouterr().err
    assert f"{NAMES[2]}: damaged; it is made anew" in said
    assert f"{N} kicks in 3 shards" in said
    assert "1 shard there before" in said
    assert (out / NAMES[0]).stat().st_mtime_ns == first
    assert digests(out) == digests(whole)


def test_a_shard_that_is_not_in_the_log_is_read_before_it_is_believed(whole, tmp_path, capsys):
    out = tmp_path / "set"
    assert order(out, "--workers", 1) == 0
    index = json.loads((out / "index.json").read_bytes())
    listed = index.pop("shards")
    assert index["model"] == "kickae-at-large"
    (out / "index.json").write_text(json.dumps(index | {"model": "kickgan-at-large"}))  # its first name
    (out / "shards.jsonl").write_text(json.dumps(listed[0]) + "\n" + json.dumps(listed[1])[:40])  # cut
    data = bytearray((out / NAMES[2]).read_bytes())
    data[512:515] = b"???"  # inside a member: whole, as far as a tar file can say
    (out / NAMES[2]).write_bytes(data[:-4096])  # and without its end
    capsys.readouterr()
    assert order(out, "--workers", 1) == 0
    assert "2 shards there before" in capsys.readouterr().err
    assert digests(out) == digests(whole)


def test_what_a_dead_worker_left_is_gone_at_the_end(tmp_path, monkeypatch):
    from kickitout.export.shard_folder import ShardFolder

    note = ShardFolder._note

    def left(self, shard):
        (tmp_path / f".{shard.name}.123-abcd.part").touch()
        note(self, shard)

    monkeypatch.setattr(ShardFolder, "_note", left)
    assert order(tmp_path, "--workers", 1, "--no-cards") == 0
    assert not list(tmp_path.glob(".*.part"))


@pytest.mark.parametrize(
    ("more", "difference"),
    [
        (["--bits", "16"], "begun with sound bits '24', not '16'"),
        (["--no-cards"], "begun with cards True, not False"),
        (["--shards", "13"], "begun with kicks a shard 10, not 13"),
        (["-n", "27"], "begun with kicks 26, not 27"),
        (["--note", "A1"], "begun with targets pitch None, not 55.0"),
    ],
)
def test_a_folder_of_another_order_is_refused_with_the_difference(whole, capsys, more, difference):
    before = digests(whole)
    assert order(whole, *more) == 2
    assert f"{difference}; the same command goes on, another needs another folder" in capsys.readouterr().err
    assert digests(whole) == before


def test_a_folder_of_another_model_is_refused(whole, tmp_path, capsys):
    index = json.loads((whole / "index.json").read_bytes())
    (tmp_path / "index.json").write_text(json.dumps(index | {"model_sha256": "0" * 64}))
    assert order(tmp_path) == 2
    assert "begun with model sha256 '0000" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["", "[]", '{"shards": [{"name": 1}]}', "[" * 100_000])
def test_a_damaged_index_is_one_sentence(tmp_path, capsys, text):
    (tmp_path / "index.json").write_text(text)
    assert order(tmp_path) == 2
    assert "index.json: damaged; give another folder" in capsys.readouterr().err


def test_a_folder_with_other_files_is_left_alone(tmp_path, capsys):
    (tmp_path / "song.wav").write_bytes(b"mine")
    assert order(tmp_path) == 2
    assert "holds other files (song.wav, ...)" in capsys.readouterr().err
    assert [p.name for p in tmp_path.iterdir()] == ["song.wav"]


def test_two_commands_do_not_write_into_one_folder(whole, capsys):
    from kickitout.files import held

    with held(whole, ""):
        assert order(whole) == 2
    assert "another command is writing shards here" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (["--shards", "10"], "--shards: packs many kicks whose seeds follow each other; say how many with -n"),
        (["--shards", "10", "--seeds", "1,2"], "say how many with -n"),
        (["-n", "3", "--shards", "2", "--force"], "--force: shards that are there are whole"),
        (["-n", "3", "--no-cards"], "--no-cards: leaves the cards out of shards; files have none"),
        (["-n", "3", "--shards", "2", "--threads", "2"], "--threads: of one process"),
        (["-n", "3", "--workers", "2", "--threads", "2"], "--threads: of one process"),
        (["-n", "30000000"], "at most 10,000,000 files in one command; --shards puts more into fewer files"),
        (["-n", "30000000", "--shards", "1"], "makes 30,000,000 shards; from 30 kicks a shard on it works"),
        (["-n", "3", "--seed", "-1", "--shards", "1"], "whole numbers from 0"),
    ],
)
def test_bad_input_is_one_sentence_and_makes_nothing(args, sentence, tmp_path, capsys):
    assert main(["generate", *args, "-o", str(tmp_path / "out")]) == 2
    assert sentence in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_no_shards_of_nothing(capsys):
    assert main(["generate", "-n", "3", "--shards", "0"]) == 2
    assert "'0' is not a whole number of at least 1" in capsys.readouterr().err


@pytest.mark.parametrize(("seeds", "each"), [(range(0), 2), (range(3), 0), (range(3), -1)])
def test_the_library_writes_no_shards_of_nothing(seeds, each, tmp_path):
    with pytest.raises(UserError, match="a shard has one kick at least"):
        write_shards(tmp_path / "new", seeds, each)


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
@pytest.mark.once
def test_a_command_that_is_stopped_leaves_whole_shards_and_goes_on(whole, tmp_path, sent, code):
    many = [*ORDER[:2], "2000", *ORDER[3:], "-o", "set", "--workers", "2"]
    heeds = {"preexec_fn": lambda: signal.signal(sent, signal.SIG_DFL)}  # a shell's background jobs ignore Ctrl-C
    command = [sys.executable, "-m", "kickitout", *many]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True, **heeds) as run:
        while run.poll() is None and not any(tmp_path.glob("set/kicks-*.tar")):
            time.sleep(0.01)
        run.send_signal(sent)
        _, said = run.communicate(timeout=60)
    assert run.returncode == code, said
    there = sorted(tmp_path.glob("set/kicks-*.tar"))
    assert f"{EACH * len(there)} of 2000 kicks are in set, in whole shards; the same command goes on" in said
    assert not [p.name for p in tmp_path.glob("set/.*") if p.name != ".lock"]
    for path in there[:2]:
        assert path.read_bytes() == (whole / path.name).read_bytes()


@pytest.mark.once
def test_a_full_disk_is_one_sentence_from_a_worker_too(tmp_path):
    from test_full_disk import with_files_up_to

    command = [sys.executable, "-m", "kickitout", *ORDER, "-o", "set", "--workers", "2"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, preexec_fn=with_files_up_to(200_000))
    assert done.returncode == 2
    assert "the disk is full" in done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(os.listdir(tmp_path / "set")) == [".lock", "index.json", "shards.jsonl"]


def test_the_python_of_the_page_reads_a_shard(whole):
    page = (Path(__file__).parents[1] / "docs" / "scale.md").read_text("utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    known: dict[str, object] = {}
    exec(
        compile(code.replace("kicks-000000-009999.tar", NAMES[2]).replace("set/", f"{whole}/"), "scale.md", "exec"),
        known,
    )
    np.testing.assert_allclose(known["wave"], generate([30])[0], atol=2**-23)


def test_curves_that_all_kicks_follow_are_in_the_plan(tmp_path):
    job = generation_job(tmp_path, curves=Curves(level=[(0, 0), (200, -20)]))
    drawn, plain = (ShardFolder(ShardWork(one), range(4), 2).plan for one in (job, replace(job, curves=None)))
    assert drawn == plain | {"curves": {"level": [[0.0, 0.0], [200.0, -20.0]]}}
