"""What a model has not heard: neither its recordings, nor others of the machines that it learned from."""

from __future__ import annotations

import argparse
import re

import numpy as np
import pytest
from toy import labelled, write_kicks

from kickitout.audio import read_sound, write_sound
from kickitout.datasets.build import read_dataset, split
from kickitout.errors import UserError
from kicklab.experiments import starts
from kicklab.experiments.unheard import read_unheard, strange_rows

HEARD = ["smpl/TR-808", "smpl/TR-808", "one/drummer", "one/drummer"]
UNHEARD = ["hydrogen/TR808EmulationKit", "hydrogen/TR808EmulationKit", "another/drummer", "one/drummer"]  # an 808 again


def kicks_of(folder, seed, sources):
    """A new folder of rendered kicks, one of each source."""
    return labelled(write_kicks(folder, len(sources), first=seed), sources)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("unheard")
    return kicks_of(root / "learned", 0, HEARD), kicks_of(root / "unseen", 100, UNHEARD)


def test_machines_that_were_learned_from_are_left_out_under_another_name(folders):
    known = read_unheard([folders[0]], [folders[1]])
    assert int(known.heard.sum()) == len(HEARD)
    assert [row.source for row in known.strangers.rows] == ["another/drummer"]
    assert known.left_out == len(UNHEARD) - 1


def test_a_near_duplicate_of_a_sound_that_was_learned_from_tells_its_machine(folders, tmp_path):
    unseen = kicks_of(tmp_path / "unseen", 400, ["a name", "a name", "another"])
    heard = read_sound(sorted(folders[0].glob("*.wav"))[0])
    hiss = 1e-3 * np.random.default_rng(0).standard_normal(len(heard.samples)).astype(np.float32)
    write_sound(unseen / "kick 400.wav", 0.5 * heard.samples[:, 0] + hiss, heard.rate, bits="24", force=True)
    known = read_unheard([folders[0]], [unseen])
    assert [row.source for row in known.strangers.rows] == ["another"]


def test_rows_of_a_dataset_that_are_strange(folders):
    dataset, known = read_dataset(folders[1]), read_unheard([folders[0]], [folders[1]])
    rows = strange_rows(dataset, np.arange(len(dataset)), known)
    assert [dataset.rows[i].source for i in rows] == ["another/drummer"]
    with pytest.raises(UserError, match="all 1 held out were heard"):
        strange_rows(dataset, np.array([0]), known)


def test_nothing_left_is_said_in_a_sentence(folders, tmp_path):
    with pytest.raises(UserError, match="all of them were learned from"):
        read_unheard([folders[0]], [folders[0]])
    same = kicks_of(tmp_path / "same", 200, ["smpl/808-mini", "one/drummer"])
    with pytest.raises(UserError, match="all are of sources that were learned from"):
        read_unheard([folders[0]], [same])


def test_what_runs_come_to_is_measured_by_strangers_alone(folders, tmp_path):
    """`kick lab measure starts --learned`: kicks of machines that were learned from are held out of both."""
    many = kicks_of(tmp_path / "many", 300, ["smpl/808-mini", "another/drummer", "a third", "a fourth"] * 12)
    parser = argparse.ArgumentParser()
    starts.add_arguments(parser)

    def head(*words):
        return next(starts.run(parser.parse_args([str(many), *words])))

    dataset = read_dataset(many)
    held_out = [dataset.rows[i].source for i in split(dataset, starts.HELD_OUT, starts.HELD_OUT_SEED)[1]]
    strange = sum(source != "smpl/808-mini" for source in held_out)
    assert 0 < strange < len(held_out)
    assert f"against {len(held_out)} kicks" in head()
    found = re.search(r"against (\d+) kicks .*\((\d+) more", head("--learned", str(folders[0])))
    assert (int(found[1]), int(found[2])) == (strange, len(held_out) - strange)
    assert "left out" not in head()
