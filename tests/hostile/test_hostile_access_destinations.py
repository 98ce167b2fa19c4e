"""Where calls with stored keys, and calls to custom providers, may go: never where only the caller says.

Azure's resource, Baseten's model and fal's target make a host that anybody can have. Hosts live behind a proxy
of the test's own, so nothing leaves this machine, and whatever was dialled is known.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from conftest import Connect, OpenGateway
from support.access import ACCOUNT, CHAT, Access, bearer
from support.certificates import Authority
from support.checks import check_error
from support.client import Answer, Header
from support.configuration import gateways, providers
from support.inprocess import InProcess
from support.proxy import Proxy
from support.upstream import Upstream

STORED = "sk-stored-0123456789abcdef"
BASE = f"/v1/{ACCOUNT}/gw"
AZURE = f"{BASE}/azure-openai/acme/dep/chat/completions"
NO_CREDENTIALS = (400, 2040, "Configured BYOK credentials are unavailable")
FAILED = (502, 2005, "Failed to get response from provider")
HOSTS = (
    "acme.openai.azure.com",
    "acme.fal.run",
    "queue.fal.run",
    "fal.run",
    "model-abc123.api.baseten.co",
    "inference.baseten.co",
)


@pytest.fixture
def access(tmp_path: Path) -> Access:
    return Access(tmp_path / "gateway-0" / "data")


@pytest.fixture
async def vendors(tmp_path: Path) -> AsyncIterator[Upstream]:
    """All hosts of all vendors in one."""
    authority = Authority(tmp_path)
    server = await Upstream.start(tls=authority.server(*HOSTS))
    yield server
    await server.close()


@pytest.fixture
async def proxy(vendors: Upstream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Proxy]:
    """The only way out."""
    server = await Proxy.start({f"{host}:443": vendors.port for host in HOSTS})
    monkeypatch.setenv("https_proxy", server.url)
    monkeypatch.setenv("http_proxy", server.url)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    yield server
    await server.close()


async def ask(connect: Connect, gateway: InProcess, token: str, target: str, *headers: Header) -> Answer:
    return await (await connect(gateway.url)).ask("POST", target, bearer(token), *headers, body=b"{}")


def fal(target: str) -> Header:
    return ("x-fal-target-url", target)


# -- hosts of the vendor's customers


@pytest.mark.parametrize(
    ("slug", "target", "headers", "host"),
    [
        ("azure-openai", AZURE, (), "acme.openai.azure.com"),
        ("azure-openai", AZURE.replace("acme", "ACME"), (), "acme.openai.azure.com"),
        ("azure-openai", AZURE.replace("azure-openai", "azure"), (), "acme.openai.azure.com"),
        ("fal", f"{BASE}/fal", (fal("https://acme.fal.run/x"),), "acme.fal.run"),
        ("fal", f"{BASE}/fal/x", (fal("https://queue.fal.run/x"),), "queue.fal.run"),
        ("baseten", f"{BASE}/baseten/model/abc123", (), "model-abc123.api.baseten.co"),
    ],
)
async def test_hosts_that_callers_choose(
    access: Access,
    open_gateway: OpenGateway,
    connect: Connect,
    proxy: Proxy,
    vendors: Upstream,
    slug: str,
    target: str,
    headers: tuple[Header, ...],
    host: str,
) -> None:
    """Not there, but for a key that names the host; what a caller brings himself goes anywhere."""
    access.key(slug, STORED, hosts=("other.openai.azure.com", "azure.com", ".openai.azure.com", "fal.ai"))
    access.key(slug, STORED, alias="named", hosts=(host,))
    token = access.token()
    gateway = await open_gateway(gateways())
    answer = await ask(connect, gateway, token, target, *headers)
    assert host in check_error(answer, *NO_CREDENTIALS)
    assert STORED.encode() not in answer.raw + answer.body
    assert proxy.heads == []
    assert (
        await ask(connect, gateway, token, target, *headers, ("cf-aig-byok-alias", "named"))
    ).status == 200
    assert (
        await ask(connect, gateway, token, target, *headers, ("Authorization", "sk-mine-01"))
    ).status == 200
    named, mine = vendors.requests
    assert STORED.encode() in named.head
    assert named.header("host") == host.encode()
    assert b"x-fal-target-url" not in named.names
    assert STORED.encode() not in mine.head
    assert set(proxy.request_lines) == {f"CONNECT {host}:443 HTTP/1.1".encode()}
    rows = await gateway.rows(3)
    assert [(row.status_code, row.byok) for row in rows] == [(400, False), (200, True), (200, False)]


@pytest.mark.parametrize(
    ("slug", "target", "headers"),
    [
        ("fal", f"{BASE}/fal/fal-ai/x", ()),
        ("fal", f"{BASE}/fal", (fal("https://fal.run/fal-ai/x"),)),
        ("baseten", f"{BASE}/baseten/v1/chat/completions", ()),
    ],
)
async def test_the_vendors_own_hosts(
    access: Access,
    open_gateway: OpenGateway,
    connect: Connect,
    proxy: Proxy,
    vendors: Upstream,
    slug: str,
    target: str,
    headers: tuple[Header, ...],
) -> None:
    access.key(slug, STORED)
    token = access.token()
    gateway = await open_gateway(gateways())
    assert (await ask(connect, gateway, token, target, *headers)).status == 200
    assert STORED.encode() in (await vendors.only()).head


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/x",
        "https://fal.run.evil.example/x",
        "https://evilfal.run/x",
        "https://fal.run@evil.example/x",
        "https://fal.run:444/x",
        "http://fal.run/x",
        "https://evil.example#.fal.run/x",
        "https://evil.example\\.fal.run/x",
        "//evil.example",
        "",
    ],
)
async def test_targets_that_are_not_fals(
    access: Access, open_gateway: OpenGateway, connect: Connect, proxy: Proxy, target: str
) -> None:
    access.key("fal", STORED)
    token = access.token()
    gateway = await open_gateway(gateways())
    answer = await ask(connect, gateway, token, f"{BASE}/fal", fal(target))
    check_error(answer, 400, 9400, "Bad request")
    assert proxy.heads == []


@pytest.mark.parametrize(
    "resource", ["evil.example%2F", "evil.example%23", "a.b", "acme%2eevil", "-", "a@b", "a:1"]
)
async def test_resources_that_are_none(
    access: Access, open_gateway: OpenGateway, connect: Connect, proxy: Proxy, resource: str
) -> None:
    access.key("azure-openai", STORED, hosts=("acme.openai.azure.com",))
    token = access.token()
    gateway = await open_gateway(gateways())
    answer = await ask(connect, gateway, token, f"{BASE}/azure-openai/{resource}/dep/chat/completions")
    check_error(answer, 400, 9400, "Bad request")
    assert proxy.heads == []


async def test_where_the_operator_says_it_goes(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect, proxy: Proxy
) -> None:
    """Then the caller's resource or target is no address any more."""
    for slug in ("azure-openai", "fal", "baseten"):
        access.key(slug, STORED)
    token = access.token()
    urls = dict.fromkeys(("azure-openai", "fal", "baseten"), upstream.url)
    gateway = await open_gateway(gateways() + providers(urls))
    calls: list[tuple[str, tuple[Header, ...]]] = [
        (AZURE, ()),
        (f"{BASE}/fal", (fal("https://acme.fal.run/x"),)),
        (f"{BASE}/baseten/model/abc123", ()),
    ]
    for target, headers in calls:
        assert (await ask(connect, gateway, token, target, *headers)).status == 200
    assert all(STORED.encode() in seen.head for seen in upstream.requests)
    assert proxy.heads == []


# -- addresses that are not public


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "127.8.9.10",
        "0.0.0.0",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "[fe80::1]",
        "[fd00::1]",
        "2130706433",
        "0x7f000001",
        "127.1",
    ],
)
async def test_custom_providers_do_not_lead_inside(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect, host: str
) -> None:
    """A row that got into the directory without `allow_private`."""
    access.provider(
        "inside", f"http://{host}:{upstream.port}/v1", headers={"x-key": STORED}, allow_private=False
    )
    token = access.token()
    gateway = await open_gateway(gateways())
    answer = await ask(connect, gateway, token, f"{BASE}/custom-inside/x")
    check_error(answer, *FAILED)
    assert upstream.connections == 0
    assert STORED.encode() not in answer.raw + answer.body
    assert (await gateway.row()).status_code == 502


@pytest.mark.parametrize(
    "url",
    [
        "http://10.0.0.1",
        "https://169.254.169.254",
        "http://[fd00::1]:81",
        "http://[::ffff:10.0.0.1]",
        "http://2130706433",
        "http://0x7f000001",
        "http://127.1",
        "http://localhost.",
        "https://localhost",
    ],
)
async def test_custom_providers_do_not_lead_inside_by_way_of_a_proxy(
    access: Access, open_gateway: OpenGateway, connect: Connect, proxy: Proxy, url: str
) -> None:
    """The proxy stands inside, too."""
    access.provider("inside", url, allow_private=False)
    token = access.token()
    gateway = await open_gateway(gateways())
    check_error(await ask(connect, gateway, token, f"{BASE}/custom-inside/x"), *FAILED)
    assert proxy.heads == []


async def test_custom_providers_do_not_lead_to_sockets_of_this_machine(
    access: Access, open_gateway: OpenGateway, connect: Connect, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("s")
    inside = await Upstream.start(unix=folder / "s")
    try:
        access.provider("inside", inside.url, allow_private=False)
        token = access.token()
        gateway = await open_gateway(gateways())
        answer = await ask(connect, gateway, token, f"{BASE}/custom-inside/x")
        assert answer.status in (400, 502)
        assert inside.connections == 0
    finally:
        await inside.close()


@pytest.mark.parametrize("way", ["row", "setting", "file"])
async def test_custom_providers_inside_where_the_operator_allows_it(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect, way: str
) -> None:
    text = gateways()
    if way == "file":
        text += providers({"custom-inside": upstream.url})
    else:
        access.provider("inside", upstream.url, allow_private=way == "row")
    if way == "setting":
        text = "[server]\nallow_private_providers = true\n" + text
    token = access.token()
    gateway = await open_gateway(text)
    assert (await ask(connect, gateway, token, f"{BASE}/custom-inside/x")).status == 200
    await upstream.only()


async def test_a_provider_that_may_not_go_there_does_not_close_the_way_for_one_that_may(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """Both lead to one address; refusing the first says nothing about how that is doing."""
    access.provider("inside", upstream.url, allow_private=False)
    token = access.token()
    gateway = await open_gateway(gateways() + providers({"openai": upstream.url}))
    for _ in range(30):
        answer = await ask(connect, gateway, token, f"{BASE}/custom-inside/x")
        assert answer.status in (502, 503)
    assert (await ask(connect, gateway, token, CHAT)).status == 200


async def test_a_connection_of_one_that_may_is_not_used_by_one_that_may_not(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    access.provider("inside", upstream.url, allow_private=False)
    token = access.token()
    gateway = await open_gateway(gateways() + providers({"openai": upstream.url}))
    assert (await ask(connect, gateway, token, CHAT)).status == 200
    check_error(await ask(connect, gateway, token, f"{BASE}/custom-inside/x"), *FAILED)
    await upstream.only()
