"""Rows of a directory for tests of its store: plain ones, changed by `msgspec.structs.replace`."""

from __future__ import annotations

from penstock.stores.control_store import (
    CustomProvider,
    DynamicRoute,
    ProviderKey,
    RouteDeployment,
    RouteVersion,
    SecretHash,
    StoredGateway,
    Token,
)

LABEL = b"\x01" + b"f" * 8
TOKEN = Token(
    id="0123456789abcdef",
    name="ci",
    permissions=("run",),
    secrets=(SecretHash(b"the salt", b"the digest"),),
    created_us=1,
)
KEY = ProviderKey(
    id="k",
    account="local",
    gateway="prod",
    provider="openai",
    alias="first",
    sealed=LABEL + b"the sealed key",
    preview="…",
    created_us=1,
    modified_us=1,
)
PROVIDER = CustomProvider(
    id="c",
    account="local",
    slug="acme",
    name="acme",
    base_url="https://acme.example",
    enable=True,
    sealed_headers=LABEL + b"the sealed headers",
    created_us=1,
    modified_us=1,
)
GATEWAY = StoredGateway(
    id="g",
    account="local",
    gateway="prod",
    fields={"cache_ttl": 60},
    sealed=LABEL + b"the sealed fields",
    created_us=1,
    modified_us=1,
)
ROUTE = DynamicRoute(
    id="r",
    account="local",
    gateway="prod",
    name="support",
    versions=(RouteVersion(id="v1", elements=[{"id": "s"}], created_us=1),),
    deployments=(RouteDeployment(id="d1", version_id="v1", created_us=1),),
    created_us=1,
    modified_us=1,
)
