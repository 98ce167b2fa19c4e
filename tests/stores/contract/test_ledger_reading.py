"""Listing, finding and showing, in every ledger."""

from __future__ import annotations

from threading import Thread

import pytest

from penstock.stores.ledger import (
    ANY,
    Condition,
    Key,
    OpenReader,
    OpenWriter,
    Operator,
    Query,
    Scalar,
    UnfitCondition,
)
from support.stored_calls import BASE, VARIOUS, step, uuid


@pytest.fixture
def reader(ledger: OpenWriter, reader: OpenReader) -> OpenReader:
    # They arrive in the order in which they ended, which is not the order in which they began.
    ledger.append([VARIOUS[5], *VARIOUS[:5]], step(0))
    return reader


def _one(key: Key, operator: Operator, *values: Scalar) -> Query:
    return Query(conditions=((Condition(key, operator, values),),))


def _numbers(reader: OpenReader, where: Query) -> list[int]:
    return [(row.created_us - BASE.created_us) // 1_000_000 for row in reader.calls(where, 100)]


@pytest.mark.parametrize(
    ("where", "numbers"),
    [
        (ANY, [5, 4, 3, 2, 1, 0]),
        (_one("provider", "eq", "openai"), [1, 0]),
        (_one("provider", "eq", "openai", "parallel"), [5, 3, 1, 0]),
        (_one("provider", "contains", "PEN"), [4, 1, 0]),
        (Query(gateways=("other",)), [2]),
        (Query(account="second"), [5]),
        (_one("model", "eq", "openai/gpt-4o"), [0]),
        (_one("model", "eq", "gpt-4o"), [4, 0]),
        (_one("model", "eq", "gpt-4o", "anthropic/claude"), [4, 2, 0]),
        (_one("model", "neq", "gpt-4o"), [5, 3, 2, 1]),
        (_one("model", "eq", None), [5, 3]),
        (_one("status_code", "eq", 404), [1]),
        (_one("status_code", "gt", "404"), [5, 3]),
        (_one("success", "eq", "False"), [5, 4, 3, 1]),
        (_one("success", "eq", 1), [2, 0]),
        (_one("cost", "gt", 0.001), [4]),
        (_one("cost", "eq", "0.0015"), [4]),
        (_one("tokens", "eq", 15), [4]),
        (_one("duration", "eq", 12), [5, 4, 3, 2, 1, 0]),
        (_one("duration", "lt", 12), []),
        (_one("created_at", "gt", "2025-10-09T10:53:23+02:00"), [5, 4]),
        (_one("created_at", "eq", "2025-10-09T08:53:23.000Z"), [3]),
        (_one("metadata.key", "eq", "user"), [3]),
        (_one("metadata.value", "eq", "12"), [3]),
        (_one("metadata.value", "eq", 12), [3]),
        (_one("metadata.value", "eq", "true"), [3]),
        (_one("metadata.value", "contains", "aNN"), [3]),
        (_one("event_id", "eq", "An event", uuid(1)), [5, 1]),
        (_one("id", "eq", uuid(2), "nobody"), [2]),
        (_one("id", "contains", uuid(2)[-6:].upper()), [2]),
        (_one("wholesale", "eq", False), [5, 4, 3, 2, 1, 0]),
        (_one("dlp_action", "eq", "block"), []),
        (_one("dlp_action", "eq", None), [5, 4, 3, 2, 1, 0]),
        (Query(search="ANN"), [3]),
        (Query(search="an event"), [5]),
        (Query(since_us=BASE.created_us + 4_000_000), [5, 4]),
        (Query(since_us=BASE.created_us + 2_000_000, until_us=BASE.created_us + 4_000_000), [3, 2]),
        (_one("provider", "eq", "'; DROP TABLE calls; --"), []),
    ],
)
def test_filters(reader: OpenReader, where: Query, numbers: list[int]) -> None:
    assert _numbers(reader, where) == numbers
    assert reader.count(where) == len(numbers)
    assert sorted(row.created_us for row in reader.arrived(where, 0, 100)) == [
        BASE.created_us + number * 1_000_000 for number in reversed(numbers)
    ]


@pytest.mark.parametrize(
    ("key", "operator", "value", "why"),
    [
        ("cost", "eq", "cheap", "cost is a number: 'cheap' is none"),
        ("cost", "contains", "1", "`contains` is for texts"),
        ("duration", "lt", None, "`lt` wants a value"),
        ("status_code", "gt", "nan", "status_code is a number"),
        ("success", "eq", "yes", "success is true or false"),
        ("success", "lt", True, "`lt` is for numbers and times"),
        ("model", "gt", "a", "`gt` is for numbers and times"),
        ("model", "contains", None, "`contains` wants a text"),
        ("created_at", "gt", "yesterday", "created_at is a time like"),
        ("created_at", "eq", 12, "created_at is a time like"),
    ],
)
def test_conditions_that_no_call_could_be_asked(
    reader: OpenReader, key: Key, operator: Operator, value: Scalar, why: str
) -> None:
    with pytest.raises(UnfitCondition, match=why):
        reader.calls(_one(key, operator, value), 10)


def test_pages_join_without_gap_or_overlap(reader: OpenReader) -> None:
    pages = [row.id for offset in (0, 4, 8) for row in reader.calls(ANY, 4, offset=offset)]
    assert pages == [uuid(number) for number in (5, 4, 3, 2, 1, 0)]


def test_arrivals_come_in_the_order_in_which_calls_ended(reader: OpenReader) -> None:
    assert [row.id for row in reader.arrived(ANY, 0, 3)] == [uuid(5), uuid(0), uuid(1)]
    assert [row.arrival for row in reader.arrived(ANY, 4, 100)] == [5, 6]
    assert reader.last_arrival() == 6


def test_finding_by_the_beginning_and_by_the_end(reader: OpenReader) -> None:
    assert reader.find(uuid(2)[:13], 5) == [uuid(2)]
    assert reader.find(uuid(3)[-8:], 5) == [uuid(3)]
    assert reader.find(uuid(3)[-13:], 5) == [uuid(3)]
    assert reader.find(uuid(0)[:9], 2) == [uuid(0), uuid(1)]
    assert reader.find("%", 5) == []
    assert reader.find("f" * 40, 5) == []


def test_unknown_ids(reader: OpenReader) -> None:
    assert reader.get("nobody") is None
    assert reader.get(uuid(99)) is None
    assert reader.bodies("nobody") is None


def test_a_reader_may_be_used_in_another_thread(reader: OpenReader) -> None:
    found: list[int | None] = []
    thread = Thread(target=lambda: found.append(reader.count(ANY)))
    thread.start()
    thread.join()
    assert found == [6]
