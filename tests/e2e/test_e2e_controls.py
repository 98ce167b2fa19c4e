"""Control headers, errors and authentication (Cloudflare 2, 3.18, 3.20, 3.29, A9 to A12)."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from conftest import Connect, OpenGateway, Serve
from support.checks import check_error, check_ids
from support.client import Header, request
from support.configuration import gateways, openai, providers
from support.inprocess import InProcess
from support.replies import silence, sse, whole
from support.upstream import Upstream

CHAT = "/v1/acct/gw/openai/chat/completions"
TOKEN = "gateway-token-0123456789abcdef"
KEY = "sk-vendor-0123456789abcdef"


async def test_identifiers_are_one(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> None:
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    first = check_ids(await client.ask("POST", CHAT, body=b"{}"))
    second = check_ids(await client.ask("POST", CHAT, body=b"{}"))
    assert first != second
    assert [(row.id, row.event_id, row.step) for row in await gateway.rows(2)] == [
        (first, first, 0),
        (second, second, 0),
    ]


async def test_own_event_id_is_echoed(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(openai(upstream.url))
    answer = await (await connect(gateway.url)).ask("POST", CHAT, ("cf-aig-event-id", "Mine: 42"), body=b"{}")
    assert answer.header("cf-aig-event-id") == "Mine: 42"
    row = await gateway.row()
    assert row.event_id == "Mine: 42"
    assert row.id == answer.header("cf-aig-log-id") == answer.header("cf-aig-request-id")


async def _nothing_then_one(gateway: InProcess, connect: Connect, *headers: Header) -> None:
    """A call that leaves no row, seen by the row of the next one."""
    client = await connect(gateway.url)
    unlogged = await client.ask("POST", CHAT, *headers, body=b"{}")
    assert "cf-aig-log-id" not in unlogged.names
    assert unlogged.header("cf-aig-request-id") == unlogged.header("cf-aig-event-id")
    logged = await client.ask("POST", CHAT, ("cf-aig-collect-log", "true"), body=b"{}")
    assert (await gateway.row()).id == check_ids(logged)


async def test_collect_log_false_leaves_no_row(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(openai(upstream.url))
    await _nothing_then_one(gateway, connect, ("cf-aig-collect-log", "false"))


async def test_collect_log_goes_before_the_gateway_setting(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    text = gateways(gw={"collect_logs": False}) + providers({"openai": upstream.url})
    await _nothing_then_one(await open_gateway(text), connect)


async def test_row_keeps_both_bodies(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> None:
    upstream.will(whole(b"\x00answer\xff"))
    gateway = await open_gateway(openai(upstream.url))
    await (await connect(gateway.url)).ask("POST", CHAT, body=b"\x00question\xff")
    bodies = await gateway.bodies()
    assert bodies is not None
    assert bodies == (b"\x00question\xff", b"\x00answer\xff", False, False)


async def test_collect_log_payload_false_keeps_a_row_without_bodies(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(openai(upstream.url))
    header = ("cf-aig-collect-log-payload", "false")
    answer = await (await connect(gateway.url)).ask("POST", CHAT, header, body=b'{"secret":1}')
    row = await gateway.row()
    assert row.id == check_ids(answer)
    assert (row.request_size, row.response_size) == (12, 2)
    assert await gateway.bodies() is None


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (
            '{"team":"a","n":1,"f":1.5,"yes":true,"no":false}',
            {"team": "a", "n": 1, "f": 1.5, "yes": True, "no": False},
        ),
        ('{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6}', {"a": 1, "b": 2, "c": 3, "d": 4, "e": 5}),
        ('{"cf.user":"x","a":1}', {"a": 1}),
        ('{"a":1,"b":null}', {}),
        ('{"a":1,"b":[1]}', {}),
        ('{"a":1,"b":{"c":1}}', {}),
        ('{"a":1,"b":2,"c":3,"d":4,"e":5,"f":null}', {}),
        ("[1]", {}),
        ("not json", {}),
        ("", {}),
    ],
)
async def test_metadata(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, sent: str, kept: dict[str, object]
) -> None:
    gateway = await open_gateway(openai(upstream.url))
    answer = await (await connect(gateway.url)).ask("POST", CHAT, ("cf-aig-metadata", sent), body=b"{}")
    assert answer.status == 200
    row = await gateway.row()
    assert row.metadata == kept
    assert [type(value) for value in row.metadata.values()] == [type(value) for value in kept.values()]


async def test_request_timeout(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> None:
    upstream.will(silence())
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    answer = await client.ask("POST", CHAT, ("cf-aig-request-timeout", "250"), body=b"{}")
    assert "250 ms" in check_error(answer, 504, 2005, "Failed to get response from provider")
    row = await gateway.row()
    assert row.id == check_ids(answer)
    assert (row.status_code, row.success, row.error_code) == (504, False, 2005)
    await upstream.left(0)
    assert (await client.ask("POST", CHAT, body=b"{}")).status == 200  # the same client goes on


async def test_request_timeout_does_not_cut_a_stream_that_has_begun(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gate = asyncio.Event()
    upstream.will(sse(b"data: 1\n\n", gate, b"data: 2\n\n"), silence())
    gateway = await open_gateway(openai(upstream.url))
    streaming, waiting = await connect(gateway.url), await connect(gateway.url)
    limit = ("cf-aig-request-timeout", "500")
    await streaming.send(request("POST", CHAT, limit, body=b"{}"))
    await streaming.head()
    assert await streaming.chunk() == b"data: 1\n\n"
    # Begun later with the same limit, so when this one is over, the limit of the first has passed.
    assert (await waiting.ask("POST", CHAT, limit, body=b"{}")).status == 504
    gate.set()
    assert await streaming.chunk() == b"data: 2\n\n"
    assert await streaming.chunk() == b""


@pytest.mark.parametrize("value", ["0", "-1", "soon", "1.5", "", "99999999999999999999"])
async def test_malformed_timeout_is_ignored(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, value: str
) -> None:
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    assert (await client.ask("POST", CHAT, ("cf-aig-request-timeout", value), body=b"{}")).status == 200


# -- errors of the gateway itself


@pytest.mark.parametrize(
    ("path", "status", "code", "message"),
    [
        ("/v1/acct/nosuch/openai/x", 400, 2001, "Please configure AI Gateway in the Cloudflare dashboard"),
        ("/v1/nosuch/gw/openai/x", 400, 2001, "Please configure AI Gateway in the Cloudflare dashboard"),
        ("/v1/acct/nope", 400, 2001, "Please configure AI Gateway in the Cloudflare dashboard"),
        ("/v1/acct/gw/nosuch/x", 400, 2008, "Invalid provider"),
        ("/v1/acct/gw", 400, 9400, "Bad request"),
        ("/v1/acct/gw/", 400, 9400, "Bad request"),
        ("/v1/acct/gw//openai", 404, 9404, "Not found"),
        ("/v1/acct/gw/openai/../../x", 400, 9400, "Bad request"),
        ("/v1/acct/gw/openai/%2e%2E/x", 400, 9400, "Bad request"),
        ("/v1/acct/gw/openai/a%00b", 400, 9400, "Bad request"),
    ],
)
async def test_error_envelope(
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    path: str,
    status: int,
    code: int,
    message: str,
) -> None:
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    check_error(await client.ask("POST", path, body=b"{}"), status, code, message)
    assert upstream.requests == []
    assert (await client.ask("POST", CHAT, body=b"{}")).status == 200  # the connection is still good


async def test_refused_call_has_a_row(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(openai(upstream.url))
    answer = await (await connect(gateway.url)).ask("POST", "/v1/acct/gw/nosuch/x", body=b"{}")
    row = await gateway.row()
    assert row.id == check_ids(answer)
    assert (row.status_code, row.error_code, row.outcome, row.success) == (400, 2008, "refused", False)


async def test_error_to_a_head_request_has_no_body(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    answer = await client.ask("HEAD", "/v1/acct/gw/nosuch/x")
    assert answer.status == 400
    assert int(answer.header("content-length") or 0) > 0
    assert (await client.ask("GET", "/v1/acct/gw/openai/models")).status == 200


async def test_nobody_listens_at_the_provider(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(openai("http://127.0.0.1:1"))
    answer = await (await connect(gateway.url)).ask("POST", CHAT, body=b"{}")
    check_error(answer, 502, 2005, "Failed to get response from provider")
    row = await gateway.row()
    assert (row.status_code, row.outcome, row.error_code) == (502, "provider_broke", 2005)


# -- authentication and secrets


def _secured(url: str) -> str:
    return gateways(gw={"authentication": True}) + providers({"openai": url})


async def test_gateway_with_authentication(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(_secured(upstream.url), {"PENSTOCK_ADMIN_TOKEN": TOKEN})
    client = await connect(gateway.url)
    wrong: list[tuple[Header, ...]] = [
        (),
        (("cf-aig-authorization", f"Bearer {TOKEN}x"),),
        (("cf-aig-authorization", f"Basic {TOKEN}"),),
        (("Authorization", f"Bearer {KEY}"),),
        (("cf-aig-authorization", "Bearer "),),
    ]
    for headers in wrong:
        answer = await client.ask("POST", CHAT, *headers, body=b"{}")
        check_error(answer, 401, 2009, "Unauthorized")
    assert upstream.requests == []
    right = (("cf-aig-authorization", f"bearer {TOKEN}"), ("Authorization", f"Bearer {KEY}"))
    assert (await client.ask("POST", CHAT, *right, body=b"{}")).status == 200
    rows = await gateway.rows(len(wrong) + 1)
    assert [row.status_code for row in rows] == [401] * len(wrong) + [200]
    assert [row.authentication for row in rows] == [False] * len(wrong) + [True]


def _holding(folder: Path, secret: str) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]


async def test_secrets_are_nowhere(serve: Serve, upstream: Upstream, connect: Connect) -> None:
    """Neither upstream (the token), nor in journal, ledger and messages, though both bodies mention them."""
    upstream.will(whole(json.dumps({"echo": KEY, "token": TOKEN}).encode()))
    gateway = await serve(_secured(upstream.url), environ={"PENSTOCK_ADMIN_TOKEN": TOKEN})
    client = await connect(gateway.url)
    answer = await client.ask(
        "POST",
        f"{CHAT}?api_key={KEY}",
        ("cf-aig-authorization", f"Bearer {TOKEN}"),
        ("Authorization", f"Bearer {KEY}"),
        body=json.dumps({"mine": KEY}).encode(),
    )
    assert answer.json() == {"echo": KEY, "token": TOKEN}
    seen = await upstream.only()
    assert TOKEN.encode() not in seen.head + seen.body
    assert seen.header("authorization") == f"Bearer {KEY}".encode()
    (segment,) = (gateway.data / "journal").glob("*.journal")
    assert segment.stat().st_size > 0
    assert _holding(gateway.folder, TOKEN) == _holding(gateway.folder, KEY) == []
    (row,) = await gateway.logs(1)
    assert row.path == "chat/completions?api_key=[redacted]"
    await gateway.stop()
    assert _holding(gateway.folder, TOKEN) == _holding(gateway.folder, KEY) == []
