"""What single vendors tell in ways of their own: tools, speech, caches, and counts outside any `usage` object."""

from __future__ import annotations

import base64
import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_usage import JSON, SSE, streamed, whole
from test_usage_bedrock import KIND, frame, wrapped

from penstock.wire.usage import Answer, Usage, read_answer
from penstock.wire.usage_counts import from_metadata, to_metadata

RESPONSE = {
    "model": "gpt-5",
    "output": [
        {"type": "reasoning", "summary": []},
        {"type": "web_search_call", "action": {"type": "search", "query": "a"}},
        {"type": "web_search_call", "action": {"type": "open_page", "url": "https://a.example"}},
        {"type": "web_search_call"},
        {"type": "file_search_call", "queries": ["b"]},
        {"type": "message", "content": [{"type": "output_text", "text": 'no "web_search_call" here'}]},
    ],
    "usage": {"input_tokens": 30, "output_tokens": 4},
}


def grounded(model: str) -> dict[str, object]:
    """An answer of Google's that searched three times, once for nothing."""
    queries = ["a", "", "b"]
    return {
        "modelVersion": model,
        "candidates": [{"content": {}, "groundingMetadata": {"webSearchQueries": queries}}, {"index": 1}],
        "usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 4},
    }


ANSWERS: dict[str, tuple[object, Answer]] = {
    "openai responses with tools": (
        RESPONSE,
        Answer("gpt-5", Usage(30, 4, 34, web_searches=2, file_searches=1)),
    ),
    "openai completions": (
        {"model": "m", "choices": [{"text": "x"}], "usage": {"prompt_tokens": 5, "completion_tokens": 7}},
        Answer("m", Usage(5, 7, 12)),
    ),
    "openai transcription by its length": (
        {"text": "x", "usage": {"type": "duration", "seconds": 11.6}},
        Answer(None, Usage(input_audio_seconds=12)),
    ),
    "openai image with kinds of output": (
        {"usage": {"input_tokens": 5, "output_tokens": 9, "output_tokens_details": {"image_tokens": 8}}},
        Answer(None, Usage(5, 9, 14, output_image_tokens=8)),
    ),
    "openrouter with video": (
        {"usage": {"prompt_tokens": 9, "completion_tokens": 1, "cost": 0.1,
                   "prompt_tokens_details": {"video_tokens": 4, "cache_write_tokens": 2},
                   "server_tool_use": {"web_search_requests": 3}}},
        Answer(None, Usage(9, 1, 10, input_cache_write_tokens=2, input_video_tokens=4, web_searches=3,
                           reported_nano_usd=10**8)),
    ),
    "deepseek": (
        {"usage": {"prompt_tokens": 9, "completion_tokens": 1, "total_tokens": 10,
                   "prompt_cache_hit_tokens": 6, "prompt_cache_miss_tokens": 3}},
        Answer(None, Usage(9, 1, 10, None, 6)),
    ),
    "cached tokens beside the details": (
        {"usage": {"prompt_tokens": 9, "completion_tokens": 1, "cached_tokens": 4,
                   "prompt_tokens_details": {"audio_tokens": 0}}},
        Answer(None, Usage(9, 1, 10, None, 4)),
    ),
    "mistral with connectors, whose tokens went in": (
        {"usage": {"prompt_tokens": 95, "completion_tokens": 209, "total_tokens": 399, "connector_tokens": 95,
                   "connectors": {"web_search": 2, "web_search_premium": 1, "code_interpreter": 1}}},
        Answer(None, Usage(190, 209, 399, web_searches=3)),
    ),
    "mistral that heard something": (
        {"usage": {"prompt_audio_seconds": 203, "prompt_tokens": 4, "completion_tokens": 635,
                   "total_tokens": 3264, "num_cached_tokens": 0}},
        Answer(None, Usage(4, 635, 3264, None, 0, input_audio_seconds=203)),
    ),
    "mistral that heard nothing": (
        {"usage": {"prompt_audio_seconds": {}, "prompt_tokens": 4, "completion_tokens": 6, "total_tokens": 10,
                   "connector_tokens": None, "connectors": None}},
        Answer(None, Usage(4, 6, 10)),
    ),
    "anthropic that shortened the conversation": (
        {"usage": {"input_tokens": 9, "output_tokens": 2, "cache_read_input_tokens": 5,
                   "iterations": [
                       {"type": "compaction", "input_tokens": 1000, "output_tokens": 50,
                        "cache_read_input_tokens": 7},
                       {"type": "message", "input_tokens": 9, "output_tokens": 2},
                   ]}},
        Answer(None, Usage(1009, 52, 1061, None, 12, 0, cache_apart=True)),
    ),
    "google's searches": (
        grounded("gemini-3-pro-preview"), Answer("gemini-3-pro-preview", Usage(3, 4, 7, web_searches=2))
    ),
    "google's searches when they were charged together": (
        grounded("gemini-2.5-flash"), Answer("gemini-2.5-flash", Usage(3, 4, 7, web_searches=1))
    ),
    "google's tiers and parts": (
        {"usageMetadata": {
            "promptTokenCount": 10, "candidatesTokenCount": 1, "cachedContentTokenCount": 6,
            "toolUsePromptTokenCount": 3, "serviceTier": "SERVICE_TIER_PRIORITY",
            "toolUsePromptTokensDetails": [{"modality": "IMAGE", "tokenCount": 3}],
            "cacheTokensDetails": [{"modality": "DOCUMENT", "tokenCount": 4}]}},
        Answer(None, Usage(13, 1, 14, None, 6, input_image_tokens=3, input_cached_image_tokens=4,
                           service_tier="priority")),
    ),
    "vertex' tiers": (
        {"usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 1, "trafficType": "ON_DEMAND_FLEX"}},
        Answer(None, Usage(1, 1, 2, service_tier="flex")),
    ),
    "google interaction": (
        {"model": "gemini-3.5-flash", "usage": {
            "total_input_tokens": 10, "total_output_tokens": 4, "total_thought_tokens": 6,
            "total_tool_use_tokens": 2, "total_cached_tokens": 5, "total_tokens": 22,
            "input_tokens_by_modality": [{"modality": "audio", "tokens": 3}]}},
        Answer("gemini-3.5-flash", Usage(12, 10, 22, 6, 5, input_audio_tokens=3)),
    ),
    "google interaction whose output has the thoughts in it": (
        {"usage": {"total_input_tokens": 10, "total_output_tokens": 4, "total_thought_tokens": 3,
                   "total_tokens": 14}},
        Answer(None, Usage(10, 4, 14, 3)),
    ),
    "vertex embeddings": (
        {"predictions": [
            {"embeddings": {"values": [0.5], "statistics": {"token_count": 4.0, "truncated": False}}},
            {"embeddings": {"values": [0.5], "statistics": {"token_count": 3}}}]},
        Answer(None, Usage(7, 0, 7)),
    ),
    "vertex embeddings that tell but half": (
        {"predictions": [{"embeddings": {"statistics": {"token_count": 4}}},
                         {"embeddings": {"statistics": {}}}]},
        Answer(),
    ),
    "bedrock llama": (
        {"generation": "x", "prompt_token_count": 6, "generation_token_count": 8},
        Answer(None, Usage(6, 8, 14)),
    ),
    "bedrock titan": (
        {"inputTextTokenCount": 6, "results": [{"tokenCount": 8}, {"tokenCount": 1}]},
        Answer(None, Usage(6, 9, 15)),
    ),
    "bedrock titan embeddings": ({"embedding": [0.5], "inputTextTokenCount": 6}, Answer(None, Usage(6, 0, 6))),
    "replicate": (
        {"model": "meta/llama", "output": ["a"], "metrics": {"input_token_count": 6, "output_token_count": 8,
                                                             "predict_time": 0.5}},
        Answer("meta/llama", Usage(6, 8, 14)),
    ),
    "replicate without tokens": ({"model": "a/b", "metrics": {"predict_time": 0.5}}, Answer("a/b")),
    "cohere's cached tokens": (
        {"usage": {"tokens": {"input_tokens": 71, "output_tokens": 6}, "cached_tokens": 20}},
        Answer(None, Usage(71, 6, 77, None, 20)),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ANSWERS)
def test_whole_answers_of_single_vendors(name: str) -> None:
    document, expected = ANSWERS[name]
    assert whole(document) == expected


STREAMS: dict[str, tuple[list[object], Answer]] = {
    "openai responses with tools": (
        [{"type": "response.created", "response": {"model": "gpt-5", "usage": None}},
         {"type": "response.output_item.done", "item": {"type": "web_search_call"}},
         {"type": "response.completed", "response": RESPONSE}],
        Answer("gpt-5", Usage(30, 4, 34, web_searches=2, file_searches=1)),
    ),
    "openai transcription": (
        [{"type": "transcript.text.delta", "delta": "x"},
         {"type": "transcript.text.done", "text": "x",
          "usage": {"type": "tokens", "input_tokens": 14, "output_tokens": 5,
                    "input_token_details": {"audio_tokens": 14}}}],
        Answer(None, Usage(14, 5, 19, input_audio_tokens=14)),
    ),
    "openai speech": (
        [{"type": "speech.audio.delta", "audio": "AAAA"},
         {"type": "speech.audio.done", "usage": {"input_tokens": 9, "output_tokens": 90, "total_tokens": 99}}],
        Answer(None, Usage(9, 90, 99)),
    ),
    "openai image": (
        [{"type": "image_generation.partial_image", "b64_json": "AAAA"},
         {"type": "image_generation.completed", "b64_json": "A" * 100_000,
          "usage": {"input_tokens": 5, "output_tokens": 9}}],
        Answer(None, Usage(5, 9, 14)),
    ),
    "mistral conversation": (
        [{"type": "message.output.delta", "content": "x"},
         {"type": "conversation.response.done",
          "usage": {"prompt_tokens": 8, "completion_tokens": 3, "total_tokens": 11}}],
        Answer(None, Usage(8, 3, 11)),
    ),
    "google interaction": (
        [{"event_type": "interaction.start", "interaction": {"id": "i"}},
         {"event_type": "interaction.complete", "interaction": {
             "model": "gemini-3.5-flash", "usage": {"total_input_tokens": 3, "total_output_tokens": 4}}}],
        Answer("gemini-3.5-flash", Usage(3, 4, 7)),
    ),
    "google's searches": (
        [{"modelVersion": "gemini-3-flash", "usageMetadata": {"promptTokenCount": 3}},
         grounded("gemini-3-flash")],
        Answer("gemini-3-flash", Usage(3, 4, 7, web_searches=2)),
    ),
    "anthropic that shortened the conversation": (
        [{"type": "message_start", "message": {"model": "c", "usage": {"input_tokens": 9, "output_tokens": 1}}},
         {"type": "message_delta", "usage": {
             "output_tokens": 44, "iterations": [{"type": "compaction", "input_tokens": 100,
                                                  "output_tokens": 6}]}}],
        Answer("c", Usage(109, 50, 159, None, 0, 0)),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", STREAMS)
def test_streams_of_single_vendors(name: str) -> None:
    documents, expected = STREAMS[name]
    assert streamed(*documents) == expected


def test_the_words_of_a_model_do_not_hide_what_bedrock_counted() -> None:
    """A text with a name of a usage object in it."""
    metrics = {"inputTokenCount": 6, "outputTokenCount": 8, "invocationLatency": 5}
    body = wrapped({"generation": 'the "usage": {"prompt_tokens": 9}'}) + wrapped(
        {"generation": "", "amazon-bedrock-invocationMetrics": metrics}
    )
    assert read_answer(KIND, "", body) == Answer(None, Usage(6, 8, 14, cache_apart=True))


def test_novas_stream() -> None:
    body = wrapped({"contentBlockDelta": {"delta": {"text": "x"}}}) + wrapped(
        {"metadata": {"usage": {"inputTokens": 4, "outputTokens": 2, "cacheReadInputTokenCount": 1}}}
    )
    assert read_answer(KIND, "", body).usage == Usage(4, 2, 6, None, 1, cache_apart=True)


def test_claude_on_bedrock_counts_its_cache_once() -> None:
    first = {"input_tokens": 9, "output_tokens": 1, "cache_read_input_tokens": 40}
    metrics = {"inputTokenCount": 9, "outputTokenCount": 44, "cacheReadInputTokenCount": 40}
    body = (
        wrapped({"type": "message_start", "message": {"model": "claude-x", "usage": first}})
        + wrapped({"type": "message_delta", "usage": {"output_tokens": 44}})
        + wrapped({"type": "message_stop", "amazon-bedrock-invocationMetrics": metrics})
    )
    assert read_answer(KIND, "", body).usage == Usage(9, 44, 53, None, 40, cache_apart=True)


def test_bedrock_invoke_of_claude_is_claudes_own_document() -> None:
    document = {"model": "claude-x", "usage": {"input_tokens": 3, "output_tokens": 4}}
    assert whole(document) == Answer("claude-x", Usage(3, 4, 7))
    assert base64.b64decode(base64.b64encode(json.dumps(document).encode())) in frame(document)


# -- odd numbers are unknown, and never another number

ODD = [-1, 1.5, "7", True, [], {}, 2**60, "x" * 5]
NOTHING_IN = Usage(None, 3, None, unreadable=1)
ODD_PARTS: list[tuple[dict[str, object], Usage]] = [
    ({"usage": {"prompt_tokens": "?", "completion_tokens": 3}}, NOTHING_IN),
    ({"usage": {"input_tokens": 3, "output_tokens": "?"}}, Usage(3, None, None, unreadable=1)),
    ({"usageMetadata": {"promptTokenCount": "?", "candidatesTokenCount": 3}}, NOTHING_IN),
    (
        {"usage": {"inputTokens": "?", "outputTokens": 3}},
        msgspec.structs.replace(NOTHING_IN, cache_apart=True),
    ),
    ({"usage": {"total_input_tokens": "?", "total_output_tokens": 3}}, NOTHING_IN),
    ({"prompt_token_count": "?", "generation_token_count": 3}, NOTHING_IN),
    ({"inputTextTokenCount": 3, "results": [{"tokenCount": "?"}]}, Usage(3, None, unreadable=1)),
    ({"metrics": {"input_token_count": "?", "output_token_count": 3}}, NOTHING_IN),
    ({"meta": {"billed_units": {"input_tokens": "?", "output_tokens": 3}}}, NOTHING_IN),
    (
        {"usage": {"prompt_tokens": 3, "completion_tokens": 3, "connector_tokens": "?"}},
        Usage(None, 3, None, unreadable=1),
    ),
    ({"usage": {"prompt_tokens": 3, "completion_tokens": 3, "prompt_cache_hit_tokens": "?"}}, Usage(3, 3, 6)),
    ({"usage": {"prompt_tokens": 3, "completion_tokens": 3, "total_tokens": "?"}}, Usage(3, 3, 6)),
    (
        {"usage": {"input_tokens": 3, "output_tokens": 3, "cache_read_input_tokens": "?"}},
        Usage(3, 3, 6, unreadable=1),
    ),
    (
        {"usage": {"input_tokens": 3, "output_tokens": 3, "iterations": [{"input_tokens": "?"}]}},
        Usage(3, 3, 6),
    ),
    (
        {
            "usage": {
                "input_tokens": 3,
                "output_tokens": 3,
                "iterations": [{"type": "compaction", "input_tokens": "?"}],
            }
        },
        Usage(3, 3, 6, None, 0, 0, unreadable=1),
    ),
    (
        {
            "usage": {
                "prompt_tokens": 3,
                "completion_tokens": 3,
                "completion_tokens_details": {"reasoning_tokens": "?", "audio_tokens": 1},
            }
        },
        Usage(3, 3, 6, output_audio_tokens=1),
    ),
]


@pytest.mark.parametrize("odd", ODD, ids=repr)
@pytest.mark.parametrize(
    ("shape", "known"), ODD_PARTS, ids=[json.dumps(shape)[:60] for shape, _ in ODD_PARTS]
)
def test_an_odd_part_is_unknown_and_the_rest_stands(
    shape: dict[str, object], known: Usage, odd: object
) -> None:
    """`unreadable` tells that nothing can be priced by what stands there."""
    text = json.dumps(shape).replace('"?"', json.dumps(odd))
    assert read_answer(JSON, "", text.encode()).usage == known
    line = b"data: " + text.encode() + b"\n\n"
    if b'"usage' in line:
        assert read_answer(SSE, "", line).usage == known


@pytest.mark.parametrize("odd", [-1, 1.5, "7", True, [], {}, 2**60])
def test_odd_extras_are_left_out(odd: object) -> None:
    """What some vendors fill with anything."""
    usage = {"prompt_tokens": 3, "completion_tokens": 4, "prompt_audio_seconds": odd}
    assert whole({"usage": usage}).usage == Usage(3, 4, 7)
    google = {"promptTokenCount": 3, "candidatesTokenCount": 4, "serviceTier": odd, "trafficType": odd}
    assert whole({"usageMetadata": google}).usage == Usage(3, 4, 7)


@pytest.mark.parametrize("odd", ["x", {}, [1], [{"type": 7}], [{"type": "web_search_call", "action": 7}]])
def test_odd_tools_spoil_no_count(odd: object) -> None:
    document = {"usage": {"input_tokens": 3, "output_tokens": 4}, "output": odd, "x": "_search_call"}
    searched = 1 if "web_search_call" in repr(odd) else None
    assert whole(document).usage == Usage(3, 4, 7, web_searches=searched)
    google = {"usageMetadata": {"promptTokenCount": 3}, "candidates": [{"groundingMetadata": odd}]}
    found = whole(google).usage
    assert found == Usage(3) or found is None


# -- as the ledger lists it

COUNTS = st.none() | st.integers(0, 2**53)


@given(st.builds(Usage, *[COUNTS] * 7, service_tier=st.none() | st.just("flex"), cache_apart=st.booleans()))
def test_what_the_ledger_lists_can_be_priced_again(usage: Usage) -> None:
    back = from_metadata(to_metadata(usage))
    assert back is not None
    assert back.all_input_tokens == usage.all_input_tokens
    assert (back.output_tokens, back.service_tier) == (usage.output_tokens, usage.service_tier)
    if usage.input_tokens is not None:
        assert back == usage


def test_all_that_went_in_is_listed_where_the_vendor_leaves_the_cache_out() -> None:
    assert to_metadata(Usage(9, 2, 11, None, 50, cache_apart=True)) == {
        "input_tokens": 9,
        "output_tokens": 2,
        "total_tokens": 11,
        "input_cached_tokens": 50,
        "all_input_tokens": 59,
    }
    assert to_metadata(Usage(9, 2, 11)) == {"input_tokens": 9, "output_tokens": 2, "total_tokens": 11}
    assert from_metadata({"input_tokens": "many"}) is None


def test_ollama_counts_in_its_last_line() -> None:
    lines = [
        {
            "model": "llama3",
            "message": {"role": "assistant", "content": 'say "eval_count": 3'},
            "done": False,
        },
        {
            "model": "llama3",
            "message": {"content": ""},
            "done": True,
            "prompt_eval_count": 26,
            "eval_count": 290,
        },
    ]
    body = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    told = Answer("llama3", Usage(26, 290, 316))
    assert read_answer("application/x-ndjson", "", body) == told
    assert read_answer("application/json", "", json.dumps(lines[1]).encode()) == told
    assert read_answer("application/x-ndjson", "", body[: body.find(b"\n") + 1] * 2).usage is None
