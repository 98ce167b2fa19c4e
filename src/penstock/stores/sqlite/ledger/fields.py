"""The fields of a call that are kept as numbers, those that zones know of, and how a row is asked for.

Numbers of fields stand in the file: they are never given anew. Tables are in `schema.py`.
"""

from __future__ import annotations

from typing import Final

FIELDS: Final = {
    "provider": 1,
    "model": 2,
    "model_type": 3,
    "request_type": 4,
    "request_content_type": 5,
    "response_content_type": 6,
    "user_agent": 7,
    "token": 8,
    "user": 9,
    "status_code": 10,
    "success": 11,
    "cached": 12,
    "authenticated": 13,
    "compat": 14,
    "feedback": 15,
    "metadata.key": 16,
    "metadata.value": 17,
    "method": 18,
    "price_source": 19,
    "stored_key": 20,
    "team": 21,
    "request_encoding": 22,
    "response_encoding": 23,
    "path": 24,
}
METADATA_KEY: Final = FIELDS["metadata.key"]
METADATA_VALUE: Final = FIELDS["metadata.value"]

ZONED: Final = (
    "provider", "model", "model_type", "request_type", "request_content_type", "response_content_type",
    "user_agent", "token", "user", "status_code", "success", "cached", "authenticated", "compat", "feedback",
    "path",
)  # fmt: skip
"""Columns of few values, of which zones count every one."""

TEXTS: Final = (
    *ZONED[:9], "metadata.key", "metadata.value", "method", "price_source", "stored_key", "team",
    "request_encoding", "response_encoding", "path",
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
