"""Opening stores by their place: what is not there, what is damaged, and who sets it aside."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from penstock.settings import ServerSettings, Settings
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
