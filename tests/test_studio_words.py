"""The studio speaks the words of the field, in its page and in its services: the glossary's retired ones are gone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import kickitout

pytestmark = pytest.mark.light

STUDIO = Path(kickitout.__file__).parent / "studio"
RETIRED = re.compile(
    r"knob|\bplaces?\b|\bgrain\b|\bask(s|ed|ing)?\b|\bheard\b|\bpictures?\b|\bears?\b|\bear_|turnable|\baims?\b"
    r"|\bDesk\b|[\"']request[\"'][:\]]|api/(ask|hear|look|play)\b|\.(ask|hear|askSeed)\b|for_page|PAGE_WORDS"
    r"|told apart|told from real|\bmade? (it |a \w+ )?again|remake|resynth",
    re.IGNORECASE,
)
IN_THE_PAGE = re.compile(r"\brequest\b")  # of targets; those of a server and of sw.js are HTTP's
# Words that stored files and graphs keep, where they are read.
STORED = ("// of format 1", "// of the graph")


@pytest.mark.parametrize(
    "path",
    [path for path in sorted(STUDIO.rglob("*")) if path.suffix in (".py", ".js", ".html", ".css")],
    ids=lambda path: path.name,
)
def test_no_retired_word_is_left(path):
    lines = [line for line in path.read_text("utf-8").splitlines() if not line.endswith(STORED)]
    found = [
        line
        for line in lines
        if RETIRED.search(line) or (path.suffix == ".js" and path.name != "sw.js" and IN_THE_PAGE.search(line))
    ]
    assert not found
