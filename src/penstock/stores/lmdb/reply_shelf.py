"""One write transaction on kept answers: records, cards, chunks, index entries and sums change together here.

An answer has a record under its key (what is looked up: small bodies stand in it) and a card (what upkeep needs to
know: times, size, scope), so that looking through thousands of answers reads no bodies. A large body stands in
chunks under a blob number of its own, never reused: a reader needs no lock, it finds the body whole or not at all.
Index entries are keys without values, ordered by a tag and a moment or an owner: by expiry, by account and last use,
by age, by claimant, by writer. The oldest, an account's least used, and what a dead worker left are thus each a walk
from a known place. The sums are kept beside, so that "is there room?" costs one read, and one for each account.

The invariant: when a step ends, card, index entries and sums agree, and no chunk is without a card or a writer; what
damage has broken, or an older version has written otherwise, is made anew from the cards by `_recount`. When a
transaction begins and ends, and what it is for, is decided in `replies.py` and `reply_filing.py`; the bytes are those
of `reply_codec.py`.
"""

from __future__ import annotations

import sys
from functools import partial
from itertools import islice

import lmdb

from penstock.stores.lmdb import reply_codec as codec
from penstock.stores.lmdb.reply_codec import Card, ClaimRecord, Record, Totals
from penstock.stores.lmdb.reply_databases import (
    AFTER_KEY,
    Databases,
    blobs_in,
    drop_chunks,
    entries_between,
    entries_of,
)
from penstock.stores.lmdb.reply_shares import Holdings, has_part, next_to_go
from penstock.stores.replies import Scope

_AFTER_WRITER = codec.after(codec.BY_WRITER)
_NOBODY = b"\0"  # the owner of bodies that are being removed; never alive
_ALL = sys.maxsize


class Shelf:
    """The store as one write transaction sees and changes it, at the moment `now_us`. `save` before its end.

    `most` bounds a step: about so many answers and chunks are touched, so that nobody waits long for the
    write lock.
    """

    def __init__(self, databases: Databases, txn: lmdb.Transaction[bytes], now_us: int) -> None:
        self.txn = txn
        self.now_us = now_us
        self._db = databases
        self._saved = txn.get(codec.TOTALS_KEY, db=databases.entries)
        found = codec.totals(self._saved)
        self._damaged = found is None
        self.totals = found or Totals()
        self.holdings = Holdings(txn, databases)

    def save(self) -> None:
        """Writes the sums, if they changed. After damage they are counted anew, which looks at every card."""
        if self._damaged or self.holdings.damaged:
            self._recount()
        self.holdings.save()
        packed = codec.packed_totals(self.totals)
        if packed != self._saved:
            self.txn.put(codec.TOTALS_KEY, packed, db=self._db.entries)

    def record(self, key: bytes) -> Record | None:
        """What stands under the key."""
        return codec.record(self.txn.get(key, db=self._db.records))

    # -- what stands under a key

    def claim(self, key: bytes, fingerprint: bytes, owner: bytes) -> None:
        """In the place of whatever was there."""
        self.drop(key)
        self.txn.put(key, codec.claim_record(fingerprint, owner), db=self._db.records)
        self.txn.put(codec.owned(codec.BY_CLAIMANT, owner) + key, b"", db=self._db.entries)

    def keep(self, key: bytes, record: bytes, card: Card) -> bool:
        """An answer, or a spent key, in the place of whatever was there. Its chunks are there already."""
        packed = codec.packed_card(card)
        if not (
            self.txn.put(key, record, overwrite=False, db=self._db.records)
            and self.txn.put(key, packed, overwrite=False, db=self._db.cards)
        ):
            self.drop(key)
            self.txn.put(key, record, db=self._db.records)
            self.txn.put(key, packed, db=self._db.cards)
        for entry in codec.entries(card, key):
            self.txn.put(entry, b"", db=self._db.entries)
        self._count(card, 1)
        self.totals.stored += card.is_answer
        return True

    def drop(self, key: bytes) -> Card | None:
        """Leaves nothing under the key; the card that was there. If its time was over, it counts as expired."""
        record = codec.record(self.txn.pop(key, db=self._db.records))
        if isinstance(record, ClaimRecord):
            self.txn.delete(codec.owned(codec.BY_CLAIMANT, record.owner) + key, db=self._db.entries)
        data = self.txn.pop(key, db=self._db.cards)
        if data is None:
            return None
        card = codec.card(data)
        if card is None:
            self._damaged = True
            return None
        for entry in codec.entries(card, key):
            self.txn.delete(entry, db=self._db.entries)
        if card.blob:
            drop_chunks(self.txn, self._db, card.blob, codec.chunk_count(card.length))
        self._count(card, -1)
        self.totals.expired += card.is_answer and card.expires_us <= self.now_us
        return card

    def touch(self, key: bytes, used_us: int) -> None:
        """The answer was used then."""
        card = codec.card(self.txn.get(key, db=self._db.cards))
        if card is None or not card.is_answer or card.used_us >= used_us:
            return
        self.txn.delete(codec.by_use(card, key), db=self._db.entries)
        card = card._replace(used_us=used_us)
        self.txn.put(codec.by_use(card, key), b"", db=self._db.entries)
        self.txn.put(key, codec.packed_card(card), db=self._db.cards)

    # -- what must go

    def expire(self, most: int) -> int:
        """Removes what has expired, the oldest first; how many."""
        count = 0
        for entry in self._entries(codec.BY_EXPIRY, codec.moment(codec.BY_EXPIRY, self.now_us + 1), most):
            if most <= 0:
                break
            most -= _weight(self._drop_indexed(entry))
            count += 1
        return count

    def push_out(self, room: int, most: int, account: bytes | None = None, coming: int = 0) -> int:
        """Removes answers of whoever has most, the least recently used first, until they made so much room; how many.

        `account` is who needs it, for `coming` bytes. Nothing goes for what could only be had from those with less.
        """
        rooms = self.holdings.rooms()
        if self.holdings.damaged:  # who has most must be known before somebody loses something
            self._recount()
            rooms = self.holdings.rooms()
        count, goal = 0, self.totals.room - room
        if account is not None:
            if not has_part(rooms, account, coming, goal + coming):
                return 0
            rooms[account] = rooms.get(account, 0) + coming
        seek = partial(next_to_go, self.txn, self._db, rooms, account)
        while self.totals.room > goal and most > 0 and (found := seek()):
            card = self._drop_indexed(found.entry)
            self.totals.evicted += card is not None and card.expires_us > self.now_us
            rooms[found.account] -= 0 if card is None else card.room
            most -= _weight(card)
            count += 1
        return count

    def purge(self, scope: Scope, after: bytes, most: int) -> tuple[int, bytes | None]:
        """Looks at the next cards behind a key and removes the answers in `scope`.

        How many that were, and the key to go on behind; None at the end.
        """
        with self.txn.cursor(self._db.cards) as cursor:
            there = cursor.set_range(after + b"\0")
            seen = list(islice(cursor, most)) if there else []
        count = 0
        for key, data in seen:
            card = codec.card(data)
            if card is None or (card.is_answer and _is_in(card.scope, scope)):
                count += self.drop(key) is not None
            most -= _weight(card)
            if most <= 0:
                return count, key
        return count, None

    # -- large bodies, chunk by chunk

    def reserve(self, owner: bytes, room: int, account: bytes) -> bytes:
        """Begins a body; its name, which holds the blob: the number of this transaction, like no other's."""
        writing = codec.writing(owner, self.txn.id())
        self.txn.put(writing, codec.reserved(room, account), db=self._db.entries)
        self._count_reserved(account, room)
        return writing

    def is_reserved(self, writing: bytes) -> bool:
        """Whether the body is still ours: what a worker began is removed when it is taken for dead."""
        return self.txn.get(writing, db=self._db.entries) is not None

    def write_chunk(self, writing: bytes, number: int, data: memoryview) -> None:
        self.txn.put(codec.chunk_key(codec.blob_of(writing), number), data, db=self._db.chunks)

    def finish(self, writing: bytes) -> None:
        """Ends the reservation: the chunks belong to a card from now on, or are gone."""
        room, account = codec.reserved_room(self.txn.pop(writing, db=self._db.entries))
        self._count_reserved(account, -room)

    def discard(self, writing: bytes, most: int) -> bool:
        """Removes chunks of a body that will have no card; whether that was all of it."""
        if drop_chunks(self.txn, self._db, codec.blob_of(writing), most) >= most:
            return False
        self.finish(writing)
        return True

    # -- what owners leave behind

    def owners(self) -> set[bytes]:
        """Who has claims or unfinished bodies here."""
        found: set[bytes] = set()
        for tag in (codec.BY_CLAIMANT, codec.BY_WRITER):
            start, stop = tag, codec.after(tag)
            while entries := self._entries(start, stop, 1):
                owner = codec.owner_of(entries[0])
                found.add(owner)
                start = codec.owned(tag, owner) + AFTER_KEY
        return found

    def bury(self, owner: bytes, most: int) -> int:
        """Ends claims of an owner, then removes its unfinished bodies; how many."""
        claims = entries_of(self.txn, self._db, codec.BY_CLAIMANT, owner, most)
        for entry in claims:
            self._release(entry, owner)
        count, left = len(claims), most - len(claims)
        while left > 0 and (found := entries_of(self.txn, self._db, codec.BY_WRITER, owner, 1)):
            is_gone = self.discard(self._disowned(found[0]), left)
            left = left - 1 if is_gone else 0
            count += is_gone
        return count

    def _disowned(self, writing: bytes) -> bytes:
        """Takes a body from its writer, who may be only slow, before the first chunk is removed."""
        room = self.txn.pop(writing, db=self._db.entries) or b""
        disowned = codec.written_by(_NOBODY, writing)
        self.txn.put(disowned, room, db=self._db.entries)
        return disowned

    def _release(self, entry: bytes, owner: bytes) -> None:
        self.txn.delete(entry, db=self._db.entries)
        key = codec.key_of(entry)
        record = self.record(key)
        if isinstance(record, ClaimRecord) and record.owner == owner:
            self.drop(key)

    # -- in the databases

    def _count(self, card: Card, sign: int) -> None:
        self.totals.entries += sign * card.is_answer
        self.totals.bytes += sign * card.bytes
        self.totals.room += sign * card.room
        account = card.scope.account
        marked = sign * card.room if account and not card.is_answer else 0
        self.totals.marked += marked
        self.holdings.add(codec.named(account), sign * card.room, marked)

    def _count_reserved(self, account: bytes, room: int) -> None:
        self.totals.room += room
        self.totals.reserved += room
        self.holdings.add(account, room)

    def _entries(self, start: bytes, stop: bytes, most: int) -> list[bytes]:
        return entries_between(self.txn, self._db, start, stop, most)

    def _drop_indexed(self, entry: bytes) -> Card | None:
        """Removes the entry, and what it speaks of unless that has changed; the card of what was removed."""
        self.txn.delete(entry, db=self._db.entries)
        key = codec.key_of(entry)
        data = self.txn.get(key, db=self._db.cards)
        card = codec.card(data)
        is_stale = data is None or (card is not None and entry not in codec.entries(card, key))
        return None if is_stale else self.drop(key)

    def _recount(self) -> None:
        """The sums and index entries from cards and reservations; entries and chunks that belong to neither go."""
        totals = self.totals
        totals.entries = totals.bytes = totals.room = totals.reserved = totals.marked = 0
        self.holdings.clear()
        blobs = set()
        with self.txn.cursor(self._db.cards) as cursor:
            for key, data in cursor:
                if (card := codec.card(data)) is not None:
                    self._count(card, 1)
                    blobs.add(card.blob)
                    for entry in codec.entries(card, key):
                        self.txn.put(entry, b"", db=self._db.entries)
        for writing in self._entries(codec.BY_WRITER, _AFTER_WRITER, _ALL):
            room, account = codec.reserved_room(self.txn.get(writing, db=self._db.entries))
            self._count_reserved(account, room)
            blobs.add(codec.blob_of(writing))
        _drop_loose(self.txn, self._db, blobs)


def _drop_loose(txn: lmdb.Transaction[bytes], databases: Databases, blobs: set[int]) -> None:
    """Chunks of other blobs, and entries of which no card says what they say."""
    for blob in blobs_in(txn, databases) - blobs:
        drop_chunks(txn, databases, blob, _ALL)
    for tag in (codec.BY_EXPIRY, codec.BY_USE, codec.BY_AGE):
        for entry in entries_between(txn, databases, tag, codec.after(tag), _ALL):
            key = codec.key_of(entry)
            card = codec.card(txn.get(key, db=databases.cards))
            if card is None or entry not in codec.entries(card, key):
                txn.delete(entry, db=databases.entries)


def _weight(card: Card | None) -> int:
    """What it takes to remove an answer, next to a small one."""
    return 1 if card is None or not card.blob else 1 + codec.chunk_count(card.length)


def _is_in(scope: Scope, asked: Scope) -> bool:
    return all(not wanted or wanted == given for wanted, given in zip(asked, scope, strict=True))
