"""What every model that can be played has in common, whatever runs it."""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from kickitout.errors import UserError, one_line
from kickitout.files import is_special
from kickitout.generation.drawable import Drawing
from kickitout.sound import LENGTH, SAMPLE_RATE
from kickitout.stored import current_digest, upgraded_model

MODEL_FORMAT = "kickitout-model-2"
READABLE = ("kickitout-model-1", MODEL_FORMAT)
LARGEST_LATENT = 4097  # numbers of noise a sound
LARGEST_FILE = 512 * 2**20  # bytes: a file that is larger was never written by this project
METADATA_KEY = "kickitout"  # under which a model file keeps the JSON of its ModelInfo


@dataclass(frozen=True)
class ModelInfo:
    """The metadata inside a model file."""

    name: str
    noise_size: int  # numbers of noise a sound
    channels: int = 1  # 1 mono, 2 left and right
    sample_rate: int = SAMPLE_RATE
    length: int = LENGTH
    version: str = ""  # of the kickitout that wrote it
    step: int = 0
    config: dict[str, Any] = field(default_factory=dict)
    dataset: dict[str, Any] = field(default_factory=dict)  # digest, number of kicks, sources; `before`: of its start
    controls: list[str] = field(default_factory=list)  # inputs of the graph, in their order; none for a DCGAN
    latent_size: int = 0  # numbers of a latent that can be given instead of noise; 0 where only noise can
    noise_codes: int = 0  # how many of them, the last ones, only choose the noise in a sound
    limits: dict[str, Any] = field(default_factory=dict)  # of the cards of what it learned from: see `card.limits`
    format: str = MODEL_FORMAT

    @property
    def learned_from(self) -> list[dict[str, Any]]:
        """Every dataset it learned from, its own first, then those of the models that its run began with."""
        found: dict[str, dict[str, Any]] = {}
        for part in [self.dataset, *self.dataset.get("before", [])]:
            if part:
                found.setdefault(str(part.get("digest")), part)
        return list(found.values())

    def learned_in_short(self) -> dict[str, Any]:
        """The same for recipes: digest of its dataset, how many kicks in all, and under which licences."""
        kicks, licences = self._learned
        return {"digest": self.dataset.get("digest", ""), "kicks": kicks, "licences": dict(licences)}

    @cached_property
    def _learned(self) -> tuple[int, dict[str, int]]:
        # Sums over all datasets, which count what two of them hold twice: recipes, so the bytes of files, have these.
        licences: dict[str, int] = {}
        for dataset in self.learned_from:
            for part in dataset.get("sources", []):
                licences[part["licence"]] = licences.get(part["licence"], 0) + part["kicks"]
        return sum(dataset.get("kicks", 0) for dataset in self.learned_from), licences

    @property
    def kind(self) -> str:
        """What it learned from: "kick", or "any" for other one-shots."""
        return str(self.config.get("kind", "kick"))

    @property
    def word(self) -> str:
        """What names of its sounds begin with: "kick", or "sound"."""
        return "sound" if self.kind == "any" else "kick"

    def to_json(self) -> str:
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str, where: str) -> ModelInfo:
        """Raises UserError when the text is not the metadata of a model that this version can play."""
        try:
            data = json.loads(text)
            if data.get("format") not in READABLE:
                raise UserError(
                    f"{where}: written in format {data.get('format')!r} and this version reads {MODEL_FORMAT!r}; "
                    "export it again with this version"
                )
            data = upgraded_model(data) | {"format": MODEL_FORMAT}
            info = cls(**{f.name: data[f.name] for f in fields(cls) if f.name in data} | _texts_and_dataset(data))
        except (ValueError, TypeError, AttributeError, LookupError, RecursionError) as error:
            raise UserError(f"{where}: its metadata is damaged; export the model again") from error
        whole = all(isinstance(v, int) for v in (info.noise_size, info.channels, info.length, info.sample_rate))
        whole = whole and isinstance(info.controls, list) and all(isinstance(k, str) for k in info.controls)
        sizes = (info.latent_size, info.noise_codes)
        whole = whole and all(isinstance(v, int) and 0 <= v <= LARGEST_LATENT for v in sizes)
        whole = whole and isinstance(info.limits, dict) and isinstance(info.config, dict)
        if (
            not whole
            or not 1 <= info.noise_size <= LARGEST_LATENT
            or info.channels not in (1, 2)
            or info.length != LENGTH
        ):
            raise UserError(f"{where}: its metadata asks for sizes no model has; export the model again")
        return info


def _texts_and_dataset(data: dict[str, Any]) -> dict[str, Any]:
    """What metadata says in words, and of its datasets, as `ModelInfo` has it. Raises TypeError for what is none."""
    name, version, step, dataset = data["name"], data.get("version", ""), data.get("step", 0), data.get("dataset", {})
    earlier = dataset.get("before", [])
    # What a start did not say of its dataset, an export has passed on as null.
    before = [{key: value for key, value in part.items() if value is not None} for part in earlier]
    whole = isinstance(name, str) and isinstance(version, str) and isinstance(step, int) and isinstance(earlier, list)
    if not whole or not all(map(_says_what_it_holds, [dataset, *before])):
        raise TypeError("metadata")
    kept = {"before": before} if "before" in dataset else {}
    return {"name": one_line(name), "version": version, "step": step, "dataset": dataset | kept}


def _says_what_it_holds(dataset: dict[str, Any]) -> bool:
    """Whether the number of its kicks and its sources are as `export.model_file` writes them, if they are there."""
    sources = dataset.get("sources", [])
    return (
        isinstance(dataset.get("kicks", 0), int)
        and isinstance(sources, list)
        and all(isinstance(part["licence"], str) and isinstance(part["kicks"], int) for part in sources)
    )


def check_size(path: Path) -> None:
    """Raises UserError for what is no file, or too large for a model, before any of it is read; OSError when it is not
    there."""
    if is_special(path):
        raise UserError(f"{path}: a device or a pipe, not a model; give a model file")
    if path.stat().st_size > LARGEST_FILE:
        raise UserError(f"{path}: over {LARGEST_FILE >> 20} MiB, no model is that large; give a model file")


class Played(NamedTuple):
    """One kick, and the latent it came from (empty for a model without one)."""

    wave: np.ndarray  # [channels, T] float32
    latent: np.ndarray  # [latent_size] float32


class Model(Protocol):
    """A model that can be played."""

    info: ModelInfo
    digest: str  # its identity, of its weights and graph: sha256, hex; empty for a model that is still training
    path: Path | None  # of the file

    def play(self, eps: np.ndarray, controls: np.ndarray | None = None) -> np.ndarray:
        """Standard normal noise [n, noise_size] float32 -> n kicks [n, channels, T] float32. Safe from several threads.

        controls: [n, len(info.controls)] float32, of a model that has some.

        A kick is the same samples whatever it is played with.
        """
        ...

    def render(
        self, noise: np.ndarray | None = None, latent: np.ndarray | None = None, controls: np.ndarray | None = None,
        drawing: Drawing | None = None,
    ) -> Played:  # fmt: skip
        """One kick from noise [1, noise_size] or from a latent [latent_size], with controls [len(info.controls)].

        drawing: in place of the curves that the model has. Raises UserError where it has no controls, no latent or no
        contour.
        """
        ...


class WrappedModel(ABC):
    """A model that plays another one its own way, kick by kick."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.info, self.digest, self.path = model.info, model.digest, model.path

    def play(self, eps: np.ndarray, controls: np.ndarray | None = None) -> np.ndarray:
        """As `Model` has it."""
        rows = [None] * len(eps) if controls is None else list(controls)
        return np.stack([self.render(eps[i : i + 1], controls=row).wave for i, row in enumerate(rows)])

    @abstractmethod
    def render(
        self, noise: np.ndarray | None = None, latent: np.ndarray | None = None, controls: np.ndarray | None = None,
        drawing: Drawing | None = None,
    ) -> Played:  # fmt: skip
        """As `Model` has it."""


def goes_by(model: Model, digest: object) -> bool:
    """Whether a model is the one of this digest: its identity or, in what format 1 wrote, the sha256 of its file."""
    if not model.digest or model.digest == current_digest(digest):
        return bool(model.digest)
    try:
        return model.path is not None and hashlib.sha256(model.path.read_bytes()).hexdigest() == digest
    except OSError:  # it has been moved since it was opened
        return False


def as_row(values: np.ndarray | None, size: int) -> np.ndarray:
    """[1, size] float32; zeros for None. Raises UserError for another number of values."""
    if values is None:
        return np.zeros((1, size), np.float32)
    row = np.asarray(values, np.float32).reshape(1, -1)
    if row.shape[1] != size:
        raise UserError(f"{row.shape[1]} numbers given where this model takes {size}; use those this model made")
    return row


def no_contour(info: ModelInfo) -> UserError:
    """What is to be said of a model whose pitch cannot be drawn."""
    return UserError(
        f"model {info.name}: it has no contour of pitch that could be drawn; a level curve works, and the default "
        "model has both"
    )


def check_latent(info: ModelInfo) -> None:
    """Raises UserError for a model without latents and controls, which knows noise alone."""
    if not info.latent_size:
        raise UserError(f"model {info.name}: it makes kicks from seeds alone; the default model can do more")
