"""A provider that closes between the connection's making and the request: told at once, not at a deadline."""

from __future__ import annotations

import asyncio

import pytest
from hostile_kit import CHAT, gateway_for, is_envelope

from conftest import Connect, OpenGateway
from penstock.proxy.upstream.exchange import Connection
from penstock.proxy.upstream.pool import Pool
from penstock.proxy.upstream.pool import Upstream as Outgoing
from support.upstream import Upstream


async def test_a_connection_that_is_gone_before_it_is_used(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection is real and really closed; only the moment is chosen, which no test could hit by itself."""
    dial = Outgoing._dial

    async def dial_and_lose(outgoing: Outgoing, pool: Pool) -> Connection:
        connection = await dial(outgoing, pool)
        connection.transport.abort()
        await asyncio.sleep(0)
        return connection

    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    with monkeypatch.context() as losing:
        losing.setattr(Outgoing, "_dial", dial_and_lose)
        is_envelope(await client.ask("POST", CHAT, body=b"{}"), 502, 2005)
    assert not any(pool.connections for pool in gateway.parts.upstream.pools.values())
    assert (await client.ask("POST", CHAT, body=b"{}")).status == 200
    assert [row.status_code for row in await gateway.rows(2)] == [502, 200]
