"""Kept answers in LMDB: sizes, what makes room, spoilt values, full maps and threads."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import lmdb
import msgspec
import pytest
from reply_kit import database, only_sums, opened, spoil, store

from penstock.stores.lmdb.replies import IDEMPOTENCY, LmdbReplies, map_bytes
from penstock.stores.lmdb.reply_codec import CHUNK_BYTES, INLINE_BYTES
from penstock.stores.lmdb.reply_filing import Filing
from penstock.stores.lmdb.reply_shelf import Shelf
from penstock.stores.replies import Busy, Found, RepliesUnavailable, Spent
from support.kept_replies import LATER, LEASE, MIB, NOW, SCOPE, SECOND, key, large, reply

ONE, OTHER = b"one fingerprint", b"other fingerprint"


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[lmdb.Environment]:
    with closing(opened(tmp_path)) as environment:
        yield environment


@pytest.fixture
def cache(environment: lmdb.Environment) -> LmdbReplies:
    return store(environment)


@pytest.fixture
def other(environment: lmdb.Environment) -> LmdbReplies:
    return store(environment, b"worker 1")


@pytest.mark.parametrize(
    "size",
    [
        0,
        1,
        1999,
        2000,
        INLINE_BYTES,
        INLINE_BYTES + 1,
        CHUNK_BYTES,
        CHUNK_BYTES + 1,
        3 * CHUNK_BYTES,
        2 * MIB,
    ],
)
def test_an_answer_comes_back_whole(cache: LmdbReplies, other: LmdbReplies, size: int) -> None:
    kept = reply(large(size))
    assert cache.put(key(1), b"", kept, SCOPE, LATER)
    assert other.get(key(1), NOW) == Found(kept, LATER)
    assert other.claim(key(1), b"", NOW) == Found(kept, LATER)


def test_a_later_answer_replaces_an_earlier_one(cache: LmdbReplies, environment: lmdb.Environment) -> None:
    for size in (10, 300_000, 700_000, 20):
        kept = reply(large(size))
        assert cache.put(key(1), b"", kept, SCOPE, LATER)
        assert cache.get(key(1), NOW) == Found(kept, LATER)
        assert cache.stats()[:2] == (1, size + len(kept.head))
    cache.purge()
    assert only_sums(environment)


# -- claims


def test_an_abandoned_key_is_as_if_never_used(
    cache: LmdbReplies, other: LmdbReplies, environment: lmdb.Environment
) -> None:
    cache.claim(key(1), ONE, NOW)
    cache.abandon(key(1))
    cache.abandon(key(2))
    assert only_sums(environment)
    assert other.claim(key(1), OTHER, NOW) is None


def test_who_claims_before_the_first_beat_is_alive(environment: lmdb.Environment, other: LmdbReplies) -> None:
    new = LmdbReplies(environment, "cache", b"new", MIB, evict=True)
    assert new.claim(key(1), ONE, NOW) is None
    assert other.claim(key(1), ONE, NOW) == Busy(ONE)


# -- room


def test_what_is_larger_than_the_limit_is_refused_and_pushes_nothing_out(
    environment: lmdb.Environment,
) -> None:
    cache = store(environment, limit=MIB)
    cache.put(key(1), b"", reply(), SCOPE, LATER)
    cache.claim(key(2), b"", NOW)
    assert not cache.put(key(2), b"", reply(large(MIB)), SCOPE, LATER)
    assert cache.claim(key(2), b"", NOW) == Busy(b""), "the claim stands until it is ended"
    assert cache.get(key(1), NOW) is not None


@pytest.mark.parametrize("size", [1000, 60_000, 300_000])
def test_the_least_recently_used_make_room(environment: lmdb.Environment, size: int) -> None:
    cache = store(environment, limit=2 * MIB)
    count = 0
    while not cache.stats().evicted:
        count += 1
        cache.beat(NOW + count * SECOND)
        assert cache.put(key(count), b"", reply(large(size)), SCOPE, LATER)
        cache.get(key(2), NOW + count * SECOND)
    cache.beat(NOW + (count + 1) * SECOND)
    assert cache.get(key(1), NOW) is None
    for _ in range(count // 3):
        count += 1
        cache.beat(NOW + (count + 1) * SECOND)
        assert cache.put(key(count), b"", reply(large(size)), SCOPE, LATER)
    assert cache.get(key(2), NOW) is not None, "was used all the time"
    assert cache.get(key(3), NOW) is None
    assert cache.stats().bytes <= 2 * MIB


def test_what_has_expired_makes_room_before_what_was_used(environment: lmdb.Environment) -> None:
    cache = store(environment, limit=MIB)
    cache.put(key(1), b"", reply(large(200_000)), SCOPE, LATER)
    cache.put(key(2), b"", reply(large(200_000)), SCOPE, NOW + 10 * SECOND)
    cache.put(key(3), b"", reply(large(200_000)), SCOPE, LATER)
    cache.get(key(2), NOW + SECOND)
    cache.beat(NOW + 10 * SECOND)
    assert cache.put(key(4), b"", reply(large(460_000)), SCOPE, LATER)
    assert [cache.get(key(n), NOW + 10 * SECOND) is not None for n in (1, 2, 3, 4)] == [
        True,
        False,
        True,
        True,
    ]
    assert cache.stats().expired == 1
    assert cache.stats().evicted == 0


def test_without_eviction_what_lives_stays(environment: lmdb.Environment) -> None:
    kept = store(environment, limit=MIB, name=IDEMPOTENCY, evict=False)
    assert kept.put(key(1), ONE, reply(large(400_000)), SCOPE, NOW + SECOND)
    assert kept.put(key(2), ONE, reply(large(400_000)), SCOPE, LATER)
    for size in (60_000, 300_000):
        kept.claim(key(3), ONE, NOW)
        for n in range(10, 20):
            kept.put(key(n), ONE, reply(large(size)), SCOPE, LATER)
        assert not kept.put(key(3), ONE, reply(large(size)), SCOPE, LATER)
    assert kept.get(key(1), NOW) is not None
    kept.beat(NOW + SECOND)
    assert kept.put(key(3), ONE, reply(large(300_000)), SCOPE, LATER), "the first one has expired"
    assert kept.get(key(2), NOW) is not None
    assert kept.stats().evicted == 0


def test_spent_keys_take_room(environment: lmdb.Environment) -> None:
    kept = store(environment, limit=MIB, name=IDEMPOTENCY, evict=False)
    for n in range(2000):
        kept.spend(key(n), ONE, LATER)
    assert not kept.put(key(3000), ONE, reply(), SCOPE, LATER)
    kept.spend(key(3000), ONE, LATER)
    assert kept.claim(key(3000), ONE, NOW) == Spent()
    while kept.reap(LATER):
        pass
    assert kept.put(key(3000), ONE, reply(), SCOPE, 2 * LATER)


def test_two_stores_of_one_environment_do_not_meet(environment: lmdb.Environment) -> None:
    cache, kept = store(environment), store(environment, name=IDEMPOTENCY, evict=False)
    cache.put(key(1), b"", reply(b"a"), SCOPE, LATER)
    kept.put(key(1), ONE, reply(large(100_000)), SCOPE, LATER)
    assert cache.purge() == 1
    assert kept.claim(key(1), ONE, NOW) == Found(reply(large(100_000)), LATER)


@pytest.mark.parametrize("size", [3000, 60_000, 300_000])
def test_a_map_that_is_too_small_is_no_reason_to_fail(tmp_path: Path, size: int) -> None:
    """The limit promises more than there is: answers are refused or make room, and what was kept stays whole."""
    with closing(opened(tmp_path, 8 * MIB)) as environment:
        cache = store(environment, limit=64 * MIB)
        kept = [
            n for n in range(16 * MIB // size) if cache.put(key(n), b"", reply(large(size, n)), SCOPE, LATER)
        ]
        found = {n: found for n in kept if (found := cache.get(key(n), NOW)) is not None}
        assert found
        assert all(there.reply.body == large(size, n) for n, there in found.items())
        assert cache.stats().entries == len(found)


def test_the_map_for_the_limits_is_large_enough(tmp_path: Path) -> None:
    """Answers of many sizes, twice as much as there is room for: none of them is refused."""
    limit = 32 * MIB
    with closing(opened(tmp_path, map_bytes(limit) - map_bytes(0) + MIB)) as environment:
        cache = store(environment, limit=limit)
        sizes = [100 * 7 ** (n % 5) + 37 * n for n in range(1500)]
        assert sum(sizes) > 2 * limit
        for n, size in enumerate(sizes):
            assert cache.put(key(n), b"", reply(large(size)), SCOPE, LATER)


def test_a_limit_that_was_lowered_is_kept_after_some_reaping(environment: lmdb.Environment) -> None:
    cache = store(environment)
    for n in range(2000):
        cache.put(key(n), b"", reply(large(1000)), SCOPE, LATER)
    lower = store(environment, limit=MIB)
    while lower.reap(NOW):
        pass
    assert lower.stats().bytes < MIB
    assert lower.put(key(1), b"", reply(large(1000)), SCOPE, LATER)


# -- upkeep


def test_reaping_is_bounded(cache: LmdbReplies) -> None:
    for n in range(600):
        cache.put(key(n), b"", reply(), SCOPE, NOW + 1)
    assert [cache.reap(NOW + 1) for _ in range(4)] == [256, 256, 88, 0]


def test_claims_of_the_dead_are_reaped(
    cache: LmdbReplies, other: LmdbReplies, environment: lmdb.Environment
) -> None:
    for n in range(300):
        cache.claim(key(n), ONE, NOW)
    other.claim(key(1000), ONE, NOW)
    other.beat(NOW + LEASE)
    assert [other.reap(NOW + LEASE) for _ in range(3)] == [256, 44, 0]
    assert other.claim(key(1000), ONE, NOW + LEASE) == Busy(ONE)
    other.abandon(key(1000))
    assert only_sums(environment)


def test_a_body_of_a_writer_that_was_taken_for_dead_is_not_shown(
    other: LmdbReplies, environment: lmdb.Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stalls before the last step; meanwhile what it has written is removed, or a part of it."""
    cache = store(environment, limit=128 * MIB)
    show = Filing._show

    def stalled(self: Filing, *arguments: object) -> bool:
        other.beat(NOW + LEASE)
        other.reap(NOW + LEASE)
        return show(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Filing, "_show", stalled)
    for size in (300_000, 300 * CHUNK_BYTES):
        assert not cache.put(key(1), b"", reply(bytes(size)), SCOPE, LATER)
        other.reap(NOW + LEASE)
        assert other.get(key(1), NOW) is None
        assert other.stats()[:2] == (0, 0)
        assert only_sums(environment)


def test_what_could_not_be_removed_is_removed_later(
    cache: LmdbReplies, environment: lmdb.Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_arguments: object) -> bool:
        raise lmdb.DiskError("no")

    with monkeypatch.context() as broken:
        broken.setattr(Shelf, "write_chunk", full)
        broken.setattr(Shelf, "discard", full)
        with pytest.raises(RepliesUnavailable):
            cache.put(key(1), b"", reply(large(300_000)), SCOPE, LATER)
    assert not only_sums(environment)
    cache.reap(NOW)
    assert only_sums(environment)


@pytest.mark.parametrize("step", ["__init__", "keep", "save"])
def test_a_change_that_fails_leaves_nothing_and_holds_up_nobody(
    cache: LmdbReplies,
    other: LmdbReplies,
    environment: lmdb.Environment,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
) -> None:
    def full(*_arguments: object) -> bool:
        raise lmdb.DiskError("no")

    with monkeypatch.context() as broken:
        broken.setattr(Shelf, step, full)
        with pytest.raises(RepliesUnavailable):
            cache.put(key(1), b"", reply(b"{}"), SCOPE, LATER)
    assert cache.get(key(1), NOW) is None
    assert other.put(key(2), b"", reply(b"{}"), SCOPE, LATER)
    assert cache.put(key(1), b"", reply(b"{}"), SCOPE, LATER)
    assert cache.stats()[0] == 2


# -- spoilt values


@pytest.mark.parametrize(
    "value", [b"", b"\x07", b"\x01", b"\x02garbage", b"\x03" + b"\xff" * 200, b"\xff" * 5000]
)
def test_a_spoilt_record_is_no_answer_and_gives_way(
    cache: LmdbReplies, environment: lmdb.Environment, value: bytes
) -> None:
    for n, size in enumerate((10, 300_000)):
        cache.put(key(n), ONE, reply(large(size)), SCOPE, LATER)
        spoil(environment, "records", key(n), value)
        assert cache.get(key(n), NOW) is None
        assert cache.claim(key(n), OTHER, NOW) is None
        assert cache.stats()[:2] == (0, 0)
        assert cache.put(key(n), OTHER, reply(large(size)), SCOPE, LATER)
        assert cache.get(key(n), NOW) == Found(reply(large(size)), LATER)
        cache.purge()
        assert only_sums(environment)


@pytest.mark.parametrize(
    "value", [b"", b"garbage", b"\xff" * 77, bytes(69)], ids=["empty", "text", "ones", "zeros"]
)
@pytest.mark.parametrize("size", [10, 300_000])
def test_a_spoilt_card_is_dropped_and_the_sums_are_right_again(
    cache: LmdbReplies, environment: lmdb.Environment, value: bytes, size: int
) -> None:
    for n in range(4):
        cache.put(key(n), b"", reply(large(size)), SCOPE, LATER)
    spoil(environment, "cards", key(1), value)
    cache.get(key(1), NOW)
    cache.beat(NOW + SECOND)
    assert cache.put(key(1), b"", reply(b"new"), SCOPE, LATER)
    assert cache.get(key(1), NOW) == Found(reply(b"new"), LATER)
    head = len(reply().head)
    assert cache.stats()[:2] == (4, 3 * (size + head) + 3 + head)
    while cache.reap(LATER):
        pass
    assert only_sums(environment)


def test_spoilt_sums_are_counted_anew(cache: LmdbReplies, environment: lmdb.Environment) -> None:
    cache.put(key(1), b"", reply(large(300_000)), SCOPE, LATER)
    cache.put(key(2), b"", reply(b"12345"), SCOPE, LATER)
    before = cache.stats()
    spoil(environment, "entries", b"t", b"garbage")
    assert cache.stats()[:4] == before[:4]
    cache.purge()
    assert only_sums(environment)


@pytest.mark.parametrize("what", ["missing", "short", "long"])
def test_a_body_with_a_spoilt_chunk_is_no_answer(
    cache: LmdbReplies, environment: lmdb.Environment, what: str
) -> None:
    cache.put(key(1), b"", reply(large(600_000)), SCOPE, LATER)
    chunks = database(environment, "chunks")
    with environment.begin(write=True) as txn, txn.cursor(chunks) as cursor:
        assert cursor.last()
        if what == "missing":
            cursor.delete()
        else:
            cursor.put(cursor.key(), cursor.value() + b"x" if what == "long" else b"")
    assert cache.get(key(1), NOW) is None
    assert cache.claim(key(1), b"", NOW) is None
    assert cache.stats().entries == 0


def test_a_broken_store_has_no_answers_and_says_so_to_the_rest(tmp_path: Path) -> None:
    environment = opened(tmp_path)
    cache = store(environment)
    cache.put(key(1), b"", reply(), SCOPE, LATER)
    environment.close()
    assert cache.get(key(1), NOW) is None
    with pytest.raises(RepliesUnavailable):
        cache.claim(key(1), b"", NOW)
    with pytest.raises(RepliesUnavailable):
        cache.put(key(1), b"", reply(), SCOPE, LATER)
    with pytest.raises(RepliesUnavailable):
        cache.put(key(1), b"", reply(large(100_000)), SCOPE, LATER)
    with pytest.raises(RepliesUnavailable):
        cache.spend(key(1), b"", LATER)
    with pytest.raises(RepliesUnavailable):
        cache.abandon(key(1))
    with pytest.raises(RepliesUnavailable):
        cache.purge()
    with pytest.raises(RepliesUnavailable):
        cache.stats()
    with pytest.raises(RepliesUnavailable):
        cache.beat(NOW + LEASE)
    with pytest.raises(RepliesUnavailable):
        cache.reap(NOW)


def test_numbers_that_cannot_be_stored_change_nothing(cache: LmdbReplies) -> None:
    for expires_us in (-1, 2**64):
        with pytest.raises(RepliesUnavailable):
            cache.put(key(1), b"", reply(large(100_000)), SCOPE, expires_us)
    with pytest.raises(RepliesUnavailable):
        cache.put(key(1), b"", msgspec.structs.replace(reply(), status=70_000), SCOPE, LATER)
    assert cache.stats().entries == 0


# -- threads


def test_threads_may_share_it(cache: LmdbReplies, environment: lmdb.Environment) -> None:
    bodies = {n: large((70_000, 900_000, 100)[n % 3], n) for n in range(60)}

    def work(n: int) -> bool:
        assert cache.claim(key(n), b"", NOW) is None
        assert cache.put(key(n), b"", reply(bodies[n]), SCOPE, LATER)
        found = [cache.get(key(m), NOW) for m in range(60)]
        return all(one is None or one.reply.body == bodies[m] for m, one in enumerate(found))

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(work, range(60)))
    head = len(reply().head)
    assert cache.stats()[:2] == (60, sum(map(len, bodies.values())) + 60 * head)
    assert cache.purge() == 60
    assert only_sums(environment)
