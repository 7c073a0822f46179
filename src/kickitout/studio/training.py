"""Training from the page: sounds are sent, looked through, trained on in a process of its own, played, and kept.

All of it lies in one folder (`kick studio --runs`): NAME-sounds are the sounds of the run NAME, models/ what was kept.
What the page shows is read from there whenever it wants to know, so it knows a run after a reload, and after another
start of the studio. No part of this imports PyTorch.
"""

from __future__ import annotations

import re
import threading
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

from fastapi import Query
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict, Field

import kickitout
from kickitout import frontend
from kickitout.errors import UserError, need_extra
from kickitout.files import make_folder, names_in
from kickitout.studio.service import LONGEST_NAME, StudioService
from kickitout.studio.uploads import MOST_BYTES, MOST_FILES, TAKEN, Uploads, free_name
from kickitout.studio.wording import in_words_of_the_page

SOUNDS = "-sounds"  # behind the name of a run: the folder of what it learns from
KEPT = "models"
CONFIGS = {
    "kickae": "kicks, from the model in the package",
    "kickae-at-large": "kicks in general, from few",
    "kickae-stereo": "stereo kicks",
    "dcgan-bands": "a plain GAN, from nothing",
}
NAME = re.compile(r"\w[\w-]{0,79}")
Name = Annotated[str, Field(pattern=f"^{NAME.pattern}$")]
FILES = re.compile(r"reals\.(png|wav)|snapshots/\d{6,}/fakes\.(png|wav)|notebook\.md")
KINDS = {".png": "image/png", ".wav": "audio/wav", ".md": "text/markdown"}


class NameBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Name


class WantedBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field("kicks", max_length=LONGEST_NAME)


class TrainBody(NameBody):
    """minutes: of this start. config and changes (as `--set` has them): of a run that has learned nothing yet."""

    minutes: float = Field(20.0, gt=0, le=60 * 24 * 7)
    config: str = "kickae"
    changes: list[Annotated[str, Field(max_length=200, pattern=r"^[a-z_0-9.]+=[^\n]*$")]] = Field([], max_length=50)


class TrainingService:
    """What lies in a folder of runs, and what the page may do with it. Each public method is an address of the API."""

    def __init__(self, studio: StudioService, folder: Path) -> None:
        self.studio, self.folder = studio, folder.absolute()
        self._runs: dict[str, frontend.BackgroundRun] = {}
        self._uploads: dict[str, Uploads] = {}
        self._read: dict[str, tuple[int, int]] = {}  # files of a folder that are being looked through
        self._one_at_a_time = threading.Lock()

    # What there is ---------------------------------------------------------------------------------------------------

    def state(self, name: Name | None = None) -> dict[str, Any]:
        """Everything that the page shows: of the run of this name, or of the one that trains, or was trained last."""
        found = self._names()
        training = self._training()
        shown = name or training or (found[0] if found else None)
        run = None if shown is None else self._run(shown).progress()
        if run is not None and shown is not None:
            run["said"] = in_words_of_the_page(run["said"])
            run |= {"playing": self._plays(shown), "kept": self._kept(shown)}
        return {
            "needs": self.needs,
            "folder": str(self.folder),
            "most": {"files": MOST_FILES, "bytes": MOST_BYTES},
            "suffixes": sorted(TAKEN),
            "configs": CONFIGS,
            "names": found,
            "training": training,
            "reading": self._read.get(shown or ""),
            "run": run,
        }

    @property
    def needs(self) -> str:
        """What has to be installed before anything can be trained; "" for nothing."""
        if all(map(find_spec, ("torch", "accelerate"))):
            return ""
        try:
            need_extra("training", "train", "torch", "accelerate")
        except UserError as error:
            return str(error)
        raise AssertionError

    def file(self, name: Annotated[Name, Query()], path: Annotated[str, Query(max_length=60)]) -> FileResponse:
        """A sheet or a WAV of a run: reals.png, snapshots/000200/fakes.wav."""
        found = self.folder / name / path
        if not FILES.fullmatch(path) or not found.is_file():
            raise UserError(f"{name}/{path}: there is no such sheet or sound in this run")
        return FileResponse(found, media_type=KINDS[found.suffix])

    # Sounds ----------------------------------------------------------------------------------------------------------

    def begin(self, body: WantedBody) -> dict[str, str]:
        """A new folder to send sounds into, named like this or nearly so."""
        make_folder(self.folder)
        with self._one_at_a_time:
            there = names_in(self.folder)
            wanted = re.sub(rf"({SOUNDS})+$", "", body.name)  # a folder of here that is dropped again
            name = free_name(wanted, [KEPT, *there, *(one.removesuffix(SOUNDS) for one in there)])
            self._uploads[name] = Uploads(self._sounds(name))
        return {"name": name, "sounds": str(self._sounds(name)), "run": str(self.folder / name)}

    def put(self, name: str, path: str, data: bytes) -> dict[str, int]:
        """One file into the folder that was begun."""
        uploads = self._uploads.get(name)
        if uploads is None:
            raise UserError(f"{name}: no folder that was begun here; drop it again")
        uploads.put(path, data)
        return {"files": len(uploads.sizes), "bytes": sum(uploads.sizes.values())}

    def look_through(self, body: NameBody) -> dict[str, Any]:
        """What the data doctor says of the sounds that were sent."""
        if not self._sounds(body.name).is_dir():
            raise UserError(f"{body.name}: no sounds of that name were sent; drop a folder")
        try:
            report = kickitout.check(self._sounds(body.name), lambda *done: self._read.__setitem__(body.name, done))
        finally:
            self._read.pop(body.name, None)
        return {
            "headline": report.headline(),
            "taken": len(report.taken),
            "forecast": report.forecast,
            "overview": [{"name": name, "text": text} for name, text in report.overview() if name != "forecast"],
            "sections": [{"title": one.title, "lines": one.lines} for one in report.sections()],
        }

    # Training --------------------------------------------------------------------------------------------------------

    def train(self, body: TrainBody) -> dict[str, Any]:
        """Begin the run of these sounds, or go on with it, for some minutes more."""
        if self.needs:
            raise UserError(self.needs)
        if body.config not in CONFIGS:
            raise UserError(f"config {body.config}: {', '.join(CONFIGS)} can be trained here; `kick train` has others")
        with self._one_at_a_time:
            other = self._training()
            if other is not None:
                raise UserError(f"{other} is being trained; two at once would both be slow, so stop it, or wait")
            run = self._run(body.name)
            if run.request is not None and run.has_begun:
                run.go_on(60 * body.minutes)
            elif self._sounds(body.name).is_dir():
                changes = tuple(body.changes)
                sounds = str(self._sounds(body.name))
                run.start(frontend.TrainingRequest(sounds, body.config, changes, 60 * body.minutes))
            else:
                raise UserError(f"{body.name}: no sounds of that name were sent; drop a folder")
        return self.state(body.name)

    def stop(self, body: NameBody) -> dict[str, Any]:
        """Have it save, write its model, and end."""
        self._run(body.name).ask_to_stop()
        return self.state(body.name)

    def keep(self, body: NameBody) -> dict[str, str]:
        """Copy the model, as it is now, to where no further training replaces it."""
        folder = make_folder(self.folder / KEPT)
        source = self._model(body.name)
        out = folder / f"{body.name}-{kickitout.load_model(source).info.step:06d}.onnx"
        if out.exists():
            raise UserError(f"{out.name} was kept already")
        kickitout.export_model(source, out)
        return {"path": str(out)}

    def use(self, body: NameBody) -> dict[str, str]:
        """Play with the model of this run from now on."""
        path = self._model(body.name)
        self.studio.play(kickitout.load_model(path))
        return {"model": str(path)}

    # -----------------------------------------------------------------------------------------------------------------

    def _run(self, name: str) -> frontend.BackgroundRun:
        return self._runs.setdefault(name, frontend.BackgroundRun(self.folder / name))

    def _sounds(self, name: str) -> Path:
        return self.folder / f"{name}{SOUNDS}"

    def _model(self, name: str) -> Path:
        path = frontend.find_model_file(self.folder / name)
        if path.suffix != ".onnx":
            raise UserError(f"{name}: its model needs PyTorch to be played; `kick studio --model {path}` plays it")
        return path

    def _names(self) -> list[str]:
        """Of the runs, the latest first."""
        return [path.name for path in frontend.find_background_runs(self.folder) if NAME.fullmatch(path.name)]

    def _training(self) -> str | None:
        """The run that trains now."""
        names = {*self._runs, *self._names()}
        active = ("starting", "running", "stopping")
        return next((name for name in sorted(names) if self._run(name).state in active), None)

    def _plays(self, name: str) -> bool:
        playing = self.studio.model.path
        return playing is not None and playing.resolve().parent == (self.folder / name).resolve()

    def _kept(self, name: str) -> list[str]:
        found = names_in(self.folder / KEPT)
        return [one for one in found if re.fullmatch(rf"{re.escape(name)}-\d{{6,}}\.onnx", one)]
