"""Captures keep the first part of a body, and never a byte of memory longer than they should.

A machine of many captures on one budget looks for memory that is lost or given twice.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from penstock.budget import Budget
from penstock.proxy.capture import MANY_PIECES, Capture, join_crumbs

ALLOWANCE = 65536
PIECES = st.lists(st.integers(min_value=0, max_value=200_000).map(bytes), max_size=12)
LIMITS = st.one_of(st.integers(0, 600_000), st.sampled_from([0, 1, ALLOWANCE, ALLOWANCE + 1]))


@given(PIECES, LIMITS, st.integers(0, 800_000))
def test_the_first_part_is_kept_and_the_memory_given_back(pieces: list[bytes], limit: int, size: int) -> None:
    budget = Budget(size)
    capture = Capture(limit, budget)
    for number, data in enumerate(pieces):
        capture.add(bytes([number]) * len(data))
        assert 0 <= budget.free <= size
    whole = b"".join(bytes([number]) * len(data) for number, data in enumerate(pieces))
    cut = capture.cut
    kept = capture.release()
    assert whole.startswith(kept)
    assert len(kept) <= limit
    assert cut == (len(kept) < len(whole))
    assert len(kept) >= min(len(whole), limit, ALLOWANCE)
    if size >= limit:
        assert len(kept) == min(len(whole), limit)
    assert budget.free == size


@given(PIECES)
def test_nothing_is_kept_after_the_first_gap(pieces: list[bytes]) -> None:
    """Memory that comes back later does not make a hole in the middle of what is kept."""
    budget = Budget(100_000)
    first, second = Capture(10**9, budget), Capture(10**9, budget)
    first.add(bytes(ALLOWANCE + 100_000))
    for data in pieces:
        second.add(data)
    first.release()
    second.add(b"late")
    whole = b"".join(pieces) + b"late"
    cut = second.cut
    kept = second.release()
    assert whole.startswith(kept)
    assert cut == (kept != whole)
    assert budget.free == 100_000


def test_the_limit_is_exact() -> None:
    capture = Capture(5, Budget(0))
    cuts = []
    for data in (b"abc", b"de", b"", b"f"):
        capture.add(data)
        cuts.append(capture.cut)
    assert cuts == [False, False, False, True]
    assert capture.release() == b"abcde"


def test_a_limit_of_nothing() -> None:
    capture = Capture(0, Budget(10))
    capture.add(b"")
    assert not capture.cut
    capture.add(b"a")
    assert (capture.cut, capture.release()) == (True, b"")


def test_releasing_twice_gives_memory_back_once() -> None:
    budget = Budget(1_000_000)
    capture = Capture(10**9, budget)
    capture.add(bytes(500_000))
    assert budget.free < 1_000_000
    assert len(capture.release()) == 500_000
    assert capture.release() == b""
    assert budget.free == 1_000_000


def test_what_comes_after_the_release_costs_nothing() -> None:
    budget = Budget(1_000_000)
    capture = Capture(10**9, budget)
    capture.add(bytes(500_000))
    capture.release()
    capture.add(bytes(500_000))
    assert capture.release() == b""
    assert budget.free == 1_000_000


class Sharing(RuleBasedStateMachine):
    """Many captures share one budget: together they never hold more of it than there is."""

    SIZE = 500_000

    def __init__(self) -> None:
        super().__init__()
        self.budget = Budget(self.SIZE)
        self.open: list[Capture] = []

    @rule(limit=LIMITS)
    def begin(self, limit: int) -> None:
        self.open.append(Capture(limit, self.budget))

    @rule(which=st.integers(0, 9), size=st.integers(0, 300_000))
    def add(self, which: int, size: int) -> None:
        if self.open:
            self.open[which % len(self.open)].add(bytes(size))

    @rule(which=st.integers(0, 9))
    def end(self, which: int) -> None:
        if self.open:
            self.open.pop(which % len(self.open)).release()

    @invariant()
    def holds(self) -> None:
        assert 0 <= self.budget.free <= self.SIZE
        if not self.open:
            assert self.budget.free == self.SIZE


TestSharing = Sharing.TestCase


@given(st.lists(st.integers(1, 3000), max_size=1200))
def test_crumbs_are_joined_once_and_nothing_else_changes(sizes: list[int]) -> None:
    """As they come: each byte is in at most one join, so that the work is that of the bytes."""
    pieces: list[bytes] = []
    swept = joined = 0
    for number, size in enumerate(sizes):
        pieces.append(bytes([number % 256]) * size)
        if len(pieces) - swept > MANY_PIECES:
            before = pieces[swept:]
            swept = join_crumbs(pieces, swept)
            if len(pieces[swept - 1]) == sum(map(len, before)):
                joined += sum(map(len, before))
    assert b"".join(pieces) == b"".join(bytes([n % 256]) * size for n, size in enumerate(sizes))
    assert joined <= sum(sizes)


def test_a_capture_of_crumbs_has_few_pieces() -> None:
    capture = Capture(2_000_000, Budget(4_000_000))
    for _ in range(1_000_000):
        capture.add(b"ab")
    assert len(capture._pieces) < 20_000
    assert capture.release() == b"ab" * 1_000_000


# -- the end of a body


@given(PIECES, LIMITS, st.integers(0, 800_000))
def test_the_end_is_kept_where_it_is_asked_for(pieces: list[bytes], limit: int, size: int) -> None:
    budget = Budget(size)
    capture = Capture(limit, budget, ends=True)
    for number, data in enumerate(pieces):
        capture.add(bytes([number]) * len(data))
        assert 0 <= budget.free <= size
    whole = b"".join(bytes([number]) * len(data) for number, data in enumerate(pieces))
    end, gap = capture.rest()
    cut = capture.cut
    kept = capture.release()
    assert whole.startswith(kept)
    assert whole.endswith(end)
    assert len(end) <= 2 * ALLOWANCE
    assert gap == (len(kept) + len(end) < len(whole))
    assert not end or len(end) >= min(len(whole) - len(kept), ALLOWANCE)
    if cut and size >= limit + 2 * ALLOWANCE:
        assert end
    assert budget.free == size


def test_an_end_of_crumbs_is_small() -> None:
    budget = Budget(2_000_000)
    capture = Capture(10, budget, ends=True)
    for number in range(300_000):
        capture.add(b"%d," % number)
    assert budget.free >= 2_000_000 - 2 * ALLOWANCE
    end, gap = capture.rest()
    assert end.endswith(b"299998,299999,")
    assert gap
    capture.release()
    capture.add(bytes(100_000))
    assert budget.free == 2_000_000
    assert capture.rest()[0] == b""
