"""Hydrogen: a drumkit.xml that its drumkit.xsd accepts, and a .h2drumkit, which is a .tar.gz of it and the WAVs.

One instrument a kick, with all its layers; Hydrogen itself takes turns among those that hold a velocity. Its amplitude
is in proportion to velocity, so a layer's gain raises it to 1 at the layer's top, where the WAV's level is meant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from kickitout.export.kits.kit_format import KIT_SOUNDS, Archive, KitFormat, Texts, add_elements
from kickitout.export.kits.velocity import FULL, Zone

if TYPE_CHECKING:
    from kickitout.export.kits.build import Kit, KitKick

NAMESPACE = "http://www.hydrogen-music.org/drumkit"
FIXED: dict[str, object] = {  # what this kit does not use, as Hydrogen writes it
    "volume": 1, "isMuted": "false", "isSoloed": "false", "pan": 0, "pitchOffset": 0, "randomPitchFactor": 0,
    "gain": 1, "applyVelocity": "true", "filterActive": "false", "filterCutoff": 1, "filterResonance": 0,
    "Attack": 0, "Decay": 0, "Sustain": 1, "Release": 1000, "muteGroup": -1, "midiOutChannel": -1,
}  # fmt: skip
REST = {"isHihat": -1, "lower_cc": 0, "higher_cc": 127, "FX1Level": 0, "FX2Level": 0, "FX3Level": 0, "FX4Level": 0}


def folder_files(kit: Kit, documents: Texts) -> dict[str, bytes]:
    """What makes the kit's folder one of Hydrogen's drumkits."""
    return {"drumkit.xml": _drumkit(kit, documents, f"{KIT_SOUNDS}/")}


def drumkit_file(kit: Kit, documents: Texts) -> dict[str, Archive]:
    """The .h2drumkit: one folder, in which the WAVs lie beside the drumkit.xml."""
    stem = kit.plan.stem
    texts = {f"{stem}/{name}": text for name, text in documents.items()}
    texts[f"{stem}/drumkit.xml"] = _drumkit(kit, documents, "")
    return {f"{stem}.h2drumkit": Archive(texts, f"{stem}/", tar=True)}


def _drumkit(kit: Kit, documents: Texts, samples: str) -> bytes:
    """samples: the folder of the WAVs with its "/", as seen from the file.

    The kit's name is that of its file: songs look for a kit's folder by the name of the kit.
    """
    root = ET.Element("drumkit_info", xmlns=NAMESPACE)
    info, licence = documents["LICENSE.txt"].decode(), kit.plan.licence or "see LICENSE.txt"
    head = {"name": kit.plan.stem, "author": "kickitout", "info": info, "license": licence}
    add_elements(root, head | {"image": "", "imageLicense": ""})
    component = ET.SubElement(ET.SubElement(root, "componentList"), "drumkitComponent")
    add_elements(component, {"id": 0, "name": "Main", "volume": 1})
    instruments = ET.SubElement(root, "instrumentList")
    for kick in kit.kicks:
        instruments.append(_instrument(kick, kit, samples))
    ET.indent(root, " ")
    return ET.tostring(root, encoding="UTF-8", xml_declaration=True) + b"\n"


def velocity_range(zone: Zone) -> tuple[float, float]:
    """A zone in Hydrogen's velocities, 0 to 1. Borders lie between two MIDI velocities: both ends belong to a layer."""
    return (0.0 if zone.layer == 1 else (zone.low - 0.5) / FULL), min(1.0, (zone.high + 0.5) / FULL)


def _instrument(kick: KitKick, kit: Kit, samples: str) -> ET.Element:
    """Its mute group ends what other instruments of the group play, not the instrument's own strokes."""
    out = ET.Element("instrument")
    fixed = FIXED | ({"muteGroup": 0} if kit.plan.choke else {})
    add_elements(
        out, {"id": kick.number - 1, "name": kick.title} | fixed | {"midiOutNote": kick.key, "isStopNote": "false"}
    )
    add_elements(out, {"sampleSelectionAlgo": "ROUND_ROBIN" if kit.plan.round_robins > 1 else "VELOCITY"})
    add_elements(out, REST)
    component = ET.SubElement(out, "instrumentComponent")
    add_elements(component, {"component_id": 0, "gain": 1})
    for sound in kick.sounds:
        low, high = velocity_range(sound.zone)
        gain = FULL / sound.zone.high
        to = ET.SubElement(component, "layer")
        add_elements(to, {"filename": samples + sound.file, "min": f"{low:.6f}", "max": f"{high:.6f}"})
        add_elements(to, {"gain": f"{gain:.6f}", "pitch": 0})
    return out


HYDROGEN = KitFormat(
    "hydrogen", "Hydrogen", "import {stem}.h2drumkit (Drumkits, Import), or copy this folder to its drumkits.",
    folder_files, drumkit_file, most_samples=16,  # as Hydrogen is built and set by default
)  # fmt: skip
