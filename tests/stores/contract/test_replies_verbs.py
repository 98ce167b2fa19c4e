"""Kept answers, verb by verb, as every engine keeps them."""

from __future__ import annotations

import pytest

from contract.engines import OpenReplies
from penstock.stores.replies import Busy, Conflict, Found, Replies, Reply, Scope, Spent
from support.kept_replies import LATER, LEASE, MIB, NOW, SCOPE, SECOND, key, large, reply

ONE, OTHER = b"one fingerprint", b"other fingerprint"


@pytest.fixture
def cache(keeping: OpenReplies) -> Replies:
    return worker(keeping, b"worker 0")


@pytest.fixture
def other(keeping: OpenReplies) -> Replies:
    return worker(keeping, b"worker 1")


def worker(keeping: OpenReplies, owner: bytes) -> Replies:
    """One that knows the time, and is alive."""
    made = keeping(owner, 64 * MIB)
    made.beat(NOW)
    return made


def test_odd_fields_come_back_as_they_are(cache: Replies) -> None:
    kept = Reply(599, b"", b"", b"\xff\0", b"\0" * 10, 0, "", "modèle \ud800 \N{FIRE}" * 100)
    assert cache.put(key(1), b"", kept, Scope("", "ä", ""), LATER)
    assert cache.get(key(1), NOW) == Found(kept, LATER)


def test_it_is_gone_at_the_moment_it_expires(cache: Replies) -> None:
    cache.put(key(1), b"", reply(), SCOPE, NOW + 5)
    assert cache.get(key(1), NOW + 4) is not None
    assert cache.get(key(1), NOW + 5) is None
    assert cache.claim(key(1), b"", NOW + 5) is None
    assert cache.stats()[:2] == (0, 0)


# -- claims


def test_a_claim_is_taken_once(cache: Replies, other: Replies) -> None:
    assert cache.claim(key(1), ONE, NOW) is None
    assert cache.claim(key(1), ONE, NOW) == Busy(ONE)
    assert other.claim(key(1), ONE, NOW) == Busy(ONE)
    assert other.claim(key(1), OTHER, NOW) == Conflict()
    assert other.get(key(1), NOW) is None
    assert other.claim(key(2), OTHER, NOW) is None


def test_an_answer_ends_the_claim(cache: Replies, other: Replies) -> None:
    cache.claim(key(1), ONE, NOW)
    assert cache.put(key(1), ONE, reply(), SCOPE, LATER)
    assert other.claim(key(1), ONE, NOW) == Found(reply(), LATER)
    assert other.claim(key(1), OTHER, NOW) == Conflict()
    assert other.claim(key(1), OTHER, LATER) is None


def test_a_spent_key_says_so_until_it_expires(cache: Replies, other: Replies) -> None:
    cache.claim(key(1), ONE, NOW)
    cache.spend(key(1), ONE, LATER)
    assert other.claim(key(1), ONE, NOW) == Spent()
    assert other.claim(key(1), OTHER, NOW) == Conflict()
    assert other.get(key(1), NOW) is None
    assert other.stats().entries == 0
    assert other.purge() == 0
    assert other.claim(key(1), ONE, LATER - 1) == Spent()
    assert other.claim(key(1), OTHER, LATER) is None


def test_only_a_claim_of_ones_own_is_abandoned(cache: Replies, other: Replies) -> None:
    cache.claim(key(1), ONE, NOW)
    other.abandon(key(1))
    assert other.claim(key(1), ONE, NOW) == Busy(ONE)
    cache.put(key(1), ONE, reply(), SCOPE, LATER)
    cache.abandon(key(1))
    assert cache.get(key(1), NOW) is not None


def test_the_claim_of_a_dead_worker_is_free(cache: Replies, other: Replies) -> None:
    cache.claim(key(1), ONE, NOW)
    assert other.claim(key(1), OTHER, NOW + LEASE - 1) == Conflict()
    assert other.claim(key(1), OTHER, NOW + LEASE) is None


def test_who_was_taken_for_dead_does_not_overwrite_another_request(cache: Replies, other: Replies) -> None:
    """A worker that stalled goes on and finds its key in the hands of somebody else."""
    later = NOW + LEASE
    cache.claim(key(1), ONE, NOW)
    other.beat(later)
    other.claim(key(1), OTHER, later)
    for size in (10, 300_000):
        assert not cache.put(key(1), ONE, reply(large(size)), SCOPE, LATER)
        cache.spend(key(1), ONE, LATER)
        cache.abandon(key(1))
        assert other.claim(key(1), OTHER, later) == Busy(OTHER)
    assert other.put(key(1), OTHER, reply(), SCOPE, LATER)
    assert not cache.put(key(1), ONE, reply(b"late"), SCOPE, LATER)
    cache.spend(key(1), OTHER, LATER)
    assert other.claim(key(1), OTHER, later) == Found(reply(), LATER)


# -- upkeep


def test_scopes_are_purged_and_nothing_else(cache: Replies) -> None:
    scopes = [Scope(a, g, p) for a in ("a", "b") for g in ("g", "h") for p in ("openai", "parallel")]
    for n, scope in enumerate(scopes * 100):
        cache.put(key(n), b"", reply(), scope, LATER)
    cache.claim(key(5000), ONE, NOW)
    assert cache.purge(Scope("a", "h", "openai")) == 100
    assert cache.purge(Scope("a", "h", "openai")) == 0
    assert cache.purge(Scope("", "", "parallel")) == 400
    assert cache.purge(Scope("b", "g", "")) == 100
    assert cache.stats().entries == 200
    assert cache.purge() == 200
    assert cache.stats()[:2] == (0, 0)
    assert cache.claim(key(5000), ONE, NOW) == Busy(ONE)


def test_stats_tell_what_happened(cache: Replies, other: Replies) -> None:
    assert cache.stats() == (0, 0, 64 * MIB, None, 0, 0, 0, 0)
    cache.put(key(1), b"", reply(b"12345", NOW - 7), SCOPE, NOW + 1)
    cache.put(key(2), b"", reply(b"12345", NOW - 9), SCOPE, LATER)
    cache.get(key(2), NOW)
    cache.get(key(3), NOW)
    cache.claim(key(2), b"", NOW)
    assert cache.stats() == (2, 2 * 45, 64 * MIB, NOW - 9, 2, 0, 0, 2)
    cache.beat(NOW + SECOND)
    assert cache.reap(NOW + SECOND) == 1
    assert other.stats() == (1, 45, 64 * MIB, NOW - 9, 2, 0, 1, 2)
