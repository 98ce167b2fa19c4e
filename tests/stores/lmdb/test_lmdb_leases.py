"""Leases say who is alive and who was, and the folder they are kept in is its owner's alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import lmdb
import pytest

from penstock.stores.lmdb.environment import open_environment
from penstock.stores.lmdb.leases import Leases

SECOND = 1_000_000
DAY = 24 * 3600 * SECOND
T0 = 1_700_000_000 * SECOND


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[lmdb.Environment]:
    with open_environment(tmp_path / "state" / "counters", 1 << 20, 1) as environment:
        yield environment


@pytest.fixture
def leases(environment: lmdb.Environment) -> Leases:
    return Leases(environment)


def test_a_worker_is_alive_for_ten_seconds_after_it_was_heard_of(
    environment: lmdb.Environment, leases: Leases
) -> None:
    with environment.begin(write=True) as txn:
        assert not leases.is_alive(txn, b"one", T0)
        leases.beat(txn, b"one", T0)
        assert leases.is_alive(txn, b"one", T0)
        assert leases.is_alive(txn, b"one", T0 + 10 * SECOND - 1)
        assert not leases.is_alive(txn, b"one", T0 + 10 * SECOND)
        leases.beat(txn, b"one", T0 + 11 * SECOND)
        assert leases.is_alive(txn, b"one", T0 + 11 * SECOND)


def test_the_dead_are_those_with_a_lease_that_ran_out(environment: lmdb.Environment, leases: Leases) -> None:
    with environment.begin(write=True) as txn:
        leases.beat(txn, b"one", T0)
        leases.beat(txn, b"two", T0 + 5 * SECOND)
        assert leases.dead(txn, T0 + 9 * SECOND) == []
        assert leases.dead(txn, T0 + 10 * SECOND) == [b"one"]
        assert leases.dead(txn, T0 + 15 * SECOND) == [b"one", b"two"]
        assert leases.long_dead(txn, T0 + DAY - 1) == []
        assert leases.long_dead(txn, T0 + DAY) == [b"one"]


def test_the_forgotten_are_neither_alive_nor_dead(environment: lmdb.Environment, leases: Leases) -> None:
    with environment.begin(write=True) as txn:
        leases.beat(txn, b"one", T0)
        leases.forget(txn, b"one")
        leases.forget(txn, b"one")
        assert not leases.is_alive(txn, b"one", T0)
        assert leases.dead(txn, T0 + DAY) == []


def test_a_clock_that_is_set_back_does_not_keep_the_dead_alive(
    environment: lmdb.Environment, leases: Leases
) -> None:
    with environment.begin(write=True) as txn:
        leases.beat(txn, b"one", T0)
        assert leases.is_alive(txn, b"one", T0 - 9 * SECOND)
        assert not leases.is_alive(txn, b"one", T0 - 3600 * SECOND)
        assert leases.dead(txn, T0 - 3600 * SECOND) == [b"one"]


@pytest.mark.parametrize("value", [b"", b"1234567", b"123456789"])
def test_an_unreadable_lease_is_that_of_a_dead_worker(
    environment: lmdb.Environment, leases: Leases, value: bytes
) -> None:
    with environment.begin(environment.open_db(b"leases"), write=True) as txn:
        txn.put(b"one", value)
    with environment.begin() as txn:
        assert not leases.is_alive(txn, b"one", T0)
        assert leases.long_dead(txn, T0) == [b"one"]


def test_what_was_heard_is_known_after_reopening(tmp_path: Path) -> None:
    with open_environment(tmp_path / "here", 1 << 20, 1) as first:
        leases = Leases(first)
        with first.begin(write=True) as txn:
            leases.beat(txn, b"one", T0)
    with open_environment(tmp_path / "here", 1 << 20, 1) as second:
        leases = Leases(second)
        with second.begin() as txn:
            assert leases.is_alive(txn, b"one", T0)


def test_nobody_else_may_look_into_an_environment(tmp_path: Path) -> None:
    folder = tmp_path / "here"
    folder.mkdir(mode=0o755)
    with open_environment(folder, 1 << 20, 1):
        assert folder.stat().st_mode & 0o777 == 0o700
        assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o600}


def test_there_is_room_for_many_readers_at_once(environment: lmdb.Environment) -> None:
    assert environment.max_readers() >= 512
