"""Heads of a megabyte, where an operator lets them in: no part of one is worked on again for each other part."""

from __future__ import annotations

import pytest
from hostile_kit import CHAT, gateway_for, is_refused, still_serves

from conftest import Connect, OpenGateway
from support.client import request as client_request
from support.loop_lag import LoopLag
from support.upstream import Upstream

SIZE = 1_000_000
LIMIT = 0.25  # seconds of one turn, the test's own part of it included

Headers = tuple[tuple[str, str], ...]

HEADERS: dict[str, Headers] = {
    "one long Connection and many short ones": (
        ("connection", ",".join(f"a{number}" for number in range(SIZE // 8))),
        *(("connection", f"b{number}") for number in range(400)),
    ),
    "an event's id": (("cf-aig-event-id", "a" * SIZE),),
    "a credential of percent signs": (("authorization", "%25" * (SIZE // 3)),),
    "a header of percent signs": (("x-any", "%252525252525255f" * (SIZE // 17)),),
    "a header of escapes": (("x-any", "\\u0041" * (SIZE // 6)),),
    "a user agent of percent signs": (("user-agent", "%41" * (SIZE // 3)),),
    "metadata of escapes": (("cf-aig-metadata", '{"user":"' + "\\u0041" * (SIZE // 6) + '"}'),),
}


@pytest.mark.parametrize("headers", HEADERS.values(), ids=HEADERS.keys())
async def test_a_large_head_holds_up_nobody(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, headers: Headers
) -> None:
    gateway = await gateway_for(open_gateway, upstream, max_header_bytes=2 * SIZE)
    client = await connect(gateway.url)
    async with LoopLag() as lag:
        await client.send(client_request("POST", CHAT, *headers, body=b"{}"))
        answer = await client.answer()
        await gateway.row()
    assert (answer.status, lag.worst < LIMIT) == (200, True), lag.worst
    await still_serves(gateway, connect)


TARGETS = {
    "encoded dots": f"{CHAT}/" + "%2e%2e%2" * (SIZE // 8),
    "encoded letters": f"{CHAT}/" + "%41" * (SIZE // 3),
    "encoded names": f"{CHAT}?" + "%41=1&" * (SIZE // 6),
    "parameters": f"{CHAT}?" + "a=b&" * (SIZE // 4),
    "an encoded query": f"{CHAT}?" + "%41" * (SIZE // 3) + "=1",
}


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS.keys())
async def test_a_target_has_a_bound_of_its_own(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, target: str
) -> None:
    gateway = await gateway_for(open_gateway, upstream, max_header_bytes=2 * SIZE)
    client = await connect(gateway.url)
    async with LoopLag() as lag:
        await client.send(client_request("POST", target, body=b"{}"))
        await is_refused(client, 431, 9431)
    assert lag.worst < LIMIT
    assert upstream.requests == []


async def test_a_target_of_nearly_as_much_passes(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await gateway_for(open_gateway, upstream, max_header_bytes=2 * SIZE)
    target = f"{CHAT}?" + "a=b&" * 16_300
    client = await connect(gateway.url)
    assert (await client.ask("POST", target, body=b"{}")).status == 200
    assert (await upstream.only()).target == target.replace("/v1/acct/gw/openai", "/v1").encode()


async def test_what_any_line_of_connection_names_stays_here(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    names = [(f"x-{number}", "1") for number in range(4)]
    lines = [("connection", "X-0"), ("connection", "keep-alive, x-1"), ("connection", "keep-alive")]
    assert (await client.ask("POST", CHAT, *names, *lines, ("connection", "x-2"), body=b"{}")).status == 200
    sent = await upstream.only()
    assert [name for name, _ in names if sent.header(name)] == ["x-3"]
