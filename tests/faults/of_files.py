"""Faults of everything that makes and reads sounds without training."""

from __future__ import annotations

import random
import shutil
import signal
import time
from importlib.resources import files
from pathlib import Path

from of_training import damage
from stage import Outcome, Stage, Tally, half_written, told, visible


def generation_stopped(stage: Stage, times: int, rng: random.Random) -> Outcome:
    """SIGTERM at a random instant of bulk generation."""
    tally = Tally()
    for i in range(times):
        run = stage.new()
        command = ("generate", "-n", 100_000, "-q", "-o", "out", "--threads", 1 + i % 2)
        ended = stage.kick.run(*command, after=rng.uniform(0.02, 0.8), send=signal.SIGTERM, cwd=run)
        bad = half_written(run)
        left = [p.name for p in run.rglob(".*")]
        # Before the command has taken charge of signals, SIGTERM ends the process as it ends any other.
        holds = (told(ended, 143) or ended.code == -signal.SIGTERM) and not bad and not left
        tally.note(holds, f"{ended.code} {ended.said[-300:]} {bad} {left}")
        shutil.rmtree(run)
    return tally.outcome("what was not made yet; its kicks are whole and counted")


def generation_killed(stage: Stage, times: int, rng: random.Random) -> Outcome:
    """SIGKILL at a random instant of bulk generation."""
    tally = Tally()
    for _ in range(times):
        run = stage.new()
        ended = stage.kick.run("generate", "-n", 100_000, "-q", "-o", "out", after=rng.uniform(0.1, 0.8), cwd=run)
        bad = half_written(run)
        tally.note(ended.code == -signal.SIGKILL and not bad, f"{ended.code} {ended.said[-300:]} {bad}")
        shutil.rmtree(run)
    return tally.outcome("the kick that was being written")


def shards_stopped(stage: Stage, times: int, rng: random.Random) -> Outcome:
    """SIGTERM or SIGKILL at a random instant of `kick generate --shards` with two workers; then the same command."""
    tally = Tally()
    command = ("generate", "-n", 24, "--shards", 4, "-q", "-o", "out", "--workers", 2)
    whole = stage.new()
    ended = stage.kick.run(*command, cwd=whole)
    assert ended.code == 0, ended.said
    for i in range(times):
        run, send = stage.new(), (signal.SIGTERM, signal.SIGKILL)[i % 2]
        stopped = stage.kick.run(*command, after=rng.uniform(0, ended.seconds), send=send, cwd=run)
        bad = half_written(run)
        left = [p.name for p in run.rglob(".*.part")] if stopped.code == 143 else []
        again = stage.kick.run(*command, cwd=run)
        holds = again.code == 0 and contents(run) == contents(whole) and "Traceback" not in stopped.said
        tally.note(holds and not bad and not left, f"{stopped.code} {stopped.said[-300:]} {again.said[-300:]} {bad}")
        shutil.rmtree(run)
    return tally.outcome("the shards that were being made")


def contents(folder: Path) -> dict[Path, bytes]:
    return {path.relative_to(folder): path.read_bytes() for path in visible(folder)}


def kit_killed(stage: Stage, times: int, rng: random.Random) -> Outcome:
    """SIGTERM or SIGKILL at a random instant of `kick kit --zip`: a kit is there whole or not at all."""
    tally = Tally()
    command = ("kit", "-n", 1, "--velocity-layers", 2, "--round-robin", 2, "--zip", "-o", "kit")
    whole = stage.new()
    ended = stage.kick.run(*command, cwd=whole)
    assert ended.code == 0, ended.said
    wanted = {p.relative_to(whole) for p in visible(whole)}
    for i in range(times):
        run, send = stage.new(), (signal.SIGTERM, signal.SIGKILL)[i % 2]
        stopped = stage.kick.run(*command, after=rng.uniform(0, ended.seconds), send=send, cwd=run)
        there = {p.relative_to(run) for p in visible(run)}
        parts = [there & {p for p in wanted if (p.parts[0] == "kit") == kit} for kit in (True, False)]
        full = [{p for p in wanted if (p.parts[0] == "kit") == kit} for kit in (True, False)]
        holds = all(part in (set(), all_of) for part, all_of in zip(parts, full, strict=True))
        holds = holds and not half_written(run) and "Traceback" not in stopped.said
        left = [p.name for p in run.glob(".*")] if stopped.code == 143 else []
        tally.note(holds and not left, f"{stopped.code} {stopped.said[-300:]} {sorted(map(str, there))[:4]} {left}")
        shutil.rmtree(run)
    return tally.outcome("the kit that was being made")


def folder_removed(stage: Stage, times: int, rng: random.Random) -> Outcome:
    """The folder of sounds goes while `kick check` reads it."""
    tally = Tally()
    seconds = None
    for _ in range(times):
        run = stage.new()
        shutil.copytree(stage.kicks, run / "kicks")
        command = ("check", "kicks", "--no-cache")
        if seconds is None:
            seconds = stage.kick.run(*command, cwd=run).seconds
        started = stage.kick.start(*command, cwd=run)
        time.sleep(rng.uniform(0, seconds))
        shutil.rmtree(run / "kicks")
        ended = stage.kick.end(started)
        tally.note(told(ended, 0, 1, 2), f"{ended.code} {ended.said[-400:]}")
    return tally.outcome("what was not read yet; each file with its reason")


def cache_damaged(stage: Stage, times: int, rng: random.Random) -> Outcome:
    """Every file of the cache is cut at a random place or has a byte changed: the report stays the same."""
    tally = Tally()
    run = stage.new()
    shutil.copytree(stage.kicks, run / "kicks")
    env = {"XDG_CACHE_HOME": str(run / "cache")}
    command = ("check", "kicks", "--json", "report.json", "--force")
    first = stage.kick.run(*command, cwd=run, env=env)
    report = (run / "report.json").read_bytes()
    kept = sorted((run / "cache").rglob("*.flac"))
    assert kept
    for _ in range(times):
        for path in kept:
            damage(path, rng)
        again = stage.kick.run(*command, cwd=run, env=env)
        holds = again.code == first.code == 0 and (run / "report.json").read_bytes() == report
        tally.note(holds, f"{again.code} {again.said[-300:]}")
    return tally.outcome("nothing: measured again")


def onnx_damaged(stage: Stage, times: int, rng: random.Random) -> Outcome:
    """A model.onnx is cut at a random place or has a random byte changed; then it is played."""
    tally = Tally()
    run = stage.new()
    whole = Path(str(files("kickitout") / "model_files" / "default.onnx"))
    for i in range(times):
        model = run / "damaged.onnx"
        shutil.copy(whole, model)
        damage(model, rng)
        ended = stage.kick.run("generate", "-n", 1, "--model", model, "-o", f"out{i}", cwd=run)
        tally.note(told(ended, 0, 2) and not half_written(run / f"out{i}"), f"{ended.code} {ended.said[-300:]}")
    return tally.outcome("nothing: refused, or another model with another digest")
