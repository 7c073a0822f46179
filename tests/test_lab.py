"""The laboratory at toy size: every group and every study runs, and the paper is written from what was found."""

from __future__ import annotations

import csv
import json
import math
import re
import shutil
from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest
from toy_lab import ROWS, SOUNDS, STEPS, licensed, make_lab, run_toy, toy_lab, toy_paper, write_kicks

from kickitout.cli import main
from kickitout.errors import UserError
from kicklab.cells import Budget, cells_of
from kicklab.data import read_kicks
from kicklab.folder import Lab, read_json
from kicklab.listening import keep_vote, listening_page, read_votes, tally
from kicklab.listing import studies_text
from kicklab.paper import front, hearing
from kicklab.paper.charts import short
from kicklab.paper.context import Paper, Sounds
from kicklab.paper.page import STUDY_FINDINGS, findings
from kicklab.paper.patterns import patterns
from kicklab.paper.shortcomings import shortcomings
from kicklab.paper.sine import sine
from kicklab.paper.upconv import upconv
from kicklab.paper.words import shown
from kicklab.results import RESULT_COLUMNS, Results, read_results, write_results
from kicklab.study import load_study, read_study, rows_of, study_names

pytestmark = pytest.mark.decides

__all__ = ["make_lab", "toy_lab", "toy_paper"]  # the fixtures
ROOT = Path(__file__).parents[1]


@pytest.fixture
def copy(toy_lab: Lab, tmp_path: Path) -> Lab:
    """A laboratory that may be changed; without its run folders, which only training reads."""
    shutil.copytree(toy_lab.path, tmp_path / "lab", ignore=shutil.ignore_patterns("run"))
    return Lab(tmp_path / "lab")


@pytest.fixture(scope="module")
def page(toy_paper: Path) -> str:
    return toy_paper.read_text("utf-8")


# -- results ----------------------------------------------------------------------------------------------------------


def test_all_studies_are_there_and_all_their_recipes_are_sound():
    assert study_names() == ["shortcomings", "upconv", "sine", "patterns", "data", "ablation"]
    for name in study_names():
        study = load_study(name)
        assert study.seeds >= 3
        for row in rows_of(study):
            row.resolved(0)


def test_upconv_crosses_four_ways_of_up_sampling_with_three_forms_of_the_loss():
    rows = rows_of(load_study("upconv"))
    configs = [row.resolved(0) for row in rows]
    crossed = {(r.model.upsampling, r.spectral.loss) for r in configs}  # type: ignore[union-attr]
    assert len(rows) == len(crossed) == 12
    assert {loss for _, loss in crossed} == {"none", "differentiable", "detached"}


def test_every_family_and_study_has_tidy_results(toy_lab):
    rows = read_results(toy_lab)
    assert {r["study"] for r in rows} == set(ROWS)
    assert {"dcgan", "dcgan-bands", "wavegan", "specgan", "drumgan", "kickgan"} <= {r["config"] for r in rows}
    assert {"trained", "reals", "augmented", "procedural", "ceiling"} == {r["source"] for r in rows}
    for r in rows:
        if r["source"] == "trained":
            assert r["kicks_seen"] > 0
            assert r["minutes"] > 0
            assert r["n_made"] <= SOUNDS
            assert r["n_real"] > 0
        if r["score"].startswith("energy_bands") and r["source"] == "trained":
            assert r["low"] <= r["value"] <= r["high"]
    keys = Counter((r["study"], r["row"], r["seed"], r["share"], r["score"]) for r in rows)
    assert max(keys.values()) == 1


def test_all_rows_of_a_study_have_the_same_sounds_and_the_same_budget(toy_lab):
    rows = [r for r in read_results(toy_lab) if r["source"] == "trained"]
    for study in ROWS:
        mine = [r for r in rows if r["study"] == study]
        assert len({r["budget"] for r in mine}) == 1
        assert len({(r["score"], r["reference"]) for r in mine if r["score"].startswith("energy_bands")}) <= 1
    train, test = (toy_lab.sounds("kicks").train, toy_lab.sounds("kicks").test)
    assert not {r.sound for r in train.rows} & {r.sound for r in test.rows}


def test_two_studies_share_what_they_both_ask_for(toy_lab):
    plans = {name: toy_lab.read_plan(name)["cells"] for name in ("shortcomings", "patterns")}
    known = {e["id"] for e in plans["shortcomings"]}
    assert {e["id"] for e in plans["patterns"]} <= known


def test_fewer_kicks_are_contained_in_more_and_test_kicks_in_none(toy_lab):
    data = toy_lab.sounds("kicks")
    some, more = (data.of(n, 0.1, 0) for n in (16, 24))
    assert {r.sound for r in some.rows} < {r.sound for r in more.rows} <= {r.sound for r in data.train.rows}


def test_what_is_done_is_not_done_again_and_results_can_be_put_together_anew(copy):
    before = copy.results.read_bytes()
    stamps = {p: p.stat().st_mtime_ns for p in copy.path.glob("cells/*/measured.json")}
    copy.results.unlink()
    assert run_toy(copy, "upconv")
    assert stamps == {p: p.stat().st_mtime_ns for p in copy.path.glob("cells/*/measured.json")}
    assert copy.results.read_bytes() == before


# -- the paper --------------------------------------------------------------------------------------------------------


class Page(HTMLParser):
    """Identities, links, sources and the text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.sources: list[str] = []
        self.text: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for key, value in attrs:
            if key == "id":
                self.ids.append(value or "")
            if tag == "a" and key == "href":
                self.links.append(value or "")
            if key == "src":
                self.sources.append(value or "")

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_the_paper_is_one_file_whose_links_lead_somewhere(page):
    found = Page(page)
    assert max(Counter(found.ids).values()) == 1
    inner = {link[1:] for link in found.links if link.startswith("#")}
    assert inner
    assert inner <= set(found.ids)
    assert all(link.startswith(("#", "https://doi.org/")) for link in found.links)
    assert found.sources
    assert all(s.startswith("data:") for s in found.sources)
    assert not re.search(r"url\((?!['\"]?data:)|@import|<script src|<link ", page)
    assert "{{" not in page
    assert "nan" not in re.findall(r"[a-z]+", " ".join(found.text).lower())


def test_the_paper_has_every_section_drawing_and_reference(page):
    ids = set(Page(page).ids)
    assert {"abstract", "introduction", "related", "method", "results", "hearing", "discussion", "conclusion"} <= ids
    assert {"shortcomings", "upconv", "sine", "patterns", "data-study", "ablation", "references"} <= ids
    for config in ("dcgan", "dcgan-bands", "wavegan", "specgan", "drumgan", "kickgan"):
        assert f"fig-net-{config}" in ids
    assert {"fig-grid", "fig-walks", "fig-kernels", "fig-profiles", "fig-losses", "table-players"} <= ids
    assert {
        "table-representations",
        "table-passed",
        "table-links",
        "fig-tones",
        "fig-data-study",
        "fig-ablation",
    } <= ids
    assert page.count("https://doi.org/") >= 20
    for unit in ("Hz", "[ms]", "dB"):
        assert unit in page


def told(lab: Lab, *parts: Callable[[Paper], str]) -> str:
    """Sections of the paper by themselves, as plain text."""
    return re.sub("<.*?>", "", " ".join(part(Paper(lab, None, "free")) for part in parts))


def rewrite(lab: Lab, change: Callable[[dict[str, str]], None]) -> None:
    """Change every row of results.csv."""
    with open(lab.results, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        change(row)
    with open(lab.results, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, RESULT_COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


@pytest.mark.parametrize("part", [shortcomings, sine, patterns])
def test_every_estimate_that_is_told_changes_with_the_results(copy, part):
    def move(row: dict[str, str]) -> None:
        for column in ("value", "low", "high"):
            if row[column]:
                row[column] = repr(float(row[column]) * 3 + 0.5)

    before = told(copy, part)
    rewrite(copy, move)
    estimates = [
        set(re.findall(r"[−\d.]+(?: [^\[<;,.]*)? \[[−\d.]+, [−\d.]+\]", t)) for t in (before, told(copy, part))
    ]
    assert len(estimates[0]) > 5
    assert not estimates[0] & estimates[1]


def test_a_ranking_turns_round_with_the_results(copy):
    for winner in ("WaveGAN", "KickGAN"):

        def turn(row: dict[str, str], winner: str = winner) -> None:
            if (
                row["study"] == "shortcomings"
                and row["score"].startswith("energy_bands")
                and row["source"] == "trained"
            ):
                best = row["row"] == winner
                row["value"], row["low"], row["high"] = ("0.1", "0.09", "0.11") if best else ("7.0", "6.9", "7.1")

        rewrite(copy, turn)
        text = told(copy, shortcomings)
        assert f"{winner} has the lowest energy distance" in text
        assert "its interval overlaps with no other" in text


def test_a_study_that_was_not_run_is_said_to_be_missing(copy):
    copy.plan("upconv").unlink()
    write_results(copy)
    text = told(copy, upconv, lambda paper: front.abstract(paper, STUDY_FINDINGS))
    assert "“Spectral artefacts of up-convolution” has not been run in this laboratory" in text
    assert "Not yet run in this laboratory: “Spectral artefacts of up-convolution”" in text


def test_the_findings_are_a_line_each_with_numbers_and_intervals(toy_lab, capsys):
    assert main(["lab", "findings", "--lab", str(toy_lab.path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 5
    assert lines[0].startswith(
        "- **A DCGAN, one change at a time.** A DCGAN as published ends at an energy distance of "
    )
    assert all(re.search(r"\d [^<;]*\[[^\]]*\d\]", line) for line in lines)
    assert not any("<" in line for line in lines)


def test_a_table_has_a_line_for_each_row_of_a_study(toy_lab, capsys):
    assert main(["lab", "table", "sine", "--lab", str(toy_lab.path)]) == 0
    head, rule, *lines = capsys.readouterr().out.splitlines()
    results = Results(read_results(toy_lab))
    rows = results.rows("sine")
    assert [line.split(" | ")[0].removeprefix("| ") for line in lines[:-1]] == [shown(row) for row in rows]
    assert {line.count("|") for line in (head, rule, *lines)} == {head.count("|")}
    trained = results.rows("sine", "trained")[0]
    score = results.of("sine", row=trained)[0]["score"]
    first = results.estimate("sine", trained, score)
    assert short(first.value) in lines[rows.index(trained)]
    assert lines[-1].startswith("| *real-vs-real baseline*")
    assert main(["lab", "table", "nothing", "--lab", str(toy_lab.path)]) == 2
    assert "ablation" in capsys.readouterr().err  # what is known


def test_results_alone_hold_no_sounds_and_are_enough_for_the_findings(toy_lab, tmp_path, capsys):
    words = ["lab", "results", "--lab", str(toy_lab.path), "-o", str(tmp_path / "alone")]
    assert main(words) == 0
    written = [Path(line) for line in capsys.readouterr().out.splitlines()]
    assert {p.suffix for p in written} == {".gz", ".json", ".csv"}
    assert sorted(written) == sorted(p for p in (tmp_path / "alone").rglob("*") if p.is_file())
    alone = Lab(tmp_path / "alone")
    assert read_results(alone) == read_results(toy_lab)
    assert findings(alone) == findings(toy_lab)
    first = alone.packed.read_bytes()
    assert main(words) == 2
    assert "--force replaces them" in capsys.readouterr().err
    assert main([*words, "--force"]) == 0
    assert alone.packed.read_bytes() == first
    assert main(["lab", "results", "--lab", str(toy_lab.path), "-o", str(toy_lab.path), "--force"]) == 2
    assert "is a laboratory" in capsys.readouterr().err


WITHDRAWN = r"does not make kicks|what stops a DCGAN|ends at an energy distance|a synthesiser that has learned nothing"


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *(ROOT / "docs").glob("*.html")]
)
def test_no_page_says_what_was_read_off_runs_of_two_minutes(page):
    """The committed results are of some 500 steps: what a network has after its start-up is no answer."""
    assert not re.findall(WITHDRAWN, page.read_text("utf-8"), re.IGNORECASE)


def test_the_committed_results_are_findings_too():
    assert re.search(WITHDRAWN, findings(Lab(ROOT / "docs" / "results")), re.IGNORECASE)  # so no page may quote them


def test_the_page_on_the_laboratory_says_what_the_studies_cost():
    page = (ROOT / "docs" / "laboratory.md").read_text("utf-8")
    assert f"```\n{studies_text(Path('none')).rstrip()}\n```" in page


def test_no_results_no_paper(tmp_path, capsys):
    assert main(["lab", "paper", "--lab", str(tmp_path / "none"), "-o", str(tmp_path / "p.html")]) == 2
    assert "no results yet; kick lab run" in capsys.readouterr().err
    assert not (tmp_path / "p.html").exists()


def test_a_paper_is_not_written_over(toy_lab, tmp_path, capsys):
    out = tmp_path / "paper.html"
    out.write_text("mine")
    assert main(["lab", "paper", "--lab", str(toy_lab.path), "-o", str(out)]) == 2
    assert "--force replaces it" in capsys.readouterr().err
    assert out.read_text() == "mine"


# -- whose sounds may be heard ----------------------------------------------------------------------------------------


def players(lab: Lab, sounds: Sounds = "free", heard: Lab | None = None) -> str:
    return hearing.players(Paper(lab, heard, sounds), "shortcomings")


def test_models_of_free_kicks_are_heard(toy_lab, page):
    assert page.count("<audio") == 3 * (1 + 1 + len(ROWS["shortcomings"]))  # real, procedural and each group
    assert "no players of the models" not in page
    assert "<audio" not in players(toy_lab, "none")


def test_models_of_kicks_without_a_free_licence_are_not_heard_and_the_paper_says_so(copy, toy_lab):
    manifest = copy.data / "kicks.json"
    known = json.loads(manifest.read_text())
    known["train"]["rows"][0]["licence"] = "unclear"  # one is enough
    manifest.write_text(json.dumps(known))
    text = players(copy)
    assert text.count("<audio") == 3 * 2  # test kicks, which are free, and the synthesiser
    assert "<p>This page plays no sounds of the models: some of their training kicks have no licence" in text
    assert players(copy, "all").count("<audio") == 3 * (2 + len(ROWS["shortcomings"]))
    heard = players(copy, heard=toy_lab)  # with the sounds of another laboratory, whose kicks are free
    assert heard.count("<audio") == 3 * (2 + len(ROWS["shortcomings"]))
    assert "They come from another laboratory" in heard


# -- listening --------------------------------------------------------------------------------------------------------


def test_votes_are_kept_counted_and_told_in_the_paper(copy):
    shown = listening_page(copy, "shortcomings", 12, seed=3, only=["KickGAN", "WaveGAN"]).decode()
    pairs = json.loads(re.search(r"const pairs = (\[.*?\]);\n", shown)[1])  # type: ignore[index]
    known = read_json(copy.path / "listening" / "shortcomings-3.json")
    assert len(pairs) == len(known) == 12
    assert not any(name in shown for name in ("KickGAN", "WaveGAN"))  # blind
    for pair in pairs:
        sides = known[pair["id"]]
        real = next((side for side in ("left", "right") if sides[side]["row"] == "real"), "none")
        keep_vote(copy, {"listener": "a", "pair": pair["id"], "choice": real})
    votes = read_votes(copy)
    assert len(votes) == 12
    against = [t for t in tally(votes) if t.b == "real"]
    assert sum(t.other for t in against) == 6
    assert not any(t.chosen for t in against)
    assert "1 listener made 12 comparisons" in told(copy, hearing.votes)
    listening_page(copy, "shortcomings", 12, seed=3)  # other rows under the same numbers
    assert read_votes(copy) == votes
    with pytest.raises(UserError, match="names no pair of this laboratory"):
        keep_vote(copy, {"listener": "a", "pair": "x", "choice": "left"})
    copy.votes.write_text("something,else\n")
    with pytest.raises(UserError, match="not votes of this version"):
        read_votes(copy)


# -- bad input --------------------------------------------------------------------------------------------------------

STUDY = "title: t\nquestion: q\nrows: {a: {config: dcgan}}\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("title: [", "not valid YAML near line"),
        (STUDY + "colour: red\n", "colour"),
        (STUDY + "seeds: 1\n", "seeds"),
        (STUDY + "baseline: b\n", "baseline 'b' is not one of its rows"),
        (STUDY + "minutes: 0\n", "minutes"),
    ],
)
def test_a_study_that_is_wrong_says_where(text, says):
    with pytest.raises(UserError, match=says):
        read_study(text, "mine")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("objectiv=hinge", "objectiv"),
        ("representation.name=jpeg", "representation"),
        ("objective=wgan-gp", "batch norm"),
        ("r1=1.0", "batch norm"),
    ],
)
def test_an_unknown_key_or_settings_that_contradict_are_said_with_their_row_before_anything_runs(
    change, says, tmp_path
):
    study = read_study(
        f"title: t\nquestion: q\ndata: tones\nrows: {{bad row: {{config: dcgan, set: [{change}]}}}}\n", "s"
    )
    lab = Lab(tmp_path / "lab")
    lab.begin(None)
    with pytest.raises(UserError, match="row 'bad row'") as error:
        cells_of("s", study, lab.sounds("tones"), seeds=2, budget=STEPS)
    assert says in str(error.value)
    assert not any(lab.path.glob("cells/*"))


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["shortcoming"], "did you mean shortcomings?"),
        (["sine", "--seeds", "1"], "needs at least 2; 3 is usual"),
        (["sine", "--sounds", "8"], "too few for a score"),
        (["upconv"], "no kicks yet; name folders of kicks"),
        (["sine", "--only", "nothing"], "no row of sine is called so"),
        (["data", "--against", "x"], "name those to train on too"),
    ],
)
def test_a_run_that_cannot_be_says_why(words, says, tmp_path, capsys):
    study, *options = words
    assert main(["lab", "run", study, "-o", str(tmp_path / "lab"), *options]) == 2
    assert says in capsys.readouterr().err


def test_too_few_kicks_are_refused(tmp_path, capsys):
    kicks = write_kicks(tmp_path / "kicks", 20)
    assert main(["lab", "run", "data", str(kicks), "-o", str(tmp_path / "lab")]) == 2
    assert "kicks to score against: too few" in capsys.readouterr().err


def test_another_budget_or_other_kicks_need_another_folder(copy, tmp_path):
    with pytest.raises(UserError, match="was begun here with 2 steps a run, not 3 steps"):
        run_toy(copy, "sine", budget=Budget(steps=3))
    other = licensed(write_kicks(tmp_path / "more", 90, 900), "CC0-1.0")
    with pytest.raises(UserError, match="a laboratory of other kicks"):
        copy.begin(read_kicks([other], [write_kicks(tmp_path / "test", 80, 1500)]))


def test_results_of_another_version_are_refused(copy):
    copy.results.write_text("a,b\n1,2\n")
    with pytest.raises(UserError, match="not the results of this version"):
        Paper(copy, None, "free")


def test_a_cell_that_cannot_be_read_is_named(copy):
    broken = next(copy.path.glob("cells/*/measured.json"))
    broken.write_text("{")
    with pytest.raises(UserError, match=f"{broken.parent.name}.*remove it"):
        run_toy(copy, "shortcomings")


def test_the_list_says_what_is_done_and_what_it_has_cost(toy_lab, capsys):
    assert main(["lab", "list", "--lab", str(toy_lab.path)]) == 0
    out = capsys.readouterr().out
    assert re.search(r"sine .*\d+ of \d+ cells", out)
    assert "in all" in out
    assert math.isfinite(float(re.search(r"in all\s+([\d.]+)", out)[1]))  # type: ignore[index]
