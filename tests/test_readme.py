"""The README does what it says: its commands and its Python run, and its figures come from commands."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from studio import running
from toy import TOY_KICKGAN, write_kicks

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"```(sh|python)\n(.*?)```", README, re.DOTALL)
SHELL = [line.split("#")[0].strip() for kind, block in BLOCKS if kind == "sh" for line in block.splitlines()]
COMMANDS = [line for line in SHELL if line.startswith("kick ")]


@pytest.mark.slow
def test_every_command_of_the_readme_runs_in_its_order(tmp_path):
    write_kicks(tmp_path / "my-kicks", 10)
    toy = [f"--set={change}" for change in TOY_KICKGAN]
    for command in COMMANDS:
        words = shlex.split(command)[1:]
        if words[0] == "studio":  # it serves until it is ended
            pytest.importorskip("fastapi", reason="the studio needs the extra 'studio'")
            with (
                running(*(w for w in words[1:] if w != "--open")) as (address, _),
                urllib.request.urlopen(address) as page,
            ):
                assert page.status == 200
            continue
        if words[0] == "train":  # as written, but as a toy for two steps: a budget would count how busy the machine is
            words = [{"--budget": "--steps", "20m": "2"}.get(w, w) for w in words] + toy
        done = subprocess.run([sys.executable, "-m", "kickitout", *words], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, f"{command}\n{done.stderr}"
    assert len(list((tmp_path / "kicks").glob("*.wav"))) == 16
    assert len(list((tmp_path / "more").glob("*.wav"))) == 9
    assert len(list((tmp_path / "mine").glob("*.wav"))) == 16


def test_the_python_of_the_readme_runs():
    for kind, block in BLOCKS:
        if kind == "python":
            exec(compile(block, "README.md", "exec"), {})


def test_the_first_screen_has_the_two_commands_that_the_makefile_has():
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for target in re.findall(r"^make (\S+)", "\n".join(SHELL), re.MULTILINE):
        assert f"\n{target}:" in makefile
    assert SHELL[:2] == ["make kicks", "make test"]


def test_every_block_of_figures_is_filled():
    filled = re.findall(r"<!-- begin: (.+?) -->\n(.*?)<!-- end -->", README, re.DOTALL)
    assert len(filled) == 2
    for name, content in filled:
        assert len(content) > 100, name


def test_every_file_that_the_readme_links_to_exists():
    for target in re.findall(r"\]\(([^)]+)\)", README):
        assert target.startswith("http") or (ROOT / target).exists(), target


def test_every_recipe_is_in_the_readmes_table():
    names = {p.stem for p in (ROOT / "src" / "kickitout" / "configs").glob("*.yaml")}
    assert names == set(re.findall(r"^\| `([\w-]+)` \|", README, re.MULTILINE))
