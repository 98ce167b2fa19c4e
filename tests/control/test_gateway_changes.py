"""What changing a gateway comes to, and what is refused, whoever asks."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import pytest

from penstock.access.vault import KEY_BYTES, Vault
from penstock.control.catalog import catalog
from penstock.control.gateway_changes import (
    GatewayChanges,
    GatewayExists,
    GatewayRefused,
    IsBuiltIn,
    NoSuchGateway,
    StandsInFile,
    WrongFields,
)
from penstock.control.opening import opener
from penstock.settings import GatewaySettings, Settings
from penstock.settings.gateway_secrets import MASK, SecretLost
from penstock.settings.gateways import AccountSettings
from penstock.stores.control_store import Add, Remove, Replace, Snapshot, StoredGateway
from support.control_store_kit import nonce

VAULT = Vault(bytes([7]) * KEY_BYTES)
OTEL = {"url": "https://a.example", "headers": {"x-key": "hidden"}}
RULE = {"limit": 5, "limitType": "cost", "window": 60}
FILE = Settings(
    accounts={"local": AccountSettings(gateways={"filed": GatewaySettings()})}, names_accounts=True
)


def seal(plain: bytes, context: bytes) -> bytes:
    return VAULT.seal(plain, context, nonce())


def changes(*rows: StoredGateway, settings: Settings | None = None) -> GatewayChanges:
    snapshot = Snapshot(gateways=rows)
    ids = count(1)
    found = catalog(settings or Settings(), snapshot, opener(VAULT))
    return GatewayChanges(snapshot, found, opener(VAULT), seal, lambda: f"id {next(ids)}", 9)


def stored(**fields: object) -> StoredGateway:
    row = changes().create("local", "g", fields).noun
    assert isinstance(row, StoredGateway)
    return row


def test_what_is_new_is_added() -> None:
    added = changes().create("local", "g", {"cache_ttl": 60})
    assert added == Add(
        StoredGateway(
            id="id 1", account="local", gateway="g", fields={"cache_ttl": 60}, created_us=9, modified_us=9
        )
    )
    assert changes().put("local", "g", {"cache_ttl": 60}) == added


def test_all_fields_are_replaced_and_some_are_changed() -> None:
    old = stored(cache_ttl=60, zdr=True, byok_only=True)
    replaced = changes(old).replace("local", "g", {"cache_ttl": 61})
    assert isinstance(replaced, Replace)
    assert (replaced.old, replaced.new.id) == (old, old.id)
    assert isinstance(replaced.new, StoredGateway)
    assert replaced.new.fields == {"cache_ttl": 61}
    changed = changes(old).change("local", "g", {"cache_ttl": 61}, ("zdr",))
    assert isinstance(changed, Replace)
    assert isinstance(changed.new, StoredGateway)
    assert changed.new.fields == {"cache_ttl": 61, "byok_only": True}


def test_what_changes_nothing_is_no_change() -> None:
    old = stored(cache_ttl=60, otel=[OTEL], spend_limits={"rules": [RULE, RULE]})
    same = {"cache_ttl": 60, "otel": [OTEL], "spend_limits": {"rules": [RULE, RULE]}}
    assert changes(old).put("local", "g", same) is None
    assert changes(old).replace("local", "g", same) is None
    assert changes(old).change("local", "g", {"cache_ttl": 60}, ("zdr",)) is None


def test_the_built_in_gateway_becomes_a_stored_one() -> None:
    for added in (
        changes().replace("local", "default", {"zdr": True}),
        changes().change("local", "default", {"zdr": True}),
        changes().put("local", "default", {"zdr": True}),
    ):
        assert isinstance(added, Add)
        assert isinstance(added.noun, StoredGateway)
        assert added.noun.fields == {"zdr": True}


def test_what_is_stored_can_be_removed_also_where_the_file_covers_it_up_or_it_makes_no_sense() -> None:
    row = StoredGateway(
        id="i", account="local", gateway="filed", fields={"newer": 1}, created_us=1, modified_us=1
    )
    assert changes(row).remove("local", "filed") == Remove(row)
    assert changes(row, settings=FILE).remove("local", "filed") == Remove(row, alone=True)


Ask = Callable[[GatewayChanges, str], object]


def create(them: GatewayChanges, gateway: str) -> Add:
    return them.create("local", gateway, {})


def put(them: GatewayChanges, gateway: str) -> Add | Replace | None:
    return them.put("local", gateway, {})


def replace(them: GatewayChanges, gateway: str) -> Add | Replace | None:
    return them.replace("local", gateway, {})


def change(them: GatewayChanges, gateway: str) -> Add | Replace | None:
    return them.change("local", gateway, {})


def remove(them: GatewayChanges, gateway: str) -> Remove:
    return them.remove("local", gateway)


@pytest.mark.parametrize("ask", [create, put, replace, change, remove])
def test_what_stands_in_the_file_is_changed_there(ask: Ask) -> None:
    with pytest.raises(StandsInFile) as refused:
        ask(changes(settings=FILE), "filed")
    assert (refused.value.account, refused.value.gateway, refused.value.name) == (
        "local",
        "filed",
        "local/filed",
    )
    hidden = StoredGateway(id="i", account="local", gateway="filed", fields={}, created_us=1, modified_us=1)
    if ask is not remove:
        with pytest.raises(StandsInFile):
            ask(changes(hidden, settings=FILE), "filed")


@pytest.mark.parametrize(
    ("ask", "name", "kind"),
    [
        (create, "g", GatewayExists),
        (create, "default", GatewayExists),
        (replace, "none", NoSuchGateway),
        (change, "none", NoSuchGateway),
        (remove, "none", NoSuchGateway),
        (remove, "default", IsBuiltIn),
    ],
)
def test_what_is_refused(ask: Ask, name: str, kind: type[GatewayRefused]) -> None:
    with pytest.raises(kind):
        ask(changes(stored()), name)


def test_a_row_that_makes_no_sense_is_there_and_can_be_replaced() -> None:
    odd = StoredGateway(
        id="i", account="local", gateway="g", fields={"newer": 1}, created_us=1, modified_us=1
    )
    with pytest.raises(GatewayExists):
        changes(odd).create("local", "g", {})
    with pytest.raises(WrongFields) as wrong:
        changes(odd).change("local", "g", {"zdr": True})
    assert [finding.path for finding in wrong.value.findings] == [("newer",)]
    replaced = changes(odd).replace("local", "g", {"zdr": True})
    assert isinstance(replaced, Replace)


def test_everything_wrong_is_said_at_once() -> None:
    with pytest.raises(WrongFields) as wrong:
        changes().create("local", "g", {"cache_ttl": -1, "otel": [None], "x": 1})
    assert {finding.path for finding in wrong.value.findings} == {("cache_ttl",), ("otel", 0), ("x",)}


def test_of_two_rules_with_one_id_neither_is_taken() -> None:
    rules = [{**RULE, "id": "a"}, {**RULE, "id": "a"}]
    with pytest.raises(WrongFields) as wrong:
        changes().create("local", "g", {"spend_limits": {"rules": rules}})
    (finding,) = wrong.value.findings
    assert "2 rules have the id 'a'" in finding.reason


def test_a_rule_may_be_called_as_the_place_of_one_without_an_id() -> None:
    row = stored(spend_limits={"rules": [RULE, {**RULE, "id": "rule-1"}]})
    assert '"rule-1"' in repr(row.fields).replace("'", '"')


def test_the_mask_stands_for_what_is_stored() -> None:
    old = stored(otel=[OTEL])
    kept = changes(old).change("local", "g", {"zdr": True})
    assert isinstance(kept, Replace)
    assert isinstance(kept.new, StoredGateway)
    assert kept.new.sealed == old.sealed
    for make in (changes(old).create, changes(old).put):
        with pytest.raises(SecretLost):
            make("local", "other", {"otel": [{**OTEL, "headers": {"x-key": MASK}}]})
