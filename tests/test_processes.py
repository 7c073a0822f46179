"""Several processes that train one run: the losses of one, one who writes, and what any must refuse all refuse."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hosts import ADDRESSES, CABLE, two_hosts, why_not
from toy import made_once, toy, write_kicks

from kickitout.datasets.build import read_dataset
from kickitout.errors import UserError
from kickitout.generation.generate import generate
from kickitout.training.budget import Until
from kickitout.training.checkpoint import load_checkpoint, to_bytes
from kickitout.training.config import load_config
from kickitout.training.engine import make_accelerator
from kickitout.training.run_folder import RunFolder
from kickitout.training.session import train

BEGUN, STEPS = 2, 4
# Batch norm; critics between two updates; critics that draw numbers, which take long.
RECIPES = ("dcgan", "kickae", *(["wavegan"] if os.environ.get("KICKITOUT_LONG") else []))
# Sums in another order: rounding is 1e-7, and a step of Adam makes a whole step of a gradient that is all rounding.
CLOSE = {"rtol": 5e-3, "atol": 5e-3}


def losses(run: Path) -> list[dict[str, float]]:
    entries = [e for e in RunFolder(run).entries() if e["kind"] == "losses"]
    return [{k: v for k, v in e.items() if k.startswith(("loss/", "grad/"))} for e in entries]


def assert_close(one: Path, two: Path) -> None:
    a, b = losses(one), losses(two)
    assert len(a) == len(b) > 0
    for mine, yours in zip(a, b, strict=True):
        assert mine.keys() == yours.keys()
        np.testing.assert_allclose(list(mine.values()), list(yours.values()), **CLOSE)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return read_dataset([write_kicks(tmp_path_factory.mktemp("processes") / "kicks", 16)])


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def begun_on_one_and_gone_on_with_on_two(place: Path) -> None:
    """Each config on one process, and begun on one and gone on with on two."""
    dataset = read_dataset([write_kicks(place / "kicks", 16)])
    for name in RECIPES:
        config = load_config(name, toy(name))
        train(dataset, config, place / f"two-{name}", Until(steps=BEGUN), device="cpu", export=False)
        train(dataset, config, place / f"one-{name}", Until(steps=STEPS), device="cpu", export=False)
    job = Path(__file__).with_name("processes_job.py")
    command = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", str(job), str(place), str(STEPS)]
    ran = subprocess.run(
        [sys.executable, *command], capture_output=True, text=True, timeout=240,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join([str(job.parent), *sys.path])},
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    (place / "said").write_text(ran.stderr)


@pytest.fixture(scope="module")
def done(one_thread, tmp_path_factory) -> SimpleNamespace:
    place = made_once(tmp_path_factory, "processes", begun_on_one_and_gone_on_with_on_two)
    told = [json.loads((place / f"told-{i}.json").read_text()) for i in (0, 1)]
    return SimpleNamespace(place=place, told=told, said=(place / "said").read_text())


@pytest.mark.slow
@pytest.mark.parametrize("name", RECIPES)
def test_two_processes_go_on_with_the_losses_of_one(done, name):
    assert_close(done.place / f"one-{name}", done.place / f"two-{name}")
    (one, progress), (two, other) = (
        load_checkpoint(RunFolder(done.place / f"{how}-{name}").latest) for how in ("one", "two")
    )
    assert one.keys() == two.keys()
    assert progress["step"] == other["step"] == STEPS
    assert done.told[0][f"two-{name}"] == done.told[1][f"two-{name}"]  # both know which snapshot is the best


@pytest.mark.slow
def test_what_one_of_them_must_refuse_all_refuse_and_the_first_says_it(done):
    for key, reason in (
        ("of another", "holds a run of another config"),
        ("uneven", "batch 5: cannot be split evenly into 2 parts; batch=6 works"),
        ("in the second", "process 1 of 2: that folder is not on this machine"),
    ):
        first, second = done.told[0][key], done.told[1][key]
        assert (first[0], second[0]) == ("UserError", "SaidElsewhere")
        assert reason in first[1]
    assert "that folder" in done.told[1]["in the second"][1]


@pytest.mark.slow
def test_the_command_on_two_processes_is_said_once_and_leaves_a_model(done):
    assert [told["command"] for told in done.told] == [0, 0]
    assert done.said.count("hear it: kick generate") == 1
    assert generate([0], done.place / "command").shape == (1, 22050)


@pytest.mark.slow
def test_nothing_is_warned_of(done):
    assert "Warning" not in done.said, done.said


def test_a_batch_in_parts_has_the_losses_of_the_whole(dataset, tmp_path):
    config = load_config("wavegan", toy("wavegan"))  # no batch norm: its statistics would be those of a part
    for parts in (1, 2):
        engine = make_accelerator("cpu", accumulate=parts)
        train(dataset, config, tmp_path / str(parts), Until(steps=1), accelerator=engine, export=False)
    assert_close(tmp_path / "1", tmp_path / "2")


def test_kickaes_critics_want_a_whole_batch(dataset, tmp_path):
    engine = make_accelerator("cpu", accumulate=2)
    with pytest.raises(UserError, match="accumulate: KickAE's critics"):
        train(dataset, load_config("kickae", toy("kickae")), tmp_path, Until(steps=3), accelerator=engine)


def test_bfloat16_trains(dataset, tmp_path):
    config = load_config("dcgan-bands", toy("dcgan-bands"))
    engine = make_accelerator("cpu", "bfloat16")
    result = train(dataset, config, tmp_path, Until(steps=2), accelerator=engine, export=False)
    assert (result.step, result.reason) == (2, "done")
    tensors, _ = load_checkpoint(RunFolder(tmp_path).latest)
    assert {t.dtype for k, t in tensors.items() if k.startswith("network/") and t.is_floating_point()} == {
        torch.float32
    }


def test_a_state_survives_the_way_through_a_file(tmp_path):
    tensors = {"network/generator/a": torch.arange(6.0).view(2, 3)}
    file = tmp_path / "state"
    file.write_bytes(to_bytes(tensors, {"step": 7, "monitor": {"best_score": float("inf")}}))
    again, progress = load_checkpoint(file)
    assert torch.equal(again["network/generator/a"], tensors["network/generator/a"])
    assert progress == {"step": 7, "monitor": {"best_score": float("inf")}}


@pytest.mark.long
def test_two_hosts_train_one_run_and_only_the_first_needs_its_folder(dataset, tmp_path):
    if reason := why_not():
        pytest.skip(reason)
    kicks = write_kicks(tmp_path / "kicks", 16)
    config = load_config("wavegan", toy("wavegan"))
    train(dataset, config, tmp_path / "one", Until(steps=STEPS), device="cpu", export=False)
    settings = [f"--set={change}" for change in toy("wavegan")]
    with two_hosts() as hosts:
        started = []
        for rank, (host, end) in enumerate(zip(hosts, CABLE, strict=True)):
            command = [
                *host, sys.executable, "-m", "torch.distributed.run", "--nnodes=2", f"--node-rank={rank}",
                "--nproc-per-node=1", f"--master-addr={ADDRESSES[0]}", "--master-port=29511", "-m", "kickitout",
                "train", str(kicks), "--config", "wavegan", "--device", "cpu", "--steps", str(STEPS), *settings,
                "--out", str(tmp_path / ("two" if rank == 0 else "not-here")),
            ]  # fmt: skip
            env = {**os.environ, "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": end}
            started.append(subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True))
        said = [run.communicate(timeout=240)[1] for run in started]
    assert [run.returncode for run in started] == [0, 0], said
    assert_close(tmp_path / "one", tmp_path / "two")
    assert not (tmp_path / "not-here").exists()
