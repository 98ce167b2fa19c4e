"""The audit: every change leaves an entry, nothing secret is in any, and what was not done is not told."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from contract.engines import ControlStoreEngine
from penstock.stores.audit_entry import AuditEntry
from penstock.stores.control_store import (
    Add,
    AlreadyThere,
    ChangedMeanwhile,
    ControlStore,
    ControlStoreError,
    NotThere,
    Noun,
    Remove,
    Replace,
    RouteDeployment,
    RouteVersion,
)
from support.clock import FakeClock
from support.control_store_rows import GATEWAY, KEY, LABEL, PROVIDER, ROUTE, TOKEN

EVERYTHING: tuple[Noun, ...] = (TOKEN, KEY, PROVIDER, GATEWAY, ROUTE)
SECRETS = ("the salt", "the digest", "the sealed key", "the sealed headers", "the sealed fields")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store(control_stores: ControlStoreEngine, tmp_path: Path, clock: FakeClock) -> ControlStore:
    return control_stores.open(tmp_path, "cli:ada", now_us=clock.now_us)


def whole(store: ControlStore) -> list[AuditEntry]:
    """All entries, oldest first."""
    return store.audit(None, 1000)[::-1]


def test_every_change_is_entered_with_who_and_when(store: ControlStore, clock: FakeClock) -> None:
    store.apply([Add(one) for one in EVERYTHING])
    found = whole(store)
    assert [one.number for one in found] == [1, 2, 3, 4, 5]
    assert [(one.action, one.kind, one.account, one.subject) for one in found] == [
        ("create", "token", "", TOKEN.id),
        ("create", "provider_key", "local", "k"),
        ("create", "custom_provider", "local", "c"),
        ("create", "gateway", "local", "prod"),
        ("create", "route", "local", "r"),
    ]
    assert {(one.actor, one.at_us) for one in found} == {("cli:ada", clock.now_us())}
    assert all(one.before is None for one in found)
    after = found[3].after
    assert after is not None
    assert after["fields"] == {"cache_ttl": 60}


def test_an_update_tells_what_changed_and_nothing_else(store: ControlStore) -> None:
    store.apply([Add(GATEWAY), Replace(GATEWAY, msgspec.structs.replace(GATEWAY, fields={}, modified_us=9))])
    entry = store.audit(None, 1)[0]
    assert entry.action == "update"
    assert entry.before == {"fields": {"cache_ttl": 60}, "modified_us": 1}
    assert entry.after == {"fields": {}, "modified_us": 9}


def test_what_is_removed_is_told_as_it_was_last(store: ControlStore) -> None:
    later = msgspec.structs.replace(TOKEN, name="later")
    store.apply([Add(TOKEN), Replace(TOKEN, later), Remove(TOKEN)])
    entry = store.audit(None, 1)[0]
    assert (entry.action, entry.after) == ("delete", None)
    assert entry.before is not None
    assert entry.before["name"] == "later"


def test_of_a_route_the_new_versions_are_told(store: ControlStore) -> None:
    added = RouteVersion(id="v2", elements=[], created_us=2)
    deployed = RouteDeployment(id="d2", version_id="v2", created_us=2)
    grown = msgspec.structs.replace(
        ROUTE, versions=(*ROUTE.versions, added), deployments=(*ROUTE.deployments, deployed)
    )
    store.apply([Add(ROUTE), Replace(ROUTE, grown)])
    entry = store.audit(None, 1)[0]
    assert entry.before == {"versions": [], "deployments": []}
    assert entry.after == {
        "versions": [msgspec.to_builtins(added)],
        "deployments": [msgspec.to_builtins(deployed)],
    }


def test_nothing_secret_is_in_it_but_that_it_changed_is(store: ControlStore) -> None:
    store.apply([Add(one) for one in EVERYTHING])
    other = msgspec.structs.replace(KEY, sealed=LABEL + b"another sealed key")
    store.apply([Replace(KEY, other), Remove(other)])
    text = repr(whole(store))
    assert not [secret for secret in (*SECRETS, "another sealed key") if secret in text]
    changed = whole(store)[5]
    assert changed.before is not None
    assert changed.after is not None
    assert set(changed.before) == {"sealed"}
    assert changed.before != changed.after
    assert str(changed.after["sealed"]).startswith("sealed:")


def test_what_was_not_done_is_not_entered(store: ControlStore) -> None:
    store.apply([Add(GATEWAY)])
    wrong: list[tuple[type[ControlStoreError], list[Add | Replace | Remove]]] = [
        (AlreadyThere, [Add(TOKEN), Add(msgspec.structs.replace(GATEWAY, id="other"))]),
        (AlreadyThere, [Add(ROUTE), Add(msgspec.structs.replace(ROUTE, id="other"))]),
        (ChangedMeanwhile, [Add(TOKEN), Replace(msgspec.structs.replace(GATEWAY, fields={}), GATEWAY)]),
        (NotThere, [Add(TOKEN), Remove(ROUTE)]),
        (NotThere, [Remove(GATEWAY), Remove(GATEWAY)]),
    ]
    before = store.snapshot()
    for error, changes in wrong:
        with pytest.raises(error):
            store.apply(changes)
    assert store.snapshot() == before
    assert len(whole(store)) == 1


def test_pages_and_accounts(store: ControlStore) -> None:
    theirs = [
        msgspec.structs.replace(GATEWAY, id=f"o{n}", gateway=f"g{n}", account="other") for n in range(3)
    ]
    store.apply([Add(TOKEN), Add(GATEWAY), *(Add(one) for one in theirs)])
    assert [one.number for one in store.audit(None, 2)] == [5, 4]
    assert [one.number for one in store.audit(None, 2, before=4)] == [3, 2]
    assert [one.subject for one in store.audit("other", 10)] == ["g2", "g1", "g0"]
    assert store.audit("other", 10, before=3) == []
    assert store.audit("x' OR 1=1 --", 10) == []
    assert [one.kind for one in store.audit("", 10)] == ["token"]


def test_sealing_anew_is_one_entry(store: ControlStore) -> None:
    store.apply([Add(one) for one in EVERYTHING])
    assert store.reseal(lambda sealed, _context: b"\x02" + sealed[1:]) == 3
    entry = store.audit(None, 1)[0]
    assert (entry.kind, entry.action) == ("master_key", "update")
    assert entry.before != entry.after
    assert len(whole(store)) == 6


# -- the default key


def test_one_alias_stands_for_the_default(store: ControlStore, clock: FakeClock) -> None:
    first = msgspec.structs.replace(KEY, is_default=True)
    pooled = msgspec.structs.replace(first, id="k2")
    second = msgspec.structs.replace(first, id="k3", alias="second")
    elsewhere = [
        msgspec.structs.replace(first, id="k4", gateway=""),
        msgspec.structs.replace(first, id="k5", provider="anthropic"),
        msgspec.structs.replace(first, id="k6", account="other"),
    ]
    store.apply([Add(one) for one in (first, pooled, *elsewhere)])
    assert all(key.is_default for key in store.snapshot().provider_keys)
    store.apply([Add(second)])
    found = {key.id: key for key in store.snapshot().provider_keys}
    assert [key_id for key_id, key in found.items() if not key.is_default] == ["k", "k2"]
    assert found["k"].modified_us == clock.now_us()
    assert [entry.subject for entry in store.audit(None, 3)] == ["k2", "k", "k3"]
    store.apply([Replace(found["k"], msgspec.structs.replace(found["k"], is_default=True))])
    assert not {key.id: key for key in store.snapshot().provider_keys}["k3"].is_default
