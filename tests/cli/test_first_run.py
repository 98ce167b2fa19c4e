"""The first token: made once, and again only when nobody could make another."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from penstock.access.tokens import (
    ID_BYTES,
    PERMISSIONS,
    SALT_BYTES,
    SECRET_BYTES,
    allows,
    matches,
    parse,
)
from penstock.cli.serve import ensure_admin
from penstock.stores.control_store import Replace
from penstock.stores.sqlite.control_store.store import FILE_NAME, SqliteControlStore


@pytest.fixture
def store(tmp_path: Path) -> SqliteControlStore:
    return SqliteControlStore(tmp_path / "data" / FILE_NAME)


def ensured(store: SqliteControlStore, now_us: int, number: int = 1) -> str | None:
    byte = bytes([number])
    return ensure_admin(store, now_us, byte * ID_BYTES, byte * SECRET_BYTES, byte * SALT_BYTES)


def test_the_first_token_may_do_everything_everywhere(store: SqliteControlStore) -> None:
    text = ensured(store, 5)
    assert text is not None
    parsed = parse(text.encode())
    (token,) = store.snapshot().tokens
    assert parsed is not None
    assert parsed[0] == token.id
    assert matches(token, parsed[1], 5)
    assert all(
        allows(token, permission, "any", gateway) for permission in PERMISSIONS for gateway in ("g", "")
    )
    assert (token.name, token.created_us) == ("admin", 5)


def test_it_is_made_once(store: SqliteControlStore) -> None:
    assert ensured(store, 5) is not None
    assert ensured(store, 6, 2) is None
    assert len(store.snapshot().tokens) == 1


def test_it_is_made_again_when_no_other_can_change_anything(store: SqliteControlStore) -> None:
    ensured(store, 5)
    (admin,) = store.snapshot().tokens
    store.apply([Replace(admin, msgspec.structs.replace(admin, expires_us=100))])
    assert ensured(store, 99, 2) is None
    assert ensured(store, 100, 2) is not None
    newest = store.snapshot().tokens[1]
    store.apply([Replace(newest, msgspec.structs.replace(newest, permissions=("read", "run")))])
    assert ensured(store, 101, 3) is not None
    *_, third = store.snapshot().tokens
    store.apply([Replace(third, msgspec.structs.replace(third, blocked=True))])
    assert ensured(store, 102, 4) is not None
    names = [token.name for token in store.snapshot().tokens]
    assert names == ["admin", "admin 2", "admin 3", "admin 4"]
