"""The pages in docs say what the code says, and their figures come from commands."""

from __future__ import annotations

import re
from fnmatch import fnmatch
from pathlib import Path

import pytest

from kickitout.datasets.doctor.check import FINDING_TEXTS
from kickitout.descriptors import FIELDS
from kickitout.descriptors.fields import WHY_TEXT
from kickitout.descriptors.limits import ARTEFACTS, FEW, RARELY, TAIL, WIDER
from kickitout.generation.match import STARTS
from kickitout.generation.reject import ATTEMPTS
from kickitout.metrics.compare import MEASURES
from kickitout.metrics.embeddings import DEFAULTS
from kickitout.metrics.report import COPIES
from kicklab.cli import bench
from kicklab.cli.measure import load_experiment
from kicklab.experiments.ladder import FAULTS, claimed

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
CARD = (DOCS / "kick-card.md").read_text("utf-8")
SCORES = (DOCS / "scores.md").read_text("utf-8")
PAGES = sorted(DOCS.glob("*.md"))
SECTIONS = re.findall(r"^### `(\w+)` \[(.*?)\]\n(.*?)(?=^##)", CARD, re.MULTILINE | re.DOTALL)


def test_the_card_page_has_every_field_with_its_unit_in_order():
    assert [(name, unit) for name, unit, _ in SECTIONS] == [(field.name, field.unit) for field in FIELDS]


@pytest.mark.parametrize(("name", "unit", "text"), SECTIONS, ids=[name for name, _, _ in SECTIONS])
def test_a_field_has_a_range_a_test_that_exists_and_what_leaves_it_out(name, unit, text):
    assert "- Range: " in text
    assert "- No value: " in text
    tests = "".join(path.read_text("utf-8") for path in (ROOT / "tests").glob("test_descriptors*.py"))
    named = re.findall(r"`(test_\w+)`", text)
    assert named
    for test in named:
        assert f"def {test}(" in tests, test


def test_every_reason_for_no_value_is_on_the_card_page():
    words = " ".join(CARD.split()).lower()
    for reason in WHY_TEXT.values():
        assert reason.lower() in words, reason


def test_the_table_of_recorded_kicks_has_every_field():
    rows = re.findall(r"^\| `(\w+)` \|", CARD, re.MULTILINE)
    assert rows == [field.name for field in FIELDS]


def test_the_scoreboard_and_the_ladder_are_on_the_scores_page():
    shown = [m.name.format(e=e.name, d=16) for m in MEASURES if m.headline for e in DEFAULTS] + [COPIES]
    for name in shown:
        assert f"| `{name}`" in SCORES, name
    for fault in FAULTS:
        assert f"- {fault}: " in SCORES
    assert "**no**" not in SCORES  # a claim that these kicks do not bear out
    for _, score in claimed():
        assert f"| `{score}` |" in SCORES


def test_every_score_is_explained_on_the_scores_page():
    explained = re.findall(r"`(\w[\w*]+)`", SCORES[SCORES.index("| score | what it is") :])
    for measure in MEASURES:
        name = measure.name.format(e="E", d=16)
        assert any(fnmatch(name, cell.replace("FIELD", "*")) for cell in explained), name


def test_the_limits_on_the_page_of_outlier_rejection_are_those_of_the_code():
    page = (DOCS / "outlier-rejection.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)` \| ([-\d.]+)[ a-zB]* \| ([-\d.]+)[ a-zB]* \|$", page, re.MULTILINE)
    assert {name: (float(low), float(high)) for name, low, high in rows} == {
        name: (one.harmless, one.worst) for name, one in ARTEFACTS.items()
    }
    words = " ".join(page.split())
    assert f"the {TAIL:.0%} and the {1 - TAIL:.0%} quantile".replace("%", " %") in words
    assert f"by {WIDER:g} + {FEW:g} / √n of the way" in words
    assert f"that {1 - RARELY:.0%} of them".replace("%", " %") in words
    assert f"start {STARTS} k of the same seed" in words
    assert ATTEMPTS == 8
    assert "up to eight attempts" in words


def test_every_finding_of_the_doctor_has_a_word_on_its_page():
    words = " ".join((DOCS / "data-doctor.md").read_text("utf-8").split())
    said = {"cancelled": "cancel", "lone": "one channel alone", "odd": "oddly written", "clipped": "clipping",
            "dc": "offset", "flipped": "polarity", "late": "late", "noisy": "noisy", "quiet": "quiet", "cut": "cut",
            "abrupt": "cut", "coarse": "coarse samples", "dull": "low rates",
            "stops": "ends while the kick is loud"}  # fmt: skip
    assert set(said) == set(FINDING_TEXTS)
    assert all(word in words for word in said.values())


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_every_block_of_figures_is_filled_by_something_that_exists(page):
    text = page.read_text("utf-8")
    for name, content in re.findall(r"<!-- begin: (.+?) -->\n(.*?)<!-- end -->", text, re.DOTALL):
        assert len(content) > 100, name
        match name.split():
            case ["kick", "lab", "measure", experiment, *options]:
                parser = load_experiment(experiment)[1]
                assert all(word in parser.format_help() for word in options if word.startswith("-")), name
            case ["kick", "lab", verb, *_]:
                assert verb in ("list", "table", "findings"), name
            case ["kick", "bench", part, *_]:
                assert part in bench.PARTS, name
            case [tool, *_]:
                assert (ROOT / tool).exists(), name


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_every_file_that_a_page_links_to_exists(page):
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text("utf-8")):
        assert target.startswith("http") or (DOCS / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_every_source_file_that_a_page_names_exists(page):
    where = [ROOT, ROOT / "tests", *(path for path in (ROOT / "src").rglob("*") if path.is_dir()), ROOT / "src"]
    named = re.findall(r"`(\w[\w/]*/\w+\.(?:py|yaml|json)|[\w]+\.py)`", page.read_text("utf-8"))
    assert page.name != "architecture.md" or len(named) > 30
    absent = [name for name in named if "NAME" not in name and not any((place / name).exists() for place in where)]
    assert absent == []


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_every_command_that_a_page_names_is_one(page):
    known = {path.stem for path in (ROOT / "src/kickitout/cli").glob("*.py")} | {"lab", "bench"}
    for command in re.findall(r"(?:^ {4}|`)kick ([a-z]+)", page.read_text("utf-8"), re.MULTILINE):
        assert command in known, command


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_a_page_says_first_who_needs_it(page):
    lines = page.read_text("utf-8").splitlines()
    assert re.match(r"(For (those|everyone|producers|programmers)|For people) ", lines[2]), lines[2]
