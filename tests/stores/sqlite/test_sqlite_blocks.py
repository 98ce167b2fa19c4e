"""As many calls as one microsecond holds in the SQLite ledger."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from penstock.stores.ledger import ANY, Appended, NewCall, Unstorable
from penstock.stores.sqlite.ledger.blocks import BlockSizes
from penstock.stores.sqlite.ledger.reader import SqliteReader
from penstock.stores.sqlite.ledger.writer import SqliteLedger
from support.stored_calls import BASE, call, step

SMALL = BlockSizes(calls=8, shelf=2, tail=1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


@pytest.fixture
def ledger(path: Path) -> Iterator[SqliteLedger]:
    with closing(SqliteLedger(path, sizes=SMALL)) as ledger:
        ledger.positions()
        yield ledger


@pytest.fixture
def reader(ledger: SqliteLedger, path: Path) -> Iterator[SqliteReader]:
    with closing(SqliteReader(path)) as reader:
        yield reader


def _at_once(number: int) -> NewCall:
    """Calls with equal last bits in one microsecond."""
    return call(number << 11, created_us=BASE.created_us)


def test_a_microsecond_holds_2048_calls(ledger: SqliteLedger, reader: SqliteReader) -> None:
    many = [_at_once(number) for number in range(2049)]
    assert ledger.append(many[:-1], step(0)) == Appended(2048, 0)
    with pytest.raises(Unstorable, match="same microsecond"):
        ledger.append(many[-1:], step(1))
    assert reader.count(ANY) == 2048
