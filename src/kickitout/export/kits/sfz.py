"""SFZ: a kit as text, for sfizz, sforzando and most samplers. Opcodes as sfzformat.com has them.

Only those of SFZ 1, and a hint to keep these short sounds in memory; paths are plain ASCII with "/". The level inside a
layer is a velocity curve: amplitude in proportion to velocity, 1 at the layer's top, where the WAV's level is meant.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kickitout.export.kits.kit_format import KIT_SOUNDS, KitFormat, Texts
from kickitout.notes import GM_KICK

if TYPE_CHECKING:
    from kickitout.export.kits.build import Kit, KitKick, KitSound


def sfz_files(kit: Kit, documents: Texts) -> dict[str, bytes]:
    """File name -> content: the whole kit with a key for each kick and, of several kicks, each alone on GM_KICK."""
    stem = kit.plan.stem
    out = {f"{stem}.sfz": _sfz(kit, [(kick, kick.key) for kick in kit.kicks])}
    if len(kit.kicks) > 1:
        for kick in kit.kicks:
            out[f"{stem} - {kick.title}.sfz"] = _sfz(kit, [(kick, GM_KICK)])
    return out


def _sfz(kit: Kit, mapped: Sequence[tuple[KitKick, int]]) -> bytes:
    choke = " group=1 off_by=1 off_mode=fast" if kit.plan.choke else ""
    lines = [f"// {kit.plan.name}", "<control> hint_ram_based=1"]
    lines.append(f"<global> loop_mode=one_shot amp_veltrack=100{choke}")
    for kick, key in mapped:
        lines += ["", f"// {kick.title}", f"<group> key={key} pitch_keycenter={key} seq_length={kit.plan.round_robins}"]
        lines += [_region(sound) for sound in kick.sounds]
    return ("\n".join(lines) + "\n").encode()


def _region(sound: KitSound) -> str:
    low, high = sound.zone.low, sound.zone.high
    curve = f"amp_velcurve_{high}=1"
    if low < high:
        curve = f"amp_velcurve_{low}={low / high:.6f} {curve}"
    return (
        f"<region> sample={KIT_SOUNDS}/{sound.file} lovel={low} hivel={high} {curve} seq_position={sound.round_robin}"
    )


SFZ = KitFormat("sfz", "SFZ", "open {stem}.sfz in sfizz, sforzando or any SFZ player.", sfz_files)
