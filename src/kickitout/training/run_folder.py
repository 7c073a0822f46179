"""A run folder: what a training run leaves, so that it reads like a notebook.

config.json        the resolved config
identity.json      what makes it the same run when it is gone on with: see `kickitout.training.frozen`
dataset.json        every file that was taken or refused, with digests and licences
environment.json   versions, machine, threads
timing.json        threads, and where the time on the clock has gone
start.json         what is known of the model it began with, if any
stats.jsonl        one line a report and a snapshot
notebook.md        the run told in order, with its images
reals.png, .wav    real kicks, the same for every snapshot
snapshots/000200/  fakes.png and fakes.wav, always from the same seeds
checkpoints/       latest and best: everything a run needs to go on
model.onnx         the best snapshot, finished (model.safetensors where decoding needs torch)
request.json       what `kickitout.training.background` started it with, and train.log what it said since
stop               an empty file: whoever puts it there asks a running run to stop, as Ctrl-C does
"""

from __future__ import annotations

import contextlib
import json
import platform
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from kickitout._version import __version__
from kickitout.cpus import usable_cpus
from kickitout.datasets.build import describe_difference
from kickitout.errors import UserError, count
from kickitout.files import explain_os_error, held, make_folder, names_in, read_regular, write_whole
from kickitout.stored import current_name
from kickitout.training.config import TrainingConfig
from kickitout.training.frozen import FAMILY, TRAINING_VERSION, differing, frozen_default
from kickitout.training.overview import LOG, REQUEST, STOP, entries_in

MOST_LOG = 8_000_000  # bytes of stats.jsonl: 30,000 reports, 300,000 steps
OWN = {
    "checkpoints",
    "snapshots",
    "dataset.json",
    "environment.json",
    "identity.json",
    "start.json",
    "timing.json",
    REQUEST,
    LOG,
    STOP,
}  # of a run that has not begun


class RunFolder:
    """Reads and writes the parts of a run folder; knows nothing of training."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.latest = self.path / "checkpoints" / "latest.safetensors"
        self.stats = self.path / "stats.jsonl"
        self.most_log = MOST_LOG

    def best(self, step: int) -> Path:
        """The checkpoint of the snapshot at `step`."""
        return self.path / "checkpoints" / f"best-{step:06d}.safetensors"

    @property
    def start(self) -> dict[str, Any] | None:
        """What is known of the model that the run began with."""
        path = self.path / "start.json"
        return json.loads(path.read_text("utf-8")) if path.exists() else None

    def keep_start(self, known: dict[str, Any]) -> None:
        """Write down what is known of the model that the run begins with: it may be gone when the run ends."""
        write_whole(self.path / "start.json", json.dumps(known, indent=1).encode())

    def keep_best(self, steps: Collection[int]) -> None:
        """Remove the checkpoints of other snapshots than these: only once `latest` knows which one is the best."""
        kept = {self.best(step) for step in steps}
        for path in (self.path / "checkpoints").glob("best-*"):
            if path not in kept:
                path.unlink(missing_ok=True)

    def refuse_strangers(self) -> None:
        """Raise UserError, before anything is made, where the folder holds other files than those of a run."""
        there = names_in(self.path)
        strangers = [name for name in there if name not in OWN and not name.endswith(".part")]
        if strangers and "config.json" not in there:
            raise UserError(f"{self.path}: holds other files ({strangers[0]}, ...); give a new or empty folder")

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder for this process; a second trainer on it is refused."""
        make_folder(self.path / "checkpoints")
        make_folder(self.path / "snapshots")
        with held(self.path, f"{self.path}: another training run is using this folder; wait, or use another"):
            self._forget_stop()
            try:
                yield
            finally:
                self._forget_stop()

    def stop_asked(self) -> bool:
        """Whether somebody has asked this run to stop, with a file."""
        return (self.path / STOP).exists()

    def _forget_stop(self) -> None:
        with contextlib.suppress(OSError):
            (self.path / STOP).unlink()

    def open(self, config: TrainingConfig, manifest: dict[str, Any]) -> None:
        """Begin a run here, or make sure that the one that is here is the same.

        Names of folders, files and configs do not count. Raises UserError when the folder holds a run of another
        config, of other sounds, or of a version that trained otherwise.
        """
        settings = differing(config)
        if not (self.path / "config.json").exists() and not (self.path / "recipe.json").exists():
            self.write_json("dataset.json", manifest)
            self.write_json("environment.json", environment())
            self.write_json("identity.json", {"training": TRAINING_VERSION, "settings": settings})
            self.write_json("config.json", config.model_dump(mode="json"))  # last: a folder with a config is whole
            return
        identity = self.read_json("identity.json") if (self.path / "identity.json").exists() else {}
        if identity.get("training") != TRAINING_VERSION:
            raise UserError(
                f"{self.path}: was begun by another version of kickitout, which trained otherwise, and cannot be gone "
                f"on with; its model still plays; to train, give a new folder"
            )
        if differences := _differences(identity["settings"], settings):
            different = ", ".join(differences[:4])
            raise UserError(
                f"{self.path}: holds a run of another config ({different}); give a new folder, "
                f"or go on with the run's own, {self.path / 'config.json'}"
            )
        known = self.read_json("dataset.json")
        if known.get("digest") != manifest["digest"]:
            raise UserError(
                f"{self.path}: the sounds have changed since this run began "
                f"({describe_difference(known, manifest)}); restore them, or train into a new folder"
            )

    def log(self, **entry: Any) -> None:
        """Add a line to stats.jsonl; where that has grown large, its older half is thinned first."""
        try:
            with open(self.stats, "a", encoding="utf-8") as file:
                file.write(json.dumps(entry) + "\n")
                size = file.tell()
        except OSError as error:
            raise explain_os_error(error, self.stats) from error
        if size > self.most_log:
            self._write_entries(thinned(self.entries()))
            self.most_log = max(MOST_LOG, 2 * self.stats.stat().st_size)  # snapshots and events alone may be more

    def entries(self) -> list[dict[str, Any]]:
        """The lines of stats.jsonl; a line that was cut by a sudden end is left out. Raises OSError: what could not be
        read is not to be written anew without it."""
        return entries_in(read_regular(self.stats)) if self.stats.exists() else []

    def forget_after(self, step: int) -> None:
        """Drop what was logged after the step from which the run goes on, and closing snapshots: it was no end."""
        self._write_entries([e for e in self.entries() if e.get("step", 0) <= step and not e.get("closing")])

    def _write_entries(self, entries: list[dict[str, Any]]) -> None:
        write_whole(self.stats, "".join(json.dumps(e) + "\n" for e in entries).encode())

    def write_json(self, name: str, data: Any) -> None:
        write_whole(self.path / name, (json.dumps(data, indent=1, ensure_ascii=False) + "\n").encode())

    def read_json(self, name: str) -> Any:
        try:
            return json.loads((self.path / name).read_text("utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise UserError(f"{self.path / name}: cannot be read; restore it, or train into a new folder") from error

    def snapshot(self, step: int) -> Path:
        """The folder of a snapshot."""
        return make_folder(self.path / "snapshots" / f"{step:06d}")


def thinned(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same with every second report of losses left out of the older half; snapshots and events stay.

    >>> log = [{"kind": "losses", "step": i} for i in range(1, 7)] + [{"kind": "event", "step": 2}]
    >>> [e["step"] for e in thinned(log)]
    [2, 4, 5, 6, 2]
    """
    losses = [i for i, e in enumerate(entries) if e.get("kind") == "losses"]
    gone = set(losses[: (len(losses) + 1) // 2 : 2]) - set(losses[-1:])
    return [e for i, e in enumerate(entries) if i not in gone]


def environment() -> dict[str, Any]:
    """Versions and machine, as far as they can change a result."""
    import numpy
    import torch

    return {
        "kickitout": __version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": numpy.__version__,
        "system": f"{platform.system()} {platform.machine()}",
        "cores": usable_cpus(),
        "threads": torch.get_num_threads(),
    }


def _differences(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """What is not the same in two runs, by the settings that differ from their frozen defaults."""
    return [
        f"{key} was {_valued(old, key)}, now {_valued(new, key)}"
        for key in sorted(set(old) | set(new))
        if old.get(key) != new.get(key)
    ]


def _valued(settings: dict[str, Any], key: str) -> str:
    value = settings[key] if key in settings else frozen_default(key, settings.get(FAMILY), None)
    return repr(current_name(value) if key == FAMILY and isinstance(value, str) else value)


# -- notebook.md: the run told in order, from what is in its folder ----------------------------------------------------


def write_notebook(run: RunFolder, config: TrainingConfig) -> None:
    """Write the run folder's notebook.md anew from its manifest, its stats and its images."""
    manifest, entries = run.read_json("dataset.json"), run.entries()
    parts = [f"# {config.name}", config.about, _sounds(manifest), _events(entries), _snapshots(entries)]
    write_whole(run.path / "notebook.md", ("\n\n".join(p for p in parts if p) + "\n").encode())


def _sounds(manifest: dict[str, Any]) -> str:
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
        [str(e["step"]), f"{e['seconds'] / 60:.1f}", *(_three_digits(e["losses"].get(name)) for name in names),
         f"{e['score']:.3f}", ", ".join(e["troubles"]) or "none"]
        for e in shots
    ]  # fmt: skip
    lines = [head, ["--:"] * (len(head) - 1) + ["---"], *rows]
    table = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    images = "\n\n".join(f"![step {e['step']}](snapshots/{e['step']:06d}/fakes.png)" for e in shots[-3:])
    held_out = f"held-out kicks, in dB; the real-vs-real baseline is {floor:.3f}" if floor is not None else (
        "all kicks, in dB, for too few are held out"
    )  # fmt: skip
    legend = (
        "Losses: d of the critic, g what the generator pays to it; harmonic and spectra of a kick's reconstruction. "
        f"The score is the energy distance to {held_out}. "
        "Lower is better, and it is comparable only within one split of one folder."
    )
    return f"## Snapshots\n\n{table}\n\n{legend}\n\n{images}"


def _three_digits(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
