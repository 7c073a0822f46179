"""Learns kick drums as pictures of sound and makes new ones.

>>> import kickitout
>>> kickitout.generate([0, 1]).shape
(2, 22050)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kickitout._version import __version__

__all__ = ["UserError", "__version__", "generate"]

if TYPE_CHECKING:
    from kickitout.errors import UserError
    from kickitout.generation import generate


def __getattr__(name: str) -> Any:  # lazily, so that `kick --help` waits for nothing
    if name == "generate":
        from kickitout.generation import generate

        return generate
    if name == "UserError":
        from kickitout.errors import UserError

        return UserError
    raise AttributeError(f"module 'kickitout' has no attribute {name!r}")
