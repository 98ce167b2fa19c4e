"""Write transactions that last one verb, or one turn: what is seen when, and what an error undoes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import lmdb
import pytest

from penstock.stores.lmdb.environment import WriteLock, open_environment
from penstock.stores.lmdb.writer import Writer

KEY = b"key"


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[lmdb.Environment]:
    with open_environment(tmp_path / "store", 1 << 20, 2) as opened:
        yield opened


def committed(environment: lmdb.Environment) -> bytes | None:
    """What everybody else sees."""
    with environment.begin() as txn:
        return txn.get(KEY)


def _put_and_fail(txn: lmdb.Transaction[bytes], error: type[Exception]) -> None:
    txn.put(KEY, b"1")
    raise error


class Turn:
    """An event loop, as far as a writer knows it."""

    def __init__(self) -> None:
        self.asked: list[Callable[[], None]] = []

    def defer(self, then: Callable[[], None]) -> None:
        self.asked.append(then)

    def ends(self) -> None:
        asked, self.asked = self.asked, []
        for then in asked:
            then()


def test_without_a_turn_each_verb_is_committed(environment: lmdb.Environment) -> None:
    writer = Writer(environment, WriteLock(environment))
    with writer as txn:
        txn.put(KEY, b"1")
    assert committed(environment) == b"1"
    assert writer.open is None


def test_without_a_turn_an_error_undoes_the_verb(environment: lmdb.Environment) -> None:
    writer = Writer(environment, WriteLock(environment), harmless=(LookupError,))
    for error in (ValueError, LookupError):
        with pytest.raises(error), writer as txn:
            _put_and_fail(txn, error)
    assert committed(environment) is None
    with writer as txn:
        txn.put(KEY, b"2")
    assert committed(environment) == b"2"


def test_a_turn_is_committed_once_at_its_end(environment: lmdb.Environment) -> None:
    turn = Turn()
    writer = Writer(environment, WriteLock(environment), defer=turn.defer)
    for number in (b"1", b"2"):
        with writer as txn:
            txn.put(KEY, number)
    assert len(turn.asked) == 1
    assert committed(environment) is None
    assert writer.open is not None
    assert writer.open.get(KEY) == b"2"
    turn.ends()
    assert committed(environment) == b"2"
    assert writer.open is None


def test_in_a_turn_an_error_undoes_the_turn_unless_it_is_harmless(environment: lmdb.Environment) -> None:
    turn = Turn()
    writer = Writer(environment, WriteLock(environment), defer=turn.defer, harmless=(LookupError,))
    with writer as txn:
        txn.put(KEY, b"1")
    with pytest.raises(LookupError), writer:
        raise LookupError
    turn.ends()
    assert committed(environment) == b"1"
    with writer as txn:
        txn.put(KEY, b"2")
    with pytest.raises(ValueError, match="broken"), writer:
        raise ValueError("broken")
    with writer as txn:
        txn.put(b"other", b"3")
    turn.ends()
    assert committed(environment) == b"1"
    with environment.begin() as seen:
        assert seen.get(b"other") == b"3"


def test_a_promise_is_flushed_at_once(environment: lmdb.Environment) -> None:
    turn = Turn()
    writer = Writer(environment, WriteLock(environment), defer=turn.defer)
    with writer as txn:
        txn.put(KEY, b"1")
    writer.flush()
    assert committed(environment) == b"1"
    writer.flush()
    turn.ends()
    assert committed(environment) == b"1"


def test_a_turn_that_cannot_be_committed_is_said_and_the_next_one_begins_anew(
    environment: lmdb.Environment, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    turn = Turn()
    writer = Writer(environment, WriteLock(environment), defer=turn.defer)
    with writer as txn:
        txn.put(KEY, b"1")

    class Full:
        def commit(self) -> None:
            txn.abort()
            raise lmdb.MapFullError("full")

    monkeypatch.setattr(writer, "_txn", Full())
    turn.ends()
    assert "was lost" in caplog.text
    with writer as again:
        again.put(KEY, b"2")
    turn.ends()
    assert committed(environment) == b"2"
