"""Hosts of several addresses, of which the first takes no connection: the second answers, whatever way leads there."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from conftest import Connect, OpenGateway
from penstock.exits.sender import Sender
from penstock.proxy.upstream.pool import Upstream as Outgoing
from support.access import ACCOUNT, Access, bearer
from support.certificates import Authority
from support.configuration import gateways, openai
from support.proxy import Proxy
from support.upstream import Upstream

DEAD, ALIVE = "127.0.0.2", "127.0.0.1"
PUBLIC, ALSO_PUBLIC = "93.184.216.34", "93.184.216.35"
CHAT = "/v1/acct/gw/openai/chat/completions"
CUSTOM = f"/v1/{ACCOUNT}/gw/custom-acme/x"
NAME = "acme.example"
SOON = 1.5  # seconds; the second attempt begins after a quarter of one
TIMEOUTS = "[server.timeouts]\nconnect = 3\n"


@contextmanager
def swallowing(port: int) -> Iterator[None]:
    """At the dead address nobody is refused, and nobody gets through: the queue of the listener is full."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((DEAD, port))
        listener.listen(0)
        queued = [socket.socket() for _ in range(4)]
        for one in queued:
            one.setblocking(False)
            one.connect_ex((DEAD, port))
        try:
            yield
        finally:
            for one in queued:
                one.close()


class Names:
    """A resolver."""

    def __init__(self, **hosts: Sequence[str]) -> None:
        self._hosts = hosts

    async def __call__(self, host: str, _port: int) -> Sequence[str]:
        return self._hosts[host.partition(".")[0]]


@pytest.fixture(params=[[DEAD, ALIVE], [DEAD, DEAD, ALIVE]], ids=["second", "third"])
def names(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Names:
    """Looks up for all gateways that are opened from now on; this machine plays the world."""
    found = Names(acme=request.param, proxy=request.param)
    monkeypatch.setitem(Outgoing.__init__.__kwdefaults__ or {}, "resolver", found)
    monkeypatch.setitem(Outgoing.__init__.__kwdefaults__ or {}, "permit", lambda address: True)
    return found


@pytest.fixture
async def secure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Upstream]:
    """The provider over TLS."""
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    server = await Upstream.start(tls=authority.server(NAME))
    yield server
    await server.close()


@pytest.fixture
async def proxy() -> AsyncIterator[Proxy]:
    server = await Proxy.start({})
    yield server
    await server.close()


async def answered_soon(connect: Connect, url: str, path: str = CHAT, *headers: tuple[str, str]) -> None:
    client = await connect(url)
    began = time.monotonic()
    answer = await client.ask("POST", path, *headers, body=b'{"model":"m"}')
    assert answer.status == 200, answer.body
    assert time.monotonic() - began < SOON


async def test_directly(
    open_gateway: OpenGateway, connect: Connect, upstream: Upstream, names: Names
) -> None:
    gateway = await open_gateway(openai(f"http://{NAME}:{upstream.port}", TIMEOUTS))
    with swallowing(upstream.port):
        await answered_soon(connect, gateway.url)
    assert (await upstream.only()).header("host") == f"{NAME}:{upstream.port}".encode()
    assert (await gateway.row()).attempts == 1


async def test_directly_over_tls(
    open_gateway: OpenGateway, connect: Connect, secure: Upstream, names: Names
) -> None:
    gateway = await open_gateway(openai(f"https://{NAME}:{secure.port}", TIMEOUTS))
    with swallowing(secure.port):
        await answered_soon(connect, gateway.url)


async def test_guarded(
    tmp_path: Path, open_gateway: OpenGateway, connect: Connect, secure: Upstream, names: Names
) -> None:
    access = Access(tmp_path / "gateway-0" / "data")
    access.provider("acme", f"https://{NAME}:{secure.port}", allow_private=False)
    token = access.token()
    gateway = await open_gateway(gateways() + TIMEOUTS)
    with swallowing(secure.port):
        await answered_soon(connect, gateway.url, CUSTOM, bearer(token))


async def test_through_a_proxy(
    open_gateway: OpenGateway,
    connect: Connect,
    upstream: Upstream,
    proxy: Proxy,
    names: Names,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    port = int(proxy.url.rpartition(":")[2])
    proxy.hosts["api.test:80"] = upstream.port
    monkeypatch.setenv("http_proxy", f"http://proxy.example:{port}")
    gateway = await open_gateway(openai("http://api.test", TIMEOUTS))
    with swallowing(port):
        await answered_soon(connect, gateway.url)


async def test_through_a_tunnel_of_a_proxy(
    open_gateway: OpenGateway,
    connect: Connect,
    secure: Upstream,
    proxy: Proxy,
    names: Names,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    port = int(proxy.url.rpartition(":")[2])
    proxy.hosts[f"{NAME}:443"] = secure.port
    monkeypatch.setenv("https_proxy", f"http://proxy.example:{port}")
    gateway = await open_gateway(openai(f"https://{NAME}", TIMEOUTS))
    with swallowing(port):
        await answered_soon(connect, gateway.url)


async def test_a_guarded_tunnel_to_an_address_that_the_proxy_does_not_reach(
    tmp_path: Path,
    open_gateway: OpenGateway,
    connect: Connect,
    secure: Upstream,
    proxy: Proxy,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The proxy waits for the first address; the second is asked for beside that, and no third one."""
    monkeypatch.setitem(
        Outgoing.__init__.__kwdefaults__ or {}, "resolver", Names(acme=[PUBLIC, ALSO_PUBLIC, PUBLIC])
    )
    monkeypatch.setenv("https_proxy", proxy.url)
    tunnel, gate = proxy._tunnel, asyncio.Event()

    async def waits(
        host: str, first: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if host.startswith(PUBLIC + ":"):
            await gate.wait()
        else:
            await tunnel(host, first, reader, writer)

    monkeypatch.setattr(proxy, "_tunnel", waits)
    proxy.hosts[f"{ALSO_PUBLIC}:443"] = secure.port
    access = Access(tmp_path / "gateway-0" / "data")
    access.provider("acme", f"https://{NAME}", allow_private=False)
    token = access.token()
    gateway = await open_gateway(gateways() + TIMEOUTS)
    await answered_soon(connect, gateway.url, CUSTOM, bearer(token))
    assert len(secure.requests) == 1
    assert [line.split()[1] for line in proxy.request_lines] == [
        b"%b:443" % address.encode() for address in (PUBLIC, ALSO_PUBLIC)
    ]


async def test_no_address_answers(
    open_gateway: OpenGateway, connect: Connect, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All are refused: that is said at once. Nothing is left open."""
    before = len(os.listdir("/proc/self/fd"))
    monkeypatch.setitem(
        Outgoing.__init__.__kwdefaults__ or {}, "resolver", Names(acme=["127.0.0.3", "127.0.0.4"])
    )
    gateway = await open_gateway(openai(f"http://{NAME}:1", TIMEOUTS))
    opened = len(os.listdir("/proc/self/fd")) - before
    client = await connect(gateway.url)
    answer = await client.ask("POST", CHAT, body=b"{}")
    assert answer.status == 502
    await client.close()
    await gateway.settled()
    assert len(os.listdir("/proc/self/fd")) - before <= opened + 2


# -- exporters


async def test_a_guarded_receiver(secure: Upstream) -> None:
    sender = Sender(resolver=Names(acme=[DEAD, ALIVE]), permit=lambda address: True)
    with swallowing(secure.port):
        began = time.monotonic()
        answer = await sender.send_guarded("POST", f"https://{NAME}:{secure.port}/v1", {}, b"{}")
        assert time.monotonic() - began < SOON
    assert answer.status == 200
    await sender.close()


async def test_a_receiver(upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.get_running_loop()
    look_up = loop.getaddrinfo

    async def getaddrinfo(host: object, port: object, **hints: object) -> object:
        if host not in (NAME, NAME.encode()):
            return await look_up(host, port, **hints)  # type: ignore[arg-type]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in (DEAD, ALIVE)]

    monkeypatch.setattr(loop, "getaddrinfo", getaddrinfo)
    sender = Sender()
    with swallowing(upstream.port):
        began = time.monotonic()
        answer = await sender.send("POST", f"http://{NAME}:{upstream.port}/v1", {}, b"{}")
        assert time.monotonic() - began < SOON
    assert answer.status == 200
    await sender.close()
