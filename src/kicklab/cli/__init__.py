"""The laboratory's commands, which `kick` finds by entry points."""

from __future__ import annotations

from kickitout.errors import need_extra

NEEDED = ("torch", "accelerate", "matplotlib")


def need_lab(command: str) -> None:
    """Raise UserError where the extra of the laboratory is not installed."""
    need_extra(command, "lab", *NEEDED)
