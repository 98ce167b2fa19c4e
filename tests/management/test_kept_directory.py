"""The directory is read once, and again after each change, whoever has made it."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from penstock.management.resources import KeptDirectory
from penstock.stores.control_store import ControlStore, Snapshot, Token
from support.access import Access


class Counting:
    """A store that tells how often it was read; with `number` None nobody knows the number of its last change."""

    def __init__(self, access: Access) -> None:
        self._store = access.control_store
        self.reads = 0
        self.is_known = True

    def version(self) -> int | None:
        return self._store.version() if self.is_known else None

    def snapshot(self) -> Snapshot:
        self.reads += 1
        return self._store.snapshot()


@pytest.fixture
def access(tmp_path: Path) -> Access:
    return Access(tmp_path)


def names(kept: KeptDirectory, store: Counting) -> list[str]:
    return [one.name for one in kept.snapshot(cast(ControlStore, store)).tokens]


def test_it_is_read_again_after_a_change_and_only_then(access: Access) -> None:
    kept, store = KeptDirectory(), Counting(access)
    assert [names(kept, store), names(kept, store)] == [[], []]
    text = access.token("a")
    assert [names(kept, store) for _ in range(3)] == [["a"]] * 3
    Access(access.data).token("b")
    assert names(kept, store) == ["a", "b"]
    access.revoke(text)
    assert names(kept, store) == ["b"]
    assert store.reads == 4


def test_whose_number_is_not_known_is_read(access: Access) -> None:
    kept, store = KeptDirectory(), Counting(access)
    access.token("a")
    assert names(kept, store) == ["a"]
    store.is_known = False
    assert [names(kept, store), names(kept, store)] == [["a"], ["a"]]
    assert store.reads == 3


def test_one_that_has_gone_is_not_answered_from_memory(access: Access) -> None:
    kept = KeptDirectory()
    access.token("a")
    assert len(kept.snapshot(access.control_store).tokens) == 1
    for file in access.data.glob("directory.db*"):
        file.unlink()
    assert kept.snapshot(access.control_store).tokens == ()


def test_what_is_kept_is_the_same_for_all(access: Access) -> None:
    kept = KeptDirectory()
    access.token("a")
    first = kept.snapshot(access.control_store)
    assert kept.snapshot(access.control_store) is first
    assert isinstance(first.tokens[0], Token)
