"""How much a call used, by the answers of all vendors: whole, streamed, packed, broken."""

from __future__ import annotations

import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.wire.usage import Answer, Usage, read_answer

JSON, SSE = "application/json", "text/event-stream; charset=utf-8"


def whole(document: object, content_type: str = JSON) -> Answer:
    return read_answer(content_type, "", json.dumps(document).encode())


def events(*documents: object) -> bytes:
    lines = (b"event: e\ndata: %b\n\n" % json.dumps(document).encode() for document in documents)
    return b": hello\n\n" + b"".join(lines)


def streamed(*documents: object) -> Answer:
    return read_answer(SSE, "", events(*documents) + b"data: [DONE]\n\n")


ANSWERS: dict[str, tuple[object, Answer]] = {
    "openai chat": (
        {
            "model": "gpt-4o",
            "service_tier": "default",
            "choices": [{"message": {"content": 'say "usage": {"prompt_tokens": 9}'}}],
            "usage": {
                "prompt_tokens": 100,
                "completion_tokens": 20,
                "total_tokens": 120,
                "prompt_tokens_details": {"cached_tokens": 64, "audio_tokens": 5},
                "completion_tokens_details": {"reasoning_tokens": 8, "audio_tokens": 2},
            },
        },
        Answer("gpt-4o", Usage(100, 20, 120, 8, 64, input_audio_tokens=5, output_audio_tokens=2)),
    ),
    "openai priority": (
        {"service_tier": "priority", "usage": {"prompt_tokens": 1, "completion_tokens": 2}},
        Answer(None, Usage(1, 2, 3, service_tier="priority")),
    ),
    "openai responses": (
        {
            "model": "m",
            "usage": {
                "input_tokens": 3,
                "output_tokens": 4,
                "input_tokens_details": {"cached_tokens": 1},
                "output_tokens_details": {"reasoning_tokens": 2},
            },
        },
        Answer("m", Usage(3, 4, 7, 2, 1)),
    ),
    "openai images": (
        {
            "usage": {
                "input_tokens": 50,
                "output_tokens": 400,
                "total_tokens": 450,
                "input_tokens_details": {"text_tokens": 10, "image_tokens": 40},
            }
        },
        Answer(None, Usage(50, 400, 450, input_image_tokens=40)),
    ),
    "openai transcription": (
        {
            "usage": {
                "type": "tokens",
                "input_tokens": 14,
                "output_tokens": 45,
                "input_token_details": {"text_tokens": 0, "audio_tokens": 14},
            }
        },
        Answer(None, Usage(14, 45, 59, input_audio_tokens=14)),
    ),
    "openai embeddings": (
        {"model": "text-embedding-3-small", "usage": {"prompt_tokens": 8, "total_tokens": 8}},
        Answer("text-embedding-3-small", Usage(8, None, 8)),
    ),
    "anthropic": (
        {
            "model": "claude-x",
            "usage": {
                "input_tokens": 9,
                "output_tokens": 2,
                "cache_read_input_tokens": 50,
                "cache_creation_input_tokens": 7,
                "cache_creation": {"ephemeral_5m_input_tokens": 3, "ephemeral_1h_input_tokens": 4},
                "server_tool_use": {"web_search_requests": 2},
                "service_tier": "standard",
            },
        },
        Answer("claude-x", Usage(9, 2, 11, None, 50, 7, 4, web_searches=2, cache_apart=True)),
    ),
    "anthropic without cache": (
        {
            "usage": {
                "input_tokens": 9,
                "output_tokens": 2,
                "cache_read_input_tokens": 0,
                "cache_creation_input_tokens": 0,
                "speed": "fast",
            }
        },
        Answer(None, Usage(9, 2, 11, None, 0, 0, service_tier="fast")),
    ),
    "google": (
        {
            "modelVersion": "gemini-2.5-flash",
            "usageMetadata": {
                "promptTokenCount": 100,
                "candidatesTokenCount": 20,
                "thoughtsTokenCount": 30,
                "toolUsePromptTokenCount": 5,
                "totalTokenCount": 155,
                "cachedContentTokenCount": 40,
                "promptTokensDetails": [
                    {"modality": "TEXT", "tokenCount": 60},
                    {"modality": "AUDIO", "tokenCount": 40},
                ],
                "cacheTokensDetails": [{"modality": "AUDIO", "tokenCount": 10}],
                "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 20}],
                "trafficType": "ON_DEMAND",
            },
        },
        Answer(
            "gemini-2.5-flash",
            Usage(
                105,
                50,
                155,
                30,
                40,
                input_audio_tokens=40,
                input_cached_audio_tokens=10,
                output_image_tokens=20,
            ),
        ),
    ),
    "google that generated nothing": (
        {"usageMetadata": {"promptTokenCount": 4, "totalTokenCount": 4}},
        Answer(None, Usage(4, None, 4)),
    ),
    "bedrock converse": (
        {
            "usage": {
                "inputTokens": 30,
                "outputTokens": 10,
                "totalTokens": 50,
                "cacheReadInputTokens": 6,
                "cacheWriteInputTokens": 4,
                "cacheDetails": [{"ttl": "5m", "inputTokens": 1}, {"ttl": "1h", "inputTokens": 3}],
            }
        },
        Answer(None, Usage(30, 10, 50, None, 6, 4, 3, cache_apart=True)),
    ),
    "bedrock nova": (
        {"usage": {"inputTokens": 3, "outputTokens": 1, "cacheReadInputTokenCount": 2}},
        Answer(None, Usage(3, 1, 4, None, 2, cache_apart=True)),
    ),
    "cohere v1": (
        {
            "text": "hi",
            "meta": {
                "api_version": {"version": "1"},
                "billed_units": {"input_tokens": 5.0, "output_tokens": 6},
                "tokens": {"input_tokens": 71, "output_tokens": 6},
            },
        },
        Answer(None, Usage(5, 6, 11)),
    ),
    "cohere v2": (
        {
            "message": {"role": "assistant", "content": [{"type": "text", "text": "hi"}]},
            "usage": {"billed_units": None, "tokens": {"input_tokens": 71, "output_tokens": 6}},
        },
        Answer(None, Usage(71, 6, 77)),
    ),
    "cohere rerank": ({"meta": {"billed_units": {"search_units": 1}}}, Answer(None, Usage(search_units=1))),
    "workers ai": (
        {
            "result": {"response": "hi", "usage": {"prompt_tokens": 2, "completion_tokens": 3}},
            "success": True,
        },
        Answer(None, Usage(2, 3, 5)),
    ),
    "workers ai of vectors": ({"result": {"shape": [1], "data": [[0.5]]}, "success": True}, Answer()),
    "xai, whose completion leaves reasoning out": (
        {
            "model": "grok-4",
            "usage": {
                "prompt_tokens": 10,
                "completion_tokens": 5,
                "total_tokens": 35,
                "completion_tokens_details": {"reasoning_tokens": 20},
            },
        },
        Answer("grok-4", Usage(10, 25, 35, 20)),
    ),
    "perplexity": (
        {
            "usage": {
                "prompt_tokens": 33,
                "completion_tokens": 70,
                "total_tokens": 103,
                "citation_tokens": 200,
                "num_search_queries": 18,
                "reasoning_tokens": 700,
                "cost": {"total_cost": 1.0},
            }
        },
        Answer(
            None,
            Usage(33, 970, 103, 700, output_citation_tokens=200, web_searches=18, reported_nano_usd=10**9),
        ),
    ),
    "more cached than there was": (
        {
            "usage": {
                "prompt_tokens": 3,
                "completion_tokens": 1,
                "prompt_tokens_details": {"cached_tokens": 9},
            }
        },
        Answer(None, Usage(3, 1, 4, None, 9, cache_apart=True)),
    ),
    "parallel search": (
        {
            "search_id": "search_1",
            "results": [{"url": "https://a.example"}] * 15,
            "usage": [
                {"name": "sku_search", "count": 1},
                {"name": "sku_search_additional_results", "count": 5},
            ],
        },
        Answer(None, Usage(results=15)),
    ),
    "parallel search without usage": (
        {"search_id": "search_1", "results": [{}, {}], "usage": None},
        Answer(None, Usage(results=2)),
    ),
    "parallel extract": (
        {
            "extract_id": "extract_1",
            "results": [{}],
            "usage": [
                {"name": "sku_extract_excerpts", "count": 3},
                {"name": "sku_extract_full_content", "count": 2},
            ],
        },
        Answer(None, Usage(results=3)),
    ),
    "parallel entities": (
        {"entity_set_id": "entity_set_1", "entities": [{"name": "a"}] * 7},
        Answer(None, Usage(results=7)),
    ),
    "parallel entities, as they were": (
        {"candidate_set_id": "candidate_set_1", "candidates": []},
        Answer(None, Usage(results=0)),
    ),
    "an error": ({"error": {"message": "no"}, "message": "no", "model": None}, Answer()),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_whole_answers(name: str) -> None:
    document, expected = ANSWERS[name]
    assert whole(document) == expected
    assert whole(document, "application/problem+JSON; charset=utf-8") == expected


def test_the_whole_input_has_cached_tokens_once() -> None:
    assert Usage(9, 2, None, None, 50, 7, cache_apart=True).all_input_tokens == 66
    assert Usage(100, 2, None, None, 50, 7).all_input_tokens == 100
    assert Usage(cache_apart=True).all_input_tokens is None


# -- streams

OPENAI_LAST = {"model": "m", "choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 7}}
ANTHROPIC_FIRST = {
    "type": "message_start",
    "message": {
        "model": "claude-x",
        "usage": {
            "input_tokens": 9,
            "output_tokens": 1,
            "cache_read_input_tokens": 4,
            "cache_creation_input_tokens": 3,
            "cache_creation": {"ephemeral_1h_input_tokens": 3},
            "service_tier": "priority",
        },
    },
}

STREAMS: dict[str, tuple[list[object], Answer]] = {
    "openai": (
        [{"model": "m", "choices": [{"delta": {"content": '"usage"'}}], "usage": None}, OPENAI_LAST],
        Answer("m", Usage(5, 7, 12)),
    ),
    "openai, with events after the usage": (
        [OPENAI_LAST, {"model": "m", "usage": None}, {"model": "m", "usage": None}],
        Answer("m", Usage(5, 7, 12)),
    ),
    "openai responses": (
        [
            {"type": "response.created", "response": {"model": "m", "usage": None}},
            {"type": "response.output_text.delta", "delta": "usage"},
            {
                "type": "response.completed",
                "response": {
                    "model": "m",
                    "service_tier": "flex",
                    "usage": {"input_tokens": 3, "output_tokens": 4},
                },
            },
        ],
        Answer("m", Usage(3, 4, 7, service_tier="flex")),
    ),
    "anthropic": (
        [
            ANTHROPIC_FIRST,
            {"type": "content_block_delta", "delta": {"text": "x"}},
            {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 44}},
            {"type": "message_stop"},
        ],
        Answer("claude-x", Usage(9, 44, 53, None, 4, 3, 3, service_tier="priority", cache_apart=True)),
    ),
    "anthropic, with all counts at the end": (
        [
            ANTHROPIC_FIRST,
            {
                "type": "message_delta",
                "usage": {
                    "input_tokens": 12,
                    "output_tokens": 44,
                    "cache_read_input_tokens": 6,
                    "cache_creation_input_tokens": 3,
                    "server_tool_use": {"web_search_requests": 1},
                },
            },
        ],
        Answer(
            "claude-x",
            Usage(12, 44, 56, None, 6, 3, 3, web_searches=1, service_tier="priority", cache_apart=True),
        ),
    ),
    "anthropic, left early": (
        [ANTHROPIC_FIRST],
        Answer("claude-x", Usage(9, 1, 10, None, 4, 3, 3, service_tier="priority", cache_apart=True)),
    ),
    "google": (
        [
            {"modelVersion": "g", "usageMetadata": {"promptTokenCount": 4, "totalTokenCount": 4}},
            {
                "modelVersion": "g",
                "usageMetadata": {"promptTokenCount": 4, "candidatesTokenCount": 6, "totalTokenCount": 10},
            },
        ],
        Answer("g", Usage(4, 6, 10)),
    ),
    "groq": (
        [
            {"model": "m", "x_groq": {"id": "r"}},
            {"model": "m", "x_groq": {"usage": {"prompt_tokens": 1, "completion_tokens": 2}}},
        ],
        Answer("m", Usage(1, 2, 3)),
    ),
    "cohere v2": (
        [
            {"type": "content-delta", "delta": {"message": {"content": {"text": "x"}}}},
            {
                "type": "message-end",
                "delta": {"usage": {"billed_units": {"input_tokens": 2, "output_tokens": 3}}},
            },
        ],
        Answer(None, Usage(2, 3, 5)),
    ),
    "workers ai": (
        [
            {"response": "x"},
            {"response": "", "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}},
        ],
        Answer(None, Usage(1, 2, 3)),
    ),
    "without usage": ([{"model": "m", "choices": [{"delta": {"content": "x"}}]}], Answer("m")),
    "azure, whose first event names no model": (
        [
            {"model": "", "choices": [], "prompt_filter_results": []},
            {"model": "m", "choices": []},
            {"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 7}},
        ],
        Answer("m", Usage(5, 7, 12)),
    ),
    "with usage of another kind": ([{"model": "m", "usage": "much"}], Answer("m")),
}


@pytest.mark.parametrize("name", STREAMS)
def test_streams(name: str) -> None:
    documents, expected = STREAMS[name]
    assert streamed(*documents) == expected
    assert read_answer(SSE, "", events(*documents).replace(b"\n", b"\r\n")) == expected
    assert read_answer(SSE, "gzip", gzip.compress(events(*documents))) == expected


def test_googles_stream_as_an_array() -> None:
    documents = STREAMS["google"][0]
    assert whole(documents) == STREAMS["google"][1]
    assert read_answer(JSON, "", b" \n" + json.dumps(documents, indent=1).encode()) == STREAMS["google"][1]
    assert whole([{"generated_text": "x"}]) == whole([]) == Answer()


@pytest.mark.parametrize("content_type", ["application/stream+json", "application/x-ndjson"])
def test_coheres_first_stream_is_lines_of_json(content_type: str) -> None:
    end = {
        "event_type": "stream-end",
        "response": {"meta": {"billed_units": {"input_tokens": 2, "output_tokens": 3}}},
    }
    body = b'{"event_type":"text-generation","text":"x"}\n' + json.dumps(end).encode() + b"\n"
    assert read_answer(content_type, "", body) == Answer(None, Usage(2, 3, 5))


def test_one_bad_event_spoils_no_other() -> None:
    assert streamed(OPENAI_LAST, {"usage": {"prompt_tokens": "five"}}) == Answer("m", Usage(5, 7, 12))
    broken_first = b'data: {"usage": [[[\n\n' + events(
        {"type": "message_delta", "usage": {"output_tokens": 4}}
    )
    assert read_answer(SSE, "", broken_first) == Answer(None, Usage(None, 4))


# -- what cannot be read


@pytest.mark.parametrize(
    "usage",
    ["much", [], 7, None, {}, {"prompt_tokens": -1}, {"prompt_tokens": 1 << 70}, {"prompt_tokens": 1.5},
     {"input_tokens": True}, {"speed": 1, "prompt_tokens": None}],
)  # fmt: skip
def test_odd_usage_is_unknown_and_spoils_nothing_else(usage: object) -> None:
    assert whole({"model": "m", "usage": usage}) == Answer("m", None)


@pytest.mark.parametrize("usage", [{"promptTokenCount": "x"}, [], "x", {"promptTokensDetails": [1]}])
def test_odd_google_usage_is_unknown(usage: object) -> None:
    assert whole({"modelVersion": "m", "usageMetadata": usage}) == Answer("m", None)


@pytest.mark.parametrize("model", [7, None, {}, ["m"]])
def test_odd_models_are_unknown(model: object) -> None:
    assert whole({"model": model, "usage": {"prompt_tokens": 1}}) == Answer(None, Usage(1))


def test_zero_is_zero() -> None:
    assert whole({"usage": {"prompt_tokens": 0, "completion_tokens": 0}}).usage == Usage(0, 0, 0)


@pytest.mark.parametrize(
    ("content_type", "encoding", "body"),
    [
        (JSON, "", b""),
        (JSON, "", b"\xff"),
        (JSON, "", b"null"),
        (JSON, "", b"[1, 2]"),
        (JSON, "", b"[" * 100_000),
        (JSON, "br", b'{"usage":{"prompt_tokens":1}}'),
        (JSON, "gzip", b'{"usage":{"prompt_tokens":1}}'),
        ("text/html", "", b'<p>{"usage":{"prompt_tokens":1}}</p>'),
        ("audio/mpeg", "", b"\x00"),
        (SSE, "", b'data: {"usage"'),
        (SSE, "", b'"usage": {"prompt_tokens": 1}'),
    ],
)
def test_the_rest_is_unknown(content_type: str, encoding: str, body: bytes) -> None:
    assert read_answer(content_type, encoding, body) == Answer()


KINDS = st.sampled_from([JSON, SSE, "application/vnd.amazon.eventstream", "application/x-ndjson"])
NAMES = st.sampled_from(
    ["model", "usage", "usageMetadata", "result", "message", "response", "delta", "meta", "search_id",
     "results", "x_groq", "prompt_tokens", "input_tokens", "inputTokens", "billed_units", "promptTokenCount"]
)  # fmt: skip
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 2**70) | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)


@given(KINDS, st.sampled_from(["", "gzip", "deflate", "br"]), st.binary(max_size=200))
def test_no_bytes_can_break_it(kind: str, encoding: str, body: bytes) -> None:
    read_answer(kind, encoding, body)
    read_answer(kind, "", b'data: {"usage"' + body)


@given(KINDS, st.lists(DOCUMENTS, min_size=1, max_size=3))
def test_no_document_can_break_it(kind: str, documents: list[object]) -> None:
    for body in (json.dumps(documents[0]).encode(), events(*documents), json.dumps(documents).encode()):
        usage = read_answer(kind, "", body).usage
        assert usage is None or usage != Usage()
