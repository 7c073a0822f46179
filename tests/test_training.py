"""The loop: every config steps, a run goes on as if it had not stopped, a folder is kept from other runs."""

from __future__ import annotations

import functools
import json
import signal
import subprocess
import sys
from contextlib import nullcontext
from dataclasses import replace

import numpy as np
import pytest
import torch
from toy import TOY, TOY_KICKAE, no_silence, toy, toy_dataset, write_kicks

from kickitout.cli import main
from kickitout.datasets.build import read_dataset, split
from kickitout.errors import UserError
from kickitout.generation.generate import generate
from kickitout.generation.load import load_model
from kickitout.training import loop
from kickitout.training.budget import Until
from kickitout.training.checkpoint import load_checkpoint, load_newest
from kickitout.training.config import config_names, load_config
from kickitout.training.run_folder import RunFolder
from kickitout.training.session import opened
from kickitout.training.session import train as train_and_export
from kickitout.training.training_set import make_training_set

train = functools.partial(train_and_export, export=False)  # an export takes seconds; the tests of it say so


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return toy_dataset(tmp_path_factory.mktemp("dataset") / "kicks")


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def weights(folder):
    tensors, progress = load_checkpoint(RunFolder(folder).latest)
    return tensors, progress["step"]


def same_weights(one, two):
    a, b = weights(one), weights(two)
    assert a[1] == b[1]
    assert a[0].keys() == b[0].keys()
    for key, value in a[0].items():
        assert torch.equal(value, b[0][key]), key


# In test_start, test_side and test_model_files: their export takes seconds.
ELSEWHERE = ("kickae", "kickae-at-large", "kickae-stereo", "dcgan-bands", "dcgan-stft")


@pytest.mark.parametrize("name", [name for name in config_names() if name not in ELSEWHERE])
def test_every_config_trains_and_plays_at_toy_size(name, dataset, tmp_path):
    result = train_and_export(dataset, load_config(name, toy(name)), tmp_path / "run", Until(steps=2))
    assert (result.step, result.reason) == (2, "done")
    waves = generate([0, 1], tmp_path / "run")
    assert waves.shape == (2, 22050)
    assert np.isfinite(waves).all()
    assert no_silence(waves)
    assert (waves[0] != waves[1]).any()


def test_the_config_for_kicks_at_large_learns_from_a_mix(dataset, tmp_path):
    config = load_config("kickae-at-large", toy("kickae-at-large"))
    result = train(dataset, config, tmp_path / "run", Until(steps=2))
    assert (result.step, result.reason) == (2, "done")
    lessons = make_training_set(dataset, config)
    assert config.augmentation_mix == 8
    assert len(lessons.waves) == len(lessons.reals) * (1 + config.variants) + config.augmentation_mix


def test_sources_share_the_rows_evenly_where_the_power_is_0(dataset):
    rows = [replace(row, source="many" if i < 18 else f"one {i}") for i, row in enumerate(dataset.rows)]
    dataset = replace(dataset, rows=tuple(rows))
    changes = [*TOY, "variants=3", "augmentation_mix=0"]
    alike, even = (
        make_training_set(dataset, load_config("dcgan-bands", [*changes, f"source_power={power}"])) for power in (1, 0)
    )
    kept = [rows[i].source for i in split(dataset)[0]]
    many, single = kept.count("many"), len(kept) - kept.count("many")
    assert len(alike.waves) == 4 * len(kept)
    assert len(even.waves) == many + single * round(4 * len(kept) / (single + 1))  # of the many one row a kick


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("dcgan-bands", TOY),
        ("dcgan-bands", [*TOY, "objective=wgan-gp", "critic_steps=2"]),
        ("dcgan", [*TOY, "spectral.loss=differentiable"]),
        pytest.param("wavegan", toy("wavegan"), marks=pytest.mark.long),  # the task of dcgan, with another network
        pytest.param("specgan", toy("specgan"), marks=pytest.mark.long),
        ("drumgan", toy("drumgan")),
        ("kickae", TOY_KICKAE),
    ],
)
def test_two_steps_and_two_more_are_four_bit_for_bit(name, changes, dataset, tmp_path):
    config = load_config(name, [*changes, "monitor.every=3"])
    train(dataset, config, tmp_path / "four", Until(steps=4))
    train(dataset, config, tmp_path / "two", Until(steps=2))
    train(dataset, config, tmp_path / "two", Until(steps=4))
    same_weights(tmp_path / "four", tmp_path / "two")
    assert any(key.startswith("optimiser/") for key in weights(tmp_path / "two")[0])


def test_another_seed_gives_other_weights(dataset, tmp_path):
    for seed in (0, 1):
        train(dataset, load_config("dcgan-bands", [*TOY, f"seed={seed}"]), tmp_path / str(seed), Until(steps=1))
    a, b = weights(tmp_path / "0")[0], weights(tmp_path / "1")[0]
    key = next(k for k in a if k.endswith("to_picture.1.weight"))
    assert not torch.equal(a[key], b[key])


def test_an_interrupted_run_saves_and_goes_on(dataset, tmp_path, monkeypatch):
    from kickitout.training import session

    config, asked = load_config("dcgan-bands", TOY), []
    monkeypatch.setattr(session, "_interruptible", lambda: nullcontext(lambda: bool(asked)))
    watch = lambda report: asked.append(1) if report.step == 3 else None  # noqa: E731
    result = train(dataset, config, tmp_path, Until(steps=100_000), watch=watch)
    assert (result.step, result.reason) == (3, "interrupted")
    asked.clear()
    again = train(dataset, config, tmp_path, Until(steps=4))
    assert (again.step, again.reason) == (4, "done")


def test_ctrl_c_on_the_command_line_says_so_and_exits_with_130(tmp_path):
    kicks = write_kicks(tmp_path / "kicks", 10)
    settings = [f"--set={change}" for change in TOY]
    args = ["train", str(kicks), "--config", "dcgan", "--out", str(tmp_path / "run"), "--threads", "1", *settings]
    said = []
    with subprocess.Popen([sys.executable, "-m", "kickitout", *args], stderr=subprocess.PIPE, text=True) as run:
        for line in run.stderr:
            said.append(line)
            if line.startswith("step 1 "):
                run.send_signal(signal.SIGINT)
    assert run.returncode == 130
    assert any("the same command goes on from here" in line for line in said)
    assert (tmp_path / "run" / "model.safetensors").exists()
    assert load_checkpoint(RunFolder(tmp_path / "run").latest)[1]["step"] >= 1


def test_a_time_budget_counts_all_starts_of_a_run(dataset, tmp_path):
    config = load_config("dcgan-bands", [*TOY, "monitor.every=1000"])
    first = train(dataset, config, tmp_path, Until(seconds=0.5))
    assert first.seconds >= 0.5
    again = train(dataset, config, tmp_path, Until(seconds=0.5))
    assert again.step == first.step


def test_a_run_folder_reads_like_a_notebook(dataset, tmp_path):
    train_and_export(dataset, load_config("dcgan-bands", TOY), tmp_path, Until(steps=4))
    there = {str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file()}
    assert {
        "config.json", "dataset.json", "environment.json", "stats.jsonl", "notebook.md", "reals.png", "reals.wav",
        "model.onnx", "checkpoints/latest.safetensors",
        "snapshots/000002/fakes.png", "snapshots/000002/fakes.wav", "snapshots/000004/fakes.wav",
    } <= there  # fmt: skip
    assert not [name for name in there if name.endswith((".part", ".pkl", ".pt"))]
    config = json.loads((tmp_path / "config.json").read_text())
    assert config["model"]["channels"] == 16
    assert json.loads((tmp_path / "dataset.json").read_text())["digest"] == dataset.digest
    kinds = [json.loads(line)["kind"] for line in (tmp_path / "stats.jsonl").read_text().splitlines()]
    assert kinds.count("snapshot") == 2
    assert "losses" in kinds
    notebook = (tmp_path / "notebook.md").read_text()
    assert "![real kicks](reals.png)" in notebook
    assert "snapshots/000004/fakes.png" in notebook


def test_what_is_heard_in_a_snapshot_is_what_the_model_file_generates(dataset, tmp_path):
    from kickitout.audio import read_sound

    result = train_and_export(dataset, load_config("dcgan-bands", [*TOY, "monitor.every=3"]), tmp_path, Until(steps=3))
    assert result.best_step == 3
    heard = read_sound(tmp_path / "snapshots" / "000003" / "fakes.wav").samples[:, 0].reshape(8, -1)[:, :22050]
    made = generate(range(8), tmp_path)
    np.testing.assert_allclose(heard, made, atol=1e-4 + 2**-15)  # the parity that is promised, and 16 bits


def test_a_folder_of_another_config_is_refused_with_the_difference(dataset, tmp_path):
    train(dataset, load_config("dcgan-bands", TOY), tmp_path, Until(steps=1))
    with pytest.raises(UserError, match=r"another config .batch was 4, now 5"):
        train(dataset, load_config("dcgan-bands", [*TOY, "batch=5"]), tmp_path, Until(steps=2))


def test_a_folder_whose_sounds_have_changed_is_refused_with_the_difference(tmp_path):
    kicks = write_kicks(tmp_path / "kicks", 12)
    config = load_config("dcgan-bands", TOY)
    train(read_dataset([kicks]), config, tmp_path / "run", Until(steps=1))
    (kicks / "kick 003.wav").unlink()
    with pytest.raises(UserError, match=r"sounds have changed.*1 gone .*kick 003"):
        train(read_dataset([kicks]), config, tmp_path / "run", Until(steps=2))


def test_a_second_trainer_on_a_folder_is_refused(dataset, tmp_path):
    with RunFolder(tmp_path).locked(), pytest.raises(UserError, match="another training run"):
        train(dataset, load_config("dcgan-bands", TOY), tmp_path, Until(steps=1))


def test_a_folder_with_other_files_is_left_alone(dataset, tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(UserError, match=r"thesis\.txt"):
        train(dataset, load_config("dcgan-bands", TOY), tmp_path, Until(steps=1))
    assert (tmp_path / "thesis.txt").read_text() == "mine"
    assert len(list(tmp_path.iterdir())) == 1


def damage(*paths):
    for path in paths:
        path.write_bytes(path.read_bytes()[:1000])


def test_a_damaged_checkpoint_falls_back_to_the_one_before_and_keeps_it(dataset, tmp_path):
    config = load_config("dcgan-bands", TOY)
    train(dataset, config, tmp_path, Until(steps=4))
    latest = RunFolder(tmp_path).latest
    before = load_checkpoint(latest.with_suffix(".previous"))[1]["step"]
    damage(latest)
    _, progress, trouble = load_newest(latest)
    assert progress["step"] == before
    assert "damaged" in trouble
    assert load_newest(latest)[1]["step"] == before  # the good one has taken the damaged one's place
    damage(latest)
    with pytest.raises(UserError, match="damaged"):
        load_newest(latest)


def test_a_run_goes_on_from_the_checkpoint_before_a_damaged_one_and_says_so(dataset, tmp_path):
    config = load_config("dcgan-bands", TOY)
    train(dataset, config, tmp_path / "a", Until(steps=4))
    damage(RunFolder(tmp_path / "a").latest)
    train(dataset, config, tmp_path / "a", Until(steps=5))
    events = [e["text"] for e in RunFolder(tmp_path / "a").entries() if e["kind"] == "event"]
    assert any("went on from the one before" in text for text in events)
    train(dataset, config, tmp_path / "b", Until(steps=5))
    same_weights(tmp_path / "a", tmp_path / "b")


def test_the_checkpoint_before_a_damaged_one_has_its_best_snapshot_still(dataset, tmp_path, monkeypatch):
    scores = iter(range(100, 0, -1))  # every snapshot is the best so far
    monkeypatch.setattr(loop, "energy_distance", lambda *_: float(next(scores)))
    config = load_config("dcgan-bands", [*TOY, "monitor.every=2"])
    with opened(dataset, config, tmp_path, device="cpu") as (run, interrupted):
        list(run.begin())
        list(run.train(Until(steps=4), interrupted))  # and is killed here
    damage(RunFolder(tmp_path).latest)
    monkeypatch.setattr(loop, "energy_distance", lambda *_: 200.0)
    result = train(dataset, config, tmp_path, Until(steps=3))
    assert (result.step, result.best_step) == (3, 2)
    assert len(list((tmp_path / "checkpoints").glob("best-*"))) <= 2


def test_a_folder_of_other_files_is_refused_before_the_sounds_are_read(tmp_path, capsys):
    (tmp_path / "song.wav").write_text("")
    assert main(["train", "nowhere", "--out", str(tmp_path)]) == 2
    assert "holds other files (song.wav, ...)" in capsys.readouterr().err


def test_two_damaged_checkpoints_are_an_error_not_a_fresh_start(dataset, tmp_path):
    config = load_config("dcgan-bands", TOY)
    train(dataset, config, tmp_path, Until(steps=4))
    latest = RunFolder(tmp_path).latest
    damage(latest, latest.with_suffix(".previous"))
    with pytest.raises(UserError, match="damaged"):
        train(dataset, config, tmp_path, Until(steps=5))


@pytest.mark.parametrize("name", ["generator", "critic"])
def test_a_step_that_is_not_finite_changes_nothing_and_the_run_goes_back(name, dataset, tmp_path, monkeypatch):
    from kickitout.training import adversarial

    descend, steps = adversarial.descend, []

    def broken(accelerator, optimiser, network, loss_of, who):
        if who == name:
            steps.append(who)
            if len(steps) == 4:
                return descend(accelerator, optimiser, network, lambda i: loss_of(i) * float("nan"), who)
        return descend(accelerator, optimiser, network, loss_of, who)

    monkeypatch.setattr(adversarial, "descend", broken)
    result = train(dataset, load_config("dcgan-bands", TOY), tmp_path, Until(steps=6))
    assert (result.step, result.reason) == (6, "done")
    events = [e["text"] for e in RunFolder(tmp_path).entries() if e["kind"] == "event"]
    assert any(f"the loss of the {name} is nan; back to the best snapshot (step 2)" in text for text in events)
    assert all(torch.isfinite(t.float()).all() for t in weights(tmp_path)[0].values())


def test_a_run_that_blows_up_is_stopped_stays_stopped_and_says_why(dataset, tmp_path):
    config = load_config("dcgan-bands", [*TOY, "objective=wgan-gp", "gradient_penalty=1e39"])
    result = train(dataset, config, tmp_path, Until(steps=400))
    assert result.reason == "stopped"
    assert "of the critic is" in result.why or "of the generator is" in result.why
    assert all(torch.isfinite(t.float()).all() for t in weights(tmp_path)[0].values())
    again = train(dataset, config, tmp_path, Until(steps=400))
    assert (again.step, again.reason, again.why) == (result.step, "stopped", result.why)


def test_the_same_finished_command_again_chooses_the_same_model(dataset, tmp_path):
    config = load_config("dcgan-bands", [*TOY, "monitor.every=2"])
    first = train(dataset, config, tmp_path, Until(steps=5))
    again = train(dataset, config, tmp_path, Until(steps=5))
    assert (first.best_step, first.best_score) == (again.best_step, again.best_score)


def test_names_and_the_order_of_folders_change_nothing(tmp_path):
    a, b = write_kicks(tmp_path / "a", 8), write_kicks(tmp_path / "b", 8, first=8)
    config = load_config("dcgan-bands", TOY)
    train(read_dataset([a, b]), config, tmp_path / "one", Until(steps=2))
    for i, path in enumerate(sorted(b.glob("*.wav"), reverse=True)):
        path.rename(b / f"other {i}.wav")
    train(read_dataset([b, a]), config, tmp_path / "two", Until(steps=2))
    same_weights(tmp_path / "one", tmp_path / "two")
    train(read_dataset([b, a]), config, tmp_path / "one", Until(steps=3))  # and a run goes on with them


def test_too_few_kicks_are_said_so(tmp_path):
    with pytest.raises(UserError, match=r"too few kicks to learn from .3.; 8 work"):
        train(toy_dataset(tmp_path / "kicks", 3), load_config("dcgan-bands", TOY), tmp_path / "run", Until(steps=1))


def test_a_device_that_is_not_there_is_said_so(dataset, tmp_path):
    if torch.cuda.is_available():
        pytest.skip("this machine has a CUDA device")
    with pytest.raises(UserError, match="sees none; cpu works"):
        train(dataset, load_config("dcgan-bands", TOY), tmp_path, Until(steps=1), device="cuda")


def test_a_folder_that_was_killed_before_its_first_step_is_begun_again(dataset, tmp_path):
    config = load_config("dcgan-bands", TOY)
    folder = RunFolder(tmp_path)
    with folder.locked():
        folder.write_json("dataset.json", dataset.manifest())
        (tmp_path / ".config.json.99.part").write_text("{")
    assert train(dataset, config, tmp_path, Until(steps=1)).step == 1
    assert not list(tmp_path.rglob("*.part"))


KILLED = """
import os, signal, sys
from kickitout.training import checkpoint
from kickitout.training.budget import Until
from kickitout.training.session import train
from kickitout.training.config import load_config
from kickitout.datasets.build import read_dataset, split
import torch
torch.set_num_threads(1)
calls, replace = [0], os.replace
def killed(*args):
    calls[0] += 1
    if calls[0] == int(sys.argv[1]):
        os.kill(os.getpid(), signal.SIGKILL)
    replace(*args)
os.replace = killed
config = load_config("dcgan-bands", sys.argv[4:])
train(read_dataset([sys.argv[2]]), config, sys.argv[3], Until(steps=5), export=False)
"""


@pytest.mark.long
def test_a_run_that_is_killed_at_any_rename_ends_with_the_same_weights(tmp_path):
    kicks = write_kicks(tmp_path / "kicks", 12)
    train(read_dataset([kicks]), load_config("dcgan-bands", TOY), tmp_path / "whole", Until(steps=5))
    survived = 0
    for at in (3, 10, 13, 17, 20, 23):  # of the renames of a run: settings, sheets, checkpoints
        folder = tmp_path / f"killed {at}"
        script = [sys.executable, "-c", KILLED, str(at), str(kicks), str(folder), *TOY]
        survived += subprocess.run(script).returncode == 0
        result = train(read_dataset([kicks]), load_config("dcgan-bands", TOY), folder, Until(steps=5))
        assert result.step == 5
        same_weights(tmp_path / "whole", folder)
        assert {p.name for p in (folder / "checkpoints").glob("best-*")} == {
            p.name for p in (tmp_path / "whole" / "checkpoints").glob("best-*")
        }
    assert survived < 4  # most of these did die


def test_mid_and_side_make_a_stereo_model(tmp_path):
    from kickitout.audio import write_sound
    from kickitout.synthesis.procedural import synthesise

    folder = tmp_path / "stereo"
    folder.mkdir()
    waves, _ = synthesise(range(10))
    for i in range(8):
        write_sound(
            folder / f"{i}.wav", np.stack([waves[i], 0.9 * waves[i] + 0.1 * waves[i + 1]], axis=1), 44_100, bits="24"
        )
    config = load_config("dcgan-bands", [*TOY, "model.stereo=true"])
    train_and_export(read_dataset([folder]), config, tmp_path / "run", Until(steps=2))
    waves = generate([0], tmp_path / "run")
    assert waves.shape == (1, 2, 22050)
    assert (waves[0, 0] != waves[0, 1]).any()
    assert load_model(tmp_path / "run").info.channels == 2
