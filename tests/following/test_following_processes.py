"""Whoever tells may be killed at every step: the next one goes on, and nothing is counted twice or lost.

This file is also the program of those processes.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import pytest

from penstock.following.access import CountersAccess
from penstock.following.telling import Teller
from penstock.pricing.parallel_prices import SOURCE
from penstock.stores.counters import Counters, OpenCounters
from penstock.stores.ledger import LedgerEditor, Recost
from penstock.stores.runs import RunLedger, Stale
from penstock.stores.sqlite.ledger.editor import SqliteEditor
from penstock.stores.sqlite.ledger.reader import SqliteReader
from penstock.stores.sqlite.ledger.writer import FILE_NAME as LEDGER
from penstock.stores.sqlite.runs.ledger import SqliteRunLedger
from support.run_ledgers import BASE, CORE, run, seen
from support.told_costs import Books, Later, nothing, real_counters

T = TypeVar("T")

STEPS = ("nothing", "asked", "log", "limits", "written down")


class Mortal:
    """A process that is killed right after its `steps`-th step."""

    def __init__(self, runs: RunLedger, editor: LedgerEditor, counters: Counters, steps: int) -> None:
        self.runs = runs
        self.editor = editor
        self.counters = counters
        self.steps = steps

    def _act(self, act: Callable[[], T]) -> T:
        found = act()
        self.steps -= 1
        if self.steps == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return found

    def stale(self, limit: int, offset: int = 0) -> list[Stale]:
        return self._act(lambda: self.runs.stale(limit, offset))

    def told(self, call_id: str, version: int, counted: int | None = None) -> None:
        self._act(lambda: self.runs.told(call_id, version, counted))

    def recost(self, changes: Sequence[Recost]) -> int:
        return self._act(lambda: self.editor.recost(changes))

    def amend(self, receipt: bytes, change: int, mark: bytes, now_us: int) -> None:
        self._act(lambda: self.counters.amend(receipt, change, mark, now_us))


def tell(folder: Path, steps: int) -> None:
    """What a process does."""
    with real_counters(folder / "counters") as counters:
        runs, path = SqliteRunLedger(folder / "runs.db"), folder / LEDGER
        mortal = Mortal(runs, SqliteEditor(path), counters, steps)
        access = CountersAccess(lambda: OpenCounters(mortal, nothing, nothing))  # type: ignore[arg-type]
        reader = SqliteReader(path)
        teller = Teller(lambda: reader, lambda: mortal, access, Later())  # type: ignore[arg-type, return-value]
        asyncio.run(teller.tell(mortal))  # type: ignore[arg-type]


def process(folder: Path, steps: int) -> int:
    """One that tells; how it ended."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    arguments = (sys.executable, __file__, str(folder), str(steps))
    return subprocess.run(arguments, env=environment, timeout=60, check=False).returncode


@pytest.mark.parametrize("steps", range(1, len(STEPS)), ids=STEPS[1:])
def test_whoever_is_killed_while_telling_is_followed_by_one_who_goes_on(tmp_path: Path, steps: int) -> None:
    with real_counters(tmp_path / "counters") as counters:
        books = Books(tmp_path, counters, Later())
        name = books.order(run("trun_1"), run("trun_2"), run("trun_3"))
        books.runs.saw([seen("trun_1", "failed")])
    assert process(tmp_path, steps) == -signal.SIGKILL
    books.runs.saw([seen("trun_2", "completed", product="base"), seen("trun_3")])
    assert process(tmp_path, 0) == 0
    with real_counters(tmp_path / "counters") as counters:
        books.counters = counters
        assert books.logged(name) == (BASE + CORE, SOURCE)
        assert books.used == BASE + CORE
    assert books.runs.stale(9) == []
    books.log.close()


if __name__ == "__main__":
    tell(Path(sys.argv[1]), int(sys.argv[2]))
