"""What the doctor makes of what workers tell of themselves."""

from __future__ import annotations

from pathlib import Path

from doctor_kit import NOW, SECOND_US, case_of, running, states, tell, told, worker_state

from penstock.doctor.workers import workers
from penstock.metrics.worker_file import FOLDER
from penstock.metrics.worker_state import BreakerState, KeySetAside

STATE = worker_state()
NAME = f"worker {STATE.pid}"
OPEN = BreakerState("https://api.example.com", "open", NOW - 90 * SECOND_US, NOW + 5 * SECOND_US)
AWAY = KeySetAside("local", "default", "openai", "batch", "key-1", NOW + 45 * SECOND_US)


def test_a_worker_that_is_well(tmp_path: Path) -> None:
    tell(tmp_path, STATE)
    assert told(workers(case_of(tmp_path))) == [
        ("ok", f"{NAME} has run for 60 min: 2 calls in flight, 1 connection")
    ]


def test_none_is_nothing_to_say_while_nothing_runs(tmp_path: Path) -> None:
    assert told(workers(case_of(tmp_path))) == []
    with running(tmp_path):
        assert told(workers(case_of(tmp_path))) == [("warning", "no worker tells of itself")]


def test_a_worker_that_has_fallen_silent(tmp_path: Path) -> None:
    tell(tmp_path, worker_state(written_us=NOW - 15 * SECOND_US))
    assert states(workers(case_of(tmp_path))) == [("worker", "ok")]
    tell(tmp_path, worker_state(written_us=NOW - 40 * SECOND_US))
    assert told(workers(case_of(tmp_path))) == [("problem", f"{NAME} has not been heard of for 40 s")]


def test_records_that_wait_and_records_that_are_lost(tmp_path: Path) -> None:
    tell(tmp_path, worker_state(journal_healthy=False, unwritten=3))
    found = list(workers(case_of(tmp_path)))
    assert states(found) == [("worker", "ok"), ("records", "problem"), ("records", "problem")]
    assert told(found)[2][1] == f"{NAME} has lost 3 records of calls since its start"


def test_an_open_breaker(tmp_path: Path) -> None:
    tell(tmp_path, worker_state(breakers=(OPEN,), open_breakers=1))
    assert told(workers(case_of(tmp_path)))[1:] == [
        ("warning", f"{NAME} leaves https://api.example.com alone, open for 90 s; tried again in 5 s")
    ]


def test_a_breaker_whose_time_has_come(tmp_path: Path) -> None:
    due = BreakerState("https://api.example.com", "half-open", NOW - 5 * SECOND_US, NOW)
    tell(tmp_path, worker_state(breakers=(due,), open_breakers=1))
    ((state, text),) = told(workers(case_of(tmp_path)))[1:]
    assert state == "warning"
    assert text.endswith("half-open for 5 s; tried again with the next call")


def test_a_key_that_is_set_aside(tmp_path: Path) -> None:
    tell(tmp_path, worker_state(keys=(AWAY,), keys_away=1))
    ((state, text),) = told(workers(case_of(tmp_path)))[1:]
    assert state == "warning"
    assert "the key key-1 of openai (alias batch, gateway local/default) for another 45 s" in text


def test_more_than_are_listed(tmp_path: Path) -> None:
    tell(tmp_path, worker_state(breakers=(OPEN,), open_breakers=300, keys=(AWAY,), keys_away=200))
    found = told(workers(case_of(tmp_path)))
    assert [state for state, _ in found] == ["ok"] + ["warning"] * 4
    assert "300 breakers" in found[2][1]
    assert "200 keys" in found[4][1]


def test_a_state_that_cannot_be_read(tmp_path: Path) -> None:
    tell(tmp_path, STATE)
    file = tmp_path / FOLDER / f"{STATE.pid}.json"
    file.write_bytes(b"\0" * 100)
    with running(tmp_path):
        assert told(workers(case_of(tmp_path))) == [("warning", f"{file} cannot be read")]
