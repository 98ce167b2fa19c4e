"""Commands over stored calls where it is hard: wide characters, a narrow terminal, a run that is killed."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from rich.cells import cell_len
from stored_costs import BASE, USED, environment, on_a_terminal, rows, run, start, uuid

from penstock.clock import Clock
from penstock.stores.ledger import Derived, Move, NewCall
from penstock.stores.rollups import Question
from penstock.stores.sqlite.ledger.writer import FILE_NAME, SqliteLedger
from penstock.stores.sqlite.rollups.reader import SqliteRollups

COST, REPRICE, LOGS = (start(name, name) for name in ("cost", "reprice", "logs"))
USERS = ("ann", "日本語の名前", "e\u0301lise", "👩‍💻 x", "a\tb\nc\x1b[2J", "\u202egnp.exe", "x" * 200)


def fill(data: Path, count: int) -> None:
    now_us = Clock().now_us()
    with closing(SqliteLedger(data / FILE_NAME)) as ledger:
        calls = [_call(number, now_us - number * 1_000_000) for number in range(count)]
        ledger.append(calls, Move("s", 0, 1))


def _call(number: int, created_us: int) -> NewCall:
    name = uuid(number, created_us)
    own = {"id": name, "event_id": name, "created_us": created_us, "user_agent": USERS[number % len(USERS)]}
    metadata = {"user": USERS[number % len(USERS)]}
    derived = Derived("openai/gpt", "text generation", "chat", 1000, 100, USED, 3_000_000, "old.toml")
    return NewCall(msgspec.structs.replace(BASE, **own, metadata=metadata), derived, b"{}", b"{}")


def test_columns_stand_below_each_other_whatever_is_in_them(tmp_path: Path) -> None:
    fill(tmp_path, 2 * len(USERS))
    shown, _ = run(COST, tmp_path, "--by", "metadata.user")
    lines = shown.splitlines()
    assert len(lines) == len(USERS) + 2
    assert len({cell_len(line) for line in lines}) == 1
    assert "日本語の名前" in shown
    assert not {"\x1b", "\u202e", "\t"} & set(shown.replace("a\tb", ""))


def test_a_terminal_is_not_driven_and_lines_fit(tmp_path: Path) -> None:
    fill(tmp_path, len(USERS))
    for command, arguments in ((COST, ("--by", "metadata.user")), (LOGS, ())):
        shown = on_a_terminal(command, tmp_path, *arguments)
        assert "\x1b[2J" not in shown
        assert "\u202e" not in shown


def test_a_repricing_that_is_killed_is_simply_run_again(tmp_path: Path) -> None:
    fill(tmp_path, 3000)
    prices = tmp_path / "new.toml"
    prices.write_text('["openai/gpt"]\ninput = 5\noutput = 20\n')
    arguments = ("--prices", str(prices), "--yes", "--json")
    before = _same_in_rows_and_sums(tmp_path)
    with subprocess.Popen(
        [*REPRICE, *arguments], env=environment(tmp_path, tmp_path), stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        while process.poll() is None and _same_in_rows_and_sums(tmp_path) == before:
            pass
        process.send_signal(signal.SIGKILL)
    assert before < _same_in_rows_and_sums(tmp_path) < 3000 * 7_000_000
    done = json.loads(run(REPRICE, tmp_path, *arguments)[0])
    assert done["changed"] == done["written"]
    total = _same_in_rows_and_sums(tmp_path)
    assert total == 3000 * 7_000_000
    again = json.loads(run(REPRICE, tmp_path, *arguments)[0])
    assert (again["changed"], again["written"]) == (0, 0)


def _same_in_rows_and_sums(data: Path) -> int:
    """What all calls cost. Two questions are asked of one state, whatever another process writes meanwhile."""
    with closing(SqliteRollups(_copy(data))) as rollups:
        whole = Question(None, 0, 2**52)
        (group,) = rollups.ask(whole)
        named = rollups.ask(msgspec.structs.replace(whole, by=("metadata.user",)))
    assert sum(one.sums.cost_nano for one in named) == group.sums.cost_nano
    return group.sums.cost_nano


def _copy(data: Path) -> Path:
    copy = data / "copy.db"
    with (
        closing(sqlite3.connect(f"{(data / FILE_NAME).as_uri()}?mode=ro", uri=True)) as ledger,
        closing(sqlite3.connect(copy)) as db,
    ):
        ledger.backup(db)
    return copy


@pytest.mark.parametrize("command", [COST, REPRICE, LOGS])
def test_an_empty_ledger_and_none(tmp_path: Path, command: list[str]) -> None:
    _, said = run(command, tmp_path, code=1)
    assert said.startswith("Error: no ledger in")
    fill(tmp_path, 0)
    shown, said = run(command, tmp_path)
    assert "Traceback" not in said
    assert rows(tmp_path) == []
    assert len(shown.splitlines()) <= 2
