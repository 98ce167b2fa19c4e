"""The named databases of one store of kept answers, and what can be read there in one step."""

from __future__ import annotations

from typing import NamedTuple

import lmdb

from penstock.stores.lmdb import reply_codec as codec
from penstock.stores.lmdb.environment import AnyEnvironment
from penstock.stores.lmdb.reply_codec import StoredRecord, Totals

AFTER_KEY = b"\xff" * (codec.KEY_BYTES + 1)
"""Behind all index entries of an owner, after what they begin with."""


class Databases(NamedTuple):
    """The named databases of one store."""

    records: lmdb._Database  # by key: claimed, spent, or the answer
    cards: lmdb._Database  # by key: `Card`
    chunks: lmdb._Database  # by blob and number: parts of large bodies
    entries: lmdb._Database  # by time, by owner; and the sums, those of accounts too


def open_databases(environment: AnyEnvironment, name: str) -> Databases:
    """Makes them where they are missing. Not to be called within a transaction."""
    prefix = name.encode() + b"." + codec.LAYOUT + b"."
    return Databases(*(environment.open_db(prefix + field.encode()) for field in Databases._fields))


def totals_in(txn: lmdb.Transaction[bytes], databases: Databases) -> Totals | None:
    """The sums; None if they are damaged."""
    return codec.totals(txn.get(codec.TOTALS_KEY, db=databases.entries))


def oldest_us(txn: lmdb.Transaction[bytes], databases: Databases) -> int | None:
    """When the oldest answer was made."""
    with txn.cursor(databases.entries) as cursor:
        there = cursor.set_range(codec.BY_AGE) and cursor.key() < codec.after(codec.BY_AGE)
        return codec.moment_of(cursor.key()) if there else None


def body_of(environment: AnyEnvironment, databases: Databases, stored: StoredRecord) -> bytes | None:
    """The body out of its chunks; None if any of it is missing.

    In a transaction of its own, whose values need not be copied twice. No other body ever has the same blob.
    """
    parts: list[memoryview] = []
    left = stored.length
    with environment.begin(buffers=True) as txn:
        while left > 0:
            part = txn.get(codec.chunk_key(stored.blob, len(parts)), db=databases.chunks)
            if not part:
                return None
            parts.append(part)
            left -= len(part)
        return b"".join(parts) if left == 0 else None


def entries_between(
    txn: lmdb.Transaction[bytes], databases: Databases, start: bytes, stop: bytes, most: int
) -> list[bytes]:
    """Index entries from `start` on that stand before `stop`."""
    found: list[bytes] = []
    with txn.cursor(databases.entries) as cursor:
        there = cursor.set_range(start)
        while there and len(found) < most and (entry := cursor.key()) < stop:
            found.append(entry)
            there = cursor.next()
    return found


def entries_of(
    txn: lmdb.Transaction[bytes], databases: Databases, tag: bytes, owner: bytes, most: int
) -> list[bytes]:
    """The first index entries of an owner, a worker or an account."""
    start = codec.owned(tag, owner)
    return entries_between(txn, databases, start, start + AFTER_KEY, most)


def drop_chunks(txn: lmdb.Transaction[bytes], databases: Databases, blob: int, most: int) -> int:
    """Removes parts of a body; how many."""
    count = 0
    with txn.cursor(databases.chunks) as cursor:
        there = cursor.set_range(codec.chunk_key(blob, 0))
        while there and count < most and codec.blob_of_chunk(cursor.key()) == blob:
            there = cursor.delete() and cursor.key() != b""  # it has moved on, perhaps behind the last one
            count += 1
    return count


def blobs_in(txn: lmdb.Transaction[bytes], databases: Databases) -> set[int]:
    """All bodies of which there are parts."""
    found: set[int] = set()
    with txn.cursor(databases.chunks) as cursor:
        there = cursor.first()
        while there:
            found.add(blob := codec.blob_of_chunk(cursor.key()))
            there = cursor.set_range(codec.chunk_key(blob + 1, 0))
    return found
