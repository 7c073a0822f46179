"""Is the phase the gap? {real, made} magnitude x {kept, rebuilt} phase, without training anything.

A model of levels gets its phase from Griffin-Lim. What that costs is measured on real kicks, whose phase is known:
their levels, through the same representation, with their own phase and with a rebuilt one. Beside it stands what a
model makes, likewise with a phase that is kept and with one that is rebuilt. Kept is a model's own phase where it makes
sounds; where it makes levels, that of the real kick whose levels are nearest.

Real kicks are those that a laboratory learns from; all are compared with those of sources that nobody has heard, by the
statistics of `evidence`: energy distances without pairs of one source, sources drawn whole, the same draws for all
conditions.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from kickitout.datasets.build import Dataset
from kickitout.errors import UserError
from kickitout.generation.generate import generate
from kickitout.generation.load import load_model
from kickitout.generation.noise import normal
from kickitout.metrics.distance import pairwise
from kickitout.metrics.embeddings import EDGES_HZ, EDGES_MS, embed_bands
from kickitout.metrics.resampling import interval
from kickitout.models.player import finishing
from kickitout.representations.griffin_lim import GriffinLim
from kickitout.representations.log_magnitude import LogMagnitude, LogMagnitudeConfig
from kickitout.representations.waveform import Waveform, WaveformConfig
from kickitout.training.config import read_config
from kickitout.training.session import opened
from kicklab.folder import Lab, read_json, write_json
from kicklab.sources import sources_of
from kicklab.two_sample import hits, trial_of, two_sample_test
from kicklab.unseen import Unseen, source_counts

SWAP_VERSION = 2  # of what is measured
HALF = 0.5  # of the gap
ROUNDS = (5, 100)  # of Griffin-Lim: as the representation has it, and as many as anybody takes
MADE = 256
AT_ONCE = 16
PREFERRED = (("curves", "DCGAN with the offset"), ("curves", "DCGAN"), ("start", "offset data"))  # rows to swap
PACKAGE = "the model in the package"
CLICK_HZ, CLICK_MS, BODY_HZ = 2000.0, 15.0, 250.0


def parts() -> dict[str, np.ndarray]:
    """Name -> [252] bool, cells of the bands: the click (above 2 kHz, to 15 ms), the body (below 250 Hz, from there
    on), and all."""
    low, high, start, stop = EDGES_HZ[:-1, None], EDGES_HZ[1:, None], EDGES_MS[None, :-1], EDGES_MS[None, 1:]
    click = (low >= CLICK_HZ) & (stop <= CLICK_MS)
    body = (high <= BODY_HZ) & (start >= CLICK_MS)
    return {"click": click.ravel(), "body": body.ravel(), "all": np.ones(click.size, bool)}


class Spectrograms(NamedTuple):
    """Levels as a representation has them, with a phase to keep, and who made each."""

    levels: Tensor  # [n, 1, bins, frames]
    phase: Tensor  # [n, frames, n_fft / 2 + 1] unit phasors
    sources: np.ndarray  # [n]


class Made(NamedTuple):
    """What a model makes, and what is said of it."""

    name: str
    phase: str  # where the one that is kept comes from
    representation: LogMagnitudeConfig
    spectrograms: Spectrograms


# -- sounds -----------------------------------------------------------------------------------------------------------


def spectrograms_of(waves: np.ndarray, representation: LogMagnitude, sources: np.ndarray) -> Spectrograms:
    """Those of sounds [n, T], with their own phase."""
    with torch.inference_mode():
        blocks = torch.from_numpy(waves).split(AT_ONCE)
        levels = torch.cat([representation.encode(block) for block in blocks])
        return Spectrograms(levels, torch.cat([representation.stft(block).sgn() for block in blocks]), sources)


def swapped_sounds(spectrograms: Spectrograms, representation: LogMagnitude, rounds: int | None) -> np.ndarray:
    """[n, T]: the levels with the phase that is kept, or with one of so many rounds; finished as all models are."""
    inverse = None if rounds is None else GriffinLim(representation.stft, rounds)
    wave = Waveform(WaveformConfig())
    player = finishing(wave)
    made = []
    with torch.inference_mode():
        for levels, phase in zip(spectrograms.levels.split(AT_ONCE), spectrograms.phase.split(AT_ONCE), strict=True):
            magnitude = representation.scale.to_magnitude(levels[:, 0].transpose(1, 2))
            whole = F.pad(magnitude, (0, representation.stft.bins - representation.config.bins)).contiguous()
            heard = representation.stft.inverse(whole * phase) if inverse is None else inverse(whole)
            made.append(player.sound(wave.encode(heard))[:, 0].numpy())
    return np.concatenate(made)


def nearest_phase(levels: Tensor, real: Spectrograms) -> Tensor:
    """The phase of the real kick whose levels are nearest to each of [n, 1, bins, frames]."""
    known = real.levels.flatten(1)
    return real.phase[torch.cat([torch.cdist(part.flatten(1), known).argmin(1) for part in levels.split(AT_ONCE)])]


def from_package(count: int) -> Made:
    """The model that comes with the package: it makes sounds, so its phase is its own."""
    config = LogMagnitudeConfig()
    model = load_model()
    spectrograms = spectrograms_of(generate(range(count), model), LogMagnitude(config), np.arange(count))
    return Made(f"{PACKAGE} ({model.info.name})", "its own", config, spectrograms)


def from_row(lab: Lab, study: str, row: str, count: int) -> Made | None:
    """The finished runs of a row whose weights are kept, as many sounds of each; None where there is none.

    Runs are opened in a copy: what is there stays as it is.
    """
    plan: dict[str, Any] = lab.read_plan(study) or {"cells": []}
    runs = [
        entry for entry in plan["cells"]
        if entry["row"] == row and (lab.cell(entry["id"]) / "measured.json").exists()
        and any(lab.cell(entry["id"]).glob("run/checkpoints/*"))
    ]  # fmt: skip
    if not runs:
        return None
    levels: list[Tensor] = []
    settings = read_config(runs[0]["config"], f"{lab.path}: {row}").representation
    if not isinstance(settings, LogMagnitudeConfig):
        raise UserError(f"{study}, {row}: makes no levels; name a row of log-magnitude spectrograms")
    for i, entry in enumerate(runs):
        config = read_config(entry["config"], f"{lab.path}: {row}")
        dataset = lab.sounds("kicks").of(entry["kicks"], config.held_out, entry["seed"], entry.get("fold"))
        with tempfile.TemporaryDirectory() as folder:
            run_folder = shutil.copytree(lab.cell(entry["id"]) / "run", Path(folder) / "run")
            with opened(dataset, config, run_folder, device="cpu") as (run, _), torch.inference_mode():
                for _ in run.begin():
                    pass
                player = run.task.player()
                eps = torch.from_numpy(normal(range(count // len(runs) + (i < count % len(runs))), player.latent))
                levels.append(torch.cat([player.generator(player.prior(part)) for part in eps.split(AT_ONCE)]))
    made = torch.cat(levels)
    train = lab.sounds("kicks").train
    phase = nearest_phase(made, spectrograms_of(train.waves, LogMagnitude(settings), sources_of(train.rows)))
    name = f"{row} ({study}, {len(runs)} seed{'s' * (len(runs) > 1)})"
    return Made(name, "of the real kick nearest to it", settings, Spectrograms(made, phase, np.arange(len(made))))


def made_of(lab: Lab, study: str = "", row: str = "", count: int = MADE) -> Made:
    """What a row makes; without a row, the first of PREFERRED whose weights are here, or else the package's model."""
    if row:
        found = from_row(lab, study, row, count)
        if found is None:
            raise UserError(f"{lab.path}: no finished run of {row!r} in {study}; kick lab run {study} makes them")
        return found
    for preferred in PREFERRED:
        if (found := from_row(lab, *preferred, count)) is not None:
            return found
    return from_package(count)


# -- statistics -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Estimated:
    """A value with 95 % over draws of sources, on both sides."""

    drawn: np.ndarray  # [1 + SOURCE_DRAWS]; the first is the value

    def as_data(self) -> dict[str, float]:
        value = float(self.drawn[0])
        low, high = interval(value, self.drawn[1:])
        return {"value": round(value, 5), "low": round(low, 5), "high": round(high, 5)}


class Scored(NamedTuple):
    """A condition: magnitude "real" | "made", rounds None for the phase that is kept; part -> distance, and accuracy of
    the classifier under "C2ST"."""

    magnitude: str
    rounds: int | None
    found: dict[str, Estimated]
    p: float  # of the classifier


class Scorer:
    """Compares sounds with those of unseen sources, with the same draws for all."""

    def __init__(self, kicks: Dataset) -> None:
        self.real = embed_bands(kicks.waves)
        self.sources = np.unique(sources_of(kicks.rows), return_inverse=True)[1]
        self.counts = source_counts(self.sources, np.random.default_rng([0, 1]))
        self.within = {
            part: Unseen(self.sources, pairwise(self.real[:, cells], self.real[:, cells])).mean_apart(self.counts)
            for part, cells in parts().items()
        }

    def __call__(self, magnitude: str, rounds: int | None, waves: np.ndarray, sources: np.ndarray) -> Scored:
        """Waves [n, T] of these sources."""
        embedded = embed_bands(waves)
        counts = source_counts(sources, np.random.default_rng([0, 2]))
        found = {part: self.distance(part, cells, embedded, sources, counts) for part, cells in parts().items()}
        rng = np.random.default_rng([0, 17])
        recorded = sources if len(np.unique(sources)) < len(sources) else None  # what is made has no sources
        t = trial_of(self.real, embedded, self.sources, rng, recorded)
        right = hits(t.points, t.label, t.folds)
        mine, theirs = self.counts, counts[:, t.rows]
        number = len(self.sources)
        with np.errstate(invalid="ignore"):  # a draw that has none of those that take part
            accuracy = (mine @ right[:number] / mine.sum(1) + theirs @ right[number:] / theirs.sum(1)) / 2
        found["C2ST"] = Estimated(accuracy)
        return Scored(
            magnitude, rounds, found, two_sample_test(self.real, embedded, self.sources, made_sources=recorded).p
        )

    def distance(
        self, part: str, cells: np.ndarray, embedded: np.ndarray, sources: np.ndarray, counts: np.ndarray
    ) -> Estimated:
        """Energy distance in the cells of a part."""
        across = pairwise(self.real[:, cells], embedded[:, cells])
        between = ((self.counts @ across) * counts).sum(1) / (self.counts.sum(1) * counts.sum(1))
        own = Unseen(sources, pairwise(embedded[:, cells], embedded[:, cells])).mean_apart(counts)
        return Estimated(2 * between - self.within[part] - own)


def shares_of_gap(found: list[Scored]) -> Iterator[dict[str, Any]]:
    """For each number of rounds and each part: what the rebuilt phase costs real kicks, how far what is made lies
    beyond them (the gap), and, where a gap is shown, the first as a share of the second, and how far it is over half
    of it: a difference, which no draw with a small gap blows up."""
    by = {(one.magnitude, one.rounds): one.found for one in found}
    for rounds in ROUNDS:
        for part in by["real", None]:
            kept, rebuilt, made = (by[key][part].drawn for key in (("real", None), ("real", rounds), ("made", rounds)))
            cost, gap = Estimated(rebuilt - kept), Estimated(made - kept)
            said: dict[str, Any] = {"part": part, "rounds": rounds, "cost": cost.as_data(), "gap": gap.as_data()}
            if said["gap"]["low"] > 0:
                said["share"] = round(float(cost.drawn[0] / gap.drawn[0]), 5)
                said["over_half"] = Estimated(cost.drawn - HALF * gap.drawn).as_data()
            yield said


def swap(kicks: Dataset, unseen: Dataset, made: Made, say: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """All that is measured, ready for JSON. kicks: whose real levels are taken; unseen: of other sources than these."""
    representation = LogMagnitude(made.representation)
    sources = np.unique(sources_of(kicks.rows), return_inverse=True)[1]
    real = spectrograms_of(kicks.waves, representation, sources)
    score = Scorer(unseen)
    found = []
    for magnitude, spectrograms in (("real", real), ("made", made.spectrograms)):
        for rounds in (None, *ROUNDS):
            say(f"{magnitude}, {'phase kept' if rounds is None else f'{rounds} rounds'}")
            found.append(
                score(magnitude, rounds, swapped_sounds(spectrograms, representation, rounds), spectrograms.sources)
            )
    return {
        "version": SWAP_VERSION, "made": made.name, "phase": made.phase,
        "representation": " x ".join(str(n) for n in representation.representation_shape[1:]),
        "n": {"real": len(kicks), "made": len(made.spectrograms.levels), "unseen": len(unseen)},
        "sources": {"real": int(sources.max()) + 1, "unseen": int(score.sources.max()) + 1},
        "conditions": [
            {"magnitude": one.magnitude, "rounds": one.rounds, "p": round(one.p, 5),
             "scores": {part: e.as_data() for part, e in one.found.items()}}
            for one in found
        ],
        "shares": list(shares_of_gap(found)),
    }  # fmt: skip


def measure_swap(
    lab: Lab, study: str = "", row: str = "", count: int = MADE, say: Callable[[str], None] = lambda _: None
) -> dict[str, Any]:
    """Measure it in a laboratory that has kicks, and keep it there. Raises UserError for fewer sounds than are unseen:
    the classifier takes as many of both."""
    data = lab.sounds("kicks")
    if count < len(data.test):
        raise UserError(f"-n {count}: at least {len(data.test)} work, as many as there are unseen kicks")
    if len(data.train) < len(data.test):
        few = f"{len(data.train)} kicks to take levels of, and {len(data.test)} unseen ones"
        raise UserError(f"{lab.path}: {few}; as many of the first work, or more")
    found = swap(data.train, data.test, made_of(lab, study, row, count), say)
    write_json(lab.swap, found)
    return found


def read_swap(lab: Lab) -> dict[str, Any] | None:
    """What was measured in a laboratory; None where it was not, or by another version."""
    found = read_json(lab.swap) if lab.swap.exists() else None
    return found if found and found["version"] == SWAP_VERSION else None
