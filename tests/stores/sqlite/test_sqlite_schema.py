"""Migrations: from nothing, from an older file, from one that broke off."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from penstock.stores.ledger import Condition, Query
from penstock.stores.rollups import Question
from penstock.stores.sqlite.ledger.reader import SqliteReader
from penstock.stores.sqlite.ledger.schema import MIGRATIONS
from penstock.stores.sqlite.ledger.writer import SqliteLedger
from penstock.stores.sqlite.migrations import migrate, version
from penstock.stores.sqlite.rollups.reader import SqliteRollups
from support.stored_calls import call, step, uuid


def _add_column(db: sqlite3.Connection) -> None:
    db.execute("ALTER TABLE calls ADD COLUMN colour TEXT DEFAULT 'blue'")


def _break_off(db: sqlite3.Connection) -> None:
    db.execute("ALTER TABLE calls ADD COLUMN colour TEXT")
    raise RuntimeError("power cut")


def _open(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None)


def test_an_empty_file_gets_every_step_once(tmp_path: Path) -> None:
    with closing(_open(tmp_path / "ledger.db")) as db:
        migrate(db, MIGRATIONS)
        migrate(db, MIGRATIONS)
        assert version(db) == len(MIGRATIONS)
        assert db.execute("SELECT count(*) FROM calls").fetchone() == (0,)


def test_an_older_file_keeps_its_calls(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with closing(SqliteLedger(path)) as ledger:
        ledger.append([call(1)], step(0))
    with closing(_open(path)) as db:
        migrate(db, (*MIGRATIONS, _add_column))
        assert version(db) == len(MIGRATIONS) + 1
        assert db.execute("SELECT hex(id), colour FROM calls").fetchall() == [
            (uuid(1).replace("-", "").upper(), "blue")
        ]


def test_sums_of_before_operations_were_told_are_kept_without_one(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    cell = "'acc', 'main', 'openai', 'openai/m', 200, 0, 0, 0"
    with closing(_open(path)) as db:
        migrate(db, MIGRATIONS[:1])
        db.execute(f"INSERT INTO rollup_cells VALUES (7, {cell})")
        db.execute("INSERT INTO rollups VALUES (2, 0, 7, 3, 10, 5, 0, 1000, x'', x'')")
    with closing(SqliteLedger(path)) as ledger:
        ledger.append([call(1)], step(0))
    with closing(SqliteRollups(path)) as rollups:
        asked = Question(None, 0, 4_000_000_000_000_000, None, ("operation",))
        found = {group.values: group.sums.requests for group in rollups.ask(asked)}
        assert found == {("",): 3, (call(1).derived.operation,): 1}


def test_sums_of_before_anything_was_estimated_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with closing(_open(path)) as db:
        migrate(db, MIGRATIONS[:2])
        db.execute("INSERT INTO rollup_models VALUES (7, 'acc', 'main', 'openai', 'openai/m')")
        db.execute("INSERT INTO model_rollups VALUES (2, 0, 7, 3, 0, 0, 0, 10, 5, 0, 0, 0, 1000, x'', x'')")
    made = call(1)
    estimated = msgspec.structs.replace(made.derived, estimated=True, estimated_in=4, estimated_out=2)
    with closing(SqliteLedger(path)) as ledger:
        ledger.append([made._replace(derived=estimated)], step(0))
    with closing(SqliteRollups(path)) as rollups:
        (whole,) = rollups.ask(Question(None, 0, 4_000_000_000_000_000))
        assert (whole.sums.requests, whole.sums.estimated, whole.sums.estimated_tokens_in) == (4, 1, 4)
    with closing(SqliteReader(path)) as reader:
        where = Query(conditions=((Condition("estimated", "eq", (True,)),),))
        assert [row.estimated for row in reader.calls(where, 9)] == [True]


def test_a_step_that_breaks_off_leaves_no_trace(tmp_path: Path) -> None:
    with closing(_open(tmp_path / "ledger.db")) as db:
        migrate(db, MIGRATIONS)
        with pytest.raises(RuntimeError):
            migrate(db, (*MIGRATIONS, _break_off))
        assert version(db) == len(MIGRATIONS)
        migrate(db, (*MIGRATIONS, _add_column))


def test_reopening_a_ledger_keeps_everything(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    for number in (0, 1):
        with closing(SqliteLedger(path)) as ledger:
            ledger.append([call(number)], step(number))
            assert ledger.positions() == {"s": number * 10 + 10}
    with closing(SqliteReader(path)) as reader:
        assert reader.last_arrival() == 2
