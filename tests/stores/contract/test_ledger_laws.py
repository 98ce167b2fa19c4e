"""Every ledger answers like a plain list of calls, whatever is stored, asked, changed and deleted."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from contract.engines import LedgerEngine
from penstock.stores.ledger import (
    ANY,
    NEWEST_FIRST,
    CallRow,
    Move,
    NewCall,
    Note,
    Order,
    OrderKey,
    Query,
    Recost,
)
from support import ledger_model as model
from support.ledger_questions import ORDERS, SCALARS, SEEDS, SMALL_NUMBERS, made, queries


class Ledger:
    """A ledger of small blocks, and what should be in it."""

    def __init__(self, engine: LedgerEngine, folder: Path) -> None:
        self.writer = engine.writer(folder)
        self.writer.positions()
        self.reader = engine.reader(folder)
        self.editor = engine.editor(folder)
        self.rows: dict[str, CallRow] = {}
        self._end = 0

    def append(self, calls: list[NewCall]) -> None:
        appended = self.writer.append(calls, Move("s", self._end, self._end + 1))
        self._end += 1
        new = {one.record.id: one for one in reversed(calls) if one.record.id not in self.rows}
        assert appended == (len(new), len(calls) - len(new))
        for call_id, one in new.items():
            row = self.reader.get(call_id)
            assert row is not None
            assert (row.metadata, row.provider, row.model) == (
                one.record.metadata,
                one.record.provider,
                one.derived.model,
            )
            self.rows[call_id] = row

    def agrees(self, where: Query, order: Order = NEWEST_FIRST, offset: int = 0, limit: int = 5) -> None:
        wanted = model.chosen(self.rows.values(), where)
        assert self.reader.count(where) == len(wanted)
        got = self.reader.calls(where, limit, offset=offset, order=order)
        alike = _likeness(order)
        ordered = model.in_order(wanted, order)
        assert list(map(alike, got)) == list(map(alike, ordered[offset:][:limit]))
        everything = self.reader.calls(where, 1000, order=order)
        assert sorted(row.id for row in everything) == sorted(row.id for row in wanted)
        assert got == everything[offset:][:limit]
        assert all(row == self.rows[row.id] for row in everything)


def _likeness(order: Order) -> Callable[[CallRow], tuple[int, object]]:
    """Which of the calls of one moment comes first is not said."""
    renamed = {"created_at": "created_us", "cost": "cost_nano", "duration": "duration_us"}
    field = renamed.get(order.by, order.by)
    return lambda row: (row.created_us, getattr(row, field))


@contextmanager
def opened(engine: LedgerEngine) -> Iterator[Ledger]:
    with tempfile.TemporaryDirectory() as folder:
        ledger = Ledger(engine, Path(folder))
        with closing(ledger.writer), closing(ledger.reader), closing(ledger.editor):
            yield ledger


# A failure is not made smaller: each try opens a ledger.
LAW = settings(
    deadline=None, max_examples=60, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
)


@LAW
@given(
    st.lists(st.lists(SEEDS, max_size=12), max_size=6),
    st.lists(
        st.tuples(queries(), st.sampled_from(ORDERS), st.booleans(), st.integers(0, 8), st.integers(0, 9)),
        min_size=1,
        max_size=6,
    ),
)
def test_listing_and_counting(
    ledgers: LedgerEngine, batches: list[list[int]], asked: list[tuple[Query, OrderKey, bool, int, int]]
) -> None:
    with opened(ledgers) as ledger:
        for batch in batches:
            ledger.append(list(map(made, batch)))
        for where, by, descending, offset, limit in asked:
            ledger.agrees(where, Order(by, descending), offset, limit)
            found = model.chosen(ledger.rows.values(), where)
            assert ledger.reader.extremes(where) == model.extremes(found)
            arrived = ledger.reader.arrived(where, 0, 1000)
            assert sorted(row.id for row in arrived) == sorted(row.id for row in found)
        for account, gateway in (("a", "main"), ("b", "other")):
            assert ledger.writer.stored(account, gateway) == ledger.reader.count(Query(account, (gateway,)))


class Add(NamedTuple):
    seeds: list[int]


class Delete(NamedTuple):
    where: Query
    limit: int
    order: Order


class Say(NamedTuple):
    number: int
    feedback: float | None
    metadata: dict[str, str | int | float | bool]


class Price(NamedTuple):
    number: int
    cost: int | None


CHANGES = st.one_of(
    st.builds(Add, st.lists(SEEDS, max_size=12)),
    st.builds(Delete, queries(), st.integers(0, 9), st.builds(Order, st.sampled_from(ORDERS), st.booleans())),
    st.builds(
        Say,
        st.integers(0, 60),
        st.sampled_from([None, 1, -1, 0.5]),
        st.dictionaries(st.sampled_from(["k", "a%"]), st.sampled_from(SCALARS), max_size=2),
    ),
    st.builds(Price, st.integers(0, 60), st.sampled_from(SMALL_NUMBERS)),
)


@LAW
@given(
    st.lists(SEEDS, min_size=10, max_size=40),
    st.lists(CHANGES, max_size=8),
    st.lists(queries(), max_size=3),
)
def test_changing(
    ledgers: LedgerEngine, calls: list[int], changes: list[Add | Delete | Say | Price], asked: list[Query]
) -> None:
    with opened(ledgers) as ledger:
        ledger.append(list(map(made, calls)))
        for change in changes:
            _change(ledger, change)
            for where in (ANY, *asked):
                ledger.agrees(where)


def _change(ledger: Ledger, change: Add | Delete | Say | Price) -> None:
    rows, ids = ledger.rows, sorted(ledger.rows)
    match change:
        case Add(seeds):
            ledger.append(list(map(made, seeds)))
        case Delete(where, limit, order):
            gone = ledger.reader.calls(where, limit, order=order)
            assert ledger.editor.delete(where, limit, order) == len(gone)
            for row in gone:
                del rows[row.id]
                assert ledger.reader.bodies(row.id) is None
        case Say(number, feedback, metadata) if ids:
            call_id = ids[number % len(ids)]
            assert ledger.editor.annotate(call_id, Note(feedback, metadata=metadata))
            rows[call_id] = msgspec.structs.replace(rows[call_id], feedback=feedback, metadata=metadata)
        case Price(number, cost) if ids:
            call_id = ids[number % len(ids)]
            assert ledger.editor.recost([Recost(call_id, cost, "a new table")]) == 1
            rows[call_id] = msgspec.structs.replace(rows[call_id], cost_nano=cost, price_source="a new table")
