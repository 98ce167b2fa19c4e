"""Work that a later read tells counts once, whatever is kept of bodies, however it is told, and in every coding."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import os
import random
from collections.abc import Callable
from typing import Any

import brotli
import pytest
import zstandard

from conftest import Connect, OpenGateway
from penstock.pricing.configured import open_prices
from penstock.stores.ledger import CallRow
from support.client import Client, Header, request
from support.configuration import gateways, providers
from support.inprocess import InProcess
from support.replies import Reply, chunked, sized, whole
from support.upstream import Upstream

BASE = "/v1/acct/gw"
SSE = "text/event-stream"
NAMES = ("openai", "anthropic", "azure-openai", "groq", "mistral", "replicate", "parallel", "grok")
RANDOM = random.Random(7)
FILLING = base64.b64encode(RANDOM.randbytes(1_500_000)).decode()
USED = {"input_tokens": 1000, "output_tokens": 1000, "total_tokens": 2000}
COST = 12_500_000  # of those at gpt-4o
Json = dict[str, Any]

UNKEPT: Header = ("cf-aig-collect-log-payload", "false")
KEPT: dict[str, tuple[str, list[Header]]] = {
    "all": ("", []),
    "no payload": ("", [UNKEPT]),
    "nothing": ("0", []),
    "their first part": ("40", []),
    "neither": ("0", [UNKEPT]),
}
CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    "gzip": lambda body: gzip.compress(body, 1),
    "br, gzip": lambda body: gzip.compress(brotli.compress(body, quality=1), 1),
    "zstd": zstandard.compress,
}


class House:
    """A gateway, and a provider that answers what it is told to."""

    def __init__(self, gateway: InProcess, upstream: Upstream, client: Client, *headers: Header) -> None:
        self.gateway = gateway
        self.upstream = upstream
        self.client = client
        self.headers = headers
        self.calls = 0

    async def ask(
        self,
        target: str,
        answer: object,
        *headers: Header,
        body: bytes | None = None,
        coding: str = "",
        kind: str = "application/json",
    ) -> bytes:
        """GET, or POST with a body."""
        data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.upstream.will(in_pieces(CODINGS[coding](data), kind, coding))
        method = "GET" if body is None else "POST"
        found = await self.client.ask(
            method,
            f"{BASE}/{target}",
            ("content-type", "application/json"),
            *self.headers,
            *headers,
            body=body or b"",
        )
        self.calls += 1
        assert found.status == 200
        return found.body

    async def rows(self) -> list[CallRow]:
        return await self.gateway.calls(self.calls)

    async def cost(self) -> int:
        """Of all calls, in nano-dollars."""
        return sum(row.cost_nano or 0 for row in await self.rows())


def in_pieces(body: bytes, kind: str, coding: str) -> Reply:
    headers = [("content-type", kind)] + ([("content-encoding", coding)] if coding else [])
    (step,) = whole(body, headers=tuple(headers)).steps
    assert isinstance(step, bytes)
    head, _, body = step.partition(b"\r\n\r\n")
    return Reply((head + b"\r\n\r\n", *(body[at : at + 50_000] for at in range(0, len(body), 50_000))))


async def house_of(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, kept: str = "all"
) -> House:
    limit, headers = KEPT[kept]
    extra = f"\n[server.limits]\nmax_logged_body_bytes = {limit}\n" if limit else ""
    text = gateways(gw={}) + providers(dict.fromkeys(NAMES, upstream.url)) + extra
    gateway = await open_gateway(text)
    gateway.prices = open_prices(gateway.settings, os.environ)
    return House(gateway, upstream, await connect(gateway.url), *headers)


def response(status: str, usage: Json | None = None, filling: str = "", **more: object) -> Json:
    return {
        "id": "resp_2", "object": "response", "background": True, "status": status, "model": "gpt-4o",
        "output": [{"type": "image_generation_call", "result": filling}], "usage": usage, **more,
    }  # fmt: skip


ASK = b'{"model":"gpt-4o","input":"x","background":true}'


@pytest.mark.parametrize("filling", ["", FILLING], ids=["small", "large"])
@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("kept", KEPT)
async def test_a_background_response_counts_once(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, kept: str, coding: str, filling: str
) -> None:
    house = await house_of(open_gateway, upstream, connect, kept)
    await house.ask("openai/v1/responses", response("queued"), body=ASK, coding=coding)
    await house.ask("openai/v1/responses/resp_2", response("in_progress"), coding=coding)
    for _ in range(3):
        await house.ask("openai/v1/responses/resp_2", response("completed", USED, filling), coding=coding)
    rows = await house.rows()
    assert [row.cost_nano for row in rows] == [None, 0, COST, 0, 0]
    assert [row.tokens_in for row in rows] == [None, None, 1000, None, None]
    assert rows[0].operation == "openai.responses.create.background"


def events(*told: Json) -> bytes:
    return b"".join(
        b"event: %b\ndata: %b\n\n" % (one["type"].encode(), json.dumps(one).encode()) for one in told
    )


ENDINGS: dict[str, Callable[[bytes], bytes]] = {
    "LF": bytes,
    "CRLF": lambda body: body.replace(b"\n", b"\r\n"),
    "CR": lambda body: body.replace(b"\n", b"\r"),
    "BOM": lambda body: b"\xef\xbb\xbf" + body,
}


@pytest.mark.parametrize("filling", ["", FILLING], ids=["small", "large"])
@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("kept", ["all", "neither"])
async def test_a_stream_that_is_read_again_tells_the_end_once(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, kept: str, ending: str, filling: str
) -> None:
    house = await house_of(open_gateway, upstream, connect, kept)
    await house.ask("openai/v1/responses", response("queued"), body=ASK)
    stream = events(
        {"type": "response.created", "response": response("in_progress")},
        {"type": "response.output_text.delta", "delta": "x"},
        {"type": "response.completed", "response": response("completed", USED, filling)},
    )
    for _ in range(2):
        await house.ask("openai/v1/responses/resp_2?stream=true", ENDINGS[ending](stream), kind=SSE)
    assert [row.cost_nano for row in await house.rows()] == [None, COST, 0]


@pytest.mark.parametrize("kept", KEPT)
async def test_a_large_request_is_known_by_its_answer(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, kept: str
) -> None:
    """Larger than what is kept of it, and than what is held of a request that goes out as it comes."""
    house = await house_of(open_gateway, upstream, connect, kept)
    large = b'{"model":"gpt-4o","input":"%b","background":true}' % (b"x" * 12_000_000)
    await house.ask("openai/v1/responses", response("queued"), body=large)
    await house.ask("openai/v1/responses/resp_2", response("completed", USED))
    rows = await house.rows()
    assert rows[0].operation == "openai.responses.create.background"
    assert [row.cost_nano for row in rows] == [None, COST]


@pytest.mark.parametrize("kept", KEPT)
@pytest.mark.parametrize(
    "odd",
    [{"top_p": float("nan")}, {"instructions": "\ud83d"}, {"metadata": {"usage": "x", "status": "queued"}}],
    ids=["NaN", "half a pair", "the same words"],
)
async def test_odd_members_hide_no_order(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, kept: str, odd: Json
) -> None:
    house = await house_of(open_gateway, upstream, connect, kept)
    await house.ask("openai/v1/responses", response("queued", None, **odd), body=ASK)
    for _ in range(2):
        await house.ask("openai/v1/responses/resp_2", response("completed", USED, **odd))
    assert [row.cost_nano for row in await house.rows()] == [None, COST, 0]


BATCH = {"id": "b1", "object": "batch", "output_file_id": "file-1"}
ENDS: dict[str, tuple[str, bytes, Json, str, Json, int]] = {
    "a batch": (
        "openai/v1/batches", b'{"input_file_id":"f"}', {**BATCH, "status": "validating"},
        "openai/v1/batches/b1",
        {**BATCH, "status": "completed", "model": "gpt-4o", "usage": USED, "request_counts": {"completed": 4}},
        COST // 2,
    ),
    "a batch at Azure": (
        "azure-openai/res/openai/v1/batches", b'{"input_file_id":"f"}', {**BATCH, "status": "validating"},
        "azure-openai/res/openai/v1/batches/b1",
        {**BATCH, "status": "completed", "model": "gpt-4o", "usage": USED}, COST // 2,
    ),
    "a response at Azure": (
        "azure-openai/res/openai/v1/responses", ASK, response("queued"),
        "azure-openai/res/openai/v1/responses/resp_2", response("completed", USED), COST,
    ),
    "a deferred completion": (
        "grok/v1/chat/completions", b'{"model":"grok-4","deferred":true}', {"request_id": "q"},
        "grok/v1/chat/deferred-completion/q",
        {"model": "grok-4", "usage": {**USED, "cost_in_usd_ticks": 5_000_000}}, 500_000,
    ),
    "a cancelled response": (
        "openai/v1/responses", ASK, response("queued"),
        "openai/v1/responses/resp_2", response("cancelled", USED), COST,
    ),
}  # fmt: skip


@pytest.mark.parametrize("kept", ["all", "nothing", "neither"])
@pytest.mark.parametrize("name", ENDS)
async def test_other_orders_count_once(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, name: str, kept: str
) -> None:
    house = await house_of(open_gateway, upstream, connect, kept)
    order, body, made, read, end, cost = ENDS[name]
    await house.ask(order, made, body=body)
    for _ in range(2):
        await house.ask(read, end)
    assert [row.cost_nano for row in await house.rows()] == [None, cost, 0]


async def test_a_client_that_leaves_a_read_leaves_its_cost(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """The work was done whoever has heard of it."""
    house = await house_of(open_gateway, upstream, connect)
    await house.ask("openai/v1/responses", response("queued"), body=ASK)
    stream = events({"type": "response.completed", "response": response("completed", USED)})
    upstream.will(chunked(stream, asyncio.Event(), headers=(("content-type", SSE),)))
    client = await connect(house.gateway.url)
    await client.send(request("GET", f"{BASE}/openai/v1/responses/resp_2?stream=true"))
    await client.head()
    assert await client.chunk() == stream
    client.leave()
    house.calls += 1
    await house.rows()
    await house.ask("openai/v1/responses/resp_2", response("completed", USED))
    assert await house.cost() == COST


# -- files of results

CHAT_USED = {"prompt_tokens": 1000, "completion_tokens": 1000, "total_tokens": 2000}


def filling_of(size: int) -> str:
    """Text that no coding makes much smaller."""
    return base64.b64encode(RANDOM.randbytes(size)).decode()


def results(count: int, size: int = 0) -> bytes:
    """Lines of a batch's file, each a thousand tokens in and out at gpt-4o-mini, and two that failed."""
    lines: list[Json] = []
    for at in range(count):
        choices = [{"message": {"content": filling_of(size)}}]
        body = {"model": "gpt-4o-mini", "choices": choices, "usage": CHAT_USED}
        lines.append({"custom_id": str(at), "response": {"status_code": 200, "body": body}, "error": None})
    lines.append({"custom_id": "e", "response": {"status_code": 400, "body": {"error": {"message": "x"}}}})
    lines.append({"custom_id": "l", "response": None, "error": {"code": "batch_expired"}})
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


EACH = 375_000  # nano-dollars: half of 0.15 and 0.60 a million
GROQ = {"id": "b1", "object": "batch", "status": "completed", "output_file_id": "file-1"}


@pytest.mark.parametrize("size", [0, 60_000], ids=["small", "larger than what is held"])
@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("kept", ["all", "nothing", "neither"])
async def test_a_file_of_results_counts_once(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, kept: str, coding: str, size: int
) -> None:
    """Line by line, though it has more bytes than anybody keeps, packed or not."""
    house = await house_of(open_gateway, upstream, connect, kept)
    body = results(250, size)
    await house.ask("openai/v1/batches", {**BATCH, "status": "validating"}, body=b'{"input_file_id":"f"}')
    await house.ask("openai/v1/batches/b1", {**BATCH, "status": "completed"})
    for _ in range(2):
        await house.ask(
            "openai/v1/files/file-1/content", body, coding=coding, kind="application/octet-stream"
        )
    rows = await house.rows()
    assert [row.cost_nano for row in rows] == [None, 0, 250 * EACH, 0]
    assert [row.tokens_in for row in rows] == [None, None, 250_000, None]
    assert (rows[2].usage_metadata or {})["answers"] == 250


async def test_a_batch_that_tells_its_use_is_not_counted_by_its_file_again(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    house = await house_of(open_gateway, upstream, connect)
    used = {"input_tokens": 250_000, "output_tokens": 250_000, "total_tokens": 500_000}
    last = {**BATCH, "status": "completed", "model": "gpt-4o-mini", "usage": used}
    await house.ask("openai/v1/batches", {**BATCH, "status": "validating"}, body=b'{"input_file_id":"f"}')
    await house.ask("openai/v1/files/file-1/content", results(250))
    await house.ask("openai/v1/batches/b1", last)
    await house.ask("openai/v1/files/file-1/content", results(250))
    assert await house.cost() == 250 * EACH


@pytest.mark.parametrize("size", [0, 60_000], ids=["small", "larger than what is held"])
@pytest.mark.parametrize("kept", ["all", "neither"])
async def test_results_of_a_batch_of_messages(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, kept: str, size: int
) -> None:
    house = await house_of(open_gateway, upstream, connect, kept)
    usage = {
        "input_tokens": 1000,
        "output_tokens": 1000,
        "cache_read_input_tokens": 1000,
        "service_tier": "batch",
    }
    message = {"model": "claude-sonnet-4-20250514", "content": FILLING[:size], "usage": usage}
    lines: list[Json] = [
        {"custom_id": str(at), "result": {"type": "succeeded", "message": message}} for at in range(200)
    ]
    lines += [{"custom_id": "e", "result": {"type": "errored", "error": {"type": "error"}}}]
    body = b"\n".join(json.dumps(line).encode() for line in lines)
    await house.ask(
        "anthropic/v1/messages/batches", {"id": "mb", "processing_status": "in_progress"}, body=b"{}"
    )
    for _ in range(2):
        await house.ask("anthropic/v1/messages/batches/mb/results", body, kind="application/x-jsonl")
    rows = await house.rows()
    assert [row.cost_nano for row in rows] == [None, 200 * (1_500_000 + 7_500_000 + 150_000), 0]


async def test_half_a_file_tells_nothing(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """A part that was asked for, and a client that leaves, leave all of it to be told."""
    house = await house_of(open_gateway, upstream, connect)
    body = results(10)
    await house.ask("groq/openai/v1/batches", {**GROQ, "status": "validating"}, body=b"{}")
    await house.ask("groq/openai/v1/batches/b1", GROQ)
    target = f"{BASE}/groq/openai/v1/files/file-1/content"
    upstream.will(whole(body[: len(body) // 2], 206, (("content-range", "bytes 0-99/200"),)))
    await house.client.ask("GET", target, ("range", "bytes=0-99"))
    upstream.will(sized(len(body), body[: len(body) // 2], asyncio.Event()))
    client = await connect(house.gateway.url)
    await client.send(request("GET", target))
    await client.head()
    await client.exactly(len(body) // 2)
    client.leave()
    house.calls += 2
    assert await house.cost() == 0
    own = json.loads(results(1).partition(b"\n")[0])
    own["response"]["body"]["model"] = "llama-3.3-70b-versatile"
    await house.ask("groq/openai/v1/files/file-1/content", json.dumps(own).encode())
    assert await house.cost() == (590_000 + 790_000) // 2


async def test_a_large_answer_of_a_model_with_steps_is_priced_by_each_answer(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """The sum of many small inputs is no large one."""
    house = await house_of(open_gateway, upstream, connect)
    used = {"input_tokens": 1_000_000, "output_tokens": 0, "total_tokens": 1_000_000}
    last = {
        **BATCH,
        "status": "completed",
        "model": "gpt-5.4",
        "usage": used,
        "request_counts": {"completed": 1000},
    }
    await house.ask("openai/v1/batches", {**BATCH, "status": "validating"}, body=b"{}")
    await house.ask("openai/v1/batches/b1", last)
    assert await house.cost() == 1_250_000_000


async def test_runs_of_a_group_cost_what_ordering_them_does(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    house = await house_of(open_gateway, upstream, connect)
    inputs = [{"input": "x", "processor": "core"}] * 3
    runs = ["r1", "r2", "r3"]
    asked = json.dumps({"inputs": inputs}).encode()
    states = events(
        *({"type": "task_run.state", "run": {"run_id": run, "status": "completed"}} for run in runs)
    )
    await house.ask("parallel/v1/tasks/groups/g/runs", {"status": {}, "run_ids": runs}, body=asked)
    for _ in range(2):
        await house.ask("parallel/v1/tasks/groups/g/runs", states, kind=SSE)
        await house.ask("parallel/v1/tasks/runs/r1", {"run_id": "r1", "status": "completed"})
    rows = await house.rows()
    assert [row.cost_nano for row in rows] == [75_000_000, 0, 0, 0, 0]
