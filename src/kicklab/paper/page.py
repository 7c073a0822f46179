"""The paper: an answer, findings with a figure and numbers each, and all tables behind them, in one file.

A finding that is not there is left out. Sentences that rank are computed from the results (`words`); the rest of the
text is in `templates/page.html`.
"""

from __future__ import annotations

import contextlib
import csv
from collections.abc import Callable
from html import escape
from operator import attrgetter
from typing import Any

import numpy as np
from markupsafe import Markup

from kickitout._version import __version__
from kickitout.errors import UserError
from kickitout.training.config import TrainingConfig
from kicklab.evidence import Evidence, Row, read_unseen
from kicklab.folder import Lab
from kicklab.html import filled_page
from kicklab.listening import read_votes, tally
from kicklab.paper import figures
from kicklab.paper.answers import swap_answered, swap_brief
from kicklab.paper.context import PAPER_PARTS, Paper, Sounds, literature
from kicklab.paper.findings import INTRODUCTIONS, finding, missing_studies, whole_studies
from kicklab.paper.images import player
from kicklab.paper.phases import SWAP_TITLE, swap_figure, swap_sentences
from kicklab.paper.tables import appendix
from kicklab.paper.trial import ABOUT_TRIAL, TRIAL_TITLE, read_trial, trial_answered, trial_sentences
from kicklab.paper.words import counted, listed, shown
from kicklab.study import load_study, rows_of
from kicklab.swap import read_swap

TITLE = "Can a DCGAN learn the click and the rumble of a kick drum, and what stops it?"
PLACES = ("first", "second", "third")
OFFSET = (
    "Offsets are constants under the tanh: 0 begins at mid-grey, data at silence. Alive: quiet tails, within 10 dB."
)
ABOUT_SWAP = (
    "Nothing is trained here. Levels of real kicks and of what a model makes get a phase that is kept, and one that "
    "Griffin-Lim rebuilds."
)
ArtOf = Callable[[Paper, str, Evidence], list[str]]


def _curves(paper: Paper, study: str, e: Evidence) -> list[str]:
    return [
        figures.distances(paper, e, f"fig-{study}", *figures.critic(e)),
        figures.milestone_grid(paper, e, f"fig-{study}-sounds"),
    ]


def _start(paper: Paper, study: str, e: Evidence) -> list[str]:
    return [figures.distances(paper, e, f"fig-{study}", *figures.travel(e))]


def _ancestor(paper: Paper, study: str, e: Evidence) -> list[str]:
    return [figures.losses(paper, e, f"fig-{study}", [row for pair in e.study.contrasts for row in pair])]


def _upconv(paper: Paper, study: str, e: Evidence) -> list[str]:
    return [figures.lines_by_sounds(paper, e, f"fig-{study}")]


def _none(paper: Paper, study: str, e: Evidence) -> list[str]:
    return []  # its table says it: with that of `swap` the paper has six figures


TOGETHER = {  # settings of the row of all changes, as they are said where the plain row has others
    "objective": "the {} loss",
    "r1": "R1 with a weight of {:g}",
    "model.critic_norm": "no batch norm in its critic",
    "model.upsampling": "{} up-sampling",
    "augment.probability": "augmentation of {:.0%} of what the critic sees",
    "model.prior": "latents from a {} distribution",
    "model.channels": "at most {} maps",
    "model.least_channels": "{} of them in the last layer",
}
ART: dict[str, ArtOf] = {"curves": _curves, "start": _start, "ancestor": _ancestor, "upconv": _upconv}


def render_paper(lab: Lab, listen_to: Lab | None = None, *, sounds: Sounds = "free") -> bytes:
    """The paper as HTML. Raises UserError where there are no results."""
    paper = Paper(lab, listen_to, sounds)
    whole = whole_studies(paper)
    parts, abstract = [], []
    for study, e in whole.items():
        confirm = paper.evidence(study, "confirm")
        found, art = finding(study, e, confirm), ART.get(study, _none)(paper, study, e)
        parts.append({
            "study": study, "title": found.title, "art": art, "text": Markup(f"{INTRODUCTIONS[study]} {found.brief}"),
            "details": Markup(f"{' '.join(found.details)} ({paper.ref(f'table-{study}')})"),
            "contrasts": [Markup(one) for one in found.contrasts], "remarks": Markup(" ".join(found.remarks)),
        })  # fmt: skip
        abstract.append(found.first)
    if swapped := read_swap(lab):
        answer, said = swap_answered(swapped), swap_sentences(swapped)
        abstract.append(swap_brief(swapped))
        parts.append({
            "study": "swap", "title": SWAP_TITLE, "art": [swap_figure(paper, swapped)],
            "text": Markup(f"{ABOUT_SWAP} {answer}"),
            "details": Markup(f"{' '.join(said)} ({paper.ref('fig-swap')})"),
            "contrasts": [], "remarks": "",
        })  # fmt: skip
    if compared := read_trial(lab):
        details = Markup(" ".join(trial_sentences(compared)))
        text = Markup(f"{ABOUT_TRIAL} {trial_answered(compared)}")
        parts.append({"study": "critics", "title": TRIAL_TITLE, "art": [], "text": text, "details": details,
                      "contrasts": [], "remarks": ""})  # fmt: skip
    if any("offset" in said for said in abstract):
        abstract.insert(1, OFFSET)
    values: dict[str, Any] = {
        "abstract": Markup(" ".join(filter(None, abstract))), "parts": _parts(paper),
        "plain": _row_of("DCGAN"), "specgan": _row_of("SpecGAN", "start"), "unconfirmed": _unconfirmed(whole),
        "findings": parts, "absent": _absent(whole), "together": _together(), "kickae": _row_of("KickAE"),
        "appendix": [*_players(paper, whole), *_votes(paper), *appendix(paper, whole)],
        "same": _same_runs(whole),
    }  # fmt: skip
    page = filled_page("page.html", title=TITLE, version=__version__, cite=paper.cite, cited=paper.cited,
                       literature=literature(), **values)  # fmt: skip
    return paper.with_numbers(page.decode()).encode()


def _row_of(name: str, study: str = "curves") -> TrainingConfig:
    """The settings of a row."""
    return next(row for row in rows_of(load_study(study)) if row.name == name).resolved(0)


def _unconfirmed(whole: dict[str, Evidence]) -> Markup:
    """How many runs were not scored against the sounds that confirm, of which study; empty where all were."""
    found = {
        study: sum("confirmed" not in run[-1] for runs in e.rows.values() for run in runs.logs)
        for study, e in whole.items()
    }
    told = [f"{counted(n, 'run')} of <i>{study}</i>" for study, n in found.items() if n]
    return Markup(listed(told) if told else "")


def _together() -> str:
    """What else the row of all changes has, beside its representation, where the plain one has it otherwise."""
    plain, row = _row_of("DCGAN"), _row_of("all together, sub-bands")
    settings = ((attrgetter(path), said) for path, said in TOGETHER.items())
    return listed([said.format(of(row)) for of, said in settings if of(row) != of(plain)])


def _absent(whole: dict[str, Evidence]) -> list[str]:
    """Studies without a whole row, and of the others the rows that are not whole."""
    found = missing_studies(whole)
    for study, e in whole.items():
        if lacking := [row.name for row in rows_of(e.study) if row.name not in e.rows]:
            found.append(f"of {study} {listed([f'<i>{escape(shown(row))}</i>' for row in lacking])}")
    return [Markup(one) for one in found]


def _parts(paper: Paper) -> dict[str, tuple[int, int]]:
    """How many sounds are learned from, and sounds and sources of what is scored against, and of what confirms."""
    found = {"train": (_learned(paper.lab), 0)}
    for part in ("test", "confirm"):
        with contextlib.suppress(UserError):
            sources = read_unseen(paper.lab, part).sources
            found[part] = len(sources), len(set(sources.tolist()))
    return found


def _learned(lab: Lab) -> int:
    """How many kicks are learned from."""
    if lab.has_kicks:
        return len(lab.sounds("kicks").train)
    with open(lab.path / "parts.csv", encoding="utf-8", newline="") as file:
        return sum(row["part"] == "train" for row in csv.DictReader(file))


def _same_runs(whole: dict[str, Evidence]) -> list[str]:
    """Rows of several studies that are the same runs under another name: of the same settings, and trained once."""
    found: dict[tuple[object, ...], list[list[tuple[str, Row]]]] = {}
    for study, e in whole.items():
        for row in rows_of(e.study):
            if row.name in e.rows:
                settings = row.resolved(0).model_dump_json(), row.kicks, row.more, e.study.data
                runs, alike = e.rows[row.name], found.setdefault(settings, [])
                same = next((rows for rows in alike if _trained_once(rows[0][1], runs)), None)
                if same is None:
                    alike.append(same := [])
                same.append((f"{row.name} ({study})", runs))
    return [listed([name for name, _ in rows]) for alike in found.values() for rows in alike if len(rows) > 1]


def _trained_once(a: Row, b: Row) -> bool:
    """Whether two rows lie equally far, seed by seed, where both have a milestone."""
    both = sorted(set(a.seen) & set(b.seen))
    here, there = (row.values[:, [row.seen.index(sounds) for sounds in both], 0] for row in (a, b))
    return bool(both) and here.shape == there.shape and np.allclose(here, there, rtol=1e-3, atol=1e-3)


def _players(paper: Paper, whole: dict[str, Evidence]) -> list[str]:
    """The first sounds of each row, of models whose kicks may be passed on."""
    if not paper.players:
        return [Markup(
            "<p>This page plays no sounds of the models: some of their training kicks have no licence that lets their "
            "sound be passed on, or players were not asked for. <code>kick lab paper --sounds all</code> makes a page "
            "with them, for oneself.</p>"
        )]  # fmt: skip
    names: dict[tuple[bytes, ...], list[str]] = {}  # rows of several studies can be the same runs
    for study, e in whole.items():
        for row in e.rows:
            if files := paper.players.get((study, row)):
                names.setdefault(files, []).append(row)
    rows = [
        [listed(mine), *(player(file, f"player-{at}-{i}", f"{mine[0]}, {i}") for i, file in enumerate(files))]
        for at, (files, mine) in enumerate(names.items())
    ]
    caption = "To listen: the first sounds of each row’s first seed, not chosen."
    if paper.played_lab is not paper.lab:
        learned = _learned(paper.played_lab)
        caption += f" They come from another laboratory, of models that learned from {learned} kicks."
    return [paper.table("table-players", ["row", *PLACES], rows, caption)] if rows else []


def _votes(paper: Paper) -> list[str]:
    """What listeners chose, if anybody has."""
    found = read_votes(paper.played_lab)
    if not found:
        return []
    rows = [
        [t.a, t.b, str(t.chosen), str(t.other), str(t.neither),
         PAPER_PARTS.with_interval(*(f"{v:.2f}" for v in (t.share, *t.interval))) if t.chosen + t.other else "–"]
        for t in tally(found)
    ]  # fmt: skip
    made = f"{counted(len({v['listener'] for v in found}), 'listener')} made {counted(len(found), 'comparison')}"
    head = ["a", "b", "a chosen", "b chosen", "no difference heard", "share of a"]
    return [paper.table("table-votes", head, rows, f"{made}, blind and at equal loudness; Wilson’s 95 % interval.")]
