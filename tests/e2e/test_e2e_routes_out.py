"""Ways to a provider: unix sockets, IPv6, TLS with the system's trust, proxies of the environment."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from conftest import Connect, OpenGateway, Serve
from penstock.exits.sender import Sender, TryAgain
from support.certificates import Authority
from support.checks import check_error
from support.client import Answer
from support.configuration import openai
from support.gateway import Gateway
from support.inprocess import InProcess
from support.proxy import Proxy
from support.replies import Act, raw, whole
from support.upstream import Upstream

CHAT = "/v1/acct/gw/openai/chat/completions"
MADE_UP = "api.example.test"  # no resolver knows it
FAILED = (502, 2005, "Failed to get response from provider")

Secure = Callable[..., Awaitable[Upstream]]


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
async def secure(authority: Authority) -> AsyncIterator[Secure]:
    """Providers over TLS, with a certificate for the given names."""
    started: list[Upstream] = []

    async def start(*names: str) -> Upstream:
        server = await Upstream.start(tls=authority.server(*names))
        started.append(server)
        return server

    yield start
    for server in started:
        await server.close()


@pytest.fixture
async def proxy() -> AsyncIterator[Proxy]:
    server = await Proxy.start({})
    yield server
    await server.close()


async def _call(connect: Connect, gateway: Gateway | InProcess) -> Answer:
    client = await connect(gateway.url)
    return await client.ask("POST", CHAT, ("Authorization", "Bearer k"), body=b'{"model":"m"}')


async def test_unix_socket(open_gateway: OpenGateway, connect: Connect) -> None:
    with TemporaryDirectory(prefix="penstock-") as folder:  # the path of a socket must be short
        upstream = await Upstream.start(unix=Path(folder) / "a b.sock")
        try:
            gateway = await open_gateway(openai(f"{upstream.url}/base"))
            assert (await _call(connect, gateway)).body == b"{}"
            seen = await upstream.only()
            assert (seen.target, seen.header("host")) == (b"/base/v1/chat/completions", b"localhost")
        finally:
            await upstream.close()
        check_error(await _call(connect, gateway), *FAILED)


async def test_ipv6(open_gateway: OpenGateway, connect: Connect) -> None:
    upstream = await Upstream.start("::1")
    try:
        gateway = await open_gateway(openai(upstream.url))
        assert (await _call(connect, gateway)).body == b"{}"
        assert (await upstream.only()).header("host") == f"[::1]:{upstream.port}".encode()
    finally:
        await upstream.close()


# -- TLS


async def test_tls_with_a_trusted_authority(
    serve: Serve, connect: Connect, secure: Secure, authority: Authority
) -> None:
    upstream = await secure("localhost")
    url = f"https://localhost:{upstream.port}"
    gateway = await serve(openai(url), environ={"SSL_CERT_FILE": str(authority.file)})
    assert [(await _call(connect, gateway)).body for _ in range(2)] == [b"{}", b"{}"]
    assert upstream.connections == 1
    assert upstream.requests[0].header("host") == f"localhost:{upstream.port}".encode()
    await gateway.stop()


async def test_tls_with_an_authority_nobody_trusts(
    serve: Serve, connect: Connect, secure: Secure, tmp_path: Path
) -> None:
    upstream = await secure("localhost")
    other = Authority(tmp_path, "other")
    gateway = await serve(
        openai(f"https://localhost:{upstream.port}"), environ={"SSL_CERT_FILE": str(other.file)}
    )
    assert "certificate" in check_error(await _call(connect, gateway), *FAILED).lower()
    assert upstream.requests == []
    await gateway.stop()


async def test_tls_with_the_certificate_of_another_host(
    open_gateway: OpenGateway,
    connect: Connect,
    secure: Secure,
    authority: Authority,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    upstream = await secure("another.test")
    gateway = await open_gateway(openai(f"https://localhost:{upstream.port}"))
    check_error(await _call(connect, gateway), *FAILED)
    assert upstream.requests == []


async def test_tls_stream_that_is_cut(
    open_gateway: OpenGateway,
    connect: Connect,
    secure: Secure,
    authority: Authority,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Over TLS, too, a stale connection costs a GET nothing and a POST is not sent twice."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    upstream = await secure("localhost")
    upstream.will(whole(b"{}"), raw(Act.CLOSE), whole(b"fresh"), raw(Act.CLOSE))
    gateway = await open_gateway(openai(f"https://localhost:{upstream.port}"))
    client = await connect(gateway.url)
    answers = [
        (await client.ask(method, CHAT, body=b"{}")).status for method in ("POST", "PUT", "POST", "POST")
    ]
    assert answers == [200, 200, 502, 200]
    assert [seen.method for seen in upstream.requests] == [b"POST", b"PUT", b"PUT", b"POST", b"POST"]


# -- proxies


async def test_plain_http_through_a_proxy(
    serve: Serve, connect: Connect, upstream: Upstream, proxy: Proxy
) -> None:
    proxy.hosts[f"{MADE_UP}:8080"] = upstream.port
    address = proxy.url.replace("http://", "http://user:p%40ss@")
    gateway = await serve(openai(f"http://{MADE_UP}:8080/base"), environ={"http_proxy": address})
    assert [(await _call(connect, gateway)).body for _ in range(2)] == [b"{}", b"{}"]
    assert proxy.request_lines == [f"POST http://{MADE_UP}:8080/base/v1/chat/completions HTTP/1.1".encode()]
    assert b"proxy-authorization: Basic dXNlcjpwQHNz" in proxy.heads[0]
    assert upstream.requests[0].header("host") == f"{MADE_UP}:8080".encode()
    assert upstream.requests[0].header("authorization") == b"Bearer k"
    await gateway.stop()


async def test_https_through_a_proxy(
    serve: Serve, connect: Connect, secure: Secure, authority: Authority, proxy: Proxy
) -> None:
    upstream = await secure(MADE_UP)
    proxy.hosts[f"{MADE_UP}:443"] = upstream.port
    environ = {"HTTPS_PROXY": proxy.url, "SSL_CERT_FILE": str(authority.file)}
    gateway = await serve(openai(f"https://{MADE_UP}"), environ=environ)
    assert [(await _call(connect, gateway)).body for _ in range(2)] == [b"{}", b"{}"]
    assert proxy.request_lines == [f"CONNECT {MADE_UP}:443 HTTP/1.1".encode()]
    assert b"Bearer" not in proxy.heads[0]
    assert [seen.target for seen in upstream.requests] == [b"/v1/chat/completions"] * 2
    assert upstream.requests[0].header("host") == MADE_UP.encode()
    assert b"proxy-authorization" not in upstream.requests[0].names
    await gateway.stop()


async def test_https_through_a_proxy_checks_the_certificate_of_the_provider(
    serve: Serve, connect: Connect, secure: Secure, authority: Authority, proxy: Proxy
) -> None:
    upstream = await secure("another.test")
    proxy.hosts[f"{MADE_UP}:443"] = upstream.port
    environ = {"https_proxy": proxy.url, "SSL_CERT_FILE": str(authority.file)}
    gateway = await serve(openai(f"https://{MADE_UP}"), environ=environ)
    check_error(await _call(connect, gateway), *FAILED)
    assert upstream.requests == []
    await gateway.stop()


@pytest.mark.parametrize("status", [403, 407, 502])
async def test_proxy_that_refuses_a_tunnel(
    open_gateway: OpenGateway, connect: Connect, proxy: Proxy, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    proxy.refusal = status
    monkeypatch.setenv("https_proxy", proxy.url)
    gateway = await open_gateway(openai(f"https://{MADE_UP}"))
    assert str(status) in check_error(await _call(connect, gateway), *FAILED)
    assert (await gateway.row()).outcome == "provider_broke"


async def test_no_proxy_for_hosts_that_are_excepted_and_for_this_machine(
    open_gateway: OpenGateway,
    connect: Connect,
    upstream: Upstream,
    proxy: Proxy,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("http_proxy", proxy.url)
    monkeypatch.setenv("no_proxy", "excepted.test")
    for host in ("127.0.0.1", "localhost", "excepted.test"):
        gateway = await open_gateway(openai(f"http://{host}:{upstream.port}"))
        status = (await _call(connect, gateway)).status
        assert status == (502 if host == "excepted.test" else 200)
    assert proxy.heads == []


@pytest.mark.parametrize(
    ("no_proxy", "host"),
    [
        ("192.0.2.0/24", "192.0.2.3"),
        ("2001:db8::/32", "[2001:db8::1]"),
        ("[2001:db8::1]", "[2001:db8::1]"),
        ("excepted.test:8000", "excepted.test"),
        (".test", "excepted.test"),
        ("*", "excepted.test"),
    ],
)
async def test_what_no_proxy_lists_is_reached_directly(
    open_gateway: OpenGateway,
    connect: Connect,
    proxy: Proxy,
    monkeypatch: pytest.MonkeyPatch,
    no_proxy: str,
    host: str,
) -> None:
    """Providers and receivers alike. Nobody is there, so nobody answers; the proxy is not asked."""
    proxy.refusal = 418
    monkeypatch.setenv("http_proxy", proxy.url)

    async def statuses(name: str) -> tuple[int, bool]:
        monkeypatch.setenv("no_proxy", name)
        gateway = await open_gateway(openai(f"http://{host}:8000", "[server.timeouts]\nconnect = 1\n"))
        sender = Sender(deadline=10 if name == "other.test" else 1)
        try:
            answered = (await sender.send("POST", f"http://{host}:8000/v1/traces", {}, b"{}")).status == 418
        except TryAgain:
            answered = False
        await sender.close()
        return (await _call(connect, gateway)).status, answered

    assert await statuses("other.test") == (418, True)
    assert len(proxy.heads) == 2
    status, answered = await statuses(no_proxy)
    assert (status != 418, answered) == (True, False)
    assert len(proxy.heads) == 2
