"""Keeping an answer: room is made for it, within its account's share, and a large body is written in steps.

No transaction touches more than some answers and chunks, so that nobody waits long for the write lock. Between
the steps of a large body others have their turn: it is reserved first, and shown under its key last.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

import lmdb

from penstock.stores.lmdb import reply_codec as codec
from penstock.stores.lmdb.reply_codec import Card, is_taken
from penstock.stores.lmdb.reply_shares import lacking, may_mark
from penstock.stores.lmdb.reply_shelf import Shelf
from penstock.stores.lmdb.reply_transactions import Transactions
from penstock.stores.replies import Reply, Scope

STEPS = 256
"""Answers and chunks that one transaction touches."""

_STEPS_IN_PUT = 64
_ROUNDS, _ALL = 4, sys.maxsize  # of making room for one answer: on the event loop, in a thread
_TRIES = 4  # of a put for which the map is too full, or too fragmented
_ANY_BLOB = 1

Made = TypeVar("Made")


class Filing:
    """Puts answers into a store of at most `limit_bytes`. With `evict` the least used make room for new ones, those
    of whoever has most; without, each account has a share."""

    def __init__(self, transactions: Transactions, owner: bytes, limit_bytes: int, *, evict: bool) -> None:
        self._transactions = transactions
        self._owner = owner
        self._limit = limit_bytes
        self._evict = evict
        self._left: set[bytes] = set()  # bodies that could not be removed yet

    def put(self, key: bytes, fingerprint: bytes, reply: Reply, scope: Scope, expires_us: int) -> bool:
        """Whether there was room. Raises what the engine raises."""
        for _ in range(_TRIES):
            try:
                if len(reply.body) > codec.INLINE_BYTES:
                    return self._put_chunked(key, fingerprint, reply, scope, expires_us)
                is_kept = self._put_inline(key, fingerprint, reply, scope, expires_us)
                if not self._evict:
                    self._transactions.flush()  # what was promised is there before the caller sees it
                return is_kept
            except lmdb.MapFullError:
                if not self.relieve(len(reply.body)):
                    return False
        return False

    def may_spend(self, shelf: Shelf, account: str) -> bool:
        """Whether an account that asks for something new may end up with one more spent key."""
        return self._evict or may_mark(shelf.holdings.of(codec.named(account)), shelf.totals)

    def _put_inline(
        self, key: bytes, fingerprint: bytes, reply: Reply, scope: Scope, expires_us: int
    ) -> bool:
        record = codec.stored_record(fingerprint, reply, expires_us, 0)
        room = codec.inline_room(len(record))
        card = codec.card_of(reply, scope, expires_us, self._transactions.now_us, 0, room)
        with_room = self._with_room(
            key, fingerprint, room, scope, _ROUNDS, lambda shelf: shelf.keep(key, record, card)
        )
        return with_room is not None

    def _put_chunked(
        self, key: bytes, fingerprint: bytes, reply: Reply, scope: Scope, expires_us: int
    ) -> bool:
        """The body first, chunk by chunk, so that others get the write lock in between; then what shows it."""
        length = len(codec.stored_record(fingerprint, reply, expires_us, _ANY_BLOB))
        room = codec.chunked_room(length, len(reply.body))
        account = codec.named(scope.account)
        writing = self._with_room(
            key, fingerprint, room, scope, _ALL, lambda shelf: shelf.reserve(self._owner, room, account)
        )
        if writing is None:
            return False
        is_kept = False
        try:
            if self._write_chunks(writing, reply.body):
                blob = codec.blob_of(writing)
                record = codec.stored_record(fingerprint, reply, expires_us, blob)
                card = codec.card_of(reply, scope, expires_us, self._transactions.now_us, blob, room)
                is_kept = self._show(writing, key, record, card, fingerprint)
        finally:
            if not is_kept:
                self._discard(writing)
        return is_kept

    def _with_room(
        self,
        key: bytes,
        fingerprint: bytes,
        room: int,
        scope: Scope,
        rounds: int,
        act: Callable[[Shelf], Made],
    ) -> Made | None:
        """What `act` makes of the transaction in which there is room; None if there is none, or the key is taken.

        At most so many rounds of making room. There are more to go through only after the limit was lowered.
        """
        for _ in range(rounds):
            with self._transactions.writing() as shelf:
                if (
                    is_taken(shelf.record(key), fingerprint, self._owner, shelf.now_us)
                    or shelf.totals.reserved + room > self._limit
                ):
                    return None
                if self._lacking(shelf, scope, room) <= 0:
                    return act(shelf)
                gone = self._make_way(
                    shelf, self._lacking(shelf, scope, room), codec.named(scope.account), room
                )
                if self._lacking(shelf, scope, room) <= 0:
                    return act(shelf)
            if not gone:
                break
        return None

    def _lacking(self, shelf: Shelf, scope: Scope, room: int) -> int:
        """How many bytes are too few for an answer that needs so much room."""
        if self._evict:
            return shelf.totals.room + room - self._limit
        own = shelf.holdings.of(codec.named(scope.account))
        return lacking(own, shelf.totals, room, self._limit)

    def _make_way(self, shelf: Shelf, room: int, account: bytes | None = None, coming: int = 0) -> int:
        """Removes answers to make so much room, for what an account brings; how many. It may take several turns."""
        if room <= 0:
            return 0
        goal = shelf.totals.room - room
        gone = shelf.expire(_STEPS_IN_PUT)
        if self._evict and shelf.totals.room > goal:
            gone += shelf.push_out(shelf.totals.room - goal, _STEPS_IN_PUT, account, coming)
        return gone

    def _write_chunks(self, writing: bytes, body: bytes) -> bool:
        """Whether all were written; not, if we were taken for dead meanwhile."""
        view = memoryview(body)
        for number in range(codec.chunk_count(len(body))):
            with self._transactions.writing() as shelf:
                if not shelf.is_reserved(writing):
                    return False
                start = number * codec.CHUNK_BYTES
                shelf.write_chunk(writing, number, view[start : start + codec.CHUNK_BYTES])
        return True

    def _show(self, writing: bytes, key: bytes, record: bytes, card: Card, fingerprint: bytes) -> bool:
        with self._transactions.writing() as shelf:
            if not shelf.is_reserved(writing) or is_taken(
                shelf.record(key), fingerprint, self._owner, shelf.now_us
            ):
                return False
            shelf.finish(writing)
            shelf.keep(key, record, card)
            return True

    def tidy(self) -> None:
        """Removes what could not be removed at its time."""
        for writing in tuple(self._left):
            self._discard(writing)

    def trim(self, shelf: Shelf) -> int:
        """Removes what has expired, and what is above the limit, of which a lowered one leaves much; how many."""
        gone = shelf.expire(STEPS)
        if self._evict and shelf.totals.room > self._limit:
            gone += shelf.push_out(shelf.totals.room - self._limit, STEPS - gone)
        return gone

    def _discard(self, writing: bytes) -> None:
        """Removes a body that nothing shows; later, if that is not possible now."""
        self._left.add(writing)
        with suppress(lmdb.Error):
            is_gone = False
            while not is_gone:
                with self._transactions.writing() as shelf:
                    is_gone = shelf.discard(writing, STEPS)
            self._left.discard(writing)

    def relieve(self, room: int) -> bool:
        """Makes way in a map that is too full or too fragmented, for more than is wanted; whether anything went."""
        self._transactions.environment.reader_check()
        try:
            with self._transactions.writing() as shelf:
                return self._make_way(shelf, max(2 * room, self._limit // 32)) > 0
        except lmdb.MapFullError:
            return False
