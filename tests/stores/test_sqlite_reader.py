"""Listing, finding and showing, while another connection writes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from stored_calls import BASE, call, step, uuid

from penstock.stores.ledger import ANY, Derived, Filter, LedgerUnavailable, NewCall, StatusRange
from penstock.stores.sqlite_filter import conditions
from penstock.stores.sqlite_ledger import SqliteLedger
from penstock.stores.sqlite_reader import LedgerMissing, SqliteReader


def _model(name: str) -> Derived:
    return Derived(name, None, None, None, None, None)


CALLS: list[NewCall] = [
    call(0, _model("openai/gpt-4o")),
    call(1, _model("openai/gpt-4o-mini"), status=404),
    call(2, _model("anthropic/claude"), provider="anthropic", gateway="other"),
    call(3, provider="parallel", status=502, outcome=2),
    call(4, _model("openrouter/gpt-4o"), provider="openrouter", outcome=1),
    call(5, provider="parallel", status=429, account="second"),
]


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteReader]:
    path = tmp_path_factory.mktemp("ledger") / "ledger.db"
    with closing(SqliteLedger(path)) as ledger:
        # They arrive in the order in which they ended, which is not the order in which they began.
        ledger.append([CALLS[5], *CALLS[:5]], step(0))
    with closing(SqliteReader(path)) as reader:
        yield reader


def _numbers(reader: SqliteReader, where: Filter) -> list[int]:
    return [(row.created_us - BASE.created_us) // 1_000_000 for row in reader.newest(where, 100)]


@pytest.mark.parametrize(
    ("where", "numbers"),
    [
        (ANY, [5, 4, 3, 2, 1, 0]),
        (Filter(providers=("openai",)), [1, 0]),
        (Filter(providers=("openai", "parallel")), [5, 3, 1, 0]),
        (Filter(gateways=("other",)), [2]),
        (Filter(accounts=("second",)), [5]),
        (Filter(models=("openai/gpt-4o",)), [0]),
        (Filter(models=("gpt-4o",)), [4, 0]),
        (Filter(models=("gpt-4o", "anthropic/claude")), [4, 2, 0]),
        (Filter(statuses=(StatusRange(404, 404),)), [1]),
        (Filter(statuses=(StatusRange(400, 499),)), [5, 1]),
        (Filter(statuses=(StatusRange(400, 499), StatusRange(500, 599))), [5, 3, 1]),
        (Filter(statuses=(StatusRange(200, 200),)), [4, 2, 0]),
        (Filter(failed=True), [5, 4, 3, 1]),
        (Filter(statuses=(StatusRange(200, 299),), failed=True), [5, 4, 3, 2, 1, 0]),
        (Filter(statuses=(StatusRange(404, 404),), failed=True), [5, 4, 3, 1]),
        (Filter(providers=("parallel",), statuses=(StatusRange(500, 599),)), [3]),
        (Filter(since_us=BASE.created_us + 4_000_000), [5, 4]),
        (Filter(since_us=BASE.created_us + 2_000_000, until_us=BASE.created_us + 4_000_000), [3, 2]),
        (Filter(providers=("'; DROP TABLE calls; --",)), []),
    ],
)
def test_filters(reader: SqliteReader, where: Filter, numbers: list[int]) -> None:
    assert _numbers(reader, where) == numbers
    assert reader.count(where) == len(numbers)
    assert sorted(row.created_us for row in reader.arrived(where, 0, 100)) == [
        BASE.created_us + number * 1_000_000 for number in reversed(numbers)
    ]


def test_pages_join_without_gap_or_overlap(reader: SqliteReader) -> None:
    pages: list[str] = []
    before = None
    while page := reader.newest(ANY, 4, before):
        pages += [row.id for row in page]
        before = pages[-1]
    assert pages == [uuid(number) for number in (5, 4, 3, 2, 1, 0)]


def test_arrivals_come_in_the_order_in_which_calls_ended(reader: SqliteReader) -> None:
    assert [row.id for row in reader.arrived(ANY, 0, 3)] == [uuid(5), uuid(0), uuid(1)]
    assert [row.seq for row in reader.arrived(ANY, 4, 100)] == [5, 6]
    assert reader.last_arrival() == 6


def test_finding_by_the_beginning_and_by_the_end(reader: SqliteReader) -> None:
    assert reader.find(uuid(2)[:8], 5) == [uuid(2)]
    assert reader.find(uuid(3)[-8:], 5) == [uuid(3)]
    assert reader.find("0000000", 2) == [uuid(0), uuid(1)]
    assert reader.find("%", 5) == []


def test_unknown_ids(reader: SqliteReader) -> None:
    assert reader.get("nobody") is None
    assert reader.bodies("nobody") is None


@pytest.mark.parametrize(
    ("where", "index"),
    [
        (ANY, "calls_created"),
        (Filter(providers=("openai",)), "calls_provider"),
        (Filter(providers=("openai", "parallel")), "calls_created"),
        (Filter(gateways=("main",)), "calls_gateway"),
        (Filter(models=("openai/gpt-4o",)), "calls_model"),
        (Filter(models=("gpt-4o",)), "calls_created"),
        (Filter(statuses=(StatusRange(400, 499),)), "calls_failed"),
        (Filter(failed=True), "calls_failed"),
        (Filter(providers=("openai",), since_us=1), "calls_provider"),
    ],
)
def test_a_listing_walks_one_index_and_sorts_nothing(reader: SqliteReader, where: Filter, index: str) -> None:
    text, values = conditions(where)
    sql = f"EXPLAIN QUERY PLAN SELECT * FROM calls WHERE {text} ORDER BY created_us DESC, seq DESC LIMIT 50"
    plan = " ".join(str(row[3]) for row in reader._db.execute(sql, values))
    assert index in plan
    assert "TEMP B-TREE" not in plan


def test_reading_beside_a_writer(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with closing(SqliteLedger(path)) as ledger:
        ledger.append([call(1)], step(0))
        with closing(SqliteReader(path)) as reader:
            with ledger._transaction() as db:
                db.execute("UPDATE calls SET provider = 'other'")
                assert [row.provider for row in reader.newest(ANY, 10)] == ["openai"]
            assert [row.provider for row in reader.newest(ANY, 10)] == ["other"]
            ledger.append([call(2)], step(1))
            assert reader.count(ANY) == 2


def test_a_reader_cannot_write(reader: SqliteReader) -> None:
    with pytest.raises(LedgerUnavailable, match="readonly"):
        reader._rows("DELETE FROM calls", [])


@pytest.mark.parametrize("content", [None, b""])
def test_no_ledger(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "led ger?.db"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(LedgerMissing):
        SqliteReader(path)


def test_a_file_that_is_no_ledger(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    path.write_bytes(b"something else entirely" * 100)
    with pytest.raises(LedgerUnavailable, match="not a database"):
        SqliteReader(path)


def test_a_ledger_from_a_later_program(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 999")
    with pytest.raises(LedgerUnavailable, match="newer penstock"):
        SqliteReader(path)
    with pytest.raises(LedgerUnavailable, match="newer penstock"):
        SqliteLedger(path).positions()
