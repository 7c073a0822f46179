"""What a format of a kit is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from kickitout.export.kits.build import Kit

KIT_SOUNDS = "samples"  # the folder of the WAVs, beside the files of every format
Texts = Mapping[str, bytes]  # file name -> content


class Archive(NamedTuple):
    """One file that holds a kit. prefix: of the WAVs in it; tar: a .tar.gz, else a zip; stored: a zip that compresses
    nothing; sounds: of the WAVs in it, where it is not all of them, their name in the kit -> that in here."""

    texts: Texts
    prefix: str = ""
    tar: bool = False
    stored: bool = False
    sounds: Mapping[str, str] | None = None

    def names(self, files: Sequence[str]) -> dict[str, str]:
        """Name in here -> WAV of the kit."""
        names = {file: f"{self.prefix}{file}" for file in files} if self.sounds is None else self.sounds
        return {inside: file for file, inside in names.items()}


def no_files(kit: Kit, documents: Texts) -> dict[str, bytes]:
    return {}


def no_archives(kit: Kit, documents: Texts) -> dict[str, Archive]:
    return {}


def document_files(documents: Texts) -> dict[str, bytes]:
    """Of the documents those that go wherever the sounds go."""
    return {name: documents[name] for name in ("LICENSE.txt", "NOTICE.txt") if name in documents}


def add_elements(to: ET.Element, values: Mapping[str, object]) -> None:
    """Add an element for each name, with its value as text."""
    for name, value in values.items():
        ET.SubElement(to, name).text = str(value)


def xml_bytes(root: ET.Element) -> bytes:
    """An XML file."""
    ET.indent(root)
    return ET.tostring(root, encoding="UTF-8", xml_declaration=True) + b"\n"


@dataclass(frozen=True)
class KitFormat:
    """How one sort of player reads a kit. how: what its user does, with the kit's {stem}.

    files and archives get the kit and its documents, the README and licences that people read. most_samples: that an
    instrument holds, layers times round robins. alone: its archives hold all that is read, the sounds once more; so it
    is written only where it is asked for.
    """

    name: str
    title: str
    how: str
    files: Callable[[Kit, Texts], dict[str, bytes]]
    archives: Callable[[Kit, Texts], dict[str, Archive]] = no_archives
    most_samples: int = 64  # as many as a plan can have
    alone: bool = False
