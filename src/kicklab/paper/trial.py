"""Do critics help our own model? Sentences of what the cells of that trial say; they change with the results."""

from __future__ import annotations

from collections.abc import Sequence

from kickitout.errors import count
from kicklab.critics_trial import FALL, TRIED, Comparison, comparisons, read_cells
from kicklab.folder import Lab
from kicklab.markdown import with_interval
from kicklab.paper.words import listed

TRIAL_TITLE = "Do critics help an auto-encoder of kicks?"
ABOUT_TRIAL = (
    "KickAE, our own model, is an auto-encoder with a prior; no critic has trained it. From one converged checkpoint, "
    "of no run of the studies above, training goes on in three ways: as it is, with small critics, and towards the "
    "features of critics that have learned first and are frozen. What each makes is scored against recordings of "
    "unseen sources, in folds of whole sources. A rule was written down before there was a result: critics are kept if "
    f"they lower the accuracy of classifier two-sample tests (C2ST), their mean, by {FALL}, with an interval below 0, "
    "and make neither near-duplicates nor recall worse."
)


def read_trial(lab: Lab) -> list[Comparison]:
    """The comparisons of a laboratory's trial; none where it has no such cells."""
    return comparisons(read_cells(lab.critics)[1]) if any(lab.critics.glob("*.json")) else []


def trial_answered(compared: Sequence[Comparison]) -> str:
    """What the rule says of all comparisons together."""
    arms = {arm: [one for one in compared if one.name.startswith(arm)] for arm in TRIED}
    kept = [arm for arm, found in arms.items() if found and all(one.enough and not one.worse for one in found)]
    fewer = f"lower the accuracy of C2ST by {FALL}"
    if kept:
        return f"Critics that join a converged KickAE {fewer} at no cost ({listed(kept)})."
    if all(one.excluded for one in compared):
        return f"Critics that join a converged KickAE do not {fewer}."
    return f"Whether critics that join a converged KickAE {fewer} at no cost is not shown."


def trial_sentences(compared: Sequence[Comparison]) -> list[str]:
    """By how much the accuracy moves in each, and what is worse."""
    moved = [f"{with_interval(*one.told, '+.3f')} ({one.name})".replace("-", "\N{MINUS SIGN}") for one in compared]
    seeds = sorted({len(one.arm) for one in compared})
    steps = max(reading["steps"] for one in compared for reading in one.arm)
    said = [f"After {count(steps, 'step')} the accuracy moves by {listed(moved)}, with "
            f"{listed([count(n, 'seed') for n in seeds])}."]  # fmt: skip
    said += [f"Worse with {one.name}: {listed(one.worse)}." for one in compared if one.worse]
    return said
