"""Receivers that come, go and hang while the gateway runs; counters under hostile names and over restarts."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import os
import re
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from observed_kit import (
    ADMIN,
    answer_by_header,
    ask,
    configured,
    cursors,
    folder_job,
    http_job,
    metrics,
    pushed,
    settled,
    spans_of,
    until,
)

from conftest import Serve
from support.configuration import gateways, providers
from support.gateway import Gateway
from support.replies import Reply, silence, whole
from support.upstream import Seen, Upstream
from support.waiting import PATIENCE, comes, eventually


@pytest.fixture
async def receiver() -> AsyncIterator[Upstream]:
    server = await Upstream.start()
    yield server
    await server.close()


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE) as client:
        yield client


BARE = {
    "cache_invalidate_on_update": False,
    "cache_ttl": 0,
    "collect_logs": True,
    "rate_limiting_interval": 0,
    "rate_limiting_limit": 0,
}


async def change(
    http: httpx.AsyncClient, gateway: Gateway, method: str, path: str, body: object
) -> dict[str, Any]:
    answer = await http.request(
        method,
        f"{gateway.url}/client/v4/accounts/acct/ai-gateway/{path}",
        json=body,
        headers={"authorization": f"Bearer {ADMIN}"},
    )
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["result"])


async def log_id(http: httpx.AsyncClient, gateway: Gateway, place: str) -> str:
    """Of a call, once the gateway is known to all workers."""

    async def call() -> str | None:
        answer = await ask(http, gateway, place=place)
        return str(answer.headers["cf-aig-log-id"]) if answer.status_code == 200 else None

    return await comes(call, f"gateway {place}")


async def test_traces_are_switched_on_and_off_over_the_api(
    serve: Serve, upstream: Upstream, receiver: Upstream, http: httpx.AsyncClient
) -> None:
    upstream.otherwise = answer_by_header
    environ = {"PENSTOCK_ADMIN_TOKEN": ADMIN}
    text = "[server]\nallow_private_providers = true\n"
    text += gateways(gw={}) + providers({"openai": upstream.url})
    gateway = await serve(text, "--workers", "2", environ=environ)
    otel = [{"url": f"{receiver.url}/v1/traces", "headers": {"x-key": "k"}, "authorization": "Bearer s3cret"}]
    made = await change(http, gateway, "POST", "gateways", {**BARE, "id": "new", "otel": otel})
    assert "s3cret" not in json.dumps(made)
    await cursors(gateway, 1)
    first = await log_id(http, gateway, "acct/new")
    assert set(await spans_of(receiver, 1)) == {first}
    assert receiver.requests[0].header("authorization") == b"Bearer s3cret"
    await change(http, gateway, "PUT", "gateways/new", {**BARE, "otel": None})
    await cursors(gateway, 0)
    await log_id(http, gateway, "acct/new")
    await settled(gateway)
    await change(http, gateway, "PUT", "gateways/new", {**BARE, "otel": otel})
    await cursors(gateway, 1)
    third = await log_id(http, gateway, "acct/new")
    assert set(await spans_of(receiver, 2)) == {first, third}
    await gateway.stop()


async def test_receivers_that_hang_slow_no_call(
    serve: Serve, upstream: Upstream, receiver: Upstream, http: httpx.AsyncClient, tmp_path: Path
) -> None:
    upstream.otherwise = answer_by_header
    receiver.otherwise = lambda seen: silence()
    jobs = folder_job("one", tmp_path / "logs") + http_job("hangs", receiver.url)
    gateway = await serve(configured(upstream, receiver.url, extra=jobs))
    await cursors(gateway, 4)
    took = []
    for _ in range(100):
        began = time.perf_counter()
        assert (await ask(http, gateway)).status_code == 200
        took.append(time.perf_counter() - began)
    await eventually(lambda: len(receiver.requests) >= 2 or None, "both hang")
    assert sorted(took)[50] < 1  # who waited for a receiver would wait half a minute
    await eventually(lambda: len(pushed(tmp_path / "logs")) == 100 or None, "the one that works")


def decrypted(private: rsa.RSAPrivateKey, field: dict[str, str]) -> bytes:
    """By what the contract says, and nothing of ours."""
    key, iv, data = (base64.b64decode(field[name], validate=True) for name in ("key", "iv", "data"))
    plain = private.decrypt(key, padding.OAEP(padding.MGF1(SHA256()), SHA256(), None))
    assert len(plain) == 32
    return AESGCM(plain).decrypt(iv, data, None)


async def test_pushed_logs_are_encrypted_for_their_owner_only(
    serve: Serve, upstream: Upstream, http: httpx.AsyncClient, tmp_path: Path
) -> None:
    upstream.otherwise = answer_by_header
    private = rsa.generate_private_key(65537, 2048)
    pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    fields = {"logpush": True, "logpush_public_key": pem}
    wrong = {
        "logpush": True,
        "logpush_public_key": "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
    }
    text = folder_job("j_-1", tmp_path / "logs") + gateways(gw=fields, broken=wrong)
    gateway = await serve(text + providers({"openai": upstream.url}))
    await cursors(gateway, 1)
    for _ in range(2):
        await ask(http, gateway, headers={"cf-aig-metadata": '{"user":"ann"}'})
    await ask(http, gateway, place="acct/broken")
    await eventually(lambda: len(pushed(tmp_path / "logs")) == 2 or None, "two logs")
    await gateway.says("log_push j_-1 sends nothing of gateway acct/broken")
    await gateway.stop()
    first, second = pushed(tmp_path / "logs")
    assert decrypted(private, first["Metadata"]) == b'{"user":"ann"}'
    assert json.loads(decrypted(private, first["RequestBody"]))["model"] == "gpt-4o"
    assert json.loads(decrypted(private, first["ResponseBody"]))["usage"]["prompt_tokens"] == 1000
    assert first["RequestBody"]["key"] == first["ResponseBody"]["key"] != second["RequestBody"]["key"]
    assert (
        len(
            {
                one[name]["iv"]
                for one in (first, second)
                for name in ("Metadata", "RequestBody", "ResponseBody")
            }
        )
        == 6
    )
    folder = b"".join(gzip.decompress(path.read_bytes()) for path in (tmp_path / "logs").rglob("*.gz"))
    assert b'{"user"' not in folder
    assert b"prompt_tokens" not in folder


def cpu_seconds(pid: int) -> float:
    """What a process has worked so far."""
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system


def answer_model(seen: Seen) -> Reply:
    return whole(
        b'{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":1}}',
        headers=(("content-type", "application/json"),),
    )


async def test_counters_under_hostile_names_and_over_restarts(
    serve: Serve, upstream: Upstream, http: httpx.AsyncClient
) -> None:
    upstream.otherwise = answer_model
    text = gateways(gw={}) + providers({"openai": upstream.url}) + "[metrics]\nmodels = 20\n"
    gateway = await serve(text)
    odd = ['a"b', "a\\b", "a\nb", 'x",status="5xx"} 9e9\n#', "é\u202e\u0000", "{}", "m" * 256, ""]
    names = odd + [f"model-{number}" for number in range(150)]
    answers = await asyncio.gather(*(ask(http, gateway, model=name) for name in names))
    paths = [f'openai/v1/{number}/x"y' for number in range(20)] + [f"p{number}/v1/x" for number in range(20)]
    answers += await asyncio.gather(*(ask(http, gateway, path=path) for path in paths))
    answers += await asyncio.gather(*(ask(http, gateway, place=f"acct/g{number}") for number in range(10)))
    kept = sum("cf-aig-log-id" in answer.headers for answer in answers)
    found = await until(gateway, lambda found: sum(found.get("penstock_requests_total", {}).values()) == kept)
    labels = [dict(one) for one in found["penstock_requests_total"]]
    assert len({one["model"] for one in labels}) <= 22
    assert len(labels) <= 50
    assert {one["gateway"] for one in labels} == {"gw"}
    assert {one["provider"] for one in labels} == {"openai", ""}
    (worker,) = await gateway.workers(1)
    began = cpu_seconds(worker)
    await metrics(gateway)
    assert cpu_seconds(worker) - began < 1

    before = sum(found["penstock_requests_total"].values())
    (shipper,) = re.findall(r"shipper started \(process (\d+)\)", gateway.stderr)
    os.kill(int(shipper), signal.SIGKILL)
    for _ in range(20):
        await ask(http, gateway)
        now = await metrics(gateway)
        assert sum(now["penstock_requests_total"].values()) >= before
        before = sum(now["penstock_requests_total"].values())
    await gateway.stop()
    again = await serve(None)
    now = await metrics(again)
    assert sum(now["penstock_requests_total"].values()) == kept + 20
    await again.stop()
