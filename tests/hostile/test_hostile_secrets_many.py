"""Many secrets, and large bodies to look for them in: nobody else waits for that, and none of them is kept.

What cannot be cleaned in a bounded time is not kept, and the row says why; of a refused call nothing is looked at.
"""

from __future__ import annotations

import asyncio

import pytest
from hostile_kit import CHAT, gateway_for, still_serves

from conftest import Connect, OpenGateway
from penstock.calls.log_record import bodies_remark
from penstock.proxy.long_work import LongWork
from support.client import Header
from support.client import request as client_request
from support.configuration import gateways, providers
from support.loop_lag import LoopLag
from support.replies import whole
from support.upstream import Upstream
from support.waiting import eventually

MIB = 1024 * 1024
LIMIT = 0.5  # seconds of one turn of the loop, the test's own part of it included; each of these took many


def cookie(count: int, size: int = 11) -> Header:
    """Values that begin like the body, and are not in it."""
    return "cookie", "; ".join(f"a={number:a>{size}}" for number in range(count))


@pytest.mark.parametrize(
    ("headers", "size"),
    [
        ([cookie(4000)], 10 * MIB),
        ([cookie(200)], MIB),
        ([cookie(24)], 10 * MIB),
        ([("authorization", f"Bearer a{number:a>11}") for number in range(480)], 10 * MIB),
        ([cookie(1000, 50)], 10 * MIB),
        (
            [("x-api-key", "a" * 15_000 + "b" + "a" * 500), ("authorization", "b" + "a" * 15_000)],
            10 * MIB + 7,
        ),
        ([("authorization", "Bearer " + "a" * 50_000 + "b")], 10 * MIB + 7),
    ],
)
async def test_no_other_client_waits_for_a_body_to_be_searched(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, headers: list[Header], size: int
) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    upstream.will(whole(b"{}"))
    client = await connect(gateway.url)
    head = client_request("POST", CHAT, *headers, ("content-length", str(size)))
    async with LoopLag() as lag:
        await client.send(head)
        for start in range(0, size, MIB):
            await client.send(b"a" * min(MIB, size - start))
        assert (await client.answer()).status == 200
    assert lag.worst < LIMIT
    await still_serves(gateway, connect)


async def test_what_cannot_be_searched_is_not_kept_and_the_row_says_why(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    answer = b'{"model":"gpt-4o","usage":{"prompt_tokens":12,"completion_tokens":34}}'
    upstream.will(whole(answer, headers=(("content-type", "application/json"),)))
    client = await connect(gateway.url)
    body = b'{"model":"gpt-4o","x":"%b"}' % (b"x" * 8000)
    assert (await client.ask("POST", CHAT, cookie(300), body=body)).body == answer
    (call,) = await gateway.calls(1)
    assert await gateway.bodies() is None
    assert bodies_remark(call) == "not kept: more than 256 secrets to look for"
    assert (call.model, call.tokens_in, call.tokens_out) == ("openai/gpt-4o", 12, 34)


async def test_all_of_many_secrets_are_taken_out(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    upstream.will(whole(b"{}"))
    secrets = [f"secret-{number:04d}".encode() for number in range(100)]
    body = b"-".join(secret + b"x" * 30_000 for secret in secrets)
    client = await connect(gateway.url)
    cookies = "; ".join(f"n{number}={secret.decode()}" for number, secret in enumerate(secrets))
    async with LoopLag() as lag:
        assert (await client.ask("POST", CHAT, ("cookie", cookies), body=body)).status == 200
    assert lag.worst < LIMIT
    bodies = await gateway.bodies()
    assert bodies is None  # 100 secrets × 3 MB are beyond the bound
    (call,) = await gateway.calls(1)
    assert "secrets to look for in" in (bodies_remark(call) or "")


async def test_the_record_is_there_before_the_end_of_the_answer(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where cleaning its bodies takes many turns of the loop; other calls come and go meanwhile."""
    gateway = await gateway_for(open_gateway, upstream)
    turns: list[LongWork] = []
    monkeypatch.setattr(LongWork, "_turn", lambda work: turns.append(work))
    upstream.will(whole(b"{}"))
    client = await connect(gateway.url)
    secrets = "; ".join(f"n{number}=secret-{number:04d}" for number in range(8))
    asking = asyncio.create_task(client.ask("POST", CHAT, ("cookie", secrets), body=b"secret-0007" * 50_000))
    await upstream.request()
    await eventually(lambda: turns or None, "the beginning of the cleaning")
    assert not asking.done()
    monkeypatch.undo()
    turns[0]._turn()
    assert (await asking).status == 200
    bodies = await gateway.bodies()
    assert bodies is not None
    assert bodies.request == b"[redacted]" * 50_000


async def test_of_a_refused_call_nothing_is_searched_or_kept(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    text = gateways(gw={"authentication": True}) + providers({"openai": upstream.url})
    gateway = await open_gateway(text, {"PENSTOCK_ADMIN_TOKEN": "pst-0123456789abcdef"})
    clients = [await connect(gateway.url) for _ in range(10)]
    request = client_request("POST", CHAT, cookie(4000), body=b"a" * 60_000)
    async with LoopLag() as lag:
        for client in clients:
            await client.send(request)
        for client in clients:
            assert (await client.answer()).status == 401
    assert lag.worst < LIMIT
    calls = await gateway.calls(10)
    assert {bodies_remark(call) for call in calls} == {"the request is not kept: it was refused"}


@pytest.mark.parametrize(
    ("secret", "written"),
    [
        ("ab/cd+ef/gh==", rb"ab\/cd+ef\/gh=="),
        ("ab/cd+ef/gh==", b"ab%2Fcd%2Bef%2Fgh%3D%3D"),
        ("ab/cd+ef/gh==", b"ab%2fcd%2bef%2fgh%3d%3d"),
        ('ab"cd\\efgh', rb"ab\"cd\\efgh"),
    ],
)
async def test_a_secret_as_json_and_forms_write_it(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, secret: str, written: bytes
) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    upstream.will(whole(b"<" + written + b">"))
    client = await connect(gateway.url)
    assert (await client.ask("POST", CHAT, ("x-api-key", secret), body=b"{}")).status == 200
    bodies = await gateway.bodies()
    assert bodies is not None
    assert bodies.response == b"<[redacted]>"
