"""What calls cost to the last digit, by the price lists that ship: rows, sums and limits say the same."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import os
import random
import zlib
from typing import Any

import pytest
from limit_kit import LONG, NANO, configuration, new_key, reload, rule, spent

from conftest import Connect, OpenGateway
from penstock.calls.log_record import LogRecord
from penstock.pricing.configured import open_prices
from penstock.stores.control_store import SpendLimit
from support.client import Header, request
from support.inprocess import InProcess
from support.replies import Reply, chunked, whole
from support.upstream import Upstream

BASE = "/v1/acct/gw"
CHAT = "openai/v1/chat/completions"
SSE, KIND = "text/event-stream", "application/json"
JSON: Header = ("content-type", KIND)
NAMES = ("openai", "anthropic", "azure-openai", "openrouter", "cohere", "parallel")
Json = dict[str, Any]

USAGE = b'"usage":{"prompt_tokens":1000,"completion_tokens":100,"total_tokens":1100}'
CHUNK = b'{"id":"c","object":"chat.completion.chunk","model":"gpt-4o-mini","choices":[],'
LAST = b"data: %b%b}\n\n" % (CHUNK, USAGE)
NULL = b'data: %b"usage":null}\n\n' % CHUNK
DONE = b"data: [DONE]\n\n"
WHOLE = b'{"id":"x","model":"gpt-4o-mini","choices":[],%b}' % USAGE
DELTA = (
    b'data: {"id":"c","object":"chat.completion.chunk","model":"gpt-4o-mini","choices":[{"index":0,'
    b'"delta":{"content":"x"},"finish_reason":null}]}\n\n'
)
MINI = 0.00021  # 1000 and 100 tokens of gpt-4o-mini, at 0.15 and 0.60 USD a million
LARGE = 0.0035  # of gpt-4o, at 2.50 and 10


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def answered(body: bytes | Json, kind: str = KIND, coding: str = "") -> Reply:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    coded = (("content-encoding", coding),) if coding else ()
    return whole(data, headers=(("content-type", kind), *coded))


async def opened(
    open_gateway: OpenGateway, upstream: Upstream, usd: float = 100, extra: str = "", **fields: object
) -> InProcess:
    """With a spend limit that counts all calls."""
    limits = {"enabled": True, "rules": [rule(usd, LONG)]}
    text = configuration(dict.fromkeys(NAMES, upstream.url), {"spend_limits": limits, **fields}, extra)
    gateway = await open_gateway(text)
    gateway.prices = open_prices(gateway.settings, os.environ)
    return gateway


async def row_of(
    gateway: InProcess,
    upstream: Upstream,
    connect: Connect,
    reply: Reply,
    path: str = CHAT,
    body: bytes = b'{"model":"gpt-4o-mini","messages":[]}',
    *headers: Header,
) -> LogRecord:
    upstream.will(reply)
    client = await connect(gateway.url)
    assert (await client.ask("POST", f"{BASE}/{path}", JSON, *headers, body=body)).status == 200
    return await gateway.row()


ANSWERS: dict[str, Reply] = {
    "CR": answered((LAST + DONE).replace(b"\n", b"\r"), SSE),
    "BOM": answered(b"\xef\xbb\xbf" + LAST + DONE, SSE),
    "data in lines": answered(
        b'data: {"model":"gpt-4o-mini","choices":[],\ndata: "usage": {"prompt_tokens":1000,\n'
        b'data: "completion_tokens":100}}\n\n' + DONE, SSE,
    ),
    "ten without usage": answered(LAST + NULL * 10 + DONE, SSE),
    "two members": answered(gzip.compress(NULL) + gzip.compress(LAST + DONE), SSE, "gzip"),
    "raw deflate": answered(raw_deflate(WHOLE), coding="deflate"),
    "identity, gzip": answered(gzip.compress(WHOLE), coding="identity, gzip"),
    "as text": answered(WHOLE, "text/plain; charset=utf-8"),
    "events as JSON": answered(LAST + DONE),
    "NaN": answered(WHOLE.replace(b"[]", b'[{"logprobs":{"content":[{"token":"a","logprob":NaN}]}}]')),
    "half a pair": answered(WHOLE.replace(b"[]", b'[{"message":{"content":"\\ud83d"}}]')),
    "speed": answered(WHOLE.replace(b"}}", b',"speed":12.5}}')),
    "iterations": answered(WHOLE.replace(b"}}", b',"iterations":{}}}')),
    "floats": answered(WHOLE.replace(b"1000", b"1000.0").replace(b":100,", b":100.0,")),
}  # fmt: skip


@pytest.mark.parametrize("name", ANSWERS)
async def test_however_an_answer_is_written(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, name: str
) -> None:
    gateway = await opened(open_gateway, upstream)
    row = await row_of(gateway, upstream, connect, ANSWERS[name])
    assert (row.tokens_in, row.tokens_out, row.cost) == (1000, 100, MINI)
    assert spent(gateway) == 210_000


@pytest.mark.parametrize("way", ["no payload", "no bodies"])
async def test_of_what_is_not_kept(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, way: str
) -> None:
    filling = base64.b64encode(random.Random(1).randbytes(1_600_000))
    body = WHOLE.replace(b'"usage"', b'"x":"%b","usage"' % filling)
    extra = "\n[server.limits]\nmax_logged_body_bytes = 0\n" if way == "no bodies" else ""
    headers = (("cf-aig-collect-log-payload", "false"),) if way == "no payload" else ()
    gateway = await opened(open_gateway, upstream, extra=extra)
    row = await row_of(
        gateway, upstream, connect, answered(body), CHAT, b'{"model":"gpt-4o-mini","messages":[]}', *headers
    )
    assert (row.tokens_in, row.tokens_out, row.cost) == (1000, 100, MINI)
    assert spent(gateway) == 210_000


OPENROUTER: Json = {
    "model": "deepseek/deepseek-chat", "choices": [],
    "usage": {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100, "cost": 0.0123},
}  # fmt: skip
AZURE: Json = {"model": "gpt-4o-2024-08-06", "choices": [],
               "usage": {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}}  # fmt: skip
AZURE_STREAM = b"".join(
    b"data: %b\n\n" % json.dumps(one).encode()
    for one in ({"model": "", "choices": [], "prompt_filter_results": []}, {**AZURE, "usage": None}, AZURE)
)
DEPLOYED = "azure-openai/res/prod-chat/chat/completions?api-version=2024-10-21"
HEARD: Json = {
    "model": "gpt-4o-audio-preview",
    "usage": {
        "prompt_tokens": 100, "completion_tokens": 200, "total_tokens": 300,
        "prompt_tokens_details": {"audio_tokens": 80, "text_tokens": 20},
        "completion_tokens_details": {"audio_tokens": 150, "text_tokens": 50},
    },
}  # fmt: skip
DRAWN: Json = {
    "created": 1, "data": [{"b64_json": "x"}],
    "usage": {"input_tokens": 50, "output_tokens": 4160, "total_tokens": 4210,
              "input_tokens_details": {"text_tokens": 10, "image_tokens": 40}},
}  # fmt: skip
PRICED: dict[str, tuple[str, Json, Reply, float]] = {
    "a router's own word": ("openrouter/chat/completions", {"model": "openrouter/auto"}, answered(OPENROUTER), 0.0123),
    "beside a list": ("openrouter/chat/completions", {"model": "deepseek/deepseek-chat"}, answered(OPENROUTER), 0.0123),
    "a deployment": (DEPLOYED, {"model": "prod-chat", "messages": []}, answered(AZURE), LARGE),
    "one that is streamed": (DEPLOYED, {"model": "prod-chat"}, answered(AZURE_STREAM + DONE, SSE), LARGE),
    "one that is not named": (DEPLOYED, {"messages": []}, answered(AZURE), LARGE),
    "speech": (CHAT, {"model": "gpt-4o-audio-preview", "messages": []}, answered(HEARD), 0.01575),
    "an image": (
        "openai/v1/images/generations", {"model": "gpt-image-1", "prompt": "x"}, answered(DRAWN),
        (10 * 5 + 40 * 10 + 4160 * 40) / 1e6,
    ),
    "reranking": (
        "cohere/v2/rerank", {"model": "rerank-v3.5", "query": "x"},
        answered({"results": [], "meta": {"billed_units": {"search_units": 1}}}), 0.002,
    ),
    "a message": (
        "anthropic/v1/messages", {"model": "claude-sonnet-4-20250514", "messages": []},
        answered({"model": "claude-sonnet-4-20250514", "usage": {"input_tokens": 1000, "output_tokens": 100}}), 0.0045,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PRICED)
async def test_whoever_answers(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, name: str
) -> None:
    path, body, reply, usd = PRICED[name]
    gateway = await opened(open_gateway, upstream)
    row = await row_of(gateway, upstream, connect, reply, path, json.dumps(body).encode())
    assert row.cost == usd
    assert spent(gateway) == round(usd * NANO)


async def test_a_client_that_hangs_up_after_the_last_event_has_its_cost(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """Though the provider holds back the end of its chunks."""
    stream = DELTA + LAST + DONE
    upstream.will(chunked(stream, asyncio.Event(), headers=(("content-type", SSE),)))
    gateway = await opened(open_gateway, upstream)
    client = await connect(gateway.url)
    body = b'{"model":"gpt-4o-mini","messages":[],"stream":true}'
    await client.send(request("POST", f"{BASE}/{CHAT}", JSON, body=body))
    await client.head()
    assert await client.chunk() == stream
    client.leave()
    row = await gateway.row()
    assert (row.success, row.tokens_in, row.tokens_out, row.cost) == (True, 1000, 100, MINI)
    assert spent(gateway) == 210_000


# -- holes in limits

TASK = b'{"input":"x","processor":"ultra8x"}'  # 2.40 USD
HOLES: dict[str, tuple[str, bytes, tuple[Header, ...]]] = {
    "enriching": (
        "v1beta/findall/runs/findall_1/enrich", b'{"processor":"ultra8x","output_schema":{"type":"text"}}', (),
    ),
    "extending": ("v1beta/findall/runs/findall_1/extend", b'{"additional_match_limit":10}', ()),
    "an encoded path": ("v1/tasks/%72uns", TASK, ()),
    "a doubled slash": ("v1//tasks/runs", TASK, ()),
    "a wrong label": ("v1/tasks/runs", TASK, (("content-encoding", "br"),)),
    "raw deflate": ("v1/tasks/runs", raw_deflate(TASK), (("content-encoding", "deflate"),)),
    "a stray member": ("v1/tasks/runs", TASK[:-1] + b',"urls":1}', ()),
    "an unknown processor in a group": (
        "v1/tasks/groups/tgrp_1/runs", b'{"inputs":[%b,{"input":"x","processor":7}]}' % TASK, (),
    ),
    "a BOM": ("v1/tasks/runs", b"\xef\xbb\xbf" + TASK, ()),
    "an alpha monitor": ("v1alpha/monitors/monitor_1/trigger", b"{}", ()),
    "a trigger": ("v1/monitors/monitor_1/trigger", b"{}", ()),
}  # fmt: skip


@pytest.mark.parametrize("name", HOLES)
async def test_nothing_goes_upstream_that_is_dearer_than_what_is_left(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, name: str
) -> None:
    path, body, headers = HOLES[name]
    usd = 0.001 if "trigger" in path else 0.01
    gateway = await opened(open_gateway, upstream, usd)
    client = await connect(gateway.url)
    answer = await client.ask("POST", f"{BASE}/parallel/{path}", JSON, *headers, body=body)
    assert (answer.status, answer.json()["error"][0]["code"]) == (429, 2045)
    assert upstream.requests == []
    assert spent(gateway) == 0


async def test_nor_does_what_is_too_large_to_be_looked_at(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await opened(open_gateway, upstream, 0.01)
    client = await connect(gateway.url)
    body = b" " * 33_600_000 + TASK
    await client.send(request("POST", f"{BASE}/parallel/v1/tasks/runs", JSON, body=body)[:10_000])
    answer = await client.answer("POST")
    assert (answer.status, answer.json()["error"][0]["code"]) == (429, 2045)
    assert upstream.requests == []


async def test_the_holder_of_a_token_does_not_lift_its_own_limit(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    text = configuration(dict.fromkeys(NAMES, upstream.url), {})
    gateway = await open_gateway(text)
    key, _ = new_key(gateway, spend=SpendLimit(0.01, 86_400))
    reload(gateway, text)
    client = await connect(gateway.url)
    custom = ("cf-aig-custom-cost", '{"total_cost": 0}')
    answer = await client.ask("POST", f"{BASE}/parallel/v1/tasks/runs", JSON, key, custom, body=TASK)
    assert answer.status == 429
    assert upstream.requests == []


async def test_small_calls_at_once_do_not_shut_each_other_out(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """There is room for four of them, and sixteen come."""
    gateway = await opened(open_gateway, upstream, 0.01)
    used = {"prompt_tokens": 200, "completion_tokens": 200, "total_tokens": 400}
    clients = [await connect(gateway.url) for _ in range(16)]
    for _ in clients:
        upstream.will(answered({"model": "gpt-4o", "choices": [], "usage": used}))
    body = b'{"model":"gpt-4o","messages":[]}'
    answers = await asyncio.gather(
        *(client.ask("POST", f"{BASE}/{CHAT}", JSON, body=body) for client in clients)
    )
    passed = [answer.status for answer in answers].count(200)
    assert 4 <= passed <= 8
    assert spent(gateway) == passed * 2_500_000


# -- what is not counted in tokens

FORM: Header = ("content-type", "multipart/form-data; boundary=B")
SPOKEN = json.dumps({"model": "tts-1", "input": "word " * 2000}).encode()  # 10,000 characters
DRAWING = b'{"model":"dall-e-3","prompt":"x","quality":"hd","size":"1792x1024"}'
UNKEPT: Header = ("cf-aig-collect-log-payload", "false")


def sent_file(model: str) -> bytes:
    return (
        b'--B\r\ncontent-disposition: form-data; name="file"; filename="a.wav"\r\ncontent-type: audio/wav\r\n\r\n%b'
        b'\r\n--B\r\ncontent-disposition: form-data; name="model"\r\n\r\n%b\r\n--B--\r\n'
    ) % (b"RIFF" * 1000, model.encode())


HEARD_TOKENS: Json = {
    "text": "x",
    "usage": {"type": "tokens", "input_tokens": 100, "output_tokens": 20, "total_tokens": 120,
              "input_token_details": {"audio_tokens": 90, "text_tokens": 10}},
}  # fmt: skip
UNITS: dict[str, tuple[str, bytes, Reply, float]] = {
    "speech": ("openai/v1/audio/speech", SPOKEN, answered(b"ID3" * 9000, "audio/mpeg"), 0.15),
    "a picture": ("openai/v1/images/generations", DRAWING, answered({"data": [{"url": "x"}]}), 0.12),
    "a minute": (
        "openai/v1/audio/transcriptions", sent_file("whisper-1"),
        answered({"text": "x", "usage": {"type": "duration", "seconds": 60}}), 0.006,
    ),
    "a detailed minute": (
        "openai/v1/audio/transcriptions", sent_file("whisper-1"),
        answered({"task": "transcribe", "duration": 60.2, "text": "x"}), 0.006,
    ),
    "a recording in tokens": (
        "openai/v1/audio/transcriptions", sent_file("gpt-4o-transcribe"), answered(HEARD_TOKENS),
        (90 * 6 + 10 * 2.5 + 20 * 10) / 1e6,
    ),
}  # fmt: skip


@pytest.mark.parametrize("kept", ["all", "no payload", "nothing", "their first part"])
@pytest.mark.parametrize("name", UNITS)
async def test_other_units(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, name: str, kept: str
) -> None:
    path, body, reply, usd = UNITS[name]
    bytes_kept = {"nothing": 0, "their first part": 300}.get(kept)
    extra = "" if bytes_kept is None else f"\n[server.limits]\nmax_logged_body_bytes = {bytes_kept}\n"
    gateway = await opened(open_gateway, upstream, 100, extra)
    upstream.will(reply)
    client = await connect(gateway.url)
    headers = [UNKEPT] if kept == "no payload" else []
    kind = FORM if body.startswith(b"--B") else JSON
    assert (await client.ask("POST", f"{BASE}/{path}", kind, *headers, body=body)).status == 200
    assert (await gateway.row()).cost == usd
    assert spent(gateway) == round(usd * NANO)


@pytest.mark.parametrize("name", ["speech", "a picture"])
async def test_what_a_request_tells_has_to_fit(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, name: str
) -> None:
    path, body, _, usd = UNITS[name]
    gateway = await opened(open_gateway, upstream, usd - 0.001)
    client = await connect(gateway.url)
    answer = await client.ask("POST", f"{BASE}/{path}", JSON, body=body)
    assert (answer.status, answer.json()["error"][0]["code"]) == (429, 2045)
    assert (upstream.requests, spent(gateway)) == ([], 0)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("openai/v1/images/generations", b'{"model":"dall-e-3","prompt":"x","size":"9x9"}'),
        ("openai/v1/videos", b'{"model":"sora-2","prompt":"x","seconds":"12"}'),
        ("openai/v1/audio/speech", b'{"model":"tts-9","input":"x"}'),
    ],
    ids=["an unknown size", "a video that is too dear", "an unknown voice"],
)
async def test_what_nobody_can_price_or_pay_for_does_not_go_upstream(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, path: str, body: bytes
) -> None:
    gateway = await opened(open_gateway, upstream, 0.25)
    client = await connect(gateway.url)
    assert (await client.ask("POST", f"{BASE}/{path}", JSON, body=body)).status == 429
    assert upstream.requests == []


async def test_a_video_is_set_aside_by_its_seconds_and_paid_when_it_is_there(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await opened(open_gateway, upstream)
    video = {"id": "video_1", "object": "video", "model": "sora-2", "seconds": "8", "size": "720x1280"}
    client = await connect(gateway.url)
    body = b'{"model":"sora-2","prompt":"x","seconds":"8"}'
    upstream.will(answered({**video, "status": "queued"}))
    await client.ask("POST", f"{BASE}/openai/v1/videos", JSON, body=body)
    for _ in range(2):
        upstream.will(answered({**video, "status": "completed"}))
        await client.ask("GET", f"{BASE}/openai/v1/videos/video_1")
    assert [row.cost for row in await gateway.rows(3)] == [None, 0.8, 0]
    assert spent(gateway) == 800_000_000
