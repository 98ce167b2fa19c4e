"""The copy of the directory: what was emptied is never taken for a new one, at whatever moment that happens."""

from __future__ import annotations

from pathlib import Path

import pytest

from penstock.stores.control_store import Snapshot
from penstock.stores.sqlite.control_store import copy, store
from penstock.stores.sqlite.control_store.file import ForeignFile
from penstock.stores.sqlite.control_store.store import FILE_NAME, SqliteControlStore
from support.control_store_nouns import filled


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Of a directory that has a copy."""
    path = tmp_path / FILE_NAME
    filled(SqliteControlStore(path))
    copy.renew(path)
    return path


def emptied(path: Path) -> str:
    """Right after it was looked at, when all was well."""
    path.write_bytes(b"")
    return ""


def test_emptied_when_trouble_is_looked_for(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copy, "fault", lambda path, _seconds: emptied(path))
    assert "has gone" in copy.trouble(path)
    assert path.read_bytes() == b""


def test_emptied_between_two_looks_of_one_transaction(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = SqliteControlStore(path, copy=copy.copy_of(path))
    before = own.snapshot()
    monkeypatch.setattr(store, "is_empty", emptied)
    assert own.snapshot() == before != Snapshot()
    assert path.read_bytes() == b""


def test_emptied_before_it_is_copied(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = copy.copy_of(path).read_bytes()
    monkeypatch.setattr(copy, "trouble", emptied)
    with pytest.raises(ForeignFile):
        copy.renew(path)
    assert copy.copy_of(path).read_bytes() == kept
