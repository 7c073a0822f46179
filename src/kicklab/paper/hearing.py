"""What was generated: spectrograms beside real ones, walks through latents, players, and votes."""

from __future__ import annotations

from typing import Any

import numpy as np

from kicklab.folder import Lab
from kicklab.listening import read_votes, tally
from kicklab.paper.context import PAPER_PARTS, Paper, section
from kicklab.paper.images import player, spectrogram_grid
from kicklab.paper.words import counted, listed, missing, name
from kicklab.results import Results, read_results

STUDY = "shortcomings"
ACROSS = 7  # spectrograms a row
PLACES = ("best", "median", "worst")


def hearing(paper: Paper) -> str:
    study = next((s for s in (STUDY, "patterns", "data", "upconv") if paper.has(s)), None)
    if study is None:
        title = paper.study(STUDY).title
        return section("hearing", "5 What was generated", missing(title, STUDY))
    grid, walks, heard = _grid(paper, study), _walks(paper, study), players(paper, study)
    text = (
        f"{paper.ref('fig-grid')} shows the first sounds of each row beside real kicks. A row whose sounds are all "
        "alike has collapsed."
    )
    if walks:
        text += f" In {paper.ref('fig-walks')} a walk from one to another shows whether kicks lie between them."
    if "table-players" in heard:
        text += f" Spectrograms do not show phase; {paper.ref('table-players')} plays the sounds."
    return section("hearing", "5 What was generated", text, grid, walks, heard, votes(paper))


def _first_entry(paper: Paper, study: str, row: str, lab: Lab) -> dict[str, Any] | None:
    found = paper.entries(study, row, lab)
    return found[0] if found else None


def _rows_of(paper: Paper, study: str, lab: Lab, *sources: str) -> list[str]:
    if lab is paper.lab:
        return paper.results.rows(study, *sources)
    return Results(read_results(lab)).rows(study, *sources)


def _grid(paper: Paper, study: str) -> str:
    kicks = paper.data
    assert kicks is not None  # the study has results of kicks
    at = np.linspace(0, len(kicks.test) - 1, ACROSS).astype(int)
    rows = [("real (test)", [kicks.test.waves[i] for i in at])]
    for row in [*paper.results.rows(study, "procedural", "augmented"), *paper.results.rows(study, "trained")]:
        entry = _first_entry(paper, study, row, paper.lab)
        if entry is not None:
            rows.append((row, list(paper.made(entry)["waves"][:ACROSS])))
    art = spectrogram_grid(rows, "spectrograms of real and generated kicks")
    caption = (
        "Spectrograms, real above generated: the first sounds of the first seed of each row, not chosen. 30 Hz to 18 "
        "kHz, 70 dB."
    )
    return paper.figure("fig-grid", art, caption, wide=True)


def _walks(paper: Paper, study: str) -> str:
    rows = []
    for row in paper.results.rows(study, "trained"):
        entry = _first_entry(paper, study, row, paper.lab)
        walk = paper.made(entry).get("walk") if entry is not None else None
        if walk is not None:
            rows.append((row, list(walk)))
    if not rows:
        return ""
    art = spectrogram_grid(rows, "walks through the latents", ["seed 0", *[""] * (len(rows[0][1]) - 2), "seed 1"])
    caption = "Walks through the latents: from the noise of seed 0 to that of seed 1 on a great circle, in equal steps."
    return paper.figure("fig-walks", art, caption, wide=True)


def players(paper: Paper, study: str) -> str:
    """The best, the median and the worst sound of each row, of those whose licences let them be passed on."""
    lab = paper.played_lab
    if paper.sounds == "none":
        return "<p>This copy of the page has no players.</p>"
    allowed = [source for source in ("procedural", "trained") if paper.may_play(source, lab)]
    silent = (
        ""
        if "trained" in allowed
        else "<p>This page plays no sounds of the models: some of their training kicks have no licence that lets their "
        "sound be passed on. <code>kick lab paper --sounds all</code> makes a page with them, for "
        "oneself; models trained on free kicks alone are played with <code>--listen-to</code>.</p>"
    )
    rows = []
    if paper.may_play("test", lab):
        waves = lab.sounds("kicks").test.waves
        rows.append(
            _player_row(paper, "real (test)", [waves[i] for i in np.linspace(0, len(waves) - 1, 3).astype(int)])
        )
    for row in [row for source in allowed for row in _rows_of(paper, study, lab, source)]:
        entry = _first_entry(paper, study, row, lab)
        if entry is None:
            continue
        waves, order = paper.made(entry, lab)["waves"], np.argsort(paper.curves(entry, lab)["away"], kind="stable")
        chosen = [waves[int(order[i])] for i in (0, len(order) // 2, len(order) - 1)]
        rows.append(_player_row(paper, row, chosen))
    if not rows:
        return silent
    where = "" if lab is paper.lab else " They come from another laboratory, whose models learned from other kicks."
    table = paper.table(
        "table-players", ["row", *PLACES], rows,
        "To listen: the best, the median and the worst sound of the first seed of each row, by its mean distance to "
        f"the five nearest test kicks. All have the same peak.{where}",
    )  # fmt: skip
    return f"{silent}{table}"


def _player_row(paper: Paper, row: str, waves: list[np.ndarray]) -> list[str]:
    cells = []
    for place, wave in zip(PLACES, waves, strict=True):
        paper.players += 1
        cells.append(player(wave, f"player-{paper.players}", f"{row}, {place}"))
    return [row, *cells]


def votes(paper: Paper) -> str:
    """What listeners chose, if anybody has."""
    found = read_votes(paper.played_lab)
    if not found:
        return (
            "<p>Nobody has listened yet: <code>kick lab listen</code> opens a page for blind comparisons, whose "
            "votes this section will hold.</p>"
        )
    listeners = len({v["listener"] for v in found})
    results = tally(found)
    against_real = [t for t in results if "real" in (t.a, t.b)]
    told = []
    for t in against_real:
        if t.chosen + t.other == 0:
            continue
        low, high = t.interval
        if low > 0.5:
            verdict = "is chosen more often than the real kick"
        elif high < 0.5:
            verdict = "is chosen less often than the real kick"
        else:
            verdict = "is not shown to be chosen more or less often than the real kick"
        told.append(f"{name(t.a)} {verdict} ({t.chosen} of {t.chosen + t.other})")
    rows = [
        [t.a, t.b, str(t.chosen), str(t.other), str(t.neither),
         PAPER_PARTS.with_interval(*(f"{v:.2f}" for v in (t.share, *t.interval))) if t.chosen + t.other else "–"]
        for t in results
    ]  # fmt: skip
    table = paper.table("table-votes", ["a", "b", "a chosen", "b chosen", "no difference heard", "share of a"], rows,
                        "Blind comparisons: which of two sounds is the better kick drum. Share of those who chose, "
                        "with "
                        "Wilson’s 95 % interval.")  # fmt: skip
    sentence = (
        f"<b>By ear.</b> {counted(listeners, 'listener')} made {counted(len(found), 'comparison')}, blind and at equal "
        "loudness. " + (f"Against real kicks: {listed(told)}." if told else "")
    )
    return f"<p>{sentence}</p>{table}"
