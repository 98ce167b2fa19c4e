"""Which pool of stored keys a call gets: by the alias it names, or the one that stands for the default."""

from __future__ import annotations

import pytest

from penstock.errors import GatewayError
from penstock.providers.registry import Registry
from penstock.proxy.policies.stored_keys import StoredKey, StoredKeys

OPENAI = Registry({}).find("openai")


def key(key_id: str, alias: str, *, is_default: bool = False) -> StoredKey:
    return StoredKey(key_id, "openai", alias, b"sk", (), is_default)


def chosen(keys: StoredKeys, alias: str = "") -> list[str]:
    assert OPENAI is not None
    pool = keys.pool(OPENAI, alias)
    return [] if pool is None else [one.id for one in pool.keys]


def test_without_a_mark_the_alias_default_is_the_default() -> None:
    keys = StoredKeys([key("1", "default"), key("2", "batch"), key("3", "default")])
    assert chosen(keys) == chosen(keys, "default") == ["1", "3"]
    assert chosen(keys, "batch") == ["2"]
    assert chosen(StoredKeys([key("2", "batch")])) == []


def test_a_marked_alias_goes_first_where_none_is_named() -> None:
    keys = StoredKeys([key("1", "default"), key("2", "batch", is_default=True), key("3", "batch")])
    assert chosen(keys) == chosen(keys, "batch") == ["2", "3"]
    assert chosen(keys, "default") == ["1"]


def test_a_marked_alias_is_the_one_called_default_where_none_is() -> None:
    keys = StoredKeys([key("2", "batch", is_default=True)])
    assert chosen(keys, "default") == ["2"]
    with pytest.raises(GatewayError, match="no stored key 'other'"):
        chosen(keys, "other")
