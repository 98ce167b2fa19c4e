"""The file of runs: private, full, locked, damaged, cut, replaced or deleted while it is used."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from penstock.stores.aside import happened
from penstock.stores.runs import ANY_RUN, RunsUnavailable
from penstock.stores.sqlite.runs import file
from penstock.stores.sqlite.runs.ledger import SqliteRunLedger
from penstock.stores.sqlite.runs.reader import SqliteRunReader
from penstock.stores.sqlite.runs.salvage import salvage
from penstock.stores.sqlite.runs.schema import MIGRATIONS
from support.run_ledgers import CORE, OWNER, create, make, run, seen

GARBAGE = b"something else entirely" * 1000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "runs.db"


@pytest.fixture
def runs(path: Path) -> Iterator[SqliteRunLedger]:
    with closing(SqliteRunLedger(path, busy_seconds=0)) as runs:
        yield runs


def _aside(path: Path) -> list[str]:
    return [one.why for one in happened(path.parent)]


def _damaged(path: Path, data: bytes, at: int) -> None:
    with path.open("r+b") as opened:
        opened.seek(at)
        opened.write(data)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def test_only_the_owner_may_read_the_files(runs: SqliteRunLedger, path: Path) -> None:
    make(runs, run())
    assert {one.name: one.stat().st_mode & 0o077 for one in path.parent.iterdir()} == {
        "runs.db": 0,
        "runs.db-wal": 0,
        "runs.db-shm": 0,
        "stores.lock": 0,
    }


def test_what_was_committed_is_there_when_it_is_opened_again(runs: SqliteRunLedger, path: Path) -> None:
    make(runs, run())
    runs.close()
    assert runs.get("trun_1") == run()
    with closing(SqliteRunLedger(path)) as other:
        assert [one.cost for one in other.saw([seen("trun_1")])] == [CORE]
    assert runs.saw([seen("trun_1")]) == []


def test_a_locked_file_is_unavailable_and_then_available_again(runs: SqliteRunLedger, path: Path) -> None:
    make(runs, run())
    with _locked(path):
        with pytest.raises(RunsUnavailable, match="locked"):
            runs.saw([seen("trun_1")])
        assert runs.get("trun_1") == run(), "reading goes on"
    assert len(runs.saw([seen("trun_1")])) == 1
    assert _aside(path) == []


def test_a_full_disk_keeps_what_there_is(runs: SqliteRunLedger) -> None:
    make(runs, run())
    db = runs._file.connection()
    pages = db.execute("PRAGMA page_count").fetchone()[0]
    db.execute(f"PRAGMA max_page_count = {pages + 1}")
    with pytest.raises(RunsUnavailable, match="full"):
        runs.saw([seen("trun_1", result=os.urandom(100_000))])
    assert (runs.get("trun_1"), runs.result("trun_1"), runs.stale(9)) == (run(), None, [])
    db.execute("PRAGMA max_page_count = 1000000")
    (ended,) = runs.saw([seen("trun_1", result=b"{}")])
    assert ended.cost == CORE


def test_a_file_that_cannot_be_written_is_unavailable_and_stays(
    runs: SqliteRunLedger, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(runs, run())
    runs.close()
    connect = sqlite3.connect

    def read_only(_: object, **options: object) -> sqlite3.Connection:
        return connect(f"{path.as_uri()}?mode=ro", uri=True, isolation_level=None)

    monkeypatch.setattr("penstock.stores.sqlite.runs.file.sqlite3.connect", read_only)
    with pytest.raises(RunsUnavailable, match="readonly"):
        runs.saw([seen("trun_1")])
    runs.close()
    monkeypatch.undo()
    assert runs.get("trun_1") == run()
    assert _aside(path) == []


def test_in_no_folder_it_is_unavailable(tmp_path: Path) -> None:
    with closing(SqliteRunLedger(tmp_path / "nowhere" / "runs.db")) as runs, pytest.raises(RunsUnavailable):
        runs.get("trun_1")


@pytest.mark.parametrize(
    "content", [b"", GARBAGE, b"SQLite format 3\0" + bytes(5000)], ids=["empty", "other", "cut"]
)
def test_what_is_no_file_of_runs_is_set_aside(
    runs: SqliteRunLedger, path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    path.write_bytes(content)
    with pytest.raises(RunsUnavailable):
        SqliteRunReader(path).get("trun_1")
    assert path.read_bytes() == content, "who only reads leaves it as it is"
    assert runs.intend(create()) is None
    (found,) = path.parent.glob("runs.db.damaged-*")
    assert found.read_bytes() == content
    assert "runs that cannot be read from it are unknown" in caplog.text


def test_a_folder_in_its_place_is_set_aside(runs: SqliteRunLedger, path: Path) -> None:
    path.mkdir()
    path.with_name("runs.db-wal").mkdir()
    assert runs.intend(create()) is None
    assert runs.count(ANY_RUN) == 0
    assert "it is a folder" in _aside(path)


def test_a_file_of_something_else_is_set_aside(runs: SqliteRunLedger, path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE calls (key INTEGER)")
    assert runs.intend(create()) is None
    assert _aside(path) == ["it holds something else than runs"]


def test_a_newer_program_s_file_is_left_alone(runs: SqliteRunLedger, path: Path) -> None:
    make(runs, run())
    runs.close()
    with closing(sqlite3.connect(path)) as other:
        other.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    for attempt in (lambda: runs.get("trun_1"), lambda: SqliteRunReader(path)):
        with pytest.raises(RunsUnavailable, match="newer penstock"):
            attempt()
    assert _aside(path) == []


def test_an_older_file_is_not_read_before_it_is_brought_up_to_date(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA user_version = 0")
        other.execute("CREATE TABLE runs (key)")
    with pytest.raises(RunsUnavailable, match="older version"):
        SqliteRunReader(path)


def _many(runs: SqliteRunLedger, count: int = 500) -> None:
    make(runs, *(run(f"trun_{n:03}") for n in range(count)))
    runs.saw([seen(f"trun_{n:03}", result=b"{}") for n in range(count)])


def test_damage_met_in_a_verb_is_set_aside_and_the_verb_is_done(runs: SqliteRunLedger, path: Path) -> None:
    _many(runs)
    runs.close()
    size = path.stat().st_size
    for at in range(4096, size, 4096):
        _damaged(path, b"\xff" * 512, at)
    assert runs.intend(create("new", body=b"new")) is None
    again = runs.intend(create("again", body=b"new", attempt=1))
    assert again is not None
    assert again.call_id == "new"
    assert runs.count(ANY_RUN) == 0, "there was nothing left of it"
    assert len(_aside(path)) == 1


def test_what_can_be_read_of_a_damaged_file_is_taken_over(
    runs: SqliteRunLedger, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    _many(runs)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        (root,) = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'runs_ended'").fetchone()
    runs.close()
    _damaged(path, b"\xff" * 4096, (root - 1) * 4096)
    for stale in runs.stale(9):
        runs.told(stale.create.call_id, stale.version)
    assert runs.forget(0, 9) == 0
    assert len(_aside(path)) == 1
    assert "500 runs could be read from runs.db.damaged-" in caplog.text
    for name in ("trun_000", "trun_499"):
        found = runs.get(name)
        assert found is not None
        assert (found.owner, found.cost, len(runs.moments(name))) == (OWNER, CORE, 2)
        assert runs.result(name) is not None
    assert runs.intend(create("again", body=b"call-1", attempt=1)) is not None
    assert runs.forget(1 << 60, 1000) == 500
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_damage_in_the_middle_takes_only_that(runs: SqliteRunLedger, path: Path) -> None:
    _many(runs)
    runs.close()
    data = path.read_bytes()
    middle = data.index(b'"trun_250"') // 4096
    _damaged(path, b"\xff" * 4096, middle * 4096)
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA quick_check(1)").fetchone() != ("ok",)
    runs.runs(ANY_RUN, 1000)
    assert 450 < runs.count(ANY_RUN) < 500
    assert (runs.get("trun_000"), runs.get("trun_499")) != (None, None)
    assert runs.get("trun_250") is None


def test_saving_takes_no_longer_than_it_may(runs: SqliteRunLedger, path: Path, tmp_path: Path) -> None:
    _many(runs)
    runs.close()
    with closing(SqliteRunLedger(tmp_path / "other.db")) as other:
        assert salvage(path, other._file.connection(), -1.0) < 500
        assert salvage(path, other._file.connection(), 60.0) == 500
        assert salvage(tmp_path / "nothing.db", other._file.connection()) == 500


@pytest.mark.parametrize("way", ["deleted", "replaced", "other", "cut", "emptied"])
def test_two_who_have_it_open_meet_in_what_has_come_in_its_place(
    runs: SqliteRunLedger, path: Path, way: str, tmp_path: Path
) -> None:
    with closing(SqliteRunLedger(path, busy_seconds=0)) as other:
        make(runs, run())
        assert other.get("trun_1") == run()
        if way == "deleted":
            path.unlink()
        elif way == "cut":
            os.truncate(path, path.stat().st_size - 4096)
        elif way == "emptied":
            os.truncate(path, 0)
        else:
            new = tmp_path / "new.db"
            if way == "replaced":
                with closing(SqliteRunLedger(new)) as copied:
                    make(copied, run("trun_2"), call_id="call-2")
            else:
                new.write_bytes(GARBAGE)
            new.replace(path)
        assert (other.get("trun_2") is not None) == (way == "replaced")
        assert runs.get("trun_1") is None
        make(runs, run("trun_3"), call_id="call-3")
        assert other.saw([seen("trun_3")]) != []
        assert runs.saw([seen("trun_3")]) == []
    assert len([one for one in happened(path.parent) if one.store == "runs.db"]) == (way != "replaced")


def test_a_reader_does_not_show_what_is_there_no_more(runs: SqliteRunLedger, path: Path) -> None:
    make(runs, run())
    with closing(SqliteRunReader(path)) as reader:
        assert reader.get("trun_1") == run()
        path.unlink()
        with pytest.raises(RunsUnavailable, match="deleted"):
            reader.get("trun_1")


def test_its_log_alone_was_deleted(
    runs: SqliteRunLedger, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    make(runs, run())
    path.with_name("runs.db-wal").unlink()
    assert runs.saw([seen("trun_1")]) != [], "what was in it was written into the file"
    assert "runs.db-wal was replaced or deleted" in caplog.text
    assert _aside(path) == []


def test_a_damaged_row_hides_no_other_and_holds_up_nobody(runs: SqliteRunLedger, path: Path) -> None:
    make(runs, run("trun_1", stored_key="main"), run("trun_2", stored_key="main"))
    make(runs, run("trun_3"), call_id="call-2")
    runs.saw([seen("trun_2", result=b"{}"), seen("trun_3")])
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("UPDATE runs SET run = ? WHERE id = 'trun_1'", (b"\xff{",))
        other.execute("UPDATE results SET body = substr(body, 1, 5)")
        other.execute("UPDATE creates SET sent = 'x' WHERE call_id = 'call-1'")
        other.execute("UPDATE moments SET by = 'x'")
    assert [one.id for one in runs.runs(ANY_RUN, 9)] == ["trun_3", "trun_2"]
    assert (runs.get("trun_1"), runs.result("trun_2"), runs.moments("trun_2")) == (None, None, [])
    assert [one.create.call_id for one in runs.stale(9)] == ["call-2"]
    assert runs.due(1 << 60, "a", 1, 9) == []
    assert runs.saw([seen("trun_1", at=11)]) == []
    make(runs, run("trun_1"), call_id="call-3")
    found = runs.get("trun_1")
    assert found is not None
    assert (found.call_id, found.cost) == ("call-3", CORE)


def test_a_request_that_has_no_place_in_a_file_changes_nothing(runs: SqliteRunLedger) -> None:
    with pytest.raises(RunsUnavailable, match="cannot be stored"):
        runs.intend(create("\udcff"))
    assert runs.lost(1 << 60) == 0


def test_the_lock_s_file_cannot_be_had(runs: SqliteRunLedger, path: Path) -> None:
    path.with_name("stores.lock").mkdir()
    make(runs, run())
    assert runs.get("trun_1") == run()


def test_it_may_be_used_by_another_thread_than_opened_it(runs: SqliteRunLedger, path: Path) -> None:
    make(runs, run())
    with ThreadPoolExecutor(1) as pool:
        assert len(pool.submit(runs.saw, [seen("trun_1")]).result()) == 1


def test_how_much_it_takes_of_the_disk(runs: SqliteRunLedger, path: Path) -> None:
    assert file.runs_bytes(path) == 0
    make(runs, run())
    assert file.runs_bytes(path) == path.stat().st_size + path.with_name("runs.db-wal").stat().st_size
    shutil.rmtree(path.parent)
