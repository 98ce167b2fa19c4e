"""Many clients of the management API at once, over three workers: one wins, nothing is left over, all is entered.

And the secrets that they bring are nowhere to be read afterwards.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from itertools import pairwise

import httpx
import pytest

from conftest import Serve
from penstock.stores.audit_entry import AuditEntry
from penstock.stores.control_store import (
    ProviderKey,
    StoredGateway,
)
from penstock.stores.sqlite.control_store.store import FILE_NAME, SqliteControlStore
from support.access import holding
from support.gateway import PROGRAM, Gateway

ADMIN = "PLANTED-admin-token-0123456789"
GATEWAYS = "/accounts/acct/ai-gateway/gateways"
PLAIN: dict[str, object] = {
    "cache_invalidate_on_update": False,
    "cache_ttl": 0,
    "collect_logs": True,
    "rate_limiting_interval": 0,
    "rate_limiting_limit": 0,
}
KEY = {"alias": "a", "default_config": True, "provider_slug": "openai", "secret": "PLANTED-key-0123456789"}
SECRET = "PLANTED"
MANY = 30


class Crowd:
    """Clients with a connection each, so that all workers take part."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.control_store = SqliteControlStore(gateway.data / FILE_NAME)
        self.said = ""

    async def one(self, method: str, path: str, body: object = None) -> httpx.Response:
        headers = {"authorization": f"Bearer {ADMIN}"}
        content = None if body is None else json.dumps(body).encode()
        async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
            url = f"{self.gateway.url}/client/v4{path}"
            answer = await client.request(method, url, content=content, headers=headers)
        self.said += answer.text
        return answer

    async def all(self, *asked: tuple[str, str, object]) -> Counter[int]:
        """All of it at once; how many answers of each status there are."""
        return Counter(one.status_code for one in await asyncio.gather(*(self.one(*ask) for ask in asked)))

    def entries(self, action: str, kind: str) -> list[AuditEntry]:
        found = self.control_store.audit(None, 10_000)
        return [one for one in found if (one.action, one.kind) == (action, kind)]


@pytest.fixture
async def crowd(serve: Serve) -> AsyncIterator[Crowd]:
    """No answer and nothing that is written or said may hold what was planted."""
    gateway = await serve(None, "--workers", "3", environ={"PENSTOCK_ADMIN_TOKEN": ADMIN})
    crowd = Crowd(gateway)
    yield crowd
    said = await gateway.stop()
    assert SECRET not in crowd.said
    assert SECRET not in said
    assert "Traceback" not in said
    assert holding(gateway.data, SECRET) == []


async def test_of_many_creations_one_wins(crowd: Crowd) -> None:
    made = await crowd.all(*[("POST", GATEWAYS, {"id": "g", **PLAIN})] * MANY)
    assert made == {200: 1, 400: MANY - 1}
    assert len(crowd.control_store.all(StoredGateway)) == len(crowd.entries("create", "gateway")) == 1


async def test_every_change_that_succeeds_is_entered_once(crowd: Crowd) -> None:
    await crowd.one("POST", GATEWAYS, {"id": "g", **PLAIN})
    bodies = [{**PLAIN, "cache_ttl": number} for number in range(1, MANY + 1)]
    changed = await crowd.all(*[("PUT", f"{GATEWAYS}/g", body) for body in bodies])
    assert set(changed) <= {200, 409}
    entries = crowd.entries("update", "gateway")
    assert len(entries) == changed[200] >= 1
    (row,) = crowd.control_store.all(StoredGateway)
    assert row.fields["cache_ttl"] == (entries[0].after or {})["fields"]["cache_ttl"]  # type: ignore[index]
    for newer, older in pairwise(entries):
        assert (newer.before or {})["fields"] == (older.after or {})["fields"]


async def test_what_comes_while_its_gateway_goes_is_not_left_over(crowd: Crowd) -> None:
    body = {
        "id": "g",
        **PLAIN,
        "otel": [
            {"url": "https://a.example", "headers": {"x": "PLANTED-otel"}, "authorization": "PLANTED-auth"}
        ],
        "stripe": {"authorization": "PLANTED-stripe", "usage_events": [{"payload": "{}"}]},
    }
    one_round: list[tuple[str, str, object]] = [
        ("POST", GATEWAYS, body),
        ("POST", f"{GATEWAYS}/g/provider_configs", KEY),
        ("DELETE", f"{GATEWAYS}/g", None),
        ("POST", f"{GATEWAYS}/g/provider_configs", KEY),
    ]
    assert set(await crowd.all(*one_round * 8)) <= {200, 400, 404, 409}
    assert (await crowd.one("DELETE", f"{GATEWAYS}/g")).status_code in (200, 404)
    assert (await crowd.one("DELETE", f"{GATEWAYS}/g")).status_code == 404
    assert crowd.control_store.all(ProviderKey) == ()
    for kind in ("gateway", "provider_key"):
        assert len(crowd.entries("create", kind)) == len(crowd.entries("delete", kind))


async def test_a_wrong_body_with_secrets_in_wrong_places_is_not_repeated(crowd: Crowd) -> None:
    otel = {"url": "https://a.example", "headers": {"x": "PLANTED\n"}, "authorization": "PLANTED\r\nx: y"}
    wrong: list[tuple[str, str, object]] = [
        ("POST", GATEWAYS, {"id": "x", **PLAIN, "otel": [{**otel, "headers": {}}]}),
        ("POST", GATEWAYS, {"id": "x", **PLAIN, "otel": [{**otel, "authorization": None}]}),
        ("POST", GATEWAYS, {"id": "x", **PLAIN, "otel": [{"url": "https://u:p@a.example", "headers": {}}]}),
        ("POST", GATEWAYS, {"id": "x", **PLAIN, "stripe": {"authorization": ["PLANTED"]}}),
        ("POST", f"{GATEWAYS}/g/provider_configs", {**KEY, "secret": "PLANTED" * 20_000}),
        ("POST", f"{GATEWAYS}/g/provider_configs", {**KEY, "secret": {"a": "PLANTED"}}),
        ("POST", f"{GATEWAYS}/g/provider_configs", {**KEY, "secret": "PLANTED\n\n1"}),
        ("POST", "/accounts/acct/ai-gateway/custom-providers", {"headers": '{"a": "PLANTED'}),
    ]
    await crowd.one("POST", GATEWAYS, {"id": "g", **PLAIN})
    assert set(await crowd.all(*wrong)) == {400}
    assert (await crowd.one("GET", "/accounts/acct/audit_logs")).json()["result_info"]["count"] == 1
    for command in ("export", "gateways", "audit", "provider-keys"):
        assert SECRET not in await run(crowd.gateway, command)


async def run(gateway: Gateway, command: str) -> str:
    """What a command says of the directory."""
    arguments = [command, *(["list"] if command == "provider-keys" else []), "--data", str(gateway.data)]
    process = await asyncio.create_subprocess_exec(
        *PROGRAM, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said
    return said.decode()
