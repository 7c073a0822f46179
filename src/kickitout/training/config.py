"""A training config: everything that defines a run but its data and its length.

A config is one of two classes, by its family, over a common base. Those of the package are small YAML files
in `kickitout/configs`; each states its base and only its difference from it. The resolved config is saved in the run
folder and travels inside the model file.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, Self

import yaml
from pydantic import Field, model_validator

from kickitout.errors import UserError
from kickitout.files import as_list, explain_os_error
from kickitout.models.families import ADVERSARIAL, FAMILIES, AdversarialConfig, AnyAdversarial
from kickitout.models.kickae.config import KickAEConfig
from kickitout.representations import RepresentationConfig
from kickitout.settings import Settings, checked
from kickitout.stored import upgraded_config
from kickitout.text import nearest
from kickitout.training.critic_augmentation import AugmentConfig
from kickitout.training.objectives import OBJECTIVES, Objective
from kickitout.training.spectral_loss import SpectralConfig

MOST_VARIANTS = 100


class AdamConfig(Settings):
    """Adam as in the DCGAN paper by default: 2e-4, and beta1 0.5 because 0.9 oscillated."""

    lr: float = Field(2e-4, gt=0, le=1)
    beta1: float = Field(0.5, ge=0, lt=1)
    beta2: float = Field(0.999, ge=0, lt=1)


class MonitorConfig(Settings):
    """When to look, and what to do about a run that dies."""

    every: int = Field(100, ge=1)  # steps between two snapshots
    sounds: int = Field(64, ge=8, le=1024)  # generated for each snapshot, always from the same seeds
    patience: int = Field(2, ge=1)  # snapshots in a row that show the same trouble before something is done
    rollbacks: int = Field(2, ge=0)  # to the best snapshot, before the run is stopped
    on_trouble: Literal["rollback", "warn"] = "rollback"
    export: Literal["best", "last"] = "best"  # which snapshot becomes the model


class LabelsConfig(Settings):
    """What the critic shall say of real and generated kicks, with bce: drawn evenly from each span."""

    real: tuple[float, float] = (1.0, 1.0)
    fake: tuple[float, float] = (0.0, 0.0)


class WeightsConfig(Settings):
    """What each part of KickAE's loss counts."""

    # Relative error of the lowest sub-band, where the partials are.
    harmonic: float = Field(0.2, ge=0, json_schema_extra={"id": "body"})
    click: float = Field(0.5, ge=0)  # spectral distance of the first 30 ms
    spectra: float = Field(1.0, ge=0)  # multi-resolution spectral distance, bin by bin
    levels: float = Field(2.0, ge=0)  # the same in bands of a third of an octave
    # Of the distance between two samples of a kick: 1 makes each loss an energy score; 0 is one sample, and a distance.
    repulsion: float = Field(1.0, ge=0, le=1, json_schema_extra={"id": "spread"})
    critics: float = Field(0.1, ge=0)


class TrainingConfig(Settings):
    """What the runs of all families have. Settings without an id are only said: they change no result."""

    name: str = Field(json_schema_extra={"id": None})
    about: str = Field("", json_schema_extra={"id": None})
    kind: Literal["kick", "any"] = "kick"  # "any": other one-shots; what is known of kicks alone steps back
    representation: RepresentationConfig = Field(json_schema_extra={"id": "codec"})
    model: AdversarialConfig | KickAEConfig
    r1: float = Field(0.0, ge=0)  # gamma of the R1 penalty; 0 switches it off
    r1_every: int = Field(1, ge=1)  # steps between two R1 penalties, weighted to the same mean (lazy, Karras 2020)
    # Deviation of Gaussian noise on all that a critic sees, real or made (Sønderby et al. 2017,
    # arxiv.org/abs/1610.04490): of representations in [-1, 1]; KickAE's critics take it re those of recordings.
    instance_noise: float = Field(0.0, ge=0, le=2)
    batch: int = Field(128, ge=2, le=4096)  # kicks an update, over all processes
    optim_g: AdamConfig = AdamConfig()
    optim_d: AdamConfig = AdamConfig()
    ema: float = Field(0.0, ge=0, lt=1)  # decay an update of the generator's moving average; 0: none, as published
    augment: AugmentConfig = AugmentConfig()
    # Of each training kick, made as producers do: pitch, decay, drive, tilt, click. More of them for few kicks.
    variants: int = Field(0, ge=0, le=MOST_VARIANTS)
    least_rows: int = Field(0, ge=0, le=100_000)  # kicks and variants together
    # What a source of n kicks counts, as a power of n: at 1 every kick counts alike, at 0 every source does. Kicks that
    # count more have more variants, and more rows of the mix.
    source_power: float = Field(1.0, ge=0, le=1)
    # More kicks, processed from the training kicks towards kicks at large.
    augmentation_mix: int = Field(0, ge=0, le=100_000, json_schema_extra={"id": "mix"})
    # How the kicks of the mix end, and what goes with it: see `kickitout.augmentation.mix.ENDINGS`. Whoever changes the
    # ranges of a name changes what runs with it are called.
    mix_endings: Literal["cut", "trimmed", "recorded"] = Field(
        "cut", json_schema_extra={"values": {"recorded": "recorded-2"}}
    )
    monitor: MonitorConfig = MonitorConfig()
    held_out: float = Field(0.15, gt=0, lt=0.9)  # share of the groups that training never sees
    seed: int = Field(0, ge=0, lt=2**63)

    @model_validator(mode="after")
    def _variants_are_mono_kicks(self) -> Self:
        if (self.variants or self.least_rows or self.augmentation_mix) and self.model.stereo:
            raise ValueError(
                "variants and augmentation_mix are mono; set variants, least_rows and augmentation_mix to 0 for a "
                "stereo model"
            )
        if self.augmentation_mix and self.kind == "any":
            raise ValueError(
                "augmentation_mix turns sounds into kicks at large; set augmentation_mix to 0, or use the config kickae"
            )
        return self

    @property
    def starts_from(self) -> str | None:
        """The model whose weights a run begins with; None: at random."""
        return None

    def variants_for(self, kicks: int) -> int:
        """Variants to make of each of so many training kicks."""
        return min(MOST_VARIANTS, max(self.variants, math.ceil(self.least_rows / kicks) - 1))


class AdversarialTrainingConfig(TrainingConfig):
    """A run of a generator against a critic."""

    model: AnyAdversarial
    objective: Objective = "bce"
    labels: LabelsConfig = LabelsConfig()
    gradient_penalty: float = Field(10.0, ge=0)  # weight, with an objective that has one (wgan-gp)
    drift: float = Field(0.0, ge=0)  # weight of the critic's squared opinion of real kicks (Karras et al. 2018)
    critic_steps: int = Field(1, ge=1, le=20)  # critic updates for each of the generator
    generator_first: bool = False  # in each step
    spectral: SpectralConfig = SpectralConfig()  # of the generator, against the traces of up-convolution

    @model_validator(mode="after")
    def _representation_fits(self) -> Self:
        name, family, given = self.model.family, FAMILIES[self.model.family], self.representation.name
        if family.of and given not in family.of:
            raise ValueError(f"{name} makes {family.makes}, not {given}; set representation.name: {family.of[0]}")
        if self.labels != LabelsConfig() and OBJECTIVES[self.objective].to_labels is None:
            raise ValueError(f"labels mean nothing to {self.objective}; leave them out, or set objective: bce")
        return self

    @model_validator(mode="after")
    def _penalties_need_a_critic_without_batch_norm(self) -> Self:
        penalised = OBJECTIVES[self.objective].penalised or self.r1 > 0
        if penalised and FAMILIES[self.model.family].batch_norm(self.model):
            raise ValueError(
                "a gradient penalty is taken for each kick alone, and batch norm mixes them; "
                "set model.critic_norm: none, or use objective: bce with r1: 0"
            )
        return self


class KickAETrainingConfig(TrainingConfig):
    """A run of KickAE: reconstruction, and critics if they are asked to join."""

    model: KickAEConfig
    start: str = "none"  # weights before the first step: of a model file, a run, or "default"; "none" at random
    settle: float = Field(0.0, ge=0)  # step from which the rate falls like one over a square root; 0: never
    clip: float = Field(0.0, ge=0)  # largest norm of a gradient; 0: any
    critic_channels: int = Field(256, ge=8, le=4096)  # of the critics, on their smallest grid
    critics_from: int = Field(0, ge=0)  # step from which the critics judge
    critics_ahead: int = Field(0, ge=0)  # so many steps from there on they learn alone, and nothing else does
    # What they compare. "batch": its kicks as they are, with reconstructions and kicks between two latents;
    # "recordings": recordings, and no variants of them, with reconstructions and draws of the prior, and all of them as
    # the player finishes what it makes.
    critics_compare: Literal["batch", "recordings"] = "batch"
    # What they teach by. "verdict": their logits, and they go on learning; "features": once they were ahead they are
    # frozen, and what is made shall have the features that recordings have.
    critics_teach: Literal["verdict", "features"] = "verdict"
    # Kicks that their file cut while they were loud are compared up to there alone: how they go on, nobody knows.
    mask_cut: bool = False
    weights: WeightsConfig = WeightsConfig()

    @property
    def starts_from(self) -> str | None:
        return None if self.start == "none" else self.start

    @model_validator(mode="after")
    def _sub_bands_and_a_moving_average(self) -> Self:
        if self.representation.name != "pqmf":
            raise ValueError(f"kickae makes sub-bands, not {self.representation.name}; set representation.name: pqmf")
        if self.ema == 0:
            raise ValueError("kickae needs a moving average; set ema: 0.99")
        return self

    @model_validator(mode="after")
    def _critics_know_what_to_teach(self) -> Self:
        if self.critics_teach == "features" and self.critics_ahead == 0:
            raise ValueError("frozen critics that have learned nothing can't teach; set critics_ahead: 100")
        if (self.critics_teach == "features" or self.instance_noise) and self.critics_compare == "batch":
            raise ValueError(
                "critics_teach: features and instance_noise are of critics that compare with recordings; set "
                "critics_compare: recordings"
            )
        return self


CONFIGS: dict[str, type[TrainingConfig]] = {
    family.model_fields["family"].default: kind
    for kind, families in ((AdversarialTrainingConfig, ADVERSARIAL), (KickAETrainingConfig, (KickAEConfig,)))
    for family in families
}


def read_config(data: dict[str, Any], where: str) -> TrainingConfig:
    """A resolved config as the class of its family, which `model.family` says. Raises UserError."""
    model = data.get("model")
    family = model.get("family") if isinstance(model, dict) else None
    if not isinstance(family, str) or family not in CONFIGS:
        raise UserError(f"{where}: model.family={family!r}: known are {', '.join(CONFIGS)}")
    kind = CONFIGS[family]
    others = {key for other in CONFIGS.values() for key in other.model_fields} - kind.model_fields.keys()
    for key in sorted(others & data.keys()):
        raise UserError(f"{where}: {key}={data[key]!r} means nothing to {family}; leave it out")
    return checked(kind, data, where)


def config_names() -> list[str]:
    """The configs inside the package."""
    return sorted(p.name.removesuffix(".yaml") for p in _folder().iterdir() if p.name.endswith(".yaml"))


def load_config(name: str, changes: Sequence[str] | None = None) -> TrainingConfig:
    """The config called `name` (of the package, or a path to a YAML file), with `changes` like "batch=32" on top."""
    data = _resolve(name)
    for change in as_list(changes or []):
        _apply(data, change)
    return read_config(data, f"config {name}")


def _folder() -> Any:
    return files("kickitout") / "configs"


def _resolve(name: str, seen: tuple[str, ...] = ()) -> dict[str, Any]:
    if name in seen:
        raise UserError(f"config {name}: its bases form a loop ({' -> '.join((*seen, name))}); remove one")
    data = _read_yaml(name)
    base = data.pop("base", None)
    data.setdefault("name", Path(name).name.removesuffix(".yaml"))
    return data if base is None else merge(_resolve(str(base), (*seen, name)), data)


def _read_yaml(name: str) -> dict[str, Any]:
    of_the_package = name in config_names()
    if of_the_package:
        text = (_folder() / f"{name}.yaml").read_text("utf-8")
    elif name.endswith((".yaml", ".yml", ".json")) and Path(name).is_file():
        try:
            text = Path(name).read_text("utf-8")
        except UnicodeDecodeError as error:
            raise UserError(f"config {name}: not a text in UTF-8; save it as UTF-8") from error
        except OSError as error:
            raise explain_os_error(error, name) from error
    else:
        hint = f"did you mean {near}? " if (near := nearest(name, config_names())) else ""
        raise UserError(f"config {name}: not known; {hint}known are {', '.join(config_names())}, or a .yaml file")
    try:
        data = yaml.safe_load(text)
    except RecursionError as error:
        raise UserError(f"config {name}: nested too deeply; a config has three levels") from error
    except (yaml.YAMLError, ValueError) as error:  # ValueError: of a date that does not exist, a number too long
        line = getattr(getattr(error, "problem_mark", None), "line", -1) + 1
        raise UserError(f"config {name}: not valid YAML near line {line}") from error
    if not isinstance(data, dict):
        raise UserError(f"config {name}: a config is a list of 'key: value' lines")
    return data if of_the_package else upgraded_config(data)


def merge(base: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """`base` with `change` on top, level by level; a part that names another kind replaces the base's whole part."""
    result = dict(base)
    for key, value in change.items():
        old = result.get(key)
        if isinstance(old, dict) and isinstance(value, dict) and not _other_kind(old, value):
            result[key] = merge(old, value)
        else:
            result[key] = value
    return result


def _other_kind(old: dict[str, Any], new: dict[str, Any]) -> bool:
    return any(tag in new and tag in old and new[tag] != old[tag] for tag in ("name", "family"))


def _apply(data: dict[str, Any], change: str) -> None:
    key, equals, text = change.partition("=")
    if not equals or not key:
        raise UserError(f"setting {change}: write key=value, for instance batch=32 or model.channels=256")
    try:
        value = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UserError(f"setting {change}: {text!r} is not a value") from error
    node = functools.reduce(lambda level, part: {part: level}, reversed(key.split(".")), value)
    data.update(merge(data, node))
