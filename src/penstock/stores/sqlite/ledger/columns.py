"""A call's columns as the table `calls` has them: their names, their types, and how they are asked for.

What each column means is in `stores/call_columns.py`, how values get into a row and out of it in `rows.py`. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from penstock.stores.call_columns import Column, Kind
from penstock.stores.ledger import CALL_COLUMNS

# What is one of few texts is a number out of `names`; an empty text is NULL. A path may be a number or a text.
_TYPES: Final[Mapping[Kind, str]] = {
    "moment": "INTEGER PRIMARY KEY",
    "id": "BLOB NOT NULL",
    "arrival": "INTEGER NOT NULL",
    "account": "INTEGER NOT NULL",
    "name": "INTEGER",
    "metadata": "TEXT",
    "event": "TEXT",
    "path": "",
    "text": "TEXT",
    "json": "TEXT",
    "json_text": "TEXT",
    "msgpack": "BLOB",
}
# An event's id is NULL where it is the call's, which is nearly always.
# `key` is the time (`keys.py`): the table itself is the index by time and by id. An account's gateway is one `place`.
_NAMES: Final[Mapping[Kind, str]] = {"moment": "key", "account": "place", "gateway": "place"}

IN_FILE: Final = tuple(column for column in CALL_COLUMNS if column.kind != "gateway")
"""Those that are columns of the table, in its order."""


def file_name(column: Column) -> str:
    """What the table calls it."""
    return _NAMES.get(column.kind, column.name)


def declared(column: Column) -> str:
    """As `CREATE TABLE` and `ADD COLUMN` have it. What older calls have of a later column is NULL, or 0."""
    kind = _TYPES[column.kind] if column.kind in _TYPES else _numeric(column)
    default = " DEFAULT 0" if column.is_later and is_never_null(column) else ""
    return f"{file_name(column)} {kind}{default}".rstrip()


def is_never_null(column: Column) -> bool:
    """Whether a number must be there."""
    return column.kind not in _TYPES and not column.is_optional


def selected(column: Column) -> str:
    """What is asked of a row of `calls c`."""
    return f"c.{file_name(column)}"


def _numeric(column: Column) -> str:
    if column.hint == float | None:
        return "NUMERIC" if column.kind == "code" else "REAL"
    return "INTEGER" if column.is_optional else "INTEGER NOT NULL"
