"""Whatever happens in whatever order, limits and log come to what the runs have cost, or are still expected to."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from hypothesis import example, given, settings
from hypothesis import strategies as st

from penstock.following.access import CountersAccess
from penstock.following.telling import Teller
from penstock.runs.run import Run, RunKind
from penstock.stores.counters import OpenCounters
from penstock.stores.ledger import Recost
from penstock.stores.runs import Stale
from support.counters import MemoryCounters
from support.run_ledgers import run, seen
from support.told_costs import Books, Later, nothing

T = TypeVar("T")

PRODUCTS = ("lite", "base", "core", "ultra")
STATES = ("queued", "running", "completed", "failed", "action_required")


class Death(BaseException):
    """Of the process that tells; nothing may catch it."""


class Mortal:
    """What one process does outside of itself, of which the `steps`-th is its last: done, or not done any more."""

    def __init__(self, books: Books, steps: int, *, is_done: bool) -> None:
        self.books = books
        self.steps = steps
        self.is_done = is_done

    def _act(self, act: Callable[[], T]) -> T:
        self.steps -= 1
        if self.steps == 0 and not self.is_done:
            raise Death
        found = act()
        if self.steps == 0:
            raise Death
        return found

    def stale(self, limit: int, offset: int = 0) -> list[Stale]:
        return self._act(lambda: self.books.runs.stale(limit, offset))

    def told(self, call_id: str, version: int, counted: int | None = None) -> None:
        self._act(lambda: self.books.runs.told(call_id, version, counted))

    def recost(self, changes: Sequence[Recost]) -> int:
        return self._act(lambda: self.books.log.editor.recost(changes))

    def amend(self, receipt: bytes, change: int, mark: bytes, now_us: int) -> None:
        self._act(lambda: self.books.counters.amend(receipt, change, mark, now_us))


@dataclass
class World:
    """Calls with their runs, and which of the calls the shipper still has."""

    books: Books
    runs: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    calls: dict[str, list[str]] = field(default_factory=dict)
    expected: dict[str, int] = field(default_factory=dict)
    shipped: set[str] = field(default_factory=set)
    at: int = 10

    def order(self, products: Sequence[str]) -> None:
        made: list[Run] = []
        for product in products:
            self.runs.append(f"trun_{len(self.runs)}")
            made.append(run(self.runs[-1], product=product))
        name = self.books.order(*made, logged=False)
        self.calls[name] = [one.id for one in made]
        self.expected[name] = sum(one.estimate or 0 for one in made)

    def group(self) -> None:
        """A call that makes a group, which costs nothing by itself."""
        self.groups.append(f"tgrp_{len(self.groups)}")
        name = self.books.order(run(self.groups[-1], RunKind.GROUP, ""), logged=False)
        self.calls[name], self.expected[name] = [], 0

    def meet(self, index: int, state: str, product: str) -> None:
        """A run is seen in a group that nobody here has added to it."""
        if self.groups:
            self.at += 1
            self.runs.append(f"trun_{len(self.runs)}")
            parent = self.groups[index % len(self.groups)]
            self.books.runs.saw([seen(self.runs[-1], state, product=product, parent=parent, at=self.at)])

    def see(self, index: int, state: str, product: str) -> None:
        if self.runs:
            self.at += 1
            self.books.runs.saw([seen(self.runs[index % len(self.runs)], state, product=product, at=self.at)])

    def ship(self) -> None:
        for name in self.calls.keys() - self.shipped:
            self.books.arrive(name, self.expected[name])
        self.shipped |= self.calls.keys()

    def tell(self, steps: int, *, is_done: bool) -> None:
        """A process that tells, from its start to its death or until there is nothing left."""
        mortal = Mortal(self.books, steps, is_done=is_done)
        access = CountersAccess(lambda: OpenCounters(mortal, nothing, nothing))  # type: ignore[arg-type]
        teller = Teller(lambda: self.books.log.reader, lambda: mortal, access, self.books.clock)  # type: ignore[arg-type, return-value]
        with suppress(Death):
            asyncio.run(teller.tell(mortal))  # type: ignore[arg-type]

    def tell_all(self) -> None:
        while self.books.runs.stale(1):
            self.tell(0, is_done=True)

    def end(self) -> None:
        """All that still goes on completes."""
        for index in range(len(self.runs)):
            self.see(index, "completed", "")

    def costs(self) -> dict[str, int]:
        """What the runs of each call have cost, or are still expected to."""
        found = dict.fromkeys(self.calls, 0)
        for run_id in self.runs:
            one = self.books.runs.get(run_id)
            if one is not None:
                found[one.call_id] += (one.estimate if one.cost is None else one.cost) or 0
        return found

    def logged(self) -> dict[str, int | None]:
        return {name: self.books.logged(name)[0] for name in self.calls}


orders = st.tuples(
    st.just("order"), st.lists(st.sampled_from(PRODUCTS), min_size=1, max_size=4), st.booleans()
)
sightings = st.tuples(
    st.just("see"), st.integers(0, 7), st.sampled_from(STATES), st.sampled_from(("", *PRODUCTS))
)
tellings = st.tuples(st.just("tell"), st.integers(0, 6), st.booleans())
groups = st.tuples(st.just("group"))
meetings = st.tuples(st.just("meet"), st.integers(0, 2), st.sampled_from(STATES), st.sampled_from(PRODUCTS))
events = st.one_of(groups, meetings, orders, sightings, sightings, tellings, st.tuples(st.just("ship")))


@example(
    [
        ("order", ["core", "core"], True),
        ("see", 0, "failed", ""),
        ("tell", 3, True),  # the limits know it, and that they do is not written down
        ("see", 1, "completed", "base"),
    ]
)
@example(
    [
        ("group",),
        ("ship",),
        ("meet", 0, "running", "core"),
        ("tell", 0, True),
        ("see", 0, "failed", ""),
    ]
)
@settings(max_examples=200)
@given(st.lists(events, min_size=4, max_size=30))
def test_what_is_told_comes_to_what_runs_cost(story: list[tuple[object, ...]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        books = Books(Path(folder), MemoryCounters(), Later())
        world = World(books)
        for event in story:
            match event:
                case ("order", list(products), bool(is_shipped)):
                    world.order(products)
                    if is_shipped:
                        world.ship()
                case ("group",):
                    world.group()
                case ("meet", int(index), str(state), str(product)):
                    world.meet(index, state, product)
                case ("see", int(index), str(state), str(product)):
                    world.see(index, state, product)
                case ("tell", int(steps), bool(is_done)):
                    world.tell(steps, is_done=is_done)
                case _:
                    world.ship()
        world.ship()
        world.tell_all()
        assert world.logged() == world.costs()
        assert books.used <= sum(world.costs().values())
        world.end()
        world.tell_all()
        assert world.logged() == world.costs()
        assert books.used == sum(world.costs().values())
        books.log.close()
