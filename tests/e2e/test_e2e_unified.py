"""The unified endpoint beyond what a translation makes of a body: keys, headers, errors, several models, the log."""

from __future__ import annotations

import asyncio
import gzip
import json

import pytest

from conftest import Connect, OpenGateway
from support.client import Answer
from support.configuration import gateways, providers
from support.inprocess import InProcess
from support.replies import chunked, sse, whole
from support.upstream import Seen, Upstream

SLUGS = (
    "openai",
    "anthropic",
    "google-ai-studio",
    "cohere",
    "aws-bedrock",
    "groq",
    "parallel",
    "custom-mine",
)
CHAT, MESSAGES, RESPONSES = "chat/completions", "messages", "responses"
ASKED = {"messages": [{"role": "user", "content": "Hello"}]}
JSON = (("content-type", "application/json"),)
CLAUDE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-x",
    "content": [{"type": "text", "text": "Good day"}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 7, "output_tokens": 3},
}
GPT = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "gpt-x",
    "choices": [
        {"index": 0, "message": {"role": "assistant", "content": "Good day"}, "finish_reason": "stop"}
    ],
    "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10},
}


def event(kind: str, **members: object) -> bytes:
    """One of Anthropic's."""
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **members})}\n\n".encode()


BEGUN = {**CLAUDE, "content": [], "stop_reason": None, "usage": {"input_tokens": 7, "output_tokens": 1}}
STARTED = event("message_start", message=BEGUN)
CLAUDE_EVENTS = (
    STARTED,
    event("content_block_start", index=0, content_block={"type": "text", "text": ""})
    + event("content_block_delta", index=0, delta={"type": "text_delta", "text": "Good"}),
    event("content_block_delta", index=0, delta={"type": "text_delta", "text": " day"}),
    event("content_block_stop", index=0)
    + event(
        "message_delta", delta={"stop_reason": "end_turn", "stop_sequence": None}, usage={"output_tokens": 3}
    )
    + event("message_stop"),
)
OVERLOADED = event("error", error={"type": "overloaded_error", "message": "Overloaded"})


class Unified:
    """A gateway whose providers are all at one address."""

    def __init__(self, gateway: InProcess, upstream: Upstream, connect: Connect) -> None:
        self.gateway = gateway
        self.upstream = upstream
        self._connect = connect

    async def ask(self, tail: str, model: str, *headers: tuple[str, str], **members: object) -> Answer:
        body = json.dumps({"model": model, **ASKED, **members}).encode()
        client = await self._connect(self.gateway.url)
        return await client.ask("POST", f"/v1/acct/gw/compat/{tail}", *headers, body=body)


@pytest.fixture
async def unified(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> Unified:
    text = gateways(gw={}) + providers(dict.fromkeys(SLUGS, upstream.url))
    return Unified(await open_gateway(text), upstream, connect)


def claude(**members: object) -> bytes:
    return json.dumps({**CLAUDE, **members}).encode()


# -- keys and headers


@pytest.mark.parametrize("header", ["authorization", "x-api-key", "api-key", "x-goog-api-key"])
@pytest.mark.parametrize(
    ("model", "name", "value"),
    [
        ("anthropic/claude-x", "x-api-key", b"key-1"),
        ("google-ai-studio/gemini-x", "x-goog-api-key", b"key-1"),
        ("cohere/command-x", "authorization", b"Bearer key-1"),
        ("openai/gpt-x", "authorization", b"Bearer key-1"),
        ("custom-mine/x", "authorization", b"Bearer key-1"),
    ],
)
async def test_a_key_goes_where_the_provider_reads_it(
    unified: Unified, header: str, model: str, name: str, value: bytes
) -> None:
    sent = "Bearer key-1" if header == "authorization" else "key-1"
    await unified.ask(CHAT, model, (header, sent))
    seen = await unified.upstream.only()
    places = ("authorization", "x-api-key", "api-key", "x-goog-api-key")
    assert {place: seen.header(place) for place in places if seen.header(place)} == {name: value}


@pytest.mark.parametrize(
    ("model", "sent", "name"),
    [
        ("anthropic/claude-x", "Bearer sk-ant-oat01-abc", "authorization"),
        ("anthropic/claude-x", "Bearer sk-ant-api03-abc", "x-api-key"),
        ("google-ai-studio/gemini-x", "Bearer ya29.abc", "authorization"),
        ("parallel/speed", "Bearer abc", "authorization"),
    ],
)
async def test_what_is_a_token_of_a_person_stays_one(
    unified: Unified, model: str, sent: str, name: str
) -> None:
    await unified.ask(CHAT, model, ("Authorization", sent))
    seen = await unified.upstream.only()
    assert seen.header(name) in (sent.encode(), sent.removeprefix("Bearer ").encode())


async def test_what_is_for_the_callers_own_provider_stays_here(unified: Unified) -> None:
    headers = (
        ("OpenAI-Organization", "org-1"),
        ("openai-project", "p"),
        ("anthropic-beta", "x"),
        ("Accept", "application/json"),
        ("Accept-Encoding", "zstd"),
        ("Content-Type", "text/plain"),
        ("X-Request-Id", "mine"),
    )
    unified.upstream.will(whole(claude(), headers=JSON))
    answer = await unified.ask(CHAT, "anthropic/claude-x", *headers)
    seen = await unified.upstream.only()
    assert answer.status == 200
    assert seen.header("anthropic-version") == b"2023-06-01"
    assert seen.header("content-type") == b"application/json"
    assert seen.header("x-request-id") == b"mine"
    names = set(seen.names)
    assert names.isdisjoint({b"openai-organization", b"openai-project", b"accept", b"accept-encoding"})


async def test_headers_of_the_answer_pass_but_for_those_of_its_bytes(unified: Unified) -> None:
    headers = (
        ("request-id", "req_1"),
        ("retry-after", "3"),
        ("etag", '"x"'),
        ("content-encoding", "gzip"),
        ("content-type", "application/json"),
    )
    unified.upstream.will(whole(gzip.compress(claude()), headers=headers))
    answer = await unified.ask(CHAT, "anthropic/claude-x")
    assert (answer.header("request-id"), answer.header("retry-after")) == ("req_1", "3")
    assert answer.header("etag") is answer.header("content-encoding") is None
    assert answer.json()["choices"][0]["message"]["content"] == "Good day"


async def test_the_callers_query_is_not_for_another_provider(unified: Unified, connect: Connect) -> None:
    body = json.dumps({"model": "google-ai-studio/gemini-x", "stream": True, **ASKED}).encode()
    client = await connect(unified.gateway.url)
    await client.ask("POST", "/v1/acct/gw/compat/chat/completions?beta=true&key=abc", body=body)
    seen = await unified.upstream.only()
    assert seen.target == b"/v1beta/models/gemini-x:streamGenerateContent?alt=sse"
    assert seen.header("x-goog-api-key") == b"abc"


# -- streams


async def test_a_stream_comes_as_it_is_made(unified: Unified, connect: Connect) -> None:
    gates = asyncio.Event(), asyncio.Event()
    one, two, three, four = CLAUDE_EVENTS
    unified.upstream.will(sse(one, two, gates[0], three, gates[1], four))
    client = await connect(unified.gateway.url)
    body = json.dumps({"model": "anthropic/claude-x", "stream": True, **ASKED}).encode()
    await client.send(_post("compat/chat/completions", body))
    head = await client.head()
    assert (head.status, head.header("content-type")) == (200, "text/event-stream")
    got = await client.chunk()
    assert b'"Good"' in got
    gates[0].set()
    assert b'" day"' in await client.chunk()
    gates[1].set()
    rest = b""
    while piece := await client.chunk():
        rest += piece
    assert rest.endswith(b"data: [DONE]\n\n")
    row = await unified.gateway.row()
    assert (row.provider, row.model, row.tokens_in, row.tokens_out) == (
        "anthropic",
        "anthropic/claude-x",
        7,
        3,
    )
    assert (row.path, row.outcome) == ("chat/completions", "complete")


async def test_a_stream_that_begins_with_an_error_has_its_status(unified: Unified) -> None:
    unified.upstream.will(sse(CLAUDE_EVENTS[0], OVERLOADED))
    answer = await unified.ask(CHAT, "anthropic/claude-x", stream=True)
    assert (answer.status, answer.header("content-type")) == (529, "application/json")
    assert answer.json()["error"]["message"] == "Overloaded"


async def test_a_stream_that_breaks_says_so(unified: Unified) -> None:
    unified.upstream.will(sse(*CLAUDE_EVENTS[:2], OVERLOADED))
    answer = await unified.ask(CHAT, "anthropic/claude-x", stream=True)
    assert answer.status == 200
    assert b"Overloaded" in answer.body
    assert (await unified.gateway.row()).success is False


async def test_a_whole_answer_to_who_wanted_a_stream_is_one(unified: Unified) -> None:
    unified.upstream.will(whole(claude(), headers=JSON))
    answer = await unified.ask(CHAT, "anthropic/claude-x", stream=True)
    assert answer.header("content-type") == "text/event-stream"
    assert answer.body.endswith(b"data: [DONE]\n\n")
    assert b"Good day" in answer.body


# -- errors


@pytest.mark.parametrize("tail", [CHAT, MESSAGES, RESPONSES])
async def test_an_error_of_the_provider_keeps_status_message_and_type(unified: Unified, tail: str) -> None:
    error = {"error": {"code": 429, "message": "Slow down", "status": "RESOURCE_EXHAUSTED"}}
    unified.upstream.will(whole(json.dumps(error).encode(), 429, (*JSON, ("retry-after", "9"))))
    asked = {"input": "Hello"} if tail == RESPONSES else {}
    limit = {"max_tokens": 10} if tail == MESSAGES else {}
    answer = await unified.ask(tail, "google-ai-studio/gemini-x", **asked, **limit)
    told = answer.json()["error"]
    assert (answer.status, answer.header("retry-after")) == (429, "9")
    assert (told["message"], told["provider_type"]) == ("Slow down", "RESOURCE_EXHAUSTED")
    assert told["type"] == "rate_limit_error"


async def test_what_is_no_answer_is_an_error_of_the_gateways(unified: Unified) -> None:
    unified.upstream.will(whole(b'{"strange": true', headers=JSON))
    answer = await unified.ask(CHAT, "anthropic/claude-x")
    assert (answer.status, answer.json()["internalCode"]) == (502, 2005)
    assert "dialect" in answer.json()["error"]["message"]
    assert (await unified.gateway.row()).outcome == "provider_broke"


@pytest.mark.parametrize(
    ("tail", "model", "status", "code"),
    [
        (CHAT, "nosuch/x", 400, 2008),
        (RESPONSES, "nosuch/x", 400, 2008),
        (MESSAGES, "x", 400, 2019),
        ("embeddings", "anthropic/claude-x", 400, 2008),
        ("messages/count_tokens", "openai/gpt-x", 501, 9501),
        (CHAT, "fal/x", 400, 2008),
    ],
)
async def test_own_errors_are_in_the_callers_dialect(
    unified: Unified, tail: str, model: str, status: int, code: int
) -> None:
    answer = await unified.ask(tail, model)
    body = answer.json()
    assert (answer.status, body["internalCode"], body["name"]) == (status, code, "AiGatewayError")
    assert body["error"]["type"] == ("invalid_request_error" if status == 400 else "api_error")
    assert body["error"]["message"] == body["description"]
    assert (body.get("type") == "error") == tail.startswith("messages")


async def test_what_cannot_be_carried_names_the_member(unified: Unified) -> None:
    answer = await unified.ask(CHAT, "anthropic/claude-x", n=3)
    assert (answer.status, answer.json()["error"]["param"]) == (400, "n")
    assert unified.upstream.requests == []


async def test_what_is_left_out_is_told_in_a_header_that_callers_cannot_break(unified: Unified) -> None:
    unified.upstream.will(whole(claude(), headers=JSON))
    answer = await unified.ask(CHAT, "anthropic/claude-x", seed=1, **{"x\r\nset-cookie: a=b; é": 1})
    dropped = answer.header("cf-aig-dropped") or ""
    assert "seed" in dropped
    assert answer.header("set-cookie") is None
    assert dropped.isascii()


async def test_thinking_that_the_history_does_not_allow_is_refused_or_yields(unified: Unified) -> None:
    """Claude wants the thinking of its last turn with calls back, and a caller of Chat may have none."""
    call = {"id": "c", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    history = [
        {"role": "user", "content": "?"},
        {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c", "content": "x"},
    ]
    asked = {"messages": history, "reasoning_effort": "low", "max_tokens": 9000}
    model = "anthropic/claude-sonnet-4-5"
    assert (await unified.ask(CHAT, model, **asked)).status == 400
    unified.upstream.will(whole(claude(), headers=JSON))
    answer = await unified.ask(CHAT, model, ("cf-aig-thinking", "optional"), **asked)
    assert (answer.status, answer.header("cf-aig-dropped")) == (200, "reasoning_effort")
    assert "thinking" not in json.loads(await (await unified.upstream.only()).whole_body())


# -- several models


async def test_another_model_answers_where_the_first_fails(unified: Unified) -> None:
    unified.upstream.will(whole(b"{}", 503, JSON), whole(json.dumps(GPT).encode(), headers=JSON))
    answer = await unified.ask(CHAT, "anthropic/claude-x", ("cf-aig-fallback", "openai/gpt-x, groq/y"))
    assert (answer.status, answer.json()["choices"][0]["message"]["content"]) == (200, "Good day")
    assert answer.header("cf-aig-step") == "1"
    first, second = await _both(unified)
    assert (first.target, second.target) == (b"/v1/messages", b"/v1/chat/completions")
    assert json.loads(await second.whole_body())["model"] == "gpt-x"
    assert b"anthropic-version" not in second.names
    rows = sorted(await unified.gateway.rows(2), key=lambda row: row.step)
    assert [(row.provider, row.status_code, row.step) for row in rows] == [
        ("anthropic", 503, 0),
        ("openai", 200, 1),
    ]
    assert len({row.id for row in rows}) == 2
    assert len({row.event_id for row in rows}) == 1


async def test_another_dialect_answers_a_stream_before_its_first_byte(unified: Unified) -> None:
    unified.upstream.will(whole(b"{}", 500, JSON), sse(*CLAUDE_EVENTS))
    fallback = ("cf-aig-fallback", "anthropic/claude-x")
    answer = await unified.ask(CHAT, "openai/gpt-x", ("x-api-key", "k"), fallback, stream=True)
    assert answer.body.endswith(b"data: [DONE]\n\n")
    _, second = await _both(unified)
    assert second.header("x-api-key") == b"k"


async def test_what_one_model_cannot_be_asked_another_is(unified: Unified) -> None:
    unified.upstream.will(whole(json.dumps(GPT).encode(), headers=JSON))
    answer = await unified.ask(CHAT, "anthropic/claude-x", ("cf-aig-fallback", "openai/gpt-x"), n=2)
    assert answer.status == 200
    assert (await unified.upstream.only()).target == b"/v1/chat/completions"


async def test_the_last_models_error_is_the_answer(unified: Unified) -> None:
    error = b'{"error":{"message":"No such model","type":"not_found_error"},"type":"error"}'
    unified.upstream.will(whole(b"{}", 500, JSON), whole(error, 404, JSON))
    answer = await unified.ask(CHAT, "openai/gpt-x", ("cf-aig-fallback", "anthropic/claude-x"))
    assert (answer.status, answer.json()["error"]["message"]) == (404, "No such model")


async def test_an_answer_is_not_asked_for_twice(unified: Unified) -> None:
    unified.upstream.will(whole(json.dumps(GPT).encode(), headers=JSON))
    answer = await unified.ask(CHAT, "openai/gpt-x", ("cf-aig-fallback", "openai/gpt-x, anthropic/y"))
    assert answer.status == 200
    assert answer.header("cf-aig-step") is None
    assert len(unified.upstream.requests) == 1


# -- the cache


async def test_callers_of_two_dialects_share_what_the_provider_said(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    text = gateways(gw={"cache_ttl": 300}) + providers({"google-ai-studio": upstream.url})
    unified = Unified(await open_gateway(text), upstream, connect)
    said = {
        "candidates": [
            {"content": {"role": "model", "parts": [{"text": "Good day"}]}, "finishReason": "STOP"}
        ],
        "usageMetadata": {"promptTokenCount": 7, "candidatesTokenCount": 3, "totalTokenCount": 10},
    }
    upstream.will(whole(json.dumps(said).encode(), headers=JSON))
    chat = await unified.ask(CHAT, "google-ai-studio/gemini-x")
    again = await unified.ask(CHAT, "google-ai-studio/gemini-x")
    assert (chat.header("cf-aig-cache-status"), again.header("cf-aig-cache-status")) == ("MISS", "HIT")
    assert chat.json()["choices"] == again.json()["choices"]
    assert chat.json()["choices"][0]["message"]["content"] == "Good day"
    assert len(upstream.requests) == 1


async def test_an_answer_in_crumbs_is_whole(unified: Unified) -> None:
    pieces = [bytes([byte]) for byte in claude()]
    unified.upstream.will(chunked(*pieces, headers=JSON))
    answer = await unified.ask(MESSAGES.replace("messages", CHAT), "anthropic/claude-x")
    assert answer.json()["choices"][0]["message"]["content"] == "Good day"


def _post(tail: str, body: bytes) -> bytes:
    return (
        b"POST /v1/acct/gw/%b HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: %d\r\n\r\n"
        % (tail.encode(), len(body))
    ) + body


async def _both(unified: Unified) -> tuple[Seen, Seen]:
    return await unified.upstream.request(1), await unified.upstream.request(2)
