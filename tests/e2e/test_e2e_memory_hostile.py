"""What a worker holds stays bounded whatever clients send and do not read, and comes back when they have gone.

Real processes, raw sockets; the figures are those of the guide, with fewer rounds.
"""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

import pytest

from conftest import Connect, Serve
from support.client import Broken, Client, request
from support.configuration import gateways, openai, providers
from support.gateway import Gateway
from support.replies import whole
from support.upstream import Upstream
from support.waiting import eventually

COMPAT = "/v1/acct/gw/compat/chat/completions"
CHAT = "/v1/acct/gw/openai/chat/completions"
MEGABYTE = bytes(1024 * 1024)
MOST = 200  # megabytes


class Memory:
    """The resident memory of a gateway's worker, in megabytes."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self.before = self.now()

    @classmethod
    async def of(cls, gateway: Gateway) -> Memory:
        (worker,) = await gateway.workers(1)
        return cls(worker)

    def now(self, field: str = "VmRSS") -> int:
        status = Path(f"/proc/{self._pid}/status").read_text()
        match = re.search(rf"^{field}:\s+(\d+) kB$", status, re.MULTILINE)
        assert match
        return int(match[1]) // 1024

    async def is_back(self) -> None:
        """Waits until next to nothing more is held than before; it was never too much."""
        await eventually(lambda: True if self.now() < self.before + 30 else None, "memory that comes back")
        assert self.now("VmHWM") < MOST


async def upload(client: Client, declared: int, sent: int) -> None:
    """Sends so many megabytes of a body, as far as they are taken."""
    try:
        await client.send(request("POST", COMPAT, ("Content-Length", str(declared))))
        for _ in range(sent):
            client.writer.write(MEGABYTE)
            async with asyncio.timeout(2):
                await client.writer.drain()
    except (TimeoutError, ConnectionError):
        pass


async def test_uploads_that_are_broken_off(serve: Serve, upstream: Upstream, connect: Connect) -> None:
    gateway = await serve(openai(upstream.url))
    memory = await Memory.of(gateway)
    for _ in range(60):
        client = await connect(gateway.url)
        await upload(client, 8 * 1024 * 1024 + 1, 8)
        client.leave()
    await memory.is_back()
    await gateway.stop()


async def test_open_uploads_wait_for_room_and_are_refused(
    serve: Serve, upstream: Upstream, connect: Connect
) -> None:
    """Forty clients hold back the end of thirty megabytes each; others are answered meanwhile."""
    gateway = await serve(openai(upstream.url))
    memory = await Memory.of(gateway)
    clients = [await connect(gateway.url) for _ in range(40)]
    sending = [asyncio.ensure_future(upload(client, 32_000_000, 30)) for client in clients]
    await asyncio.gather(*sending)
    assert memory.now() < MOST
    other = await connect(gateway.url)
    assert (await other.ask("POST", CHAT, body=b"{}")).status == 200
    refused = await asyncio.gather(*(told(client) for client in clients))
    assert refused.count(503) >= 36
    for client in clients:
        client.leave()
    await memory.is_back()
    await gateway.stop()


async def told(client: Client) -> int:
    """The status of the answer, if there is one in time."""
    try:
        async with asyncio.timeout(20):
            answer = await client.answer()
    except (TimeoutError, Broken):
        return 0
    assert answer.header("retry-after")
    assert "max_memory_bytes" in json.loads(answer.body)["description"]
    return answer.status


@pytest.mark.parametrize("connections", [1, 60], ids=["of one client", "of many clients"])
async def test_kept_answers_that_nobody_reads(
    serve: Serve, upstream: Upstream, connect: Connect, connections: int
) -> None:
    """Then they are read: each client has its first answer; what found no room says when to come again."""
    text = gateways(gw={"cache_ttl": 60}) + providers({"openai": upstream.url})
    gateway = await serve(text)
    upstream.otherwise = lambda seen: whole(b"x" * 4_000_000)
    other = await connect(gateway.url)
    assert (await other.ask("POST", CHAT, body=b"{}")).status == 200
    while (await other.ask("POST", CHAT, body=b"{}")).header("age") is None:
        pass  # it is still being stored
    memory = await Memory.of(gateway)
    call = request("POST", CHAT, body=b"{}")
    clients = [await connect(gateway.url, receive_buffer=4096, limit=1024) for _ in range(connections)]
    each = 120 // connections
    for client in clients:
        await client.send(call * each)
    await turns(other)
    assert memory.now() < MOST
    async with asyncio.timeout(30):
        found = await asyncio.gather(*(kept_answers(client, each) for client in clients))
    assert all(statuses[0] == 200 for statuses in found)
    assert {status for statuses in found for status in statuses} <= {200, 503}
    if connections == 1:
        assert found[0] == [200] * each
    for client in clients:
        client.leave()
    await memory.is_back()
    await gateway.stop()


async def kept_answers(client: Client, number: int) -> list[int]:
    """Reads so many answers, each of four megabytes or a refusal that says when to come again."""
    statuses = []
    for _ in range(number):
        answer = await client.answer()
        if answer.status == 200:
            assert len(answer.body) == 4_000_000
        else:
            assert answer.header("retry-after")
        statuses.append(answer.status)
    return statuses


async def turns(client: Client) -> None:
    """Lets the worker's loop turn often enough to have begun all that has reached it."""
    for _ in range(50):
        assert (await client.ask("GET", "/healthz")).status == 200


@pytest.mark.parametrize("target", ["/v1/acct/gw/openai/x", "/healthz"])
async def test_short_requests_whose_answers_nobody_reads(
    serve: Serve, upstream: Upstream, connect: Connect, target: str
) -> None:
    text = gateways(gw={"authentication": True}) + providers({"openai": upstream.url})
    gateway = await serve(text)
    memory = await Memory.of(gateway)
    client = await connect(gateway.url, receive_buffer=4096, limit=1024)
    one = f"GET {target} HTTP/1.1\r\nHost:a\r\n\r\n".encode()
    client.writer.write(one * 60_000)
    other = await connect(gateway.url)
    await turns(other)
    assert memory.now() < memory.before + 20
    statuses = {(await client.answer()).status for _ in range(3000)}
    assert statuses <= {200, 401}
    client.leave()
    await memory.is_back()
    await gateway.stop()


async def test_a_body_in_chunks_of_two_bytes(serve: Serve, upstream: Upstream, connect: Connect) -> None:
    gateway = await serve(openai(upstream.url))
    memory = await Memory.of(gateway)
    client = await connect(gateway.url)
    await client.send(request("POST", COMPAT, ("Transfer-Encoding", "chunked")))
    for _ in range(20):
        await client.send(b"2\r\nab\r\n" * 25_000)
    assert memory.now() < memory.before + 30
    client.leave()
    await memory.is_back()
    await gateway.stop()
