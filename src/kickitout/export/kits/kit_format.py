"""What a format of a kit is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from kickitout.export.kits.build import Kit

KIT_SOUNDS = "samples"  # the folder of the WAVs, beside the files of every format
Texts = Mapping[str, bytes]  # file name -> content


class Archive(NamedTuple):
    """One file that holds a whole kit. prefix: of the WAVs in it; tar: a .tar.gz, else a zip."""

    texts: Texts
    prefix: str
    tar: bool = False


def no_archives(kit: Kit, documents: Texts) -> dict[str, Archive]:
    return {}


@dataclass(frozen=True)
class KitFormat:
    """How one sort of player reads a kit. how: what its user does, with the kit's {stem}.

    files and archives get the kit and its documents, the README and licences that people read. most_samples: that an
    instrument holds, layers times round robins.
    """

    name: str
    title: str
    how: str
    files: Callable[[Kit, Texts], dict[str, bytes]]
    archives: Callable[[Kit, Texts], dict[str, Archive]] = no_archives
    most_samples: int = 64  # as many as a plan can have
