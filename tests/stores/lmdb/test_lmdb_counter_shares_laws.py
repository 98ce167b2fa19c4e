"""Laws of counters that callers made up, whatever is invented in whatever order.

The model is the list of what was granted to each value. No value is ever granted more than its limit in its window;
one of an account that invents little has exactly its limit; what counters take is what the sums say, and bounded.
"""

from __future__ import annotations

import struct
import tempfile
from itertools import count
from pathlib import Path
from typing import NamedTuple

import lmdb
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from soundness_kit import unsound

from penstock.stores.counters import Claim, Family, Granted, Reservation, Window
from penstock.stores.lmdb.counters import CHECKS, DATABASES, LmdbCounters
from penstock.stores.lmdb.environment import open_environment

SECOND = 1_000_000
T0 = 1_700_006_400 * SECOND
SPAN = 3600
MAP_BYTES = 256 * 1024  # room for a hundred values of an account that is alone
LIMIT = 6

_HONEST = Family(b"honest", b"r")
_GREEDY = [Family(b"greedy-%d" % account, b"r%d" % one) for account in range(2) for one in range(2)]
honest = st.sampled_from([b"ada", b"bob", b"cyd"])
values = st.integers(0, 400).map(lambda value: b"%d" % value)
amounts = st.integers(1, 3)


class _Taken(NamedTuple):
    time_us: int
    amount: int


class _Aside(NamedTuple):
    claim: Claim
    made: Reservation
    time_us: int


class Inventing(RuleBasedStateMachine):
    """Callers of three accounts, one of which names few values."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.environment: lmdb.Environment = open_environment(Path(self.folder.name), MAP_BYTES, DATABASES)
        self.workers = [LmdbCounters(self.environment, b"worker-%d" % number) for number in range(2)]
        self.now = T0
        self.window = Window(SPAN, False)
        self.taken: dict[tuple[Family, bytes], list[_Taken]] = {}
        self.aside: list[_Aside] = []
        self.numbers = count()

    def teardown(self) -> None:
        self.environment.close()
        self.folder.cleanup()

    @initialize(sliding=st.booleans())
    def choose(self, sliding: bool) -> None:
        self.window = Window(SPAN, sliding)

    @rule(minutes=st.integers(0, 40))
    def wait(self, minutes: int) -> None:
        self.now += minutes * 60 * SECOND
        for worker in self.workers:
            worker.beat(self.now)

    @rule(worker=st.integers(0, 1))
    def reap(self, worker: int) -> None:
        self.workers[worker].reap(self.now)

    @rule(which=st.sampled_from(_GREEDY), many=st.integers(1, 300), amount=amounts)
    def flood(self, which: Family, many: int, amount: int) -> None:
        for _ in range(many):
            self._take(which, b"new-%d" % next(self.numbers), amount, 0)

    @rule(which=st.sampled_from(_GREEDY), value=values, amount=amounts, worker=st.integers(0, 1))
    def take(self, which: Family, value: bytes, amount: int, worker: int) -> None:
        self._take(which, value, amount, worker)

    @rule(value=honest, amount=amounts, worker=st.integers(0, 1))
    def take_honestly(self, value: bytes, amount: int, worker: int) -> None:
        free = LIMIT - self._live(_HONEST, value)
        assert self._take(_HONEST, value, amount, worker) is (amount <= free)

    @rule(which=st.sampled_from([_HONEST, *_GREEDY]), value=honest, amount=amounts)
    def set_aside(self, which: Family, value: bytes, amount: int) -> None:
        claim = Claim(value, amount, LIMIT, self.window, which)
        made = self.workers[0].reserve([claim], self.now)
        if isinstance(made, Reservation):
            self.taken.setdefault((which, value), []).append(_Taken(self.now, amount))
            self.aside.append(_Aside(claim, made, self.now))

    @rule(which=st.integers(0, 100), share=st.integers(0, 3))
    def settle(self, which: int, share: int) -> None:
        if not self.aside:
            return
        claim, made, time_us = self.aside.pop(which % len(self.aside))
        assert claim.family is not None
        is_live = _Taken(time_us, made.amount) in self._counted(claim.family, claim.key)
        used = min(share, made.amount) if is_live else 0  # what outlives its window counts all the same
        self.workers[0].settle(made, used, self.now)
        taken = self.taken[claim.family, claim.key]
        taken.remove(_Taken(time_us, made.amount))
        taken.append(_Taken(self.now, used))

    def _take(self, which: Family, value: bytes, amount: int, worker: int) -> bool:
        claim = Claim(value, amount, LIMIT, self.window, which)
        if not isinstance(self.workers[worker].take([claim], self.now), Granted):
            return False
        self.taken.setdefault((which, value), []).append(_Taken(self.now, amount))
        return True

    def _counted(self, which: Family, value: bytes) -> list[_Taken]:
        span = SPAN * SECOND
        since = self.now - span + 1 if self.window.sliding else self.now - self.now % span
        return [one for one in self.taken.get((which, value), ()) if one.time_us >= since]

    def _live(self, which: Family, value: bytes) -> int:
        return sum(one.amount for one in self._counted(which, value))

    @invariant()
    def no_limit_is_overrun(self) -> None:
        for which, value in self.taken:
            assert self._live(which, value) <= LIMIT

    @invariant()
    def what_counters_take_is_bounded_and_known(self) -> None:
        with self.environment.begin() as txn:
            names = (b"counters", b"endings", b"shares")
            databases = [self.environment.open_db(name, txn) for name in names]
            stats = [txn.stat(database) for database in databases]
            with txn.cursor(databases[2]) as cursor:
                sums = {key: struct.unpack("=q", value)[0] for key, value in cursor}
        in_use = sum(stat["leaf_pages"] + stat["branch_pages"] + stat["overflow_pages"] for stat in stats)
        assert in_use * 4096 <= MAP_BYTES * 3 // 4
        assert stats[0]["entries"] == stats[1]["entries"]
        assert sums.get(b"\1", 0) >= 384 * stats[0]["entries"]
        for length in (9, 17):
            assert sum(one for key, one in sums.items() if len(key) == length) == sums.get(b"\1", 0)

    @invariant()
    def no_start_would_set_it_aside(self) -> None:
        assert unsound(self.environment, CHECKS) == []


TestInventing = Inventing.TestCase
TestInventing.settings = settings(max_examples=25, stateful_step_count=40)
