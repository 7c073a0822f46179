"""A budget on the clock, and the number of threads, by a clock that is told what each thing takes."""

from __future__ import annotations

import json
import re

import pytest
import torch
from toy import TOY, toy_dataset, write_kicks

from kickitout.cli import main
from kickitout.cli.values import duration
from kickitout.errors import UserError
from kickitout.training import finish, loop, threads
from kickitout.training.adversarial import AdversarialTask
from kickitout.training.budget import LEAST, TOLERANCE, TimeBudget, Timing, Until, refuse_early
from kickitout.training.checkpoint import load_checkpoint
from kickitout.training.config import load_config
from kickitout.training.run_folder import RunFolder
from kickitout.training.session import train

RECIPE = load_config("dcgan-bands", [*TOY, "monitor.every=50"])


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return toy_dataset(tmp_path_factory.mktemp("dataset") / "kicks", 12)


class Clock:
    """Seconds that pass only where something is done. costs: of each thing."""

    def __init__(self):
        self.now = 1000.0
        self.costs = {"lessons": 10.0, "step": 1.0, "snapshot": 5.0, "model": 20.0, "rehearsed graph": 20.0 / 3}

    def __call__(self):
        return self.now

    def passing(self, what, function):
        def wrapped(*args, **kwargs):
            cost = self.costs[what]
            self.now += cost() if callable(cost) else cost
            return function(*args, **kwargs)

        return wrapped


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(loop, "make_training_set", clock.passing("lessons", loop.make_training_set))
    monkeypatch.setattr(AdversarialTask, "step", clock.passing("step", AdversarialTask.step))
    monkeypatch.setattr(finish, "export_one", clock.passing("rehearsed graph", lambda: b""))
    monkeypatch.setattr(loop, "view", clock.passing("snapshot", loop.view))

    def write_model(_player, _info, folder):
        (folder / "model.onnx").write_bytes(b"a model")
        return folder / "model.onnx"

    monkeypatch.setattr(finish, "write_model", clock.passing("model", write_model))
    return clock


def trained(dataset, folder, clock, seconds, **more):
    """Train for a budget; returns the result and what the clock says it took."""
    began = clock.now
    result = train(dataset, RECIPE, folder, TimeBudget(seconds, clock), device="cpu", **more)
    return result, clock.now - began


@pytest.fixture
def learns_nothing(clock, monkeypatch):
    """Steps take the time they take, and nothing else."""
    monkeypatch.setattr(AdversarialTask, "step", clock.passing("step", lambda *_: {"loss/d": 1.0, "loss/g": 1.0}))


@pytest.mark.usefixtures("learns_nothing")
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"lessons": 90.0},  # a large folder
        {"lessons": 150.0},  # so large that most of the time is gone before the first step
        {"step": 12.0},  # a large model
        {"step": 0.3, "snapshot": 20.0},  # looking takes longer than learning
        {"model": 60.0, "rehearsed graph": 20.0},  # a slow machine
        {"model": 26.0},  # busier at the end than when it was rehearsed
    ],
)
def test_a_budget_is_what_the_whole_command_takes(changes, dataset, tmp_path, clock):
    clock.costs |= changes
    result, took = trained(dataset, tmp_path, clock, 240.0)
    assert (result.reason, (tmp_path / "model.onnx").exists()) == ("done", True)
    allowed = max(TOLERANCE * 240, LEAST)
    assert 240 - allowed - clock.costs["step"] <= took <= 240 + allowed
    start = result.timing.starts[-1]
    assert start["preparing"] + start["training"] + start["writing"] == pytest.approx(took)
    assert json.loads((tmp_path / "timing.json").read_text())["seconds"] == pytest.approx(took, abs=0.01)


@pytest.mark.usefixtures("learns_nothing")
def test_a_budget_counts_all_starts_and_knows_what_the_end_took_last(dataset, tmp_path, clock):
    first, took = trained(dataset, tmp_path, clock, 120.0)
    clock.costs["rehearsed graph"] = 1000.0  # it is not rehearsed again
    again, more = trained(dataset, tmp_path, clock, 300.0)
    assert again.step > first.step
    assert took + more == pytest.approx(300, abs=30)
    assert again.timing.seconds == pytest.approx(took + more, abs=0.1)
    assert len(again.timing.starts) == 2


@pytest.mark.usefixtures("learns_nothing")
def test_a_budget_that_is_too_short_is_said_so_and_what_is_proposed_works(dataset, tmp_path, clock):
    with pytest.raises(UserError, match="30s is too short to train: preparing took 30s and writing") as said:
        trained(dataset, tmp_path, clock, 30.0)
    proposed = duration(re.search(r"a budget of (\w+) works", str(said.value))[1])
    result, took = trained(dataset, tmp_path, clock, proposed)
    assert result.step > 5
    assert took <= proposed + LEAST
    with pytest.raises(UserError, match=r"too short to train, after .* of earlier starts"):
        trained(dataset, tmp_path, clock, proposed + 10)


@pytest.mark.usefixtures("learns_nothing")
def test_a_start_that_was_killed_counts_as_far_as_it_had_saved(dataset, tmp_path, clock, monkeypatch):
    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(finish.Finish, "write", killed)
    with pytest.raises(KeyboardInterrupt):
        trained(dataset, tmp_path, clock, 120.0)
    spent = Timing.read(tmp_path).seconds
    assert 60 < spent < 120
    monkeypatch.undo()
    budget = TimeBudget(120.0, clock)
    assert refuse_early(tmp_path, budget, has_model=False) is None  # it has no model yet, and gets one
    assert budget.before == spent


@pytest.mark.usefixtures("learns_nothing")
def test_what_a_run_of_an_older_version_has_trained_counts(dataset, tmp_path, clock):
    train(dataset, RECIPE, tmp_path, Until(steps=40), device="cpu", export=False)
    (tmp_path / "timing.json").unlink()
    _, progress = load_checkpoint(RunFolder(tmp_path).latest)
    budget = TimeBudget(300.0, clock)
    result = train(dataset, RECIPE, tmp_path, budget, device="cpu")
    assert budget.before == pytest.approx(progress["seconds"])
    assert result.step > 40


def test_a_budget_that_is_used_up_is_said_before_any_sound_is_read(tmp_path, capsys):
    for model, seconds in (("model.onnx", 103.0), ("model.safetensors", 125.0)):
        run = tmp_path / model
        run.mkdir()
        (run / model).touch()
        (run / "config.json").touch()
        starts = [{"preparing": 20.0, "training": 60.0, "writing": 38.0, "steps": 9.0}]
        (run / "timing.json").write_text(json.dumps(Timing(1, {}, seconds, starts).to_data()))
        assert main(["train", "nowhere", "--budget", "2m", "--out", str(run)]) == 0
        assert "has used its budget of 2m up" in capsys.readouterr().err
    assert main(["train", "nowhere", "--budget", "180s", "--out", str(run)]) == 2
    said = capsys.readouterr().err
    assert "a budget of 3m is too short to train, after 2m5s of earlier starts" in said
    assert "take about 58s; a budget of 5m works" in said


def test_a_few_more_minutes_than_a_budget_that_is_used_up_train_on(tmp_path):
    start = {"preparing": 20.0, "training": 1137.0, "writing": 38.0, "steps": 900.0, "budget": 1200.0}
    (tmp_path / "timing.json").write_text(json.dumps(Timing(1, {}, 1195.0, [start]).to_data()))
    again = refuse_early(tmp_path, TimeBudget(1200.0), has_model=True)
    assert again is not None
    assert "has used its budget of 20m up" in again
    assert refuse_early(tmp_path, TimeBudget(1195.0 + 240), has_model=True) is None
    (tmp_path / "timing.json").write_text(json.dumps(Timing(1, {}, 3700.0, [start]).to_data()))
    assert "has used its budget of 1h up" in str(refuse_early(tmp_path, TimeBudget(3600.0), has_model=True))
    (tmp_path / "timing.json").write_text(json.dumps(Timing(1, {}, 1195.0, [start]).to_data()))
    with pytest.raises(UserError, match="too short to train, after 19m55s of earlier starts"):
        refuse_early(tmp_path, TimeBudget(1195.0 + 60), has_model=True)


@pytest.mark.usefixtures("learns_nothing")
def test_a_start_that_its_budget_has_ended_says_so_and_one_that_was_not_does_not(dataset, tmp_path, clock):
    trained(dataset, tmp_path, clock, 120.0)
    assert Timing.read(tmp_path).starts[0]["budget"] == 120
    train(dataset, RECIPE, tmp_path / "steps", Until(steps=2), device="cpu")
    assert "budget" not in Timing.read(tmp_path / "steps").starts[0]


def test_reading_that_takes_longer_than_the_budget_ends_it(tmp_path, capsys, monkeypatch):
    kicks = write_kicks(tmp_path / "kicks", 3)
    assert main(["train", str(kicks), "--budget", "0.000001s", "--out", str(tmp_path / "run")]) == 2
    assert "is too short to train: reading 1 of 3 files took" in capsys.readouterr().err


@pytest.mark.parametrize("content", ["", "{", "[]", "[" * 100_000, '{"threads": "many"}', '{"threads": 2}'])
def test_a_damaged_timing_is_none(content, tmp_path):
    (tmp_path / "timing.json").write_text(content)
    assert Timing.read(tmp_path) == Timing()


def test_what_is_kept_of_the_time_is_read_again(tmp_path):
    kept = Timing(2, {"1": 0.5, "2": 0.25}, 61.5, [{"preparing": 1.0, "training": 2.0, "writing": 3.0}], {"model": 9.0})
    (tmp_path / "timing.json").write_text(json.dumps(kept.to_data()))
    assert Timing.read(tmp_path) == kept


# -- threads ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def two_processors(monkeypatch):
    """As many as torch is told, but in truth one: two on a busy machine take a minute for what one does in a second."""
    monkeypatch.setattr(threads, "usable_cpus", lambda: 2)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    number = [1]
    monkeypatch.setattr(torch, "get_num_threads", lambda: number[0])
    monkeypatch.setattr(torch, "set_num_threads", lambda n: number.__setitem__(0, n))
    yield
    assert number == [1]


def on_two(one, two):
    """What a step takes on one and on two threads."""
    return lambda: two if torch.get_num_threads() == 2 else one


def weights(folder):
    return load_checkpoint(RunFolder(folder).latest)[0]


def same(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[key], b[key]) for key in a)


@pytest.mark.usefixtures("learns_nothing")
@pytest.mark.parametrize(("costs", "chosen"), [((1.0, 9.0), 1), ((1.0, 0.6), 2), ((1.0, 1.0), 1)])
def test_the_quickest_number_of_threads_is_chosen_said_and_kept(
    costs, chosen, dataset, tmp_path, clock, two_processors
):
    clock.costs["step"] = on_two(*costs)
    said = []
    trained(dataset, tmp_path, clock, 120.0, threads="auto", watch=lambda report: said.append(report.event))
    timing = Timing.read(tmp_path)
    assert timing.threads == chosen
    assert timing.step_seconds == {"1": costs[0], "2": costs[1]}
    assert json.loads((tmp_path / "environment.json").read_text())["threads"] == chosen
    assert any(line.startswith(f"{chosen} thread") and "the quickest" in line for line in said)
    clock.costs["step"] = on_two(*reversed(costs))  # the machine has changed its mind; the run has not
    again, _ = trained(dataset, tmp_path, clock, 240.0, threads="auto", watch=lambda report: said.append(report.event))
    assert again.timing.threads == chosen
    assert any("as the run was begun" in line for line in said)
    train(dataset, RECIPE, tmp_path, Until(steps=again.step + 1), threads=3 - chosen, device="cpu", export=False)
    assert Timing.read(tmp_path).threads == 3 - chosen


def test_measuring_threads_changes_nothing_of_a_run(dataset, tmp_path, clock, two_processors):
    clock.costs["step"] = on_two(1.0, 2.0)
    for name, many in (("measured", "auto"), ("given", 1)):
        torch.manual_seed(5)
        train(dataset, RECIPE, tmp_path / name, Until(steps=2), threads=many, device="cpu", export=False)
        drawn = torch.rand(1)
        assert torch.get_num_threads() >= 1
    train(dataset, RECIPE, tmp_path / "measured", Until(steps=4), threads="auto", device="cpu", export=False)
    train(dataset, RECIPE, tmp_path / "given", Until(steps=4), threads=1, device="cpu", export=False)
    assert same(weights(tmp_path / "measured"), weights(tmp_path / "given"))
    assert drawn is not None


def test_a_run_begun_with_more_threads_than_are_here_is_measured_anew(dataset, tmp_path, clock, monkeypatch):
    (tmp_path / "timing.json").write_text(json.dumps(Timing(64, {"64": 0.1}).to_data()))
    monkeypatch.setattr(threads, "usable_cpus", lambda: 1)
    said = []
    train(dataset, RECIPE, tmp_path, Until(steps=1), threads="auto", device="cpu", export=False,
          watch=lambda report: said.append(report.event))  # fmt: skip
    assert Timing.read(tmp_path).threads == 1
    assert any("begun with 64, which are more" in line for line in said)


@pytest.mark.parametrize(("variable", "most"), [("1", 1), ("2", 2), ("64", 4), ("many", 4), (None, 4)])
def test_no_more_threads_are_tried_than_may_be_used(variable, most, monkeypatch):
    monkeypatch.setattr(threads, "usable_cpus", lambda: 4)
    if variable is None:
        monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    else:
        monkeypatch.setenv("OMP_NUM_THREADS", variable)
    assert threads.most_threads() == most


def test_trying_ends_where_more_threads_are_slower_or_time_is_up(two_processors):
    seconds = {1: 1.0, 2: 0.9, 4: 3.0, 8: 0.1}
    now = [0.0]

    def step():
        now[0] += seconds[torch.get_num_threads()]

    found = threads.measure_threads(step, [1, 2, 4, 8], lambda: now[0], limit=1e9)  # eight are never tried
    assert list(found) == [1, 2, 4]
    now[0] = 0.0
    assert list(threads.measure_threads(step, [1, 2, 4, 8], lambda: now[0], limit=5.0)) == [1, 2]  # 3, then 4.8 to 5.7


def test_no_step_is_timed_on_threads_that_wait_for_each_other(monkeypatch, two_processors):
    now, stepped = [0.0], []
    waiting = {1: 0.004, 2: 0.4}
    monkeypatch.setattr(threads, "_small_sums", lambda: now.__setitem__(0, now[0] + waiting[torch.get_num_threads()]))
    found = threads.measure_threads(lambda: stepped.append(torch.get_num_threads()), [1, 2], lambda: now[0], 60.0)
    assert list(found) == [1]
    assert set(stepped) == {1}
