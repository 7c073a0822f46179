"""A toy laboratory: every group and every study in half a minute of one core, and its paper.

It is made once a session, also where several workers ask for it: the first makes it, the others wait at its door.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
import torch
from filelock import FileLock
from toy import SHORT, toy, write_kicks

from kickitout.cli import main
from kickitout.descriptors.contour import Contours, contours
from kicklab.cells import Budget
from kicklab.data import read_kicks
from kicklab.folder import Lab
from kicklab.paper.page import render_paper
from kicklab.runner import run_study
from kicklab.study import Study, load_study

EVIDENCE = Path(__file__).parents[1] / "docs" / "evidence"
SOUNDS = 18
KICKS, OTHERS = 36, 64  # to learn from, and to score against; near-duplicates and scores need about as many
STEPS = Budget(sounds=8)  # two steps
HALVES = (0.5, 1.0)
ROWS = {  # some studies ask for what another has
    "curves": ["DCGAN", "DCGAN with the offset", "all together, sub-bands", "KickAE"],
    "start": ["offset 0", "offset data", "SpecGAN"],
    "ancestor": ["sigmoid twice, labels 1 to 1.1", "sigmoid once, labels 0.9"],
    "end": ["DCGAN, 16 kicks", "DCGAN, all kicks", "DCGAN, more kicks"],
    "sine": ["WaveGAN", "DrumGAN-style"],
}  # fmt: skip


SMALL_PICTURE = ["representation.hop=256", "representation.frames=88", "representation.bins=64"]  # a sixth of the cells
SMALLER = {
    "kickae": ["variants=0"],
    "dcgan": ["representation.iterations=1", *SMALL_PICTURE],
    "specgan": ["representation.iterations=1"],
}
TOY_ANCESTOR = [*SHORT, "model.channels=8", "model.doublings=5", "representation.iterations=1", *SMALL_PICTURE]


def size(config: str) -> list[str]:
    """Toys that take no snapshots, and make no variants but where a study is about them."""
    changes = [c for c in (TOY_ANCESTOR if config == "ancestor" else toy(config)) if not c.startswith("monitor.")]
    return [*changes, "monitor.every=1000000", "monitor.sounds=8", *SMALLER.get(config, [])]


def toy_study(name: str) -> Study:
    """A study of the package with two milestones, and fewer kicks; of configs without an average none is taken."""
    study = load_study(name)
    changes: dict[str, object] = {"kicks": (16, "all", "more")} if name == "end" else {}
    changes["set"] = tuple(change for change in study.set if not change.startswith("ema="))
    return study.model_copy(update=changes | ({"milestones": HALVES} if study.sounds_seen else {}))


def run_toy(lab: Lab, name: str, study: Study | None = None, **more: object) -> bool:
    """Run a study at toy size."""
    only = ROWS.get(name, [])
    settings: dict[str, object] = {"seeds": 2, "budget": STEPS, "only": only, "sounds": SOUNDS, "draws": 20}
    return run_study(lab, name, study or toy_study(name), size=size, **(settings | more))  # type: ignore[arg-type]


def remembered(waves: np.ndarray, known: dict[bytes, Contours] = {}) -> Contours:  # noqa: B006  # it remembers
    """What `contours` says, of each sound once: it is the same in any batch, and all runs learn from the same kicks."""
    for wave in waves:
        if (key := wave.tobytes()) not in known:
            known[key] = contours(wave[None])
    return Contours(*(np.concatenate(part) for part in zip(*(known[w.tobytes()] for w in waves), strict=True)))


def make_lab(base: Path) -> Lab:
    """All studies, on rendered kicks that are said to be under CC0; made by whoever comes first."""
    base.mkdir(parents=True, exist_ok=True)
    with FileLock(base / "door"):
        lab = Lab(base / "lab")
        if not (base / "done").exists():
            torch.set_num_threads(1)
            for name, count, first in (("kicks", KICKS, 0), ("others", OTHERS, 500), ("third", OTHERS, 900)):
                licensed(write_kicks(base / name, count, first), "CC0-1.0")
            lab.begin(read_kicks([base / "kicks"], [base / "others"], [base / "third"]))
            no_picture = patch("kickitout.training.loop.sheet_png", lambda *_: b"")
            with no_picture, patch("kickitout.training.autoencoding.contours", remembered):
                for study in ROWS:
                    assert run_toy(lab, study)
            assert main(["lab", "confirm", "--lab", str(lab.path)]) == 0
            shutil.copy(EVIDENCE / "swap.json", lab.swap)  # minutes of work, and another test's
            (base / "paper.html").write_bytes(render_paper(lab))
            (base / "done").touch()
    return lab


def copied(lab: Lab, to: Path) -> Lab:
    """The same laboratory elsewhere, to be changed, without its run folders, which only training reads. Its arrays are
    the same files: they are replaced whole, and never written into."""

    def copy(source: str, target: str) -> None:
        if source.endswith(".npz"):
            with contextlib.suppress(OSError):  # on another disk
                os.link(source, target)
                return
        shutil.copy2(source, target)

    shutil.copytree(lab.path, to, ignore=shutil.ignore_patterns("run"), copy_function=copy)
    return Lab(to)


def licensed(folder: Path, licence: str) -> Path:
    """Says of all kicks in a folder under which licence they are, each of a source of its own."""
    lines = [f"{p.name},{folder.name} {i},{licence}" for i, p in enumerate(sorted(folder.glob("*.wav")))]
    (folder / "index.csv").write_text("\n".join(["file,source,licence", *lines]) + "\n")
    return folder


@pytest.fixture(scope="session")
def toy_lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """Read only: tests that change a laboratory take a copy. KICKITOUT_TOY_LAB: a folder to keep it in."""
    if kept := os.environ.get("KICKITOUT_TOY_LAB"):
        return make_lab(Path(kept))
    base = tmp_path_factory.getbasetemp()
    if base.name.startswith("popen-"):
        base = base.parent  # shared by the workers of pytest-xdist
    return make_lab(base / "toy-lab")


@pytest.fixture(scope="session")
def toy_paper(toy_lab: Lab) -> Path:
    """Its paper."""
    return toy_lab.path.parent / "paper.html"
