"""What a call is decides what it costs, whether its answer is kept, and which model it names."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping

import pytest

from conftest import Connect, OpenGateway
from penstock.pricing.configured import open_prices
from penstock.stores.ledger import CallRow
from support.access import Access, bearer, take_up
from support.client import Client, Header
from support.configuration import gateways, providers
from support.inprocess import InProcess
from support.replies import Reply, whole
from support.upstream import Upstream

BASE = "/v1/acct/gw"
JSON = (("content-type", "application/json"),)
ALL = (
    "openai", "anthropic", "google-ai-studio", "azure-openai", "groq", "mistral", "grok", "cohere", "fireworks",
    "openrouter", "elevenlabs", "replicate", "aws-bedrock", "parallel", "fal", "deepgram", "workers-ai",
)  # fmt: skip


BOM = b"\xef\xbb\xbf"


def told(body: object) -> Reply:
    return whole(json.dumps(body).encode(), headers=JSON)


async def opened(
    open_gateway: OpenGateway, upstream: Upstream, extra: str = "", **fields: object
) -> InProcess:
    text = gateways(gw=fields) + extra + providers(dict.fromkeys(ALL, upstream.url))
    gateway = await open_gateway(text)
    gateway.prices = open_prices(gateway.settings, os.environ)
    return gateway


SPENT = """[accounts.acct.gateways.gw.spend_limits]
enabled = true
[[accounts.acct.gateways.gw.spend_limits.rules]]
limit = %s
limitType = "cost"
window = 3600
"""


def response(status: str, usage: Mapping[str, int] | None, name: str = "resp_1") -> dict[str, object]:
    return {
        "id": name,
        "object": "response",
        "status": status,
        "model": "gpt-4o",
        "output": [],
        "usage": usage,
    }


TOKENS = {"input_tokens": 10000, "output_tokens": 5000, "total_tokens": 15000}
CHAT_TOKENS = {"prompt_tokens": 10000, "completion_tokens": 5000, "total_tokens": 15000}
READS = {
    "a stored response": ("GET", "openai/v1/responses/resp_1", response("completed", TOKENS)),
    "one by an encoded path": ("GET", "openai/v1/%72esponses//resp_1", response("completed", TOKENS)),
    "a cancel": ("POST", "openai/v1/responses/resp_1/cancel", response("cancelled", TOKENS)),
    "a batch": ("GET", "openai/v1/batches/b", {"id": "b", "status": "completed", "model": "gpt-4o", "usage": TOKENS}),
    "a batch at Groq": ("GET", "groq/openai/v1/batches/b", {"id": "b", "status": "completed", "usage": TOKENS}),
    "a stored completion": ("GET", "openai/v1/chat/completions/c", {"id": "c", "model": "m", "usage": CHAT_TOKENS}),
    "its deletion": ("DELETE", "openai/v1/chat/completions/c", {"id": "c", "model": "gpt-4o", "usage": CHAT_TOKENS}),
    "a list": ("GET", "openai/v1/chat/completions", {"object": "list", "model": "gpt-4o", "usage": CHAT_TOKENS}),
    "a prediction": ("GET", "replicate/predictions/p1", {
        "id": "p1", "status": "succeeded", "model": "meta/meta-llama-3-8b-instruct",
        "metrics": {"input_token_count": 10, "output_token_count": 20},
    }),
    "a count": ("POST", "openai/v1/responses/input_tokens", {"object": "x", "input_tokens": 10000}),
    "a count of messages": ("POST", "anthropic/v1/messages/count_tokens", {"input_tokens": 10000}),
    "what no row knows": ("GET", "openai/v1/nobody/knows", {"model": "gpt-4o", "usage": CHAT_TOKENS}),
    "at Azure": ("GET", "azure-openai/res/openai/v1/responses/resp_1", response("completed", TOKENS)),
    "at Grok": ("GET", "grok/v1/responses/resp_1", response("completed", TOKENS)),
}  # fmt: skip


@pytest.mark.parametrize(("method", "tail", "body"), READS.values(), ids=READS.keys())
async def test_reading_is_not_work(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, method: str, tail: str, body: object
) -> None:
    gateway = await opened(open_gateway, upstream, SPENT % 0.1)
    client = await connect(gateway.url)
    for _ in range(6):
        upstream.will(told(body))
        data = b'{"model":"gpt-4o"}' if method == "POST" and "cancel" not in tail else b""
        assert (await client.ask(method, f"{BASE}/{tail}", *JSON, body=data)).status == 200
    rows = await gateway.calls(6)
    assert {(row.cost_nano, row.price_source) for row in rows} == {(0, "no charge")}
    assert {(row.tokens_in, row.tokens_out) for row in rows} == {(None, None)}


async def test_work_that_is_told_later_counts_once(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await opened(open_gateway, upstream)
    client = await connect(gateway.url)
    used = {"input_tokens": 1000, "output_tokens": 1000, "total_tokens": 2000}
    upstream.will(told(response("queued", None, "resp_2")))
    ask = b'{"model":"gpt-4o","input":"x","background":true}'
    await client.ask("POST", f"{BASE}/openai/v1/responses", *JSON, body=ask)
    for answer in (response("in_progress", None, "resp_2"), *[response("completed", used, "resp_2")] * 2):
        upstream.will(told(answer))
        await client.ask("GET", f"{BASE}/openai/v1/responses/resp_2")
    rows = await gateway.calls(4)
    assert sum(row.cost_nano or 0 for row in rows) == 12_500_000
    assert [row.operation for row in rows] == [
        "openai.responses.create.background", *["openai.responses.get"] * 3
    ]  # fmt: skip
    assert [row.tokens_in for row in rows] == [None, None, 1000, None]


async def test_what_was_not_made_here_is_nobody_s(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """Nor is what another account made."""
    text = gateways(gw={}) + gateways("other", gw={}) + providers({"openai": upstream.url})
    gateway = await open_gateway(text)
    gateway.prices = open_prices(gateway.settings, os.environ)
    client = await connect(gateway.url)
    upstream.will(told(response("queued", None)))
    await client.ask(
        "POST", f"{BASE}/openai/v1/responses", *JSON, body=b'{"model":"gpt-4o","background":true}'
    )
    upstream.will(told(response("completed", TOKENS)))
    await client.ask("GET", "/v1/other/gw/openai/v1/responses/resp_1")
    rows = await gateway.calls(2)
    assert [row.cost_nano for row in rows] == [None, 0]


ORDERS = {
    "batches at Groq": ("groq/openai/v1/batches", {}, ()),
    "batches of messages": ("anthropic/v1/messages/batches", {}, ()),
    "a video": ("google-ai-studio/v1beta/models/veo-3:predictLongRunning", {}, ()),
    "a video by an encoded verb": ("google-ai-studio/v1beta/models/veo-3%3ApredictLongRunning", {}, ()),
    "kept content": ("google-ai-studio/v1beta/cachedContents", {}, ()),
    "a queue": ("fal", {}, (("x-fal-target-url", "https://queue.fal.run/fal-ai/x"),)),
    "a voice": ("elevenlabs/v1/voices/add", {}, ()),
    "a phone call": ("elevenlabs/v1/convai/twilio/outbound-call", {}, ()),
    "jobs": ("cohere/v1/embed-jobs", {}, ()),
    "batches at Fireworks": ("fireworks/inference/v1/batches", {}, ()),
    "a payment": ("parallel/account/service/v1/balance/add", {}, ()),
    "keys": ("parallel/account/service/v1/keys", {}, ()),
    "keys of a router": ("openrouter/keys", {}, ()),
    "a memory": ("parallel/v1beta/memory/retrieve", {}, ()),
    "a task": ("parallel/v1/tasks/runs", {"processor": "lite"}, ()),
    "in the background": ("openai/v1/responses", {"background": True}, ()),
    "what was said before": ("openai/v1/responses", {"previous_response_id": "resp_1"}, ()),
    "a prompt that is stored": ("openai/v1/responses", {"prompt": {"id": "pmpt_1"}}, ()),
    "one at Azure": (
        "azure-openai/res/openai/v1/responses",
        {"prompt": {"id": "pmpt_1", "version": "2"}},
        (),
    ),
    "a conversation": ("openai/v1/responses", {"conversation": "conv_1"}, ()),
    "a stored completion": ("openai/v1/chat/completions", {"store": True}, ()),
    "batches at Azure": ("azure-openai/res/openai/v1/batches", {}, ()),
    "a video at Grok": ("grok/v1/videos/generations", {}, ()),
    "a transcript to be called back": ("deepgram/v1/listen?model=nova-3&callback=https://x.example", {}, ()),
    "a prediction": ("replicate/predictions", {}, ()),
    "a secret": ("openai/v1/realtime/client_secrets", {}, ()),
    "what no row knows": ("openai/v1/nobody/knows", {}, ()),
}


@pytest.mark.parametrize(("tail", "fields", "headers"), ORDERS.values(), ids=ORDERS.keys())
async def test_orders_are_not_kept(
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    tail: str,
    fields: dict[str, object],
    headers: tuple[Header, ...],
) -> None:
    gateway = await opened(open_gateway, upstream, cache_ttl=300)
    assert await statuses(gateway, connect, upstream, tail, fields, headers) == (2, None)


@pytest.mark.parametrize(
    "tail",
    [
        "openai/v1/chat/completions",
        "openai/chat/completions",
        "anthropic/v1/messages",
        "google-ai-studio/v1beta/models/g:generateContent",
        "openai/v1/embeddings",
        "parallel/v1/search",
        "parallel/v1/extract",
        "cohere/v2/chat",
        "aws-bedrock/bedrock-runtime/us-east-1/model/m/converse",
        "azure-openai/res/dep/chat/completions?api-version=1",
        "openai/v1/responses",
    ],
)
async def test_what_is_made_out_of_the_request_is_kept(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, tail: str
) -> None:
    gateway = await opened(open_gateway, upstream, cache_ttl=300)
    assert await statuses(gateway, connect, upstream, tail, {}, ()) == (1, "HIT")


async def statuses(
    gateway: InProcess,
    connect: Connect,
    upstream: Upstream,
    tail: str,
    fields: dict[str, object],
    headers: tuple[Header, ...],
) -> tuple[int, str | None]:
    """How often the provider was asked for two equal requests, and what the cache said to the second."""
    client = await connect(gateway.url)
    answer = None
    for _ in range(2):
        upstream.will(told({"id": "x"}))
        answer = await client.ask(
            "POST", f"{BASE}/{tail}", *JSON, *headers, body=json.dumps({"a": 1, **fields}).encode()
        )
        await gateway.settled()
    assert answer is not None
    state = answer.header("cf-aig-cache-status") if "cf-aig-cache-status" in answer.names else None
    return len(upstream.requests), state if state == "HIT" else None


async def test_headers_that_steer_the_answer_are_part_of_the_key(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await opened(open_gateway, upstream, cache_ttl=300)
    client = await connect(gateway.url)
    for guard in ("a", "b"):
        upstream.will(told({"id": guard}))
        answer = await client.ask(
            "POST", f"{BASE}/aws-bedrock/bedrock-runtime/us-east-1/model/m/converse", *JSON,
            ("x-amzn-bedrock-guardrailidentifier", guard), body=b"{}",
        )  # fmt: skip
        await gateway.settled()
        assert json.loads(answer.body) == {"id": guard}


FORM = (
    b'--B\r\ncontent-disposition: form-data; name="file"; filename="a.wav"\r\ncontent-type: audio/wav\r\n\r\nRIFF'
    b'\r\n--B\r\ncontent-disposition: form-data; name="model"\r\n\r\n%b\r\n--B--\r\n'
)
KIND = "application/json"
PARTS = "multipart/form-data; boundary=B"
MINI = b'"model":"gpt-4o-mini"}'
MODELS = {
    "a form": ("openai/v1/audio/transcriptions", PARTS, FORM % b"whisper-1", "openai/whisper-1"),
    "a form at Groq": ("groq/openai/v1/audio/transcriptions", PARTS, FORM % b"w", "groq/w"),
    "a query": ("deepgram/v1/listen?model=nova-3", "audio/wav", b"RIFF", "deepgram/nova-3"),
    "a mark": ("openai/v1/chat/completions", KIND, b"\xef\xbb\xbf{" + MINI, "openai/gpt-4o-mini"),
    "what curl -d says": (
        "openai/v1/chat/completions", "application/x-www-form-urlencoded", b"{" + MINI, "openai/gpt-4o-mini",
    ),
    "no type": ("mistral/v1/chat/completions", "", b'{"model":"m"}', "mistral/m"),
    "another name": ("elevenlabs/v1/text-to-speech/v", KIND, b'{"text":"x","model_id":"m"}', "elevenlabs/m"),
    "kept content": ("google-ai-studio/v1beta/cachedContents", KIND, b'{"model":"models/g"}', "google-ai-studio/g"),
    "a task": ("parallel/v1/tasks/runs", KIND, b'{"input":"x","processor":"ultra"}', "parallel/ultra"),
    "a search": ("parallel/v1/search", KIND, b'{"objective":"x"}', "parallel/search-advanced"),
    "FindAll": ("parallel/v1beta/findall/runs", KIND, b'{"generator":"core"}', "parallel/findall-core"),
    "a monitor": ("parallel/v1/monitors", KIND, b'{"query":"x"}', "parallel/monitor-lite"),
}  # fmt: skip


@pytest.mark.parametrize(("tail", "kind", "body", "model"), MODELS.values(), ids=MODELS.keys())
async def test_the_model_is_where_the_vendor_has_it(
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    tail: str,
    kind: str,
    body: bytes,
    model: str,
) -> None:
    gateway = await opened(open_gateway, upstream)
    upstream.will(told({"id": "x"}))
    headers: tuple[Header, ...] = (("content-type", kind),) if kind else ()
    await (await connect(gateway.url)).ask("POST", f"{BASE}/{tail}", *headers, body=body)
    assert (await gateway.calls(1))[0].model == model


async def test_names_in_the_log(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> None:
    gateway = await opened(open_gateway, upstream)
    client = await connect(gateway.url)
    upstream.will(told({"id": "x", "deleted": True}))
    await client.ask("DELETE", f"{BASE}/openai/v1/models/ft:gpt-4o:acme::abc")
    await client.ask("POST", f"{BASE}/compat/chat/completions", *JSON, body=b'{"model":"anthropic/claude-x"}')
    await client.ask("POST", f"{BASE}/compat/chat/completions", *JSON, body=b'{"model":"nope/x"}')
    rows: list[CallRow] = await gateway.calls(3)
    assert [row.model for row in rows] == [None, "anthropic/claude-x", "nope/x"]


async def test_a_key_for_a_model_that_a_form_names(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await opened(open_gateway, upstream)
    token = Access(gateway.data).token(models=("openai/gpt-4o-transcribe",))
    take_up(gateway)
    client: Client = await connect(gateway.url)
    kind = ("content-type", "multipart/form-data; boundary=B")
    seen = []
    for model in (b"gpt-4o-transcribe", b"whisper-1"):
        answer = await client.ask(
            "POST", f"{BASE}/openai/v1/audio/transcriptions", bearer(token), kind, body=FORM % model
        )
        seen.append(answer.status)
    for tail in ("models", "responses/resp_1"):
        seen.append((await client.ask("GET", f"{BASE}/openai/v1/{tail}", bearer(token))).status)
    assert seen == [200, 403, 200, 200]


@pytest.mark.parametrize(
    ("tail", "model"),
    [
        ("openai/v1/chat/completions", "%s"),
        ("openai/v1/responses", "%s"),
        ("compat/chat/completions", "openai/%s"),
    ],
)
async def test_a_key_for_a_model_behind_a_byte_order_mark(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, tail: str, model: str
) -> None:
    gateway = await opened(open_gateway, upstream)
    token = Access(gateway.data).token(models=("openai/gpt-4o-mini",))
    take_up(gateway)
    client = await connect(gateway.url)
    seen = []
    for mark, name in ((BOM, "gpt-4o-mini"), (BOM, "gpt-4o"), (BOM + BOM, "gpt-4o-mini")):
        body = mark + json.dumps({"model": model % name, "messages": []}).encode()
        seen.append((await client.ask("POST", f"{BASE}/{tail}", bearer(token), *JSON, body=body)).status)
    assert seen[:2] == [200, 403]
    assert seen[2] in (400, 403)


async def test_small_calls_at_once_share_what_is_left(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await opened(open_gateway, upstream, SPENT % 0.0125)
    used = {"prompt_tokens": 200, "completion_tokens": 200, "total_tokens": 400}
    body = b'{"model":"gpt-4o","messages":[]}'
    clients = [await connect(gateway.url) for _ in range(16)]
    for _ in clients:
        upstream.will(told({"model": "gpt-4o", "choices": [], "usage": used}))
    answers = await asyncio.gather(
        *(client.ask("POST", f"{BASE}/openai/v1/chat/completions", *JSON, body=body) for client in clients)
    )
    passed = sum(answer.status == 200 for answer in answers)
    assert 5 <= passed <= 8
