"""Multisample, for Bitwig Studio and Studio One: a zip of WAVs, uncompressed, and a multisample.xml.

After the description and schema that its authors publish (github.com/bitwig/multisample). It leaves to the player's
preset how velocity changes the level and what ends a sound: each WAV has the level of the top of its layer, and a choke
is set there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from kickitout._version import __version__
from kickitout.export.kits.kit_format import Archive, KitFormat, Texts, document_files, no_files, xml_bytes

if TYPE_CHECKING:
    from kickitout.export.kits.build import Kit, KitKick, KitSound

MAPPING = "multisample.xml"


def multisample(kit: Kit, documents: Texts) -> dict[str, Archive]:
    """The .multisample: a key and a group for each kick."""
    texts = {MAPPING: xml_bytes(_mapping(kit, documents))} | document_files(documents)
    return {f"{kit.plan.stem}.multisample": Archive(texts, stored=True)}


def _mapping(kit: Kit, documents: Texts) -> ET.Element:
    root = ET.Element("multisample", name=kit.plan.name)
    about = {"generator": f"kickitout {__version__}", "category": "Drum", "creator": "kickitout"}
    for name, text in {**about, "description": documents["LICENSE.txt"].decode()}.items():
        ET.SubElement(root, name).text = text
    ET.SubElement(ET.SubElement(root, "keywords"), "keyword").text = "kick"
    for kick in kit.kicks:
        ET.SubElement(root, "group", name=kick.title)
    logic = "round-robin" if kit.plan.round_robins > 1 else "always-play"
    for group, kick in enumerate(kit.kicks):
        for sound in kick.sounds:
            root.append(_sample(sound, kick, group, logic))
    return root


def _sample(sound: KitSound, kick: KitKick, group: int, logic: str) -> ET.Element:
    sample = ET.Element("sample", {"file": sound.file, "gain": "0.0", "group": str(group), "zone-logic": logic})
    key = str(kick.key)
    ET.SubElement(sample, "key", root=key, track="1.0", tune="0.0", low=key, high=key)
    ET.SubElement(sample, "velocity", low=str(sound.zone.low), high=str(sound.zone.high))
    ET.SubElement(sample, "select")
    ET.SubElement(sample, "loop", mode="off")
    return sample


MULTISAMPLE = KitFormat(
    "multisample", "Multisample", "drag {stem}.multisample onto a track of Bitwig Studio or Studio One.",
    no_files, multisample, alone=True,
)  # fmt: skip
