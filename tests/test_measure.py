"""`kick lab measure`: experiments as Markdown, and the figures that they write into pages."""

from __future__ import annotations

from pathlib import Path

import pytest
from toy import write_kicks

from kickitout.cli import main
from kicklab.cli.measure import block_of, experiments, fill_page, load_experiment

ROOT = Path(__file__).parents[1]
PAGE = "# A page\n\n<!-- begin: kick lab measure card-table -->\nold\n<!-- end -->\n\nProse stays.\n"


@pytest.mark.parametrize("name", experiments())
def test_every_experiment_loads_and_says_how_it_is_called(name):
    _, parser = load_experiment(name)
    assert f"kick lab measure {name}" in parser.format_help()
    assert experiments()[name].endswith((".", "?"))


def test_alone_it_lists_the_experiments(capsys):
    assert main(["lab", "measure"]) == 0
    said = capsys.readouterr().out
    assert all(f"{name} " in said for name in experiments())
    assert len(said.splitlines()) == len(experiments())


def test_a_name_that_is_wrong_is_met_with_the_nearest(capsys):
    assert main(["lab", "measure", "scorebord"]) == 2
    assert "scorebord: no experiment has that name; did you mean scoreboard?" in capsys.readouterr().err
    assert main(["lab", "measure", "xyz"]) == 2
    assert "`kick lab measure` lists them" in capsys.readouterr().err


def test_options_behind_the_name_are_those_of_the_experiment(capsys, tmp_path):
    assert main(["lab", "measure", "card-table", "--zzz", str(tmp_path)]) == 2
    assert "unrecognized arguments: --zzz (kick lab measure card-table --help" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="0"):
        main(["lab", "measure", "judge", "--help"])
    assert "--half" in capsys.readouterr().out


def test_figures_are_printed_or_written_between_the_marks_of_a_page(tmp_path, capsys):
    kicks, page = write_kicks(tmp_path / "kicks", 3), tmp_path / "page.md"
    page.write_text(PAGE, "utf-8")
    assert main(["lab", "measure", "card-table", str(kicks)]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("3 kicks, dataset digest ")
    assert main(["lab", "measure", "card-table", str(kicks), "--write", str(page)]) == 0
    assert capsys.readouterr().out == ""
    assert page.read_text("utf-8") == PAGE.replace("old", printed.rstrip())
    fill_page(page, {"kick lab measure card-table": "old"})
    assert main(["lab", "figures", str(page), "--data", str(kicks)]) == 0
    assert page.read_text("utf-8") == PAGE.replace("old", printed.rstrip())


def test_a_page_without_the_block_is_refused_before_anything_is_measured(tmp_path, capsys):
    page = tmp_path / "page.md"
    page.write_text(PAGE, "utf-8")
    assert main(["lab", "measure", "ladder", "nowhere", "--write", str(page)]) == 2
    assert "one begins with <!-- begin: kick lab measure ladder -->" in capsys.readouterr().err
    assert main(["lab", "figures", str(page), "--only", "kick bench"]) == 2
    assert "has no block kick bench; it has kick lab measure card-table" in capsys.readouterr().err
    assert main(["lab", "figures", str(page), "--data", "nowhere"]) == 2
    assert "it ended with 2: kick: nowhere" in capsys.readouterr().err
    assert page.read_text("utf-8") == PAGE


def test_of_several_blocks_the_one_with_the_same_options_is_filled(tmp_path):
    page = tmp_path / "page.md"
    names = ["kick lab measure starts --files 8,9", "kick lab measure starts --start none --minutes 15", "kick bench"]
    page.write_text("".join(f"<!-- begin: {name} -->\nx\n<!-- end -->\n" for name in names), "utf-8")
    words = ["kick", "lab", "measure", "starts", "my-kicks", "--minutes", "15", "--start", "none", "-n", "64"]
    assert block_of(page, words) == names[1]
    assert block_of(page, ["kick", "lab", "measure", "starts", "--files", "8,9", "k"]) == names[0]
