"""Stored keys, sealed headers and tokens turn up nowhere but where they belong, whatever providers echo.

Looked for in all files of the data folder (directory, journal, ledger, cache), in error answers, and at
providers that are none of the key's.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path

import msgspec
import pytest

from conftest import Connect, OpenGateway
from penstock.stores.control_store import Add, Remove
from support.access import ACCOUNT, CHAT, COMPAT, UNIVERSAL, Access, bearer, holding, steps, take_up
from support.client import Answer, Header
from support.configuration import gateways, providers
from support.inprocess import InProcess
from support.replies import chunked, sse, whole
from support.upstream import Upstream

STORED = "sk-stored-0123456789abcdef"
SECOND = "sk-second-0123456789abcdef"
HEADER = "sk-header-0123456789abcdef"
BASE = f"/v1/{ACCOUNT}/gw"
SERVICE_ACCOUNT = {"type": "service_account", "private_key": "-----BEGIN PRIVATE KEY-----MIIEvQ-----END"}
AWS = {"accessKeyId": "AKIA0123456789", "secretAccessKey": "aws-secret-0123456789", "region": "us-east-1"}


@pytest.fixture
def access(tmp_path: Path) -> Access:
    return Access(tmp_path / "gateway-0" / "data")


def served(url: str, *slugs: str, **fields: object) -> str:
    asks = {"authentication": True, **fields}
    return gateways(gw=asks) + providers(dict.fromkeys(("openai", *slugs), url))


async def ask(
    connect: Connect,
    gateway: InProcess,
    token: str,
    *headers: Header,
    target: str = CHAT,
    body: bytes = b"{}",
) -> Answer:
    return await (await connect(gateway.url)).ask("POST", target, bearer(token), *headers, body=body)


async def test_stored_keys_are_in_no_file(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """After calls of every kind, kept in the cache and under an Idempotency-Key, good and bad."""
    access.key("openai", STORED)
    access.key("openai", SECOND)
    access.provider("acme", upstream.url, headers={"x-api-key": HEADER})
    token = access.token()
    gateway = await open_gateway(served(upstream.url))
    upstream.will(whole(b"no", 401))
    answers = [
        await ask(connect, gateway, token),
        await ask(connect, gateway, token, ("cf-aig-cache-ttl", "60")),
        await ask(connect, gateway, token, ("cf-aig-cache-ttl", "60")),
        await ask(connect, gateway, token, ("Idempotency-Key", "one")),
        await ask(connect, gateway, token, target=COMPAT, body=b'{"model":"openai/m"}'),
        await ask(connect, gateway, token, target=UNIVERSAL, body=steps(("custom-acme", "x", {}))),
        await ask(connect, gateway, token, ("cf-aig-byok-alias", "none")),
    ]
    assert [answer.status for answer in answers] == [200] * 6 + [400]
    await gateway.calls(7)
    for secret in (STORED, SECOND, HEADER):
        assert any(secret.encode() in seen.head for seen in upstream.requests)
        assert all(secret.encode() not in answer.raw + answer.body for answer in answers)
    assert holding(gateway.data, STORED, SECOND, HEADER, token) == []


@pytest.mark.parametrize("way", ["whole", "pieces", "stream", "error", "first of two"])
async def test_a_provider_that_echoes_the_key(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect, way: str
) -> None:
    """The caller gets the answer as it came; the log does not keep the key."""
    access.key("openai", STORED)
    access.key("openai", SECOND)
    token = access.token()
    gateway = await open_gateway(served(upstream.url))
    echo = f'{{"error":"Incorrect API key provided: {STORED}, {SECOND}"}}'.encode()
    parts = [echo[start : start + 7] for start in range(0, len(echo), 7)]
    upstream.will(
        *{
            "whole": [whole(echo)],
            "pieces": [chunked(*parts)],
            "stream": [sse(*parts)],
            "error": [whole(echo, 401), whole(echo, 401)],
            "first of two": [whole(b"", 401), whole(echo)],
        }[way]
    )
    tried = way in ("error", "first of two")
    answer = await ask(connect, gateway, token)
    assert answer.body == echo
    bodies = await gateway.bodies()
    assert bodies is not None
    assert STORED.encode() not in bodies.response
    if tried:
        assert SECOND.encode() not in bodies.response
    assert holding(gateway.data, STORED, *((SECOND,) if tried else ())) == []


async def test_a_provider_that_echoes_the_sealed_header(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    access.provider("acme", upstream.url, headers={"x-api-key": HEADER, "authorization": f"Bearer {SECOND}"})
    token = access.token()
    gateway = await open_gateway(served(upstream.url))
    upstream.will(whole(f"bad key {HEADER}, {SECOND}".encode(), 401))
    answer = await ask(connect, gateway, token, target=f"{BASE}/custom-acme/x")
    assert answer.body == f"bad key {HEADER}, {SECOND}".encode()
    await gateway.row()
    assert holding(gateway.data, HEADER, SECOND) == []


async def test_a_provider_that_echoes_the_files_header(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    text = served(upstream.url, "custom-acme") + f'[providers.custom-acme.headers]\nx-api-key = "{HEADER}"\n'
    token = access.token()
    gateway = await open_gateway(text)
    upstream.will(whole(f"bad key {HEADER}".encode(), 401))
    await ask(connect, gateway, token, target=f"{BASE}/custom-acme/x")
    assert (await upstream.only()).header("x-api-key") == HEADER.encode()
    await gateway.row()
    assert holding(gateway.data, HEADER) == []


async def test_a_caller_that_guesses_the_key(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """What he sends reaches the provider as it is, and the log without it."""
    access.key("openai", STORED)
    token = access.token()
    gateway = await open_gateway(served(upstream.url))
    await ask(connect, gateway, token, body=json.dumps({"key": STORED, "token": token}).encode())
    assert STORED.encode() in (await upstream.only()).body
    await gateway.row()
    assert holding(gateway.data, STORED, token) == []


async def test_a_key_goes_to_its_own_provider_only(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    access.key("openai", STORED)
    access.provider("acme", upstream.url, headers={"x-acme": HEADER})
    token = access.token()
    gateway = await open_gateway(served(upstream.url, "anthropic", "grok"))
    for slug in ("anthropic", "grok", "custom-acme"):
        await ask(connect, gateway, token, target=f"{BASE}/{slug}/x")
    await ask(connect, gateway, token)
    *others, own = upstream.requests
    assert all(STORED.encode() not in seen.head for seen in others)
    assert [HEADER.encode() in seen.head for seen in upstream.requests] == [False, False, True, False]
    assert STORED.encode() in own.head


@pytest.mark.parametrize("text", [json.dumps(AWS), json.dumps(AWS, indent=2)])
async def test_a_credential_of_several_parts_is_not_sent_as_it_is(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect, text: str
) -> None:
    """It is for signing with; and what has lines of its own would be headers of its own."""
    access.key("aws-bedrock", text)
    token = access.token()
    gateway = await open_gateway(served(upstream.url, "aws-bedrock"))
    target = f"{BASE}/aws-bedrock/bedrock-runtime/us-east-1/model/m/invoke"
    answer = await ask(connect, gateway, token, target=target)
    assert AWS["secretAccessKey"].encode() not in answer.raw + answer.body
    assert all(AWS["secretAccessKey"].encode() not in seen.head for seen in upstream.requests)


@pytest.mark.parametrize("indent", [None, 2])
async def test_a_service_account_is_not_sent_as_it_is(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect, indent: int | None
) -> None:
    access.key("google-vertex-ai", json.dumps(SERVICE_ACCOUNT, indent=indent))
    token = access.token()
    gateway = await open_gateway(served(upstream.url, "google-vertex-ai"))
    await ask(connect, gateway, token, target=f"{BASE}/google-vertex-ai/v1/projects/p/locations/us/x")
    assert all(b"PRIVATE" not in seen.head for seen in upstream.requests)


async def test_a_header_of_the_callers_does_not_stand_beside_the_key(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """Empty or withheld ones are taken out, so that there is one credential, and `Connection` cannot drop it."""
    access.key("openai", STORED)
    token = access.token()
    gateway = await open_gateway(served(upstream.url))
    await ask(connect, gateway, token, ("Authorization", ""))
    await ask(connect, gateway, token, ("Authorization", f"Bearer {token}"))
    await ask(connect, gateway, token, ("Connection", "keep-alive, authorization"))
    for seen in upstream.requests:
        assert seen.header("authorization") == f"Bearer {STORED}".encode()


async def test_callers_share_kept_answers_only_with_the_same_credential(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """A cache key of the caller's own stands for everything but who asks (Cloudflare B2, B4)."""
    access.key("openai", STORED)
    token = access.token()
    gateway = await open_gateway(served(upstream.url, "google-ai-studio"))
    gemini = f"{BASE}/google-ai-studio/v1beta/models/m:generateContent"
    calls: list[tuple[str, str, tuple[Header, ...]]] = [
        ("a", CHAT, ()),
        ("a", CHAT, (("Authorization", "Bearer sk-of-one-0123"),)),
        ("a", CHAT, (("Authorization", "Bearer sk-of-two-0123"),)),
        ("b", f"{gemini}?key=AIza-of-one-0123", ()),
        ("b", f"{gemini}?key=AIza-of-two-0123", ()),
    ]
    for number, (name, target, headers) in enumerate(calls):
        upstream.will(whole(b"%d" % number))
        answer = await ask(connect, gateway, token, ("cf-aig-cache-key", name), *headers, target=target)
        assert (answer.header("cf-aig-cache-status"), answer.body) == ("MISS", b"%d" % number), target


async def test_a_missing_master_key(
    access: Access,
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Stored keys cannot be used, which is said, and everything else goes on."""
    access.key("openai", STORED)
    access.provider("acme", upstream.url, headers={"x-api-key": HEADER})
    access.provider("plain", upstream.url)
    token = access.token()
    master = access.data / "master.key"
    away = access.data / "away"
    master.rename(away)
    with caplog.at_level(logging.ERROR):
        gateway = await open_gateway(served(upstream.url))
    assert "stored secrets cannot be used" in caplog.text
    assert "PENSTOCK_MASTER_KEY" in caplog.text
    assert (await ask(connect, gateway, token, ("Authorization", "Bearer sk-mine-0123"))).status == 200
    assert (await ask(connect, gateway, token, target=f"{BASE}/custom-plain/x")).status == 200
    assert (await ask(connect, gateway, token, target=f"{BASE}/custom-acme/x")).status == 400
    assert (await ask(connect, gateway, token, ("cf-aig-byok-alias", "default"))).status == 400
    assert all(STORED.encode() not in seen.head for seen in upstream.requests)
    away.rename(master)
    take_up(gateway)
    upstream.requests.clear()
    assert (await ask(connect, gateway, token)).status == 200
    assert (await upstream.only()).header("authorization") == f"Bearer {STORED}".encode()


@pytest.mark.parametrize("wrong", ["00" * 32, "not a key", "AAAA"])
async def test_a_wrong_master_key(
    access: Access,
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    wrong: str,
) -> None:
    access.key("openai", STORED)
    token = access.token()
    monkeypatch.setenv("PENSTOCK_MASTER_KEY", wrong)
    with caplog.at_level(logging.ERROR):
        gateway = await open_gateway(served(upstream.url))
    assert "stored secrets cannot be used" in caplog.text
    assert wrong not in caplog.text
    assert (await ask(connect, gateway, token, ("Authorization", "Bearer sk-mine-0123"))).status == 200
    assert STORED.encode() not in (await upstream.only()).head


async def test_sealed_bytes_moved_to_another_row(
    access: Access,
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Somebody who can write the file, and has no master key, cannot have a key sent to an address of his."""
    access.key("openai", STORED)
    access.key("anthropic", SECOND)
    first, second = access.control_store.snapshot().provider_keys
    moved = msgspec.structs.replace(second, provider="custom-evil", sealed=first.sealed)
    access.control_store.apply([Remove(second), Add(moved)])
    access.provider("evil", upstream.url)
    token = access.token()
    with caplog.at_level(logging.ERROR):
        gateway = await open_gateway(served(upstream.url))
    assert "custom-evil" in caplog.text
    await ask(connect, gateway, token, target=f"{BASE}/custom-evil/x")
    assert STORED.encode() not in (await upstream.only()).head
    await ask(connect, gateway, token)
    assert upstream.requests[1].header("authorization") == f"Bearer {STORED}".encode()
