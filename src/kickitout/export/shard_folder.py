"""A folder of shards: begun once, gone on with by the same command, finished with an index of what is in it.

index.json      what was ordered; when all is there, also every shard with its bytes and sha256
shards.jsonl    until then: a line for each shard that is there
kicks-*.tar     see `export.shards`; a shard with its name is whole
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import asdict
from typing import Any

from kickitout._version import __version__
from kickitout.errors import UserError, count
from kickitout.export.shards import Shard, ShardWork, read_shard, shard_name
from kickitout.files import explain_os_error, held, make_folder, names_in, write_whole
from kickitout.generation.curves import KEY as CURVES
from kickitout.generation.noise import check_seeds
from kickitout.generation.reject import RejectionTally
from kickitout.generation.tail import LENGTH_KEY, MODEL_S
from kickitout.generation.targets import TargetRequest
from kickitout.stored import current_name
from kickitout.workers import Workers

Made = tuple[Shard, RejectionTally]
SHARDS_FORMAT = "kickitout-shards-2"
STEADY = "steady"  # whether the kicks of these shards were asked to rest
INDEX, LOG = "index.json", "shards.jsonl"
MOST_SHARDS = 1_000_000  # shards in a folder
ARRIVES_SECONDS = 10.0  # until a file that another machine has written is seen through a shared folder


class ShardFolder:
    """The shards of so many kicks from a first seed on, `each` in a shard."""

    def __init__(self, work: ShardWork, seeds: range, each: int) -> None:
        if not isinstance(seeds, range) or seeds.step != 1:
            raise UserError(f"seeds {seeds!r}: shards are of seeds one after another, for instance range(1000)")
        check_seeds(seeds)
        if each < 1 or not seeds:
            raise UserError(f"{each} of {len(seeds)} kicks in a shard: a shard has one kick at least")
        self.work, self.seeds, self.each = work, seeds, each
        self.path = work.job.folder
        self._known: dict[str, Shard] = {}
        if len(self) > MOST_SHARDS:
            least = -(-len(seeds) // MOST_SHARDS)
            raise UserError(
                f"{count(each, 'kick')} a shard: makes {len(self):,} shards; from {count(least, 'kick')} a shard on it "
                "works"
            )

    def shards(self) -> Iterator[range]:
        """The seeds of each shard."""
        return (self.seeds[i : i + self.each] for i in range(0, len(self.seeds), self.each))

    def names(self) -> list[str]:
        """Of the files, in the order of their seeds."""
        return [shard_name(seeds) for seeds in self.shards()]

    @property
    def plan(self) -> dict[str, Any]:
        """All that the bytes of the shards depend on."""
        job = self.work.job
        info = job.open().info
        asked = {"style": job.style, CURVES: job.curves and job.curves.written()}
        return {
            "format": SHARDS_FORMAT, "kickitout": __version__, "model": info.name, "model_sha256": job.digest,
            "first_seed": self.seeds[0], "kicks": len(self.seeds), "kicks_a_shard": self.each,
            "sound": asdict(job.form), "cards": self.work.cards, "targets": dict(job.request.targets),
            **_search_of(job.request), STEADY: job.request.steady,
            "limits": None if job.limits is None else job.limits.to_data(),
            LENGTH_KEY: job.length_s,
        } | {name: value for name, value in asked.items() if value is not None}  # fmt: skip

    def write(self, workers: Workers, told: Callable[[str], None] = lambda _: None) -> Generator[Made, None, None]:
        """Make what is missing; each shard when it is there. told: hears of what was there and could not be kept.

        Raises UserError where the folder holds something else, or another process is writing into it.
        """
        self._refuse_others()
        make_folder(self.path)
        with held(self.path, f"{self.path}: another command is writing shards here; wait, or use another folder"):
            self._refuse_others()  # again: another command may have begun meanwhile
            self._read_log()
            missing = self._missing(told)
            if missing:
                self._unfinish()
            for _, (shard, tally) in workers.each(self.work, missing):
                self._arrived(shard)
                self._note(shard)
                yield shard, tally
            self._finish()

    def __len__(self) -> int:
        """How many shards there are when all is done."""
        return -(-len(self.seeds) // self.each)

    def kicks_there(self) -> int:
        """How many kicks are in shards that are there: a shard with its name is whole."""
        names = {p.name for p in self.path.glob("*.tar")}
        return sum(len(seeds) for seeds in self.shards() if shard_name(seeds) in names)

    def _refuse_others(self) -> None:
        """Raise UserError where there are files that are not of these shards, or the folder was begun with others."""
        found = set(names_in(self.path))
        if INDEX in found and (difference := _difference(self._index(), self.plan)):
            raise UserError(
                f"{self.path}: was begun with {difference}; the same command goes on, another needs another folder"
            )
        others = found - {INDEX, LOG} - ({shard_name(s) for s in self.shards()} if INDEX in found else set())
        if others:
            raise UserError(f"{self.path}: holds other files ({min(others)}, ...); give a new or empty folder")

    def _index(self) -> dict[str, Any]:
        path = self.path / INDEX
        try:
            data = json.loads(path.read_bytes())
            self._known = {one["name"]: Shard(**one) for one in data.get("shards", [])}
            # Folders that were begun before a kick could ring on, and be asked to rest.
            known = {LENGTH_KEY: MODEL_S, STEADY: False, **data}
            return known | {"model": current_name(str(known.get("model")))}
        except OSError as error:
            raise explain_os_error(error, path) from error
        except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
            raise UserError(f"{path}: damaged; give another folder, or restore it") from error

    def _read_log(self) -> None:
        with contextlib.suppress(OSError):
            for line in (self.path / LOG).read_text("utf-8").splitlines():
                with contextlib.suppress(ValueError, TypeError, AttributeError, RecursionError):  # cut by a sudden end
                    shard = Shard(**json.loads(line))
                    self._known[shard.name] = shard

    def _missing(self, told: Callable[[str], None]) -> list[range]:
        """The seeds of the shards that are to be made. One that is known is believed by its size, any other read."""
        sizes = {p.name: p.stat().st_size for p in self.path.glob("*.tar")}
        missing = []
        for seeds in self.shards():
            name = shard_name(seeds)
            known = self._known.pop(name, None)
            if name in sizes and (known is None or known.bytes != sizes[name]):
                known = read_shard(self.path / name, self.work, seeds)
                if known is None:
                    told(f"{self.path / name}: damaged; it is made anew")
            if name in sizes and known is not None:
                self._known[name] = known
            else:
                missing.append(seeds)
        return missing

    def _note(self, shard: Shard) -> None:
        self._known[shard.name] = shard
        try:
            with open(self.path / LOG, "a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(shard)) + "\n")
        except OSError as error:
            raise explain_os_error(error, self.path / LOG) from error

    def _arrived(self, shard: Shard) -> None:
        """Raise UserError where a worker on another machine has written into a folder of its own."""
        path, until = self.path / shard.name, time.monotonic() + ARRIVES_SECONDS
        while not (path.exists() and path.stat().st_size == shard.bytes):
            if time.monotonic() > until:
                raise UserError(f"{path}: a worker has written it, and it is not here; all machines share the folder")
            time.sleep(0.1)

    def _unfinish(self) -> None:
        """What is there by now as a log, and an index without it."""
        lines = [json.dumps(asdict(shard)) + "\n" for shard in self._known.values()]
        write_whole(self.path / LOG, "".join(lines).encode())
        self._write_index(self.plan)

    def _finish(self) -> None:
        listed = [asdict(self._known[shard_name(seeds)]) for seeds in self.shards()]
        self._write_index(self.plan | {"shards": listed})
        (self.path / LOG).unlink(missing_ok=True)
        for part in self.path.glob(".*.part"):  # of a worker that died, whose shard another has made
            part.unlink(missing_ok=True)

    def _write_index(self, data: dict[str, Any]) -> None:
        write_whole(self.path / INDEX, (json.dumps(data, indent=1) + "\n").encode(), durable=True)


def _search_of(request: TargetRequest) -> dict[str, Any]:
    return {"tolerance": dict(request.tolerance), "tries": request.tries} if request else {}


def _difference(begun: dict[str, Any], plan: dict[str, Any]) -> str:
    """The first setting that differs, in words; empty where none does.

    >>> _difference({"sound": {"bits": "24"}}, {"sound": {"bits": "16"}})
    "sound bits '24', not '16'"
    """
    for key in (key for key in {**plan, **begun} if key != "shards"):
        old, new = begun.get(key), plan[key]
        if isinstance(old, dict) and isinstance(new, dict):
            if found := _difference(old, {k: new.get(k) for k in {**old, **new}}):
                return f"{key} {found}"
        elif old != new:
            return f"{key.replace('_', ' ')} {_short(old)}, not {_short(new)}"
    return ""


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 70 else f"{text[:60]}..."
