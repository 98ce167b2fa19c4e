"""What clients may leave unfinished, in bytes that a gateway counts: heads, trailers, queued requests, bodies of pages.

In one process, by what is left of its budget; how much that is on a machine is in the tests of whole processes.
"""

from __future__ import annotations

import asyncio

import pytest
from hostile_kit import CHAT, becomes, gateway_for, is_refused
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from conftest import Connect, OpenGateway
from penstock.proxy.room import Room
from support.client import Client, request
from support.configuration import gateways, openai, providers
from support.inprocess import InProcess
from support.replies import raw
from support.upstream import Upstream

ADMIN = "an-admin-token-of-some-length"
GATEWAYS = "/client/v4/accounts/acct/ai-gateway/gateways"
TOKEN = ("Authorization", f"Bearer {ADMIN}")
MEGABYTE = 1024 * 1024
FIELDS = {
    "of a byte": b"a:\r\n" * 12_000,
    "of ten": b"a:bcdefghij\r\n" * 2_000,
}


def room(gateway: InProcess) -> Room:
    return gateway.parts.pipeline.room


@pytest.mark.parametrize("fields", FIELDS.values(), ids=FIELDS)
@pytest.mark.parametrize("target", [CHAT, "/healthz", GATEWAYS])
async def test_thousands_of_fields(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, target: str, fields: bytes
) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    client.writer.write(f"GET {target} HTTP/1.1\r\nHost: a\r\n".encode() + fields)
    await is_refused(client, 431, 9431)


async def test_thousands_of_trailers(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    await client.send(
        request("POST", "/v1/acct/gw/compat/chat/completions", ("Transfer-Encoding", "chunked"))
    )
    client.writer.write(b"0\r\n" + FIELDS["of a byte"])
    await is_refused(client, 431, 9431)


async def test_an_unfinished_head_counts_until_its_client_leaves(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    free = room(gateway).budget.free
    client = await connect(gateway.url)
    await client.send(f"GET {CHAT} HTTP/1.1\r\nX-A: ".encode() + b"a" * 50_000)
    await becomes(lambda: room(gateway).budget.free <= free - 48_000, "a head that counts")
    client.leave()
    await becomes(lambda: room(gateway).budget.free == free, "room that is back")


async def test_requests_behind_another_count(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(openai(upstream.url))
    gate = asyncio.Event()
    upstream.will(raw(gate, early=True))
    free = room(gateway).budget.free
    client = await connect(gateway.url)
    await client.send(request("POST", CHAT, body=b"{}") + request("POST", CHAT, body=b"a" * 50_000) * 10)
    await becomes(lambda: room(gateway).budget.free <= free - 400_000, "requests that count")
    client.leave()
    await becomes(lambda: room(gateway).budget.free == free, "room that is back")


@pytest.mark.parametrize("token", [(), (TOKEN,)], ids=["without a token", "with one"])
async def test_bodies_for_the_management_api_behind_a_call(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, token: tuple[tuple[str, str], ...]
) -> None:
    """Nobody has asked for them yet: the client is held back. Then it is answered."""
    gateway = await open_gateway(openai(upstream.url), {"PENSTOCK_ADMIN_TOKEN": ADMIN})
    gate = asyncio.Event()
    upstream.will(raw(gate, b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", early=True))
    client = await connect(gateway.url)
    body = b" " * (3 * MEGABYTE)
    await client.send(request("GET", CHAT))
    client.writer.write(request("POST", GATEWAYS, *token, body=body))
    await upstream.request(1)
    await gateway.catch_up()
    (lane,) = gateway.lanes
    await becomes(lambda: lane.flow.read_paused, "a client that is held back")
    assert isinstance(lane.cycle, RequestResponseCycle)
    assert len(lane.cycle.body) < 100_000
    gate.set()
    assert (await client.answer()).status == 200
    assert (await client.answer()).status == (400 if token else 401)


async def test_bodies_for_the_management_api_take_room(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    text = openai(upstream.url, f"[server.limits]\nmax_memory_bytes = {8 * MEGABYTE}\n")
    gateway = await open_gateway(text, {"PENSTOCK_ADMIN_TOKEN": ADMIN})
    free = room(gateway).budget.free
    declared = ("Content-Length", str(4 * MEGABYTE))
    body = request("POST", GATEWAYS, TOKEN, declared) + b" " * 60_000
    clients = [await connect(gateway.url) for _ in range(2)]  # more of one caller would wait for their turn
    await clients[0].send(body)
    await becomes(lambda: room(gateway).budget.free <= free - 4 * MEGABYTE, "a body with room")
    await clients[1].send(body)
    await becomes(lambda: room(gateway).is_awaited("acct"), "a body that waits for it")
    gateway.advance(11)
    answers = await asyncio.gather(*map(refusal, clients[1:]))
    assert set(answers) == {503}
    for client in clients:
        client.leave()
    await becomes(lambda: room(gateway).budget.free == free, "room that is back")


async def test_bodies_of_strangers_to_the_management_api_are_let_go(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """What came before the token was looked at counts, and does not outlive the answer."""
    gateway = await open_gateway(openai(upstream.url), {"PENSTOCK_ADMIN_TOKEN": ADMIN})
    free = room(gateway).budget.free
    body = request("POST", GATEWAYS, ("Content-Length", str(4 * MEGABYTE))) + b" " * 60_000
    clients = [await connect(gateway.url) for _ in range(20)]
    for client in clients:
        await client.send(body)
    for client in clients:
        assert (await client.answer()).status == 401
    await becomes(lambda: room(gateway).budget.free == free, "room that is back")
    pages = [lane.cycle for lane in gateway.lanes]
    assert len(pages) == 20
    assert sum(len(page.body) for page in pages if isinstance(page, RequestResponseCycle)) == 0


async def test_bodies_that_wait_for_their_turn_stay_within_the_room(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """Forty clients of one good token, of whom two have their turn: the rest sends 60 kB each all the same."""
    text = openai(upstream.url, f"[server.limits]\nmax_memory_bytes = {MEGABYTE}\n")
    gateway = await open_gateway(text, {"PENSTOCK_ADMIN_TOKEN": ADMIN})
    free = room(gateway).budget.free
    clients = [await connect(gateway.url) for _ in range(40)]
    for client in clients:
        await client.send(request("POST", GATEWAYS, TOKEN, ("Content-Length", "70000")))
    await gateway.catch_up()
    answers = [asyncio.create_task(client.answer()) for client in clients]
    for client in clients:
        await client.send(b" " * 60_000)
    await becomes(lambda: sum(one.done() for one in answers) >= 20, "clients that are refused")
    found = [one.result() for one in answers if one.done()]
    assert {answer.status for answer in found} == {503}
    assert all(answer.header("retry-after") for answer in found)
    assert room(gateway).budget.free >= -65536
    for client, answer in zip(clients, answers, strict=True):
        answer.cancel()
        client.leave()
    await becomes(lambda: room(gateway).budget.free == free, "room that is back")


async def refusal(client: Client) -> int:
    answer = await client.answer()
    assert answer.header("retry-after")
    assert "max_memory_bytes" in answer.body.decode()
    return answer.status


async def test_what_one_account_holds_leaves_room_for_another(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """Account a keeps all it can get; b's body of eight megabytes is served at once."""
    text = gateways("a", gw={}) + gateways("b", gw={}) + providers({"openai": upstream.url})
    gateway = await open_gateway(text)
    greedy = [await connect(gateway.url) for _ in range(4)]
    for client in greedy:
        await client.send(
            request("POST", "/v1/a/gw/compat/chat/completions", ("Content-Length", str(30 * MEGABYTE)))
        )
    await becomes(lambda: room(gateway).is_awaited("a"), "an account with all it can get")
    other = await connect(gateway.url)
    body = b'{"model":"openai/x","pad":"' + b"a" * (8 * MEGABYTE - 100) + b'"}'
    assert (await other.ask("POST", "/v1/b/gw/compat/chat/completions", body=body)).status == 200
    for client in greedy:
        client.leave()
    await becomes(lambda: not gateway.lanes or len(gateway.lanes) == 1, "clients that have left")


async def test_who_sends_slowly_makes_room(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    text = openai(upstream.url, f"[server.limits]\nmax_memory_bytes = {8 * MEGABYTE}\n")
    gateway = await open_gateway(text)
    slow, other = await connect(gateway.url), await connect(gateway.url)
    declared = ("Content-Length", str(4 * MEGABYTE))
    compat = "/v1/acct/gw/compat/chat/completions"
    await slow.send(request("POST", compat, declared) + b"a" * 1000)
    await becomes(lambda: room(gateway).budget.free <= 4 * MEGABYTE, "a slow upload with room")
    await other.send(request("POST", compat, declared))
    await becomes(lambda: room(gateway).is_awaited("acct"), "another one that waits")
    for _ in range(8):
        gateway.advance(1.0)
    answer = await slow.answer()
    assert (answer.status, answer.header("retry-after") is not None) == (503, True)
    await other.send(b" " * (4 * MEGABYTE))
    assert (await other.answer()).status == 400
