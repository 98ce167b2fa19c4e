"""How often a stored key may go out: one count for all gateways and workers, and the next key of its pool instead."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest

from conftest import Connect, OpenGateway, Serve
from support.access import ACCOUNT, CHAT, UNIVERSAL, Access, bearer, steps, take_up
from support.checks import check_error
from support.client import Answer, Header
from support.configuration import gateways, providers
from support.inprocess import InProcess
from support.replies import whole
from support.upstream import Upstream
from support.waiting import comes

A, B = "sk-a-0123456789", "sk-b-0123456789"
OTHER = f"/v1/{ACCOUNT}/other/openai/chat/completions"
OWN: Header = ("Authorization", "Bearer sk-own-0123456789")


@pytest.fixture
def access(tmp_path: Path) -> Access:
    return Access(tmp_path / "gateway-0" / "data")


@pytest.fixture
async def gateway(access: Access, open_gateway: OpenGateway, upstream: Upstream) -> InProcess:
    return await open_gateway(gateways(gw={}, other={}) + providers({"openai": upstream.url}))


class Asking:
    def __init__(self, access: Access, gateway: InProcess, upstream: Upstream, connect: Connect) -> None:
        self._access = access
        self.gateway = gateway
        self._upstream = upstream
        self._connect = connect

    async def ask(self, *headers: Header, target: str = CHAT, body: bytes = b'{"model":"m"}') -> Answer:
        client = await self._connect(self.gateway.url)
        return await client.ask("POST", target, bearer(self.token), *headers, body=body)

    @property
    def token(self) -> str:
        if not hasattr(self, "_token"):
            self._token = self._access.token()
            take_up(self.gateway)
        return self._token

    async def statuses(self, *targets: str) -> list[int]:
        return [(await self.ask(target=target)).status for target in targets]

    @property
    def keys(self) -> list[str]:
        """With which keys calls have come to the provider."""
        return [
            (seen.header("authorization") or b"").decode().removeprefix("Bearer ")
            for seen in self._upstream.requests
        ]


@pytest.fixture
def asking(access: Access, gateway: InProcess, upstream: Upstream, connect: Connect) -> Asking:
    return Asking(access, gateway, upstream, connect)


async def test_a_key_goes_out_so_often_and_no_more(access: Access, asking: Asking) -> None:
    access.key("openai", A, rate=(2, 60))
    assert await asking.statuses(CHAT, CHAT) == [200, 200]
    refused = await asking.ask()
    assert "stored keys of openai" in check_error(refused, 429, 2003, "Rate limited")
    assert 0 < int(refused.header("retry-after") or "") <= 60
    asking.gateway.clock.ahead += 30
    assert await asking.statuses(CHAT) == [429]
    asking.gateway.clock.ahead += 31
    assert await asking.statuses(CHAT, CHAT, CHAT) == [200, 200, 429]
    rows = await asking.gateway.rows(7)
    assert [row.status_code for row in rows] == [200, 200, 429, 429, 200, 200, 429]
    assert asking.keys == [A] * 4


async def test_all_gateways_that_use_it_count_together(access: Access, asking: Asking) -> None:
    access.key("openai", A, rate=(3, 60))
    assert await asking.statuses(CHAT, OTHER, CHAT, OTHER, CHAT) == [200, 200, 200, 429, 429]
    take_up(asking.gateway)  # a changed configuration forgets nothing
    assert await asking.statuses(OTHER) == [429]


async def test_the_next_key_of_the_pool_goes_instead(access: Access, asking: Asking) -> None:
    """In its turn, and each within its own rate; one without any as often as is asked."""
    access.key("openai", A, rate=(1, 60))
    access.key("openai", B, rate=(3, 60))
    assert await asking.statuses(*[CHAT] * 5) == [200, 200, 200, 200, 429]
    assert asking.keys == [A, B, B, B]
    asking.gateway.clock.ahead += 61
    access.key("openai", "sk-c-0123456789")
    take_up(asking.gateway)
    assert await asking.statuses(*[CHAT] * 9) == [200] * 9
    assert [asking.keys[4:].count(key) for key in (A, B)] == [1, 3]


async def test_one_that_is_refused_is_no_way_round(
    access: Access, asking: Asking, upstream: Upstream
) -> None:
    """A key that is set aside stays so, though the other one may not go out."""
    access.key("openai", A, rate=(1, 60))
    access.key("openai", B)
    upstream.otherwise = lambda seen: whole(b"{}", 401 if B.encode() in seen.head else 200)
    assert await asking.statuses(CHAT, CHAT) == [200, 429]
    assert asking.keys == [A, B]


async def test_only_sendings_with_the_key_count(access: Access, asking: Asking, upstream: Upstream) -> None:
    """Not those with the caller's own credential, nor answers that were kept; but each attempt."""
    access.key("openai", A, rate=(3, 60))
    for _ in range(4):
        assert (await asking.ask(OWN)).status == 200
        assert (await asking.ask(("cf-aig-cache-ttl", "60"))).status == 200
    upstream.will(whole(b"{}", 500), whole(b"{}", 200))
    attempts: tuple[Header, ...] = (("cf-aig-max-attempts", "2"), ("cf-aig-retry-delay", "1"))
    assert (await asking.ask(*attempts)).status == 200
    assert await asking.statuses(CHAT) == [429]


async def test_a_step_gives_way_to_the_next(access: Access, asking: Asking) -> None:
    access.key("openai", A, rate=(1, 60))
    access.key("anthropic", B)
    body = steps(("openai", "chat/completions", {}), ("openai", "embeddings", {}))
    assert (await asking.ask(target=UNIVERSAL, body=body)).status == 200
    assert (await asking.ask(target=UNIVERSAL, body=body)).status == 429


async def test_many_at_once(access: Access, asking: Asking) -> None:
    access.key("openai", A, rate=(5, 60))
    answers = await asyncio.gather(*(asking.ask() for _ in range(20)))
    assert sorted(answer.status for answer in answers) == [200] * 5 + [429] * 15


async def test_workers_count_together_and_the_api_sets_it(serve: Serve, upstream: Upstream) -> None:
    text = gateways(gw={}) + providers({"openai": upstream.url}) + "[server]\nworkers = 2\n"
    gateway = await serve(text, environ={"PENSTOCK_ADMIN_TOKEN": "the-admin-token"})
    base = f"{gateway.url}/client/v4/accounts/acct/ai-gateway/gateways/gw/provider_configs"
    shown = {"authorization": "Bearer the-admin-token"}
    key = {"alias": "default", "default_config": True, "provider_slug": "openai", "secret": A}
    async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
        made = (
            await http.post(base, headers=shown, json={**key, "rate_limit": 6, "rate_limit_period": 3600})
        ).json()
        assert (made["success"], made["messages"]) == (True, [])
        assert (made["result"]["rate_limit"], made["result"]["rate_limit_period"]) == (6, 3600)

        async def refused() -> bool | None:
            """Each on a connection of its own, so that both workers have their share."""
            async with httpx.AsyncClient(trust_env=False, timeout=60) as one:
                asked = [one.post(f"{gateway.url}{CHAT}", json={}) for _ in range(8)]
                return all(answer.status_code == 429 for answer in await asyncio.gather(*asked)) or None

        await comes(refused, "an end of what the key may do")
    assert sum(A.encode() in seen.head for seen in upstream.requests) == 6
    await gateway.stop()
