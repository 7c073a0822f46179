"""Faults of a training run. Each function takes a stage, how often, and random numbers; it returns an Outcome."""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from pathlib import Path

from stage import EVERY, STEPS, Outcome, Stage, Tally, half_written, steps_lost, told

KILLS_A_RUN = 6  # then it may end


def killed(stage: Stage, times: int, rng: random.Random) -> Outcome:
    """SIGKILL at a random instant of a run, again and again, until the run has ended."""
    tally, most = Tally(), 0
    _, seconds = stage.untouched
    while tally.times < times:
        run, kills, bad = stage.new(), 0, []
        while kills < min(KILLS_A_RUN, times - tally.times):
            ended = stage.train(run, after=rng.uniform(0, seconds))
            if ended.code != -signal.SIGKILL:
                break
            kills += 1
            most = max(most, steps_lost(run / "run"))
            bad += half_written(run / "run")
        ended = stage.train(run)
        holds = ended.code == 0 and stage.same_end(run) and not bad and most <= EVERY
        for _ in range(kills):
            tally.note(holds, f"{run.name}: exit code {ended.code}, {most} steps lost, half-written: {bad}")
        shutil.rmtree(run)
    return tally.outcome(f"at most {most} steps, made again (a checkpoint every {EVERY})")


def terminal_gone(stage: Stage, times: int, rng: random.Random) -> Outcome:
    """The terminal of a run goes (SIGHUP) at a random instant; then the same command again."""
    tally = Tally()
    _, seconds = stage.untouched
    for _ in range(20 * times):
        if tally.times == times:
            break
        run = stage.new()
        ended = stage.train(run, after=rng.uniform(0, seconds), send=signal.SIGHUP)
        if ended.code == 0 or "done at step" in ended.said:  # it had ended
            continue
        bad = half_written(run / "run")
        told_so = any(words in ended.said for words in ("the same command goes on", "nothing was trained"))
        saved = ended.code == -signal.SIGHUP or told_so  # not yet training, or saved
        again = stage.train(run)
        holds = saved and not bad and again.code == 0 and stage.same_end(run)
        tally.note(holds, f"{ended.code} {ended.said[-300:]} {bad}; then {again.code} {again.said[-300:]}")
    return tally.outcome("nothing once it trains: it saves, and the same command goes on")


def disk_full(stage: Stage, times: int, rng: random.Random) -> Outcome:
    """No file can grow over a random size; then there is room, and the same command again."""
    tally = Tally()
    _ = stage.untouched
    while tally.times < times:
        run = stage.new()
        limit = int(10 ** rng.uniform(2.5, 5.7))
        ended = stage.train(run, limit=limit)
        if ended.code == 0:  # everything fitted
            continue
        bad = half_written(run / "run")
        said = told(ended, 2) and "the disk is full" in ended.said
        again = stage.train(run)
        holds = said and not bad and again.code == 0 and stage.same_end(run)
        tally.note(holds, f"limit of {limit} bytes: {ended.code} {ended.said[-300:]} {bad}; then {again.said[-300:]}")
    return tally.outcome("nothing: the same command goes on")


def permissions_revoked(stage: Stage, times: int, rng: random.Random) -> Outcome:
    """The folders of a run become read-only at a random instant, and writable again afterwards."""
    tally = Tally()
    _, seconds = stage.untouched
    for _ in range(20 * times):
        if tally.times == times:
            break
        run = stage.new()
        started = stage.kick.start(*stage.training(run), cwd=run, bound=True)
        time.sleep(rng.uniform(0, seconds))
        _allow(run, 0o555)
        ended = stage.kick.end(started)
        if ended.code == 0:
            continue
        _allow(run, 0o755)
        bad = half_written(run / "run")
        again = stage.train(run)
        holds = told(ended, 2) and "permission denied" in ended.said and not bad
        holds = holds and again.code == 0 and stage.same_end(run)
        tally.note(holds, f"{ended.code} {ended.said[-300:]} {bad}; then {again.code} {again.said[-300:]}")
    return tally.outcome("nothing: the same command goes on")


def _allow(run: Path, mode: int) -> None:
    for folder in [run, *(p for p in (run / "run").rglob("*") if p.is_dir()), run / "run"]:
        if folder.exists():
            folder.chmod(mode)


def checkpoint_damaged(stage: Stage, times: int, rng: random.Random) -> Outcome:
    """The newest checkpoint is cut at a random place or has a random byte changed; every third time all of them."""
    tally = Tally()
    _ = stage.untouched
    for i in range(times):
        run = stage.copy_of_half()
        folder = run / "run" / "checkpoints"
        both = i % 3 == 2
        for path in [folder / "latest.safetensors", *([folder / "latest.previous"] if both else [])]:
            damage(path, rng)
        ended = stage.train(run)
        if both:
            holds = told(ended, 2) and "damaged" in ended.said
        else:
            noted = "went on from the one before" in (run / "run" / "stats.jsonl").read_text("utf-8")
            holds = ended.code == 0 and noted and stage.same_end(run)
        tally.note(holds, f"{'both' if both else 'the newest'}: {ended.code} {ended.said[-300:]}")
    return tally.outcome(f"the steps since the checkpoint before ({EVERY} here), made again; said so")


def damage(path: Path, rng: random.Random) -> None:
    """Cut a file at a random place, or change one of its bytes."""
    data = bytearray(path.read_bytes())
    at = rng.randrange(len(data))
    if rng.random() < 0.5:
        del data[at:]
    else:
        data[at] ^= rng.randrange(1, 256)
    path.write_bytes(data)


def second_trainer(stage: Stage, times: int, rng: random.Random) -> Outcome:
    """A second trainer on a folder whose first one is in the middle of its work."""
    tally = Tally()
    for _ in range(times):
        run = stage.new()
        started = stage.kick.start(*stage.training(run), cwd=run)
        while not (run / "run" / "config.json").exists():
            time.sleep(0.01)
        time.sleep(rng.uniform(0, 0.3))
        os.kill(started.pid, signal.SIGSTOP)
        second = stage.train(run)
        os.kill(started.pid, signal.SIGCONT)
        first = stage.kick.end(started)
        holds = told(second, 2) and "another training run" in second.said and first.code == 0 and stage.same_end(run)
        tally.note(holds, f"second {second.code} {second.said[-200:]}; first {first.code} {first.said[-200:]}")
    return tally.outcome("nothing: the second is refused")


def dataset_changed(stage: Stage, times: int, rng: random.Random) -> Outcome:
    """A kick is removed, added or replaced before a run goes on; then it is as it was."""
    tally = Tally()
    _ = stage.untouched
    other = stage.kicks.parent / "other.wav"
    if not other.exists():
        from toy import write_kicks

        (write_kicks(stage.new() / "more", 1, first=99) / "kick 099.wav").rename(other)
    for i in range(times):
        run = stage.copy_of_half()
        kicks = sorted((run / "kicks").glob("*.wav"))
        one = rng.choice(kicks)
        data, way = one.read_bytes(), ("removed", "added", "replaced")[i % 3]
        named = run / "kicks" / "new.wav" if way == "added" else one
        if way == "removed":
            one.unlink()
        else:
            shutil.copy(other, named)
        ended = stage.train(run)
        holds = told(ended, 2) and "sounds have changed" in ended.said and named.stem in ended.said
        one.write_bytes(data)
        (run / "kicks" / "new.wav").unlink(missing_ok=True)
        again = stage.train(run)
        holds = holds and again.code == 0 and stage.same_end(run)
        tally.note(holds, f"{way} {named.name}: {ended.code} {ended.said[-300:]}; then {again.code}")
    return tally.outcome("nothing: refused with the difference; restored, it goes on")


def model_damaged(stage: Stage, times: int, rng: random.Random) -> Outcome:
    """The model.safetensors of a run is cut at a random place or has a random byte changed; then it is played."""
    tally = Tally()
    run = stage.new()
    ended = stage.train(run, STEPS - EVERY)
    assert ended.code == 0, ended.said
    model = run / "run" / "model.safetensors"
    data = model.read_bytes()
    for i in range(times):
        model.write_bytes(data)
        damage(model, rng)
        ended = stage.kick.run("generate", "-n", 1, "--model", model, "-o", f"out{i}", cwd=run)
        whole = not half_written(run / f"out{i}")
        tally.note(told(ended, 0, 2) and whole, f"{ended.code} {ended.said[-300:]}")
    return tally.outcome("nothing: refused, or another model with another digest")
