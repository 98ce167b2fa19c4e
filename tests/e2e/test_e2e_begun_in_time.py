"""`cf-aig-request-timeout` of a lone call: until the first part of the answer has come, and not a moment longer."""

from __future__ import annotations

import asyncio
import json

import pytest

from conftest import Connect, OpenGateway
from support.checks import check_error
from support.client import Header, request
from support.configuration import gateways, openai, providers
from support.replies import Reply, bodiless, chunked, head, raw, sized, sse, whole
from support.upstream import Upstream

CHAT = "/v1/acct/gw/openai/chat/completions"
LIMIT: Header = ("cf-aig-request-timeout", "250")
FAILED = "Failed to get response from provider"
NEVER = asyncio.Event


def late(status: int) -> Reply:
    return raw(head(status, (("content-length", "2"),)), NEVER())


@pytest.mark.parametrize(
    "reply",
    [
        sized(10, NEVER()),
        chunked(NEVER()),
        sse(NEVER()),
        late(400),
        late(429),
        late(500),
        raw(head(103), NEVER()),
    ],
    ids=["length", "chunked", "events", "400", "429", "500", "103"],
)
@pytest.mark.parametrize("path", ["openai/chat/completions", "compat/chat/completions"])
async def test_a_head_is_no_part_of_the_answer(
    open_gateway: OpenGateway, connect: Connect, upstream: Upstream, reply: Reply, path: str
) -> None:
    upstream.will(reply)
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    body = json.dumps({"model": "openai/m"}).encode()
    check_error(await client.ask("POST", f"/v1/acct/gw/{path}", LIMIT, body=body), 504, 2005, FAILED)
    await upstream.left()
    assert ((await gateway.row()).status_code, (await gateway.row()).attempts) == (504, 1)


@pytest.mark.parametrize("fields", [{"cache_ttl": 60}, {"collect_logs": False}], ids=["cache", "no log"])
async def test_whatever_else_the_gateway_does(
    open_gateway: OpenGateway, connect: Connect, upstream: Upstream, fields: dict[str, object]
) -> None:
    upstream.will(sized(10, NEVER()))
    gateway = await open_gateway(gateways(gw=fields) + providers({"openai": upstream.url}))
    client = await connect(gateway.url)
    check_error(await client.ask("POST", CHAT, LIMIT, body=b"{}"), 504, 2005, FAILED)


@pytest.mark.parametrize("status", [200, 404, 500])
async def test_what_has_begun_in_time_is_not_cut(
    open_gateway: OpenGateway, connect: Connect, upstream: Upstream, status: int
) -> None:
    gate = asyncio.Event()
    upstream.will(raw(head(status, (("content-length", "4"),)), b"{ ", gate, b" }"))
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    await client.send(request("POST", CHAT, LIMIT, body=b"{}"))
    await upstream.request()
    await asyncio.sleep(0.4)  # longer than the limit
    gate.set()
    answer = await client.answer()
    assert (answer.status, answer.body) == (status, b"{  }")


@pytest.mark.parametrize(
    ("method", "reply"),
    [
        ("POST", whole(b"")),
        ("POST", raw(head(204))),
        ("HEAD", bodiless(sized(10))),
        ("GET", raw(head(304))),
    ],
    ids=["empty", "204", "head", "304"],
)
async def test_an_answer_without_a_body_has_come(
    open_gateway: OpenGateway, connect: Connect, upstream: Upstream, method: str, reply: Reply
) -> None:
    upstream.will(reply)
    client = await connect((await open_gateway(openai(upstream.url))).url)
    body = b"{}" if method == "POST" else None
    assert (await client.ask(method, CHAT, LIMIT, body=body)).status in (200, 204, 304)
    assert (await client.ask("POST", CHAT, LIMIT, body=b"{}")).status == 200
