"""The judge of models: halves by source, without the machines that were learned from, beside what recordings do."""

from __future__ import annotations

import csv
import shutil

import pytest
from toy import write_kicks

from kickitout.cli import main
from kickitout.datasets.build import read_dataset
from kicklab.experiments import judge

UNSEEN = 96


def labelled(folder, sources):
    """A folder of kicks with an index that names the source of each, in the order of their names."""
    rows = [("file", "source", "licence")]
    rows += [(path.name, source, "CC0-1.0") for path, source in zip(sorted(folder.glob("*.wav")), sources, strict=True)]
    with open(folder / "index.csv", "w", newline="") as file:
        csv.writer(file).writerows(rows)
    return folder


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Kicks of 12 machines that a model learned from, and of 24 others; one of these has a kick of the first."""
    root = tmp_path_factory.mktemp("judge")
    everything = write_kicks(root / "all", 64 + UNSEEN)
    learned, unseen = root / "learned", root / "unseen"
    for folder in (learned, unseen):
        folder.mkdir()
    for i, path in enumerate(sorted(everything.glob("*.wav"))):
        path.rename((learned if i < 64 else unseen) / path.name)
    copied = sorted(learned.glob("*.wav"))[0]
    labelled(learned, [f"heard {i % 12}" for i in range(64)])
    shutil.copyfile(copied, unseen / copied.name)
    names = [f"strange {i % 24}" for i in range(UNSEEN + 1)]
    return learned, labelled(unseen, names)


def test_machines_that_were_learned_from_are_left_out(folders):
    learned, unseen = folders
    both = read_dataset([learned, unseen])
    found = judge.Judge(read_dataset(learned), both, "second")
    known = {row.sound for row in read_dataset(learned).rows}
    assert len(found.waves) + found.left_out <= UNSEEN
    other = judge.Judge(read_dataset(learned), both, "first")
    assert len(found.waves) + found.left_out + len(other.waves) + other.left_out == len(both) - len(known)


def test_the_table_names_what_recordings_do_and_what_is_enough(folders, capsys):
    learned, unseen = folders
    assert main(["lab", "measure", "judge", str(learned), str(unseen), "-n", "64"]) == 0
    said = capsys.readouterr().out
    assert "sources that were learned from are left out" in said
    for measure in (
        "ends while loud, %",
        "T60 known, %",
        "frechet_limit_bands-1",
        "two_sample_logistic_thirds",
        "near-duplicates, %",
    ):
        assert f"| {measure}" in said


def test_nothing_left_to_judge_by_is_refused(folders, capsys):
    learned, _ = folders
    assert main(["lab", "measure", "judge", str(learned), str(learned), "-n", "64"]) == 2
    assert "all of them were learned from" in capsys.readouterr().err


def test_reconstructions_stand_between_recordings_and_seeds(folders, capsys):
    learned, unseen = folders
    assert main(["lab", "measure", "c2st", str(learned), str(unseen)]) == 0
    said = capsys.readouterr().out
    assert "| measure | the other half | reconstructed | with the jitter of training | seeds |" in said
    rows = [line for line in said.splitlines() if line.startswith("| two_sample_logistic_bands-1 ")]
    values = [float(cell) for cell in rows[0].split("|")[2:6]]
    assert all(0 <= value <= 1 for value in values)
    assert len(set(values)) > 1
