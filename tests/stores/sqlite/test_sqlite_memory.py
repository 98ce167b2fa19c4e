"""What the ledger's writer remembers of names that callers choose: a bounded number of bytes, and nothing wrong."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.stores.ledger import ANY, NewCall
from penstock.stores.sqlite.ledger.editor import SqliteEditor
from penstock.stores.sqlite.ledger.reader import SqliteReader
from penstock.stores.sqlite.ledger.writer import SqliteLedger
from penstock.stores.sqlite.recent import Recent
from support.stored_calls import call, step

MIB = 1024 * 1024
BATCH = 500


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


@pytest.fixture
def ledger(path: Path) -> Iterator[SqliteLedger]:
    with closing(SqliteLedger(path, busy_seconds=0)) as ledger:
        yield ledger


def metadata(number: int) -> dict[str, Any]:
    return {"metadata": {"user": f"user-{number}-" + "x" * 300}}


def agents(number: int) -> dict[str, Any]:
    return {"user_agent": f"agent/{number} " + "x" * 300}


def paths(number: int) -> dict[str, Any]:
    return {"path": f"v1/{number % 10**8}/" + "x" * 60}


def names_of_metadata(number: int) -> dict[str, Any]:
    return {"metadata": {f"{number}-" + "x" * 300: 1}}


def long_values(number: int) -> dict[str, Any]:
    return {"metadata": {"user": f"{number}-" + "x" * 3000}}


def invented(fields: Callable[[int], dict[str, Any]], count: int) -> Iterator[list[NewCall]]:
    for begin in range(0, count, BATCH):
        yield [call(number, **fields(number)) for number in range(begin, begin + BATCH)]


@pytest.mark.parametrize("fields", [metadata, agents, paths, names_of_metadata, long_values])
def test_what_callers_invent_does_not_pile_up(
    ledger: SqliteLedger, path: Path, fields: Callable[[int], dict[str, Any]]
) -> None:
    tracemalloc.start()
    try:
        for number, calls in enumerate(invented(fields, 20_000)):
            ledger.append(calls, step(number))
            if number == 20:
                before, _ = tracemalloc.get_traced_memory()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert before < 12 * MIB
    assert after - before < MIB
    with closing(SqliteReader(path)) as reader:
        assert reader.count(ANY) == 20_000


def test_what_was_remembered_of_a_file_that_others_change_is_gone_at_once(
    ledger: SqliteLedger, path: Path
) -> None:
    """As the keeper does, second by second, once there are many calls; the collector of cycles may never come."""
    ledger.positions()  # makes the file
    gc.disable()
    tracemalloc.start()
    try:
        with closing(SqliteEditor(path)) as editor:
            for number, calls in enumerate(invented(metadata, 20_000)):
                ledger.append(calls, step(number))
                editor.forget_arrivals(number * BATCH)
                if number == 5:
                    before, _ = tracemalloc.get_traced_memory()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        gc.enable()
    assert after - before < MIB


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 3)), max_size=200))
def test_what_is_remembered_is_what_was_put(steps: list[tuple[int, int]]) -> None:
    found: Recent[str, int] = Recent({"": 7}, 2000)
    put: dict[str, int] = {}
    for key, action in steps:
        name = f"{key}"
        if action == 0 and name not in put:
            put[name] = key
            found.put(name, key)
        else:
            assert found.get(name) in (put.get(name), None)
        assert found.newer[""] == 7
        assert len(found.newer) < 20


def test_what_is_used_again_and_again_stays() -> None:
    found: Recent[str, int] = Recent({})
    found.put("steady", 1)
    for number in range(50_000):
        found.put(f"once-{number}", number)
        if number % 1000 == 0:
            assert found.get("steady") == 1
    assert found.get("once-0") is None


def test_one_long_text_does_not_push_out_the_others() -> None:
    found: Recent[str, int] = Recent({})
    found.put("steady", 1)
    for number in range(100):
        found.put(f"{number}" + "x" * MIB, number)
    assert found.get("steady") == 1
