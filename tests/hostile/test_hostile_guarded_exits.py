"""Exits whose address a token of the API chooses: receivers and custom providers never lead inside, at no time.

Real sockets; the resolver of this process is the test's where a name changes its mind between two look-ups.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import httpx
import pytest

from conftest import Connect, OpenGateway, Serve
from penstock.clock import Clock
from penstock.control.stored_gateways import new_gateway
from penstock.exits.sender import Sender, TryAgain
from penstock.export.cursors import FILE_NAME, read_cursors
from penstock.proxy.upstream.pool import Upstream as Outgoing
from penstock.stores.control_store import Add
from support.access import ACCOUNT, Access, bearer
from support.certificates import Authority
from support.checks import check_error
from support.configuration import gateways, providers
from support.gateway import Gateway
from support.proxy import Proxy
from support.replies import whole
from support.upstream import Upstream
from support.waiting import eventually

PUBLIC, INSIDE = "93.184.216.34", "127.0.0.1"
CUSTOM = f"/v1/{ACCOUNT}/gw/custom-acme/x"


def stored_otel(access: Access, gateway: str, url: str) -> None:
    """A gateway of the directory with a receiver, as an older version took it."""
    clock = Clock()
    now_us = clock.now_us()
    fields = {"otel": [{"url": url, "headers": {}, "content_type": "json"}]}
    row = new_gateway(clock.new_id(now_us), ACCOUNT, gateway, fields, now_us, lambda secret, context: secret)
    access.control_store.apply([Add(row)])


async def call(gateway: Gateway, name: str) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.post(f"{gateway.url}/v1/{ACCOUNT}/{name}/openai/v1/x", json={})
        assert answer.status_code == 200, answer.text


@pytest.fixture
async def receiver() -> AsyncIterator[Upstream]:
    server = await Upstream.start()
    yield server
    await server.close()


async def test_the_keeper_posts_nothing_inwards(
    serve: Serve, upstream: Upstream, receiver: Upstream, tmp_path: Path
) -> None:
    """What stands in the file goes where it says; what stands in the directory does not, and waits, and is said."""
    data = tmp_path / "gateway" / "data"
    stored_otel(Access(data), "stored", f"http://127.0.0.1:{receiver.port}/stored")
    stored_otel(Access(data), "named", f"https://localhost:{receiver.port}/named")
    otel = f'[[accounts.{ACCOUNT}.gateways.gw.otel]]\nurl = "{receiver.url}/file"\nheaders = {{}}\n'
    gateway = await serve(gateways(gw={}) + otel + providers({"openai": upstream.url}))
    await eventually(lambda: len(read_cursors(data / FILE_NAME)) == 3 or None, "three exporters")
    for name in ("stored", "named", "gw"):
        await call(gateway, name)

    def failing() -> list[str] | None:
        found = [name for name, cursor in read_cursors(data / FILE_NAME).items() if cursor.failures]
        return found if len(found) == 2 else None

    failed = await eventually(failing, "both count")
    assert {name.partition(" http")[0] for name in failed} == {
        f"otel {ACCOUNT}/stored",
        f"otel {ACCOUNT}/named",
    }
    await eventually(lambda: receiver.requests or None, "the file's receiver")
    assert {seen.target for seen in receiver.requests} == {b"/file"}
    await gateway.stop()
    said = [line for line in gateway.stderr.splitlines() if "allow_private_providers" in line]
    assert len(said) == 2
    assert {seen.target for seen in receiver.requests} == {b"/file"}


# -- a name that changes its mind


class Names:
    """A resolver that gives one answer after the other, and the last one again and again."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self._answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, host: str, _port: int) -> Sequence[str]:
        self.asked.append(host)
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


@pytest.fixture
async def secure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Upstream]:
    """`acme.example`, wherever it is."""
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    server = await Upstream.start(tls=authority.server("acme.example", "localhost"))
    yield server
    await server.close()


@pytest.fixture
async def proxy(secure: Upstream, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Proxy]:
    """The only way out; knows the name, and one address."""
    server = await Proxy.start({"acme.example:443": secure.port, f"{PUBLIC}:443": secure.port})
    monkeypatch.setenv("https_proxy", server.url)
    yield server
    await server.close()


async def test_receivers_are_dialled_where_they_were_looked_up(secure: Upstream) -> None:
    """This machine plays the world. The third look-up leads elsewhere, and a fourth beside that."""
    names = Names([INSIDE], [INSIDE], ["10.0.0.1"], [INSIDE, "10.0.0.1"])
    sender = Sender(resolver=names, permit=lambda address: address == INSIDE)
    url = f"https://acme.example:{secure.port}/v1/traces"
    for _ in range(2):
        assert (await sender.send_guarded("POST", url, {"x-key": "k"}, b"{}")).status == 200
    for _ in range(2):
        with pytest.raises(TryAgain, match="not public"):
            await sender.send_guarded("POST", url, {"x-key": "k"}, b"{}")
    assert names.asked == ["acme.example"] * 4
    assert [seen.header("host") for seen in secure.requests] == [b"acme.example:%d" % secure.port] * 2
    await sender.close()


@pytest.mark.parametrize(
    "url",
    [
        "http://acme.example",
        "https://127.0.0.1:{}",
        "https://localhost:{}",
        "https://127.1:{}",
        "https://[::1]:{}",
    ],
)
async def test_receivers_inside_are_not_dialled(secure: Upstream, url: str) -> None:
    sender = Sender()
    with pytest.raises(TryAgain, match="allow_private_providers"):
        await sender.send_guarded("POST", url.format(secure.port), {}, b"{}")
    assert secure.connections == 0
    await sender.close()


async def test_redirects_of_receivers_lead_nowhere(secure: Upstream, receiver: Upstream) -> None:
    sender = Sender(resolver=Names([INSIDE]), permit=lambda address: address == INSIDE)
    secure.otherwise = lambda seen: whole(b"", 307, (("location", f"{receiver.url}/inside"),))
    answer = await sender.send_guarded("POST", f"https://acme.example:{secure.port}/", {}, b"{}")
    assert (answer.status, receiver.connections) == (307, 0)
    await sender.close()


async def test_a_proxy_is_no_way_round_the_guard(secure: Upstream, proxy: Proxy) -> None:
    """It would look the name up by itself; going past it is not what the operator wants, either."""
    sender = Sender(resolver=Names([PUBLIC]))
    with pytest.raises(TryAgain, match="proxy"):
        await sender.send_guarded("POST", "https://acme.example/", {}, b"{}")
    assert (proxy.heads, secure.connections) == ([], 0)
    await sender.close()


def resolve_by(names: Names, monkeypatch: pytest.MonkeyPatch) -> None:
    """Gateways that are opened from now on look up by these."""
    monkeypatch.setitem(Outgoing.__init__.__kwdefaults__ or {}, "resolver", names)


async def test_a_provider_s_tunnel_leads_to_the_address_that_was_looked_at(
    tmp_path: Path,
    open_gateway: OpenGateway,
    connect: Connect,
    secure: Upstream,
    proxy: Proxy,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The name leads inside from its second look-up on; the proxy never hears of it."""
    access = Access(tmp_path / "gateway-0" / "data")
    access.provider("acme", "https://acme.example", allow_private=False)
    names = Names([PUBLIC], [INSIDE])
    resolve_by(names, monkeypatch)
    secure.otherwise = lambda seen: whole(b"{}", 200, (("connection", "close"),))
    token = access.token()
    gateway = await open_gateway(gateways())
    client = await connect(gateway.url)
    answer = await client.ask("POST", CUSTOM, bearer(token), body=b"{}")
    assert answer.status == 200, (await gateway.row()).error_detail
    assert names.asked == ["acme.example"]
    assert proxy.request_lines == [b"CONNECT %b:443 HTTP/1.1" % PUBLIC.encode()]
    (seen,) = secure.requests
    assert seen.header("host") == b"acme.example"
    check_error(
        await client.ask("POST", CUSTOM, bearer(token), body=b"{}"),
        502, 2005, "Failed to get response from provider",
    )  # fmt: skip
    assert (len(proxy.heads), secure.connections) == (1, 1)


async def test_one_inner_address_among_several_closes_the_way_to_a_provider(
    tmp_path: Path,
    open_gateway: OpenGateway,
    connect: Connect,
    secure: Upstream,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    access = Access(tmp_path / "gateway-0" / "data")
    access.provider("acme", f"https://acme.example:{secure.port}", allow_private=False)
    resolve_by(Names([PUBLIC, INSIDE]), monkeypatch)
    token = access.token()
    gateway = await open_gateway(gateways())
    answer = await (await connect(gateway.url)).ask("POST", CUSTOM, bearer(token), body=b"{}")
    check_error(answer, 502, 2005, "Failed to get response from provider")
    assert (await gateway.row()).status_code == 502
    assert secure.connections == 0
