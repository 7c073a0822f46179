"""The engine: device, precision and several processes, all of it Accelerate's.

Several processes (started by torchrun, on one machine or many) run the same command on the same sounds, and each works
on its share of every batch. Only the first reads and writes the run folder, and it decides for all. Where one of them
raises UserError, all of them end, and the sentence is printed once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeVar

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from accelerate.utils import DistributedDataParallelKwargs, broadcast, broadcast_object_list
from torch import Tensor

from kickitout.errors import SaidElsewhere, UserError

Given = TypeVar("Given")
Precision = Literal["float32", "bfloat16"]  # no float16: it needs a scaler, and gains nothing over bfloat16
MIXED = {"float32": "no", "bfloat16": "bf16"}
REASON = 1000  # bytes of a refusal that reach the first process


def make_accelerator(device: str = "auto", precision: Precision = "float32", accumulate: int = 1) -> Accelerator:
    """The engine on "auto", "cpu", "cuda" or "mps"; the networks compute in `precision`, weights and losses in float32.

    accumulate: parts in which each process works off its share of a batch, one after the other. Raises UserError for a
    device that is not there, or that does not know the precision.
    """
    there = {
        "auto": True, "cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()
    }  # fmt: skip
    if device not in there:
        raise UserError(f"device {device}: not known; {', '.join(there)} work where they are there")
    if precision not in MIXED:
        raise UserError(f"precision {precision}: not known; {' or '.join(MIXED)} works")
    if not there[device]:
        raise UserError(f"device {device}: this PyTorch ({torch.__version__}) sees none; cpu works")
    # Batch norm is shared by `norms`, so no buffers need be sent at each step.
    alike = DistributedDataParallelKwargs(broadcast_buffers=False)
    AcceleratorState._reset_state()  # of the process: it would keep the first precision
    try:
        return Accelerator(
            cpu=device == "cpu", mixed_precision=MIXED[precision], kwargs_handlers=[alike],
            gradient_accumulation_steps=accumulate,
        )  # fmt: skip
    except ValueError as error:
        raise UserError(f"precision {precision}: this device does not know it; float32 works") from error


def share_of_batch(accelerator: Accelerator, batch: int) -> slice:
    """The part of a batch that is this process's. Raises UserError where it cannot be split evenly.

    Gradients are averaged over processes and parts, which is their mean over the batch only where all have one size.
    """
    n, me = accelerator.num_processes, accelerator.process_index
    parts = n * accelerator.gradient_accumulation_steps
    if batch % parts:
        more = (batch // parts + 1) * parts
        raise UserError(f"batch {batch}: cannot be split evenly into {parts} parts; batch={more} works")
    return slice(batch * me // n, batch * (me + 1) // n)


def parts_of(accelerator: Accelerator, rows: Tensor, share: slice) -> list[tuple[Tensor, slice]]:
    """The parts in which a process works off its share of a batch: their rows, and their places in the batch."""
    size = len(rows) // accelerator.gradient_accumulation_steps
    return [
        (part, slice(at, at + size))
        for part, at in zip(rows.split(size), range(share.start, share.stop, size), strict=True)
    ]


# -- what processes tell each other -----------------------------------------------------------------------------------


def agree(accelerator: Accelerator, yes: bool) -> bool:
    """What the first process says: clocks and signals differ between them."""
    if accelerator.num_processes == 1:
        return yes
    return bool(broadcast(torch.tensor(float(yes), device=accelerator.device)).item())


def from_first(accelerator: Accelerator, make: Callable[[], Given]) -> Given:
    """What `make` gives in the first process, which alone calls it, in all of them.

    A UserError there is raised everywhere, to be said by the first.
    """
    if accelerator.num_processes == 1:
        return make()
    told: list[Any] = [None, None]
    if accelerator.is_main_process:
        try:
            told[0] = make()
        except UserError as error:
            told[1] = str(error)
    broadcast_object_list(told)
    if told[1] is not None:
        raise _refusal(accelerator, told[1])
    result: Given = told[0]
    return result


def together(accelerator: Accelerator, work: Callable[[], Given]) -> Given:
    """Do `work` in every process. A UserError in any of them is raised in all, to be said by the first."""
    if accelerator.num_processes == 1:
        return work()
    result, reason = None, b""
    try:
        result = work()
    except UserError as error:
        reason = str(error).encode()[:REASON]
    held = torch.zeros(REASON, dtype=torch.uint8)
    held[: len(reason)] = torch.tensor(list(reason), dtype=torch.uint8)
    reasons = accelerator.gather(held.to(accelerator.device)).view(-1, REASON).cpu().numpy()
    for place, text in enumerate(bytes(row).rstrip(b"\0").decode(errors="replace") for row in reasons):
        if text:
            raise _refusal(accelerator, text if place == 0 else f"process {place} of {len(reasons)}: {text}")
    return result  # type: ignore[return-value]  # not None where nothing was refused


def _refusal(accelerator: Accelerator, text: str) -> UserError:
    return UserError(text) if accelerator.is_main_process else SaidElsewhere(text)


def mean_of(accelerator: Accelerator, value: Tensor) -> Tensor:
    """The mean over the processes of a tensor that nothing is differentiated through."""
    return value if accelerator.num_processes == 1 else accelerator.reduce(value, "mean")


def mean_over_processes(accelerator: Accelerator, figures: dict[str, float]) -> dict[str, float]:
    """The mean of each figure over the processes: what the whole batch would give."""
    if accelerator.num_processes == 1 or not figures:
        return figures
    values: Tensor = torch.tensor(list(figures.values()), dtype=torch.float32, device=accelerator.device)
    means = accelerator.reduce(values, "mean")
    return dict(zip(figures, means.tolist(), strict=True))
