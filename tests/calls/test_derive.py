"""Model, kind and tokens out of paths and bodies; unknown is None, never zero."""

from __future__ import annotations

import gzip
import json
import zlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.calls.derive import derive, plain, standard_model
from penstock.stores.ledger import Derived
from penstock.wire.usage_counts import Usage
from support.journal_kit import record

QUESTION = b'{"messages": [{"content": "the \\"model\\": \\"no\\""}], "model": "gpt-4o-mini"}'
SSE = "text/event-stream; charset=utf-8"


def _answer(**fields: object) -> bytes:
    return json.dumps({"id": "x", "choices": [{"message": {"content": 'say "usage"'}}], **fields}).encode()


def _sse(*events: object) -> bytes:
    return b"".join(b"data: %b\n\n" % json.dumps(event).encode() for event in events) + b"data: [DONE]\n\n"


def _tokens(derived: Derived) -> tuple[int | None, int | None]:
    return derived.tokens_in, derived.tokens_out


def _usage(derived: Derived) -> dict[str, int] | None:
    return None if derived.usage is None else msgspec.json.decode(derived.usage, type=dict[str, int])


def test_an_openai_answer() -> None:
    usage = {
        "prompt_tokens": 100,
        "completion_tokens": 20,
        "total_tokens": 120,
        "prompt_tokens_details": {"cached_tokens": 64, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 8},
    }
    derived = derive(record(), QUESTION, _answer(model="gpt-4o-mini-2024-07-18", usage=usage))
    assert (derived.model, derived.request_type, derived.model_type) == (
        "openai/gpt-4o-mini",
        "chat",
        "text generation",
    )
    assert _tokens(derived) == (100, 20)
    assert _usage(derived) == {
        "input_tokens": 100,
        "output_tokens": 20,
        "total_tokens": 120,
        "output_reasoning_tokens": 8,
        "input_cached_tokens": 64,
    }


def test_an_openai_stream_has_its_usage_at_the_end() -> None:
    body = _sse(
        {"model": "m", "choices": [{"delta": {"content": "a"}}], "usage": None},
        {
            "model": "m",
            "choices": [],
            "usage": {"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12},
        },
    )
    derived = derive(record(response_type=SSE), b"{}", body)
    assert (derived.model, _tokens(derived)) == ("openai/m", (5, 7))
    assert _tokens(derive(record(response_type=SSE), b"{}", body.replace(b"\n", b"\r\n"))) == (5, 7)


def test_an_openai_responses_stream() -> None:
    usage = {"input_tokens": 3, "output_tokens": 4, "input_tokens_details": {"cached_tokens": 1}}
    body = _sse(
        {"type": "response.created", "response": {"model": "m", "usage": None}},
        {"type": "response.completed", "response": {"model": "m", "usage": usage}},
    )
    derived = derive(record(response_type=SSE, path="v1/responses?x=1"), b"{}", body)
    assert (derived.model, derived.request_type, _tokens(derived)) == ("openai/m", "responses", (3, 4))
    assert _usage(derived) == {
        "input_tokens": 3,
        "output_tokens": 4,
        "total_tokens": 7,
        "input_cached_tokens": 1,
    }


def test_an_anthropic_answer() -> None:
    usage = {
        "input_tokens": 9,
        "output_tokens": 2,
        "cache_read_input_tokens": 50,
        "cache_creation_input_tokens": 7,
    }
    claude = record(provider="anthropic", path="v1/messages")
    derived = derive(claude, b'{"model":"claude-x"}', _answer(model="claude-x", usage=usage))
    assert (derived.model, derived.request_type, _tokens(derived)) == (
        "anthropic/claude-x",
        "messages",
        (9, 2),
    )
    assert _usage(derived) == {
        "input_tokens": 9,
        "output_tokens": 2,
        "total_tokens": 11,
        "input_cached_tokens": 50,
        "input_cache_write_tokens": 7,
        "all_input_tokens": 66,
    }


def test_an_anthropic_stream_says_first_what_went_in_and_last_what_came_out() -> None:
    start = {
        "type": "message_start",
        "message": {"model": "claude-x", "usage": {"input_tokens": 9, "output_tokens": 1}},
    }
    delta = {"type": "message_delta", "usage": {"output_tokens": 44}}
    claude = record(provider="anthropic", response_type=SSE)
    derived = derive(claude, b"{}", _sse(start, delta))
    assert (derived.model, _tokens(derived)) == ("anthropic/claude-x", (9, 44))


def test_a_stream_without_usage_and_text_is_unknown() -> None:
    body = _sse({"model": "m", "choices": [{"delta": {"role": "assistant"}}]})
    assert derive(record(response_type=SSE), QUESTION, body).usage is None
    assert _tokens(derive(record(response_type=SSE), QUESTION, b"")) == (None, None)


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        ("gzip", gzip.compress),
        ("GZIP ", gzip.compress),
        ("deflate", zlib.compress),
        ("identity", bytes),
        ("", bytes),
    ],
)
def test_encoded_answers_are_unpacked(encoding: str, pack: object) -> None:
    assert callable(pack)
    body = pack(_answer(usage={"prompt_tokens": 5, "completion_tokens": 7}))
    assert _tokens(derive(record(response_encoding=encoding), b"", body)) == (5, 7)


@pytest.mark.parametrize(
    ("body", "encoding"),
    [(b"rubbish", "gzip"), (b"anything", "br"), (gzip.compress(bytes(40 << 20), mtime=0), "gzip")],
)
def test_what_cannot_be_unpacked_is_unknown(body: bytes, encoding: str) -> None:
    assert plain(body, encoding) is None
    assert _tokens(derive(record(response_encoding=encoding), b"", body)) == (None, None)


@pytest.mark.parametrize(
    "usage",
    [
        "much",
        [],
        [{"name": "sku_search", "count": 1}],
        {"prompt_tokens": -1},
        {"prompt_tokens": 1 << 70},
        {"prompt_tokens": "12", "completion_tokens": 3.5},
    ],
)
def test_odd_usage_is_unknown(usage: object) -> None:
    """It is not made up for by an estimate: it may be that only nobody here understands it."""
    assert _tokens(derive(record(), QUESTION, _answer(usage=usage))) == (None, None)


def test_zero_is_zero() -> None:
    assert _tokens(
        derive(record(), QUESTION, _answer(usage={"prompt_tokens": 0, "completion_tokens": 0}))
    ) == (0, 0)


def test_half_an_answer_has_no_tokens() -> None:
    body = _sse({"usage": {"prompt_tokens": 5, "completion_tokens": 7}})
    assert _tokens(derive(record(response_type=SSE, response_cut=True), b"", body)) == (None, None)


@pytest.mark.parametrize(
    ("request_body", "model"),
    [
        (b'{"model":"gpt-4o","messages":[{"con', "openai/gpt-4o"),
        (b' {\n "model" : "a\\u0062c" , "x', "openai/abc"),
        (b'{"messages":[{"model":"no"', None),
        (b'{"model":"half', None),
        (b'{"model":"\\q","', None),
        (b'{"model":"\\ud800","', None),
        (b'{"model":"\xff","', None),
    ],
)
def test_a_cut_request_may_still_name_its_model(request_body: bytes, model: str | None) -> None:
    assert derive(record(request_cut=True), request_body, b"").model == model


@pytest.mark.parametrize(
    ("changes", "request_body", "model"),
    [
        ({"model": "known"}, QUESTION, "openai/known"),
        ({"model": "openai/known"}, QUESTION, "openai/known"),
        ({"provider": "openrouter"}, b'{"model":"meta/llama"}', "openrouter/meta/llama"),
        ({"request_type": "APPLICATION/JSON; charset=utf-8"}, QUESTION, "openai/gpt-4o-mini"),
        ({"request_type": "multipart/form-data"}, QUESTION, "openai/gpt-4o-mini"),
        ({"request_encoding": "gzip"}, gzip.compress(QUESTION, mtime=0), "openai/gpt-4o-mini"),
        ({"path": "v1beta/models/gemini-2.5-pro:generateContent"}, b"{}", None),
        ({"path": "models/ft:gpt-4o:acme::abc", "method": "DELETE"}, b"", None),
        ({"request_type": "application/x-www-form-urlencoded"}, QUESTION, "openai/gpt-4o-mini"),
        ({"request_type": ""}, b"\xef\xbb\xbf" + QUESTION, "openai/gpt-4o-mini"),
        ({}, b'{"model":7}', None),
        ({}, b"[1,2]", None),
        ({}, b"\xff\xfe", None),
        ({}, b'{"model":"\\ud800"}', None),
        ({}, b'{"model":"%b"}' % (b"x" * 300), None),
    ],
)  # fmt: skip
def test_models(changes: dict[str, object], request_body: bytes, model: str | None) -> None:
    assert derive(msgspec.structs.replace(record(), **changes), request_body, b"").model == model


def test_deep_nesting_is_unreadable_and_no_more() -> None:
    deep = b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b',"model":"m"}'
    assert derive(record(), deep, b"") == derive(record(), b"", b"")
    assert derive(record(), b"", deep).answered_model == "openai/m"


def test_the_answers_model_stands_in_for_one_not_asked_for() -> None:
    assert (
        derive(record(provider="azure-openai"), b"{}", _answer(model="gpt-4o")).model == "azure-openai/gpt-4o"
    )
    assert standard_model("p", None) is None


@pytest.mark.parametrize(
    ("provider", "path", "expected"),
    [
        ("openai", "chat/completions", ("chat", "text generation")),
        ("openai", "v1/chat/completions?x=y", ("chat", "text generation")),
        ("openai", "v1/completions", ("completion", "text generation")),
        ("azure-openai", "resource/deployment/chat/completions?api-version=1", ("chat", "text generation")),
        ("anthropic", "v1/messages/count_tokens", ("token count", None)),
        ("google-ai-studio", "v1beta/models/g:streamGenerateContent?alt=sse", ("generate content", "text generation")),
        ("google-ai-studio", "v1/models/text-embedding-004:embedContent", ("embeddings", "embeddings")),
        ("openai", "v1/embeddings", ("embeddings", "embeddings")),
        ("openai", "images/generations", ("image", "image generation")),
        ("elevenlabs", "v1/text-to-speech/voice", ("speech", "text to speech")),
        ("parallel", "v1/tasks/runs", ("research", None)),
        ("parallel", "v1beta/findall/runs", ("findall", None)),
        ("parallel", "v1/search", ("search", None)),
        ("openai", "v1/something/else", (None, None)),
        ("openai", "", (None, None)),
    ],
)  # fmt: skip
def test_kinds(provider: str, path: str, expected: tuple[str | None, str | None]) -> None:
    derived = derive(record(provider=provider, path=path), b"{}", b"")
    assert (derived.request_type, derived.model_type) == expected


@given(st.binary(max_size=200), st.binary(max_size=200), st.sampled_from(["", "gzip", "br"]), st.booleans())
def test_nothing_that_is_sent_can_break_it(
    request_body: bytes, body: bytes, encoding: str, cut: bool
) -> None:
    for content_type in ("application/json", SSE):
        sent = record(
            request_cut=cut, response_type=content_type, request_encoding=encoding, response_encoding=encoding
        )
        derive(sent, request_body, body)
        derive(sent, b'{"model":' + request_body, b'data: {"usage"' + body)


def test_of_an_answer_that_was_not_kept_as_a_whole_the_worker_has_told() -> None:
    """The model as well: the one that was asked for may have no price."""
    usage = Usage(1000, 100, 1100)
    for changes in ({"response_cut": True}, {"bodies": False}):
        found = derive(record(usage=usage, answered_model="gpt-4o", **changes), b"{}", b'{"usage"')
        assert (found.tokens_in, found.tokens_out) == (1000, 100)
        assert found.model == found.answered_model == "openai/gpt-4o"
