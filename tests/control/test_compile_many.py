"""Thousands of gateways, tokens and stored keys: what many gateways have in common is made once."""

from __future__ import annotations

import time

import pytest

from penstock.access.vault import KEY_BYTES, NONCE_BYTES, Vault
from penstock.clock import Clock
from penstock.control.catalog import catalog
from penstock.control.compile import Shared, build_world
from penstock.errors import GatewayError
from penstock.pricing.price_book import PriceBook
from penstock.providers.registry import Registry
from penstock.proxy.routing import World
from penstock.settings import load
from penstock.stores.control_store import ProviderKey, Snapshot, StoredGateway, Token
from support.counters import MemoryCounters

MANY = 1000
KEYS = 200
LIMIT = 0.6  # seconds of processor time; each of these with each of those took more than a second

OPENAI = Registry({}).find("openai")


class NoHooks:
    """Nobody asks for any."""

    async def hooked(self, hooks: object) -> None:
        raise AssertionError

    async def hook_urls(self, account: str, gateway: str, ids: object) -> dict[str, str]:
        raise AssertionError


class CountingVault(Vault):
    """Counts how often it opens something."""

    opened = 0

    def open(self, sealed: bytes, context: bytes) -> bytes:
        self.opened += 1
        return super().open(sealed, context)


VAULT = CountingVault(b"k" * KEY_BYTES)


def gateway(name: str) -> StoredGateway:
    return StoredGateway(id=name, account="a", gateway=name, fields={}, created_us=1, modified_us=1)


def token(number: int) -> Token:
    return Token(
        id=f"{number:016}", name="t", permissions=("run",), accounts=(), gateways=(), secrets=(), created_us=1
    )


def key(
    key_id: str, alias: str, place: str = "", *, secret: bytes = b"sk", is_default: bool = False
) -> ProviderKey:
    """A stored key; without a secret one that cannot be opened."""
    bare = ProviderKey(
        id=key_id,
        account="a",
        gateway=place,
        provider="openai",
        alias=alias,
        is_default=is_default,
        sealed=b"",
        preview="",
        created_us=1,
        modified_us=1,
    )  # fmt: skip
    nonce = b"n" * NONCE_BYTES
    sealed = VAULT.seal(secret, bare.seal_context if secret else b"of another row", nonce)
    return ProviderKey(**{name: getattr(bare, name) for name in bare.__struct_fields__} | {"sealed": sealed})


def world_of(snapshot: Snapshot) -> World:
    settings = load(None, environ={}, overrides={})
    shared = Shared(MemoryCounters(), PriceBook(None, {}), Clock(), public=False, hooks=NoHooks())
    return build_world(settings, snapshot, catalog(settings, snapshot, lambda *_: None), VAULT, shared)


def test_gateways_times_tokens_and_keys() -> None:
    snapshot = Snapshot(
        1,
        tuple(map(token, range(MANY))),
        tuple(key(str(number), f"alias{number}") for number in range(KEYS)),
        (),
        tuple(gateway(f"g{number}") for number in range(MANY)),
    )
    VAULT.opened = 0
    begun = time.thread_time()
    world = world_of(snapshot)
    taken = time.thread_time() - begun
    assert len(world.gateways) == MANY + 1  # and the built-in one
    assert VAULT.opened == KEYS
    assert taken < LIMIT
    begun = time.thread_time()
    assert [one.keys.away(0.0) for one in world.gateways if one.keys is not None] == [[]] * MANY
    assert time.thread_time() - begun < 0.25  # each second, in the loop; it takes a few milliseconds


ACCOUNT = [key("1", "default"), key("2", "batch"), key("3", "other", is_default=True)]


@pytest.mark.parametrize(
    ("own", "alias", "chosen"),
    [
        ([], "", ["3"]),
        ([], "default", ["1"]),
        ([], "batch", ["2"]),
        ([key("9", "default", "g")], "", ["9"]),
        ([key("9", "default", "g")], "batch", ["2"]),
        ([key("9", "mine", "g", is_default=True)], "", ["9"]),
        ([key("9", "mine", "g", is_default=True)], "other", ["3"]),
        ([key("9", "other", "g")], "", ["1"]),  # its own `other` is nobody's default
        ([key("9", "other", "g")], "other", ["9"]),
        ([key("9", "batch", "g", secret=b"")], "batch", []),  # no other key where this one was meant
        ([key("9", "default", "g", secret=b"")], "", []),
    ],
)
def test_a_gateways_keys_go_before_those_of_its_account(
    own: list[ProviderKey], alias: str, chosen: list[str]
) -> None:
    world = world_of(Snapshot(1, (), (*ACCOUNT, *own), (), (gateway("g"), gateway("h"))))
    (keys,) = [one.keys for one in world.gateways if one.id == "g"]
    assert keys is not None
    assert OPENAI is not None
    try:
        pool = keys.pool(OPENAI, alias)
    except GatewayError:
        pool = None
    assert ([] if pool is None else [one.id for one in pool.keys]) == chosen


def test_what_a_key_was_refused_for_at_one_gateway_is_nothing_to_another() -> None:
    world = world_of(Snapshot(1, (), tuple(ACCOUNT), (), (gateway("g"), gateway("h"))))
    assert OPENAI is not None
    one, another = [gateway.keys for gateway in world.gateways if gateway.id in "gh"]
    assert one is not None
    assert another is not None
    pool = one.pool(OPENAI, "batch")
    assert pool is not None
    pool.set_aside(0, 0.0, 401, None)
    assert [found.id for found, _ in one.away(1.0)] == ["2"]
    assert another.away(1.0) == []
