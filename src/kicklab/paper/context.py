"""What the parts of the paper share: a laboratory, what was made in it, numbered figures and tables, references."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property, lru_cache
from importlib.resources import files
from typing import Literal, NamedTuple

import numpy as np
import yaml
from markupsafe import Markup

from kickitout.errors import UserError
from kicklab.data import LabData
from kicklab.evidence import Evidence, read_evidence
from kicklab.folder import Lab
from kicklab.html import macros
from kicklab.pictures import collect_pictures
from kicklab.players import Players, collect_players

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
        self.figures: list[str] = []
        self.tables: list[str] = []
        self.cited: list[str] = []
        self.known: dict[tuple[str, str], Evidence | str] = {}

    def evidence(self, study: str, part: str = "test") -> Evidence | None:
        """What a study shows; None where nothing of it is whole."""
        if (study, part) not in self.known:
            try:
                self.known[study, part] = read_evidence(self.lab, study, part)
            except UserError as error:
                self.known[study, part] = str(error)
        found = self.known[study, part]
        return None if isinstance(found, str) else found

    @cached_property
    def data(self) -> LabData | None:
        """The kicks; None in results alone."""
        return self.lab.sounds("kicks") if self.lab.has_kicks else None

    @cached_property
    def pictures(self) -> dict[str, np.ndarray]:
        """Spectrograms of what was made, and of real kicks: drawn once, for all figures."""
        return collect_pictures(self.lab)

    @cached_property
    def players(self) -> Players:
        """What may be heard of each row."""
        return {} if self.sounds == "none" else collect_players(self.played_lab, all_models=self.sounds == "all")

    # -- the page -----------------------------------------------------------------------------------------------------

    def cite(self, *keys: str) -> Markup:
        """Numbers of references, in the order of their first mention."""
        for key in keys:
            if key not in literature():
                raise KeyError(key)
            if key not in self.cited:
                self.cited.append(key)
        places = sorted((self.cited.index(key) + 1, key) for key in keys)
        return Markup("[" + ", ".join(f'<a href="#ref-{key}">{i}</a>' for i, key in places) + "]")

    def figure(self, identity: str, content: str, caption: str, *, wide: bool = False) -> Markup:
        """A numbered figure; content and caption are HTML."""
        self.figures.append(identity)
        return PAPER_PARTS.figure(identity, len(self.figures), Markup(content), Markup(caption), wide)

    def table(self, identity: str, head: Sequence[str], rows: Sequence[Sequence[str]], caption: str) -> Markup:
        """A numbered table; cells that are no Markup are escaped."""
        self.tables.append(identity)
        return PAPER_PARTS.table(identity, len(self.tables), head, rows, Markup(caption), True, ())

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
