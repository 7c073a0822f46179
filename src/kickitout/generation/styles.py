"""Named styles: kicks drawn from where in a model's latents the recordings of one kind lie.

A style is a Gaussian over the latents of its recordings. It stands in a file beside the model (MODEL.styles.json),
which is of that very model: whoever trains another one encodes the labelled recordings again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kickitout.errors import UserError
from kickitout.files import explain_os_error, read_regular
from kickitout.generation.drawable import Drawing
from kickitout.generation.load import load_model
from kickitout.generation.match import start_noise
from kickitout.generation.model import Model, Played, WrappedModel, as_row, goes_by
from kickitout.generation.recipe import latent_recipe, sound_recipe
from kickitout.models.files import DEFAULT

STYLES_FORMAT = "kickitout-styles-1"
SUFFIX = ".styles.json"  # in place of a model file's
LARGEST_STYLES = 4 * 2**20  # bytes


@dataclass(frozen=True, eq=False)
class NamedStyle:
    """Where the kicks of a style lie in a model, and how well a classifier knows it.

    mean [Z] and factor [Z, R]: of the latents without their noise codes; factor @ factor.T is their covariance. files,
    sources: of the recordings. agreement: share of them, in percent, that a classifier that has heard no sound of their
    source takes for this style, and its 95 % interval; chance: what guessing would reach.
    """

    name: str
    mean: np.ndarray
    factor: np.ndarray
    files: int
    sources: int
    agreement: tuple[float, float, float]
    chance: float

    def latents(self, noise: np.ndarray) -> np.ndarray:
        """[n, latent size] from standard normal noise [n, E]: the first numbers move inside the style, the last ones
        are the noise codes, of which a latent has as many as there are behind Z. Row by row, in one order of sums: the
        same on every processor."""
        size, used = len(self.mean), self.factor.shape[1]
        inside = np.repeat(self.mean[None].astype(np.float64), len(noise), axis=0)
        for column in range(used):
            inside += noise[:, 1 + column, None].astype(np.float64) * self.factor[:, column].astype(np.float64)
        return np.concatenate([inside.astype(np.float32), noise[:, 1 + size :]], axis=1)


class StyledModel(WrappedModel):
    """A model whose noise moves within one style: it plays, is asked and is rejected from as any other."""

    def __init__(self, model: Model, style: NamedStyle) -> None:
        super().__init__(model)
        self.style = style

    def render(
        self, noise: np.ndarray | None = None, latent: np.ndarray | None = None, controls: np.ndarray | None = None,
        drawing: Drawing | None = None,
    ) -> Played:  # fmt: skip
        """As `Model` has it."""
        drawn = self.style.latents(as_row(noise, self.info.noise_size))[0] if latent is None else latent
        return self.model.render(latent=drawn, controls=controls, drawing=drawing)


def in_style(model: Model, name: str | None) -> Model:
    """The model within a style of its own; as it is for None. Raises UserError as `find_style` does."""
    return model if name is None else StyledModel(model, find_style(model, name))


def named_by(word: str, style: str | None) -> str:
    """What the names of sounds begin with.

    >>> named_by("kick", None), named_by("kick", "808")
    ('kick', 'kick_808')
    """
    return word if style is None else f"{word}_{style}"


def seed_recipe(model: Model, seed: int, **more: Any) -> dict[str, Any]:
    """The recipe of a seed's kick. That of a style has the latent, which renders it wherever the model is, and says
    what it was drawn from. more: what else the recipe says."""
    if not isinstance(model, StyledModel):
        return sound_recipe(model, seed, **more)
    start = int(more.pop("start", 0))
    latent = model.style.latents(start_noise(model, seed, start))[0]
    drawn = {"name": model.style.name, "seed": seed} | ({"start": start} if start else {})
    return latent_recipe(model, latent, style=drawn, **more)


def styles(model: str | Path | Model = DEFAULT) -> dict[str, NamedStyle]:
    """The styles of a model by name, none for one that has none.

    Raises UserError for a file of styles that is damaged, or of another model.

    >>> styles()["808"].sources >= 3
    True
    """
    played = load_model(model)
    path = None if played.path is None else styles_file(played.path)
    if path is None or not path.exists():
        return {}
    try:
        text = read_regular(path) if path.stat().st_size <= LARGEST_STYLES else b""
        data = json.loads(text)
        if data["format"] != STYLES_FORMAT:
            raise ValueError(data["format"])
        found = {name: _read(name, entry, played) for name, entry in data["styles"].items()}
        mine = goes_by(played, data["model_sha256"])
    except OSError as error:
        raise explain_os_error(error, path) from error
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise UserError(f"{path}: its styles are damaged or of another version; remove the file") from error
    if not mine:
        raise UserError(f"{path}: the styles of another model; remove the file, or make the styles of this one")
    return found


def some_styles(model: str | Path | Model) -> dict[str, NamedStyle]:
    """As `styles`, but of a model that has some. Raises UserError for one that has none."""
    if known := styles(model):
        return known
    raise UserError(f"model {load_model(model).info.name}: it has no styles; the default model has some")


def find_style(model: Model, name: str) -> NamedStyle:
    """The style of a model called `name`. Raises UserError with the names that there are."""
    known = some_styles(model)
    if name not in known:
        raise UserError(f"style {name!r}: the model {model.info.name} has {', '.join(known)}")
    return known[name]


def styles_file(model: Path) -> Path:
    """Where the styles of a model file are."""
    return model.with_name(model.name.removesuffix(model.suffix) + SUFFIX)


def styles_text(found: Mapping[str, NamedStyle], digest: str) -> str:
    """What stands in that file. digest: of the model."""
    entries = {
        name: {
            "files": style.files, "sources": style.sources, "agreement": list(style.agreement), "chance": style.chance,
            "mean": _decimals(style.mean), "factor": [_decimals(row) for row in style.factor.T],
        }
        for name, style in found.items()
    }  # fmt: skip
    return json.dumps({"format": STYLES_FORMAT, "model_sha256": digest, "styles": entries}) + "\n"


def _decimals(values: np.ndarray) -> list[float]:
    """Four digits are enough for where a style lies."""
    return [float(f"{x:.4g}") for x in values.tolist()]


def _read(name: str, entry: Mapping[str, Any], model: Model) -> NamedStyle:
    mean = np.array(entry["mean"], np.float32)
    factor = np.array(entry["factor"], np.float32).T
    known = model.info.latent_size - model.info.noise_codes
    if mean.shape != (known,) or factor.ndim != 2 or len(factor) != known or not 1 <= factor.shape[1] <= known:
        raise ValueError(name)
    if not np.isfinite(mean).all() or not np.isfinite(factor).all():
        raise ValueError(name)
    share, low, high = map(float, entry["agreement"])
    return NamedStyle(
        name, mean, factor, int(entry["files"]), int(entry["sources"]), (share, low, high), float(entry["chance"])
    )
