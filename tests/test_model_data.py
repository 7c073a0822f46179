"""What the model in the package may learn from: licences, notices, and the list of what is left out."""

from __future__ import annotations

import csv
from importlib.resources import files

import pytest
from toy import write_kicks

from kickitout.cli import main
from kickitout.datasets.build import read_dataset
from kickitout.identity import is_identity
from kicklab.experiments import model_data

LICENCES = ("CC0-1.0", "MIT", "MIT", "CC-BY-4.0", "public-domain", "Apache-2.0", "unclear")


@pytest.fixture
def kicks(tmp_path):
    """A folder of seven kicks, a folder each; of those under MIT the first alone has a notice."""
    flat, folder = write_kicks(tmp_path / "flat", len(LICENCES)), tmp_path / "kicks"
    rows = [("file", "source", "licence")]
    for i, (path, licence) in enumerate(zip(sorted(flat.glob("*.wav")), LICENCES, strict=True)):
        into = folder / f"maker-{i}"
        into.mkdir(parents=True)
        path.rename(into / "kick.wav")
        rows.append((f"maker-{i}/kick.wav", f"maker {i}", licence))
    with open(folder / "index.csv", "w", newline="") as file:
        csv.writer(file).writerows(rows)
    (folder / "notices").mkdir()
    for i in (1, 5):
        (folder / "notices" / f"maker-{i}.txt").write_text(f"Copyright maker {i}\n")
    return folder


def test_what_may_be_learned_from_is_copied_with_its_notices(kicks, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["lab", "measure", "model-data", str(kicks), "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert {row.source for row in read_dataset(out).rows} == {"maker 0", "maker 1", "maker 4", "maker 5"}
    assert [f"| {reason} | 1 |" in said for reason in ("MIT without a notice", "licence: CC-BY-4.0")] == [True, True]
    notice = (out / "NOTICE").read_text()
    assert "maker 1 (MIT)\n\nCopyright maker 1\n" in notice
    assert "maker 5 (Apache-2.0)" in notice
    assert "maker 0" not in notice


def test_a_sound_on_the_list_is_left_out_for_its_reason(kicks, tmp_path, capsys, monkeypatch):
    sound = next(row.sound for row in read_dataset(kicks).rows if row.source == "maker 0")
    monkeypatch.setattr(model_data, "left_out", lambda: {sound: "a door"})
    assert main(["lab", "measure", "model-data", str(kicks), "--out", str(tmp_path / "out")]) == 0
    assert "| a door | 1 |" in capsys.readouterr().out
    assert not (tmp_path / "out" / "kicks" / "maker-0").exists()


def test_a_folder_that_is_there_is_refused(kicks, capsys):
    assert main(["lab", "measure", "model-data", str(kicks), "--out", str(kicks)]) == 2
    assert "exists and is not empty; a new folder works" in capsys.readouterr().err


def test_the_list_names_each_sound_once_with_source_and_reason():
    rows = list(csv.DictReader(files("kicklab").joinpath("left_out.csv").read_text("utf-8").splitlines()))
    assert len({row["sound"] for row in rows}) == len(rows) > 30
    assert all(is_identity(row["sound"]) and row["source"] and row["reason"] for row in rows)


def test_a_notice_that_several_sources_share_stands_there_once(tmp_path):
    a, b = tmp_path / "a.txt", tmp_path / "b.txt"
    a.write_text("Licence\n")
    b.write_text("Licence\n\n")
    text = model_data.notice_text([("one", "MIT", a), ("two", "MIT", b), ("one", "MIT", a)])
    assert text.count("Licence") == 1
    assert "one (MIT), two (MIT)" in text
