"""Files of runs that an older program has written: brought up to date, with what can be learned from them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from penstock.stores.runs import RunQuery
from penstock.stores.sqlite.migrations import version
from penstock.stores.sqlite.runs.ledger import SqliteRunLedger
from penstock.stores.sqlite.runs.rests import TABLES
from penstock.stores.sqlite.runs.salvage import salvage
from penstock.stores.sqlite.runs.schema import MIGRATIONS
from support.kept_runs import basis, result_of
from support.run_ledgers import OWNER, make, run, seen


def _older(path: Path) -> None:
    """A file as it was before results were asked for by what they rest on."""
    with closing(SqliteRunLedger(path)) as runs:
        make(runs, *(run(f"trun_{number}") for number in range(3)))
        cited = result_of(run(), basis=[basis("output", "low", "https://www.a.example/1")])
        runs.saw([seen(f"trun_{number}", result=cited) for number in range(2)])
    with closing(sqlite3.connect(path)) as db:
        for table in TABLES:
            db.execute(f"DROP TABLE {table}")
        db.execute("UPDATE results SET body = x'00' WHERE run = (SELECT key FROM runs WHERE id = 'trun_1')")
        db.execute("PRAGMA user_version = 2")
        db.commit()


def test_results_that_are_kept_already_are_found_by_what_they_rest_on(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    _older(path)
    with closing(SqliteRunLedger(path)) as runs:
        for where in (RunQuery(confidences=("low",)), RunQuery(domains=("a.example",))):
            assert [one.id for one in runs.runs(where, 9)] == ["trun_0"]
        assert version(runs._file.connection()) == len(MIGRATIONS)


def test_of_an_older_file_that_is_damaged_is_taken_over_what_it_has(tmp_path: Path) -> None:
    old, new = tmp_path / "old.db", tmp_path / "runs.db"
    _older(old)
    with closing(SqliteRunLedger(new)) as runs:
        assert salvage(old, runs._file.connection()) == 3
        assert {one.id: one.owner for one in runs.runs(RunQuery(), 9)} == {
            f"trun_{number}": OWNER for number in range(3)
        }
        assert runs.result("trun_0") is not None


def test_what_is_taken_over_from_a_damaged_file_has_it_too(tmp_path: Path) -> None:
    old, new = tmp_path / "old.db", tmp_path / "runs.db"
    with closing(SqliteRunLedger(old)) as runs:
        make(runs, run())
        runs.saw(
            [seen("trun_1", result=result_of(run(), basis=[basis("output", "high", "https://b.example")]))]
        )
    with closing(SqliteRunLedger(new)) as runs:
        assert salvage(old, runs._file.connection()) == 1
        assert runs.count(RunQuery(confidences=("high",), domains=("b.example",))) == 1
