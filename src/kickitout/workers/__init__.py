"""Who does bulk work: this process, processes of this machine, or a Ray cluster. Knows nothing of sound.

    work(item) -> result, for every item: each as soon as it is there, or all in order

Work and items are sent to other processes, so they are data: functions of modules, partials and frozen dataclasses.
Every worker has one thread, so that no digit depends on how many there are. A worker may die, or be stopped, at any
moment: work that writes files writes them whole, and can be done again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from types import TracebackType
from typing import Any, TypeVar

from kickitout.cpus import usable_cpus
from kickitout.errors import UserError
from kickitout.workers.cluster import Cluster
from kickitout.workers.processes import Processes
from kickitout.workers.threads import one_thread

__all__ = ["Workers", "one_thread"]

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")
AHEAD = 2  # items a worker: the one it does, and the one it goes on with


class Workers:
    """number: how many at a time, by default one a core; 1 is this process. ray: "auto" or the address of a cluster.

    "auto" is the cluster that RAY_ADDRESS names, or else one of this machine, which ends with the block:

        with Workers(2) as workers:
            for item, result in workers.each(work, items):
                ...

    What takes seconds, other processes or a cluster, is started when it is first needed. preload: names of modules that
    all processes need and that take long to import.
    """

    def __init__(self, number: int | None = None, ray: str | None = None, *, preload: Sequence[str] = ()) -> None:
        if number is not None and number < 1:
            raise UserError(f"workers={number}: 1 process or more works")
        self._number, self._ray, self._preload = number, ray, preload
        self._pool: Processes | Cluster | None = None
        self.here = ray is None and (number or usable_cpus()) == 1  # nothing is started

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def each(
        self, work: Callable[[Item], Outcome], items: Iterable[Item], *, in_order: bool = False
    ) -> Iterator[tuple[Item, Outcome]]:
        """(item, work(item)) for every item; few more of them are taken than workers are there.

        An exception of the work ends it all; closing the iterator before its end does so as well. Raises UserError
        where a worker has died or a cluster cannot be had.
        """
        return self._here(work, items) if self.here else self._with_pool(work, items, in_order)

    def close(self) -> None:
        """End what has been started. What is under way is stopped as by SIGTERM, and waited for."""
        if self._pool is not None:
            pool, self._pool = self._pool, None
            pool.close()

    def _here(self, work: Callable[[Item], Outcome], items: Iterable[Item]) -> Iterator[tuple[Item, Outcome]]:
        with one_thread():
            for item in items:
                yield item, work(item)

    def _with_pool(
        self, work: Callable[[Item], Outcome], items: Iterable[Item], in_order: bool
    ) -> Iterator[tuple[Item, Outcome]]:
        coming = iter(items)
        first = list(islice(coming, self._number or usable_cpus()))
        pool = self._started_for(len(first))
        under_way: dict[Any, tuple[int, Item]] = {}
        early: dict[int, tuple[Item, Outcome]] = {}  # results that others come before
        waiting, due = enumerate(chain(first, coming)), 0
        try:
            while True:
                room = AHEAD * pool.number - len(early)
                while len(under_way) < room and (more := next(waiting, None)) is not None:
                    under_way[pool.start(work, more[1])] = more
                if not under_way:
                    return
                for ticket in pool.wait(under_way):
                    place, item = under_way.pop(ticket)
                    result = pool.result(ticket)
                    if in_order:
                        early[place] = item, result
                    else:
                        yield item, result
                while due in early:
                    yield early.pop(due)
                    due += 1
        finally:
            if under_way:
                self.close()

    def _started_for(self, items: int) -> Processes | Cluster:
        """items: how many are there to begin with; processes that would have none are not started."""
        if self._pool is not None and self._ray is None and self._pool.number < items:
            self.close()
        self._pool = self._pool or self._started(items)
        return self._pool

    def _started(self, items: int) -> Processes | Cluster:
        if self._ray is not None:
            return Cluster(self._ray, self._number)
        return Processes(max(1, min(self._number or usable_cpus(), items)), self._preload)
