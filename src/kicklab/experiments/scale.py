"""What bulk work costs on this machine, and where more workers stop helping.

    kick lab measure scale [--kicks 6000] [--times 7] [--folder FOLDER] [--no-ray]
    kick lab figures docs/scale.md --only "kick lab measure scale"

Runs `kick generate --shards` as a user does, with one worker and with two, in turns, so that what else the machine does
meets both alike; all that is said of a million or a billion kicks is reckoned from what was measured. Needs an idle
machine of two cores or more, about seven minutes, and room for --kicks kicks (70 kB each) in the folder.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from kickitout.cpus import usable_cpus
from kickitout.export.jobs import GenerationJob
from kickitout.export.shard_folder import ShardFolder
from kickitout.export.shards import Shard, ShardWork, shard_name
from kickitout.metrics.resampling import median_interval
from kickitout.workers import Workers
from kicklab.markdown import median_text

SHARD = 10_000  # kicks, of the sets that are reckoned
MANY = (10**6, 10**9)
WANTED = 1.7  # times as many with two workers
MEGABYTE = bytes(1 << 20)


@dataclass(frozen=True)
class Ran:
    """One command: seconds that passed, seconds of the processors, and the digests of its shards."""

    kicks: int
    wall: float
    cpu: float
    digests: tuple[str, ...]

    @property
    def rate(self) -> float:
        return self.kicks / self.wall


def generate_shards(folder: Path, kicks: int, shard: int, *more: str) -> Ran:
    """`kick generate --shards`; the shards are removed again."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        command = [sys.executable, "-m", "kickitout", "generate", "-n", str(kicks), "--shards", str(shard), "-q"]
        before, began = _used(), time.perf_counter()
        subprocess.run([*command, "-o", f"{place}/set", *more], check=True, capture_output=True)
        wall = time.perf_counter() - began
        index = json.loads(Path(place, "set", "index.json").read_bytes())
        return Ran(kicks, wall, _used() - before, tuple(one["sha256"] for one in index["shards"]))


def _used() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def sizes(folder: Path, kicks: int = 200) -> tuple[float, float, float]:
    """Bytes a kick: in a tar file with cards, without, and as a file of its own."""
    found = []
    for more in ([], ["--no-cards"]):
        with tempfile.TemporaryDirectory(dir=folder) as place:
            _kick("generate", "-n", kicks, "--shards", kicks, "-q", "-o", place, *more)
            found.append(json.loads(Path(place, "index.json").read_bytes())["shards"][0]["bytes"] / kicks)
    with tempfile.TemporaryDirectory(dir=folder) as place:
        _kick("generate", "-n", 1, "-q", "-o", place)
        (file,) = Path(place).iterdir()
        return found[0], found[1], file.stat().st_size


def _kick(*args: object) -> None:
    subprocess.run([sys.executable, "-m", "kickitout", *map(str, args)], check=True, capture_output=True)


def disk_bytes_per_second(folder: Path, megabytes: int) -> float:
    """Written one after the other and flushed to the disk."""
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        began = time.perf_counter()
        for _ in range(megabytes):
            file.write(MEGABYTE)
        file.flush()
        os.fsync(file.fileno())
        return megabytes * len(MEGABYTE) / (time.perf_counter() - began)


@dataclass(frozen=True)
class Alone:
    """Seconds that one process spends while the others wait, or may: they do not shrink with more workers."""

    a_shard: float  # to hand it out, take it back, look for its file and note it
    looking: float  # at a shard that is there, when the command begins
    listing: float  # of a shard in index.json, at the end


def alone(folder: Path, shards: int) -> Alone:
    """Measured on as many shards, which are empty files."""
    with tempfile.TemporaryDirectory(dir=folder) as place, Workers(2) as workers:
        job = GenerationJob.of("default", Path(place))
        written = ShardFolder(ShardWork(job), range(shards), 1)
        list(workers.each(abs, range(8)))  # they are there
        known = [Shard(shard_name(seeds), 1, 0, "0" * 64) for seeds in written.shards()]
        for one in known:
            Path(place, one.name).touch()
        began = time.perf_counter()
        for i, _ in workers.each(abs, range(shards)):
            written._arrived(known[i])
            written._note(known[i])
        handed = time.perf_counter()
        written._finish()
        listed = time.perf_counter()
        again = ShardFolder(written.work, range(shards), 1)
        again._refuse_others()
        assert not again._missing(print)
        looked = time.perf_counter()
    return Alone((handed - began) / shards, (looked - listed) / shards, (listed - handed) / shards)


def time_text(seconds: float) -> str:
    """
    >>> time_text(90), time_text(5400), time_text(90_000), time_text(9e6)
    ('1.5 minutes', '1.5 hours', '25 hours', '104 days')
    """
    for unit, size, most in (("minutes", 60, 90 * 60), ("hours", 3600, 72 * 3600), ("days", 86_400, float("inf"))):
        if seconds < most:
            value = seconds / size
            return f"{value:.2g} {unit}" if value < 10 else f"{value:,.0f} {unit}"
    raise AssertionError


def bytes_of(size: float) -> str:
    """
    >>> bytes_of(7e10), bytes_of(7e13)
    ('70 GB', '70 TB')
    """
    for unit, least in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if size >= least:
            return f"{size / least:.3g} {unit}"
    return f"{size:.0f} B"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--kicks", type=int, default=6000, help="in one run (default 6000)")
    parser.add_argument("--times", type=int, default=7, help="runs of each kind (default 7)")
    parser.add_argument(
        "--folder", type=Path, default=None, help="whose disk is measured (default: of temporary files)"
    )
    parser.add_argument("--no-ray", action="store_true", help="leave Ray out, also where it is installed")


def run(args: argparse.Namespace) -> Iterator[str]:
    shard = max(1, args.kicks // 24)  # twelve for each of two workers
    with tempfile.TemporaryDirectory(dir=args.folder) as place:
        yield report(Path(place), args.kicks, shard, args.times, find_spec("ray") is not None and not args.no_ray)


def report(folder: Path, kicks: int, shard: int, times: int, with_ray: bool) -> str:
    """All figures."""
    ran: dict[tuple[int, bool], list[Ran]] = {(w, c): [] for w in (1, 2) for c in (True, False)}
    generate_shards(folder, 2, 1, "--workers", "2")  # warm up
    for turn in range(times):
        for workers in (1, 2) if turn % 2 == 0 else (2, 1):
            for cards in (True, False):
                more = [] if cards else ["--no-cards"]
                ran[workers, cards].append(generate_shards(folder, kicks, shard, "--workers", str(workers), *more))
    start = float(np.median([generate_shards(folder, 2, 1, "--workers", "2").wall for _ in range(3)]))
    through_ray = ray_start = None
    if with_ray:
        through_ray = generate_shards(folder, kicks, shard, "--ray", "auto", "--workers", "2")
        ray_start = generate_shards(folder, 2, 1, "--ray", "auto", "--workers", "2").wall
    digests = {r.digests for (_, cards), several in ran.items() if cards for r in several}
    digests |= {through_ray.digests} if through_ray else set()
    driver = alone(folder, 2000)
    disk = disk_bytes_per_second(folder, 1024 if kicks >= 1000 else 64)
    in_tar, without, file = sizes(folder)

    def rates(workers: int, cards: bool) -> str:
        return median_text(np.array([r.rate for r in ran[workers, cards]]), ".0f")

    def cpu_ms(workers: int, cards: bool) -> float:
        return 1000 * float(np.median([r.cpu / r.kicks for r in ran[workers, cards]]))

    pairs = list(zip(ran[1, True], ran[2, True], strict=True))
    ratio, (low, high) = median_interval(np.array([two.rate / one.rate for one, two in pairs]))
    lines = [
        f"Measured on {usable_cpus()} cores: {times} runs each of {kicks} kicks in shards of {shard}, in turns, as "
        "whole commands with their start; medians with their 95 % interval.", "",
        "| kicks a second | one worker | two workers | processor time a kick, ms |", "|---|--:|--:|--:|",
        f"| with kick cards | {rates(1, True)} | {rates(2, True)} | {cpu_ms(1, True):.2f} |",
        f"| `--no-cards` | {rates(1, False)} | {rates(2, False)} | {cpu_ms(1, False):.2f} |", "",
        f"- Two workers make {ratio:.2f} [{low:.2f}, {high:.2f}] times as many as one ({WANTED} was asked for: "
        f"{'met' if low >= WANTED else 'met by the median' if ratio >= WANTED else 'not met'}).",
        f"- Bytes of all {len(ran[1, True][0].digests)} shards identical in all runs"
        f"{', Ray among them' if through_ray else ''}: {'yes' if len(digests) == 1 else 'NO'}.",
        f"- A card takes {cpu_ms(1, True) - cpu_ms(1, False):.2f} ms of a core: "
        f"{1000 / max(cpu_ms(1, True) - cpu_ms(1, False), 1e-3):.0f} cards a second.",
        f"- A kick takes {in_tar:,.0f} bytes in a shard, {without:,.0f} without its card, {file:,.0f} as a file "
        "(WAV, 24 bits).",
        f"- Processes are there after {start:.1f} s.",
    ]  # fmt: skip
    if through_ray and ray_start:
        after = kicks / max(through_ray.wall - ray_start, 1e-3)
        lines.append(f"- A Ray cluster of this machine is there after {ray_start:.1f} s; its two workers then make "
                     f"{after:.0f} kicks a second.")  # fmt: skip
    lines.append("")
    one = float(np.median([r.rate for r in ran[1, True]]))
    two = float(np.median([r.rate for r in ran[2, True]]))
    lines += costs(one, two, cpu_ms(1, True) / 1000, in_tar)
    lines += ["", *limits(one, in_tar, disk, driver)]
    return "\n".join(lines)


def costs(one: float, two: float, cpu: float, size: float) -> list[str]:
    """What many kicks cost. one, two: kicks a second with so many workers; cpu: seconds a kick; size: bytes a kick."""
    lines = [
        "| kicks, with cards | one worker | two workers | core-hours | storage | shards of 10,000 |",
        "|--:|--:|--:|--:|--:|--:|",
    ]
    for kicks in MANY:
        core_hours = kicks * cpu / 3600
        shown = f"{core_hours:.2g}" if core_hours < 10 else f"{core_hours:,.0f}"
        lines.append(
            f"| {kicks:,} | {time_text(kicks / one)} | {time_text(kicks / two)} | {shown} | {bytes_of(kicks * size)} | "
            f"{-(-kicks // SHARD):,} |"
        )
    return lines


def limits(one: float, size: float, disk: float, driver: Alone) -> list[str]:
    """Where more workers stop helping: each limit as the number of workers, of this speed, that reach it."""
    most = max(MANY)
    shards = most // SHARD
    made = SHARD / one  # seconds of a worker for a shard
    by_disk, by_driver = disk / (one * size), made / driver.a_shard
    end = shards * driver.listing
    return [
        f"- **The disk.** {disk / 1e6:,.0f} MB a second go to this one, and a worker makes {one * size / 1e6:.1f}: "
        f"{by_disk:,.0f} workers fill it. More machines need a shared folder that takes as much.",
        f"- **The process that hands out the shards** has {1000 * driver.a_shard:.2f} ms to do for each, a worker "
        f"{made:.0f} s: it keeps {by_driver:,.0f} workers busy with shards of {SHARD:,}; with shards of 100 it would "
        f"keep {by_driver * 100 / SHARD:,.0f}.",
        f"- **The index** is written by one process when all is there: {end:.1f} s for the {shards:,} shards of "
        f"{most:,} kicks, and {shards * driver.looking:.1f} s to look at them when the command is given again. By "
        f"Amdahl's law, that part limits a billion kicks to {most / one / (end + shards * driver.looking):,.0f} times "
        "one worker.",
        f"- **Files in a folder**: {shards:,} shards, where files of their own would be {most:,}. Without `--shards` "
        "`kick generate` refuses more than 10,000,000.",
        "- **The last shards**: at the end workers wait for the slowest, at most "
        f"{made:.0f} s with shards of {SHARD:,}; many more shards than workers make that little.",
        "- **Ray's object store** holds names and digests of shards, no sound: it does not limit `kick generate`. "
        "`kick check` and `kick score` send sounds and figures through it, a few megabytes at a time.",
    ]
