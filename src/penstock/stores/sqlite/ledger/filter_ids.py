"""Predicates on the ids of calls and events, printed as SQL.

A call's id tells its time, and the end of each is marked: of most parts that people have of an id one knows in
which blocks it may be. An event's id is most often that of the call; the others have an index of their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from penstock.stores.sqlite.ledger.fields import ID_MARKS
from penstock.stores.sqlite.ledger.filter_sql import Test
from penstock.stores.sqlite.ledger.keys import around, beginning_with, packed_if_id

ID_CHARS: Final = 36
MARKED_DIGITS: Final = 8

_NO_KEYS: Final = "SELECT key FROM calls WHERE 0"
_DIGITS: Final = re.compile(r"[0-9a-f-]*").fullmatch
_BEGINNING: Final = re.compile(r"[0-9a-f]{8}-").match
_END: Final = re.compile(r"(?:.*-)?[0-9a-f]{12}").fullmatch


def holding(part: str) -> Test:
    """Those whose id contains a part, which is in lower case."""
    if not _DIGITS(part) or len(part) > ID_CHARS:
        return Test("0", "0")
    digits = part.replace("-", "").upper()
    rows = f"(instr(hex(c.id), '{digits}') > 0 AND instr(uuid_text(c.id), '{part}') > 0)"
    if _END(part):
        return Test(rows, marked_zones(ID_MARKS, int(part[-MARKED_DIGITS:], 16)))
    span = beginning_with(part) if _BEGINNING(part) else None
    if span is None:
        return Test(rows, None)
    first = f"(SELECT max(b.start) FROM blocks b WHERE b.start <= {span.start})"
    return Test(rows, f"(z.block >= {first} AND z.block < {span.end})")


def marked_zones(field: int, number: int) -> str:
    """Zones in whose block a number may be marked."""
    within = f"m.field = {field} AND m.block >= :low AND m.block < :high"
    return f"z.block IN (SELECT m.block FROM block_marks m WHERE {within} AND marked(m.marks, {number}))"


def packed_ids(texts: Iterable[str]) -> list[bytes]:
    """Those that are ids."""
    found = map(packed_if_id, texts)
    return [data for data in found if data is not None]


def blobs(ids: Iterable[bytes]) -> str:
    """For an IN."""
    return ", ".join(f"x'{data.hex()}'" for data in ids)


def keys_of(ids: Iterable[bytes]) -> str:
    """A query for the keys of calls."""
    found = [
        f"SELECT key FROM calls WHERE key >= {span.start} AND key < {span.end} AND id = x'{data.hex()}'"
        for data in ids
        for span in (around(data),)
    ]
    return " UNION ".join(found) or _NO_KEYS


def zones_of_events(fits: str) -> str:
    """Zones in whose block is a call with an event's id of its own that fits; `fits` is over `calls e`."""
    block = "SELECT max(b.start) FROM blocks b WHERE b.start <= e.key"
    return f"z.block IN (SELECT ({block}) FROM calls e WHERE e.event_id IS NOT NULL AND {fits})"
