"""Toy sizes: every config of the package, small enough to take a step in a fraction of a second."""

from __future__ import annotations

import csv
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from kickitout.audio import write_sound
from kickitout.datasets.build import Dataset, read_dataset
from kickitout.generation.noise import normal
from kickitout.sound import SAMPLE_RATE
from kickitout.synthesis.procedural import synthesise

SHORT = ["model.latent=6", "batch=4", "monitor.every=2", "monitor.sounds=8"]
TOY_KICKAE = [
    *SHORT, "model.widths=[16, 16, 16, 8, 8]", "model.style=8", "model.encoder_width=8", "model.click_width=8",
    "model.noise_code=4", "critic_channels=16", "critics_from=1", "start=none", "variants=1", "least_rows=0",
]  # fmt: skip
TOY = [*SHORT, "model.channels=16", "model.least_channels=4"]
TOY_DIM = [*SHORT, "model.dim=2", "critic_steps=2"]


def toy(name: str) -> list[str]:
    """The changes that make a config of the package a toy."""
    if name.startswith("kickae"):
        more = {"kickae-at-large": ["augmentation_mix=8"], "kickae-stereo": ["variants=0"]}
        return [*TOY_KICKAE, *more.get(name, [])]
    if name == "drumgan":
        small = ["representation.n_fft=512", "representation.hop=256", "representation.frames=88"]  # fewer cells
        return [*TOY, "model.channels=8", *small]
    return {"wavegan": TOY_DIM, "specgan": TOY_DIM}.get(name, TOY)


def write_kicks(folder: Path, count: int, first: int = 0) -> Path:
    """`count` rendered kicks as WAV files in a new folder."""
    folder.mkdir(parents=True)
    waves, _ = synthesise(range(first, first + count))
    for i, wave in enumerate(waves):
        write_sound(folder / f"kick {first + i:03d}.wav", wave, SAMPLE_RATE, bits="16")  # the same on any processor
    return folder


def labelled(folder: Path, sources: Sequence[str]) -> Path:
    """A folder of kicks with an index that names the source of each, in the order of their names."""
    rows = [("file", "source", "licence")]
    rows += [(path.name, source, "CC0-1.0") for path, source in zip(sorted(folder.glob("*.wav")), sources, strict=True)]
    with open(folder / "index.csv", "w", newline="") as file:
        csv.writer(file).writerows(rows)
    return folder


def toy_dataset(folder: Path, count: int = 24) -> Dataset:
    return read_dataset([write_kicks(folder, count)])


def no_silence(waves: np.ndarray) -> bool:
    return bool((np.abs(waves).max(axis=-1) > 0.5).all())


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """A folder that `make` fills, once for all files and workers of a session: whoever comes first makes it. Whoever
    changes anything in it copies it first."""
    root = factory.getbasetemp()
    root = root.parent if "PYTEST_XDIST_WORKER" in os.environ else root
    folder = root / f"shared-{name}"
    with FileLock(root / f"shared-{name}.lock"):
        if not (folder / "whole").exists():
            shutil.rmtree(folder, ignore_errors=True)  # of a worker that failed
            folder.mkdir()
            make(folder)
            (folder / "whole").touch()
    return folder


def shared_run(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], Dataset] = toy_dataset) -> Path:
    """A finished run of a config, of toy size: `run` beside its `kicks`; an export takes twenty seconds."""
    from kickitout.training.budget import Until
    from kickitout.training.config import load_config
    from kickitout.training.session import train

    # Two harmonics: an untrained toy holds none of them down, high ones turn some hundred times, and there one rounding
    # of the pitch is heard as phase; the model in the package is within 4e-6.
    changes = [*toy(name), *(["variants=0", "model.harmonics=2"] if name == "kickae" else [])]

    def trained(folder: Path) -> None:
        train(make(folder / "kicks"), load_config(name, changes), folder / "run", Until(steps=2), device="cpu")

    return made_once(factory, name, trained) / "run"


def toy_tensors() -> bytes:
    """A toy DCGAN that needs torch to be decoded, as safetensors."""
    from kickitout.export.model_file import model_info, write_model
    from kickitout.models.families import finished, make_generator, make_scale, whole_shape
    from kickitout.models.player import make_player
    from kickitout.representations import make_representation
    from kickitout.training.config import load_config

    config = load_config("dcgan", TOY)
    representation = make_representation(config.representation)
    picture = whole_shape(config.model, representation.representation_shape)
    generator = finished(make_generator(config.model, picture), make_scale(config.model, picture))
    player = make_player(config.model, generator, representation)
    info = model_info(player, config.model_dump(mode="json"), {"digest": "d", "rows": []}, 0)
    with tempfile.TemporaryDirectory() as folder:
        write_model(player, info, Path(folder))
        return (Path(folder) / "model.safetensors").read_bytes()


def assert_eight_a_call(model):
    """That a model plays eight kicks a call, and that they are the same as alone."""
    eps = normal(range(20), model.info.noise_size)
    made = model.play(eps)  # the first eight are played both ways
    assert model.together, "this processor rounds a call of eight otherwise: correct, but slow"
    np.testing.assert_array_equal(made, np.concatenate([model.play(eps[i : i + 1]) for i in range(20)]))
    np.testing.assert_array_equal(model.play(eps[8:16]), made[8:16])
