"""What the sections of the paper share: the results, numbered figures and tables, references, and what was made."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property, lru_cache
from importlib.resources import files
from typing import Any, Literal, NamedTuple

import numpy as np
import yaml
from markupsafe import Markup

from kickitout.settings import checked
from kicklab.data import FREE, LabData
from kicklab.folder import Lab, read_arrays, read_json
from kicklab.html import macros
from kicklab.make import from_16_bits, made_path
from kicklab.results import Estimate, Results, read_results
from kicklab.study import Study, load_study, study_names

FAMILIES = ("wavegan", "specgan", "drumgan", "kickgan")
PAPER_PARTS = macros("parts.html")
Sounds = Literal["free", "all", "none"]


class Citation(NamedTuple):
    """One reference. doi: without the resolver."""

    authors: str
    year: int
    title: str
    place: str
    doi: str


@lru_cache
def literature() -> dict[str, Citation]:
    """Key -> reference, of literature.yaml."""
    data = yaml.safe_load((files("kicklab.paper") / "literature.yaml").read_text("utf-8"))
    return {key: Citation(**fields) for key, fields in data.items()}


class Paper:
    """One laboratory as it is now, and the page that is being written."""

    def __init__(self, lab: Lab, listen_to: Lab | None, sounds: Sounds) -> None:
        self.lab, self.sounds = lab, sounds
        self.played_lab = listen_to or lab  # whose sounds are played
        self.results = Results(read_results(lab))
        self.plans: dict[str, dict[str, Any]] = {}
        for name in study_names():
            plan = lab.read_plan(name)
            if plan is not None:
                self.plans[name] = plan
        self.figures: list[str] = []
        self.tables: list[str] = []
        self.cited: list[str] = []
        self.players = 0

    # -- what was asked and found -------------------------------------------------------------------------------------

    def study(self, name: str) -> Study:
        """The study as it was begun, or as it would be."""
        return checked(Study, self.plans[name]["study"], f"plan {name}") if name in self.plans else load_study(name)

    def has(self, name: str) -> bool:
        """Whether something was trained and measured for a study."""
        return name in self.plans and self.results.has(name)

    def estimate(self, study: str, row: str, score: str, share: float = 1.0) -> Estimate | None:
        return self.results.estimate(study, row, score, share)

    def ceiling_of(self, study: str, row: str) -> str | None:
        """The row of the ceiling of a row's representation."""
        found = self.results.of(study, row=row)
        name = f"ceiling of {found[0]['representation']}" if found else ""
        return name if name in self.results.rows(study) else None

    def style(self, study: str, row: str) -> int:
        """The colour of a row: of a DCGAN with one change, with all, of another model family, or without learning."""
        found = self.results.of(study, row=row)
        if not found or found[0]["source"] != "trained":
            return 3
        config = found[0]["config"]
        return 2 if config in FAMILIES else 1 if config in ("dcgan-stft", "dcgan-bands") else 0

    @cached_property
    def data(self) -> LabData | None:
        """The kicks; None where only tones were studied."""
        return self.lab.sounds("kicks") if self.lab.has_kicks else None

    # -- what was made ------------------------------------------------------------------------------------------------

    def entries(self, study: str, row: str, lab: Lab | None = None) -> list[dict[str, Any]]:
        """The measured cells of a row, by seed."""
        lab = lab or self.lab
        plan = self.plans.get(study) if lab is self.lab else lab.read_plan(study)
        found = [e for e in (plan or {"cells": []})["cells"] if e["row"] == row]
        return sorted((e for e in found if (lab.cell(e["id"]) / "measured.json").exists()), key=lambda e: e["seed"])

    def point(self, entry: dict[str, Any], lab: Lab | None = None) -> dict[str, Any]:
        """What is known of a cell at the end of its budget."""
        return read_json((lab or self.lab).cell(entry["id"]) / "measured.json")["milestones"][-1]

    def made(self, entry: dict[str, Any], lab: Lab | None = None) -> dict[str, np.ndarray]:
        """What a cell generated at the end; sounds as float32."""
        folder = (lab or self.lab).cell(entry["id"])
        last = len(read_json(folder / "measured.json")["milestones"]) - 1
        arrays = read_arrays(made_path(folder, last))
        return {k: from_16_bits(v) if v.dtype == np.int16 else v for k, v in arrays.items()}

    def curves(self, entry: dict[str, Any], lab: Lab | None = None) -> dict[str, np.ndarray]:
        """What was measured of each sound of a cell at the end."""
        folder = (lab or self.lab).cell(entry["id"])
        last = len(read_json(folder / "measured.json")["milestones"]) - 1
        return read_arrays(folder / f"curves-{last}.npz")

    def mean_curve(self, study: str, row: str, name: str) -> np.ndarray | None:
        """A curve of a row, averaged over its seeds; None where there is none."""
        found = [self.curves(e).get(name) for e in self.entries(study, row)]
        known = [c for c in found if c is not None]
        return np.mean(known, axis=0) if known else None

    def may_play(self, source: str, lab: Lab) -> bool:
        """Whether sounds of a source may be on the page: "procedural" always, others if they come from free ones."""
        if self.sounds == "none":
            return False
        if self.sounds == "all" or source == "procedural":
            return True
        if not lab.has_kicks:
            return False
        rows = lab.sounds("kicks").test.rows if source == "test" else lab.sounds("kicks").train.rows
        return all(str(row.licence).lower() in FREE for row in rows)

    # -- the page -----------------------------------------------------------------------------------------------------

    def cite(self, *keys: str) -> str:
        """Numbers of references, in the order of their first mention."""
        for key in keys:
            if key not in literature():
                raise KeyError(key)
            if key not in self.cited:
                self.cited.append(key)
        places = sorted((self.cited.index(key) + 1, key) for key in keys)
        return "[" + ", ".join(f'<a href="#ref-{key}">{i}</a>' for i, key in places) + "]"

    def figure(self, identity: str, content: str, caption: str, *, wide: bool = False) -> Markup:
        """A numbered figure; content and caption are HTML."""
        self.figures.append(identity)
        return PAPER_PARTS.figure(identity, len(self.figures), Markup(content), Markup(caption), wide)

    def table(self, identity: str, head: Sequence[str], rows: Sequence[Sequence[str]], caption: str,
              *, wide: bool = False, groups: Sequence[int] = ()) -> Markup:  # fmt: skip
        """A numbered table; cells that are no Markup are escaped. groups: rows before which a line is drawn."""
        self.tables.append(identity)
        return PAPER_PARTS.table(identity, len(self.tables), head, rows, Markup(caption), wide, groups)

    def ref(self, identity: str) -> str:
        """A link to a figure or table; its number is put in when the page is whole."""
        return f"{{{{{identity}}}}}"

    def with_numbers(self, page: str) -> str:
        """The page with all links to figures and tables; one that is not in the page is a bug of a section."""

        def link(match: re.Match[str]) -> str:
            identity = match[1]
            for kind, known in (("Figure", self.figures), ("Table", self.tables)):
                if identity in known:
                    return f'<a href="#{identity}">{kind} {known.index(identity) + 1}</a>'
            raise KeyError(identity)

        return re.sub(r"\{\{([\w-]+)\}\}", link, page)


def section(identity: str, title: str, *parts: str, level: int = 2) -> Markup:
    """A section with its heading; parts are HTML: paragraphs and figures stay as they are, sentences become a
    paragraph. Sentences escape what comes from outside: see `words.name`."""
    whole = ("<p", "<fig", "<sec", "<div")
    return PAPER_PARTS.section(identity, title, [(Markup(p), p.startswith(whole)) for p in parts if p], level)


def labelled(title: str, art: str) -> Markup:
    """A drawing with a word above it."""
    return PAPER_PARTS.labelled(title, Markup(art))
