"""Which account's kept answers make room, what an account may keep, and stores of before there were shares."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import lmdb
import pytest
from reply_kit import check_sums, database, kept_sums, only_sums, opened, store

from penstock.stores.lmdb import reply_codec as codec
from penstock.stores.lmdb import reply_shares
from penstock.stores.lmdb.replies import IDEMPOTENCY
from penstock.stores.replies import Found, RepliesUnavailable, Scope, Spent
from support.kept_replies import LATER, MIB, NOW, SECOND, key, large, reply

GOOD, EVIL = Scope("good", "gw", "openai"), Scope("evil", "gw", "openai")


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[lmdb.Environment]:
    with closing(opened(tmp_path)) as environment:
        yield environment


# -- where old answers make room


def test_one_that_is_alone_may_have_all(environment: lmdb.Environment) -> None:
    cache = store(environment, limit=MIB)
    for n in range(600):
        assert cache.put(key(n), b"", reply(large(3000, n)), EVIL, LATER)
    assert kept_sums(environment)[1][b"evil"].room > MIB * 95 // 100


def test_who_has_most_gives_way_to_who_comes_later_until_both_have_the_same(
    environment: lmdb.Environment,
) -> None:
    cache = store(environment, limit=MIB)
    for scope in (EVIL, GOOD, EVIL):
        for n in range(600):
            assert cache.put(key(n + 1000 * (scope is GOOD)), b"", reply(large(3000, n)), scope, LATER)
    check_sums(environment)
    held = kept_sums(environment)[1]
    assert abs(held[b"evil"].room - held[b"good"].room) < 10_000
    assert cache.get(key(1599), NOW) is not None


def test_an_answer_that_only_those_with_less_could_make_room_for_is_not_kept(
    environment: lmdb.Environment,
) -> None:
    cache = store(environment, limit=MIB)
    for n in range(10):
        cache.put(key(n), b"", reply(large(40_000, n)), GOOD, LATER)
    for n in range(10, 20):
        cache.put(key(n), b"", reply(large(40_000, n)), EVIL, LATER)
    assert not cache.put(key(100), b"", reply(large(700_000)), EVIL, LATER)
    assert cache.stats().evicted == 0
    assert cache.put(key(100), b"", reply(large(500_000)), EVIL, LATER)
    assert all(cache.get(key(n), NOW) is not None for n in range(10))


def test_a_put_pushes_out_a_bounded_number(environment: lmdb.Environment) -> None:
    cache = store(environment)
    for n in range(2000):
        cache.put(key(n), b"", reply(large(1000)), EVIL, LATER)
    lower = store(environment, limit=MIB // 2)
    assert not lower.put(key(5000), b"", reply(), GOOD, LATER)
    assert 0 < lower.stats().evicted <= 256


def test_answers_that_are_used_stay_within_an_account(environment: lmdb.Environment) -> None:
    cache = store(environment, limit=MIB)
    for n in range(400):
        cache.beat(NOW + n * SECOND)
        cache.put(key(n), b"", reply(large(3000, n)), (EVIL, GOOD)[n % 2], LATER)
        cache.get(key(0), NOW + n * SECOND)
    assert cache.stats().evicted > 0
    assert cache.get(key(0), NOW) is not None
    assert cache.get(key(2), NOW) is None


# -- where nothing goes before its time


def test_past_its_share_an_account_is_refused_and_another_is_not(environment: lmdb.Environment) -> None:
    kept = store(environment, limit=MIB, name=IDEMPOTENCY, evict=False)
    numbers = [n for n in range(600) if kept.put(key(n), b"", reply(large(3000, n)), EVIL, LATER)]
    assert numbers == list(range(len(numbers)))
    assert MIB * 3 // 4 < kept_sums(environment, IDEMPOTENCY)[1][b"evil"].room <= MIB * 4 // 5
    assert not kept.put(key(900), b"", reply(large(100_000)), EVIL, LATER)
    assert kept.put(key(900), b"", reply(large(100_000)), GOOD, LATER)
    assert all(kept.get(key(n), NOW) is not None for n in numbers)
    kept.beat(LATER)
    assert kept.put(key(700), b"", reply(large(3000)), EVIL, 2 * LATER), "what was over has made room"


def test_spent_keys_of_one_account_take_no_room_of_others(
    environment: lmdb.Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reply_shares, "MARKED_BYTES", 4 * MIB)
    kept = store(environment, limit=MIB, name=IDEMPOTENCY, evict=False)
    room = codec.inline_room(len(codec.spent_record(b"f", LATER)))
    most = -(-4 * MIB * 4 // 5 // room)
    for n in range(most):
        assert kept.claim(key(n), b"f", NOW, "evil") is None
        kept.spend(key(n), b"f", LATER, "evil")
    with pytest.raises(RepliesUnavailable):
        kept.claim(key(most), b"f", NOW, "evil")
    assert kept.claim(key(0), b"f", NOW, "evil") == Spent()
    assert not kept.put(key(8000), b"f", reply(), EVIL, LATER), "they are part of its own share"
    assert kept.claim(key(9000), b"f", NOW, "good") is None
    assert kept.put(key(9000), b"f", reply(large(400_000)), GOOD, LATER)
    check_sums(environment, IDEMPOTENCY)
    while kept.reap(LATER):
        pass
    assert kept.claim(key(0), b"f", LATER, "evil") is None
    kept.abandon(key(0))
    assert only_sums(environment)


# -- older stores


@pytest.mark.parametrize("name", ["cache", IDEMPOTENCY])
def test_an_older_store_is_counted_anew_and_keeps_what_it_has(
    environment: lmdb.Environment, name: str
) -> None:
    old = store(environment, limit=2 * MIB, name=name, evict=name == "cache")
    for n in range(20):
        size = 100_000 if n == 3 else 3000
        assert old.put(key(n), b"f", reply(large(size, n)), (EVIL, GOOD)[n % 2], LATER)
    old.spend(key(50), b"f", LATER)
    old.claim(key(60), b"f", NOW)
    before = old.stats()
    as_before_there_were_shares(environment, name)
    new = store(environment, limit=MIB, name=name, evict=name == "cache")
    assert new.stats()[:2] == before[:2]
    check_sums(environment, name)
    for n in range(20):
        found = Found(reply(large(100_000 if n == 3 else 3000, n)), LATER)
        assert new.claim(key(n), b"f", NOW) == found
    assert new.claim(key(50), b"f", NOW) == Spent()
    put = [new.put(key(n), b"f", reply(large(3000, n)), EVIL, LATER) for n in range(100, 700)]
    assert all(put) is (name == "cache")
    assert all(new.get(key(n), NOW) is not None for n in range(1, 20, 2)), "the others' stay"
    check_sums(environment, name)
    assert new.purge() > 100
    while new.reap(LATER):
        pass
    new.abandon(key(60))
    assert only_sums(environment)


def as_before_there_were_shares(environment: lmdb.Environment, name: str) -> None:
    """Eight sums, none for an account, and one order of use for all."""
    where = database(environment, "entries", name)
    with environment.begin(write=True) as txn, txn.cursor(where) as cursor:
        for entry, value in list(cursor):
            if entry[:1] == codec.BY_ACCOUNT:
                txn.delete(entry, db=where)
            elif entry[:1] == codec.BY_USE:
                txn.delete(entry, db=where)
                txn.put(codec.BY_USE + entry[-40:], b"", db=where)
            elif entry == codec.TOTALS_KEY:
                txn.put(entry, struct.pack("=8Q", *struct.unpack("=9Q", value)[:8]), db=where)
