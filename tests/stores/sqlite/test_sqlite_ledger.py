"""The SQLite ledger's file: made, compressed, locked, full, on disk and its owner's alone."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from penstock.stores.ledger import (
    ANY,
    Appended,
    LedgerUnavailable,
)
from penstock.stores.sqlite.ledger import writer
from penstock.stores.sqlite.ledger.file import make_missing
from penstock.stores.sqlite.ledger.reader import SqliteReader
from penstock.stores.sqlite.ledger.writer import SqliteLedger
from support.stored_calls import call, step, uuid


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


@pytest.fixture
def ledger(path: Path) -> Iterator[SqliteLedger]:
    with closing(SqliteLedger(path, busy_seconds=0)) as ledger:
        yield ledger


@pytest.fixture
def reader(ledger: SqliteLedger, path: Path) -> Iterator[SqliteReader]:
    ledger.positions()  # makes the file
    with closing(SqliteReader(path)) as reader:
        yield reader


@pytest.mark.parametrize("content", [None, b""])
def test_a_ledger_made_before_anything_is_stored(path: Path, content: bytes | None) -> None:
    if content is not None:
        path.write_bytes(content)
    make_missing(path)
    with closing(SqliteReader(path)) as reader:
        assert reader.count(ANY) == 0


def test_what_is_there_is_left_as_it_is(path: Path, ledger: SqliteLedger) -> None:
    ledger.append([call(1)], step(0))
    ledger.close()
    make_missing(path)
    with closing(SqliteReader(path)) as reader:
        assert reader.count(ANY) == 1


@pytest.mark.parametrize("place", ["ledger.db", "nowhere/ledger.db"])
def test_a_ledger_that_cannot_be_made(tmp_path: Path, place: str) -> None:
    (tmp_path / "ledger.db").write_bytes(b"something else entirely" * 100)
    with pytest.raises(LedgerUnavailable):
        make_missing(tmp_path / place)


def test_big_bodies_are_compressed_and_come_back_whole(
    ledger: SqliteLedger, path: Path, reader: SqliteReader
) -> None:
    big = b"water " * 50_000
    ledger.append([call(1, bodies=(big, os.urandom(9000)))], step(0))
    ledger.append([call(2, bodies=(b"", big), response_encoding="gzip", response_cut=True)], step(1))
    first, second = reader.bodies(uuid(1)), reader.bodies(uuid(2))
    assert first is not None
    assert second is not None
    assert first.request == big
    assert len(first.response) == 9000
    assert second == (b"", big, False, True)
    ledger.close()
    assert path.stat().st_size < 1.5 * len(big)


def test_a_call_that_is_there_already_is_left_alone(
    ledger: SqliteLedger, path: Path, reader: SqliteReader
) -> None:
    ledger.append([call(1, bodies=(b"first", b""))], step(0))
    again = [call(1, bodies=(b"second", b"")), call(2, bodies=(b"new", b""))]
    assert ledger.append(again, step(1)) == Appended(1, 1)
    bodies = reader.bodies(uuid(1)), reader.bodies(uuid(2))
    assert [body and body.request for body in bodies] == [b"first", b"new"]
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT count(*) FROM bodies").fetchone() == (2,)


def test_a_locked_ledger_is_unavailable_and_then_available_again(ledger: SqliteLedger, path: Path) -> None:
    ledger.append([call(1)], step(0))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LedgerUnavailable, match="locked"):
            ledger.append([call(2)], step(1))
        other.execute("ROLLBACK")
    assert ledger.append([call(2)], step(1)) == Appended(1, 0)


def test_a_full_ledger_is_unavailable_and_keeps_what_it_has(
    ledger: SqliteLedger, reader: SqliteReader
) -> None:
    ledger.append([call(1)], step(0))
    pages = ledger._connection().execute("PRAGMA page_count").fetchone()[0]
    ledger._connection().execute(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(LedgerUnavailable, match="full"):
        ledger.append([call(2, bodies=(os.urandom(100_000), b""))], step(1))
    assert ledger.positions() == {"s": 10}
    ledger._connection().execute("PRAGMA max_page_count = 1000000")
    assert ledger.append([call(2)], step(1)) == Appended(1, 0)
    assert reader.count(ANY) == 2


def test_a_ledger_in_no_directory_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(LedgerUnavailable):
        SqliteLedger(tmp_path / "nowhere" / "ledger.db").positions()


def test_a_file_that_is_no_ledger_is_unavailable(path: Path, ledger: SqliteLedger) -> None:
    path.write_bytes(b"something else entirely" * 100)
    with pytest.raises(LedgerUnavailable):
        ledger.positions()


def calls_without_its_log(path: Path) -> int | None:
    """How many calls there are in the file alone."""
    alone = path.with_name("alone.db")
    alone.write_bytes(path.read_bytes())
    with closing(SqliteReader(alone)) as reader:
        return reader.count(ANY)


def test_what_came_from_a_retired_segment_is_in_the_file_itself(ledger: SqliteLedger, path: Path) -> None:
    """Which is where the loss of its log takes it from nobody."""
    for number in range(3):
        ledger.append([call(number)], step(number))
        assert ledger.retire("s")
        assert calls_without_its_log(path) == number + 1
    assert ledger.retire("s"), "asked once more"
    assert ledger.positions() == {"s": 30}


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Somebody reads the ledger as it is now."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("BEGIN")
        db.execute("SELECT count(*) FROM calls").fetchone()
        yield


def test_a_segment_is_not_retired_while_somebody_reads_the_ledger_of_before(
    ledger: SqliteLedger, path: Path
) -> None:
    ledger.append([call(1)], step(0))
    with reading(path):
        ledger.append([call(2)], step(1))
        assert not ledger.retire("s")
        assert ledger.append([call(3)], step(2)) == Appended(1, 0), "storing goes on"
        assert not ledger.retire("s")
    assert ledger.retire("s")
    assert calls_without_its_log(path) == 3


@pytest.mark.parametrize(("seconds", "second"), [(0.0, "FULL"), (1000.0, "PASSIVE")])
def test_who_reads_what_was_before_is_waited_for_now_and_then(
    ledger: SqliteLedger, path: Path, monkeypatch: pytest.MonkeyPatch, seconds: float, second: str
) -> None:
    monkeypatch.setattr(writer, "_WAIT_AGAIN_SECONDS", seconds)
    ledger.append([call(1)], step(0))
    statements: list[str] = []
    with reading(path):
        ledger.append([call(2)], step(1))
        ledger._connection().set_trace_callback(statements.append)
        assert [ledger.retire("s"), ledger.retire("s")] == [False, False]
    assert [ledger.retire("s"), ledger.retire("s")] == [True, True]
    modes = ["PASSIVE", second, second, "PASSIVE"]
    assert statements == [f"PRAGMA wal_checkpoint({mode})" for mode in modes]


def test_only_the_owner_may_read_the_file(ledger: SqliteLedger, path: Path) -> None:
    ledger.append([call(1)], step(0))
    assert {file.name: file.stat().st_mode & 0o077 for file in path.parent.iterdir()} == {
        "ledger.db": 0,
        "ledger.db-wal": 0,
        "ledger.db-shm": 0,
    }
