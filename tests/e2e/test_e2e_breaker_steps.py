"""Open circuits, with several attempts and several steps to go on with."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from urllib.parse import quote

import pytest

from conftest import Connect, OpenGateway
from support.checks import check_error
from support.client import Client, request
from support.configuration import gateways, openai, providers
from support.replies import Reply, whole
from support.upstream import Upstream
from support.waiting import eventually

CHAT = "/v1/acct/gw/openai/chat/completions"
NOBODY = "http://127.0.0.1:1"
FAILED = "Failed to get response from provider"


async def opened(client: Client) -> None:
    """Five calls to where nobody listens."""
    for _ in range(5):
        assert (await client.ask("POST", CHAT, body=b"{}")).status == 502


async def test_attempts_count_one_by_one(open_gateway: OpenGateway, connect: Connect) -> None:
    gateway = await open_gateway(openai(NOBODY))
    client = await connect(gateway.url)
    five = (("cf-aig-max-attempts", "5"), ("cf-aig-retry-delay", "0"))
    assert (await client.ask("POST", CHAT, *five, body=b"{}")).status == 502
    check_error(await client.ask("POST", CHAT, body=b"{}"), 503, 2005, FAILED)
    assert [row.attempts for row in await gateway.rows(2)] == [5, 0]


@pytest.mark.parametrize("config", [{}, {"maxAttempts": 5, "retryDelay": 1000}], ids=["once", "attempts"])
async def test_steps_behind_an_open_circuit_are_passed_over_at_once(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, config: dict[str, int]
) -> None:
    gateway = await open_gateway(gateways() + providers({"openai": NOBODY, "groq": upstream.url}))
    client = await connect(gateway.url)
    await opened(client)
    body = json.dumps(
        [
            {"provider": "openai", "endpoint": "chat/completions", "query": {}, "config": config},
            {"provider": "groq", "endpoint": "chat/completions", "query": {}},
        ]
    ).encode()
    answer = await client.ask("POST", "/v1/acct/gw", body=body)
    assert (answer.status, answer.header("cf-aig-step")) == (200, "1")
    assert gateway.clock.slept == []
    rows = (await gateway.rows(7))[-2:]
    assert [(row.provider, row.status_code, row.attempts) for row in rows] == [
        ("openai", 503, 0),
        ("groq", 200, 1),
    ]


async def test_all_steps_behind_open_circuits(open_gateway: OpenGateway, connect: Connect) -> None:
    gateway = await open_gateway(openai(NOBODY))
    client = await connect(gateway.url)
    await opened(client)
    step = {"provider": "openai", "endpoint": "chat/completions", "query": {}}
    answer = await client.ask("POST", "/v1/acct/gw", body=json.dumps([step, step]).encode())
    check_error(answer, 503, 2005, FAILED)
    assert (answer.header("cf-aig-step"), answer.header("retry-after")) == ("1", "5")


async def test_a_probe_may_be_a_step(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, tmp_path: Path
) -> None:
    """Whoever waits for the step meanwhile gets the next one."""
    text = gateways() + providers(
        {"openai": f"http+unix://{quote(str(tmp_path / 's'), safe='')}", "groq": upstream.url}
    )
    gateway = await open_gateway(text)
    client, other = await connect(gateway.url), await connect(gateway.url)
    await opened(client)
    provider = await Upstream.start(unix=tmp_path / "s")
    gate = asyncio.Event()
    provider.will(Reply((gate, *whole(b"openai").steps)))
    gateway.clock.ahead += 5
    step = {"endpoint": "chat/completions", "query": {}}
    body = json.dumps([{"provider": slug, **step} for slug in ("openai", "groq")]).encode()
    await client.send(request("POST", "/v1/acct/gw", body=body))
    await provider.request()
    assert (await other.ask("POST", "/v1/acct/gw", body=body)).header("cf-aig-step") == "1"
    gate.set()
    assert (await client.answer()).body == b"openai"
    await eventually(lambda: True if not gateway.state.tasks else None, "the end of all calls")
    assert (await other.ask("POST", "/v1/acct/gw", body=body)).header("cf-aig-step") == "0"
    await provider.close()
