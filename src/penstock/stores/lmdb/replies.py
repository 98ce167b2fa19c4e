"""Kept answers in LMDB, shared by all worker processes of one machine: the verbs of `Replies`.

How an answer is kept is in `reply_filing.py`, what changes together in `reply_shelf.py`, in which transaction in
`reply_transactions.py`; the bytes, and who may overwrite whom, are in `reply_codec.py`, who is alive in `leases.py`.
"""

from __future__ import annotations

import lmdb
import msgspec

from penstock.stores.lmdb import reply_codec as codec
from penstock.stores.lmdb.environment import FAILURES, AnyEnvironment, Suspicion
from penstock.stores.lmdb.reply_codec import (
    Card,
    ClaimRecord,
    Record,
    SpentRecord,
    StoredRecord,
    is_own_claim,
    may_spend,
)
from penstock.stores.lmdb.reply_databases import body_of, oldest_us, totals_in
from penstock.stores.lmdb.reply_filing import STEPS, Filing
from penstock.stores.lmdb.reply_transactions import Transactions
from penstock.stores.lmdb.reply_uses import Noted, Uses
from penstock.stores.lmdb.writer import Writer
from penstock.stores.replies import (
    Busy,
    Conflict,
    Found,
    RepliesUnavailable,
    Reply,
    Scope,
    Spent,
    Stats,
)

FOLDER = "replies.lmdb"
"""The environment's folder in the data folder."""

CACHE, IDEMPOTENCY, TOKENS = "cache", "idempotency", "tokens"
"""The names of the stores in it; the last one has access tokens, sealed."""

DATABASES = 13
"""How many named databases the environment must have room for: those of the stores, and the leases."""

CHECKS = {
    f"{name}.{codec.LAYOUT.decode()}.{database}".encode(): check
    for name in (CACHE, IDEMPOTENCY, TOKENS)
    for database, check in (
        ("records", lambda _key, value: codec.record(value) is not None),
        ("cards", lambda _key, value: codec.card(value) is not None),
    )
}
"""What can be asked of the values of a database, by its name."""

_SLACK_BYTES = 64 * 1024 * 1024  # for claims, and for what is removed and not free yet
_BEAT_US = 1_000_000
_EVERYONE = Scope("", "", "")


def map_bytes(*limits: int) -> int:
    """How large the map must be for stores with these limits; the file grows to little more than the limits."""
    return sum(limits) * 3 // 2 + _SLACK_BYTES


class LmdbReplies:
    """`Replies` of one worker under a `name` in an environment that several such stores may share.

    `owner` must be a name that no other worker and no earlier process ever had, 1 to 200 bytes. Like the
    environment, this must be made after a fork. Threads may use it: no transaction of `put` touches more than
    some answers and chunks, and one that waits lets other threads run.

    `limit_bytes` is for what answers take up in the map, indexes and unused ends of pages included. Without
    `evict`, only what has expired makes room, and an account has a share (`reply_shares.py`); past it, answers are
    not kept, and who has spent very many keys cannot claim another.

    `get` never fails: a broken store has no answers. All others raise `RepliesUnavailable`. A `put` that returns
    False or fails leaves the claim standing: `spend` or `abandon` must end it. A verb without `now_us`
    takes the time that this object was told last.
    """

    def __init__(
        self,
        environment: AnyEnvironment,
        name: str,
        owner: bytes,
        limit_bytes: int,
        *,
        evict: bool,
        writer: Writer | None = None,
    ) -> None:
        """`writer` is shared by the stores of an environment, where it keeps transactions open for a turn."""
        self._transactions = Transactions(environment, name, writer)
        self._evict = evict
        self._owner = owner
        self._limit = limit_bytes
        self._begin_anew()

    def use(self, environment: AnyEnvironment, writer: Writer | None = None) -> None:
        """From now on keeps in this environment, and knows nothing of the one before."""
        self._transactions.use(environment, writer)
        self._begin_anew()

    def _begin_anew(self) -> None:
        transactions = self._transactions
        self._filing = Filing(transactions, self._owner, self._limit, evict=self._evict)
        self._databases = transactions.databases
        self._leases = transactions.leases
        self._beaten_us: int | None = None
        self._uses = Uses()

    @property
    def suspicion(self) -> Suspicion | None:
        """Why the store may be damaged: what a verb has failed with."""
        return self._transactions.suspicion

    # -- looking

    def get(self, key: bytes, now_us: int) -> Found | None:
        self._transactions.now_us = now_us
        try:
            if self._transactions.writer.open is not None:
                found = self._live(self._transactions.writer.open, key, now_us)
            else:
                with self._transactions.begin() as txn:
                    found = self._live(txn, key, now_us)
        except FAILURES as error:
            self._transactions.failed(error)
            return None
        if found is not None:
            self._uses.note(key, now_us)
        return found

    def _live(self, txn: lmdb.Transaction[bytes], key: bytes, now_us: int) -> Found | None:
        record = codec.record(txn.get(key, db=self._databases.records))
        if not isinstance(record, StoredRecord) or record.expires_us <= now_us:
            return None
        return self._found(record)

    def claim(
        self, key: bytes, fingerprint: bytes, now_us: int, account: str = ""
    ) -> Found | Busy | Conflict | Spent | None:
        self._transactions.now_us = now_us
        with self._transactions.translated():
            self._transactions.flush()  # a claim is a promise: it is kept though the process be killed at once
            with self._transactions.begin() as txn:
                there = self._seen(txn, key, fingerprint, now_us)
            if there is None:
                there = self._claimed(key, fingerprint, now_us, account)
                self._transactions.flush()
        if isinstance(there, Found):
            self._uses.note(key, now_us)
        return there

    def _claimed(
        self, key: bytes, fingerprint: bytes, now_us: int, account: str
    ) -> Found | Busy | Conflict | Spent | None:
        with self._transactions.writing() as shelf:
            there = self._seen(shelf.txn, key, fingerprint, now_us)
            if there is None:
                if not self._filing.may_spend(shelf, account):
                    raise RepliesUnavailable(f"account {account!r} has no room for another key")
                shelf.claim(key, fingerprint, self._owner)
                if self._beaten_us is None:
                    self._leases.beat(shelf.txn, self._owner, now_us)
            return there

    def _seen(
        self, txn: lmdb.Transaction[bytes], key: bytes, fingerprint: bytes, now_us: int
    ) -> Found | Busy | Conflict | Spent | None:
        """What a claim finds; None if the key is free."""
        record = codec.record(txn.get(key, db=self._databases.records))
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
        body = body_of(self._transactions.environment, self._databases, stored)
        if body is None:
            return None
        return Found(msgspec.structs.replace(stored.reply, body=body), stored.expires_us)

    # -- keeping

    def put(self, key: bytes, fingerprint: bytes, reply: Reply, scope: Scope, expires_us: int) -> bool:
        try:
            return self._filing.put(key, fingerprint, reply, scope, expires_us)
        except FAILURES as error:
            self._transactions.failed(error)
            raise RepliesUnavailable(str(error)) from error

    # -- ending a claim without an answer

    def spend(self, key: bytes, fingerprint: bytes, expires_us: int, account: str = "") -> None:
        record = codec.spent_record(fingerprint, expires_us)
        room = codec.inline_room(len(record))
        card = Card(False, 0, 0, expires_us, 0, 0, 0, room, Scope(account, "", ""))
        with self._transactions.translated(), self._transactions.writing() as shelf:
            if may_spend(shelf.record(key), fingerprint, self._owner, shelf.now_us):
                shelf.keep(key, record, card)

    def abandon(self, key: bytes) -> None:
        with self._transactions.translated(), self._transactions.writing() as shelf:
            if is_own_claim(shelf.record(key), self._owner):
                shelf.drop(key)

    # -- upkeep

    def purge(self, scope: Scope | None = None) -> int:
        count = 0
        after: bytes | None = b""
        with self._transactions.translated():
            while after is not None:
                with self._transactions.writing() as shelf:
                    gone, after = shelf.purge(scope or _EVERYONE, after, STEPS)
                count += gone
        return count

    def stats(self) -> Stats:
        with self._transactions.translated():
            self._transactions.flush()
            with self._transactions.begin() as txn:
                totals, oldest = totals_in(txn, self._databases), oldest_us(txn, self._databases)
            if totals is None:
                with self._transactions.writing() as shelf:
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
        self._transactions.now_us = now_us
        if self._beaten_us is not None and 0 <= now_us - self._beaten_us < _BEAT_US:
            return
        with self._transactions.translated():
            with self._transactions.writer as txn:
                self._leases.beat(txn, self._owner, now_us)
            self._beaten_us = now_us
            try:
                self._write_uses(self._uses.take())
            except lmdb.MapFullError:
                self._filing.relieve(0)

    def _write_uses(self, noted: Noted) -> None:
        with self._transactions.writing() as shelf:
            for key, used_us in noted.last_us.items():
                shelf.touch(key, used_us)
            shelf.totals.hits += noted.uses

    def reap(self, now_us: int) -> int:
        self._transactions.now_us = now_us
        self._filing.tidy()
        with self._transactions.translated():
            self._transactions.environment.reader_check()
            with self._transactions.writing() as shelf:
                gone = self._filing.trim(shelf)
                for owner in shelf.owners() - {self._owner}:
                    if not self._leases.is_alive(shelf.txn, owner, now_us):
                        gone += shelf.bury(owner, STEPS - gone)
                for owner in self._leases.long_dead(shelf.txn, now_us):
                    self._leases.forget(shelf.txn, owner)
        return gone
