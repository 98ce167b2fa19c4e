"""Laws of the room that accounts have for kept answers, whatever is put, used and forgotten in whatever order.

The sums are what the cards say. Room is never exceeded. An account that keeps little loses nothing to those that keep
all they can, and what it puts where nothing may go before its time always finds room.
"""

from __future__ import annotations

import shutil
from itertools import count
from pathlib import Path
from tempfile import mkdtemp

import hypothesis.strategies as st
import lmdb
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from reply_kit import check_sums, database, opened, store

from penstock.stores.lmdb import reply_codec as codec
from penstock.stores.lmdb.replies import LmdbReplies
from penstock.stores.replies import Found, Scope
from support.kept_replies import LEASE, MIB, NOW, SECOND, key, large, reply

LIMIT = 4 * MIB
MODEST = "modest"
GREEDY = ["greedy", "greedier"]
LIFE = 600 * SECOND

SMALL = st.sampled_from(
    [0, 900, 3000]
)  # ten answers at most: less than a third of the room, and than a 25th of it
ANY = st.sampled_from([10, 3000, 60_000, 65_537, 400_000, 3 * MIB])
WORKERS = st.integers(0, 1)


class Sharing(RuleBasedStateMachine):
    """Three accounts and two workers, in a store of either kind."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(mkdtemp())
        self.environment: lmdb.Environment = opened(self.folder)
        self.now_us = NOW
        self.numbers = count(1000)
        self.modest: dict[int, Found] = {}
        self.greedy: dict[int, Found] = {}

    @initialize(evict=st.booleans())
    def choose(self, evict: bool) -> None:
        self.evict = evict
        self.stores = [self._store(b"worker 0"), self._store(b"worker 1")]

    def _store(self, owner: bytes) -> LmdbReplies:
        return store(self.environment, owner, LIMIT, evict=self.evict)

    def teardown(self) -> None:
        self.environment.close()
        shutil.rmtree(self.folder)

    def _put(self, worker: int, number: int, size: int, account: str) -> Found | None:
        found = Found(reply(large(size, number), self.now_us), self.now_us + LIFE)
        self.stores[worker].beat(self.now_us)
        kept = self.stores[worker].put(
            key(number), b"", found.reply, Scope(account, "gw", "openai"), found.expires_us
        )
        return found if kept else None

    @rule(worker=WORKERS, number=st.integers(0, 9), size=SMALL)
    def put_modestly(self, worker: int, number: int, size: int) -> None:
        found = self._put(worker, number, size, MODEST)
        assert found is not None
        self.modest[number] = found

    @rule(worker=WORKERS, account=st.sampled_from(GREEDY), sizes=st.lists(ANY, min_size=1, max_size=30))
    def put_greedily(self, worker: int, account: str, sizes: list[int]) -> None:
        for size in sizes:
            number = next(self.numbers)
            if (found := self._put(worker, number, size, account)) is not None:
                self.greedy[number] = found
            else:
                assert not self.evict or size > LIMIT // 3, (
                    "there is always room for what is no larger than a part"
                )
                self.stores[worker].spend(key(number), b"", self.now_us + LIFE, account)

    @rule(worker=WORKERS, account=st.sampled_from(GREEDY), size=st.sampled_from([900, 60_000]))
    def flood(self, worker: int, account: str, size: int) -> None:
        self.put_greedily(worker, account, [size] * (2 * LIMIT // (size + 2000)))

    @rule(worker=WORKERS, number=st.integers(0, 9))
    def use(self, worker: int, number: int) -> None:
        self.stores[worker].get(key(number), self.now_us)

    @rule(worker=WORKERS)
    def wait(self, worker: int) -> None:
        self.now_us += 20 * SECOND
        for one in self.stores:
            one.beat(self.now_us)
        self.stores[worker].reap(self.now_us)

    @rule(worker=WORKERS)
    def a_worker_is_another_now(self, worker: int) -> None:
        self.stores[worker] = self._store(b"worker %d" % next(self.numbers))
        self.now_us += LEASE
        for one in self.stores:
            one.beat(self.now_us)

    @rule(damaged=st.sampled_from([b"totals", b"sums", b"all"]))
    def sums_are_spoilt(self, damaged: bytes) -> None:
        where = database(self.environment, "entries")
        with self.environment.begin(write=True) as txn:
            if damaged != b"sums":
                txn.put(codec.TOTALS_KEY, b"garbage", db=where)
            if damaged != b"totals":
                txn.put(codec.BY_ACCOUNT + b"greedy", b"garbage", db=where)
        self.stores[0].purge(Scope("nobody", "", ""))
        self._put(0, next(self.numbers), 10, "greedy")

    @rule(worker=WORKERS, account=st.sampled_from(GREEDY))
    def purge(self, worker: int, account: str) -> None:
        self.stores[worker].purge(Scope(account, "", ""))
        self.greedy.clear()

    @invariant()
    def who_keeps_little_keeps_it(self) -> None:
        if not hasattr(self, "evict"):
            return
        for number, found in self.modest.items():
            expected = found if found.expires_us > self.now_us else None
            assert self.stores[0].get(key(number), self.now_us) == expected
        if not self.evict:
            for number, found in self.greedy.items():
                expected = found if found.expires_us > self.now_us else None
                assert self.stores[1].get(key(number), self.now_us) == expected

    @invariant()
    def sums_are_right_and_room_is_bounded(self) -> None:
        if not hasattr(self, "evict"):
            return
        totals = check_sums(self.environment)
        assert totals.room - totals.marked <= LIMIT


TestSharing = Sharing.TestCase
TestSharing.settings = settings(
    max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)


def test_a_spoilt_sum_costs_nobody_else_an_answer() -> None:
    """Who has most is counted before somebody makes room, and not only at the end."""
    state = Sharing()
    try:
        state.choose(evict=True)
        state.flood(worker=0, account="greedy", size=900)
        state.put_modestly(worker=0, number=0, size=900)
        state.sums_are_spoilt(damaged=b"sums")
        state.who_keeps_little_keeps_it()
        state.sums_are_right_and_room_is_bounded()
    finally:
        state.teardown()
