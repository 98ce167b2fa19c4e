"""A connection that was just opened has all its time: the first look around must not end it."""

from __future__ import annotations

from limit_kit import CHAT, GPT, plain

from conftest import Connect, OpenGateway
from support.upstream import Upstream


async def test_a_fresh_connection_outlives_the_first_sweep(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(plain(upstream.url))
    client = await connect(gateway.url)
    await gateway.catch_up()
    gateway.sweep()
    assert (await client.ask("POST", CHAT, body=GPT)).status == 200
