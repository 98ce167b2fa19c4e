"""Reading all results that are kept, a few at a time: each once, with its run, as far as they are asked for."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from penstock.runs.run import Owner
from penstock.stores.runs import ANY_RUN, Kept, OpenRunLedger, OpenRunReader, RunQuery, RunReader
from support.run_ledgers import make, run, seen


def _all(runs: RunReader, where: RunQuery = ANY_RUN, limit: int = 2) -> list[Kept]:
    found: list[Kept] = []
    while kept := runs.results(where, limit, found[-1].place if found else 0):
        assert len(kept) <= limit
        found += kept
    return found


def test_every_result_comes_once_with_its_run(runs: OpenRunLedger, run_reader: OpenRunReader) -> None:
    make(runs, *(run(f"trun_{n}") for n in range(5)))
    for number in (3, 0, 4):
        runs.saw([seen(f"trun_{number}", result=b"%d" % number, at=number)])
    for look in (runs, run_reader):
        found = _all(look)
        assert [one.run for one in found] == [runs.get(f"trun_{n}") for n in (0, 3, 4)]
        assert [one.result for one in found] == [runs.result(f"trun_{n}") for n in (0, 3, 4)]
        assert look.results(ANY_RUN, 9, found[-1].place) == []
        assert look.results(ANY_RUN, 0) == []


def test_what_is_asked_for_comes(runs: OpenRunLedger) -> None:
    lab = Owner("acct", "lab")
    make(runs, run("trun_1"), run("trun_2", product="ultra"), run("trun_3", owner=lab, at=9))
    runs.saw([seen(f"trun_{n}", result=b"{}") for n in (1, 2, 3)])
    for where, ids in (
        (RunQuery(products=("ultra",)), ["trun_2"]),
        (RunQuery(account="acct", gateways=("lab",)), ["trun_3"]),
        (RunQuery(until_us=run(at=9).created_us), ["trun_1", "trun_2"]),
        (RunQuery(states=("failed",)), []),
    ):
        assert [one.run.id for one in _all(runs, where, 1)] == ids


@pytest.mark.parametrize("limit", range(1, 9))
def test_steps_of_any_length_come_to_the_same(runs: OpenRunLedger, limit: int) -> None:
    names = [f"trun_{n}" for n in range(7)]
    make(runs, *map(run, names))
    runs.saw([seen(name, result=name.encode()) for name in names])
    assert [one.result.body.decode() for one in _all(runs, limit=limit)] == names


def test_what_is_damaged_hides_no_others(runs: OpenRunLedger, tmp_path: Path) -> None:
    make(runs, *(run(f"trun_{n}") for n in range(6)))
    runs.saw([seen(f"trun_{n}", result=b"{}") for n in range(6)])
    with sqlite3.connect(tmp_path / "runs.db") as db:
        db.execute("UPDATE results SET body = x'00' WHERE run IN (SELECT key FROM runs WHERE id < 'trun_3')")
        db.execute("UPDATE runs SET run = '?' WHERE id = 'trun_4'")
    assert [one.run.id for one in _all(runs)] == ["trun_3", "trun_5"]
