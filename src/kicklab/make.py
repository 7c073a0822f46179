"""From a cell to sounds: train, or take from where it says, and keep the sounds.

Each sound is what `kick generate` would make of that run and seed, kept in 16 bits. Measures read only what is kept, so
they can change later without training again. Budgets are processor seconds: a busy machine shortens none. On an
accelerator (`device`) only training runs there, by the clock on the wall.
"""

from __future__ import annotations

import copy
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from kickitout.augmentation.variants import producer_variants
from kickitout.files import make_folder, write_whole
from kickitout.generation.noise import normal
from kickitout.generation.torch_backend import TorchModel
from kickitout.models.player import Player, finishing
from kickitout.representations import make_representation
from kickitout.representations.base import Representation
from kickitout.synthesis.procedural import synthesise
from kickitout.training.adversarial import AdversarialTask
from kickitout.training.budget import Until
from kickitout.training.loop import Report, Run
from kickitout.training.session import opened
from kicklab.cells import Cell
from kicklab.data import LabData
from kicklab.folder import Lab, read_json, write_arrays, write_json
from kicklab.sources import sources_of
from kicklab.spectra import profiles

FULL_SCALE = 32_767  # a sample of 1.0 in 16 bits
ENCODED_AT_ONCE = 16
LOSSES_KEPT = 50  # steps between two that are
TAKEN = {"taken": True}  # of a milestone: from another cell, which has paid for it


def made_path(folder: Path, milestone: int) -> Path:
    """The sounds of a cell at a milestone."""
    return folder / f"made-{milestone}.npz"


def make(lab: Lab, cell: Cell, watch: Callable[[Report], None] = lambda _: None, device: str = "cpu") -> bool:
    """Make what is missing, training on a device. Returns whether all is there; False when the user wants to stop."""
    folder = make_folder(lab.cell(cell.identity))
    if _finished(cell, folder):
        return True
    began = time.process_time()
    data = lab.sounds(cell.data)
    if cell.source == "trained":
        _take_from_another_length(lab, cell, folder)
        return _finished(cell, folder) or _train(cell, data, folder, watch, device)
    arrays, about = _without_learning(cell, data)
    _keep(folder, 0, arrays, about | {"cost_seconds": time.process_time() - began})
    return True


def _finished(cell: Cell, folder: Path) -> bool:
    """Whether there are sounds of every milestone."""
    return all(made_path(folder, i).with_suffix(".json").exists() for i in range(len(cell.milestones)))


def _keep(folder: Path, milestone: int, arrays: dict[str, np.ndarray], about: dict[str, Any]) -> None:
    """The arrays first: where there is a description, there are sounds."""
    write_arrays(made_path(folder, milestone), arrays)
    write_json(made_path(folder, milestone).with_suffix(".json"), about)


def to_16_bits(waves: np.ndarray) -> np.ndarray:
    """Float [..., T] to int16; what is not finite becomes silence."""
    return np.round(np.clip(np.nan_to_num(waves, nan=0, posinf=0, neginf=0), -1, 1) * FULL_SCALE).astype(np.int16)


def from_16_bits(samples: np.ndarray) -> np.ndarray:
    """The reverse, float32."""
    return (samples / np.float32(FULL_SCALE)).astype(np.float32)


# -- with learning ----------------------------------------------------------------------------------------------------


def _train(cell: Cell, data: LabData, folder: Path, watch: Callable[[Report], None], device: str) -> bool:
    assert cell.config is not None
    dataset = cell.learned(data)
    clock = time.process_time if device == "cpu" else time.monotonic
    began = clock()
    with opened(dataset, cell.config, folder / "run", device=device, clock=clock) as (run, interrupted):
        for report in run.begin():
            watch(report)
        earlier = _spent_before(cell, folder, run.seconds)
        for i, share in enumerate(cell.milestones):
            if made_path(folder, i).with_suffix(".json").exists():
                continue
            for told in run.train(_until(cell, share), interrupted):
                if isinstance(told, Report):
                    watch(told)
            run.save_latest()
            if run.ended == "interrupted":
                return False
            arrays, about = _generate(run, cell, data)
            _keep(folder, i, arrays, about | {"cost_seconds": earlier + clock() - began})
        finished = _finished(cell, folder)
    if finished and cell.budget.seconds is not None:  # nothing goes on from here: many cells would fill the disk
        shutil.rmtree(folder / "run" / "checkpoints", ignore_errors=True)
    return finished


def _spent_before(cell: Cell, folder: Path, trained: float) -> float:
    """What the processes before this one have cost: until the last milestone, and what was trained since. trained:
    seconds of training until here."""
    kept = [made_path(folder, i).with_suffix(".json") for i in range(len(cell.milestones))]
    about = [read_json(path) for path in kept if path.exists()]
    return trained + max([0.0, *(point["cost_seconds"] - point["seconds"] for point in about)])


def _take_from_another_length(lab: Lab, cell: Cell, folder: Path) -> None:
    """Where a run of the same row and seed but of another length is finished, take the milestones that both have, and
    of a shorter one its run folder too, to go on from there.

    A run is of use if it was heard at every milestone of this one, as far as it went: of a longer one all is taken, and
    nothing is left to be trained.
    """
    begun = folder / "beginning.txt"
    if begun.exists() or cell.budget.seconds is not None or cell.config is None:
        return
    steps = [cell.budget.steps_at(share, cell.config.batch) or 0 for share in cell.milestones]
    for other in sorted(p.parent for p in lab.path.glob("cells/*/beginning.txt")):
        if (other / "beginning.txt").read_text() != cell.beginning or not (other / "measured.json").exists():
            continue
        heard = {p["steps"]: i for i, p in enumerate(read_json(other / "measured.json")["milestones"])}
        shorter = max(heard) < steps[-1]
        if not {s for s in steps if s <= max(heard)} <= heard.keys() or (shorter and not (other / "run").exists()):
            continue
        if shorter and not (folder / "run").exists():
            shutil.copytree(other / "run", folder / "run")
        for i, step in enumerate(steps):
            if step in heard:
                known = made_path(other, heard[step])
                write_whole(made_path(folder, i), known.read_bytes())
                write_json(made_path(folder, i).with_suffix(".json"), read_json(known.with_suffix(".json")) | TAKEN)
        break
    write_whole(begun, cell.beginning.encode())


def _until(cell: Cell, share: float) -> Until:
    assert cell.config is not None
    seconds = cell.budget.seconds
    return Until(cell.budget.steps_at(share, cell.config.batch), None if seconds is None else share * seconds)


def _generate(run: Run, cell: Cell, data: LabData) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """What the run would generate now, from seeds 0 on, and what is known of it."""
    player = _on_cpu(run.task.player())
    model, representation = TorchModel(player), player.representation
    with decoded(representation) as passed, torch.inference_mode():
        waves = model.play(normal(range(cell.sounds), model.info.noise_size)).mean(axis=1)
        seen = _joined([profiles(p) for p in passed]) if passed else encoded_profiles(representation, waves)
    real = encoded_profiles(representation, data.test.waves)
    arrays = {"waves": to_16_bits(waves)}
    critic = {}
    if isinstance(run.task, AdversarialTask):
        plain = player
        if run.task.average is not None:
            plain = _on_cpu(run.task.player(averaged=False))
            bare = TorchModel(plain)
            arrays["waves_raw"] = to_16_bits(bare.play(normal(range(cell.sounds), bare.info.noise_size)).mean(axis=1))
        unseen = torch.from_numpy(data.test.waves)[:, None]
        critic = critic_opinions(run.task, plain, run.waves[: len(run.reals)], unseen)
    # The names of the arrays are frozen: "picture_" is of the representation, "real_" of the test kicks in it.
    arrays |= {f"picture_{k}": v for k, v in seen.items()} | {f"real_{k}": v for k, v in real.items()}
    entries = run.folder.entries()
    sizes = {
        name: sum(p.numel() for p in network.parameters()) for name, network in run.task.networks.items()
        if name != "average"
    }  # fmt: skip
    about = {
        "steps": run.step, "seconds": round(run.seconds, 3), "kicks_seen": run.step * run.config.batch,
        "training_kicks": len(run.reals), "stopped": run.stopped, "parameters": sizes, "critic": critic,
        "losses": [
            {k: e[k] for k in ("step", "seconds", "loss/d", "loss/g", "grad/d", "grad/g") if k in e}
            for e in entries if e.get("kind") == "losses" and (e["step"] <= 3 or e["step"] % LOSSES_KEPT == 0)
        ],
    }  # fmt: skip
    return arrays, about


def _on_cpu(player: Player) -> Player:
    """A copy on the processor, as users play it; the run keeps the representation where it trains."""
    return copy.deepcopy(player).cpu()


def critic_opinions(task: AdversarialTask, player: Player, train: Tensor, unseen: Tensor) -> dict[str, Any]:
    """What the critic thinks of training kicks, unseen and made ones, and how well it separates the first two.

    player: of the generator's plain weights.

    Of each kind its mean logit and the share that it takes for real; batches are of one kind, as in training, and a
    copy of the critic judges them: its running means are part of the run. auc: of training against unseen kicks, 0.5
    for a critic that has learned nothing by heart.
    """
    critic = copy.deepcopy(task.networks["critic"]).train()
    generator = player.generator[0] if task.scale is not None else player.generator  # type: ignore[index]
    eps = torch.from_numpy(normal(range(len(unseen)), player.latent))
    batch, device = task.config.batch, task.accelerator.device
    with torch.inference_mode():
        logits = {
            "train": torch.cat([critic(task.encoded(part.to(device))) for part in train.split(batch)]),
            "unseen": torch.cat([critic(task.encoded(part.to(device))) for part in unseen.split(batch)]),
            "made": torch.cat([critic(generator(player.prior(part)).to(device)) for part in eps.split(batch)]),
        }
    found: dict[str, Any] = {
        kind: {"logit": round(x.mean().item(), 4), "real": round((x > 0).float().mean().item(), 4)}
        for kind, x in logits.items()
    }
    return found | {"auc": round(area_under_curve(logits["train"], logits["unseen"]), 4)}


def area_under_curve(higher: Tensor, lower: Tensor) -> float:
    """How often one of the first [n] lies above one of the second [m]; a tie counts half."""
    apart = higher[:, None] - lower
    return ((apart > 0).float() + 0.5 * (apart == 0).float()).mean().item()


@contextmanager
def decoded(representation: Representation) -> Iterator[list[Tensor]]:
    """What a representation is asked to decode meanwhile, whatever player asks it."""
    seen: list[Tensor] = []
    plain = representation.decode
    watched: Any = representation

    def listen(encoded: Tensor) -> Tensor:
        seen.append(encoded.detach())
        return plain(encoded)

    watched.decode = listen
    try:
        yield seen
    finally:
        del watched.decode  # the method of the class again


def encoded_profiles(representation: Representation, waves: np.ndarray) -> dict[str, np.ndarray]:
    """Profiles of waves [n, T] in a representation."""
    with torch.inference_mode():
        blocks = [torch.from_numpy(waves[i : i + ENCODED_AT_ONCE]) for i in range(0, len(waves), ENCODED_AT_ONCE)]
        return _joined([profiles(representation.encode(block)) for block in blocks])


def _joined(parts: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


# -- without ----------------------------------------------------------------------------------------------------------


def _without_learning(cell: Cell, data: LabData) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Sounds that nothing has learned to make."""
    rng = np.random.default_rng([cell.seed, 7])
    count = min(cell.sounds, len(data.train))
    rows = np.sort(rng.permutation(len(data.train))[:count])
    reals = data.train.waves[rows]
    about: dict[str, Any] = {"steps": 0, "seconds": 0.0, "kicks_seen": 0, "stopped": ""}
    if cell.source == "reals":
        sources = np.unique(sources_of(data.train.rows), return_inverse=True)[1]
        return {"waves": to_16_bits(reals), "sources": sources[rows]}, about
    if cell.source == "augmented":
        known = [data.train.rows[i].sound for i in rows]
        varied = producer_variants(reals, 1, cell.seed, clicks_from=data.train.waves, identities=known)
        return {"waves": to_16_bits(varied)}, about
    if cell.source == "procedural":
        first = cell.seed * cell.sounds
        return {"waves": to_16_bits(synthesise(range(first, first + cell.sounds))[0])}, about
    assert cell.representation is not None
    representation = make_representation(cell.representation)
    player = finishing(representation)  # with the ends and the peak that all models have
    with torch.inference_mode():
        again = [player.sound(representation.encode(torch.from_numpy(wave[None])))[0, 0].numpy() for wave in reals]
    arrays = {"waves": to_16_bits(np.stack(again)), "rows": rows}
    arrays |= {f"picture_{k}": v for k, v in encoded_profiles(representation, reals).items()}
    arrays |= {f"real_{k}": v for k, v in encoded_profiles(representation, data.test.waves).items()}
    return arrays, about
