"""The laboratory at toy size: every group and every study runs, and the paper is written from what was found."""

from __future__ import annotations

import csv
import gzip
import json
import re
import shutil
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import torch
from toy_lab import (
    KICKS,
    ROWS,
    SOUNDS,
    STEPS,
    copied,
    licensed,
    make_lab,
    run_toy,
    toy_lab,
    toy_paper,
    toy_study,
    write_kicks,
)

from kickitout.audio import decode_sound
from kickitout.cli import main
from kickitout.datasets.build import split
from kickitout.errors import UserError
from kickitout.models.dcgan import Generator
from kicklab.cells import Budget, cells_of
from kicklab.data import LabData, read_kicks
from kicklab.evidence import DEAD_DISTANCE, LAST, Evidence, hard, read_evidence
from kicklab.folder import Lab, read_json, write_arrays, write_json
from kicklab.line_heights import LineHeights
from kicklab.listening import keep_vote, listening_page, read_votes, tally
from kicklab.listing import studies_text, study_text
from kicklab.paper import page as paper_page
from kicklab.paper.charts import short
from kicklab.paper.context import Sounds
from kicklab.paper.findings import INTRODUCTIONS, findings
from kicklab.paper.milestones import critic_loss, pattern
from kicklab.paper.missed import missed_sentences
from kicklab.paper.page import render_paper
from kicklab.paper.tables import study_table
from kicklab.paper.travel import dead_until
from kicklab.paper.words import LEVEL, shown
from kicklab.pictures import collect_pictures
from kicklab.players import collect_players
from kicklab.results import Results, read_results, write_alone
from kicklab.runner import write_plan
from kicklab.study import MOST_NAMED, load_study, read_study, rows_of, study_names
from kicklab.tones import tone_dataset

pytestmark = pytest.mark.decides

__all__ = ["make_lab", "toy_lab", "toy_paper"]  # the fixtures
ROOT = Path(__file__).parents[1]


@pytest.fixture
def copy(toy_lab: Lab, tmp_path: Path) -> Lab:
    """A laboratory that may be changed."""
    return copied(toy_lab, tmp_path / "lab")


@pytest.fixture(scope="module")
def page(toy_paper: Path) -> str:
    return toy_paper.read_text("utf-8")


# -- results ----------------------------------------------------------------------------------------------------------


def test_all_studies_are_there_and_all_their_configs_are_sound():
    assert study_names() == ["ancestor", "curves", "start", "end", "upconv", "published", "sine", "ablation"]
    for name in study_names():
        study = load_study(name)
        assert study.seeds >= 3
        assert len(study.contrasts) <= MOST_NAMED
        assert study.shares[-1] == 1
        for row in rows_of(study):
            row.resolved(0)


def test_the_published_size_has_the_maps_and_the_batches_of_the_paper():
    plain, offset = (row.resolved(0) for row in rows_of(load_study("published")))
    shape = plain.representation.bins, plain.representation.frames  # type: ignore[union-attr]
    assert (plain.batch, plain.model.critic_norm, plain.model.output_bias) == (128, "batch", 0)  # type: ignore[union-attr]
    assert offset.model.output_bias == "data"  # type: ignore[union-attr]
    generator = Generator(plain.model, (1, *shape))  # type: ignore[arg-type]
    assert [step[0].out_channels for step in generator.doublings] == [512, 256, 128, 128, 128]
    assert generator.project[0].out_channels == 1024
    with torch.inference_mode():
        assert generator(torch.zeros(1, 100)).shape == (1, 1, *shape)


def test_every_family_and_study_has_tidy_results(toy_lab):
    rows = read_results(toy_lab)
    assert {r["study"] for r in rows} == set(ROWS)
    known = {"ancestor", "dcgan", "dcgan-bands", "wavegan", "specgan", "drumgan", "kickae"}
    assert known <= {r["config"] for r in rows}
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
    ids = {
        name: {(e["row"], e["seed"]): e["id"] for e in toy_lab.read_plan(name)["cells"]} for name in ("curves", "start")
    }
    assert all(ids["curves"]["DCGAN", seed] == ids["start"]["offset 0", seed] for seed in (0, 1))


def test_fewer_kicks_are_contained_in_more_and_test_kicks_in_none(toy_lab):
    data = toy_lab.sounds("kicks")
    some, more = (data.of(n, 0.1, 0) for n in (16, 24))
    assert {r.sound for r in some.rows} < {r.sound for r in more.rows} <= {r.sound for r in data.train.rows}


def test_a_row_that_wants_more_kicks_than_are_left_beside_those_held_out_is_left_out(toy_lab):
    data, study = toy_lab.sounds("kicks"), load_study("end")
    most = len(split(data.train, rows_of(study)[0].resolved(0).held_out)[0])
    for kicks, there in ((most, True), (most + 1, False)):
        some = study.model_copy(update={"kicks": (kicks, "all")})
        mine = [cell for cell in cells_of("end", some, data, seeds=2, budget=STEPS) if cell.kicks == kicks]
        assert bool(mine) == there
        assert all(len(cell.learned(data).waves) >= kicks for cell in mine)  # and none fails in the middle of its run


def test_a_row_may_have_more_seeds_than_the_others_of_its_study():
    rows = "{a: {config: dcgan, seeds: 5}, b: {config: dcgan}}"
    text = f"title: t\nquestion: q\ndata: tones\nreferences: [procedural]\nrows: {rows}\n"
    study = read_study(text, "s")
    data = LabData(tone_dataset(8, 0), tone_dataset(8, 1))

    def seeds(given: int | None) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for cell in cells_of("s", study, data, seeds=given, budget=STEPS):
            found.setdefault(cell.row, []).append(cell.seed)
        return found

    assert seeds(None) == {"a": [0, 1, 2, 3, 4], "b": [0, 1, 2], "other tones": [0, 1, 2]}
    assert seeds(2) == {"a": [0, 1], "b": [0, 1], "other tones": [0, 1]}
    assert re.search(r"^a +5 +dcgan.*\nb +3 +dcgan", study_text("s", study), re.M)
    with pytest.raises(UserError, match="seeds"):
        read_study(text.replace("seeds: 5", "seeds: 1"), "s")


def test_what_is_done_is_not_done_again_and_results_can_be_put_together_anew(copy):
    before = copy.results.read_bytes()
    stamps = {p: p.stat().st_mtime_ns for p in copy.path.glob("cells/*/measured.json")}
    copy.results.unlink()
    assert run_toy(copy, "start")
    assert stamps == {p: p.stat().st_mtime_ns for p in copy.path.glob("cells/*/measured.json")}
    assert copy.results.read_bytes() == before


def test_what_was_done_when_kickae_was_called_kickgan_is_done(copy):
    before = copy.results.read_bytes()
    for path in (*copy.path.glob("plans/*.json"), *copy.path.glob("cells/*/measured.json")):
        path.write_text(path.read_text("utf-8").replace("KickAE", "KickGAN").replace("kickae", "kickgan"), "utf-8")
    stamps = {p: p.stat().st_mtime_ns for p in copy.path.glob("cells/*/measured.json")}
    copy.results.unlink()
    assert run_toy(copy, "curves")
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
    assert not re.search(r"&lt;(svg|g|p|em|table)\b", page)  # escaped twice
    assert "nan" not in re.findall(r"[a-z]+", " ".join(found.text).lower())


def test_the_paper_answers_first_and_is_short(page):
    found = Page(page)
    assert {"abstract", "introduction", "method", "findings", "limits", "appendix", "references"} <= set(found.ids)
    assert {study for study in ROWS if study != "sine"} <= set(found.ids)
    assert {f"table-{study}" for study in ROWS if study != "sine"} <= set(found.ids)
    assert 3 < len([i for i in found.ids if i.startswith("fig-")]) <= 6
    assert page.count("https://doi.org/") >= 10
    words = re.sub(
        r"<svg.*?</svg>|<style.*?</style>|<[^>]+>", " ", page[: page.index('id="appendix"')], flags=re.DOTALL
    )
    assert len(words.split()) < 5000
    abstract = re.search(r'<section id="abstract">(.*?)</section>', page, re.DOTALL)
    assert abstract is not None
    assert len(re.sub("<[^>]+>", " ", abstract[1]).split()) < 200
    for unit in ("sounds seen", "[dB]", "dB"):
        assert unit in page


def test_every_distance_that_is_told_changes_with_the_results(copy):
    copy.swap.unlink()  # its distances are not of the cells
    before = findings(copy)
    for path in copy.path.glob("cells/*/measured.json"):
        known = read_json(path)
        for point in known["milestones"]:
            for kind in point.get("distances", {}).values():
                kind["away"] = [1.1 * x + 1 for x in kind["away"]]
        write_json(path, known)
    said = r"[−\d.]+ dB (?:\[[−\d.]+, [−\d.]+\]|\(its seeds [−\d.]+ to [−\d.]+\))"
    told = [set(re.findall(said, text)) for text in (before, findings(copy))]
    assert len(told[0]) > 5
    assert not told[0] & told[1]


def test_a_ranking_turns_round_with_the_results(copy):
    ids = {entry["id"]: entry["row"] for entry in copy.read_plan("start")["cells"]}
    for winner, loser in (("offset 0", "offset data"), ("offset data", "offset 0")):
        for cell, row in ids.items():
            path = copy.cell(cell) / "measured.json"
            known = read_json(path)
            for point in known["milestones"]:
                for part in ("distances", "confirmed"):
                    for kind in point[part].values():
                        level = 20.0 if row == winner else 70.0
                        kind |= {"away": [level + 0.01 * i for i, _ in enumerate(kind["away"])], "within": 10.0}
            write_json(path, known)
        text = findings(copy)
        assert re.search(
            rf"\*{winner}\* is nearer than \*{loser}\*, [\d.]+ times .*?The same runs show it on the sounds", text
        )
        assert f"*{loser}* is nearer" not in problems(copy)


def test_a_study_of_which_one_row_alone_is_whole_has_a_paper(copy):
    for entry in copy.read_plan("start")["cells"]:
        if entry["source"] == "trained" and entry["row"] != "SpecGAN":  # neither the baseline nor compared here
            (copy.cell(entry["id"]) / "measured.json").unlink(missing_ok=True)
    assert "Left out: " in problems(copy)
    assert b'id="start"' in render_paper(copy, sounds="none")


def problems(lab: Lab) -> str:
    return findings(lab).split("What makes")[1].split("\n- **")[0]


def test_rows_that_are_not_whole_are_left_out_with_a_sentence(copy):
    entries = {(e["row"], e["seed"]): e["id"] for e in copy.read_plan("start")["cells"]}
    path = copy.cell(entries["offset data", 1]) / "measured.json"
    whole = read_json(path)
    path.unlink()
    assert "Left out: offset data: 1 of 2 seeds are finished." in problems(copy)
    assert "*offset data* is nearer" not in problems(copy)
    write_json(path, whole | {"budget": "16 sounds"})
    assert "offset data: was trained for 16 sounds, and the study for 8 sounds" in problems(copy)
    for point in whole["milestones"]:
        point["distances"]["waves"]["away"].append(1.0)
    write_json(path, whole)
    assert "offset data: its cells were scored against other sounds" in problems(copy)
    plan = copy.read_plan("start")
    plan["cells"] = [e for e in plan["cells"] if e["row"] == "offset 0" or e["seed"] == 0]
    write_json(copy.plan("start"), plan)
    assert "offset data: one seed gives no interval" in problems(copy)


def test_results_of_another_version_say_nothing(copy):
    for path in copy.path.glob("plans/*.json"):
        write_json(path, read_json(path) | {"training": 0})
    with pytest.raises(UserError, match="was begun by another version of kickitout, which trained otherwise"):
        findings(copy)


def test_a_study_that_was_not_run_is_said_to_be_missing(page):
    assert "upconv" not in ROWS
    text = page[page.index('id="limits"') :]
    assert f"Not run, or not whole, in this laboratory: {load_study('upconv').title}" in text


def test_the_findings_are_an_item_each_with_numbers_and_intervals(toy_lab, capsys):
    assert main(["lab", "findings", "--lab", str(toy_lab.path)]) == 0
    lines = capsys.readouterr().out.strip().removeprefix("- ").split("\n- ")
    assert len(lines) == len(ROWS)  # none of tones, and one of the phase
    assert lines[0].startswith("**What a DCGAN learns in 96,000 sounds.** A DCGAN has not learned kicks: after 8 ")
    assert "*DCGAN* lies " in lines[0]
    assert all(re.search(r"\d [^<;]*(?:\[[^\]]*\d\]|\(its seeds [^)]*\d\))", line) for line in lines)
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
    assert lines[-1].startswith("| real-vs-real baseline")
    assert main(["lab", "table", "nothing", "--lab", str(toy_lab.path)]) == 2
    assert "ablation" in capsys.readouterr().err  # what is known


def test_results_alone_hold_no_runs_and_are_enough_for_the_findings(toy_lab, tmp_path, capsys):
    words = ["lab", "results", "--lab", str(toy_lab.path), "-o", str(tmp_path / "alone")]
    assert main(words) == 0
    written = [Path(line) for line in capsys.readouterr().out.splitlines()]
    assert {p.suffix for p in written} == {".gz", ".json", ".csv", ".npz"}
    assert not any(path.stem.startswith("made") for path in written)
    assert sorted(written) == sorted(p for p in (tmp_path / "alone").rglob("*") if p.is_file())
    alone = Lab(tmp_path / "alone")
    assert read_results(alone) == read_results(toy_lab)
    assert findings(alone) == findings(toy_lab)
    assert (alone.path / "parts.csv").read_text().startswith("part,source,resampled_with,name,sound\n")
    shutil.copytree(ROOT / "docs" / "evidence" / "critics", alone.critics)
    assert main(["lab", "results", "--lab", str(alone.path), "-o", str(tmp_path / "of alone")]) == 0
    passed_on = [Path(line).name for line in capsys.readouterr().out.splitlines()]
    assert sorted(passed_on) == sorted(path.name for path in [*written, *alone.critics.glob("*.json")])
    assert "Critics that join a converged KickAE do not lower" in findings(Lab(tmp_path / "of alone"))
    shutil.rmtree(alone.critics)
    shutil.copytree(alone.path, tmp_path / "again")
    again = Lab(tmp_path / "again")
    again.begin(toy_lab.sounds("kicks"))
    assert run_toy(again, "start")  # what was measured counts as done
    assert not any(again.path.glob("cells/*/run"))
    write_arrays(again.pictures, {"DCGAN, 7": np.zeros((1, 2, 2), np.uint8)})  # of sounds that are not here
    assert [*collect_pictures(again)][-1] == "DCGAN, 7"
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
    """Results of some 500 steps stood here: what a network has after its start-up is no answer."""
    assert not re.findall(WITHDRAWN, page.read_text("utf-8"), re.IGNORECASE)


@pytest.mark.once
def test_the_sentences_of_the_page_follow_from_the_committed_results():
    page = (ROOT / "docs" / "laboratory.md").read_text("utf-8")
    block = re.search(r"<!-- begin: kick lab findings --lab docs/evidence -->\n(.*?)<!-- end -->", page, re.DOTALL)
    assert block is not None
    assert block[1].strip() == findings(Lab(ROOT / "docs" / "evidence"))
    for study in ("start", "ancestor"):
        table = re.search(
            rf"<!-- begin: kick lab table {study} --lab docs/evidence -->\n(.*?)<!-- end -->", page, re.DOTALL
        )
        assert table is not None
        assert table[1].strip() == study_table(Lab(ROOT / "docs" / "evidence"), study)


def test_the_page_names_the_rows_that_are_not_run():
    page = " ".join((ROOT / "docs" / "laboratory.md").read_text("utf-8").split())
    said = page[page.index("Not run is, of `start`") : page.index("What the results say, and no more")]
    named = {study: set(re.findall(r"\*(.+?)\*", part)) for study, part in re.findall(r"of `(\w+)`,? ([^;]+)", said)}
    lab = Lab(ROOT / "docs" / "evidence")
    missing = {study: {row.name for row in rows_of(load_study(study))} - set(read_evidence(lab, study).rows)
               for study in ("ancestor", "curves", "start", "end", "upconv")}  # fmt: skip
    assert named == {study: rows for study, rows in missing.items() if rows}


def test_what_the_page_says_of_the_ancestor_follows_from_its_committed_cells():
    page = " ".join((ROOT / "docs" / "laboratory.md").read_text("utf-8").split())
    cells = [read_json(path) for path in (ROOT / "docs" / "evidence" / "cells").glob("ancestor-*/measured.json")]
    rows: dict[str, list[dict[str, float]]] = {"sigmoid twice, labels 1 to 1.1": [], "sigmoid once, labels 0.9": []}
    whole = [cell for cell in cells if cell["budget"] == "62880 sounds" and cell["row"] in rows]
    for cell in whole:
        rows[cell["row"]] += [one for one in cell["milestones"][-1]["losses"] if one["step"] >= 2000]
    assert Counter(cell["row"] for cell in whole) == dict.fromkeys(rows, 3)
    twice, once = rows.values()
    low, high = (f"{find(one['loss/d'] for one in twice):.3f}" for find in (min, max))
    assert {f"{one['loss/g']:.4f}" for one in twice} == {"0.6931"}
    assert f"from step 2,000 on its losses stand at 0.6931 (generator) and {low} to {high} (critic)" in page
    assert max(one["grad/g"] for one in twice) <= 0.0009
    assert "with a gradient of 0.0009 or less at the generator" in page
    least, most = (f"{find(one['grad/g'] for one in once):.0f}" for find in (min, max))
    assert f"labels of 0.9 in place of 1 to 1.1, that gradient is {least} to {most}" in page
    e = read_evidence(Lab(ROOT / "docs" / "evidence"), "ancestor")
    assert [e.alive(row) for row in rows] == [0, 1]  # "learns kicks with each of three seeds", and the other with none
    readme = " ".join((ROOT / "README.md").read_text("utf-8").split())
    twice_rows = [row for row in e.rows if row.startswith("sigmoid twice")]
    once_rows = [row for row in e.rows if row.startswith("sigmoid once")]
    assert [e.alive(row) for row in twice_rows] == [0, 0, 0]
    assert "with it all nine runs are dead, whatever the labels" in page
    assert "applied the sigmoid twice, with which none of nine runs learns, whatever the labels" in readme
    *own, slow = once_rows
    assert slow == "sigmoid once, labels 0.9, rates of a DCGAN"
    assert [e.alive(row) for row in own] == [1, 1, 1]
    assert round(3 * e.alive(slow)) == 1
    first, second, third = sorted(e.rows[slow].values[:, -1, 0])
    assert f"its seeds end at {first:.1f}, {second:.1f} and {third:.0f} dB, and only the first is alive, as" in page
    assert second < DEAD_DISTANCE  # "the tails of the second have more noise"
    fast, low = (next(row for row in rows_of(load_study("ancestor")) if row.name == name).resolved(0)
                 for name in (own[-1], slow))  # fmt: skip
    rates = fast.optim_g.lr / low.optim_g.lr, fast.optim_d.lr / low.optim_d.lr
    assert rates == pytest.approx((10, 5))
    assert "At the rates of a DCGAN, a tenth of its own for the generator and a fifth for the critic, it starts" in page
    assert "with one sigmoid, at its own rates, all nine learn." in page
    assert "with one sigmoid each of nine does at the draft's own rates, even with its labels above 1" in readme
    assert "(at the rates of a DCGAN one of three does by then)" in readme
    upwards, plain, lower = (e.distance(row).value for row in own)
    assert f"at {upwards:.1f} dB with labels of 1 to 1.1, {plain:.1f} with 1 and {lower:.1f} with 0.9 (mean" in page
    confirmed = read_evidence(Lab(ROOT / "docs" / "evidence"), "ancestor", "confirm").rows
    assert len(e.rows) - len(confirmed) == 2  # "of two of them the first seed was not scored"


COUNTED = {2: "two", 3: "three", 4: "four", 5: "five"}


@pytest.fixture(scope="module")
def started() -> Evidence:
    """The committed results of `start`."""
    return read_evidence(Lab(ROOT / "docs" / "evidence"), "start")


def reached_by(e: Evidence, *rows: str) -> str:
    """Of how many unseen recordings live seeds of some rows have a neighbour."""
    part = Evidence(e.study, e.unseen, [e.rows[row] for row in rows], [], e.recordings)
    said = " ".join(missed_sentences(part, rows))
    recall = re.search(r"reaches ([\d.]+)(?: to ([\d.]+))? of unseen recordings", said)
    assert recall is not None
    return " to ".join(f"{100 * float(share):.0f}" for share in recall.groups() if share) + " %"


def test_what_is_said_of_another_loss_and_a_kept_phase_follows_from_the_committed_results():
    """In docs/laboratory.md: they start, are not shown to lie farther but on what confirms, and reach nothing."""
    lab = Lab(ROOT / "docs" / "evidence")
    e, confirm = (read_evidence(lab, "curves", part) for part in ("test", "confirm"))
    page, rows = " ".join((ROOT / "docs" / "laboratory.md").read_text("utf-8").split()), ("hinge + R1", "complex STFT")
    far, kept = (e.distance(row).value for row in rows)
    assert f"all three seeds are alive and end {far:.1f} dB away" in page
    assert f"all three start without a constant and end at {kept:.1f} dB" in page
    assert [e.alive(row) for row in rows] == [1, 1]
    mine, theirs = ([p for _, b, _, p in of.named() if b in rows] for of in (e, confirm))
    assert min(mine) >= LEVEL > max(theirs)
    assert f"(p = {mine[0]:.2f} and {mine[1]:.2f} after Holm)" in page
    assert f"by both are ({theirs[0]:.3f} and {theirs[1]:.3f})" in page
    assert [b for _, b, f, _ in confirm.named() if b in rows and f.value < 0] == list(rows)  # farther, both
    assert reached_by(e, *rows) == "0 %"  # "None of their seeds reaches a single unseen recording"
    others = {"DCGAN", "DCGAN with the offset", "augmented critic", "sub-bands", "all together, sub-bands", "KickAE"}
    assert set(e.rows) == {*rows, *others}  # another row needs a sentence of its own
    losses = [critic_loss(point) for run in e.rows[rows[0]].logs for point in run]
    assert f"its hinge loss stays at {min(losses):.1f} to {max(losses):.1f}, where 2 is" in page
    clicks = [[pattern(run[-1], "click") for run in e.rows[row].logs] for row in (rows[1], "DCGAN with the offset")]
    (kept_low, kept_high), (low, high) = ((min(found), max(found)) for found in clicks)
    assert f"is off by {kept_low:.1f} to {kept_high:.1f} standard deviations" in page
    beside = np.mean([pattern(run[-1], "click", "real") for run in e.rows[rows[1]].logs])
    assert f"constant is by {low:.1f} to {high:.1f}, and recordings among themselves by {beside:.1f}" in page


def test_what_is_said_of_an_augmented_critic_follows_from_the_committed_results():
    """In docs/laboratory.md: it knows no kicks by heart, and its generator gets no nearer and then worse."""
    lab, row = Lab(ROOT / "docs" / "evidence"), "augmented critic"
    e, confirm = (read_evidence(lab, "curves", part) for part in ("test", "confirm"))
    page = " ".join((ROOT / "docs" / "laboratory.md").read_text("utf-8").split())
    areas, plain = ([run[-1]["critic"]["auc"] for run in e.rows[name].logs] for name in (row, "DCGAN with the offset"))
    assert f"an area under the curve of {min(areas):.2f} to {max(areas):.2f}, where that of the DCGAN with the" in page
    assert min(plain) >= 0.99 > 0.9 > max(areas)
    values, seen = e.rows[row].values[:, :, 0], e.rows[row].seen
    first, last = (find(seen[i] for i in values.argmin(axis=1)) for find in (min, max))
    nearest, ends = sorted(values.min(axis=1)), sorted(values[:, -1])
    told = f"nearest after {first:,} to {last:,} sounds, {nearest[0]:.1f} to {nearest[-1]:.1f} dB away, and end at "
    assert f"{told}{ends[0]:.1f}, {ends[1]:.1f} and {ends[2]:.0f} dB, the last one dead" in page
    assert [bool(alive) for alive in e.runs_alive(row)] == [end < ends[2] for end in values[:, -1]]
    assert "on what confirms two of three are alive, too" in page
    assert sum(confirm.runs_alive(row)) == 2


def test_what_is_said_of_sub_bands_follows_from_the_committed_results():
    """In docs/laboratory.md: farther alone, and with all changes as near as the row with the constant."""
    lab = Lab(ROOT / "docs" / "evidence")
    e, confirm = (read_evidence(lab, "curves", part) for part in ("test", "confirm"))
    page = " ".join((ROOT / "docs" / "laboratory.md").read_text("utf-8").split())
    alone, together = "sub-bands", "all together, sub-bands"
    here, there = ({b: (f.value, p) for _, b, f, p in of.named()} for of in (e, confirm))
    assert max(here[alone][1], there[alone][1]) < 0.001
    assert max(here[alone][0], there[alone][0]) < 0  # farther
    assert f"the same network lies farther ({e.distance(alone).value:.1f} dB, p < 0.001 after Holm" in page
    assert (e.alive(alone), e.alive_since(together), e.learning(together)) == (0, 16_000, True)
    assert f"and lie at {e.distance(together).value:.1f} dB, still learning" in page
    assert min(here[together][1], there[together][1]) >= LEVEL
    assert f"(p = {here[together][1]:.2f}, on what confirms {there[together][1]:.2f})" in page
    rumble = [pattern(run[-1], "rumble") for run in e.rows[together].logs]
    beside = np.mean([pattern(run[-1], "rumble", "real") for run in e.rows[together].logs])
    assert f"off by {min(rumble):.2f} to {max(rumble):.2f} standard deviations, recordings" in page
    assert f"among themselves by {beside:.2f}" in page


def test_what_is_said_of_kickae_follows_from_the_committed_results():
    """In docs/laboratory.md: no farther than what it learned from, and not shown to be nearer than a DCGAN."""
    lab, row = Lab(ROOT / "docs" / "evidence"), "KickAE"
    e, confirm = (read_evidence(lab, "curves", part) for part in ("test", "confirm"))
    page = " ".join((ROOT / "docs" / "laboratory.md").read_text("utf-8").split())
    excess = e.excess(row)
    assert excess is not None
    assert excess.low < 0 < excess.high
    assert f"which is no GAN, lies at {e.distance(row).value:.1f} dB after the same sounds" in page
    theirs = confirm.of_recordings()
    assert theirs is not None
    assert f"from the sources that confirm, of another, they lie {theirs.value:.2f} dB)" in page
    assert f"(on what confirms it lies at {confirm.distance(row).value:.1f} dB, and they at {theirs.value:.2f})" in page
    here, there = (next(p for _, b, _, p in of.named() if b == row) for of in (e, confirm))
    assert min(here, there) >= LEVEL
    assert f"with the constant (p = {here:.2f}, on what confirms {there:.2f})" in page
    assert f"reaches {reached_by(e, row)} of unseen recordings, and a classifier" in page
    told = {name: [run[-1]["told_apart"]["accuracy"] for run in runs.logs] for name, runs in e.rows.items()}
    mine = told.pop(row)
    assert f"an accuracy of {min(mine):.2f} to {max(mine):.2f}, where it is 0.94 or more" in page
    assert min(min(found) for found in told.values()) >= 0.94
    assert confirm.recordings_told is not None
    assert f"learned from it tells with {confirm.recordings_told['accuracy']:.2f}, which is chance" in page
    assert confirm.recordings_told["p"] > LEVEL


def test_what_is_said_of_what_ends_learning_follows_from_the_committed_results():
    """In docs/laboratory.md: critics know any number of kicks by heart; with few of them a DCGAN gets worse again."""
    e, confirm = (read_evidence(Lab(ROOT / "docs" / "evidence"), "end", part) for part in ("test", "confirm"))
    page = " ".join((ROOT / "docs" / "laboratory.md").read_text("utf-8").split())
    dcgans = [f"DCGAN, {kicks} kicks" for kicks in ("64", "128", "all", "more")]
    autos = [f"KickAE, {kicks} kicks" for kicks in ("64", "128", "all", "more")]
    assert set(e.rows) == {*dcgans, *autos}  # another row needs a sentence of its own
    areas = [run[-1]["critic"]["auc"] for row in dcgans for run in e.rows[row].logs]
    learned = [[run[-1]["training_kicks"] for run in e.rows[row].logs] for row in dcgans]
    assert f"an area under the curve of {min(areas):.3f} to {max(areas):.2f}, with 64, 128, 287 or" in page
    assert f"{min(learned[3])} to {max(learned[3])} of them" in page
    assert [set(numbers) for numbers in learned[:3]] == [{64}, {128}, {287}]
    at = {row: e.distance(row).value for row in e.rows}
    assert "it lies at {:.1f}, {:.1f}, {:.1f} and {:.1f} dB".format(*(at[row] for row in dcgans)) in page
    few, fewer, more, auto, auto_more = (p for *_, p in e.named())
    assert min(few, fewer, more, auto, auto_more) >= LEVEL
    *others, (f, elsewhere) = ((f, p) for *_, f, p in confirm.named())
    assert min(p for _, p in others) >= LEVEL > elsewhere
    assert f.value > 0  # nearer with more
    assert f"on the sources that nothing was chosen by it is nearer with more (p = {elsewhere:.3f})" in page
    assert (
        f"(p = {few:.3f} and {fewer:.2f} after Holm for 64 and 128 against all, {more:.2f} for all against more)"
        in page
    )
    four = "lies at {:.1f}, {:.1f}, {:.1f} and {:.1f} dB with 64, 128, all and more"
    assert four.format(*(at[row] for row in autos)) in page
    assert f"(p = {auto:.2f} and {auto_more:.2f})" in page
    values, seen = e.rows[dcgans[0]].values[:, :, 0], e.rows[dcgans[0]].seen
    first, last = (find(seen[i] for i in values.argmin(axis=1)) for find in (min, max))
    nearest, ends = sorted(values.min(axis=1)), sorted(values[:, -1])
    told = f"nearest after {first:,} to {last:,} sounds, {nearest[0]:.1f} to {nearest[-1]:.1f} dB away, and end at "
    assert f"{told}{ends[0]:.1f}, {ends[1]:.1f} and {ends[2]:.0f} dB" in page
    assert [row for row in dcgans if e.alive(row) < 1] == [dcgans[0]]
    worse = {row: e.rows[row].values[:, -1, 0] / e.rows[row].values[:, :, 0].min(axis=1) for row in dcgans}
    assert f"{min(worse[dcgans[0]]):.1f} to {max(worse[dcgans[0]]):.0f} times as far; with all kicks" in page
    assert f"seeds end {min(worse[dcgans[2]]):.1f} to {max(worse[dcgans[2]]):.1f} times as far" in page


def test_what_the_readme_says_of_a_dcgan_follows_from_the_committed_results(started):
    e, confirm = started, read_evidence(Lab(ROOT / "docs" / "evidence"), "start", "confirm")
    far_recordings = confirm.of_recordings()
    whole = " ".join((ROOT / "README.md").read_text("utf-8").split())
    text = whole[whole.index("## Can a DCGAN learn kicks?") : whole.index("## Limits")]
    assert e.alive("offset 0") == 0
    plain = e.rows["offset 0"]
    assert f"after {plain.seen[-1]:,} sounds none of {COUNTED[len(plain.values)]} plain DCGANs is alive" in text
    assert len(e.rows["offset data"].values) == 5
    assert f"all five are after {e.alive_since('offset data'):,}." in text
    nearest, *others = sorted(plain.values[:, -1, 0])
    assert f"(one lies at {nearest:.1f} dB, with noise in its tails)" in text
    assert nearest < DEAD_DISTANCE < min(others)
    assert e.recordings is not None
    assert far_recordings is not None
    there = f"({far_recordings.value:.2f} from those that nothing was chosen by)"
    assert f"the recordings that it learned from lie at {e.recordings[0]:.2f} dB {there}" in text
    curves, far = (read_evidence(Lab(ROOT / "docs" / "evidence"), "curves", part) for part in ("test", "confirm"))
    begun = "DCGAN with the offset"
    assert f"After {curves.rows[begun].seen[-1]:,} sounds that network (mean of its last three milestones)" in text
    assert f"lies {curves.distance(begun).value:.1f} dB from kicks of sources that it has not heard" in text
    assert f"({far.distance(begun).value:.1f} from those that nothing was chosen by)" in text
    assert not curves.learning(begun)  # "is not shown to improve any more"
    first, second, third, late, dead = sorted(hard(x) for x in curves.values("DCGAN")[:, 0])
    assert f"of five plain DCGANs three are there as well ({first:.1f} to {third:.1f} dB)" in text
    assert max(second, third) < curves.distance(begun).high
    assert f"one that started late lies at {late:.1f}" in text
    assert dead > DEAD_DISTANCE
    reached = reached_by(curves, "DCGAN", "DCGAN with the offset")
    assert f"{reached} of unseen recordings are reached;" in text
    page = " ".join((ROOT / "docs" / "laboratory.md").read_text("utf-8").split())
    assert f"reaches {reached} of unseen recordings" in page
    dcgans = [row for row in curves.rows if row != "KickAE"]
    assert f"live DCGANs of `curves` reach {reached_by(curves, *dcgans)}" in page
    assert f"KickAE reaches {reached_by(curves, 'KickAE')} after as many sounds" in text
    assert f"the recordings that they learned from lie at {e.recordings[0]:.2f} dB" in page
    assert [p < LEVEL for a, b, _, p in e.named() if (a, b) == ("offset 0", "offset data")] == [True]
    assert confirm.contrast("offset 0", "offset data").low > 0


@pytest.mark.once
def test_what_is_said_of_seeds_that_start_follows_from_the_committed_results():
    """In docs/laboratory.md and the README: one of five plain DCGANs is dead at the end, none with the constant."""
    with gzip.open(ROOT / "docs" / "evidence" / "results.csv.gz", "rt", encoding="utf-8") as file:
        found = [one for one in csv.DictReader(file) if one["study"] == "curves" and one["score"] == "energy_bands-1"]

    def values(row, sounds):
        return [float(one["value"]) for one in found if one["row"] == row and one["kicks_seen"] == str(sounds)]

    plain, begun = "DCGAN", "DCGAN with the offset"
    assert sorted(value >= DEAD_DISTANCE for value in values(plain, 96_000)) == [False] * 4 + [True]
    assert [value < DEAD_DISTANCE for value in values(begun, 8_000)] == [True] * 5
    assert [value < DEAD_DISTANCE for value in values(begun, 96_000)] == [True] * 5
    assert sorted(values(plain, 96_000))[3] < max(values(begun, 96_000))  # "as near"
    e = read_evidence(Lab(ROOT / "docs" / "evidence"), "curves")
    assert [p >= LEVEL for a, b, _, p in e.named() if {a, b} == {plain, begun}] == [True]  # "nothing is shown"
    runs = e.rows[plain]
    early, late = (runs.values[:, runs.seen.index(sounds), 0] for sounds in (8_000, 48_000))
    assert early.min() > 65  # "four begin to fall between 8,000 and 48,000"
    assert sorted(late < 15) == [False, True, True, True, True]
    ends = sorted(runs.values[:, -1, 0])
    page = " ".join((ROOT / "docs" / "laboratory.md").read_text("utf-8").split())
    assert f"8,000 and 48,000 and end {ends[0]:.1f} to {ends[3]:.1f} dB from unseen sources" in page


def test_what_is_said_of_noise_follows_from_the_committed_results(started):
    """In docs/laboratory.md: it starts a DCGAN later than the constant, and adds nothing to it."""
    e = started
    since = {row: e.alive_since(row) for row in ("offset 0", "offset 0, noise", "offset data", "offset data, noise")}
    assert list(since.values()) == [None, 24_000, 8_000, 8_000]
    assert [p >= LEVEL for a, b, _, p in e.named() if (a, b) == ("offset data", "offset data, noise")] == [True]
    assert len(e.rows) == 19  # another row needs a sentence of its own


def at(e: Evidence, row: str, sounds: int) -> float:
    """The distance of a row after so many sounds."""
    return e.distance(row, e.rows[row].seen.index(sounds)).value


def test_what_is_said_of_other_constants_and_critics_follows_from_the_committed_results(started):
    """In docs/laboratory.md: each constant starts a DCGAN, one not for good, and neither of two other critics does."""
    e = started
    page = " ".join((ROOT / "docs" / "laboratory.md").read_text("utf-8").split())

    constants = ["offset -2", "offset -3", "offset data"]
    assert [e.alive_since(row) for row in constants] == [8_000] * 3
    first, second, last = (f"{at(e, row, 24_000):.1f}" for row in constants)
    assert f"from 8,000 sounds on, and lie at {first}, {second} and {last} dB after 24,000" in page
    small = e.rows["offset -1"].values[:, :, 0]
    *ends, back = sorted(small[:, -1])
    fell = small[small[:, -1].argmax()]
    assert (
        f"with -1 four are, at {ends[0]:.1f} to {ends[-1]:.1f} dB, and the fifth, at {fell[1]:.1f} dB after 8,000"
        in page
    )
    assert sorted(e.runs_alive("offset -1")) == [False, True, True, True, True]
    assert f"falls back to {fell[2]:.0f} by 16,000" in page
    assert f"{fell[2]:.0f}" == f"{back:.0f}"
    plain, slow, bare = "offset 0", "offset 0, slow critic", "offset 0, no batch norm in the critic"
    assert [e.alive(row) for row in (plain, slow, bare)] == [0] * 3
    low, *_, high = (f"{x:.0f}" for x in sorted(e.rows[slow].values[:, -1, 0]))
    *near, far = (f"{x:.2g}" for x in sorted(e.rows[plain].values[:, -1, 0]))
    said = f"lie at {low} to {high} dB, where those of the plain row lie at {', '.join(near)} and {far},"
    assert f"the five seeds {said} and none is alive" in page
    assert f"to {at(e, bare, 4_000):.0f} dB after 4,000 sounds and {at(e, bare, 24_000):.0f} after 24,000" in page
    asked = {row for pair in e.named() for row in pair[:2]}
    assert not asked & {"offset -1", "offset -3", slow, bare}  # "exploratory"
    rates = [row.resolved(0).optim_d.lr for row in rows_of(load_study("start")) if row.name in (plain, slow)]
    assert rates[0] == 4 * rates[1]


def test_what_is_said_of_the_constant_elsewhere_follows_from_the_committed_results(started):
    """In docs/laboratory.md: it starts a DCGAN on mel, and the first draft's network later; sub-bands fall slowly."""
    ancestor, curves = (read_evidence(Lab(ROOT / "docs" / "evidence"), study) for study in ("ancestor", "curves"))
    page = " ".join((ROOT / "docs" / "laboratory.md").read_text("utf-8").split())
    mel, begun, draft = "DCGAN on mel", "DCGAN on mel, offset data", "ancestor, offset data"
    quick, slow = "sigmoid once, labels 0.9", "sigmoid once, labels 0.9, rates of a DCGAN"

    assert started.alive_since(begun) == 8_000
    said = f"{at(started, begun, 8_000):.1f} dB there, without it at {at(started, mel, 8_000):.0f} dB."
    assert f"with it all three seeds are alive from 8,000 sounds on, and lie at {said}" in page
    assert round(3 * started.alive(mel)) == 2
    (one, two, _), (least, _, most) = (sorted(started.rows[row].values[:, -1, 0]) for row in (mel, begun))
    assert f"At 24,000 two of three are alive without it, at {one:.1f} and {two:.1f} dB, and with it three," in page
    assert f"with it three, at {least:.1f} to {most:.1f} dB:" in page
    assert started.alive(draft) == 1
    assert f"all three seeds are alive after 24,000 sounds, at {at(started, draft, 24_000):.1f} dB;" in page
    assert not any(row in pair[:2] for row in (begun, draft) for pair in started.named())  # "both are exploratory"
    assert started.alive("ancestor") == 0
    assert f"without it none is, at {at(started, 'ancestor', 24_000):.0f} dB." in page
    mine, theirs = (
        next(row for row in rows_of(load_study("start")) if row.name == name) for name in (draft, "ancestor")
    )
    assert set(mine.changes) ^ set(theirs.changes) == {"model.output_bias=data"}  # "without it"
    stft = "complex STFT"
    assert f"14 dB after 8,000 sounds and {at(started, stft, 24_000):.1f} after 24,000, where two of three" in page
    assert f"{at(started, stft, 8_000):.0f}" == "14"
    assert round(3 * started.alive(stft)) == 2
    assert started.rows[stft].values[:, -1, 0].max() < 10  # so it is noise in its tail that one is dead of
    assert f"lies at {at(ancestor, quick, 8_000):.1f} dB after 8,000 sounds without a constant" in page
    assert f"at the rates of a DCGAN at {at(ancestor, slow, 8_000):.0f} (exploratory)" in page
    row = "sub-bands"
    early, late = (at(started, row, sounds) for sounds in (4_000, 24_000))
    assert (
        f"{early:.0f} dB after 4,000 sounds, {late:.0f} after 24,000 ({at(curves, row, 24_000):.0f} in `curves`" in page
    )
    assert f"{at(curves, row, 96_000):.0f} after 96,000, with no seed alive;" in page
    assert [started.alive(row), curves.alive(row)] == [0, 0]


def test_what_is_said_of_specgan_follows_from_the_committed_results(started):
    """In docs/laboratory.md: it starts without a constant, and with one no difference is shown."""
    pair = "SpecGAN", "SpecGAN, offset data"
    assert [started.alive_since(row) for row in pair] == [8_000, 8_000]
    assert [p >= LEVEL for a, b, _, p in started.named() if (a, b) == pair] == [True]
    page = " ".join((ROOT / "docs" / "laboratory.md").read_text("utf-8").split())
    (without, with_it) = (f"{started.distance(row).value:.1f}" for row in pair)
    assert without == with_it
    assert f"({with_it} dB with and without)" in page


def test_what_is_said_of_the_dead_phase_as_travel_follows_from_the_committed_results(started):
    """In docs/laboratory.md: of more last maps and of the rate nothing is shown, though most seeds start sooner."""
    e = started
    assert [e.alive(f"offset 0, {how}") for how in ("32 last maps", "rate x 4")] == [0.8, 0.8]
    found = {b: p for a, b, _, p in e.named() if a == "offset 0"}
    shown = [found[f"offset 0, {how}"] for how in ("32 last maps", "rate x 4")]
    page = " ".join((ROOT / "docs" / "laboratory.md").read_text("utf-8").split())
    whole = read_evidence(Lab(ROOT / "docs" / "evidence"), "curves")

    def starts(of: Evidence, row: str) -> list[int]:
        """Sounds until each seed lies within 10 dB, to hundreds."""
        runs = of.rows[row]
        seeds = [replace(runs, values=runs.values[[i]]) for i in range(len(runs.values))]
        return sorted(100 * round(dead_until(one) / 100) for one in seeds)

    assert min(shown) >= LEVEL
    assert f"is shown (p = {shown[0]:.2f} and {shown[1]:.2f} after Holm)" in page
    maps, rate, noise = (starts(e, f"offset 0, {how}") for how in ("32 last maps", "rate x 4", "noise"))
    *plain, never = starts(whole, "DCGAN")
    assert never == whole.rows["DCGAN"].seen[-1]
    assert f"four of five seeds come within 10 dB, after {maps[0]:,} to {maps[3]:,} sounds" in page
    assert f"and one is at {e.rows['offset 0, 32 last maps'].values[:, -1, 0].max():.0f} dB after 24,000" in page
    assert f"four of five of the plain row do, after {plain[0]:,} to {plain[3]:,}, and one never" in page
    assert 0.4 < np.median(maps[:4]) / np.median(plain) < 0.6  # "half as long"
    assert 2.5 < e.minutes("offset 0, 32 last maps")[-1] / e.minutes("offset 0")[-1] < 3.5
    assert f"four of five have started by 24,000 sounds, after {rate[0]:,} to {rate[3]:,}" in page
    assert f"its seeds start after {noise[0]:,} to {noise[-1]:,}" in page
    assert len(noise) == len(rate) == len(maps) == 5


def test_what_is_said_of_periodic_lines_follows_from_the_committed_results():
    """In docs/laboratory.md and the README: they do not fade, and are of the up-sampling."""
    e = read_evidence(Lab(ROOT / "docs" / "evidence"), "upconv")
    found = LineHeights(e)
    page, readme = (" ".join((ROOT / name).read_text("utf-8").split()) for name in ("docs/laboratory.md", "README.md"))
    rows = ("transposed", "nearest", "bilinear", "transposed, spectral loss", "pixel-shuffle")
    hard = ("transposed, spectral loss x 10", "nearest, spectral loss x 10")
    assert set(e.rows) == {*rows, *hard, "nearest, spectral loss", "transposed, detached loss"}
    plain, repeated, smooth, lowered, shuffled = (found.height(row) for row in rows)
    early, late = found.change("transposed", 0, -LAST), found.change("transposed")
    assert late.low < 0 < late.high  # "no change is shown from 16,000 on"
    assert f"they stand {plain.value:.1f} dB above those of real kicks at 64,000 sounds" in page
    assert f"at 4,000, where they are {-early.value:.1f} dB higher, no seed makes kicks yet" in page
    assert e.alive("transposed", 0) == 0
    every = [found.height(row, at) for row in ("nearest", "bilinear") for at in range(len(found.seen[row]))]
    assert all(one.low < 0 < one.high for one in [repeated, smooth, *every])  # "from the first milestone on"
    less = found.contrast("transposed", "transposed, spectral loss").value
    assert f"lowers them by {less:.1f} dB and leaves {lowered.value:.1f}" in page
    assert f"(`pixel-shuffle`) leaves {shuffled.value:.1f}, which is not shown to be less" in page
    assert f"the same loss leaves {found.height('transposed, detached loss').value:.1f}, and `nearest` has none" in page
    shown = {"nearest": True, "bilinear": True, "transposed, spectral loss": True, "pixel-shuffle": False}
    shown |= {"nearest, spectral loss": False, "transposed, detached loss": False}
    assert {b: p < LEVEL for a, b, _, p in found.named()} == shown
    (near, far), left = (e.distance(row, -1).value for row in hard), found.height(hard[0])
    assert f"Ten times as hard it leaves {left.value:.1f} and holds learning up" in page
    assert left.value < lowered.value
    assert (e.alive_since(hard[0]), e.alive(hard[1])) == (64_000, 0)
    assert f"at 64,000 sounds alone, {near:.1f} dB away, and with `nearest`," in page
    assert f"where it has no lines to lower, none is, {far:.0f} dB away" in page
    assert not {*hard} & {row for pair in e.study.contrasts for row in pair}  # "exploratory"
    assert [b for a, b, f, p in e.named() if p < LEVEL and f.value > 0] == []  # "No row is shown to lie nearer"
    assert [b for a, b, f, p in e.named() if p < LEVEL and f.value < 0] == ["bilinear"]
    far, near = (e.distance(row).value for row in ("bilinear", "transposed"))
    assert f"`bilinear` lies farther, {far:.1f} dB against {near:.1f}" in page
    since = {row: e.alive_since(row) for row in e.rows if row not in hard}
    assert (since.pop("nearest"), since.pop("bilinear")) == (4_000, None)
    assert list(since.values()) == [16_000] * 5  # "the five others that lie as near after 16,000"
    assert "training is not shown to take the periodic lines of their transposed convolutions away" in readme
    assert "with up-sampling by repetition none are shown" in readme


def told_in(page: str) -> str:
    """Abstract and findings of a paper without their drawings."""
    whole = "".join(
        page[page.index(f'id="{first}"') : page.index(f'id="{last}"')]
        for first, last in (("abstract", "introduction"), ("findings", "limits"))
    )
    return re.sub(r"<svg.*?</svg>", "", whole, flags=re.DOTALL)


@pytest.mark.once
def test_the_paper_beside_the_pages_says_what_the_committed_results_say():
    docs = ROOT / "docs"
    paper = (docs / "paper.html").read_text("utf-8")
    assert told_in(paper) == told_in(render_paper(Lab(docs / "evidence"), Lab(docs / "listening")).decode())
    abstract = paper[paper.index('id="abstract"') : paper.index('id="introduction"')]
    assert len(re.sub("<[^>]+>", " ", abstract).split()) < 200
    assert "DCGAN (curves) and offset 0 (start) are the same runs" in paper
    assert "sub-bands (start)" not in paper  # of the same settings as a row of curves, and trained apart


def test_the_chart_beside_the_readme_shows_the_committed_results(tmp_path, capsys):
    """Its lines, which are numbers; texts are placed by the fonts of whoever drew it."""
    command = ["lab", "measure", "distance-chart", "--lab", str(ROOT / "docs" / "evidence"), str(tmp_path / "d.svg")]
    assert main(command) == 0
    assert "3 to 5 seeds a row, with" in capsys.readouterr().out
    images = (tmp_path / "d.svg", ROOT / "docs" / "images" / "distances.svg")
    drawn, kept = (re.findall(r' d="[^"]*"', image.read_text("utf-8")) for image in images)
    assert drawn == kept


def test_the_page_on_the_laboratory_says_what_the_studies_cost():
    page = (ROOT / "docs" / "laboratory.md").read_text("utf-8")
    assert f"```\n{studies_text(ROOT / 'docs' / 'evidence').rstrip()}\n```" in page


def test_the_sheet_of_a_row_is_of_the_milestone_at_which_it_lies_nearest(toy_lab, tmp_path, capsys):
    sheet = ["lab", "measure", "sheet", str(tmp_path / "row.png"), "--lab"]
    assert main([*sheet, str(toy_lab.path), "--row", "DCGAN", "-n", "4"]) == 0
    best = read_evidence(toy_lab, "curves").best("DCGAN")
    assert f"DCGAN, after {(4, 8)[best]} sounds" in capsys.readouterr().out
    assert (tmp_path / "row.png").read_bytes().startswith(b"\x89PNG")
    assert main([*sheet, str(toy_lab.path), "--row", "WaveGAN"]) == 2
    assert "'WaveGAN' is not whole in curves; it has DCGAN" in capsys.readouterr().err
    assert main([*sheet, str(ROOT / "docs" / "evidence"), "--study", "start", "--row", "offset data"]) == 2
    assert "keeps no sounds of 'offset data'" in capsys.readouterr().err


def test_no_results_no_paper(tmp_path, capsys):
    assert main(["lab", "paper", "--lab", str(tmp_path / "none"), "-o", str(tmp_path / "p.html")]) == 2
    assert "no results yet; kick lab run" in capsys.readouterr().err
    assert not (tmp_path / "p.html").exists()


def test_a_pdf_without_a_browser_is_refused_before_the_work(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("KICKITOUT_CHROMIUM", str(tmp_path / "none"))
    words = ["lab", "paper", "--lab", str(ROOT / "docs" / "evidence"), "-o", str(tmp_path / "p.html")]
    assert main([*words, "--pdf", str(tmp_path / "p.pdf")]) == 2
    assert "no browser to print with" in capsys.readouterr().err
    assert not (tmp_path / "p.html").exists()


def test_a_paper_is_not_written_over(toy_lab, tmp_path, capsys):
    out = tmp_path / "paper.html"
    out.write_text("mine")
    assert main(["lab", "paper", "--lab", str(toy_lab.path), "-o", str(out)]) == 2
    assert "--force replaces it" in capsys.readouterr().err
    assert out.read_text() == "mine"


# -- whose sounds may be heard ----------------------------------------------------------------------------------------


def players(lab: Lab, sounds: Sounds = "free", heard: Lab | None = None) -> tuple[int, str]:
    """How many sounds the paper plays, and the paper."""
    text = render_paper(lab, heard, sounds=sounds).decode()
    return text.count("<audio"), text


def test_models_are_heard_where_their_kicks_are_free_and_otherwise_the_paper_says_why_not(
    copy, toy_lab, page, monkeypatch
):
    monkeypatch.setattr(paper_page, "ART", {})  # nothing is drawn
    every = 3 * len({files for (study, _), files in collect_players(toy_lab).items() if study in INTRODUCTIONS})
    assert every > 3 * 6
    assert page.count("<audio") == every
    alone = Lab(copy.path / "alone")
    write_alone(toy_lab, alone)
    assert collect_players(alone) == collect_players(toy_lab)
    gone = sorted(copy.path.glob("cells/*/made-*.npz"))[::2]  # a laboratory that went on from results lacks some sounds
    for made in gone:
        made.rename(made.with_suffix(".gone"))
    assert 0 < len(collect_players(copy)) < len(collect_players(toy_lab))
    shutil.copyfile(alone.players, copy.players)
    assert collect_players(copy) == collect_players(toy_lab)
    copy.players.unlink()
    for made in gone:
        made.with_suffix(".gone").rename(made)
    assert players(toy_lab, "none")[0] == 0
    manifest = copy.data / "kicks.json"
    known = json.loads(manifest.read_text())
    known["train"]["rows"][0]["licence"] = "unclear"  # one is enough
    manifest.write_text(json.dumps(known))
    number, text = players(copy)
    assert number == 0
    assert "<p>This page plays no sounds of the models: some of their training kicks have no licence" in text
    assert players(copy, "all")[0] == every
    number, text = players(copy, heard=toy_lab)  # with the sounds of another laboratory, whose kicks are free
    assert number == every
    assert f"They come from another laboratory, of models that learned from {KICKS} kicks." in text
    assert players(copy, heard=alone)[0] == every
    mine = Lab(copy.path / "mine")
    write_alone(copy, mine)
    assert not mine.players.exists()  # one of its kicks is not free


# -- listening --------------------------------------------------------------------------------------------------------


def test_the_paper_beside_the_pages_plays_rows_of_its_studies_from_free_kicks():
    heard = Lab(ROOT / "docs" / "listening")
    played = collect_players(heard)
    for study in ("ancestor", "curves", "start"):
        rows = read_evidence(Lab(ROOT / "docs" / "evidence"), study).rows
        assert {row for of, row in played if of == study} == set(rows)
    assert {len(files) for files in played.values()} == {3}
    assert all(decode_sound(file, "a player").samples.shape[0] > 1000 for files in played.values() for file in files)
    with open(heard.path / "parts.csv", encoding="utf-8", newline="") as file:
        learned = [row for row in csv.DictReader(file) if row["part"] == "train"]
    paper = (ROOT / "docs" / "paper.html").read_text("utf-8")
    assert f"of models that learned from {len(learned)} kicks." in paper
    page = " ".join((ROOT / "docs" / "laboratory.md").read_text("utf-8").split())
    assert f"of models that learned from {len(learned)} free kicks" in page
    assert paper.count("<audio") == 3 * len(set(played.values()))


def test_votes_are_kept_counted_and_told_in_the_paper(copy, monkeypatch):
    monkeypatch.setattr(paper_page, "ART", {})  # nothing is drawn
    shown = listening_page(copy, "curves", 12, seed=3, only=["KickAE", "DCGAN"]).decode()
    pairs = json.loads(re.search(r"const pairs = (\[.*?\]);\n", shown)[1])  # type: ignore[index]
    known = read_json(copy.path / "listening" / "curves-3.json")
    assert len(pairs) == len(known) == 12
    assert not any(name in shown for name in ("KickAE", "DCGAN"))  # blind
    for pair in pairs:
        sides = known[pair["id"]]
        real = next((side for side in ("left", "right") if sides[side]["row"] == "real"), "none")
        keep_vote(copy, {"listener": "a", "pair": pair["id"], "choice": real})
    votes = read_votes(copy)
    assert len(votes) == 12
    against = [t for t in tally(votes) if t.b == "real"]
    assert sum(t.other for t in against) == 6
    assert not any(t.chosen for t in against)
    assert b"1 listener made 12 comparisons" in render_paper(copy)
    listening_page(copy, "curves", 12, seed=3)  # other rows under the same numbers
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
        (STUDY + "milestones: [0.25, 0.5]\n", "milestones: one after another, the last at the end"),
        (STUDY + "contrasts: [[a, b]]\n", "contrast 'b' is not one of its rows"),
        (STUDY + "contrasts: [[a, a], [a, a], [a, a], [a, a], [a, a], [a, a], [a, a]]\n", "contrasts"),
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


NO_ACCELERATOR = "mps" if torch.cuda.is_available() else "cuda"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["curve"], "did you mean curves?"),
        (["sine", "--seeds", "1"], "needs at least 2; 3 is usual"),
        (["sine", "--sounds", "8"], "too few for a score"),
        (["start"], "no kicks yet; name folders of kicks"),
        (["sine", "--only", "nothing"], "no row of sine is called so"),
        (["end", "--against", "x"], "name those to train on too"),
        (["published", "--device", NO_ACCELERATOR], f"device {NO_ACCELERATOR}: this PyTorch"),
    ],
)
def test_a_run_that_cannot_be_says_why(words, says, tmp_path, capsys):
    study, *options = words
    assert main(["lab", "run", study, "-o", str(tmp_path / "lab"), *options]) == 2
    assert says in capsys.readouterr().err


def test_too_few_kicks_are_refused(tmp_path, capsys):
    kicks = write_kicks(tmp_path / "kicks", 20)
    assert main(["lab", "run", "end", str(kicks), "-o", str(tmp_path / "lab")]) == 2
    assert "kicks to score against: too few" in capsys.readouterr().err


def test_another_budget_or_other_kicks_need_another_folder(copy, tmp_path):
    with pytest.raises(UserError, match="was begun here with 8 sounds a run, not 3 steps"):
        run_toy(copy, "sine", budget=Budget(steps=3))
    other = licensed(write_kicks(tmp_path / "more", 90, 900), "CC0-1.0")
    with pytest.raises(UserError, match="a laboratory of other kicks"):
        copy.begin(read_kicks([other], [write_kicks(tmp_path / "test", 80, 1500)]))


def test_a_longer_budget_takes_the_place_of_a_shorter_one(copy):
    study, data = toy_study("start"), copy.sounds("kicks")

    def plan(budget: Budget) -> list[str]:
        cells = cells_of("start", study, data, seeds=2, budget=budget, only=["offset 0"], sounds=SOUNDS)
        write_plan(copy, "start", study, cells, budget)
        return [entry["row"] for entry in copy.read_plan("start")["cells"] if entry["source"] == "trained"]

    assert "offset data" in plan(Budget(sounds=16))  # what was not asked for stays
    problem = "offset data: was trained for 8 sounds, and the study for 16 sounds"
    with pytest.raises(UserError, match=problem):
        read_evidence(copy, "start")
    for shorter in (Budget(sounds=8), Budget(steps=900)):
        with pytest.raises(UserError, match="was begun here with 16 sounds a run, not"):
            plan(shorter)


def test_what_a_longer_run_was_heard_at_is_not_trained_again(copy, monkeypatch):
    """The plain row of `upconv` is the DCGAN with the offset of `curves`, of which the first half is asked for here."""
    monkeypatch.setattr("kicklab.make._train", lambda *_: pytest.fail("it was trained"))
    study = toy_study("upconv").model_copy(update={"milestones": (1.0,)})
    assert run_toy(copy, "upconv", study, only=["transposed"], budget=Budget(sounds=STEPS.sounds // 2))

    def first_milestones(study: str, row: str) -> list[dict[str, object]]:
        mine = [entry["id"] for entry in copy.read_plan(study)["cells"] if entry["row"] == row]
        found = [read_json(copy.cell(cell) / "measured.json")["milestones"] for cell in mine]
        assert study == "curves" or all(len(milestones) == 1 for milestones in found)
        return [{key: milestones[0][key] for key in ("steps", "distances", "losses")} for milestones in found]

    assert first_milestones("upconv", "transposed") == first_milestones("curves", "DCGAN with the offset")
    mine = next(line.split() for line in studies_text(copy.path).splitlines() if line.startswith("upconv"))
    assert mine[5:9] == ["2", "of", "27", "runs"]
    assert mine[9] == "0.00"  # that was paid for already


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["listen", "--port", "70000"], "--port 70000: cannot be used (.*); another from 1 to 65535 works"),
        (["listen", "--seed", "-1"], "'-1' is not a whole number of at least 0"),
        (
            ["measure", "swap", "LAB", "-n", "3", "--again"],
            r"-n 3: at least \d+ work, as many as there are unseen kicks",
        ),
    ],
)
def test_a_value_that_cannot_be_is_a_sentence_before_any_work(toy_lab, capsys, words, said):
    folder = [str(toy_lab.path)] if "LAB" in words else ["--lab", str(toy_lab.path)]
    try:
        code = main(["lab", *(word for word in words if word != "LAB"), *folder])
    except SystemExit as error:
        code = error.code
    assert code == 2
    assert re.search(said, capsys.readouterr().err)


def test_results_of_another_version_are_refused(copy):
    copy.results.write_text("a,b\n1,2\n")
    with pytest.raises(UserError, match="not the results of this version"):
        render_paper(copy)


def test_a_cell_that_cannot_be_read_is_named(copy):
    broken = next(copy.path.glob("cells/*/measured.json"))
    broken.write_text("{")
    with pytest.raises(UserError, match=f"{broken.parent.name}.*remove it"):
        _ = [run_toy(copy, study) for study in ROWS]


def test_the_list_says_what_is_done_and_what_it_has_cost(toy_lab, capsys):
    assert main(["lab", "list", "--lab", str(toy_lab.path)]) == 0
    out = capsys.readouterr().out
    trained = [entry for entry in toy_lab.read_plan("sine")["cells"] if entry["source"] == "trained"]
    asked = load_study("sine")
    assert re.search(rf"sine .*\b{len(trained)} of {len(rows_of(asked)) * asked.seeds} runs", out)
    assert float(re.search(r"in all\s+([\d.]+)", out)[1]) > 0  # type: ignore[index]
