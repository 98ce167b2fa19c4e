"""Reading a SQLite ledger while another connection writes, and files that are none."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from penstock.stores.ledger import (
    ANY,
    Condition,
    Key,
    LedgerMissing,
    LedgerUnavailable,
    Operator,
    Query,
    Scalar,
)
from penstock.stores.sqlite.ledger.reader import SqliteReader
from penstock.stores.sqlite.ledger.writer import SqliteLedger
from support.stored_calls import VARIOUS, call, step


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteReader]:
    path = tmp_path_factory.mktemp("ledger") / "ledger.db"
    with closing(SqliteLedger(path)) as ledger:
        # They arrive in the order in which they ended, which is not the order in which they began.
        ledger.append([VARIOUS[5], *VARIOUS[:5]], step(0))
    with closing(SqliteReader(path)) as reader:
        yield reader


def _one(key: Key, operator: Operator, *values: Scalar) -> Query:
    return Query(conditions=((Condition(key, operator, values),),))


def test_counting_gives_up_where_it_would_take_too_long(reader: SqliteReader) -> None:
    where = _one("success", "eq", True)
    assert reader.count(where, effort=6) == 2
    assert reader.count(where, effort=5) is None
    assert reader.extremes(where, effort=5) is None
    assert reader.count(ANY, effort=0) == 6


def test_reading_beside_a_writer(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with closing(SqliteLedger(path)) as ledger:
        ledger.append([call(1)], step(0))
        with closing(SqliteReader(path)) as reader:
            with ledger._transaction() as db:
                db.execute("UPDATE calls SET status_code = 500")
                assert [row.status_code for row in reader.calls(ANY, 10)] == [200]
            assert [row.status_code for row in reader.calls(ANY, 10)] == [500]
            ledger.append([call(2)], step(1))
            assert reader.count(ANY) == 2


def test_a_reader_cannot_write(reader: SqliteReader) -> None:
    with pytest.raises(LedgerUnavailable, match="readonly"), reader._view() as db:
        db.execute("DELETE FROM calls")


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


def test_names_are_looked_through_once_for_a_list_and_its_length(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    parts = Condition("metadata.value", "contains", ("no such", "ad", "bob"))
    where = Query(conditions=((parts,), (parts,), (Condition("metadata.value", "contains", ("a",)),)))
    with closing(SqliteLedger(path)) as ledger:
        ledger.append([call(1, metadata={"user": "ada"}), call(2, metadata={"user": "eve"})], step(0))
        with closing(SqliteReader(path)) as reader:
            asked: list[str] = []
            reader._db.set_trace_callback(asked.append)
            assert [row.metadata for row in reader.calls(where, 10)] == [{"user": "ada"}]
            assert reader.count(where) == 1
            assert reader.extremes(where) is not None
            assert (
                len([sql for sql in asked if sql.startswith("SELECT id, text FROM names WHERE field")]) == 1
            )
            ledger.append([call(3, metadata={"user": "Bob, not Ada"})], step(1))
            assert reader.count(where) == 2  # also of a name that came after the first question


def test_however_many_parts_an_events_id_is_unpacked_once(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    where = _one("event_id", "contains", *[f"x{number}" for number in range(99)], 'B"c,')
    with closing(SqliteLedger(path)) as ledger:
        ledger.append([call(1, event_id='a-b"C,d'), call(2, event_id="x"), call(3)], step(0))
        with closing(SqliteReader(path)) as reader:
            looks: list[str] = []
            reader._db.set_trace_callback(looks.append)
            assert [row.event_id for row in reader.calls(where, 10)] == ['a-b"C,d']
            assert max(sql.count("holds(") for sql in looks) <= 2  # in a call, and in what zones know of it
