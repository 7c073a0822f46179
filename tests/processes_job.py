"""What tests/test_processes.py has two processes do: all of it after one start by torchrun, which takes seconds."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch
from toy import toy

from kickitout.cli import main
from kickitout.datasets.build import read_dataset
from kickitout.errors import UserError
from kickitout.training.budget import Until
from kickitout.training.config import load_config
from kickitout.training.engine import make_accelerator, together
from kickitout.training.session import train


def kind_and_text(work) -> list[str]:
    try:
        work()
    except UserError as error:
        return [type(error).__name__, str(error)]
    return ["", ""]


def refuse_in_the_second(place: int) -> None:
    if place == 1:
        raise UserError("that folder is not on this machine")


def job(place: Path, steps: int) -> None:
    torch.set_num_threads(1)
    engine = make_accelerator("cpu")
    me = engine.process_index
    dataset = read_dataset([place / "kicks"])
    told: dict[str, object] = {}
    for name in sorted(p.name for p in place.glob("two-*")):
        config = load_config(name.removeprefix("two-"), toy(name.removeprefix("two-")))
        result = train(dataset, config, place / name, Until(steps=steps), accelerator=engine, export=False)
        told[name] = [result.step, result.best_step, result.best_score]
    dcgan = load_config("dcgan", toy("dcgan"))
    told["of another"] = kind_and_text(
        lambda: train(dataset, dcgan, place / "two-kickae", Until(steps=9), accelerator=engine)
    )
    told["uneven"] = kind_and_text(
        lambda: train(
            dataset,
            load_config("dcgan", [*toy("dcgan"), "batch=5"]),
            place / "uneven",
            Until(steps=1),
            accelerator=engine,
        )
    )
    told["in the second"] = kind_and_text(lambda: together(engine, lambda: refuse_in_the_second(me)))
    settings = [f"--set={change}" for change in toy("dcgan-bands")]
    told["command"] = main(
        ["train", str(place / "kicks"), "--config", "dcgan-bands", "--out", str(place / "command"), "--device", "cpu",
         "--steps", "1", *settings]
    )  # fmt: skip
    (place / f"told-{me}.json").write_text(json.dumps(told))


if __name__ == "__main__":
    job(Path(sys.argv[1]), int(sys.argv[2]))
