"""What the paper cites, from literature.yaml: authors, year, title, place, DOI."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

import yaml


class Work(NamedTuple):
    """One reference. doi: without the resolver."""

    authors: str
    year: int
    title: str
    place: str
    doi: str


@lru_cache
def works() -> dict[str, Work]:
    """Key -> reference."""
    data = yaml.safe_load((files("kicklab.paper") / "literature.yaml").read_text("utf-8"))
    return {key: Work(**fields) for key, fields in data.items()}
