"""notebook.md: a run told in order, from what is in its folder."""

from __future__ import annotations

from typing import Any

from kickitout.errors import count
from kickitout.files import write_whole
from kickitout.training.config import TrainingConfig
from kickitout.training.run_folder import RunFolder


def write_notebook(run: RunFolder, config: TrainingConfig) -> None:
    """Write the run folder's notebook.md anew from its manifest, its stats and its pictures."""
    manifest, entries = run.read_json("dataset.json"), run.entries()
    parts = [f"# {config.name}", config.about, _corpus(manifest), _events(entries), _snapshots(entries)]
    write_whole(run.path / "notebook.md", ("\n\n".join(p for p in parts if p) + "\n").encode())


def _corpus(manifest: dict[str, Any]) -> str:
    rows = manifest["rows"]
    licences = sorted({str(r["licence"]) for r in rows})
    groups = count(len({r["group"] for r in rows}), "group")
    refused = "".join(f"\n- refused: {r['name']}: {r['reason']}" for r in manifest["refused"][:50])
    return (
        f"## Sounds\n\n{count(len(rows), 'kick')} in {groups}, digest "
        f"`{manifest['digest'][:16]}`; licences: {', '.join(licences)}.{refused}\n\n![real kicks](reals.png)"
    )


def _events(entries: list[dict[str, Any]]) -> str:
    lines = [f"- step {e['step']}: {e['text']}" for e in entries if e.get("kind") == "event"]
    return "## What happened\n\n" + "\n".join(lines) if lines else ""


def _snapshots(entries: list[dict[str, Any]]) -> str:
    shots = [e for e in entries if e.get("kind") == "snapshot"]
    if not shots:
        return ""
    floor = shots[-1]["floor"]
    names = sorted({name for e in shots for name in e["losses"] if name.startswith("loss/")})
    score = "score" if floor is None else "held-out score"
    head = ["step", "minutes", *(name.removeprefix("loss/") for name in names), score, "troubles"]
    rows = [
        [str(e["step"]), f"{e['seconds'] / 60:.1f}", *(_figure(e["losses"].get(name)) for name in names),
         f"{e['score']:.3f}", ", ".join(e["troubles"]) or "none"]
        for e in shots
    ]  # fmt: skip
    lines = [head, ["--:"] * (len(head) - 1) + ["---"], *rows]
    table = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    pictures = "\n\n".join(f"![step {e['step']}](snapshots/{e['step']:06d}/fakes.png)" for e in shots[-3:])
    held_out = f"held-out kicks, in dB a cell; real against real it is {floor:.3f}" if floor is not None else (
        "all kicks, in dB a cell, for too few are held out"
    )  # fmt: skip
    legend = (
        "Losses: d of the critic, g what the generator pays to it; harmonic and spectra of a kick's reconstruction. "
        f"The score is the energy distance to {held_out}. "
        "Lower is better, and it is comparable only within one split of one folder."
    )
    return f"## Snapshots\n\n{table}\n\n{legend}\n\n{pictures}"


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
