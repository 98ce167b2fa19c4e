"""A call as a row of the SQLite ledger: made out of a `NewCall`, and read back as a `CallRow`.

Both go column by column, each by its kind, so that nothing depends on a place in a row and little is decided for
each call. Texts that come again and again are numbers (`names.py`). Bodies are in `bodies.py`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from types import NoneType
from typing import Any, Final, NamedTuple, get_origin

import msgspec
from msgspec.structs import astuple

from penstock.journal.record import CallRecord, Outcome, is_success
from penstock.metadata import MetadataValue
from penstock.stores.call_columns import Column, Kind
from penstock.stores.ledger import CALL_COLUMNS, CallRow, Derived, NewCall
from penstock.stores.sqlite.ledger.columns import IN_FILE, file_name, selected
from penstock.stores.sqlite.ledger.keys import created_us, unpacked
from penstock.stores.sqlite.ledger.metadata_numbers import MetadataNumbers
from penstock.stores.sqlite.ledger.names import Names, texts

Value = str | int | float | bytes | None

# What `sqlite3` gives for a row: its own typing has Any here, and `calls` is where that ends.
Row = tuple[Any, ...]

_WRITTEN: Final = [column for column in IN_FILE if column.source is not None]
COLUMNS: Final = ", ".join(map(selected, CALL_COLUMNS))
"""What `calls` wants of each row of `calls c`."""

_ID: Final = [column.kind for column in CALL_COLUMNS].index("id")
_METADATA: Final = [column.kind for column in CALL_COLUMNS].index("metadata")
_MOST_PATH: Final = 80
_MOST_DIGITS: Final = 8  # in one part of a path: a model may have a date in it

_OUTCOMES: Final = {int(outcome): outcome.name.lower() for outcome in Outcome}
_to_json = msgspec.json.Encoder().encode
_to_value = msgspec.json.Decoder(MetadataValue).decode
_pack = msgspec.msgpack.Encoder().encode

_OF_RECORD: Final = [f"record.{name}" for name in CallRecord.__struct_fields__]
_OF_DERIVED: Final = [f"derived.{name}" for name in Derived.__struct_fields__]


class Placed(NamedTuple):
    """A call with its key and its arrival number."""

    key: int
    arrival: int
    packed_id: bytes
    call: NewCall


# The values of columns, by `Column.source`, in the order of some calls.
_Batch = Mapping[str, Sequence[Any]]
_Make = Callable[[Sequence[Any]], Sequence[Value]]


class Insert(NamedTuple):
    """A statement, and what it is to be executed with, time after time."""

    sql: str
    rows: Iterable[tuple[Value, ...]]


class RowMaker:
    """Makes rows. Within a transaction: new names are stored with it.

    Nothing that it holds leads back to it: a writer makes a new one whenever somebody else has changed the file,
    and the old one, with all the names that it remembers, is to be gone at once.
    """

    def __init__(self, names: Names) -> None:
        self._names = names
        metadata = MetadataNumbers(names)
        self._makers = [(column, _maker(column, names, metadata)) for column in _WRITTEN]

    def insert(self, calls: Sequence[Placed]) -> Insert:
        """What stores each of them, of which there is one at least; where the key is taken it does nothing.

        A column that none of them has is left out: for each None `sqlite3` looks for somebody to adapt it.
        """
        keys, arrivals, ids, new = zip(*calls, strict=True)
        batch = _batch(new)
        places = self._names.places(batch["record.account"], batch["record.gateway"])
        own = {"moment": keys, "arrival": arrivals, "id": ids, "account": places, "event": _events(batch)}
        made: dict[str, Sequence[Value]] = {
            file_name(column): own[column.kind] if column.kind in own else make(batch[column.source or ""])
            for column, make in self._makers
        }
        there = {name: values for name, values in made.items() if not _is_nothing(values)}
        marks = ", ".join("?" * len(there))
        sql = f"INSERT INTO calls ({', '.join(there)}) VALUES ({marks}) ON CONFLICT (key) DO NOTHING"
        # One by one: so many tuples at once would keep the collector busy.
        return Insert(sql, zip(*there.values(), strict=True))

    def place(self, account: str, gateway: str) -> int:
        """The number of a place."""
        return self._names.place(account, gateway)


def _maker(column: Column, names: Names, metadata: MetadataNumbers) -> _Make:
    """What makes the values of a column out of what calls have."""
    if column.kind == "name":
        return partial(names.numbers, column.name)
    kinds: dict[Kind, _Make] = {
        "metadata": lambda values: list(map(metadata.text, values)),
        "path": partial(_paths, names),
        "flag": lambda values: list(map(int, values)),
        "text": lambda values: [one or None for one in values],
        "json": lambda values: [_to_json(one).decode() if one else None for one in values],
        "msgpack": lambda values: [_pack(one) if one else None for one in values],
    }
    return kinds.get(column.kind, lambda values: values)


def _paths(names: Names, paths: Sequence[str]) -> list[Value]:
    """Numbers for paths that others have, too; the paths themselves where they have ids or a query in them."""
    known = names.known("path")
    return [
        known[path] if path in known else names.number("path", path) if _is_usual(path) else path
        for path in paths
    ]


def _batch(calls: Sequence[NewCall]) -> _Batch:
    """All fields of records and of what was derived, and what a record tells beside its fields."""
    records = zip(*(astuple(call.record) for call in calls), strict=True)
    derived = zip(*(astuple(call.derived) for call in calls), strict=True)
    batch: dict[str, Sequence[Any]] = dict(zip(_OF_RECORD, records, strict=True))
    batch |= zip(_OF_DERIVED, derived, strict=True)
    batch["record.success"] = list(map(is_success, batch["record.status"], batch["record.outcome"]))
    return batch


def _is_nothing(values: Sequence[Value]) -> bool:
    """Whether all are None."""
    return values[0] is None and values.count(None) == len(values)


def _events(batch: _Batch) -> list[str | None]:
    both = zip(batch["record.event_id"], batch["record.id"], strict=True)
    return [None if event_id == call_id else event_id for event_id, call_id in both]


class _Known(NamedTuple):
    """What is known of some rows beside a column's own values: their ids, and what their numbers stand for."""

    ids: Sequence[str]
    metadata: Sequence[list[int]]
    names: Mapping[int | None, str]
    places: Mapping[int, tuple[str, str]]


_Read = Callable[[Sequence[Any], _Known], Iterable[Any]]

_READ_KIND: Final[Mapping[Kind, _Read]] = {
    "moment": lambda values, _: map(created_us, values),
    "id": lambda _, known: known.ids,
    "event": lambda values, known: [
        call_id if one is None else one for one, call_id in zip(values, known.ids, strict=True)
    ],
    "account": lambda values, known: [known.places[one][0] for one in values],
    "gateway": lambda values, known: [known.places[one][1] for one in values],
    "outcome": lambda values, _: [_OUTCOMES.get(one, "unknown") for one in values],
    "metadata": lambda _, known: [_metadata(numbers, known.names) for numbers in known.metadata],
    "path": lambda values, known: [one if isinstance(one, str) else known.names[one] for one in values],
    "text": lambda values, _: [one or "" for one in values],
    "flag": lambda values, _: map(bool, values),
}


def _reader(column: Column) -> _Read:
    """What makes the values of a column's field."""
    if column.kind == "name":
        empty = None if column.is_optional else ""
        return lambda values, known: [known.names[one] or empty for one in values]
    if column.kind in ("json", "json_text"):
        return partial(_decoded, msgspec.json.Decoder(column.hint).decode, _nothing(column))
    if column.kind == "msgpack":
        return partial(_decoded, msgspec.msgpack.Decoder(column.hint).decode, _nothing(column))
    return _READ_KIND.get(column.kind, lambda values, _: values)


def _nothing(column: Column) -> Callable[[], object]:
    """What makes the value that is not kept: None, or an empty one."""
    return (None if column.is_optional else get_origin(column.hint)) or NoneType


def _decoded(
    decode: Callable[[bytes], object], nothing: Callable[[], object], values: Sequence[Any], _: _Known
) -> list[object]:
    return [nothing() if one is None else decode(one) for one in values]


_READS: Final = [_reader(column) for column in CALL_COLUMNS]


def calls(db: sqlite3.Connection, rows: Sequence[Row], places: dict[int, tuple[str, str]]) -> list[CallRow]:
    """The calls of some rows of `COLUMNS`."""
    found = list(zip(*rows, strict=True))
    ids, metadata = list(map(unpacked, found[_ID])), list(map(_split, found[_METADATA]))
    names = texts(db, _numbers_in(found).union(*metadata))
    known = _Known(ids, metadata, names, places)
    return list(map(CallRow, *(read(values, known) for read, values in zip(_READS, found, strict=True))))


def _numbers_in(found: Sequence[Sequence[Any]]) -> set[int | None]:
    """Of all names that the columns speak of; without those of metadata."""
    numbers: set[int | None] = set()
    for column, values in zip(CALL_COLUMNS, found, strict=True):
        if column.kind == "name":
            numbers.update(values)
        elif column.kind == "path":
            numbers.update(value for value in values if isinstance(value, int))
    return numbers


def _metadata(numbers: Iterable[int], names: Mapping[int | None, str]) -> dict[str, MetadataValue]:
    found = (_to_value(names[number]) for number in numbers)
    return dict(zip(found, found, strict=True))


def _split(metadata: str | None) -> list[int]:
    return [] if metadata is None else list(map(int, metadata[1:-1].split(",")))


def _is_usual(path: str) -> bool:
    if len(path) > _MOST_PATH or "?" in path:
        return False
    return all(sum(map(str.isdigit, part)) <= _MOST_DIGITS for part in path.split("/"))
