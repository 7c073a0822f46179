"""What is added most often is added in one place: each patch in `patches` brings a new thing and its test, and touches
three files of `src` at most.

A patch that no longer applies is written anew: put its change into the tree, `git add -N` its new files,
`git diff -U1 src tests > tests/patches/NAME.patch`, and take the change out again. Its test is quick, and needs no
fixtures of other tests.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PATCHES = Path(__file__).parent / "patches"
NAMES = ("control", "training_config", "score", "kit_format")
CONTINUE = "--continue-on-collection-errors"
MOST = 3  # files of src

pytestmark = [
    pytest.mark.skipif(shutil.which("git") is None, reason="patches are applied with git"),
    pytest.mark.skipif(
        not (ROOT / "src" / "kickitout").is_dir(), reason="patches are of the sources; these are not here"
    ),
]


def touched(patch: Path) -> list[str]:
    """The files that a patch changes or adds."""
    found = re.findall(r"^diff --git a/(\S+) b/(\S+)$", patch.read_text("utf-8"), re.MULTILINE)
    return sorted({path for pair in found for path in pair})


def apply(patch: Path, tree: Path, part: str) -> None:
    """Apply what a patch does to a folder of the tree."""
    env = {**os.environ, "GIT_CEILING_DIRECTORIES": str(tree.parent)}  # a tree of its own, no repository's
    command = ["git", "apply", "--whitespace=nowarn", f"--include={part}/*", str(patch)]
    done = subprocess.run(command, cwd=tree, env=env, capture_output=True, text=True)
    assert done.returncode == 0, f"{patch.name} no longer applies:\n{done.stderr}"


def failing(tree: Path) -> tuple[set[str], str]:
    """The test files that fail, and what pytest says. One process for all: each would import torch."""
    env = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    env |= {"PYTHONPATH": str(tree / "src"), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "--noconftest",
        "-p",
        "no:cacheprovider",
        "--tb=short",
        CONTINUE,
        "tests",
    ]
    done = subprocess.run(command, cwd=tree, env=env, capture_output=True, text=True)
    return set(re.findall(r"^(?:FAILED|ERROR) (tests/\w+\.py)", done.stdout, re.MULTILINE)), done.stdout


def test_a_patch_is_of_few_files() -> None:
    for name in NAMES:
        paths = touched(PATCHES / f"{name}.patch")
        sources, tests = ([p for p in paths if p.startswith(part)] for part in ("src/", "tests/"))
        assert 1 <= len(sources) <= MOST, f"{name}: {sources}"
        assert len(tests) == 1, f"{name}: a patch brings its test"
        assert sources + tests == paths


def test_what_a_patch_tests_fails_without_it_and_passes_with_it(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    shutil.copytree(ROOT / "src", tree / "src", ignore=shutil.ignore_patterns("*.onnx", "node_modules", "kicklab"))
    shutil.copy(ROOT / "pyproject.toml", tree)
    (tree / "tests").mkdir()
    for name in NAMES:
        apply(PATCHES / f"{name}.patch", tree, "tests")
    tests = {path.relative_to(tree).as_posix() for path in (tree / "tests").iterdir()}
    assert len(tests) == len(NAMES)
    failed, said = failing(tree)
    assert failed == tests, f"passes without what it tests: {tests - failed}\n{said}"
    for name in NAMES:
        apply(PATCHES / f"{name}.patch", tree, "src")
    failed, said = failing(tree)
    assert not failed, said[-3000:]
    assert re.search(r"^\d+ passed", said, re.MULTILINE), said[-3000:]
