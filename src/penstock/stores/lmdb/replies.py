"""Kept answers in LMDB, shared by all worker processes of one machine: the verbs of `Replies`.

Here are the transactions. What changes together is in `reply_shelf.py`, who may overwrite whom in
`reply_rights.py`, the bytes are in `reply_codec.py`, who is alive is in `leases.py`.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import get_ident
from typing import TypeVar

import lmdb
import msgspec

from penstock.stores.lmdb import reply_codec as codec
from penstock.stores.lmdb.environment import WriteLock
from penstock.stores.lmdb.leases import Leases
from penstock.stores.lmdb.reply_codec import (
    Card,
    ClaimRecord,
    Record,
    SpentRecord,
    StoredRecord,
    is_own_claim,
    is_taken,
    may_spend,
)
from penstock.stores.lmdb.reply_shelf import Shelf, body_of, oldest_us, open_databases, totals_in
from penstock.stores.lmdb.reply_uses import Noted, Uses
from penstock.stores.lmdb.writer import Writer
from penstock.stores.replies import Busy, Conflict, Found, RepliesUnavailable, Reply, Scope, Spent, Stats

FOLDER = "replies.lmdb"
"""The environment's folder in the data folder."""

CACHE, IDEMPOTENCY = "cache", "idempotency"
"""The names of the stores in it."""

DATABASES = 9
"""How many named databases the environment must have room for: those of both stores, and the leases."""

_SLACK_BYTES = 64 * 1024 * 1024  # for claims, and for what is removed and not free yet
_STEPS = 256  # answers and chunks that one transaction touches, so that nobody waits long for the write lock
_STEPS_IN_PUT = 64
_ROUNDS, _ALL = 4, sys.maxsize  # of making room for one answer: on the event loop, in a thread
_BEAT_US = 1_000_000
_TRIES = 4  # of a put for which the map is too full, or too fragmented
_ANY_BLOB = 1
_EVERYONE = Scope("", "", "")

Made = TypeVar("Made")

_FAILURES = (lmdb.Error, OSError, struct.error)  # the last of an amount too large for the stored form


def map_bytes(*limits: int) -> int:
    """How large the map must be for stores with these limits; the file grows to little more than the limits."""
    return sum(limits) * 3 // 2 + _SLACK_BYTES


class LmdbReplies:
    """`Replies` of one worker under a `name` in an environment that several such stores may share.

    `owner` must be a name that no other worker and no earlier process ever had, 1 to 200 bytes. Like the
    environment, this must be made after a fork. Threads may use it: no transaction of `put` touches more than
    some answers and chunks, and one that waits lets other threads run.

    `limit_bytes` is for what answers take up in the map, indexes and unused ends of pages included. Without
    `evict`, only what has expired makes room.

    `get` never fails: a broken store has no answers. All others raise `RepliesUnavailable`. A `put` that returns
    False or fails leaves the claim standing: `spend` or `abandon` must end it. A verb without `now_us`
    takes the time that this object was told last.
    """

    def __init__(
        self,
        environment: lmdb.Environment,
        name: str,
        owner: bytes,
        limit_bytes: int,
        *,
        evict: bool,
        writer: Writer | None = None,
    ) -> None:
        """`writer` is shared by the stores of an environment, where it keeps transactions open for a turn."""
        self._environment = environment
        self._begin = environment.begin
        self._owner = owner
        self._limit = limit_bytes
        self._evict = evict
        self._now_us = 0
        self._beaten_us: int | None = None
        self._uses = Uses()
        self._left: set[bytes] = set()  # bodies that could not be removed yet
        with self._translated():
            self._lock = WriteLock(environment)
            with self._lock:
                self._db = open_databases(environment, name)
                self._leases = Leases(environment)
        self._writer = writer or Writer(environment, self._lock)
        self._home = get_ident()

    # -- looking

    def get(self, key: bytes, now_us: int) -> Found | None:
        self._now_us = now_us
        try:
            if self._writer.open is not None:
                found = self._live(self._writer.open, key, now_us)
            else:
                with self._begin() as txn:
                    found = self._live(txn, key, now_us)
        except lmdb.Error as error:
            self._adopt_map(error)
            return None
        if found is not None:
            self._uses.note(key, now_us)
        return found

    def _live(self, txn: lmdb.Transaction[bytes], key: bytes, now_us: int) -> Found | None:
        record = codec.record(txn.get(key, db=self._db.records))
        if not isinstance(record, StoredRecord) or record.expires_us <= now_us:
            return None
        return self._found(record)

    def claim(self, key: bytes, fingerprint: bytes, now_us: int) -> Found | Busy | Conflict | Spent | None:
        self._now_us = now_us
        with self._translated():
            self._flush()  # a claim is a promise: it is kept though the process be killed at once
            with self._begin() as txn:
                there = self._seen(txn, key, fingerprint, now_us)
            if there is None:
                there = self._claimed(key, fingerprint, now_us)
                self._flush()
        if isinstance(there, Found):
            self._uses.note(key, now_us)
        return there

    def _claimed(self, key: bytes, fingerprint: bytes, now_us: int) -> Found | Busy | Conflict | Spent | None:
        with self._writing() as shelf:
            there = self._seen(shelf.txn, key, fingerprint, now_us)
            if there is None:
                shelf.claim(key, fingerprint, self._owner)
                if self._beaten_us is None:
                    self._leases.beat(shelf.txn, self._owner, now_us)
            return there

    def _seen(
        self, txn: lmdb.Transaction[bytes], key: bytes, fingerprint: bytes, now_us: int
    ) -> Found | Busy | Conflict | Spent | None:
        """What a claim finds; None if the key is free."""
        record = codec.record(txn.get(key, db=self._db.records))
        if record is None or self._is_over(txn, record, now_us):
            return None
        if record.fingerprint != fingerprint:
            return Conflict()
        if isinstance(record, ClaimRecord):
            return Busy(record.fingerprint)
        return Spent() if isinstance(record, SpentRecord) else self._found(record)

    def _is_over(self, txn: lmdb.Transaction[bytes], record: Record, now_us: int) -> bool:
        if isinstance(record, ClaimRecord):
            return record.owner != self._owner and not self._leases.is_alive(txn, record.owner, now_us)
        return record.expires_us <= now_us

    def _found(self, stored: StoredRecord) -> Found | None:
        if not stored.blob:
            return Found(stored.reply, stored.expires_us)
        body = body_of(self._environment, self._db, stored)
        if body is None:
            return None
        return Found(msgspec.structs.replace(stored.reply, body=body), stored.expires_us)

    # -- keeping

    def put(self, key: bytes, fingerprint: bytes, reply: Reply, scope: Scope, expires_us: int) -> bool:
        with self._translated():
            for _ in range(_TRIES):
                try:
                    if len(reply.body) > codec.INLINE_BYTES:
                        return self._put_chunked(key, fingerprint, reply, scope, expires_us)
                    is_kept = self._put_inline(key, fingerprint, reply, scope, expires_us)
                    if not self._evict:
                        self._flush()  # what was promised is there before the caller sees it
                    return is_kept
                except lmdb.MapFullError:
                    if not self._relieve(len(reply.body)):
                        return False
        return False

    def _put_inline(
        self, key: bytes, fingerprint: bytes, reply: Reply, scope: Scope, expires_us: int
    ) -> bool:
        record = codec.stored_record(fingerprint, reply, expires_us, 0)
        room = codec.inline_room(len(record))
        card = codec.card_of(reply, scope, expires_us, self._now_us, 0, room)
        with_room = self._with_room(
            key, fingerprint, room, _ROUNDS, lambda shelf: shelf.keep(key, record, card)
        )
        return with_room is not None

    def _put_chunked(
        self, key: bytes, fingerprint: bytes, reply: Reply, scope: Scope, expires_us: int
    ) -> bool:
        """The body first, chunk by chunk, so that others get the write lock in between; then what shows it."""
        length = len(codec.stored_record(fingerprint, reply, expires_us, _ANY_BLOB))
        room = codec.chunked_room(length, len(reply.body))
        writing = self._with_room(
            key, fingerprint, room, _ALL, lambda shelf: shelf.reserve(self._owner, room)
        )
        if writing is None:
            return False
        is_kept = False
        try:
            if self._write_chunks(writing, reply.body):
                blob = codec.blob_of(writing)
                record = codec.stored_record(fingerprint, reply, expires_us, blob)
                card = codec.card_of(reply, scope, expires_us, self._now_us, blob, room)
                is_kept = self._show(writing, key, record, card, fingerprint)
        finally:
            if not is_kept:
                self._discard(writing)
        return is_kept

    def _with_room(
        self, key: bytes, fingerprint: bytes, room: int, rounds: int, act: Callable[[Shelf], Made]
    ) -> Made | None:
        """What `act` makes of the transaction in which there is room; None if there is none, or the key is taken.

        At most so many rounds of making room. There are more to go through only after the limit was lowered.
        """
        for _ in range(rounds):
            with self._writing() as shelf:
                if (
                    is_taken(shelf.record(key), fingerprint, self._owner, shelf.now_us)
                    or shelf.totals.reserved + room > self._limit
                ):
                    return None
                gone = self._make_way(shelf, shelf.totals.room + room - self._limit)
                if shelf.totals.room + room <= self._limit:
                    return act(shelf)
            if not gone:
                break
        return None

    def _make_way(self, shelf: Shelf, room: int) -> int:
        """Removes answers to make so much room; how many. One transaction may not be enough."""
        if room <= 0:
            return 0
        goal = shelf.totals.room - room
        gone = shelf.expire(_STEPS_IN_PUT)
        if self._evict and shelf.totals.room > goal:
            gone += shelf.push_out(shelf.totals.room - goal, _STEPS_IN_PUT)
        return gone

    def _write_chunks(self, writing: bytes, body: bytes) -> bool:
        """Whether all were written; not, if we were taken for dead meanwhile."""
        view = memoryview(body)
        for number in range(codec.chunk_count(len(body))):
            with self._writing() as shelf:
                if not shelf.is_reserved(writing):
                    return False
                start = number * codec.CHUNK_BYTES
                shelf.write_chunk(writing, number, view[start : start + codec.CHUNK_BYTES])
        return True

    def _show(self, writing: bytes, key: bytes, record: bytes, card: Card, fingerprint: bytes) -> bool:
        with self._writing() as shelf:
            if not shelf.is_reserved(writing) or is_taken(
                shelf.record(key), fingerprint, self._owner, shelf.now_us
            ):
                return False
            shelf.finish(writing)
            shelf.keep(key, record, card)
            return True

    def _discard(self, writing: bytes) -> None:
        """Removes a body that nothing shows; later, if that is not possible now."""
        self._left.add(writing)
        with suppress(lmdb.Error):
            is_gone = False
            while not is_gone:
                with self._writing() as shelf:
                    is_gone = shelf.discard(writing, _STEPS)
            self._left.discard(writing)

    def _relieve(self, room: int) -> bool:
        """Makes way in a map that is too full or too fragmented, for more than is wanted; whether anything went."""
        self._environment.reader_check()
        try:
            with self._writing() as shelf:
                return self._make_way(shelf, max(2 * room, self._limit // 32)) > 0
        except lmdb.MapFullError:
            return False

    # -- ending a claim without an answer

    def spend(self, key: bytes, fingerprint: bytes, expires_us: int) -> None:
        record = codec.spent_record(fingerprint, expires_us)
        room = codec.inline_room(len(record))
        card = Card(False, 0, 0, expires_us, 0, 0, 0, room, _EVERYONE)
        with self._translated(), self._writing() as shelf:
            if may_spend(shelf.record(key), fingerprint, self._owner, shelf.now_us):
                shelf.keep(key, record, card)

    def abandon(self, key: bytes) -> None:
        with self._translated(), self._writing() as shelf:
            if is_own_claim(shelf.record(key), self._owner):
                shelf.drop(key)

    # -- upkeep

    def purge(self, scope: Scope | None = None) -> int:
        count = 0
        after: bytes | None = b""
        with self._translated():
            while after is not None:
                with self._writing() as shelf:
                    gone, after = shelf.purge(scope or _EVERYONE, after, _STEPS)
                count += gone
        return count

    def stats(self) -> Stats:
        with self._translated():
            self._flush()
            with self._begin() as txn:
                totals, oldest = totals_in(txn, self._db), oldest_us(txn, self._db)
            if totals is None:
                with self._writing() as shelf:
                    totals = shelf.totals
        return Stats(
            totals.entries,
            totals.bytes,
            self._limit,
            oldest,
            totals.stored,
            totals.evicted,
            totals.expired,
            totals.hits + self._uses.count,
        )

    def beat(self, now_us: int) -> None:
        self._now_us = now_us
        if self._beaten_us is not None and 0 <= now_us - self._beaten_us < _BEAT_US:
            return
        with self._translated():
            with self._writer as txn:
                self._leases.beat(txn, self._owner, now_us)
            self._beaten_us = now_us
            try:
                self._write_uses(self._uses.take())
            except lmdb.MapFullError:
                self._relieve(0)

    def _write_uses(self, noted: Noted) -> None:
        with self._writing() as shelf:
            for key, used_us in noted.last_us.items():
                shelf.touch(key, used_us)
            shelf.totals.hits += noted.uses

    def reap(self, now_us: int) -> int:
        self._now_us = now_us
        for writing in tuple(self._left):
            self._discard(writing)
        with self._translated():
            self._environment.reader_check()
            with self._writing() as shelf:
                gone = shelf.expire(_STEPS)
                if self._evict and shelf.totals.room > self._limit:
                    gone += shelf.push_out(shelf.totals.room - self._limit, _STEPS - gone)
                for owner in shelf.owners() - {self._owner}:
                    if not self._leases.is_alive(shelf.txn, owner, now_us):
                        gone += shelf.bury(owner, _STEPS - gone)
                for owner in self._leases.long_dead(shelf.txn, now_us):
                    self._leases.forget(shelf.txn, owner)
        return gone

    def _flush(self) -> None:
        """Ends the turn's transaction; other threads have none."""
        if get_ident() == self._home:
            self._writer.flush()

    @contextmanager
    def _writing(self) -> Iterator[Shelf]:
        is_home = get_ident() == self._home  # a thread must not meddle with another one's transaction
        with self._writer if is_home else Writer(self._environment, self._lock) as txn:
            shelf = Shelf(self._db, txn, self._now_us)
            yield shelf
            shelf.save()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except _FAILURES as error:
            self._adopt_map(error)
            raise RepliesUnavailable(str(error)) from error

    def _adopt_map(self, error: Exception) -> None:
        """After another process has made the map larger than it is here, the next verb finds it whole."""
        if isinstance(error, lmdb.MapResizedError):
            with suppress(lmdb.Error):
                self._environment.set_mapsize(0)
