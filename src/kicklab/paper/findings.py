"""What was found in each study: its answer, details, the contrasts that were named beforehand, and remarks on them.

The paper has them as paragraphs and a list, the pages of this project as items.
"""

from __future__ import annotations

import re
from html import unescape
from typing import NamedTuple

from kickitout.errors import UserError
from kicklab.evidence import Evidence
from kicklab.folder import Lab
from kicklab.paper.answers import answer_of, swap_answered
from kicklab.paper.context import Paper
from kicklab.paper.phases import SWAP_TITLE, swap_sentences
from kicklab.paper.trial import TRIAL_TITLE, read_trial, trial_answered, trial_sentences
from kicklab.paper.words import baseline_told, contrasts_told, remarks_on
from kicklab.study import load_study
from kicklab.swap import read_swap

INTRODUCTIONS = {  # studies with findings, the answer first, and what is to be known before their sentences
    "curves": "All rows have seen as many sounds; the core-minutes of each are in the results.",
    "start": "A third of the cells of real spectrograms is exactly silence, −1 on the scale of what is "
    "learned, and the generator begins at mid-grey, which may be all that its critic needs to tell.",
    "ancestor": "The first draft of this work reported losses that flatten after some epochs, at 0.6931 and 0.478, and "
    "sounds that are nearly alike. It asked the right question, and its features and audio pipeline stand; its public "
    "code ends the critic in a sigmoid and takes the loss on logits, which applies another, with labels smoothed "
    "upwards. For a critic that is sure, these losses follow in closed form, and what reaches the generator vanishes "
    "with the slope of the first sigmoid. The network was rebuilt from its facts.",
    "end": "The rows differ in how many kicks are learned from.",
    "upconv": "The rows differ in how the generator doubles its grid, and in a loss on the spectrum of what it makes.",
    "published": "The network has as many maps as the published one, and its batches.",
}


class StudyFinding(NamedTuple):
    """What is said of a study, in HTML. brief: its answer; details: of it, and of its baseline; contrasts: those named
    beforehand; remarks: on these."""

    title: str
    brief: str
    details: list[str]
    contrasts: list[str]
    remarks: list[str]

    @property
    def first(self) -> str:
        """What stands for it where there is one sentence alone; empty where nothing is said."""
        return next(filter(None, [self.brief, *self.contrasts, *self.details, *self.remarks]), "")


def finding(study: str, e: Evidence, confirm: Evidence | None) -> StudyFinding:
    """That of a study with evidence, and the same by the sounds that confirm."""
    brief, *details = answer_of(study, e, confirm) or [""]
    details += baseline_told(e)
    return StudyFinding(e.study.title, brief, details, contrasts_told(e, confirm), remarks_on(e))


def whole_studies(paper: Paper) -> dict[str, Evidence]:
    """The studies that have evidence. Raises UserError where none has, with why."""
    found = {study: paper.evidence(study) for study in INTRODUCTIONS}
    whole = {study: e for study, e in found.items() if e is not None}
    if not whole:
        why = [said for said in paper.known.values() if isinstance(said, str)]
        raise UserError(f"no results yet; kick lab run start -o {paper.lab.path} DATA makes some ({why[0]})")
    return whole


def missing_studies(whole: dict[str, Evidence]) -> list[str]:
    """The titles of studies that have none."""
    return [load_study(study).title for study in INTRODUCTIONS if study not in whole]


def findings(lab: Lab) -> str:
    """All of them as Markdown: an item for each study, and items below it. Raises UserError where nothing of any is
    whole."""
    paper = Paper(lab, None, "none")
    found = [finding(study, e, paper.evidence(study, "confirm")) for study, e in whole_studies(paper).items()]
    if swapped := read_swap(lab):
        found.append(StudyFinding(SWAP_TITLE, swap_answered(swapped), swap_sentences(swapped), [], []))
    if compared := read_trial(lab):
        found.append(StudyFinding(TRIAL_TITLE, trial_answered(compared), trial_sentences(compared), [], []))
    return "\n".join(_item(one) for one in found)


def _item(one: StudyFinding) -> str:
    title = one.title if one.title.endswith("?") else f"{one.title}."
    lines = [f"- **{title}** {_plain(one.brief)}".rstrip(), *(f"  - {_plain(said)}" for said in one.details)]
    if one.contrasts:
        lines += ["  - Named beforehand:", *(f"    - {_plain(said)}" for said in one.contrasts)]
    return "\n".join([*lines, *(f"  - {_plain(said)}" for said in one.remarks)])


def _plain(said: str) -> str:
    """HTML of a sentence as Markdown."""
    return unescape(re.sub("<.*?>", "", re.sub("</?em>", "*", said)))
