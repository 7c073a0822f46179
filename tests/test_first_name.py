"""What was stored when KickAE was called KickGAN is read, gone on with, and shown under its name of today."""

from __future__ import annotations

from pathlib import Path

import pytest
from earlier import FIRST_DEFAULT
from toy import toy

from kickitout.errors import UserError
from kickitout.generation.load import load_model
from kickitout.stored import upgraded
from kickitout.training.background import BackgroundRun
from kickitout.training.config import load_config
from kickitout.training.frozen import differing
from kickitout.training.overview import REQUEST, look_at
from kickitout.training.run_folder import RunFolder
from kicklab.critics_trial import read_cells
from kicklab.folder import Lab, write_json
from kicklab.results import Results, read_results

MANIFEST = {"digest": "a" * 64, "rows": []}


@pytest.fixture
def begun(tmp_path: Path) -> RunFolder:
    """A run folder as it was written under the first name."""
    folder = RunFolder(tmp_path)
    folder.open(load_config("kickae-stereo", toy("kickae-stereo")), MANIFEST)
    path = tmp_path / "config.json"
    path.write_text(path.read_text().replace("kickae", "kickgan").replace("KickAE", "KickGAN"))
    return folder


def test_a_run_goes_on(begun):
    assert begun.read_json("identity.json")["settings"]["model.family"] == "kickgan"  # for good
    asked = load_config("kickae-stereo", toy("kickae-stereo"))
    begun.open(asked, MANIFEST)
    own = load_config(str(begun.path / "config.json"))
    assert own == asked
    begun.open(own, MANIFEST)
    assert look_at(begun.path).config == "kickae-stereo"


def test_a_run_that_the_studio_began_goes_on(begun):
    write_json(begun.path / REQUEST, {"sounds": "kicks", "config": "kickgan-stereo", "changes": [], "seconds": 60})
    request = BackgroundRun(begun.path).request
    assert request is not None
    assert request.command(begun.path)[:3] == ["kicks", "--config", "kickae-stereo"]


def test_another_family_is_refused_by_the_name_of_today(begun):
    other = load_config("dcgan")
    settings = differing(other) | {"model.family": "kickgan"}
    begun.write_json("identity.json", begun.read_json("identity.json") | {"settings": settings})
    with pytest.raises(UserError, match=r"another config \(model.family was 'kickae', now 'dcgan'\)"):
        begun.open(other, MANIFEST)


def test_a_config_of_ones_own_stands_on_what_it_stood_on(tmp_path):
    own = tmp_path / "mine.yaml"
    own.write_text("base: kickgan-at-large\nbatch: 16\n")
    assert load_config(str(own)) == load_config("kickae-at-large", ["batch=16", "name=mine"])


@pytest.mark.parametrize("name", ["kickgan", "kickgan-at-large", "kickgan-stereo"])
def test_the_first_name_is_no_other_name_of_a_config(name):
    with pytest.raises(UserError, match=f"config {name}: not known; did you mean {name.replace('gan', 'ae')}[?]"):
        load_config(name)


def test_a_model_file_says_the_names_of_today():
    info = load_model(FIRST_DEFAULT).info
    assert (info.name, info.config["name"], info.config["model"]["family"]) == (*["kickae-at-large"] * 2, "kickae")
    assert [run["model"][:22] for run in info.dataset["before"]] == ["kickae-at-large, step "] * 6


def test_results_are_of_the_rows_and_configs_of_today():
    lab = Lab(Path(__file__).parent.parent / "docs" / "results")
    results, plan = Results(read_results(lab)), lab.read_plan("ablation")
    assert plan is not None
    trained = results.of("ablation", source="trained")
    assert {r["config"] for r in trained} == {"kickae"}
    assert {r["cell"][:8] for r in trained} == {"kickgan-"}  # names of cells stay
    assert {r["row"] for r in trained} == plan["study"]["rows"].keys()
    assert plan["study"]["baseline"] == "KickAE"
    assert "KickAE" in results.rows("ablation", "trained")


def test_a_study_of_critics_that_was_begun_goes_on(tmp_path):
    for name, fork in (("on-0", "kickgan-at-large"), ("on-1", "kickae-at-large")):
        write_json(tmp_path / f"{name}.json", {"about": {"fork": fork, "step": 7}, "readings": []})
    assert read_cells(tmp_path)[0] == {"fork": "kickae-at-large", "step": 7}


def test_files_of_sounds_keep_their_names():
    row = {"name": "kickgan", "file": "KickGAN.wav", "sound": "ab", "group": 3}
    assert upgraded({"rows": [row]}) == {"rows": [row]}
