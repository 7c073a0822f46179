"""Sets of sounds -> a report of scores: what `kick score` prints and writes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import numpy as np

from kickitout.datasets.build import COPY_OF, Dataset, read_dataset
from kickitout.errors import UserError
from kickitout.export.pairs import Pair, write_pairs
from kickitout.generation.generate import generate
from kickitout.generation.load import load_model
from kickitout.generation.model import Model
from kickitout.metrics.embeddings import KNOWN_EMBEDDINGS, find_embeddings
from kickitout.metrics.memorisation import Audit, audit
from kickitout.metrics.report import copies_score, score_sets, scores_text
from kickitout.metrics.score import UNNAMED, Score
from kickitout.models.files import DEFAULT, has_model
from kickitout.sound import LENGTH

if TYPE_CHECKING:
    from kickitout.workers import Workers

SoundsLike: TypeAlias = np.ndarray | Dataset | str | PathLike[str] | Sequence[str | PathLike[str]]
OF_A_MODEL = 512  # kicks, where nobody says how many
LISTED = 10  # pairs in the text, and of those to listen to; all near-duplicates are in the data


@dataclass(frozen=True, eq=False)
class ScoreReport:
    """scores: by name; each has its `value`, 95 % `interval`, `n`, `unit`, what is `better`, and the same number of
    `real` kicks against real ones.

    embeddings: name -> where it comes from. generated, real, train: what was compared: a digest or a model, and how
    many kicks. With training kicks: copy_threshold, the distance below which a sound is a near-duplicate; copies:
    those, as (sound, training kick, distance); closest: the LISTED closest pairs with their waves, copies or not;
    real_near_train: how many of the real kicks are as near to a training kick.
    """

    scores: dict[str, Score]
    embeddings: dict[str, str]
    generated: dict[str, Any]
    real: dict[str, Any]
    train: dict[str, Any] | None = None
    copy_threshold: float | None = None
    copies: tuple[tuple[str, str, float], ...] = ()
    closest: tuple[Pair, ...] = ()
    real_near_train: int | None = None

    def as_data(self) -> dict[str, Any]:
        """All but the sounds, ready for JSON."""
        train = {} if self.train is None else {"train": self.train}
        data: dict[str, Any] = {
            "against": self.real,
            "embeddings": self.embeddings,
            "generated": self.generated,
            **train,
        }
        data["scores"] = [score.as_data() for score in self.scores.values()]
        if self.train is None:
            return data
        near = {"limit": self.copy_threshold, "pairs": [list(pair) for pair in self.copies]}
        return data | {"near_duplicates": near, "real_near_train": self.real_near_train}

    def as_text(self) -> str:
        """The embeddings, a table of the scores, and the closest of the near-duplicates."""
        about = [f"{name}: {where}" for name, where in self.embeddings.items()]
        copies = [f"  copy: {new} of {known}, distance {distance:.4f}" for new, known, distance in self.copies[:LISTED]]
        return "\n".join([*about, scores_text(list(self.scores.values())), *copies])

    def write_pairs(self, folder: str | PathLike[str]) -> list[Path]:
        """The closest pairs as WAV files, two a pair, and pairs.csv. Returns the WAV files."""
        return write_pairs(Path(folder), self.closest)


def score(
    generated: SoundsLike | Model, real: SoundsLike, train: SoundsLike | None = None, *, n: int | None = None,
    seed: int = 0, embeddings: Sequence[str] | None = None, embedding_rate: int | None = None,
    watch: Callable[[str], None] = lambda _: None, workers: Workers | None = None,
) -> ScoreReport:  # fmt: skip
    """Scores of generated sounds against real ones, each with its 95 % interval, n, and the real-vs-real baseline.

    A set is waves [n, 22050] or [n, 2, 22050], a dataset, or folders, of 64 sounds or more. generated: also a model, as
    `load_model` takes it, of which `n` kicks (512) from `seed` on are scored. train: what the model learned from, to
    look for near-duplicates. seed: also of the resampling. embeddings: "bands", "drum-type", or .onnx files of your
    own, which read sounds at `embedding_rate` Hz; without them the first two. watch: hears of generated files that are
    refused. workers: a `kickitout.workers.Workers` of processes or a cluster; threads of this process without it.

    The report has the `scores` by name, `as_text()` and `as_data()`; docs/scores.md defines each score and names its
    source. Raises UserError for a set that is too small and for an embedding that cannot be had.

        report = kickitout.score("runs/mine", "held-out-kicks/", "my-kicks/")
        one = report.scores["energy_bands-1"]
        print(one.value, one.interval, one.real, one.unit)
    """
    if seed < 0:
        raise UserError(f"seed {seed}: seeds are whole numbers from 0 on")
    asked = find_embeddings(list(KNOWN_EMBEDDINGS) if embeddings is None else embeddings, embedding_rate)
    reals, made = _Sounds.of(real), _Sounds.generated(generated, n, seed, watch)
    learned = None if train is None else _Sounds.of(train)
    scores = score_sets(
        made.waves, reals.waves, seed=seed, embeddings=asked, groups=reals.groups, workers=workers,
        reference=reals.about.get("digest", UNNAMED),
    )  # fmt: skip
    about = {one.name: one.about for one in asked}
    if learned is None:
        return ScoreReport({one.name: one for one in scores}, about, made.about, reals.about)
    found = audit(made.waves, learned.waves, learned.groups)
    scores.append(copies_score(found, scores[0].reference))
    seen = audit(reals.waves, learned.waves, learned.groups)
    return ScoreReport(
        {one.name: one for one in scores}, about, made.about, reals.about, learned.about, found.threshold,
        tuple((made.names[i], learned.names[j], distance) for i, j, distance in found.pairs()),
        _closest(found, made, learned), int(seen.copies.sum()),
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Sounds:
    """Mono waves [n, T] with their names, and what they are; groups: of near-duplicates, where they are known."""

    waves: np.ndarray
    names: list[str]
    about: dict[str, Any]
    groups: np.ndarray | None = None

    @classmethod
    def of(cls, sounds: SoundsLike) -> _Sounds:
        if isinstance(sounds, np.ndarray):
            waves = mono(sounds)
            return cls(waves, [f"sound {i}" for i in range(len(waves))], {"kicks": len(waves)})
        dataset = sounds if isinstance(sounds, Dataset) else read_dataset(sounds)
        names, about = [row.name for row in dataset.rows], {"digest": dataset.digest, "kicks": len(dataset)}
        return cls(dataset.waves, names, about, dataset.groups)

    @classmethod
    def generated(cls, given: SoundsLike | Model, n: int | None, seed: int, watch: Callable[[str], None]) -> _Sounds:
        if (model := _model_of(given)) is not None:
            return cls._of_model(model, n, seed)
        sounds = cast(SoundsLike, given)
        if n is not None:
            raise UserError("n: says how many kicks a model makes; of a folder all sounds are scored")
        if isinstance(sounds, np.ndarray):
            return cls.of(sounds)
        if isinstance(sounds, Sequence) and not sounds:
            raise UserError("nothing to score: name a folder of sounds or a model, for instance 'default'")
        dataset = sounds if isinstance(sounds, Dataset) else read_dataset(sounds)
        at = {row.name: i for i, row in enumerate(dataset.rows)}
        rows, names = list(range(len(dataset))), [row.name for row in dataset.rows]
        for refused in dataset.refused:  # a generator that repeats itself must not gain by that
            original = refused.reason.removeprefix(COPY_OF)
            if refused.reason.startswith(COPY_OF) and original in at:
                rows.append(at[original])
                names.append(refused.name)
            else:
                watch(f"{refused.name}: {refused.reason}")
        return cls(dataset.waves[rows], names, {"digest": dataset.digest, "kicks": len(rows)})

    @classmethod
    def _of_model(cls, model: Model, n: int | None, seed: int) -> _Sounds:
        seeds = range(seed, seed + (OF_A_MODEL if n is None else n))
        about = {"model": model.info.name, "model_sha256": model.digest, "first_seed": seed, "kicks": len(seeds)}
        return cls(mono(generate(seeds, model)), [f"seed {number}" for number in seeds], about)


def _closest(found: Audit, made: _Sounds, learned: _Sounds) -> tuple[Pair, ...]:
    return tuple(
        Pair(made.names[i], made.waves[i], learned.names[j], learned.waves[j], distance)
        for i, j, distance in found.closest(LISTED)
    )


def mono(waves: np.ndarray) -> np.ndarray:
    """[n, T], the mean of channels where there are some. Raises UserError for what is no set of sounds."""
    if waves.ndim not in (2, 3) or (waves.ndim == 3 and waves.shape[1] not in (1, 2)):
        raise UserError(f"sounds {list(waves.shape)}: a set is waves [n, T], or [n, 2, T] of left and right")
    if not np.issubdtype(waves.dtype, np.floating) or not np.isfinite(waves).all():
        raise UserError(f"sounds of {waves.dtype}: a set is finite floating-point samples, 1 at full scale")
    if waves.shape[-1] != LENGTH:
        raise UserError(f"sounds {list(waves.shape)}: {LENGTH} samples each, 500 ms at 44.1 kHz, can be scored")
    return waves if waves.ndim == 2 else waves.mean(axis=1)


def _model_of(sounds: SoundsLike | Model) -> Model | None:
    """The model that is given, or named: "default", a model file, or a folder with a run in it."""
    if isinstance(sounds, np.ndarray | Dataset):
        return None
    if isinstance(sounds, Sequence) and not isinstance(sounds, str):
        return _model_of(sounds[0]) if len(sounds) == 1 else None
    if not isinstance(sounds, str | PathLike):
        return sounds
    path = Path(sounds)
    if path.is_dir() and str(path) != DEFAULT:
        return load_model(path) if has_model(path) or (path / "config.json").exists() else None
    return load_model(path) if str(path) == DEFAULT or path.suffix in (".onnx", ".safetensors") else None
