"""The directory as it was read last: read once while it is the same, and never believed when it is not."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from penstock.management.resources import ReadDirectory
from penstock.stores.control_store import Add, ControlStoreDamaged, Remove, Snapshot, Token
from penstock.stores.sqlite.control_store.store import FILE_NAME, SqliteControlStore
from support.control_store_nouns import token

ONE, TWO, THREE = map(token, (1, 2, 3))


class Counting(SqliteControlStore):
    """Tells how often all of it was read, and lets something happen just before."""

    reads = 0
    meanwhile: Add | None = None

    def snapshot(self) -> Snapshot:
        self.reads += 1
        if self.meanwhile is not None:
            change, self.meanwhile = self.meanwhile, None
            self.apply([change])
        return super().snapshot()


@pytest.fixture
def store(tmp_path: Path) -> Counting:
    found = Counting(tmp_path / FILE_NAME, copy=tmp_path / "copy.db")
    found.apply([Add(ONE)])
    return found


def read(directory: ReadDirectory, store: Counting) -> tuple[Token, ...]:
    return directory.snapshot(store).tokens


def test_what_is_the_same_is_read_once(store: Counting) -> None:
    directory = ReadDirectory()
    assert [read(directory, store) for _ in range(5)] == [(ONE,)] * 5
    assert store.reads == 1


def test_a_change_of_anybody_counts_at_once(store: Counting, tmp_path: Path) -> None:
    directory, other = ReadDirectory(), SqliteControlStore(tmp_path / FILE_NAME)
    assert read(directory, store) == (ONE,)
    other.apply([Add(TWO)])
    assert read(directory, store) == (ONE, TWO)
    other.apply([Remove(ONE)])
    assert read(directory, store) == (TWO,)


def test_so_does_another_file_of_the_same_version(store: Counting, tmp_path: Path) -> None:
    """One that was put back, or copied over it."""
    directory = ReadDirectory()
    assert read(directory, store) == (ONE,)
    other = SqliteControlStore(tmp_path / "other.db")
    other.apply([Add(TWO)])
    assert other.version() == store.version()
    shutil.copy(tmp_path / "other.db", tmp_path / FILE_NAME)
    assert read(directory, store) == (TWO,)


def test_what_changes_while_it_is_read_is_not_taken_for_what_was_before(store: Counting) -> None:
    directory = ReadDirectory()
    store.meanwhile = Add(TWO)
    assert read(directory, store) == (ONE, TWO)
    store.apply([Add(THREE)])
    assert read(directory, store) == (ONE, TWO, THREE)
    assert read(directory, store) == (ONE, TWO, THREE)
    assert store.reads == 2


def test_one_that_has_gone_is_not_remembered(store: Counting, tmp_path: Path) -> None:
    directory = ReadDirectory()
    assert read(directory, store) == (ONE,)
    (tmp_path / FILE_NAME).unlink()
    assert read(directory, store) == ()


def test_a_damaged_one_is_said(store: Counting, tmp_path: Path) -> None:
    directory = ReadDirectory()
    assert read(directory, store) == (ONE,)
    (tmp_path / FILE_NAME).write_bytes(b"no directory at all, and long enough to be one" * 100)
    with pytest.raises(ControlStoreDamaged):
        read(directory, store)
