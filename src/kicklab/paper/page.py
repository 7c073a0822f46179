"""The page: sections in their order, in one file that needs no other."""

from __future__ import annotations

import re
from html import unescape

from markupsafe import Markup

from kicklab.folder import Lab
from kicklab.html import filled_page
from kicklab.paper import closing, front, hearing, method
from kicklab.paper.ablation import ablation, ablation_finding
from kicklab.paper.context import Paper, Sounds, literature, section
from kicklab.paper.data_study import data_study, data_study_finding
from kicklab.paper.patterns import patterns, patterns_finding
from kicklab.paper.shortcomings import shortcomings, shortcomings_finding
from kicklab.paper.sine import sine, sine_finding
from kicklab.paper.upconv import upconv, upconv_finding

SECTIONS = (shortcomings, upconv, sine, patterns, data_study, ablation)
STUDY_FINDINGS = {
    "shortcomings": shortcomings_finding,
    "upconv": upconv_finding,
    "sine": sine_finding,
    "patterns": patterns_finding,
    "data": data_study_finding,
    "ablation": ablation_finding,
}


def findings(lab: Lab) -> str:
    """What was found, five lines of Markdown; that on KickGAN alone is left to the paper.

    Reads results.csv and the plans, and no sounds. Raises UserError where there are no results.
    """
    paper = Paper(lab, None, "none")
    lines = []
    for name in list(STUDY_FINDINGS)[:5]:
        title = paper.study(name).title
        said = front.brief(paper, STUDY_FINDINGS, name) if paper.has(name) else "Not run yet."
        lines.append(f"- **{title}.** {unescape(re.sub('<.*?>', '', re.sub('</?em>', '*', said)))}")
    return "\n".join(lines)


def render_paper(lab: Lab, listen_to: Lab | None = None, *, sounds: Sounds = "free") -> bytes:
    """The paper as HTML. Raises UserError where there are no results."""
    paper = Paper(lab, listen_to, sounds)
    abstract = Markup(front.abstract(paper, STUDY_FINDINGS))
    parts = [front.introduction(paper), front.related(paper), method.methodology(paper)]
    parts.append(section("results", "4 Results", *(part(paper) for part in SECTIONS)))
    parts += [hearing.hearing(paper), closing.discussion(paper), closing.conclusion(paper)]
    cited = {key: literature()[key] for key in paper.cited}
    page = filled_page(
        "page.html", title=front.TITLE, origin=front.origin(paper), abstract=abstract, parts=parts, references=cited
    )  # fmt: skip
    return paper.with_numbers(page.decode()).encode()
