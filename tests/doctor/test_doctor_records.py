"""Ledger and journal as the doctor sees them, and the clock they were written by."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from doctor_kit import NOW, SECOND_US, case_of, running, states, tell, told, worker_state

from penstock.clock import Clock
from penstock.doctor.machine import clock
from penstock.doctor.records import records
from penstock.doctor.units import MIB
from penstock.journal.record import CallRecord
from penstock.journal.segments import DIRECTORY, new_name
from penstock.shipper.skipped import DAMAGED
from penstock.shipper.trial import FILE_NAME as AT
from penstock.stores.ledger import Derived, Move, NewCall
from penstock.stores.sqlite.ledger.writer import FILE_NAME, SqliteLedger

SEGMENT = new_name(NOW - SECOND_US, 7, 0)
RECORD = CallRecord(
    "id", "event", NOW, "acc", "main", "openai", "POST", "chat/completions", 200, 0, 12_345, 9_000, 100, 200,
    False, False, True, "application/json", "application/json", "", "", "tests", 0, False, True, None, "", {},
    {}, "",
)  # fmt: skip


def ledger(data: Path, created_us: int = NOW - SECOND_US, shipped: int = 100) -> None:
    """A ledger with one call, that has `shipped` bytes of the segment."""
    call_id = Clock().new_id(created_us)
    record = msgspec.structs.replace(RECORD, id=call_id, created_us=created_us)
    call = NewCall(record, Derived(None, None, None, None, None, None), b"", b"")
    with closing(SqliteLedger(data / FILE_NAME)) as writer:
        writer.append([call], Move(SEGMENT, 0, shipped))


def journal(data: Path, size: int, name: str = SEGMENT) -> None:
    (data / DIRECTORY).mkdir(exist_ok=True)
    with (data / DIRECTORY / name).open("wb") as file:
        file.truncate(size)


def test_nothing_yet(tmp_path: Path) -> None:
    assert told(records(case_of(tmp_path))) == [
        ("ok", "there is none yet; the gateway makes it when it starts"),
        ("ok", "0 bytes are not in the ledger yet"),
    ]
    with running(tmp_path):
        assert states(records(case_of(tmp_path))) == [("ledger", "problem"), ("journal", "ok")]
    assert [path.name for path in tmp_path.iterdir()] == ["lock"]


def test_what_is_shipped_is_no_lag(tmp_path: Path) -> None:
    ledger(tmp_path, shipped=100)
    journal(tmp_path, 150)
    with running(tmp_path):
        found = told(records(case_of(tmp_path)))
    assert [state for state, _ in found] == ["ok", "ok"]
    assert found[0][1].startswith("1 call in ")
    assert found[1][1] == "50 bytes of records are not in the ledger yet; its newest call began 1 s ago"


@pytest.mark.parametrize(
    ("note", "is_behind"),
    [(f"{SEGMENT} 101 0", True), (f"{SEGMENT} 100 4", False), ("a.journal 999 0", False), ("garbage", False)],
)
def test_a_ledger_that_has_gone_back(tmp_path: Path, note: str, is_behind: bool) -> None:
    """By what the shipper wrote down, before the next one brings the calls into it again."""
    ledger(tmp_path, shipped=100)
    journal(tmp_path, 150)
    (tmp_path / DIRECTORY / AT).write_text(note)
    found = list(records(case_of(tmp_path)))
    behind = [one for one in found if "at an earlier moment" in one.text]
    assert [(one.check, one.state) for one in behind] == [("ledger", "problem")] * is_behind
    assert all("ledger.db-wal" in one.remedy for one in behind)


def test_what_waits_while_nothing_runs_is_no_fault(tmp_path: Path) -> None:
    ledger(tmp_path)
    journal(tmp_path, 300 * MIB)
    assert told(records(case_of(tmp_path)))[1] == (
        "ok", "300.0 MiB are not in the ledger yet; they are shipped at the next start",
    )  # fmt: skip


@pytest.mark.parametrize(("lag", "state"), [(15, "ok"), (17, "warning"), (257, "problem")])
def test_a_shipper_that_falls_behind(tmp_path: Path, lag: int, state: str) -> None:
    ledger(tmp_path)
    journal(tmp_path, 100)
    journal(tmp_path, lag * MIB, new_name(NOW, 7, 1))
    with running(tmp_path):
        assert states(records(case_of(tmp_path))) == [("ledger", "ok"), ("journal", state)]


@pytest.mark.parametrize("content", [b"no database at all" * 1000, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_ledger_that_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(content)
    journal(tmp_path, 10)
    found = list(records(case_of(tmp_path)))
    assert states(found) == [("ledger", "problem"), ("journal", "ok")]
    assert str(tmp_path / FILE_NAME) in found[0].text
    assert (tmp_path / FILE_NAME).read_bytes() == content


def test_a_ledger_of_a_newer_program(tmp_path: Path) -> None:
    ledger(tmp_path)
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as db:
        db.execute("PRAGMA user_version = 99")
    assert "version 99" in told(records(case_of(tmp_path)))[0][1]


def test_a_ledger_of_an_older_program_is_left_as_it_is(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as db:
        db.execute("CREATE TABLE something (column)")
    before = (tmp_path / FILE_NAME).read_bytes()
    ((state, text), _) = told(records(case_of(tmp_path)))
    assert state == "ok"
    assert "older version" in text
    assert (tmp_path / FILE_NAME).read_bytes() == before


def test_what_had_to_be_skipped(tmp_path: Path) -> None:
    folder = tmp_path / DIRECTORY / DAMAGED
    folder.mkdir(parents=True)
    assert len(told(records(case_of(tmp_path)))) == 2
    (folder / "part").write_bytes(b"x")
    ((state, text),) = told(records(case_of(tmp_path)))[2:]
    assert state == "warning"
    assert text.startswith("1 part of the journal")


# -- the clock


def test_a_clock_that_is_right(tmp_path: Path) -> None:
    ledger(tmp_path)
    journal(tmp_path, 10)
    tell(tmp_path, worker_state())
    assert told(clock(case_of(tmp_path))) == [("ok", "nothing that was written lies in the future")]


@pytest.mark.parametrize("source", ["ledger", "journal", "worker"])
@pytest.mark.parametrize(("ahead", "state"), [(3, "ok"), (300, "problem")])
def test_a_clock_that_was_set_back(tmp_path: Path, source: str, ahead: int, state: str) -> None:
    future_us = NOW + ahead * SECOND_US
    if source == "ledger":
        ledger(tmp_path, created_us=future_us)
    elif source == "journal":
        journal(tmp_path, 10, new_name(future_us, os.getpid(), 0))
    else:
        tell(tmp_path, worker_state(written_us=future_us))
    ((found, text),) = told(clock(case_of(tmp_path)))
    assert found == state
    assert ("5 min in the future" in text) == (state == "problem")


def test_a_clock_that_was_never_set(tmp_path: Path) -> None:
    case = case_of(tmp_path)
    early = type(case)(case.settings, (), case.file, {}, None, 86_400 * SECOND_US)
    assert told(clock(early)) == [("problem", "it stands before the year 2025")]


def test_a_ledger_that_cannot_be_read_says_nothing_of_the_clock(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"no database at all" * 1000)
    assert told(clock(case_of(tmp_path))) == [("ok", "nothing that was written lies in the future")]
