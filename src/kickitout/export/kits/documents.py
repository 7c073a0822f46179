"""What people read in a kit: how to load it, what its sounds come from, and under which licence they are."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from importlib.resources import files

from kickitout._version import __version__
from kickitout.datasets.scan import UNSTATED
from kickitout.descriptors import pitch_rest
from kickitout.errors import count, one_line
from kickitout.export.kits.build import Kit
from kickitout.export.kits.formats import KIT_FORMATS
from kickitout.generation.model import Model
from kickitout.models.files import notice_of
from kickitout.notes import GM_KICK, note_name, unrest_said

KIT_FORMAT = "kickitout-kit-1"
HEARD_LU = 1.0
OUT_OF_TUNE_CENTS = 10.0  # from here on it is said
FAR_CENTS = 400.0  # and so is that a kick is moved, which makes it longer or shorter by a quarter


def kit_documents(kit: Kit, model: Model | None, formats: Sequence[str]) -> dict[str, bytes]:
    """File name -> content."""
    out = {"README.txt": _readme(kit, formats), "LICENSE.txt": licence_text(kit, model)}
    out |= {"SOURCES.md": _sources(kit)} if model is None else {"MODEL-CARD.md": model_card(model)}
    if model is not None and (notice := notice_of(model.path)):
        out["NOTICE.txt"] = notice
    return {name: text.encode("utf-8", "replace") for name, text in out.items()}


def table(kit: Kit) -> list[str]:
    """The kicks of a kit, one a line."""
    lines = ["kick  key  note      cents: before  after  moved  loudness"]
    for kick in kit.kicks:
        t = kick.tuned
        before, after = (" -" if math.isnan(x) else f"{x:+.1f}" for x in (t.before, t.after))
        place = f"{kick.number:>4}  {kick.key:>3}  {t.name:<8}"
        lines.append(f"{place} {before:>13}  {after:>5}  {t.cents:>+5.0f}  {kick.lufs:>5.1f} LUFS  {kick.kick.name}")
    return lines


def remarks(kit: Kit) -> list[str]:
    """What did not go as it should, and what decides how loud the kit is."""
    lines = []
    for kick in kit.kicks:
        who = f"kick {kick.number}, {kick.kick.name}"
        if kick.tuned.note is None:
            lines.append(f"not tuned: {who}: {kick.tuned.why}")
        elif not abs(kick.tuned.after) <= OUT_OF_TUNE_CENTS:  # or it has no pitch any more
            off = "without a pitch" if math.isnan(kick.tuned.after) else f"{kick.tuned.after:+.0f} cents off"
            lines.append(f"out of tune: {who}: {off} at {kick.tuned.name}, as near as it comes; another note may do")
        if kick.tuned.note is not None and abs(kick.tuned.cents) >= FAR_CENTS:
            times = 2 ** (-kick.tuned.cents / 1200)
            far = f"by {kick.tuned.cents / 100:+.1f} semitones, so all of it is {times:.2f} times as long"
            lines.append(f"moved far: {who}: {far}; a nearer note moves it less")
        if kick.tuned.note is not None and (said := unrest_said(*pitch_rest(kick.kick.wave.mean(axis=0)))):
            asked = kick.kick.match is not None and kick.kick.match.moves is not None
            other = "; a steady one of its seed can be asked for" if "seed" in kick.kick.recipe and not asked else ""
            lines.append(f"does not rest on its note: {who}: {said} where it is measured{other}")
        if kick.lufs < kit.lufs and kit.plan.match == "loudness":
            lines.append(f"quieter: {who}: by {kit.lufs - kick.lufs:.1f} LU, its peak allows no more")
    if kit.plan.level_db is not None:
        lines.append(_at_level(kit, kit.plan.level_db))
    if kit.limited_by is not None:
        limit = kit.kicks[kit.limited_by - 1]
        lines.append(f"the peak of kick {limit.number}, {limit.kick.name}, decides how loud the kit is{_cost(kit)}")
    elif kit.plan.match == "loudness" and kit.plan.level_db is None:
        lines.append(f"high peaks decide how loud the kit is{_cost(kit)}")
    return lines


def _at_level(kit: Kit, level_db: float) -> str:
    """What the level that was asked for came to."""
    if kit.plan.match == "peak":
        return f"level: each kick's highest true peak is {level_db:g} dBTP"
    there = sum(kick.lufs == kit.lufs for kick in kit.kicks)
    return f"level: {there} of {count(len(kit.kicks), 'kick')} at {level_db:g} LUFS"


def _cost(kit: Kit) -> str:
    """What one kick, or a few, cost the others, where that is heard."""
    if kit.cost_lu < HEARD_LU:
        return ""
    return f": the others are {kit.cost_lu:.1f} LU quieter for it; leave it out, or match peaks for one peak of all"


def licence_text(kit: Kit, model: Model | None) -> str:
    """Who may do what with the sounds, as far as it is known."""
    stated = (
        f"The maker of this kit has put its sounds under this licence: {kit.plan.licence}"
        if kit.plan.licence
        else "The maker of this kit has stated no licence for its sounds (kick kit --licence states one)."
    )
    lines = [f"Kit: {kit.plan.name}", "", stated, ""]
    if model is not None:
        lines += [
            f"The sounds were generated with kickitout {__version__} by the model {model.info.name}, identity",
            f"{model.digest or '(not finished)'}.",
            "The makers of kickitout claim no rights in sounds that are generated with it. The model learned from:",
            "",
            *_learned_rows(model),
        ]
        return "\n".join(lines) + "\n"
    made = Counter(maker for kick in kit.kicks if (maker := kick.kick.made_by))
    for maker, n in sorted(made.items()):
        lines += [
            f"{count(n, 'kick')} of it, by what their files say: generated with kickitout by the model {maker}.",
            "The makers of kickitout claim no rights in sounds that are generated with it.",
            "`kick recipe FILE` says of each what its model learned from.",
            "",
        ]
    unstated = (UNSTATED, UNSTATED)
    recorded = [k.kick for k in kit.kicks if not k.kick.made_by or (k.kick.source, k.kick.licence) != unstated]
    if recorded:
        lines += [
            f"{'The other sounds' if made else 'The sounds'} were derived from recordings. Rights in a recording are",
            "rights in what is derived from it, so these licences apply as well:",
            "",
            *_rows(Counter((kick.source, kick.licence) for kick in recorded)),
        ]
    return "\n".join(lines).rstrip("\n") + "\n"


def model_card(model: Model) -> str:
    """The card that belongs to the model in the package, or what a model file says about itself."""
    known = (files("kickitout") / "model_files" / "default.md").read_text("utf-8")
    if model.digest and model.digest[:16] in known:
        return known
    info = model.info
    lines = [
        f"# Model {info.name}, step {info.step}",
        "",
        f"Identity `{model.digest}`, written by kickitout {one_line(info.version) or '(not stated)'}.",
        one_line(str(info.config.get("about", ""))),
        "",
        "## What it learned from",
        "",
        f"Dataset digest `{one_line(str(info.dataset.get('digest', 'not stated')))}`.",
        "",
        *_learned_rows(model),
    ]
    return "\n".join(lines) + "\n"


def kit_json(kit: Kit, model: Model | None, formats: Sequence[str], listed: Sequence[str]) -> bytes:
    """Everything about a kit in a form for programs. listed: the kit's files, by which --force knows them again."""
    data = {
        "format": KIT_FORMAT,
        "kickitout": __version__,
        "plan": asdict(kit.plan) | {"formats": list(formats)},
        "model": None if model is None else {"name": model.info.name, "sha256": model.digest},
        "loudness_lufs": kit.lufs,
        "loudness_limited_by_kick": kit.limited_by,
        "loudness_cost_lu": round(kit.cost_lu, 2),
        "zones": [
            {"layer": z.layer, "velocities": [z.low, z.high], "level_db": round(z.level_db, 2)} for z in kit.plan.zones
        ],
        "kicks": [
            {
                "number": kick.number,
                "key": kick.key,
                "from": kick.kick.name,
                "note": None if kick.tuned.note is None else kick.tuned.name,
                "cents_before": _number(kick.tuned.before),
                "cents_after": _number(kick.tuned.after),
                "why_not_tuned": kick.tuned.why or None,
                "inverted": kick.inverted,
                "loudness_lufs": round(kick.lufs, 2),
                "sounds": [
                    {"file": s.file, "layer": s.zone.layer, "round_robin": s.round_robin, "shape": s.recipe["shape"]}
                    for s in kick.sounds
                ],
            }
            for kick in kit.kicks
        ],
        "files": sorted(listed),
    }
    return (json.dumps(data, indent=1) + "\n").encode()


def _readme(kit: Kit, formats: Sequence[str]) -> str:
    plan = kit.plan
    single = [] if len(kit.kicks) == 1 else [f"Kick 1 is on key {GM_KICK}, the next ones on the keys above it."]
    lines = [
        plan.name,
        "",
        f"{count(len(kit.kicks), 'kick')}, {count(plan.layers, 'velocity layer')}, "
        f"{count(plan.round_robins, 'round robin')},",
        f"made with kickitout {__version__}.",
        "",
        *(f"{form.title}: {form.how.format(stem=plan.stem)}" for form in map(KIT_FORMATS.__getitem__, formats)),
        "",
        f"Key {GM_KICK} is General MIDI's Bass Drum 1: {note_name(GM_KICK)} where middle C is C4, C1 where it is C3.",
        *single,
        "Every WAV has its kick's key as its root in its smpl and inst chunks, with the velocities of its layer.",
        "Loudness goes with 20 log10(velocity / 127); a full stroke has the loudness that the table says.",
        "`kick recipe FILE.wav` prints what makes a sound again, bit for bit.",
        "",
        *table(kit),
    ]
    return "\n".join(lines) + "\n"


def _sources(kit: Kit) -> str:
    lines = ["# Sources", "", "| kick | file | sha256 | source | licence |", "|--:|---|---|---|---|"]
    for kick in kit.kicks:
        known = kick.kick.recipe["source"]
        name = known["file"].replace("|", "\\|")
        lines.append(
            f"| {kick.number} | {name} | `{known['sha256'][:16]}` | {kick.kick.source} | {kick.kick.licence} |"
        )
    return "\n".join(lines) + "\n"


def _learned_rows(model: Model) -> list[str]:
    """Of a source in several of its datasets, the most kicks that one of them has: they are mostly the same."""
    found: Counter[tuple[str, str]] = Counter()
    for dataset in model.info.learned_from:
        own: Counter[tuple[str, str]] = Counter()
        for s in dataset.get("sources") or []:
            stated = (one_line(str(s.get(name, UNSTATED))) for name in ("source", "licence"))
            own[next(stated), next(stated)] += int(s.get("kicks", 0))
        for source, kicks in own.items():
            found[source] = max(found[source], kicks)
    return _rows(found)


def _rows(sources: Counter[tuple[str, str]]) -> list[str]:
    if not sources:
        return ["(the model file does not state them)"]
    return [
        "| source | licence | kicks |",
        "|---|---|--:|",
        *(f"| {source} | {licence} | {n} |" for (source, licence), n in sorted(sources.items())),
    ]


def _number(x: float) -> float | None:
    return None if math.isnan(x) else round(x, 2)
