"""The laboratory's commands, which `kick` finds by entry points."""

from __future__ import annotations

from importlib.util import find_spec

from kickitout.errors import UserError

NEEDED = ("torch", "accelerate", "matplotlib")


def need_lab(command: str) -> None:
    """Raise UserError where the extra of the laboratory is not installed."""
    if not all(map(find_spec, NEEDED)):
        raise UserError(f"{command}: needs the extra 'lab'; in the checkout: make lab-env, or pip install '.[lab]'")
