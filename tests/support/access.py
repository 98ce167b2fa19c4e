"""A gateway's directory for tests: tokens, stored keys and custom providers, made as the commands make them.

Filled before the gateway starts, or beside it; `take_up` lets a gateway in this event loop read it again, as a
worker does when the supervisor tells it. `from_here` is a call as a program on this machine makes it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from conftest import Connect
from penstock.access import tokens
from penstock.access.master_key import load_or_make
from penstock.access.provider_secret import headers_text
from penstock.access.vault import KEY_BYTES, NONCE_BYTES, Vault
from penstock.clock import Clock
from penstock.metadata import MetadataValue
from penstock.stores.control_store import (
    Add,
    CustomProvider,
    Permission,
    ProviderKey,
    Remove,
    Replace,
    Token,
)
from penstock.stores.sqlite.control_store.store import FILE_NAME, SqliteControlStore
from support.client import Answer, Header, request
from support.inprocess import InProcess

ACCOUNT = "acct"
CHAT = f"/v1/{ACCOUNT}/gw/openai/chat/completions"
COMPAT = f"/v1/{ACCOUNT}/gw/compat/chat/completions"
UNIVERSAL = f"/v1/{ACCOUNT}/gw"


class Access:
    """The directory in a data folder. What is secret comes back in the clear, for the test to look for."""

    def __init__(self, data: Path) -> None:
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.data = data
        self.control_store = SqliteControlStore(data / FILE_NAME)
        self._clock = Clock()

    # -- tokens

    def token(
        self,
        name: str = "bot",
        *,
        permissions: tuple[Permission, ...] = ("run",),
        accounts: tuple[str, ...] = (),
        gateways: tuple[str, ...] = (),
        expires: float | None = None,
        user: str = "",
        team: str = "",
        providers: tuple[str, ...] = (),
        models: tuple[str, ...] = (),
        operations: tuple[str, ...] = (),
        metadata: Mapping[str, MetadataValue] | None = None,
        max_estimate: float | None = None,
        max_active: int | None = None,
    ) -> str:
        """A new token's text; `expires` in seconds from now."""
        text = tokens.new_token_text(os.urandom(tokens.ID_BYTES), os.urandom(tokens.SECRET_BYTES))
        now_us = self._clock.now_us()
        token = Token(
            id=tokens.id_of(text),
            name=name,
            permissions=permissions,
            accounts=accounts,
            gateways=gateways,
            secrets=(tokens.secret_hash(text, os.urandom(tokens.SALT_BYTES)),),
            created_us=now_us,
            expires_us=None if expires is None else now_us + int(expires * 1e6),
            user=user,
            team=team,
            providers=providers,
            models=models,
            operations=operations,
            metadata=dict(metadata or {}),
            max_estimate=max_estimate,
            max_active=max_active,
        )
        self.control_store.apply([Add(token)])
        return text

    def rotate(self, text: str, overlap: float) -> str:
        """Another text for a token; the old one stays good for `overlap` seconds."""
        now_us = self._clock.now_us()
        (old,) = (one for one in self.control_store.snapshot().tokens if one.id == tokens.id_of(text))
        fresh = tokens.token_text(old.id, os.urandom(tokens.SECRET_BYTES))
        hashed = tokens.secret_hash(fresh, os.urandom(tokens.SALT_BYTES))
        new = tokens.rotated(old, hashed, now_us + int(overlap * 1e6), now_us)
        self.control_store.apply([Replace(old, new)])
        return fresh

    def block(self, text: str) -> None:
        """Lets a token in nowhere until it is unblocked."""
        (token,) = (one for one in self.control_store.all(Token) if one.id == tokens.id_of(text))
        self.control_store.apply([Replace(token, msgspec.structs.replace(token, blocked=True))])

    def revoke(self, text: str) -> None:
        """Removes a token."""
        (token,) = (one for one in self.control_store.all(Token) if one.id == tokens.id_of(text))
        self.control_store.apply([Remove(token)])

    # -- what is sealed

    def key(
        self,
        provider: str,
        secret: str,
        *,
        alias: str = "default",
        account: str = ACCOUNT,
        gateway: str = "",
        hosts: tuple[str, ...] = (),
        is_default: bool = False,
        rate: tuple[int, int] | None = None,
    ) -> str:
        """Stores a provider's key; its id. `rate`: so many calls in so many seconds."""
        now_us = self._clock.now_us()
        bare = ProviderKey(
            id=self._clock.new_id(now_us),
            account=account,
            gateway=gateway,
            provider=provider,
            alias=alias,
            is_default=is_default,
            sealed=b"",
            preview="…",
            hosts=hosts,
            rate_limit=None if rate is None else rate[0],
            rate_limit_period=60 if rate is None else rate[1],
            created_us=now_us,
            modified_us=now_us,
        )
        sealed = self._seal(secret.encode(), bare.seal_context)
        self.control_store.apply([Add(msgspec.structs.replace(bare, sealed=sealed))])
        return bare.id

    def remove_key(self, key_id: str) -> None:
        """Removes a provider's key."""
        (key,) = (one for one in self.control_store.all(ProviderKey) if one.id == key_id)
        self.control_store.apply([Remove(key)])

    def provider(
        self,
        slug: str,
        base_url: str,
        *,
        headers: Mapping[str, str] | None = None,
        enable: bool = True,
        allow_private: bool = True,
        account: str = ACCOUNT,
    ) -> CustomProvider:
        """Adds a custom provider; loopback is a private address."""
        now_us = self._clock.now_us()
        row = CustomProvider(
            id=self._clock.new_id(now_us),
            account=account,
            slug=slug,
            name=slug,
            base_url=base_url,
            enable=enable,
            allow_private=allow_private,
            created_us=now_us,
            modified_us=now_us,
        )
        if headers:
            sealed = self._seal(headers_text(list(headers.items())), row.seal_context)
            row = msgspec.structs.replace(row, sealed_headers=sealed)
        self.control_store.apply([Add(row)])
        return row

    def switch(self, row: CustomProvider, *, on: bool) -> CustomProvider:
        """Enables or disables a custom provider."""
        new = msgspec.structs.replace(row, enable=on)
        self.control_store.apply([Replace(row, new)])
        return new

    def _seal(self, secret: bytes, context: bytes) -> bytes:
        label = self.control_store.snapshot().seal_label
        master = load_or_make(os.environ, self.data, os.urandom(KEY_BYTES), label)
        return Vault(master).seal(secret, context, os.urandom(NONCE_BYTES))


def take_up(gateway: InProcess) -> None:
    """The gateway reads its directory again."""
    gateway.parts.pipeline.world = gateway.parts.world(gateway.settings)


def bearer(token: str) -> Header:
    """The gateway's own header with a token."""
    return ("cf-aig-authorization", f"Bearer {token}")


def here(data: bytes, url: str) -> bytes:
    """A request's bytes, addressed to the gateway by the address it really has."""
    return data.replace(b"Host: localhost\r\n", f"Host: {urlsplit(url).netloc}\r\n".encode(), 1)


async def from_here(
    connect: Connect,
    url: str,
    target: str = CHAT,
    *headers: Header,
    method: str = "POST",
    body: bytes | None = b"{}",
) -> Answer:
    """The answer to a plain program on this machine, on a connection of its own."""
    client = await connect(url)
    await client.send(here(request(method, target, *headers, body=body), url))
    return await client.answer(method)


def steps(*items: tuple[str, str, object]) -> bytes:
    """A universal body: provider, endpoint and query of each step."""
    rows = [
        {"provider": provider, "endpoint": endpoint, "headers": {}, "query": query}
        for provider, endpoint, query in items
    ]
    return json.dumps(rows).encode()


def holding(folder: Path, *secrets: str) -> list[tuple[Path, str]]:
    """Files below a folder in which one of the secrets stands, and which."""
    files = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return [(path, secret) for path, data in files.items() for secret in secrets if secret.encode() in data]
