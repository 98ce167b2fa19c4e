"""Each case of `instructions` does what it says: the program that is counted, run without callgrind, for few calls.

A case that measured an error, or a call that went another way, fails here and in every measurement.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from bench.failure import Failed
from bench.gateways.policies import CACHING, ENFORCED
from bench.instructions.called import WARM_TURNS, Called
from bench.instructions.cases import CASES, HIT, MISS, PLAIN
from bench.instructions.launch import runs
from bench.instructions.loads import CALLERS, Load
from bench.instructions.shipped import TRIAL

from penstock.stores.ledger import ANY, CallRow
from penstock.stores.sqlite.ledger.reader import SqliteReader
from penstock.stores.sqlite.ledger.writer import FILE_NAME

ONCE = Load(1)


def test_every_case_answers_as_it_should(tmp_path: Path) -> None:
    names = [case.name for case in CASES]
    assert [run.case for run in runs(tmp_path, "prepare", names)] == names
    shipped = tmp_path / "shipped" / str(TRIAL.units) / "data"
    rows = calls(shipped)
    assert len(rows) == (WARM_TURNS + TRIAL.turns) * CALLERS
    assert {(row.status_code, row.outcome, row.model) for row in rows} == {
        (200, "complete", "openai/gpt-4o-mini")
    }
    assert all(row.cost_nano for row in rows)


def calls(data: Path) -> list[CallRow]:
    reader = SqliteReader(data / FILE_NAME)
    try:
        return reader.arrived(ANY, 0, 100_000)
    finally:
        reader.close()


def test_runs_of_both_lengths_are_processes_of_their_own(tmp_path: Path) -> None:
    found = list(runs(tmp_path, "measure", ["plain", "sse"]))
    assert [(run.case, run.units) for run in found] == [
        (case.name, load.units)
        for case in CASES
        if case.name in ("plain", "sse")
        for load in (case.short, case.long)
    ]
    assert len({run.pid for run in found}) == len(found)


def test_a_program_that_fails_says_why(tmp_path: Path) -> None:
    with pytest.raises(Failed, match="StopIteration"):
        list(runs(tmp_path, "prepare", ["no-such-case"]))


@pytest.mark.parametrize(
    ("case", "said"),
    [
        (dataclasses.replace(PLAIN, marks=(MISS,)), "not what plain is about"),
        (dataclasses.replace(PLAIN, policies=dataclasses.replace(ENFORCED, headers={})), "HTTP/1.1 401"),
        (dataclasses.replace(PLAIN, policies=CACHING, marks=(HIT,)), "MISS"),
        (dataclasses.replace(PLAIN, policies=CACHING, repeated=True), "0 reached the provider, not 32"),
    ],
    ids=["without what it is about", "refused", "missed", "answered without the provider"],
)
def test_a_call_that_goes_another_way_is_no_measurement(tmp_path: Path, case: Called, said: str) -> None:
    with pytest.raises(Failed, match=said):
        case.run(tmp_path, ONCE)
