"""Opening stores by their place: what is not there, what is damaged, and who sets it aside."""

from __future__ import annotations

import errno
import os
from contextlib import closing
from pathlib import Path

import pytest

from penstock.settings import ServerSettings, Settings
from penstock.stores.aside import KEPT, happened, set_aside, still_there
from penstock.stores.counters import Claim, CountersUnavailable, Granted, Window
from penstock.stores.facts import Unreadable
from penstock.stores.ledger import ANY, LedgerMissing
from penstock.stores.opening import Stores, ledger, ledger_changes, shared
from penstock.stores.opening.configured import stores_of
from penstock.stores.replies import RepliesMissing, RepliesUnavailable, ReplyLimits, Scope
from support.kept_replies import LATER, MIB, NOW, key, reply
from support.stored_calls import call, step

LIMITS = ReplyLimits(MIB, MIB)
GARBAGE = b"something else entirely" * 1000


@pytest.fixture
def stores(tmp_path: Path) -> Stores:
    return Stores(tmp_path)


def _spoil(folder: Path) -> None:
    folder.mkdir()
    (folder / "data.mdb").write_bytes(GARBAGE)


def _remains(stores: Stores, name: str) -> Path:
    """What was set aside of a store."""
    (found,) = stores.data.glob(f"{name}.damaged-*")
    return found


def test_stores_are_where_the_settings_say() -> None:
    assert stores_of(Settings(server=ServerSettings(data="there"))) == Stores(Path("there"))


def test_a_ledger_is_missing_until_it_is_written(stores: Stores) -> None:
    for look in (ledger.ledger_reader, ledger_changes.ledger_editor, ledger.rollups):
        with pytest.raises(LedgerMissing):
            look(stores)
    assert not ledger.has_ledger(stores)
    assert ledger.ledger_bytes(stores) == 0
    with closing(ledger_changes.ledger_writer(stores)) as writer:
        writer.append([call(1)], step(0))
        with closing(ledger.ledger_reader(stores)) as reader:
            assert reader.count(ANY) == 1
        facts = ledger.ledger_facts(stores)
        assert facts is not None
        assert (facts.calls, facts.newest_us, facts.positions) == (1, call(1).record.created_us, {"s": 10})
        assert ledger.ledger_bytes(stores) > 0


def test_a_worker_sets_damaged_stores_aside_and_begins_anew(
    stores: Stores, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("counters.lmdb", "replies.lmdb"):
        _spoil(stores.data / name)
    counting = shared.counters(stores, b"worker")
    kept = shared.replies(stores, b"worker", LIMITS)
    for name in ("counters.lmdb", "replies.lmdb"):
        assert (_remains(stores, name) / "data.mdb").read_bytes() == GARBAGE
        assert f"set aside as {name}.damaged" in caplog.text
    assert kept.cache.put(key(1), b"", reply(), Scope("a", "g", "p"), LATER)
    assert kept.idempotency.stats().entries == 0
    counting.close()
    kept.close()


def test_who_comes_from_outside_makes_and_mends_nothing(stores: Stores) -> None:
    with pytest.raises(RepliesMissing):
        shared.replies_from_outside(stores, b"outside", LIMITS)
    assert shared.replies_usage(stores) is None
    assert shared.counters_usage(stores) is None
    assert list(stores.data.iterdir()) == []
    _spoil(stores.data / "replies.lmdb")
    with pytest.raises(RepliesUnavailable):
        shared.replies_from_outside(stores, b"outside", LIMITS)
    with pytest.raises(Unreadable):
        shared.replies_usage(stores)
    assert [path.name for path in stores.data.iterdir()] == ["replies.lmdb"]


def test_from_outside_one_sees_what_a_worker_keeps(stores: Stores) -> None:
    with closing(shared.replies(stores, b"worker", LIMITS)) as kept:
        kept.cache.beat(NOW)
        assert kept.cache.put(key(1), b"", reply(), Scope("a", "g", "p"), LATER)
    with closing(shared.replies_from_outside(stores, b"outside", LIMITS)) as kept:
        assert (kept.cache.stats().entries, kept.idempotency.stats().entries) == (1, 0)
        assert kept.cache.purge(Scope("a", "", "")) == 1
    usage = shared.replies_usage(stores)
    assert usage is not None
    assert 0 < usage.share < 1


def test_a_store_without_room_is_done_without_until_there_is_some(
    stores: Stores, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is not damaged: nothing is set aside. LMDB's map of a file without room would end the process."""

    def full(*_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("penstock.stores.lmdb.environment.os.posix_fallocate", full)
    counting = shared.counters(stores, b"worker")
    kept = shared.replies(stores, b"worker", LIMITS)
    claim = Claim(b"key", 1, 10, Window(60, sliding=False))
    for _ in range(2):
        with pytest.raises(CountersUnavailable, match="No space left"):
            counting.counters.take([claim], NOW)
        with pytest.raises(RepliesUnavailable, match="No space left"):
            kept.cache.put(key(1), b"", reply(), Scope("a", "g", "p"), LATER)
        assert kept.cache.get(key(1), NOW) is None
        counting.tend()
        kept.tend()
    assert caplog.text.count("cannot be used") == 2
    assert list(stores.data.glob("*.damaged-*")) == []
    monkeypatch.undo()
    counting.tend()
    kept.tend()
    granted = counting.counters.take([claim], NOW)
    assert isinstance(granted, Granted)
    assert granted.remaining == (9,)
    assert kept.cache.put(key(1), b"", reply(), Scope("a", "g", "p"), LATER)
    counting.close()
    kept.close()


@pytest.mark.parametrize("name", ["counters.lmdb", "replies.lmdb"])
@pytest.mark.parametrize("way", ["moved", "cut", "replaced"])
def test_two_workers_both_take_up_what_has_come_in_its_place(stores: Stores, name: str, way: str) -> None:
    """In two processes they would; one process opens a folder once, so the second is opened when the first has gone."""
    counting, kept = shared.counters(stores, b"one"), shared.replies(stores, b"one", LIMITS)
    claim = Claim(b"key", 1, 10, Window(60, sliding=False))
    counting.counters.take([claim], NOW)
    assert kept.cache.put(key(1), b"", reply(), Scope("a", "g", "p"), LATER)
    counting.tend()
    kept.tend()
    file = stores.data / name / "data.mdb"
    if way == "cut":
        os.truncate(file, file.stat().st_size - 4096)
    else:
        file.parent.rename(stores.data / "elsewhere")
    if way == "replaced":
        file.parent.mkdir()
        file.write_bytes(GARBAGE)
    counting.tend()
    kept.tend()
    assert isinstance(counting.counters.take([claim], NOW), Granted)
    assert kept.idempotency.claim(key(2), b"f", NOW) is None
    assert len(list(stores.data.glob(f"{name}.damaged-*"))) == (way != "moved")
    counting.close()
    kept.close()


def test_at_most_three_of_a_kind_are_kept_and_the_largest_stay(tmp_path: Path) -> None:
    for number in range(8):
        (tmp_path / "ledger.db").write_bytes(b"x" * (1_000_000 if number == 0 else 10_000))
        (tmp_path / "ledger.db-wal").write_bytes(b"x")
        set_aside(tmp_path / "ledger.db", "damaged", parts=("-wal",))
    left = sorted(tmp_path.glob("ledger.db.damaged-*"))
    assert len([one for one in left if not one.name.endswith("-wal")]) == KEPT
    assert max(one.stat().st_size for one in left) == 1_000_000
    assert len(left) == 2 * KEPT
    assert len(happened(tmp_path)) == 8
    assert len(still_there(tmp_path)) == KEPT
