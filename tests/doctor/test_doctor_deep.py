"""`penstock doctor --deep`: what is sound is said to be, and each damage is a finding with a remedy."""

from __future__ import annotations

import random
from contextlib import closing
from pathlib import Path

import pytest
from doctor_kit import case_of

from penstock.doctor.checkup import deep_steps, looked
from penstock.doctor.finding import Finding
from penstock.journal.segments import DIRECTORY
from penstock.stores.control_store import Add
from penstock.stores.counters import Claim, Window
from penstock.stores.opening import Stores, ledger_changes, shared
from penstock.stores.opening.runs import run_ledger
from penstock.stores.replies import ReplyLimits, Scope
from penstock.stores.sqlite.control_store.store import FILE_NAME, SqliteControlStore
from support.control_store_nouns import TOKEN
from support.journal_kit import abandoned, frames
from support.kept_replies import LATER, MIB, NOW, key, reply
from support.run_ledgers import make, run
from support.stored_calls import call, step


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with some of everything."""
    stores = Stores(tmp_path)
    with closing(ledger_changes.ledger_writer(stores)) as writer:
        for number in range(50):
            writer.append([call(number)], step(number))
    with closing(run_ledger(stores)) as runs:
        make(runs, *(run(f"trun_{number}") for number in range(50)))
    SqliteControlStore(tmp_path / FILE_NAME).apply([Add(TOKEN)])
    counting, kept = shared.counters(stores, b"one"), shared.replies(stores, b"one", ReplyLimits(MIB, MIB))
    for number in range(50):
        counting.counters.take([Claim(b"%d" % number, 1, 10, Window(60, sliding=True))], NOW)
        kept.cache.put(key(number), b"", reply(), Scope("a", "g", "p"), LATER)
    counting.close()
    kept.close()
    return tmp_path


def told(data: Path) -> list[Finding]:
    return [found for one in deep_steps(case_of(data)) for found in looked(one)]


def test_what_is_sound(data: Path) -> None:
    found = told(data)
    assert [one.state for one in found] == ["ok"] * len(found)
    assert {one.check for one in found} >= {
        "ledger",
        "runs",
        "directory",
        "counters.lmdb",
        "replies.lmdb",
        "cursors",
        "metrics",
    }


@pytest.mark.parametrize(
    ("name", "check"),
    [
        ("ledger.db", "ledger"),
        ("runs.db", "runs"),
        ("directory.db", "directory"),
        ("counters.lmdb/data.mdb", "counters.lmdb"),
        ("replies.lmdb/data.mdb", "replies.lmdb"),
        ("exports.json", "cursors"),
        ("metrics.msgpack", "metrics"),
    ],
)
def test_what_is_damaged(data: Path, name: str, check: str) -> None:
    file = data / name
    before = bytearray(file.read_bytes() if file.exists() else b"x" * 100)
    draw = random.Random(1)
    for _ in range(len(before) // 20):
        before[draw.randrange(len(before))] ^= 0xFF
    file.write_bytes(before)
    bad = [one for one in told(data) if one.state != "ok"]
    assert [one.check for one in bad] == [check]
    assert all(one.remedy for one in bad)
    assert file.read_bytes() == before


def test_records_in_the_journal(data: Path) -> None:
    (data / DIRECTORY).mkdir()
    one, two, three = frames([1, 2, 3])
    spoilt = bytearray(two)
    spoilt[-1] ^= 0xFF
    abandoned(
        data / DIRECTORY, one + three + two[:20], 1
    )  # a writer that died within its last record is no damage
    abandoned(data / DIRECTORY, one + spoilt + three, 2)
    found = [(one.state, one.text) for one in told(data) if one.check == "journal"]
    assert [state for state, _ in found] == ["ok", "warning"]
    assert f"bytes {len(one)} to {len(one) + len(two)}" in found[1][1]
