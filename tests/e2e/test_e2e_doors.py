"""Doors of the data plane: bodies in any coding, gateways left out, protocols nobody speaks (Cloudflare 1.1, 1.2)."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable
from pathlib import Path

import brotli
import pytest
import zstandard

from conftest import Connect, OpenGateway
from penstock.providers.azure_openai import PROVIDER as AZURE
from penstock.providers.base import model_at
from support.access import Access
from support.checks import check_error
from support.client import Header
from support.configuration import gateways, providers
from support.upstream import Upstream

CHAT = {"model": "openai/gpt-5", "messages": [{"role": "user", "content": "\u00e9"}]}
UNKNOWN = "Please configure AI Gateway in the Cloudflare dashboard"

Coding = Callable[[bytes], bytes]
CODINGS: dict[str, Coding] = {
    "gzip": gzip.compress,
    "GZIP": gzip.compress,
    "x-gzip": lambda data: gzip.compress(data[:9]) + gzip.compress(data[9:]),
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.ZstdCompressor().compress,
    "identity": lambda data: data,
}


@pytest.fixture
def access(tmp_path: Path) -> Access:
    return Access(tmp_path / "gateway-0" / "data")


# -- bodies


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("path", ["compat/chat/completions", ""])
async def test_a_body_in_any_coding_is_read(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, coding: str, bom: bytes, path: str
) -> None:
    """What goes on is plain, and says so; the record has it plain as well."""
    gateway = await open_gateway(gateways() + providers({"openai": upstream.url}))
    plain = json.dumps(
        CHAT if path else [{"provider": "compat", "endpoint": "chat/completions", "query": CHAT}]
    ).encode()
    answer = await (await connect(gateway.url)).ask(
        "POST",
        f"/v1/acct/gw/{path}",
        ("Content-Encoding", coding),
        ("Content-Type", "application/json"),
        body=CODINGS[coding](bom + plain),
    )
    assert answer.status == 200
    seen = await upstream.only()
    assert json.loads(seen.body) == {**CHAT, "model": "gpt-5"}
    assert b"content-encoding" not in seen.names or coding == "identity"
    assert seen.header("content-length") == str(len(seen.body)).encode()
    row = await gateway.row()
    assert row.model == "openai/gpt-5"
    bodies = await gateway.bodies()
    assert bodies is not None
    assert json.loads(bodies.request) == (json.loads(plain) if path else CHAT)


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", b"{}"),
        ("snappy", b"{}"),
        ("br", b"\xff\xff"),
        ("gzip", gzip.compress(b" " * (11 * 1024 * 1024))),
    ],
)
@pytest.mark.parametrize("path", ["compat/chat/completions", ""])
async def test_a_body_that_cannot_be_read_is_refused(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, coding: str, body: bytes, path: str
) -> None:
    text = (
        gateways()
        + providers({"openai": upstream.url})
        + "[server.limits]\nmax_buffered_body_bytes = 10485760\n"
    )
    gateway = await open_gateway(text)
    answer = await (await connect(gateway.url)).ask(
        "POST", f"/v1/acct/gw/{path}", ("Content-Encoding", coding), body=body
    )
    assert "content-encoding" in check_error(answer, 400, 9400, "Bad request")
    assert upstream.requests == []


# -- gateways


@pytest.mark.parametrize("path", ["/v1/acct", "/v1/acct/", "/v1/acct?x=1"])
@pytest.mark.parametrize("named", [True, False])
async def test_a_gateway_left_out_is_the_default_one(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect, path: str, named: bool
) -> None:
    """Whether the account has set it up, or it is there for who shows a token."""
    token = ("cf-aig-authorization", f"Bearer {access.token()}")
    served = gateways(gw={}, default={}) if named else gateways(gw={})
    gateway = await open_gateway(served + providers({"openai": upstream.url}))
    client = await connect(gateway.url)
    steps = json.dumps([{"provider": "openai", "endpoint": "v1/x", "query": {}}]).encode()
    assert (await client.ask("POST", path, token, body=steps)).status == 200
    (row,) = await gateway.calls(1)
    assert (row.account, row.gateway) == ("acct", "default")
    check_error(await client.ask("GET", path, token), 405, 9405, "Method not allowed")
    check_error(await client.ask("POST", "/v1/nobody", token, body=steps), 400, 2001, UNKNOWN)


DEFAULTS = (
    "default/openai/v1/x",
    "openai/v1/x",
    "default/compat/chat/completions",
    "compat/chat/completions",
)


@pytest.mark.parametrize("path", DEFAULTS)
async def test_the_default_gateway_is_there_for_who_shows_a_token(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect, path: str
) -> None:
    """Whatever the file names besides; for others there is none (Cloudflare 1.2)."""
    access.key("openai", "stored-0123456789")
    good, other = access.token(), access.token(gateways=("gw",))
    gateway = await open_gateway(
        gateways(gw={}) + providers({"openai": upstream.url}), {"PENSTOCK_ADMIN_TOKEN": "admin-0123456789"}
    )
    client = await connect(gateway.url)
    body = json.dumps(CHAT).encode()
    for text in (good, "admin-0123456789"):
        answer = await client.ask(
            "POST", f"/v1/acct/{path}", ("cf-aig-authorization", f"Bearer {text}"), body=body
        )
        assert answer.status == 200
    assert [seen.header("authorization") for seen in upstream.requests] == [b"Bearer stored-0123456789"] * 2
    headers: tuple[tuple[Header, ...], ...] = ((), (("cf-aig-authorization", "Bearer nonsense"),))
    for shown in headers:
        check_error(await client.ask("POST", f"/v1/acct/{path}", *shown, body=body), 400, 2001, UNKNOWN)
    shown = (("cf-aig-authorization", f"Bearer {other}"),)
    check_error(await client.ask("POST", f"/v1/acct/{path}", *shown, body=body), 401, 2009, "Unauthorized")
    check_error(
        await client.ask("POST", f"/v1/nobody/{path}", ("cf-aig-authorization", f"Bearer {good}"), body=body),
        400,
        2001,
        UNKNOWN,
    )
    assert len(upstream.requests) == 2


# -- protocols


@pytest.mark.parametrize(
    "path",
    [
        "openai/v1/realtime?model=gpt-realtime",
        "deepgram/v1/listen",
        "",
        "compat/chat/completions",
        "nobody/x",
    ],
)
@pytest.mark.parametrize("upgrade", ["websocket", "WebSocket", "h2c, websocket"])
async def test_a_websocket_is_refused_in_words(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, path: str, upgrade: str
) -> None:
    gateway = await open_gateway(gateways() + providers({"openai": upstream.url, "deepgram": upstream.url}))
    answer = await (await connect(gateway.url)).ask(
        "GET",
        f"/v1/acct/gw/{path}",
        ("Connection", "Upgrade"),
        ("Upgrade", upgrade),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("Sec-WebSocket-Version", "13"),
    )
    if path == "nobody/x":
        check_error(answer, 400, 2008, "Invalid provider")
    else:
        assert "WebSocket" in check_error(answer, 400, 9400, "Bad request")
    assert upstream.requests == []


@pytest.mark.parametrize("framing", ["sized", "chunked"])
async def test_an_offered_upgrade_leaves_a_pages_body_where_it_is(
    access: Access, open_gateway: OpenGateway, connect: Connect, framing: str
) -> None:
    """The management API too is an application behind the same door."""
    token = access.token(permissions=("read", "edit"))
    gateway = await open_gateway(gateways())
    client = await connect(gateway.url)
    settings = {"cache_invalidate_on_update": True, "cache_ttl": 0, "collect_logs": True}
    for name in ("h", "i"):
        body = json.dumps(
            {"id": name, "rate_limiting_interval": 0, "rate_limiting_limit": 0, **settings}
        ).encode()
        framed = {
            "sized": b"content-length: %d\r\n\r\n%b" % (len(body), body),
            "chunked": b"transfer-encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(body), body),
        }
        await client.send(
            b"POST /client/v4/accounts/acct/ai-gateway/gateways HTTP/1.1\r\nhost: 127.0.0.1\r\n"
            b"authorization: Bearer %b\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
            b"HTTP2-Settings: AAEA\r\ncontent-type: application/json\r\n" % token.encode() + framed[framing]
        )
        answer = await client.answer()
        assert (answer.status, answer.json()["result"]["id"]) == (200, name)


# -- Azure, as its clients write it

RESPONSES = "/openai/responses"
TAILS = {
    # azure_endpoint=…/azure-openai/res
    "res/openai/responses": RESPONSES,
    "res//openai/responses": RESPONSES,
    "res/openai/files": "/openai/files",
    "res/openai/files/file_1/content": "/openai/files/file_1/content",
    "res/openai/batches/b/cancel": "/openai/batches/b/cancel",
    "res/openai/models": "/openai/models",
    "res/openai/deployments": "/openai/deployments",
    "res/openai/vector_stores/v/files": "/openai/vector_stores/v/files",
    "res/openai/fine_tuning/jobs": "/openai/fine_tuning/jobs",
    "res/openai/assistants": "/openai/assistants",
    "res/openai/threads/t/runs": "/openai/threads/t/runs",
    "res/openai/images/generations:submit": "/openai/images/generations:submit",
    "res/openai/operations/images/o": "/openai/operations/images/o",
    "res/openai/of/tomorrow": "/openai/of/tomorrow",
    "res/openai/deployments/dep/chat/completions": "/openai/deployments/dep/chat/completions",
    "res/openai/deployments/dep/audio/speech": "/openai/deployments/dep/audio/speech",
    "res/openai/deployments/dep/files": "/openai/files",
    "res/openai/v1/responses": "/openai/v1/responses",
    "res/openai/v1/chat/completions": "/openai/v1/chat/completions",
    # base_url=…/azure-openai/res/dep
    "res/dep/chat/completions": "/openai/deployments/dep/chat/completions",
    "res/dep/deployments/dep/chat/completions": "/openai/deployments/dep/chat/completions",
    "res/dep/deployments/other/embeddings": "/openai/deployments/other/embeddings",
    "res/dep/responses": RESPONSES,
    "res/dep/responses/resp_1/cancel": "/openai/responses/resp_1/cancel",
    "res/dep/files": "/openai/files",
    "res/dep/openai/responses": RESPONSES,
    "res/dep/openai/deployments/dep/embeddings": "/openai/deployments/dep/embeddings",
    "res/dep/openai/v1/responses": "/openai/v1/responses",
    # a deployment that is called so
    "res/openai/chat/completions": "/openai/deployments/openai/chat/completions",
    "res/openai/embeddings": "/openai/deployments/openai/embeddings",
    "res/openai/images/generations": "/openai/deployments/openai/images/generations",
    "res/openai/deployments/openai/chat/completions": "/openai/deployments/openai/chat/completions",
}


@pytest.mark.parametrize(("tail", "path"), TAILS.items())
async def test_azure_gets_what_its_clients_mean(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, tail: str, path: str
) -> None:
    gateway = await open_gateway(gateways() + providers({"azure-openai": upstream.url}))
    target = f"/v1/acct/gw/azure-openai/{tail}?api-version=2025-04-01-preview"
    assert (
        await (await connect(gateway.url)).ask("POST", target, ("api-key", "k"), body=b"{}")
    ).status == 200
    assert (await upstream.only()).target.decode() == f"{path}?api-version=2025-04-01-preview"
    deployment = path.split("/")[3] if path.startswith("/openai/deployments/") else None
    assert model_at(AZURE, tail, lambda _name: None) == deployment
