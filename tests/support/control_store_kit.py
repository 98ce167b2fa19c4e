"""A directory with sealed rows, for tests."""

from __future__ import annotations

from itertools import count
from pathlib import Path

import msgspec

from penstock.access.vault import NONCE_BYTES, Vault
from penstock.stores.control_store import Add, CustomProvider, ProviderKey
from penstock.stores.sqlite.control_store.store import FILE_NAME, SqliteControlStore

_numbers = count()


def nonce() -> bytes:
    return next(_numbers).to_bytes(NONCE_BYTES, "big")


def provider_key(row_id: str, vault: Vault, secret: bytes) -> ProviderKey:
    bare = ProviderKey(
        id=row_id,
        account="local",
        gateway="",
        provider="openai",
        sealed=b"",
        preview="…",
        created_us=1,
        modified_us=1,
    )
    return msgspec.structs.replace(bare, sealed=vault.seal(secret, bare.seal_context, nonce()))


def custom_provider(row_id: str, vault: Vault | None, headers: bytes = b"{}") -> CustomProvider:
    def made(sealed: bytes | None) -> CustomProvider:
        return CustomProvider(
            id=row_id,
            account="local",
            slug=f"own-{row_id}",
            name="own",
            base_url="https://own.example",
            enable=True,
            sealed_headers=sealed,
            created_us=1,
            modified_us=1,
        )

    return made(None if vault is None else vault.seal(headers, made(None).seal_context, nonce()))


def filled(data: Path, vault: Vault) -> SqliteControlStore:
    """Two keys, one provider with headers, one without."""
    store = SqliteControlStore(data / FILE_NAME)
    store.apply([Add(provider_key("1", vault, b"first secret"))])
    store.apply([Add(provider_key("2", vault, b"second secret"))])
    store.apply([Add(custom_provider("3", vault, b'{"x-key":"third secret"}'))])
    store.apply([Add(custom_provider("4", None))])
    return store


def secrets(store: SqliteControlStore, vault: Vault) -> list[bytes]:
    """All that is sealed, opened."""
    snapshot = store.snapshot()
    opened = [vault.open(key.sealed, key.seal_context) for key in snapshot.provider_keys]
    for one in snapshot.custom_providers:
        if one.sealed_headers is not None:
            opened.append(vault.open(one.sealed_headers, one.seal_context))
    return opened


SECRETS = [b"first secret", b"second secret", b'{"x-key":"third secret"}']
