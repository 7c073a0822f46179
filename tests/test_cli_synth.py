"""`kick synth`: rendered kicks, and an index.csv that says where they are from."""

from __future__ import annotations

import pytest

from kickitout.cli import main

ROW = "{},kickitout procedural,CC0-1.0"


def synth(folder, *more: str) -> int:
    return main(["synth", "-o", str(folder), *more])


def index_of(folder) -> list[str]:
    return (folder / "index.csv").read_text().splitlines()


def test_later_kicks_are_stated_beside_those_that_are_there(tmp_path):
    folder = tmp_path / "rendered"
    assert synth(folder, "-n", "2") == 0
    assert synth(folder, "-n", "2", "--seed", "2") == 0
    assert index_of(folder) == ["file,source,licence", *(ROW.format(f"synth_00000{i}.wav") for i in range(4))]
    assert synth(folder, "-n", "1", "--seed", "1", "--force") == 0
    assert len(index_of(folder)) == 5


def test_nothing_is_written_where_a_kick_is_there(tmp_path, capsys):
    assert synth(tmp_path, "-n", "1", "--seed", "2") == 0
    assert synth(tmp_path, "-n", "4") == 2
    assert "synth_000002.wav: exists" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["index.csv", "synth_000002.wav"]


@pytest.mark.parametrize("text", ["file,source,licence\nmy_own.wav,My Studio,CC-BY-4.0\n", "", "\xff\n", "a;b\n1;2\n"])
def test_an_index_of_somebody_else_is_kept(tmp_path, capsys, text):
    index = tmp_path / "index.csv"
    index.write_bytes(text.encode("latin-1"))
    assert synth(tmp_path, "-n", "1") == 2
    assert "index.csv: says where other sounds are from; choose another folder" in capsys.readouterr().err
    assert index.read_bytes() == text.encode("latin-1")
    assert list(tmp_path.iterdir()) == [index]
    assert synth(tmp_path, "-n", "1", "--force") == 0
    assert index_of(tmp_path) == ["file,source,licence", ROW.format("synth_000000.wav")]


def test_its_recipe_says_which_command_renders_it_again(tmp_path, capsys):
    assert synth(tmp_path, "-n", "1", "--seed", "5") == 0
    assert main(["recipe", str(tmp_path / "synth_000005.wav"), "--render", str(tmp_path / "again.wav")]) == 2
    assert "`kick synth` rendered it, seed 5, and renders it again" in capsys.readouterr().err
