"""Providers that cannot be reached, and connections that died while they were idle.

Nothing was sent, or it cannot be known: an error of ours says which, and only what cannot make anything
happen twice is sent again.
"""

from __future__ import annotations

import socket

import pytest
from hostile_kit import CHAT, MODELS, becomes, gateway_for, is_envelope, nothing_left

from conftest import Connect, OpenGateway
from support.client import Answer, request
from support.configuration import openai
from support.inprocess import InProcess
from support.replies import Act, raw, silence, whole
from support.upstream import Upstream


def closed_port() -> str:
    """The URL of a port where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}"


async def is_unreachable(gateway: InProcess, answer: Answer, status: int) -> str:
    """Our answer in the provider's place; its description."""
    is_envelope(answer, status, 2005)
    row = await gateway.row()
    assert (row.status_code, row.success) == (status, False)
    await nothing_left(gateway)
    return str(answer.json()["description"])


async def test_nobody_listens(open_gateway: OpenGateway, connect: Connect) -> None:
    gateway = await open_gateway(openai(closed_port()))
    client = await connect(gateway.url)
    answer = await client.ask("POST", CHAT, body=b"{}")
    assert "no connection" in await is_unreachable(gateway, answer, 502)
    assert (await client.ask("GET", "/healthz")).status == 200


async def test_a_name_that_does_not_exist(open_gateway: OpenGateway, connect: Connect) -> None:
    gateway = await open_gateway(openai("http://nowhere.invalid"))
    client = await connect(gateway.url)
    answer = await client.ask("POST", CHAT, body=b"{}")
    assert "no connection" in await is_unreachable(gateway, answer, 502)


async def test_no_socket(open_gateway: OpenGateway, connect: Connect) -> None:
    gateway = await open_gateway(openai("http+unix://%2Fnonexistent%2Fsocket"))
    client = await connect(gateway.url)
    answer = await client.ask("POST", CHAT, body=b"{}")
    assert "no connection" in await is_unreachable(gateway, answer, 502)


async def test_a_connection_that_does_not_stand_in_time(open_gateway: OpenGateway, connect: Connect) -> None:
    listener = socket.socket()
    waiting = [socket.socket() for _ in range(4)]
    try:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for other in waiting:
            other.setblocking(False)
            other.connect_ex(listener.getsockname())
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        gateway = await open_gateway(openai(url, "[server.timeouts]\nconnect = 0.05\n"))
        client = await connect(gateway.url)
        answer = await client.ask("POST", CHAT, body=b"{}")
        assert "no connection in time" in await is_unreachable(gateway, answer, 504)
    finally:
        for other in (*waiting, listener):
            other.close()


async def test_http_where_tls_is_expected(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(openai(upstream.url.replace("http://", "https://")))
    client = await connect(gateway.url)
    await client.send(request("POST", CHAT, body=b"{}"))
    await becomes(lambda: upstream.connections == 1, "a connection")
    await upstream.drop_idle()
    await is_unreachable(gateway, await client.answer(), 502)
    assert upstream.requests == []


# -- connections that died while they were idle


async def test_a_dead_connection_is_noticed_before_it_is_used(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    assert (await client.ask("POST", CHAT, body=b"{}")).status == 200
    await upstream.drop_idle()
    await gateway.catch_up()
    assert (await client.ask("POST", CHAT, body=b"{}")).status == 200
    assert [seen.connection for seen in upstream.requests] == [0, 1]


@pytest.mark.parametrize("act", [Act.CLOSE, Act.RESET])
@pytest.mark.parametrize(
    ("method", "body", "times"),
    [("GET", None, 2), ("PUT", b"{}", 2), ("DELETE", None, 2), ("POST", b"{}", 1), ("PATCH", b"{}", 1)],
)
async def test_what_may_be_sent_again(
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    method: str,
    body: bytes | None,
    times: int,
    act: Act,
) -> None:
    """On a used connection that dies without a byte: a POST may have been billed, a GET costs nothing."""
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    assert (await client.ask("GET", MODELS)).status == 200
    upstream.will(raw(act), whole(b"again"))
    answer = await client.ask(method, CHAT, body=body)
    assert len(upstream.requests) == 1 + times
    if times == 2:
        assert (answer.status, answer.body) == (200, b"again")
        assert upstream.requests[1].head == upstream.requests[2].head
        assert upstream.requests[1].body == upstream.requests[2].body
    else:
        is_envelope(answer, 502, 2005)
    assert len(await gateway.rows(2)) == 2


async def test_a_body_that_is_still_coming_is_not_sent_again(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """Its first part has been let go; a second attempt would send another request."""
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    assert (await client.ask("GET", MODELS)).status == 200
    upstream.will(raw(Act.CLOSE, early=True))
    await client.send(request("PUT", CHAT, ("Content-Length", "1000")) + b"b" * 10)
    is_envelope(await client.answer(), 502, 2005)
    assert len(upstream.requests) == 2


async def test_sent_again_only_once(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    assert (await client.ask("GET", MODELS)).status == 200
    upstream.will(raw(Act.CLOSE), raw(Act.CLOSE), whole(b"never"))
    is_envelope(await client.ask("GET", MODELS), 502, 2005)
    assert len(upstream.requests) == 3


async def test_never_sent_again_after_a_byte(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    assert (await client.ask("GET", MODELS)).status == 200
    upstream.will(raw(b"HTTP/1.1 200 OK\r\nX-A: b\r\n", Act.CLOSE))
    is_envelope(await client.ask("GET", MODELS), 502, 2005)
    assert len(upstream.requests) == 2


async def test_a_fresh_connection_is_not_tried_again(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    upstream.will(raw(Act.CLOSE))
    is_envelope(await client.ask("GET", MODELS), 502, 2005)
    assert len(upstream.requests) == 1


async def test_idle_connections_are_closed_in_time(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    assert (await client.ask("GET", MODELS)).status == 200
    gateway.advance(29)
    await gateway.catch_up()
    assert upstream.is_open()
    gateway.advance(31)
    await upstream.left()


# -- the limit on connections


async def test_no_more_connections_than_allowed(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """Also when many calls begin in the same moment."""
    gateway = await gateway_for(open_gateway, upstream, max_connections=2)
    upstream.will(silence(), silence(), silence(), silence())
    clients = [await connect(gateway.url) for _ in range(4)]
    for client in clients:
        client.writer.write(request("POST", CHAT, body=b"{}"))
    await upstream.request(2)
    await becomes(lambda: len(gateway.state.tasks) <= 2, "the refusal of the others")
    assert upstream.connections == 2


async def test_connections_that_are_given_back_count_no_more(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await gateway_for(open_gateway, upstream, max_connections=1)
    client = await connect(gateway.url)
    upstream.will(whole(b"1"), raw(Act.CLOSE), whole(b"3"))
    assert (await client.ask("POST", CHAT, body=b"{}")).status == 200
    assert (await client.ask("POST", CHAT, body=b"{}")).status == 502
    assert (await client.ask("POST", CHAT, body=b"{}")).body == b"3"
