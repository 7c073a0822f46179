"""The templates of the laboratory's pages: of the paper, and of the site.

What is filled in is escaped, unless it is Markup.
"""

from __future__ import annotations

from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

TEMPLATES = Environment(
    loader=ChoiceLoader([PackageLoader("kicklab", f"{room}/templates") for room in ("paper", "website")]),
    autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
)  # fmt: skip


def filled_page(template: str, **values: Any) -> bytes:
    """A whole page, UTF-8."""
    return TEMPLATES.get_template(template).render(**values).encode()


def macros(template: str) -> Any:
    """The macros of a template, as functions that return Markup."""
    return TEMPLATES.get_template(template).module
