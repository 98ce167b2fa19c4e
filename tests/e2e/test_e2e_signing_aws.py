"""Calls to Amazon with stored access keys: signed for the host and path they go to (Cloudflare 1.3.3, A5)."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from conftest import Connect, OpenGateway
from support.access import ACCOUNT, Access, holding
from support.checks import check_error
from support.client import Answer, Header
from support.configuration import gateways, providers
from support.inprocess import InProcess
from support.replies import whole
from support.signed_requests import verified
from support.upstream import Upstream

KEYS = {
    "accessKeyId": "AKIAEXAMPLE0123",
    "secretAccessKey": "secret/of+aws/0123456789",
    "region": "eu-west-1",
}
SECRET = KEYS["secretAccessKey"]
SESSION = "session//token+0123456789=="
BASE = f"/v1/{ACCOUNT}/gw/aws-bedrock"
HAIKU = "bedrock-runtime/us-east-1/model/anthropic.claude-3-haiku-20240307-v1:0/invoke"
NO_BYOK = "Configured BYOK credentials are unavailable"


@pytest.fixture
def access(tmp_path: Path) -> Access:
    return Access(tmp_path / "gateway-0" / "data")


def served(url: str, **fields: object) -> str:
    return gateways(gw=fields) + providers({"aws-bedrock": url, "openai": url})


async def ask(
    connect: Connect,
    gateway: InProcess,
    *headers: Header,
    tail: str = HAIKU,
    method: str = "POST",
    body: bytes | None = b'{"a":1}',
) -> Answer:
    return await (await connect(gateway.url)).ask(method, f"{BASE}/{tail}", *headers, body=body)


@pytest.mark.parametrize(
    ("tail", "region", "service", "path"),
    [
        (HAIKU, "us-east-1", "bedrock", f"/{HAIKU.partition('us-east-1/')[2]}"),
        (
            "bedrock-runtime/ap-south-1/model/arn%3Aaws%3Abedrock%3A%3A1%3Ax%2Fy/converse",
            "ap-south-1",
            "bedrock",
            "/model/arn%3Aaws%3Abedrock%3A%3A1%3Ax%2Fy/converse",
        ),
        (
            "bedrock-runtime/us-east-1/model/a%20b/invoke?z=1&a=%20x&a",
            "us-east-1",
            "bedrock",
            "/model/a%20b/invoke?z=1&a=%20x&a",
        ),
        (
            "bedrock-mantle/us-west-2/anthropic/v1/messages",
            "us-west-2",
            "bedrock-mantle",
            "/anthropic/v1/messages",
        ),
        (
            "bedrock-mantle/us-west-2/v1/chat/completions",
            "us-west-2",
            "bedrock-mantle",
            "/v1/chat/completions",
        ),
    ],
)
async def test_a_call_is_signed_for_where_it_goes(
    access: Access,
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    tail: str,
    region: str,
    service: str,
    path: str,
) -> None:
    access.key("aws-bedrock", json.dumps(KEYS))
    gateway = await open_gateway(served(upstream.url))
    answer = await ask(connect, gateway, ("Content-Type", "application/json"), ("X-Custom", "y"), tail=tail)
    assert answer.status == 200
    seen = await upstream.only()
    assert seen.target == path.encode()
    signature = await verified(seen, SECRET)
    assert (signature.key_id, signature.region, signature.service) == (KEYS["accessKeyId"], region, service)
    assert signature.names == ["content-type", "host", "x-amz-date"]
    assert seen.header("x-api-key") is None
    assert seen.header("x-custom") == b"y"
    row = await gateway.row()
    assert (row.byok, row.status_code) == (True, 200)


async def test_a_prefix_of_the_base_url_is_signed_as_it_goes_out(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    access.key("aws-bedrock", json.dumps(KEYS))
    gateway = await open_gateway(served(f"{upstream.url}/team/x"))
    await ask(connect, gateway)
    seen = await upstream.only()
    assert seen.target.startswith(b"/team/x/model/")
    await verified(seen, SECRET)


@pytest.mark.parametrize(
    "stored",
    [
        {"aws_access_key_id": "AKIA1", "aws_secret_access_key": SECRET, "aws_session_token": SESSION},
        {"AccessKeyId": "AKIA1", "SecretAccessKey": SECRET, "SessionToken": SESSION, "Version": 1},
        {"AWS_ACCESS_KEY_ID": "AKIA1", "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_SESSION_TOKEN": SESSION},
    ],
)
async def test_keys_that_end_bring_their_session(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect, stored: dict[str, object]
) -> None:
    access.key("aws-bedrock", json.dumps(stored, indent=2))
    gateway = await open_gateway(served(upstream.url))
    await ask(connect, gateway, ("X-Amz-Security-Token", "not-this"), ("X-Amz-Date", "19990101T000000Z"))
    seen = await upstream.only()
    signature = await verified(seen, SECRET)
    assert signature.names == ["host", "x-amz-date", "x-amz-security-token"]
    assert seen.header("x-amz-security-token") == SESSION.encode()


async def test_what_is_there_twice_is_signed_as_one(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    access.key("aws-bedrock", json.dumps(KEYS))
    gateway = await open_gateway(served(upstream.url))
    await ask(
        connect, gateway, ("X-Amz-Meta", "a  b"), ("x-amz-meta", "c"), ("X-Amzn-Bedrock-Trace", "ENABLED")
    )
    assert "x-amz-meta" in (await verified(await upstream.only(), SECRET)).names


async def test_bodies_of_all_kinds(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """Large ones, ones that come in chunks, and none at all."""
    access.key("aws-bedrock", json.dumps(KEYS))
    gateway = await open_gateway(served(upstream.url))
    large = b'{"a":"' + b"x" * 600_000 + b'"}'
    assert (await ask(connect, gateway, body=large)).status == 200
    chunks = b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"
    assert (await ask(connect, gateway, ("Transfer-Encoding", "chunked"), body=chunks)).status == 200
    listed = await ask(
        connect, gateway, tail="bedrock-runtime/us-east-1/async-invoke", method="GET", body=None
    )
    assert listed.status == 200
    for seen, body in zip(upstream.requests, (large, b"hello world", b""), strict=True):
        assert await seen.whole_body() == body
        assert seen.header("transfer-encoding") is None
        await verified(seen, SECRET)


async def test_a_body_that_cannot_be_held_cannot_be_signed(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    access.key("aws-bedrock", json.dumps(KEYS))
    gateway = await open_gateway(served(upstream.url) + "[server.limits]\nmax_buffered_body_bytes = 1000\n")
    answer = await ask(connect, gateway, body=b"x" * 200_000)
    assert "1000 bytes" in check_error(answer, 413, 9413, "Request body too large")
    assert upstream.requests == []


async def test_each_sending_is_signed_anew(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    access.key("aws-bedrock", json.dumps(KEYS))
    gateway = await open_gateway(served(upstream.url, retry_max_attempts=3, retry_delay=2000))
    upstream.will(whole(b"", 503), whole(b"", 503))
    assert (await ask(connect, gateway)).status == 200
    signatures = [await verified(seen, SECRET) for seen in upstream.requests]
    assert len({signature.stamp for signature in signatures}) == 3


async def test_several_keys_of_both_kinds_are_a_pool(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """A key that is refused gives way to the next one, whatever kind each is of."""
    access.key("aws-bedrock", json.dumps(KEYS))
    access.key("aws-bedrock", "bedrock-api-key-0123456789")
    gateway = await open_gateway(served(upstream.url))
    upstream.will(whole(b"", 403))
    assert (await ask(connect, gateway)).status == 200
    first, second = upstream.requests
    await verified(first, SECRET)
    assert second.header("authorization") == b"Bearer bedrock-api-key-0123456789"
    assert second.header("x-amz-date") is None


async def test_a_signature_of_the_callers_goes_untouched(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    access.key("aws-bedrock", json.dumps(KEYS))
    gateway = await open_gateway(served(upstream.url))
    scope = "AKIA9/20261129/us-east-1/bedrock/aws4_request"
    signature = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"
    await ask(connect, gateway, ("Authorization", signature), ("X-Amz-Date", "20261129T000000Z"))
    seen = await upstream.only()
    assert seen.header("authorization") == signature.encode()
    assert seen.header("x-amz-date") == b"20261129T000000Z"


@pytest.mark.parametrize(
    ("stored", "said"),
    [
        ({"accessKeyId": "AKIA"}, "secretAccessKey missing"),
        ({"region": "us-east-1"}, "accessKeyId and secretAccessKey missing"),
        ({**KEYS, "region": "us-east-1.evil.example"}, "region must be"),
        ({**KEYS, "sessionToken": "a\r\nb"}, "sessionToken must be"),
        ({**KEYS, "secretAccessKey": 7}, "secretAccessKey must be text"),
        ({**KEYS, "aws_secret_access_key": "another"}, "two spellings"),
    ],
)
async def test_keys_that_cannot_sign(
    access: Access,
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    stored: dict[str, object],
    said: str,
) -> None:
    access.key("aws-bedrock", json.dumps(stored))
    gateway = await open_gateway(served(upstream.url))
    description = check_error(await ask(connect, gateway), 400, 2040, NO_BYOK)
    assert said in description
    assert SECRET not in description
    assert upstream.requests == []


async def test_they_are_of_no_use_elsewhere(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    access.key("openai", json.dumps(KEYS))
    gateway = await open_gateway(served(upstream.url))
    client = await connect(gateway.url)
    answer = await client.ask("POST", f"/v1/{ACCOUNT}/gw/openai/chat/completions", body=b"{}")
    assert "several parts" in check_error(answer, 400, 2040, NO_BYOK)
    assert upstream.requests == []


async def test_they_are_in_no_file(
    access: Access,
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Also where the provider echoes what it got."""
    caplog.set_level(logging.DEBUG)
    access.key("aws-bedrock", json.dumps({**KEYS, "sessionToken": SESSION}))
    gateway = await open_gateway(served(upstream.url))
    upstream.will(whole(f"{SECRET} {SESSION}".encode(), 403), whole(f"{SECRET} {SESSION}".encode()))
    for _ in range(2):
        await ask(connect, gateway)
    await gateway.calls(2)
    for secret in (SECRET, SESSION):
        assert holding(gateway.data, secret) == []
        assert secret not in caplog.text


@pytest.mark.parametrize(
    ("secret", "region"),
    [(json.dumps(KEYS), "eu-west-1"), (json.dumps({**KEYS, "region": None}), "us-east-1")],
)
async def test_a_named_model_is_asked_in_the_region_of_the_keys(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect, secret: str, region: str
) -> None:
    access.key("aws-bedrock", secret)
    gateway = await open_gateway(served(upstream.url))
    question = {"model": "aws-bedrock/amazon.nova-lite-v1:0", "messages": [{"role": "user", "content": "hi"}]}
    client = await connect(gateway.url)
    await client.ask("POST", f"/v1/{ACCOUNT}/gw/compat/chat/completions", body=json.dumps(question).encode())
    seen = await upstream.only()
    assert seen.target == b"/model/amazon.nova-lite-v1%3A0/converse"
    assert (await verified(seen, SECRET)).region == region
