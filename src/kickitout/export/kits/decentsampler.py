"""DecentSampler: a kit as XML (.dspreset), and with its WAVs in one file (.dslibrary, a zip).

Attributes as the DecentSampler Developers Guide has them. Its ampVelTrack of 1 is an amplitude in proportion to
velocity, 1 at 127; each layer's volume raises that to 1 at the layer's own top, where the WAV's level is meant.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from kickitout.export.kits.kit_format import KIT_SOUNDS, Archive, KitFormat, Texts, xml_bytes
from kickitout.notes import GM_KICK

if TYPE_CHECKING:
    from kickitout.export.kits.build import Kit, KitKick


def preset_files(kit: Kit, documents: Texts) -> dict[str, bytes]:
    """File name -> content: the whole kit with a key for each kick and, of several kicks, each alone on GM_KICK."""
    stem = kit.plan.stem
    out = {f"{stem}.dspreset": _preset(kit, kit.plan.name, [(kick, kick.key) for kick in kit.kicks])}
    if len(kit.kicks) > 1:
        for kick in kit.kicks:
            name = f"{stem} - {kick.title}.dspreset"
            out[name] = _preset(kit, f"{kit.plan.name} - {kick.title}", [(kick, GM_KICK)])
    return out


def library(kit: Kit, documents: Texts) -> dict[str, Archive]:
    """The .dslibrary: everything, with the name that DecentSampler's browser shows."""
    info = xml_bytes(ET.Element("DecentSamplerLibraryInfo", name=kit.plan.name))
    texts = {**preset_files(kit, documents), **documents, "DSLibraryInfo.xml": info}
    return {f"{kit.plan.stem}.dslibrary": Archive(texts, f"{KIT_SOUNDS}/")}


def _preset(kit: Kit, title: str, mapped: Sequence[tuple[KitKick, int]]) -> bytes:
    root = ET.Element("DecentSampler", minVersion="1.0.0")
    tab = ET.SubElement(ET.SubElement(root, "ui", width="812", height="375"), "tab", name="main")
    ET.SubElement(tab, "label", x="20", y="160", width="772", height="40", text=title, textSize="24")
    # Without an amplitude envelope a sample is a one-shot: it plays to its end whatever the key does.
    choke = {"tags": "kicks", "silencedByTags": "kicks", "silencingMode": "fast"} if kit.plan.choke else {}
    groups = ET.SubElement(root, "groups")
    for kick, key in mapped:
        for zone in kit.plan.zones:
            playing = {
                "name": f"{kick.title} v{zone.layer}",
                "ampVelTrack": "1",
                "ampEnvEnabled": "false",
                "volume": f"{0.0 - zone.level_db:.4f}dB",
                "seqMode": "round_robin" if kit.plan.round_robins > 1 else "always",
                "seqLength": str(kit.plan.round_robins),
            }
            group = ET.SubElement(groups, "group", playing | choke)
            for sound in kick.sounds:
                if sound.zone == zone:
                    where = {"rootNote": key, "loNote": key, "hiNote": key, "loVel": zone.low, "hiVel": zone.high}
                    where["seqPosition"] = sound.round_robin
                    ET.SubElement(
                        group, "sample", {"path": f"{KIT_SOUNDS}/{sound.file}"} | {k: str(v) for k, v in where.items()}
                    )
    return xml_bytes(root)


DECENTSAMPLER = KitFormat(
    "decentsampler",
    "DecentSampler",
    "open {stem}.dspreset here, or drag {stem}.dslibrary onto it.",
    preset_files,
    library,
)
