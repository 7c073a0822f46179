"""Everything a run needs to go on as if nothing had happened, in one safetensors file: no pickle.

Tensors are named network/<name>/<key> and optimiser/<name>/<parameter>/<key>; counters and the monitor's memory are
JSON in the file's metadata, with a digest of it all, so that a changed bit is noticed. Written beside the final name
and renamed; the one before is kept to fall back on.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from kickitout.errors import UserError
from kickitout.files import explain_os_error, replace_file, write_whole

CHECKPOINT_FORMAT = "kickitout-checkpoint-1"


def pack_task(task: Any) -> dict[str, Tensor]:
    """The tensors of a task, by name."""
    tensors: dict[str, Tensor] = {}
    for name, network in task.networks.items():
        for key, value in network.state_dict().items():
            tensors[f"network/{name}/{key}"] = value.detach().cpu().contiguous().clone()
    for name, optimiser in task.optimisers.items():
        for index, state in optimiser.state_dict()["state"].items():
            for key, value in state.items():
                tensors[f"optimiser/{name}/{index}/{key}"] = torch.as_tensor(value).detach().cpu().contiguous().clone()
    return tensors


def unpack_task(task: Any, tensors: dict[str, Tensor], where: str) -> None:
    """Put tensors back where `pack_task` found them. Raises UserError when they belong to another architecture."""
    for name, network in task.networks.items():
        prefix = f"network/{name}/"
        state = {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
        try:
            network.load_state_dict(state)
        except RuntimeError as error:
            raise UserError(f"{where}: its {name} has another shape than this config's; use the run's own") from error
    for name, optimiser in task.optimisers.items():
        prefix = f"optimiser/{name}/"
        states: dict[int, dict[str, Tensor]] = {}
        for key, value in tensors.items():
            if key.startswith(prefix):
                index, _, field = key.removeprefix(prefix).partition("/")
                states.setdefault(int(index), {})[field] = value
        optimiser.load_state_dict({"state": states, "param_groups": optimiser.state_dict()["param_groups"]})


def digest_of(tensors: dict[str, Tensor], progress: str) -> str:
    """sha256 of every tensor's name, shape and bytes, and of the progress."""
    digest = hashlib.sha256(progress.encode())
    for key, value in sorted(tensors.items()):
        digest.update(f"{key} {value.dtype} {list(value.shape)}".encode())
        digest.update(value.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def to_bytes(tensors: dict[str, Tensor], progress: dict[str, Any]) -> bytes:
    """A state as the bytes of its file."""
    text = json.dumps(progress)
    return save(tensors, metadata={"format": CHECKPOINT_FORMAT, "progress": text, "digest": digest_of(tensors, text)})


def save_checkpoint(path: Path, task: Any, progress: dict[str, Any]) -> None:
    """Write the whole state; the file that was there before is kept beside it as `<name>.previous`."""
    fresh = write_whole(path.with_suffix(".fresh"), to_bytes(pack_task(task), progress), durable=True)
    try:
        if path.exists():
            replace_file(path, path.with_suffix(".previous"))
        replace_file(fresh, path)
    except OSError as error:
        raise explain_os_error(error, path) from error


def load_checkpoint(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors and progress. Raises UserError for a file that is missing, damaged or something else."""
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            if metadata.get("format") != CHECKPOINT_FORMAT:
                raise UserError(
                    f"{path}: not a checkpoint of this version ({CHECKPOINT_FORMAT}); train into a new folder"
                )
            # Copies: a file that is mapped into memory cannot be replaced on Windows.
            tensors = {key: file.get_tensor(key).clone() for key in file.keys()}  # noqa: SIM118
            if metadata.get("digest") not in (None, digest_of(tensors, metadata["progress"])):  # none in older ones
                raise ValueError("its digest is another")
            return tensors, json.loads(metadata["progress"])
    except (SafetensorError, ValueError, KeyError) as error:
        raise UserError(f"{path}: the checkpoint is damaged and cannot be read; restore it, or train anew") from error
    except OSError as error:
        raise explain_os_error(error, path) from error


def load_newest(path: Path) -> tuple[dict[str, Tensor], dict[str, Any], str | None] | None:
    """The newest state that can be read, and a sentence about those that cannot; None where there is none at all.

    A run that died between two renames has no file under `path`, but a whole one beside it.
    """
    trouble: UserError | None = None
    for candidate in (path.with_suffix(".fresh"), path, path.with_suffix(".previous")):
        if not candidate.exists():
            continue
        try:
            tensors, progress = load_checkpoint(candidate)
        except UserError as error:
            trouble = trouble or error
            continue
        if candidate != path:
            replace_file(candidate, path)  # so that the next save keeps this one, not what is damaged
        return tensors, progress, None if trouble is None else f"{trouble}; went on from the one before it"
    if trouble is not None:
        raise trouble
    return None
