"""The README and the pages for users do what they say: their commands and their Python run."""

from __future__ import annotations

import re
import shlex
import urllib.request
from pathlib import Path

import pytest
from studio import running
from toy import TOY_KICKAE, write_kicks

from kickitout.cli import main

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
PAGES = {name: (ROOT / name).read_text("utf-8") for name in ("README.md", "docs/generate.md", "docs/kits.md")}
WRITTEN = {  # folder -> sound files, after the commands of a page
    "README.md": {"kicks": 16, "asked": 4, "bodies": 8, "mine": 16},
    "docs/generate.md": {"kicks": 16, "more": 9, "flac": 4, "usual": 16},
    "docs/kits.md": {"kicks": 4, "kit": 128, "kit-in-f": 64},
}


def blocks(text, kind):
    return re.findall(rf"```{kind}\n(.*?)```", text, re.DOTALL)


def shell(text):
    return [line.split("#")[0].strip() for block in blocks(text, "sh") for line in block.splitlines()]


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_a_page_runs_in_its_order(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_kicks(tmp_path / "my-kicks", 10)
    toy = [f"--set={change}" for change in TOY_KICKAE]
    for command in [line for line in shell(PAGES[page]) if line.startswith("kick ")]:
        words = shlex.split(command)[1:]
        if words[0] == "studio":  # it serves until it is ended
            pytest.importorskip("fastapi", reason="the studio needs the extra 'studio'")
            with (
                running(*(w for w in words[1:] if w != "--open")) as (address, _),
                urllib.request.urlopen(address) as served,
            ):
                assert served.status == 200
            continue
        if words[0] == "train":  # as written, but as a toy for two steps: a budget would count how busy the machine is
            words = [{"--budget": "--steps", "20m": "2"}.get(w, w) for w in words] + toy
        assert main(words) == 0, f"{command}\n{capsys.readouterr().err}"
    for folder, count in WRITTEN[page].items():
        assert len([p for p in (tmp_path / folder).rglob("*") if p.suffix in (".wav", ".flac")]) == count, folder


@pytest.mark.parametrize("page", PAGES)
def test_the_python_of_a_page_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for block in blocks(PAGES[page], "python"):
        exec(compile(block, page, "exec"), {})


def test_the_example_at_the_head_of_the_api_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exec(compile(blocks((ROOT / "docs/api.md").read_text("utf-8"), "python")[0], "api.md", "exec"), {})


def test_the_first_screen_has_the_two_commands_that_the_makefile_has():
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for target in re.findall(r"^make (\S+)", "\n".join(shell(README)), re.MULTILINE):
        assert f"\n{target}:" in makefile
    assert shell(README)[:2] == ["make kicks", "make test"]


def test_the_readme_is_read_in_one_sitting_and_leaves_figures_to_the_pages():
    assert README.count("\n") <= 150
    assert "<!-- begin:" not in README


def test_every_page_is_reached_from_the_readme():
    linked = set(re.findall(r"\]\(docs/([\w-]+\.md)\)", README))
    for page in linked.copy():
        linked |= set(re.findall(r"\]\(([\w-]+\.md)\)", (ROOT / "docs" / page).read_text("utf-8")))
    assert {path.name for path in (ROOT / "docs").glob("*.md")} == linked


def test_every_file_that_the_readme_links_to_exists():
    for target in re.findall(r"\]\(([^)]+)\)", README):
        assert target.startswith("http") or (ROOT / target).exists(), target


def test_every_config_is_in_the_table_of_the_page_on_training():
    names = {p.stem for p in (ROOT / "src" / "kickitout" / "configs").glob("*.yaml")}
    page = (ROOT / "docs" / "training.md").read_text("utf-8")
    assert names == set(re.findall(r"^\| `([\w-]+)` \|", page, re.MULTILINE))
