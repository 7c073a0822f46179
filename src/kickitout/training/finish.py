"""What a run leaves at its end: the model, its limits, and the fingerprints of its kicks.

What does not depend on training is made before the loop, so that its time is known; what does is rehearsed there on a
part of the kicks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress

import torch

from kickitout.descriptors.limits import Limits, limits_of
from kickitout.errors import UserError
from kickitout.export.model_file import graph_bytes, model_info, write_model
from kickitout.files import write_whole
from kickitout.generation.noise import normal
from kickitout.generation.torch_backend import TorchModel
from kickitout.metrics.fingerprints import MOST_LEARNED, Learned, learned_file, read_learned
from kickitout.models.files import IN_A_RUN
from kickitout.models.player import Player
from kickitout.training.loop import Run
from kickitout.training.monitor import view
from kickitout.training.run_folder import write_notebook
from kickitout.training.sheet import sheet_png

REHEARSED = 128  # training kicks that a player is made from in a rehearsal
HEARD = 8  # kicks it generates there
GRAPHS = {"kickae": 15.0, "other": 3.0}  # times the export of a layer or two that of a whole model takes, measured
SAVED = 100e6  # bytes of a checkpoint a second, on a slow disk


class Finish:
    """`prepare` before the loop, `write` after it."""

    limits: Limits
    learned: bytes | None = None  # fingerprints; None where they are there already, or the kicks are too many

    def __init__(self, run: Run) -> None:
        self.run, self.dataset = run, run.dataset

    def prepare(self) -> Iterator[str]:
        """Measure the training kicks, and tell before each part what is being done."""
        yield f"measuring {len(self.run.waves)} kicks, for the scores and for the limits of the model"
        _ = self.run.reference
        self.limits = limits_of(self.run.waves[:, 0].numpy(), self.run.config.kind)
        # With fingerprints the studio says which training kick a sound is nearest to.
        if len(self.dataset) > MOST_LEARNED:
            yield f"no fingerprints of the training kicks: they are more than {MOST_LEARNED}"
        elif not self._known():
            yield f"taking the fingerprints of {len(self.dataset)} kicks"
            self.learned = Learned.of_dataset(self.dataset).to_bytes()

    def _known(self) -> bool:
        """Whether the fingerprints lie beside the model of an earlier start."""
        for name in IN_A_RUN:
            with suppress(UserError):  # there are none yet, or they are damaged
                if read_learned(learned_file(self.run.folder.path / name)).digest == self.dataset.digest:
                    return True
        return False

    def write(self, player: Player, step: int) -> None:
        """The finished model of a step, and what lies beside it."""
        folder, config = self.run.folder, self.run.config
        settings, manifest = config.model_dump(mode="json"), self.dataset.manifest()
        info = model_info(player, settings, manifest, step, folder.start, self.limits)
        model = write_model(player, info, folder.path)
        if self.learned is not None:
            write_whole(learned_file(model), self.learned)
        write_notebook(folder, config)


def rehearse(run: Run, clock: Callable[[], float]) -> dict[str, float]:
    """Seconds that each part of the end of a run will take, estimated from a part of what is done there.

    Nothing of the run changes.
    """
    at = clock()  # each thing is done twice: what happens once in a process has no share in what it takes

    def lap() -> float:
        nonlocal at
        before, at = at, clock()
        return at - before

    with torch.random.fork_rng(devices=[]):
        for kicks in (HEARD, REHEARSED):
            lap()
            player = run.task.player(kicks)
    making = lap() * max(1.0, len(run.waves) / REHEARSED if run.config.model.family == "kickae" else 1.0)
    for sounds in (2, HEARD):
        lap()
        made = TorchModel(player).play(normal(range(sounds), player.latent)).mean(axis=1)
        view(made)
        sheet_png(made, "")
    hearing = lap() * run.config.monitor.sounds / HEARD
    exporting = 0.0
    if player.representation.exportable:
        export_one()  # what is imported for it is imported once
        lap()
        export_one()
        first = lap()
        export_one()
        exporting = min(first, lap()) * GRAPHS.get(run.config.model.family, GRAPHS["other"])
    size = sum(t.numel() * t.element_size() for n in run.task.networks.values() for t in n.state_dict().values())
    # What is heard last is mostly what is exported, and the same player.
    return {"saving": 3 * size / SAVED, "snapshot": making + hearing, "model": exporting}


def export_one() -> bytes:
    """A graph of two layers."""
    layers = torch.nn.Sequential(torch.nn.Conv1d(1, 1, 3), torch.nn.ReLU(), torch.nn.Linear(8, 8))
    return graph_bytes(layers, {"x": torch.zeros(2, 1, 10)}, ["y"], "{}")
