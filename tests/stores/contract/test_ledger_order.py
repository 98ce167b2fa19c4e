"""In every ledger: late calls, calls of one moment, copies: each is found where it belongs, and counted once."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from contract.engines import LedgerEngine
from penstock.stores.ledger import (
    ANY,
    Appended,
    Condition,
    NewCall,
    OpenEditor,
    OpenReader,
    OpenWriter,
    Order,
    Query,
    Unstorable,
)
from support.stored_calls import BASE, NOTHING, call, step, uuid

FAILED = Query(conditions=((Condition("status_code", "eq", (500,)),),))


def _ids(reader: OpenReader, where: Query = ANY) -> list[str]:
    return [row.id for row in reader.calls(where, 1000)]


def test_late_calls_are_found_in_their_place(ledger: OpenWriter, reader: OpenReader) -> None:
    ledger.append([call(number) for number in range(100, 200)], step(0))
    late = [call(number, status=500) for number in range(100)]
    for at in range(10):
        ledger.append(late[at::10], step(at + 1))
    assert _ids(reader) == [uuid(number) for number in reversed(range(200))]
    assert _ids(reader, FAILED) == [uuid(number) for number in reversed(range(100))]
    assert reader.count(FAILED, effort=20) == 100
    oldest = reader.calls(FAILED, 3, offset=90, order=Order(descending=False))
    assert [row.id for row in oldest] == [uuid(90), uuid(91), uuid(92)]


def _at_once(number: int) -> NewCall:
    """Calls with equal last bits in one microsecond."""
    return call(number << 11, created_us=BASE.created_us)


def test_calls_that_want_one_key_are_all_kept_and_copies_are_known(
    ledger: OpenWriter, editor: OpenEditor, reader: OpenReader
) -> None:
    many = [_at_once(number) for number in range(30)]
    assert ledger.append(many[:20], step(0)) == Appended(20, 0)
    assert ledger.append(many[10:], step(1)) == Appended(10, 10)
    assert sorted(_ids(reader)) == sorted(one.record.id for one in many)
    # Without the first one, its key is free: but what could not have it then is there.
    assert editor.delete(Query(conditions=((Condition("id", "eq", (many[0].record.id,)),),)), 1) == 1
    assert ledger.append(many[1:], step(2)) == Appended(0, 29)
    assert reader.get(many[29].record.id) is not None


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "call-1"},
        {"id": uuid(1).upper()},
        {"id": uuid(2)},
        {"created_us": 1 << 60, "id": uuid(1)},
        {"created_us": -1, "id": uuid(1)},
    ],
)
def test_an_id_is_the_uuid_of_its_moment(ledger: OpenWriter, changes: dict[str, object]) -> None:
    with pytest.raises(Unstorable, match="UUIDv7"):
        ledger.append(
            [NewCall(msgspec.structs.replace(call(1).record, **changes), NOTHING, b"", b"")], step(0)
        )


def test_what_is_not_to_be_kept_is_counted_but_not_stored(ledger: OpenWriter, reader: OpenReader) -> None:
    assert ledger.append([call(1)._replace(keep=False), call(2)], step(0)) == Appended(1, 0)
    assert _ids(reader) == [uuid(2)]
    assert ledger.stored("acc", "main") == 1
    assert ledger.stored("acc", "nothing") == 0


def test_a_writer_sees_what_others_have_changed(
    ledgers: LedgerEngine, ledger: OpenWriter, tmp_path: Path, reader: OpenReader
) -> None:
    with closing(ledgers.writer(tmp_path)) as other:
        for at in range(20):
            writer = ledger if at % 2 else other
            writer.append([call(at * 10 + number, user=f"u{at}") for number in range(10)], step(at))
    assert _ids(reader) == [uuid(number) for number in reversed(range(200))]
    for at in range(20):
        assert reader.count(Query(conditions=((Condition("user", "eq", (f"u{at}",)),),))) == 10


def test_old_bodies_go_and_their_calls_stay(
    ledger: OpenWriter, editor: OpenEditor, reader: OpenReader
) -> None:
    ledger.append([call(number) for number in range(20)], step(0))
    assert editor.delete_bodies(BASE.created_us + 10_000_000, 4) == 4
    assert editor.delete_bodies(BASE.created_us + 10_000_000, 100) == 6
    assert reader.count(ANY) == 20
    assert [reader.bodies(uuid(number)) is None for number in range(20)] == [True] * 10 + [False] * 10
