"""Renoise: instruments (.xrni), each a zip of an Instrument.xml and the WAVs in SampleData, taken in their order.

Elements and their values are those of Renoise's document version 31 (Renoise 3.1, and read by later ones), ranges those
of its Lua API (renoise.github.io/xrnx): keys 0 to 119. An instrument holds 255 samples, so a large kit becomes several,
and in each the first kick is on GM_KICK. Round robins are keyzones that lie on each other and are played in turn.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from kickitout.export.kits.kit_format import (
    Archive,
    KitFormat,
    Texts,
    add_elements,
    document_files,
    no_files,
    xml_bytes,
)
from kickitout.notes import GM_KICK

if TYPE_CHECKING:
    from kickitout.export.kits.build import Kit, KitKick, KitSound

VERSION = "31"
MOST_SAMPLES = 255
HIGHEST_KEY = 119


def instruments(kit: Kit, documents: Texts) -> dict[str, Archive]:
    """File name -> instrument, of as many kicks as one holds."""
    most = min(MOST_SAMPLES // (kit.plan.layers * kit.plan.round_robins), HIGHEST_KEY - GM_KICK + 1)
    parts = [kit.kicks[at : at + most] for at in range(0, len(kit.kicks), most)]
    made = {}
    for number, part in enumerate(parts, 1):
        name = kit.plan.name if len(parts) == 1 else f"{kit.plan.name} {number}"
        stem = kit.plan.stem if len(parts) == 1 else f"{kit.plan.stem} {number}"
        files = [sound.file for kick in part for sound in kick.sounds]
        names = {file: f"SampleData/Sample{at:03d} ({file[:-4]}).wav" for at, file in enumerate(files)}
        texts = {"Instrument.xml": xml_bytes(_instrument(kit, part, name, documents))} | document_files(documents)
        made[f"{stem}.xrni"] = Archive(texts, stored=True, sounds=names)
    return made


def _instrument(kit: Kit, kicks: Sequence[KitKick], name: str, documents: Texts) -> ET.Element:
    root = ET.Element("RenoiseInstrument", doc_version=VERSION)
    add_elements(root, {"Name": name})
    about = ET.SubElement(root, "GlobalProperties")
    add_elements(about, {"Volume": "1.0", "Transpose": 0})
    comments = ET.SubElement(about, "Comments")
    for line in documents["LICENSE.txt"].decode().splitlines():
        add_elements(comments, {"Comment": line})
    add_elements(about, {"ShowCommentsAfterLoading": "false"})
    generator = ET.SubElement(root, "SampleGenerator")
    samples = ET.SubElement(generator, "Samples")
    for key, kick in enumerate(kicks, GM_KICK):
        samples.extend(_sample(sound, key, kit) for sound in kick.sounds)
    add_elements(generator, {"KeyzoneOverlappingMode": "Cycle" if kit.plan.round_robins > 1 else "Play All"})
    add_elements(root, {"ActiveGeneratorTab": "Samples"})
    return root


def _sample(sound: KitSound, key: int, kit: Kit) -> ET.Element:
    """Of one layer velocity changes the volume; of several it chooses the layer, whose WAV has its level."""
    out, choke = ET.Element("Sample"), kit.plan.choke
    add_elements(out, {
        "Name": sound.file[:-4], "Volume": "1.0", "Panning": "0.5", "Transpose": 0, "Finetune": 0,
        "BeatSyncIsActive": "false", "OneShotTrigger": "true", "NewNoteAction": "Cut" if choke else "None",
        "InterpolationMode": "Cubic", "AutoSeek": "false", "AutoFade": "false", "LoopMode": "Off",
        "LoopRelease": "false", "IsAlias": "false",
        "MuteGroupIndex": 0 if choke else -1, "ModulationSetIndex": -1, "DeviceChainIndex": -1,
    })  # fmt: skip
    add_elements(ET.SubElement(out, "Mapping"), {
        "Layer": "Note-On Layer", "BaseNote": key, "NoteStart": key, "NoteEnd": key, "MapKeyToPitch": "true",
        "VelocityStart": 0 if sound.zone.layer == 1 else sound.zone.low, "VelocityEnd": sound.zone.high,
        "MapVelocityToVolume": "true" if kit.plan.layers == 1 else "false",
    })  # fmt: skip
    return out


RENOISE = KitFormat(
    "renoise", "Renoise", "drag {stem}.xrni onto Renoise's list of instruments (a large kit is {stem} 1.xrni, 2 ...).",
    no_files, instruments, alone=True,
)  # fmt: skip
