"""All scores of a study, for the appendix and for `kick lab table`."""

from __future__ import annotations

import re
from collections.abc import Collection

from markupsafe import Markup

from kickitout.errors import UserError
from kicklab.evidence import Evidence, read_evidence
from kicklab.folder import Lab
from kicklab.markdown import markdown_table
from kicklab.paper.charts import short, tick_text
from kicklab.paper.context import Paper
from kicklab.paper.figures import OPINIONS
from kicklab.paper.milestones import ABOUT, milestone_rows
from kicklab.paper.words import cell, reach, rough, shown, some_dead, span
from kicklab.results import Results, read_results

SCORES = (  # without the classifier of `kick score`: that of `evidence_rows` has whole sources in its folds, and a null
    ("energy", "energy distance [dB]"),
    ("energy_drum-type", "the same by drum types"),
    ("kicks_recognised", "recognised as kicks"),
    ("frechet", "Fréchet distance"),
    ("precision", "precision"),
    ("recall", "recall"),
    ("card_mean_sd", "card [sd]"),
    ("near_duplicates", "near-duplicates"),
)
CLICK_AND_RUMBLE = (
    ("envelopes", "envelopes [dB]"),
    ("lead", "click first [ms]"),
    ("stride_lines_time", "lines in time [dB]"),
    ("stride_lines_frequency", "lines in frequency [dB]"),
)


def score_rows(
    results: Results, study: str, wanted: tuple[tuple[str, str], ...] = SCORES, whole: Collection[str] = ()
) -> tuple[list[str], list[list[str]]]:
    """Head and rows of a table: a line for each row in the order of its file, then the real-vs-real baseline. Of a
    study that has none of the wanted scores it has all that there are. whole: the rows whose seeds are all there; of
    those that are trained no other is shown."""
    scores = [(score, title) for score, title in wanted if results.estimates(study, score)]
    scores = scores or [(name, name) for name in dict.fromkeys(r["score"] for r in results.of(study))]
    rows = []
    for row in results.rows(study):
        runs = list({r["cell"]: r for r in results.of(study, row=row)}.values())
        trained = runs[0]["source"] == "trained"
        if trained and whole and row not in whole:
            continue
        taken = [str(len(runs)), str(round(sum(r["steps"] for r in runs) / len(runs)))] if trained else ["", ""]
        found = (results.over_seeds(study, row, score) for score, _ in scores)
        cells = (cell(one, of_seeds=one is not None and one.trained and one.seeds > 1) for one in found)
        rows.append([shown(row), *taken, *cells])
    beside = [short(results.beside(study, score)) for score, _ in scores]
    head = ["row", "seeds", "steps", *(title for _, title in scores)]
    return head, [*rows, ["real-vs-real baseline", "", "", *beside]]


def evidence_rows(e: Evidence, confirm: Evidence | None = None) -> tuple[list[str], list[list[str]]]:
    """Head and rows of a table: the distance of each row at each milestone, the primary one, that of the milestone
    which is the best here on the sounds that confirm, that after as many minutes as the quickest row took, and who is
    alive."""
    seen = next(iter(e.rows.values())).seen
    head = ["row", "seeds", *(f"{n:,}" for n in seen), "mean of the last", "nearest at, confirmed", "core-minutes",
            f"after {short(e.equal_minutes())} of them", "alive",
            "C2ST against those that confirm (p)", "critic on train, unseen, made"]  # fmt: skip
    rows = []
    for row, runs in e.rows.items():
        mixed = some_dead(e, row)
        at = [cell(reach(e, row, i), of_seeds=mixed) for i in range(len(runs.seen))]
        opinions = [run[-1]["critic"] for run in runs.logs if run[-1]["critic"]]
        said = [tick_text(round(sum(o[kind]["logit"] for o in opinions) / len(opinions), 1) + 0.0) for kind in OPINIONS
                if opinions]  # fmt: skip
        ends = [run[-1]["told_apart"] for run in runs.logs if "told_apart" in run[-1]]
        apart = "–"
        if ends:
            right, p = (span([end[key] for end in ends], rough) for key in ("accuracy", "p"))
            apart = f"{right} ({p})"
        best = e.best(row)
        again = reach(confirm, row, best) if confirm and row in confirm.rows else None
        nearest = Markup("{}: {}").format(f"{runs.seen[best]:,}", cell(again, of_seeds=mixed))
        taken = [short(float(e.minutes(row)[-1])), short(e.distance_after(row, e.equal_minutes()))]
        whole = [cell(reach(e, row), of_seeds=mixed), nearest, *taken, f"{e.alive(row):.0%}", apart, ", ".join(said)]
        rows.append([shown(row), str(len(runs.values)), *at, *whole])
    return head, rows


def study_table(lab: Lab, study: str) -> str:
    """A study in Markdown: its distances where there is evidence, then its scores, and which of its rows are not whole.
    Raises UserError for a study of which nothing was measured."""
    results = Results(read_results(lab))
    if not results.rows(study):
        raise UserError(f"{lab.path}: nothing of {study} is measured; kick lab run {study} -o {lab.path} does it")
    paper = Paper(lab, None, "none")
    e = paper.evidence(study)
    if e is None:
        return markdown(*score_rows(results, study))
    parts = [evidence_rows(e, paper.evidence(study, "confirm")), score_rows(results, study, whole=e.rows)]
    left_out = [f"Left out: {'; '.join(e.problems)}."] if e.problems else []
    return "\n\n".join([*(markdown(*part) for part in parts), *left_out])


def milestones_table(lab: Lab, study: str) -> str:
    """What the runs of a study were like on their way, in Markdown. Raises UserError where nothing of it is whole."""
    return markdown(*milestone_rows(read_evidence(lab, study)))


def markdown(head: list[str], rows: list[list[str]]) -> str:
    """A table in Markdown."""
    plain = [[re.sub("<.*?>", "", text) for text in line] for line in (head, *rows)]
    return "\n".join(markdown_table(plain[0], plain[1:]))


def appendix(paper: Paper, studies: dict[str, Evidence]) -> list[Markup]:
    """Two tables a study: distances, and all scores at the end."""
    found, results = [], Results(read_results(paper.lab))
    for study, e in studies.items():
        low, high = e.unseen.band
        found.append(paper.table(
            f"table-{study}", *evidence_rows(e, paper.evidence(study, "confirm")),
            f"{study}: distance to unseen sources [dB] by sounds seen, 95 % intervals; of a row with dead seeds "
            f"its nearest and farthest seed in parentheses; halves of the real sources lie "
            f"at {short(low)} to {short(high)}. Nearest at: the milestone at which a row lies nearest here, over all "
            "its seeds, with its distance to the sounds that confirm. Core-minutes are of training, with whatever "
            "else the machine did; beside them the distance after as many as the quickest row took, read off between "
            "milestones.",
        ))  # fmt: skip
        scores = score_rows(results, study, (*SCORES, *CLICK_AND_RUMBLE), whole=e.rows)
        found.append(
            paper.table(
                f"scores-{study}",
                *scores,
                f"{study}: scores at the end of the budget: of what is trained the median of "
                "its seeds, with the least and the greatest in parentheses, of the rest the value with its interval.",
            )
        )
        if study == "curves":
            found.append(paper.table("milestones-curves", *milestone_rows(e), f"{study}: {ABOUT}"))
    return found
