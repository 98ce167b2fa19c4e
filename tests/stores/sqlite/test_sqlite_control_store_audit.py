"""The audit in a SQLite file: what is not there makes none, and what is damaged is told."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from penstock.stores.control_store import (
    Add,
    ControlStoreUnavailable,
)
from penstock.stores.sqlite.control_store.store import FILE_NAME, SqliteControlStore
from support.control_store_rows import TOKEN


@pytest.fixture
def store(tmp_path: Path) -> SqliteControlStore:
    return SqliteControlStore(tmp_path / FILE_NAME)


def test_no_change_at_all_makes_no_file(store: SqliteControlStore, tmp_path: Path) -> None:
    store.apply([])
    assert store.audit(None, 10) == []
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_entry_is_told(store: SqliteControlStore, tmp_path: Path) -> None:
    store.apply([Add(TOKEN)])
    for wrong in ("nonsense", "[1]"):
        with closing(sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)) as db:
            db.execute('UPDATE audit SET "after" = ?', (wrong,))
        with pytest.raises(ControlStoreUnavailable, match="damaged audit entry"):
            store.audit(None, 10)
    assert store.snapshot().tokens == (TOKEN,)
