"""Laws of kept answers: two workers' stores against a model, and which answers make room."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from tempfile import mkdtemp
from typing import NamedTuple

import hypothesis.strategies as st
from hypothesis import HealthCheck, given, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from reply_kit import contents, only_sums, opened, spoil, store

from penstock.stores.lmdb.replies import IDEMPOTENCY, LmdbReplies
from penstock.stores.lmdb.reply_codec import (
    Card,
    ClaimRecord,
    SpentRecord,
    StoredRecord,
    Totals,
    card,
    claim_record,
    packed_card,
    packed_totals,
    record,
    spent_record,
    stored_record,
    totals,
)
from penstock.stores.replies import Busy, Conflict, Found, Reply, Scope, Spent
from support.kept_replies import LEASE, MIB, NOW, SECOND, key, large, reply

KEYS = st.integers(0, 5)
WORKERS = st.integers(0, 1)
FINGERPRINTS = st.sampled_from([b"", b"f", b"g" * 32])
SIZES = st.sampled_from([0, 10, 3000, 65_536, 65_537, 600_000])
LIVES = st.integers(1, 40).map(lambda seconds: seconds * SECOND)
SCOPES = st.builds(Scope, *[st.sampled_from(["x", "y"])] * 3)
ASKED = st.none() | st.builds(Scope, *[st.sampled_from(["", "x", "y"])] * 3)


class Claimed(NamedTuple):
    fingerprint: bytes
    worker: int


class Used(NamedTuple):
    fingerprint: bytes
    expires_us: int


class Kept(NamedTuple):
    fingerprint: bytes
    expires_us: int
    reply: Reply
    scope: Scope


class Workers(RuleBasedStateMachine):
    """What two workers see is what one model says. What has expired stays in the model until it is removed."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(mkdtemp())
        self.environment = opened(self.folder)
        self.stores = [
            store(self.environment, owner, name=IDEMPOTENCY, evict=False)
            for owner in (b"worker 0", b"worker 1")
        ]
        self.now_us = NOW
        self.beaten_us = [NOW, NOW]
        self.there: dict[int, Claimed | Used | Kept] = {}
        self.counts = {"stored": 0, "expired": 0, "hits": 0}
        self.noted = [0, 0]
        self.seed = 0

    def teardown(self) -> None:
        self.environment.close()
        shutil.rmtree(self.folder)

    # -- the model

    def is_alive(self, worker: int) -> bool:
        return self.now_us - self.beaten_us[worker] < LEASE

    def is_over(self, there: Claimed | Used | Kept, worker: int) -> bool:
        if isinstance(there, Claimed):
            return there.worker != worker and not self.is_alive(there.worker)
        return there.expires_us <= self.now_us

    def seen(self, number: int, worker: int, fingerprint: bytes) -> Found | Busy | Conflict | Spent | None:
        there = self.there.get(number)
        if there is None or self.is_over(there, worker):
            return None
        if there.fingerprint != fingerprint:
            return Conflict()
        if isinstance(there, Claimed):
            return Busy(fingerprint)
        return Found(there.reply, there.expires_us) if isinstance(there, Kept) else Spent()

    def replace(self, number: int, new: Claimed | Used | Kept | None) -> None:
        old = self.there.pop(number, None)
        if isinstance(old, Kept) and old.expires_us <= self.now_us:
            self.counts["expired"] += 1
        if new is not None:
            self.there[number] = new

    def told(self, worker: int) -> LmdbReplies:
        """A worker's store that knows the time."""
        assert self.stores[worker].get(b"\xff" * 32, self.now_us) is None
        return self.stores[worker]

    # -- what happens

    @rule(microseconds=st.sampled_from([0, 1, SECOND - 1, SECOND, 5 * SECOND, LEASE - 1, LEASE]))
    def time_passes(self, microseconds: int) -> None:
        self.now_us += microseconds

    @rule(worker=WORKERS)
    def beat(self, worker: int) -> None:
        self.stores[worker].beat(self.now_us)
        if self.now_us - self.beaten_us[worker] >= SECOND:
            self.beaten_us[worker] = self.now_us
            self.counts["hits"] += self.noted[worker]
            self.noted[worker] = 0

    @rule(worker=WORKERS, number=KEYS)
    def get(self, worker: int, number: int) -> None:
        there = self.there.get(number)
        found = self.stores[worker].get(key(number), self.now_us)
        if isinstance(there, Kept) and there.expires_us > self.now_us:
            assert found == Found(there.reply, there.expires_us)
            self.noted[worker] += 1
        else:
            assert found is None

    @rule(worker=WORKERS, number=KEYS, fingerprint=FINGERPRINTS)
    def claim(self, worker: int, number: int, fingerprint: bytes) -> None:
        expected = self.seen(number, worker, fingerprint)
        assert self.stores[worker].claim(key(number), fingerprint, self.now_us) == expected
        self.noted[worker] += isinstance(expected, Found)
        if expected is None:
            self.replace(number, Claimed(fingerprint, worker))

    @rule(worker=WORKERS, number=KEYS, fingerprint=FINGERPRINTS, size=SIZES, scope=SCOPES, life_us=LIVES)
    def put(
        self, worker: int, number: int, fingerprint: bytes, size: int, scope: Scope, life_us: int
    ) -> None:
        self.seed += 1
        new = reply(large(size, self.seed), self.now_us)
        expires_us = self.now_us + life_us
        there = self.there.get(number)
        is_foreign = there is not None and there.fingerprint != fingerprint
        if isinstance(there, Claimed):
            is_taken = is_foreign and there.worker != worker
        else:
            is_taken = is_foreign and there is not None and there.expires_us > self.now_us
        kept = self.told(worker).put(key(number), fingerprint, new, scope, expires_us)
        assert kept is not is_taken
        if kept:
            self.replace(number, Kept(fingerprint, expires_us, new, scope))
            self.counts["stored"] += 1

    @rule(worker=WORKERS, number=KEYS, fingerprint=FINGERPRINTS, life_us=LIVES)
    def spend(self, worker: int, number: int, fingerprint: bytes, life_us: int) -> None:
        there = self.there.get(number)
        if isinstance(there, Claimed):
            is_free = there.worker == worker
        else:
            is_free = there is None or there.expires_us <= self.now_us
        self.told(worker).spend(key(number), fingerprint, self.now_us + life_us)
        if is_free or (isinstance(there, Used) and there.fingerprint == fingerprint):
            self.replace(number, Used(fingerprint, self.now_us + life_us))

    @rule(worker=WORKERS, number=KEYS)
    def abandon(self, worker: int, number: int) -> None:
        there = self.there.get(number)
        self.told(worker).abandon(key(number))
        if isinstance(there, Claimed) and there.worker == worker:
            self.replace(number, None)

    @rule(worker=WORKERS, scope=ASKED)
    def purge(self, worker: int, scope: Scope | None) -> None:
        gone = [
            number
            for number, there in self.there.items()
            if isinstance(there, Kept)
            and all(
                asked in ("", given) for asked, given in zip(scope or ("", "", ""), there.scope, strict=True)
            )
        ]
        assert self.told(worker).purge(scope) == len(gone)
        for number in gone:
            self.replace(number, None)

    @rule(worker=WORKERS)
    def reap(self, worker: int) -> None:
        gone = [number for number, there in self.there.items() if self.is_over(there, worker)]
        assert self.stores[worker].reap(self.now_us) == len(gone)
        for number in gone:
            self.replace(number, None)

    @precondition(lambda self: self.there)
    @rule(worker=WORKERS)
    def everything_ends(self, worker: int) -> None:
        self.now_us += 60 * SECOND
        self.reap(worker)
        for number in list(self.there):  # what is left is claimed by this worker
            self.abandon(worker, number)
        assert only_sums(self.environment), contents(self.environment)

    @invariant()
    def the_sums_are_those_of_the_answers(self) -> None:
        kept = [there for there in self.there.values() if isinstance(there, Kept)]
        for worker, one in enumerate(self.stores):
            stats = one.stats()
            assert stats.entries == len(kept)
            assert stats.bytes == sum(len(there.reply.body) + len(there.reply.head) for there in kept)
            assert stats.oldest_us == min((there.reply.created_us for there in kept), default=None)
            assert (stats.stored, stats.expired) == (self.counts["stored"], self.counts["expired"])
            assert stats.hits == self.counts["hits"] + self.noted[worker]
            assert stats.evicted == 0


TestWorkers = Workers.TestCase
TestWorkers.settings = settings(
    max_examples=40, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)


@settings(max_examples=25, deadline=None)
@given(
    uses=st.lists(st.integers(0, 19), max_size=40),
    sizes=st.sampled_from([(500, 2100), (5000, 9000), (60_000, 66_000), (200_000, 207_000)]),
    more=st.integers(1, 30),
)
def test_the_least_recently_used_go_first(uses: list[int], sizes: tuple[int, int], more: int) -> None:
    """Whatever was used when: those that are left are those that were used last, and they fit."""
    size, room = sizes
    folder = Path(mkdtemp())
    environment = opened(folder)
    try:
        cache = store(environment, limit=24 * room)
        order = list(range(20))
        now_us = NOW
        for number in order:
            cache.beat(now_us := now_us + SECOND)
            assert cache.put(key(number), b"", reply(large(size)), Scope("", "", ""), NOW * 2)
        for number in uses:
            now_us += SECOND
            if cache.get(key(number), now_us) is not None:
                order.remove(number)
                order.append(number)
            cache.beat(now_us)
        for number in range(20, 20 + more):
            cache.beat(now_us := now_us + SECOND)
            assert cache.put(key(number), b"", reply(large(size)), Scope("", "", ""), NOW * 2)
            order.append(number)
        left = [number for number in order if cache.get(key(number), now_us) is not None]
        assert left == order[len(order) - len(left) :]
        stats = cache.stats()
        assert stats.evicted == len(order) - len(left)
        assert stats.bytes <= stats.limit
        assert stats.evicted or more < 10
    finally:
        environment.close()
        shutil.rmtree(folder)


BYTES = st.binary(max_size=300)
NUMBERS = st.integers(0, 2**64 - 1)
TEXT = st.text(max_size=50)
REPLIES = st.builds(Reply, st.integers(0, 65_535), BYTES, BYTES, BYTES, BYTES, NUMBERS, TEXT, TEXT)


@given(BYTES, REPLIES, NUMBERS, st.integers(0, 3))
def test_records_are_read_as_they_were_written(
    fingerprint: bytes, kept: Reply, expires_us: int, blob: int
) -> None:
    read = record(stored_record(fingerprint, kept, expires_us, blob))
    assert isinstance(read, StoredRecord)
    assert (read.fingerprint, read.expires_us, read.blob, read.length) == (
        fingerprint, expires_us, blob, len(kept.body),
    )  # fmt: skip
    assert read.reply.body == (b"" if blob else kept.body)
    assert (read.reply.head, read.reply.model) == (kept.head, kept.model)
    assert record(claim_record(fingerprint, kept.head)) == ClaimRecord(fingerprint, kept.head)
    assert record(spent_record(fingerprint, expires_us)) == SpentRecord(fingerprint, expires_us)


@given(st.builds(Card, st.booleans(), *[NUMBERS] * 7, st.builds(Scope, TEXT, TEXT, TEXT)))
def test_cards_are_read_as_they_were_written(one: Card) -> None:
    assert card(packed_card(one)) == one


@given(REPLIES, st.data())
def test_whatever_is_cut_or_longer_is_nothing(kept: Reply, data: st.DataObject) -> None:
    for whole in (stored_record(b"f", kept, 1, 0), claim_record(b"f", b"o"), spent_record(b"f", 1)):
        cut = data.draw(st.integers(0, len(whole) - 1))
        assert record(whole[:cut]) is None
        assert record(whole + b"x") is None
    sums = packed_totals(Totals(1, 2, 3, 4, 5, 6, 7, 8))
    assert totals(sums) == Totals(1, 2, 3, 4, 5, 6, 7, 8)
    assert totals(sums[:-1]) is None


@given(st.binary(max_size=400))
def test_garbage_never_raises(data: bytes) -> None:
    for first in (b"", b"\x01", b"\x02", b"\x03"):
        record(first + data)
        card(first + data)
        totals(first + data)


def test_a_spoilt_length_is_not_believed() -> None:
    """No memory is asked for before the chunks are seen."""
    folder = Path(mkdtemp())
    environment = opened(folder)
    try:
        cache = store(environment, limit=MIB)
        cache.put(key(1), b"", reply(large(100_000)), Scope("", "", ""), NOW * 2)
        whole = stored_record(b"", reply(large(100_000)), NOW * 2, 9)
        places = [
            at for at in range(len(whole)) if whole[at : at + 8] == (100_000).to_bytes(8, sys.byteorder)
        ]
        assert len(places) == 1
        spoil(environment, "records", key(1), whole[: places[0]] + b"\xff" * 8 + whole[places[0] + 8 :])
        assert cache.get(key(1), NOW) is None
    finally:
        environment.close()
        shutil.rmtree(folder)
