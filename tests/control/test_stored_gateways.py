"""Gateways of the directory: made, changed and taken away, with their secrets sealed and nothing left behind."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from penstock.access.vault import KEY_BYTES, Vault
from penstock.control.catalog import catalog, stored_secrets
from penstock.control.opening import opener
from penstock.control.stored_gateways import belongings, changed_gateway, new_gateway
from penstock.settings import Settings
from penstock.settings.gateway_fields import Fields
from penstock.settings.gateway_secrets import MASK, SecretLost, masked
from penstock.stores.control_store import (
    Add,
    Dataset,
    DynamicRoute,
    Evaluation,
    ProviderKey,
    Remove,
    Snapshot,
    StoredGateway,
    Token,
)
from penstock.stores.sqlite.control_store.store import FILE_NAME, SqliteControlStore
from support.control_store_kit import custom_provider, nonce, provider_key

VAULT = Vault(bytes([7]) * KEY_BYTES)
OTEL = {"url": "https://a.example", "headers": {"x-key": "hidden"}}


def seal(plain: bytes, context: bytes) -> bytes:
    return VAULT.seal(plain, context, nonce())


def never(plain: bytes, context: bytes) -> bytes:
    raise AssertionError("there is nothing to seal")


def made(**fields: object) -> StoredGateway:
    return new_gateway("id", "local", "g", fields, 5, seal)


def changed(old: StoredGateway, fields: Fields) -> StoredGateway:
    return changed_gateway(old, fields, 9, opener(VAULT), seal)


def test_only_what_differs_is_stored_and_secrets_are_sealed() -> None:
    row = made(cache_ttl=60, zdr=False, otel=[OTEL])
    assert set(row.fields) == {"cache_ttl", "otel"}
    assert "hidden" not in repr(row.fields)
    assert row.sealed is not None
    assert b"hidden" not in row.sealed
    assert stored_secrets(row, opener(VAULT)) == {"/otel/0/headers/x-key": "hidden"}
    assert (row.created_us, row.modified_us) == (5, 5)
    (listed,) = catalog(Settings(accounts={}), Snapshot(gateways=(row,)), opener(VAULT))
    assert listed.fields.otel is not None
    assert listed.fields.otel[0].headers == {"x-key": "hidden"}


def test_without_secrets_nothing_is_sealed() -> None:
    row = new_gateway("id", "local", "g", {"cache_ttl": 60}, 5, never)
    assert row.sealed is None
    again = changed_gateway(row, {"cache_ttl": 61}, 9, opener(None), never)
    assert (again.fields, again.modified_us, again.created_us) == ({"cache_ttl": 61}, 9, 5)


def test_fields_are_all_of_them() -> None:
    assert changed(made(cache_ttl=60, zdr=True), {"zdr": True}).fields == {"zdr": True}


def test_what_changes_nothing_gives_the_same_row() -> None:
    row = made(cache_ttl=60, otel=[OTEL])
    assert changed(row, dict(row.fields)) is row
    assert changed(row, {"cache_ttl": 60, "otel": [OTEL], "zdr": False}) is row


def test_the_mask_keeps_what_is_sealed_as_it_is() -> None:
    row = made(otel=[OTEL])
    again = changed(row, {**masked(row.fields), "cache_ttl": 1})
    assert again.sealed == row.sealed
    assert changed(row, {"cache_ttl": 1}).sealed is None


def test_a_secret_is_not_sent_to_another_address() -> None:
    row = made(otel=[OTEL])
    with pytest.raises(SecretLost):
        changed(row, {"otel": [{"url": "https://evil.example", "headers": {"x-key": MASK}}]})
    with pytest.raises(SecretLost):
        made(otel=[{"url": "https://a.example", "headers": {"x-key": MASK}}])


def test_lost_secrets_cannot_be_kept_but_be_given_anew() -> None:
    row = made(otel=[OTEL])
    with pytest.raises(SecretLost):
        changed_gateway(row, masked(row.fields), 9, opener(None), seal)
    again = changed_gateway(row, {"otel": [OTEL]}, 9, opener(None), seal)
    assert stored_secrets(again, opener(VAULT)) == {"/otel/0/headers/x-key": "hidden"}


def test_fields_that_make_no_sense_are_refused() -> None:
    for fields in ({"cache_ttl": "x"}, {"unknown": 1}, {"otel": [None]}):
        with pytest.raises(msgspec.ValidationError):
            new_gateway("id", "local", "g", fields, 5, seal)


def test_a_gateway_takes_along_what_is_its_own_and_nothing_else(tmp_path: Path) -> None:
    store = SqliteControlStore(tmp_path / FILE_NAME)
    gateway, other = made(), msgspec.structs.replace(made(), id="other", gateway="other")
    key = msgspec.structs.replace(provider_key("k", VAULT, b"x"), gateway="g")
    shared = provider_key("shared", VAULT, b"x")
    route = DynamicRoute(
        id="r",
        account="local",
        gateway="g",
        name="n",
        versions=(),
        deployments=(),
        created_us=1,
        modified_us=1,
    )
    theirs = msgspec.structs.replace(route, id="r2", gateway="other")
    elsewhere = msgspec.structs.replace(route, id="r3", account="elsewhere")
    dataset = Dataset(
        id="d", account="local", gateway="g", name="n", enable=True, filters=[], created_us=1, modified_us=1
    )
    evaluation = Evaluation(
        id="e",
        account="local",
        gateway="g",
        name="n",
        dataset_ids=("d",),
        evaluation_type_ids=(),
        processed=True,
        total_logs=0,
        created_us=1,
        modified_us=1,
    )
    token = Token(id="0" * 16, name="t", permissions=(), gateways=("g",), secrets=(), created_us=1)
    own = (gateway, key, route, dataset, evaluation)
    kept = (other, shared, theirs, elsewhere, token, custom_provider("c", None))
    store.apply([Add(one) for one in (*own, *kept)])
    assert belongings(store)["local", "g"] == [route, dataset, evaluation, key]
    store.apply([Remove(gateway)])
    snapshot = store.snapshot()
    assert snapshot.gateways == (other,)
    assert snapshot.provider_keys == (shared,)
    assert snapshot.routes == (theirs, elsewhere)
    assert (snapshot.tokens, len(snapshot.custom_providers)) == ((token,), 1)
    for kind in (Dataset, Evaluation):
        assert store.all(kind) == ()
    assert len(store.all(ProviderKey)) == 1
