"""Asking a gateway how it is: one that is well, one that is not ready, a stranger, nobody."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from doctor_kit import case_of, running, states, told

from penstock.doctor import gateway
from penstock.doctor.finding import Finding
from penstock.doctor.gateway import answering

Serve = Callable[[Callable[[str], bytes]], Awaitable[str]]

HEALTHY = b'{"status":"ok"}'
READY = b'{"status":"ready","checks":{"journal":true,"ledger":true},"unwritten_records":0}'
NOT_READY = b'{"status":"not ready","checks":{"journal":false,"ledger":true},"unwritten_records":2}'


def answer(body: bytes, status: int = 200) -> bytes:
    head = f"HTTP/1.1 {status} x\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
    return head.encode() + body


@pytest.fixture
async def listen() -> AsyncIterator[Serve]:
    """Servers that answer by the path; the URL of each."""
    servers: list[asyncio.Server] = []

    async def open_one(reply: Callable[[str], bytes]) -> str:
        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            head = await reader.readuntil(b"\r\n\r\n")
            writer.write(reply(head.split()[1].decode()))
            writer.close()

        servers.append(await asyncio.start_server(connected, "127.0.0.1", 0))
        return f"http://127.0.0.1:{servers[-1].sockets[0].getsockname()[1]}"

    yield open_one
    for server in servers:
        server.close()


async def asked(data: Path, url: str) -> list[Finding]:
    return await asyncio.to_thread(lambda: list(answering(case_of(data, url=url))))


async def test_a_gateway_that_is_well(tmp_path: Path, listen: Serve) -> None:
    url = await listen(lambda path: answer(HEALTHY if path == "/healthz" else READY))
    assert told(await asked(tmp_path, f"{url}/")) == [
        ("ok", f"{url} answers"),
        ("ok", "it can take calls and write them down"),
    ]


async def test_a_gateway_that_is_not_ready(tmp_path: Path, listen: Serve) -> None:
    url = await listen(lambda path: answer(HEALTHY) if path == "/healthz" else answer(NOT_READY, 503))
    assert told(await asked(tmp_path, url))[1] == ("problem", "it is not ready: journal cannot be used")


@pytest.mark.parametrize(
    "reply",
    [
        answer(b"<html>hello</html>"),
        answer(b'{"status":7}'),
        answer(HEALTHY, 500),
        answer(HEALTHY, 302),
        answer(b"[" * 50_000),
        answer(b"\xff\xfe"),
    ],
)
async def test_a_stranger_at_the_address(tmp_path: Path, listen: Serve, reply: bytes) -> None:
    found = await asked(tmp_path, await listen(lambda _: reply))
    assert states(found) == [("health", "problem")]
    assert "not as a Penstock does" in found[0].text


async def test_a_stranger_at_the_second_page(tmp_path: Path, listen: Serve) -> None:
    url = await listen(lambda path: answer(HEALTHY if path == "/healthz" else b"{}"))
    assert states(await asked(tmp_path, url)) == [("health", "ok"), ("readiness", "problem")]


@pytest.mark.parametrize("reply", [b"", b"not http\r\n\r\n", b"HTTP/1.1 200 x\r\ncontent-length: 9\r\n\r\n{"])
async def test_an_answer_that_is_none(tmp_path: Path, listen: Serve, reply: bytes) -> None:
    assert states(await asked(tmp_path, await listen(lambda _: reply))) == [("health", "problem")]


async def test_an_answer_without_end(tmp_path: Path) -> None:
    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 x\r\n\r\n")
        try:
            while True:
                writer.write(b"x" * 65536)
                await writer.drain()
        except ConnectionError:
            writer.close()

    async with await asyncio.start_server(connected, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        assert states(await asked(tmp_path, url)) == [("health", "problem")]


async def test_a_gateway_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "_SECONDS", 0.05)
    over = asyncio.Event()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await over.wait()
        writer.close()

    async with await asyncio.start_server(connected, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        found = await asked(tmp_path, url)
        over.set()
    assert states(found) == [("health", "problem")]
    assert "does not answer within" in found[0].text


async def test_nobody_at_the_address(tmp_path: Path, listen: Serve) -> None:
    found = await asked(tmp_path, "http://127.0.0.1:1")
    assert states(found) == [("health", "problem")]
    assert "--url" in found[0].remedy


def test_what_does_not_run_is_not_asked(tmp_path: Path) -> None:
    assert list(answering(case_of(tmp_path))) == []
    assert told(gateway.running(case_of(tmp_path))) == [("warning", f"no Penstock uses {tmp_path}")]
    with running(tmp_path):
        assert told(gateway.running(case_of(tmp_path))) == [("ok", f"a Penstock uses {tmp_path}")]
