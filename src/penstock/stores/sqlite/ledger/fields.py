"""The fields of a call that are kept as numbers, those that zones know of, and how a row is asked for.

Numbers of fields stand in the file: they are never given anew. Tables are in `schema.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from penstock.stores.call_columns import Column, Kind
from penstock.stores.ledger import CALL_COLUMNS

FIELDS: Final[Mapping[str, int]] = {
    **{column.name: column.number for column in CALL_COLUMNS if column.number},
    "metadata.key": 16,
    "metadata.value": 17,
}
METADATA_KEY: Final = FIELDS["metadata.key"]
METADATA_VALUE: Final = FIELDS["metadata.value"]

_COUNTED: Final[tuple[Kind, ...]] = ("name", "code", "flag")


def is_zoned(column: Column) -> bool:
    """Whether zones count every value of a column, for it has few."""
    return column.kind == "path" or (column.kind in _COUNTED and column.filtered)


ZONED: Final = tuple(column.name for column in CALL_COLUMNS if is_zoned(column))
"""Columns of few values, of which zones count every one."""

TEXTS: Final = (
    *(column.name for column in CALL_COLUMNS if column.kind in ("name", "path")),
    "metadata.key", "metadata.value",
)  # fmt: skip
"""Fields whose texts are in `names`."""

UNKNOWN: Final = -9
"""In zones, the value of a call without the field; no name, status or feedback is that."""

NUMBERS: Final = ("cost", "duration", "tokens_in", "tokens_out", "tokens")
"""Fields of many values, of which zones know the least, the greatest, and marks."""

NUMBER_SQL: Final = {
    "cost": "c.cost_nano",
    "duration": "c.duration_us",
    "tokens_in": "c.tokens_in",
    "tokens_out": "c.tokens_out",
    "tokens": "c.tokens_in + c.tokens_out",
}
"""Each as an expression over `calls c`."""

ID_MARKS: Final = len(NUMBERS)
"""The place of ids among the marks, after the numbers."""

PATH_NAME: Final = "iif(typeof(c.path) = 'integer', c.path, NULL)"
"""The number of a path; to zones, one that is kept as a text is unknown."""

_ZONED_SQL: Final = [PATH_NAME if name == "path" else f"c.{name}" for name in ZONED]
FOR_ZONES: Final = ", ".join(["c.key, c.place, c.id, c.metadata", *NUMBER_SQL.values(), *_ZONED_SQL])
"""What `sqlite_zones.tally` wants to know of a call."""
