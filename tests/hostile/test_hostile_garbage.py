"""Random bytes from either side: an error, an end, but never a crash, and never silence for ever.

After each of them a good request is answered as if nothing had been. Garbage is made from pieces of HTTP, so
that it gets past the first line now and then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from tempfile import TemporaryDirectory

import uvloop
from hostile_kit import CHAT, Complaints, becomes, busy, gateway_limits, settled
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.client import Broken, Client, request
from support.inprocess import InProcess
from support.replies import Act, raw, whole
from support.upstream import Upstream

BOUNDED = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))

PIECES = st.sampled_from(
    [
        b"GET /v1/acct/gw/openai/models HTTP/1.1\r\n",
        f"POST {CHAT} HTTP/1.1\r\n".encode(),
        b"GET /healthz HTTP/1.1\r\n",
        b"POST /healthz HTTP/1.0\r\n",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.0 204 None\r\n",
        b"Content-Length: 5\r\n",
        b"Content-Length: 0\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Connection: close\r\n",
        b"Connection: upgrade\r\nUpgrade: websocket\r\n",
        b"Expect: 100-continue\r\n",
        b"cf-aig-metadata: {}\r\n",
        b"\r\n",
        b"\r\n\r\n",
        b"5\r\nhello\r\n",
        b"0\r\n\r\n",
        b"hello",
        b"\n",
        b":",
        b" ",
    ]
)
GARBAGE = st.lists(st.one_of(PIECES, PIECES, st.binary(max_size=20)), min_size=1, max_size=8).map(b"".join)


def run(story: Coroutine[None, None, None]) -> None:
    """Runs it on the loop that workers use."""
    uvloop.run(story)


async def ends(client: Client, gateway: InProcess) -> None:
    """The gateway comes to an end with this connection, at the latest when its patience is over."""
    for _ in range(4):
        await settled(gateway)
        await gateway.catch_up()
        gateway.advance(100)
    try:
        await client.rest()
    except Broken:
        pass


async def works(gateway: InProcess, upstream: Upstream) -> None:
    """A good request gets a good answer."""
    await settled(gateway)
    assert busy(gateway) == 0
    upstream.will(whole(b"good"))
    client = await Client.connect(gateway.url)
    answer = await client.ask("POST", CHAT, body=b"{}")
    await client.close()
    assert (answer.status, answer.body) == (200, b"good")


async def garbage_from_a_client(data: bytes, folder: Path) -> None:
    complaints = Complaints()
    upstream = await Upstream.start()
    gateway = await InProcess.start(folder, gateway_limits(upstream.url))
    try:
        client = await Client.connect(gateway.url)
        await client.send(data)
        await ends(client, gateway)
        await client.close()
        await works(gateway, upstream)
    finally:
        await gateway.stop()
        await upstream.close()
    complaints.none()


async def garbage_from_a_provider(data: bytes, folder: Path) -> None:
    complaints = Complaints()
    upstream = await Upstream.start()
    gateway = await InProcess.start(folder, gateway_limits(upstream.url))
    upstream.will(raw(data, asyncio.Event(), Act.CLOSE))
    try:
        client = await Client.connect(gateway.url)
        await client.send(request("POST", CHAT, body=b"{}"))
        await upstream.request()
        await gateway.catch_up()
        for _ in range(2):
            gateway.advance(1000)
            await gateway.catch_up()
        await becomes(lambda: not gateway.state.tasks, "the end of the call")
        await client.close()
        assert len(await gateway.rows(1)) == 1
        await works(gateway, upstream)
    finally:
        await gateway.stop()
        await upstream.close()
    complaints.none()


@BOUNDED
@given(GARBAGE)
def test_from_a_client(data: bytes) -> None:
    with TemporaryDirectory() as folder:
        run(garbage_from_a_client(data, Path(folder)))


@BOUNDED
@given(GARBAGE)
def test_from_a_provider(data: bytes) -> None:
    with TemporaryDirectory() as folder:
        run(garbage_from_a_provider(data, Path(folder)))
